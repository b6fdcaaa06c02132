"""CloudWatch Logs: its answers as AWS gave them."""

import time

import pytest

import recorded

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")


@pytest.fixture
def logs(server):
    return server.boto3("logs")


@pytest.fixture
def stream(logs):
    of = {"logGroupName": "group", "logStreamName": "stream"}
    logs.create_log_group(logGroupName="group")
    logs.create_log_stream(**of)
    return of


def test_events_that_are_too_old(logs, stream):
    recording = recorded.load("logs-events", "TestLogsEvents::test_put_log_events_too_old")
    old = int((time.time() - 20 * 24 * 3600) * 1000)
    answer = recorded.call(logs.put_log_events, **stream, logEvents=[{"timestamp": old, "message": "old"}])
    assert answer["rejectedLogEventsInfo"]["tooOldLogEventEndIndex"] == 1
    recording.match("response-too-old", answer, leave_out=("tooOldLogEventEndIndex",))
    recording.complete()


def test_a_token_that_is_not_known(logs, stream):
    recording = recorded.load("logs-filter", "TestFilterLogEvents::test_filter_log_events_unknown_token")
    recording.match("invalid-token", recorded.call(logs.filter_log_events, logGroupName="group", nextToken="invalid-token"))
    recording.complete()


def test_a_group_twice(logs, stream):
    recording = recorded.load("logs-groups", "TestLogsGroups::test_create_log_group_duplicate_error")
    recording.match("error-duplicate-log-group", recorded.call(logs.create_log_group, logGroupName="group"))
    recording.complete()


def test_a_stream_twice(logs, stream):
    recording = recorded.load("logs-streams", "TestLogsStreams::test_create_log_stream_duplicate_error")
    recording.match("error-duplicate-log-stream", recorded.call(logs.create_log_stream, **stream))
    recording.complete()


def test_groups_by_pattern(logs):
    recording = recorded.load("logs-groups", "TestLogsGroups::test_describe_log_groups_with_pattern")
    for name in ("a-name-of-one", "a-name-of-two", "other"):
        logs.create_log_group(logGroupName=name)
    recording.match("describe-log-groups-pattern", recorded.call(logs.describe_log_groups, logGroupNamePattern="name-of", limit=1),
                    leave_out=("storedBytes", "deletionProtectionEnabled"))
    recording.complete()


def test_prefix_and_pattern(logs):
    recording = recorded.load("logs-groups", "TestLogsGroups::test_describe_log_groups_prefix_and_pattern_error")
    recording.match("error-prefix-and-pattern", recorded.call(
        logs.describe_log_groups, logGroupNamePrefix="a", logGroupNamePattern="b"))
    recording.complete()


def test_tags(logs):
    recording = recorded.load("logs-groups", "TestLogsGroupsTags::test_tag_resource_api")
    logs.create_log_group(logGroupName="group", tags={"env": "testing1"})
    arn = f"arn:aws:logs:us-east-1:{recorded.ACCOUNT}:log-group:group"

    def both(of_group, of_resource):
        recording.match(of_group, recorded.call(logs.list_tags_log_group, logGroupName="group"))
        recording.match(of_resource, recorded.call(logs.list_tags_for_resource, resourceArn=arn))

    recording.match("list-tags-after-create", recorded.call(logs.list_tags_log_group, logGroupName="group"))
    logs.tag_resource(resourceArn=arn, tags={"test1": "val1", "test2": "val2"})
    both("list-tags-log-group-after-tag-resource", "list-tags-for-resource-after-tag-resource")
    logs.tag_log_group(logGroupName="group", tags={"test3": "val3"})
    both("list-tags-log-group-after-tag-log-group", "list-tags-for-resource-after-tag-log-group")
    logs.untag_log_group(logGroupName="group", tags=["test3"])
    logs.untag_resource(resourceArn=arn, tagKeys=["env", "test1"])
    both("list-tags-log-group-after-untag", "list-tags-for-resource-after-untag")
    recording.complete()


def test_streams_by_prefix(logs):
    recording = recorded.load("logs-streams", "TestLogsStreams::test_describe_log_streams_with_prefix", **{"<log-group>": "group"})
    logs.create_log_group(logGroupName="group")
    for number in range(3):
        logs.create_log_stream(logGroupName="group", logStreamName=f"a-{number}")
    logs.create_log_stream(logGroupName="group", logStreamName="b")
    recording.match("describe-streams-with-prefix", recorded.call(
        logs.describe_log_streams, logGroupName="group", logStreamNamePrefix="a-"))
    recording.complete()


def test_arn_of_a_stream(logs, stream):
    recording = recorded.load("logs-streams", "TestLogsStreams::test_log_stream_arn_format", **{"<log-group>": "group"})
    recording.match("describe-log-streams-with-arn", recorded.call(logs.describe_log_streams, logGroupName="group"))
    recording.complete()
