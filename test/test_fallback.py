"""Where user namespaces are not allowed: sandboxes are plain processes, and sortie says so in one line."""

import shutil
import subprocess

import pytest

import support
from support import FAILED, PASSED

WITHOUT_NAMESPACES = ["bwrap", "--unshare-user", "--disable-userns", "--dev-bind", "/", "/", "--"]


@pytest.fixture
def fallback(sortie, monkeypatch):
    """The program, started where it may make no namespaces."""
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    tried = subprocess.run([*WITHOUT_NAMESPACES, "true"], capture_output=True, text=True)
    if tried.returncode != 0:
        pytest.skip(f"bubblewrap cannot forbid namespaces here: {tried.stderr.strip()}")
    script = sortie.folder / "without-namespaces"
    script.write_text(f"#!/bin/sh\nexec {' '.join(WITHOUT_NAMESPACES)} {support.SORTIE} \"$@\"\n")
    script.chmod(0o755)
    monkeypatch.setattr(support, "SORTIE", script)
    return sortie


def test_it_says_so_in_one_line_and_runs(fallback, suites):
    result = fallback.run(suites("gtest/nasty"), "--filter", "Good.P*", "--filter", "Bad.Segfault")
    result.check_consistent()
    assert result.status == FAILED, result
    assert result.test("Good.PrintsToBoth").outcome == "passed"
    assert result.test("Bad.Segfault").outcome == "crashed"
    lines = [line for line in (result.stdout + result.stderr).splitlines() if "namespace" in line]
    assert len(lines) == 1, result


def test_children_run(fallback, tmp_path):
    if support.compiler() is None:
        pytest.skip("no C++ compiler")
    (tmp_path / "tool.cc").write_text('#include <iostream>\nint main() { std::cout << "tool runs\\n"; }\n')
    (tmp_path / "suite.cc").write_text('#include <cstdlib>\n#include <iostream>\n'
                                       'int main() { std::cout << "suite runs" << std::endl; '
                                       'return std::system("env -i ./tool") == 0 ? 0 : 1; }\n')
    for name in ("tool", "suite"):
        subprocess.run([support.compiler(), tmp_path / f"{name}.cc", "-o", tmp_path / name], check=True)
    result = fallback.run(tmp_path / "suite", "--asset", tmp_path / "tool")
    assert result.status == PASSED, result
    assert b"tool runs\n" in result.test("suite").output


@pytest.mark.parametrize("name", ["Bad.LeavesAChild", "Bad.LeavesAGrandchild"])
def test_processes_left_behind_are_killed(fallback, suites, name):
    result = fallback.run(suites("gtest/nasty"), "--filter", name)
    assert result.status == PASSED, result


def test_endless_loop(fallback, suites):
    result = fallback.run(suites("gtest/nasty"), "--filter", "Bad.Hang", "--timeout", "1s")
    assert result.status == FAILED and result.test("Bad.Hang").outcome == "timed_out", result
