"""CloudFormation's operations, each answer compared with AWS's service model."""

import json

from support import EXECUTION_TRUST, wait_until
from test_models import Watched  # skips this file too where botocore's models are too old

TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Description: one of each
Metadata: {of: {the: template}}
Parameters:
  Days: {Type: Number, Default: 1, Description: how long, AllowedValues: [1, 3, 7]}
  Secret: {Type: String, NoEcho: true, Default: hidden}
Resources:
  Group: {Type: AWS::Logs::LogGroup, Metadata: {m: n}, Properties: {RetentionInDays: !Ref Days}}
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: TRUST}}
Outputs:
  Name: {Description: its name, Value: !Ref Group, Export: {Name: !Sub '${AWS::StackName}-name'}}
""".replace("TRUST", EXECUTION_TRUST)
IMPORTING = json.dumps({"Resources": {"Copy": {"Type": "AWS::Logs::LogGroup", "Properties": {
    "LogGroupName": {"Fn::Sub": ["copy-${name}", {"name": {"Fn::ImportValue": "one-name"}}]}}}}})
EVERYTHING = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}]})
IAM = {"Capabilities": ["CAPABILITY_IAM"]}


def reach(cloudformation, stack, status):
    def ended():
        now = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        return now if not now.endswith("_IN_PROGRESS") else None
    assert wait_until(ended, f"{stack} is {status}") == status


def test_cloudformation(server):
    cloudformation = Watched(server, "cloudformation")
    templates(cloudformation)
    stacks(cloudformation)
    change_sets(cloudformation)
    updates(server, cloudformation)
    deletions(cloudformation)
    cloudformation.check("cloudformation")


def templates(cloudformation):
    assert cloudformation.validate_template(TemplateBody=TEMPLATE)["Capabilities"] == ["CAPABILITY_IAM"]
    cloudformation.get_template_summary(TemplateBody=TEMPLATE)
    cloudformation.refused("ValidationError", lambda: cloudformation.validate_template(TemplateBody="x"))


def stacks(cloudformation):
    cloudformation.refused("InsufficientCapabilitiesException",
                           lambda: cloudformation.create_stack(StackName="one", TemplateBody=TEMPLATE))
    cloudformation.create_stack(StackName="one", TemplateBody=TEMPLATE, Tags=[{"Key": "a", "Value": "b"}], TimeoutInMinutes=5,
                                EnableTerminationProtection=True, ClientRequestToken="t", StackPolicyBody=EVERYTHING, **IAM)
    reach(cloudformation, "one", "CREATE_COMPLETE")
    cloudformation.refused("AlreadyExistsException",
                           lambda: cloudformation.create_stack(StackName="one", TemplateBody=TEMPLATE, **IAM))
    cloudformation.create_stack(StackName="two", TemplateBody=IMPORTING)
    reach(cloudformation, "two", "CREATE_COMPLETE")
    cloudformation.describe_stacks()
    cloudformation.list_stacks()
    cloudformation.describe_stack_events(StackName="one")
    cloudformation.describe_stack_resource(StackName="one", LogicalResourceId="Group")
    cloudformation.describe_stack_resources(StackName="one")
    cloudformation.list_stack_resources(StackName="one")
    cloudformation.list_exports()
    assert cloudformation.list_imports(ExportName="one-name")["Imports"] == ["two"]
    assert cloudformation.get_template(StackName="one")["TemplateBody"] == TEMPLATE
    cloudformation.get_template_summary(StackName="one")
    cloudformation.get_stack_policy(StackName="one")
    cloudformation.set_stack_policy(StackName="one", StackPolicyBody=EVERYTHING)


def change_sets(cloudformation):
    later = {"StackName": "one", "ChangeSetName": "later"}
    cloudformation.create_change_set(**later, TemplateBody=TEMPLATE.replace("its name", "a name").replace("{m: n}", "{m: o}"),
                                     Parameters=[{"ParameterKey": "Days", "ParameterValue": "7"}], **IAM)
    described = cloudformation.describe_change_set(**later, IncludePropertyValues=True)
    target = described["Changes"][0]["ResourceChange"]["Details"][0]["Target"]
    assert target == {"Attribute": "Properties", "Name": "RetentionInDays", "RequiresRecreation": "Never",
                      "Path": "/Properties/RetentionInDays", "BeforeValue": "1", "AfterValue": "7", "AttributeChangeType": "Modify"}
    cloudformation.list_change_sets(StackName="one")
    cloudformation.execute_change_set(**later)
    reach(cloudformation, "one", "UPDATE_COMPLETE")
    cloudformation.create_change_set(StackName="one", ChangeSetName="none", UsePreviousTemplate=True, **IAM,
                                     Parameters=[{"ParameterKey": "Days", "UsePreviousValue": True}])
    assert cloudformation.describe_change_set(StackName="one", ChangeSetName="none")["Status"] == "FAILED"
    cloudformation.delete_change_set(StackName="one", ChangeSetName="none")
    cloudformation.refused("ChangeSetNotFound", lambda: cloudformation.describe_change_set(StackName="one", ChangeSetName="none"))
    cloudformation.create_change_set(StackName="three", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=TEMPLATE, **IAM)
    cloudformation.describe_stacks(StackName="three")


def updates(server, cloudformation):
    cloudformation.refused("ValidationError", lambda: cloudformation.update_stack(StackName="two", UsePreviousTemplate=True))
    many = {"Resources": {f"G{number}": {"Type": "AWS::Logs::LogGroup"} for number in range(200)}}
    cloudformation.create_stack(StackName="many", TemplateBody=json.dumps(many))
    reach(cloudformation, "many", "CREATE_COMPLETE")
    cloudformation.update_stack(StackName="many", UsePreviousTemplate=True, Tags=[{"Key": "a", "Value": "b"}])
    cloudformation.cancel_update_stack(StackName="many")
    reach(cloudformation, "many", "UPDATE_ROLLBACK_COMPLETE")
    failed_rollback(server, cloudformation)


def failed_rollback(server, cloudformation):
    """A resource that somebody took away cannot go back: it is skipped."""
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "lost", "RetentionInDays": 1}}
    cloudformation.create_stack(StackName="lost", TemplateBody=json.dumps({"Resources": {"G": group}}))
    reach(cloudformation, "lost", "CREATE_COMPLETE")
    server.boto3("logs").delete_log_group(logGroupName="lost")
    group["Properties"]["RetentionInDays"] = 3
    cloudformation.update_stack(StackName="lost", TemplateBody=json.dumps({"Resources": {"G": group}}))
    reach(cloudformation, "lost", "UPDATE_ROLLBACK_FAILED")
    cloudformation.continue_update_rollback(StackName="lost", ResourcesToSkip=["G"])
    reach(cloudformation, "lost", "UPDATE_ROLLBACK_COMPLETE")


def deletions(cloudformation):
    cloudformation.refused("ValidationError", lambda: cloudformation.delete_stack(StackName="one"))
    cloudformation.update_termination_protection(StackName="one", EnableTerminationProtection=False)
    ids = {name: cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackId"] for name in ("two", "one", "three", "many", "lost")}
    for name, stack in ids.items():
        cloudformation.delete_stack(StackName=name)
        reach(cloudformation, stack, "DELETE_COMPLETE")
    cloudformation.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])
    cloudformation.describe_stack_resources(StackName=ids["one"])
