"""What tests can do to whoever runs them: exit status, outcome and complete output of each."""

import pytest

from support import FAILED, INFRASTRUCTURE, NOTHING_MATCHED, PASSED, USAGE

LINE_COUNT = 100 * 1024


def run_one(sortie, suites, test, *options, **more):
    """Runs one test of the nasty suite, and a good one after it in the same batch."""
    result = sortie.run(suites("gtest/nasty"), "--workers", "1", "--filter", test, "--filter", "Last.StillRuns", *options,
                        **more)
    result.check_consistent()
    assert result.test("Last.StillRuns").outcome == "passed", result
    return result, result.test(test)


def test_everything_passes(sortie, suites):
    result = sortie.run(suites("gtest/nasty"), "--filter", "Good.P*", "--filter", "Numbers/*", "--filter", "Typed/*",
                        "--filter", "GoodDeathTest.*")
    result.check_consistent()
    assert result.status == PASSED, result
    assert set(result.outcomes().values()) == {"passed"}
    assert len(result.tests) == 8, sorted(result.tests)
    assert b"to standard output\n" in result.test("Good.PrintsToBoth").output
    assert b"to standard error\n" in result.test("Good.PrintsToBoth").output


def test_skipped_and_disabled_tests(sortie, suites):
    result, test = run_one(sortie, suites, "Good.Skips", "--filter", "FixtureSkips.Only", "--filter",
                           "Good.DISABLED_NeverRuns")
    assert result.status == PASSED, result
    assert test.outcome == "skipped" and "no such service here" in test.message
    assert result.test("FixtureSkips.Only").outcome == "skipped"
    assert result.test("Good.DISABLED_NeverRuns").outcome == "skipped"


def test_assertion_failure(sortie, suites):
    result, test = run_one(sortie, suites, "Bad.AssertionFails")
    assert result.status == FAILED, result
    assert test.outcome == "failed"
    assert b"the tool failed" in test.output and b"nasty.cc:" in test.output
    assert "the tool failed" in test.message
    assert "the tool failed" in result.stdout and "FAIL" in result.stdout


def test_exception(sortie, suites):
    result, test = run_one(sortie, suites, "Bad.Throws")
    assert (result.status, test.outcome) == (FAILED, "failed"), result
    assert b"thrown by the test" in test.output


@pytest.mark.parametrize("name, words", [
    ("Bad.Exit3", "status 3"),
    ("Bad.ExitsWith0InMidSuite", "status 0"),
    ("Bad.Segfault", "signal 11"),
    ("Bad.Abort", "signal 6"),
    ("Output.ImitatesSuccessThenCrashes", "signal 6"),
    ("Output.ImitatesSuccessThenExits", "status 0"),
])
def test_crashes_are_pinned_on_their_test(sortie, suites, name, words):
    result, test = run_one(sortie, suites, name)
    assert (result.status, test.outcome) == (FAILED, "crashed"), result
    assert words in test.message, test.message


def test_output_before_a_crash_is_kept(sortie, suites):
    _, test = run_one(sortie, suites, "Bad.Abort")
    assert b"about to abort\n" in test.output


def test_imitated_success_does_not_hide_a_failure(sortie, suites):
    result, test = run_one(sortie, suites, "Output.ImitatesSuccessThenFails")
    assert (result.status, test.outcome) == (FAILED, "failed"), result


def test_imitated_results_of_other_tests_are_output(sortie, suites):
    result, test = run_one(sortie, suites, "Output.ImitatesResults")
    assert (result.status, test.outcome) == (PASSED, "passed"), result
    assert len(result.tests) == 2


@pytest.mark.parametrize("name", ["Bad.Hang", "Bad.HangIgnoringSigterm"])
def test_endless_loop(sortie, suites, name):
    result, test = run_one(sortie, suites, name, "--timeout", "1s")
    assert (result.status, test.outcome) == (FAILED, "timed_out"), result
    if name == "Bad.Hang":
        assert b"hanging\n" in test.output


def test_memory_hog(sortie, suites, sandboxed):
    result, test = run_one(sortie, suites, "Bad.OutOfMemory", "--memory", "256")
    assert (result.status, test.outcome) == (FAILED, "out_of_memory"), result


def test_files_in_tmp_are_no_memory(sortie, suites, sandboxed):
    """As in Lambda: 200 MB of files beside 128 MB of memory, in the same process."""
    result, test = run_one(sortie, suites, "Tmp.HoldsMoreThanTheMemory", "--memory", "128")
    assert (result.status, test.outcome) == (PASSED, "passed"), result


def test_fork_bomb(sortie, suites, sandboxed):
    result, test = run_one(sortie, suites, "Bad.ForkBomb", "--timeout", "3s")
    assert result.status == FAILED, result
    assert test.outcome in ("timed_out", "out_of_memory", "crashed"), result


def test_fork_bomb_that_outlives_its_test(sortie, suites, sandboxed):
    result, test = run_one(sortie, suites, "Bad.ForkBombThatReturns", "--timeout", "20s")
    assert result.status == PASSED, result
    assert test.event["leaked_processes"] > 0


@pytest.mark.parametrize("name", ["Bad.LeavesAChild", "Bad.LeavesAGrandchild"])
def test_processes_left_behind_are_killed_and_counted(sortie, suites, name):
    result, test = run_one(sortie, suites, name)
    assert (result.status, test.outcome) == (PASSED, "passed"), result
    assert test.event["leaked_processes"] == 1
    assert "left 1 process behind" in result.stdout


@pytest.mark.slow
def test_hundred_megabytes_of_output_are_complete(sortie, suites):
    result, test = run_one(sortie, suites, "Output.HundredMegabytes", timeout=300)
    assert (result.status, test.outcome) == (PASSED, "passed"), result
    assert test.output.count(b"x" * 1023 + b"\n") == LINE_COUNT


@pytest.mark.slow
def test_hundred_megabytes_on_both_streams_are_complete(sortie, suites):
    result, test = run_one(sortie, suites, "Output.HundredMegabytesToBoth", timeout=300)
    assert (result.status, test.outcome) == (PASSED, "passed"), result
    assert test.output.count(b"y" * 1023 + b"\n") == LINE_COUNT


def test_output_without_newline(sortie, suites):
    result, test = run_one(sortie, suites, "Output.WithoutNewline", "--filter", "Output.WithoutNewlineThenFails")
    assert test.outcome == "passed" and b"no newline at the end" in test.output, result
    other = result.test("Output.WithoutNewlineThenFails")
    assert other.outcome == "failed" and b"no newline at the end" in other.output
    assert result.status == FAILED


def test_output_that_is_not_text(sortie, suites):
    result, test = run_one(sortie, suites, "Output.NulBytesAndInvalidUtf8", "--show-output", "all")
    assert (result.status, test.outcome) == (PASSED, "passed"), result
    assert b"nul \0 invalid \xff\xfe cut \xe2\x82 done\n" in test.output
    assert "\0" not in result.stdout and "\ufffd" in result.stdout


def test_closed_stdout(sortie, suites):
    result, test = run_one(sortie, suites, "Output.ClosesStdout", "--filter", "Output.ClosesStdoutThenFails")
    assert test.outcome == "passed", result
    assert result.test("Output.ClosesStdoutThenFails").outcome == "failed"
    assert result.status == FAILED


def test_own_files_are_read_only(sortie, suites, sandboxed):
    result, test = run_one(sortie, suites, "Files.DeletesItsOwn", "--filter", "Files.WritesToTheWorkingFolder")
    assert test.outcome == "failed", result
    assert b"Read-only file system" in test.output
    assert result.test("Files.WritesToTheWorkingFolder").outcome == "failed"
    assert result.status == FAILED


def test_own_files_in_a_writable_copy(sortie, suites):
    result, test = run_one(sortie, suites, "Files.DeletesItsOwn", "--filter", "Files.WritesToTheWorkingFolder", "--cwd",
                           "tmp")
    assert test.outcome == "passed", result
    assert result.test("Files.WritesToTheWorkingFolder").outcome == "passed"
    assert result.status == PASSED


def test_full_tmp_inside(sortie, suites, sandboxed):
    result, test = run_one(sortie, suites, "Files.FillsTheDisk")
    assert (result.status, test.outcome) == (PASSED, "passed"), result


def test_fixtures_that_fail(sortie, suites):
    result = sortie.run(suites("gtest/nasty"), "--filter", "SetUpFails.*", "--filter", "TearDownFails.*", "--filter",
                        "TearDownCrashes.*", "--filter", "Last.StillRuns")
    result.check_consistent()
    assert result.status == FAILED, result
    assert result.test("SetUpFails.First").outcome == "failed"
    assert result.test("SetUpFails.Second").outcome == "failed"
    assert result.test("Last.StillRuns").outcome == "passed"


def test_environment_that_fails(sortie, suites):
    for where in ("setup", "teardown"):
        result = sortie.run(suites("gtest/environment_fails"), "--env", f"FAIL_IN={where}")
        result.check_consistent()
        assert result.status == FAILED, f"{where}: {result}"


def test_suite_that_lists_nothing(sortie, suites):
    result = sortie.run(suites("gtest/empty"))
    assert result.status == NOTHING_MATCHED, result


def test_filter_that_matches_nothing(sortie, suites):
    result = sortie.run(suites("gtest/nasty"), "--filter", "No.Such*")
    assert result.status == NOTHING_MATCHED, result
    assert "No.Such*" in result.stdout + result.stderr, result


def test_suite_that_hangs_in_listing(sortie, suites):
    ended = sortie("list", suites("gtest/hangs_in_listing"), "--timeout", "1s")
    assert ended.status == INFRASTRUCTURE, ended
    assert "waiting for a lock" in ended.stderr


def test_suite_that_crashes_in_listing(sortie, suites):
    result = sortie.run(suites("gtest/crashes_in_listing"))
    assert result.status == INFRASTRUCTURE, result
    assert "configuration missing" in result.stderr and "signal 6" in result.stderr


def test_missing_library(sortie, suites):
    result = sortie.run(suites("gtest/missing_library"))
    assert result.status == USAGE, result
    assert "libsortie_test_missing.so" in result.stderr and "missing_library" in result.stderr


def test_many_bad_tests_in_one_batch(sortie, suites):
    """Each exactly one outcome, whatever its neighbours do."""
    expected = {
        "Good.Passes": "passed", "Bad.AssertionFails": "failed", "Bad.Exit3": "crashed", "Bad.Segfault": "crashed",
        "Bad.ExitsWith0InMidSuite": "crashed", "Bad.Abort": "crashed", "Bad.Hang": "timed_out",
        "Bad.LeavesAChild": "passed", "Output.ClosesStdout": "passed", "Good.Skips": "skipped",
        "Last.StillRuns": "passed",
    }
    filters = [word for name in expected for word in ("--filter", name)]
    result = sortie.run(suites("gtest/nasty"), "--workers", "1", "--timeout", "2s", *filters)
    result.check_consistent()
    assert result.status == FAILED
    assert {name.split("::")[1]: outcome for name, outcome in result.outcomes().items()} == expected, result


def test_isolation_by_process(sortie, suites):
    result = sortie.run(suites("gtest/nasty"), "--isolation", "process", "--filter", "Good.*", "--filter", "Bad.Segfault",
                        "--filter", "TearDownCrashes.Only")
    result.check_consistent()
    assert result.status == FAILED
    assert result.test("Good.Passes").outcome == "passed"
    assert result.test("Bad.Segfault").outcome == "crashed"


def test_retries(sortie, suites):
    result = sortie.run(suites("gtest/nasty"), "--retries", "2", "--filter", "Bad.AssertionFails", "--filter",
                        "Good.Passes")
    assert result.status == FAILED, result
    assert result.test("Bad.AssertionFails").attempts == 3
    assert result.test("Good.Passes").attempts == 1
    assert sum(1 for _ in result.junit.iter("rerunFailure")) == 2


def test_fail_fast(sortie, suites):
    result = sortie.run(suites("gtest/many"), "--fail-fast", "--workers", "1")
    assert result.status == FAILED, result
    assert len([t for t in result.tests.values() if t.outcome == "failed"]) == 1
    assert result.summary()["passed"] < 4995


def test_arguments_and_environment_reach_the_suite(sortie, tmp_path):
    script = tmp_path / "shows"
    script.write_text('#!/bin/sh\necho "args: $*"; echo "COLOUR=$COLOUR"; echo "task: $LAMBDA_TASK_ROOT"\n')
    script.chmod(0o755)
    result = sortie.run(script, "--env", "COLOUR=deep blue", "--", "--one", "two words")
    assert result.status == PASSED, result
    output = next(iter(result.tests.values())).output
    assert b"args: --one two words\n" in output and b"COLOUR=deep blue\n" in output


def test_several_suites_in_one_run(sortie, suites):
    result = sortie.run(suites("gtest/nasty"), suites("plain/passes"), suites("plain/fails"), "--filter", "Good.Passes",
                        "--filter", "passes::*", "--filter", "fails::*")
    result.check_consistent()
    assert result.status == FAILED
    assert result.outcomes() == {"nasty::Good.Passes": "passed", "passes::passes": "passed", "fails::fails": "failed"}


def test_show_output(sortie, suites):
    quiet = sortie.run(suites("gtest/nasty"), "--filter", "Good.PrintsToBoth")
    loud = sortie.run(suites("gtest/nasty"), "--filter", "Good.PrintsToBoth", "--show-output", "all")
    none = sortie.run(suites("gtest/nasty"), "--filter", "Bad.Abort", "--show-output", "none")
    assert "to standard output" not in quiet.stdout
    assert "to standard output" in loud.stdout and "to standard error" in loud.stdout
    assert "about to abort" not in none.stdout and "signal 6" in none.stdout


def test_an_unchanged_suite_is_listed_from_the_cache(sortie, suites):
    first = sortie("list", suites("gtest/nasty"))
    second = sortie("list", suites("gtest/nasty"))
    assert first.status == second.status == PASSED, first
    assert first.stdout == second.stdout
    assert "nasty::Good.Passes\n" in first.stdout and "nasty::Numbers/Parametrised.IsPositive/0\n" in first.stdout
