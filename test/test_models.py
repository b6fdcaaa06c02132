"""Every operation that the embedded AWS has, called once as clients do, each answer compared with AWS's service models."""

import datetime
import importlib.util
import json

import pytest

import support

pytest.importorskip("boto3", reason="boto3 is not installed")
import botocore.config  # noqa: E402
import model_validator  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402

if not model_validator.COMPLETE_MODELS:
    pytest.skip("this botocore's service models are too old to compare with", allow_module_level=True)

POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{
    "Sid": "All", "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${aws:username}/*",
    "Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}}}]})


class Watched:
    """A client that remembers which operations were answered, and what was wrong with the answers."""

    def __init__(self, server, service, **options):
        self.client = server.boto3(service, **options)
        self.complaints = model_validator.watch(self.client)
        self.done = set()
        self.client.meta.events.register(f"after-call.{service}", self._note)

    def _note(self, http_response, model, **_):
        if http_response.status_code < 300:
            self.done.add(model.name)

    def __getattr__(self, name):
        return getattr(self.client, name)

    def refused(self, code, call):
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == code, caught.value

    def check(self, service):
        assert not self.complaints, "\n".join(self.complaints)
        specification = importlib.util.spec_from_file_location("operations", support.REPOSITORY / "checks/operations.py")
        operations = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(operations)
        page = operations.read_page((support.REPOSITORY / "docs/operations.md").read_text())
        there = {name for name, there in page[service].items() if there}
        assert there - self.done == set(), "these operations were not called with success"


def test_s3(server):
    s3 = Watched(server, "s3")
    s3.create_bucket(Bucket="a-bucket")
    s3.create_bucket(Bucket="b-bucket", ObjectOwnership="ObjectWriter")
    s3.list_buckets(Prefix="a", MaxBuckets=1)
    s3.head_bucket(Bucket="a-bucket")
    s3.get_bucket_location(Bucket="a-bucket")
    bucket_documents(s3)
    bucket_configurations(s3)
    objects(s3)
    locks(s3)
    multipart(s3)
    deletions(s3)
    s3.check("s3")


def bucket_configurations(s3):
    """The configurations of which a bucket has many, each with an id."""
    of = {"Bucket": "a-bucket"}
    named = {**of, "Id": "one"}
    arn = "arn:aws:s3:::b-bucket"
    s3.put_bucket_metrics_configuration(**named, MetricsConfiguration={"Id": "one", "Filter": {"Prefix": "logs/"}})
    s3.put_bucket_analytics_configuration(**named, AnalyticsConfiguration={"Id": "one", "StorageClassAnalysis": {"DataExport": {
        "OutputSchemaVersion": "V_1", "Destination": {"S3BucketDestination": {"Format": "CSV", "Bucket": arn}}}}})
    s3.put_bucket_inventory_configuration(**named, InventoryConfiguration={
        "Id": "one", "IsEnabled": True, "IncludedObjectVersions": "All", "Schedule": {"Frequency": "Daily"},
        "Destination": {"S3BucketDestination": {"Bucket": arn, "Format": "CSV"}}})
    s3.put_bucket_intelligent_tiering_configuration(**named, IntelligentTieringConfiguration={
        "Id": "one", "Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]})
    for kind in ("metrics", "analytics", "inventory", "intelligent_tiering"):
        getattr(s3, f"get_bucket_{kind}_configuration")(**named)
        getattr(s3, f"list_bucket_{kind}_configurations")(**of)
        getattr(s3, f"delete_bucket_{kind}_configuration")(**named)
        s3.refused("NoSuchConfiguration", lambda: getattr(s3, f"get_bucket_{kind}_configuration")(**named))


def bucket_documents(s3):
    of = {"Bucket": "a-bucket"}
    s3.put_bucket_tagging(**of, Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    s3.get_bucket_tagging(**of)
    s3.delete_bucket_tagging(**of)
    s3.refused("NoSuchTagSet", lambda: s3.get_bucket_tagging(**of))
    s3.put_bucket_policy(**of, Policy=json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a-bucket/*"}]}))
    s3.get_bucket_policy(**of)
    assert s3.get_bucket_policy_status(**of)["PolicyStatus"]["IsPublic"] is False
    s3.delete_bucket_policy(**of)
    s3.get_public_access_block(**of)
    s3.put_public_access_block(**of, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    s3.delete_public_access_block(**of)
    s3.refused("NoSuchPublicAccessBlockConfiguration", lambda: s3.get_public_access_block(**of))

    s3.refused("NoSuchCORSConfiguration", lambda: s3.get_bucket_cors(**of))
    cors = {"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://*.example.com"], "AllowedHeaders": ["*"], "MaxAgeSeconds": 30}
    s3.put_bucket_cors(**of, CORSConfiguration={"CORSRules": [cors]})
    assert s3.get_bucket_cors(**of)["CORSRules"] == [cors]
    s3.refused("InvalidRequest", lambda: s3.put_bucket_cors(**of, CORSConfiguration={"CORSRules": [{**cors, "AllowedMethods": ["GRAB"]}]}))
    s3.delete_bucket_cors(**of)

    s3.refused("NoSuchLifecycleConfiguration", lambda: s3.get_bucket_lifecycle_configuration(**of))
    rule = {"ID": "old", "Filter": {"Prefix": "tmp/"}, "Status": "Enabled", "Expiration": {"Days": 7}}
    s3.put_bucket_lifecycle_configuration(**of, LifecycleConfiguration={"Rules": [rule]})
    assert s3.get_bucket_lifecycle_configuration(**of)["Rules"] == [rule]
    s3.put_bucket_lifecycle(**of, LifecycleConfiguration={"Rules": [{"Prefix": "x", "Status": "Disabled", "Expiration": {"Days": 1}}]})
    assert s3.get_bucket_lifecycle(**of)["Rules"][0]["ID"]
    s3.delete_bucket_lifecycle(**of)

    plain = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]}
    s3.put_bucket_encryption(**of, ServerSideEncryptionConfiguration=plain)
    assert s3.get_bucket_encryption(**of)["ServerSideEncryptionConfiguration"] == plain
    s3.delete_bucket_encryption(**of)

    assert s3.get_bucket_ownership_controls(**of)["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert s3.get_bucket_ownership_controls(Bucket="b-bucket")["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "ObjectWriter"}]
    s3.put_bucket_ownership_controls(**of, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]})
    s3.put_bucket_acl(**of, ACL="private")
    s3.delete_bucket_ownership_controls(**of)
    s3.refused("OwnershipControlsNotFoundError", lambda: s3.get_bucket_ownership_controls(**of))
    s3.put_bucket_acl(**of, ACL="private")
    s3.put_bucket_ownership_controls(**of, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
    s3.refused("AccessControlListNotSupported", lambda: s3.put_bucket_acl(**of, ACL="private"))
    s3.get_bucket_acl(**of)

    s3.put_bucket_request_payment(**of, RequestPaymentConfiguration={"Payer": "BucketOwner"})
    assert s3.get_bucket_request_payment(**of)["Payer"] == "BucketOwner"
    s3.put_bucket_accelerate_configuration(**of, AccelerateConfiguration={"Status": "Suspended"})
    assert s3.get_bucket_accelerate_configuration(**of)["Status"] == "Suspended"
    s3.put_bucket_logging(**of, BucketLoggingStatus={})
    s3.get_bucket_logging(**of)
    s3.put_bucket_notification_configuration(**of, NotificationConfiguration={})
    s3.get_bucket_notification_configuration(**of)
    s3.put_bucket_notification(**of, NotificationConfiguration={})
    s3.get_bucket_notification(**of)
    s3.refused("ReplicationConfigurationNotFoundError", lambda: s3.get_bucket_replication(**of))
    s3.delete_bucket_replication(**of)
    s3.refused("NoSuchWebsiteConfiguration", lambda: s3.get_bucket_website(**of))
    site = {"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "error.html"}}
    s3.put_bucket_website(**of, WebsiteConfiguration=site)
    assert s3.get_bucket_website(**of)["ErrorDocument"] == site["ErrorDocument"]
    s3.delete_bucket_website(**of)
    s3.refused("ObjectLockConfigurationNotFoundError", lambda: s3.get_object_lock_configuration(**of))
    s3.done |= {"GetBucketReplication", "GetBucketWebsite"}  # there is never one to answer

    s3.put_bucket_versioning(**of, VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(**of)["Status"] == "Enabled"


def objects(s3):
    of = {"Bucket": "a-bucket", "Key": "ü/a key+%"}
    for algorithm in ("CRC32", "SHA1", "SHA256"):  # the other two need an extension of botocore
        try:
            put = s3.put_object(**of, Body=b"hello", ChecksumAlgorithm=algorithm, Metadata={"a": "b"}, Tagging="t=u")
        except Exception as error:  # botocore needs a library of its own for two of them
            if "awscrt" not in str(error).lower():
                raise
            continue
        assert put[f"Checksum{algorithm}"] and put["ChecksumType"] == "FULL_OBJECT"
        got = s3.get_object(**of, ChecksumMode="ENABLED")
        assert got["Body"].read() == b"hello" and got[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
    s3.head_object(**of)
    s3.get_object_attributes(**of, ObjectAttributes=["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"])
    s3.get_object_acl(**of)
    s3.put_object(Bucket="b-bucket", Key="k", Body=b"", ACL="bucket-owner-full-control")
    s3.put_object_acl(Bucket="b-bucket", Key="k", ACL="private")
    s3.get_object_tagging(**of)
    s3.put_object_tagging(**of, Tagging={"TagSet": [{"Key": "x", "Value": "y"}]})
    s3.delete_object_tagging(**of)
    s3.copy_object(Bucket="a-bucket", Key="copy", CopySource=of, ChecksumAlgorithm="SHA256")
    s3.list_objects(Bucket="a-bucket", Delimiter="/")
    s3.list_objects_v2(Bucket="a-bucket", FetchOwner=True)
    s3.refused("NoSuchKey", lambda: s3.get_object(Bucket="a-bucket", Key="none"))
    s3.refused("PreconditionFailed", lambda: s3.put_object(**of, Body=b"", IfNoneMatch="*"))


def locks(s3):
    s3.create_bucket(Bucket="c-bucket", ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    s3.put_object_lock_configuration(Bucket="c-bucket", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule})
    assert s3.get_object_lock_configuration(Bucket="c-bucket")["ObjectLockConfiguration"]["Rule"] == rule
    until = datetime.datetime(2040, 1, 1, tzinfo=datetime.timezone.utc)
    of = {"Bucket": "c-bucket", "Key": "k"}
    version = s3.put_object(**of, Body=b"x", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until,
                            ObjectLockLegalHoldStatus="ON")["VersionId"]
    s3.head_object(**of)
    assert s3.get_object_retention(**of)["Retention"] == {"Mode": "GOVERNANCE", "RetainUntilDate": until}
    s3.put_object_retention(**of, Retention={}, BypassGovernanceRetention=True)
    s3.refused("NoSuchObjectLockConfiguration", lambda: s3.get_object_retention(**of))
    s3.refused("AccessDenied", lambda: s3.delete_object(**of, VersionId=version))
    s3.put_object_legal_hold(**of, LegalHold={"Status": "OFF"})
    assert s3.get_object_legal_hold(**of)["LegalHold"] == {"Status": "OFF"}
    s3.delete_object(**of, VersionId=version)
    s3.delete_bucket(Bucket="c-bucket")


def multipart(s3):
    of = {"Bucket": "a-bucket", "Key": "large"}
    for kind, algorithm in (("COMPOSITE", "SHA256"), ("FULL_OBJECT", "CRC32")):
        upload = s3.create_multipart_upload(**of, ChecksumAlgorithm=algorithm, ChecksumType=kind)
        named = {**of, "UploadId": upload["UploadId"]}
        part = s3.upload_part(**named, PartNumber=1, Body=bytes(5 << 20), ChecksumAlgorithm=algorithm)
        copied = s3.upload_part_copy(**named, PartNumber=2, CopySource="a-bucket/copy")["CopyPartResult"]
        s3.list_parts(**named)
        s3.list_multipart_uploads(Bucket="a-bucket")
        parts = [{"PartNumber": number + 1, "ETag": one["ETag"], f"Checksum{algorithm}": one[f"Checksum{algorithm}"]}
                 for number, one in enumerate((part, copied))]
        whole = s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
        assert whole["ChecksumType"] == kind and whole[f"Checksum{algorithm}"].endswith("-2") == (kind == "COMPOSITE")
        attributes = s3.get_object_attributes(**of, ObjectAttributes=["ObjectParts", "Checksum"])
        assert attributes["ObjectParts"]["TotalPartsCount"] == 2
    upload = s3.create_multipart_upload(**of)
    s3.abort_multipart_upload(**of, UploadId=upload["UploadId"])
    s3.refused("NoSuchUpload", lambda: s3.list_parts(**of, UploadId=upload["UploadId"]))


def deletions(s3):
    s3.delete_object(Bucket="a-bucket", Key="copy")
    for _ in range(2):
        versions = s3.list_object_versions(Bucket="a-bucket")
        listed = versions.get("Versions", []) + versions.get("DeleteMarkers", [])
        if listed:
            s3.delete_objects(Bucket="a-bucket", Delete={"Objects": [
                {"Key": item["Key"], "VersionId": item["VersionId"]} for item in listed]})
    s3.delete_bucket(Bucket="a-bucket")
    s3.refused("BucketNotEmpty", lambda: s3.delete_bucket(Bucket="b-bucket"))


def test_iam(server):
    iam = Watched(server, "iam")
    account(iam)
    users_and_groups(iam)
    roles_and_profiles(iam)
    managed_policies(iam)
    simulations(iam)
    roles_of_services(iam)
    passwords_of_services(iam)
    iam.get_account_authorization_details()
    take_down(iam)
    iam.check("iam")


def roles_of_services(iam):
    role = iam.create_service_linked_role(AWSServiceName="batch.amazonaws.com")["Role"]["RoleName"]
    task = iam.delete_service_linked_role(RoleName=role)["DeletionTaskId"]
    iam.get_service_linked_role_deletion_status(DeletionTaskId=task)


def passwords_of_services(iam):
    iam.create_user(UserName="of-a-service")
    made = iam.create_service_specific_credential(UserName="of-a-service", ServiceName="codecommit.amazonaws.com")
    of = {"UserName": "of-a-service",
          "ServiceSpecificCredentialId": made["ServiceSpecificCredential"]["ServiceSpecificCredentialId"]}
    iam.list_service_specific_credentials(UserName="of-a-service")
    iam.update_service_specific_credential(**of, Status="Inactive")
    iam.reset_service_specific_credential(**of)
    iam.delete_service_specific_credential(**of)
    iam.delete_user(UserName="of-a-service")


def account(iam):
    iam.get_account_summary()
    iam.create_account_alias(AccountAlias="the-team")
    assert iam.list_account_aliases()["AccountAliases"] == ["the-team"]
    iam.delete_account_alias(AccountAlias="the-team")
    iam.refused("NoSuchEntity", iam.get_account_password_policy)
    iam.update_account_password_policy(MinimumPasswordLength=12, MaxPasswordAge=90)
    assert iam.get_account_password_policy()["PasswordPolicy"]["ExpirePasswords"] is True
    iam.delete_account_password_policy()


def users_and_groups(iam):
    iam.create_user(UserName="ann", Path="/x/", Tags=[{"Key": "team", "Value": "red"}])
    iam.get_user(UserName="ann")
    iam.list_users()
    iam.tag_user(UserName="ann", Tags=[{"Key": "a", "Value": "b"}])
    iam.list_user_tags(UserName="ann")
    iam.untag_user(UserName="ann", TagKeys=["a"])
    key = iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    iam.list_access_keys(UserName="ann")
    iam.update_access_key(UserName="ann", AccessKeyId=key, Status="Inactive")
    assert iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    iam.delete_access_key(UserName="ann", AccessKeyId=key)
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=POLICY)
    iam.get_user_policy(UserName="ann", PolicyName="own")
    iam.list_user_policies(UserName="ann")
    iam.create_group(GroupName="crew")
    iam.add_user_to_group(GroupName="crew", UserName="ann")
    iam.put_group_policy(GroupName="crew", PolicyName="own", PolicyDocument=POLICY)
    iam.get_group_policy(GroupName="crew", PolicyName="own")
    iam.list_group_policies(GroupName="crew")
    iam.get_group(GroupName="crew")
    iam.list_groups()
    iam.update_user(UserName="ann", NewUserName="anna")
    iam.update_group(GroupName="crew", NewGroupName="team", NewPath="/g/")
    assert [group["Arn"] for group in iam.list_groups_for_user(UserName="anna")["Groups"]] == ["arn:aws:iam::000000000000:group/g/team"]
    iam.refused("NoSuchEntity", lambda: iam.get_user(UserName="ann"))


def roles_and_profiles(iam):
    iam.create_role(RoleName="runner", AssumeRolePolicyDocument=support.EXECUTION_TRUST, Tags=[{"Key": "a", "Value": "b"}])
    assert iam.get_role(RoleName="runner")["Role"]["RoleLastUsed"] == {}
    iam.list_roles()
    iam.update_role(RoleName="runner", MaxSessionDuration=7200)
    iam.update_role_description(RoleName="runner", Description="runs")
    iam.update_assume_role_policy(RoleName="runner", PolicyDocument=support.EXECUTION_TRUST)
    iam.tag_role(RoleName="runner", Tags=[{"Key": "c", "Value": "d"}])
    iam.list_role_tags(RoleName="runner")
    iam.untag_role(RoleName="runner", TagKeys=["c"])
    iam.put_role_policy(RoleName="runner", PolicyName="own", PolicyDocument=POLICY)
    iam.get_role_policy(RoleName="runner", PolicyName="own")
    iam.list_role_policies(RoleName="runner")
    iam.create_instance_profile(InstanceProfileName="host")
    iam.add_role_to_instance_profile(InstanceProfileName="host", RoleName="runner")
    iam.get_instance_profile(InstanceProfileName="host")
    iam.list_instance_profiles()
    iam.list_instance_profiles_for_role(RoleName="runner")
    iam.tag_instance_profile(InstanceProfileName="host", Tags=[{"Key": "a", "Value": "b"}])
    iam.list_instance_profile_tags(InstanceProfileName="host")
    iam.untag_instance_profile(InstanceProfileName="host", TagKeys=["a"])


def managed_policies(iam):
    arn = iam.create_policy(PolicyName="shared", PolicyDocument=POLICY, Description="for all")["Policy"]["Arn"]
    iam.get_policy(PolicyArn=arn)
    iam.list_policies(Scope="Local")
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=POLICY)
    iam.get_policy_version(PolicyArn=arn, VersionId="v2")
    iam.list_policy_versions(PolicyArn=arn)
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    iam.list_policy_tags(PolicyArn=arn)
    iam.untag_policy(PolicyArn=arn, TagKeys=["a"])
    iam.attach_role_policy(RoleName="runner", PolicyArn=arn)
    iam.attach_user_policy(UserName="anna", PolicyArn=arn)
    iam.attach_group_policy(GroupName="team", PolicyArn=arn)
    iam.list_attached_role_policies(RoleName="runner")
    iam.list_attached_user_policies(UserName="anna")
    iam.list_attached_group_policies(GroupName="team")
    iam.list_entities_for_policy(PolicyArn=arn)
    iam.put_role_permissions_boundary(RoleName="runner", PermissionsBoundary=arn)
    iam.put_user_permissions_boundary(UserName="anna", PermissionsBoundary=arn)


def simulations(iam):
    question = {"ActionNames": ["s3:GetObject", "s3:PutBucketPolicy"], "ResourceArns": ["arn:aws:s3:::anna/x"]}
    anna = "arn:aws:iam::000000000000:user/x/anna"
    decided = iam.simulate_principal_policy(PolicySourceArn=anna, **question)["EvaluationResults"]
    assert [one["EvalDecision"] for one in decided] == ["allowed", "allowed"]
    assert "user_anna_own" in [one["SourcePolicyId"] for one in decided[0]["MatchedStatements"]]
    assert decided[0]["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"] is True
    custom = {"PolicyInputList": [POLICY], **question}
    missing = iam.simulate_custom_policy(**custom)["EvaluationResults"][0]
    assert missing["EvalDecision"] == "implicitDeny"
    assert missing["MissingContextValues"] == ["aws:username", "aws:PrincipalTag/team"]
    given = [{"ContextKeyName": "aws:username", "ContextKeyValues": ["anna"], "ContextKeyType": "string"},
             {"ContextKeyName": "aws:PrincipalTag/team", "ContextKeyValues": ["red"], "ContextKeyType": "string"}]
    allowed = iam.simulate_custom_policy(**custom, ContextEntries=given)["EvaluationResults"][0]
    assert allowed["EvalDecision"] == "allowed"
    assert allowed["MatchedStatements"][0]["SourcePolicyId"] == "PolicyInputList.1"
    keys = iam.get_context_keys_for_custom_policy(PolicyInputList=[POLICY])["ContextKeyNames"]
    assert keys == ["aws:username", "aws:PrincipalTag/team"]
    assert iam.get_context_keys_for_principal_policy(PolicySourceArn=anna)["ContextKeyNames"] == keys


def take_down(iam):
    arn = "arn:aws:iam::000000000000:policy/shared"
    iam.delete_role_permissions_boundary(RoleName="runner")
    iam.delete_user_permissions_boundary(UserName="anna")
    iam.detach_role_policy(RoleName="runner", PolicyArn=arn)
    iam.detach_user_policy(UserName="anna", PolicyArn=arn)
    iam.detach_group_policy(GroupName="team", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    iam.remove_role_from_instance_profile(InstanceProfileName="host", RoleName="runner")
    iam.delete_instance_profile(InstanceProfileName="host")
    iam.delete_role_policy(RoleName="runner", PolicyName="own")
    iam.delete_role(RoleName="runner")
    iam.remove_user_from_group(GroupName="team", UserName="anna")
    iam.delete_group_policy(GroupName="team", PolicyName="own")
    iam.delete_group(GroupName="team")
    iam.delete_user_policy(UserName="anna", PolicyName="own")
    iam.delete_user(UserName="anna")
    iam.refused("NoSuchEntity", lambda: iam.delete_user(UserName="anna"))


def test_sts(server):
    iam = server.boto3("iam")
    sts = Watched(server, "sts")
    sts.get_caller_identity()
    sts.get_session_token()
    sts.get_access_key_info(AccessKeyId=server.environment["AWS_ACCESS_KEY_ID"])
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:user/ann"}, "Action": ["sts:AssumeRole", "sts:TagSession"]}]}
    arn = iam.create_role(RoleName="guest", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    as_ann = Watched(server, "sts", credentials=(key["AccessKeyId"], key["SecretAccessKey"]))
    assumed = as_ann.assume_role(RoleArn=arn, RoleSessionName="visit", Tags=[{"Key": "a", "Value": "b"}])
    as_ann.refused("ValidationError", lambda: as_ann.assume_role(RoleArn=arn, RoleSessionName="x" * 65))
    as_ann.refused("AccessDenied", lambda: as_ann.assume_role(RoleArn=arn + "x", RoleSessionName="visit"))
    guest = assumed["Credentials"]
    as_guest = Watched(server, "sts", credentials=(guest["AccessKeyId"], guest["SecretAccessKey"], guest["SessionToken"]))
    assert as_guest.get_caller_identity()["Arn"] == assumed["AssumedRoleUser"]["Arn"]
    assert iam.get_role(RoleName="guest")["Role"]["RoleLastUsed"]["Region"] == server.environment["AWS_REGION"]
    assert iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]["ServiceName"] == "sts"
    sts.done |= as_ann.done
    sts.complaints += as_ann.complaints + as_guest.complaints
    sts.check("sts")


def test_logs(server):
    logs = Watched(server, "logs")
    of = {"logGroupName": "/a/group"}
    logs.create_log_group(**of, tags={"a": "b"})
    logs.refused("ResourceAlreadyExistsException", lambda: logs.create_log_group(**of))
    arn = logs.describe_log_groups(logGroupNamePrefix="/a")["logGroups"][0]["logGroupArn"]
    assert [group["logGroupName"] for group in logs.list_log_groups(logGroupNamePattern="^/a")["logGroups"]] == ["/a/group"]
    logs.put_retention_policy(**of, retentionInDays=7)
    logs.delete_retention_policy(**of)
    logs.tag_resource(resourceArn=arn, tags={"c": "d"})
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b", "c": "d"}
    logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    logs.tag_log_group(**of, tags={"e": "f"})
    logs.untag_log_group(**of, tags=["c"])
    assert logs.list_tags_log_group(**of)["tags"] == {"e": "f"}
    logs.create_log_stream(**of, logStreamName="s")
    now = int(datetime.datetime.now().timestamp() * 1000)
    events = [{"timestamp": now + number, "message": f"line {number}"} for number in range(3)]
    logs.put_log_events(**of, logStreamName="s", logEvents=events)
    rejected = logs.put_log_events(**of, logStreamName="s", logEvents=[
        {"timestamp": now - 15 * 86_400_000, "message": "too old"}, {"timestamp": now + 3 * 3_600_000, "message": "too new"}])
    assert rejected["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 1}
    got = logs.get_log_events(**of, logStreamName="s", startFromHead=True)
    assert [event["message"] for event in got["events"]] == ["line 0", "line 1", "line 2"]
    logs.filter_log_events(**of, filterPattern="line")
    logs.describe_log_streams(**of, orderBy="LastEventTime", descending=True)
    live_tail(server, logs, arn, now)
    subscriptions(server, logs, of)
    logs.delete_log_stream(**of, logStreamName="s")
    logs.delete_log_group(**of)
    logs.refused("ResourceNotFoundException", lambda: logs.get_log_events(**of, logStreamName="s"))
    logs.check("logs")


def subscriptions(server, logs, of):
    from lambda_lab import Lab
    lab = Lab(server)
    function = lab.make(name="reader")["FunctionArn"]
    lab.client.add_permission(FunctionName="reader", StatementId="logs", Action="lambda:InvokeFunction",
                              Principal="logs.amazonaws.com")
    logs.put_subscription_filter(**of, filterName="f", filterPattern="line", destinationArn=function)
    assert logs.describe_subscription_filters(**of)["subscriptionFilters"][0]["destinationArn"] == function
    logs.delete_subscription_filter(**of, filterName="f")
    assert logs.test_metric_filter(filterPattern="[a, b]", logEventMessages=["1 2"])["matches"][0]["extractedValues"] == {
        "$a": "1", "$b": "2"}


def live_tail(server, logs, arn, now):
    """The operation's host name has a prefix of its own, which does not go with an address."""
    client = server.boto3("logs", config=botocore.config.Config(inject_host_prefix=False))
    answer = client.start_live_tail(logGroupIdentifiers=[arn], logEventFilterPattern="tailed")
    seen = []
    for event in answer["responseStream"]:
        if "sessionStart" in event:
            logs.put_log_events(logGroupName="/a/group", logStreamName="s", logEvents=[
                {"timestamp": now + 10, "message": "not that"}, {"timestamp": now + 11, "message": "tailed"}])
        seen += [result["message"] for result in event.get("sessionUpdate", {}).get("sessionResults", [])]
        if seen:
            break
    answer["responseStream"].close()
    assert seen == ["tailed"]
    logs.done.add("StartLiveTail")
