"""What invokes functions, made by stacks: subscriptions of logs, function URLs, event invoke configs."""

import pytest

from cloudformation_support import TRUST, Stacks, outputs_of
from test_cloudformation_resources import BASIC, NAMED, get_att, gone, resource, template
from url_support import send


@pytest.fixture
def stacks(server):
    return Stacks(server)


def function_with(handler="def handler(event, context):\n    return event\n", **more):
    """A role and a function `F`, and the resources that are given."""
    return template(
        R=resource("AWS::IAM::Role", AssumeRolePolicyDocument=TRUST, ManagedPolicyArns=[BASIC]),
        F=resource("AWS::Lambda::Function", Runtime="python3.12", Handler="index.handler", Code={"ZipFile": handler},
                   Role=get_att("R", "Arn")), **more)


def test_subscription_filters(stacks):
    def with_filter(pattern):
        return function_with(
            G=resource("AWS::Logs::LogGroup"),
            P=resource("AWS::Lambda::Permission", FunctionName={"Ref": "F"}, Action="lambda:InvokeFunction",
                       Principal="logs.amazonaws.com", SourceArn=get_att("G", "Arn")),
            S=resource("AWS::Logs::SubscriptionFilter", "P", LogGroupName={"Ref": "G"}, FilterPattern=pattern,
                       DestinationArn=get_att("F", "Arn")))
    stacks.create(with_filter("ERROR"), **NAMED)
    group = stacks.physical("G")

    def filters():
        found = stacks.logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
        return [(each["filterName"], each["filterPattern"]) for each in found]
    assert filters() == [(stacks.physical("S"), "ERROR")]
    stacks.update(with_filter("WARN"), **NAMED)
    assert filters() == [(stacks.physical("S"), "WARN")]
    stacks.delete()


def test_a_subscription_without_permission_fails(stacks):
    stacks.create(function_with(
        G=resource("AWS::Logs::LogGroup"),
        S=resource("AWS::Logs::SubscriptionFilter", LogGroupName={"Ref": "G"}, FilterPattern="", DestinationArn=get_att("F", "Arn"))),
        status="ROLLBACK_COMPLETE", **NAMED)
    assert "Could not execute the lambda function" in stacks.reason("S", "CREATE_FAILED")


def test_function_urls(stacks):
    client = stacks.server.boto3("lambda")

    def with_url(outputs=None, **properties):
        whole = function_with(U=resource("AWS::Lambda::Url", TargetFunctionArn={"Ref": "F"}, **properties))
        return {**whole, "Outputs": {"Url": {"Value": get_att("U", "FunctionUrl")}}}
    stack = stacks.create(with_url(AuthType="NONE", Cors={"AllowOrigins": ["*"], "MaxAge": 60}), **NAMED)
    function = stacks.physical("F")
    config = client.get_function_url_config(FunctionName=function)
    assert outputs_of(stack)["Url"] == config["FunctionUrl"]
    assert (config["AuthType"], config["Cors"]) == ("NONE", {"AllowOrigins": ["*"], "MaxAge": 60})
    assert stacks.physical("U") == config["FunctionArn"]
    stacks.update(with_url(AuthType="AWS_IAM"), **NAMED)
    config = client.get_function_url_config(FunctionName=function)
    assert config["AuthType"] == "AWS_IAM" and not config.get("Cors")
    stacks.update(function_with(), **NAMED)
    gone("ResourceNotFoundException", client.get_function_url_config, FunctionName=function)
    stacks.delete()


def test_a_url_that_answers(stacks):
    permission = resource("AWS::Lambda::Permission", FunctionName={"Ref": "F"}, Action="lambda:InvokeFunctionUrl",
                          Principal="*", FunctionUrlAuthType="NONE")
    whole = function_with("def handler(event, context):\n    return event['rawPath']\n", P=permission,
                          U=resource("AWS::Lambda::Url", AuthType="NONE", TargetFunctionArn={"Ref": "F"}))
    stack = stacks.create({**whole, "Outputs": {"Url": {"Value": get_att("U", "FunctionUrl")}}}, **NAMED)
    answer = send(stacks.server, outputs_of(stack)["Url"], "/hello")
    assert (answer.status, answer.text) == (200, "/hello")
    stacks.delete()


def test_event_invoke_configs(stacks):
    client = stacks.server.boto3("lambda")

    def with_config(**properties):
        return function_with(E=resource("AWS::Lambda::EventInvokeConfig", FunctionName={"Ref": "F"}, Qualifier="$LATEST", **properties))
    stacks.create(with_config(MaximumRetryAttempts=0, MaximumEventAgeInSeconds="60"), **NAMED)
    function = stacks.physical("F")
    config = client.get_function_event_invoke_config(FunctionName=function)
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (0, 60)
    stacks.update(with_config(MaximumRetryAttempts=1), **NAMED)
    config = client.get_function_event_invoke_config(FunctionName=function)
    assert config["MaximumRetryAttempts"] == 1 and "MaximumEventAgeInSeconds" not in config
    stacks.update(function_with(), **NAMED)
    gone("ResourceNotFoundException", client.get_function_event_invoke_config, FunctionName=function)
    stacks.delete()
