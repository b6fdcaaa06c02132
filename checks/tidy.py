#!/usr/bin/env python3
"""Runs clang-tidy on every source file but the tests, on all cores; with names as arguments on files whose path contains one.

Nearly all of a file's time goes to the system headers, which clang-tidy walks once for each file: so up to BATCH files are read as
one, and one by one only where that finds something. A file that was clean is not read again until it, a header of ours that it
includes, its compile command or the configuration changes (build/tidy remembers)."""
import concurrent.futures
import dataclasses
import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

import cpp_outline

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLEAN = ROOT / "build" / "tidy"
BATCH = 10
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
VARIABLE = re.compile(r"^(?:constexpr|const|static|inline|thread_local)\b[^(;{=]*?\b(\w+)(?:\[\w*\])?\s*[={(;]", re.M)
NAMED = re.compile(r"^(?:using|enum|enum class)\s+(\w+)\s*[={:]", re.M)


@dataclasses.dataclass
class Source:
    path: str
    flags: tuple  # of its compile command, without the file and the object

    @functools.cached_property
    def key(self):
        """Of all that its result depends on but the system's headers."""
        digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes() + repr(self.flags).encode() + self.path.encode())
        for name in sorted(closure(self.path)):
            digest.update(pathlib.Path(name).read_bytes())
        return digest.hexdigest()

    @functools.cached_property
    def names(self):
        """What it declares in its namespaces and may not be declared twice in one translation unit."""
        text = cpp_outline.without_noise(pathlib.Path(self.path).read_text())
        outline = cpp_outline.outline(text)
        declared = {made.name.rsplit("::", 1)[-1] for made in outline.classes}
        declared |= {function.name.rsplit("::", 1)[-1] for function in outline.functions}
        return declared | set(VARIABLE.findall(text)) | set(NAMED.findall(text))


@functools.cache
def direct_includes(path):
    """Our own headers that a file names."""
    found = (ROOT / "src" / name for name in INCLUDE.findall(pathlib.Path(path).read_text()))
    return [str(name) for name in found if name.exists()]


def closure(path):
    """The file and all headers of ours that it includes, by whatever way."""
    seen, waiting = set(), [path]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += direct_includes(name)
    return seen


def sources(wanted):
    for entry in json.loads((ROOT / "build" / "compile_commands.json").read_text()):
        path = entry["file"]
        if not path.startswith(str(ROOT / "src")) or path.endswith("_test.cc"):
            continue
        if wanted and not any(word in path for word in wanted):
            continue
        words = shlex.split(entry["command"])
        yield Source(path, tuple(words[1:words.index("-o")]))


def batches(files):
    """Groups of files with the same flags that declare nothing twice but constants, which a batch renames."""
    made = []
    for file in files:
        names = {name for name in file.names if not name.startswith("k_")}
        for group, taken in made:
            if len(group) < BATCH and group[0].flags == file.flags and not names & taken:
                group.append(file)
                taken |= names
                break
        else:
            made.append(([file], names))
    return [group for group, _ in made]


def translation_unit(group):
    lines = []
    for at, file in enumerate(group):
        constants = sorted(name for name in file.names if name.startswith("k_"))
        lines += [f"#define {name} {name}_{at}" for name in constants]
        lines.append(f'#include "{file.path}"')
        lines += [f"#undef {name}" for name in constants]
    return "\n".join(lines) + "\n"


def run_tidy(path, flags):
    done = subprocess.run(["clang-tidy-19", "--quiet", f"--config-file={ROOT}/.clang-tidy", path, "--", *flags],
                          capture_output=True, text=True, cwd=ROOT / "build")
    if done.returncode == 0 and "warning:" not in done.stdout:
        return ""
    return done.stdout + (done.stderr if done.returncode != 0 else "")


def tidy(group):
    """What is wrong with the files of a batch: [(file, output)]."""
    wrong = []
    together = ""
    if len(group) > 1:
        unit = CLEAN / f"{group[0].key}.cc"
        unit.write_text(translation_unit(group))
        together = run_tidy(str(unit), group[0].flags)
        unit.unlink()
    for file in group:
        output = run_tidy(file.path, file.flags) if together or len(group) == 1 else ""
        if output:
            wrong.append((file, output))
        else:
            (CLEAN / file.key).touch()
    if together and not wrong and "-v" in sys.argv:
        print("read one by one: " + next(line for line in together.splitlines() if "error:" in line))
    return wrong


def main() -> int:
    wanted = list({file.path: file for file in sources([word for word in sys.argv[1:] if word != "-v"])}.values())
    CLEAN.mkdir(parents=True, exist_ok=True)
    groups = batches([file for file in wanted if not (CLEAN / file.key).exists()])
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for wrong in pool.map(tidy, groups):
            for _, output in wrong:
                bad += 1
                print(output)
    print(f"tidy: {len(wanted) - bad} of {len(wanted)} files clean, {sum(map(len, groups))} of them read in {len(groups)} batches")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
