"""Subscription filters of CloudWatch Logs: functions that are sent what others log."""

import base64
import gzip
import json
import time

import pytest

from lambda_lab import Lab
from support import wait_until

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")

# Tells in a group of its own what it was sent.
TELL = "import json\n\ndef handler(event, context):\n    print('SENT', json.dumps(event))\n"
NOISE = "def handler(event, context):\n    print('ERROR', event['what'])\n    print('all is well')\n"


@pytest.fixture
def logs(server):
    client = server.boto3("logs")
    client.create_log_group(logGroupName="app")
    client.create_log_stream(logGroupName="app", logStreamName="s")
    return client


@pytest.fixture
def reader(server):
    lab = Lab(server)
    return lab, lab.make(files={"handler.py": TELL})["FunctionArn"]


def sent(logs):
    """What the reader was sent so far, unpacked."""
    try:
        found = logs.filter_log_events(logGroupName="/aws/lambda/fn", filterPattern="SENT")["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    events = [json.loads(event["message"].split(" ", 1)[1]) for event in found]
    return [json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"]))) for event in events]


def permit(lab, group="app", principal="logs.amazonaws.com"):
    lab.client.add_permission(FunctionName="fn", StatementId=group, Action="lambda:InvokeFunction", Principal=principal,
                              SourceArn=f"arn:aws:logs:us-east-1:000000000000:log-group:{group}:*",
                              SourceAccount="000000000000")


def subscribe(logs, arn, pattern="ERROR", group="app", name="errors"):
    logs.put_subscription_filter(logGroupName=group, filterName=name, filterPattern=pattern, destinationArn=arn)


def test_what_is_put_is_sent(logs, reader):
    lab, arn = reader
    permit(lab)
    subscribe(logs, arn, "[level = ERROR, code, ...]")
    now = int(time.time() * 1000)
    logs.put_log_events(logGroupName="app", logStreamName="s", logEvents=[
        {"timestamp": now, "message": "INFO 1 all is well"}, {"timestamp": now + 1, "message": "ERROR 42 it is not"}])
    message = wait_until(lambda: sent(logs), "the function is sent events")[0]
    assert {key: message[key] for key in message if key != "logEvents"} == {
        "messageType": "DATA_MESSAGE", "owner": "000000000000", "logGroup": "app", "logStream": "s",
        "subscriptionFilters": ["errors"]}
    stored = logs.filter_log_events(logGroupName="app", filterPattern="ERROR")["events"][0]
    assert message["logEvents"] == [{"id": stored["eventId"], "timestamp": now + 1, "message": "ERROR 42 it is not",
                                     "extractedFields": {"level": "ERROR", "code": "42"}}]


def test_what_another_function_logs_is_sent(server, logs, reader):
    lab, arn = reader
    lab.make(name="noise", files={"handler.py": NOISE})
    logs.create_log_group(logGroupName="/aws/lambda/noise")
    lab.client.add_permission(FunctionName="fn", StatementId="logs", Action="lambda:InvokeFunction",
                              Principal="logs.us-east-1.amazonaws.com")
    subscribe(logs, arn, group="/aws/lambda/noise")
    for number in range(3):
        lab.client.invoke(FunctionName="noise", Payload=json.dumps({"what": number}))
    expected = [f"ERROR {number}" for number in range(3)]
    wait_until(lambda: sorted(event["message"].strip() for message in sent(logs) for event in message["logEvents"]) == expected,
               "all three are sent")


def test_permission_is_needed(logs, reader):
    lab, arn = reader
    with pytest.raises(logs.exceptions.InvalidParameterException, match="Could not execute the lambda function"):
        subscribe(logs, arn)
    permit(lab, "another")
    with pytest.raises(logs.exceptions.InvalidParameterException, match="Could not execute the lambda function"):
        subscribe(logs, arn)


def test_two_filters_a_group(logs, reader):
    lab, arn = reader
    permit(lab)
    subscribe(logs, arn, name="b")
    subscribe(logs, arn, name="a")
    with pytest.raises(logs.exceptions.LimitExceededException):
        subscribe(logs, arn, name="c")
    subscribe(logs, arn, "WARN", name="a")
    found = logs.describe_subscription_filters(logGroupName="app")["subscriptionFilters"]
    assert [(each["filterName"], each["filterPattern"], each["distribution"]) for each in found] == [
        ("a", "WARN", "ByLogStream"), ("b", "ERROR", "ByLogStream")]
    assert [each["filterName"] for page in logs.get_paginator("describe_subscription_filters").paginate(
        logGroupName="app", PaginationConfig={"PageSize": 1}) for each in page["subscriptionFilters"]] == ["a", "b"]
    logs.delete_subscription_filter(logGroupName="app", filterName="a")
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.delete_subscription_filter(logGroupName="app", filterName="a")
    logs.delete_log_group(logGroupName="app")
    logs.create_log_group(logGroupName="app")
    assert logs.describe_subscription_filters(logGroupName="app")["subscriptionFilters"] == []


def test_other_destinations_are_refused_by_name(logs):
    with pytest.raises(logs.exceptions.ClientError, match="destinations of kinesis"):
        subscribe(logs, "arn:aws:kinesis:us-east-1:000000000000:stream/s")


def test_patterns_can_be_tried(logs):
    lines = ['127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /a HTTP/1.0" 200 1534', "something else"]
    answer = logs.test_metric_filter(filterPattern="[ip, identity, user, time, request, status_code, size]", logEventMessages=lines)
    assert [match["eventMessage"] for match in answer["matches"]] == lines[:1]
    values = answer["matches"][0]["extractedValues"]
    assert values["$ip"] == "127.0.0.1" and values["$request"] == "GET /a HTTP/1.0" and values["$status_code"] == "200"
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.test_metric_filter(filterPattern="{ $.a = ", logEventMessages=["x"])
