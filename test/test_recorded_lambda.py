"""Lambda's API beside answers recorded from AWS: the same calls, the same statuses, texts and shapes."""

import json
import re

import pytest

import recorded
from lambda_lab import API, HANDLER, Lab, arn, lab, slow, zip_of  # noqa: F401
from recorded import ACCOUNT, call
from support import wait_until

pytest.importorskip("botocore", reason="boto3 is not installed")

# ---- Functions


def test_function_lifecycle(lab):
    recording = recorded.load(API, "TestLambdaFunction::test_function_lifecycle")
    first = recording["create_response"]
    recording.match("create_response.CreateFunctionResponse", lab.create(first))
    lab.active()
    recording.match("get_function_response", lab.client.get_function(FunctionName="fn"))
    recording.match("update_func_conf_response", lab.client.update_function_configuration(
        FunctionName="fn", Runtime="python3.11", Description="Changed-Description", MemorySize=512, Timeout=10,
        Environment={"Variables": {"ENV_A": "a"}}))
    lab.active()
    recording.match("get_function_response_postupdate", lab.client.get_function(FunctionName="fn"))
    recording.match("update_code_response", lab.client.update_function_code(
        FunctionName="fn", ZipFile=zip_of({"handler.py": HANDLER + "#\n"})))
    lab.active()
    recording.match("get_function_response_postcodeupdate", lab.client.get_function(FunctionName="fn"))
    recording.match("delete_response", lab.client.delete_function(FunctionName="fn"))
    recording.match("delete_postdelete", call(lab.client.delete_function, FunctionName="fn"))
    recording.complete()


def test_redundant_updates(lab):
    recording = recorded.load(API, "TestLambdaFunction::test_redundant_updates")
    recording.match("create_response.CreateFunctionResponse", lab.create(recording["create_response"]))
    lab.active()
    update = {"FunctionName": "fn", "Description": "1st update description"}
    recording.match("first_update_result", lab.client.update_function_configuration(**update))
    lab.active()
    recording.match("get_fn_config_result", lab.client.get_function_configuration(FunctionName="fn"))
    recording.match("get_fn_result", lab.client.get_function(FunctionName="fn"))
    recording.match("redundant_update_result", lab.client.update_function_configuration(**update))
    lab.active()
    recording.match("get_fn_result_after_redundant_update", lab.client.get_function(FunctionName="fn"))
    recording.complete()


def operation_of(test):
    return test[test.index("[") + 1:-1]


OPERATIONS = [
    "delete_function", "get_function", "get_function_configuration", "get_function_event_invoke_config",
    "get_function_url_config", "get_function_concurrency", "get_function_code_signing_config", "invoke"]


@pytest.mark.parametrize("test", recorded.tests(API, "TestLambdaFunction::test_ops_with_arn_qualifier_mismatch"))
def test_arn_and_qualifier_that_do_not_match(lab, test):
    recording = recorded.load(API, test)
    operation = getattr(lab.client, operation_of(test))
    lab.make()
    recording.match("not_match_exception", call(operation, FunctionName=arn("function:fn:1"), Qualifier="$LATEST"))
    recording.match("match_exception", call(operation, FunctionName=arn("function:fn:$LATEST"), Qualifier="$LATEST"))
    recording.complete()


@pytest.mark.parametrize("test", recorded.tests(API, "TestLambdaFunction::test_ops_on_nonexisting_version"))
def test_a_version_that_is_not_there(lab, test):
    recording = recorded.load(API, test)
    lab.make()
    recording.bind("<fn-name>", "fn")
    recording.match("version_not_found_exception",
                    call(getattr(lab.client, operation_of(test)), FunctionName="fn", Qualifier="1221"))
    recording.complete()


@pytest.mark.parametrize("test", recorded.tests(API, "TestLambdaFunction::test_ops_on_nonexisting_fn"))
def test_a_function_that_is_not_there(lab, test):
    recording = recorded.load(API, test)
    recording.match("not_found_exception", call(getattr(lab.client, operation_of(test)), FunctionName="nowhere"))
    recording.complete()


@pytest.mark.parametrize("test", recorded.tests(API, "TestLambdaFunction::test_get_function_wrong_region"))
def test_the_wrong_region(lab, test):
    recording = recorded.load(API, test)
    lab.make()
    recording.match("wrong_region_exception", call(getattr(lab.client, operation_of(test)),
                                                   FunctionName=arn("function:fn", region="eu-central-1")))
    recording.complete()


def test_code_location(lab):
    recording = recorded.load(API, "TestLambdaFunction::test_lambda_code_location_zipfile")
    recording.match("create-response-zip-file", lab.create(recording["create-response-zip-file"]))
    lab.active()
    recording.match("get-function-response", lab.client.get_function(FunctionName="fn"))
    recording.match("update-function-response", lab.client.update_function_code(
        FunctionName="fn", ZipFile=zip_of({"handler.py": HANDLER + "#\n"})))
    lab.active()
    # Recorded while the update went on.
    recording.skip("get-function-response-updated", "an update is done at once here")
    recording.complete()


def test_code_that_is_not_in_s3(lab):
    recording = recorded.load(API, "TestLambdaFunction::test_lambda_code_location_s3_errors")
    lab.server.boto3("s3").create_bucket(Bucket="code")
    lab.make()
    for bucket, end in (("no-such-bucket-here", "bucket"), ("code", "key")):
        code = {"S3Bucket": bucket, "S3Key": "none.zip"}
        recording.match(f"create-error-wrong-{end}", lab.create(name="other", Code=code))
        recording.match(f"update-error-wrong-{end}", call(lab.client.update_function_code, FunctionName="fn", **code))
    recording.complete()


def test_create_exceptions(lab):
    recording = recorded.load(API, "TestLambdaFunction::test_create_lambda_exceptions")
    good = lab.role
    lab.role = "r1"
    recording.match("invalid_role_arn_exc", lab.create())
    lab.role = good
    recording.match("invalid_runtime_exc", lab.create(Runtime="non-existent-runtime"))
    recording.match("uppercase_runtime_exc", lab.create(Runtime="PYTHON3.9"))
    recording.skip("empty_architectures", "a client finds this itself")
    recording.match("multiple_architectures", lab.create(Architectures=["x86_64", "arm64"]))
    recording.match("uppercase_architecture", lab.create(Architectures=["X86_64"]))
    recording.match("invalid_zip_exc", lab.create(Code={"ZipFile": b"this is not a zip file, just a random string"}))
    recording.complete()


def test_update_exceptions(lab):
    recording = recorded.load(API, "TestLambdaFunction::test_update_lambda_exceptions")
    lab.make()
    for key, change in (("invalid_role_arn_exc", {"Role": "r1"}), ("invalid_runtime_exc", {"Runtime": "non-existent-runtime"}),
                        ("uppercase_runtime_exc", {"Runtime": "PYTHON3.9"})):
        recording.match(key, call(lab.client.update_function_configuration, FunctionName="fn", **change))
    recording.complete()


def test_invalid_invoke(lab):
    recording = recorded.load(API, "TestLambdaFunction::test_invalid_invoke")
    recording.match("invoke_function_name_pattern_exc", call(
        lab.client.invoke, FunctionName="arn:aws:lambda:us-east-1:123400000000@function:myfn", Payload="{}"))
    recording.complete()


def test_two_updates_at_once(slow):
    """An update takes its time on AWS; here with --realism."""
    lab = Lab(slow).beside_recordings()
    config = recorded.load(API, "TestLambdaFunction::test_lambda_concurrent_config_updates")
    first = config["create-function-response"]
    # A role that was just made cannot be assumed for some seconds.
    config.match("create-function-response.CreateFunctionResponse", wait_until(
        lambda: answer if "FunctionArn" in (answer := lab.create(first)) else None, "the role can be assumed"))
    lab.active()
    lab.client.update_function_configuration(FunctionName="fn", Description="one")
    config.match("update-during-in-progress-update-exc",
                 call(lab.client.update_function_configuration, FunctionName="fn", Description="two"))
    config.complete()
    lab.active()
    code = recorded.load(API, "TestLambdaFunction::test_lambda_concurrent_code_updates", **{"<function-name:1>": "fn"})
    lab.client.update_function_code(FunctionName="fn", ZipFile=zip_of({"handler.py": "#1"}))
    code.match("update-during-in-progress-update-exc",
               call(lab.client.update_function_code, FunctionName="fn", ZipFile=zip_of({"handler.py": "#2"})))


@pytest.mark.parametrize("test", recorded.tests(API, "TestRuntimeValidation::test_create_deprecated"))
def test_retired_runtimes(lab, test):
    recording = recorded.load(API, test)
    recording.match("deprecation_error", lab.create(Runtime=operation_of(test)))
    recording.complete()


LONG = "arn:aws:lambda:invalid-region:%s:function:my-function" % ACCOUNT
# Function name and qualifier; for CreateFunction, which has no qualifier, they are one name.
NAMES = {
    "function_name_is_single_invalid": ("*", None),
    "invalid_characters_in_function_name": ("my-function!", None),
    "invalid_characters_in_qualifier": ("my-function", "invalid!"),
    "qualifier_too_long0": ("my-function", "a" * 129),
    "qualifier_too_long1": ("my-function", "a" * 65),
    "qualifier_too_long": ("my-function", "a" * 129),
    "invalid_account_id_in_partial_arn": ("invalid-account:function:my-function", None),
    "invalid_region_in_arn": (LONG, None),
    "non_lambda_arn": (arn("instance:i-1234567890abcdef0", "ec2"), None),
    "function_name_too_long": ("a" * 65, None),
    "function_name_too_long_and_invalid_region": (LONG + "a" * 170, None),
    "full_arn_and_qualifier_too_long_and_invalid_region": (LONG + "-" + "a" * 170, "a" * 129),
    "incomplete_arn": ("arn:aws:lambda:us-east-1:%s:function" % ACCOUNT, None),
    "partial_arn_with_extra_qualifier": ("function:my-function:$LATEST:extra", None),
    "latest_version_with_additional_qualifier": ("my-function:$LATEST", "1"),
    "missing_region_in_arn": ("arn:aws:lambda::%s:function:my-function" % ACCOUNT, None),
    "missing_account_id_in_arn": ("arn:aws:lambda:us-east-1::function:my-function", None),
    "function_name_and_qualifier_too_long": ("my-function", "a" * 65),
}


def refusal(answer):
    """An error as these recordings have it: the texts of a validation error apart."""
    code, message = answer["Error"]["Code"], answer["Error"]["Message"]
    count, found, texts = message.partition(" validation error")
    if not found:
        return {"Code": code, "Message": message}
    return {"Code": code, "Count": int(count), "Errors": texts.partition("detected: ")[2].split("; ")}


def unfolded(value):
    """`<a:len(129)>` written out."""
    text = re.sub(r"<a:len\((\d+)\)>", lambda found: "a" * int(found.group(1)), json.dumps(value))
    return json.loads(text)


@pytest.mark.parametrize("test", recorded.tests(API, "TestLambdaFunction::test_function_name_and_qualifier_validation"))
def test_names_and_qualifiers(lab, test):
    recording = recorded.load(API, test)
    if not recording.content:
        pytest.skip("nothing was recorded")
    case, operation = operation_of(test).rsplit("-", 1)
    name, qualifier = NAMES[case]
    recording.content = unfolded(recording.content)
    if operation == "create_function":
        answer = lab.create(name=name + (f":{qualifier}" if qualifier else ""))
    else:
        answer = call(getattr(lab.client, operation), FunctionName=name, **({"Qualifier": qualifier} if qualifier else {}))
    recording.match(f"{operation}_exception", refusal(answer))


# ---- Versions, aliases, revisions


def test_publish_with_the_wrong_sha256(lab):
    recording = recorded.load(API, "TestLambdaVersions::test_publish_with_wrong_sha256")
    recording.match("create_response", lab.create(recording["create_response"]))
    lab.active()
    recording.match("get_fn_response", lab.client.get_function(FunctionName="fn"))
    recording.match("publish_wrong_sha256_exc",
                    call(lab.client.publish_version, FunctionName="fn", CodeSha256="somenonexistentsha256"))
    sha = lab.client.get_function_configuration(FunctionName="fn")["CodeSha256"]
    recording.match("publish_result", lab.client.publish_version(FunctionName="fn", CodeSha256=sha))
    recording.complete()


def test_alias_lifecycle(lab):
    recording = recorded.load(API, "TestLambdaAlias::test_alias_lifecycle")
    client = lab.client
    recording.match("create_response", lab.create(recording["create_response"]))
    lab.active()
    recording.match("publish_v1", client.publish_version(FunctionName="fn"))
    client.update_function_configuration(FunctionName="fn", Environment={"Variables": {"testenv": "prod"}})
    lab.active()
    recording.match("publish_v2", client.publish_version(FunctionName="fn"))

    def alias(name, key, **more):
        recording.match(f"create_{key}", client.create_alias(FunctionName="fn", Name=name, **more))
        recording.match(f"get_{key}", client.get_alias(FunctionName="fn", Name=name))

    alias("aliasname1_1", "alias_1_1", FunctionVersion="1", Description="custom-alias",
          RoutingConfig={"AdditionalVersionWeights": {"2": 0.2}})
    recording.match("get_function_alias_1_1", client.get_function(FunctionName="fn", Qualifier="aliasname1_1"))
    recording.match("get_function_byarn_alias_1_1", client.get_function(FunctionName=arn("function:fn:aliasname1_1")))
    recording.match("get_function_alias_notfound_exc",
                    call(client.get_function, FunctionName="fn", Qualifier="aliasdoesnotexist"))
    recording.match("get_function_alias_byarn_notfound_exc",
                    call(client.get_function, FunctionName=arn("function:fn:aliasdoesnotexist")))
    alias("aliasname1_2", "alias_1_2", FunctionVersion="1", Description="custom-alias")
    alias("aliasname1_3", "alias_1_3", FunctionVersion="1")
    alias("aliasname2", "alias_2", FunctionVersion="2", Description="custom-alias")
    recording.match("list_aliases_for_fnname", client.list_aliases(FunctionName="fn"), leave_out=("ResponseMetadata",))

    def update(name, key, **more):
        recording.match(f"update_{key}", client.update_alias(FunctionName="fn", Name=name, **more))
        recording.match(f"get_{key}_after_update", client.get_alias(FunctionName="fn", Name=name))

    update("aliasname1_1", "alias_1_1", RoutingConfig={"AdditionalVersionWeights": {}})
    recording.match("list_aliases_for_fnname_after_update", client.list_aliases(FunctionName="fn"))
    update("aliasname1_2", "alias_1_2", RoutingConfig={"AdditionalVersionWeights": {}})
    recording.match("list_aliases_for_fnname_after_update_2", client.list_aliases(FunctionName="fn"))
    recording.match("list_aliases_for_version", client.list_aliases(FunctionName="fn", FunctionVersion="1"))
    recording.match("delete_alias_response", client.delete_alias(FunctionName="fn", Name="aliasname1_1"))
    recording.match("list_aliases_for_fnname_afterdelete", client.list_aliases(FunctionName="fn"))
    recording.complete()


def test_deleting_an_alias_that_is_not_there(lab):
    recording = recorded.load(API, "TestLambdaAlias::test_non_existent_alias_deletion")
    recording.match("create_response", lab.create(recording["create_response"]))
    recording.match("delete_alias_response", lab.client.delete_alias(FunctionName="fn", Name="non-existent"))
    recording.complete()


def test_revisions(lab):
    recording = recorded.load(API, "TestLambdaRevisions::test_function_revisions_version_and_alias")
    client = lab.client
    first = recording["create_function_response_rev1"]
    created = lab.create(first)
    recording.match("create_function_response_rev1.CreateFunctionResponse", created)
    lab.active()
    recording.match("get_function_active_rev2", client.get_function(FunctionName="fn"))
    recording.match("publish_version_revision_exception",
                    call(client.publish_version, FunctionName="fn", RevisionId=created["RevisionId"]))
    active = client.get_function_configuration(FunctionName="fn")["RevisionId"]
    recording.match("publish_version_response_rev_v1", client.publish_version(FunctionName="fn", RevisionId=active))
    recording.match("get_function_published_version_rev_v2", client.get_function(FunctionName="fn", Qualifier="1"))
    recording.match("get_function_latest_rev3", client.get_function(FunctionName="fn"))
    alias = client.create_alias(FunctionName="fn", Name="revision_alias", FunctionVersion="1")
    recording.match("create_alias_response_rev_a1", alias)
    recording.match("get_function_latest_rev4", client.get_function(FunctionName="fn"))
    recording.match("get_function_published_version_rev_v3", client.get_function(FunctionName="fn", Qualifier="1"))
    change = {"FunctionName": "fn", "Name": "revision_alias", "Description": "something changed"}
    recording.match("update_alias_revision_exception",
                    call(client.update_alias, **change, RevisionId="00000000-0000-4000-8000-000000000000"))
    recording.match("update_alias_response_rev_a2", client.update_alias(**change, RevisionId=alias["RevisionId"]))
    recording.complete()


# ---- Asynchronous invocations


def test_event_invoke_config_lifecycle(lab):
    recording = recorded.load(API, "TestLambdaEventInvokeConfig::test_lambda_eventinvokeconfig_lifecycle")
    client = lab.client
    lab.make(recording["publish_version_result"])
    put, update, get = (client.put_function_event_invoke_config, client.update_function_event_invoke_config,
                        client.get_function_event_invoke_config)
    recording.match("put_invokeconfig_retries_0", put(FunctionName="fn", MaximumRetryAttempts=0))
    recording.match("put_invokeconfig_eventage_60", put(FunctionName="fn", MaximumEventAgeInSeconds=60))
    recording.match("update_invokeconfig_eventage_nochange", update(FunctionName="fn", MaximumEventAgeInSeconds=60))
    recording.match("update_invokeconfig_retries", update(FunctionName="fn", MaximumRetryAttempts=1))
    recording.match("get_invokeconfig", get(FunctionName="fn"))
    recording.match("get_invokeconfig_latest", get(FunctionName="fn", Qualifier="$LATEST"))
    recording.match("list_single_invokeconfig", client.list_function_event_invoke_configs(FunctionName="fn"))
    recording.match("publish_version_result", client.publish_version(FunctionName="fn"))
    recording.match("get_invokeconfig_postpublish", call(get, FunctionName="fn", Qualifier="1"))
    recording.match("put_published_invokeconfig", put(FunctionName="fn", Qualifier="1", MaximumEventAgeInSeconds=120))
    recording.match("get_published_invokeconfig", get(FunctionName="fn", Qualifier="1"))
    client.delete_function_event_invoke_config(FunctionName="fn")
    recording.match("list_paging_nolimit_postdelete", client.list_function_event_invoke_configs(FunctionName="fn"))
    recording.complete()


def test_event_invoke_config_exceptions(lab):
    recording = recorded.load(API, "TestLambdaEventInvokeConfig::test_lambda_eventinvokeconfig_exceptions")
    client = lab.client
    lab.make(recording["fn_version_result"])
    lab.make(name="other")
    put, update, get, delete, list_ = (client.put_function_event_invoke_config, client.update_function_event_invoke_config,
                                       client.get_function_event_invoke_config,
                                       client.delete_function_event_invoke_config,
                                       client.list_function_event_invoke_configs)
    recording.match("fn_version_result", client.publish_version(FunctionName="fn"))
    recording.match("fn_alias_result", client.create_alias(FunctionName="fn", Name="eventinvokealias", FunctionVersion="1"))
    missing = arn("function:doesnotexist")
    recording.match("put_functionname_name_notfound", call(put, FunctionName="doesnotexist", MaximumRetryAttempts=1))
    recording.match("put_functionname_arn_notfound", call(put, FunctionName=missing, MaximumRetryAttempts=1))
    recording.match("put_functionname_nootherargs", call(put, FunctionName="fn"))

    def destination(key, **config):
        recording.match(key, call(put, FunctionName="fn", DestinationConfig=config))

    destination("put_destination_lambda_doesntexist", OnSuccess={"Destination": missing})
    destination("put_destination_recursive", OnSuccess={"Destination": arn("function:fn")})
    destination("put_destination_other_lambda", OnSuccess={"Destination": arn("function:other")})
    destination("put_destination_invalid_service_arn", OnSuccess={"Destination": arn("function:fn", "iam")})
    destination("put_destination_success_no_destination_arn", OnSuccess={})
    destination("put_destination_failure_no_destination_arn", OnFailure={})
    destination("put_destination_invalid_arn_pattern", OnFailure={"Destination": arn("function:fn", "_-/!lambda")})

    alias = "eventinvokealias"
    for key, name, qualifier in (
            ("put_destination_latest", "fn", None), ("put_destination_latest_explicit_qualifier", "fn", "$LATEST"),
            ("put_destination_version", "fn", "1"), ("put_alias_functionname_qualifier", "fn", alias),
            ("put_alias_doesnotexist", "fn", alias + "doesnotexist"),
            ("put_alias_qualifiedarn", arn(f"function:fn:{alias}"), None),
            ("put_alias_qualifiedarn_qualifier", arn(f"function:fn:{alias}"), alias),
            ("put_alias_qualifiedarn_qualifierconflict", arn(f"function:fn:{alias}"), "1"),
            ("put_alias_shorthand", f"fn:{alias}", None), ("put_alias_shorthand_qualifier", f"fn:{alias}", alias),
            ("put_alias_shorthand_qualifierconflict", f"fn:{alias}", "1"), ("put_version_shorthand", "fn:1", None),
            ("put_shorthand_qualifier_match", "fn:$LATEST", "$LATEST"),
            ("put_shorthand_qualifier_mismatch_1", "fn:$LATEST", "1"),
            ("put_shorthand_qualifier_mismatch_2", "fn:1", "$LATEST"),
            ("put_shorthand_qualifier_mismatch_3", f"fn:{alias}", "$LATEST")):
        more = {"Qualifier": qualifier} if qualifier else {}
        recording.match(key, call(put, FunctionName=name, MaximumRetryAttempts=1, **more))
    recording.match("put_maxevent_maxvalue_result",
                    put(FunctionName="fn", MaximumRetryAttempts=2, MaximumEventAgeInSeconds=21600))
    recording.match("put_pre_overwrite", put(FunctionName="fn", MaximumRetryAttempts=2, MaximumEventAgeInSeconds=60))
    recording.match("put_post_overwrite", put(FunctionName="fn", MaximumRetryAttempts=0))
    recording.match("second_overwrite_existing_response", put(FunctionName="fn", MaximumRetryAttempts=0))
    recording.match("get_post_overwrite", get(FunctionName="fn"))
    recording.match("pre_update_response", put(FunctionName="fn", MaximumRetryAttempts=2, MaximumEventAgeInSeconds=60))
    recording.match("update_response", update(FunctionName="fn", MaximumRetryAttempts=0))
    recording.match("update_response_existing", update(FunctionName="fn", MaximumRetryAttempts=0))
    recording.match("list_configs", list_(FunctionName="fn"))
    recording.match("delete_latest", delete(FunctionName="fn", Qualifier="$LATEST"))
    recording.match("delete_version", delete(FunctionName="fn", Qualifier="1"))
    recording.match("delete_alias", delete(FunctionName="fn", Qualifier=alias))
    recording.match("list_configs_postdelete", list_(FunctionName="fn"))
    recording.match("delete_function_not_found", call(delete, FunctionName="fn"))
    recording.match("delete_function_doesnotexist", call(delete, FunctionName="doesnotexist"))
    recording.match("list_function_doesnotexist", call(list_, FunctionName="doesnotexist"))
    recording.match("get_function_doesnotexist", call(get, FunctionName="doesnotexist"))
    recording.match("get_qualifier_doesnotexist", call(get, FunctionName="fn", Qualifier="doesnotexist"))
    recording.match("update_eventinvokeconfig_function_doesnotexist",
                    call(update, FunctionName="doesnotexist", MaximumRetryAttempts=0))
    recording.match("get_eventinvokeconfig_doesnotexist", call(get, FunctionName="fn", Qualifier=alias))
    recording.match("update_eventinvokeconfig_config_doesnotexist_with_qualifier",
                    call(update, FunctionName="fn", Qualifier=alias, MaximumRetryAttempts=0))
    recording.match("update_eventinvokeconfig_config_doesnotexist_without_qualifier",
                    call(update, FunctionName="fn", MaximumRetryAttempts=0))
    recording.complete()
