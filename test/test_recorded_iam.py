"""IAM and STS: their answers as AWS gave them."""

import json

import pytest

import recorded

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")

SERVICE_ROLE = "TestIAMServiceRoles::test_service_role_lifecycle"


def trust(service, **statement):
    return {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole", **statement}]}


def allow(action="s3:GetObject", resource="*"):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})


@pytest.fixture
def iam(server):
    return server.boto3("iam")


def test_create_and_describe_a_role(iam):
    recording = recorded.load("iam", "TestIAMIntegrations::test_create_describe_role", **{"<path-prefix>": "a-prefix"})
    created = recorded.call(iam.create_role, RoleName="role", Path="/a-prefix/",
                            AssumeRolePolicyDocument=json.dumps(trust("ec2.amazonaws.com")))
    recording.match("create_role_result", created)
    recording.match("get_role_result", recorded.call(iam.get_role, RoleName="role"))
    recording.match("list_roles_result", recorded.call(iam.list_roles, PathPrefix="/a-prefix/"))
    recording.complete()


def test_update_a_trust_policy(iam):
    recording = recorded.load("iam", "TestIAMIntegrations::test_update_assume_role_policy")
    policy = trust(["ec2.amazonaws.com"], Action=["sts:AssumeRole"])
    recording.match("created_role", recorded.call(iam.create_role, RoleName="role", AssumeRolePolicyDocument=json.dumps(policy)))
    recording.match("updated_policy", recorded.call(iam.update_assume_role_policy, RoleName="role",
                                                    PolicyDocument=json.dumps(policy)))
    recording.complete()


def test_attach_to_a_user(iam):
    recording = recorded.load("iam", "TestIAMIntegrations::test_user_attach_policy")
    iam.create_user(UserName="user")
    created = recorded.call(iam.create_policy, PolicyName="a-policy-of-the-same-name", PolicyDocument=allow())
    recording.match("create_policy_response", created)
    arn = created["Policy"]["Arn"]
    for key, named in (("non_existent_malformed_policy_arn", "longpolicynamebutnoarn"),
                       ("existing_policy_name_provided", "a-policy-of-the-same-name"), ("valid_arn_not_existent", f"{arn}123"),
                       ("valid_policy_arn", arn)):
        recording.match(key, recorded.call(iam.attach_user_policy, UserName="user", PolicyArn=named))
    recording.complete()


def test_policies_are_kept_as_they_were_written(iam):
    """What is percent-encoded in a policy stays so."""
    recording = recorded.load("iam", "TestIAMPolicyEncoding::test_put_role_policy_encoding", **{"<path:1>": "/a/path/"})
    arn = "arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2Faaeeieije"
    trusted = trust("lambda.amazonaws.com", Condition={"StringEquals": {"aws:SourceArn": arn}})
    recording.match("create-role-response", recorded.call(
        iam.create_role, RoleName="role", Path="/a/path/", AssumeRolePolicyDocument=json.dumps(trusted)))
    policy = json.loads(allow(["apigatway:PUT"], [f"arn:aws:apigateway:us-east-1::/tags/{arn}"]))
    iam.put_role_policy(RoleName="role", PolicyName="policy", PolicyDocument=json.dumps(policy))
    recording.match("get-policy-response", recorded.call(iam.get_role_policy, RoleName="role", PolicyName="policy"))
    recording.match("get-role-response", recorded.call(iam.get_role, RoleName="role"))
    recording.match("list-roles-response", recorded.call(iam.list_roles, PathPrefix="/a/path/"))
    recording.complete()


def test_simulate_a_principal_of_a_group(iam):
    recording = recorded.load("iam", "TestIAMIntegrations::test_simulate_principle_policy[group]")
    policy = {"Version": "2012-10-17", "Statement": {
        "Sid": "", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}}
    arn = iam.create_group(GroupName="group")["Group"]["Arn"]
    made = iam.create_policy(PolicyName="policy", PolicyDocument=json.dumps(policy))["Policy"]["Arn"]
    iam.attach_group_policy(GroupName="group", PolicyArn=made)
    answer = recorded.call(iam.simulate_principal_policy, PolicySourceArn=arn,
                           ActionNames=["s3:PutObject", "s3:GetObjectVersion"], ResourceArns=["arn:aws:s3:::bucket"])
    recording.match("response", answer)
    recording.complete()


# Credentials of single services --------------------------------------------------------------------------------------

def credential(iam, recording, service):
    recording.match("create-user-response", recorded.call(iam.create_user, UserName="user"))
    answer = recorded.call(iam.create_service_specific_credential, UserName="user", ServiceName=service)
    recording.match("create-service-specific-credential-response", answer)
    return {"UserName": "user", "ServiceSpecificCredentialId":
            answer["ServiceSpecificCredential"]["ServiceSpecificCredentialId"]}


@pytest.mark.parametrize("test", recorded.tests("iam", "TestIAMServiceSpecificCredentials::test_service_specific_credential_life")
                         or ["none"])
def test_life_of_a_service_specific_credential(iam, test):
    recording = recorded.load("iam", test)
    of = credential(iam, recording, test.split("[")[1].rstrip("]"))

    def listed(when):
        recording.match(f"list-service-specific-credentials-response-{when}-update",
                        recorded.call(iam.list_service_specific_credentials, UserName="user"))

    listed("before")
    recording.match("update-service-specific-credential-response", recorded.call(
        iam.update_service_specific_credential, **of, Status="Inactive"))
    listed("after")
    recording.match("reset-service-specific-credential-response", recorded.call(
        iam.reset_service_specific_credential, **of))
    recording.match("delete-service-specific-credentials-response", recorded.call(
        iam.delete_service_specific_credential, **of))
    recording.complete()


def test_service_specific_credential_of_nobody(iam):
    recording = recorded.load("iam", "TestIAMServiceSpecificCredentials::test_create_service_specific_credential_invalid_user")
    for key, service in (("invalid-user-name-exception", "codecommit.amazonaws.com"),
                         ("invalid-user-and-service-exception", "wrong-service.amazonaws.com")):
        recording.match(key, recorded.call(iam.create_service_specific_credential, UserName="non-existent-user",
                                           ServiceName=service))
    recording.complete()


@pytest.mark.parametrize("test", recorded.tests("iam", "TestIAMServiceSpecificCredentials::test_user_match_id_mismatch")
                         or ["none"])
def test_service_specific_credential_with_an_odd_id(iam, test):
    recording = recorded.load("iam", test)
    credential(iam, recording, "codecommit.amazonaws.com")
    wrong = {"UserName": "user", "ServiceSpecificCredentialId": test.split("[")[1].rstrip("]")}
    recording.match("update-wrong-id", recorded.call(iam.update_service_specific_credential, **wrong, Status="Inactive"))
    recording.match("reset-wrong-id", recorded.call(iam.reset_service_specific_credential, **wrong))
    recording.match("delete-wrong-id", recorded.call(iam.delete_service_specific_credential, **wrong))
    recording.complete()


def test_service_specific_credential_with_an_odd_status(iam):
    recording = recorded.load("iam", "TestIAMServiceSpecificCredentials::test_invalid_update_parameters")
    of = credential(iam, recording, "codecommit.amazonaws.com")
    recording.match("update-invalid-status", recorded.call(iam.update_service_specific_credential, **of, Status="Invalid"))
    recording.complete()


# Roles of services ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("test", recorded.tests("iam", f"{SERVICE_ROLE}[") or ["none"])
def test_service_linked_role(iam, test):
    recording = recorded.load("iam", test)
    service = test.split("[")[1].rstrip("]")
    created = iam.create_service_linked_role(AWSServiceName=service)["Role"]
    of = {"RoleName": created["RoleName"]}
    # When the role was used last is the past of the account that was recorded.
    recording.match("describe-response", recorded.call(iam.get_role, **of), leave_out=("RoleLastUsed",))
    recording.match("inline-role-policies", recorded.call(iam.list_role_policies, **of))
    recording.match("attached-role-policies", recorded.call(iam.list_attached_role_policies, **of))
    recording.complete()
    task = iam.delete_service_linked_role(**of)["DeletionTaskId"]
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"


@pytest.mark.parametrize("test", recorded.tests("iam", f"{SERVICE_ROLE}_custom_suffix_not_allowed[") or ["none"])
def test_service_linked_role_without_suffixes(iam, test):
    recording = recorded.load("iam", test)
    recording.match("custom-suffix-not-allowed", recorded.call(
        iam.create_service_linked_role, AWSServiceName=test.split("[")[1].rstrip("]"), CustomSuffix="suffix"))
    recording.complete()


def test_service_linked_role_twice(iam):
    recording = recorded.load("iam", "TestIAMServiceRoles::test_service_role_already_exists")
    iam.create_service_linked_role(AWSServiceName="batch.amazonaws.com")
    recording.match("role-already-exists-error", recorded.call(
        iam.create_service_linked_role, AWSServiceName="batch.amazonaws.com"))
    recording.complete()


# STS -----------------------------------------------------------------------------------------------------------------

def test_tags_of_a_session(server, iam):
    recording = recorded.load("sts", "TestSTSAssumeRoleTagging::test_assume_role_tag_validation")
    policy = trust("x")
    policy["Statement"][0].update(Action=["sts:AssumeRole", "sts:TagSession"], Principal={"AWS": recorded.ACCOUNT})
    recording.match("role-1", recorded.call(iam.create_role, RoleName="role", AssumeRolePolicyDocument=json.dumps(policy)))
    iam.create_user(UserName="user")
    iam.put_user_policy(UserName="user", PolicyName="p", PolicyDocument=allow("sts:*"))
    key = iam.create_access_key(UserName="user")["AccessKey"]
    sts = server.boto3("sts", credentials=(key["AccessKeyId"], key["SecretAccessKey"]))
    of = {"RoleArn": f"arn:aws:iam::{recorded.ACCOUNT}:role/role", "RoleSessionName": "session"}
    recording.match("invalid-transitive-tag-keys", recorded.call(
        sts.assume_role, **of, Tags=[{"Key": "SessionTag1", "Value": "1"}], TransitiveTagKeys=["InvalidKey"]))
    recording.match("duplicate-tag-keys-different-casing", recorded.call(
        sts.assume_role, **of, Tags=[{"Key": "SessionTag1", "Value": "1"}, {"Key": "sessiontag1", "Value": "2"}]))
    recording.complete()
