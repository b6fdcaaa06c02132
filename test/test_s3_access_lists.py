"""Access control lists as clients meet them: what strangers may do, what turns lists off, what survives kill -9."""

import base64
import hashlib
import json
import urllib.error
import urllib.request

import pytest

from support import Server

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
from botocore.exceptions import ClientError  # noqa: E402

ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
AUTHENTICATED = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"
ANONYMOUS = "65a011a29cdf8ec533ec3d1ccaae921c"
OTHER = "c" * 64


def refusal(call, *arguments, **parameters):
    with pytest.raises(ClientError) as caught:
        call(*arguments, **parameters)
    error = caught.value.response["Error"]
    return error["Code"], error.get("Message")


def make_bucket(s3, name="lists", ownership="ObjectWriter", blocked=False):
    s3.create_bucket(Bucket=name)
    if not blocked:
        s3.delete_public_access_block(Bucket=name)
    s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls={"Rules": [{"ObjectOwnership": ownership}]})


@pytest.fixture
def s3(server):
    client = server.boto3("s3")
    make_bucket(client)
    return client


@pytest.fixture
def stranger(server):
    """(status, text) of a request that nobody signs."""
    def send(method, path, body=None, **headers):
        request = urllib.request.Request(f"{server.url}/{path}", data=body, method=method,
                                         headers={name.replace("_", "-"): value for name, value in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()
    return send


def user(server, name, *statements):
    iam = server.boto3("iam")
    iam.create_user(UserName=name)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": list(statements)}))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return server.boto3("s3", (key["AccessKeyId"], key["SecretAccessKey"]))


def grants(answer):
    return [(grant["Grantee"].get("URI", grant["Grantee"].get("ID", "")), grant["Permission"]) for grant in answer["Grants"]]


def test_public_read_objects_are_everyones_to_read(s3, stranger):
    s3.put_object(Bucket="lists", Key="open", Body=b"hello", ACL="public-read")
    s3.put_object(Bucket="lists", Key="closed", Body=b"secret")
    assert stranger("GET", "lists/open") == (200, "hello")
    assert stranger("HEAD", "lists/open")[0] == 200
    for method, path in (("GET", "lists/closed"), ("GET", "lists/open?acl"), ("PUT", "lists/open"), ("DELETE", "lists/open"),
                         ("GET", "lists"), ("GET", "lists/not-there"), ("GET", "lists/open?tagging")):
        status, text = stranger(method, path, b"" if method == "PUT" else None)
        assert status == 403 and "<Code>AccessDenied</Code><Message>Access Denied</Message>" in text, (method, path)
    s3.put_object_acl(Bucket="lists", Key="open", ACL="private")
    assert stranger("GET", "lists/open")[0] == 403


def test_the_buckets_list_is_about_the_bucket(s3, stranger):
    s3.put_object(Bucket="lists", Key="k", Body=b"x")
    s3.put_bucket_acl(Bucket="lists", ACL="public-read")
    status, text = stranger("GET", "lists")
    assert status == 200 and "<Key>k</Key>" in text
    assert stranger("GET", "lists?versions")[0] == 200 and stranger("GET", "lists?uploads")[0] == 200
    assert stranger("GET", "lists/k")[0] == 403
    assert "NoSuchKey" in stranger("GET", "lists/not-there")[1]  # it may know what is there
    assert stranger("PUT", "lists/new", b"x")[0] == 403
    for path in ("lists?policy", "lists?acl", "lists?location"):
        assert stranger("GET", path)[0] == 403, path


def test_what_strangers_write_is_theirs(s3, stranger):
    s3.put_object(Bucket="lists", Key="mine", Body=b"x")
    s3.put_bucket_acl(Bucket="lists", ACL="public-read-write")
    assert stranger("PUT", "lists/theirs", b"y")[0] == 200
    assert stranger("GET", "lists/theirs") == (200, "y")
    assert refusal(s3.get_object, Bucket="lists", Key="theirs") == ("AccessDenied", "Access Denied")
    owners = {entry["Key"]: entry["Owner"]["ID"] for entry in s3.list_objects(Bucket="lists")["Contents"]}
    assert owners["theirs"] == ANONYMOUS != owners["mine"]
    for method in ("PUT", "DELETE"):  # what is there is its owner's
        assert stranger(method, "lists/mine", b"z" if method == "PUT" else None)[0] == 403
    assert "Anonymous users cannot initiate multipart uploads.  Please authenticate." in stranger("POST", "lists/l?uploads", b"")[1]
    assert stranger("PUT", "lists/given", b"y", x_amz_acl="bucket-owner-full-control")[0] == 200
    assert s3.get_object(Bucket="lists", Key="given")["Body"].read() == b"y"
    assert sorted(grants(s3.get_object_acl(Bucket="lists", Key="given"))) == sorted(
        [(ANONYMOUS, "FULL_CONTROL"), (owners["mine"], "FULL_CONTROL")])
    assert stranger("DELETE", "lists/theirs")[0] == 204
    s3.delete_object(Bucket="lists", Key="given")


def test_strangers_delete_what_is_theirs_alone(s3, stranger):
    s3.put_bucket_acl(Bucket="lists", ACL="public-read-write")
    s3.put_object(Bucket="lists", Key="mine", Body=b"x", ACL="public-read-write")
    assert stranger("PUT", "lists/theirs", b"x", x_amz_acl="public-read-write")[0] == 200
    document = b"<Delete><Object><Key>mine</Key></Object><Object><Key>theirs</Key></Object></Delete>"
    digest = base64.b64encode(hashlib.md5(document).digest()).decode()
    status, text = stranger("POST", "lists?delete", document, Content_MD5=digest)
    assert status == 200 and "<Deleted><Key>theirs</Key></Deleted>" in text
    assert "<Error><Key>mine</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>" in text
    assert [entry["Key"] for entry in s3.list_objects(Bucket="lists")["Contents"]] == ["mine"]


def test_the_right_to_read_and_write_lists(s3, stranger):
    s3.put_object(Bucket="lists", Key="k", Body=b"x")
    s3.put_bucket_acl(Bucket="lists", GrantReadACP=f'uri="{ALL_USERS}"')
    s3.put_object_acl(Bucket="lists", Key="k", GrantWriteACP=f"uri={ALL_USERS}")
    status, text = stranger("GET", "lists?acl")
    assert status == 200 and "READ_ACP" in text and "FULL_CONTROL" not in text
    assert stranger("GET", "lists/k?acl")[0] == 403
    assert stranger("GET", "lists/k")[0] == 403
    assert stranger("PUT", "lists/k?acl", b"", x_amz_acl="public-read")[0] == 200
    assert stranger("GET", "lists/k") == (200, "x")
    assert stranger("PUT", "lists?acl", b"", x_amz_acl="public-read")[0] == 403


def test_authenticated_users_are_those_who_sign(server, s3, stranger):
    s3.put_object(Bucket="lists", Key="k", Body=b"x", ACL="authenticated-read")
    nobody = user(server, "nobody")
    assert nobody.get_object(Bucket="lists", Key="k")["Body"].read() == b"x"
    assert stranger("GET", "lists/k")[0] == 403
    s3.put_object_acl(Bucket="lists", Key="k", GrantRead=f'id="{OTHER}"')
    assert refusal(nobody.get_object, Bucket="lists", Key="k")[0] == "AccessDenied"


def test_what_is_granted_to_the_account_is_not_the_users(server, s3):
    """Full control for the account's id says nothing about its users: policies do."""
    s3.put_object(Bucket="lists", Key="k", Body=b"x")
    nobody = user(server, "nobody")
    code, message = refusal(nobody.get_object, Bucket="lists", Key="k")
    assert code == "AccessDenied" and "no identity-based policy allows the s3:GetObject action" in message


def test_explicit_denies_are_stronger(server, s3, stranger):
    s3.put_object(Bucket="lists", Key="k", Body=b"x", ACL="public-read")
    denied = user(server, "denied", {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"})
    assert "with an explicit deny in an identity-based policy" in refusal(denied.get_object, Bucket="lists", Key="k")[1]
    s3.put_bucket_policy(Bucket="lists", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lists/*"}]}))
    assert stranger("GET", "lists/k")[0] == 403
    s3.delete_bucket_policy(Bucket="lists")
    assert stranger("GET", "lists/k")[0] == 200


def test_public_access_block(s3, stranger):
    s3.put_object(Bucket="lists", Key="k", Body=b"x", ACL="public-read")

    def block(**settings):
        s3.put_public_access_block(Bucket="lists", PublicAccessBlockConfiguration=settings)
    block(IgnorePublicAcls=True)
    assert stranger("GET", "lists/k")[0] == 403
    assert len(s3.get_object_acl(Bucket="lists", Key="k")["Grants"]) == 2  # it is still there
    block(BlockPublicAcls=True)
    assert stranger("GET", "lists/k")[0] == 200
    public = {"Owner": s3.get_bucket_acl(Bucket="lists")["Owner"],
              "Grants": [{"Grantee": {"Type": "Group", "URI": AUTHENTICATED}, "Permission": "READ"}]}
    of = {"Bucket": "lists", "Key": "k"}
    for action, call, more in (("s3:PutObject", s3.put_object, {**of, "Body": b"", "ACL": "public-read"}),
                               ("s3:PutObject", s3.put_object, {**of, "Body": b"", "GrantRead": f"uri={ALL_USERS}"}),
                               ("s3:PutObjectAcl", s3.put_object_acl, {**of, "ACL": "public-read-write"}),
                               ("s3:PutObjectAcl", s3.put_object_acl, {**of, "AccessControlPolicy": public}),
                               ("s3:PutObject", s3.create_multipart_upload, {**of, "ACL": "authenticated-read"})):
        code, message = refusal(call, **more)
        assert code == "AccessDenied" and f"is not authorized to perform: {action} on resource: \"arn:aws:s3:::lists/k\" " \
            "because public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access." in message
    assert "s3:PutBucketAcl on resource: \"arn:aws:s3:::lists\" because" in refusal(
        s3.put_bucket_acl, Bucket="lists", ACL="public-read")[1]
    s3.put_object(**of, Body=b"", GrantRead=f"id={OTHER}")
    block(RestrictPublicBuckets=True)
    s3.put_object(**of, Body=b"x", ACL="public-read")
    assert stranger("GET", "lists/k")[0] == 200  # it is about policies
    s3.put_bucket_policy(Bucket="lists", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lists/other"}]}))
    assert stranger("GET", "lists/k")[0] == 403
    assert s3.get_bucket_policy_status(Bucket="lists")["PolicyStatus"] == {"IsPublic": True}


def test_the_policy_status_does_not_look_at_lists(s3):
    s3.put_bucket_acl(Bucket="lists", ACL="public-read")
    assert refusal(s3.get_bucket_policy_status, Bucket="lists")[0] == "NoSuchBucketPolicy"


def test_buckets_without_lists(server, stranger):
    s3 = server.boto3("s3")
    s3.create_bucket(Bucket="plain")
    s3.delete_public_access_block(Bucket="plain")
    unsupported = ("AccessControlListNotSupported", "The bucket does not allow ACLs")
    of = {"Bucket": "plain", "Key": "k"}
    s3.put_object(**of, Body=b"x", ACL="bucket-owner-full-control")
    owner = s3.get_bucket_acl(Bucket="plain")["Owner"]["ID"]
    s3.put_object(**of, Body=b"x", GrantFullControl=f"id={owner}")
    for call, more in ((s3.put_object, {**of, "Body": b"", "ACL": "public-read"}), (s3.put_bucket_acl, {"Bucket": "plain", "ACL": "private"}),
                       (s3.put_object, {**of, "Body": b"", "GrantRead": f"id={OTHER}"}), (s3.put_object_acl, {**of, "ACL": "private"}),
                       (s3.create_multipart_upload, {**of, "ACL": "aws-exec-read"}),
                       (s3.copy_object, {"Bucket": "plain", "Key": "copy", "CopySource": "plain/k", "ACL": "public-read"})):
        assert refusal(call, **more) == unsupported, more
    assert grants(s3.get_object_acl(**of)) == [(owner, "FULL_CONTROL")]


def test_turning_lists_off_and_on_again(s3, stranger):
    def ownership(kind):
        s3.put_bucket_ownership_controls(Bucket="lists", OwnershipControls={"Rules": [{"ObjectOwnership": kind}]})
    s3.put_object(Bucket="lists", Key="k", Body=b"x", ACL="public-read")
    s3.put_bucket_acl(Bucket="lists", ACL="log-delivery-write")
    assert refusal(ownership, "BucketOwnerEnforced") == (
        "InvalidBucketAclWithObjectOwnership", "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting")
    s3.put_bucket_acl(Bucket="lists", ACL="private")
    ownership("BucketOwnerEnforced")
    assert stranger("GET", "lists/k")[0] == 403
    assert len(s3.get_object_acl(Bucket="lists", Key="k")["Grants"]) == 1
    ownership("BucketOwnerPreferred")
    assert stranger("GET", "lists/k")[0] == 200


def test_new_buckets_with_lists(server):
    s3 = server.boto3("s3")
    assert refusal(s3.create_bucket, Bucket="new-one", ACL="public-read")[0] == "InvalidBucketAclWithObjectOwnership"
    assert refusal(s3.create_bucket, Bucket="new-one", ACL="public-read", ObjectOwnership="ObjectWriter") == (
        "InvalidBucketAclWithBlockPublicAccessError", "Bucket cannot have public ACLs set with BlockPublicAccess enabled")
    s3.create_bucket(Bucket="new-one", GrantRead=f"uri={LOG_DELIVERY}", GrantWrite=f"id={OTHER}", ObjectOwnership="ObjectWriter")
    assert grants(s3.get_bucket_acl(Bucket="new-one")) == [(LOG_DELIVERY, "READ"), (OTHER, "WRITE")]


def test_lists_have_rights_and_condition_keys(server, s3):
    s3.put_object(Bucket="lists", Key="k", Body=b"x")
    put = {"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": "*"}
    plain = user(server, "plain", put)
    plain.put_object(Bucket="lists", Key="k", Body=b"x")
    code, message = refusal(plain.put_object, Bucket="lists", Key="k", Body=b"x", ACL="private")
    assert code == "AccessDenied" and "is not authorized to perform: s3:PutObjectAcl on resource" in message
    picky = user(server, "picky", {**put, "Action": ["s3:PutObject", "s3:PutObjectAcl"], "Condition": {
        "StringEquals": {"s3:x-amz-grant-read": f"id={OTHER}"}}})
    picky.put_object(Bucket="lists", Key="k", Body=b"x", GrantRead=f"id={OTHER}")
    assert refusal(picky.put_object, Bucket="lists", Key="k", Body=b"x", GrantRead=f"uri={LOG_DELIVERY}")[0] == "AccessDenied"
    assert grants(s3.get_object_acl(Bucket="lists", Key="k")) == [(OTHER, "READ")]
    s3.put_object_acl(Bucket="lists", Key="k", ACL="private")


def test_a_list_gives_nobody_the_right_to_bring_one(server, s3, stranger):
    """Uploads with a list need s3:PutObjectAcl, whatever the bucket's list or that of the object before says."""
    s3.put_bucket_acl(Bucket="lists", ACL="public-read")
    plain = user(server, "plain", {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"})
    assert refusal(plain.put_object, Bucket="lists", Key="new", Body=b"x", ACL="public-read")[0] == "AccessDenied"
    s3.put_object(Bucket="lists", Key="k", Body=b"x", GrantWriteACP=f"uri={ALL_USERS}")
    assert refusal(plain.put_object, Bucket="lists", Key="k", Body=b"x", ACL="public-read")[0] == "AccessDenied"
    s3.put_bucket_policy(Bucket="lists", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::lists/*"}]}))
    assert stranger("PUT", "lists/by-policy", b"x")[0] == 200
    assert stranger("PUT", "lists/by-policy", b"x", x_amz_acl="public-read")[0] == 403


def test_preferred_owners_are_handed_over(server, stranger):
    s3 = server.boto3("s3")
    make_bucket(s3, "preferred", "BucketOwnerPreferred")
    s3.put_bucket_acl(Bucket="preferred", ACL="public-read-write")
    assert stranger("PUT", "preferred/k", b"x", x_amz_acl="bucket-owner-full-control")[0] == 200
    assert s3.get_object(Bucket="preferred", Key="k")["Body"].read() == b"x"
    assert s3.get_object_acl(Bucket="preferred", Key="k")["Owner"] == s3.get_bucket_acl(Bucket="preferred")["Owner"]
    assert stranger("PUT", "preferred/theirs", b"x")[0] == 200
    assert refusal(s3.get_object, Bucket="preferred", Key="theirs")[0] == "AccessDenied"


def test_forms_have_lists(s3, stranger):
    form = s3.generate_presigned_post("lists", "k", Fields={"acl": "public-read"}, Conditions=[{"acl": "public-read"}])
    parts = "".join(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in form["fields"].items())
    parts += '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nposted\r\n--b--\r\n'
    assert stranger("POST", "lists", parts.encode(), Content_Type="multipart/form-data; boundary=b")[0] == 204
    assert stranger("GET", "lists/k") == (200, "posted")


def test_copies_and_versions_have_lists_of_their_own(s3, stranger):
    s3.put_bucket_versioning(Bucket="lists", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="lists", Key="k", Body=b"1", ACL="public-read")["VersionId"]
    s3.put_object(Bucket="lists", Key="k", Body=b"2")
    assert stranger("GET", f"lists/k?versionId={first}") == (200, "1")
    assert stranger("GET", "lists/k")[0] == 403
    s3.copy_object(Bucket="lists", Key="copy", CopySource={"Bucket": "lists", "Key": "k", "VersionId": first})
    s3.copy_object(Bucket="lists", Key="open-copy", CopySource="lists/k", ACL="public-read")
    assert stranger("GET", "lists/copy")[0] == 403
    assert stranger("GET", "lists/open-copy") == (200, "2")


def test_grantees_by_mail_are_no_more(s3):
    assert refusal(s3.put_bucket_acl, Bucket="lists", GrantRead="emailAddress=a@example.com")[0] == "MethodNotAllowed"


def test_the_command_line(server, s3, aws_cli, stranger, tmp_path):
    body = tmp_path / "body"
    body.write_text("hello")
    copied = server.aws("s3", "cp", body, "s3://lists/k", "--acl", "public-read")
    assert copied.status == 0, copied
    assert stranger("GET", "lists/k") == (200, "hello")
    shown = server.aws("s3api", "get-object-acl", "--bucket", "lists", "--key", "k")
    assert len(json.loads(shown.stdout)["Grants"]) == 2, shown
    assert server.aws("s3api", "put-object-acl", "--bucket", "lists", "--key", "k", "--grant-read", f"id={OTHER}").status == 0
    assert stranger("GET", "lists/k")[0] == 403
    read = server.aws("s3", "cp", "s3://lists/k", tmp_path / "read", "--no-sign-request")
    assert read.status != 0
    granted = server.aws("s3", "cp", body, "s3://lists/k", "--grants", f"read=uri={ALL_USERS}")
    assert granted.status == 0, granted
    read = server.aws("s3", "cp", "s3://lists/k", tmp_path / "read", "--no-sign-request")
    assert read.status == 0 and (tmp_path / "read").read_text() == "hello", read


def test_lists_survive_kill_9(sortie, tmp_path):
    server = Server(sortie, "--state", tmp_path / "state")
    s3 = server.boto3("s3")
    make_bucket(s3)
    s3.put_bucket_acl(Bucket="lists", ACL="public-read")
    s3.put_object(Bucket="lists", Key="k", Body=b"x", GrantRead=f"id={OTHER}")
    upload = s3.create_multipart_upload(Bucket="lists", Key="large", ACL="public-read")["UploadId"]
    server.kill()
    server = Server(sortie, "--state", tmp_path / "state")
    try:
        s3 = server.boto3("s3")
        assert (ALL_USERS, "READ") in grants(s3.get_bucket_acl(Bucket="lists"))
        assert grants(s3.get_object_acl(Bucket="lists", Key="k")) == [(OTHER, "READ")]
        of = {"Bucket": "lists", "Key": "large"}
        part = s3.upload_part(**of, UploadId=upload, PartNumber=1, Body=b"x")
        s3.complete_multipart_upload(**of, UploadId=upload, MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]})
        assert (ALL_USERS, "READ") in grants(s3.get_object_acl(**of))
    finally:
        server.stop()
