"""Lambda extensions: programs of a layer's `extensions/` beside a Python function, in Python themselves."""

import json
import re

import pytest

from support import wait_until
from test_runtimes import Functions, zip_of

pytest.importorskip("boto3", reason="boto3 is not installed")

# What every extension here begins with. `call` answers (status, headers, document or text).
PROLOGUE = '''#!/usr/bin/env python3
import http.client, json, os, signal, sys, time
API = os.environ["AWS_LAMBDA_RUNTIME_API"]
NAME = os.path.basename(sys.argv[0])
def say(*words):
    print(NAME, *words, flush=True)
def call(method, path, body=None, **headers):
    connection = http.client.HTTPConnection(API)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path if path.startswith("/2") else "/2020-01-01/extension/" + path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    try:
        text = json.loads(text)
    except ValueError:
        pass
    return answer.status, answer.headers, text
def register(events=("INVOKE", "SHUTDOWN"), name=NAME, **headers):
    answer = call("POST", "register", json.dumps({"events": list(events)}), Lambda_Extension_Name=name, **headers)
    return {"Lambda_Extension_Identifier": answer[1]["Lambda-Extension-Identifier"]}
def following(me):
    return call("GET", "event/next", **me)[2]
'''
LOOP = '''
me = register()
while True:
    event = following(me)
    say(json.dumps(event))
    if event["eventType"] == "SHUTDOWN":
        break
'''
HANDLER = '''
import time
def handler(event, context):
    if event == "hang":
        time.sleep(60)
    if event == "leave":
        import os
        os._exit(3)
    print("handled", event)
    return event
'''


class Extended(Functions):
    """A Python function `f` with a layer of extensions."""

    def extend(self, extensions, handler=HANDLER, **more):
        files = {f"extensions/{name}": (PROLOGUE if text.startswith("\n") else "") + text
                 for name, text in extensions.items()}
        layer = self.lambda_.publish_layer_version(LayerName="l", Content={"ZipFile": zip_of(files)})["LayerVersionArn"]
        self.make("python3.12", "main.handler", {"main.py": handler}, Layers=[layer], **more)

    def log(self):
        return "".join(self.log_events())

    def remove_environments(self):
        """What an update does."""
        self.lambda_.update_function_configuration(FunctionName="f", Description="new")


@pytest.fixture
def functions(server):
    return Extended(server)


def test_an_extension_is_told_of_invocations_and_of_the_end(functions):
    functions.extend({"watcher": LOOP})
    answer, error, tail = functions.invoke({"a": 1})
    assert (answer, error) == ({"a": 1}, None), tail
    assert '"eventType": "INVOKE"' in tail and "handled {'a': 1}" in tail
    assert functions.invoke(2)[0] == 2
    functions.remove_environments()
    wait_until(lambda: "SHUTDOWN\"" in functions.log(), "the extension is told of the end")
    log = functions.log()
    assert re.search(r"^INIT_START .*\nEXTENSION\tName: watcher\tState: Ready\tEvents: \[INVOKE, SHUTDOWN\]\nSTART ", log, re.M), log
    events = [json.loads(line) for line in re.findall(r"^watcher ({.*})$", log, re.M)]
    assert [event["eventType"] for event in events] == ["INVOKE", "INVOKE", "SHUTDOWN"]
    first, end = events[0], events[-1]
    assert first["invokedFunctionArn"].endswith(":function:f") and re.fullmatch(r"[0-9a-f-]{36}", first["requestId"])
    assert first["tracing"]["type"] == "X-Amzn-Trace-Id" and first["tracing"]["value"].startswith("Root=1-")
    assert first["deadlineMs"] > 1_600_000_000_000
    assert end["shutdownReason"] == "spindown" and set(end) == {"eventType", "shutdownReason", "deadlineMs"}


def test_the_environment_is_busy_until_the_extension_is_done(functions):
    functions.extend({"slow": LOOP.replace("    say(", "    time.sleep(0.4)\n    say(")})
    _, error, tail = functions.invoke("x")
    assert error is None
    assert float(re.search(r"\tDuration: ([0-9.]+) ms", tail)[1]) >= 400
    # Its output came before the report.
    assert tail.index('slow {"eventType"') < tail.index("REPORT RequestId")


def test_an_extension_has_an_environment_of_its_own(functions):
    functions.extend({"env": "\nsay(json.dumps({'env': dict(os.environ), 'cwd': os.getcwd(), 'uid': os.getuid()}))" + LOOP},
                     Environment={"Variables": {"MINE": "1"}})
    functions.invoke()
    seen = json.loads(re.search(r"^env ({\"env\".*})$", functions.log(), re.M)[1])
    environment = seen["env"]
    assert environment["MINE"] == "1" and environment["AWS_LAMBDA_FUNCTION_NAME"] == "f"
    assert environment["AWS_SESSION_TOKEN"] and environment["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    for name in ("_HANDLER", "AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "LAMBDA_TASK_ROOT",
                 "LAMBDA_RUNTIME_DIR", "AWS_XRAY_DAEMON_ADDRESS", "AWS_XRAY_CONTEXT_MISSING"):
        assert name not in environment
    assert seen["cwd"] == "/"


def test_the_api_refuses_what_is_wrong(functions):
    functions.extend({"wrong": '''
def show(what, answer):
    say(what, answer[0], answer[2]["errorType"] if isinstance(answer[2], dict) else answer[2])
show("nameless", call("POST", "register", "{}"))
show("broken", call("POST", "register", "{", Lambda_Extension_Name=NAME))
show("event", call("POST", "register", '{"events":["LUNCH"]}', Lambda_Extension_Name=NAME))
show("inside", call("POST", "register", '{"events":["SHUTDOWN"]}', Lambda_Extension_Name="another"))
show("method", call("GET", "register"))
show("path", call("GET", "nothing"))
show("missing", call("GET", "event/next"))
show("invalid", call("GET", "event/next", Lambda_Extension_Identifier="me"))
show("unknown", call("GET", "event/next", Lambda_Extension_Identifier="8f5a8c6e-0000-4000-8000-000000000001"))
show("large", call("POST", "register", "[" * 300000, Lambda_Extension_Name=NAME))
me = register(Lambda_Extension_Accept_Feature="accountId")
show("twice", call("POST", "register", "{}", Lambda_Extension_Name=NAME))
show("untyped", call("POST", "exit/error", "{}", **me))
while True:
    if following(me)["eventType"] == "SHUTDOWN":
        break
    show("late", call("POST", "register", "{}", Lambda_Extension_Name="late"))
    show("too late", call("POST", "init/error", "{}", Lambda_Extension_Function_Error_Type="Fatal.X", **me))
'''})
    assert functions.invoke("x")[1] is None
    found = dict(re.findall(r"^wrong (.*) (\d+ .*)$", functions.log(), re.M))
    assert found == {
        "nameless": "403 Extension.InvalidExtensionName", "broken": "403 InvalidRequestFormat",
        "event": "403 Extension.InvalidEventType", "inside": "403 Extension.InvalidEventType",
        "method": "405 MethodNotAllowed", "path": "404 NotFound", "missing": "403 Extension.MissingExtensionIdentifier",
        "invalid": "403 Extension.InvalidExtensionIdentifier", "unknown": "403 Extension.UnknownExtensionIdentifier",
        "large": "413 RequestEntityTooLarge", "twice": "403 Extension.InvalidExtensionState",
        "untyped": "403 Extension.MissingHeader", "late": "403 Extension.RegistrationClosed",
        "too late": "403 Extension.InvalidExtensionState"}


@pytest.mark.parametrize("source, kind, message", [
    ("\nsys.exit(5)\n", "Extension.Crash", "exit status 5"),
    ("\nregister()\nos.kill(os.getpid(), signal.SIGKILL)\n", "Extension.Crash", "signal: killed"),
    ("\nme = register()\ncall('POST', 'init/error', '{}', Lambda_Extension_Function_Error_Type='Fatal.X', **me)\n",
     "Extension.InitError", "exit code 0"),
    ("no program", "Extension.LaunchError", "fork/exec /opt/extensions/broken: permission denied"),
    ("#!/no/such/interpreter\n", "Extension.LaunchError", "fork/exec /opt/extensions/broken: no such file or directory"),
], ids=("exits", "killed", "init error", "no program", "no interpreter"))
def test_an_extension_that_cannot_start_fails_the_function(functions, source, kind, message):
    functions.extend({"broken": source})
    answer, error, tail = functions.invoke("x")
    assert error == "Unhandled" and answer["errorType"] == kind, answer
    assert re.fullmatch(r"RequestId: [0-9a-f-]{36} Error: " + re.escape(message), answer["errorMessage"]), answer
    assert tail.endswith(f"\tStatus: error\tError Type: {kind}\n")
    assert re.search(rf"EXTENSION\tName: broken\tState: \w+\tEvents: .*\nINIT_REPORT .*\tPhase: init\tStatus: error\tError Type: "
                     rf"{kind}\n", functions.log()), functions.log()


def test_a_crash_in_an_invocation_ends_the_environment(functions):
    functions.extend({"crashes": "\nme = register(['INVOKE'])\nfollowing(me)\ntime.sleep(0.3)\nsys.exit(7)\n", "watcher": LOOP})
    answer, error, _ = functions.invoke("hang")
    assert error == "Unhandled" and answer["errorType"] == "Extension.Crash" and "exit status 7" in answer["errorMessage"]
    assert '"shutdownReason": "failure"' in functions.log()


def test_the_reset_after_a_timeout_is_told(functions):
    functions.extend({"watcher": LOOP}, Timeout=2)
    answer, error, tail = functions.invoke("hang")
    assert error == "Unhandled" and answer["errorType"] == "Sandbox.Timedout"
    assert '"shutdownReason": "timeout"' in tail and "Task timed out after 2.00 seconds" in tail
    assert functions.invoke("again")[0] == "again"
    answer, error, tail = functions.invoke("leave")
    assert answer["errorType"] == "Runtime.ExitError" and '"shutdownReason": "failure"' in tail


def test_what_extensions_leave_behind_is_gone_with_the_server(functions, sortie):
    functions.extend({"parent": "\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(10000)\n" + LOOP})
    assert functions.invoke("x")[1] is None
    functions.server.stop()  # the fixture looks for processes


def test_the_output_of_an_extension_is_complete(functions):
    functions.extend({"floods": "\nfor i in range(6000):\n    print('flood', i)\nsys.stdout.flush()" + LOOP})
    assert functions.invoke("x")[1] is None
    functions.remove_environments()
    wait_until(lambda: len(re.findall(r"^flood \d+$", functions.log(), re.M)) == 6000, "all lines are there")


TELEMETRY = """
import http.server, threading
got = []
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        got.extend(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *ignored):
        pass
server = http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
me = register()
def subscribe(**changes):
    wanted = {"schemaVersion": "2022-12-13", "types": ["platform", "function", "extension"],
              "destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain:8080"},
              "buffering": {"maxItems": 1000, "maxBytes": 262144, "timeoutMs": 25}, **changes}
    return call("PUT", "/2022-07-01/telemetry", json.dumps(wanted), **me)
say("refused", json.dumps([subscribe(**wrong)[0] for wrong in (
    {"schemaVersion": "2000-01-01"}, {"types": []}, {"types": ["gossip"]}, {"buffering": {"maxItems": 1}},
    {"destination": {"protocol": "HTTP", "URI": "http://example.com:80"}},
    {"destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain:9001"}},
    {"destination": {"protocol": "TCP", "port": 8080}})]))
say("subscribed", *subscribe()[::2])
while True:
    event = following(me)
    if event["eventType"] == "SHUTDOWN":
        break
    say("late", subscribe()[2]["errorType"])
time.sleep(0.5)
print("EVENTS " + json.dumps(got), flush=True)
"""


def test_telemetry_is_delivered(functions):
    functions.extend({"listener": TELEMETRY})
    assert functions.invoke("first")[1] is None
    assert functions.invoke("second")[1] is None
    functions.remove_environments()
    wait_until(lambda: "EVENTS [" in functions.log(), "the extension tells what it got")
    log = functions.log()
    assert "listener refused [400, 400, 400, 400, 400, 400, 501]\n" in log, log
    assert "listener subscribed 200 OK\n" in log and "listener late Telemetry.SubscriptionClosed\n" in log
    assert "TELEMETRY\tName: listener\tState: Subscribed\tTypes: [Platform, Function, Extension]\n" in log
    events = json.loads(re.search(r"^EVENTS (.*)$", log, re.M)[1])
    kinds = [event["type"] for event in events]
    assert kinds[:2] == ["platform.initStart", "platform.telemetrySubscription"], kinds
    for kind, count in (("platform.initRuntimeDone", 1), ("platform.initReport", 1), ("platform.extension", 1),
                        ("platform.start", 2), ("platform.runtimeDone", 2), ("platform.report", 2)):
        assert kinds.count(kind) == count, (kind, kinds)
    assert [event["record"] for event in events if event["type"] == "function"] == ["handled first", "handled second"]
    assert "listener subscribed 200 OK" in [event["record"] for event in events if event["type"] == "extension"]
    report = next(event for event in events if event["type"] == "platform.report")["record"]
    assert report["status"] == "success" and report["metrics"]["memorySizeMB"] == 256
