#!/usr/bin/env python3
"""File-size ratchet: a file has one subject, and past 500 lines it has two. Files that were longer when the ratchet was
set may shrink, never grow; new ones are not let in."""
import pathlib
import subprocess
import sys

LIMIT = 500
# path: lines. Lower the number when a file shrinks; do not raise it.
LONGER = {}


def main() -> int:
    root = pathlib.Path(__file__).resolve().parent.parent
    names = subprocess.run(["git", "ls-files", "*.cc", "*.h", "*.py"], cwd=root, check=True, capture_output=True, text=True)
    wrong = []
    for name in names.stdout.split():
        path = root / name
        if not path.exists():
            continue
        lines = len(path.read_text(errors="replace").splitlines())
        limit = LONGER.get(name, LIMIT)
        if lines > limit:
            wrong.append(f"{name}: {lines} lines, at most {limit}: it has two subjects")
        if name in LONGER and lines < LONGER[name]:
            wrong.append(f"{name}: {lines} lines now; lower its number in checks/sizes.py")
    print("\n".join(wrong) if wrong else "sizes: every file has one subject")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
