"""A process that ends with status 0 before its suite has ended: no test passes by it."""

import pytest

from support import FAILED, INFRASTRUCTURE

SUITES = {
    "gtest": ("gtest/early_end", "Early.{}", ["EnvironmentSetUp", "SuiteSetUp"], ["SuiteTearDown", "EnvironmentTearDown"]),
    "go": ("go_early/go_early.test", "Test{}", ["SetUp"], []),
    "ginkgo2": ("ginkgo-cases/early.test", "Early {}", ["SuiteSetUp"], ["SuiteTearDown"]),
}
TESTS = ["First", "Middle", "Last"]


def run(sortie, suites, framework, place, *options, end_by="exit", forge=False):
    path, name, _, _ = SUITES[framework]
    settings = ["--env", f"END_IN={place}", "--env", f"END_BY={end_by}", "--env", "FORGE=" + ("1" if forge else "")]
    result = sortie.run(suites(path), *settings, *options, timeout=240)
    ends = {test.split("::", 1)[1]: outcome for test, outcome in result.outcomes().items()}
    return result, ends, name


@pytest.mark.parametrize("forge", [False, True], ids=["silent", "forged"])
@pytest.mark.parametrize("end_by", ["exit", "exec"])
@pytest.mark.parametrize("place", TESTS)
@pytest.mark.parametrize("framework", SUITES)
def test_in_a_test(sortie, suites, framework, place, end_by, forge):
    result, ends, name = run(sortie, suites, framework, place, "--workers", "1", end_by=end_by, forge=forge)
    assert result.status == FAILED, result
    assert len(ends) in (3, 4), result
    for test in TESTS:
        if test != place:
            assert ends[name.format(test)] == "passed", result
    # A forged end of the last test in a suite may be true: then the process is what failed.
    is_blamed = ends[name.format(place)] == "crashed" or ends.get("[process exit]") in ("failed", "crashed")
    assert is_blamed, result


@pytest.mark.parametrize("framework", SUITES)
@pytest.mark.parametrize("place", TESTS)
def test_in_a_test_with_a_process_of_its_own(sortie, suites, framework, place):
    result, ends, name = run(sortie, suites, framework, place, "--isolation", "process", forge=True)
    assert result.status == FAILED
    blamed = ends.pop(name.format(place))
    assert blamed in ("crashed", "failed") and "status 0" in result.test(name.format(place)).message, result
    assert ends == {name.format(test): "passed" for test in TESTS if test != place}, result


@pytest.mark.parametrize("framework,place", [(framework, place) for framework in SUITES for place in SUITES[framework][2]])
def test_before_all_tests(sortie, suites, framework, place):
    result, ends, _ = run(sortie, suites, framework, place, "--workers", "1")
    assert result.status in (FAILED, INFRASTRUCTURE), result
    assert "passed" not in ends.values() and len(ends) == 3, result


@pytest.mark.parametrize("framework,place", [(framework, place) for framework in SUITES for place in SUITES[framework][3]])
def test_behind_all_tests(sortie, suites, framework, place):
    result, ends, _ = run(sortie, suites, framework, place, "--workers", "1")
    assert result.status == FAILED, result
    assert any(outcome in ("failed", "crashed") for outcome in ends.values()), result
