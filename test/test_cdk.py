"""Templates as the CDK writes them: real output of `cdk synth`, unchanged (cdk/app.js)."""

import json
import pathlib

import pytest

from cloudformation_support import Stacks, outputs_of
from url_support import send

TEMPLATES = pathlib.Path(__file__).parent / "cdk"
NAMED = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}


@pytest.fixture
def stacks(server):
    return Stacks(server)


def template(name):
    return (TEMPLATES / f"{name}.template.json").read_text()


def test_a_bucket_a_role_and_a_parameter(stacks):
    outputs = outputs_of(stacks.create(template("BlobStore"), **NAMED))
    ssm = stacks.server.boto3("ssm")
    assert ssm.get_parameter(Name="/blobstore/bucket")["Parameter"]["Value"] == outputs["Bucket"]
    types = {each["ResourceType"] for each in stacks.client.describe_stack_resources(StackName="s")["StackResources"]}
    assert "AWS::CDK::Metadata" in types and len(types) == 6
    stacks.delete()
    assert ssm.describe_parameters()["Parameters"] == []


def test_a_function_with_stored_settings(stacks):
    ssm = stacks.server.boto3("ssm")
    for name, value in (("word", "hello"), ("fixed", "world")):
        ssm.put_parameter(Name=f"/greeter/{name}", Value=value, Type="String")
    outputs = outputs_of(stacks.create(template("Greeter"), **NAMED))
    assert send(stacks.server, outputs["Url"], "/").text == "hello world"
    client = stacks.server.boto3("lambda")
    config = client.get_function_event_invoke_config(FunctionName=outputs["Name"], Qualifier="1")
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (0, 300)
    # The second version of a setting that the template fixes to its first is not looked at.
    ssm.put_parameter(Name="/greeter/fixed", Value="moon", Type="String", Overwrite=True)
    ssm.put_parameter(Name="/greeter/word", Value="good morning", Type="String", Overwrite=True)
    stacks.update(None, **NAMED)
    variables = client.get_function_configuration(FunctionName=outputs["Name"])["Environment"]["Variables"]
    assert variables == {"WORD": "good morning", "FIXED": "world"}
    changed = json.loads(template("Greeter"))
    config = next(each for each in changed["Resources"].values() if each["Type"] == "AWS::Lambda::EventInvokeConfig")
    config["Properties"]["MaximumRetryAttempts"] = 1
    stacks.update(changed, **NAMED)
    assert client.get_function_event_invoke_config(FunctionName=outputs["Name"], Qualifier="1")["MaximumRetryAttempts"] == 1
    stacks.delete()


def test_rules_conditions_and_what_is_kept(stacks):
    whole = template("Users")
    assert outputs_of(stacks.create(whole, **NAMED))["KeyId"].startswith("AKIA")
    assert stacks.groups() == []
    stacks.update(None, Parameters=[{"ParameterKey": "Stage", "ParameterValue": "live"}], **NAMED)
    assert len(stacks.groups()) == 1
    stacks.delete()
    assert len(stacks.groups()) == 1


@pytest.mark.parametrize("version, message", [("5", "Rule CheckBootstrapVersion failed|CDK bootstrap stack version 6"),
                                              ("6", None)])
def test_a_bootstrap_that_is_there_counts(stacks, version, message):
    name = "/cdk-bootstrap/hnb659fds/version"
    stacks.server.boto3("ssm").put_parameter(Name=name, Value=version, Type="String")
    if message is None:
        stacks.create(template("Users"), **NAMED)
    else:
        with pytest.raises(Exception, match=message):
            stacks.create(template("Users"), **NAMED)


def test_a_run_with_a_stack_of_the_cdk(sortie):
    """Its role is the suite's, its outputs are the suite's environment."""
    script = sortie.folder / "suite.sh"
    script.write_text('#!/bin/sh\n[ -n "$BUCKET" ] && [ "$BUCKET" != "${BUCKET#s}" ]\n')
    script.chmod(0o755)
    file = sortie.folder / "BlobStore.template.json"
    file.write_text(template("BlobStore"))
    ended = sortie("run", script, "--stack", file, "--env", "BUCKET=${stack.Bucket}")
    assert ended.status == 0, ended
