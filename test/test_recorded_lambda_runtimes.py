"""What a function sees and says in each runtime, beside answers recorded from AWS."""

import json
import shutil

import pytest

import recorded
from lambda_lab import invoke, lab, later, node, zip_of  # noqa: F401

pytest.importorskip("botocore", reason="boto3 is not installed")

INVOKE, ENVIRONMENT = "lambda-invoke", "lambda-environment"

UNCAUGHT = {
    "python": ("handler.handler", "handler.py",
               "def handler(event, context):\n    raise Exception('Failed: ' + event['error_msg'])\n"),
    "nodejs": ("index.handler", "index.js",
               "exports.handler = async (event) => { throw new Error('Error: ' + event.error_msg); };\n"),
}


@pytest.mark.parametrize("test", [test for test in recorded.tests(ENVIRONMENT, "TestLambdaRuntimesCommon::test_uncaught")
                                  if "python" in test or "nodejs" in test])
def test_uncaught_exceptions(lab, test):
    runtime = test[test.index("[") + 1:-1]
    if runtime.startswith("node") and shutil.which("node") is None:
        pytest.skip("Node.js is not installed")
    recording = recorded.load(ENVIRONMENT, test)
    handler, file, source = UNCAUGHT["python" if runtime.startswith("python") else "nodejs"]
    first = recording["create_function_result"]
    recording.match("create_function_result", lab.create(
        {**first, "Handler": handler}, Code={"ZipFile": zip_of({file: source})}),
        leave_out=["Handler", *later(recording, "create_function_result")])
    lab.active()
    recording.match("error_result", invoke(lab, {"error_msg": "some_error_msg"}))
    recording.complete()


# ---- What a function sees


WRAPPED = {
    "python": ("handler.py", "import os\ndef handler(event, context):\n    return os.environ['WRAPPED']\n"),
    "nodejs": ("index.js", "exports.handler = async () => process.env.WRAPPED;\n"),
}


@pytest.mark.parametrize("test", [
    test for test in recorded.tests(ENVIRONMENT, "TestLambdaRuntimesCommon::test_runtime_wrapper_invoke")
    if "python" in test or "nodejs" in test])
def test_a_wrapper(lab, test):
    runtime = test[test.index("[") + 1:-1]
    if runtime.startswith("node") and shutil.which("node") is None:
        pytest.skip("Node.js is not installed")
    recording = recorded.load(ENVIRONMENT, test)
    file, source = WRAPPED["python" if runtime.startswith("python") else "nodejs"]
    code = zip_of({file: source, "environment_wrapper": '#!/bin/sh\nexport WRAPPED=yes\nexec "$@"\n'},
                  executable=("environment_wrapper",))
    recording.match("create_function_result", lab.create(recording["create_function_result"], Code={"ZipFile": code}),
                    leave_out=later(recording, "create_function_result"))
    lab.active()
    assert json.loads(invoke(lab)["Payload"]) == "yes"
    recording.complete()


@pytest.mark.parametrize("test", recorded.tests("lambda-runtimes", "TestNodeJSRuntimes::test_invoke_nodejs_es6_lambda"))
def test_a_module_of_node(lab, node, test):
    recording = recorded.load("lambda-runtimes", test)
    first = recording["creation-result"]["CreateFunctionResponse"]
    source = """\
import { format } from "node:util";
export const handler = async (event) => ({
  statusCode: 200, body: JSON.stringify(format("response from localstack lambda: %s", JSON.stringify(event))) });
"""
    recording.match("creation-result.CreateFunctionResponse", lab.create(first, Code={"ZipFile": zip_of(
        {first["Handler"].split(".")[0] + ".mjs": source})}),
        leave_out=["CodeSha256", *later(recording, "creation-result")])  # recorded as no placeholder that can be read
    lab.active()
    recording.match("invocation-result", invoke(lab, {"event_type": "test_lambda"}))
    recording.complete()


INTROSPECT = {
    "python": ("handler.handler", "handler.py", """\
import os
def handler(event, context):
    names = ("aws_request_id", "function_name", "function_version", "invoked_function_arn", "log_group_name",
             "log_stream_name", "memory_limit_in_mb")
    return {"ctx": {**{name: getattr(context, name) for name in names},
                    "remaining_time_in_millis": context.get_remaining_time_in_millis()},
            "environment": dict(os.environ), "packages": []}
"""),
    "nodejs": ("index.handler", "index.js", """\
exports.handler = async (event, context) => ({
  ctx: {function_name: context.functionName, function_version: context.functionVersion,
        invoked_function_arn: context.invokedFunctionArn, aws_request_id: context.awsRequestId,
        log_group_name: context.logGroupName, log_stream_name: context.logStreamName,
        remaining_time_in_millis: context.getRemainingTimeInMillis()},
  environment: process.env, packages: [],
});
"""),
}


# Python's clients look at no trust store of the system's: they are told of the sandbox's.
TRUST = ("environment.AWS_CA_BUNDLE", "environment.REQUESTS_CA_BUNDLE", "environment.SSL_CERT_FILE")


@pytest.mark.parametrize("test", [
    test for test in recorded.tests(ENVIRONMENT, "TestLambdaRuntimesCommon::test_introspection")
    if "python" in test or "nodejs" in test])
def test_context_and_environment(lab, sandboxed, test):
    runtime = test[test.index("[") + 1:-1]
    if runtime.startswith("node") and shutil.which("node") is None:
        pytest.skip("Node.js is not installed")
    recording = recorded.load(ENVIRONMENT, test)
    handler, file, source = INTROSPECT["python" if runtime.startswith("python") else "nodejs"]
    first = recording["create_function_result"]
    recording.match("create_function_result", lab.create(
        {**first, "Handler": handler}, Code={"ZipFile": zip_of({file: source})}), leave_out=("Handler",))
    lab.active()
    for key, more in (("invocation_result_payload", {}), ("invocation_result_payload_qualified", {"Qualifier": "$LATEST"})):
        recording.match(key, json.loads(invoke(lab, **more)["Payload"]),
                        leave_out=("environment._HANDLER", "environment._X_AMZN_TRACE_ID", *TRUST))
    recording.complete()


@pytest.mark.parametrize("number", [1, 2])
def test_the_name_of_the_session(lab, sandboxed, number):
    """AWS lengthens a function's name of one character: a session's name has two."""
    recording = recorded.load(INVOKE, f"TestLambdaBaseFeatures::test_assume_role[{number}]")
    name = "f" * number
    key = "invoke-result-assumed-role-arn"
    recording.bind("<function-name>", name)
    recording.content[key] = recording[key].replace("lambda-autogenerated-<lambda-autogenerated-role-prefix>", "recorded")
    lab.make(name=name, files={"handler.py": "import os\ndef handler(event, context):\n"
                                             "    return [os.environ[name] for name in ('AWS_ACCESS_KEY_ID',\n"
                                             "            'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN')]\n"})
    credentials = json.loads(invoke(lab, name=name)["Payload"])
    recording.match(key, lab.server.boto3("sts", credentials=credentials).get_caller_identity()["Arn"])
    recording.complete()
