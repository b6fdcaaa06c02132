"""Real suites of each framework."""

import pytest

from support import FAILED, INFRASTRUCTURE, PASSED


@pytest.mark.parametrize("suite", ["go/go.test", "ginkgo1/ginkgo1.test", "ginkgo2/ginkgo2.test"])
def test_listed_is_what_is_reported(sortie, suites, suite):
    listed = sortie("list", suites(suite))
    assert listed.status == PASSED, listed
    names = listed.stdout.splitlines()
    assert len(names) == len(set(names)) > 2
    result = sortie.run(suites(suite), "--timeout", "5s", timeout=300)
    result.check_consistent()
    assert set(result.tests) == set(names)
    assert result.status == FAILED, "each of these suites has tests that fail"
    assert {"passed", "failed"} <= set(result.outcomes().values())


@pytest.mark.parametrize("suite", ["go/go.test", "ginkgo1/ginkgo1.test", "ginkgo2/ginkgo2.test"])
def test_each_test_alone_ends_as_in_the_batch(sortie, suites, suite):
    together = sortie.run(suites(suite), "--timeout", "5s", timeout=300).outcomes()
    alone = sortie.run(suites(suite), "--timeout", "5s", "--isolation", "process", timeout=300).outcomes()
    assert together == alone


def test_plain_executables(sortie, suites):
    result = sortie.run(suites("plain/passes"), suites("plain/fails"), suites("plain/crashes"), suites("plain/contract"),
                        suites("plain/script.sh"))
    result.check_consistent()
    assert result.status == FAILED
    assert result.test("passes").outcome == "passed"
    assert result.test("fails").outcome == "failed"
    assert result.test("crashes").outcome == "crashed"
    assert result.test("contract").outcome == "passed", result
    assert result.test("script.sh").outcome == "passed", result


GO_MAIN = {"TestFirst": "failed", "TestSecond": "passed", "TestTwin": "passed", "TestTwin #2": "failed",
           "TestForgesItsSuccessAndExits": "crashed", "TestExitsInASubtest": "crashed"}
WHOLE = "(whole suite)"


@pytest.mark.parametrize("main", ["glued", "names", "stderr", "carriage", "twice", "leaks", "swallows",
                                  "ignores the code"])
def test_whatever_a_go_main_does_no_test_vanishes(sortie, suites, main):
    result = sortie.run(suites("go_main/go_main.test"), "--env", f"MAIN={main}")
    assert result.status == FAILED, result
    assert {name: result.test(name).outcome for name in GO_MAIN} == GO_MAIN, result


@pytest.mark.parametrize("suite, main, status", [
    ("go_main/go_main.test", "ignores flags", FAILED),
    ("go_main/go_main.test", "skips", PASSED),
    ("gtest/own_main", "ignores arguments", FAILED),
    ("gtest/own_main", "does nothing", PASSED),
])
def test_a_suite_that_heeds_no_arguments_is_one_test(sortie, suites, suite, main, status):
    result = sortie.run(suites(suite), "--env", f"MAIN={main}")
    result.check_consistent()
    assert result.status == status, result
    assert list(result.outcomes().values()) == ["failed" if status == FAILED else "passed"]
    assert WHOLE in result.stdout


def test_a_go_main_that_fails_stops_the_run(sortie, suites):
    ended = sortie("run", suites("go_main/go_main.test"), "--env", "MAIN=fails")
    assert ended.status == INFRASTRUCTURE, ended
    assert "no server here" in ended.stderr


@pytest.mark.parametrize("main", ["noisy", "initialises twice", "coloured, untimed", "twice", "returns 23"])
def test_whatever_a_gtest_main_does_no_test_vanishes(sortie, suites, main):
    result = sortie.run(suites("gtest/own_main"), "--env", f"MAIN={main}")
    assert result.status == FAILED, result
    assert result.test("First.Fails").outcome == "failed" and "broken" in result.test("First.Fails").message
    assert result.test("Second.Passes").outcome == "passed"
    assert result.test("Second.DISABLED_Fails").outcome == "skipped"


@pytest.mark.parametrize("variable", ["GTEST_TOTAL_SHARDS=3", "GTEST_FILTER=-*", "GTEST_BRIEF=1",
                                      "GTEST_OUTPUT=xml:/nowhere/x", "GTEST_COLOR=yes", "TESTBRIDGE_TEST_ONLY=No.Test"])
def test_variables_take_no_gtest_test_away(sortie, suites, variable):
    result = sortie.run(suites("gtest/own_main"), "--env", variable, "--env", "GTEST_SHARD_INDEX=2")
    result.check_consistent()
    assert sorted(result.outcomes().values()) == ["failed", "passed", "skipped"], result


def test_disabled_gtest_tests_run_when_the_user_says_so(sortie, suites):
    result = sortie.run(suites("gtest/own_main"), "--", "--gtest_also_run_disabled_tests")
    result.check_consistent()
    assert result.test("Second.DISABLED_Fails").outcome == "failed", result


def test_an_environment_that_skips(sortie, suites):
    result = sortie.run(suites("gtest/environment_skips"))
    result.check_consistent()
    assert result.status == PASSED, result
    assert list(result.outcomes().values()) == ["skipped"] * 3
    assert "no server here" in result.test("Codec.Decodes").message


@pytest.mark.parametrize("options", [[], ["--isolation", "process"]])
def test_names_outside_of_ascii(sortie, suites, options):
    listed = sortie("list", suites("gtest/non_ascii"))
    assert listed.stdout.splitlines() == ["non_ascii::Größe.bleibt", "non_ascii::Plain.ünï", "non_ascii::Plain.ascii"]
    result = sortie.run(suites("gtest/non_ascii"), "--filter", "*Größe*", "--filter", "*ünï", *options)
    result.check_consistent()
    assert result.status == PASSED, result
    assert {name: test.outcome for name, test in result.tests.items()} == {
        "non_ascii::Größe.bleibt": "passed", "non_ascii::Plain.ünï": "passed"}


@pytest.mark.parametrize("workers", ["1", "3"])
def test_a_crash_in_set_up_is_of_the_tests_it_kept_from_running(sortie, suites, workers):
    result = sortie.run(suites("gtest/setup_crash"), "--workers", workers)
    result.check_consistent()
    assert result.status == FAILED, result
    outcomes = {name.split("::")[1]: outcome for name, outcome in result.outcomes().items()}
    assert outcomes == {"A.One": "passed", "B.One": "passed", "C.Skipped": "skipped", "NeedsDb.Query": "crashed",
                        "NeedsDb.Store": "crashed", "Later.One": "passed", "Later.Two": "passed"}
    assert "SetUpTestSuite of NeedsDb" in result.test("NeedsDb.Query").message


@pytest.mark.parametrize("options", [[], ["--workers", "1"], ["--isolation", "process"]])
def test_tests_of_one_name_have_results_of_their_own(sortie, suites, options):
    result = sortie.run(suites("gtest/namesakes"), *options)
    result.check_consistent()
    assert result.test("Dynamic.Same").outcome == "passed", result
    for number in (2, 3):
        test = result.test(f"Dynamic.Same #{number}")
        assert test.outcome == "failed" and f"failure of number {number}" in test.message, result
    assert result.test("Other.Passes").outcome == "passed"
