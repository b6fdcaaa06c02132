"""A machine at its limits, and standard streams that are full, closed or unread: told, never taken for success."""

import os
import pathlib
import resource
import shutil
import subprocess
import tempfile

import pytest

import support
from support import FAILED, INFRASTRUCTURE, PASSED, USAGE

NOBODY = 65534
BROKEN_PIPE = 141


@pytest.fixture
def suite(tmp_path):
    path = tmp_path / "suite.sh"
    path.write_text("#!/bin/sh\nexit 0\n")
    path.chmod(0o755)
    return path


COMMANDS = [["run", "suite.sh"], ["list", "suite.sh"], ["package", "suite.sh", "-o", "made.zip"], ["--help"], ["--version"],
            ["run", "--help"], ["serve", "--port", "0"]]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_full_standard_output_is_told(sortie, suite, arguments):
    with open("/dev/full", "wb") as full:
        process = sortie.start(*arguments, stdout=full, stderr=subprocess.PIPE)
        _, said = process.communicate(timeout=support.PATIENCE_S)
    assert process.returncode == INFRASTRUCTURE, said
    assert b"error: write standard output: No space left on device" in said


def test_a_failed_run_with_a_full_standard_output(sortie, suite):
    suite.write_text("#!/bin/sh\nexit 1\n")
    with open("/dev/full", "wb") as full:
        process = sortie.start("run", suite, "--junit", "junit.xml", stdout=full, stderr=subprocess.PIPE)
        _, said = process.communicate(timeout=support.PATIENCE_S)
    assert process.returncode == INFRASTRUCTURE, said
    assert b"<failure" in (sortie.folder / "junit.xml").read_bytes(), "what could be written has been"


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_closed_standard_output_is_told(sortie, suite, arguments):
    ended = sortie.start(*arguments, preexec_fn=lambda: os.close(1), stderr=subprocess.PIPE)
    _, said = ended.communicate(timeout=support.PATIENCE_S)
    assert ended.returncode == INFRASTRUCTURE and b"error: write standard output: Bad file descriptor" in said, said


def test_all_streams_closed(sortie, suite):
    """No file of ours gets a standard stream's number: what is said does not end in it."""
    def close_all():
        for stream in range(3):
            os.close(stream)
    process = sortie.start("run", suite, "--junit", "junit.xml", "--json", "events.jsonl", preexec_fn=close_all)
    assert process.wait(support.PATIENCE_S) == INFRASTRUCTURE
    assert support.read_json_lines(sortie.folder / "events.jsonl")[-1]["exit_status"] == PASSED
    assert (sortie.folder / "junit.xml").read_text().startswith("<?xml")


@pytest.mark.parametrize("arguments, status", [(["run", "suite.sh"], PASSED), (["list", "suite.sh"], BROKEN_PIPE),
                                               (["--help"], BROKEN_PIPE)], ids=["run", "list", "help"])
def test_nobody_reads(sortie, suite, arguments, status):
    reading, writing = os.pipe()
    os.close(reading)
    process = sortie.start(*arguments, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    _, said = process.communicate(timeout=support.PATIENCE_S)
    assert process.returncode == status and said == b"", said


class PlainUser:
    """Starts the program as a user without rights, in a folder of that user's; limits hold for those alone."""

    def __init__(self, folder):
        self.sortie = support.Sortie(folder, folder / "cache")
        self.folder, self.temporary, self.environment = folder, self.sortie.temporary, self.sortie.environment
        self.program, self.identity = support.SORTIE, {}
        self.suite = folder / "suite.sh"
        self.suite.write_text("#!/bin/sh\nexit 0\n")
        self.suite.chmod(0o755)
        if os.geteuid() == 0:
            self.program = folder / "sortie"
            shutil.copy(support.SORTIE, self.program)
            self.identity = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            for path in (folder, self.temporary):
                os.chown(path, NOBODY, NOBODY)

    def __call__(self, *arguments, **options):
        process = subprocess.Popen([self.program, *map(str, arguments)], env=self.environment, cwd=self.folder,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   **self.identity, **options)
        self.sortie.pids.add(process.pid)
        try:
            out, err = process.communicate(timeout=support.PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(f"no end: {process.communicate()}") from None
        return support.Ended(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))


@pytest.fixture
def plain_user():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sortie-test-", dir="/tmp"))  # pytest's own are closed to others
    folder.chmod(0o755)
    user = PlainUser(folder)
    yield user
    user.sortie.check_nothing_left()
    shutil.rmtree(folder)


@pytest.mark.parametrize("umask", [0o777, 0o077, 0o000])
def test_any_umask(plain_user, umask):
    ended = plain_user("run", plain_user.suite, "--junit", "junit.xml", umask=umask)
    assert ended.status == PASSED, ended
    assert not list(plain_user.temporary.iterdir())
    assert (plain_user.folder / "junit.xml").stat().st_mode & 0o077 == 0o066 & ~umask


def limited(kind, value):
    return {"preexec_fn": lambda: resource.setrlimit(kind, (value, value))}


def check_told(ended):
    assert ended.status in (USAGE, INFRASTRUCTURE, FAILED), ended
    assert "bug" not in ended.stderr and "terminate called" not in ended.stderr, ended
    if ended.status != FAILED:
        assert "error: " in ended.stderr or "Note  the run cannot go on: " in ended.stdout, ended


@pytest.mark.parametrize("processes", [1, 2, 3, 5, 8])
def test_few_processes(plain_user, processes):
    check_told(plain_user("run", plain_user.suite, **limited(resource.RLIMIT_NPROC, processes)))


@pytest.mark.parametrize("files", [3, 5, 8, 12, 16, 20, 24, 32])
def test_few_files(plain_user, files):
    ended = plain_user("run", plain_user.suite, **limited(resource.RLIMIT_NOFILE, files))
    if ended.status != PASSED:
        check_told(ended)
        assert "ulimit" in ended.stderr or "Too many open files" in ended.stderr + ended.stdout, ended


@pytest.mark.parametrize("size", [0, 4096, 1 << 20])
def test_small_files(plain_user, size):
    ended = plain_user("run", plain_user.suite, **limited(resource.RLIMIT_FSIZE, size))
    if ended.status != PASSED:
        check_told(ended)
        assert "File too large" in ended.stderr + ended.stdout or "full" in ended.stderr, ended


def test_temporary_folders_that_are_none(plain_user):
    closed = plain_user.folder / "closed"
    closed.mkdir(mode=0o555)
    (plain_user.folder / "file").write_text("")
    for folder in ("/no/such/folder", closed, plain_user.folder / "file"):
        plain_user.environment["TMPDIR"] = str(folder)
        ended = plain_user("run", plain_user.suite)
        assert ended.status in (USAGE, INFRASTRUCTURE) and str(folder) in ended.stderr, ended
        assert "bug" not in ended.stderr, ended
