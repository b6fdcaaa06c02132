"""The command line: help, mistakes, exit statuses, where output goes."""

import os
import pathlib

import pytest

from support import FAILED, NOTHING_MATCHED, PASSED, USAGE

COMMANDS = ["run", "list", "package", "invoke", "logs", "serve"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(sortie, command):
    ended = sortie(command, "--help")
    assert ended.status == PASSED, ended
    assert command in ended.stdout and len(ended.stdout.splitlines()) > 5
    assert ended.stderr == ""


def test_help_names_every_command_and_exit_status(sortie):
    ended = sortie("--help")
    assert ended.status == PASSED
    for word in COMMANDS + ["130", "Exit status"]:
        assert word in ended.stdout


def test_version(sortie):
    ended = sortie("--version")
    assert ended.status == PASSED and ended.stdout.startswith("sortie ")


@pytest.mark.parametrize("arguments", [
    [],
    ["frobnicate"],
    ["run"],
    ["run", "--no-such-option", "/bin/true"],
    ["run", "/no/such/suite"],
    ["run", "/tmp"],
    ["run", "/bin/true", "--workers", "0"],
    ["run", "/bin/true", "--workers", "many"],
    ["run", "/bin/true", "--timeout", "soon"],
    ["run", "/bin/true", "--timeout", "-1s"],
    ["run", "/bin/true", "--timeout", "20m"],
    ["run", "/bin/true", "--memory", "64"],
    ["run", "/bin/true", "--env", "NOVALUE"],
    ["run", "/bin/true", "--env", "A=1", "--env", "A=2"],
    ["run", "/bin/true", "--on", "moon"],
    ["run", "/bin/true", "--asset", "/no/such/asset"],
    ["run", "/bin/true", "--role-policy", "/no/such/policy"],
    ["run", "/bin/true", "--on", "aws"],
    ["run", "/bin/true", "--json", "/no/such/folder/events"],
    ["run", "/bin/true", "--show-output", "some"],
    ["run", "/bin/true", "--isolation", "none"],
    ["package", "/bin/true"],
    ["package", "/bin/true", "-o", "/no/such/folder/x.zip"],
    ["invoke"],
    ["invoke", "function", "--zip", "x.zip"],
    ["invoke", "--zip", "/no/such.zip"],
    ["invoke", "function", "--payload", "{not json", "--endpoint-url", "http://127.0.0.1:1"],
    ["logs"],
    ["serve", "--port", "99999"],
    ["serve", "--port", "0", "--state", "/dev/null/x"],
    ["list", "/no/such/suite"],
])
def test_mistakes_are_status_2_and_explained(sortie, arguments):
    ended = sortie(*arguments, timeout=30)
    assert ended.status == USAGE, ended
    said = [line for line in ended.stderr.splitlines() if not line.startswith("note: ")]  # of what the sandbox lacks here
    assert said and said[0].startswith("error: "), ended
    assert ended.stdout == "" or arguments[:1] == ["run"], "results and errors do not mix"


def test_errors_have_hints(sortie):
    ended = sortie("run", "/bin/true", "--timeout", "soon")
    assert "hint: " in ended.stderr, ended


def test_wrong_policy_files(sortie, tmp_path):
    policy = tmp_path / "policy.json"
    for text in ("", "[]", "{", '{"Version":"2012-10-17","Statement":[{"Effect":"Perhaps"}]}'):
        policy.write_text(text)
        ended = sortie("run", "/bin/true", "--role-policy", policy)
        assert ended.status in (USAGE, 3) and ended.stderr.startswith("error: "), f"{text}: {ended}"


def test_list_as_json(sortie, suites):
    import json
    ended = sortie("list", suites("gtest/nasty"), "--json", "--filter", "Good.*")
    assert ended.status == PASSED, ended
    tests = {test["test"]: test for test in map(json.loads, ended.stdout.splitlines())}
    assert tests["Good.DISABLED_NeverRuns"]["disabled"] is True
    assert tests["Good.Passes"]["file"].endswith("nasty.cc") and tests["Good.Passes"]["line"] > 0
    assert "Bad.Abort" not in tests


def test_filters_add_up_and_take_away(sortie, suites):
    def names(*filters):
        words = [word for glob in filters for word in ("--filter", glob)]
        ended = sortie("list", suites("gtest/nasty"), *words)
        return ended.status, [line.split("::")[1] for line in ended.stdout.splitlines()]

    assert names("Good.P*") == (PASSED, ["Good.Passes", "Good.PrintsToBoth"])
    assert names("Good.P*", "!*Both") == (PASSED, ["Good.Passes"])
    assert names("nasty::Good.Passes", "Last.*") == (PASSED, ["Good.Passes", "Last.StillRuns"])
    assert names("!*") == (NOTHING_MATCHED, [])


def test_suites_of_the_project_file(sortie, suites, tmp_path):
    project = tmp_path / "project"
    (project / "below").mkdir(parents=True)
    (project / "sortie.toml").write_text(
        f'[[suite]]\nname = "unit"\npath = "{suites("gtest/nasty")}"\nenv = {{ COLOUR = "red" }}\n')
    ended = sortie("list", cwd=project / "below")
    assert ended.status == PASSED and "unit::Good.Passes\n" in ended.stdout, ended
    assert sortie("list", cwd=tmp_path).status == USAGE
    (project / "sortie.toml").write_text("[[suite]\n")
    broken = sortie("list", cwd=project)
    assert broken.status == USAGE and "sortie.toml" in broken.stderr, broken


def test_no_colour_and_no_progress_without_a_terminal(sortie, suites):
    ended = sortie("run", suites("gtest/nasty"), "--filter", "Bad.AssertionFails")
    assert ended.status == FAILED
    assert "\x1b" not in ended.stdout and "\r" not in ended.stdout


def test_live_progress_on_a_terminal(sortie, suites):
    import pty
    import subprocess
    leader, follower = pty.openpty()
    process = sortie.start("run", suites("gtest/nasty"), "--filter", "Good.Passes", "--filter", "Bad.Hang", "--timeout",
                           "1s", stdout=follower, stderr=subprocess.STDOUT, environment={"TERM": "xterm"})
    os.close(follower)
    text = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # EIO: the other side is closed
            break
        if not piece:
            break
        text += piece
    os.close(leader)
    assert process.wait(30) == FAILED, text
    assert b"\x1b[" in text and b"\r" in text and b"1 running" in text, text


def test_works_without_home(sortie, suites):
    for name in ("HOME", "XDG_CACHE_HOME"):
        sortie.environment.pop(name)
    assert sortie.run(suites("gtest/nasty"), "--filter", "Good.Passes").status == PASSED


def test_output_pipe_that_is_closed_early(sortie, suites):
    import subprocess
    process = sortie.start("list", suites("gtest/many"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) >= 0, errors


def test_one_file_is_all(sortie, suites, tmp_path):
    """A copy of the executable alone, elsewhere, does the same."""
    import shutil
    import subprocess

    import support
    copy = tmp_path / "elsewhere"
    shutil.copy(support.SORTIE, copy)
    done = subprocess.run([copy, "run", suites("gtest/nasty"), "--filter", "Good.Passes"], env=sortie.environment,
                          cwd=pathlib.Path("/"), capture_output=True, text=True, timeout=60)
    assert done.returncode == PASSED, done
