"""CloudFormation's recorded answers about parameters of Systems Manager. A log group stands for the recorded topic."""

import json

import pytest
from botocore.exceptions import ClientError

import recorded
from test_recorded_cloudformation import resources, stacks  # noqa: F401


def stored(**more):
    kind = {"Type": "AWS::SSM::Parameter::Value<String>"}
    return {"Parameters": {"parameter123": {**kind, **more}}, **resources(
        "G", LogGroupName="named", Tags=[{"Key": "param-value", "Value": {"Fn::Sub": "param ${parameter123}"}}])}


def test_a_parameter_of_systems_manager(stacks):  # noqa: F811
    recording = recorded.load("cloudformation-engine", "TestSsmParameters::test_create_stack_with_ssm_parameters",
                              **{"<parameter-value:1>": "/its/name", "<resolved-value:1>": "its-value"})
    stacks.server.boto3("ssm").put_parameter(Name="/its/name", Value="its-value", Type="String")
    recording.match("stack-details", stacks.deploy(
        stored(), Parameters=[{"ParameterKey": "parameter123", "ParameterValue": "/its/name"}]))
    tags = stacks.server.boto3("logs").list_tags_log_group(logGroupName="named")["tags"]
    recording.match("topic-tags", [{"Key": key, "Value": value} for key, value in tags.items()])
    recording.complete()


def test_a_parameter_of_systems_manager_without_a_name(stacks):  # noqa: F811
    recording = recorded.load("cloudformation-engine", "TestSsmParameters::test_resolve_ssm_missing_parameter")
    template = json.loads(json.dumps(stored()).replace("parameter123", "InputValue"))
    with pytest.raises(ClientError) as caught:
        stacks.change_set(template)
    recording.match("error-response", str(caught.value))
    recording.complete()
