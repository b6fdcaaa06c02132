"""CloudFormation: stacks as their users see them, from creation to deletion, and what becomes of those that fail."""

import json

import pytest

from support import EXECUTION_TRUST, Server, wait_until

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
from botocore.exceptions import ClientError  # noqa: E402

GROUP = "AWS::Logs::LogGroup"
TRUST = json.loads(EXECUTION_TRUST)


class Stacks:
    """CloudFormation's client with what the tests repeat."""

    def __init__(self, server, credentials=None):
        self.server = server
        self.client = server.boto3("cloudformation", credentials)
        self.logs = server.boto3("logs")

    def create(self, template, name="s", status="CREATE_COMPLETE", **more):
        stack = self.client.create_stack(StackName=name, TemplateBody=text_of(template), **more)["StackId"]
        return self.reach(stack, status)

    def update(self, template, name="s", status="UPDATE_COMPLETE", **more):
        given = {"UsePreviousTemplate": True} if template is None else {"TemplateBody": text_of(template)}
        return self.reach(self.client.update_stack(StackName=name, **given, **more)["StackId"], status)

    def delete(self, name="s", status="DELETE_COMPLETE", **more):
        stack = self.describe(name)["StackId"]
        self.client.delete_stack(StackName=name, **more)
        return self.reach(stack, status)

    def describe(self, name="s"):
        return self.client.describe_stacks(StackName=name)["Stacks"][0]

    def reach(self, stack, status):
        """Waits for the end of what runs, which is to be this status."""
        def ended():
            described = self.describe(stack)
            return described if not described["StackStatus"].endswith("_IN_PROGRESS") else None
        described = wait_until(ended, f"{stack} is {status}")
        assert described["StackStatus"] == status, f"{described}\n{self.told(stack)}"
        return described

    def events(self, name="s"):
        """The oldest first."""
        pages = self.client.get_paginator("describe_stack_events").paginate(StackName=name)
        return [event for page in pages for event in page["StackEvents"]][::-1]

    def told(self, name="s", logical_id=None):
        """(logical id, status, reason) of each event."""
        return [(event["LogicalResourceId"], event["ResourceStatus"], event.get("ResourceStatusReason", ""))
                for event in self.events(name) if logical_id in (None, event["LogicalResourceId"])]

    def reason(self, logical_id, status, name="s"):
        found = [reason for _, at, reason in self.told(name, logical_id) if at == status]
        assert found, self.told(name)
        return found[-1]

    def physical(self, logical_id, name="s"):
        detail = self.client.describe_stack_resource(StackName=name, LogicalResourceId=logical_id)["StackResourceDetail"]
        return detail["PhysicalResourceId"]

    def is_at(self, logical_id, status, name="s"):
        """Waits until an operation that goes on has come so far."""
        def reached():
            try:
                detail = self.client.describe_stack_resource(StackName=name, LogicalResourceId=logical_id)
            except ClientError:
                return False
            return detail["StackResourceDetail"]["ResourceStatus"] == status
        wait_until(reached, f"{logical_id} is {status}")

    def groups(self):
        pages = self.logs.get_paginator("describe_log_groups").paginate()
        return sorted(group["logGroupName"] for page in pages for group in page["logGroups"])

    def change_set(self, template, name="s", kind="UPDATE", change_set="c", **more):
        created = self.client.create_change_set(StackName=name, ChangeSetName=change_set, ChangeSetType=kind,
                                                TemplateBody=text_of(template), **more)
        return self.client.describe_change_set(ChangeSetName=created["Id"])


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


def text_of(template):
    return template if isinstance(template, str) else json.dumps(template)


def refused(call, **parameters):
    """Code and message of the refusal."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def groups(**properties):
    """A template of log groups: name=properties."""
    return {"Resources": {name: {"Type": GROUP, "Properties": value} for name, value in properties.items()}}


def outputs_of(stack):
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


# Creation

def test_a_stack_has_its_resources_outputs_and_events(stacks):
    template = """
AWSTemplateFormatVersion: 2010-09-09
Description: a group with a stream
Resources:
  Stream:
    Type: AWS::Logs::LogStream
    Properties: {LogGroupName: !Ref Group, LogStreamName: !Sub '${AWS::StackName}-${AWS::Region}'}
  Group:
    Type: AWS::Logs::LogGroup
    Properties: {RetentionInDays: '7', Tags: [{Key: team, Value: red}]}
Outputs:
  Name: {Description: where it is, Value: !Ref Group}
  Arn: {Value: !GetAtt Group.Arn}
"""
    stack = stacks.create(template, Tags=[{"Key": "stage", "Value": "test"}])
    group = stacks.physical("Group")
    assert group.startswith("s-Group-") and stacks.physical("Stream") == "s-us-east-1"
    assert outputs_of(stack) == {"Name": group, "Arn": f"arn:aws:logs:us-east-1:000000000000:log-group:{group}:*"}
    assert stack["Description"] == "a group with a stream" and stack["Tags"] == [{"Key": "stage", "Value": "test"}]
    described = stacks.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    assert described["retentionInDays"] == 7
    assert stacks.logs.list_tags_log_group(logGroupName=group)["tags"] == {"team": "red", "stage": "test"}
    assert stacks.told() == [
        ("s", "CREATE_IN_PROGRESS", "User Initiated"),
        ("Group", "CREATE_IN_PROGRESS", ""), ("Group", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("Group", "CREATE_COMPLETE", ""),
        ("Stream", "CREATE_IN_PROGRESS", ""), ("Stream", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("Stream", "CREATE_COMPLETE", ""),
        ("s", "CREATE_COMPLETE", "")]
    stacks.delete()
    assert stacks.groups() == []
    assert [(name, status) for name, status, _ in stacks.told(stack["StackId"])[-5:]] == [
        ("Stream", "DELETE_IN_PROGRESS"), ("Stream", "DELETE_COMPLETE"), ("Group", "DELETE_IN_PROGRESS"),
        ("Group", "DELETE_COMPLETE"), ("s", "DELETE_COMPLETE")]


def test_a_stack_that_is_there_is_not_made_again(stacks):
    first = stacks.create(groups(G={}), ClientRequestToken="token")
    again = {"StackName": "s", "TemplateBody": text_of(groups(G={}))}
    assert refused(stacks.client.create_stack, **again) == ("AlreadyExistsException", "Stack [s] already exists")
    assert stacks.client.create_stack(**again, ClientRequestToken="token")["StackId"] == first["StackId"]
    stacks.delete()
    assert stacks.create(groups(G={}))["StackId"] != first["StackId"]


def test_failure_rolls_back_and_says_why(stacks):
    stacks.logs.create_log_group(logGroupName="taken")
    template = groups(First={"LogGroupName": "first"}, Second={"LogGroupName": "taken"})
    template["Resources"]["Second"]["DependsOn"] = "First"
    stack = stacks.create(template, status="ROLLBACK_COMPLETE")
    assert "The specified log group already exists" in stacks.reason("Second", "CREATE_FAILED")
    assert "HandlerErrorCode: AlreadyExists" in stacks.reason("Second", "CREATE_FAILED")
    assert stacks.reason("s", "ROLLBACK_IN_PROGRESS") == \
        "The following resource(s) failed to create: [Second]. Rollback requested by user."
    assert stacks.groups() == ["taken"], "what was there before is left alone"
    assert refused(stacks.client.update_stack, StackName="s", TemplateBody=text_of(groups(G={}))) == \
        ("ValidationError", f"Stack:{stack['StackId']} is in ROLLBACK_COMPLETE state and can not be updated.")
    stacks.delete()


@pytest.mark.parametrize("options, status, left", [
    ({"OnFailure": "DO_NOTHING"}, "CREATE_FAILED", ["first", "taken"]),
    ({"DisableRollback": True}, "CREATE_FAILED", ["first", "taken"]),
    ({"OnFailure": "DELETE"}, "DELETE_COMPLETE", ["taken"]),
    ({"OnFailure": "ROLLBACK"}, "ROLLBACK_COMPLETE", ["taken"]),
])
def test_what_becomes_of_a_failure_can_be_chosen(stacks, options, status, left):
    stacks.logs.create_log_group(logGroupName="taken")
    template = groups(First={"LogGroupName": "first"}, Second={"LogGroupName": "taken"})
    template["Resources"]["Second"]["DependsOn"] = "First"
    stacks.create(template, status=status, **options)
    assert stacks.groups() == left


def test_both_ways_of_choosing_it_are_one_too_many(stacks):
    code, message = refused(stacks.client.create_stack, StackName="s", TemplateBody=text_of(groups(G={})), OnFailure="DELETE",
                            DisableRollback=True)
    assert code == "ValidationError" and "DisableRollback" in message


def test_a_type_that_is_not_there_rolls_back_and_is_named(stacks):
    template = groups(G={"LogGroupName": "g"})
    template["Resources"]["Queue"] = {"Type": "AWS::SQS::Queue", "DependsOn": "G"}
    stacks.create(template, status="ROLLBACK_COMPLETE")
    assert "AWS::SQS::Queue" in stacks.reason("Queue", "CREATE_FAILED")
    assert "failed to create: [Queue]" in stacks.reason("s", "ROLLBACK_IN_PROGRESS")
    assert stacks.groups() == []


def test_a_type_that_nobody_has_is_refused_at_once(stacks):
    template = {"Resources": {"A": {"Type": "AWS::S3::Bukket"}, "B": {"Type": "Foo"}}}
    assert refused(stacks.client.create_stack, StackName="s", TemplateBody=text_of(template)) == \
        ("ValidationError", "Template format error: Unrecognized resource types: [AWS::S3::Bukket, Foo]")
    assert refused(stacks.client.describe_stacks, StackName="s") == ("ValidationError", "Stack with id s does not exist")


@pytest.mark.parametrize("properties, why", [
    ({"Foo": 1}, "Encountered unsupported property Foo"),
    ({"RetentionInDays": "many"}, "Value of property RetentionInDays must be of type Integer"),
    ({"LogGroupName": ["a"]}, "Value of property LogGroupName must be of type String"),
    ({"KmsKeyId": "k"}, "The embedded AWS does not implement the property KmsKeyId of AWS::Logs::LogGroup. AWS does."),
])
def test_properties_are_checked(stacks, properties, why):
    stacks.create(groups(G=properties), status="ROLLBACK_COMPLETE")
    assert stacks.reason("G", "CREATE_FAILED") == why


@pytest.mark.parametrize("resource, given, answer", [
    ({"Type": "AWS::IAM::User"}, [], "Requires capabilities : [CAPABILITY_IAM]"),
    ({"Type": "AWS::IAM::User", "Properties": {"UserName": "ann"}}, ["CAPABILITY_IAM"],
     "Requires capabilities : [CAPABILITY_NAMED_IAM]"),
    ({"Type": "AWS::IAM::User"}, ["CAPABILITY_NAMED_IAM"], None),
])
def test_capabilities(stacks, resource, given, answer):
    request = {"StackName": "s", "TemplateBody": text_of({"Resources": {"R": resource}}), "Capabilities": given}
    if answer:
        assert refused(stacks.client.create_stack, **request) == ("InsufficientCapabilitiesException", answer)
    else:
        stacks.client.create_stack(**request)
        stacks.reach("s", "CREATE_COMPLETE")


def test_parameters(stacks):
    template = """
Parameters:
  Name: {Type: String, Default: plain, AllowedPattern: '[a-z]+'}
  Secret: {Type: String, NoEcho: true}
  Days: {Type: Number, AllowedValues: [1, 7]}
  List: {Type: CommaDelimitedList, Default: 'x, y'}
Resources:
  G: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Sub '${Name}-${Secret}', RetentionInDays: !Ref Days}}
Outputs:
  Joined: {Value: !Join ['+', !Ref List]}
"""
    create = {"StackName": "s", "TemplateBody": template}
    assert refused(stacks.client.create_stack, **create) == ("ValidationError", "Parameters: [Secret, Days] must have values")
    days = {"ParameterKey": "Days", "ParameterValue": "2"}
    secret = {"ParameterKey": "Secret", "ParameterValue": "hidden"}
    assert refused(stacks.client.create_stack, **create, Parameters=[secret, days]) == \
        ("ValidationError", "Parameter 'Days' must be one of AllowedValues")
    stack = stacks.create(template, Parameters=[secret, {**days, "ParameterValue": "7"}])
    shown = {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in stack["Parameters"]}
    assert shown == {"Name": "plain", "Secret": "****", "Days": "7", "List": "x, y"}
    assert stacks.groups() == ["plain-hidden"] and outputs_of(stack) == {"Joined": "x+y"}
    previous = [{"ParameterKey": name, "UsePreviousValue": True} for name in ("Secret", "Days", "List")]
    stacks.update(None, Parameters=[*previous, {"ParameterKey": "Name", "ParameterValue": "other"}])
    assert stacks.groups() == ["other-hidden"]


def test_conditions_and_mappings(stacks):
    template = """
Parameters: {Stage: {Type: String, Default: test}}
Mappings: {Days: {test: {keep: 1}, prod: {keep: 30}}}
Conditions:
  Prod: !Equals [!Ref Stage, prod]
  NotProd: !Not [!Condition Prod]
Resources:
  Always: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: always, RetentionInDays: !FindInMap [Days, !Ref Stage, keep]}}
  Only: {Type: AWS::Logs::LogGroup, Condition: Prod, Properties: {LogGroupName: only}}
Outputs:
  Which: {Value: !If [Prod, !Ref Only, none]}
  ProdOnly: {Condition: Prod, Value: !GetAtt Only.Arn}
"""
    assert outputs_of(stacks.create(template)) == {"Which": "none"} and stacks.groups() == ["always"]
    prod = stacks.update(template, Parameters=[{"ParameterKey": "Stage", "ParameterValue": "prod"}])
    assert outputs_of(prod)["Which"] == "only" and stacks.groups() == ["always", "only"]
    stacks.update(template, Parameters=[{"ParameterKey": "Stage", "ParameterValue": "test"}])
    assert stacks.groups() == ["always"]
    lost = template.replace("!If [Prod, !Ref Only, none]", "!Ref Only")
    assert refused(stacks.client.update_stack, StackName="s", TemplateBody=lost) == \
        ("ValidationError", "Template format error: Unresolved resource dependencies [Only] in the Outputs block of the template")
    depending = groups(A={})
    depending["Resources"]["A"]["DependsOn"] = "B"
    depending["Resources"]["B"] = {"Type": GROUP, "Condition": "No"}
    depending["Conditions"] = {"No": {"Fn::Equals": ["a", "b"]}}
    assert refused(stacks.client.create_stack, StackName="t", TemplateBody=text_of(depending)) == \
        ("ValidationError", "Template format error: Unresolved resource dependencies [B] in the Resources block of the template")


def test_loops(stacks):
    template = """
Transform: AWS::LanguageExtensions
Parameters: {Names: {Type: CommaDelimitedList, Default: 'a,b'}}
Resources:
  Fn::ForEach::Groups:
    - Name
    - !Ref Names
    - G${Name}: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Sub '${Name}-of-${AWS::StackName}'}}
Outputs: {Count: {Value: !Length {Ref: Names}}}
"""
    assert refused(stacks.client.create_stack, StackName="s", TemplateBody=template) == \
        ("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_AUTO_EXPAND]")
    able = {"Capabilities": ["CAPABILITY_AUTO_EXPAND"]}
    assert outputs_of(stacks.create(template, **able)) == {"Count": "2"} and stacks.groups() == ["a-of-s", "b-of-s"]
    stacks.update(None, Parameters=[{"ParameterKey": "Names", "ParameterValue": "b,c"}], **able)
    assert stacks.groups() == ["b-of-s", "c-of-s"]


def test_exports_and_imports(stacks):
    exporting = {**groups(G={"LogGroupName": "shared"}),
                 "Outputs": {"Name": {"Value": {"Ref": "G"}, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-group"}}}}}
    importing = groups(H={"LogGroupName": {"Fn::Join": ["-", [{"Fn::ImportValue": "one-group"}, "copy"]]}})
    early = stacks.create(importing, name="early", status="ROLLBACK_COMPLETE")
    assert stacks.reason("early", "ROLLBACK_IN_PROGRESS", "early") == \
        "No export named one-group found. Rollback requested by user.", early
    one = stacks.create(exporting, name="one")
    assert one["Outputs"][0]["ExportName"] == "one-group"
    assert stacks.client.list_exports()["Exports"] == [
        {"ExportingStackId": one["StackId"], "Name": "one-group", "Value": "shared"}]
    assert refused(stacks.client.list_imports, ExportName="one-group") == \
        ("ValidationError", "Export 'one-group' is not imported by any stack.")
    stacks.create(importing, name="two")
    assert stacks.groups() == ["shared", "shared-copy"]
    assert stacks.client.list_imports(ExportName="one-group")["Imports"] == ["two"]
    stacks.delete("one", status="DELETE_FAILED")
    assert stacks.describe("one")["StackStatusReason"] == \
        "Delete canceled. Cannot delete export one-group as it is in use by two."
    assert stacks.groups() == ["shared", "shared-copy"]
    third = {**groups(G={}), "Outputs": {"Name": {"Value": "x", "Export": {"Name": "one-group"}}}}
    stacks.create(third, name="three", status="ROLLBACK_COMPLETE")
    assert stacks.reason("three", "ROLLBACK_IN_PROGRESS", "three").startswith(
        "Export with name one-group is already exported by stack one.")
    stacks.delete("two")
    stacks.delete("one")
    assert stacks.client.list_exports()["Exports"] == []


def test_an_export_in_use_cannot_be_changed(stacks):
    def exporting(value):
        return {**groups(G={}), "Outputs": {"Name": {"Value": value, "Export": {"Name": "e"}}}}
    stacks.create(exporting("v1"), name="one")
    stacks.create(groups(H={"LogGroupName": {"Fn::ImportValue": "e"}}), name="two")
    stacks.update(exporting("v2"), name="one", status="UPDATE_ROLLBACK_COMPLETE")
    assert "Export e cannot be updated as it is in use by two" in stacks.reason("one", "UPDATE_ROLLBACK_IN_PROGRESS", "one")
    assert outputs_of(stacks.describe("one")) == {"Name": "v1"}


# Updates

def test_an_update_changes_adds_removes_and_replaces(stacks):
    stacks.create(groups(Kept={"LogGroupName": "kept"}, Changed={"LogGroupName": "changed"}, Gone={"LogGroupName": "gone"},
                         Replaced={"LogGroupName": "old"}))
    stacks.update(groups(Kept={"LogGroupName": "kept"}, Changed={"LogGroupName": "changed", "RetentionInDays": 3},
                         Added={"LogGroupName": "added"}, Replaced={"LogGroupName": "new"}))
    assert stacks.groups() == ["added", "changed", "kept", "new"]
    assert stacks.told(logical_id="Kept")[-1][1] == "CREATE_COMPLETE"
    assert [status for _, status, _ in stacks.told(logical_id="Changed")[-2:]] == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]
    assert stacks.told(logical_id="Replaced")[3:] == [
        ("Replaced", "UPDATE_IN_PROGRESS",
         "Requested update requires the creation of a new physical resource; hence creating one."),
        ("Replaced", "UPDATE_IN_PROGRESS", "Resource creation Initiated"), ("Replaced", "UPDATE_COMPLETE", ""),
        ("Replaced", "DELETE_IN_PROGRESS", ""), ("Replaced", "DELETE_COMPLETE", "")]
    assert [status for _, status, _ in stacks.told(logical_id="s")[2:]] == [
        "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"]
    names = {resource["LogicalResourceId"] for resource in stacks.client.list_stack_resources(StackName="s")["StackResourceSummaries"]}
    assert names == {"Kept", "Changed", "Added", "Replaced"}


def test_an_update_that_changes_nothing_is_refused(stacks):
    stacks.create(groups(G={}))
    for given in ({"UsePreviousTemplate": True}, {"TemplateBody": json.dumps(groups(G={}), indent=8)},
                  {"TemplateBody": "Resources: {G: {Type: 'AWS::Logs::LogGroup', Properties: {}}}"}):
        assert refused(stacks.client.update_stack, StackName="s", **given) == \
            ("ValidationError", "No updates are to be performed.")
    assert stacks.describe()["StackStatus"] == "CREATE_COMPLETE"


def test_a_failed_update_goes_back(stacks):
    stacks.logs.create_log_group(logGroupName="taken")
    before = groups(A={"LogGroupName": "a", "RetentionInDays": 1}, B={"LogGroupName": "b"}, Old={"LogGroupName": "old"})
    stacks.create({**before, "Outputs": {"O": {"Value": "before"}}})
    after = groups(A={"LogGroupName": "a", "RetentionInDays": 7}, B={"LogGroupName": "b2"}, New={"LogGroupName": "new"},
                   Z={"LogGroupName": "taken"})
    after["Resources"]["Z"]["DependsOn"] = ["A", "B", "New"]
    stack = stacks.update({**after, "Outputs": {"O": {"Value": "after"}}}, status="UPDATE_ROLLBACK_COMPLETE")
    assert stacks.reason("s", "UPDATE_ROLLBACK_IN_PROGRESS") == "The following resource(s) failed to create: [Z]. "
    assert stacks.groups() == ["a", "b", "old", "taken"] and outputs_of(stack) == {"O": "before"}
    assert stacks.logs.describe_log_groups(logGroupNamePrefix="a")["logGroups"][0]["retentionInDays"] == 1
    assert stacks.physical("B") == "b"
    assert [status for _, status, _ in stacks.told(logical_id="s")[-3:]] == [
        "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]
    assert json.loads(text_of(stacks.client.get_template(StackName="s")["TemplateBody"]))["Outputs"]["O"]["Value"] == "before"
    stacks.update(groups(A={"LogGroupName": "a"}))
    assert stacks.groups() == ["a", "taken"]


def test_an_update_may_stay_where_it_failed(stacks):
    stacks.logs.create_log_group(logGroupName="taken")
    stacks.create(groups(A={"LogGroupName": "a"}))
    after = groups(A={"LogGroupName": "a2"}, Z={"LogGroupName": "taken"})
    after["Resources"]["Z"]["DependsOn"] = "A"
    stacks.update(after, status="UPDATE_FAILED", DisableRollback=True)
    assert "a2" in stacks.groups()
    after["Resources"]["Z"]["Properties"]["LogGroupName"] = "free"
    stacks.update(after)
    assert stacks.groups() == ["a2", "free", "taken"]


def test_a_custom_name_is_in_the_way_of_a_replacement(stacks):
    permission = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "named", "AssumeRolePolicyDocument": TRUST, "Path": "/a/"}}
    stacks.create({"Resources": {"R": permission}}, Capabilities=["CAPABILITY_NAMED_IAM"])
    permission["Properties"]["Path"] = "/b/"
    stacks.update({"Resources": {"R": permission}}, status="UPDATE_ROLLBACK_COMPLETE", Capabilities=["CAPABILITY_NAMED_IAM"])
    assert stacks.reason("R", "UPDATE_FAILED") == ("CloudFormation cannot update a stack when a custom-named resource requires "
                                                   "replacing. Rename named and update the stack again.")


def test_a_resource_keeps_its_type(stacks):
    stacks.create(groups(G={}))
    assert refused(stacks.client.update_stack, StackName="s",
                   TemplateBody=text_of({"Resources": {"G": {"Type": "AWS::S3::Bucket"}}})) == \
        ("ValidationError", "Update of resource type is not permitted. The new template modifies resource type of the "
                            "following resources: [G]")


def test_metadata_alone_is_an_update(stacks):
    template = groups(G={"LogGroupName": "g"})
    stacks.create(template)
    template["Resources"]["G"]["Metadata"] = {"version": {"Ref": "AWS::StackName"}}
    stacks.update(template)
    detail = stacks.client.describe_stack_resource(StackName="s", LogicalResourceId="G")["StackResourceDetail"]
    assert json.loads(detail["Metadata"]) == {"version": "s"} and detail["PhysicalResourceId"] == "g"


def test_stack_tags_reach_the_resources(stacks):
    stacks.create(groups(G={"LogGroupName": "g"}), Tags=[{"Key": "a", "Value": "1"}])
    stacks.update(None, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}])
    assert stacks.logs.list_tags_log_group(logGroupName="g")["tags"] == {"a": "2", "b": "3"}


# Deletion

@pytest.mark.parametrize("policy, left", [("Retain", ["g"]), ("RetainExceptOnCreate", ["g"]), ("Delete", [])])
def test_deletion_policies(stacks, policy, left):
    template = groups(G={"LogGroupName": "g"})
    template["Resources"]["G"]["DeletionPolicy"] = policy
    stack = stacks.create(template)
    stacks.delete()
    assert stacks.groups() == left
    assert stacks.told(stack["StackId"], "G")[-1][1] == ("DELETE_SKIPPED" if left else "DELETE_COMPLETE")


@pytest.mark.parametrize("policy, left", [("Retain", ["g", "taken"]), ("RetainExceptOnCreate", ["taken"])])
def test_deletion_policies_in_a_rollback(stacks, policy, left):
    stacks.logs.create_log_group(logGroupName="taken")
    template = groups(G={"LogGroupName": "g"}, Z={"LogGroupName": "taken"})
    template["Resources"]["G"]["DeletionPolicy"] = policy
    template["Resources"]["Z"]["DependsOn"] = "G"
    stacks.create(template, status="ROLLBACK_COMPLETE")
    assert stacks.groups() == left


def test_a_replaced_resource_may_stay(stacks):
    template = groups(G={"LogGroupName": "old"})
    template["Resources"]["G"]["UpdateReplacePolicy"] = "Retain"
    stacks.create(template)
    template["Resources"]["G"]["Properties"]["LogGroupName"] = "new"
    stacks.update(template)
    assert stacks.groups() == ["new", "old"]


def test_a_bucket_with_objects_is_in_the_way(stacks):
    s3 = stacks.server.boto3("s3")
    stack = stacks.create({"Resources": {"B": {"Type": "AWS::S3::Bucket"}, "G": {"Type": GROUP, "DependsOn": "B"}}})
    bucket = stacks.physical("B")
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    stacks.delete(status="DELETE_FAILED")
    assert "not empty" in stacks.reason("B", "DELETE_FAILED")
    assert stacks.describe()["StackStatusReason"] == "The following resource(s) failed to delete: [B]. "
    stacks.delete(RetainResources=["B"])
    assert stacks.told(stack["StackId"], "B")[-1][1] == "DELETE_SKIPPED"
    assert s3.head_bucket(Bucket=bucket)


def test_termination_protection(stacks):
    stacks.create(groups(G={}), EnableTerminationProtection=True)
    assert refused(stacks.client.delete_stack, StackName="s") == \
        ("ValidationError", "Stack [s] cannot be deleted while TerminationProtection is enabled")
    stacks.client.update_termination_protection(StackName="s", EnableTerminationProtection=False)
    stacks.delete()


def test_stacks_that_are_not_there(stacks):
    client = stacks.client
    client.delete_stack(StackName="none")
    missing = {"StackName": "none"}
    body = {"TemplateBody": text_of(groups(G={}))}
    for call, more, message in (
            (client.describe_stacks, {}, "Stack with id none does not exist"),
            (client.describe_stack_events, {}, "Stack [none] does not exist"),
            (client.describe_stack_resources, {}, "Stack with id none does not exist"),
            (client.describe_stack_resource, {"LogicalResourceId": "G"}, "Stack 'none' does not exist"),
            (client.list_stack_resources, {}, "Stack with id none does not exist"),
            (client.get_template, {}, "Stack with id none does not exist"),
            (client.get_template_summary, {}, "Stack with id none does not exist"),
            (client.list_change_sets, {}, "Stack [none] does not exist"),
            (client.update_stack, body, "Stack [none] does not exist"),
            (client.create_change_set, {**body, "ChangeSetName": "c"}, "Stack [none] does not exist"),
            (client.describe_change_set, {"ChangeSetName": "c"}, "Stack [none] does not exist"),
            (client.update_termination_protection, {"EnableTerminationProtection": True}, "Stack [none] does not exist")):
        assert refused(call, **missing, **more) == ("ValidationError", message), call


# Change sets

def test_a_change_set_makes_a_stack(stacks):
    made = stacks.change_set(groups(G={"LogGroupName": "g"}), kind="CREATE", Description="first")
    assert (made["Status"], made["ExecutionStatus"], made["Description"]) == ("CREATE_COMPLETE", "AVAILABLE", "first")
    assert [(change["ResourceChange"]["Action"], change["ResourceChange"]["LogicalResourceId"]) for change in made["Changes"]] == \
        [("Add", "G")]
    assert stacks.describe()["StackStatus"] == "REVIEW_IN_PROGRESS" and stacks.groups() == []
    stacks.client.execute_change_set(ChangeSetName="c", StackName="s")
    assert stacks.reach("s", "CREATE_COMPLETE")["ChangeSetId"] == made["ChangeSetId"]
    assert stacks.groups() == ["g"]
    assert stacks.client.describe_change_set(ChangeSetName="c", StackName="s")["ExecutionStatus"] == "EXECUTE_COMPLETE"
    code, message = refused(stacks.client.execute_change_set, ChangeSetName="c", StackName="s")
    assert code in ("InvalidChangeSetStatus", "InvalidChangeSetStatusException")
    assert message == f"ChangeSet [{made['ChangeSetId']}] cannot be executed in its current execution status of [EXECUTE_COMPLETE]"
    assert refused(stacks.client.create_change_set, StackName="s", ChangeSetName="d", ChangeSetType="CREATE",
                   TemplateBody=text_of(groups(G={}))) == \
        ("ValidationError", "Stack [s] already exists and cannot be created again with the changeSet [d].")


def test_a_change_set_tells_what_an_update_would_do(stacks):
    template = {"Parameters": {"Retention": {"Type": "Number", "Default": 1}},
                **groups(Name={"LogGroupName": "n1"}, Days={"RetentionInDays": {"Ref": "Retention"}}, Gone={}, Kept={},
                         Follows={"Tags": [{"Key": "k", "Value": {"Ref": "Name"}}]})}
    stacks.create(template)
    after = json.loads(json.dumps(template))
    after["Resources"]["Name"]["Properties"]["LogGroupName"] = "n2"
    del after["Resources"]["Gone"]
    after["Resources"]["New"] = {"Type": GROUP}
    made = stacks.change_set(after, Parameters=[{"ParameterKey": "Retention", "ParameterValue": "3"}])
    changes = {change["ResourceChange"]["LogicalResourceId"]: change["ResourceChange"] for change in made["Changes"]}
    assert list(changes) == sorted(changes)
    assert {name: (change["Action"], change.get("Replacement"), change.get("PolicyAction")) for name, change in changes.items()} == {
        "Name": ("Modify", "True", "ReplaceAndDelete"), "Days": ("Modify", "False", None), "New": ("Add", None, None),
        "Gone": ("Remove", None, "Delete"), "Follows": ("Modify", "False", None)}
    assert changes["Name"]["Details"] == [{
        "Target": {"Attribute": "Properties", "Name": "LogGroupName", "RequiresRecreation": "Always"},
        "Evaluation": "Static", "ChangeSource": "DirectModification"}]
    target = {"Attribute": "Properties", "Name": "RetentionInDays", "RequiresRecreation": "Never"}
    assert changes["Days"]["Details"] == [
        {"Target": target, "Evaluation": "Static", "ChangeSource": "ParameterReference", "CausingEntity": "Retention"},
        {"Target": target, "Evaluation": "Dynamic", "ChangeSource": "DirectModification"}]
    assert changes["Follows"]["Scope"] == ["Tags"]
    assert changes["Follows"]["Details"][0] == {"Target": {"Attribute": "Tags", "RequiresRecreation": "Never"},
                                                "Evaluation": "Dynamic", "ChangeSource": "ResourceReference",
                                                "CausingEntity": "Name"}
    assert "n1" in stacks.groups() and "n2" not in stacks.groups()
    stacks.client.execute_change_set(ChangeSetName=made["ChangeSetId"])
    stacks.reach("s", "UPDATE_COMPLETE")
    assert "n2" in stacks.groups() and "n1" not in stacks.groups()


def test_a_change_set_without_changes_fails(stacks):
    stacks.create(groups(G={}))
    made = stacks.change_set(groups(G={}))
    assert (made["Status"], made["ExecutionStatus"], made["StatusReason"], made["Changes"]) == (
        "FAILED", "UNAVAILABLE", "The submitted information didn't contain changes. Submit different information to create a "
        "change set.", [])
    assert refused(stacks.client.execute_change_set, ChangeSetName=made["ChangeSetId"])[1] == \
        f"ChangeSet [{made['ChangeSetId']}] cannot be executed in its current status of [FAILED]"


def test_names_of_change_sets(stacks):
    stacks.create(groups(G={}))
    assert refused(stacks.client.describe_change_set, ChangeSetName="c") == \
        ("ValidationError", "StackName must be specified if ChangeSetName is not specified as an ARN.")
    code, message = refused(stacks.client.describe_change_set, ChangeSetName="c", StackName="s")
    assert code.startswith("ChangeSetNotFound") and message == "ChangeSet [c] does not exist"
    first = stacks.change_set(groups(G={"RetentionInDays": 1}))
    code, _ = refused(stacks.client.create_change_set, StackName="s", ChangeSetName="c", TemplateBody=text_of(groups(G={})))
    assert code == "AlreadyExistsException"
    assert [one["ChangeSetName"] for one in stacks.client.list_change_sets(StackName="s")["Summaries"]] == ["c"]
    stacks.client.delete_change_set(ChangeSetName="c", StackName="s")
    assert stacks.client.list_change_sets(StackName="s")["Summaries"] == []
    second = stacks.change_set(groups(G={"RetentionInDays": 1}))
    assert first["ChangeSetId"] != second["ChangeSetId"]
    stacks.client.execute_change_set(ChangeSetName="c", StackName="s")
    stacks.reach("s", "UPDATE_COMPLETE")
    third = stacks.change_set(groups(G={"RetentionInDays": 3}))
    assert third["ChangeSetName"] == "c" and third["ExecutionStatus"] == "AVAILABLE"


# Stack policies

def policy(*statements):
    return json.dumps({"Statement": [{"Effect": effect, "Principal": "*", "Action": action, "Resource": resource}
                                     for effect, action, resource in statements]})


def test_a_stack_policy_protects(stacks):
    stacks.create(groups(G={"LogGroupName": "g"}, H={"LogGroupName": "h"}),
                  StackPolicyBody=policy(("Allow", "Update:*", "*"), ("Deny", "Update:Replace", "LogicalResourceId/G")))
    stacks.update(groups(G={"LogGroupName": "g", "RetentionInDays": 1}, H={"LogGroupName": "h"}))
    stacks.update(groups(G={"LogGroupName": "g2", "RetentionInDays": 1}, H={"LogGroupName": "h"}),
                  status="UPDATE_ROLLBACK_COMPLETE")
    assert stacks.reason("G", "UPDATE_FAILED") == \
        "Action denied by stack policy: Statement [#2] does not allow [Update:Replace] for resource [LogicalResourceId/G];"
    assert stacks.groups() == ["g", "h"]
    stacks.update(groups(G={"LogGroupName": "g2"}, H={"LogGroupName": "h"}),
                  StackPolicyDuringUpdateBody=policy(("Allow", "Update:*", "*")))
    assert stacks.groups() == ["g2", "h"]
    assert "Update:Replace" in stacks.client.get_stack_policy(StackName="s")["StackPolicyBody"]
    stacks.update(groups(H={"LogGroupName": "h"}))
    assert stacks.groups() == ["h"]


@pytest.mark.parametrize("wrong", ["{}", "not json", '{"Statement": []}', policy(("Allow", "Delete:*", "*")),
                                   json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"},
                                                              "Action": "Update:*", "Resource": "*"}]})])
def test_stack_policies_that_cannot_be(stacks, wrong):
    stacks.create(groups(G={}))
    assert refused(stacks.client.set_stack_policy, StackName="s", StackPolicyBody=wrong) == \
        ("ValidationError", "Error validating stack policy: Invalid stack policy")
    assert "StackPolicyBody" not in stacks.client.get_stack_policy(StackName="s")


def test_a_stack_policy_and_a_template_from_a_bucket(stacks):
    s3 = stacks.server.boto3("s3")
    s3.create_bucket(Bucket="templates")
    s3.put_object(Bucket="templates", Key="a/t.json", Body=text_of(groups(G={"LogGroupName": "g"})))
    s3.put_object(Bucket="templates", Key="policy.json", Body=policy(("Deny", "Update:*", "*")))
    for number, url in enumerate(("https://templates.s3.us-east-1.amazonaws.com/a/t.json",
                                  "https://s3.amazonaws.com/templates/a/t.json", f"{stacks.server.url}/templates/a/t.json")):
        stacks.client.create_stack(StackName=f"s{number}", TemplateURL=url)
        stacks.reach(f"s{number}", "CREATE_COMPLETE")
        stacks.delete(f"s{number}")
    stacks.create(groups(G={"LogGroupName": "g"}), StackPolicyURL="https://templates.s3.amazonaws.com/policy.json")
    assert refused(stacks.client.set_stack_policy, StackName="s", StackPolicyBody=policy(("Allow", "Update:*", "*")),
                   StackPolicyURL="https://templates.s3.amazonaws.com/policy.json") == \
        ("ValidationError", "You cannot specify both StackPolicyURL and StackPolicyBody")
    stacks.update(groups(G={"LogGroupName": "h"}), status="UPDATE_ROLLBACK_COMPLETE")
    code, message = refused(stacks.client.create_stack, StackName="t", TemplateURL="https://templates.s3.amazonaws.com/none")
    assert code == "ValidationError" and message.startswith("S3 error: ")


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

def make_user(server, *statements):
    iam = server.boto3("iam")
    iam.create_user(UserName="ann")
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}
                                               for action, resource in statements]}))
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


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
    """Killed in the middle of a creation: the stack says so, and its deletion takes away what was made."""
    server = kept()
    stacks = Stacks(server)
    stacks.create(groups(G={"LogGroupName": "whole"}), name="whole", Tags=[{"Key": "a", "Value": "b"}])
    template = {"Resources": {f"G{number:03}": {"Type": GROUP, "Properties": {"LogGroupName": f"part-{number:03}"}}
                              for number in range(400)}}
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
