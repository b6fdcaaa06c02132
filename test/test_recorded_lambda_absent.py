"""Which recordings of Lambda are not enacted, and why: none is left out in silence."""

import ast
import pathlib
import re

import pytest

import recorded

FILES = ("lambda-api", "lambda-destinations", "lambda-environment", "lambda-invoke", "lambda-runtimes")
NAME = re.compile(r"Test\w+::")

# By what the names of the recorded tests contain.
ABSENT = {
    "[java": "Java packages, which the recordings do not hold", "[ruby": "Ruby", "[dotnet": ".NET", "TestJavaRuntimes": "Java packages, which the recordings do not hold",
    "TestLambdaImages": "container images", "test_vpc_config": "VPCs",
    "TestLambdaEventSourceMappings::test_function_name_variations": "event source mappings",
    "[event_source_mapping]": "event source mappings", "[capacity_provider]": "capacity providers",
    "TestLambdaDestinationSqs": "queues", "TestLambdaDLQ": "dead-letter queues",
    "TestLambdaDestinationEventbridge": "event buses",
    "TestLambdaMultiAccounts": "a second account",
}
OTHERWISE = {
    "TestLambdaErrors::test_lambda_runtime_exit_segfault":
        "the recorded runtime hung until its timeout; here a death is told at once, whatever its signal",
    "TestLambdaBehavior::test_mixed_architecture": "only the machine's own architecture can run, another is refused",
    "TestLambdaBehavior::test_lambda_host_prefix_api_operation": "the function calls services that are not here",
    "TestGoProvidedRuntimes::test_uncaught_exception_invoke[provided.al2]":
        "it needs a Go bootstrap; the error document is passed on as every bootstrap's is",
}


class Names(ast.NodeVisitor):
    """The recorded tests that a test file names: whole, by a prefix, or by an f-string's beginning."""

    def __init__(self):
        self.whole, self.prefixes = set(), set()

    def visit_Constant(self, node):
        if isinstance(node.value, str) and NAME.match(node.value):
            self.whole.add(node.value)

    def visit_JoinedStr(self, node):
        first = node.values[0]
        if isinstance(first, ast.Constant) and NAME.match(str(first.value)):
            self.prefixes.add(first.value)

    def visit_Call(self, node):
        if isinstance(node.func, ast.Attribute) and node.func.attr == "tests":
            self.prefixes |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)
                              and NAME.match(str(argument.value))}
        else:
            self.generic_visit(node)


def names():
    found = Names()
    for file in pathlib.Path(__file__).parent.glob("test_recorded_lambda*.py"):
        if file != pathlib.Path(__file__):
            found.visit(ast.parse(file.read_text()))
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_recording_is_enacted_or_named(name):
    if not recorded.tests(name):
        pytest.skip("the recorded answers of AWS are not here (../shared/reference/recorded-aws)")
    known = names()
    left = [test for test in recorded.tests(name)
            if test not in known.whole and not test.startswith(tuple(known.prefixes)) and test not in OTHERWISE
            and not any(part in test for part in ABSENT) and recorded.load(name, test).content]  # empty: nothing recorded
    assert not left, "neither enacted nor named:\n" + "\n".join(left)


def test_what_is_named_as_absent_was_recorded():
    """A reason that no recording needs any more goes away."""
    everything = [test for name in FILES for test in recorded.tests(name)]
    if not everything:
        pytest.skip("the recorded answers of AWS are not here (../shared/reference/recorded-aws)")
    unused = [part for part in [*ABSENT, *OTHERWISE] if not any(part in test for test in everything)]
    unused += [test for test in OTHERWISE if test in names().whole]
    assert not unused, unused
