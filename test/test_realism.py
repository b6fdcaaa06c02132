"""`sortie serve --realism aws`: what a client's patience is tested with, seen from outside."""

import pytest

from lambda_lab import HANDLER, Lab, slow, zip_of  # noqa: F401
from recorded import call
from support import wait_until

pytest.importorskip("boto3", reason="boto3 is not installed")


def test_a_client_has_to_be_patient(slow):
    lab = Lab(slow)
    first = lab.create()
    assert first["Error"]["Code"] == "InvalidParameterValueException"
    assert first["Error"]["Message"] == "The role defined for the function cannot be assumed by Lambda."
    made = wait_until(lambda: answer if "FunctionArn" in (answer := lab.create()) else None, "the role can be assumed")
    assert made["State"] == "Pending"
    early = call(lab.client.invoke, FunctionName="fn", Payload="{}")
    assert early["Error"]["Code"] == "ResourceConflictException", "the function is still being created"
    assert "Pending" in early["Error"]["Message"]
    lab.active()
    answer = lab.client.invoke(FunctionName="fn", Payload='"x"', LogType="Tail")
    assert answer["Payload"].read() == b'"x"'
    logs = slow.boto3("logs")

    def report():
        found = call(logs.filter_log_events, logGroupName="/aws/lambda/fn", filterPattern="REPORT")
        return found.get("events")
    assert len(wait_until(report, "the log can be read")) == 1
    updated = lab.client.update_function_code(FunctionName="fn", ZipFile=zip_of({"handler.py": HANDLER + "#\n"}))
    assert updated["LastUpdateStatus"] == "InProgress"
    again = call(lab.client.update_function_configuration, FunctionName="fn", Timeout=5)
    assert again["Error"]["Code"] == "ResourceConflictException"
    lab.active()


def test_calls_are_counted(slow):
    client = Lab(slow).client

    def refused():
        answer = call(client.list_functions)
        return answer if "Error" in answer else None
    answer = wait_until(refused, "more than 15 calls came within a second")
    assert answer["Error"]["Code"] == "TooManyRequestsException" and answer["Reason"] == "CallerRateLimitExceeded"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
