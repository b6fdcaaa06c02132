"""Clients that no one here wrote, against `sortie serve`: AWS's SDKs for JavaScript, Go and Rust, rclone, s3cmd, both generations of
the AWS CLI and every boto3 that is to be found.

The SDKs are fetched with their ecosystems' ordinary commands into a cache (build/clients, or SORTIE_CLIENTS_DIR); where that, or the
toolchain, is not there, the test is skipped and says why. The Rust SDK takes minutes to compile: it runs when it is already in the
cache, or when SORTIE_RUST_CLIENT=1 asks for it.
"""

import filecmp
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

import pytest

import support

SOURCES = support.REPOSITORY / "test/clients"
CACHE = pathlib.Path(os.environ.get("SORTIE_CLIENTS_DIR", support.REPOSITORY / "build/clients"))
FETCH_S, BUILD_S = 300, 1800
LOGGING_POLICY = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"

# A runtime in a shell script: answers with what it was sent.
ECHO = r"""#!/bin/sh
echo "echo starts"
while true; do
  headers=$(mktemp)
  event=$(curl -sS -D "$headers" "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next")
  id=$(grep -i '^lambda-runtime-aws-request-id:' "$headers" | tr -d '\r' | cut -d' ' -f2)
  curl -sS -X POST -d "$event" "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response" >/dev/null
done
"""


def tool(name, *arguments):
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    probe = subprocess.run([path, *(arguments or ["--version"])], capture_output=True, text=True)
    if probe.returncode != 0:
        pytest.skip(f"{name} does not run here: {probe.stderr.strip()[-200:]}")
    return path


def fetched(folder, command, seconds=FETCH_S, environment=None):
    """Runs the command that fetches what a client needs; skips with its last words when it fails."""
    try:
        done = subprocess.run(command, cwd=folder, env={**os.environ, **(environment or {})}, capture_output=True, text=True,
                              timeout=seconds)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{command[0]} took longer than {seconds} s")
    if done.returncode != 0:
        pytest.skip(f"{' '.join(map(str, command[:3]))} failed: {(done.stderr or done.stdout).strip()[-300:]}")


def built(folder, command):
    """Builds a client whose dependencies are there: then it must succeed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=BUILD_S)
    assert done.returncode == 0, done.stdout + done.stderr


def sources(name):
    """The client's sources in its cache folder, copied when they have changed; and whether they had."""
    folder = CACHE / name
    folder.mkdir(parents=True, exist_ok=True)
    changed = False
    for source in (SOURCES / name).rglob("*"):
        target = folder / source.relative_to(SOURCES / name)
        stamp = folder / f".{target.name}.source"
        if source.is_dir() or (stamp.exists() and filecmp.cmp(source, stamp, shallow=False)):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        shutil.copy(source, stamp)
        changed = True
    return folder, changed


@pytest.fixture
def function_zip(tmp_path):
    import zipfile
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    path = tmp_path / "function.zip"
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, ECHO)
    return path


def run_client(server, *command, **more):
    environment = {**server.sortie.environment, **server.environment, **{name: str(value) for name, value in more.items()}}
    done = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True,
                          timeout=support.PATIENCE_S)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}"
    return done.stdout


def test_javascript(server, function_zip):
    node = tool("node")
    folder, changed = sources("javascript")
    if changed or not (folder / "node_modules").exists():
        fetched(folder, [tool("npm"), "install", "--no-audit", "--no-fund", "--no-package-lock"])
    assert run_client(server, node, folder / "check.mjs", FUNCTION_ZIP=function_zip).endswith("done\n")


def test_go(server, function_zip):
    go = tool("go", "version")
    folder, changed = sources("go")
    if changed or not (folder / "client").exists():
        fetched(folder, [go, "mod", "tidy"])
        built(folder, [go, "build", "-o", "client", "."])
    assert run_client(server, folder / "client", FUNCTION_ZIP=function_zip).endswith("done\n")


def test_rust(server):
    cargo = tool("cargo")
    program = CACHE / "rust/target/debug/sortie-rust-client"
    if not program.exists() and os.environ.get("SORTIE_RUST_CLIENT") != "1":
        pytest.skip("the Rust SDK takes minutes to compile: SORTIE_RUST_CLIENT=1 asks for it")
    folder, changed = sources("rust")
    if changed or not program.exists():
        fetched(folder, [cargo, "fetch", "--quiet"])
        built(folder, [cargo, "build", "--quiet", "--offline"])
    assert run_client(server, program).endswith("done\n")


# Command line programs ------------------------------------------------------------------------------------------------


def write_tree(folder):
    (folder / "sub").mkdir(parents=True)
    (folder / "small.txt").write_text("small\n")
    (folder / "sub/empty").write_bytes(b"")
    (folder / "sub/ünï cödé").write_bytes(os.urandom(70_000))
    (folder / "large").write_bytes(os.urandom(9 << 20))
    return folder


def same_trees(left, right):
    names = sorted(path.relative_to(left) for path in left.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(right) for path in right.rglob("*") if path.is_file())
    for name in names:
        assert filecmp.cmp(left / name, right / name, shallow=False), name


def test_rclone(server, tmp_path):
    rclone = tool("rclone")
    local, back = write_tree(tmp_path / "local"), tmp_path / "back"
    remote = {"RCLONE_CONFIG_S_TYPE": "s3", "RCLONE_CONFIG_S_PROVIDER": "Other", "RCLONE_CONFIG_S_ENV_AUTH": "true",
              "RCLONE_CONFIG_S_ENDPOINT": server.url, "RCLONE_CONFIG_S_REGION": server.environment["AWS_REGION"],
              "RCLONE_CONFIG_S_FORCE_PATH_STYLE": "true", "RCLONE_S3_UPLOAD_CUTOFF": "8M", "RCLONE_S3_CHUNK_SIZE": "6M",
              "RCLONE_RETRIES": "1", "RCLONE_CONFIG": str(tmp_path / "rclone.conf")}

    def run(*arguments):
        return run_client(server, rclone, *arguments, **remote)
    run("mkdir", "s:rclone-bucket")
    run("sync", local, "s:rclone-bucket/tree")
    run("check", local, "s:rclone-bucket/tree")
    run("sync", "s:rclone-bucket/tree", back)
    same_trees(local, back)
    run("moveto", "s:rclone-bucket/tree/small.txt", "s:rclone-bucket/moved.txt")
    assert run("cat", "s:rclone-bucket/moved.txt") == "small\n"
    listed = {item["Path"]: item for item in json.loads(run("lsjson", "-R", "--files-only", "s:rclone-bucket"))}
    assert listed["tree/large"]["Size"] == 9 << 20
    run("purge", "s:rclone-bucket")
    assert "rclone-bucket" not in run("lsd", "s:")


@pytest.mark.parametrize("signature", ["v4", "v2"])
def test_s3cmd(server, tmp_path, signature):
    s3cmd = tool("s3cmd")
    local, back = write_tree(tmp_path / "local"), tmp_path / "back"
    host = server.url.removeprefix("http://")
    configuration = tmp_path / "s3cfg"
    configuration.write_text("\n".join([
        "[default]", f"access_key = {server.environment['AWS_ACCESS_KEY_ID']}",
        f"secret_key = {server.environment['AWS_SECRET_ACCESS_KEY']}", f"host_base = {host}", f"host_bucket = {host}",
        f"bucket_location = {server.environment['AWS_REGION']}", "use_https = False", "multipart_chunk_size_mb = 6",
        f"signature_v2 = {signature == 'v2'}"]) + "\n")

    def run(*arguments):
        return run_client(server, s3cmd, "-c", configuration, *arguments)
    run("mb", "s3://s3cmd-bucket")
    # It sets ACLs after copies, which new buckets refuse, here as on AWS.
    server.boto3("s3").put_bucket_ownership_controls(
        Bucket="s3cmd-bucket", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    run("sync", f"{local}/", "s3://s3cmd-bucket/tree/")
    back.mkdir()
    run("sync", "s3://s3cmd-bucket/tree/", f"{back}/")
    same_trees(local, back)
    run("cp", "s3://s3cmd-bucket/tree/small.txt", "s3://s3cmd-bucket/copy.txt")
    run("modify", "--add-header=Cache-Control:no-store", "s3://s3cmd-bucket/copy.txt")
    assert "small.txt" in run("ls", "-r", "s3://s3cmd-bucket")
    assert hashlib.md5(b"small\n").hexdigest() in run("info", "s3://s3cmd-bucket/copy.txt")
    assert run("get", "s3://s3cmd-bucket/copy.txt", "-") == "small\n"
    run("setpolicy", write(tmp_path / "policy", json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::s3cmd-bucket/*"}]})), "s3://s3cmd-bucket")
    run("rb", "--recursive", "--force", "s3://s3cmd-bucket")


def write(path, text):
    path.write_text(text)
    return path


def command_lines():
    """Every AWS CLI that is to be found."""
    found = {}
    for folder in ["/usr/bin", "/usr/local/bin", *os.environ["PATH"].split(os.pathsep)]:
        path = pathlib.Path(folder) / "aws"
        if not path.exists():
            continue
        # PYENV_VERSION and the like are the caller's; a program that is not for this folder says so.
        said = subprocess.run([path, "--version"], capture_output=True, text=True)
        if said.returncode == 0:
            found.setdefault((said.stdout or said.stderr).split()[0], path)
    return found


@pytest.mark.parametrize("generation", ["aws-cli/1", "aws-cli/2"])
def test_aws_cli(server, tmp_path, function_zip, generation):
    paths = [path for version, path in command_lines().items() if version.startswith(generation)]
    if not paths:
        pytest.skip(f"{generation} is not installed")
    local, back = write_tree(tmp_path / "local"), tmp_path / "back"

    def aws(*arguments):
        return run_client(server, paths[0], "--endpoint-url", server.url, *arguments, AWS_PAGER="", AWS_DEFAULT_OUTPUT="json",
                          AWS_MAX_ATTEMPTS="1")
    aws("s3", "mb", "s3://cli-bucket")
    aws("s3", "sync", local, "s3://cli-bucket/tree")
    aws("s3", "sync", "s3://cli-bucket/tree", back)
    same_trees(local, back)
    aws("s3", "mv", "s3://cli-bucket/tree/large", "s3://cli-bucket/moved")
    assert run_client(server, "curl", "-sS", aws("s3", "presign", "s3://cli-bucket/tree/small.txt").strip()) == "small\n"
    role = json.loads(aws("iam", "create-role", "--role-name", "cli", "--assume-role-policy-document", support.EXECUTION_TRUST))
    aws("iam", "attach-role-policy", "--role-name", "cli", "--policy-arn", LOGGING_POLICY)
    aws("lambda", "create-function", "--function-name", "cli", "--runtime", "provided.al2023", "--handler", "x",
        "--role", role["Role"]["Arn"], "--zip-file", f"fileb://{function_zip}")
    aws("lambda", "wait", "function-active-v2" if generation.endswith("2") else "function-active", "--function-name", "cli")
    raw = ("--cli-binary-format", "raw-in-base64-out") if generation.endswith("2") else ()
    out = tmp_path / "out.json"
    answer = json.loads(aws("lambda", "invoke", "--function-name", "cli", "--payload", '{"hello":"you"}', *raw, out))
    assert answer["StatusCode"] == 200 and json.loads(out.read_text()) == {"hello": "you"}
    streams = json.loads(aws("logs", "describe-log-streams", "--log-group-name", "/aws/lambda/cli"))["logStreams"]
    assert streams and streams[0]["logStreamName"]
    assert json.loads(aws("sts", "get-caller-identity"))["Account"] == "000000000000"
    aws("s3", "rb", "--force", "s3://cli-bucket")


# boto3 in every interpreter that has one -------------------------------------------------------------------------------

BOTO3_CHECK = """
import boto3, io, json, os, sys, time
from boto3.s3.transfer import TransferConfig
options = {"endpoint_url": os.environ["AWS_ENDPOINT_URL"]}
s3 = boto3.client("s3", **options)
s3.create_bucket(Bucket="boto-bucket")
data = os.urandom(18 << 20)
s3.upload_fileobj(io.BytesIO(data), "boto-bucket", "large", Config=TransferConfig(multipart_threshold=6 << 20, multipart_chunksize=6 << 20))
back = io.BytesIO()
s3.download_fileobj("boto-bucket", "large", back)
assert back.getvalue() == data
s3.copy({"Bucket": "boto-bucket", "Key": "large"}, "boto-bucket", "copy", Config=TransferConfig(multipart_threshold=6 << 20, multipart_chunksize=6 << 20))
assert s3.head_object(Bucket="boto-bucket", Key="copy")["ContentLength"] == len(data)
try:
    s3.get_object(Bucket="boto-bucket", Key="none")
    sys.exit("no error")
except s3.exceptions.NoSuchKey:
    pass
iam, functions = boto3.client("iam", **options), boto3.client("lambda", **options)
role = iam.create_role(RoleName="boto", AssumeRolePolicyDocument=os.environ["TRUST"])["Role"]["Arn"]
iam.attach_role_policy(RoleName="boto", PolicyArn=os.environ["LOGGING_POLICY"])
functions.create_function(FunctionName="boto", Runtime=os.environ["RUNTIME"], Handler="x", Role=role, Code={"ZipFile": open(os.environ["FUNCTION_ZIP"], "rb").read()})
functions.get_waiter("function_active").wait(FunctionName="boto", WaiterConfig={"Delay": 1})
answer = functions.invoke(FunctionName="boto", Payload=json.dumps({"hello": "you"}))
assert json.loads(answer["Payload"].read()) == {"hello": "you"}
try:
    functions.invoke(FunctionName="none")
    sys.exit("no error")
except functions.exceptions.ResourceNotFoundException:
    pass
logs = boto3.client("logs", **options)
assert logs.filter_log_events(logGroupName="/aws/lambda/boto", filterPattern='"echo starts"')["events"]
assert boto3.client("sts", **options).get_caller_identity()["Account"] == "000000000000"
print(boto3.__version__, "done")
"""


def interpreters():
    """Pythons with a boto3: this one, the distribution's, and the newest boto3 in the cache."""
    return ["this", "distribution", "newest"]


@pytest.mark.parametrize("which", interpreters())
def test_boto3(server, function_zip, which):
    python = {"this": sys.executable, "distribution": "/usr/bin/python3"}.get(which)
    if which == "newest":
        folder = CACHE / "boto3"
        python = folder / "bin/python"
        stale = not python.exists() or time.time() - python.lstat().st_mtime > 7 * 86400
        if stale:
            fetched(None, [sys.executable, "-m", "venv", folder])
            fetched(None, [python, "-m", "pip", "install", "--quiet", "--upgrade", "boto3"])
    probe = subprocess.run([python, "-c", "import boto3"], capture_output=True)
    if probe.returncode != 0:
        pytest.skip(f"{which} interpreter has no boto3")
    said = run_client(server, python, "-c", BOTO3_CHECK, FUNCTION_ZIP=function_zip, TRUST=support.EXECUTION_TRUST,
                      RUNTIME="provided.al2023", LOGGING_POLICY=LOGGING_POLICY)
    assert said.endswith("done\n")
