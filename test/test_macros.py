"""Macros of CloudFormation that are functions: what they get, in which order they run, and how they fail."""

import json
import time

import pytest

from cloudformation_support import GROUP, Stacks, groups, make_user, outputs_of, refused, text_of
from lambda_lab import zip_of
from macro_support import ABLE, failure, handler, macro_template, make_function, make_macro, processed
from support import Server, wait_until

ACCOUNT = "000000000000"
# Puts its parameter behind what the fragment says so far.
TRACE = handler("""
fragment["Description"] = fragment.get("Description", "") + params.get("Mark", "-")
""")
# In the function's own words: the whole event as the value of an output.
TELL = handler("""
fragment["Outputs"] = {"Event": {"Value": json.dumps({key: value for key, value in event.items() if key != "fragment"})},
                       "Fragment": {"Value": json.dumps(fragment)}}
""")


@pytest.fixture
def stacks(server):
    return Stacks(server)


# What they get

def test_what_a_macro_is_told(stacks):
    make_macro(stacks.server, "Tell", TELL)
    template = {
        "Transform": [{"Name": "Tell", "Parameters": {"Text": {"Fn::Sub": "${AWS::StackName}-${Stage}"}, "Number": 7, "Flag": True,
                                                      "List": {"Ref": "Zones"}}}],
        "Parameters": {"Stage": {"Type": "String", "Default": "test"}, "Zones": {"Type": "CommaDelimitedList"},
                       "Ports": {"Type": "List<Number>", "Default": "1,2"}, "Count": {"Type": "Number", "Default": 3}},
        **groups(G={"LogGroupName": {"Ref": "Stage"}}),
    }
    outputs = outputs_of(stacks.create(template, **ABLE, Parameters=[{"ParameterKey": "Zones", "ParameterValue": "a, b"}]))
    event = json.loads(outputs["Event"])
    assert len(event.pop("requestId")) == 36
    assert event == {"accountId": ACCOUNT, "region": "us-east-1", "transformId": f"{ACCOUNT}::Tell",
                     "params": {"Text": "s-test", "Number": 7, "Flag": True, "List": ["a", "b"]},
                     "templateParameterValues": {"Stage": "test", "Zones": ["a", "b"], "Ports": ["1", "2"], "Count": "3"}}
    del template["Transform"]
    assert json.loads(outputs["Fragment"]) == template
    assert stacks.told("s", "s")[:2] == [("s", "CREATE_IN_PROGRESS", "User Initiated"),
                                         ("s", "CREATE_IN_PROGRESS", "Transformation succeeded")]


def test_a_snippet_is_what_is_beside_it(stacks):
    make_macro(stacks.server, "Tell", handler('fragment["Seen"] = sorted(fragment)\nfragment["Got"] = params'))
    template = groups(G={})
    template["Resources"]["G"]["Metadata"] = {"A": {"x": 1}, "Fn::Transform": {"Name": "Tell"}, "B": [2]}
    stacks.create(template, **ABLE)
    assert processed(stacks)["Resources"]["G"]["Metadata"] == {"A": {"x": 1}, "B": [2], "Seen": ["A", "B"], "Got": {}}


def test_what_takes_the_place_of_a_snippet(stacks):
    """Texts and lists, anywhere."""
    make_macro(stacks.server, "Upper", handler("", "params['Of'].upper()"))
    make_macro(stacks.server, "Twice", handler("", "[params['Of']] * 2"), role="other")
    template = """
Parameters: {Name: {Type: String, Default: name}}
Mappings: {N: {a: {b: x}}, M: {k: {v: !Transform {Name: Upper, Parameters: {Of: mapped}}}}}
Resources:
  G:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: !Transform {Name: Upper, Parameters: {Of: !Sub '${Name}-of'}}
Outputs:
  Mapped: {Value: !FindInMap [M, k, v]}
  Joined: {Value: !Join ['+', {'Fn::Transform': {Name: Twice, Parameters: {Of: !FindInMap [N, a, b]}}}]}
"""
    assert outputs_of(stacks.create(template, **ABLE)) == {"Mapped": "MAPPED", "Joined": "x+x"}
    assert "NAME-OF" in stacks.groups()
    assert stacks.client.get_template(StackName="s", TemplateStage="Original")["TemplateBody"] == template
    assert processed(stacks)["Outputs"]["Joined"] == {"Value": {"Fn::Join": ["+", ["x", "x"]]}}


def test_the_order(stacks):
    """From the inside out, the section last; a list in its order."""
    make_macro(stacks.server, "Trace", TRACE)
    make_macro(stacks.server, "Collect", handler("""
found = []
def walk(value):
    for key, one in value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else []):
        walk(one)
        if key == "Description":
            found.append(one)
walk(fragment)
fragment["Found"] = found
"""), role="other")
    mark = [{"Name": "Trace", "Parameters": {"Mark": letter}} for letter in "abcdef"]
    template = groups(G={})
    template["Resources"]["G"]["Metadata"] = {
        "Fn::Transform": [mark[2], "Collect"], "Inner": {"Fn::Transform": mark[1], "Innermost": [{"Fn::Transform": mark[0]}]}}
    template["Transform"] = [mark[4], mark[5], "Trace"]
    template["Fn::Transform"] = mark[3]
    stacks.create(template, **ABLE)
    assert processed(stacks) == {"Description": "def-", "Resources": {"G": {"Type": GROUP, "Properties": {}, "Metadata": {
        "Inner": {"Innermost": [{"Description": "a"}], "Description": "b"}, "Description": "c", "Found": ["a", "b", "c"]}}}}
    assert stacks.describe()["Description"] == "def-"


def test_beside_the_language_extensions(stacks):
    make_macro(stacks.server, "Count", handler('fragment["Description"] = str(sorted(fragment["Resources"]))'))
    loop = {"Fn::ForEach::Groups": ["Name", ["a", "b"], {"G${Name}": {"Type": GROUP}}]}
    for order, seen in ((["AWS::LanguageExtensions", "Count"], "['Ga', 'Gb']"),
                        (["Count", {"Name": "AWS::LanguageExtensions"}], "['Fn::ForEach::Groups']")):
        template = {"Transform": order, "Resources": loop, "Outputs": {"N": {"Value": {"Fn::Length": ["x", "y", "z"]}}}}
        stack = stacks.create(template, **ABLE)
        assert stack["Description"] == seen and outputs_of(stack) == {"N": "3"}
        assert {one["LogicalResourceId"] for one in stacks.client.describe_stack_resources(StackName="s")["StackResources"]} == \
            {"Ga", "Gb"}
        stacks.delete()


# What is refused at once

@pytest.mark.parametrize("transform, message", [
    ({"Name": {"Ref": "P"}}, "Key Name of transform definition must be a string."),
    ([7], "Key Name of transform definition must be a string."),
    ({"Name": "M", "Parameters": "x"}, "Key Parameters of transform definition must be a map."),
    ({"Name": "M", "Parameters": {"Key": {"Ref": "G"}}}, "The value of parameter Key under transform M must resolve to a string, "
     "number, boolean or a list of any of these."),
    ({"Name": "M", "Parameters": {"Key": {"Fn::ImportValue": "e"}}}, "The value of parameter Key under transform M must resolve to a "
     "string, number, boolean or a list of any of these."),
    ("AWS::Serverless-2016-10-31", "The embedded AWS does not implement the transform AWS::Serverless-2016-10-31. AWS does."),
])
@pytest.mark.parametrize("within", [False, True])
def test_transforms_that_cannot_be(stacks, transform, message, within):
    template = {"Parameters": {"P": {"Type": "String", "Default": "M"}}, **groups(G={})}
    (template["Resources"]["G"]["Properties"] if within else template)["Fn::Transform" if within else "Transform"] = transform
    assert refused(stacks.client.create_stack, StackName="s", TemplateBody=text_of(template), **ABLE) == ("ValidationError", message)
    assert refused(stacks.client.create_change_set, StackName="s", ChangeSetName="c", ChangeSetType="CREATE",
                   TemplateBody=text_of(template)) == ("ValidationError", message)


def test_parameters_are_checked_at_once(stacks):
    template = {"Transform": "M", "Parameters": {"P": {"Type": "Number"}}, "Anything": {}}
    create = {"StackName": "s", "TemplateBody": text_of(template), **ABLE}
    assert refused(stacks.client.create_stack, **create) == ("ValidationError", "Parameters: [P] must have values")
    assert refused(stacks.client.create_stack, **create, Parameters=[{"ParameterKey": "P", "ParameterValue": "x"}]) == \
        ("ValidationError", "Parameter 'P' must be a number")


# Capabilities

def test_capabilities(stacks):
    make_macro(stacks.server, "Role", handler("""
fragment["Resources"]["R"] = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {
    "Version": "2012-10-17", "Statement": []}}}
"""))
    template = {"Transform": "Role", **groups(G={})}
    body = {"StackName": "s", "TemplateBody": text_of(template)}
    for given in ({}, {"Capabilities": ["CAPABILITY_IAM"]}):
        assert refused(stacks.client.create_stack, **body, **given) == \
            ("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_AUTO_EXPAND]")
    assert failure(stacks, template) == "Requires capabilities : [CAPABILITY_IAM]"
    changes = settled(stacks, template)
    assert (changes["Status"], changes["StatusReason"]) == ("FAILED", "Requires capabilities : [CAPABILITY_IAM]")
    changes = settled(stacks, template, Capabilities=["CAPABILITY_IAM"])
    assert (changes["Status"], changes["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert [change["ResourceChange"]["LogicalResourceId"] for change in changes["Changes"]] == ["G", "R"]
    stacks.client.delete_stack(StackName="s")
    stacks.create(groups(G={}))
    assert refused(stacks.client.update_stack, StackName="s", TemplateBody=text_of(template)) == \
        ("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_AUTO_EXPAND]")


def settled(stacks, template, kind="CREATE", **more):
    """A change set, once it is complete or has failed."""
    created = stacks.client.create_change_set(StackName="s", ChangeSetName="c", ChangeSetType=kind,
                                              TemplateBody=text_of(template), **more)["Id"]
    def ended():
        described = stacks.client.describe_change_set(ChangeSetName=created)
        return described if described["Status"] in ("CREATE_COMPLETE", "FAILED") else None
    return wait_until(ended, f"{created} is complete, or has failed")


# Failures

def test_failures_of_macros(stacks):
    function = make_function(stacks.server, "gone", TRACE)
    make_macro(stacks.server, "Throws", "def handler(event, context):\n    raise Exception('x')\n")
    make_macro(stacks.server, "Sleeps", "import time\ndef handler(event, context):\n    time.sleep(30)\n", timeout=1)
    make_macro(stacks.server, "Large", handler("", "{'Description': 'x' * 1_100_000}"))
    make_macro(stacks.server, "Larger", handler("", "{'Description': 'x' * 7_000_000}"))
    make_macro(stacks.server, "Answers", "def handler(event, context):\n    import json\n    given = event['params']\n"
               "    return json.loads(given['Answer'].replace('ID', event['requestId']))\n")
    registered = macro_template(Gone=function)
    stacks.create(registered, name="gone-stack")
    stacks.server.boto3("lambda").delete_function(FunctionName="gone")
    malformed = "Received malformed response from transform " + ACCOUNT + "::{}"
    for name, reason in {
            "Nobody": f"No transform named {ACCOUNT}::Nobody found.",
            "AWS::Nobody": "No transform named AWS::Nobody found.",
            "Gone": f"Transform {ACCOUNT}::Gone failed with: Function not found: {function}:$LATEST",
            "Throws": malformed.format("Throws"), "Sleeps": malformed.format("Sleeps"), "Larger": malformed.format("Larger"),
            "Large": "Transformation data limit exceeded"}.items():
        assert failure(stacks, {"Transform": name, **groups(G={})}) == reason
        within = groups(G={})
        within["Resources"]["G"]["Properties"] = {"Fn::Transform": name}
        assert failure(stacks, within) == reason
    for answer, reason in {
            "[]": malformed, "1": malformed, "{}": malformed, '{"status": "success", "fragment": {}}': malformed,
            '{"requestId": "another", "status": "success", "fragment": {}}': malformed,
            '{"requestId": "ID", "fragment": {}}': malformed, '{"requestId": "ID", "status": "success"}': malformed,
            '{"requestId": "ID", "status": "SUCCESS", "fragment": {}}':
                "Template format error: At least one Resources member must be defined.",
            '{"requestId": "ID", "status": "success", "fragment": []}': "Template format error: unsupported structure.",
            '{"requestId": "ID", "status": "success", "fragment": null}': "Template format error: unsupported structure.",
            '{"requestId": "ID", "status": "no"}': "Transform " + ACCOUNT + "::{} failed without an error message.",
            '{"requestId": "ID", "status": "no", "errorMessage": "why"}': "Transform " + ACCOUNT + "::{} failed with: why",
            '{"requestId": "ID", "status": "success", "fragment": {"Resources": {"A": {"Type": "AWS::S3::Nothing"}}}}':
                "Template format error: Unrecognized resource types: [AWS::S3::Nothing]",
            '{"requestId": "ID", "status": "success", "fragment": {"Resources": {"A": {"Type": "AWS::S3::Bucket", "DependsOn": "B"}}}}':
                "Template format error: Unresolved resource dependencies [B] in the Resources block of the template",
    }.items():
        transform = {"Name": "Answers", "Parameters": {"Answer": answer}}
        assert failure(stacks, {"Transform": transform, **groups(G={})}) == reason.format("Answers"), answer


@pytest.mark.parametrize("made", ['{"Transform": "More", **fragment}', '{"Fn::Transform": "More", **fragment}',
                                  '{"Metadata": [{"Fn::Transform": "More"}], **fragment}'])
def test_macros_that_a_macro_makes(stacks, made):
    make_macro(stacks.server, "More", handler("", made))
    assert failure(stacks, {"Transform": "More", **groups(G={})}) == \
        "Template format error: Encountered unsupported function: Fn::Transform"


def test_a_failure_without_rollback(stacks):
    stack = stacks.create({"Transform": "Nobody", **groups(G={})}, status="CREATE_FAILED", OnFailure="DO_NOTHING", **ABLE)
    assert stack["StackStatusReason"] == f"No transform named {ACCOUNT}::Nobody found.. "
    stacks.delete()
    stack = stacks.client.create_stack(StackName="s", TemplateBody=text_of({"Transform": "Nobody"}), OnFailure="DELETE", **ABLE)
    stacks.reach(stack["StackId"], "DELETE_COMPLETE")


# Updates and change sets

SLOW = "import time\n" + handler("""
time.sleep(float(params.get("Seconds", 0)))
fragment["Resources"]["Made"] = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": params["Name"]}}
""")


def slow(seconds=0, name="made"):
    return {"Transform": {"Name": "Slow", "Parameters": {"Seconds": seconds, "Name": name}}, **groups(G={"LogGroupName": "g"})}


def test_updates(stacks):
    make_macro(stacks.server, "Slow", SLOW)
    stacks.create(groups(G={"LogGroupName": "g"}))
    stacks.update(slow(name="one"), **ABLE)
    own = lambda: [name for name in stacks.groups() if not name.startswith("/aws")]  # noqa: E731
    assert own() == ["g", "one"]
    assert ("s", "UPDATE_IN_PROGRESS", "Transformation succeeded") in stacks.told("s", "s")
    stacks.update({**slow(), "Transform": "Nobody"}, status="UPDATE_ROLLBACK_COMPLETE", **ABLE)
    assert stacks.reason("s", "UPDATE_ROLLBACK_IN_PROGRESS") == f"No transform named {ACCOUNT}::Nobody found."
    assert own() == ["g", "one"] and processed(stacks)["Resources"]["Made"]["Properties"] == {"LogGroupName": "one"}
    # The function has been changed since: the same template becomes another one.
    other = SLOW.replace('params["Name"]', '"two"')
    stacks.server.boto3("lambda").update_function_code(FunctionName="Slow-function", ZipFile=zip_of({"index.py": other}))
    wait_until(lambda: stacks.server.boto3("lambda").get_function_configuration(
        FunctionName="Slow-function")["LastUpdateStatus"] == "Successful", "the function is updated")
    stacks.update(None, **ABLE)
    assert own() == ["g", "two"]
    stacks.update(groups(G={"LogGroupName": "g"}))
    assert own() == ["g"]


def test_a_change_set_waits_for_its_macros(stacks):
    make_macro(stacks.server, "Slow", SLOW)
    create = {"StackName": "s", "ChangeSetName": "c", "ChangeSetType": "CREATE"}
    created = stacks.client.create_change_set(**create, TemplateBody=text_of(slow(3)))["Id"]
    described = stacks.client.describe_change_set(ChangeSetName=created)
    assert (described["Status"], described["ExecutionStatus"], described["Changes"]) == ("CREATE_IN_PROGRESS", "UNAVAILABLE", [])
    code, message = refused(stacks.client.execute_change_set, ChangeSetName=created)
    assert (code, message) == ("InvalidChangeSetStatus", f"ChangeSet [{created}] cannot be executed in its current status of "
                               "[CREATE_IN_PROGRESS]")
    template = stacks.client.get_template(ChangeSetName=created)
    assert template["StagesAvailable"] == ["Original"]
    wait_until(lambda: stacks.client.describe_change_set(ChangeSetName=created)["Status"] == "CREATE_COMPLETE", "it is complete")
    assert set(processed(stacks, ChangeSetName=created)["Resources"]) == {"G", "Made"}
    assert set(stacks.client.get_template(ChangeSetName=created, TemplateStage="Original")["TemplateBody"]["Resources"]) == {"G"}
    # What was looked at is what is made, whatever the macro would say now.
    stacks.delete("Slow-stack")
    stacks.client.execute_change_set(ChangeSetName=created)
    stacks.reach("s", "CREATE_COMPLETE")
    assert "made" in stacks.groups()
    assert ("s", "CREATE_IN_PROGRESS", "Transformation succeeded") not in stacks.told("s", "s")
    assert set(processed(stacks)["Resources"]) == {"G", "Made"}
    failed = settled(stacks, slow(), kind="UPDATE")
    assert (failed["Status"], failed["StatusReason"]) == ("FAILED", f"No transform named {ACCOUNT}::Slow found.")


def test_a_change_set_without_changes(stacks):
    make_macro(stacks.server, "Slow", SLOW)
    stacks.create(slow(), **ABLE)
    unchanged = settled(stacks, slow(), kind="UPDATE")
    assert unchanged["Status"] == "FAILED" and unchanged["StatusReason"].startswith("The submitted information didn't contain")
    changed = settled(stacks, slow(name="other"), kind="UPDATE")
    assert [(change["ResourceChange"]["Action"], change["ResourceChange"]["LogicalResourceId"]) for change in changed["Changes"]] == \
        [("Modify", "Made")]


def test_operations_that_are_given_up_while_a_macro_runs(stacks):
    make_macro(stacks.server, "Slow", SLOW)
    stack = stacks.client.create_stack(StackName="s", TemplateBody=text_of(slow(2)), **ABLE)["StackId"]
    stacks.client.delete_stack(StackName="s")
    stacks.reach(stack, "DELETE_COMPLETE")
    assert "g" not in stacks.groups()
    stacks.create(groups(G={"LogGroupName": "g"}))
    stacks.client.update_stack(StackName="s", TemplateBody=text_of(slow(2)), **ABLE)
    stacks.client.cancel_update_stack(StackName="s")
    stacks.reach("s", "UPDATE_ROLLBACK_COMPLETE")
    assert "made" not in stacks.groups()
    created = stacks.client.create_change_set(StackName="s", ChangeSetName="c", TemplateBody=text_of(slow(2)))["Id"]
    stacks.client.delete_change_set(ChangeSetName=created)
    stacks.delete()
    assert stacks.client.describe_stacks(StackName="Slow-stack")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"


def test_a_macro_that_goes_while_it_runs(stacks):
    """It is used to its end; afterwards nobody finds it."""
    make_macro(stacks.server, "Slow", SLOW)
    stack = stacks.client.create_stack(StackName="s", TemplateBody=text_of(slow(2)), **ABLE)["StackId"]
    stacks.delete("Slow-stack")
    assert stacks.describe(stack)["StackStatus"] == "CREATE_IN_PROGRESS"
    stacks.reach(stack, "CREATE_COMPLETE")
    stacks.delete()
    assert failure(stacks, slow()) == f"No transform named {ACCOUNT}::Slow found."


def test_hidden_parameters_stay_hidden(stacks):
    make_macro(stacks.server, "Slow", SLOW)
    template = {**slow(2), "Parameters": {"Secret": {"Type": "String", "NoEcho": True}}}
    stack = stacks.client.create_stack(StackName="s", TemplateBody=text_of(template), **ABLE,
                                       Parameters=[{"ParameterKey": "Secret", "ParameterValue": "hidden"}])["StackId"]
    early = stacks.describe(stack)
    assert early["StackStatus"] == "CREATE_IN_PROGRESS"
    for described in (early, stacks.reach(stack, "CREATE_COMPLETE")):
        assert described["Parameters"] == [{"ParameterKey": "Secret", "ParameterValue": "****"}]


def test_macros_may_change_the_parameters(stacks):
    make_macro(stacks.server, "Change", handler("""
fragment["Parameters"] = {"New": {"Type": "String", "Default": "from the macro"}}
fragment["Outputs"] = {"New": {"Value": {"Ref": "New"}}}
"""))
    stack = stacks.create({"Transform": "Change", "Parameters": {"Old": {"Type": "String", "Default": "o"}}, **groups(G={})}, **ABLE)
    assert outputs_of(stack) == {"New": "from the macro"}
    assert stack["Parameters"] == [{"ParameterKey": "New", "ParameterValue": "from the macro"}]


# Who may, and who is called what

def test_the_function_is_invoked_in_the_callers_name(server):
    make_macro(server, "Trace", TRACE)
    stack = "arn:aws:cloudformation:us-east-1:000000000000:stack/*"
    stacks = Stacks(server, make_user(server, ("cloudformation:*", stack), ("logs:*", "*")))
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:Trace-function"
    assert failure(stacks, {"Transform": "Trace", **groups(G={})}) == (
        f"Transform {ACCOUNT}::Trace failed with: User: arn:aws:iam::{ACCOUNT}:user/ann is not authorized to perform: "
        f"lambda:InvokeFunction on resource: {function} because no identity-based policy allows the lambda:InvokeFunction action")
    server.boto3("iam").put_user_policy(UserName="ann", PolicyName="more", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function}]}))
    assert stacks.create({"Transform": "Trace", **groups(G={})}, **ABLE)["Description"] == "-"


def test_names_of_macros(stacks):
    function = make_function(stacks.server, "f", TRACE)
    one = stacks.create(macro_template(Trace="f"), name="one")
    assert stacks.physical("M0", "one") == "Trace"
    stacks.create(macro_template(Trace="f"), name="two", status="ROLLBACK_COMPLETE")
    assert stacks.reason("M0", "CREATE_FAILED", "two") == f"Trace already exists in stack {one['StackId']}"
    # That stack's end takes nothing away; another function may serve it, and it may be called otherwise.
    stacks.delete("two")
    stacks.update(macro_template(Trace=function), name="one")
    assert stacks.create({"Transform": "Trace", **groups(G={})}, **ABLE)["Description"] == "-"
    stacks.update(macro_template(Renamed=function), name="one")
    stacks.delete()
    assert failure(stacks, {"Transform": "Trace", **groups(G={})}) == f"No transform named {ACCOUNT}::Trace found."
    assert stacks.create({"Transform": "Renamed", **groups(G={})}, **ABLE)["Description"] == "-"
    for absent in ("LogGroupName", "LogRoleARN"):
        template = macro_template(Other="f")
        template["Resources"]["M0"]["Properties"][absent] = "x"
        stacks.create(template, name=absent, status="ROLLBACK_COMPLETE")
        assert stacks.reason("M0", "CREATE_FAILED", absent) == \
            f"The embedded AWS does not implement the property {absent} of AWS::CloudFormation::Macro. AWS does."


# Templates by themselves

def test_validation_and_summary(stacks):
    make_macro(stacks.server, "Slow", SLOW)
    template = {**slow(), "Description": "d", "Parameters": {"P": {"Type": "String", "Default": "x"}}}
    template["Resources"]["G"]["Metadata"] = {"Fn::Transform": [{"Name": "AWS::Include", "Parameters": {"Location": "s3://b/k"}}, "Slow"]}
    for answer in (stacks.client.validate_template(TemplateBody=text_of(template)),
                   stacks.client.get_template_summary(TemplateBody=text_of(template))):
        assert answer["DeclaredTransforms"] == ["Slow", "AWS::Include"]
        assert answer["Capabilities"] == ["CAPABILITY_AUTO_EXPAND"]
        assert answer["CapabilitiesReason"] == "The following resource(s) require capabilities: [Slow, AWS::Include]"
        assert answer["Description"] == "d" and answer["Parameters"][0]["ParameterKey"] == "P"
        assert "ResourceTypes" not in answer and "ResourceIdentifierSummaries" not in answer
    stacks.create(slow(), **ABLE)
    summary = stacks.client.get_template_summary(StackName="s")
    assert summary["ResourceTypes"] == [GROUP] and summary["DeclaredTransforms"] == ["Slow"]
    assert summary["ResourceIdentifierSummaries"][0]["LogicalResourceIds"] == ["G", "Made"]
    code, message = refused(stacks.client.get_template, StackName="s", TemplateStage="Half")
    assert code == "ValidationError" and "Member must satisfy enum value set: [Original, Processed]" in message


# The end of the program

def test_what_is_left_after_kill_9(sortie, tmp_path):
    server = Server(sortie, "--state", tmp_path / "state")
    stacks = Stacks(server)
    make_macro(server, "Slow", SLOW)
    stacks.create(slow(), name="whole", **ABLE)
    stacks.client.create_stack(StackName="part", TemplateBody=text_of(slow(20)), **ABLE)
    change_set = stacks.client.create_change_set(StackName="new", ChangeSetName="c", ChangeSetType="CREATE",
                                                 TemplateBody=text_of(slow(20)))["Id"]
    server.kill()
    server = Server(sortie, "--state", tmp_path / "state")
    stacks = Stacks(server)
    assert stacks.describe("part")["StackStatus"] == "CREATE_FAILED"
    described = stacks.client.describe_change_set(ChangeSetName=change_set)
    assert (described["Status"], described["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE") and "stopped" in described["StatusReason"]
    assert set(processed(stacks, "whole")["Resources"]) == {"G", "Made"}
    stacks.delete("whole")
    stacks.create(slow(), name="again", **ABLE)
    stacks.delete("part")
    assert server.stop() == 0


def test_the_program_ends_while_a_macro_runs(server):
    make_macro(server, "Slow", SLOW)
    stacks = Stacks(server)
    stacks.client.create_stack(StackName="s", TemplateBody=text_of(slow(60)), **ABLE)
    begun = time.monotonic()
    assert server.stop() == 0 and time.monotonic() - begun < 20
