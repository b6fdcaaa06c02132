"""Invocations beside answers recorded from AWS: results, versions and aliases, concurrency, errors."""

import base64
import concurrent.futures
import json

import pytest

import recorded
from lambda_lab import HANDLER, arn, invoke, lab, later, node, zip_of  # noqa: F401
from recorded import call
from support import wait_until

pytest.importorskip("botocore", reason="boto3 is not installed")

INVOKE = "lambda-invoke"
NODE_ECHO = "exports.handler = async (event) => { console.log(JSON.stringify(event)); return event; };\n"
CONTEXT = """\
import logging
import os
logging.getLogger().setLevel(logging.INFO)
def handler(event, context):
    print("Lambda log message - print function")
    logging.info("Lambda log message - logging module")
    names = ("invoked_function_arn", "function_version", "function_name", "memory_limit_in_mb", "aws_request_id",
             "log_group_name", "log_stream_name", "client_context")
    return {"event": event, "context": {name: getattr(context, name) for name in names}}
"""


def test_basic_invoke(lab):
    recording = recorded.load(INVOKE, "TestLambdaFeatures::test_basic_invoke")
    for name, suffix in (("fn", ""), ("fn2", "_2")):
        key = f"lambda_create_fn{suffix}"
        recording.match(key, lab.create(recording[key], name=name), leave_out=later(recording, key))
        lab.active(name)
    for name, suffix in (("fn", ""), ("fn2", "_2")):
        key = f"lambda_get_fn{suffix}"
        recording.match(key, lab.client.get_function(FunctionName=name), leave_out=later(recording, key))
    recording.match("lambda_invoke_result", invoke(lab))
    recording.complete()


@pytest.mark.parametrize("test, key, source, options", [
    ("TestLambdaBehavior::test_lambda_invoke_no_timeout", "invoke-result",
     "def handler(event, context):\n    return None\n", {}),
    ("TestLambdaFeatures::test_invocation_type_request_response[python3.9]", "invoke-result", HANDLER,
     {"InvocationType": "RequestResponse"}),
    ("TestLambdaFeatures::test_invocation_type_event[python3.9]", "invoke-result", HANDLER, {"InvocationType": "Event"}),
])
def test_results(lab, test, key, source, options):
    recording = recorded.load(INVOKE, test)
    if "create-result" in recording.content:
        recording.match("create-result.CreateFunctionResponse",
                        lab.create(recording["create-result"], files={"handler.py": source}))
        lab.active()
    else:
        lab.make(files={"handler.py": source})
    recording.match(key, invoke(lab, **options))
    recording.complete()


def test_an_answer_of_nothing(lab, node):
    recording = recorded.load(INVOKE, "TestLambdaFeatures::test_invocation_type_no_return_payload[nodejs-RequestResponse]")
    lab.make(Runtime="nodejs20.x", Handler="index.handler", Code={"ZipFile": zip_of(
        {"index.js": "exports.handler = async () => {};\n"})})
    recording.match("invoke-result", invoke(lab))
    recording.complete()


def test_large_payloads_and_responses(lab):
    for test in ("TestLambdaBaseFeatures::test_large_payloads", "TestLambdaBaseFeatures::test_lambda_large_response"):
        recorded.load(INVOKE, test).complete()  # that it works is all that was recorded
    lab.make()
    event = {"test": "test123456" * 100 * 1000 * 5}
    assert json.loads(invoke(lab, event)["Payload"]) == event
    lab.make(name="large", files={"handler.py": "def handler(event, context):\n    return 'a' * 6000000\n"})
    assert len(invoke(lab, name="large")["Payload"]) == 6_000_002


def tail(answer):
    return base64.b64decode(answer["LogResult"]).decode()


def test_the_log_of_node(lab, node):
    recording = recorded.load(INVOKE, "TestLambdaFeatures::test_invocation_with_logs[nodejs16.x]")
    lab.make(Runtime="nodejs16.x", Handler="index.handler", Code={"ZipFile": zip_of({"index.js": NODE_ECHO})})
    answer = invoke(lab, LogType="Tail")
    recording.match("invoke", answer)
    date_and_rest = {"logs": [line if "\tINFO\t" not in line else "date\t" + line.split("\t", 1)[1]
                              for line in tail(answer).splitlines(keepends=True)]}
    recording.match("logs", date_and_rest)
    recording.complete()


def test_environment_variables(lab):
    recording = recorded.load(INVOKE, "TestLambdaFeatures::test_lambda_environment")
    key = "creation-result"
    like = recording[key]["CreateFunctionResponse"]
    module = like["Handler"].split(".")[0]
    source = "import os\ndef handler(event, context):\n    return {'Hello': os.environ['Hello']}\n"
    recording.match(f"{key}.CreateFunctionResponse", lab.create(like, files={f"{module}.py": source}),
                    leave_out=later(recording, key))
    lab.active()
    recording.match("invocation-result", invoke(lab))
    recording.match("get-configuration-result", lab.client.get_function_configuration(FunctionName="fn"),
                    leave_out=later(recording, key))
    recording.complete()


def files_for(like, source):
    return {like["Handler"].rsplit(".", 1)[0].replace(".", "/") + ".py": source.replace(
        "def handler(", f"def {like['Handler'].rsplit('.', 1)[1]}(")}


def test_a_qualified_invocation(lab):
    recording = recorded.load(INVOKE, "TestLambdaFeatures::test_invocation_with_qualifier")
    like = recording["creation-response"]
    recording.match("creation-response", lab.create(like, files=files_for(like, CONTEXT), Publish=True))
    lab.active()
    answer = invoke(lab, {"foo": "bar with 'quotes\""}, Qualifier="1", LogType="Tail")
    lines = [line if not line.startswith("[INFO]") else "[INFO]\tdate\t" + line.split("\t", 2)[2]
             for line in tail(answer).splitlines() if not line.startswith("REPORT")]
    recording.match("log_result", {"log_result": lines})
    recording.match("invocation-response", answer)
    recording.complete()


def test_code_from_s3(lab):
    recording = recorded.load(INVOKE, "TestLambdaFeatures::test_upload_lambda_from_s3")
    s3 = lab.server.boto3("s3")
    s3.create_bucket(Bucket="code")
    like = recording["creation-response"]
    s3.put_object(Bucket="code", Key="fn.zip", Body=zip_of(files_for(like, CONTEXT)))
    recording.match("creation-response", lab.create(like, Code={"S3Bucket": "code", "S3Key": "fn.zip"}))
    lab.active()
    recording.match("invocation-response", invoke(lab, {"foo": "bar with 'quotes\""}))
    recording.complete()


def versioned(like, number):
    return files_for(like, f"""\
def handler(event, context):
    return {{"version_id": "version{number}", "invoked_arn": context.invoked_function_arn,
             "version_from_ctx": context.function_version}}
""")


def test_versions_with_code_changes(lab):
    recording = recorded.load(INVOKE, "TestLambdaVersions::test_lambda_versions_with_code_changes")
    client, like = lab.client, recording["create_response"]
    recording.match("create_response", lab.create(like, files=versioned(like, 1)))
    lab.active()
    recording.match("first_publish_response",
                    client.publish_version(FunctionName="fn", Description="First version description :)"))
    recording.match("update_lambda_response",
                    client.update_function_code(FunctionName="fn", ZipFile=zip_of(versioned(like, 2))))
    lab.active()
    recording.match("invocation_result_latest", invoke(lab))
    recording.match("invocation_result_v1", invoke(lab, Qualifier="1"))
    recording.match("second_publish_response",
                    client.publish_version(FunctionName="fn", Description="Second version description :)"))
    recording.match("invocation_result_v2", invoke(lab, Qualifier="2"))
    recording.match("update_lambda_response_with_publish",
                    client.update_function_code(FunctionName="fn", ZipFile=zip_of(versioned(like, 3)), Publish=True))
    lab.active()
    recording.match("invocation_result_v3", invoke(lab, Qualifier="3"))
    recording.match("invocation_result_latest_end", invoke(lab))
    recording.match("invocation_result_v2_end", invoke(lab, Qualifier="2"))
    recording.match("invocation_result_v1_end", invoke(lab, Qualifier="1"))
    recording.complete()


def test_an_alias_that_moves(lab):
    recording = recorded.load(INVOKE, "TestLambdaAliases::test_lambda_alias_moving")
    client, like = lab.client, recording["create_response"]
    recording.match("create_response", lab.create(like, files=versioned(like, 1)))
    lab.active()
    client.publish_version(FunctionName="fn")
    recording.match("create_alias_response", client.create_alias(FunctionName="fn", Name="alias1", FunctionVersion="1"))
    recording.match("invocation_result_qualifier_v1", invoke(lab, Qualifier="alias1"))
    recording.match("invocation_result_qualifier_v1_arn", invoke(lab, name=arn("function:fn:alias1")))
    recording.match("update_lambda_response",
                    client.update_function_code(FunctionName="fn", ZipFile=zip_of(versioned(like, 2))))
    lab.active()
    recording.match("invocation_result_qualifier_v1_after_update", invoke(lab, Qualifier="alias1"))
    recording.match("second_publish_response", client.publish_version(FunctionName="fn"), leave_out=("Description",))
    recording.match("invocation_result_qualifier_v1_after_publish", invoke(lab, Qualifier="alias1"))
    recording.match("update_alias_response", client.update_alias(FunctionName="fn", Name="alias1", FunctionVersion="2"))
    recording.match("invocation_result_qualifier_v2", invoke(lab, Qualifier="alias1"))
    recording.match("invocation_exc_not_existent", invoke(lab, Qualifier="non-existent-alias"))
    recording.complete()


def test_a_new_handler(lab):
    recording = recorded.load(INVOKE, "TestLambdaVersions::test_lambda_handler_update")
    config = recording["update_function_configuration_result"]
    module, second = config["Handler"].rsplit(".", 1)
    source = "def handler(event, context):\n    return {'handler': 'handler'}\n" \
             f"def {second}(event, context):\n    return {{'handler': 'handler_two'}}\n"
    lab.make(config, files={f"{module}.py": source}, Handler=f"{module}.handler")
    recording.match("invoke_result_handler_one", invoke(lab))
    recording.match("update_function_configuration_result",
                    lab.client.update_function_configuration(FunctionName="fn", Handler=config["Handler"]))
    lab.active()
    recording.match("get_function_result", lab.client.get_function(FunctionName="fn"))
    recording.match("invoke_result_handler_two", invoke(lab))
    lab.client.publish_version(FunctionName="fn")
    recording.match("invoke_result_handler_two_postpublish", invoke(lab))
    recording.complete()


def test_an_update_during_an_invocation(lab):
    recording = recorded.load(INVOKE, "TestLambdaVersions::test_function_update_during_invoke")
    source = """\
import os, time
def handler(event, context):
    print("begins", flush=True)
    if event["request_prefix"].endswith("sleep"):
        time.sleep(2)
    return {"function_version": context.function_version, "request_id": context.aws_request_id,
            "request_prefix": event["request_prefix"], "function_variant": os.environ["FUNCTION_VARIANT"]}
"""
    lab.make(files={"handler.py": source}, Timeout=30, Environment={"Variables": {"FUNCTION_VARIANT": "variant-1"}})
    with concurrent.futures.ThreadPoolExecutor(1) as one:
        before = one.submit(invoke, lab, {"request_prefix": "1-sleep"})
        logs = lab.server.boto3("logs")
        wait_until(lambda: call(logs.filter_log_events, logGroupName="/aws/lambda/fn", filterPattern="begins").get("events"),
                   "the first has begun")
        lab.client.update_function_configuration(FunctionName="fn",
                                                 Environment={"Variables": {"FUNCTION_VARIANT": "variant-2"}})
        lab.active()
        after = json.loads(invoke(lab, {"request_prefix": "2-no"})["Payload"])
        assert after["function_variant"] == "variant-2" and not before.done()
        recording.match("invoke_response_before", before.result())
    recording.complete()


def test_a_function_made_again(lab):
    recording = recorded.load(INVOKE, "TestLambdaCleanup::test_recreate_function")
    for key in ("create_function_response_one", "create_function_response_two"):
        recording.match(f"{key}.CreateFunctionResponse", lab.create(recording[key]))
        lab.active()
        lab.client.delete_function(FunctionName="fn")
    recording.complete()


REUSE = """\
import time
number = 0
def handler(event, context):
    global number
    what = event["do"]
    if what == "write":
        open("/tmp/file", "w").write("some-content")
    elif what == "read":
        return {"content": open("/tmp/file").read()}
    elif what == "set":
        number = 42
    elif what == "number":
        return {"number": number}
    else:
        time.sleep(20)
"""


def test_an_environment_after_a_timeout(lab):
    recording = recorded.load(INVOKE, "TestLambdaBehavior::test_lambda_invoke_timed_out_environment_reuse")
    like = recording["create-result"]["CreateFunctionResponse"]
    recording.match("create-result.CreateFunctionResponse", lab.create(like, files=files_for(like, REUSE)))
    lab.active()
    for key, what in (("file-write", "write"), ("file-read", "read"), ("set-number", "set"), ("read-number", "number")):
        recording.match(f"invoke-result-{key}", invoke(lab, {"do": what}))
    answer = invoke(lab, {"do": "sleep"})
    # Of the payload AWS has changed the text since: facts and newer recordings have `Sandbox.Timedout`.
    recording.match("invoke-result-timed-out", answer, leave_out=("Payload",))
    payload = json.loads(answer["Payload"])
    assert payload["errorType"] == "Sandbox.Timedout"
    assert payload["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    recording.match("invoke-result-file-read-after-timeout", invoke(lab, {"do": "read"}))
    recording.match("invoke-result-read-number-after-timeout", invoke(lab, {"do": "number"}))
    recording.complete()


# ---- Concurrency


def test_no_reserved_concurrency(lab):
    recording = recorded.load(INVOKE, "TestLambdaConcurrency::test_reserved_concurrency")
    lab.make(recording["fn"])
    recording.match("fn", lab.client.get_function_configuration(FunctionName="fn", Qualifier="$LATEST"))
    recording.match("put_reserved",
                    lab.client.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=0))
    recording.match("exc_no_cap_requestresponse", invoke(lab))
    recording.skip("put_event_invoke_conf", "its destination is a queue")
    recording.match("invoke_result", invoke(lab, InvocationType="Event"))
    recording.skip("msg", "it came through a queue; test_destinations has the same of a function")
    recording.complete()


def test_one_reserved_environment(lab):
    recording = recorded.load(INVOKE, "TestLambdaConcurrency::test_reserved_concurrency_async_queue")
    lab.make(recording["fn"], files=files_for(
        recording["fn"], "import time\ndef handler(event, context):\n    print('begins', flush=True)\n    time.sleep(20)\n"))
    recording.match("fn", lab.client.get_function_configuration(FunctionName="fn", Qualifier="$LATEST"))
    recording.match("put_fn_concurrency",
                    lab.client.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=1))
    lab.client.invoke(FunctionName="fn", InvocationType="Event", Payload="{}")

    logs = lab.server.boto3("logs")
    wait_until(lambda: call(logs.filter_log_events, logGroupName="/aws/lambda/fn", filterPattern="begins").get("events"),
               "the only environment is taken")
    recording.match("too_many_requests_exc", invoke(lab))
    recording.complete()


def provisioned(lab, **here):
    """The configuration when all environments are there."""
    wait_until(lambda: lab.client.get_provisioned_concurrency_config(**here)["Status"] != "IN_PROGRESS", "they are there")
    return lab.client.get_provisioned_concurrency_config(**here)


def test_provisioned_concurrency(lab):
    recording = recorded.load(INVOKE, "TestLambdaConcurrency::test_provisioned_concurrency")
    lab.make(files={"handler.py": "import time\ntime.sleep(1)\n" + HANDLER})
    lab.client.publish_version(FunctionName="fn")
    here = {"FunctionName": "fn", "Qualifier": "1"}
    recording.match("put_provisioned_5",
                    lab.client.put_provisioned_concurrency_config(**here, ProvisionedConcurrentExecutions=5))
    recording.match("get_provisioned_prewait", lab.client.get_provisioned_concurrency_config(**here))
    recording.match("get_provisioned_postwait", provisioned(lab, **here))
    recording.complete()
    recording = recorded.load(INVOKE, "TestLambdaConcurrency::test_lambda_provisioned_concurrency_scheduling")
    lab.client.put_provisioned_concurrency_config(**here, ProvisionedConcurrentExecutions=1)
    recording.match("get_provisioned_postwait", provisioned(lab, **here))


def test_provisioned_concurrency_moves_with_the_alias(lab):
    recording = recorded.load(INVOKE, "TestLambdaConcurrency::test_lambda_provisioned_concurrency_moves_with_alias",
                              **{"<alias-name>": "al"})
    client, first = lab.client, recording["create-result"]["CreateFunctionResponse"]
    old = ("LoggingConfig",)
    slow = {"handler.py": "import time\ntime.sleep(1)\n" + HANDLER}
    recording.match("create-result.CreateFunctionResponse", lab.create(first, files=slow), leave_out=old)
    lab.active()
    get = client.get_function_configuration
    recording.match("get-function-configuration", get(FunctionName="fn", Qualifier="$LATEST"), leave_out=old)
    recording.match("publish_version_1", client.publish_version(FunctionName="fn", Description="my-first-version"),
                    leave_out=old)
    recording.match("get_function_configuration_version_1", get(FunctionName="fn", Qualifier="1"), leave_out=old)
    recording.match("create_alias", client.create_alias(FunctionName="fn", Name="al", FunctionVersion="1"))
    recording.match("get_function_before_provisioned", client.get_function(FunctionName="fn", Qualifier="1"), leave_out=old)
    client.put_provisioned_concurrency_config(FunctionName="fn", Qualifier="al", ProvisionedConcurrentExecutions=1)
    provisioned(lab, FunctionName="fn", Qualifier="al")
    # On AWS the version has a new revision then.
    recording.match("get_function_after_provisioned", client.get_function(FunctionName="fn", Qualifier="al"), leave_out=old)
    client.update_function_configuration(FunctionName="fn", Timeout=10)
    lab.active()
    recording.match("get_function_after_update", get(FunctionName="fn"), leave_out=old)
    recording.match("publish_version_2", client.publish_version(FunctionName="fn"), leave_out=old)
    recording.match("update_alias", client.update_alias(FunctionName="fn", Name="al", FunctionVersion="2"))
    recording.match("get_provisioned_config_after_alias_move",
                    client.get_provisioned_concurrency_config(FunctionName="fn", Qualifier="al"))
    client.delete_provisioned_concurrency_config(FunctionName="fn", Qualifier="al")
    recording.match("provisioned_concurrency_notfound",
                    call(client.get_provisioned_concurrency_config, FunctionName="fn", Qualifier="al"))
    recording.complete()


# ---- Errors


def test_a_function_that_is_not_there(lab):
    recording = recorded.load(INVOKE, "TestLambdaFeatures::test_invoke_exceptions")
    recording.match("invoke_function_doesnotexist", invoke(lab, name="doesnotexist"))
    recording.complete()


def test_an_error_at_start(lab):
    recording = recorded.load(INVOKE, "TestLambdaErrors::test_lambda_runtime_error")
    lab.make(Runtime="python3.13", Handler="lambda_runtime_error.handler",
             files={"lambda_runtime_error.py": 'raise Exception("Runtime startup fails")\n'})
    answer = invoke(lab)
    recording.match("invocation_error", answer, leave_out=("Payload",))
    expected, payload = recording["invocation_error"]["Payload"], json.loads(answer["Payload"])
    assert payload["stackTrace"][-1].endswith(
        'lambda_runtime_error.py", line 1, in <module>\n    raise Exception("Runtime startup fails")\n')
    assert {**payload, "stackTrace": []} == {**expected, "stackTrace": []}


def test_an_exit(lab):
    recording = recorded.load(INVOKE, "TestLambdaErrors::test_lambda_runtime_exit")
    lab.make(files={"handler.py": "import os\ndef handler(event, context):\n    os._exit(0)\n"})
    recording.match("invocation_error", invoke(lab))
    recording.complete()
