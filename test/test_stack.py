"""`sortie run --stack TEMPLATE`: the suite's role and what it needs come from a CloudFormation stack."""

import json
import re

import pytest

import support
from support import FAILED, INFRASTRUCTURE, PASSED, USAGE

BUCKET = {"Type": "AWS::S3::Bucket"}


def role(*actions):
    return {"Type": "AWS::IAM::Role", "Properties": {
        "AssumeRolePolicyDocument": json.loads(support.EXECUTION_TRUST),
        "Policies": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
             "Resource": "arn:aws:logs:*:*:*"},
            *({"Effect": "Allow", "Action": action,
               "Resource": [{"Fn::GetAtt": ["Bucket", "Arn"]}, {"Fn::Join": ["", [{"Fn::GetAtt": ["Bucket", "Arn"]}, "/*"]]}]}
              for action in actions)]}}]}}


def template(sortie, resources, outputs=None):
    path = sortie.folder / "needs.template.json"
    path.write_text(json.dumps({"Resources": resources, "Outputs": outputs or {}}))
    return path


@pytest.fixture
def suite(sortie):
    """Asks S3 for its bucket with the function's own keys; passes when it may."""
    if not support.S3CLI.exists():
        pytest.skip(f"{support.S3CLI} is not built")
    script = sortie.folder / "asks"
    script.write_text('#!/bin/sh\nset -e\ncd /tmp\n'
                      'printf \'{"bucket_name":"%s","credentials_source":"env_or_profile"}\' "$BUCKET" >c.json\n'
                      'echo content >file\n'
                      '/var/task/s3cli -c c.json put file key\n/var/task/s3cli -c c.json get key back\ncmp file back\n')
    script.chmod(0o755)
    return script


OUTPUTS = {"BucketName": {"Value": {"Ref": "Bucket"}}}


def run(sortie, suite, stack, *more):
    return sortie.run(suite, "--asset", support.S3CLI, "--stack", stack, "--env", "BUCKET=${stack.BucketName}", *more)


def test_the_stacks_role_and_outputs_are_the_suites(sortie, suite, sandboxed):
    stack = template(sortie, {"Bucket": BUCKET, "Role": role("s3:*")}, OUTPUTS)
    result = run(sortie, suite, stack)
    assert result.status == PASSED, result
    assert "Stack  needs: bucket, role" in result.stdout or "Stack  needs: role, bucket" in result.stdout, result


def test_a_stack_whose_role_lacks_a_right(sortie, suite, sandboxed):
    stack = template(sortie, {"Bucket": BUCKET, "Role": role("s3:GetObject")}, OUTPUTS)
    result = run(sortie, suite, stack)
    assert result.status == FAILED and "is not authorized to perform: s3:PutObject" in result.stdout, result


def test_of_several_roles_the_output_says_which(sortie, suite, sandboxed):
    two = {"Bucket": BUCKET, "Role": role("s3:*"), "Other": role("s3:GetObject")}
    unsaid = run(sortie, suite, template(sortie, two, OUTPUTS))
    assert unsaid.status == USAGE and "RoleArn" in unsaid.stderr, unsaid
    named = {**OUTPUTS, "RoleArn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}}
    assert run(sortie, suite, template(sortie, two, named)).status == PASSED


def test_list_takes_a_stack_too(sortie, suite):
    stack = template(sortie, {"Bucket": BUCKET, "Role": role("s3:*")}, OUTPUTS)
    ended = sortie("list", suite, "--stack", stack, "--env", "BUCKET=${stack.BucketName}")
    assert (ended.status, ended.stdout) == (PASSED, "asks::asks\n"), ended


def test_what_is_wrong_with_a_template_is_said(sortie, suite):
    failing = {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "Not_A_Name"}}, "Role": role("s3:*")}
    result = run(sortie, suite, template(sortie, failing, OUTPUTS))
    assert result.status == INFRASTRUCTURE and "Bucket (AWS::S3::Bucket)" in result.stderr, result
    unknown = run(sortie, suite, template(sortie, {"Bucket": {"Type": "AWS::Nothing::AtAll"}, "Role": role()}, OUTPUTS))
    assert unknown.status in (USAGE, INFRASTRUCTURE) and "AWS::Nothing::AtAll" in unknown.stderr, unknown
    broken = sortie.folder / "broken.json"
    broken.write_text("{")
    result = run(sortie, suite, broken)
    assert result.status == USAGE and "--stack" in result.stderr, result
    missing = sortie.run(suite, "--stack", "nowhere.json")
    assert missing.status == USAGE and "nowhere.json" in missing.stderr, missing
    stack = template(sortie, {"Bucket": BUCKET, "Role": role("s3:*")}, OUTPUTS)
    wrong = sortie.run(suite, "--stack", stack, "--env", "BUCKET=${stack.Other}")
    assert wrong.status == USAGE and "${stack.BucketName}" in wrong.stderr, wrong


def test_on_aws_nothing_is_left(sortie, suite, server):
    stack = template(sortie, {"Bucket": BUCKET, "Role": role("s3:*")}, OUTPUTS)
    there = ("--on", "aws", "--endpoint-url", server.url)
    script = sortie.folder / "passes"
    script.write_text("#!/bin/sh\n[ -n \"$BUCKET\" ]\n")
    script.chmod(0o755)
    result = sortie.run(script, "--stack", stack, "--env", "BUCKET=${stack.BucketName}", *there,
                        environment=server.environment)
    assert result.status == PASSED, result
    assert server.boto3("cloudformation").describe_stacks()["Stacks"] == []
    assert server.boto3("s3").list_buckets()["Buckets"] == [] and server.boto3("iam").list_roles()["Roles"] == []

    kept = sortie.run(script, "--stack", stack, "--keep", "--env", "BUCKET=${stack.BucketName}", *there,
                      environment=server.environment)
    assert kept.status == PASSED, kept
    assert [found["StackStatus"] for found in server.boto3("cloudformation").describe_stacks()["Stacks"]] == ["CREATE_COMPLETE"]
    again = sortie.run(script, "--stack", stack, "--keep", "--env", "BUCKET=${stack.BucketName}", *there,
                       environment=server.environment)
    assert again.status == PASSED and len(server.boto3("s3").list_buckets()["Buckets"]) == 1, again


def test_the_stacks_name_is_short_and_leaves_room(sortie, suite, server):
    """A bucket's generated name begins with the stack's; suites append to it, within S3's 63 characters."""
    path = sortie.folder / "a_rather_long_name-of-a-template.with.dots.json"
    path.write_text(json.dumps({"Resources": {"Bucket": BUCKET, "Role": role("s3:*")}, "Outputs": OUTPUTS}))
    script = sortie.folder / "says"
    script.write_text("#!/bin/sh\necho \"bucket $BUCKET\"\n")
    script.chmod(0o755)
    names = set()
    for _ in range(2):
        result = sortie.run(script, "--stack", path, "--env", "BUCKET=${stack.BucketName}", "--show-output", "all", "--on",
                            "aws", "--endpoint-url", server.url, environment=server.environment)
        assert result.status == PASSED, result
        names.add(re.search(r"bucket (\S+)", result.stdout).group(1))
    assert len(names) == 2 and all(re.fullmatch(r"sortie-a-rather-lon-[a-z0-9]{6}-bucket-\w+", name) for name in names), names
    assert all(len(name) <= 50 for name in names), names


def test_a_stack_of_the_users_own_name(sortie, suite, server):
    stack = template(sortie, {"Bucket": BUCKET, "Role": role("s3:*")}, OUTPUTS)
    script = sortie.folder / "passes"
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o755)

    def run_named(*more):
        return sortie.run(script, "--stack", stack, "--stack-name", "mine", "--on", "aws", "--endpoint-url", server.url, *more,
                          environment=server.environment)

    def stacks():
        return [found["StackName"] for found in server.boto3("cloudformation").describe_stacks()["Stacks"]]

    assert run_named().status == PASSED and stacks() == []
    assert run_named("--keep").status == PASSED and stacks() == ["mine"]
    taken = run_named()
    assert taken.status == USAGE and "there is a stack of this name already" in taken.stderr and "--keep" in taken.stderr, taken
    assert stacks() == ["mine"], "another's stack is not removed"
    assert run_named("--keep").status == PASSED and stacks() == ["mine"]
    wrong = sortie("run", script, "--stack-name", "mine")
    assert wrong.status == USAGE, wrong
    refused = sortie("run", script, "--stack", stack, "--stack-name", "no_underscores")
    assert refused.status == USAGE and "no_underscores" in refused.stderr, refused
