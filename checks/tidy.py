#!/usr/bin/env python3
"""Runs clang-tidy on every source file but the tests, on all cores; with names as arguments on files whose path contains one. A file that was
clean is not read again until it, a header, or the configuration changes."""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLEAN = ROOT / "build" / "tidy"


def digest_of_headers() -> bytes:
    """One digest for all headers: any change of a header may matter to any file."""
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    for path in sorted((ROOT / "src").rglob("*.h")):
        digest.update(path.read_bytes())
    return digest.digest()


def tidy(file: str, key: str) -> str:
    if (CLEAN / key).exists():
        return ""
    done = subprocess.run(["clang-tidy-19", "--quiet", "-p", str(ROOT / "build"), file], capture_output=True, text=True)
    if done.returncode == 0 and "warning:" not in done.stdout:
        (CLEAN / key).touch()
        return ""
    return done.stdout + (done.stderr if done.returncode != 0 else "")


def main() -> int:
    commands = json.loads((ROOT / "build" / "compile_commands.json").read_text())
    source = str(ROOT / "src")
    files = sorted({entry["file"] for entry in commands
                    if entry["file"].startswith(source) and not entry["file"].endswith("_test.cc")})
    wanted = [name for name in files if not sys.argv[1:] or any(word in name for word in sys.argv[1:])]
    CLEAN.mkdir(parents=True, exist_ok=True)
    headers = digest_of_headers()
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        keys = [hashlib.sha256(headers + pathlib.Path(name).read_bytes() + name.encode()).hexdigest() for name in wanted]
        for output in pool.map(tidy, wanted, keys):
            if output:
                bad += 1
                print(output)
    print(f"tidy: {len(wanted) - bad} of {len(wanted)} files clean")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
