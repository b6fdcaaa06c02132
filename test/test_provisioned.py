"""Provisioned concurrency: environments that are there before the first invocation."""

import re

import pytest

from support import Server, wait_until
from test_runtimes import Functions

pytest.importorskip("boto3", reason="boto3 is not installed")

SOURCE = """
import os, time
print("beginning")
def handler(event, context):
    return os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]
"""


def status(functions, qualifier="1"):
    return functions.lambda_.get_provisioned_concurrency_config(FunctionName="f", Qualifier=qualifier)


def provision(functions, count, qualifier="1"):
    functions.lambda_.put_provisioned_concurrency_config(FunctionName="f", Qualifier=qualifier,
                                                         ProvisionedConcurrentExecutions=count)
    wait_until(lambda: status(functions, qualifier)["Status"] != "IN_PROGRESS", "it is in progress no longer")
    return status(functions, qualifier)


@pytest.fixture
def functions(server):
    made = Functions(server)
    made.make("python3.12", "main.handler", {"main.py": SOURCE})
    made.lambda_.publish_version(FunctionName="f")
    return made


def test_environments_are_there_before_the_first_invocation(functions):
    there = provision(functions, 2)
    assert (there["Status"], there["AllocatedProvisionedConcurrentExecutions"]) == ("READY", 2)
    log = functions.log_events()
    assert log.count("beginning\n") == 2 and len([line for line in log if line.startswith("INIT_START")]) == 2, log
    answer, _, tail = functions.invoke(Qualifier="1")
    assert answer == "provisioned-concurrency"
    assert "Init Duration" in tail and functions.log_events().count("beginning\n") == 2
    assert functions.invoke()[0] == "on-demand"  # $LATEST


def test_an_init_that_fails_is_named(server):
    functions = Functions(server)
    functions.make("python3.12", "main.handler", {"main.py": "raise RuntimeError('no luck')"})
    functions.lambda_.publish_version(FunctionName="f")
    failed = provision(functions, 1)
    assert (failed["Status"], failed["StatusReason"]) == ("FAILED", "FUNCTION_ERROR_INIT_FAILURE")
    assert failed["AllocatedProvisionedConcurrentExecutions"] == 0
    assert any(re.match(r"INIT_REPORT .*\tPhase: init\tStatus: error", line) for line in functions.log_events())


def test_more_than_the_machine_holds_is_refused_by_name(functions):
    failed = provision(functions, 800)
    assert failed["Status"] == "FAILED" and failed["RequestedProvisionedConcurrentExecutions"] == 800
    limit = int(re.fullmatch(r"This machine keeps at most (\d+) provisioned environments", failed["StatusReason"])[1])
    assert failed["AllocatedProvisionedConcurrentExecutions"] == limit < 800
    functions.lambda_.delete_provisioned_concurrency_config(FunctionName="f", Qualifier="1")


def test_they_come_back_with_the_state(sortie):
    server = Server(sortie, "--state", sortie.folder / "state")
    functions = Functions(server)
    functions.make("python3.12", "main.handler", {"main.py": SOURCE})
    functions.lambda_.publish_version(FunctionName="f")
    assert provision(functions, 1)["Status"] == "READY"
    server.kill()
    server = Server(sortie, "--state", sortie.folder / "state")
    functions.lambda_ = server.boto3("lambda")
    wait_until(lambda: status(functions)["Status"] == "READY", "it is ready again")
    assert functions.invoke(Qualifier="1")[0] == "provisioned-concurrency"
    server.stop()
