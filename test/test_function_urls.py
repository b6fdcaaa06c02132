"""Function URLs: who may use them, how they are reached, what is made of answers, and what goes wrong."""

import base64
import http.client
import json
import shutil
import subprocess
import threading
import time
import urllib.parse

import pytest

from lambda_lab import Lab, node  # noqa: F401
from support import Server, wait_until
from url_support import Answer, allow_everyone, host_of, make_url, needs, open_request, send

pytest.importorskip("botocore", reason="boto3 is not installed")

FORBIDDEN = {"Message": "Forbidden. For troubleshooting Function URL authorization issues, see: "
                        "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}


@pytest.fixture
def lab(server):
    made = Lab(server)
    if "create_function_url_config" not in dir(made.client):
        pytest.skip("this boto3 does not know function URLs")
    return made


def returning(expression):
    return f"def handler(event, context):\n    return {expression}\n"


# ---- Reaching them


def test_by_every_form_of_the_name(lab):
    url = make_url(lab)
    host = host_of(url)
    url_id = host.split(".")[0]
    port = urllib.parse.urlsplit(lab.server.url).port
    local = f"{url_id}.lambda-url.us-east-1.localhost"
    for asked in (host, f"{host}:443", f"{host}:{port}", host.upper(), local, f"{local}:{port}"):
        event = send(lab.server, url, host=asked).json()
        context = event["requestContext"]
        assert context["apiId"] == context["domainPrefix"] == url_id
        assert context["domainName"] == asked.split(":")[0].lower()
        assert event["headers"]["host"] == asked
        proto, from_port = ("http", str(port) if ":" in asked else "80") if "localhost" in asked else ("https", "443")
        assert (event["headers"]["x-forwarded-proto"], event["headers"]["x-forwarded-port"]) == (proto, from_port)
    for other in (host.replace("us-east-1", "eu-west-1"), "x" + host, local.replace("us-east-1", "us-east-2")):
        assert (answer := send(lab.server, url, host=other)).status == 403 and answer.text == '{"Message":null}', answer


def test_with_curl_over_tls(sortie):
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    server = Server(sortie, "--https-port", "0", "--ca-file", sortie.folder / "ca.pem")
    try:
        lab = Lab(server)
        if "create_function_url_config" not in dir(lab.client):
            pytest.skip("this boto3 does not know function URLs")
        url = make_url(lab)
        log = sortie.folder / "serve.log"
        wait_until(lambda: "https://localhost:" in log.read_text(), "the https port")
        port = log.read_text().partition("https://localhost:")[2].split()[0].strip(".,;)")
        done = subprocess.run(["curl", "-sS", "--cacert", sortie.folder / "ca.pem", "--connect-to", f"::127.0.0.1:{port}",
                               "-d", "a=b", url + "a/path?x=y"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        event = json.loads(done.stdout)
        assert event["rawPath"] == "/a/path" and event["queryStringParameters"] == {"x": "y"}
        assert base64.b64decode(event["body"]) == b"a=b" and event["isBase64Encoded"] is True
        done = subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"Host: {host_of(url)}",
                               server.url], capture_output=True, text=True)
        assert done.stdout == "200", done
    finally:
        server.stop()


def test_from_inside_a_function(lab, sandboxed):
    url = make_url(lab)
    lab.make(name="caller", Timeout=20, files={"handler.py": """\
import json, urllib.request
def handler(event, context):
    request = urllib.request.Request(event["url"] + "from/inside", headers={"X-Mine": "1", "Cookie": "a=1; b=2"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)
"""})
    answer = lab.client.invoke(FunctionName="caller", Payload=json.dumps({"url": url}))
    event = json.loads(answer["Payload"].read())
    assert event["rawPath"] == "/from/inside", event
    assert event["headers"]["x-mine"] == "1" and event["cookies"] == ["a=1", "b=2"]
    assert event["headers"]["x-forwarded-for"] == event["requestContext"]["http"]["sourceIp"]


def test_a_head_request_and_a_kept_connection(lab):
    url = make_url(lab, returning("{'statusCode': 200, 'body': event['requestContext']['http']['method']}"))
    where = urllib.parse.urlsplit(lab.server.url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
    for method, body in (("HEAD", b""), ("GET", b"GET"), ("DELETE", b"DELETE"), ("PATCH", b"PATCH")):
        connection.request(method, "/", headers={"Host": host_of(url)})
        answer = Answer(connection.getresponse())
        assert (answer.status, answer.body) == (200, body), answer
        assert answer.headers["x-amzn-requestid"] and answer.headers["x-amzn-trace-id"].startswith("Root=1-")
    connection.close()


def test_an_alias(lab):
    url = make_url(lab, returning("context.invoked_function_arn + ' ' + context.function_version"))
    lab.client.publish_version(FunctionName="fn")
    lab.client.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
    of_alias = lab.client.create_function_url_config(FunctionName="fn", Qualifier="live", AuthType="NONE")["FunctionUrl"]
    assert send(lab.server, of_alias).json() == FORBIDDEN  # the function's policy is not the alias's
    allow_everyone(lab.client, Qualifier="live")
    assert send(lab.server, of_alias).text.endswith(":function:fn:live 1")
    assert send(lab.server, url).text.endswith(":function:fn $LATEST")
    lab.client.delete_alias(FunctionName="fn", Name="live")
    assert send(lab.server, of_alias).text == '{"Message":null}'


def test_after_kill_9(sortie, tmp_path):
    server = Server(sortie, "--state", tmp_path / "state")
    lab = Lab(server)
    if "create_function_url_config" not in dir(lab.client):
        server.stop()
        pytest.skip("this boto3 does not know function URLs")
    url = make_url(lab)
    server.kill()
    server = Server(sortie, "--state", tmp_path / "state")
    try:
        assert send(server, url, "/still").json()["rawPath"] == "/still"
    finally:
        server.stop()


# ---- Who may


def signed_headers(url, key, body=b"", method="GET", target="/", service="lambda", secret=None):
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    request = AWSRequest(method, url.rstrip("/") + target, data=body)
    SigV4Auth(Credentials(key[0], secret or key[1], *key[2:]), service, "us-east-1").add_auth(request)
    return dict(request.headers)


def user_with(lab, name, *statements):
    iam = lab.server.boto3("iam")
    iam.create_user(UserName=name)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": list(statements)}))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def statement(action, **condition):
    return {"Effect": "Allow", "Action": action, "Resource": "*", **({"Condition": condition} if condition else {})}


def test_aws_iam(lab):
    url = make_url(lab, auth="AWS_IAM")
    both = user_with(lab, "both",
                     statement("lambda:InvokeFunctionUrl", StringEquals={"lambda:FunctionUrlAuthType": "AWS_IAM"}),
                     statement("lambda:InvokeFunction", Bool={"lambda:InvokedViaFunctionUrl": "true"}))
    target = "/a%20b?x=1"
    answer = send(lab.server, url, target, method="POST", body=b"text",
                  headers=signed_headers(url, both, b"text", "POST", target))
    assert answer.status == 200, answer
    event = answer.json()
    account = "000000000000"
    assert event["requestContext"]["accountId"] == account
    caller = event["requestContext"]["authorizer"]["iam"]
    assert caller == {"accessKey": both[0], "accountId": account, "callerId": caller["userId"], "cognitoIdentity": None,
                      "principalOrgId": None, "userArn": f"arn:aws:iam::{account}:user/both", "userId": caller["userId"]}
    assert caller["userId"].startswith("AIDA") and "authorization" not in event["headers"]
    # The condition lets him use the URL alone.
    from botocore.exceptions import ClientError
    with pytest.raises(ClientError, match="AccessDenied"):
        lab.server.boto3("lambda", credentials=both).invoke(FunctionName="fn")

    root = (lab.server.environment["AWS_ACCESS_KEY_ID"], lab.server.environment["AWS_SECRET_ACCESS_KEY"])
    assert send(lab.server, url, headers=signed_headers(url, root)).status == 200
    for number, statements in enumerate([
            [], [statement("lambda:InvokeFunctionUrl")], [statement("lambda:InvokeFunction")],
            [statement("lambda:InvokeFunction"),
             statement("lambda:InvokeFunctionUrl", StringEquals={"lambda:FunctionUrlAuthType": "NONE"})]]):
        answer = send(lab.server, url, headers=signed_headers(url, user_with(lab, f"u{number}", *statements)))
        assert answer.status == 403 and answer.json() == FORBIDDEN, statements
        assert answer.headers["x-amzn-errortype"] == "AccessDeniedException"


def test_aws_iam_with_sessions_and_resource_policies(lab):
    url = make_url(lab, auth="AWS_IAM")
    key = user_with(lab, "granted")
    who = "arn:aws:iam::000000000000:user/granted"
    assert send(lab.server, url, headers=signed_headers(url, key)).status == 403
    for action, more in (("lambda:InvokeFunctionUrl", {"FunctionUrlAuthType": "AWS_IAM"}), ("lambda:InvokeFunction", {})):
        lab.client.add_permission(FunctionName="fn", StatementId=action[7:], Action=action, Principal=who, **more)
    assert send(lab.server, url, headers=signed_headers(url, key)).status == 200
    session = lab.server.boto3("sts", credentials=key).get_session_token()["Credentials"]
    token = session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
    assert send(lab.server, url, headers=signed_headers(url, token)).status == 200


def test_aws_iam_refuses_what_is_not_signed_right(lab):
    url = make_url(lab, auth="AWS_IAM")
    root = (lab.server.environment["AWS_ACCESS_KEY_ID"], lab.server.environment["AWS_SECRET_ACCESS_KEY"])
    assert send(lab.server, url).json() == FORBIDDEN
    allow_everyone(lab.client)  # changes nothing: it is for the other type
    assert send(lab.server, url).json() == FORBIDDEN
    for what, headers in {
            "InvalidSignatureException": signed_headers(url, root, secret="wrong"),
            "UnrecognizedClientException": signed_headers(url, ("AKIAIOSFODNN7EXAMPLE", "x")),
            "InvalidSignatureException ": signed_headers(url, root, target="/other"),
            "IncompleteSignatureException": {"Authorization": "Basic eDp5"}}.items():
        answer = send(lab.server, url, headers=headers)
        assert answer.status in (400, 403) and what.strip() in answer.headers["x-amzn-errortype"], (what, answer)
    assert send(lab.server, url, headers=signed_headers(url, root, service="s3")).status == 403
    assert send(lab.server, url, method="POST", body=b"other", headers=signed_headers(url, root, b"body", "POST")).status == 403


def test_none_does_not_look_at_signatures(lab):
    url = make_url(lab)
    for headers in ({"Authorization": "Bearer token"}, {"Authorization": "AWS4-HMAC-SHA256 Credential=nonsense"}):
        event = send(lab.server, url, headers=headers).json()
        assert event["headers"]["authorization"] == headers["Authorization"]
        assert event["requestContext"]["accountId"] == "anonymous" and "authorizer" not in event["requestContext"]
    event = send(lab.server, url, "/?X-Amz-Signature=x&X-Amz-Credential=a/b/c/d/e").json()
    assert event["queryStringParameters"]["X-Amz-Signature"] == "x"


def test_the_type_that_is_permitted_counts(lab):
    url = make_url(lab)
    lab.client.update_function_url_config(FunctionName="fn", AuthType="AWS_IAM")
    assert send(lab.server, url).status == 403
    lab.client.update_function_url_config(FunctionName="fn", AuthType="NONE")
    assert send(lab.server, url).status == 200
    lab.client.remove_permission(FunctionName="fn", StatementId="urlPermission")
    assert send(lab.server, url).status == 403


def test_with_realism_both_permissions_are_needed(sortie):
    server = Server(sortie, "--realism", "aws")
    try:
        lab = Lab(server)
        if "create_function_url_config" not in dir(lab.client):
            pytest.skip("this boto3 does not know function URLs")
        needs(lab.client, "AddPermission", "InvokedViaFunctionUrl")
        wait_until(lambda: "FunctionArn" in lab.create(), "the role can be assumed")
        lab.active()
        url = make_url(lab, source=None)
        assert send(server, url).json() == FORBIDDEN
        lab.client.add_permission(FunctionName="fn", StatementId="b", Action="lambda:InvokeFunction", Principal="*",
                                  InvokedViaFunctionUrl=True)
        assert send(server, url).status == 200
    finally:
        server.stop()


# ---- Answers


def test_what_answers_become(lab):
    url = make_url(lab, "import json\ndef handler(event, context):\n    return json.loads(event['body'])\n")

    def answered(document):
        return send(lab.server, url, method="POST", body=json.dumps(document).encode(),
                    headers={"Content-Type": "application/json"})

    for document, text in (("plain", "plain"), ({"a": [1, "x y"]}, '{"a":[1,"x y"]}'), (True, "true"), (3, "3"),
                           (None, "null"), ({"body": "x"}, '{"body":"x"}')):
        answer = answered(document)
        assert (answer.status, answer.text, answer.headers["content-type"]) == (200, text, "application/json"), answer
    answer = answered({"statusCode": 418, "headers": {"content-type": "image/png", "X-Amz-Own": "1", "Date": "mine"},
                       "cookies": ["a=1; Secure", "b=2"], "isBase64Encoded": True,
                       "body": base64.b64encode(bytes(range(256))).decode()})
    assert answer.status == 418 and answer.body == bytes(range(256))
    assert answer.headers.get_all("set-cookie") == ["a=1; Secure", "b=2"]
    assert answer.headers["content-type"] == "image/png" and answer.headers["x-amz-own"] == "1"
    assert answer.headers["x-amzn-remapped-date"] == "mine" and answer.headers["date"] != "mine"
    for malformed in ({"statusCode": "many"}, {"statusCode": 7}, {"statusCode": 200, "headers": {"a": "b\r\nc: d"}},
                      {"statusCode": 200, "headers": {"a b": "c"}}, {"statusCode": 200, "cookies": "a=b"},
                      {"statusCode": 200, "body": "?", "isBase64Encoded": True}):
        answer = answered(malformed)
        assert (answer.status, answer.text) == (502, "Internal Server Error"), (malformed, answer)


def test_failures(lab):
    url = make_url(lab, """\
import os
def handler(event, context):
    what = event["rawPath"]
    if what == "/raise": raise ValueError(what)
    if what == "/exit": os._exit(3)
    if what == "/large": return "x" * 6291557
    return "x" * 6291000
""", Timeout=60)
    for what in ("/raise", "/exit", "/large"):
        answer = send(lab.server, url, what)
        assert (answer.status, answer.text) == (502, "Internal Server Error"), (what, answer)
        assert answer.headers["x-amzn-requestid"]
    assert len(send(lab.server, url, "/just-right").body) == 6291000


def test_a_timeout(lab):
    url = make_url(lab, "import time\ndef handler(event, context):\n    time.sleep(60)\n", Timeout=1)
    answer = send(lab.server, url)
    assert (answer.status, answer.text) == (502, "Internal Server Error")


def test_limits_of_requests(lab):
    url = make_url(lab, returning("len(event.get('body', ''))"))
    plain = {"Content-Type": "text/plain"}
    assert send(lab.server, url, method="POST", body=b"x" * 6_000_000, headers=plain).text == "6000000"
    for body, headers in ((b"x" * 6_291_457, plain), (b"\0" * 5_000_000, {})):  # as base64 the second is too large
        answer = send(lab.server, url, method="POST", body=body, headers=headers)
        assert answer.status == 413, answer
        assert answer.headers["x-amzn-errortype"] == "RequestEntityTooLargeException"
    assert send(lab.server, url, headers={"X-Huge": "x" * 70_000}).status == 431
    assert send(lab.server, url, headers={f"X-{number}": "y" for number in range(500)}).status == 200
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert send(lab.server, url, method="POST", body=b"a=" + b"x" * 3_000_000, headers=form).text == "4000004"


def test_throttling(lab):
    url = make_url(lab)
    lab.client.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=0)
    answer = send(lab.server, url)
    assert answer.status == 429 and answer.headers["x-amzn-errortype"] == "TooManyRequestsException"
    assert answer.json() == {"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "Type": "User",
                             "message": "Rate Exceeded."}
    lab.client.delete_function_concurrency(FunctionName="fn")
    assert send(lab.server, url).status == 200


def test_cors(lab):
    url = make_url(lab, returning("{'statusCode': 200, 'headers': {'Access-Control-Allow-Origin': 'mine'}, 'body': 'b'}"))
    ask = {"Origin": "https://a.example", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-a"}
    assert send(lab.server, url, method="OPTIONS", headers=ask).text == "b"  # not configured: the function is asked
    assert send(lab.server, url, headers=ask).headers["access-control-allow-origin"] == "mine"
    lab.client.update_function_url_config(FunctionName="fn", AuthType="AWS_IAM", Cors={
        "AllowOrigins": ["https://a.example"], "AllowMethods": ["PUT", "GET"], "AllowHeaders": ["x-a"],
        "ExposeHeaders": ["x-b"], "MaxAge": 60, "AllowCredentials": True})
    answer = send(lab.server, url, method="OPTIONS", headers=ask)  # never signed
    assert (answer.status, answer.body) == (200, b"")
    got = {name.lower(): value for name, value in answer.headers.items() if name.lower().startswith("access-")}
    assert got == {"access-control-allow-origin": "https://a.example", "access-control-allow-methods": "PUT,GET",
                   "access-control-allow-headers": "x-a", "access-control-max-age": "60",
                   "access-control-allow-credentials": "true"}
    other = send(lab.server, url, method="OPTIONS", headers={**ask, "Origin": "https://b.example"})
    assert "access-control-allow-origin" not in other.headers
    lab.client.update_function_url_config(FunctionName="fn", AuthType="NONE")
    answer = send(lab.server, url, headers={"Origin": "https://a.example"})
    assert answer.headers.get_all("access-control-allow-origin") == ["https://a.example"] and answer.text == "b"
    assert answer.headers["access-control-expose-headers"] == "x-b" and answer.headers["vary"] == "Origin"
    assert send(lab.server, url).headers["access-control-allow-origin"] == "mine"


# ---- Streams


STREAMS = """\
import { setTimeout as sleep } from "node:timers/promises";
const PRELUDE = "application/vnd.awslambda.http-integration-response";
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  const what = event.rawPath.slice(1);
  const begin = (type, text) => { stream.setContentType(type); stream.write(text); };
  if (what === "throw") throw new Error("early");
  if (what === "type") begin("text/css", "a {}");
  else if (what === "no-json") begin(PRELUDE, "no json" + "\\0".repeat(8));
  else if (what === "no-delimiter") begin(PRELUDE, '{"statusCode":200}');
  else if (what === "half-delimiter") begin(PRELUDE, '{"statusCode":200}' + "\\0".repeat(4) + "body");
  else if (what === "no-status") begin(PRELUDE, '{"statusCode":"?"}' + "\\0".repeat(8));
  else if (what === "split-header") begin(PRELUDE, '{"headers":{"a":"b\\\\r\\\\nc: d"}}' + "\\0".repeat(8));
  else if (what === "endless") { begin(PRELUDE, " "); for (let i = 0; i < 100; ++i) stream.write(" ".repeat(1000)); }
  else {
    stream = awslambda.HttpResponseStream.from(stream, { statusCode: 207, headers: { "X-A": "b" }, cookies: ["c=1", "d=2"] });
    stream.write("first ");
    if (what === "slow" || what === "long") await sleep(1500);
    if (what === "die") { await sleep(200); process.exit(9); }
    if (what === "fail") throw new Error("late");
    if (what === "long") for (let i = 0; i < 20; ++i) { stream.write("x".repeat(100000)); await sleep(20); }
    stream.write("second");
  }
  stream.end();
});
"""


def streaming_url(lab, mode="RESPONSE_STREAM"):
    return make_url(lab, STREAMS, mode=mode, Runtime="nodejs20.x", Handler="index.handler", Timeout=20)


def test_streams(lab, node):
    url = streaming_url(lab)
    answer = send(lab.server, url, "/whole")
    assert (answer.status, answer.text) == (207, "first second"), answer
    assert answer.headers["x-a"] == "b" and answer.headers.get_all("set-cookie") == ["c=1", "d=2"]
    assert answer.headers["transfer-encoding"] == "chunked" and answer.headers["x-amzn-requestid"]
    answer = send(lab.server, url, "/type")
    assert (answer.status, answer.text, answer.headers["content-type"]) == (200, "a {}", "text/css")
    for malformed in ("throw", "no-json", "no-delimiter", "half-delimiter", "no-status", "split-header", "endless"):
        answer = send(lab.server, url, "/" + malformed)
        assert (answer.status, answer.text) == (502, "Internal Server Error"), (malformed, answer)
    for broken in ("die", "fail"):
        connection, response = open_request(lab.server, url, "/" + broken)
        assert response.status == 207
        with pytest.raises(http.client.IncompleteRead) as cut:
            response.read()
        assert cut.value.partial == b"first ", broken
        connection.close()
    assert send(lab.server, url, "/whole").text == "first second"


def test_a_stream_comes_while_it_is_written(lab, node):
    url = streaming_url(lab)
    send(lab.server, url, "/whole")
    connection, response = open_request(lab.server, url, "/slow")
    first = response.read1(100)
    begun = time.monotonic()
    rest = response.read()
    assert (first, rest) == (b"first ", b"second") and time.monotonic() - begun > 1
    connection.close()


def test_a_streamed_response_at_a_buffered_url(lab, node):
    url = streaming_url(lab, mode="BUFFERED")
    answer = send(lab.server, url, "/whole")
    assert (answer.status, answer.text, answer.headers["content-length"]) == (207, "first second", "12")
    for failed in ("die", "fail", "no-json"):
        assert send(lab.server, url, "/" + failed).status == 502, failed


def test_clients_that_leave(lab, node):
    url = streaming_url(lab)
    send(lab.server, url, "/whole")
    for _ in range(3):
        connection, response = open_request(lab.server, url, "/long")
        response.read1(1)
        connection.close()

    def leave_at_once():
        where = urllib.parse.urlsplit(lab.server.url)
        with http.client.socket.create_connection((where.hostname, where.port)) as bare:
            bare.sendall(f"GET /slow HTTP/1.1\r\nHost: {host_of(url)}\r\n\r\n".encode())

    threads = [threading.Thread(target=leave_at_once) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert send(lab.server, url, "/whole").text == "first second"
    logs = lab.server.boto3("logs")

    def ended():
        events = logs.filter_log_events(logGroupName="/aws/lambda/fn", filterPattern="REPORT")["events"]
        return len(events) >= 5 and events

    # The functions were not told: they ran to their ends.
    assert not [event for event in wait_until(ended, "the functions have ended") if "Status:" in event["message"]]
