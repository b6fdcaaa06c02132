"""What stacks take from Systems Manager, and what they make there."""

import json

import pytest
from botocore.exceptions import ClientError

from cloudformation_support import GROUP, Stacks


@pytest.fixture
def stacks(server):
    return Stacks(server)


@pytest.fixture
def ssm(stacks):
    return stacks.server.boto3("ssm")


def put(ssm, name, value, kind="String", **more):
    return ssm.put_parameter(Name=name, Value=value, Type=kind, **more)


def with_parameter(kind, name="/app/days", value=None):
    return {"Parameters": {"P": {"Type": kind, "Default": name}},
            "Resources": {"G": {"Type": GROUP, "Properties": {"LogGroupName": "/g", "Tags": [
                {"Key": "p", "Value": value or {"Ref": "P"}}]}}},
            "Outputs": {"O": {"Value": value or {"Ref": "P"}}}}


def output(described, name="O"):
    return {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}[name]


def test_a_parameter_whose_value_is_stored(stacks, ssm):
    put(ssm, "/app/days", "seven")
    template = with_parameter("AWS::SSM::Parameter::Value<String>")
    described = stacks.create(template)
    assert output(described) == "seven"
    assert described["Parameters"] == [{"ParameterKey": "P", "ParameterValue": "/app/days", "ResolvedValue": "seven"}]
    with pytest.raises(ClientError, match="No updates are to be performed"):
        stacks.update(template)
    put(ssm, "/app/days", "eight", Overwrite=True)  # read again with each update
    assert output(stacks.update(template)) == "eight"
    put(ssm, "/other", "nine")
    assert output(stacks.update(None, Parameters=[{"ParameterKey": "P", "ParameterValue": "/other"}])) == "nine"


def test_lists_and_names(stacks, ssm):
    put(ssm, "/list", "a,b,c", "StringList")
    template = with_parameter("AWS::SSM::Parameter::Value<List<String>>", "/list", {"Fn::Join": ["-", {"Ref": "P"}]})
    assert output(stacks.create(template)) == "a-b-c"
    template = with_parameter("AWS::SSM::Parameter::Value<CommaDelimitedList>", "/list", {"Fn::Select": [1, {"Ref": "P"}]})
    assert output(stacks.create(template | {"Resources": {"H": {"Type": GROUP}}}, name="second")) == "b"
    template = with_parameter("AWS::SSM::Parameter::Name", "/list") | {"Resources": {"H": {"Type": GROUP}}}
    assert output(stacks.create(template, name="third")) == "/list"


@pytest.mark.parametrize("kind, name, message", [
    ("AWS::SSM::Parameter::Value<String>", "/nowhere", r"Unable to fetch parameters \[/nowhere\] from parameter store"),
    ("AWS::SSM::Parameter::Name", "/nowhere", r"Unable to fetch parameters \[/nowhere\] from parameter store"),
    ("AWS::SSM::Parameter::Value<String>", "/secret", r"Parameters \[/secret\] referenced by template have types not supp"),
    ("AWS::SSM::Parameter::Value<String>", "/list", r"Parameters \[/list\] referenced by template have types not supp"),
    ("AWS::SSM::Parameter::Value<List<String>>", "/text", r"Parameters \[/text\] referenced by template have types"),
    ("AWS::SSM::Parameter::Value<Number>", "/text", "Unrecognized parameter type"),
    ("AWS::SSM::Parameter::Nonsense", "/text", "Unrecognized parameter type"),
])
def test_what_cannot_be_resolved_is_refused(stacks, ssm, kind, name, message):
    put(ssm, "/text", "t")
    put(ssm, "/list", "a,b", "StringList")
    put(ssm, "/secret", "s", "SecureString")
    with pytest.raises(ClientError, match=message):
        stacks.client.create_stack(StackName="s", TemplateBody=json.dumps(with_parameter(kind, name)))
    assert stacks.client.list_stacks()["StackSummaries"] == []


def parameter(value="v1", **more):
    return {"Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value, **more}}},
            "Outputs": {"Name": {"Value": {"Ref": "P"}}, "O": {"Value": {"Fn::GetAtt": ["P", "Value"]}}}}


def test_a_parameter_in_a_stack(stacks, ssm):
    described = stacks.create(parameter(Name="/made", Description="d", Tags={"a": "1", "b": "2"}),
                              Tags=[{"Key": "stack", "Value": "s"}])
    assert (output(described, "Name"), output(described)) == ("/made", "v1")
    resource = {"ResourceType": "Parameter", "ResourceId": "/made"}
    tags = lambda: {each["Key"]: each["Value"] for each in ssm.list_tags_for_resource(**resource)["TagList"]}  # noqa: E731
    assert tags() == {"a": "1", "b": "2", "stack": "s"}
    assert output(stacks.update(parameter("v2", Name="/made", Tags={"b": "3"}))) == "v2"
    assert ssm.get_parameter(Name="/made")["Parameter"]["Version"] == 2 and tags() == {"b": "3", "stack": "s"}
    assert "Description" not in ssm.describe_parameters()["Parameters"][0]
    described = stacks.update(parameter("v2", Name="/renamed"))
    assert output(described, "Name") == "/renamed"
    assert [each["Name"] for each in ssm.describe_parameters()["Parameters"]] == ["/renamed"]
    stacks.delete()
    assert ssm.describe_parameters()["Parameters"] == []


def test_a_generated_name_and_a_rollback(stacks, ssm):
    name = output(stacks.create(parameter()), "Name")
    assert name.startswith("CFN-s-P-")
    broken = parameter("v2")
    broken["Resources"]["Bad"] = {"Type": GROUP, "DependsOn": "P", "Properties": {"RetentionInDays": 2}}
    stacks.update(broken, status="UPDATE_ROLLBACK_COMPLETE")
    assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == "v1"
    stacks.create(parameter(Name=name), name="second", status="ROLLBACK_COMPLETE")
    assert "ParameterAlreadyExists" in stacks.reason("P", "CREATE_FAILED", "second") or \
        "already exists" in stacks.reason("P", "CREATE_FAILED", "second")
    assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == "v1"


def group(text):
    return {"Resources": {"G": {"Type": GROUP, "Properties": {"LogGroupName": "/g", "Tags": [{"Key": "t", "Value": text}]}}}}


def test_dynamic_references(stacks, ssm):
    put(ssm, "/word", "one")
    put(ssm, "/days", "7")
    template = group({"Fn::Sub": "<{{resolve:ssm:/word}}|{{resolve:ssm:/word:1}}>"})
    template["Resources"]["G"]["Properties"]["RetentionInDays"] = "{{resolve:ssm:/days}}"
    stacks.create(template)
    tags = lambda: stacks.logs.list_tags_log_group(logGroupName="/g")["tags"]["t"]  # noqa: E731
    assert tags() == "<one|one>"
    assert stacks.logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == 7
    assert stacks.events()[-1]["ResourceStatus"] == "CREATE_COMPLETE"
    put(ssm, "/word", "two", Overwrite=True)
    with pytest.raises(ClientError, match="No updates are to be performed"):
        stacks.update(template)  # what is stored elsewhere is not looked at
    template["Resources"]["G"]["Properties"]["RetentionInDays"] = 14
    stacks.update(template)
    assert tags() == "<two|one>"
    template["Resources"]["G"]["Properties"]["Tags"][0]["Value"] = "{{resolve:ssm:/word:2}}"
    stacks.update(template)
    assert tags() == "two"


@pytest.mark.parametrize("text, reason", [
    ("{{resolve:ssm:/nowhere:1}}", "Parameters: [ssm:/nowhere:1] cannot be found."),
    ("{{resolve:ssm:/secret}}", "Non-secure ssm prefix was used for secure parameter: [/secret]"),
    ("{{resolve:ssm:}}", "Incorrect format is used in the following SSM reference: [{{resolve:ssm:}}]"),
    ("{{resolve:ssm:/secret:x}}", "Incorrect format is used in the following SSM reference: [{{resolve:ssm:/secret:x}}]"),
    ("{{resolve:secretsmanager:x}}", "The embedded AWS has no Secrets Manager: {{resolve:secretsmanager:x}} cannot be "
                                     "resolved. AWS can."),
])
def test_dynamic_references_that_fail(stacks, ssm, text, reason):
    put(ssm, "/secret", "s", "SecureString")
    stacks.create(group(text), status="ROLLBACK_COMPLETE")
    assert stacks.reason("G", "CREATE_FAILED") == reason


def test_secure_references_are_refused_where_aws_refuses_them(stacks, ssm):
    put(ssm, "/secret", "s", "SecureString")
    with pytest.raises(ClientError, match=r"SSM Secure reference is not supported in: "
                                          r"\[AWS::Logs::LogGroup/Properties/Tags/0/Value\]"):
        stacks.create(group("{{resolve:ssm-secure:/secret:1}}"))


def test_policies_alone_are_a_change(stacks):
    template = {"Resources": {"G": {"Type": GROUP, "Properties": {"LogGroupName": "/kept"}}}}
    stacks.create(template)
    template["Resources"]["G"] |= {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    made = stacks.client.create_change_set(StackName="s", ChangeSetName="c", TemplateBody=json.dumps(template))
    stacks.client.get_waiter("change_set_create_complete").wait(ChangeSetName=made["Id"], WaiterConfig={"Delay": 1})
    change = stacks.client.describe_change_set(ChangeSetName=made["Id"])["Changes"][0]["ResourceChange"]
    assert (change["Action"], change["Replacement"]) == ("Modify", "False")
    assert change["Scope"] == ["DeletionPolicy", "UpdateReplacePolicy"]
    assert {each["Target"]["Attribute"] for each in change["Details"]} == {"DeletionPolicy", "UpdateReplacePolicy"}
    stacks.update(template)
    assert ("G", "UPDATE_COMPLETE", "") in stacks.told()
    with pytest.raises(ClientError, match="No updates are to be performed"):
        stacks.update(template)
    stacks.delete()
    assert stacks.logs.describe_log_groups()["logGroups"][0]["logGroupName"] == "/kept"
