"""CloudFormation: updates of stacks, looked at before they are made, and what keeps them from being made."""

import json

import pytest

from cloudformation_support import GROUP, Stacks, TRUST, groups, outputs_of, refused, text_of


@pytest.fixture
def stacks(server):
    return Stacks(server)


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
    assert {name: (change["Action"], change.get("Replacement")) for name, change in changes.items()} == {
        "Name": ("Modify", "True"), "Days": ("Modify", "False"), "New": ("Add", None), "Gone": ("Remove", None),
        "Follows": ("Modify", "False")}
    if "PolicyAction" in stacks.client.meta.service_model.shape_for("ResourceChange").members:  # older clients do not read it
        assert {name: change["PolicyAction"] for name, change in changes.items() if "PolicyAction" in change} == {
            "Name": "ReplaceAndDelete", "Gone": "Delete"}
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
