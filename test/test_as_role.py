"""`sortie serve --as-role`: a command as if it were on EC2, with instance metadata and AWS's own names."""

import json
import os
import shutil
import signal
import subprocess

import pytest

import support

ALLOW = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"},
    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::blobs-of-role/*"}]}


@pytest.fixture(autouse=True)
def open_folder(sortie):
    """Under root the command is nobody to this machine."""
    sortie.folder.chmod(0o755)


@pytest.fixture
def curl():
    if shutil.which("curl", path="/usr/bin:/bin") is None:
        pytest.skip("curl is not installed where sandboxes see it")


def write(sortie, name, content):
    path = sortie.folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(0o755)
    return path


def as_role(sortie, script, *options, role="tester", **more):
    """Runs a shell script in the instance's sandbox."""
    write(sortie, "allow.json", ALLOW)
    write(sortie, "script", f"#!/bin/sh\n{script}\n")
    return sortie("serve", "--as-role", role, "--role-policy", "allow.json", *options, "--", "./script", **more)


METADATA = "http://169.254.169.254/latest"
TOKEN = f"token=$(curl -sS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {METADATA}/api/token)"
GET = 'curl -sS -H "X-aws-ec2-metadata-token: $token"'


def test_the_exit_status_and_both_outputs_are_the_commands(sortie):
    ended = as_role(sortie, "echo out; echo err >&2; exit 7")
    assert (ended.status, ended.stdout) == (7, "out\n"), ended
    assert "err\n" in ended.stderr
    assert as_role(sortie, "kill -KILL $$").status == 128 + signal.SIGKILL
    assert as_role(sortie, "exec no-such-program").status == 127


def test_metadata_needs_a_token_and_has_the_roles_keys(sortie, sandboxed, curl):
    ended = as_role(sortie, f"""
        curl -sS -o /dev/null -w '%{{http_code}}\\n' {METADATA}/meta-data/
        {TOKEN}
        {GET} {METADATA}/meta-data/iam/security-credentials/; echo
        {GET} {METADATA}/meta-data/iam/security-credentials/tester; echo
        {GET} {METADATA}/dynamic/instance-identity/document; echo""", "--region", "eu-west-1")
    assert ended.status == 0, ended
    refused, role, *rest = ended.stdout.splitlines()
    decoder, credentials = json.JSONDecoder(), json.loads(rest[0])
    document, _ = decoder.raw_decode("".join(rest[1:]))
    assert (refused, role, credentials["Code"]) == ("401", "tester", "Success"), ended
    assert credentials["AccessKeyId"].startswith("ASIA") and credentials["Token"]
    assert document["region"] == "eu-west-1"


def test_containers_have_an_endpoint_of_their_own(sortie, sandboxed, curl):
    ended = as_role(sortie, 'curl -sS "http://169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"', "--container")
    assert json.loads(ended.stdout)["RoleArn"].endswith(":role/tester"), ended


def test_nothing_of_the_hosts_keys_is_inside(sortie):
    ended = as_role(sortie, "env", environment={"AWS_ACCESS_KEY_ID": "AKIAOFTHEHOST", "AWS_PROFILE": "host", "OWN": "kept"})
    assert ended.status == 0 and "OWN=kept" in ended.stdout, ended
    assert "AKIAOFTHEHOST" not in ended.stdout and "AWS_PROFILE" not in ended.stdout


def test_a_program_for_ec2_uses_the_role_by_aws_names(sortie, sandboxed):
    """s3cli with `env_or_profile`: keys from instance metadata, https://BUCKET.s3.amazonaws.com with checked certificates."""
    if not support.S3CLI.exists():
        pytest.skip(f"{support.S3CLI} is not built")
    state = sortie.folder / "state"
    server = support.Server(sortie, "--state", str(state))
    try:
        server.boto3("s3").create_bucket(Bucket="blobs-of-role")
        server.boto3("s3").create_bucket(Bucket="other-bucket")
    finally:
        server.stop()
    program = write_program(sortie)
    write(sortie, "config.json", {"bucket_name": "blobs-of-role", "credentials_source": "env_or_profile"})
    write(sortie, "denied.json", {"bucket_name": "other-bucket", "credentials_source": "env_or_profile"})
    write(sortie, "blob", "the blob\n")
    ended = as_role(sortie, f"""
        set -e
        ./{program} -c config.json put blob a/key
        ./{program} -c config.json get a/key /tmp/back
        cat /tmp/back
        ./{program} -c denied.json put blob a/key && exit 9
        exit 0""", "--state", state)
    assert (ended.status, ended.stdout) == (0, "the blob\n"), ended
    assert "AccessDenied" in ended.stderr and "assumed-role/tester/i-" in ended.stderr, ended


def write_program(sortie):
    shutil.copy(support.S3CLI, sortie.folder / "s3cli")
    return "s3cli"


def test_an_sdk_finds_the_role_by_itself(sortie, sandboxed, aws_cli):
    if shutil.which("aws", path="/usr/bin:/bin") is None:
        pytest.skip("the AWS CLI is not installed where sandboxes see it")
    ended = as_role(sortie, "/usr/bin/aws sts get-caller-identity && /usr/bin/aws s3 ls && ! /usr/bin/aws iam list-users")
    assert ended.status == 0, ended
    assert json.loads(ended.stdout)["Arn"].split("/")[1] == "tester"
    assert "is not authorized to perform: iam:ListUsers" in ended.stderr


def test_signals_reach_the_command(sortie):
    write(sortie, "allow.json", ALLOW)
    process = sortie.start("serve", "--as-role", "tester", "--role-policy", "allow.json", "--",
                           "sh", "-c", "trap 'exit 5' TERM; echo ready; while :; do :; done",
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(support.PATIENCE_S) == 5
    process.stdout.close()
    process.stderr.close()


def test_what_cannot_work_is_said(sortie):
    absent = sortie("serve", "--as-role", "nobody", "--", "true")
    assert absent.status == support.USAGE and "--role-policy" in absent.stderr, absent
    no_file = sortie("serve", "--as-role", "r", "--role-policy", "nope.json", "--", "true")
    assert no_file.status == support.USAGE and "nope.json" in no_file.stderr, no_file
    write(sortie, "broken.json", "{")
    broken = sortie("serve", "--as-role", "r", "--role-policy", "broken.json", "--", "true")
    assert broken.status == support.USAGE and "broken.json" in broken.stderr, broken
    write(sortie, "allow.json", ALLOW)
    no_mount = sortie("serve", "--as-role", "r", "--role-policy", "allow.json", "--mount", "nowhere", "--", "true")
    assert no_mount.status == support.USAGE and "nowhere" in no_mount.stderr, no_mount
    no_command = sortie("serve", "--as-role", "r", "--role-policy", "allow.json")
    assert no_command.status == support.USAGE and "--as-role needs a command" in no_command.stderr, no_command


def test_a_folder_that_the_command_could_not_read(sortie, sandboxed):
    if os.geteuid() != 0:
        pytest.skip("a plain user's sandboxes read what the user reads")
    sortie.folder.chmod(0o700)
    ended = as_role(sortie, "true")
    assert ended.status == support.USAGE and "chmod" in ended.stderr, ended


def test_a_role_that_ec2_may_not_assume(sortie):
    state = sortie.folder / "state"
    server = support.Server(sortie, "--state", str(state))
    try:
        server.boto3("iam").create_role(RoleName="for-lambda", AssumeRolePolicyDocument=support.EXECUTION_TRUST)
    finally:
        server.stop()
    ended = sortie("serve", "--state", state, "--as-role", "for-lambda", "--", "true")
    assert ended.status == support.USAGE and "ec2.amazonaws.com" in ended.stderr, ended


def test_where_there_are_no_namespaces_the_endpoints_are_named(sortie):
    ended = as_role(sortie, "env", environment={"SORTIE_SANDBOX": "plain"})
    assert ended.status == 0, ended
    assert "AWS_ENDPOINT_URL=http://127.0.0.1:" in ended.stdout
    assert "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:" in ended.stdout
