"""What the black-box tests share: running the built programs and reading what they say."""

import ctypes
import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import xml.etree.ElementTree

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
SORTIE = pathlib.Path(os.environ.get("SORTIE_BIN", REPOSITORY / "build/bin/sortie")).absolute()
S3CLI = pathlib.Path(os.environ.get("S3CLI_BIN", SORTIE.parent / "s3cli")).absolute()

PASSED, FAILED, USAGE, INFRASTRUCTURE, NOTHING_MATCHED, INTERRUPTED = 0, 1, 2, 3, 4, 130
PATIENCE_S = 120

EXECUTION_TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})


def become_subreaper():
    """Orphans of the programs under test become children of this process, where leaks are seen."""
    PR_SET_CHILD_SUBREAPER = 36
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def descendants():
    """Living processes below this one: {pid: command line}. Zombies that are nobody's Popen are reaped."""
    parents, names = {}, {}
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat = (folder / "stat").read_text()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        fields = stat[stat.rindex(")") + 2:].split()
        pid = int(folder.name)
        parents[pid] = int(fields[1])
        names[pid] = "zombie" if fields[0] == "Z" else command
    found = {}
    for pid in parents:
        above = parents[pid]
        while above > 1 and above != os.getpid():
            above = parents.get(above, 0)
        if above == os.getpid():
            found[pid] = names[pid]
    return found


def wait_until(condition, what, seconds=PATIENCE_S):
    """Polls, for things that send no message. The limit is for the broken case alone."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {seconds} s in vain until {what}"
        time.sleep(0.02)
    return value


def reap_orphans():
    for pid, name in descendants().items():
        if name == "zombie":
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass


def sortie_cgroups(pids):
    """Control groups that belong to these processes: their names are sortie-PID-N."""
    found = []
    for folder, names, _ in os.walk("/sys/fs/cgroup"):
        for name in names:
            match = re.fullmatch(r"sortie-(\d+)-.*", name)
            if match and int(match.group(1)) in pids:
                found.append(f"{folder}/{name}")
    return found


@dataclasses.dataclass
class Ended:
    """A program's end. Output as text, bytes that are not UTF-8 replaced."""
    status: int
    stdout: str
    stderr: str

    def __str__(self):
        return f"status {self.status}\n--- stdout\n{self.stdout[-6000:]}\n--- stderr\n{self.stderr[-6000:]}"


@dataclasses.dataclass
class TestResult:
    """The last attempt of one test, from the JSON lines."""
    __test__ = False
    outcome: str
    message: str
    output: bytes
    attempts: int
    event: dict


class RunResult(Ended):
    """One `sortie run` with everything it left: terminal text, JSON lines, JUnit."""

    def __init__(self, ended, json_file, junit_file):
        super().__init__(ended.status, ended.stdout, ended.stderr)
        self.events = read_json_lines(json_file)
        self.junit = xml.etree.ElementTree.parse(junit_file).getroot() if junit_file.exists() else None
        self.tests = self._collect()

    def _collect(self):
        tests, outputs = {}, {}
        for event in self.events:
            key = (event.get("suite"), event.get("test"), event.get("attempt"))
            if event["event"] == "test_output":
                outputs.setdefault(key, bytearray()).extend(output_bytes(event))
            if event["event"] == "test_finished" and event["final"]:
                name = f"{event['suite']}::{event['test']}"
                assert name not in tests, f"two final outcomes of {name}"
                tests[name] = TestResult(event["outcome"], event.get("message", ""), bytes(outputs.get(key, b"")),
                                         event["attempt"], event)
        return tests

    def outcomes(self):
        return {name: test.outcome for name, test in self.tests.items()}

    def test(self, name):
        """By the name without its suite."""
        found = [test for key, test in self.tests.items() if key.split("::", 1)[1] == name]
        assert len(found) == 1, f"{name} is in {sorted(self.tests)}?\n{self}"
        return found[0]

    def summary(self):
        ends = [event for event in self.events if event["event"] == "run_finished"]
        assert len(ends) == 1, f"the run did not come to its end\n{self}"
        return ends[0]

    def check_consistent(self):
        """What must hold of every run that came to its end: one truth in every report."""
        summary = self.summary()
        assert summary["exit_status"] == self.status, self
        assert summary["total"] == len(self.tests) + summary["not_run"], self
        for outcome in ("passed", "failed", "skipped", "crashed", "timed_out", "out_of_memory", "lost"):
            count = sum(1 for test in self.tests.values() if test.outcome == outcome)
            assert summary[outcome] == count, f"{outcome}: {self}"
        cases = {f"{case.get('classname')}::{case.get('name')}": case for case in self.junit.iter("testcase")}
        assert set(cases) == set(self.tests)
        for name, test in self.tests.items():
            elements = {child.tag for child in cases[name]}
            assert ("failure" in elements) == (test.outcome == "failed"), name
            assert ("error" in elements) == (test.outcome in ("crashed", "timed_out", "out_of_memory", "lost")), name
            assert ("skipped" in elements) == (test.outcome == "skipped"), name


def output_bytes(event):
    if "output_base64" in event:
        import base64
        return base64.b64decode(event["output_base64"])
    return event["output"].encode()


def read_json_lines(path):
    if not path.exists():
        return []
    with open(path, "rb") as lines:
        return [json.loads(line) for line in lines]


class Sortie:
    """Runs the program under test in an environment of its own."""

    def __init__(self, folder, cache):
        self.folder = folder
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.pids = set()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "XDG_CACHE_HOME": str(cache),
            "TMPDIR": str(self.temporary),
            "LANG": "C.UTF-8",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        for name in ("PYENV_ROOT", "PYENV_VERSION"):  # the tools that tests call may be started by pyenv
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def start(self, *arguments, environment=None, **options):
        """A Popen of `sortie ARGUMENTS`."""
        options.setdefault("cwd", self.folder)
        options.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen([str(SORTIE), *map(str, arguments)], env={**self.environment, **(environment or {})},
                                   **options)
        self.pids.add(process.pid)
        return process

    def __call__(self, *arguments, timeout=PATIENCE_S, **options):
        process = self.start(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"sortie {arguments} did not end within {timeout} s\n{out[-3000:]}\n{err[-3000:]}")
        return Ended(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))

    def run(self, *arguments, timeout=PATIENCE_S, **options):
        """`sortie run ARGUMENTS` with its reports read."""
        json_file, junit_file = self.folder / "events.jsonl", self.folder / "junit.xml"
        for file in (json_file, junit_file):
            file.unlink(missing_ok=True)
        ended = self("run", "--json", json_file, "--junit", junit_file, *arguments, timeout=timeout, **options)
        return RunResult(ended, json_file, junit_file)

    def check_nothing_left(self):
        """What a killed program left goes away by itself, within moments."""
        end = time.monotonic() + 15
        while (left := self.leftovers()) and time.monotonic() < end:
            time.sleep(0.05)
        assert not left, "left behind:\n" + "\n".join(left)

    def leftovers(self):
        reap_orphans()
        left = [f"process {pid}: {name}" for pid, name in descendants().items()]
        left += [f"file {path}" for path in self.temporary.iterdir()]
        left += [f"cgroup {path}" for path in sortie_cgroups(self.pids)]
        left += [f"mount {line.split()[4]}" for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
                 if str(self.temporary) in line]
        return left


class Server:
    """`sortie serve` in a process of its own."""

    def __init__(self, sortie, *arguments):
        self.sortie = sortie
        self.log = open(sortie.folder / "serve.log", "ab")
        self.process = sortie.start("serve", "--port", "0", *arguments, stdout=subprocess.PIPE, stderr=self.log)
        self.environment = {}
        for line in iter(self.process.stdout.readline, b""):
            name, value = line.decode().removeprefix("export ").strip().split("=", 1)
            self.environment[name] = value
            if "AWS_ENDPOINT_URL" in self.environment and "AWS_SECRET_ACCESS_KEY" in self.environment and \
                    "AWS_REGION" in self.environment:
                break
        assert "AWS_ENDPOINT_URL" in self.environment, (sortie.folder / "serve.log").read_text()
        self.url = self.environment["AWS_ENDPOINT_URL"]

    def stop(self):
        """Asks it to end; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self._wait()

    def kill(self):
        self.process.kill()
        return self._wait()

    def _wait(self):
        status = self.process.wait(PATIENCE_S)
        self.process.stdout.close()
        self.log.close()
        return status

    def boto3(self, service, credentials=None, **options):
        """A client of the administrator, or of `credentials`: key id, secret, token."""
        import boto3
        import botocore.config
        config = botocore.config.Config(retries={"max_attempts": 0}, read_timeout=PATIENCE_S,
                                        s3={"addressing_style": "path"})
        key, secret, *token = credentials or (self.environment["AWS_ACCESS_KEY_ID"],
                                              self.environment["AWS_SECRET_ACCESS_KEY"])
        return boto3.client(service, endpoint_url=self.url, region_name=self.environment["AWS_REGION"],
                            aws_access_key_id=key, aws_secret_access_key=secret,
                            aws_session_token=token[0] if token else None, config=options.pop("config", config), **options)

    def aws(self, *arguments, timeout=PATIENCE_S):
        """The AWS command line interface, against this server. Before 2.13 it does not know AWS_ENDPOINT_URL."""
        environment = {**self.sortie.environment, **self.environment, "AWS_PAGER": "", "AWS_DEFAULT_OUTPUT": "json",
                       "AWS_MAX_ATTEMPTS": "1"}
        done = subprocess.run(["aws", "--endpoint-url", self.url, *map(str, arguments)], env=environment, cwd=self.sortie.folder,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)
        return Ended(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def compiler():
    return next((path for name in ("clang++-19", "clang++", "g++") if (path := shutil.which(name))), None)
