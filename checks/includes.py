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
    "emulator/s3/protocol": ["emulator/core", "http", "wire"],
    "emulator/s3/store": ["emulator/s3/protocol", "emulator/core", "http", "wire"],
    "emulator/s3/access": ["emulator/s3/store", "emulator/s3/protocol", "emulator/core", "http", "wire"],
    "emulator/s3/operation": ["emulator/s3/access", "emulator/s3/store", "emulator/s3/protocol", "emulator/core", "http", "wire"],
    "emulator/s3/bucket": ["emulator/s3/operation", "emulator/s3/access", "emulator/s3/store", "emulator/s3/protocol", "emulator/core",
                           "http", "wire"],
    "emulator/s3/object": ["emulator/s3/bucket", "emulator/s3/operation", "emulator/s3/access", "emulator/s3/store",
                           "emulator/s3/protocol", "emulator/core", "http", "wire"],
    "emulator/s3/website": ["emulator/s3/object", "emulator/s3/bucket", "emulator/s3/operation", "emulator/s3/access",
                            "emulator/s3/store", "emulator/s3/protocol", "emulator/core", "http", "wire"],
    "emulator/s3": ["emulator/s3/website", "emulator/s3/object", "emulator/s3/bucket", "emulator/s3/operation", "emulator/s3/access",
                    "emulator/s3/store", "emulator/s3/protocol", "emulator/core", "http", "wire"],
    "emulator/cloudformation/template": ["emulator/core", "wire"],
    "emulator/cloudformation/stack": ["emulator/cloudformation/template", "emulator/core", "wire"],
    "emulator/cloudformation/resources": ["emulator/cloudformation/stack", "emulator/cloudformation/template", "emulator/core", "http", "wire"],
    "emulator/cloudformation/engine": ["emulator/cloudformation/resources", "emulator/cloudformation/stack", "emulator/cloudformation/template", "emulator/core", "http",
                                     "wire"],
    "emulator/cloudformation/api": ["emulator/cloudformation/engine", "emulator/cloudformation/resources", "emulator/cloudformation/stack",
                                  "emulator/cloudformation/template", "emulator/core", "http", "wire"],
    "emulator/cloudformation": ["emulator/cloudformation/api", "emulator/cloudformation/engine", "emulator/core", "http", "wire"],
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
    "emulator/lambda/test_bootstrap": [],
    "emulator/lambda": ["emulator/core", "emulator/lambda/access", "emulator/lambda/api", "emulator/lambda/async",
                        "emulator/lambda/catalogue", "emulator/lambda/execution", "emulator/lambda/logging",
                        "emulator/lambda/options", "emulator/lambda/url", "http", "wire", "sandbox"],
    "emulator/instance": ["emulator/core", "http", "wire", "sandbox"],
    "emulator": ["emulator/core", "emulator/iam", "emulator/sts", "emulator/logs", "emulator/s3", "emulator/ssm", "emulator/lambda",
                 "emulator/cloudformation", "emulator/instance", "http", "wire", "sandbox"],
    "emulator/operation_list": ["emulator", "emulator/core", "http"],
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
    r"SQLiteCpp/|sqlite3": {"emulator/core", "emulator/iam", "emulator/logs", "emulator/s3/store", "emulator/ssm",
                               "emulator/lambda", "emulator/lambda/async", "emulator/lambda/catalogue", "emulator"},
    r"openssl/": {"http", "wire", "package", "sandbox", "emulator/core"},
    r"CLI/CLI": {"cli"},
    r"seccomp\.h": {"sandbox"},
    r"pcre2\.h": {"emulator/core"},
    r"yaml-cpp/": {"emulator/cloudformation/template"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.M)


def folder_of(relative: pathlib.PurePath, table) -> str:
    """The row of `table` that the file belongs to: the longest folder that holds it. In a folder that has rooms (rows of folders
    inside it) a file has to be in the folder itself or in a room; "?" for any other."""
    own = str(relative.parent)
    if own in table:
        return own
    for candidate in relative.parent.parents:
        if str(candidate) in table and str(candidate) != ".":
            has_rooms = any(row.startswith(f"{candidate}/") for row in table)
            return "?" if has_rooms else str(candidate)
    return "?"


def find_circle(table) -> list[str]:
    def visit(node, trail):
        if node in trail:
            return trail[trail.index(node):] + [node]
        for following in table[node]:
            circle = visit(following, trail + [node])
            if circle:
                return circle
        return []
    for start in table:
        circle = visit(start, [])
        if circle:
            return circle
    return []


def complaints(root: pathlib.Path, table) -> tuple[list[str], int]:
    """What is wrong with the files below `root`, and how many files there are."""
    wrong = []
    files = 0
    for path in sorted(root.rglob("*")):
        if path.suffix not in (".cc", ".h"):
            continue
        files += 1
        relative = path.relative_to(root)
        here = folder_of(relative, table)
        if here == "?":
            wrong.append(f"{relative}: {relative.parent} is not in the table")
            continue
        allowed = {here, "base", *table[here]}
        for name in INCLUDE.findall(path.read_text()):
            for pattern, owners in LIBRARIES.items():
                if re.match(pattern, name) and here not in owners:
                    wrong.append(f"{relative}: {name} is for {', '.join(sorted(owners))} alone")
            if (root / name).exists() and folder_of(pathlib.PurePath(name), table) not in allowed:
                wrong.append(f"{relative}: {here} may not include {name}")
    return wrong, files


def main() -> int:
    wrong, files = complaints(pathlib.Path(__file__).resolve().parent.parent / "src", TABLE)
    circle = find_circle(TABLE)
    if circle:
        wrong.append("the table has a circle: " + " -> ".join(circle))
    print("\n".join(wrong) if wrong else f"includes: {files} files follow the table")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
