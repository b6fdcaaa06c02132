"""Temporary credentials as AWS limits them: session tokens, session tags along a chain of roles."""

import json

import pytest

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
from botocore.exceptions import ClientError  # noqa: E402

ACCOUNT = "000000000000"


def refusal(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def credentials_of(answer):
    given = answer["Credentials"]
    return given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]


@pytest.fixture
def user(server):
    """Credentials of a user who may do everything."""
    iam = server.boto3("iam")
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
    key = iam.create_access_key(UserName="u")["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


@pytest.fixture
def roles(server):
    iam = server.boto3("iam")
    for name in ("one", "two", "three"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": ["sts:AssumeRole", "sts:TagSession"]}]}))
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
    return {name: f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("one", "two", "three")}


def test_session_tokens_are_not_for_iam(server, user, roles):
    session = credentials_of(server.boto3("sts", user).get_session_token())
    assert refusal(server.boto3("iam", session).list_users) == (
        "InvalidClientTokenId", "The security token included in the request is invalid")
    sts = server.boto3("sts", session)
    assert sts.get_caller_identity()["Arn"].endswith(":user/u")
    assert refusal(sts.get_session_token) == ("AccessDenied", "Cannot call GetSessionToken with session credentials")
    assert refusal(sts.get_access_key_info, AccessKeyId=user[0])[0] == "AccessDenied"
    server.boto3("s3", session).create_bucket(Bucket="others-are-free")
    role = credentials_of(sts.assume_role(RoleArn=roles["one"], RoleSessionName="s1"))
    assert server.boto3("iam", role).list_users()["Users"]


def test_transitive_tags_follow_the_chain(server, user, roles):
    one = credentials_of(server.boto3("sts", user).assume_role(
        RoleArn=roles["one"], RoleSessionName="s1", TransitiveTagKeys=["Team"],
        Tags=[{"Key": "Team", "Value": "blue"}, {"Key": "Own", "Value": "1"}]))
    for key in ("Team", "team"):
        code, message = refusal(server.boto3("sts", one).assume_role, RoleArn=roles["two"], RoleSessionName="s2",
                                Tags=[{"Key": key, "Value": "red"}])
        assert code == "InvalidParameterValue" and "conflicts with a transitive tag key" in message
    two = credentials_of(server.boto3("sts", one).assume_role(RoleArn=roles["two"], RoleSessionName="s2"))
    three = credentials_of(server.boto3("sts", two).assume_role(RoleArn=roles["three"], RoleSessionName="s3"))
    s3 = server.boto3("s3")
    s3.create_bucket(Bucket="tagged")
    s3.put_bucket_policy(Bucket="tagged", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::tagged",
         "Condition": {"StringEquals": {"aws:PrincipalTag/Team": "blue"}}},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:GetBucketVersioning", "Resource": "arn:aws:s3:::tagged",
         "Condition": {"StringEquals": {"aws:PrincipalTag/Own": "1"}}}]}))
    assert refusal(server.boto3("s3", three).list_objects_v2, Bucket="tagged")[0] == "AccessDenied"
    assert server.boto3("s3", three).get_bucket_versioning(Bucket="tagged"), "what is not transitive ends with its session"
    assert refusal(server.boto3("s3", one).get_bucket_versioning, Bucket="tagged")[0] == "AccessDenied"
