"""Every resource type that CloudFormation makes here: made, changed in place, replaced, and gone with its stack."""

import json

import pytest

from cloudformation_support import TRUST, Stacks, outputs_of, refused, text_of
from test_runtimes import zip_of

NAMED = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
OTHER_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


@pytest.fixture
def stacks(server):
    return Stacks(server)


@pytest.fixture
def iam(server):
    return server.boto3("iam")


def resource(kind, depends_on=None, **properties):
    made = {"Type": kind, "Properties": properties}
    return {**made, "DependsOn": depends_on} if depends_on else made


def template(outputs=None, **resources):
    whole = {"Resources": resources}
    if outputs:
        whole["Outputs"] = {name: {"Value": value} for name, value in outputs.items()}
    return whole


def get_att(name, attribute):
    return {"Fn::GetAtt": [name, attribute]}


def gone(code, call, **parameters):
    assert refused(call, **parameters)[0] in code.split("|")


# S3

def test_buckets(stacks):
    s3 = stacks.server.boto3("s3")
    attributes = ("Arn", "DomainName", "RegionalDomainName", "DualStackDomainName", "WebsiteURL")
    outputs = {name: get_att("B", name) for name in attributes}
    block = {"BlockPublicAcls": True, "BlockPublicPolicy": "true", "IgnorePublicAcls": True, "RestrictPublicBuckets": False}
    stack = stacks.create(template(outputs, B=resource(
        "AWS::S3::Bucket", AccessControl="Private", VersioningConfiguration={"Status": "Enabled"},
        PublicAccessBlockConfiguration=block, Tags=[{"Key": "team", "Value": "red"}],
        BucketEncryption={"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
        OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})))
    bucket = stacks.physical("B")
    assert bucket.startswith("s-b-") and bucket == bucket.lower()
    assert outputs_of(stack) == {
        "Arn": f"arn:aws:s3:::{bucket}", "DomainName": f"{bucket}.s3.amazonaws.com",
        "RegionalDomainName": f"{bucket}.s3.us-east-1.amazonaws.com",
        "DualStackDomainName": f"{bucket}.s3.dualstack.us-east-1.amazonaws.com",
        "WebsiteURL": f"http://{bucket}.s3-website-us-east-1.amazonaws.com"}
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True, "BlockPublicPolicy": True, "IgnorePublicAcls": True, "RestrictPublicBuckets": False}
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "team", "Value": "red"}]
    stacks.update(template(B=resource("AWS::S3::Bucket", VersioningConfiguration={"Status": "Suspended"})))
    assert stacks.physical("B") == bucket and s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Suspended"
    gone("NoSuchTagSet", s3.get_bucket_tagging, Bucket=bucket)
    stacks.update(template(B=resource("AWS::S3::Bucket", BucketName="named-bucket")))
    gone("404", s3.head_bucket, Bucket=bucket)
    assert s3.head_bucket(Bucket="named-bucket")
    stacks.delete()
    assert s3.list_buckets()["Buckets"] == []


def test_a_bucket_that_is_there_is_not_taken_over(stacks):
    stacks.server.boto3("s3").create_bucket(Bucket="already-there")
    stacks.create(template(B=resource("AWS::S3::Bucket", BucketName="already-there")), status="ROLLBACK_COMPLETE")
    assert "already-there already exists" in stacks.reason("B", "CREATE_FAILED")
    assert stacks.server.boto3("s3").head_bucket(Bucket="already-there")


@pytest.mark.parametrize("name, value", [
    ("AccelerateConfiguration", {"AccelerationStatus": "Enabled"})])
def test_what_buckets_do_not_have_here_says_so(stacks, name, value):
    stacks.create(template(B=resource("AWS::S3::Bucket", **{name: value})), status="ROLLBACK_COMPLETE")
    assert "The embedded AWS does not implement" in stacks.reason("B", "CREATE_FAILED")
    assert name in stacks.reason("B", "CREATE_FAILED")


def test_buckets_with_object_lock(stacks):
    s3 = stacks.server.boto3("s3")

    def lock(period=None, **more):
        rule = {"Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", **period}}} if period else {}
        return template(B=resource("AWS::S3::Bucket", ObjectLockEnabled=True, **more,
                                   ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", **rule}))
    stacks.create(lock({"Days": 2}))
    bucket = stacks.physical("B")

    def kept():
        return s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    assert kept()["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Days": 2}
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    stacks.update(lock({"Years": "1"}))
    assert kept()["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Years": 1}
    stacks.update(lock())
    assert stacks.physical("B") == bucket and kept() == {"ObjectLockEnabled": "Enabled"}
    stacks.update(template(B=resource("AWS::S3::Bucket")), status="UPDATE_ROLLBACK_COMPLETE")
    assert kept() == {"ObjectLockEnabled": "Enabled"}


def test_buckets_get_object_lock_when_they_have_versions(stacks):
    s3 = stacks.server.boto3("s3")
    stacks.create(template(B=resource("AWS::S3::Bucket", VersioningConfiguration={"Status": "Enabled"})))
    bucket = stacks.physical("B")
    stacks.update(template(B=resource("AWS::S3::Bucket", VersioningConfiguration={"Status": "Enabled"}, ObjectLockEnabled=True)))
    assert stacks.physical("B") == bucket
    assert s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"] == {"ObjectLockEnabled": "Enabled"}


def test_buckets_with_access_lists(stacks):
    s3 = stacks.server.boto3("s3")
    opened = {"PublicAccessBlockConfiguration": {"BlockPublicAcls": False, "IgnorePublicAcls": False}}

    def bucket_with(ownership, access=None, **more):
        access = {"AccessControl": access} if access else {}
        return template(B=resource("AWS::S3::Bucket", OwnershipControls={"Rules": [{"ObjectOwnership": ownership}]}, **access, **more))

    def permissions():
        return [grant["Permission"] for grant in s3.get_bucket_acl(Bucket=stacks.physical("B"))["Grants"]]
    stacks.create(bucket_with("ObjectWriter", "PublicReadWrite", **opened))
    assert permissions() == ["FULL_CONTROL", "READ", "WRITE"]
    stacks.update(bucket_with("BucketOwnerPreferred", "LogDeliveryWrite", **opened))
    assert permissions() == ["FULL_CONTROL", "WRITE", "READ_ACP"]
    stacks.update(bucket_with("BucketOwnerEnforced", **opened))
    assert permissions() == ["FULL_CONTROL"]
    stacks.update(bucket_with("ObjectWriter", "AwsExecRead", **opened))
    assert permissions() == ["FULL_CONTROL", "READ"]


@pytest.mark.parametrize("properties, reason", [
    ({"AccessControl": "PublicRead"}, "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"),
    ({"AccessControl": "PublicRead", "OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}},
     "Bucket cannot have public ACLs set with BlockPublicAccess enabled"),
    ({"AccessControl": "Everyone"}, "#/AccessControl: Everyone is not a valid enum value"),
    ({"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}, "Versioning must be 'Enabled' on the bucket")])
def test_what_buckets_cannot_be(stacks, properties, reason):
    stacks.create(template(B=resource("AWS::S3::Bucket", **properties)), status="ROLLBACK_COMPLETE")
    assert reason in stacks.reason("B", "CREATE_FAILED")


def test_bucket_policies(stacks):
    s3 = stacks.server.boto3("s3")

    def with_action(action):
        return template(
            B=resource("AWS::S3::Bucket"),
            P=resource("AWS::S3::BucketPolicy", Bucket={"Ref": "B"}, PolicyDocument={
                "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": {"Ref": "AWS::AccountId"}},
                                                        "Action": action, "Resource": {"Fn::Sub": "${B.Arn}/*"}}]}))
    stacks.create(with_action("s3:GetObject"))
    bucket = stacks.physical("B")
    assert stacks.physical("P") == bucket

    def action():
        return json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"][0]["Action"]
    assert action() == "s3:GetObject"
    stacks.update(with_action("s3:PutObject"))
    assert action() == "s3:PutObject"
    stacks.update(template(B=resource("AWS::S3::Bucket")))
    gone("NoSuchBucketPolicy", s3.get_bucket_policy, Bucket=bucket)
    stacks.update(template(B=resource("AWS::S3::Bucket"), P=resource("AWS::S3::BucketPolicy", Bucket={"Ref": "B"}, PolicyDocument={
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "iam:GetUser", "Resource": "*"}]})),
        status="UPDATE_ROLLBACK_COMPLETE")
    assert stacks.reason("P", "CREATE_FAILED")


# IAM

def test_roles(stacks, iam):
    def role(**more):
        return template({"Arn": get_att("R", "Arn"), "Id": get_att("R", "RoleId")},
                        R=resource("AWS::IAM::Role", AssumeRolePolicyDocument=TRUST, **more))
    stack = stacks.create(role(ManagedPolicyArns=[BASIC], Policies=[{"PolicyName": "p", "PolicyDocument": POLICY}], Description="d",
                               MaxSessionDuration=7200, Tags=[{"Key": "k", "Value": "v"}]), Capabilities=["CAPABILITY_IAM"])
    name = stacks.physical("R")
    made = iam.get_role(RoleName=name)["Role"]
    assert outputs_of(stack) == {"Arn": made["Arn"], "Id": made["RoleId"]}
    assert made["Description"] == "d" and made["MaxSessionDuration"] == 7200 and made["Tags"] == [{"Key": "k", "Value": "v"}]
    assert iam.get_role_policy(RoleName=name, PolicyName="p")["PolicyDocument"] == POLICY
    assert [policy["PolicyArn"] for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]] == [BASIC]
    stacks.update(role(Policies=[{"PolicyName": "q", "PolicyDocument": OTHER_POLICY}], PermissionsBoundary=BASIC,
                       Tags=[{"Key": "k", "Value": "w"}]), Capabilities=["CAPABILITY_IAM"])
    made = iam.get_role(RoleName=name)["Role"]
    assert stacks.physical("R") == name and made["MaxSessionDuration"] == 3600 and made["Tags"] == [{"Key": "k", "Value": "w"}]
    assert made["PermissionsBoundary"]["PermissionsBoundaryArn"] == BASIC
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["q"]
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []
    stacks.update(role(RoleName="named", Path="/p/"), **NAMED)
    gone("NoSuchEntity", iam.get_role, RoleName=name)
    assert iam.get_role(RoleName="named")["Role"]["Arn"] == "arn:aws:iam::000000000000:role/p/named"
    stacks.delete()
    assert iam.list_roles()["Roles"] == []


def test_users_groups_and_keys(stacks, iam):
    def crew(status, *groups):
        return template(
            {"Key": {"Ref": "K"}, "Secret": get_att("K", "SecretAccessKey"), "Arn": get_att("U", "Arn")},
            G=resource("AWS::IAM::Group", GroupName="crew", Policies=[{"PolicyName": "p", "PolicyDocument": POLICY}]),
            H=resource("AWS::IAM::Group", GroupName="others"),
            U=resource("AWS::IAM::User", UserName="ann", Path="/x/", Groups=list(groups), ManagedPolicyArns=[BASIC],
                       Policies=[{"PolicyName": "own", "PolicyDocument": POLICY}], depends_on=["G", "H"]),
            M=resource("AWS::IAM::UserToGroupAddition", GroupName={"Ref": "H"}, Users=[{"Ref": "U"}]),
            K=resource("AWS::IAM::AccessKey", UserName={"Ref": "U"}, Status=status))
    stack = stacks.create(crew("Active", "crew"), **NAMED)
    made = outputs_of(stack)
    assert made["Arn"] == "arn:aws:iam::000000000000:user/x/ann"
    identity = stacks.server.boto3("sts", (made["Key"], made["Secret"])).get_caller_identity()
    assert identity["Arn"] == made["Arn"], "the key works"
    assert sorted(group["GroupName"] for group in iam.list_groups_for_user(UserName="ann")["Groups"]) == ["crew", "others"]
    stacks.update(crew("Inactive"), **NAMED)
    assert iam.list_access_keys(UserName="ann")["AccessKeyMetadata"][0]["Status"] == "Inactive"
    assert [group["GroupName"] for group in iam.list_groups_for_user(UserName="ann")["Groups"]] == ["others"]
    stacks.delete()
    assert iam.list_users()["Users"] == [] and iam.list_groups()["Groups"] == []


def test_inline_policies(stacks, iam):
    def policy(document, **holders):
        return template(R=resource("AWS::IAM::Role", RoleName="r", AssumeRolePolicyDocument=TRUST),
                        U=resource("AWS::IAM::User", UserName="u"),
                        P=resource("AWS::IAM::Policy", depends_on=["R", "U"], PolicyName="shared", PolicyDocument=document, **holders))
    stacks.create(policy(POLICY, Roles=["r"]), **NAMED)
    assert iam.get_role_policy(RoleName="r", PolicyName="shared")["PolicyDocument"] == POLICY
    stacks.update(policy(OTHER_POLICY, Users=["u"]), **NAMED)
    gone("NoSuchEntity", iam.get_role_policy, RoleName="r", PolicyName="shared")
    assert iam.get_user_policy(UserName="u", PolicyName="shared")["PolicyDocument"] == OTHER_POLICY
    stacks.delete()


def test_managed_policies(stacks, iam):
    def policy(number, **holders):
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject",
                                                            "Resource": f"arn:aws:s3:::bucket-{number}/*"}]}
        return template({"Arn": {"Ref": "P"}}, R=resource("AWS::IAM::Role", RoleName="r", AssumeRolePolicyDocument=TRUST),
                        P=resource("AWS::IAM::ManagedPolicy", depends_on="R", ManagedPolicyName="shared", Path="/x/",
                                   PolicyDocument=document, **holders))
    arn = outputs_of(stacks.create(policy(0, Roles=["r"]), **NAMED))["Arn"]
    assert arn == "arn:aws:iam::000000000000:policy/x/shared"
    assert [one["PolicyArn"] for one in iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]] == [arn]
    for number in range(1, 7):  # more often than there are versions
        stacks.update(policy(number), **NAMED)
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    assert document["Statement"][0]["Resource"] == "arn:aws:s3:::bucket-6/*"
    assert iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"] == []
    stacks.delete()
    gone("NoSuchEntity", iam.get_policy, PolicyArn=arn)


def test_instance_profiles(stacks, iam):
    def profile(role):
        return template({"Arn": get_att("I", "Arn")}, A=resource("AWS::IAM::Role", AssumeRolePolicyDocument=TRUST),
                        B=resource("AWS::IAM::Role", AssumeRolePolicyDocument=TRUST),
                        I=resource("AWS::IAM::InstanceProfile", Roles=[{"Ref": role}]))
    stack = stacks.create(profile("A"), Capabilities=["CAPABILITY_IAM"])
    name = stacks.physical("I")

    def held():
        return iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    assert outputs_of(stack)["Arn"] == held()["Arn"]
    assert [role["RoleName"] for role in held()["Roles"]] == [stacks.physical("A")]
    stacks.update(profile("B"), Capabilities=["CAPABILITY_IAM"])
    assert [role["RoleName"] for role in held()["Roles"]] == [stacks.physical("B")]
    stacks.delete()
    gone("NoSuchEntity", iam.get_instance_profile, InstanceProfileName=name)


# Lambda

PYTHON = "import os\ndef handler(event, context):\n    return [os.environ.get('WHO'), VERSION]\n"


def function_template(version=1, outputs=None, more=None, **properties):
    return template(
        {"Arn": get_att("F", "Arn"), "Name": {"Ref": "F"}, **(outputs or {})},
        Role=resource("AWS::IAM::Role", AssumeRolePolicyDocument=TRUST, ManagedPolicyArns=[BASIC]),
        F=resource("AWS::Lambda::Function", Runtime="python3.12", Handler="index.handler", Role=get_att("Role", "Arn"),
                   Code={"ZipFile": PYTHON.replace("VERSION", str(version))}, **properties), **(more or {}))


def invoke(stacks, function, **more):
    answer = stacks.server.boto3("lambda").invoke(FunctionName=function, **more)
    assert "FunctionError" not in answer, answer["Payload"].read()
    return json.loads(answer["Payload"].read())


CAPABLE = {"Capabilities": ["CAPABILITY_IAM"]}


def test_functions(stacks):
    lambda_ = stacks.server.boto3("lambda")
    stack = stacks.create(function_template(Environment={"Variables": {"WHO": {"Ref": "AWS::StackName"}, "NUMBER": 1}}, Timeout="10",
                                            MemorySize=256, Tags=[{"Key": "k", "Value": "v"}], ReservedConcurrentExecutions=2), **CAPABLE)
    name = outputs_of(stack)["Name"]
    assert invoke(stacks, name) == ["s", 1]
    described = lambda_.get_function(FunctionName=name)
    assert described["Configuration"]["FunctionArn"] == outputs_of(stack)["Arn"]
    assert described["Configuration"]["Timeout"] == 10 and described["Configuration"]["Environment"]["Variables"]["NUMBER"] == "1"
    assert described["Tags"]["k"] == "v" and described["Concurrency"]["ReservedConcurrentExecutions"] == 2
    stacks.update(function_template(version=2, Description="second", Tags=[{"Key": "l", "Value": "w"}]), **CAPABLE)
    described = lambda_.get_function(FunctionName=name)
    assert invoke(stacks, name) == [None, 2] and described["Configuration"]["Timeout"] == 3
    assert described["Configuration"]["Description"] == "second" and "Concurrency" not in described
    assert described["Tags"].get("l") == "w" and "k" not in described["Tags"]
    stacks.update(function_template(version=2, FunctionName="named"), **CAPABLE)
    gone("ResourceNotFoundException", lambda_.get_function, FunctionName=name)
    assert invoke(stacks, "named") == [None, 2]
    stacks.delete()
    assert lambda_.list_functions()["Functions"] == []


def test_a_function_that_cannot_be_made_rolls_back(stacks):
    stacks.create(function_template(MemorySize=64), status="ROLLBACK_COMPLETE", **CAPABLE)
    assert "MemorySize" in stacks.reason("F", "CREATE_FAILED") or "memorySize" in stacks.reason("F", "CREATE_FAILED")
    assert stacks.server.boto3("iam").list_roles()["Roles"] == []


def test_a_function_from_a_bucket(stacks):
    s3 = stacks.server.boto3("s3")
    s3.create_bucket(Bucket="code")
    for version in (1, 2):
        s3.put_object(Bucket="code", Key=f"f{version}.zip", Body=zip_of({"main.py": PYTHON.replace("VERSION", str(version))}))

    def at(key):
        whole = function_template(Layers=[])
        whole["Resources"]["F"]["Properties"].update(Handler="main.handler", Code={"S3Bucket": "code", "S3Key": key})
        return whole
    name = outputs_of(stacks.create(at("f1.zip"), **CAPABLE))["Name"]
    assert invoke(stacks, name) == [None, 1]
    stacks.update(at("f2.zip"), **CAPABLE)
    assert invoke(stacks, name) == [None, 2]
    stacks.update(at("f3.zip"), status="UPDATE_ROLLBACK_COMPLETE", **CAPABLE)
    assert invoke(stacks, name) == [None, 2]


def test_versions_and_aliases(stacks):
    lambda_ = stacks.server.boto3("lambda")

    def published(version, *logical_ids, at=None, weights=None):
        more = {logical_id: resource("AWS::Lambda::Version", FunctionName={"Ref": "F"}, Description=logical_id)
                for logical_id in logical_ids}
        alias = {"FunctionName": {"Ref": "F"}, "Name": "live", "FunctionVersion": get_att(at, "Version")}
        if weights:
            alias["RoutingConfig"] = {"AdditionalVersionWeights": [
                {"FunctionVersion": get_att(one, "Version"), "FunctionWeight": weight} for one, weight in weights.items()]}
        more["Alias"] = resource("AWS::Lambda::Alias", **alias)
        return function_template(version, {"Alias": {"Ref": "Alias"}, "Version": {"Ref": logical_ids[-1]}}, more)
    stack = stacks.create(published(1, "V1", at="V1"), **CAPABLE)
    made = outputs_of(stack)
    assert made["Version"] == made["Arn"] + ":1" and made["Alias"] == made["Arn"] + ":live"
    assert invoke(stacks, made["Alias"]) == [None, 1]
    stacks.update(published(2, "V1", "V2", at="V1"), **CAPABLE)
    assert invoke(stacks, made["Alias"]) == [None, 1] and invoke(stacks, made["Arn"] + ":2") == [None, 2]
    stacks.update(published(2, "V1", "V2", at="V2", weights={"V1": "0.25"}), **CAPABLE)
    alias = lambda_.get_alias(FunctionName=made["Name"], Name="live")
    assert alias["FunctionVersion"] == "2" and alias["RoutingConfig"] == {"AdditionalVersionWeights": {"1": 0.25}}
    stacks.update(published(2, "V2", at="V2"), **CAPABLE)
    assert [one["Version"] for one in lambda_.list_versions_by_function(FunctionName=made["Name"])["Versions"]] == ["$LATEST", "2"]
    stacks.delete()


def test_an_alias_keeps_its_name_where_its_function_is_replaced(stacks):
    def named(name):
        return function_template(1, {"Alias": {"Ref": "A"}}, {
            "V": resource("AWS::Lambda::Version", FunctionName={"Ref": "F"}),
            "A": resource("AWS::Lambda::Alias", FunctionName={"Ref": "F"}, Name="live", FunctionVersion=get_att("V", "Version"))},
            FunctionName=name)
    stacks.create(named("one"), **CAPABLE)
    alias = outputs_of(stacks.update(named("two"), **CAPABLE))["Alias"]
    assert alias.endswith(":function:two:live") and invoke(stacks, alias) == [None, 1]


def test_permissions(stacks):
    lambda_ = stacks.server.boto3("lambda")

    def allowing(principal):
        return function_template(more={"P": resource("AWS::Lambda::Permission", FunctionName=get_att("F", "Arn"),
                                                     Action="lambda:InvokeFunction", Principal=principal)})
    name = outputs_of(stacks.create(allowing("s3.amazonaws.com"), **CAPABLE))["Name"]

    def principals():
        policy = json.loads(lambda_.get_policy(FunctionName=name)["Policy"])
        return {statement["Sid"]: statement["Principal"] for statement in policy["Statement"]}
    assert principals() == {stacks.physical("P"): {"Service": "s3.amazonaws.com"}}
    stacks.update(allowing("events.amazonaws.com"), **CAPABLE)
    assert principals() == {stacks.physical("P"): {"Service": "events.amazonaws.com"}}
    stacks.update(function_template(), **CAPABLE)
    gone("ResourceNotFoundException", lambda_.get_policy, FunctionName=name)


def test_layers(stacks):
    s3 = stacks.server.boto3("s3")
    s3.create_bucket(Bucket="code")
    for who in ("one", "two"):
        s3.put_object(Bucket="code", Key=f"{who}.zip", Body=zip_of({"python/who.py": f"NAME = '{who}'\n"}))

    def layered(who):
        whole = function_template(Layers=[{"Ref": "L"}], more={"L": resource(
            "AWS::Lambda::LayerVersion", LayerName="who", CompatibleRuntimes=["python3.12"], Description=who,
            Content={"S3Bucket": "code", "S3Key": f"{who}.zip"})})
        whole["Resources"]["F"]["Properties"]["Code"]["ZipFile"] = "import who\ndef handler(event, context):\n    return who.NAME\n"
        return whole
    name = outputs_of(stacks.create(layered("one"), **CAPABLE))["Name"]
    assert invoke(stacks, name) == "one"
    assert stacks.physical("L") == "arn:aws:lambda:us-east-1:000000000000:layer:who:1"
    stacks.update(layered("two"), **CAPABLE)
    assert invoke(stacks, name) == "two" and stacks.physical("L").endswith(":layer:who:2")
    versions = stacks.server.boto3("lambda").list_layer_versions(LayerName="who")["LayerVersions"]
    assert [version["Version"] for version in versions] == [2]
    stacks.delete()


# Logs, and CloudFormation's own

def test_log_groups_and_streams(stacks):
    def group(**properties):
        return template({"Arn": get_att("G", "Arn")}, G=resource("AWS::Logs::LogGroup", **properties),
                        S=resource("AWS::Logs::LogStream", LogGroupName={"Ref": "G"}))
    stacks.create(group(LogGroupName="g", RetentionInDays=1, Tags=[{"Key": "a", "Value": "b"}]))
    stream = stacks.physical("S")
    assert [one["logStreamName"] for one in stacks.logs.describe_log_streams(logGroupName="g")["logStreams"]] == [stream]
    stacks.update(group(LogGroupName="g", Tags=[{"Key": "c", "Value": "d"}]))
    assert "retentionInDays" not in stacks.logs.describe_log_groups()["logGroups"][0]
    assert stacks.logs.list_tags_log_group(logGroupName="g")["tags"] == {"c": "d"}
    stacks.update(group(LogGroupName="h"))
    assert stacks.groups() == ["h"] and stacks.physical("S") != stream
    named = template(G=resource("AWS::Logs::LogGroup", LogGroupName="i"),
                     S=resource("AWS::Logs::LogStream", LogGroupName={"Ref": "G"}, LogStreamName="same"))
    stacks.update(named)
    named["Resources"]["G"]["Properties"]["LogGroupName"] = "j"
    stacks.update(named)
    assert [one["logStreamName"] for one in stacks.logs.describe_log_streams(logGroupName="j")["logStreams"]] == ["same"]
    stacks.delete()
    assert stacks.groups() == []


def test_a_handle_that_templates_without_resources_use(stacks):
    stack = stacks.create(template({"Url": {"Ref": "H"}}, H={"Type": "AWS::CloudFormation::WaitConditionHandle"}))
    assert outputs_of(stack)["Url"].startswith("https://cloudformation-waitcondition-us-east-1.s3.")
    stacks.delete()


def test_attributes_that_are_not_there(stacks):
    assert refused(stacks.client.create_stack, StackName="s", TemplateBody=text_of(
        template({"X": get_att("B", "Nonsense")}, B={"Type": "AWS::S3::Bucket"}))) == \
        ("ValidationError", "Template error: resource B does not support attribute type Nonsense in Fn::GetAtt")
