"""Ways out of the sandbox, tried from inside; each test of the suite passes when its way is closed."""

import os
import socket

from support import PASSED


def test_every_way_out_is_closed(sortie, suites, sandboxed, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("of the host\n")
    open_folder = tmp_path / "open"
    open_folder.mkdir()
    open_folder.chmod(0o777)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        result = sortie.run(suites("gtest/escapes"), "--env", f"HOST_FILE={secret}", "--env", f"HOST_FOLDER={open_folder}",
                            "--env", f"HOST_PID={os.getpid()}", "--env", f"HOST_PORT={listener.getsockname()[1]}")
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
