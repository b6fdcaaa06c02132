"""What belongs to functions (permissions, tags, URLs, limits, code signing, logging), beside answers recorded from AWS."""

import pytest

import recorded
from lambda_lab import API, HANDLER, arn, lab, zip_of  # noqa: F401
from recorded import call

pytest.importorskip("botocore", reason="boto3 is not installed")


# ---- Permissions


def test_several_permissions(lab):
    recording = recorded.load(API, "TestLambdaPermissions::test_create_multiple_lambda_permissions")
    lab.make()
    for number, service in enumerate(("logs", "kinesis"), 1):
        recording.match(f"add_permission_response_{number}", lab.client.add_permission(
            FunctionName="fn", StatementId=service, Action="lambda:InvokeFunction", Principal=f"{service}.amazonaws.com"))
    recording.match("policy_after_2_add", lab.client.get_policy(FunctionName="fn"))
    recording.complete()


def test_permissions_of_versions(lab):
    recording = recorded.load(API, "TestLambdaPermissions::test_lambda_permission_versioning")
    lab.make()
    client = lab.client

    def add(sid, **more):
        return client.add_permission(FunctionName="fn", StatementId=sid, Action="lambda:InvokeFunction",
                                     Principal="s3.amazonaws.com", SourceArn="arn:aws:s3:::a-bucket", **more)

    recording.match("add_permission", add("s3"))
    recording.match("get_policy", client.get_policy(FunctionName="fn"))
    client.publish_version(FunctionName="fn")
    recording.match("get_policy_after_publishing_latest", client.get_policy(FunctionName="fn"))
    recording.match("get_policy_after_publishing_new_version", call(client.get_policy, FunctionName="fn", Qualifier="1"))
    add("s3", Qualifier="1")
    recording.match("get_policy_after_adding_to_new_version", client.get_policy(FunctionName="fn"))
    add("s3_2")
    recording.match("get_policy_after_adding_2", client.get_policy(FunctionName="fn"))
    recording.complete()


# ---- Function URLs


def test_url_lifecycle(lab):
    recording = recorded.load(API, "TestLambdaUrl::test_url_config_lifecycle")
    lab.make()
    client = lab.client
    recording.match("url_creation", client.create_function_url_config(FunctionName="fn", AuthType="NONE"))
    recording.match("failed_duplication", call(client.create_function_url_config, FunctionName="fn", AuthType="NONE"))
    recording.match("get_url_config", client.get_function_url_config(FunctionName="fn"))
    recording.match("updated_url_config", client.update_function_url_config(FunctionName="fn", AuthType="AWS_IAM"))
    client.delete_function_url_config(FunctionName="fn")
    recording.match("failed_getter", call(client.get_function_url_config, FunctionName="fn"))
    recording.complete()


def test_deleting_a_url_leaves_that_of_an_alias(lab):
    recording = recorded.load(API, "TestLambdaUrl::test_url_config_deletion_without_qualifier")
    lab.make()
    client, alias = lab.client, {"Qualifier": "test-alias"}
    client.publish_version(FunctionName="fn")
    client.create_alias(FunctionName="fn", Name="test-alias", FunctionVersion="1")
    recording.match("url_creation", client.create_function_url_config(FunctionName="fn", AuthType="NONE"))
    recording.match("url_with_alias_creation",
                    client.create_function_url_config(FunctionName="fn", AuthType="NONE", **alias))
    recording.match("get_url_config", client.get_function_url_config(FunctionName="fn"))
    recording.match("get_url_config_with_alias", client.get_function_url_config(FunctionName="fn", **alias))
    recording.match("delete_function_url_config", client.delete_function_url_config(FunctionName="fn"))
    recording.match("get_url_config_after_deletion", call(client.get_function_url_config, FunctionName="fn"))
    recording.match("get_url_config_with_alias_after_deletion", client.get_function_url_config(FunctionName="fn", **alias))
    recording.complete()


# ---- Limits


def large_zip(unpacked):
    return zip_of({"handler.py": HANDLER, "large.txt": "\0" * unpacked})


def test_a_large_function_from_s3(lab):
    recording = recorded.load(API, "TestLambdaSizeLimits::test_large_lambda")
    s3 = lab.server.boto3("s3")
    s3.create_bucket(Bucket="code")
    s3.put_object(Bucket="code", Key="large.zip", Body=large_zip(250_000_000))
    recording.match("create_function_large_zip", lab.create(
        recording["create_function_large_zip"], Code={"S3Bucket": "code", "S3Key": "large.zip"}))
    recording.complete()


@pytest.mark.parametrize("test", ["test_oversized_lambda", "test_oversized_unzipped_lambda"])
def test_unpacked_too_large(lab, test):
    recording = recorded.load(API, f"TestLambdaSizeLimits::{test}")
    code = {"ZipFile": large_zip(262_144_001)}
    if test == "test_oversized_lambda":
        s3 = lab.server.boto3("s3")
        s3.create_bucket(Bucket="code")
        s3.put_object(Bucket="code", Key="large.zip", Body=code["ZipFile"])
        code = {"S3Bucket": "code", "S3Key": "large.zip"}
    recording.match("invalid_param_exc", lab.create(Code=code))
    recording.complete()


@pytest.mark.parametrize("test, size", [("test_oversized_request_create_lambda", 53_000_000),
                                        ("test_oversized_zipped_create_lambda", 52_428_801)])
def test_packages_too_large(lab, test, size):
    recording = recorded.load(API, f"TestLambdaSizeLimits::{test}")
    recording.match("invalid_param_exc", lab.create(Code={"ZipFile": b"PK" + b"x" * (size - 2)}))
    recording.complete()


def test_large_environments(lab):
    recording = recorded.load(API, "TestLambdaSizeLimits::test_large_environment_variables_fails")
    text = recording["failed_create_fn_result"]["Error"]["Message"]
    large = text.partition('"LARGE_VAR":"')[2].partition('"')[0]
    recording.match("failed_create_fn_result", lab.create(Environment={"Variables": {"LARGE_VAR": large}}))
    recording = recorded.load(API, "TestLambdaSizeLimits::test_lambda_envvars_near_limit_succeeds")
    like = recording["successful_create_fn_result"]
    recording.match("successful_create_fn_result.CreateFunctionResponse", lab.create(like))
    recording.complete()


def test_total_code_size(lab):
    recording = recorded.load(API, "TestLambdaAccountSettings::test_account_settings_total_code_size")

    def padded(key, files):
        """A package of exactly the recorded size, filled up with a comment."""
        data = bytearray(zip_of(files))
        missing = recording[key] - len(data)
        assert missing >= 0
        data[-2:] = missing.to_bytes(2, "little")
        return bytes(data) + b" " * missing

    def grown(key, change):
        before = lab.client.get_account_settings()["AccountUsage"]["TotalCodeSize"]
        change()
        recording.match(key, lab.client.get_account_settings()["AccountUsage"]["TotalCodeSize"] - before)

    code = padded("total_code_size_diff_create_function", {"handler.py": HANDLER})
    layer = {"LayerName": "l", "Content": {"ZipFile": padded("total_code_size_diff_publish_layer", {"a.txt": ""})}}
    grown("total_code_size_diff_create_function", lambda: lab.make(Code={"ZipFile": code}))
    grown("total_code_size_diff_update_function",
          lambda: lab.client.update_function_code(FunctionName="fn", ZipFile=code, Publish=True))
    grown("total_code_size_diff_publish_layer", lambda: lab.client.publish_layer_version(**layer))
    grown("total_code_size_diff_publish_layer_version", lambda: lab.client.publish_layer_version(**layer))
    recording.complete()


# ---- Code signing, event source mappings, recursion, SnapStart


def test_code_signing_configurations_that_are_not_there(lab):
    recording = recorded.load(API, "TestCodeSigningConfig::test_code_signing_not_found_excs")
    client = lab.client
    publishers = {"SigningProfileVersionArns": [arn("/signing-profiles/test", "signer")]}
    made = client.create_code_signing_config(
        Description="Testing CodeSigning Config", AllowedPublishers=publishers,
        CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Enforce"})
    recording.match("create_code_signing_config", made)
    real, wrong = made["CodeSigningConfig"]["CodeSigningConfigArn"], arn("code-signing-config:csc-00000000000000000")
    recording.bind("<csc_arn_invalid>", wrong)
    lab.make()
    nowhere = "csc-test-doesnotexist"
    recording.match("delete_csc_notfound", call(client.delete_code_signing_config, CodeSigningConfigArn=wrong))
    recording.match("nothing_to_delete_response", client.delete_function_code_signing_config(FunctionName="fn"))
    recording.match("delete_function_csc_fnnotfound",
                    call(client.delete_function_code_signing_config, FunctionName=nowhere))
    put = client.put_function_code_signing_config
    recording.match("put_function_csc_invalid_fnname", call(put, FunctionName=nowhere, CodeSigningConfigArn=real))
    recording.match("put_function_csc_invalid_csc_arn", call(put, FunctionName="fn", CodeSigningConfigArn=wrong))
    recording.match("put_function_csc_invalid_both", call(put, FunctionName=nowhere, CodeSigningConfigArn=wrong))
    update = client.update_code_signing_config
    recording.match("update_csc_invalid_csc_arn", call(update, CodeSigningConfigArn=wrong, Description="new"))
    recording.match("update_csc_noupdates", call(update, CodeSigningConfigArn=wrong))
    recording.match("update_csc_noupdate_response", update(CodeSigningConfigArn=real))
    recording.match("get_csc_invalid", call(client.get_code_signing_config, CodeSigningConfigArn=wrong))
    recording.match("get_function_csc_fnwithoutcsc", client.get_function_code_signing_config(FunctionName="fn"))
    recording.match("get_function_csc_nonexistingfn",
                    call(client.get_function_code_signing_config, FunctionName=nowhere))
    listed = client.list_functions_by_code_signing_config
    recording.match("list_functions_by_csc_fnwithoutcsc", listed(CodeSigningConfigArn=real))
    recording.match("list_functions_by_csc_invalid_cscarn", call(listed, CodeSigningConfigArn=wrong))
    recording.complete()


def test_event_source_mappings_that_are_refused(lab):
    recording = recorded.load(API, "TestLambdaEventSourceMappings::test_event_source_mapping_exceptions")
    client = lab.client
    unknown = "12345678-1234-1234-1234-123456789abc"
    recording.match("get_unknown_uuid", call(client.get_event_source_mapping, UUID=unknown))
    recording.match("delete_unknown_uuid", call(client.delete_event_source_mapping, UUID=unknown))
    recording.match("update_unknown_uuid", call(client.update_event_source_mapping, UUID=unknown, Enabled=False))
    create, queue = client.create_event_source_mapping, arn("somequeue", "sqs")
    recording.match("create_no_event_source_arn", call(create, FunctionName="doesnotexist"))
    recording.match("create_unknown_params", call(create, FunctionName="doesnotexist", EventSourceArn=queue))
    recording.match("destination_config_failure", call(
        create, FunctionName="doesnotexist", EventSourceArn=queue,
        DestinationConfig={"OnSuccess": {"Destination": arn("target", "sqs")}}))
    recording.complete()


def test_recursion(lab):
    recording = recorded.load(API, "TestLambdaRecursion::test_put_function_recursion_config_allow")
    lab.make()
    client = lab.client
    recording.match("put_recursion_config_response",
                    client.put_function_recursion_config(FunctionName="fn", RecursiveLoop="Allow"))
    recording.match("get_recursion_config_response", client.get_function_recursion_config(FunctionName="fn"))
    recording.complete()
    recording = recorded.load(API, "TestLambdaRecursion::test_put_function_recursion_config_invalid_value")
    recording.match("put_recursion_invalid_value_error",
                    call(client.put_function_recursion_config, FunctionName="fn", RecursiveLoop="InvalidValue"))
    recording.complete()


def test_snap_start(lab):
    recording = recorded.load(API, "TestLambdaSnapStart::test_snapstart_update_function_configuration[python3.13]")
    recording.match("create_function_response", lab.create(recording["create_function_response"]))
    lab.active()
    recording.match("update_function_response", lab.client.update_function_configuration(
        FunctionName="fn", SnapStart={"ApplyOn": "PublishedVersions"}))
    recording.complete()


# ---- Logging


def test_switching_the_log_format(lab):
    recording = recorded.load(API, "TestLoggingConfig::test_advanced_logging_configuration_format_switch")
    recording.match("create_response.CreateFunctionResponse", lab.create(recording["create_response"]))
    lab.active()
    client = lab.client
    recording.match("get_function_response", client.get_function(FunctionName="fn"))
    recording.match("function_config", client.get_function_configuration(FunctionName="fn"))
    for suffix, config in (("", {"LogFormat": "JSON"}), ("_v2", {"LogFormat": "Text"})):
        recording.match(f"updated_config{suffix}",
                        client.update_function_configuration(FunctionName="fn", LoggingConfig=config))
        lab.active()
        recording.match(f"received_config{suffix}", client.get_function_configuration(FunctionName="fn"))
    recording.complete()


@pytest.mark.parametrize("number, level", [(1, {"ApplicationLogLevel": "DEBUG"}), (2, {"SystemLogLevel": "DEBUG"})])
def test_changing_one_log_level(lab, number, level):
    recording = recorded.load(
        API, f"TestLoggingConfig::test_function_partial_advanced_logging_configuration_update[partial_config{number}]")
    recording.match("create_response.CreateFunctionResponse", lab.create(recording["create_response"]))
    lab.active()
    client = lab.client
    recording.match("get_function_response", client.get_function(FunctionName="fn"))
    recording.match("function_config", client.get_function_configuration(FunctionName="fn"))
    recording.match("updated_config", client.update_function_configuration(
        FunctionName="fn", LoggingConfig={"LogFormat": "JSON", **level}))
    lab.active()
    recording.match("received_config", client.get_function_configuration(FunctionName="fn"))
    recording.complete()


# ---- Tags


def test_tag_exceptions(lab):
    recording = recorded.load(API, "TestLambdaTags::test_tag_exceptions")
    lab.make()
    client, tags = lab.client, {"key_1": "value_1"}
    recording.match("tag_lambda_invalidarn", call(client.tag_resource, Resource="arn:aws:something", Tags=tags))
    recording.match("tag_lambda_doesnotexist", call(client.tag_resource, Resource=arn("function:doesnotexist"), Tags=tags))
    recording.match("tag_lambda_qualifier_doesnotexist",
                    call(client.tag_resource, Resource=arn("function:fn:v1"), Tags=tags))
    here = {"Resource": arn("function:fn")}
    recording.match("list_tag_lambda_empty", client.list_tags(**here))
    recording.match("untag_nomatch", client.untag_resource(**here, TagKeys=["somekey"]))
    recording.match("untag_empty_keys", call(client.untag_resource, **here, TagKeys=[]))
    recording.match("tag_empty_tags", call(client.tag_resource, **here, Tags={}))
    recording.complete()


def test_tag_versions(lab):
    recording = recorded.load(API, "TestLambdaTags::test_tag_versions")
    lab.make()
    lab.client.publish_version(FunctionName="fn")
    for key, qualifier in (("tag_resource_exception", "1"), ("tag_resource_latest_exception", "$LATEST")):
        recording.match(key, call(lab.client.tag_resource, Resource=arn(f"function:fn:{qualifier}"), Tags={"a": "b"}))
    recording.complete()


def test_tag_limits(lab):
    recording = recorded.load(API, "TestLambdaTags::test_tag_limits")
    lab.make()
    client, here = lab.client, {"Resource": arn("function:fn")}
    fifty = {f"{number}_key": f"{number}_value" for number in range(50)}
    recording.match("tag_lambda_too_many_tags", call(client.tag_resource, **here, Tags={**fifty, "50_key": "50_value"}))
    recording.match("tag_response", client.tag_resource(**here, Tags=fifty))
    recording.match("list_tags_response", client.list_tags(**here))
    recording.match("get_fn_response", client.get_function(FunctionName="fn"), leave_out=(
        "Configuration.Environment", "Configuration.Timeout"))
    recording.match("tag_lambda_too_many_tags_additional", call(client.tag_resource, **here, Tags={"a": "b"}))
    recording.match("create_function_invalid_tags", lab.create(name="other", Tags={**fifty, "50_key": "50_value"}))
    recording.complete()


def test_tag_lifecycle(lab):
    recording = recorded.load(API, "TestLambdaTags::test_tag_lifecycle")
    lab.make(recording["get_fn_response_postfncreate"]["Configuration"], Tags={"key_a": "value_a"})
    client, here = lab.client, {"Resource": arn("function:fn")}
    # Recorded with a new revision after each change; AWS does not always make one.
    revision = ("RevisionId",)

    def look(name):
        recording.match(f"list_tags_response_{name}", client.list_tags(**here))
        recording.match(f"get_fn_response_{name}", client.get_function(FunctionName="fn"), leave_out=revision)

    look("postfncreate")
    recording.match("tag_resource_response", client.tag_resource(
        **here, Tags={"key_b": "value_b", "key_c": "value_c", "key_d": "value_d", "key_e": "value_e"}))
    look("postaddtags")
    recording.match("tag_resource_overwrite", client.tag_resource(**here, Tags={"key_b": "value_b", "key_c": "value_x"}))
    look("overwrite")
    client.untag_resource(**here, TagKeys=["key_c", "key_d"])
    look("postuntag")
    client.untag_resource(**here, TagKeys=["key_a", "key_b", "key_e"])
    look("postuntagall")
    client.delete_function(FunctionName="fn")
    recording.match("list_tags_postdelete", call(client.list_tags, **here))
    recording.complete()


def test_tags_of_a_function_one_by_one(lab):
    recording = recorded.load(API, "TestLambdaTag::test_tag_lifecycle[lambda_function]")
    lab.make()
    client, here = lab.client, {"Resource": arn("function:fn")}

    def change(key, operation, **more):
        recording.match(key, operation(**here, **more))
        recording.match(f"{key}_listtags", client.list_tags(**here))

    change("tag_single_response", client.tag_resource, Tags={"A": "tag-a"})
    change("tag_multiple_response", client.tag_resource, Tags={"B": "tag-b", "C": "tag-c"})
    change("tag_overlap_response", client.tag_resource, Tags={"C": "tag-c-newsuffix", "D": "tag-d"})
    change("untag_single_response", client.untag_resource, TagKeys=["A"])
    change("untag_multiple_response", client.untag_resource, TagKeys=["B", "C"])
    change("untag_nonexisting_response", client.untag_resource, TagKeys=["F"])
    change("untag_existing_and_nonexisting_response", client.untag_resource, TagKeys=["D", "F"])
    recording.complete()


@pytest.mark.parametrize("kind", ["event-source-mapping", "capacity-provider"])
def test_tags_of_what_is_not_there(lab, kind):
    recording = recorded.load(API, f"TestLambdaTag::test_tag_exceptions[{kind.replace('-', '_')}]")
    name = "12345678-1234-1234-1234-123456789abc"
    recording.bind("<resource-name>", name)
    client, here = lab.client, {"Resource": arn(f"{kind}:{name}")}
    recording.match("not_found_exception_tag", call(client.tag_resource, **here, Tags={"A": "B"}))
    recording.match("not_found_exception_untag", call(client.untag_resource, **here, TagKeys=["A"]))
    recording.match("not_found_exception_list", call(client.list_tags, **here))
    recording.match("aliased_arn_exception", call(client.tag_resource, Resource=here["Resource"] + ":alias", Tags={"A": "B"}))
    recording.match("invalid_arn_exception", call(client.tag_resource, Resource=arn(f"foobar:{name}"), Tags={"A": "B"}))
    recording.complete()
