"""Who is blamed when a process, the harness or the environment does not survive a test."""

import os

import pytest

from support import FAILED, PASSED

KILLED_BETWEEN = ["Before.Passes", "Between.Passes", "Last.StillRuns"]


def outcomes(result):
    return {name.split("::", 1)[1]: outcome for name, outcome in result.outcomes().items()}


def run_hostile(sortie, suites, *tests, options=()):
    filters = [word for name in tests for word in ("--filter", name)]
    here = os.readlink("/proc/self/ns/pid")
    return sortie.run(suites("gtest/hostile"), "--env", f"HOST_PID_NAMESPACE={here}", *options, *filters, timeout=240)


@pytest.mark.parametrize("options", [["--workers", "1"], ["--workers", "3"], ["--isolation", "process"]])
@pytest.mark.parametrize("place", ["setup", "setup_exit"])
def test_a_death_in_a_set_up_is_charged_to_the_tests_it_kept_from_running(sortie, suites, options, place):
    result = sortie.run(suites("gtest/setup_crashes"), "--env", f"DIE_IN={place}", *options)
    result.check_consistent()
    assert result.status == FAILED
    assert outcomes(result) == {
        "A.One": "passed", "B.One": "passed", "C.Skipped": "skipped", "NeedsDb.Query": "crashed",
        "NeedsDb.Update": "crashed", "Later.One": "passed", "Later.Two": "passed", "Later.Three": "passed"}, result
    words = "signal 6" if place == "setup" else "status 3"
    assert words in result.test("NeedsDb.Query").message and "SetUpTestSuite" in result.test("NeedsDb.Query").message


@pytest.mark.parametrize("place", ["teardown", "teardown_exit"])
def test_a_death_in_a_tear_down_is_no_tests(sortie, suites, place):
    result = sortie.run(suites("gtest/setup_crashes"), "--env", f"DIE_IN={place}", "--workers", "1")
    result.check_consistent()
    assert result.status == FAILED
    ends = outcomes(result)
    assert ends.pop("[process exit]") == ("crashed" if place == "teardown" else "failed"), result
    assert ends.pop("C.Skipped") == "skipped"
    assert set(ends.values()) == {"passed"} and len(ends) == 7, result


@pytest.mark.parametrize("workers", ["1", "2", "4"])
def test_an_unexplained_status_is_one_more_result(sortie, suites, workers):
    result = sortie.run(suites("gtest/exit_status"), "--env", "END_WELL_WHEN_LISTING=1", "--workers", workers,
                        "--retries", "2")
    result.check_consistent()
    assert result.status == FAILED
    assert outcomes(result) == {"Good.One": "passed", "Good.Two": "passed", "Good.Three": "passed",
                                "Good.Four": "passed", "[process exit]": "failed"}, result
    end = result.test("[process exit]")
    assert end.event["unlisted"] and end.attempts == 1
    assert "status 23" in end.message and "SUMMARY: LeakSanitizer: 7 byte(s)" in end.message
    assert "exit_status::[process exit]" in result.stdout


def test_with_a_process_each_the_status_is_the_tests(sortie, suites):
    result = sortie.run(suites("gtest/exit_status"), "--env", "END_WELL_WHEN_LISTING=1", "--isolation", "process")
    result.check_consistent()
    assert set(outcomes(result).values()) == {"failed"} and len(result.tests) == 4, result


@pytest.mark.parametrize("killer", ["Kill.Everything", "Kill.Harness"])
def test_a_test_that_kills_the_harness_is_the_one_that_crashes(sortie, suites, sandboxed, killer):
    for _ in range(4):
        result = run_hostile(sortie, suites, killer, *KILLED_BETWEEN, options=["--workers", "1"])
        result.check_consistent()
        ends = outcomes(result)
        assert ends.pop(killer) in ("crashed", "skipped"), result
        assert ends == dict.fromkeys(KILLED_BETWEEN, "passed"), result
        assert all(event["log_complete"] for event in result.events if event["event"] == "invocation"), result


def test_a_test_that_stops_the_harness_times_out(sortie, suites, sandboxed):
    result = run_hostile(sortie, suites, "Before.Passes", "Stop.Harness", "Last.StillRuns",
                         options=["--workers", "1", "--timeout", "2s"])
    result.check_consistent()
    assert outcomes(result) == {"Before.Passes": "passed", "Stop.Harness": "timed_out", "Last.StillRuns": "passed"}
    assert not all(event["log_complete"] for event in result.events if event["event"] == "invocation")


def test_a_child_that_goes_on_as_the_suite_is_not_believed(sortie, suites):
    for options in (["--workers", "1"], ["--isolation", "process"]):
        result = run_hostile(sortie, suites, "Before.Passes", "Fork.AndExit", "Last.StillRuns", options=options)
        result.check_consistent()
        assert outcomes(result) == {"Before.Passes": "passed", "Fork.AndExit": "crashed", "Last.StillRuns": "passed"}
        assert "status 0 before it ended" in result.test("Fork.AndExit").message


@pytest.mark.parametrize("spoiler", ["Tmp.IsFilled", "Tmp.LosesItsInodes", "Tmp.IsClosed"])
def test_a_spoilt_tmp_is_made_good_for_the_tests_after_it(sortie, suites, sandboxed, spoiler):
    result = run_hostile(sortie, suites, "Before.Passes", spoiler, "Last.StillRuns", options=["--workers", "1"])
    result.check_consistent()
    assert result.status == PASSED, result
    if os.geteuid() != 0 or spoiler != "Tmp.IsClosed":
        assert f"{spoiler} left /tmp" in result.stdout, result


def test_small_writes_are_few_events(sortie, suites):
    result = sortie.run(suites("plain/yes"), "--show-output", "none", timeout=300)
    assert result.status == PASSED, result
    assert result.test("yes").output == b"y\n" * 1_020_000
    assert sum(1 for event in result.events if event["event"] == "test_output") < 2_000
