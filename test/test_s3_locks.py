"""Object lock as clients meet it: what nobody deletes, who may pass, what survives kill -9."""

import base64
import datetime
import hashlib
import json
import threading
import urllib.error
import urllib.request

import pytest

from support import Server

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
from botocore.config import Config  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402

LOCKED = "Access Denied because object protected by object lock."


def in_days(days):
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(days=days)


def refusal(call, *arguments, **parameters):
    with pytest.raises(ClientError) as caught:
        call(*arguments, **parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def s3(server):
    client = server.boto3("s3")
    client.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    return client


def user(server, name, *statements):
    """A client of a new user who may do what the statements say."""
    iam = server.boto3("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": list(statements)}))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return server.boto3("s3", (key["AccessKeyId"], key["SecretAccessKey"]))


def allow(*actions, **more):
    return {"Effect": "Allow", "Action": [f"s3:{action}" for action in actions], "Resource": "*", **more}


def retention(mode, days):
    return {"Mode": mode, "RetainUntilDate": in_days(days)}


def test_the_configuration_as_sent(s3):
    assert s3.get_bucket_versioning(Bucket="locked")["Status"] == "Enabled"
    rule = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 1}}}
    s3.put_object_lock_configuration(Bucket="locked", ObjectLockConfiguration=rule)
    assert s3.get_object_lock_configuration(Bucket="locked")["ObjectLockConfiguration"] == rule
    code, _ = refusal(s3.put_bucket_versioning, Bucket="locked", VersioningConfiguration={"Status": "Suspended"})
    assert code == "InvalidBucketState"


@pytest.mark.parametrize("days, message", [(0, "Default retention period must be a positive integer value."),
                                           (36501, "Default retention period too large.")])
def test_default_periods_have_limits(s3, days, message):
    assert refusal(s3.put_object_lock_configuration, Bucket="locked", ObjectLockConfiguration={
        "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": days}}}) == \
        ("InvalidArgument", message)


def test_nobody_passes_compliance(server, s3):
    put = s3.put_object(Bucket="locked", Key="k", Body=b"x", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=in_days(1))
    of = {"Bucket": "locked", "Key": "k", "VersionId": put["VersionId"]}
    for options in ({}, {"BypassGovernanceRetention": True}):
        assert refusal(s3.delete_object, **of, **options) == ("AccessDenied", LOCKED)
        assert refusal(s3.put_object_retention, **of, Retention={}, **options) == ("AccessDenied", LOCKED)
        assert refusal(s3.put_object_retention, **of, Retention=retention("GOVERNANCE", 9), **options)[0] == "AccessDenied"
    s3.put_object_retention(**of, Retention=retention("COMPLIANCE", 9))
    head = s3.head_object(**of)
    assert head["ObjectLockMode"] == "COMPLIANCE" and head["ObjectLockRetainUntilDate"] > in_days(8)
    assert s3.get_object(**of)["Body"].read() == b"x"
    assert refusal(s3.delete_bucket, Bucket="locked")[0] == "BucketNotEmpty"


def test_who_may_bypass_governance(server, s3):
    version = s3.put_object(Bucket="locked", Key="k", Body=b"x")["VersionId"]
    of = {"Bucket": "locked", "Key": "k", "VersionId": version}
    s3.put_object_retention(**of, Retention=retention("GOVERNANCE", 9))
    actions = ("DeleteObjectVersion", "PutObjectRetention", "GetObjectRetention")
    clerk = user(server, "clerk", allow(*actions))
    keeper = user(server, "keeper", allow(*actions, "BypassGovernanceRetention"))
    code, message = refusal(clerk.delete_object, **of, BypassGovernanceRetention=True)
    assert code == "AccessDenied" and "is not authorized to perform: s3:BypassGovernanceRetention" in message
    assert refusal(clerk.put_object_retention, **of, Retention=retention("GOVERNANCE", 8)) == ("AccessDenied", LOCKED)
    clerk.put_object_retention(**of, Retention=retention("GOVERNANCE", 10))
    assert refusal(keeper.delete_object, **of) == ("AccessDenied", LOCKED)
    keeper.put_object_retention(**of, Retention=retention("GOVERNANCE", 1), BypassGovernanceRetention=True)
    answer = keeper.delete_objects(Bucket="locked", Delete={"Objects": [{"Key": "k", "VersionId": version}]},
                                   BypassGovernanceRetention=True)
    assert answer["Deleted"] == [{"Key": "k", "VersionId": version}]


def test_many_deletions_stop_at_locks_alone(s3):
    versions = {key: s3.put_object(Bucket="locked", Key=key, Body=b"x")["VersionId"] for key in "abc"}
    s3.put_object_legal_hold(Bucket="locked", Key="b", LegalHold={"Status": "ON"})
    answer = s3.delete_objects(Bucket="locked", Delete={"Objects": [
        {"Key": key, "VersionId": version} for key, version in versions.items()]})
    assert {entry["Key"] for entry in answer["Deleted"]} == {"a", "c"}
    assert [(entry["Key"], entry["Code"], entry["Message"]) for entry in answer["Errors"]] == [("b", "AccessDenied", LOCKED)]
    assert s3.get_object_legal_hold(Bucket="locked", Key="b")["LegalHold"] == {"Status": "ON"}


def test_condition_keys_bound_what_is_locked(server, s3):
    limited = user(
        server, "limited", allow("PutObject", "PutObjectRetention", "PutObjectLegalHold"),
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*",
         "Condition": {"NumericGreaterThan": {"s3:object-lock-remaining-retention-days": "10"}}},
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {"s3:object-lock-mode": "COMPLIANCE"}}},
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {"s3:object-lock-legal-hold": "OFF"}}},
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {
            "DateGreaterThan": {"s3:object-lock-retain-until-date": "2100-01-01T00:00:00Z"}}})
    put = {"Bucket": "locked", "Key": "k", "Body": b"x"}
    limited.put_object(**put, ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=in_days(10))
    for more in ({"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": in_days(11)},
                 {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": in_days(1)},
                 {"ObjectLockLegalHoldStatus": "OFF"}):
        assert refusal(limited.put_object, **put, **more)[0] == "AccessDenied", more
    assert refusal(limited.put_object_retention, Bucket="locked", Key="k", Retention=retention("GOVERNANCE", 11))[0] == "AccessDenied"
    limited.put_object_legal_hold(Bucket="locked", Key="k", LegalHold={"Status": "ON"})
    assert refusal(limited.put_object_legal_hold, Bucket="locked", Key="k", LegalHold={"Status": "OFF"})[0] == "AccessDenied"


def test_locks_have_rights_of_their_own(server, s3):
    writer = user(server, "writer", allow("PutObject", "GetObject"))
    put = {"Bucket": "locked", "Key": "k", "Body": b"x"}
    for action, more in (("PutObjectRetention", {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": in_days(1)}),
                         ("PutObjectLegalHold", {"ObjectLockLegalHoldStatus": "ON"})):
        code, message = refusal(writer.put_object, **put, **more)
        assert code == "AccessDenied" and f"is not authorized to perform: s3:{action} " in message
    s3.put_object(**put, ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=in_days(1), ObjectLockLegalHoldStatus="ON")
    assert not [name for name in writer.get_object(Bucket="locked", Key="k") if name.startswith("ObjectLock")]
    assert refusal(writer.get_object_retention, Bucket="locked", Key="k")[0] == "AccessDenied"


def test_dates_that_have_passed(s3):
    s3.put_object(Bucket="locked", Key="k", Body=b"x")
    with pytest.raises(ClientError) as caught:
        s3.put_object_retention(Bucket="locked", Key="k", Retention={
            "Mode": "GOVERNANCE", "RetainUntilDate": datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)})
    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("InvalidArgument", "The retain until date must be in the future!")
    assert (error["ArgumentName"], error["ArgumentValue"]) == ("RetainUntilDate", "Tue Dec 31 16:00:00 PST 2019")


def test_forms_are_locked_too(server, s3):
    """A posted form says with fields what PutObject says with headers."""
    signer = server.boto3("s3", config=Config(signature_version="s3v4", s3={"addressing_style": "path"}))

    def post(contents, of=None):
        fields = {"x-amz-object-lock-mode": "GOVERNANCE",
                  "x-amz-object-lock-retain-until-date": in_days(5).strftime("%Y-%m-%dT%H:%M:%SZ")}
        if of is not None:
            fields["Content-MD5"] = base64.b64encode(hashlib.md5(of).digest()).decode()
        form = signer.generate_presigned_post("locked", "k", Fields=dict(fields), Conditions=[{n: v} for n, v in fields.items()])
        parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
                 for name, value in form["fields"].items()]
        parts.append(b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n' + contents + b"\r\n--b--\r\n")
        request = urllib.request.Request(form["url"], data=b"".join(parts), method="POST",
                                         headers={"Content-Type": "multipart/form-data; boundary=b"})
        try:
            return urllib.request.urlopen(request, timeout=60).status, ""
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()
    assert "BadDigest" in post(b"contents", of=b"other")[1]
    assert "Content-MD5 OR x-amz-checksum- HTTP header is required" in post(b"contents")[1]
    assert post(b"contents", of=b"contents") == (204, "")
    assert s3.head_object(Bucket="locked", Key="k")["ObjectLockMode"] == "GOVERNANCE"


def test_the_command_line(server, s3, aws_cli, tmp_path):
    body = tmp_path / "body"
    body.write_text("x")
    put = server.aws("s3api", "put-object", "--bucket", "locked", "--key", "k", "--body", body, "--object-lock-mode", "COMPLIANCE",
                     "--object-lock-retain-until-date", in_days(1).isoformat(), "--object-lock-legal-hold-status", "ON")
    assert put.status == 0, put
    version = json.loads(put.stdout)["VersionId"]
    of = ("--bucket", "locked", "--key", "k")
    held = server.aws("s3api", "get-object-legal-hold", *of)
    assert json.loads(held.stdout) == {"LegalHold": {"Status": "ON"}}, held
    assert json.loads(server.aws("s3api", "get-object-retention", *of).stdout)["Retention"]["Mode"] == "COMPLIANCE"
    assert server.aws("s3api", "put-object-legal-hold", *of, "--legal-hold", "Status=OFF").status == 0
    refused = server.aws("s3api", "delete-object", *of, "--version-id", version, "--bypass-governance-retention")
    assert refused.status != 0 and LOCKED in refused.stderr, refused
    assert server.aws("s3", "rm", "s3://locked/k").status == 0  # a marker
    assert server.aws("s3", "rb", "--force", "s3://locked").status != 0


@pytest.mark.parametrize("puts_before", [5, 60])
def test_locks_that_were_acknowledged_survive_kill_9(sortie, tmp_path, puts_before):
    """Objects that are locked as they are written, and afterwards, while others try to remove them."""
    server = Server(sortie, "--state", tmp_path / "state")
    server.boto3("s3").create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    acknowledged, enough = [], threading.Event()

    def lock_until_it_dies(writer):
        s3 = server.boto3("s3")
        number = 0
        while True:
            of = {"Bucket": "locked", "Key": f"{writer}/{number}"}
            try:
                if number % 2:
                    of["VersionId"] = s3.put_object(**of, Body=b"x" * 100_000, ObjectLockMode="COMPLIANCE",
                                                    ObjectLockRetainUntilDate=in_days(1))["VersionId"]
                else:
                    of["VersionId"] = s3.put_object(**of, Body=b"x")["VersionId"]
                    s3.put_object_legal_hold(**of, LegalHold={"Status": "ON"})
                acknowledged.append(of)
                s3.delete_object(**of)
                acknowledged.append({**of, "wrong": "it was deleted"})
            except ClientError as error:
                if error.response["Error"]["Message"] != LOCKED:
                    acknowledged.append({**of, "wrong": str(error)})
            except Exception:
                return
            number += 1
            if len(acknowledged) >= puts_before:
                enough.set()
    writers = [threading.Thread(target=lock_until_it_dies, args=(writer,)) for writer in range(4)]
    for writer in writers:
        writer.start()
    assert enough.wait(60), "the server locks no objects"
    server.kill()
    for writer in writers:
        writer.join()
    assert not [entry for entry in acknowledged if "wrong" in entry]
    server = Server(sortie, "--state", tmp_path / "state")
    try:
        s3 = server.boto3("s3")
        assert s3.get_object_lock_configuration(Bucket="locked")["ObjectLockConfiguration"] == {"ObjectLockEnabled": "Enabled"}
        for of in acknowledged:
            head = s3.head_object(**of)
            assert head.get("ObjectLockMode") == "COMPLIANCE" or head.get("ObjectLockLegalHoldStatus") == "ON", of
            assert refusal(s3.delete_object, **of) == ("AccessDenied", LOCKED)
    finally:
        server.stop()
