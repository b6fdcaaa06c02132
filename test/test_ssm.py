"""Systems Manager's Parameter Store, with boto3 and the AWS command line interface."""

import json

import pytest

from support import Server

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
from botocore.exceptions import ClientError  # noqa: E402


@pytest.fixture
def ssm(server):
    return server.boto3("ssm")


def refusal(operation, **parameters):
    """(code, status, message) of what is refused."""
    with pytest.raises(ClientError) as caught:
        operation(**parameters)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"].get("Message", "")


def put(ssm, name, value="v", kind="String", **more):
    return ssm.put_parameter(Name=name, Value=value, Type=kind, **more)


def test_a_parameter_and_its_versions(ssm):
    assert put(ssm, "/app/key", "one", Description="d")["Version"] == 1
    assert refusal(put, ssm=ssm, name="/app/key")[:2] == ("ParameterAlreadyExists", 400)
    assert put(ssm, "/app/key", "two", Overwrite=True) | {"ResponseMetadata": 0} == \
        {"Version": 2, "Tier": "Standard", "ResponseMetadata": 0}
    found = ssm.get_parameter(Name="/app/key")["Parameter"]
    assert (found["Value"], found["Version"], found["Type"], found["DataType"]) == ("two", 2, "String", "text")
    assert found["ARN"] == "arn:aws:ssm:us-east-1:000000000000:parameter/app/key"
    first = ssm.get_parameter(Name="/app/key:1")["Parameter"]
    assert (first["Value"], first["Selector"]) == ("one", ":1")
    assert ssm.get_parameter(Name=found["ARN"])["Parameter"]["Value"] == "two"
    assert refusal(ssm.get_parameter, Name="/app/key:3")[0] == "ParameterVersionNotFound"
    history = ssm.get_parameter_history(Name="/app/key")["Parameters"]
    assert [(each["Version"], each["Value"], each["Description"]) for each in history] == [(1, "one", "d"), (2, "two", "d")]
    assert history[0]["LastModifiedUser"].endswith(":root")
    ssm.delete_parameter(Name="/app/key")
    assert refusal(ssm.get_parameter, Name="/app/key")[0] == "ParameterNotFound"
    assert refusal(ssm.delete_parameter, Name="/app/key")[0] == "ParameterNotFound"
    assert put(ssm, "/app/key")["Version"] == 1


def test_several_at_once(ssm):
    for name in ("a", "b"):
        put(ssm, name, name * 2)
    answer = ssm.get_parameters(Names=["b", "nowhere", "a:1", "a:7"])
    assert {each["Name"]: each["Value"] for each in answer["Parameters"]} == {"a": "aa", "b": "bb"}
    assert answer["InvalidParameters"] == ["nowhere", "a:7"]
    answer = ssm.delete_parameters(Names=["a", "nowhere"])
    assert (answer["DeletedParameters"], answer["InvalidParameters"]) == (["a"], ["nowhere"])
    assert refusal(ssm.get_parameters, Names=[str(i) for i in range(11)])[:2] == ("ValidationException", 400)


def test_a_secret_is_shown_to_those_who_ask_for_it(ssm):
    put(ssm, "secret", "plain text", "SecureString")
    hidden = ssm.get_parameter(Name="secret")["Parameter"]["Value"]
    assert hidden.startswith("AQIC") and "plain" not in hidden
    assert ssm.get_parameter(Name="secret")["Parameter"]["Value"] == hidden
    assert ssm.get_parameter(Name="secret", WithDecryption=True)["Parameter"]["Value"] == "plain text"
    assert ssm.describe_parameters()["Parameters"][0]["KeyId"] == "alias/aws/ssm"
    assert refusal(put, ssm=ssm, name="other", kind="SecureString", KeyId="alias/mine")[0] == "InvalidKeyId"
    assert refusal(put, ssm=ssm, name="secret", Overwrite=True)[0] == "HierarchyTypeMismatchException"


def test_paths(ssm):
    for name in ("/a/one", "/a/two", "/a/b/three", "/a/b/c/four", "/ab/five", "six", *(f"/many/{i:02}" for i in range(23))):
        put(ssm, name)
    names = lambda **more: [each["Name"] for each in ssm.get_parameters_by_path(**more)["Parameters"]]  # noqa: E731
    assert names(Path="/a") == names(Path="/a/") == ["/a/one", "/a/two"]
    assert names(Path="/a", Recursive=True) == ["/a/b/c/four", "/a/b/three", "/a/one", "/a/two"]
    assert names(Path="/") == ["six"] and names(Path="/nothing") == []
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/many")
    pages = [[each["Name"] for each in page["Parameters"]] for page in pages]
    assert [len(page) for page in pages] == [10, 10, 3] and sum(pages, []) == [f"/many/{i:02}" for i in range(23)]
    assert refusal(ssm.get_parameters_by_path, Path="a")[0] == "ValidationException"
    assert refusal(ssm.get_parameters_by_path, Path="/a", NextToken="nonsense")[0] == "InvalidNextToken"


def test_descriptions_and_filters(ssm):
    put(ssm, "/x/one", Description="first", Tags=[{"Key": "team", "Value": "red"}])
    put(ssm, "/x/two", "a,b", "StringList")
    put(ssm, "/y/three", "s", "SecureString")

    def names(*filters):
        found = ssm.describe_parameters(ParameterFilters=[dict(zip(("Key", "Option", "Values"), each)) for each in filters])
        return [each["Name"] for each in found["Parameters"]]
    assert names(("Type", "Equals", ["StringList", "SecureString"])) == ["/x/two", "/y/three"]
    assert names(("Name", "BeginsWith", ["/x"])) == ["/x/one", "/x/two"]
    assert names(("Name", "Contains", ["o"]), ("Type", "Equals", ["String"])) == ["/x/one"]
    assert names(("Path", "Recursive", ["/y"])) == ["/y/three"]
    assert names(("tag:team", "Equals", ["red", "blue"])) == ["/x/one"] and names(("tag:team", "Equals", ["green"])) == []
    assert [each["Name"] for each in ssm.describe_parameters(Filters=[{"Key": "Name", "Values": ["/x/t"]}])["Parameters"]] \
        == ["/x/two"]
    with pytest.raises(ClientError, match="InvalidFilterKey"):
        ssm.get_parameters_by_path(Path="/x", ParameterFilters=[{"Key": "Name", "Values": ["a"]}])
    with pytest.raises(ClientError, match="InvalidFilterOption"):
        names(("Type", "Sideways", ["String"]))
    pages = ssm.get_paginator("describe_parameters").paginate(PaginationConfig={"PageSize": 2})
    assert [len(page["Parameters"]) for page in pages] == [2, 1]


def test_labels(ssm):
    for value in ("one", "two"):
        put(ssm, "l", value, Overwrite=True)
    assert ssm.label_parameter_version(Name="l", ParameterVersion=1, Labels=["prod", "1bad", "awsome"])["InvalidLabels"] \
        == ["1bad", "awsome"]
    assert ssm.get_parameter(Name="l:prod")["Parameter"]["Value"] == "one"
    assert ssm.label_parameter_version(Name="l", Labels=["prod"])["ParameterVersion"] == 2
    assert ssm.get_parameter(Name="l:prod")["Parameter"]["Value"] == "two"
    assert [each["Labels"] for each in ssm.get_parameter_history(Name="l")["Parameters"]] == [[], ["prod"]]
    answer = ssm.unlabel_parameter_version(Name="l", ParameterVersion=2, Labels=["prod", "x"])
    assert (answer["RemovedLabels"], answer["InvalidLabels"]) == (["prod"], ["x"])
    assert refusal(ssm.get_parameter, Name="l:prod")[0] == "ParameterVersionNotFound"


def test_a_labelled_version_is_not_pushed_out(ssm):
    for i in range(100):
        put(ssm, "n", str(i), Overwrite=True)
    ssm.label_parameter_version(Name="n", ParameterVersion=1, Labels=["keep"])
    assert refusal(put, ssm=ssm, name="n", Overwrite=True)[0] == "ParameterMaxVersionLimitExceeded"
    ssm.unlabel_parameter_version(Name="n", ParameterVersion=1, Labels=["keep"])
    assert put(ssm, "n", Overwrite=True)["Version"] == 101
    assert refusal(ssm.get_parameter, Name="n:1")[0] == "ParameterVersionNotFound"
    assert len(ssm.get_parameter_history(Name="n")["Parameters"]) == 50


def test_tags(ssm):
    put(ssm, "t", Tags=[{"Key": "a", "Value": "1"}])
    resource = {"ResourceType": "Parameter", "ResourceId": "t"}
    ssm.add_tags_to_resource(**resource, Tags=[{"Key": "b", "Value": "2"}])
    ssm.remove_tags_from_resource(**resource, TagKeys=["a"])
    assert ssm.list_tags_for_resource(**resource)["TagList"] == [{"Key": "b", "Value": "2"}]
    assert refusal(ssm.list_tags_for_resource, ResourceType="Parameter", ResourceId="gone")[0] == "InvalidResourceId"
    code, _, message = refusal(put, ssm=ssm, name="t", Overwrite=True, Tags=[{"Key": "a", "Value": "1"}])
    assert code == "ValidationException" and "tags and overwrite can't be used together" in message


@pytest.mark.parametrize("name, code", [
    ("ssm-name", "ValidationException"), ("/SSM/x", "ValidationException"), ("awsname", "ValidationException"),
    ("/aws/x", "AccessDeniedException"), ("a b", "ValidationException"), ("a/b", "ValidationException"),
    ("/a//b", "ValidationException"), ("/a/", "ValidationException"), ("{x}", "ValidationException"),
    ("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", "HierarchyLevelLimitExceededException"),
    ("x" * 1000, "ValidationException"),
])
def test_names_that_are_refused(ssm, name, code):
    assert refusal(put, ssm=ssm, name=name)[:2] == (code, 400)


def test_sizes_tiers_and_patterns(ssm):
    put(ssm, "full", "x" * 4096)
    code, _, message = refusal(put, ssm=ssm, name="more", value="x" * 4097)
    assert code == "ValidationException" and "maximum parameter value of 4096 characters" in message
    assert put(ssm, "more", "x" * 8192, Tier="Advanced")["Tier"] == "Advanced"
    assert "8192" in refusal(put, ssm=ssm, name="most", value="x" * 8193, Tier="Advanced")[2]
    assert put(ssm, "chosen", "x" * 5000, Tier="Intelligent-Tiering")["Tier"] == "Advanced"
    assert "can't downgrade" in refusal(put, ssm=ssm, name="more", Overwrite=True, Tier="Standard")[2]
    assert put(ssm, "more", "short", Overwrite=True)["Tier"] == "Advanced"
    put(ssm, "digits", "12", AllowedPattern=r"^\d+$")
    assert refusal(put, ssm=ssm, name="digits", value="a", Overwrite=True)[0] == "ParameterPatternMismatchException"
    assert refusal(put, ssm=ssm, name="p", AllowedPattern="(")[0] == "InvalidAllowedPatternException"
    assert "type is required" in refusal(ssm.put_parameter, Name="untyped", Value="v")[2]
    with pytest.raises(ClientError, match="NotImplemented"):
        put(ssm, "policies", Tier="Advanced", Policies=json.dumps([{"Type": "Expiration", "Version": "1.0",
            "Attributes": {"Timestamp": "2030-12-02T21:34:33.000Z"}}]))


def test_iam_decides(server, ssm):
    put(ssm, "/open/a", "1")
    put(ssm, "/closed/a", "1", Tags=[{"Key": "open", "Value": "no"}])
    iam = server.boto3("iam")
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ssm:GetParameter*", "Resource": "arn:aws:ssm:*:*:parameter/open*"},
        {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*",
         "Condition": {"StringEquals": {"aws:ResourceTag/open": "yes"}}}]}))
    user = server.boto3("ssm", (key["AccessKeyId"], key["SecretAccessKey"]))
    assert user.get_parameter(Name="/open/a")["Parameter"]["Value"] == "1"
    assert user.get_parameters_by_path(Path="/open")["Parameters"]
    code, status, message = refusal(user.get_parameter, Name="/closed/a")
    assert (code, status) == ("AccessDeniedException", 400)
    assert "is not authorized to perform: ssm:GetParameter on resource: " in message and "parameter/closed/a" in message
    assert refusal(user.describe_parameters)[0] == "AccessDeniedException"
    assert refusal(put, ssm=user, name="/open/b")[0] == "AccessDeniedException"
    ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId="/closed/a", Tags=[{"Key": "open", "Value": "yes"}])
    assert user.get_parameter(Name="/closed/a")["Parameter"]["Value"] == "1"


def test_parameters_survive_a_kill(sortie):
    server = Server(sortie, "--state", sortie.folder / "state")
    put(server.boto3("ssm"), "/kept", "value", Tags=[{"Key": "a", "Value": "b"}])
    server.kill()
    server = Server(sortie, "--state", sortie.folder / "state")
    ssm = server.boto3("ssm")
    assert ssm.get_parameter(Name="/kept")["Parameter"]["Value"] == "value"
    assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/kept")["TagList"] == [{"Key": "a", "Value": "b"}]
    server.stop()


def test_regions_have_their_own(server, ssm):
    put(ssm, "here")
    elsewhere = boto3.client("ssm", endpoint_url=server.url, region_name="eu-west-1",
                             aws_access_key_id=server.environment["AWS_ACCESS_KEY_ID"],
                             aws_secret_access_key=server.environment["AWS_SECRET_ACCESS_KEY"])
    assert elsewhere.describe_parameters()["Parameters"] == []


def test_the_command_line_interface(server, aws_cli):
    made = server.aws("ssm", "put-parameter", "--name", "/cli/x", "--value", "text", "--type", "String")
    assert made.status == 0 and json.loads(made.stdout)["Version"] == 1, made
    shown = server.aws("ssm", "get-parameter", "--name", "/cli/x", "--query", "Parameter.Value", "--output", "text")
    assert shown.stdout == "text\n", shown
    gone = server.aws("ssm", "get-parameter", "--name", "/cli/y")
    assert gone.status != 0 and "(ParameterNotFound)" in gone.stderr
    listed = server.aws("ssm", "get-parameters-by-path", "--path", "/cli", "--query", "Parameters[].Name")
    assert json.loads(listed.stdout) == ["/cli/x"]
