#!/usr/bin/env python3
"""Ratchets of size. A file has one subject: past 500 lines it has two. So has a class past 20 fields or 40 member functions, and a
function of more than 40 lines does two things.

    checks/sizes.py           report what is larger than its limit; 1 when there is any
    checks/sizes.py --write   lower the numbers of checks/larger.txt to what is there now, and take out what is no longer too large

checks/larger.txt lists what was larger when a limit was set: it may shrink, never grow, and nothing new is let in. A file that moves
takes its exceptions along, they go by the file's own name."""
import pathlib
import subprocess
import sys

import cpp_outline

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXCEPTIONS = pathlib.Path(__file__).resolve().parent / "larger.txt"
LIMITS = {"file lines": 500, "function lines": 40, "class fields": 20, "class functions": 40}


def measures(name, text):
    """What is measured in a file: {(kind, file and name): (number, line)}; of overloads the largest."""
    found = {("file lines", pathlib.PurePath(name).name): (len(text.splitlines()), 1)}

    def note(kind, what, number, line):
        key = (kind, f"{pathlib.PurePath(name).name}:{what.removeprefix('sortie::')}")
        if number > found.get(key, (0, 0))[0]:
            found[key] = (number, line)

    if not name.endswith(".py"):
        outline = cpp_outline.outline(text)
        for function in outline.functions:
            note("function lines", function.name, function.lines, function.line)
        for made in outline.classes:
            note("class fields", made.name, len(made.fields), made.line)
            note("class functions", made.name, len(made.functions), made.line)
    return found


def too_large(files):
    """{(kind, what): (number, place)} of everything over its limit. `files`: {name: text}."""
    found = {}
    for name, text in files.items():
        for key, (number, line) in measures(name, text).items():
            if number > LIMITS[key[0]] and number > found.get(key, (0, ""))[0]:
                found[key] = (number, f"{name}:{line}")
    return found


def complaints(found, exceptions):
    wrong = []
    for (kind, what), (number, place) in sorted(found.items(), key=lambda item: item[1][1]):
        limit = exceptions.get((kind, what), LIMITS[kind])
        if number > limit:
            wrong.append(f"{place}: {what.split(':', 1)[-1]}: {number} {kind.split()[1]}, at most {limit}: it has two subjects")
        elif number < limit:
            wrong.append(f"{place}: {what.split(':', 1)[-1]}: {number} {kind.split()[1]} now, listed with {limit}: checks/sizes.py --write")
    gone = [what for what in exceptions if what not in found]
    return wrong + [f"checks/larger.txt: {what} is within {LIMITS[kind]} {kind} now: checks/sizes.py --write" for kind, what in gone]


def read_exceptions(text):
    rows = [line.split(None, 3) for line in text.splitlines() if line and not line.startswith("#")]
    return {(f"{kind} {unit}", what): int(number) for number, kind, unit, what in rows}


def lowered(found, exceptions):
    """The exceptions that remain, none larger than it was."""
    return {key: min(limit, found[key][0]) for key, limit in exceptions.items() if key in found}


def written(exceptions):
    head = "# What is larger than the limits of checks/sizes.py. Numbers are lowered by checks/sizes.py --write; do not raise one.\n"
    return head + "".join(f"{number:4} {kind:15} {what}\n" for (kind, what), number in sorted(exceptions.items()))


def main():
    names = subprocess.run(["git", "ls-files", "*.cc", "*.h", "*.py"], cwd=ROOT, check=True, capture_output=True, text=True)
    files = {name: (ROOT / name).read_text(errors="replace") for name in names.stdout.split() if (ROOT / name).exists()}
    found = too_large(files)
    exceptions = read_exceptions(EXCEPTIONS.read_text())
    if "--write" in sys.argv:
        exceptions = lowered(found, exceptions)
        EXCEPTIONS.write_text(written(exceptions))
    wrong = complaints(found, exceptions)
    print("\n".join(wrong) if wrong else f"sizes: {len(files)} files, {len(exceptions)} exceptions left")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
