"""The log of a function that is still running can be read."""

import pytest

pytest.importorskip("boto3", reason="boto3 is not installed")

import support  # noqa: E402
from test_runtimes import Functions  # noqa: E402

# It prints, and asks for nothing more until its time is up.
BOOTSTRAP = """\
#!/bin/sh
curl -sS -o /dev/null "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next"
echo "still at it"
exec sleep 600
"""


def test_output_is_there_while_the_function_runs(server):
    functions = Functions(server)
    functions.make("provided.al2023", "x", {"bootstrap": BOOTSTRAP}, Timeout=300)
    functions.lambda_.invoke(FunctionName="f", InvocationType="Event")

    def messages():
        found = functions.logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/f")["logGroups"]
        events = functions.logs.filter_log_events(logGroupName="/aws/lambda/f")["events"] if found else []
        text = "".join(event["message"] for event in events)
        return text if "still at it\n" in text else None

    text = support.wait_until(messages, "the line is in the log")
    assert "START RequestId" in text and "REPORT RequestId" not in text
    functions.lambda_.delete_function(FunctionName="f")
