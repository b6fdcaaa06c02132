"""boto3 against `sortie serve`: what programs rely on beyond the command line interface."""

import io
import json
import time
import urllib.request
import zipfile

import pytest

from support import EXECUTION_TRUST, wait_until

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
from botocore.exceptions import ClientError  # noqa: E402

# A custom runtime in a shell script: answers with what it was sent, and logs it.
ECHO = r"""#!/bin/sh
echo "echo starts"
while true; do
  headers=$(mktemp)
  event=$(curl -sS -D "$headers" "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next")
  id=$(grep -i '^lambda-runtime-aws-request-id:' "$headers" | tr -d '\r' | cut -d' ' -f2)
  echo "event: $event"
  case "$event" in
    *sleep*) sleep 30 ;;
    *exit*) exit 5 ;;
    *fail*) curl -sS -X POST -d '{"errorType":"Own.Error","errorMessage":"as asked"}' \
              "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/error" >/dev/null; continue ;;
  esac
  curl -sS -X POST -d "$event" "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response" >/dev/null
done
"""


def code(of_name, policy):
    def name(error):
        return error.response["Error"]["Code"]
    with pytest.raises(ClientError) as caught:
        policy()
    assert name(caught.value) == of_name, caught.value


def make_role(server, name="runner", policy=None):
    iam = server.boto3("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=EXECUTION_TRUST)["Role"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
    if policy:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
    return arn


def zip_of(script):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, script)
    return data.getvalue()


@pytest.fixture
def echo(server):
    import shutil
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    functions = server.boto3("lambda")
    functions.create_function(FunctionName="echo", Runtime="provided.al2023", Handler="x", Role=make_role(server),
                              Code={"ZipFile": zip_of(ECHO)}, Timeout=3, MemorySize=256)
    functions.get_waiter("function_active_v2").wait(FunctionName="echo", WaiterConfig={"Delay": 1})
    return functions


def invoke(functions, payload, **options):
    answer = functions.invoke(FunctionName="echo", Payload=json.dumps(payload), **options)
    return answer, json.loads(answer["Payload"].read() or "null")


def test_invoke(echo):
    answer, payload = invoke(echo, {"hello": "wörld"})
    assert answer["StatusCode"] == 200 and "FunctionError" not in answer
    assert payload == {"hello": "wörld"}


def test_warm_environment_is_used_again(echo, server):
    """The next call may come before a worker has asked for work again, as on AWS; most find it waiting."""
    for number in range(10):
        assert invoke(echo, number)[1] == number
    streams = server.boto3("logs").describe_log_streams(logGroupName="/aws/lambda/echo")["logStreams"]
    assert len(streams) < 10


def test_function_error(echo):
    answer, payload = invoke(echo, "fail")
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "Own.Error" and payload["errorMessage"] == "as asked"


def test_timeout(echo):
    answer, payload = invoke(echo, "sleep")
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 3.00 seconds" in payload["errorMessage"]
    assert invoke(echo, "again")[1] == "again"


def test_exit(echo):
    answer, payload = invoke(echo, "exit")
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "Runtime.ExitError" and "exit status 5" in payload["errorMessage"]


def test_event_invocation_is_logged(echo, server):
    answer, _ = invoke(echo, {"mark": "asynchronous"}, InvocationType="Event")
    assert answer["StatusCode"] == 202
    logs = server.boto3("logs")

    def seen():
        try:
            found = logs.filter_log_events(logGroupName="/aws/lambda/echo", filterPattern='"asynchronous"')
        except ClientError:
            return False
        return found["events"]
    wait_until(seen, "the event is in the log")


def test_dry_run(echo):
    assert echo.invoke(FunctionName="echo", InvocationType="DryRun")["StatusCode"] == 204


def test_streamed_invocation(echo):
    if not hasattr(echo, "invoke_with_response_stream"):
        pytest.skip("this boto3 has no response streaming")
    answer = echo.invoke_with_response_stream(FunctionName="echo", Payload=json.dumps("in pieces"))
    events = list(answer["EventStream"])
    payload = b"".join(event["PayloadChunk"]["Payload"] for event in events if "PayloadChunk" in event)
    assert json.loads(payload) == "in pieces"
    assert "InvokeComplete" in events[-1]


def test_life_of_a_function(echo):
    found = echo.get_function(FunctionName="echo")
    assert found["Configuration"]["State"] == "Active"
    echo.update_function_configuration(FunctionName="echo", Timeout=5)
    echo.get_waiter("function_updated_v2").wait(FunctionName="echo", WaiterConfig={"Delay": 1})
    assert echo.get_function_configuration(FunctionName="echo")["Timeout"] == 5
    assert [function["FunctionName"] for function in echo.list_functions()["Functions"]] == ["echo"]
    code("ResourceConflictException", lambda: echo.create_function(
        FunctionName="echo", Runtime="provided.al2023", Handler="x", Role=found["Configuration"]["Role"],
        Code={"ZipFile": zip_of(ECHO)}))
    echo.delete_function(FunctionName="echo")
    code("ResourceNotFoundException", lambda: echo.get_function(FunctionName="echo"))
    code("ResourceNotFoundException", lambda: echo.invoke(FunctionName="echo"))


def test_retired_runtime_is_refused(server):
    functions, role = server.boto3("lambda"), make_role(server)
    code("InvalidParameterValueException", lambda: functions.create_function(
        FunctionName="old", Runtime="python2.7", Handler="x", Role=role, Code={"ZipFile": zip_of(ECHO)}))


def test_s3_objects(server):
    s3 = server.boto3("s3")
    s3.create_bucket(Bucket="a-bucket")
    put = s3.put_object(Bucket="a-bucket", Key="ü/key", Body=b"0123456789", ContentType="text/x", Metadata={"colour": "red"})
    got = s3.get_object(Bucket="a-bucket", Key="ü/key")
    assert got["Body"].read() == b"0123456789" and got["ContentType"] == "text/x" and got["Metadata"] == {"colour": "red"}
    assert got["ETag"] == put["ETag"] == '"781e5e245d69b566979b86e28d23f2c7"'
    part = s3.get_object(Bucket="a-bucket", Key="ü/key", Range="bytes=2-4")
    assert part["Body"].read() == b"234" and part["ResponseMetadata"]["HTTPStatusCode"] == 206
    code("NoSuchKey", lambda: s3.get_object(Bucket="a-bucket", Key="nothing"))
    code("404", lambda: s3.head_object(Bucket="a-bucket", Key="nothing"))
    code("NoSuchBucket", lambda: s3.get_object(Bucket="no-bucket", Key="x"))
    code("304", lambda: s3.get_object(Bucket="a-bucket", Key="ü/key", IfNoneMatch=put["ETag"]))
    code("PreconditionFailed", lambda: s3.get_object(Bucket="a-bucket", Key="ü/key", IfMatch='"no"'))
    code("BucketNotEmpty", lambda: s3.delete_bucket(Bucket="a-bucket"))


def test_s3_listing_in_pages(server):
    s3 = server.boto3("s3")
    s3.create_bucket(Bucket="a-bucket")
    for number in range(25):
        s3.put_object(Bucket="a-bucket", Key=f"folder{number % 3}/{number:02}", Body=b"x")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="a-bucket", PaginationConfig={"PageSize": 7})
    keys = [item["Key"] for page in pages for item in page["Contents"]]
    assert len(keys) == 25 and keys == sorted(keys)
    top = s3.list_objects_v2(Bucket="a-bucket", Delimiter="/")
    assert [prefix["Prefix"] for prefix in top["CommonPrefixes"]] == ["folder0/", "folder1/", "folder2/"]


def test_s3_presigned_urls(server):
    s3 = server.boto3("s3")
    s3.create_bucket(Bucket="a-bucket")
    s3.put_object(Bucket="a-bucket", Key="key", Body=b"presigned")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "a-bucket", "Key": "key"}, ExpiresIn=60)
    with urllib.request.urlopen(url, timeout=20) as answer:
        assert answer.read() == b"presigned"
    for wrong in (url.replace("a-bucket/key", "a-bucket/kez"), url[:-1] + ("0" if url[-1] != "0" else "1")):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(wrong, timeout=20)
        assert caught.value.code in (400, 403)


def test_a_bucket_policy_that_iam_cannot_read_is_refused(server):
    """It would lock everyone out but root."""
    s3 = server.boto3("s3")
    s3.create_bucket(Bucket="a-bucket")
    statement = {"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "s3:GetObject",
                 "Resource": "arn:aws:s3:::a-bucket/*"}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Condition": {"NoSuchOperator": {"aws:x": "y"}}}]}
    with pytest.raises(ClientError) as refused:
        s3.put_bucket_policy(Bucket="a-bucket", Policy=json.dumps(policy))
    assert refused.value.response["Error"]["Code"] == "MalformedPolicy"
    with pytest.raises(ClientError) as absent:
        s3.get_bucket_policy(Bucket="a-bucket")
    assert absent.value.response["Error"]["Code"] == "NoSuchBucketPolicy"
    s3.put_bucket_policy(Bucket="a-bucket", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert json.loads(s3.get_bucket_policy(Bucket="a-bucket")["Policy"])["Statement"][0]["Effect"] == "Allow"


def client_of(server, service, key, secret, token=None):
    import botocore.config
    return boto3.client(service, endpoint_url=server.url, region_name="us-east-1", aws_access_key_id=key,
                        aws_secret_access_key=secret, aws_session_token=token,
                        config=botocore.config.Config(s3={"addressing_style": "path"}))


def allow(action, resource):
    return json.dumps({"Version": "2012-10-17",
                       "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})


def test_assumed_role_has_its_rights_and_no_more(server):
    server.boto3("s3").create_bucket(Bucket="a-bucket")
    account = server.boto3("sts").get_caller_identity()["Account"]
    trust = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}]})
    iam = server.boto3("iam")
    role = iam.create_role(RoleName="writer", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="writer", PolicyName="p", PolicyDocument=allow("s3:PutObject", "arn:aws:s3:::a-bucket/*"))
    code("AccessDenied", lambda: server.boto3("sts").assume_role(RoleArn=role, RoleSessionName="of-root"))
    iam.create_user(UserName="user")
    key = iam.create_access_key(UserName="user")["AccessKey"]
    sts = client_of(server, "sts", key["AccessKeyId"], key["SecretAccessKey"])
    code("AccessDenied", lambda: sts.assume_role(RoleArn=role, RoleSessionName="without-right"))
    iam.put_user_policy(UserName="user", PolicyName="p", PolicyDocument=allow("sts:AssumeRole", role))
    got = sts.assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    s3 = client_of(server, "s3", got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])
    s3.put_object(Bucket="a-bucket", Key="k", Body=b"x")
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket="a-bucket", Key="k")
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    assert "assumed-role/writer/session is not authorized to perform: s3:GetObject on resource: " \
           "\"arn:aws:s3:::a-bucket/k\"" in str(caught.value)


def test_logs_in_pages(server):
    logs = server.boto3("logs")
    logs.create_log_group(logGroupName="group")
    logs.create_log_stream(logGroupName="group", logStreamName="stream")
    now = int(time.time() * 1000)
    for start in range(0, 30, 10):
        logs.put_log_events(logGroupName="group", logStreamName="stream", logEvents=[
            {"timestamp": now + number, "message": f"line {number}"} for number in range(start, start + 10)])
    messages, token = [], None
    while True:
        options = {"nextToken": token} if token else {}
        page = logs.get_log_events(logGroupName="group", logStreamName="stream", startFromHead=True, limit=7, **options)
        messages += [event["message"] for event in page["events"]]
        if page["nextForwardToken"] == token:
            break
        token = page["nextForwardToken"]
    assert messages == [f"line {number}" for number in range(30)]
    code("ResourceAlreadyExistsException", lambda: logs.create_log_group(logGroupName="group"))
    code("ResourceNotFoundException", lambda: logs.describe_log_streams(logGroupName="nothing"))


def test_an_operation_that_is_not_there_says_so(server):
    code_of = None
    try:
        server.boto3("lambda").list_event_source_mappings()
    except ClientError as error:
        code_of = error.response
    assert code_of is not None, "an empty success would be a lie"
    assert code_of["ResponseMetadata"]["HTTPStatusCode"] >= 400
    assert "EventSourceMapping" in json.dumps(code_of), code_of


# Sessions and their limits

@pytest.fixture
def chain(server):
    """A user who may assume the role `first`, which may assume `second`: (sts of the user, ARN, ARN)."""
    iam, account = server.boto3("iam"), server.boto3("sts").get_caller_identity()["Account"]
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    trust = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": account}, "Action": actions}]})
    arns = [iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, MaxSessionDuration=7200)["Role"]["Arn"]
            for name in ("first", "second")]
    iam.put_role_policy(RoleName="first", PolicyName="p", PolicyDocument=allow(actions, arns[1]))
    iam.create_user(UserName="user")
    iam.put_user_policy(UserName="user", PolicyName="p", PolicyDocument=allow(actions, arns[0]))
    key = iam.create_access_key(UserName="user")["AccessKey"]
    return client_of(server, "sts", key["AccessKeyId"], key["SecretAccessKey"]), *arns


def client_with(server, service, credentials):
    return client_of(server, service, credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])


def test_a_chained_role_lasts_an_hour(server, chain):
    sts, first, second = chain
    code("ValidationError", lambda: sts.assume_role(RoleArn=first, RoleSessionName="long", DurationSeconds=10800))
    session = sts.assume_role(RoleArn=first, RoleSessionName="session", DurationSeconds=7200)["Credentials"]
    chained = client_with(server, "sts", session)
    code("ValidationError", lambda: chained.assume_role(RoleArn=second, RoleSessionName="ss", DurationSeconds=7200))
    answer = chained.assume_role(RoleArn=second, RoleSessionName="ss", DurationSeconds=3600)
    assert answer["AssumedRoleUser"]["Arn"].endswith(":assumed-role/second/ss")


def test_source_identity_and_session_tags_stay(server, chain):
    sts, first, second = chain
    answer = sts.assume_role(RoleArn=first, RoleSessionName="ss", SourceIdentity="me", Tags=[{"Key": "team", "Value": "red"}])
    assert answer["SourceIdentity"] == "me"
    tagged = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*",
         "Condition": {"StringEquals": {"aws:PrincipalTag/team": "red", "aws:SourceIdentity": "me"}}}]})
    server.boto3("iam").put_role_policy(RoleName="first", PolicyName="tagged", PolicyDocument=tagged)
    assert client_with(server, "s3", answer["Credentials"]).list_buckets()["Buckets"] == []
    plain = sts.assume_role(RoleArn=first, RoleSessionName="ss")["Credentials"]
    code("AccessDenied", lambda: client_with(server, "s3", plain).list_buckets())


def test_a_role_can_only_be_passed_with_the_right_to(server):
    role, iam = make_role(server), server.boto3("iam")
    iam.create_user(UserName="user")
    key = iam.create_access_key(UserName="user")["AccessKey"]
    functions = client_of(server, "lambda", key["AccessKeyId"], key["SecretAccessKey"])

    def create():
        return functions.create_function(FunctionName="f", Runtime="provided.al2023", Handler="x", Role=role,
                                         Code={"ZipFile": zip_of(ECHO)})

    iam.put_user_policy(UserName="user", PolicyName="p", PolicyDocument=allow("lambda:*", "*"))
    with pytest.raises(ClientError) as refused:
        create()
    assert "iam:PassRole on resource: " + role in str(refused.value)
    iam.put_user_policy(UserName="user", PolicyName="pass", PolicyDocument=allow("iam:PassRole", role))
    assert create()["FunctionName"] == "f"


def test_federation_that_is_not_there_says_so(server):
    sts = server.boto3("sts")
    code("NotImplemented", lambda: sts.assume_role_with_web_identity(
        RoleArn="arn:aws:iam::000000000000:role/role", RoleSessionName="ss", WebIdentityToken="token"))


def test_events_outside_the_window_are_rejected_by_position(server):
    logs = server.boto3("logs")
    logs.create_log_group(logGroupName="group")
    logs.create_log_stream(logGroupName="group", logStreamName="stream")
    logs.put_retention_policy(logGroupName="group", retentionInDays=3)
    now, day = int(time.time() * 1000), 24 * 3600 * 1000
    times = [now - 20 * day, now - 5 * day, now, now + day]
    answer = logs.put_log_events(logGroupName="group", logStreamName="stream", logEvents=[
        {"timestamp": moment, "message": str(number)} for number, moment in enumerate(times)])
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "expiredLogEventEndIndex": 2,
                                               "tooNewLogEventStartIndex": 3}
    kept = logs.get_log_events(logGroupName="group", logStreamName="stream", startFromHead=True)["events"]
    assert [event["message"] for event in kept] == ["2"]
    unordered = [{"timestamp": now, "message": "a"}, {"timestamp": now - 1, "message": "b"}]
    code("InvalidParameterException", lambda: logs.put_log_events(
        logGroupName="group", logStreamName="stream", logEvents=unordered))
