"""AWS::Include: snippets in S3 that become parts of templates."""

import json

import pytest

from cloudformation_support import GROUP, Stacks, groups, make_user, outputs_of, refused, text_of
from macro_support import ABLE, failure, handler, make_macro, processed
from support import wait_until

FAILED = "Transform AWS::Include failed with: "


class Snippets(Stacks):
    def __init__(self, server, credentials=None):
        super().__init__(server, credentials)
        self.s3 = server.boto3("s3")
        self.s3.create_bucket(Bucket="snippets")

    def put(self, key, body):
        """Its address."""
        self.s3.put_object(Bucket="snippets", Key=key, Body=body if isinstance(body, (str, bytes)) else json.dumps(body))
        return f"s3://snippets/{key}"


@pytest.fixture
def stacks(server):
    return Snippets(server)


def include(location):
    return {"Name": "AWS::Include", "Parameters": {"Location": location}}


def test_snippets_in_sections(stacks):
    """Wherever AWS takes them: within resources, properties, mappings, outputs, metadata."""
    stacks.put("resource.yaml", f"# a comment\nType: {GROUP}\nProperties:\n  LogGroupName: {{'Fn::Sub': '${{AWS::StackName}}-a'}}\n")
    stacks.put("resources.json", {"B": {"Type": GROUP, "Properties": {"LogGroupName": {"Ref": "Name"}}}})
    stacks.put("retention.yaml", "RetentionInDays: 3\n")
    stacks.put("mapping.yaml", "k:\n  v: mapped\n")
    stacks.put("list.yaml", "- x\n- y\n")
    template = """
Parameters: {Bucket: {Type: String}, Name: {Type: String, Default: given}}
Mappings: {M: {'Fn::Transform': {Name: AWS::Include, Parameters: {Location: !Sub 's3://${Bucket}/mapping.yaml'}}}}
Resources:
  A: !Transform {Name: 'AWS::Include', Parameters: {Location: !Sub 's3://${Bucket}/resource.yaml'}}
  C:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: c
      Fn::Transform: [{Name: 'AWS::Include', Parameters: {Location: !Join ['/', ['s3:/', !Ref Bucket, retention.yaml]]}}]
  Fn::Transform: {Name: AWS::Include, Parameters: {Location: 's3://snippets/resources.json'}}
Outputs:
  Mapped: {Value: !FindInMap [M, k, v]}
  Joined: {Value: !Join ['-', !Transform {Name: AWS::Include, Parameters: {Location: 's3://snippets/list.yaml'}}]}
"""
    stack = stacks.create(template, Parameters=[{"ParameterKey": "Bucket", "ParameterValue": "snippets"}], **ABLE)
    assert outputs_of(stack) == {"Mapped": "mapped", "Joined": "x-y"} and stacks.groups() == ["c", "given", "s-a"]
    assert processed(stacks)["Resources"] == {
        "A": {"Type": GROUP, "Properties": {"LogGroupName": {"Fn::Sub": "${AWS::StackName}-a"}}},
        "C": {"Type": GROUP, "Properties": {"LogGroupName": "c", "RetentionInDays": 3}},
        "B": {"Type": GROUP, "Properties": {"LogGroupName": {"Ref": "Name"}}}}


def test_a_snippet_for_the_whole_template(stacks):
    location = stacks.put("whole.json", {"Outputs": {"Name": {"Value": {"Ref": "G"}}}, **groups(H={"LogGroupName": "h"})})
    template = {"Transform": include(location), **groups(G={"LogGroupName": "g"})}
    assert outputs_of(stacks.create(template, **ABLE)) == {"Name": "g"} and stacks.groups() == ["g", "h"]
    # The snippet has changed: the stack does not, until its next update.
    stacks.put("whole.json", groups(I={"LogGroupName": "i"}))
    stacks.update(None, **ABLE)
    assert stacks.groups() == ["g", "i"]


def test_a_snippet_and_then_a_macro(stacks):
    make_macro(stacks.server, "Count", handler('fragment["Description"] = str(len(fragment["Resources"]))'))
    stacks.put("more.json", {"H": {"Type": GROUP}})
    template = {"Transform": "Count", **groups(G={})}
    template["Resources"]["Fn::Transform"] = include("s3://snippets/more.json")
    assert stacks.create(template, **ABLE)["Description"] == "2"


def test_snippets_that_cannot_be(stacks):
    invalid = FAILED + "The specified S3 object's content should be valid Yaml/JSON"
    uri = FAILED + "The location parameter is not a valid S3 uri."
    for location, reason in {
            "http://snippets/x": uri, "s3://snippets": uri, "s3://snippets/": uri, "s3:///x": uri, "snippets/x": uri, "": uri,
            "s3://no-such-bucket/x": FAILED + "S3 bucket [no-such-bucket] does not exist.",
            "s3://snippets/missing": FAILED + "S3 error: The specified key does not exist.",
            stacks.put("broken.json", '{"A": '): invalid, stacks.put("broken.yaml", "A: }"): invalid,
            stacks.put("empty", ""): invalid, stacks.put("scalar.yaml", "just text"): invalid,
            stacks.put("tag.yaml", "A: !Ref B\n"): invalid, stacks.put("alias.yaml", "A: &x 1\nB: *x\n"): invalid,
            stacks.put("bytes", b"\xff\xfe\x00"): invalid, stacks.put("list.json", "[1]"): invalid}.items():
        template = groups(G={})
        template["Resources"]["G"]["Properties"] = {"RetentionInDays": 1, "Fn::Transform": include(location)}
        assert failure(stacks, template) == reason, location
    assert failure(stacks, {"Transform": "AWS::Include", **groups(G={})}) == uri
    stacks.put("large", "A: " + "x" * 1024 * 1024)
    assert failure(stacks, {"Transform": include("s3://snippets/large"), **groups(G={})}).startswith(FAILED + "S3 error: ")
    # What a snippet includes in its turn is not looked for.
    stacks.put("inner.json", {"Fn::Transform": include("s3://snippets/whole.json")})
    assert failure(stacks, {"Transform": include("s3://snippets/inner.json"), **groups(G={})}) == \
        "Template format error: Encountered unsupported function: Fn::Transform"


def test_there_is_none_for_parameters(stacks):
    template = {"Parameters": {"Fn::Transform": include("s3://snippets/x")}, **groups(G={})}
    assert refused(stacks.client.create_stack, StackName="s", TemplateBody=text_of(template), **ABLE) == \
        ("ValidationError", "Template format error: Parameter name Fn::Transform is non alphanumeric.")


def test_who_may_include(server):
    stack = "arn:aws:cloudformation:us-east-1:000000000000:stack/*"
    stacks = Snippets(server, make_user(server, ("cloudformation:*", stack), ("logs:*", "*")))
    location = stacks.put("more.json", {"Description": "included"})
    template = {"Transform": include(location), **groups(G={})}
    body = {"StackName": "s", "TemplateBody": text_of(template)}
    transform = "arn:aws:cloudformation:us-east-1:aws:transform/Include"
    denial = ("AccessDenied", "User: arn:aws:iam::000000000000:user/ann is not authorized to perform: cloudformation:CreateChangeSet "
              f"on resource: {transform} because no identity-based policy allows the cloudformation:CreateChangeSet action")
    assert refused(stacks.client.create_stack, **body, **ABLE) == denial
    assert refused(stacks.client.create_change_set, **body, ChangeSetName="c", ChangeSetType="CREATE") == denial
    iam = server.boto3("iam")

    def allow(name, action, resource):
        iam.put_user_policy(UserName="ann", PolicyName=name, PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}))
    allow("transform", "cloudformation:CreateChangeSet", transform)
    assert failure(stacks, template).startswith(
        FAILED + "S3 error: User: arn:aws:iam::000000000000:user/ann is not authorized to perform: s3:GetObject on resource: "
        "\"arn:aws:s3:::snippets/more.json\"")
    allow("object", "s3:GetObject", "arn:aws:s3:::snippets/*")
    assert stacks.create(template, **ABLE)["Description"] == "included"
    created = stacks.client.create_change_set(**{**body, "StackName": "t"}, ChangeSetName="c", ChangeSetType="CREATE")["Id"]
    wait_until(lambda: stacks.client.describe_change_set(ChangeSetName=created)["Status"] == "CREATE_COMPLETE", "it is complete")
