"""Reports: complete, valid, and written into whatever the user named."""

import contextlib
import os
import pathlib
import re
import stat
import threading
import time
import xml.etree.ElementTree

import pytest

import support
from support import FAILED, INFRASTRUCTURE, PASSED, USAGE

#: What XML 1.0 does not have, and what is markup in it.
NASTY = (b"\x00\x01\x08\x0b\x0c\x1f\x7f \xef\xbf\xbe \xef\xbf\xbf \xed\xa0\x80 \xed\xbf\xbf \xff\xfe \xc0\x80 \xf4\x90\x80\x80 "
         b"]]> <![CDATA[ <a href='x'> & &amp; \xe2\x82\xac \xf0\x9f\x98\x80 \xc2\x85 end\n")


@pytest.fixture
def script(tmp_path):
    """Makes a suite of a shell script."""
    def make(text, name="suite.sh"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return path
    return make


def octal(text):
    return "".join(f"\\{byte:03o}" for byte in text)


@pytest.mark.parametrize("status", [0, 1])
def test_junit_is_xml_whatever_a_test_prints(sortie, script, status):
    report = sortie.folder / "junit.xml"
    ended = sortie("run", script(f"printf '{octal(NASTY)}'\nexit {status}\n"), "--junit", report)
    assert ended.status == (FAILED if status else PASSED), ended
    printed = xml.etree.ElementTree.parse(report).getroot().find(".//system-out").text  # expat refuses what is no XML
    assert "]]> <![CDATA[ <a href='x'> & &amp; \u20ac \U0001F600 \x85 end" in printed
    assert "\ufffe" not in printed and "\uffff" not in printed and printed.count("\ufffd") >= 15


def test_junit_as_others_read_it(sortie, script):
    junitparser = pytest.importorskip("junitparser", reason="junitparser is not installed")
    report = sortie.folder / "junit.xml"
    failing = script(f"printf '{octal(NASTY)}'\nexit 3\n", "a/unit.sh")
    passing = script("exit 0\n", "b/unit.sh")
    assert sortie("run", failing, passing, "--junit", report).status == FAILED
    read = junitparser.JUnitXml.fromfile(str(report))
    assert sorted((suite.name, suite.tests, suite.failures, suite.errors) for suite in read) == \
        [("a/unit.sh", 1, 1, 0), ("b/unit.sh", 1, 0, 0)]
    [case] = [case for suite in read for case in suite if suite.name == "a/unit.sh"]
    assert isinstance(case.result[0], junitparser.Failure) and "end" in case.system_out


def test_places_are_said_once_and_have_lines(sortie, suites):
    result = sortie.run(suites("gtest/nasty"), "--filter", "Bad.AssertionFails", "--filter", "Bad.Abort")
    places = [case for case in result.junit.iter("testcase")]
    assert len(places) == 2
    for case in places:
        assert int(case.get("line")) > 0, case.attrib
        [problem] = [child for child in case if child.tag in ("failure", "error")]
        assert ":0" not in problem.text and problem.text.count("nasty.cc:" + case.get("line")) <= 1, problem.text


LINES = 300_000


@pytest.mark.parametrize("status", [0, 1])
def test_all_output_is_all(sortie, script, status):
    ended = sortie("run", script(f"seq 1 {LINES}\nexit {status}\n"), "--show-output", "all", "--junit", "junit.xml")
    shown = [line.strip() for line in ended.stdout.splitlines() if line.startswith(" " * 12)]
    assert shown[:LINES] == [str(number) for number in range(1, LINES + 1)], f"{len(shown)} lines"
    assert "left out" not in ended.stdout
    kept = xml.etree.ElementTree.parse(sortie.folder / "junit.xml").getroot().find(".//system-out").text
    size = sum(len(str(number)) + 1 for number in range(1, LINES + 1))
    assert f"not all of {size} bytes of output: --json FILE keeps every byte" in kept
    assert len(kept) < 1024 * 1024 + 1000


def memory_used(sortie, *arguments):
    """(exit status, the most that was resident in KB) of `sortie run`; what it shows goes to the file `shown`."""
    with open(sortie.folder / "shown", "wb") as shown:
        process = sortie.start("run", *arguments, stdout=shown)
        # Not rusage's figure: that is never less than what the process held that started this one.
        most = 0
        while process.poll() is None:
            with contextlib.suppress(OSError, TypeError):
                most = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())[1])
            time.sleep(0.01)
    return process.returncode, most


@pytest.mark.slow
def test_showing_hundreds_of_megabytes_takes_no_memory(sortie, script):
    line = "x" * 99
    size = 200_000_000
    suite = script(f"yes {line} | head -c {size}\n")
    assert (hidden := memory_used(sortie, suite, "--show-output", "none"))[0] == PASSED
    assert (shown := memory_used(sortie, suite, "--show-output", "all", "--junit", "junit.xml"))[0] == PASSED
    with open(sortie.folder / "shown", "rb") as text:
        assert sum(1 for each in text if each.strip() == line.encode()) == size // 100
    assert shown[1] - hidden[1] < 64_000, f"{hidden[1]} and {shown[1]} KB"


def test_what_is_printed_takes_no_memory(sortie, script):
    """Past what is streamed it is read from the log, of which 80 MB lie in the embedded AWS."""
    line = "a line of some sixty characters, which is what most lines have"
    status, used = memory_used(sortie, script(f"yes '{line}' | head -c 80000000\n"), "--show-output", "none")
    assert status == PASSED
    assert used < 110_000, f"{used} KB"


@pytest.fixture
def good(script):
    return script("exit 0\n")


REPORTS = ["--junit", "--json"]


@pytest.mark.parametrize("option", REPORTS)
def test_a_pipe_is_written_through(sortie, good, option):
    pipe = sortie.folder / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    assert sortie("run", good, option, pipe).status == PASSED
    reader.join(support.PATIENCE_S)
    assert b"suite.sh" in read[0] and stat.S_ISFIFO(pipe.lstat().st_mode)


@pytest.mark.parametrize("option", REPORTS)
def test_devices_stay_what_they_are(sortie, good, option):
    full = sortie("run", good, option, "/dev/full")
    assert full.status == INFRASTRUCTURE and "error: write /dev/full: No space left on device" in full.stderr, full
    assert sortie("run", good, option, "/dev/null").status == PASSED
    for device in ("/dev/full", "/dev/null"):
        assert stat.S_ISCHR(os.stat(device).st_mode)


@pytest.mark.parametrize("option", REPORTS)
def test_links_are_followed_and_modes_kept(sortie, good, option):
    real, link = sortie.folder / "real", sortie.folder / "link"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to("real")
    assert sortie("run", good, option, link).status == PASSED
    assert link.is_symlink() and "suite.sh" in real.read_text() and real.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("option", REPORTS)
def test_standard_output_as_a_file(sortie, good, option):
    with open(sortie.folder / "both", "wb") as both:
        process = sortie.start("run", good, option, "/dev/stdout", stdout=both)
        assert process.wait(support.PATIENCE_S) == PASSED
    text = (sortie.folder / "both").read_text()
    assert "Summary" in text and "Package" in text and ("<testsuites" in text or "run_finished" in text), text


@pytest.mark.parametrize("option", REPORTS)
@pytest.mark.parametrize("name", ["no/such/folder/report", ".", "good/report", "/proc/report"])
def test_what_cannot_be_written_is_known_before_a_test_runs(sortie, script, option, name):
    (sortie.folder / "good").write_text("a file")
    ended = sortie("run", script("exit 1\n"), option, name)
    assert ended.status == USAGE and ended.stderr.startswith(f"error: {option}\ncaused by: {name}: "), ended
    assert "FAIL" not in ended.stdout and "Package" not in ended.stdout


def test_package_into_what_is_there(sortie, good):
    pipe = sortie.folder / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    assert sortie("package", good, "-o", pipe).status == PASSED
    reader.join(support.PATIENCE_S)
    assert sortie("package", good, "-o", "plain.zip").status == PASSED
    assert read[0] == (sortie.folder / "plain.zip").read_bytes()
    full = sortie("package", good, "-o", "/dev/full")
    assert full.status == INFRASTRUCTURE and stat.S_ISCHR(os.stat("/dev/full").st_mode), full
    missing = sortie("package", good, "-o", "no/such/folder/x.zip")
    assert missing.status == USAGE, missing


def test_an_unread_pipe_is_an_error(sortie, good):
    os.mkfifo(sortie.folder / "pipe")
    ended = sortie("run", good, "--junit", "pipe")
    assert ended.status == USAGE and "nobody reads this pipe" in ended.stderr, ended


def test_interrupted_runs_are_reported(sortie, script):
    """JSON and JUnit have what is known, and the log of what was cut is not called complete."""
    suite = script("echo started\nsleep 1000\n")
    json_file, junit = sortie.folder / "events.jsonl", sortie.folder / "junit.xml"
    process = sortie.start("run", suite, "--json", json_file, "--junit", junit)
    support.wait_until(lambda: json_file.exists() and b"started" in json_file.read_bytes(), "the test has begun")
    process.terminate()
    assert process.wait(support.PATIENCE_S) == support.INTERRUPTED
    events = support.read_json_lines(json_file)
    assert events[-1]["event"] == "run_finished" and events[-1]["interrupted"]
    assert not any(event["log_complete"] for event in events if event["event"] == "invocation" and
                   event["status"] != "succeeded")
    xml.etree.ElementTree.parse(junit)
