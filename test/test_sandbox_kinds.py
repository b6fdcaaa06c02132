"""The README's first command and what each kind of sandbox promises, in the places where people first type it: where namespaces are
forbidden, under Docker's profile, as root and as a plain user."""

import os
import pathlib
import platform
import shutil
import socket
import subprocess
import sys
import tempfile

import pytest

import support
from support import FAILED, PASSED, USAGE, REPOSITORY

EXAMPLE = REPOSITORY / "examples/blobstore"
NOBODY = 65534

NO_CAPABILITIES = ["bwrap", "--unshare-user", "--uid", "0", "--gid", "0", "--disable-userns", "--cap-drop", "ALL", "--bind", "/", "/",
                   "--dev-bind", "/dev", "/dev", "--proc", "/proc"]
DOCKER = [sys.executable, str(REPOSITORY / "test/docker_profile.py")]
PLACES = {"asked-for": ["env", "SORTIE_SANDBOX=seccomp"], "no-capabilities": NO_CAPABILITIES, "docker": DOCKER}


def as_plain_user(command):
    return ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", *command]


def skip_unless_it_works(command, name):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    tried = subprocess.run([*command, "/bin/true"], capture_output=True, text=True)
    if tried.returncode != 0:
        pytest.skip(f"the place {name} cannot be made here: {tried.stderr.strip()[-200:]}")


@pytest.fixture(params=[f"{place}-{user}" for place in PLACES for user in ("root", "user")])
def place(request, monkeypatch):
    """The program, started in such a place: only the sandbox without namespaces is possible there."""
    name, user = request.param.rsplit("-", 1)
    if name == "docker" and platform.machine() != "x86_64":
        pytest.skip("the profile is written with the numbers of x86-64")
    prefix = PLACES[name]
    if user == "user":
        if os.geteuid() != 0:
            pytest.skip("these tests are a plain user's already")
        # The interpreter may be in root's home.
        prefix = as_plain_user(["/usr/bin/python3" if word == sys.executable else word for word in prefix])
    elif os.geteuid() != 0:
        pytest.skip("not root")
    skip_unless_it_works(prefix, request.param)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sortie-place-", dir="/tmp"))
    sortie = support.Sortie(folder, folder / "cache")
    script = folder / "sortie-in-its-place"
    script.write_text("#!/bin/sh\nexec " + " ".join(prefix) + f" {support.SORTIE} \"$@\"\n")
    script.chmod(0o755)
    for each in (folder, sortie.temporary):
        each.chmod(0o777)
    monkeypatch.setattr(support, "SORTIE", script)
    sortie.user = user
    yield sortie
    sortie.check_nothing_left()
    shutil.rmtree(folder)


def run_example(sortie, blobstore, policy):
    suite, program = blobstore
    return sortie.run(suite, "--asset", program, "--env", "BUCKET=sortie-blobstore-example", "--role-policy", EXAMPLE / policy)


def test_the_example_passes_and_says_in_one_line_where(place, blobstore):
    result = run_example(place, blobstore, "allow.json")
    result.check_consistent()
    assert result.status == PASSED, result
    assert len(result.tests) == 9 and set(result.outcomes().values()) == {"passed"}, result
    lines = [line for line in (result.stdout + result.stderr).splitlines() if "seccomp" in line]
    assert len(lines) == 1 and "isolated by seccomp and Landlock" in lines[0], result


def test_the_examples_denial_fails(place, blobstore):
    result = run_example(place, blobstore, "deny-put.json")
    result.check_consistent()
    assert result.status == FAILED, result
    assert "is not authorized to perform: s3:PutObject on resource:" in result.stdout


def test_processes_left_behind_are_killed(place, suites):
    result = place.run(suites("gtest/nasty"), "--filter", "Bad.LeavesAChild", "--filter", "Bad.LeavesAGrandchild")
    assert result.status == PASSED, result


def test_an_endless_loop_is_ended(place, suites):
    result = place.run(suites("gtest/nasty"), "--filter", "Bad.Hang", "--timeout", "1s")
    assert result.status == FAILED and result.test("Bad.Hang").outcome == "timed_out", result


# What this kind does not promise (docs/sandbox.md): other processes can be seen, and root's programs keep root's number.
NOT_PROMISED = ["!Escape.SeeHostProcesses", "!Escape.BecomeRoot"]


def test_the_ways_out_that_it_promises_to_close_are_closed(place, suites, tmp_path):
    secret = place.folder / "secret"
    secret.write_text("of the host\n")
    open_folder = place.folder / "open"
    open_folder.mkdir()
    open_folder.chmod(0o777)
    other = subprocess.Popen(["sleep", "600"])
    filters = [word for name in NOT_PROMISED for word in ("--filter", name)]
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            result = place.run(suites("gtest/escapes"), *filters, "--env", f"HOST_FILE={secret}", "--env",
                               f"HOST_FOLDER={open_folder}", "--env", f"HOST_PID={other.pid}", "--env",
                               f"HOST_PORT={listener.getsockname()[1]}")
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
    result.check_consistent()
    assert result.status == PASSED, result
    assert set(result.outcomes().values()) == {"passed"}, "a skipped way out was not tried"
    assert list(open_folder.iterdir()) == []


def test_the_engines_credentials_stay_outside(place):
    script = place.folder / "looks"
    script.write_text("#!/bin/sh\n"
                      "for file in /proc/[0-9]*/environ; do tr '\\0' '\\n' <\"$file\" 2>/dev/null; done | "
                      "grep -q HOST_SECRET_MARK && exit 1\nexit 0\n")
    script.chmod(0o755)
    result = place.run(script, environment={"HOST_SECRET_MARK": "x", "AWS_SECRET_ACCESS_KEY": "HOST_SECRET_MARK"})
    assert result.status == PASSED, result


GO_CLIENT = """package main
import ("fmt"; "net/http"; "os")
func main() {
	answer, err := http.Get(os.Args[1])
	if err != nil { fmt.Println(err); os.Exit(1) }
	fmt.Print(answer.StatusCode)
}
"""
PYTHON_CLIENT = """import sys, urllib.request, urllib.error
try: print(urllib.request.urlopen(sys.argv[1]).status, end="")
except urllib.error.HTTPError as answer: print(answer.code, end="")
"""
NODE_CLIENT = "require('https').get(process.argv[1], answer => { process.stdout.write(String(answer.statusCode)); answer.resume(); });"
URL = "https://some-bucket.s3.amazonaws.com/key"


def static_go_client(folder):
    if shutil.which("go") is None:
        pytest.skip("no Go")
    (folder / "client.go").write_text(GO_CLIENT)
    built = subprocess.run(["go", "build", "-tags", "netgo", "-o", "client", "client.go"], cwd=folder, capture_output=True, text=True,
                           env={**os.environ, "CGO_ENABLED": "0", "GO111MODULE": "off"})
    assert built.returncode == 0, built.stderr
    return ["--asset", folder / "client"], f"./client {URL}"


def client(kind, folder):
    """What to package, and the command that prints the status of an answer."""
    if kind == "go":
        return static_go_client(folder)
    if not pathlib.Path(f"/usr/bin/{kind}").exists():
        pytest.skip(f"no /usr/bin/{kind}")
    if kind == "curl":
        return [], f"curl -sS -o /dev/null -w '%{{http_code}}' {URL}"
    source = folder / "client.txt"
    source.write_text(PYTHON_CLIENT if kind == "python3" else NODE_CLIENT)
    flag = "-c" if kind == "python3" else "-e"
    return ["--asset", source], f'/usr/bin/{kind} {flag} "$(cat client.txt)" {URL}'


@pytest.mark.parametrize("kind", ["curl", "go", "node", "python3"])
def test_clients_reach_aws_by_its_names_and_trust_it(place, kind):
    assets, command = client(kind, place.folder)
    script = place.folder / "suite.sh"
    script.write_text(f'#!/bin/sh\nstatus=$({command})\necho "status $status"\n[ -z "$AWS_ENDPOINT_URL" ] && [ "$status" = 404 ]\n')
    script.chmod(0o755)
    result = place.run(script, *assets, "--show-output", "all", "--memory", "512")
    assert result.status == PASSED, result


@pytest.mark.parametrize("value, words", [("docker", "it is namespace, seccomp or plain"),
                                          ("namespace", "user namespaces are not allowed here")])
def test_a_kind_that_cannot_be_had_is_refused(sortie, tmp_path, monkeypatch, value, words):
    script = tmp_path / "suite.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    if platform.machine() != "x86_64":
        pytest.skip("the profile is written with the numbers of x86-64")
    launcher = tmp_path / "launcher"
    launcher.write_text(f"#!/bin/sh\nexec {' '.join(DOCKER)} {support.SORTIE} \"$@\"\n")
    launcher.chmod(0o755)
    monkeypatch.setattr(support, "SORTIE", launcher)
    ended = sortie("run", script, environment={"SORTIE_SANDBOX": value})
    assert ended.status == USAGE, ended
    assert f"SORTIE_SANDBOX={value}: " in ended.stderr and words in ended.stderr, ended
