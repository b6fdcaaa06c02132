"""Managed runtimes: Node.js functions on this machine's interpreter."""

import json
import re
import shutil

import pytest

from test_runtimes import TOO_LARGE, functions, publish  # noqa: F401

pytest.importorskip("boto3", reason="boto3 is not installed")


@pytest.fixture
def node(functions):
    if shutil.which("node") is None:
        pytest.skip("Node.js is not installed")

    def run(source, event=None, handler="index.handler", file="index.js", runtime="nodejs20.x", **more):
        functions.make(runtime, handler, {file: source}, **more)
        return functions.invoke(event)
    return run


def test_node_async_handler(node):
    answer, error, log = node("""
        exports.handler = async (event, context) => {
          console.log("seen", event.number);
          console.error("several\\nlines");
          return {number: event.number, name: context.functionName, left: context.getRemainingTimeInMillis() > 0};
        };""", {"number": 7})
    assert error is None and answer == {"number": 7, "name": "f", "left": True}
    assert re.search(r"\d{4}-\d\d-\d\dT[\d:.]+Z\t[0-9a-f-]{36}\tINFO\tseen 7\n", log), log
    assert "\tERROR\tseveral\nlines\n" in log


@pytest.mark.parametrize("source, answer", [
    ("exports.handler = (event, context, callback) => setTimeout(() => callback(null, 'late'), 20);", "late"),
    ("exports.handler = (event, context, callback) => { callback(null, {}.x); };", None),
    ("exports.handler = (event, context, callback) => { context.callbackWaitsForEmptyEventLoop = false; "
     "setTimeout(() => {}, 15000); callback(null, 'at once'); };", "at once"),
    ("exports.handler = (event, context) => { context.succeed('old'); };", "old"),
    ("exports.handler = () => Promise.resolve([1]);", [1]),
    ("exports.handler = async () => {};", None),
    ("exports.handler = () => 5;", None),
])
def test_node_ways_to_answer(node, source, answer):
    assert node(source)[:2] == (answer, None)


@pytest.mark.parametrize("source, error_type, message", [
    ("exports.handler = async () => { throw new TypeError('bad'); };", "TypeError", "bad"),
    ("exports.handler = (event, context, callback) => callback(new Error('called'));", "Error", "called"),
    ("exports.handler = async () => { throw 'text'; };", "string", "text"),
    ("exports.handler = () => setTimeout(() => { throw new Error('later'); }, 5);", "Error", "later"),
    ("exports.handler = (e, c, callback) => { Promise.reject(new Error('nobody')); setTimeout(callback, 2000); };",
     "Runtime.UnhandledPromiseRejection", "Error: nobody"),
    ("exports.handler = async () => { const a = {}; a.a = a; return a; };", "Runtime.JSONStringifyError",
     "Unable to stringify response body"),
    ("require('nowhere');", "Runtime.ImportModuleError", "Error: Cannot find module 'nowhere'"),
    ("this is no script", "Runtime.UserCodeSyntaxError", "SyntaxError: "),
    ("exports.other = 1;", "Runtime.HandlerNotFound", "index.handler is undefined or not exported"),
    ("throw new RangeError('init');", "RangeError", "init"),
    ("exports.handler = async () => process.exit(7);", "Runtime.ExitError", "exit status 7"),
])
def test_node_failures(node, source, error_type, message):
    answer, error, log = node(source)
    assert error == "Unhandled"
    assert answer["errorType"] == error_type and message in answer["errorMessage"], answer
    if error_type != "Runtime.ExitError":
        assert isinstance(answer["trace"], list)


def test_node_modules(node):
    assert node("export const handler = async () => import.meta.url.endsWith('index.mjs');", file="index.mjs")[0] is True


def test_node_json_logs(node, functions):
    node("exports.handler = async () => { console.debug('fine'); console.info({a: 1}); };",
         LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "INFO"})
    lines = [json.loads(event) for event in functions.log_events()]
    told = next(line for line in lines if line.get("message") == {"a": 1})
    assert told["level"] == "INFO" and "requestId" in told and "fine" not in str(lines)


def stream_of(functions):
    if not hasattr(functions.lambda_, "invoke_with_response_stream"):
        pytest.skip("this boto3 has no response streaming")
    done = functions.lambda_.invoke_with_response_stream(FunctionName="f")
    payload, end = b"", {}
    for event in done["EventStream"]:
        payload += event.get("PayloadChunk", {}).get("Payload", b"")
        end = event.get("InvokeComplete", end)
    return payload, end


def test_node_response_stream(node, functions):
    functions.make("nodejs20.x", "index.handler", {"index.js": """
        exports.handler = awslambda.streamifyResponse(async (event, stream) => {
          stream.setContentType("text/plain");
          stream.write("one ");
          await new Promise((resolve) => setTimeout(resolve, 10));
          stream.write("two");
          stream.end();
        });"""})
    assert stream_of(functions) == (b"one two", {})


def test_node_response_stream_that_fails_midway(node, functions):
    functions.make("nodejs20.x", "index.handler", {"index.js": """
        exports.handler = awslambda.streamifyResponse(async (event, stream) => {
          stream.write("part");
          throw new RangeError("midway");
        });"""})
    payload, end = stream_of(functions)
    assert payload == b"part" and end["ErrorCode"] == "RangeError"
    assert json.loads(end["ErrorDetails"])["errorMessage"] == "midway"


def test_node_layers(node, functions, sandboxed):
    layer = publish(functions, "l", {"nodejs/node_modules/own/index.js": "module.exports = 'from the layer';\n"})
    assert node("const own = require('own'); exports.handler = async () => own;",
                Layers=[layer["LayerVersionArn"]])[0] == "from the layer"


def test_node_trusts_the_embedded_aws(node, functions, sandboxed):
    """Whichever trust store the interpreter was built for."""
    answer, error, _ = node("""
        const https = require("node:https");
        exports.handler = () => new Promise((resolve, reject) => {
          https.get("https://s3.us-east-1.amazonaws.com/", (response) => {
            response.resume();
            response.on("end", () => resolve([response.statusCode, "NODE_EXTRA_CA_CERTS" in process.env]));
          }).on("error", reject);
        });""")
    assert error is None, answer
    assert answer[0] in (200, 307, 400, 403) and answer[1] is False


@pytest.mark.parametrize("handler, message", [("main", "Bad handler"), ("index.none", "index.none is undefined or not exported")])
def test_node_handlers_that_cannot_be(node, handler, message):
    answer, error, _ = node("exports.handler = async () => 1;", handler=handler)
    assert error == "Unhandled" and answer["errorMessage"] == message
    assert answer["errorType"] == ("Runtime.MalformedHandlerName" if handler == "main" else "Runtime.HandlerNotFound")


def test_node_answers_that_are_too_large(node, functions):
    assert node("exports.handler = async (size) => 'x'.repeat(size);", 6291557)[:2] == (TOO_LARGE, "Unhandled")
    assert functions.invoke(3)[0] == "xxx"
