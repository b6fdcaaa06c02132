#!/usr/bin/env python3
"""Enforces which folder may include which: the table of docs/architecture.md, and that it has no circle."""
import pathlib
import re
import sys

# An arrow means "may include". A folder may always include itself and base.
TABLE = {
    "base": [],
    "http": [],
    "wire": [],
    "package": [],
    "suite": [],
    "sandbox": [],
    "aws": ["http", "wire"],
    "emulator/core": ["http", "wire", "sandbox"],
    "emulator/iam": ["emulator/core", "http", "wire"],
    "emulator/sts": ["emulator/core", "http", "wire"],
    "emulator/logs": ["emulator/core", "http", "wire"],
    "emulator/ssm": ["emulator/core", "http", "wire"],
    "emulator/s3": ["emulator/core", "http", "wire"],
    "emulator/cloudformation": ["emulator/core", "http", "wire"],
    # Lambda's rooms, each of which may include those above it alone.
    "emulator/lambda/options": ["http"],
    "emulator/lambda/logging": ["emulator/core", "emulator/lambda/options", "wire"],
    "emulator/lambda/runtimes": ["emulator/core", "sandbox"],
    "emulator/lambda/catalogue": ["emulator/core", "emulator/lambda/logging", "emulator/lambda/runtimes", "http",
                                  "wire"],
    "emulator/lambda/access": ["emulator/core", "emulator/lambda/catalogue"],
    "emulator/lambda/execution": ["emulator/core", "emulator/lambda/catalogue", "emulator/lambda/logging",
                                  "emulator/lambda/options", "emulator/lambda/runtimes", "http", "wire", "sandbox"],
    "emulator/lambda/async": ["emulator/core", "emulator/lambda/access", "emulator/lambda/catalogue",
                              "emulator/lambda/execution", "wire"],
    "emulator/lambda/url": ["emulator/core", "emulator/lambda/access", "emulator/lambda/catalogue",
                            "emulator/lambda/execution", "http", "wire"],
    "emulator/lambda/api": ["emulator/core", "emulator/lambda/access", "emulator/lambda/async",
                            "emulator/lambda/catalogue", "emulator/lambda/execution", "emulator/lambda/runtimes",
                            "http", "wire"],
    "emulator/lambda": ["emulator/core", "emulator/lambda/access", "emulator/lambda/api", "emulator/lambda/async",
                        "emulator/lambda/catalogue", "emulator/lambda/execution", "emulator/lambda/logging",
                        "emulator/lambda/options", "emulator/lambda/url", "http", "wire", "sandbox"],
    "emulator/instance": ["emulator/core", "http", "wire", "sandbox"],
    "emulator": ["emulator/core", "emulator/iam", "emulator/sts", "emulator/logs", "emulator/s3", "emulator/ssm", "emulator/lambda",
                 "emulator/cloudformation", "emulator/instance", "http", "wire", "sandbox"],
    "harness": ["suite"],
    "run": ["suite", "package", "aws"],
    "report": ["run", "suite"],
    "cli": ["emulator", "emulator/instance", "sandbox", "http", "wire", "package", "suite", "aws", "run", "report", "harness"],
    "s3cli": ["aws", "http", "wire"],
    ".": ["cli"],
}
# Only http may see Beast; only one folder each sees these libraries.
LIBRARIES = {
    r"boost/beast": {"http"},
    r"SQLiteCpp/|sqlite3": {"emulator/core", "emulator/iam", "emulator/logs", "emulator/s3", "emulator/ssm",
                               "emulator/lambda", "emulator/lambda/async", "emulator/lambda/catalogue", "emulator"},
    r"openssl/": {"http", "wire", "package", "sandbox", "emulator/core"},
    r"CLI/CLI": {"cli"},
    r"seccomp\.h": {"sandbox"},
    r"yaml-cpp/": {"emulator/cloudformation"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.M)


def folder_of(path: pathlib.Path, root: pathlib.Path) -> str:
    """The longest folder of TABLE that holds the file."""
    relative = path.relative_to(root).parent
    for candidate in [relative, *relative.parents]:
        if str(candidate) in TABLE:
            return str(candidate)
    return "?"


def find_circle() -> list[str]:
    def visit(node, trail):
        if node in trail:
            return trail[trail.index(node):] + [node]
        for following in TABLE[node]:
            circle = visit(following, trail + [node])
            if circle:
                return circle
        return []
    for start in TABLE:
        circle = visit(start, [])
        if circle:
            return circle
    return []


def main() -> int:
    root = pathlib.Path(__file__).resolve().parent.parent / "src"
    wrong = []
    files = 0
    for path in sorted(root.rglob("*")):
        if path.suffix not in (".cc", ".h"):
            continue
        files += 1
        here = folder_of(path, root)
        if here == "?":
            wrong.append(f"{path}: its folder is not in the table")
            continue
        allowed = {here, "base", *TABLE[here]}
        for name in INCLUDE.findall(path.read_text()):
            for pattern, owners in LIBRARIES.items():
                if re.match(pattern, name) and here not in owners:
                    wrong.append(f"{path}: {name} is for {', '.join(sorted(owners))} alone")
            target = root / name
            if target.exists() and folder_of(target, root) not in allowed:
                wrong.append(f"{path}: {here} may not include {name}")
    circle = find_circle()
    if circle:
        wrong.append("the table has a circle: " + " -> ".join(circle))
    print("\n".join(wrong) if wrong else f"includes: {files} files follow the table")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
