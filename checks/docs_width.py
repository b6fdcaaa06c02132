#!/usr/bin/env python3
"""Pages are read in terminals and reviewed in diffs: prose has at most 120 columns. Tables, code and lines that are one long link may be wider.

    checks/docs_width.py            report wide lines; 1 when there is any
    checks/docs_width.py --write    break the wide paragraphs and list items anew"""
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMIT = 120
ITEM = re.compile(r"^(\s*)([-*]|\d+\.)\s+")
CELL_LINK = re.compile(r"^\s*(\[[^\]]*\]:\s*\S+|<?https?://\S+>?)\s*$")


def blocks(text):
    """The lines in groups: (may be broken anew, first line's number, lines)."""
    group, first, fenced = [], 1, False
    for number, line in enumerate(text.splitlines(), 1):
        fence = line.lstrip().startswith("```")
        code = line.startswith("    ") and not group and not ITEM.match(line)  # indented, and no item goes on
        kept = fenced or fence or code or re.match(r"\s*(\||#|<!--|$)", line) or CELL_LINK.match(line)
        if fence:
            fenced = not fenced
        continues = group and not kept and not ITEM.match(line)
        if group and not continues:
            yield True, first, group
            group = []
        if kept:
            yield False, number, [line]
        elif continues:
            group.append(line)
        else:
            group, first = [line], number
    if group:
        yield True, first, group


def wide_lines(text):
    return [first + at for prose, first, lines in blocks(text) if prose for at, line in enumerate(lines) if len(line) > LIMIT]


def reflowed(text):
    """The text with each paragraph or item that has a wide line broken anew."""
    lines = []
    for prose, _, group in blocks(text):
        if not prose or all(len(line) <= LIMIT for line in group):
            lines += group
            continue
        item = ITEM.match(group[0])
        lead = item.group() if item else re.match(r"\s*", group[0]).group()
        words = " ".join(line.strip() for line in group)[len(lead.lstrip()):]
        lines += textwrap.wrap(words, LIMIT, initial_indent=lead, subsequent_indent=" " * len(lead), break_long_words=False,
                               break_on_hyphens=False)
    return "\n".join(lines) + "\n"


def main():
    wrong = 0
    pages = [*sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md"]
    for page in pages:
        text = page.read_text()
        if "--write" in sys.argv:
            page.write_text(reflowed(text))
        for number in wide_lines(page.read_text()):
            wrong += 1
            print(f"{page.relative_to(ROOT)}:{number}: wider than {LIMIT} columns: checks/docs_width.py --write")
    if not wrong:
        print(f"docs: {len(pages)} pages of at most {LIMIT} columns")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
