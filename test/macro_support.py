"""Macros of CloudFormation for its tests: functions in Python, and the stacks that register them."""

import json

from lambda_lab import zip_of
from support import EXECUTION_TRUST, wait_until

ABLE = {"Capabilities": ["CAPABILITY_AUTO_EXPAND"]}
# What a handler begins with; TEXT is what it does with `fragment`, `params` and `values`.
HEAD = """
import json

def handler(event, context):
    fragment, params, values = event["fragment"], event["params"], event["templateParameterValues"]
    answer = {"requestId": event["requestId"], "status": "success"}
"""


def handler(text, result="fragment"):
    """The source of a handler that runs TEXT and answers with RESULT."""
    body = "".join(f"    {line}\n" for line in text.strip().splitlines())
    return f"{HEAD}{body}    answer['fragment'] = {result}\n    return answer\n"


def make_function(server, name, source, timeout=20, role="macro-functions"):
    """A function of that source; its ARN."""
    iam, functions = server.boto3("iam"), server.boto3("lambda")
    try:
        arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=EXECUTION_TRUST)["Role"]["Arn"]
    except iam.exceptions.EntityAlreadyExistsException:
        arn = iam.get_role(RoleName=role)["Role"]["Arn"]
    made = functions.create_function(FunctionName=name, Role=arn, Runtime="python3.12", Handler="index.handler", Timeout=timeout,
                                     Code={"ZipFile": zip_of({"index.py": source})})
    wait_until(lambda: functions.get_function_configuration(FunctionName=name)["State"] == "Active", f"{name} is active")
    return made["FunctionArn"]


def macro_template(**functions):
    """A template that registers macros: name=function."""
    return {"Resources": {f"M{number}": {"Type": "AWS::CloudFormation::Macro", "Properties": {"Name": name, "FunctionName": function}}
                          for number, (name, function) in enumerate(functions.items())}}


def make_macro(server, name, source, stack=None, **more):
    """A function of that source, and a stack that registers it under NAME; the stack's name."""
    function = make_function(server, f"{name}-function", source, **more)
    client = server.boto3("cloudformation")
    stack = stack or f"{name}-stack"
    client.create_stack(StackName=stack, TemplateBody=json.dumps(macro_template(**{name: function})))
    wait_until(lambda: client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE",
               f"{stack} is there")
    return stack


def processed(stacks, name="s", **more):
    """The processed template. botocore reads JSON."""
    body = stacks.client.get_template(StackName=name, TemplateStage="Processed", **more)["TemplateBody"]
    return body if isinstance(body, str) else json.loads(json.dumps(body))


def failure(stacks, template, **more):
    """The reason for which a stack of this template is rolled back, told twice."""
    stacks.create(template, status="ROLLBACK_COMPLETE", **{**ABLE, **more})
    told = stacks.told("s", "s")
    assert told[0] == ("s", "CREATE_IN_PROGRESS", "User Initiated") and told[-1][1] == "ROLLBACK_COMPLETE", told
    (_, first, reason), (_, second, again) = told[1:3]
    assert (first, second) == ("CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS") and again == f"{reason}. Rollback requested by user."
    stacks.delete()
    return reason
