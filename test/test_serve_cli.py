"""The real AWS command line interface against `sortie serve`."""

import base64
import json

import pytest

from support import EXECUTION_TRUST, FAILED, PASSED, Server

pytestmark = pytest.mark.usefixtures("aws_cli")


def succeed(server, *arguments):
    """The answer, where the command's output is JSON."""
    ended = server.aws(*arguments)
    assert ended.status == 0, f"aws {arguments}: {ended}"
    return json.loads(ended.stdout) if ended.stdout.startswith("{") else {}


def make_role(server, name="runner"):
    role = succeed(server, "iam", "create-role", "--role-name", name, "--assume-role-policy-document", EXECUTION_TRUST)
    succeed(server, "iam", "attach-role-policy", "--role-name", name, "--policy-arn",
            "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
    return role["Role"]["Arn"]


def package_suite(sortie, suites, *options):
    target = sortie.folder / "suite.zip"
    ended = sortie("package", suites("gtest/nasty"), "-o", target, *options)
    assert ended.status == PASSED, ended
    return target


def make_function(server, sortie, suites, name="suite"):
    zip_file = package_suite(sortie, suites)
    succeed(server, "lambda", "create-function", "--function-name", name, "--runtime", "provided.al2023", "--handler",
            "bootstrap", "--role", make_role(server), "--zip-file", f"fileb://{zip_file}", "--timeout", "60",
            "--memory-size", "512")
    succeed(server, "lambda", "wait", "function-active-v2", "--function-name", name)


def batch_of(*tests):
    """A payload as the runner sends it (src/suite/protocol.h)."""
    return json.dumps({
        "request": "run", "suite": {"name": "nasty", "executable": "nasty", "framework": "gtest", "args": [], "env": {},
                                    "cwd": "task"},
        "tests": [{"name": test} for test in tests], "isolation": "batch", "test_timeout_ms": 20000, "attempt": 1,
        "fail_fast": False})


def invoke(server, sortie, payload, *options):
    """The metadata and the answer. The payload goes by a file: versions 1 and 2 of the CLI agree on that alone."""
    question, answer = sortie.folder / "question", sortie.folder / "answer"
    question.write_text(payload)
    metadata = succeed(server, "lambda", "invoke", "--function-name", "suite", "--payload", f"fileb://{question}", *options,
                       answer)
    return metadata, answer.read_text()


def test_role_function_invoke_log(sortie, suites, server):
    """The whole way by hand: role, function from a zip of `sortie package`, invocation, log."""
    make_function(server, sortie, suites)
    invoked, answer = invoke(server, sortie, batch_of("Good.PrintsToBoth", "Bad.Segfault"), "--log-type", "Tail")
    assert invoked["StatusCode"] == 200 and "FunctionError" not in invoked
    events = [json.loads(line) for line in answer.splitlines()]
    assert events[0]["event"] == "hello" and events[-1]["event"] == "batch_ended"
    outcomes = {event["test"]: event["outcome"] for event in events if event["event"] == "test_ended"}
    assert outcomes == {"Good.PrintsToBoth": "passed", "Bad.Segfault": "crashed"}
    tail = base64.b64decode(invoked["LogResult"]).decode()
    assert "START RequestId: " in tail and "REPORT RequestId: " in tail
    streams = succeed(server, "logs", "describe-log-streams", "--log-group-name", "/aws/lambda/suite")["logStreams"]
    assert len(streams) == 1
    events = succeed(server, "logs", "get-log-events", "--log-group-name", "/aws/lambda/suite", "--log-stream-name",
                     streams[0]["logStreamName"])["events"]
    text = "".join(event["message"] for event in events)
    assert "START RequestId: " in text and "END RequestId: " in text and "REPORT RequestId: " in text
    assert "to standard output" in text and "to standard error" in text


def test_an_invocation_that_is_no_request_is_answered(sortie, suites, server):
    make_function(server, sortie, suites)
    for payload in ("{}", "[]", '"text"', '{"request":"run"}'):
        _, answer = invoke(server, sortie, payload)
        assert "bad_request" in answer, f"{payload}: {answer}"


def test_sortie_logs_and_invoke_against_the_server(sortie, suites, server):
    make_function(server, sortie, suites)
    environment = {**server.environment}
    invoked = sortie("invoke", "suite", "--payload", "{}", "--endpoint-url", server.url, environment=environment)
    assert invoked.status in (PASSED, FAILED), invoked
    assert "REPORT RequestId: " in invoked.stderr
    logs = sortie("logs", "suite", "--endpoint-url", server.url, environment=environment)
    assert logs.status == PASSED and "REPORT RequestId: " in logs.stdout, logs
    missing = sortie("invoke", "nobody", "--endpoint-url", server.url, environment=environment)
    assert missing.status == 3 and "nobody" in missing.stderr, missing


def test_function_error_is_exit_status_1(sortie, server, tmp_path):
    import zipfile
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, "#!/bin/sh\necho starting badly\nexit 9\n")
    ended = sortie("invoke", "--zip", tmp_path / "bad.zip", "--handler", "x", "--runtime", "provided.al2023")
    assert ended.status == FAILED, ended
    assert "Runtime.ExitError" in ended.stdout and "exit status 9" in ended.stdout
    assert "starting badly" in ended.stderr and "REPORT RequestId: " in ended.stderr


def test_s3(server, tmp_path):
    (tmp_path / "file").write_bytes(b"content \0 of a file" * 1000)
    succeed(server, "s3", "mb", "s3://a-bucket")
    succeed(server, "s3", "cp", tmp_path / "file", "s3://a-bucket/some/key", "--only-show-errors")
    listed = server.aws("s3", "ls", "s3://a-bucket/some/")
    assert listed.status == 0 and "key" in listed.stdout
    succeed(server, "s3", "cp", "s3://a-bucket/some/key", tmp_path / "copy", "--only-show-errors")
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "file").read_bytes()
    succeed(server, "s3", "rm", "s3://a-bucket/some/key", "--only-show-errors")
    succeed(server, "s3", "rb", "s3://a-bucket")


def test_s3_multipart(server, tmp_path):
    (tmp_path / "large").write_bytes(bytes(range(256)) * (80 * 1024))  # 20 MiB: past the CLI's threshold
    succeed(server, "s3", "mb", "s3://a-bucket")
    succeed(server, "s3", "cp", tmp_path / "large", "s3://a-bucket/large", "--only-show-errors")
    succeed(server, "s3", "cp", "s3://a-bucket/large", tmp_path / "copy", "--only-show-errors")
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "large").read_bytes()


def test_sts(server):
    identity = succeed(server, "sts", "get-caller-identity")
    assert len(identity["Account"]) == 12 and identity["Arn"].startswith("arn:aws:")


def test_forged_credentials_are_refused(server):
    server.environment["AWS_SECRET_ACCESS_KEY"] = "x" * 40
    ended = server.aws("sts", "get-caller-identity")
    assert ended.status != 0 and "SignatureDoesNotMatch" in ended.stderr, ended
    server.environment["AWS_ACCESS_KEY_ID"] = "AKIAIOSFODNN7EXAMPLE"
    ended = server.aws("sts", "get-caller-identity")
    assert ended.status != 0 and "InvalidClientTokenId" in ended.stderr, ended


def test_serve_with_a_command(sortie):
    ended = sortie("serve", "--", "sh", "-c", 'aws --endpoint-url "$AWS_ENDPOINT_URL" s3 mb s3://a-bucket && exit 7')
    assert ended.status == 7, ended
    assert "make_bucket: a-bucket" in ended.stdout


def test_serve_prints_exports_that_a_shell_takes(sortie):
    running = Server(sortie)
    try:
        assert running.url.startswith("http://127.0.0.1:")
    finally:
        assert running.stop() == 0


def test_a_port_in_use_is_explained(sortie, server):
    port = server.url.rsplit(":", 1)[1]
    ended = sortie("serve", "--port", port, timeout=20)
    assert ended.status == 2 and "hint: " in ended.stderr, ended
