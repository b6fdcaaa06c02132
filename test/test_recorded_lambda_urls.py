"""Function URLs beside answers recorded from AWS: their configuration, and what is answered at them."""

import json
import re

import pytest

import recorded
from lambda_lab import lab, node  # noqa: F401
from recorded import call
from support import wait_until
from url_support import allow_everyone, make_url, send

pytest.importorskip("botocore", reason="boto3 is not installed")

INVOKE = "lambda-invoke"


def make_recorded_url(lab, recording, source, **config):
    """The function, its URL and everybody's permission, each answer compared; the URL."""
    lab.make(recording.content.get("get_fn_result", {}).get("Configuration"), files={"handler.py": source})
    if "get_fn_result" in recording.content:
        recording.match("get_fn_result", lab.client.get_function(FunctionName="fn"))
    created = lab.client.create_function_url_config(FunctionName="fn", AuthType="NONE", **config)
    recording.match("create_lambda_url_config", created)
    recording.match("add_permission", allow_everyone(lab.client))
    return created["FunctionUrl"]


@pytest.mark.parametrize("mode", ["RESPONSE_STREAM", "BUFFERED", "None"])
def test_echo(lab, mode):
    recording = recorded.load(INVOKE, f"TestLambdaURL::test_lambda_url_echo_invoke[{mode}]")
    source = "import json\ndef handler(event, context):\n" \
             "    return {'statusCode': 200, 'body': json.dumps({'event': event})}\n"
    url = make_recorded_url(lab, recording, source, **({} if mode == "None" else {"InvokeMode": mode}))
    answer = send(lab.server, url, "/custom_path/extend?test_param=test_value", method="POST", body=b"{'key':'value'}",
                  headers={"Content-Type": "text/plain"})
    assert answer.status == 200, answer
    document = answer.json()
    # A streaming URL does not look into an answer that did not come as a stream.
    event = (json.loads(document["body"]) if mode == "RESPONSE_STREAM" else document)["event"]
    assert event["rawPath"] == "/custom_path/extend"
    assert event["queryStringParameters"] == {"test_param": "test_value"}
    assert event["body"] == "{'key':'value'}" and event["isBase64Encoded"] is False
    recording.complete()


RETURNS = {"dict": '{"hello": "world"}', "list-mixed": '["hello", 3, True]', "float": "3.1"}


@pytest.mark.parametrize("test", recorded.tests(INVOKE, "TestLambdaURL::test_lambda_url_invocation["))
def test_results(lab, test):
    recording = recorded.load(INVOKE, test)
    returned = RETURNS[test[test.index("[") + 1:-1]]
    url = make_recorded_url(lab, recording, f"def handler(event, context):\n    return {returned}\n")
    answer = send(lab.server, url)
    expected = recording["lambda_url_invocation"]
    recording.match("lambda_url_invocation", {
        "statuscode": answer.status, "content": answer.text,
        "headers": {name: answer.headers[name] for name in expected["headers"]}})
    recording.complete()


def test_an_exception(lab):
    recording = recorded.load(INVOKE, "TestLambdaURL::test_lambda_url_invocation_exception")
    url = make_recorded_url(lab, recording, "def handler(event, context):\n    raise Exception('no')\n")
    answer = send(lab.server, url)
    assert (answer.status, answer.text) == (502, "Internal Server Error"), answer
    recording.complete()


def test_an_invalid_mode(lab):
    recording = recorded.load(INVOKE, "TestLambdaURL::test_lambda_url_invalid_invoke_mode")
    lab.make()
    recording.match("invoke_function_invalid_invoke_type", call(
        lab.client.create_function_url_config, FunctionName="fn", AuthType="NONE", InvokeMode="UNKNOWN"))
    recording.complete()


def test_without_permission(lab):
    recording = recorded.load(INVOKE, "TestLambdaPermissions::test_lambda_permission_url_invocation")
    lab.make()
    url = lab.client.create_function_url_config(FunctionName="fn", AuthType="NONE")["FunctionUrl"]
    answer = send(lab.server, url, method="POST", body=b"text")
    assert answer.status == 403
    recording.match("lambda_url_invocation_missing_permission", answer.json())
    recording.complete()
    allow_everyone(lab.client)
    assert send(lab.server, url, method="POST", body=b"text").status == 200


def test_a_url_that_is_not_there(lab):
    recorded.load(INVOKE, "TestLambdaURL::test_lambda_url_non_existing_url").complete()
    answer = send(lab.server, "https://0123456789abcdefghijklmnopqrstuv.lambda-url.us-east-1.on.aws/")
    assert (answer.status, answer.text) == (403, '{"Message":null}'), answer
    assert answer.headers["x-amzn-errortype"] == "AccessDeniedException"


HTTP_ECHO = """\
import os
def handler(event, context):
    http = event["requestContext"]["http"]
    headers = {name: value for name, value in event["headers"].items()
               if "TRIM" not in os.environ or not name.startswith(("x-amzn-", "x-forwarded-"))}
    return {"args": event.get("queryStringParameters", {}), "data": event.get("body", ""), "headers": headers,
            "domain": event["requestContext"]["domainName"], "method": http["method"], "origin": http["sourceIp"],
            "path": http["path"]}
"""
SENT = {"User-Agent": "test/echo", "Accept-Encoding": "gzip, deflate", "Accept": "*/*", "Connection": "keep-alive",
        "ExTrA-HeADErs": "With WeiRd CapS", "Content-Type": "application/json"}


@pytest.mark.parametrize("test, target, trim", [
    ("TestLambdaURL::test_lambda_url_echo_http_fixture_default",
     "/pa2%25Fth/1?q=query&multiQuery=foo&multiQuery=%2Fbar", False),
    ("TestLambdaURL::test_lambda_url_echo_http_fixture_trim_x_headers", "/path/1?q=query", True)])
def test_what_the_function_is_told(lab, test, target, trim):
    recording = recorded.load(INVOKE, test)
    url = make_url(lab, HTTP_ECHO, Environment={"Variables": {"TRIM": "1"} if trim else {}})
    answer = send(lab.server, url, target, method="POST", body=json.dumps({"foo": "bar"}).encode(), headers=SENT)
    recording.match("url_response", answer.json())
    recording.complete()


def test_a_form(lab):
    recording = recorded.load(INVOKE, "TestLambdaURL::test_lambda_url_form_payload")
    boundary = "4efd159eae0c4f4e125a5a509e073d85"
    form = (f"\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"formfield\"\r\n\r\nnot a file, just a field"
            f"\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"foo\"; filename=\"foo\"\r\n"
            f"Content-Type: text/plain;\r\n\r\nbar\r\n\r\n--{boundary}--\r\n")
    url = make_url(lab, HTTP_ECHO, Environment={"Variables": {"TRIM": "1"}})
    answer = send(lab.server, url, "/test/value", method="POST", body=form.encode(), headers={
        "User-Agent": "python/test-request", "Accept-Encoding": "gzip, deflate", "Accept": "*/*",
        "Content-Type": f"multipart/form-data; boundary={boundary}"})
    recording.match("url_response", answer.json())
    recording.complete()


def test_a_streamed_response(lab, node):
    recording = recorded.load(INVOKE, "TestLambdaURL::test_function_url_with_response_streaming")
    url = make_url(lab, """\
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 200, headers: { "Content-Type": "text/plain" } });
  stream.write("Hello, ");
  stream.write("world!");
  stream.end();
});
""", mode="RESPONSE_STREAM", Runtime="nodejs20.x", Handler="index.handler")
    answer = send(lab.server, url)
    recording.match("response_status", answer.status)
    recording.match("response_data", answer.text)
    recording.complete()


def test_request_ids(lab):
    recording = recorded.load(INVOKE, "TestRequestIdHandling::test_request_id_invoke_url")
    url = make_recorded_url(lab, recording, "def handler(event, context):\n    return 'hi'\n")
    answer = send(lab.server, url)
    recording.match("lambda_url_invocation", {"statuscode": answer.status, "content": answer.text, "headers": {
        "x-amzn-RequestId": answer.headers["x-amzn-RequestId"]}})
    logs = lab.server.boto3("logs")
    events = wait_until(lambda: call(logs.filter_log_events, logGroupName="/aws/lambda/fn",
                                     filterPattern='"END RequestId"').get("events"), "the end is logged")
    recording.match("end_log_entries", [event["message"].rstrip() for event in events])
    recording.complete()


def test_the_form_of_request_ids(lab):
    recorded.load(INVOKE, "TestRequestIdHandling::test_request_id_format").complete()
    answer = lab.client.list_functions()
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
                        answer["ResponseMetadata"]["RequestId"])
