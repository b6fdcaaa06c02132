"""CloudFormation's recorded answers. Where a recorded template has resources that the embedded AWS does not make, another
resource stands for it and the rest is compared all the same; what needs AWS's other services alone is listed in ELSEWHERE."""

import json
import pathlib
import re

import pytest

import recorded
from macro_support import handler, make_function, make_macro
from support import wait_until

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
import botocore  # noqa: E402

NAMED = ["CAPABILITY_AUTO_EXPAND", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
GROUP = "AWS::Logs::LogGroup"

# Recorded tests about what the embedded AWS does not have.
ELSEWHERE = {
    "cloudformation-engine": {},
    "cloudformation-stacks": {"test_events_resource_types": "SNS and SQS"},
    "cloudformation-update": {"test_no_parameters_error_update": "nothing was recorded"},
    "cloudformation-validation": {},
}


class Stacks:
    """Makes stacks as the recorded tests did: by a change set that is executed."""

    def __init__(self, server):
        self.client = server.boto3("cloudformation")
        self.server = server

    def change_set(self, template, name="stack", kind="CREATE", **more):
        created = self.client.create_change_set(StackName=name, ChangeSetName="changes", ChangeSetType=kind,
                                                TemplateBody=as_text(template), **more)
        self.client.get_waiter("change_set_create_complete").wait(ChangeSetName=created["Id"], WaiterConfig={"Delay": 1})
        return created

    def execute(self, created, waiter="stack_create_complete"):
        answer = self.client.execute_change_set(ChangeSetName=created["Id"])
        self.wait(waiter, created["StackId"])
        return answer

    def deploy(self, template, kind="CREATE", **more):
        created = self.change_set(template, kind=kind, **{"Capabilities": NAMED, **more})
        self.execute(created, f"stack_{kind.lower()}_complete")
        return self.describe(created["StackId"])

    def wait(self, waiter, name):
        self.client.get_waiter(waiter).wait(StackName=name, WaiterConfig={"Delay": 1})

    def describe(self, name="stack"):
        return self.client.describe_stacks(StackName=name)["Stacks"][0]

    def delete(self, stack_id):
        self.client.delete_stack(StackName=stack_id)
        self.wait("stack_delete_complete", stack_id)

    def events(self, stack_id):
        """The oldest first."""
        return self.client.describe_stack_events(StackName=stack_id)["StackEvents"][::-1]


@pytest.fixture
def stacks(server):
    return Stacks(server)


def as_text(template):
    return template if isinstance(template, str) else json.dumps(template)


def resources(*names, **properties):
    """A template of log groups."""
    return {"Resources": {name: {"Type": GROUP, **({"Properties": properties} if properties else {})} for name in names}}


def parametrized(name, prefix):
    return pytest.mark.parametrize("test", recorded.tests(name, prefix) or ["absent"])


def test_every_recorded_test_is_looked_at():
    if not recorded.RECORDINGS.exists():
        pytest.skip("the recorded answers of AWS are not here (../shared/reference/recorded-aws)")
    source = "".join(file.read_text() for file in pathlib.Path(__file__).parent.glob("test_recorded_cloudformation*.py"))
    for name, elsewhere in ELSEWHERE.items():
        for test in recorded.tests(name):
            assert test in elsewhere or f'"{test.split("[")[0]}' in source, f"{name}: {test}"


def test_special_characters_in_a_description(stacks):
    recording = recorded.load("cloudformation-stacks", "TestStacksApi::test_stack_description_special_chars")
    described = stacks.deploy({"Description": "test <env>.test.net", **resources("G")})
    recording.match("describe_stack", described)
    recording.complete()


def test_events_of_a_creation(stacks):
    recording = recorded.load("cloudformation-stacks", "TestStacksApi::test_list_events_after_deployment")
    created = stacks.change_set(resources("topic123", LogGroupName="named"))
    stacks.execute(created)
    events = stacks.events("stack")
    recording.match("events", {"StackEvents": events, "ResponseMetadata": {"HTTPStatusCode": 200}},
                    leave_out=("ResourceType", "ResourceProperties", "PhysicalResourceId", "EventId"))
    ids = [re.sub(r"-\d{4}-.*", "-date", event["EventId"]) for event in events[2:5]]
    assert ids == [event["EventId"] for event in recording["events"]["StackEvents"][2:5]]
    assert [event["PhysicalResourceId"] for event in events[2:5]] == ["", "named", "named"]
    assert json.loads(events[2]["ResourceProperties"]) == {"LogGroupName": "named"}
    recording.complete()


def test_a_stacks_life(stacks):
    recording = recorded.load("cloudformation-stacks", "TestStacksApi::test_stack_lifecycle")
    template = {"Parameters": {"ApiName": {"Type": "String"}}, **resources("G", LogGroupName={"Ref": "ApiName"})}
    recording.match("creation", stacks.deploy(template, Parameters=[{"ParameterKey": "ApiName", "ParameterValue": "one"}]))
    updated = stacks.deploy(template, kind="UPDATE", Parameters=[{"ParameterKey": "ApiName", "ParameterValue": "two"}])
    recording.match("update", updated)
    stacks.delete(updated["StackId"])
    recording.match("describe_deleted_by_name_exc", recorded.call(stacks.client.describe_stacks, StackName="stack"))
    recording.match("deleted", stacks.describe(updated["StackId"]))
    recording.complete()


def test_a_resource_that_is_no_object(stacks):
    recording = recorded.load("cloudformation-stacks", "test_linting_error_during_creation")
    answer = recorded.call(stacks.client.create_stack, StackName="s", TemplateBody=as_text({"Resources": {"A": "x"}}))
    recording.match("error", answer)
    recording.complete()


def test_termination_protection(stacks):
    recording = recorded.load("cloudformation-stacks", "test_update_termination_protection")
    template = {"Parameters": {"ApiName": {"Type": "String"}}, **resources("G", LogGroupName={"Ref": "ApiName"})}
    stacks.deploy(template, Parameters=[{"ParameterKey": "ApiName", "ParameterValue": "one"}])
    for key, enabled in (("describe-stack-1", True), ("describe-stack-2", False)):
        stacks.client.update_termination_protection(EnableTerminationProtection=enabled, StackName="stack")
        recording.match(key, stacks.client.describe_stacks(StackName="stack"))
    recording.complete()


def test_a_stack_name_that_cannot_be(stacks):
    recording = recorded.load("cloudformation-stacks", "TestStacksApi::test_stack_name_creation")
    recording.match("stack_response", recorded.call(stacks.client.create_stack, StackName="*@da591fa3_$",
                                                    TemplateBody=as_text(resources("G"))))
    recording.complete()


def test_a_stack_that_can_only_go_without_its_resource(stacks):
    recording = recorded.load("cloudformation-stacks", "test_blocked_stack_deletion", **{"policy-name": "broken"})
    template = {"Parameters": {"Name": {"Type": "String"}}, "Resources": {"BrokenPolicy": {
        "Type": "AWS::IAM::Policy", "Properties": {"PolicyName": {"Ref": "Name"}, "PolicyDocument": {
            "Version": "2012-10-17", "Statement": [{"Action": "*", "Resource": "*", "Effect": "Allow"}]}}}}}
    stack = stacks.client.create_stack(StackName="stack", TemplateBody=as_text(template), Capabilities=["CAPABILITY_NAMED_IAM"],
                                       Parameters=[{"ParameterKey": "Name", "ParameterValue": "broken"}])["StackId"]
    wait_for(stacks, stack, "ROLLBACK_FAILED")
    recording.match("stack_post_create", stacks.client.describe_stacks(StackName=stack))
    stacks.client.delete_stack(StackName=stack)
    wait_for(stacks, stack, "DELETE_FAILED")
    recording.match("stack_post_fail_delete", stacks.client.describe_stacks(StackName=stack))
    stacks.client.delete_stack(StackName=stack, RetainResources=["BrokenPolicy"])
    wait_for(stacks, stack, "DELETE_COMPLETE")
    recording.match("stack_post_success_delete", stacks.client.describe_stacks(StackName=stack))
    events = stacks.client.describe_stack_events(StackName=stack)
    for event in events["StackEvents"]:
        event["EventId"] = re.sub(r"-\d{4}-.*", "-date", event["EventId"]) if "BrokenPolicy" in event["EventId"] else event["EventId"]
        if "ResourceStatusReason" in event:
            event["ResourceStatusReason"] = "resource-status-reason"
    recording.match("stack_events", events)
    recording.complete()


def wait_for(stacks, stack, status):
    wait_until(lambda: stacks.describe(stack)["StackStatus"] == status, f"the stack is {status}")


def test_events_of_a_stack_that_is_not_there(stacks):
    recording = recorded.load("cloudformation-stacks", "test_describe_stack_events_errors")
    recording.match("describe_stack_events_stack_not_found",
                    recorded.call(stacks.client.describe_stack_events, StackName="does-not-exist"))
    recording.complete()


def chain(order):
    """Three resources, each named after the one before it, written in some order."""
    definitions = {
        "A": {"Type": GROUP, "Properties": {"LogGroupName": "root"}},
        "B": {"Type": GROUP, "Properties": {"LogGroupName": {"Fn::Sub": "${A}-b"}}},
        "C": {"Type": GROUP, "Properties": {"LogGroupName": {"Fn::Sub": "${B}-c"}}},
    }
    return {"Resources": {name: definitions[name] for name in order}}


@parametrized("cloudformation-stacks", "test_stack_deploy_order")
def test_deployment_order(stacks, test):
    recording = recorded.load("cloudformation-stacks", test)
    stack = stacks.deploy(chain(re.search(r"\[(.*)\]", test)[1].split("-")))["StackId"]
    stacks.delete(stack)
    events = [event for event in stacks.events(stack) if event["LogicalResourceId"] in ("A", "B", "C")
              and event["ResourceStatus"] in ("CREATE_COMPLETE", "DELETE_COMPLETE")]
    recording.match("events", events, leave_out=("PhysicalResourceId", "ResourceType", "ResourceProperties"))
    recording.complete()


def test_the_template_of_a_stack(stacks):
    recording = recorded.load("cloudformation-stacks", "TestStacksApi::test_get_template_using_changesets[yaml]")
    body = "Resources:\n  group69831491:\n    Type: AWS::Logs::LogGroup\nOutputs:\n  Name:\n    Value:\n      Ref: group69831491\n"
    stacks.deploy(body)
    for key, stage in (("template_original", "Original"), ("template_processed", "Processed")):
        answer = stacks.client.get_template(StackName="stack", TemplateStage=stage)
        recording.match(key, answer, leave_out=("TemplateBody",))
        assert answer["TemplateBody"] == body
    recording.complete()


STAND_IN = ("ResourceType", "PhysicalResourceId", "BeforeContext", "AfterContext", "EventId")


def values_as_recorded(answer, recorded_set):
    """The values of properties are told, and unknown, where they were on AWS."""
    for change, known in zip(answer["Changes"], recorded_set["Changes"]):
        for context in ("BeforeContext", "AfterContext"):
            there, expected = change["ResourceChange"].get(context), known["ResourceChange"].get(context)
            assert (there is None) == (expected is None), (context, change)
            if expected is not None:
                unknown = "KNOWN_AFTER_APPLY" in json.dumps(expected)
                assert ("KNOWN_AFTER_APPLY" in there) == unknown and '"Properties"' in there, (context, change)


@parametrized("cloudformation-stacks", "test_stack_deletion_order")
def test_deletion_order(stacks, test):
    if tuple(int(part) for part in botocore.__version__.split(".")[:2]) < (1, 34):
        pytest.skip("this botocore does not ask for the values of changed properties")
    recording = recorded.load("cloudformation-stacks", test)
    removed = re.search(r"\[(.*)\]", test)[1].split("-")
    whole = chain(["A", "B", "C"])
    whole["Resources"]["Dummy"] = {"Type": GROUP, "Properties": {"LogGroupName": "dummy"}}
    rest = {"Resources": {name: value for name, value in whole["Resources"].items() if name not in removed}}
    stack = None
    for number, (template, kind) in enumerate(((whole, "CREATE"), (rest, "UPDATE")), 1):
        created = stacks.change_set(template, kind=kind)
        recording.match(f"create-change-set-{number}", created)
        with_values = stacks.client.describe_change_set(ChangeSetName=created["Id"], IncludePropertyValues=True)
        recording.match(f"describe-change-set-{number}-prop-values", with_values, leave_out=STAND_IN)
        values_as_recorded(with_values, recording[f"describe-change-set-{number}-prop-values"])
        recording.match(f"describe-change-set-{number}", stacks.client.describe_change_set(ChangeSetName=created["Id"]),
                        leave_out=STAND_IN)
        recording.match(f"execute-change-set-{number}", stacks.execute(created, f"stack_{kind.lower()}_complete"))
        stack = created["StackId"]
        recording.match(f"post-create-{number}-describe", stacks.describe(stack))
    stacks.delete(stack)
    recording.match("delete-describe", stacks.describe(stack))
    compare_events(recording, stacks.events(stack))
    recording.complete()


def compare_events(recording, events):
    """Each resource has its events as recorded. Among resources that do not depend on each other AWS has no order."""
    told = []
    for event in events:
        if event.get("ResourceStatusReason") == "Resource creation Initiated" or "CLEANUP" in event["ResourceStatus"]:
            continue
        if event["PhysicalResourceId"] == "" and event["ResourceStatus"] == "CREATE_IN_PROGRESS":
            event["PhysicalResourceId"] = "later"
        told.append(event)
    shown = ("LogicalResourceId", "PhysicalResourceId", "ResourceStatus", "ResourceType", "Timestamp")
    per_resource = {}
    for event in told:
        name = "Stack" if event["ResourceType"] == "AWS::CloudFormation::Stack" else event["LogicalResourceId"]
        per_resource.setdefault(name, []).append({member: event[member] for member in shown})
    recording.match("per-resource-events", per_resource, leave_out=("ResourceType", "PhysicalResourceId"))
    pairs = [[event["LogicalResourceId"], event["ResourceStatus"]] for event in told]
    expected = [[recorded.resolved(name, recording.bound), status] for name, status in recording["all-events"]]
    assert sorted(pairs) == sorted(expected)
    dependent = [pair for pair in expected if pair[0] != "Dummy"]
    assert [pair for pair in pairs if pair[0] != "Dummy"] == dependent
    recording.skip("all-events", "compared above")


def test_a_description_before_and_after_the_execution(stacks):
    recording = recorded.load("cloudformation-stacks", "TestStacksApi::test_stack_description_lifecycle[with-tags]")
    created = stacks.change_set({"Description": "test <env>.test.net", **resources("TestResource", LogGroupName="x")},
                                Tags=[{"Key": "foo", "Value": "bar"}])
    described = stacks.client.describe_change_set(ChangeSetName=created["Id"])
    recording.match("change-set-pre-execute", described, leave_out=("ResourceType",))
    recording.match("stack-pre-execute", stacks.describe(created["StackId"]))
    stacks.execute(created)
    recording.match("stack-post-execute", stacks.describe(created["StackId"]))
    recording.complete()


def test_an_address_given_as_a_template(stacks):
    recording = recorded.load("cloudformation-stacks", "TestStacksApi::test_create_stack_url_as_template")
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        stacks.client.create_stack(StackName="s", TemplateBody="https://bucket.s3.amazonaws.com/template.yaml")
    recording.match("stack_create_ec2", str(caught.value))
    recording.complete()


def test_a_list_of_subnets_as_parameter(stacks):
    recording = recorded.load("cloudformation-stacks", "test_subnet_id_parameter_type")
    described = stacks.deploy({
        "Parameters": {"P": {"Type": "List<AWS::EC2::Subnet::Id>"}}, **resources("G"),
        "Outputs": {"ParamValue": {"Value": {"Fn::Join": ["|", {"Ref": "P"}]}}},
    }, Parameters=[{"ParameterKey": "P", "ParameterValue": "subnet-id-1,subnet-id-2"}])
    recording.match("outputs", {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]})
    recording.complete()


def test_a_template_that_is_too_long(stacks):
    recording = recorded.load("cloudformation-engine", "TestMacros::test_to_validate_template_limit_for_macro",
                              **{"template-body": "x" * 51_201})
    answer = recorded.call(stacks.client.create_stack, StackName="s", TemplateBody="x" * 51_201)
    answer["Error"]["Message"] = answer["Error"]["Message"].replace("x" * 51_201, "<template-body>")
    recording.bind("template-body", "<template-body>")
    recording.match("error_response", answer)
    recording.complete()


def outputs_of(stacks, template, **more):
    return {output["OutputKey"]: output["OutputValue"] for output in stacks.deploy(template, **more)["Outputs"]}


def test_joining_what_is_no_value(stacks):
    recording = recorded.load("cloudformation-engine", "TestIntrinsicFunctions::test_join_no_value_construct")
    no_value = {"Ref": "AWS::NoValue"}
    recording.match("join-output", outputs_of(stacks, {
        "Conditions": {"Active": {"Fn::Equals": ["true", "false"]}}, **resources("G"),
        "Outputs": {
            "JoinConditionalNoValue": {"Value": {"Fn::Join": [",", [{"Fn::If": ["Active", "Sample", no_value]}]]}},
            "JoinOnlyNoValue": {"Value": {"Fn::Join": [",", [no_value]]}},
            "JoinWithNoValue": {"Value": {"Fn::Join": [",", [no_value, "Sample"]]}},
        }}))
    recording.complete()


def test_selecting_by_a_map(stacks):
    recording = recorded.load("cloudformation-engine", "TestIntrinsicFunctions::test_fn_select_has_intrinsic_function")
    recording.match("fn-select-fn-map-output", outputs_of(stacks, {
        "Mappings": {"M": {"k": {"index": "1"}}}, **resources("G"),
        "Outputs": {"ParameterValue": {"Value": {"Fn::Select": [{"Fn::FindInMap": ["M", "k", "index"]}, ["false", "true"]]}}},
    }))
    recording.complete()


def test_a_resource_without_a_type(stacks):
    recording = recorded.load("cloudformation-engine", "test_no_type")
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        stacks.change_set({"Resources": {"Foo": {"Properties": {}}}})
    recording.match("error", str(caught.value))
    recording.complete()


def test_an_update_by_a_role_that_cannot_be_assumed(stacks):
    recording = recorded.load("cloudformation-update", "test_update_with_role_without_permissions")
    role = recording["error"]["Error"]["Message"].split("role/")[1].split(" ")[0]
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
                                                     "Action": "sts:AssumeRole"}]}
    arn = stacks.server.boto3("iam").create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    stacks.deploy(resources("G"))
    answer = recorded.call(stacks.client.update_stack, StackName="stack", RoleARN=arn,
                           TemplateBody=as_text(resources("G", RetentionInDays=7)))
    recording.match("error", answer)
    recording.complete()


def test_rollback_triggers_that_cannot_be(stacks):
    recording = recorded.load("cloudformation-update", "test_update_with_invalid_rollback_configuration_errors")
    stacks.deploy(resources("G"))
    alarm = "arn:aws:cloudwatch:us-east-1:123456789012:example-name"
    for key, trigger in (("type_error", {"Arn": alarm, "Type": "Another"}),
                         ("arn_error", {"Arn": "arn:aws:cloudwatch:us-east-1:123456789012:example-name",
                                        "Type": "AWS::CloudWatch::Alarm"})):
        recording.match(key, recorded.call(stacks.client.update_stack, StackName="stack", UsePreviousTemplate=True,
                                           RollbackConfiguration={"RollbackTriggers": [trigger]}))
    recording.complete()


INVALID = {
    "test_invalid_output_structure[missing-def]": {**resources("G"), "Outputs": {"MyOutput": {"Value": None}}},
    "test_resources_blocks[invalid-key]": {"Resources": {"G": {"Type": GROUP, "Invalid": "x"}}},
}


@parametrized("cloudformation-validation", "")
def test_templates_that_cannot_be(stacks, test):
    recording = recorded.load("cloudformation-validation", test)
    recording.match("validation-error", recorded.call(
        stacks.client.create_change_set, StackName="s", ChangeSetName="c", ChangeSetType="CREATE",
        TemplateBody=as_text(INVALID[test])))
    recording.complete()


# Macros. The processed template of a stack is there whether its resources can be made or not: where AWS made parameters of
# Systems Manager and topics, these stacks are rolled back, and the templates are compared whole.

def processed(stacks, template, **more):
    """A stack of that template, made without a change set, once its operation is over."""
    stack = stacks.client.create_stack(StackName="transformed", TemplateBody=as_text(template),
                                       Capabilities=["CAPABILITY_AUTO_EXPAND"], **more)["StackId"]
    wait_until(lambda: not stacks.describe(stack)["StackStatus"].endswith("_IN_PROGRESS"), "the stack's operation is over")
    return stack


SUBSTITUTION = handler("""
text = json.dumps(fragment)
for name, value in values.items():
    text = text.replace("{" + name + "}", value)
""", "json.loads(text)")


def test_the_deployment_of_a_macro(stacks):
    recording = recorded.load("cloudformation-engine", "TestMacros::test_macro_deployment")
    make_function(stacks.server, "substitution", SUBSTITUTION)
    template = {
        "Parameters": {"FunctionName": {"Type": "String"}, "MacroName": {"Type": "String"}},
        "Resources": {"Macro": {"Type": "AWS::CloudFormation::Macro", "Properties": {
            "Name": {"Ref": "MacroName"}, "FunctionName": {"Ref": "FunctionName"}}}},
        "Outputs": {"MacroRef": {"Value": {"Ref": "Macro"}}},
    }
    described = stacks.deploy(template, Parameters=[{"ParameterKey": "FunctionName", "ParameterValue": "substitution"},
                                                    {"ParameterKey": "MacroName", "ParameterValue": "SubstitutionMacro"}])
    recording.match("stack_outputs", {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]})
    recording.match("stack_resource_descriptions", stacks.client.describe_stack_resources(StackName="stack"))
    recording.complete()


def test_a_macro_of_the_whole_template(stacks):
    recording = recorded.load("cloudformation-engine", "TestMacros::test_global_scope")
    make_macro(stacks.server, "SubstitutionMacro", SUBSTITUTION)
    stack = processed(stacks, {
        "Parameters": {"Substitution": {"Type": "String", "Default": "SubstitutionDefault"}}, "Transform": "SubstitutionMacro",
        "Resources": {"Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {"Value": "{Substitution}", "Type": "String"}}},
        "Outputs": {"ParameterName": {"Value": {"Ref": "Parameter"}}},
    }, Parameters=[{"ParameterKey": "Substitution", "ParameterValue": "new-value"}])
    recording.match("processed_template", stacks.client.get_template(StackName=stack, TemplateStage="Processed"))
    recording.complete()


FIFO = handler("""
fragment["FifoTopic"] = True
fragment["ContentBasedDeduplication"] = True
""")


@pytest.mark.parametrize("test", ["TestMacros::test_snipped_scope",
                                  "TestMacros::test_snipped_scope[transformation_snippet_topic.yml]"])
def test_a_macro_of_a_snippet(stacks, test):
    recording = recorded.load("cloudformation-engine", test)
    newer = recorded.load("cloudformation-engine", "TestMacros::test_snipped_scope[transformation_snippet_topic.yml]")
    make_macro(stacks.server, "ConvertTopicToFifo", FIFO)
    stack = processed(stacks, newer["original_template"]["TemplateBody"],
                      Parameters=[{"ParameterKey": "TopicName", "ParameterValue": "topic.fifo"}])
    if "original_template" in recording.content:
        recording.match("original_template", stacks.client.get_template(StackName=stack, TemplateStage="Original"))
    recording.match("processed_template", stacks.client.get_template(StackName=stack, TemplateStage="Processed"))
    recording.complete()


FAILING = {
    "return_unsuccessful_with_message.py": handler("""
answer["status"] = "failed"
answer["errorMessage"] = "failed because it is a test"
"""),
    "return_unsuccessful_without_message.py": handler('answer["status"] = "failed"'),
    "return_invalid_template.py": handler("", "'no template'"),
    "raise_error.py": "def handler(event, context):\n    raise Exception('on purpose')\n",
}


@parametrized("cloudformation-engine", "TestMacros::test_failed_state")
def test_a_macro_that_fails(stacks, test):
    recording = recorded.load("cloudformation-engine", test)
    make_macro(stacks.server, "Unsuccessful", FAILING[re.search(r"\[(.*)\]", test)[1]])
    stack = processed(stacks, {"Transform": "Unsuccessful", **resources("G")})
    failed = [event for event in stacks.events(stack) if event["ResourceStatus"] == "ROLLBACK_IN_PROGRESS"]
    recording.match("failed_description", failed[0])
    recording.complete()


def test_a_macro_that_gets_a_list(stacks):
    recording = recorded.load("cloudformation-engine", "TestMacros::test_pyplate_param_type_list")
    make_macro(stacks.server, "Tagging", handler("""
fragment["Resources"]["Bucket"]["Properties"] = {
    "Tags": [dict(zip(("Key", "Value"), tag.split("="))) for tag in values["Tags"]]}
"""))
    processed(stacks, {
        "Transform": ["Tagging"], "Parameters": {"Tags": {"Type": "CommaDelimitedList"}},
        "Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}},
    }, Parameters=[{"ParameterKey": "Tags", "ParameterValue": "Env=Prod,Application=MyApp,BU=ModernisationTeam"}])
    bucket = stacks.client.describe_stack_resource(StackName="transformed", LogicalResourceId="Bucket")
    tags = stacks.server.boto3("s3").get_bucket_tagging(Bucket=bucket["StackResourceDetail"]["PhysicalResourceId"])["TagSet"]
    own = sorted([tag["Key"], tag["Value"]] for tag in tags if not tag["Key"].startswith("aws:"))
    recording.match("tags", own)
    recording.complete()
