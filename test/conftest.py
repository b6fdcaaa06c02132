"""Fixtures of the black-box tests. SORTIE_BIN names the program under test (default: build/bin/sortie)."""

import collections
import contextlib
import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import support  # noqa: E402


def pytest_sessionstart(session):
    if not support.SORTIE.exists():
        pytest.exit(f"{support.SORTIE} is not built (SORTIE_BIN names another)", returncode=3)
    # Ignored under nohup and in the background, and so in every program that is started from there.
    for number in (signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    support.become_subreaper()


def pytest_terminal_summary(terminalreporter):
    """What was skipped and why, one line a reason: a run in another place is to be compared with this one."""
    reasons = collections.Counter()
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[reason.removeprefix("Skipped: ").splitlines()[0]] += 1
    if reasons:
        terminalreporter.section(f"{sum(reasons.values())} skipped")
        for reason, count in reasons.most_common():
            terminalreporter.line(f"{count:5}  {reason}")


@contextlib.contextmanager
def one_at_a_time(folder):
    """Tests may run in several processes (pytest-xdist): what they share is built by one of them, and the others wait for it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.parent / f"{folder.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def session_folder(tmp_path_factory):
    """Read by the sandboxes' users as well: every folder above is searchable."""
    folder = tmp_path_factory.mktemp("session")
    return folder


class Suites:
    """The built test suites, by `gtest/nasty`."""

    def __init__(self, folder, said):
        self.folder = folder
        self.said = said

    def __call__(self, name):
        path = self.folder / name
        if not path.exists():
            pytest.skip(f"suite {name} is not there: {self.said or 'no reason given'}")
        return path


@pytest.fixture(scope="session")
def suites():
    """Built once, and again when a source has changed. SORTIE_SUITES_DIR names the folder."""
    folder = pathlib.Path(os.environ.get("SORTIE_SUITES_DIR", support.REPOSITORY / "build/test-suites"))
    with one_at_a_time(folder):
        built = subprocess.run([support.REPOSITORY / "test/suites/build.sh", folder], capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    skipped = [line for line in built.stdout.splitlines() if line.startswith("skipped")]
    return Suites(folder, "; ".join(skipped))


@pytest.fixture
def sortie(tmp_path, session_folder):
    """The program under test. After each test nothing of it may be left: no process, temporary file, cgroup, mount."""
    program = support.Sortie(tmp_path, session_folder / "cache")
    yield program
    program.check_nothing_left()


@pytest.fixture
def server(sortie):
    """A `sortie serve` with ephemeral state."""
    running = support.Server(sortie)
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture(scope="session")
def blobstore():
    """The example's suite, and the program it tests: (suite, s3cli)."""
    if not support.S3CLI.exists():
        pytest.skip(f"{support.S3CLI} is not built")
    if support.compiler() is None or shutil.which("cmake") is None:
        pytest.skip("no C++ compiler or CMake for examples/blobstore")
    folder = pathlib.Path(os.environ.get("SORTIE_EXAMPLE_DIR", support.REPOSITORY / "build/example"))
    source = support.REPOSITORY / "examples/blobstore"
    configure = ["cmake", "-S", source, "-B", folder, f"-DCMAKE_CXX_COMPILER={support.compiler()}"]
    if shutil.which("ninja"):
        configure += ["-G", "Ninja"]
    with one_at_a_time(folder):
        configured = subprocess.run(configure, capture_output=True, text=True)
        if configured.returncode != 0 and "CURL" in configured.stderr:
            pytest.skip("libcurl's development files are not installed")
        assert configured.returncode == 0, configured.stderr
        built = subprocess.run(["cmake", "--build", folder], capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "blobstore_test", support.S3CLI


@pytest.fixture(scope="session")
def aws_cli():
    if shutil.which("aws") is None:
        pytest.skip("the AWS command line interface is not installed")


@pytest.fixture(scope="session")
def sandboxed(tmp_path_factory):
    """Skips where sandboxes are plain processes: what needs isolation cannot hold there."""
    folder = tmp_path_factory.mktemp("probe")
    script = folder / "probe.sh"
    script.write_text("#!/bin/sh\n[ \"$(pwd)\" = /var/task ]\n")
    script.chmod(0o755)
    ended = support.Sortie(folder, folder / "cache")("run", script)
    if ended.status != support.PASSED:
        pytest.skip("no namespaces here: sandboxes are plain processes")
