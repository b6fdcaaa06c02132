"""Real suites of each framework."""

import pytest

from support import FAILED, PASSED


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
