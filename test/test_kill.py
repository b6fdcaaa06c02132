"""sortie is interrupted or killed in mid-run: nothing is left of it (the `sortie` fixture looks after each test)."""

import signal
import subprocess

import pytest

from support import INTERRUPTED, Server, read_json_lines, wait_until


def start_hanging_run(sortie, suites, *options):
    """A run that has come to a test that never ends."""
    events = sortie.folder / "events.jsonl"
    process = sortie.start("run", "--json", events, suites("gtest/nasty"), "--filter", "Bad.Hang", "--filter",
                           "Good.Passes", "--workers", "1", "--timeout", "10m", *options, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT)
    wait_until(lambda: process.poll() is not None or b"hanging" in read_file(events), "the hanging test runs")
    assert process.poll() is None, process.stdout.read().decode()
    return process, events


def read_file(path):
    return path.read_bytes() if path.exists() else b""


def end_of(process):
    output, _ = process.communicate(timeout=30)
    return process.returncode, output.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(sortie, suites, number):
    process, events = start_hanging_run(sortie, suites)
    process.send_signal(number)
    status, output = end_of(process)
    assert status == INTERRUPTED, output
    finished = [event for event in read_json_lines(events) if event["event"] == "run_finished"]
    assert finished and finished[0]["interrupted"], output
    assert "interrupted" in output


def test_interrupted_twice_ends_at_once(sortie, suites):
    process, _ = start_hanging_run(sortie, suites)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    status, output = end_of(process)
    assert status == INTERRUPTED, output


def test_killed(sortie, suites):
    process, events = start_hanging_run(sortie, suites)
    process.kill()
    end_of(process)
    # Whole lines up to its end.
    assert all("event" in event for event in read_json_lines(events))


def test_killed_while_a_fork_bomb_runs(sortie, suites, sandboxed):
    events = sortie.folder / "events.jsonl"
    process = sortie.start("run", "--json", events, suites("gtest/nasty"), "--filter", "Bad.ForkBomb", "--timeout", "10m",
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: b"test_started" in read_file(events), "the fork bomb runs")
    process.kill()
    assert process.wait(30) == -signal.SIGKILL


def test_server_killed(server):
    assert server.kill() == -signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_while_it_deploys(sortie, suites, number):
    """On an account everything that was begun is taken away again."""
    pytest.importorskip("boto3", reason="boto3 is not installed")
    slow = Server(sortie, "--realism", "aws")  # functions are Pending for a while
    try:
        functions = slow.boto3("lambda")
        policy = sortie.folder / "policy.json"
        policy.write_text('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}')
        process = sortie.start("run", suites("gtest/nasty"), "--filter", "Good.Passes", "--on", "aws", "--endpoint-url", slow.url,
                               "--role-policy", policy, environment=slow.environment, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
        wait_until(lambda: process.poll() is not None or slow.boto3("iam").list_roles()["Roles"], "the role is there")
        process.send_signal(number)
        status, output = end_of(process)
        assert status == INTERRUPTED and "interrupted" in output, output
        assert functions.list_functions()["Functions"] == [] and slow.boto3("iam").list_roles()["Roles"] == []
    finally:
        slow.stop()
