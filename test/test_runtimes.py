"""Managed runtimes: Python functions on this machine's interpreters, layers, and what all runtimes share."""

import base64
import io
import json
import pathlib
import re
import stat
import textwrap
import zipfile

import pytest

from support import EXECUTION_TRUST

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
from botocore.exceptions import ClientError  # noqa: E402


def zip_of(files):
    """A package of `{name: text}`; scripts and programs are executable."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            content = textwrap.dedent(content).encode() if isinstance(content, str) else content
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o755 if content.startswith((b"#!", b"\x7fELF")) else 0o644) << 16
            archive.writestr(entry, content)
    return data.getvalue()


class Functions:
    """Makes and invokes functions of one server."""

    def __init__(self, server):
        self.server = server
        self.lambda_ = server.boto3("lambda")
        self.logs = server.boto3("logs")
        iam = server.boto3("iam")
        self.role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=EXECUTION_TRUST)["Role"]["Arn"]
        iam.attach_role_policy(RoleName="r",
                               PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")

    def make(self, runtime, handler, files, name="f", **more):
        known = self.lambda_.meta.service_model.operation_model("CreateFunction").input_shape.members
        if unknown := set(more) - set(known):
            pytest.skip(f"this boto3 does not know {unknown}")
        self.lambda_.create_function(FunctionName=name, Runtime=runtime, Handler=handler, Role=self.role,
                                     Code={"ZipFile": zip_of(files)}, **{"Timeout": 20, "MemorySize": 256, **more})
        self.lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})

    def invoke(self, event=None, name="f", **more):
        """(answer, error, log tail)"""
        done = self.lambda_.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail", **more)
        answer = json.loads(done["Payload"].read() or b"null")
        return answer, done.get("FunctionError"), base64.b64decode(done["LogResult"]).decode()

    def log_events(self, name="f"):
        group = f"/aws/lambda/{name}"
        streams = self.logs.describe_log_streams(logGroupName=group)["logStreams"]
        # An invocation that follows close on another may have an environment, and so a stream, of its own.
        return [event["message"] for stream in streams
                for event in self.logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"],
                                                      startFromHead=True)["events"]]


@pytest.fixture
def functions(server):
    return Functions(server)


PYTHON = "python3.12"


def run_python(functions, source, event=None, handler="main.handler", **more):
    functions.make(PYTHON, handler, {"main.py": source}, **more)
    return functions.invoke(event)


def test_python_answers_and_has_a_context(functions):
    answer, error, log = run_python(functions, """
        def handler(event, context):
            print("seen", event["number"])
            assert 0 < context.get_remaining_time_in_millis() <= 20000
            return {"id": context.aws_request_id, "name": context.function_name, "version": context.function_version,
                    "arn": context.invoked_function_arn, "memory": context.memory_limit_in_mb,
                    "group": context.log_group_name, "stream": context.log_stream_name, "client": context.client_context,
                    "identity": context.identity.cognito_identity_id, "text": "äöü \U0001f600"}
        """, {"number": 7})
    assert error is None, log
    assert re.fullmatch(r"[0-9a-f-]{36}", answer["id"])
    assert (answer["name"], answer["version"], answer["memory"], answer["group"]) == ("f", "$LATEST", "256",
                                                                                     "/aws/lambda/f")
    assert answer["arn"].endswith(":function:f") and "[$LATEST]" in answer["stream"]
    assert answer["client"] is None and answer["identity"] is None and answer["text"] == "äöü \U0001f600"
    assert "seen 7\n" in log


def test_python_environment_is_lambdas(functions):
    answer, _, _ = run_python(functions, """
        import os, sys
        def handler(event, context):
            return {"env": dict(os.environ), "path": sys.path, "cwd": os.getcwd()}
        """)
    assert answer["env"]["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.12"
    assert answer["env"]["_HANDLER"] == "main.handler" and answer["env"]["_X_AMZN_TRACE_ID"].startswith("Root=1-")
    assert answer["path"][0] == answer["env"]["LAMBDA_TASK_ROOT"] == answer["cwd"]


def test_python_logging_has_lambdas_form(functions):
    _, _, log = run_python(functions, """
        import logging
        logging.getLogger().setLevel(logging.DEBUG)
        def handler(event, context):
            logging.debug("fine %d", 1)
            logging.getLogger("own").error("bad")
        """)
    line = r"\[{}\]\t\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z\t[0-9a-f-]{{36}}\t{}\n"
    assert re.search(line.format("DEBUG", "fine 1"), log), log
    assert re.search(line.format("ERROR", "bad"), log), log


def test_a_logged_message_of_several_lines_is_one_event(functions):
    run_python(functions, """
        import logging
        def handler(event, context):
            print("one\\ntwo")
            print("unfinished ", end="")
            logging.warning("first\\nsecond\\nthird")
        """)
    events = functions.log_events()
    assert "one\n" in events and "two\n" in events and "unfinished " in events
    assert [event for event in events if event.endswith("\tfirst\nsecond\nthird\n")], events


def test_python_errors_are_documents(functions):
    answer, error, log = run_python(functions, """\
        import subprocess

        def handler(event, context):
            subprocess.check_output(["false"])
        """)
    assert error == "Unhandled" and answer["errorType"] == "CalledProcessError"
    assert answer["errorMessage"] == "Command '['false']' returned non-zero exit status 1."
    assert re.fullmatch(r"[0-9a-f-]{36}", answer["requestId"])
    assert re.fullmatch(r'  File ".*/main\.py", line 4, in handler\n    subprocess\.check_output\(\["false"\]\)\n',
                        answer["stackTrace"][0])
    assert "[ERROR] CalledProcessError: Command" in log and "Traceback (most recent call last):" in log


@pytest.mark.parametrize("source, error_type, message", [
    ("import nowhere\n", "Runtime.ImportModuleError", "Unable to import module 'main': No module named 'nowhere'"),
    ("def handler(:\n", "Runtime.UserCodeSyntaxError", "Syntax error in module 'main': "),
    ("x = 1\n", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'main'"),
    ("raise ValueError('at init')\n", "ValueError", "at init"),
    ("def handler(event, context):\n    return b'bytes'\n", "Runtime.MarshalError",
     "Unable to marshal response: Object of type bytes is not JSON serializable"),
    ("import sys\ndef handler(event, context):\n    sys.exit(3)\n", "Runtime.ExitError",
     "Error: Runtime exited with error: exit status 3"),
    ("import os\ndef handler(event, context):\n    os._exit(0)\n", "Runtime.ExitError",
     "Error: Runtime exited without providing a reason"),
    ("import os\ndef handler(event, context):\n    os.kill(os.getpid(), 9)\n", "Runtime.ExitError",
     "Error: Runtime exited with error: signal: killed"),
])
def test_python_failures(functions, source, error_type, message):
    answer, error, log = run_python(functions, source)
    assert error == "Unhandled"
    assert answer["errorType"] == error_type and message in answer["errorMessage"], answer
    assert error_type in log


@pytest.mark.parametrize("handler, file", [("sub/main.handler", "sub/main.py"), ("sub.main.handler", "sub/main.py")])
def test_python_handlers_in_folders(functions, handler, file):
    functions.make(PYTHON, handler, {file: "def handler(event, context):\n    return __name__\n"})
    assert functions.invoke()[0] == "sub.main"


def test_python_json_logs(functions):
    functions.make(PYTHON, "main.handler", {"main.py": """
        import logging
        def handler(event, context):
            logging.debug("too fine")
            logging.info("told", extra={"order": 5})
            raise KeyError("missing")
        """}, LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "DEBUG"})
    functions.invoke()
    lines = [json.loads(event) for event in functions.log_events()]
    kinds = [line.get("type") for line in lines]
    for kind in ("platform.initStart", "platform.initRuntimeDone", "platform.start", "platform.runtimeDone",
                 "platform.report"):
        assert kind in kinds
    told = next(line for line in lines if line.get("message") == "told")
    assert (told["level"], told["logger"], told["order"]) == ("INFO", "root", 5) and "requestId" in told
    assert "too fine" not in str(lines)
    assert next(line for line in lines if line.get("errorType") == "KeyError")["errorMessage"] == "'missing'"


def test_python_keeps_its_state_between_invocations(functions):
    functions.make(PYTHON, "main.handler", {"main.py": """
        calls = 0
        def handler(event, context):
            global calls
            calls += 1
            return calls
        """})
    assert [functions.invoke()[0] for _ in range(3)] == [1, 2, 3]


def test_client_context(functions):
    functions.make(PYTHON, "main.handler", {"main.py": """
        def handler(event, context):
            return [context.client_context.custom, context.client_context.client.app_title]
        """})
    context = base64.b64encode(json.dumps({"custom": {"a": "b"}, "client": {"app_title": "t"}}).encode()).decode()
    assert functions.invoke(ClientContext=context)[0] == [{"a": "b"}, "t"]


def test_the_interpreters_version_is_named(functions):
    answer, _, log = run_python(functions, "import sys\ndef handler(event, context):\n"
                                           "    return '%d.%d.%d' % sys.version_info[:3]\n")
    assert f"INIT_START Runtime Version: python:{answer}.v1\tRuntime Version ARN: arn:aws:lambda:" in \
        "".join(functions.log_events())


@pytest.mark.parametrize("runtime, message", [
    ("python3.7", "is no longer supported for creating or updating AWS Lambda functions"),
    ("nodejs14.x", "is no longer supported for creating or updating AWS Lambda functions"),
    ("ruby3.3", "is not supported for creating or updating AWS Lambda functions on this machine"),
    ("python3.99", "failed to satisfy constraint: Member must satisfy enum value set: ["),
])
def test_runtimes_that_are_not_there(functions, runtime, message):
    with pytest.raises(ClientError) as caught:
        functions.make(runtime, "main.handler", {"main.py": ""})
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert message in str(caught.value)


def test_a_function_can_change_its_runtime(functions):
    run_python(functions, "def handler(event, context):\n    return 1\n")
    functions.lambda_.update_function_configuration(FunctionName="f", Runtime="python3.11")
    functions.lambda_.get_waiter("function_updated_v2").wait(FunctionName="f", WaiterConfig={"Delay": 0.1})
    assert functions.invoke()[0] == 1
    with pytest.raises(ClientError, match="on this machine"):
        functions.lambda_.update_function_configuration(FunctionName="f", Runtime="ruby3.3")


def test_wrapper_script(functions, sandboxed):
    source = "import os\ndef handler(event, context):\n    return os.environ['FROM_WRAPPER']\n"
    functions.make(PYTHON, "main.handler", {
        "main.py": source, "wrapper": "#!/bin/sh\nexport FROM_WRAPPER=yes\nexec \"$@\"\n"},
        Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper"}})
    assert functions.invoke()[0] == "yes"
    functions.lambda_.update_function_configuration(
        FunctionName="f", Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/none"}})
    functions.lambda_.get_waiter("function_updated_v2").wait(FunctionName="f", WaiterConfig={"Delay": 0.1})
    answer, error, _ = functions.invoke()
    assert error and answer["errorMessage"].endswith("Error: Runtime exited with error: exit status 127")
    assert "/var/task/none: does not exist\n" in "".join(
        event["message"] for event in functions.logs.filter_log_events(logGroupName="/aws/lambda/f")["events"])


def test_python_reaches_s3_by_its_own_name(functions, sandboxed):
    """With boto3 where the interpreter has it, as AWS's has."""
    functions.server.boto3("s3").create_bucket(Bucket="a-bucket")
    functions.server.boto3("iam").put_role_policy(RoleName="r", PolicyName="s3", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}))
    answer, error, _ = run_python(functions, """
        def handler(event, context):
            try:
                import boto3
            except ImportError:
                return None
            s3 = boto3.client("s3")
            s3.put_object(Bucket="a-bucket", Key="k", Body=b"from a function")
            return s3.get_object(Bucket="a-bucket", Key="k")["Body"].read().decode()
        """, MemorySize=512)
    assert error is None, answer
    if answer is None:
        pytest.skip("the interpreter has no boto3")
    assert answer == "from a function"


# ---- Layers


def publish(functions, name, files):
    return functions.lambda_.publish_layer_version(LayerName=name, Content={"ZipFile": zip_of(files)})


def test_layers_are_merged_in_their_order(functions, sandboxed):
    first = publish(functions, "first", {"python/a.py": "who = 'first'\n", "python/b.py": "who = 'first'\n",
                                         "bin/tool": "#!/bin/sh\necho tool of the first\n"})
    second = publish(functions, "second", {"python/b.py": "who = 'second'\n", "etc/file": "text\n"})
    answer, _, _ = run_python(functions, """
        import a, b, subprocess
        def handler(event, context):
            return [a.who, b.who, subprocess.check_output(["tool"]).decode(), open("/opt/etc/file").read()]
        """, Layers=[first["LayerVersionArn"], second["LayerVersionArn"]])
    assert answer == ["first", "second", "tool of the first\n", "text\n"]
    shown = functions.lambda_.get_function_configuration(FunctionName="f")["Layers"]
    assert [layer["Arn"] for layer in shown] == [first["LayerVersionArn"], second["LayerVersionArn"]]


def test_a_deleted_layer_goes_on_in_functions(functions, sandboxed):
    layer = publish(functions, "l", {"python/a.py": "who = 'layer'\n"})
    functions.make(PYTHON, "main.handler", {"main.py": "import a\ndef handler(event, context):\n    return a.who\n"},
                   Layers=[layer["LayerVersionArn"]])
    functions.lambda_.delete_layer_version(LayerName="l", VersionNumber=1)
    assert functions.invoke()[0] == "layer"


def test_a_bootstrap_in_a_layer(functions, sandboxed):
    layer = publish(functions, "runtime", {"bootstrap": "#!/bin/sh\necho from the layer\nexit 4\n"})
    functions.make("provided.al2023", "x", {"data": "x"}, Layers=[layer["LayerVersionArn"]])
    answer, _, _ = functions.invoke()
    assert answer["errorMessage"].endswith("exit status 4")
    assert functions.log_events().count("from the layer\n") == 2  # in the init phase, and again before START


def test_python_of_another_folder_is_shown_to_the_sandbox(sortie, sandboxed):
    """An interpreter below a home folder, as pyenv and uv install them."""
    versions = pathlib.Path.home() / ".pyenv/versions"
    found = sorted(versions.glob("3.*/bin/python3.*[0-9]"))
    found = [path for path in found if re.fullmatch(r"python3\.(9|1\d)", path.name) and path.stat().st_mode & stat.S_IXOTH]
    if not found:
        pytest.skip("no Python in ~/.pyenv")
    package = sortie.folder / "f.zip"
    package.write_bytes(zip_of({"main.py": "import sys, ssl\ndef handler(event, context):\n    return sys.prefix\n"}))
    runtime = found[0].name
    ended = sortie("invoke", "--zip", package, "--handler", "main.handler", "--runtime", runtime,
                   environment={"PATH": f"{found[0].parent}:/usr/bin:/bin"})
    assert ended.status == 0 and ended.stdout.strip() == '"/var/lang"', ended


# ---- The ways to fail that need more than a few lines


@pytest.mark.parametrize("handler, error_type, message", [
    ("main", "Runtime.MalformedHandlerName", "Bad handler 'main': not enough values to unpack (expected 2, got 1)"),
    ("sys.handler", "Runtime.BuiltInModuleConflict", "Cannot use built-in module sys as a handler module"),
    ("none.handler", "Runtime.ImportModuleError", "Unable to import module 'none': No module named 'none'"),
])
def test_python_handlers_that_cannot_be(functions, handler, error_type, message):
    answer, error, log = run_python(functions, "def handler(event, context):\n    return 1\n", handler=handler)
    assert error == "Unhandled" and answer["requestId"] == ""
    assert (answer["errorType"], answer["errorMessage"]) == (error_type, message)
    assert log.rstrip("\n").endswith(f"Status: error\tError Type: {error_type}"), log
    assert [event for event in functions.log_events() if event.startswith("INIT_REPORT")
            and event.endswith(f"\tPhase: init\tStatus: error\tError Type: {error_type}\n")]


TOO_LARGE = {"errorType": "Function.ResponseSizeTooLarge",
             "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes)."}


def test_python_answers_that_are_too_large(functions):
    answer, error, _ = run_python(functions, "def handler(event, context):\n    return 'x' * event\n", 6291557)
    assert error == "Unhandled" and answer == TOO_LARGE
    assert functions.invoke(6291554)[:2] == ("x" * 6291554, None)  # with its quotes the most that there may be


def test_python_out_of_memory(functions, sandboxed):
    answer, error, log = run_python(functions, """
        def handler(event, context):
            kept = []
            while True:
                kept.append(bytearray(b"x" * (8 << 20)))
        """, MemorySize=128)
    assert error == "Unhandled" and answer["errorType"] == "Runtime.OutOfMemory"
    assert answer["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
    assert log.endswith("\tMemory Size: 128 MB\tMax Memory Used: 128 MB\tInit Duration: " + log.rpartition("Init Duration: ")[2])
    assert log.endswith("\tStatus: error\tError Type: Runtime.OutOfMemory\n"), log


def test_python_segfault(functions):
    answer, error, log = run_python(functions, """
        import os, signal
        def handler(event, context):
            print("before")
            os.kill(os.getpid(), signal.SIGSEGV)
        """)
    assert error == "Unhandled" and answer["errorType"] == "Runtime.ExitError"
    assert answer["errorMessage"].endswith("Error: Runtime exited with error: signal: segmentation fault")
    lines = log.splitlines()
    assert lines[1] == "before" and lines[2].endswith("Error: Runtime exited with error: signal: segmentation fault")
    assert lines[3] == "Runtime.ExitError" and lines[4].startswith("END RequestId: ")


def test_python_times_out(functions):
    answer, error, log = run_python(functions, """
        import time
        def handler(event, context):
            print("before")
            time.sleep(30)
        """, Timeout=1)
    assert error == "Unhandled" and answer["errorType"] == "Sandbox.Timedout"
    assert answer["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    lines = log.splitlines()
    assert lines[1] == "before" and lines[2].endswith("Task timed out after 1.00 seconds")
    assert lines[-1].endswith("\tStatus: timeout")
