"""The AWS SDK in managed runtimes, and Node.js as Lambda switches it."""

import os
import pathlib
import shutil
import subprocess

import pytest

from support import Server
from test_runtimes import Functions, publish, zip_of  # noqa: F401

pytest.importorskip("boto3", reason="boto3 is not installed")

NODE = "nodejs20.x"


@pytest.fixture
def sdk(sortie):
    """Where the user's SDK is installed."""
    return sortie.folder / ".local/share/sortie/sdk"


@pytest.fixture
def functions(sortie, sdk):
    """Of a server that is started at the first use, when the SDK is there."""
    class Later:
        def __getattr__(self, name):
            if "made" not in self.__dict__:
                self.__dict__["running"] = Server(sortie)
                self.__dict__["made"] = Functions(self.running)
            return getattr(self.made, name)
    later = Later()
    yield later
    if "running" in later.__dict__:
        later.running.stop()


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def needs_node(major=0):
    if shutil.which("node") is None:
        pytest.skip("Node.js is not installed")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout
    if int(version[1:].split(".")[0]) < major:
        pytest.skip(f"Node.js {version.strip()} is older than {major}")


def test_python_finds_what_the_user_installed(functions, sdk):
    write(sdk, {"python/boto3/__init__.py": "who = 'the SDK'\n", "python/other.py": "who = 'the SDK'\n"})
    layer = zip_of({"python/other.py": "who = 'the layer'\n"})
    arn = functions.lambda_.publish_layer_version(LayerName="l", Content={"ZipFile": layer})["LayerVersionArn"]
    functions.make("python3.12", "main.handler", {"main.py": """
        import boto3, other
        def handler(event, context):
            return [boto3.who, other.who]
        """}, Layers=[arn])
    assert functions.invoke()[0] == ["the SDK", "the layer"]


@pytest.mark.parametrize("where", ["init", "handler"])
def test_python_says_what_to_do(functions, where):
    body = "import sys; sys.modules['boto3'] = None; import boto3"
    source = f"{body}\n" if where == "init" else f"def handler(event, context):\n    {body}\n"
    functions.make("python3.12", "main.handler", {"main.py": source})
    _, error, log = functions.invoke()
    assert error == "Unhandled"
    lines = "".join(functions.log_events()).splitlines()
    found = [i for i, line in enumerate(lines) if line.startswith("sortie: the AWS SDK")]
    assert found and all("python3 -m pip install --target" in lines[i] and "[ERROR]" in "\n".join(lines[:i]) for i in found), lines


def test_other_imports_that_fail_get_no_advice(functions):
    functions.make("python3.12", "main.handler", {"main.py": "import nowhere\n"})
    functions.invoke()
    assert not any("sortie:" in line for line in functions.log_events())


def test_botocore_trusts_the_sandbox(functions, sandboxed):
    """By AWS's own names, over TLS, with nothing said about certificates."""
    functions.make("python3.12", "main.handler", {"main.py": """
        def handler(event, context):
            try:
                import boto3
            except ImportError:
                return "no boto3"
            return boto3.client("sts").get_caller_identity()["Arn"]
        """})
    answer, error, log = functions.invoke()
    if answer == "no boto3":
        pytest.skip("the interpreter of Python functions has no boto3")
    assert error is None and answer.endswith(":assumed-role/r/f"), (answer, log)


def test_the_functions_own_certificates_win(functions):
    functions.make("python3.12", "main.handler", {"main.py": """
        import os
        def handler(event, context):
            return [os.environ.get(name) for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")]
        """}, Environment={"Variables": {"AWS_CA_BUNDLE": "/var/task/mine.pem"}})
    answer = functions.invoke()[0]
    assert answer[0] == "/var/task/mine.pem" and answer[1] in ("/var/runtime/ca-cert.pem", None)


PACKAGE = {"package.json": '{"name": "PLACE", "exports": {"import": "./index.mjs", "require": "./index.cjs"}}',
           "index.mjs": "export const who = 'PLACE by import';\n", "index.cjs": "exports.who = 'PLACE by require';\n"}


def package(place):
    return {name: text.replace("PLACE", place) for name, text in PACKAGE.items()}


@pytest.mark.parametrize("file, source", [
    ("index.mjs", "import { who } from '@aws-sdk/client-x';\nimport { who as other } from 'layered';\n"
                  "export const handler = async () => [who, other];\n"),
    ("index.js", "exports.handler = async () => [(await import('@aws-sdk/client-x')).who, (await import('layered')).who];\n"),
])
def test_node_imports_the_sdk_and_layers(functions, sdk, file, source):
    needs_node(20)
    write(sdk / "nodejs/node_modules/@aws-sdk/client-x", package("sdk"))
    layer = zip_of({f"nodejs/node_modules/layered/{name}": text for name, text in package("layer").items()})
    arn = functions.lambda_.publish_layer_version(LayerName="l", Content={"ZipFile": layer})["LayerVersionArn"]
    functions.make(NODE, "index.handler", {file: source}, Layers=[arn])
    answer, error, log = functions.invoke()
    assert answer == ["sdk by import", "layer by import"], (answer, log)


def test_node_requires_the_sdk(functions, sdk):
    needs_node()
    write(sdk / "nodejs/node_modules/@aws-sdk/client-x", package("sdk"))
    functions.make(NODE, "index.handler", {
        "index.js": "const { who } = require('@aws-sdk/client-x'); exports.handler = async () => who;"})
    assert functions.invoke()[0] == "sdk by require"


@pytest.mark.parametrize("file, source", [
    ("index.js", "require('@aws-sdk/client-nowhere'); exports.handler = async () => 1;"),
    ("index.mjs", "import '@aws-sdk/client-nowhere'; export const handler = async () => 1;"),
    ("index.js", "exports.handler = async () => require('@aws-sdk/client-nowhere');"),
])
def test_node_says_what_to_do(functions, file, source):
    needs_node()
    functions.make(NODE, "index.handler", {file: source})
    assert functions.invoke()[1] == "Unhandled"
    assert any(line.startswith("sortie: the AWS SDK") and "npm install --prefix" in line for line in functions.log_events())


@pytest.mark.parametrize("runtime, more, works", [
    ("nodejs20.x", None, False), ("nodejs22.x", None, False),
    ("nodejs20.x", "--experimental-require-module --no-warnings", True),
])
def test_require_of_es_modules(functions, runtime, more, works):
    needs_node(20)
    variables = {"Environment": {"Variables": {"NODE_OPTIONS": more}}} if more else {}
    functions.make(runtime, "index.handler", {"index.js": "const { a } = require('./m.mjs'); exports.handler = async () => a;",
                                              "m.mjs": "export const a = 1;"}, **variables)
    answer, error, _ = functions.invoke()
    assert (answer == 1) if works else (error == "Unhandled" and answer["errorType"] == "Error"), answer


def test_no_detection_of_es_modules(functions):
    needs_node(20)
    source = {"index.js": "export const handler = async () => 1;"}
    functions.make("nodejs22.x", "index.handler", source)
    answer, error, _ = functions.invoke()
    assert error == "Unhandled" and answer["errorType"] == "Runtime.UserCodeSyntaxError", answer


def quotas(server):
    """Of the server's control groups that have one, in milliseconds of 100: those made ahead have none yet."""
    found = []
    for folder in pathlib.Path("/sys/fs/cgroup").glob(f"**/sortie-{server.process.pid}-*"):
        for name in ("cpu.cfs_quota_us", "cpu.max"):
            try:
                found.append(int((folder / name).read_text().split()[0]) // 1000)
            except (OSError, ValueError):
                continue
    return [quota for quota in found if quota >= 0]


def test_init_has_a_whole_core(server):
    """A function of 128 MB has a fourteenth of one; its init, which waits to be seen, has all of it."""
    import threading
    from support import wait_until
    functions = Functions(server)
    functions.make("python3.12", "main.handler", {"main.py": """
        import time
        time.sleep(4)
        def handler(event, context):
            return 1
        """}, MemorySize=128)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(functions.invoke()[0]))
    thread.start()
    seen = []
    while thread.is_alive():
        seen += quotas(server)
        thread.join(0.05)
    if not seen:
        pytest.skip("no cpu controller here")
    assert answers == [1] and max(seen) == 100
    assert quotas(server) == [7]
    wait_until(lambda: functions.invoke()[0] == 1, "it answers")


def test_sh_is_bash(server, sandboxed):
    if not os.path.exists("/bin/bash"):
        pytest.skip("no bash here")
    functions = Functions(server)
    functions.make("provided.al2023", "x", {"bootstrap": """\
        #!/bin/sh
        set -euo pipefail
        source ./lib.sh
        names=(a b)
        while true; do
          headers=$(mktemp)
          exec 3<>/dev/tcp/${AWS_LAMBDA_RUNTIME_API/:/\\/}
          printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: r\\r\\nConnection: close\\r\\n\\r\\n' >&3
          id=$(tr -d '\\r' <&3 | sed -n 's/^Lambda-Runtime-Aws-Request-Id: //Ip')
          body="\\"$(greeting) ${#names[@]} $(system_shell)\\""
          exec 3<>/dev/tcp/${AWS_LAMBDA_RUNTIME_API/:/\\/}
          printf 'POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\\r\\nHost: r\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n%s' "$id" ${#body} "$body" >&3
          cat <&3 >/dev/null
        done
        """, "lib.sh": "greeting() { echo hello; }\nsystem_shell() { sh -c 'echo ${BASH_VERSION:+bash}'; }\n"})
    answer, error, log = functions.invoke()
    assert answer == "hello 2 bash", (answer, log)
