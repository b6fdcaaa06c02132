"""`--on aws`: the runner against another endpoint, in a second process; and its control calls against moto's server."""

import os
import shutil
import socket
import subprocess
import urllib.request

import pytest

from support import EXECUTION_TRUST, FAILED, INFRASTRUCTURE, PASSED, USAGE, wait_until


def make_role(server):
    iam = server.boto3("iam")
    arn = iam.create_role(RoleName="runner", AssumeRolePolicyDocument=EXECUTION_TRUST)["Role"]["Arn"]
    iam.attach_role_policy(RoleName="runner", PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
    return arn


@pytest.fixture
def role(server):
    pytest.importorskip("boto3", reason="boto3 is not installed")
    return make_role(server)


def run_there(sortie, server, *arguments, **options):
    environment = {name: value for name, value in server.environment.items() if name != "AWS_ENDPOINT_URL"}
    return sortie.run("--on", "aws", "--endpoint-url", server.url, *arguments, environment=environment, **options)


def test_run_elsewhere(sortie, suites, server, role):
    result = run_there(sortie, server, suites("gtest/nasty"), "--role", role, "--filter", "Good.P*", "--filter",
                       "Bad.Segfault", "--filter", "Output.WithoutNewline")
    result.check_consistent()
    assert result.status == FAILED, result
    assert result.test("Bad.Segfault").outcome == "crashed"
    assert result.test("Good.PrintsToBoth").outcome == "passed"
    assert b"to standard error\n" in result.test("Good.PrintsToBoth").output
    assert server.boto3("lambda").list_functions()["Functions"] == [], "the function is removed afterwards"


def test_role_policy_makes_and_removes_a_role(sortie, suites, server, tmp_path):
    pytest.importorskip("boto3", reason="boto3 is not installed")
    policy = tmp_path / "policy.json"
    policy.write_text('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}')
    result = run_there(sortie, server, suites("gtest/nasty"), "--role-policy", policy, "--filter", "Good.Passes")
    assert result.status == PASSED, result
    assert server.boto3("iam").list_roles()["Roles"] == []


def test_many_workers(sortie, suites, server, role):
    result = run_there(sortie, server, suites("gtest/many"), "--role", role, "--workers", "4", timeout=300)
    result.check_consistent()
    assert len(result.tests) == 5000 and result.summary()["failed"] == 5


def test_credentials_from_profile_files(sortie, suites, server, role):
    (sortie.folder / ".aws").mkdir()
    (sortie.folder / ".aws/credentials").write_text(
        f"[testing]\naws_access_key_id = {server.environment['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {server.environment['AWS_SECRET_ACCESS_KEY']}\n")
    (sortie.folder / ".aws/config").write_text("[profile testing]\nregion = us-east-1\n")
    result = sortie.run("--on", "aws", "--profile", "testing", "--endpoint-url", server.url, suites("gtest/nasty"), "--role",
                        role, "--filter", "Good.Passes")
    assert result.status == PASSED, result


def test_without_credentials(sortie, suites, server):
    result = sortie.run("--on", "aws", "--endpoint-url", server.url, "--region", "us-east-1", suites("gtest/nasty"),
                        "--role", "arn:aws:iam::123456789012:role/x", timeout=60)
    assert result.status in (USAGE, INFRASTRUCTURE), result
    assert "credentials" in result.stderr


def test_role_that_is_not_there(sortie, suites, server):
    result = run_there(sortie, server, suites("gtest/nasty"), "--role", "arn:aws:iam::123456789012:role/nobody")
    assert result.status == USAGE, result
    assert "role" in result.stderr


def test_endpoint_that_is_not_there(sortie, suites):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    result = sortie.run("--on", "aws", "--endpoint-url", f"http://127.0.0.1:{port}", "--region", "us-east-1", "--role",
                        "arn:aws:iam::123456789012:role/x", suites("gtest/nasty"),
                        environment={"AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": "x"})
    assert result.status == INFRASTRUCTURE, result
    assert f"127.0.0.1:{port}" in result.stderr


def test_server_that_dies_in_mid_run(sortie, suites, server, role):
    """Tests that nobody reported are lost, never passed."""
    environment = {name: value for name, value in server.environment.items() if name != "AWS_ENDPOINT_URL"}
    events = sortie.folder / "events.jsonl"
    process = sortie.start("run", "--on", "aws", "--endpoint-url", server.url, "--role", role, "--json", events,
                           suites("gtest/nasty"), "--filter", "Bad.Hang", "--filter", "Good.Passes", "--timeout", "5m",
                           "--workers", "1", environment=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_until(lambda: events.exists() and b"hanging" in events.read_bytes(), "the hanging test runs")
    server.kill()
    output, _ = process.communicate(timeout=120)
    assert process.returncode == INFRASTRUCTURE, output.decode()


@pytest.fixture
def moto(sortie):
    if shutil.which("moto_server") is None:
        pytest.skip("moto's server is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = open(sortie.folder / "moto.log", "wb")
    process = subprocess.Popen(["moto_server", "-p", str(port)], stdout=log, stderr=log,
                               env={**os.environ, "TMPDIR": str(sortie.folder), "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"})
    url = f"http://127.0.0.1:{port}"

    def answers():
        try:
            return urllib.request.urlopen(f"{url}/moto-api/", timeout=5).status == 200
        except OSError:
            assert process.poll() is None, (sortie.folder / "moto.log").read_text()
            return False
    wait_until(answers, "moto answers", 60)
    yield url
    process.terminate()
    process.wait(30)
    log.close()


def test_control_calls_against_moto(sortie, suites, moto):
    """moto runs no code without Docker: role, function and clean-up are made there, the invocation then fails."""
    boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
    credentials = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}

    def client(service):
        return boto3.client(service, endpoint_url=moto, region_name="us-east-1", aws_access_key_id="x",
                            aws_secret_access_key="x")
    role = client("iam").create_role(RoleName="runner", AssumeRolePolicyDocument=EXECUTION_TRUST)["Role"]["Arn"]
    result = sortie.run("--on", "aws", "--endpoint-url", moto, "--region", "us-east-1", "--role", role,
                        suites("gtest/nasty"), "--filter", "Good.Passes", environment=credentials, timeout=180)
    assert result.status == INFRASTRUCTURE, result
    steps = [event["step"] for event in result.events if event["event"] == "step"]
    assert "Deploy" in steps, result
    assert client("lambda").list_functions()["Functions"] == [], "the function is removed afterwards"
