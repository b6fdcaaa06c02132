"""`sortie invoke --zip` with what a function needs, and the environment that `sortie serve -- COMMAND` gives."""

import json
import sys
import zipfile

import pytest

import support
from support import FAILED, PASSED, USAGE

#: A function that asks S3 for its bucket with its own keys.
HANDLER = """
import json, os, subprocess

def main(event, context):
    bucket = os.environ["BUCKET"]
    with open("/tmp/c.json", "w") as config:
        json.dump({"bucket_name": bucket, "credentials_source": "env_or_profile"}, config)
    s3cli = ["/var/task/s3cli", "-c", "/tmp/c.json"]
    subprocess.run([*s3cli, "put", "/var/task/app.py", "key"], check=True)
    subprocess.run([*s3cli, "get", "key", "/tmp/back"], check=True)
    return open("/tmp/back").read() == open("/var/task/app.py").read() and bucket
"""
RUNTIME = ("--runtime", f"python3.{sys.version_info.minor}", "--handler", "app.main")


@pytest.fixture
def package(sortie):
    if not support.S3CLI.exists():
        pytest.skip(f"{support.S3CLI} is not built")
    path = sortie.folder / "function.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (("app.py", HANDLER.encode()), ("s3cli", support.S3CLI.read_bytes())):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, content)
    return path


def test_a_bucket_for_the_function(sortie, package, sandboxed):
    ended = sortie("invoke", "--zip", package, *RUNTIME, "--bucket", "data", "--bucket", "more", "--env", "BUCKET=data")
    assert ended.status == PASSED and ended.stdout == '"data"', ended
    without = sortie("invoke", "--zip", package, *RUNTIME, "--env", "BUCKET=data")
    assert without.status == FAILED and "CalledProcessError" in without.stdout, without


def test_a_stack_for_the_function(sortie, package, sandboxed):
    role = {"Type": "AWS::IAM::Role", "Properties": {
        "AssumeRolePolicyDocument": json.loads(support.EXECUTION_TRUST),
        "Policies": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["logs:*", "s3:*"], "Resource": "*"}]}}]}}
    (sortie.folder / "iam.template.json").write_text(json.dumps({
        "Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}, "Role": role},
        "Outputs": {"BucketName": {"Value": {"Ref": "Bucket"}}}}))
    ended = sortie("invoke", "--zip", package, *RUNTIME, "--stack", "iam.template.json", "--env", "BUCKET=${stack.BucketName}")
    assert ended.status == PASSED and ended.stdout.startswith('"sortie-iam-'), ended


@pytest.mark.parametrize("arguments, said", [
    (["function", "--bucket", "b"], "--zip"),
    (["function", "--stack", "t.json"], "--zip"),
    (["--zip", "function.zip", "--bucket", "No_Such_Name"], "--bucket No_Such_Name"),
    (["--zip", "function.zip", "--stack", "nowhere.json"], "nowhere.json"),
    (["--zip", "function.zip", "--stack", "t.json", "--role-policy", "p.json"], "--role-policy"),
])
def test_mistakes(sortie, package, arguments, said):
    ended = sortie("invoke", *arguments)
    assert ended.status == USAGE and said in ended.stderr, ended


def test_what_would_mislead_a_command_is_not_passed_on(sortie):
    inherited = {"AWS_CA_BUNDLE": "/no/such/bundle.pem", "AWS_PROFILE": "production", "AWS_SESSION_TOKEN": "token",
                 "AWS_ENDPOINT_URL_S3": "https://example.com", "AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true",
                 "HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "example.com", "OTHER": "kept"}
    ended = sortie("serve", "--", "env", environment=inherited)
    assert ended.status == PASSED, ended
    seen = dict(line.split("=", 1) for line in ended.stdout.splitlines() if "=" in line)
    assert not {"AWS_CA_BUNDLE", "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_USE_FIPS_ENDPOINT",
                "AWS_USE_DUALSTACK_ENDPOINT"} & seen.keys()
    assert seen["OTHER"] == "kept" and seen["NO_PROXY"] == "example.com,127.0.0.1,localhost", seen
    assert seen["no_proxy"] == "127.0.0.1,localhost" and seen["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")


def test_clients_of_a_command_work_whatever_was_set(sortie):
    pytest.importorskip("boto3", reason="boto3 is not installed")
    program = "import boto3; boto3.client('s3').create_bucket(Bucket='a-bucket'); print(boto3.client('s3').list_buckets()['Buckets'][0]['Name'])"
    ended = sortie("serve", "--", sys.executable, "-c", program,
                   environment={"AWS_CA_BUNDLE": "/no/such/bundle.pem", "HTTP_PROXY": "http://127.0.0.1:9",
                                "https_proxy": "http://127.0.0.1:9"})
    assert ended.status == PASSED and ended.stdout == "a-bucket\n", ended
