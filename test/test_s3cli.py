"""s3cli as BOSH calls it, against the embedded AWS (http and https) and, where it is installed, moto's server."""

import contextlib
import json
import os
import re
import shutil
import stat
import subprocess
import threading
import urllib.request

import pytest

import support
from s3cli_support import ABSENT, S3cli, ScriptedServer

BUCKET = "blobs-of-bosh"
LOG_LINE = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ")
PART = 5 * 1024 * 1024


@pytest.fixture
def s3cli(tmp_path):
    if not support.S3CLI.exists():
        pytest.skip(f"{support.S3CLI} is not built")
    return S3cli(tmp_path)


class Aws:
    """The embedded AWS with a bucket, served over http and https."""

    def __init__(self, sortie):
        self.ca_file = sortie.folder / "ca.pem"
        self.server = support.Server(sortie, "--https-port", "0", "--ca-file", self.ca_file)
        log = sortie.folder / "serve.log"
        support.wait_until(lambda: "https://localhost:" in log.read_text(), "the https port")
        self.https_port = int(re.search(r"https://localhost:(\d+)", log.read_text())[1])
        self.http_port = int(self.server.url.rsplit(":", 1)[1])
        self.s3 = self.server.boto3("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        self.key, self.secret = (self.server.environment[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))

    def config(self, tls=False, **members):
        place = {"host": "localhost", "port": self.https_port} if tls else \
            {"host": "127.0.0.1", "port": self.http_port, "use_ssl": False}
        config = {"bucket_name": BUCKET, "access_key_id": self.key, "secret_access_key": self.secret, **place, **members}
        return {name: value for name, value in config.items() if value is not None}

    def role_config(self, **members):
        """Without keys: the credential chain."""
        return self.config(access_key_id=None, secret_access_key=None, credentials_source="env_or_profile", **members)

    def make_role(self, name, *actions):
        """A role that anybody of the account may take; its ARN."""
        iam = self.server.boto3("iam")
        trust = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"}]}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        policy = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]}]}
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
        return arn

    def session_of(self, role_arn):
        """Temporary credentials."""
        iam = self.server.boto3("iam")
        iam.create_user(UserName="director")
        iam.put_user_policy(UserName="director", PolicyName="p", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}))
        key = iam.create_access_key(UserName="director")["AccessKey"]
        self.user = (key["AccessKeyId"], key["SecretAccessKey"])
        import boto3
        sts = boto3.client("sts", endpoint_url=self.server.url, region_name="us-east-1",
                           aws_access_key_id=self.user[0], aws_secret_access_key=self.user[1])
        return sts.assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]


@pytest.fixture
def aws(sortie):
    running = Aws(sortie)
    yield running
    running.server.stop()


def blob(size):
    return bytes(range(256)) * (size // 256) + bytes(size % 256)


def check_lifecycle(s3cli, config, **options):
    """put, exists, get, delete, exists."""
    (s3cli.folder / "source").write_bytes(b"\0\xff blob\n")
    stored = s3cli(config, "put", "source", "a key/ü+%", **options)
    assert stored.status == 0, stored
    found = s3cli(config, "exists", "a key/ü+%", **options)
    assert found.status == 0, found
    assert found.stderr.endswith(f" File 'a key/ü+%' exists in bucket '{config['bucket_name']}'\n")
    fetched = s3cli(config, "get", "a key/ü+%", "target", **options)
    assert fetched.status == 0, fetched
    assert (s3cli.folder / "target").read_bytes() == b"\0\xff blob\n"
    assert s3cli(config, "delete", "a key/ü+%", **options).status == 0
    gone = s3cli(config, "exists", "a key/ü+%", **options)
    assert gone.status == ABSENT, gone
    assert gone.stderr.endswith(f" File 'a key/ü+%' does not exist in bucket '{config['bucket_name']}'\n")
    missing = s3cli(config, "get", "a key/ü+%", "missing", **options)
    assert missing.status == 1, missing
    assert "performing operation get: " in missing.stderr and "NoSuchKey" in missing.stderr
    assert not (s3cli.folder / "missing").exists()
    assert s3cli(config, "delete", "a key/ü+%", **options).status == 0
    for line in (stored.stderr + found.stderr + gone.stderr + missing.stderr).splitlines():
        assert LOG_LINE.match(line), line


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("members", [{}, {"signature_version": "4", "region": "us-east-1"}, {"signature_version": 2},
                                     {"host_style": True}, {"host_style": True, "signature_version": "2"},
                                     {"folder_name": "some/folder"}], ids=str)
def test_lifecycle(s3cli, aws, tls, members):
    config = aws.config(tls, **members)
    if members.get("host_style"):
        config["host"] = "s3.localhost"
    check_lifecycle(s3cli, config, environment={"AWS_CA_BUNDLE": str(aws.ca_file)})


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_large_blobs_travel_in_parts(s3cli, aws, tls):
    data = blob(2 * PART + 1000)
    (s3cli.folder / "source").write_bytes(data)
    environment = {"AWS_CA_BUNDLE": str(aws.ca_file)}
    assert s3cli(aws.config(tls), "put", "source", "large", environment=environment).status == 0
    head = aws.s3.head_object(Bucket=BUCKET, Key="large", ChecksumMode="ENABLED")
    assert head["ETag"].endswith('-3"') and head["ContentLength"] == len(data)
    assert head["ChecksumCRC32"].endswith("-3")
    assert s3cli(aws.config(tls), "get", "large", "target", environment=environment).status == 0
    assert (s3cli.folder / "target").read_bytes() == data
    other = aws.config(tls, download_part_size=999_999, download_concurrency=1)
    assert s3cli(other, "get", "large", "target2", environment=environment).status == 0
    assert (s3cli.folder / "target2").read_bytes() == data


def test_upload_settings(s3cli, aws):
    (s3cli.folder / "source").write_bytes(blob(2 * PART))
    assert s3cli(aws.config(multipart_upload=False), "put", "source", "whole").status == 0
    assert "-" not in aws.s3.head_object(Bucket=BUCKET, Key="whole")["ETag"]
    assert s3cli(aws.config(upload_part_size=PART + 1, upload_concurrency=1), "put", "source", "parts").status == 0
    parts = aws.s3.get_object_attributes(Bucket=BUCKET, Key="parts", ObjectAttributes=["ObjectParts"])
    assert parts["ObjectParts"]["TotalPartsCount"] == 2
    small = s3cli(aws.config(upload_part_size=1000), "put", "source", "parts")
    assert small.status == 1 and "upload_part_size must be at least 5242880 bytes" in small.stderr


@pytest.mark.parametrize("switch", ["request_checksum_calculation_enabled",
                                    "uploader_request_checksum_calculation_enabled"])
def test_checksums_are_switched_off(s3cli, aws, switch):
    (s3cli.folder / "source").write_bytes(b"x")
    assert s3cli(aws.config(), "put", "source", "with").status == 0
    assert s3cli(aws.config(**{switch: False}), "put", "source", "without").status == 0
    assert "ChecksumCRC32" in aws.s3.head_object(Bucket=BUCKET, Key="with", ChecksumMode="ENABLED")
    assert "ChecksumCRC32" not in aws.s3.head_object(Bucket=BUCKET, Key="without", ChecksumMode="ENABLED")


def test_encryption(s3cli, aws):
    (s3cli.folder / "source").write_bytes(b"x")
    assert s3cli(aws.config(server_side_encryption="AES256"), "put", "source", "key").status == 0
    assert aws.s3.head_object(Bucket=BUCKET, Key="key")["ServerSideEncryption"] == "AES256"
    with ScriptedServer(lambda request, number: request.answer(200)) as server:
        config = server.config(server_side_encryption="aws:kms", sse_kms_key_id="key-1")
        assert s3cli(config, "put", "source", "key").status == 0
    assert server.seen[0].headers["x-amz-server-side-encryption"] == "aws:kms"
    assert server.seen[0].headers["x-amz-server-side-encryption-aws-kms-key-id"] == "key-1"


@pytest.mark.parametrize("version", [2, 4])
def test_signed_urls(s3cli, aws, version):
    config = aws.config(signature_version=version)
    put = s3cli(config, "sign", "signed key", "put", "1h")
    assert put.status == 0 and put.stderr == "" and not put.stdout.endswith("\n"), put
    urllib.request.urlopen(urllib.request.Request(put.stdout, method="PUT", data=b"by url", headers={"Content-Type": ""}))
    get = s3cli(config, "sign", "signed key", "get", "60m")
    assert urllib.request.urlopen(get.stdout).read() == b"by url"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(get.stdout.replace("signed%20key", "other"))
    assert refused.value.code == 403


def test_swift_urls(s3cli):
    config = {"bucket_name": "container", "host": "swift.example", "swift_auth_account": "AUTH_1",
              "swift_temp_url_key": "swift-secret"}
    ended = s3cli(config, "sign", "key", "get", "1h")
    assert ended.status == 0, ended
    assert re.fullmatch(r"https://swift\.example/v1/AUTH_1/container/key\?temp_url_sig=[0-9a-f]{64}&temp_url_expires=\d+",
                        ended.stdout)


def test_without_credentials_it_only_reads(s3cli, aws):
    aws.s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration={
        "BlockPublicPolicy": False, "RestrictPublicBuckets": False, "BlockPublicAcls": True, "IgnorePublicAcls": True})
    aws.s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}]}))
    aws.s3.put_object(Bucket=BUCKET, Key="public", Body=b"for all")
    (s3cli.folder / "source").write_bytes(b"x")
    for source in (None, "none"):
        config = aws.config(access_key_id=None, secret_access_key=None, credentials_source=source)
        assert s3cli(config, "get", "public", "target").status == 0
        assert (s3cli.folder / "target").read_bytes() == b"for all"
        for words in (("put", "source", "public"), ("delete", "public")):
            ended = s3cli(config, *words)
            assert ended.status == 1 and "read only" in ended.stderr, ended
        assert s3cli(config, "sign", "public", "get", "1h").status == 1


# Credentials

def test_a_role_in_the_environment(s3cli, aws):
    session = aws.session_of(aws.make_role("reader", "s3:GetObject", "s3:ListBucket"))
    environment = {"AWS_ACCESS_KEY_ID": session["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
                   "AWS_SESSION_TOKEN": session["SessionToken"]}
    aws.s3.put_object(Bucket=BUCKET, Key="key", Body=b"x")
    (s3cli.folder / "source").write_bytes(b"x")
    config = aws.role_config()
    assert s3cli(config, "get", "key", "target", environment=environment).status == 0
    denied = s3cli(config, "put", "source", "key", environment=environment)
    assert denied.status == 1, denied
    assert re.search(r"performing operation put: upload failure: S3 PutObject: AccessDenied: User: "
                     r"arn:aws:sts::000000000000:assumed-role/reader/test is not authorized to perform: s3:PutObject on "
                     r'resource: "arn:aws:s3:::blobs-of-bosh/key" because no identity-based policy allows .*\(request id',
                     denied.stderr)
    url = s3cli(config, "sign", "key", "get", "1m", environment=environment).stdout
    assert urllib.request.urlopen(url).read() == b"x"


def test_a_role_to_assume(s3cli, aws):
    role = aws.make_role("director-role", "s3:*")
    aws.session_of(role)
    config = aws.config(access_key_id=aws.user[0], secret_access_key=aws.user[1])
    (s3cli.folder / "source").write_bytes(b"x")
    assert s3cli(config, "put", "source", "key").status == 1
    environment = {"AWS_ENDPOINT_URL_STS": aws.server.url}
    assert s3cli({**config, "assume_role_arn": role}, "put", "source", "key", environment=environment).status == 0
    denied = s3cli({**config, "assume_role_arn": role + "x"}, "put", "source", "key", environment=environment)
    assert denied.status == 1 and f"assume role {role}x" in denied.stderr and "AccessDenied" in denied.stderr, denied


def profile_files(folder, config, credentials=""):
    (folder / ".aws").mkdir(exist_ok=True)
    (folder / ".aws/config").write_text(config)
    (folder / ".aws/credentials").write_text(credentials)


def test_profiles(s3cli, aws):
    role = aws.make_role("via-profile", "s3:*")
    aws.session_of(role)
    script = s3cli.folder / "process.sh"
    script.write_text("#!/bin/sh\necho '" + json.dumps({"Version": 1, "AccessKeyId": aws.key,
                                                        "SecretAccessKey": aws.secret}) + "'\n")
    script.chmod(0o700)
    profile_files(s3cli.folder, f"""
[default]
region = us-east-1
[profile role]
role_arn = {role}
source_profile = director
[profile process]
credential_process = {script}
[profile circle]
role_arn = {role}
source_profile = circle
""", f"""
[default]
aws_access_key_id = {aws.key}
aws_secret_access_key = {aws.secret}
[director]
aws_access_key_id = {aws.user[0]}
aws_secret_access_key = {aws.user[1]}
""")
    sts = {"AWS_ENDPOINT_URL_STS": aws.server.url}
    check_lifecycle(s3cli, aws.role_config())
    for profile in ("role", "process"):
        check_lifecycle(s3cli, aws.role_config(), environment={"AWS_PROFILE": profile, **sts})
    for profile, words in (("circle", "goes in a circle"), ("nobody", "is not in the AWS config files")):
        ended = s3cli(aws.role_config(), "exists", "key", environment={"AWS_PROFILE": profile, **sts})
        assert ended.status == 1 and words in ended.stderr, ended


def credentials_document(aws, session):
    return json.dumps({"AccessKeyId": session["AccessKeyId"], "SecretAccessKey": session["SecretAccessKey"],
                       "Token": session["SessionToken"], "Expiration": session["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ")})


def test_container_credentials(s3cli, aws):
    document = credentials_document(aws, aws.session_of(aws.make_role("in-container", "s3:*"))).encode()

    def respond(request, number):
        request.answer(200 if request.headers["Authorization"] == "let me in" else 401, document)
    with ScriptedServer(respond) as server:
        environment = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url + "/creds",
                       "AWS_CONTAINER_AUTHORIZATION_TOKEN": "let me in"}
        check_lifecycle(s3cli, aws.role_config(), environment=environment)
        assert server.seen[0].path == "/creds"


def test_instance_credentials(s3cli, aws):
    document = credentials_document(aws, aws.session_of(aws.make_role("on-instance", "s3:*"))).encode()
    prefix = "/latest/meta-data/iam/security-credentials/"

    def respond(request, number):
        if request.method == "PUT" and request.path == "/latest/api/token":
            request.answer(200, b"imds-token")
        elif request.headers["X-aws-ec2-metadata-token"] != "imds-token":
            request.answer(401)
        else:
            request.answer(200, b"on-instance" if request.path == prefix else document)
    with ScriptedServer(respond) as server:
        environment = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url,
                       "HTTP_PROXY": "", "http_proxy": ""}
        check_lifecycle(s3cli, aws.role_config(), environment=environment)


def test_web_identity(s3cli, aws):
    session = aws.session_of(aws.make_role("by-token", "s3:*"))
    (s3cli.folder / "token").write_text("jwt-of-the-pod\n")
    answer = ("<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
              f"<AccessKeyId>{session['AccessKeyId']}</AccessKeyId><SecretAccessKey>{session['SecretAccessKey']}</SecretAccessKey>"
              f"<SessionToken>{session['SessionToken']}</SessionToken>"
              f"<Expiration>{session['Expiration']:%Y-%m-%dT%H:%M:%SZ}</Expiration>"
              "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>")
    with ScriptedServer(lambda request, number: request.answer(200, answer.encode())) as server:
        environment = {"AWS_ENDPOINT_URL_STS": server.url, "AWS_ROLE_ARN": "arn:aws:iam::000000000000:role/by-token",
                       "AWS_WEB_IDENTITY_TOKEN_FILE": str(s3cli.folder / "token")}
        check_lifecycle(s3cli, aws.role_config(), environment=environment)
        assert b"WebIdentityToken=jwt-of-the-pod" in server.seen[0].body


def test_no_credentials_anywhere(s3cli, aws):
    ended = s3cli(aws.role_config(), "exists", "key")
    assert ended.status == 1, ended
    for source in ("environment", "web identity", "profile", "container", "instance metadata"):
        assert source in ended.stderr, ended


def test_the_endpoint_in_the_environment(s3cli, aws):
    (s3cli.folder / "source").write_bytes(b"x")
    config = aws.config(host=None, port=None, use_ssl=None)
    assert s3cli(config, "put", "source", "key", environment={"AWS_ENDPOINT_URL": aws.server.url}).status == 0


# TLS and proxies

def test_tls_is_verified(s3cli, aws):
    config = aws.config(tls=True)
    refused = s3cli(config, "exists", "key")
    assert refused.status == 1 and "certificate of localhost is not trusted" in refused.stderr, refused
    assert s3cli(config, "exists", "key", environment={"SSL_CERT_FILE": str(aws.ca_file)}).status == ABSENT
    assert s3cli({**config, "ssl_verify_peer": False}, "exists", "key").status == ABSENT
    other_name = s3cli({**config, "host": "127.0.0.1"}, "exists", "key", environment={"AWS_CA_BUNDLE": str(aws.ca_file)})
    assert other_name.status == 1 and "is for another name" in other_name.stderr, other_name


def test_proxies(s3cli):
    with ScriptedServer(lambda request, number: request.answer(200)) as proxy:
        config = {"bucket_name": "bkt", "host": "store.invalid", "use_ssl": False}
        assert s3cli(config, "exists", "key", environment={"http_proxy": proxy.url}).status == 0
        assert proxy.seen[0].path == "http://store.invalid/bkt/key"
        past = s3cli(config, "exists", "key", environment={"http_proxy": proxy.url, "no_proxy": ".invalid"})
        assert past.status == 1 and "look up store.invalid" in past.stderr, past
        s3cli({**config, "use_ssl": True}, "exists", "key", environment={"https_proxy": proxy.url})
        assert (proxy.seen[-1].method, proxy.seen[-1].path) == ("CONNECT", "store.invalid:443")


# Files

def test_targets_that_are_no_files(s3cli, aws):
    data = blob(300_000)
    aws.s3.put_object(Bucket=BUCKET, Key="key", Body=data)
    assert s3cli(aws.config(), "get", "key", "/dev/null").status == 0
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    to_stdout = s3cli(aws.config(), "get", "key", "/dev/stdout")
    assert to_stdout.status == 0 and to_stdout.stdout.encode(errors="surrogateescape") == data
    pipe = s3cli.folder / "pipe"
    os.mkfifo(pipe)
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    assert s3cli(aws.config(), "get", "key", pipe).status == 0
    reader.join(support.PATIENCE_S)
    assert received == [data]
    folder = s3cli(aws.config(), "get", "key", s3cli.folder)
    assert folder.status == 1 and "is a directory" in folder.stderr


def test_get_overwrites(s3cli, aws):
    aws.s3.put_object(Bucket=BUCKET, Key="key", Body=b"new")
    target = s3cli.folder / "target"
    target.write_bytes(b"old and longer")
    target.chmod(0o604)
    assert s3cli(aws.config(), "get", "key", "target").status == 0
    assert target.read_bytes() == b"new" and stat.S_IMODE(target.stat().st_mode) == 0o604


def test_put_reads_standard_input(s3cli, aws):
    data = blob(PART + 1000)
    source = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    feeder = threading.Thread(target=lambda: (source.stdin.write(data), source.stdin.close()))
    feeder.start()
    ended = s3cli(aws.config(), "put", "/dev/stdin", "key", stdin=source.stdout)
    feeder.join(support.PATIENCE_S)
    source.stdout.close()
    source.wait(support.PATIENCE_S)
    assert ended.status == 0, ended
    assert aws.s3.get_object(Bucket=BUCKET, Key="key")["Body"].read() == data


def test_memory_stays_small(s3cli, aws):
    source = s3cli.folder / "source"
    with open(source, "wb") as file:
        for _ in range(200):
            file.write(os.urandom(1024 * 1024))
    for words in (("put", "source", "key"), ("get", "key", "target")):
        process = s3cli.start(aws.config(), *words)
        process.stdout.close()
        process.stderr.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        assert usage.ru_maxrss < 64 * 1024, f"{words[0]} took {usage.ru_maxrss} KiB"
    assert subprocess.run(["cmp", source, s3cli.folder / "target"]).returncode == 0


def test_it_is_one_static_file(s3cli):
    image = support.S3CLI.read_bytes()
    assert image[:4] == b"\x7fELF"
    if shutil.which("readelf") is None:
        pytest.skip("no readelf")
    headers = subprocess.run(["readelf", "-lW", support.S3CLI], capture_output=True, text=True, check=True).stdout
    if "san" in subprocess.run(["readelf", "-dW", support.S3CLI], capture_output=True, text=True).stdout:
        pytest.skip("a sanitizer's build is not static")
    assert "INTERP" not in headers


# Wrong use

@pytest.mark.parametrize("words,status,says", [
    ([], 1, "no configuration given"),
    (["-x"], 2, "flag provided but not defined: -x"),
    (["-c", "none.json", "exists", "key"], 1, "open none.json: No such file or directory"),
    (["-c", "good.json"], 1, "Expected at least two arguments got 0"),
    (["-c", "good.json", "frob", "key"], 1, "unknown command: 'frob'"),
    (["-c", "good.json", "put", "key"], 1, "Put method expected 3 arguments got 2"),
    (["-c", "good.json", "sign", "key", "get", "soon"], 1, "Expiration should be in the format of a duration"),
    (["-c", "bad.json", "exists", "key"], 1, "config bad.json: JSON is not valid"),
    (["-c", "empty.json", "exists", "key"], 1, "config empty.json: bucket_name must be set"),
    (["-c", ".", "exists", "key"], 1, "Is a directory"),
    (["-c", "good.json", "put", "none", "key"], 1, "open none: No such file or directory"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else None)
def test_wrong_use(s3cli, words, status, says):
    for name, text in (("good", '{"bucket_name":"b","host":"localhost","access_key_id":"a","secret_access_key":"secret1"}'),
                       ("bad", '{"secret_access_key":"secret1",'), ("empty", '{"secret_access_key":"secret1"}')):
        (s3cli.folder / f"{name}.json").write_text(text)
    done = subprocess.run([support.S3CLI, *words], cwd=s3cli.folder, env=s3cli.environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (status, ""), done
    assert says in done.stderr and "secret1" not in done.stderr


def test_version_and_help(s3cli):
    for flag in ("-v", "--v"):
        done = subprocess.run([support.S3CLI, flag], capture_output=True, text=True)
        assert done.returncode == 0 and re.fullmatch(r"version \d+\.\d+\.\d+\n", done.stdout), done
    done = subprocess.run([support.S3CLI, "-h"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr.startswith("Usage of s3cli:")


# A second, independent S3

@contextlib.contextmanager
def moto_server(folder):
    try:
        import moto.server  # noqa: F401
    except ImportError as missing:
        pytest.skip(f"moto's server is not installed: {missing}")
    import sys
    code = ("import sys; from werkzeug.serving import make_server; from moto.server import DomainDispatcherApplication, "
            "create_backend_app; server = make_server('127.0.0.1', 0, DomainDispatcherApplication(create_backend_app), "
            "threaded=True); print(server.port, flush=True); server.serve_forever()")
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               cwd=folder, env=environment)
    try:
        line = process.stdout.readline()
        if not line:
            pytest.skip("moto's server does not start")
        yield int(line)
    finally:
        process.kill()
        process.stdout.close()
        process.wait(support.PATIENCE_S)


def test_against_motos_server(s3cli):
    with moto_server(s3cli.folder) as port:
        config = {"bucket_name": "bkt", "host": "127.0.0.1", "port": port, "use_ssl": False,
                  "access_key_id": "test-key", "secret_access_key": "test-secret"}
        urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/bkt", method="PUT", data=b""))
        check_lifecycle(s3cli, config)
        data = blob(2 * PART + 1000)
        (s3cli.folder / "source").write_bytes(data)
        assert s3cli(config, "put", "source", "large").status == 0
        fetched = s3cli(config, "get", "large", "target")
        assert fetched.status == 0, fetched
        assert (s3cli.folder / "target").read_bytes() == data
        url = s3cli(config, "sign", "large", "get", "1h").stdout
        assert urllib.request.urlopen(url).read() == data
