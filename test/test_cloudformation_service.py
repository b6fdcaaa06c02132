"""CloudFormation: templates by themselves, who may do what, and stacks that outlive the program."""

import json

import pytest

from cloudformation_support import GROUP, Stacks, groups, make_user, refused, text_of
from support import EXECUTION_TRUST, Server


@pytest.fixture
def stacks(server):
    return Stacks(server)


@pytest.fixture
def kept(sortie, tmp_path):
    """Starts servers, one after the other, that keep their state; the last one is stopped."""
    started = []

    def start():
        started.append(Server(sortie, "--state", tmp_path / "state"))
        return started[-1]
    yield start
    for server in started:
        if server.process.poll() is None:
            assert server.stop() == 0


# Templates

def test_validation_and_summary(stacks):
    template = """
AWSTemplateFormatVersion: 2010-09-09
Description: says
Metadata: {k: v}
Parameters: {P: {Type: String, Default: d, Description: what, NoEcho: true, AllowedValues: [d, e]}}
Resources:
  B: {Type: AWS::S3::Bucket}
  R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
  C: {Type: AWS::S3::Bucket}
"""
    validated = stacks.client.validate_template(TemplateBody=template)
    reason = "The following resource(s) require capabilities: [AWS::IAM::Role]"
    parameter = {"ParameterKey": "P", "DefaultValue": "d", "NoEcho": True, "Description": "what"}
    del validated["ResponseMetadata"]
    assert validated == {"Parameters": [parameter], "Description": "says", "Capabilities": ["CAPABILITY_IAM"],
                         "CapabilitiesReason": reason}
    summary = stacks.client.get_template_summary(TemplateBody=template)
    assert summary["Parameters"] == [{**parameter, "ParameterType": "String", "ParameterConstraints": {"AllowedValues": ["d", "e"]}}]
    assert summary["ResourceTypes"] == ["AWS::S3::Bucket", "AWS::IAM::Role"]
    assert (summary["Version"], summary["Description"], json.loads(summary["Metadata"])) == ("2010-09-09", "says", {"k": "v"})
    identifiers = {one["ResourceType"]: (one["LogicalResourceIds"], one["ResourceIdentifiers"])
                   for one in summary["ResourceIdentifierSummaries"]}
    assert identifiers == {"AWS::S3::Bucket": (["B", "C"], ["BucketName"]), "AWS::IAM::Role": (["R"], ["RoleName"])}
    assert refused(stacks.client.validate_template, TemplateBody="Resources:\n  A: }") == \
        ("ValidationError", "Template format error: YAML not well-formed. (line 2, column 6)")


def test_lists_are_in_pages(stacks):
    for number in range(3):
        stacks.create(groups(G={}), name=f"s{number}")
    stacks.delete("s0")
    assert [stack["StackName"] for stack in stacks.client.describe_stacks()["Stacks"]] == ["s2", "s1"]
    listed = stacks.client.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    assert [(stack["StackName"], stack["StackStatus"]) for stack in listed] == [("s0", "DELETE_COMPLETE")]
    many = {"Resources": {f"G{number}": {"Type": GROUP} for number in range(120)}}
    stacks.create(many, name="many")
    first = stacks.client.list_stack_resources(StackName="many")
    assert len(first["StackResourceSummaries"]) == 100
    rest = stacks.client.list_stack_resources(StackName="many", NextToken=first["NextToken"])
    assert len(rest["StackResourceSummaries"]) == 20 and "NextToken" not in rest
    assert len(stacks.events("many")) == 2 + 3 * 120
    found = stacks.client.describe_stack_resources(PhysicalResourceId=stacks.physical("G7", "many"))["StackResources"]
    assert found[0]["StackName"] == "many"


# Who may

def test_a_stack_may_do_what_its_maker_may(server):
    credentials = make_user(server, ("cloudformation:*", "*"), ("logs:*", "*"))
    stacks = Stacks(server, credentials)
    template = groups(G={"LogGroupName": "g"})
    template["Resources"]["B"] = {"Type": "AWS::S3::Bucket", "DependsOn": "G"}
    stacks.create(template, status="ROLLBACK_COMPLETE")
    reason = stacks.reason("B", "CREATE_FAILED")
    assert "arn:aws:iam::000000000000:user/ann is not authorized to perform: s3:CreateBucket" in reason, reason
    assert "HandlerErrorCode: AccessDenied" in reason
    assert stacks.groups() == []


def test_operations_are_authorized(server):
    mine = "arn:aws:cloudformation:us-east-1:000000000000:stack/mine/*"
    stacks = Stacks(server, make_user(server, ("cloudformation:*", mine), ("logs:*", "*")))
    stacks.create(groups(G={}), name="mine")
    code, message = refused(stacks.client.create_stack, StackName="yours", TemplateBody=text_of(groups(G={})))
    assert code == "AccessDenied"
    assert message == ("User: arn:aws:iam::000000000000:user/ann is not authorized to perform: cloudformation:CreateStack on "
                       "resource: arn:aws:cloudformation:us-east-1:000000000000:stack/yours/* because no identity-based policy "
                       "allows the cloudformation:CreateStack action")


def test_a_role_is_handed_over(server):
    iam = server.boto3("iam")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"},
                                                     "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="maker", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="maker", PolicyName="own", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}))
    without = Stacks(server, make_user(server, ("cloudformation:*", "*")))
    code, message = refused(without.client.create_stack, StackName="s", TemplateBody=text_of(groups(G={})), RoleARN=role)
    assert code == "AccessDenied" and f"iam:PassRole on resource: {role}" in message
    iam.put_user_policy(UserName="ann", PolicyName="pass", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": role, "Condition": {
            "StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}}]}))
    stack = without.create(groups(G={"LogGroupName": "g"}), RoleARN=role)
    assert stack["RoleARN"] == role and without.groups() == ["g"]
    without.update(groups(G={"LogGroupName": "g", "RetentionInDays": 1}))
    without.delete()
    assert without.groups() == []
    other = iam.create_role(RoleName="other", AssumeRolePolicyDocument=EXECUTION_TRUST)["Role"]["Arn"]
    assert refused(Stacks(server).client.create_stack, StackName="t", TemplateBody=text_of(groups(G={})), RoleARN=other) == \
        ("ValidationError", f"Role {other} is invalid or cannot be assumed")


# The end of the program

def test_what_was_made_is_there_after_kill_9(kept):
    """Killed in the middle of a creation: the stack says so, and its deletion takes away what was made.

    The groups have generated names: one with a name of its own that was being made at that very moment could be another's, and stays."""
    server = kept()
    stacks = Stacks(server)
    stacks.create(groups(G={"LogGroupName": "whole"}), name="whole", Tags=[{"Key": "a", "Value": "b"}])
    template = groups(**{f"G{number:03}": {} for number in range(400)})
    stacks.client.create_stack(StackName="part", TemplateBody=text_of(template))
    stacks.is_at("G020", "CREATE_COMPLETE", "part")
    server.kill()
    stacks = Stacks(kept())
    assert stacks.describe("whole")["StackStatus"] == "CREATE_COMPLETE" and stacks.describe("whole")["Tags"]
    stack = stacks.describe("part")
    assert stack["StackStatus"] == "CREATE_FAILED" and "stopped" in stack["StackStatusReason"]
    assert len(stacks.groups()) > 20
    stacks.delete("part")
    assert stacks.groups() == ["whole"]
    assert stacks.update(groups(G={"LogGroupName": "whole", "RetentionInDays": 1}), name="whole")["Tags"]


def test_an_update_that_was_killed_can_be_rolled_back(kept):
    server = kept()
    stacks = Stacks(server)
    def template(days):
        return groups(**{f"G{number:03}": {"LogGroupName": f"g-{number:03}", "RetentionInDays": days} for number in range(300)})
    stacks.create(template(1))
    stacks.client.update_stack(StackName="s", TemplateBody=text_of(template(3)))
    stacks.is_at("G010", "UPDATE_COMPLETE")
    server.kill()
    stacks = Stacks(kept())
    assert stacks.describe()["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    stacks.client.continue_update_rollback(StackName="s")
    stacks.reach("s", "UPDATE_ROLLBACK_COMPLETE")
    pages = stacks.logs.get_paginator("describe_log_groups").paginate()
    assert {group["retentionInDays"] for page in pages for group in page["logGroups"]} == {1}


def test_a_creation_that_runs_can_be_given_up(stacks):
    template = {"Resources": {f"G{number:03}": {"Type": GROUP} for number in range(400)}}
    stack = stacks.client.create_stack(StackName="s", TemplateBody=text_of(template))["StackId"]
    stacks.is_at("G005", "CREATE_COMPLETE")
    stacks.client.delete_stack(StackName="s")
    stacks.reach(stack, "DELETE_COMPLETE")
    assert stacks.groups() == []


def test_an_update_that_runs_can_be_cancelled(stacks):
    def template(days):
        return groups(**{f"G{number:03}": {"RetentionInDays": days} for number in range(300)})
    stacks.create(template(1))
    stacks.client.update_stack(StackName="s", TemplateBody=text_of(template(3)))
    stacks.client.cancel_update_stack(StackName="s")
    stacks.reach("s", "UPDATE_ROLLBACK_COMPLETE")
    pages = stacks.logs.get_paginator("describe_log_groups").paginate()
    assert {group["retentionInDays"] for page in pages for group in page["logGroups"]} == {1}
    assert refused(stacks.client.cancel_update_stack, StackName="s") == \
        ("ValidationError", "CancelUpdateStack cannot be called from current stack status")
