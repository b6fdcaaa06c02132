"""Ways out of the sandbox, tried from inside; each test of the suite passes when its way is closed."""

import socket
import subprocess

import pytest

from support import PASSED

# No sandbox of a test run has so many processes: inside, such a number belongs to nobody.
BEYOND_THE_INSIDE = 1000


@pytest.fixture
def host_process():
    """The id of a process out here whose number cannot be one of inside by chance, as it may where ids begin at 1 (in containers)."""
    while True:
        process = subprocess.Popen(["sleep", "600"])
        if process.pid > BEYOND_THE_INSIDE:
            break
        process.kill()
        process.wait()
    yield process.pid
    process.kill()
    process.wait()


def test_every_way_out_is_closed(suites, sandboxed, tmp_path, sortie, host_process):
    secret = tmp_path / "secret"
    secret.write_text("of the host\n")
    open_folder = tmp_path / "open"
    open_folder.mkdir()
    open_folder.chmod(0o777)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        result = sortie.run(suites("gtest/escapes"), "--env", f"HOST_FILE={secret}", "--env", f"HOST_FOLDER={open_folder}",
                            "--env", f"HOST_PID={host_process}", "--env", f"HOST_PORT={listener.getsockname()[1]}")
    result.check_consistent()
    assert result.status == PASSED, result
    assert set(result.outcomes().values()) == {"passed"}, "a skipped way out was not tried"
    assert list(open_folder.iterdir()) == []


def test_the_engines_credentials_stay_outside(sortie, tmp_path):
    """Nothing that a program can look into inside has the environment of who runs it."""
    script = tmp_path / "looks"
    script.write_text("#!/bin/sh\n"
                      "for file in /proc/[0-9]*/environ; do tr '\\0' '\\n' <\"$file\" 2>/dev/null; done | "
                      "grep -q HOST_SECRET_MARK && exit 1\nexit 0\n")
    script.chmod(0o755)
    result = sortie.run(script, environment={"HOST_SECRET_MARK": "x", "AWS_SECRET_ACCESS_KEY": "HOST_SECRET_MARK"})
    assert result.status == PASSED, result
