"""CloudFormation: stacks as their users see them, from creation to deletion, and what becomes of those that fail."""

import pytest

from cloudformation_support import GROUP, Stacks, groups, outputs_of, refused, text_of


@pytest.fixture
def stacks(server):
    return Stacks(server)


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
