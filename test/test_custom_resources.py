"""Custom resources: functions that make what CloudFormation does not know, and answer at a URL."""

import json
import shutil
import urllib.error
import urllib.request

import pytest

from cloudformation_support import TRUST, Stacks, outputs_of
from support import wait_until
from test_cloudformation_resources import BASIC, get_att, resource, template

NAMED = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}

# Does what its property Mode says, and tells in its log what it was asked.
PYTHON = """
import json, cfnresponse

def handler(event, context):
    print('ASKED', json.dumps(event))
    properties = event['ResourceProperties']
    mode = properties.get('Mode', 'fine')
    if mode == 'silent':
        return
    status = cfnresponse.FAILED if mode == 'fails' and event['RequestType'] != 'Delete' else cfnresponse.SUCCESS
    name = properties.get('Name', 'unnamed')
    cfnresponse.send(event, context, status, {'Name': name.upper(), 'List': [1, 2]}, 'made-' + name, reason='because')
"""
NODE = """
const response = require('cfn-response');
exports.handler = (event, context) => {
  response.send(event, context, response.SUCCESS, {Name: 'from-node'}, 'node-' + event.ResourceProperties.Name);
};
"""


@pytest.fixture
def stacks(server):
    return Stacks(server)


def with_resource(outputs=None, code=PYTHON, runtime="python3.12", kind="Custom::Thing", **properties):
    return template(
        outputs,
        R=resource("AWS::IAM::Role", AssumeRolePolicyDocument=TRUST, ManagedPolicyArns=[BASIC]),
        F=resource("AWS::Lambda::Function", FunctionName="maker", Runtime=runtime, Handler="index.handler", Timeout=30,
                   Code={"ZipFile": code}, Role=get_att("R", "Arn")),
        C=resource(kind, ServiceToken=get_att("F", "Arn"), **properties))


def asked(stacks, *kinds):
    """What the function was asked, the oldest first, once it was asked all of `kinds`: a log comes a moment after what it tells."""
    def all_of_them():
        events = stacks.logs.filter_log_events(logGroupName="/aws/lambda/maker", filterPattern="ASKED")["events"]
        found = [json.loads(event["message"].split(" ", 1)[1]) for event in events]
        return found if len(found) >= len(kinds) else None
    found = wait_until(all_of_them, f"the function was asked {len(kinds)} times")
    assert [each["RequestType"] for each in found] == list(kinds)
    return found


@pytest.mark.parametrize("kind", ["Custom::Thing", "AWS::CloudFormation::CustomResource"])
def test_a_life(stacks, kind):
    stack = stacks.create(with_resource({"Name": get_att("C", "Name")}, kind=kind, Name="one", Count=5, Deep={"Yes": True}),
                          **NAMED)
    assert outputs_of(stack)["Name"] == "ONE"
    assert stacks.physical("C") == "made-one"
    stacks.update(with_resource(kind=kind, Name="one", Count=6), **NAMED)
    assert stacks.physical("C") == "made-one"
    stacks.update(with_resource(kind=kind, Name="two", Count=6), **NAMED)
    assert stacks.physical("C") == "made-two"
    stacks.delete()
    create, update, replace, gone, delete = asked(stacks, "Create", "Update", "Update", "Delete", "Delete")
    assert (create["RequestType"], create["ResourceType"], create["LogicalResourceId"]) == ("Create", kind, "C")
    assert create["StackId"] == stack["StackId"] and create["ResponseURL"].startswith("https://")
    token = create["ServiceToken"]
    assert create["ResourceProperties"] == {"ServiceToken": token, "Name": "one", "Count": "5", "Deep": {"Yes": "true"}}
    assert update["RequestType"] == "Update" and update["PhysicalResourceId"] == "made-one"
    assert update["OldResourceProperties"] == create["ResourceProperties"]
    assert update["ResourceProperties"] == {"ServiceToken": token, "Name": "one", "Count": "6"}
    assert (replace["RequestType"], replace["PhysicalResourceId"]) == ("Update", "made-one")
    assert (gone["RequestType"], gone["PhysicalResourceId"]) == ("Delete", "made-one")
    assert (delete["RequestType"], delete["PhysicalResourceId"]) == ("Delete", "made-two")


def test_a_failure_is_told_and_cleaned_up(stacks):
    stacks.create(with_resource(Mode="fails", Name="x"), status="ROLLBACK_COMPLETE", **NAMED)
    reason = stacks.reason("C", "CREATE_FAILED")
    assert reason.startswith("Received response status [FAILED] from custom resource. Message returned: because (RequestId: ")
    asked(stacks, "Create", "Delete")


def test_silence_ends_with_the_timeout(stacks):
    stacks.create(with_resource(Mode="silent", ServiceTimeout=1), status="ROLLBACK_COMPLETE", **NAMED)
    assert "CloudFormation did not receive a response from your Custom Resource" in stacks.reason("C", "CREATE_FAILED")


def test_a_failed_update_goes_back(stacks):
    stacks.create(with_resource(Name="one"), **NAMED)
    stacks.update(with_resource(Name="one", Mode="fails"), status="UPDATE_ROLLBACK_COMPLETE", **NAMED)
    assert "Mode" not in asked(stacks, "Create", "Update", "Update")[-1]["ResourceProperties"]
    assert stacks.physical("C") == "made-one"
    stacks.delete()


def test_a_creation_that_waits_does_not_hold_up_others(stacks):
    waiting = stacks.client.create_stack(StackName="waits", TemplateBody=json.dumps(with_resource(Mode="silent")), **NAMED)
    stacks.is_at("C", "CREATE_IN_PROGRESS", "waits")
    stacks.create(template(G=resource("AWS::Logs::LogGroup")))
    assert stacks.describe(waiting["StackId"])["StackStatus"] == "CREATE_IN_PROGRESS"


def test_nodejs(stacks):
    if shutil.which("node") is None:
        pytest.skip("Node.js is not installed")
    stack = stacks.create(with_resource({"Name": get_att("C", "Name")}, code=NODE, runtime="nodejs20.x", Name="x"), **NAMED)
    assert outputs_of(stack)["Name"] == "from-node" and stacks.physical("C") == "node-x"
    stacks.delete()


def test_a_function_that_may_not_be_invoked(stacks):
    whole = template(C=resource("Custom::X", ServiceToken="arn:aws:lambda:us-east-1:000000000000:function:none"))
    stacks.create(whole, status="ROLLBACK_COMPLETE")
    assert "Function not found" in stacks.reason("C", "CREATE_FAILED")
    stacks.create(template(C=resource("Custom::X", ServiceToken="arn:aws:sns:us-east-1:000000000000:t")), name="sns",
                  status="ROLLBACK_COMPLETE")
    assert "custom resources behind SNS topics" in stacks.reason("C", "CREATE_FAILED", "sns")


def test_strangers_leave_no_answers(server):
    host = "cloudformation-custom-resource-response-useast1.s3.amazonaws.com"
    for method, path in (("PUT", "/x%7C00000000000000000000000000000000"), ("GET", "/x%7C0"), ("PUT", "/")):
        request = urllib.request.Request(server.url + path, b"{}" if method == "PUT" else None, {"Host": host}, method=method)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert refused.value.code == 403
