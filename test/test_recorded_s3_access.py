"""Object lock, access control lists and requests of nobody in particular: S3's answers as AWS gave them."""

import datetime

import pytest

from recorded_s3 import Scenarios

scenarios = Scenarios("s3")
api = Scenarios("s3-api")

ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
FAKE_GROUP = "http://acs.amazonaws.com/groups/s3/FakeGroup"


def in_days(days):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)


def with_lists(it):
    """A bucket in which access control lists mean something, public ones too."""
    bucket = it.bucket(ObjectOwnership="ObjectWriter")
    it.s3.delete_public_access_block(Bucket=bucket)
    return bucket


# Object lock ---------------------------------------------------------------------------------------------------------

def default_retention(mode="GOVERNANCE", **period):
    return {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": mode, **period}}}


@api("TestS3ObjectLock::test_put_object_lock_configuration_on_existing_bucket")
def lock_of_existing_bucket(_s3, it):
    bucket = it.bucket()
    enabled = {"Bucket": bucket, "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}
    it.match("get-object-lock-existing-bucket-no-config", "get_object_lock_configuration", Bucket=bucket)
    it.match("put-object-lock-existing-bucket-no-versioning", "put_object_lock_configuration", **enabled)
    it.match("suspended-versioning", "put_bucket_versioning", Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    it.match("put-object-lock-existing-bucket-versioning-disabled", "put_object_lock_configuration", **enabled)
    it.match("enabled-versioning", "put_bucket_versioning", Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    it.match("put-object-lock-existing-bucket-enabled", "put_object_lock_configuration", **enabled)
    it.match("get-object-lock-existing-bucket-enabled", "get_object_lock_configuration", Bucket=bucket)


@api("TestS3ObjectLock::test_put_object_lock_configuration_exc")
def bad_lock_configurations(_s3, it):
    bucket = it.bucket(ObjectLockEnabledForBucket=True)
    for key, configuration in (
            ("no-enabled", {"Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}), ("empty", {}),
            ("empty-rule", {"ObjectLockEnabled": "Enabled", "Rule": {}}), ("empty-retention", default_retention(mode="") | {
                "Rule": {"DefaultRetention": {}}}), ("no-days", default_retention()),
            ("bad-mode", default_retention("BAD-MODE", Days=1)), ("both-days-years", default_retention(Days=1, Years=1))):
        it.match(f"put-lock-config-{key}", "put_object_lock_configuration", Bucket=bucket, ObjectLockConfiguration=configuration)


@api("TestS3ObjectLock::test_get_object_lock_configuration_exc")
def no_lock_configurations(_s3, it):
    it.match("get-lock-config-no-enabled", "get_object_lock_configuration", Bucket=it.bucket())
    it.match("get-lock-config-bucket-not-exists", "get_object_lock_configuration", Bucket="is-not-there-at-all")


def locked(mode="GOVERNANCE", days=1):
    return {"ObjectLockMode": mode, "ObjectLockRetainUntilDate": in_days(days)}


@scenarios("TestS3ObjectLockRetention::test_bucket_config_default_retention")
def by_default(_s3, it):
    bucket = it.bucket(ObjectLockEnabledForBucket=True)
    it.match("put-lock-config", "put_object_lock_configuration", Bucket=bucket, ObjectLockConfiguration=default_retention(Days=1))
    it.match("put-object-default", "put_object", Bucket=bucket, Key="d", Body="test-default-lock")
    it.match("head-object-default", "head_object", Bucket=bucket, Key="d")
    it.match("put-object-with-lock", "put_object", Bucket=bucket, Key="o", Body="test-put-object-lock", **locked(days=2))
    it.match("head-object-with-lock", "head_object", Bucket=bucket, Key="o")
    it.match("put-object-with-lock-no-date", "put_object", Bucket=bucket, Key="n", Body="x", ObjectLockMode="GOVERNANCE")


@scenarios("TestS3ObjectLockRetention::test_object_lock_delete_markers")
def markers(s3, it):
    bucket = it.bucket(ObjectLockEnabledForBucket=True)
    it.match("put-object-with-lock", "put_object", Bucket=bucket, Key="k", Body="test-put-object-lock", **locked())
    it.match("head-object-with-lock", "head_object", Bucket=bucket, Key="k")
    marker = it.match("put-delete-marker", "delete_object", Bucket=bucket, Key="k")
    of = {"Bucket": bucket, "Key": "k", "VersionId": marker["VersionId"]}
    it.match("put-object-retention-delete-marker", "put_object_retention", **of,
             Retention={"Mode": "GOVERNANCE", "RetainUntilDate": in_days(1)})
    it.match("get-object-retention-delete-marker", "get_object_retention", **of)
    it.match("head-object-locked-delete-marker", "head_object", **of)


@scenarios("TestS3ObjectLockRetention::test_object_lock_extend_duration")
def longer(_s3, it):
    of = {"Bucket": it.bucket(ObjectLockEnabledForBucket=True), "Key": "k"}
    it.match("put-object-with-lock", "put_object", **of, Body="test-put-object-lock", **locked(days=10))
    it.match("head-object-with-lock", "head_object", **of)
    it.match("put-object-retention-extend", "put_object_retention", **of,
             Retention={"Mode": "GOVERNANCE", "RetainUntilDate": in_days(11)})
    it.match("head-object-with-lock-extended", "head_object", **of)
    it.match("put-object-retention-reduce", "put_object_retention", **of,
             Retention={"Mode": "GOVERNANCE", "RetainUntilDate": in_days(10)})


@scenarios("TestS3ObjectLockRetention::test_s3_object_lock_mode_validation")
def modes(_s3, it):
    of = {"Bucket": it.bucket(ObjectLockEnabledForBucket=True), "Key": "k"}
    it.match("put-obj-locked-error-no-retain-date", "put_object", **of, Body="x", ObjectLockMode="BAD-VALUE")
    it.match("put-obj-locked-error-no-mode", "put_object", **of, Body="x", ObjectLockRetainUntilDate=in_days(1))
    it.match("put-obj-locked-bad-value", "put_object", **of, Body="x", **locked("BAD-VALUE"))
    it.match("create-mpu-locked-bad-value", "create_multipart_upload", **of, **locked("BAD-VALUE"))


def hold(it, key, status, **of):
    it.match(key, "put_object_legal_hold", **of, LegalHold={"Status": status})


@scenarios("TestS3ObjectLockLegalHold::test_delete_locked_object")
def deletions(_s3, it):
    of = {"Bucket": it.bucket(ObjectLockEnabledForBucket=True), "Key": "test-delete-locked"}
    version = it.match("put-obj", "put_object", **of, Body="test")["VersionId"]
    hold(it, "put-object-legal-hold", "ON", **of)
    it.match("delete-object-locked", "delete_object", **of, VersionId=version)
    it.match("delete-objects-locked", "delete_objects", Bucket=of["Bucket"],
             Delete={"Objects": [{"Key": of["Key"], "VersionId": version}]})
    hold(it, "put-object-legal-hold-off", "OFF", **of)


@scenarios("TestS3ObjectLockLegalHold::test_s3_legal_hold_lock_versioned")
def holds_of_versions(_s3, it):
    of = {"Bucket": it.bucket(ObjectLockEnabledForBucket=True), "Key": "k"}
    first = it.match("put-object", "put_object", **of, Body="test")["VersionId"]
    hold(it, "put-object-legal-hold-ver1", "ON", **of)
    it.match("head-object-ver1", "head_object", **of)
    it.match("put-object-2", "put_object", **of, Body="test")
    hold(it, "put-object-legal-hold-ver2", "ON", **of)
    it.match("head-object-ver2", "head_object", **of)
    hold(it, "remove-object-legal-hold-ver1", "OFF", **of, VersionId=first)
    it.match("head-object-ver1-no-lock", "head_object", **of, VersionId=first)
    it.match("delete-object-ver1", "delete_object", **of, VersionId=first)


@scenarios("TestS3ObjectLockLegalHold::test_s3_copy_object_legal_hold")
def copies(_s3, it):
    of = {"Bucket": it.bucket(ObjectLockEnabledForBucket=True)}
    it.match("put-object", "put_object", **of, Key="k", Body='{"key": "value"}', ObjectLockLegalHoldStatus="ON")
    it.match("head-object", "head_object", **of, Key="k")
    it.match("copy-legal-hold", "copy_object", **of, Key="copy", CopySource=f"{of['Bucket']}/k")
    it.match("head-dest-key", "head_object", **of, Key="copy")


# Access control lists ------------------------------------------------------------------------------------------------

@scenarios("TestS3::test_s3_multipart_upload_acls")
def lists_of_uploads(s3, it):
    bucket = with_lists(it)
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    it.match("bucket-acl", "get_bucket_acl", Bucket=bucket)
    for number, canned in enumerate(({}, {"ACL": "private"}, {"ACL": "public-read-write"})):
        of = {"Bucket": bucket, "Key": f"k{number}"}
        upload = {**of, "UploadId": s3.create_multipart_upload(**of, **canned)["UploadId"]}
        part = s3.upload_part(**upload, PartNumber=1, Body=b"data")
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]})
        it.match(f"permission-acl-key{number}", "get_object_acl", **of)


def bad_documents(owner):
    """In the order of the recording: what breaks the schema first and last, ids and groups between."""
    def policy(grantee, permission="READ", owner_id=owner):
        return {"Owner": {"ID": owner_id}, "Grants": [{"Grantee": grantee, "Permission": permission}]}
    user, wrong = {"ID": owner, "Type": "CanonicalUser"}, {"ID": "wrong-id", "Type": "CanonicalUser"}
    return [{"Owner": {"ID": owner}}, {"Grants": policy(user)["Grants"]}, policy(user, owner_id="wrong-id"),
            policy({"URI": FAKE_GROUP, "Type": "Group"}), policy(wrong), policy(user, "FAKE-PERMISSION")]


def lists_are_refused(it, operation, keys, **of):
    """`keys`: what the recording calls canned, grants, documents, nothing."""
    canned, grant, document, empty, nothing, both = keys
    it.match(canned, operation, **of, ACL="fake-acl")
    it.match(f"{grant}-fake-uri", operation, **of, GrantWrite=f'uri="{FAKE_GROUP}"')
    it.match(f"{grant}-fake-key", operation, **of, GrantWrite='fakekey="1234"')
    it.match(f"{grant}-wrong-id", operation, **of, GrantWrite='id="wrong-id"')
    owner = it.s3.get_bucket_acl(Bucket=of["Bucket"])["Owner"]["ID"]
    documents = bad_documents(owner)
    for number, policy in enumerate(documents, 1):
        it.match(f"{document}-{number}", operation, **of, AccessControlPolicy=policy)
    it.match(empty, operation, **of, AccessControlPolicy={})
    it.match(nothing, operation, **of)
    it.match(both, operation, **of, ACL="public-read", GrantRead=f'uri="{ALL_USERS}"')
    good = {"Owner": {"ID": owner}, "Grants": []}
    it.match(f"{both}-acp", operation, **of, ACL="public-read", AccessControlPolicy=good)


@scenarios("TestS3::test_s3_bucket_acl_exceptions")
def bad_bucket_lists(_s3, it):
    lists_are_refused(it, "put_bucket_acl", (
        "put-bucket-canned-acl", "put-bucket-grant-acl", "put-bucket-acp-acl", "put-bucket-empty-acp", "put-bucket-empty",
        "put-bucket-two-type-acl"), Bucket=with_lists(it))


@scenarios("TestS3::test_s3_object_acl_exceptions")
def bad_object_lists(s3, it):
    of = {"Bucket": with_lists(it), "Key": "k"}
    s3.put_object(**of, Body=b"x")
    it.match("put-object-canned-acl", "put_object", **of, Body=b"x", ACL="fake-acl")
    lists_are_refused(it, "put_object_acl", (
        "put-object-acl-canned-acl", "put-object-grant-acl", "put-object-acp-acl", "put-object-empty-acp",
        "put-object-acl-empty", "put-object-two-type-acl"), **of)


@scenarios("TestS3::test_get_object_with_anon_credentials")
def nobody(s3, it):
    boto3 = pytest.importorskip("boto3")
    from botocore import UNSIGNED
    from botocore.config import Config
    of = {"Bucket": with_lists(it), "Key": "k"}
    s3.put_object(**of, Body="body data", ACL="public-read")
    anonymous = boto3.client("s3", endpoint_url=it.server.url, region_name="us-east-1",
                             config=Config(signature_version=UNSIGNED, s3={"addressing_style": "path"}))
    it.match("get_object", "get_object", client=anonymous, **of)


test_recorded = scenarios.as_test()
test_recorded_api = api.as_test()
