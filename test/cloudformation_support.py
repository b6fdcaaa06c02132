"""What the tests of CloudFormation share."""

import json

import pytest

from support import EXECUTION_TRUST, wait_until

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


def make_user(server, *statements):
    """A user with these permissions: (action, resource); its key."""
    iam = server.boto3("iam")
    iam.create_user(UserName="ann")
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}
                                               for action, resource in statements]}))
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]
