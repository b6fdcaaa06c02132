"""Interrupts at every moment of a program's start: an end with the signal's status, nothing left behind, never a crash."""

import signal
import socket
import subprocess
import time
import zipfile

import pytest

import support
from support import INTERRUPTED

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
MOMENTS_MS = range(0, 45)
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}


@pytest.fixture
def silent_port():
    """A server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as listening:
        yield listening.getsockname()[1]


@pytest.fixture
def suite(tmp_path):
    path = tmp_path / "suite.sh"
    path.write_text("#!/bin/sh\nexit 0\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def package(sortie, suite):
    assert sortie("package", suite, "-o", sortie.folder / "suite.zip").status == support.PASSED
    return sortie.folder / "suite.zip"


def interrupted_at(start, moment_ms, number):
    """(exit status, what it said)."""
    process = start()
    time.sleep(moment_ms / 1000)
    process.send_signal(number)
    try:
        _, errors = process.communicate(timeout=support.PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise AssertionError(f"signal {number.name} after {moment_ms} ms: no end") from None
    return process.returncode, errors.decode(errors="replace")


def check(start, own_statuses, signals=SIGNALS):
    for moment in MOMENTS_MS:
        for number in signals if len(signals) == 1 else (signals[moment % len(signals)],):
            status, said = interrupted_at(start, moment, number)
            allowed = {-number, 128 + number, INTERRUPTED, *own_statuses}
            assert status in allowed, f"{number.name} after {moment} ms: status {status}\n{said}"
            assert "bug" not in said and "internal" not in said, f"{number.name} after {moment} ms:\n{said}"


def starter(sortie, *arguments, environment=None):
    return lambda: sortie.start(*arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, environment=environment)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_run(sortie, suite, number):
    report = sortie.folder / "junit.xml"
    check(starter(sortie, "run", suite, "--junit", report), {support.PASSED}, (number,))
    assert not [path.name for path in sortie.folder.iterdir() if path.name.endswith(".part")]


def test_list(sortie, suite):
    check(starter(sortie, "list", suite), {support.PASSED})


def test_package(sortie, suite):
    check(starter(sortie, "package", suite, "-o", sortie.folder / "made.zip"), {support.PASSED})


def test_invoke(sortie, package):
    check(starter(sortie, "invoke", "--zip", package), {support.PASSED, support.FAILED})


NEVER_ANSWERS = 'curl -s "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next" >/dev/null\n'
NEVER_ENDS = "trap '' TERM INT\nwhile :; do sleep 1000; done\n"


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("code", [NEVER_ANSWERS + NEVER_ENDS, NEVER_ENDS], ids=["never answers", "never starts"])
def test_invoke_of_a_function_that(sortie, code, number):
    with zipfile.ZipFile(sortie.folder / "hangs.zip", "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o100755 << 16
        archive.writestr(entry, "#!/bin/bash\n" + code)
    status, said = interrupted_at(starter(sortie, "invoke", "--zip", sortie.folder / "hangs.zip"), 1500, number)
    assert status == 128 + number, said


@pytest.mark.parametrize("command", ["run", "list"])
def test_a_suite_that_hangs_while_it_lists(sortie, suites, command):
    for number in SIGNALS:
        status, said = interrupted_at(starter(sortie, command, suites("gtest/hangs_in_listing")), 1500, number)
        assert status in (128 + number, INTERRUPTED), said


def test_a_test_that_hangs(sortie):
    hangs = sortie.folder / "hangs.sh"
    hangs.write_text("#!/bin/sh\n" + NEVER_ENDS)
    hangs.chmod(0o755)
    for number in SIGNALS:
        status, said = interrupted_at(starter(sortie, "run", hangs), 1500, number)
        assert status == INTERRUPTED, said


def test_logs(sortie, silent_port):
    check(starter(sortie, "logs", "function", "--endpoint-url", f"http://127.0.0.1:{silent_port}", environment=KEYS),
          set())


def test_run_on_a_server_that_is_silent(sortie, suite, silent_port):
    check(starter(sortie, "run", suite, "--role", "arn:aws:iam::123456789012:role/r", "--endpoint-url",
                  f"http://127.0.0.1:{silent_port}", environment=KEYS), set())


def test_serve(sortie):
    check(starter(sortie, "serve", "--port", "0"), {0})


def test_serve_with_a_command(sortie):
    check(starter(sortie, "serve", "--", "sleep", "1000"), set())


def test_serve_under_a_role(sortie):
    sortie.folder.chmod(0o755)  # root's sandboxes are another user's
    (sortie.folder / "allow.json").write_text(
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}')
    check(starter(sortie, "serve", "--as-role", "r", "--role-policy", "allow.json", "--", "sleep", "1000"), set())


def test_s3cli(sortie, silent_port):
    config = sortie.folder / "config.json"
    config.write_text('{"bucket_name": "b", "access_key_id": "k", "secret_access_key": "s", "use_ssl": false, '
                      f'"host": "127.0.0.1", "port": {silent_port}}}')
    check(lambda: subprocess.Popen([support.S3CLI, "-c", config, "get", "key", sortie.folder / "got"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=sortie.environment), set())
    assert not (sortie.folder / "got").exists()
