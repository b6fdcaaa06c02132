"""Ginkgo's decorators, nodes outside of the specs, Test functions beside them, and its oldest versions."""

import pytest

from support import FAILED, PASSED

CASES = "ginkgo-cases/"


def short(result):
    """Outcomes by the name without its suite."""
    return {name.split("::", 1)[1]: outcome for name, outcome in result.outcomes().items()}


def attempts(result, test):
    return [event["outcome"] for event in result.events if event["event"] == "test_finished" and event["test"] == test]


@pytest.mark.parametrize("options", [(), ("--workers", "1"), ("--workers", "8"), ("--isolation", "process"),
                                     ("--retries", "2"), ("--fail-fast",), ("--cwd", "tmp")], ids=" ".join)
def test_ordered_specs_stay_together(sortie, suites, options):
    result = sortie.run(suites(CASES + "ordered.test"), *options)
    result.check_consistent()
    assert result.status == PASSED, result
    assert short(result) == {"session logs in": "passed", "session uses the token": "passed"}


@pytest.mark.parametrize("options", [(), ("--isolation", "process")], ids=" ".join)
def test_a_filter_takes_along_what_a_spec_needs(sortie, suites, options):
    result = sortie.run(suites(CASES + "ordered.test"), "--filter", "*uses*", *options)
    result.check_consistent()
    assert result.status == PASSED, result
    assert short(result) == {"session uses the token": "passed"}


def test_a_repetition_that_fails_is_the_specs_own(sortie, suites):
    for workers in "1", "3":
        result = sortie.run(suites(CASES + "mustpass.test"), "--workers", workers)
        assert result.status == FAILED
        assert short(result) == {"m stable thrice": "failed", "m innocent": "passed", "m innocent too": "passed"}


def test_a_spec_whose_name_ends_anothers_runs_alone(sortie, suites):
    suite = suites(CASES + "suffix.test")
    assert short(sortie.run(suite)) == {"cache stores": "passed", "remote cache stores": "failed"}
    chosen = sortie.run(suite, "--filter", "cache stores")
    assert chosen.status == PASSED, chosen
    assert short(chosen) == {"cache stores": "passed"}


UNITS = {
    "chain first": "passed", "chain later": "skipped", "chain second": "passed", "chain inside third": "passed",
    "chain entries one": "passed", "chain entries two": "passed", "chain skips itself": "skipped",
    "pair of left opens": "passed", "pair of left closes": "passed", "pair of right opens": "passed",
    "pair of right closes": "passed",
    "broken begins": "passed", "broken breaks": "failed", "broken comes after": "skipped",
    "going on breaks": "failed", "going on comes after": "passed",
    "unprepared one": "failed", "unprepared two": "skipped",
    "dying begins": "passed", "dying dies": "crashed", "dying comes after": "skipped",
    "twice begins": "passed", "twice needs the second attempt": "failed",
    "flaky comes good": "passed", "flaky never does": "failed",
    "alone is by itself 0": "passed", "alone is by itself 1": "passed", "alone is by itself 2": "passed",
    "printing a failure it has not": "passed", "printing a success it has not": "failed",
    "printing a failure inside a failure": "failed",
    "printing in colours: Größe, 日本 and (.*)+?[a]{2}|^$\\": "passed",
    "printing on two lines with gaps": "passed", "printing the same": "passed", "printing the same #2": "failed",
}


@pytest.mark.parametrize("options", [("--workers", "1"), ("--workers", "4"), ("--isolation", "process")], ids=" ".join)
def test_decorators_are_kept_however_specs_are_dealt(sortie, suites, options):
    result = sortie.run(suites(CASES + "units.test"), *options)
    result.check_consistent()
    assert result.status == FAILED
    assert short(result) == UNITS
    assert result.test("flaky comes good").event["flaky"]
    assert "dying dies" in result.test("dying comes after").message
    assert "earlier spec" in result.test("broken comes after").message


def test_units_are_told_apart(sortie, suites):
    listed = sortie("list", suites(CASES + "units.test"), "--json")
    assert listed.status == PASSED, listed
    chosen = sortie.run(suites(CASES + "units.test"), "--filter", "pair of right closes", "--filter", "chain entries two")
    assert chosen.status == PASSED, chosen
    assert set(short(chosen).values()) == {"passed"}


def test_a_retry_repeats_the_unit(sortie, suites):
    result = sortie.run(suites(CASES + "units.test"), "--filter", "twice *", "--filter", "chain second", "--retries", "1",
                        "--workers", "1")
    assert result.status == PASSED, result
    assert attempts(result, "twice begins") == ["passed", "passed"]
    assert attempts(result, "twice needs the second attempt") == ["failed", "passed"]
    assert attempts(result, "chain second") == ["passed"]
    assert result.test("twice needs the second attempt").event["flaky"]
    assert not result.test("twice begins").event["flaky"]


def test_serial_specs_run_beside_nothing(sortie, suites):
    result = sortie.run(suites(CASES + "units.test"), "--workers", "4")
    running, beside = set(), []
    for event in result.events:
        if event["event"] == "test_started":
            running.add(event["test"])
            if any(name.startswith("alone") for name in running) and len(running) > 1:
                beside.append(sorted(running))
        elif event["event"] == "test_finished":
            running.discard(event["test"])
    assert not beside


def test_an_unchosen_spec_that_fails_tells_why_the_chosen_is_skipped(sortie, suites):
    result = sortie.run(suites(CASES + "units.test"), "--filter", "broken comes after")
    assert result.status == FAILED, "a green run that ran nothing"
    skipped = result.test("broken comes after")
    assert skipped.outcome == "skipped"
    assert "broken breaks" in skipped.message and "the middle is gone" in skipped.message


def test_an_unchosen_spec_that_dies_is_named(sortie, suites):
    result = sortie.run(suites(CASES + "units.test"), "--filter", "dying comes after")
    assert result.status == FAILED
    crashed = result.test("dying comes after")
    assert crashed.outcome == "crashed"
    assert "dying dies" in crashed.message


def test_functions_beside_the_specs_are_tests_of_their_own(sortie, suites):
    for options in ("--workers", "1"), ("--workers", "4"), ("--isolation", "process"):
        result = sortie.run(suites(CASES + "beside.test"), *options)
        result.check_consistent()
        assert short(result) == {"spec one": "passed", "spec two": "passed", "TestAFirst": "passed", "TestZFails": "failed"}
    assert sortie.run(suites(CASES + "beside.test"), "--filter", "spec*").status == PASSED


def test_a_failed_before_suite_fails_what_it_kept_from_running(sortie, suites):
    result = sortie.run(suites(CASES + "outside.test"), "--env", "FAIL_IN=before")
    assert result.status == FAILED
    assert short(result) == {"inside one": "failed", "inside two": "failed"}
    assert result.test("inside one").message == "BeforeSuite failed: before is down"


@pytest.mark.parametrize("where", ["after", "report"])
def test_a_failed_node_behind_the_specs_is_no_specs_failure(sortie, suites, where):
    result = sortie.run(suites(CASES + "outside.test"), "--env", f"FAIL_IN={where}")
    assert result.status == FAILED, result
    assert result.test("inside one").outcome == result.test("inside two").outcome == "passed"


def test_a_whole_list_is_used_whatever_the_status(sortie, suites):
    listed = sortie("list", suites(CASES + "outside.test"), "--env", "FAIL_IN=leak")
    assert listed.status == PASSED, listed
    assert listed.stdout.splitlines() == ["outside.test::inside one", "outside.test::inside two"]
    result = sortie.run(suites(CASES + "outside.test"), "--env", "FAIL_IN=leak")
    assert result.status == FAILED, "the suite's own status tells"


def test_versions_without_a_report_file(sortie, suites):
    suite = suites("ginkgo-early/ginkgo-early.test")
    for options in ("--workers", "1"), ("--workers", "4"), ("--isolation", "process"):
        result = sortie.run(suite, *options)
        result.check_consistent()
        assert result.status == FAILED
        assert short(result) == {
            "Storing passes": "passed", "Storing fails": "failed", "Storing panics": "failed",
            "Storing is pending": "skipped", "Storing when full has a twin": "passed",
            "Storing when full has a twin #2": "passed", "Storing when full has two lines": "passed",
            "Storing when full listens on localhost:80": "passed", "Storing speed": "passed", "Storing exits": "crashed",
            "Remote Storing passes": "failed", "top level": "passed", "Broken never": "failed"}
    assert sortie.run(suite, "--filter", "Storing passes").status == PASSED
    before = sortie.run(suite, "--filter", "Storing passes", "--env", "FAIL_IN=before")
    assert before.status == FAILED
    assert "before is down" in before.test("Storing passes").message
    after = sortie.run(suite, "--filter", "Storing passes", "--env", "FAIL_IN=after")
    assert after.status == FAILED
