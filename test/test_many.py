"""Many tests: each gets exactly one outcome, and it does not take for ever."""

from support import FAILED, PASSED


def test_five_thousand_tests(sortie, suites):
    result = sortie.run(suites("gtest/many"), timeout=300)
    result.check_consistent()
    assert result.status == FAILED, result
    assert len(result.tests) == 5000
    failed = sorted(name for name, outcome in result.outcomes().items() if outcome != "passed")
    assert failed == [f"many::All/Many.Test/{number}" for number in (1999, 2999, 3999, 4999, 999)]


def test_listing_five_thousand_tests(sortie, suites):
    ended = sortie("list", suites("gtest/many"))
    assert ended.status == PASSED, ended
    assert len(ended.stdout.splitlines()) == 5000
