"""s3cli as BOSH calls it, against the embedded AWS (http and https) and, where it is installed, moto's server."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import threading
import urllib.request

import pytest

import support
from s3cli_support import BUCKET, ScriptedServer, aws, blob, check_lifecycle, peak_memory_kib, s3cli  # noqa: F401

PART = 5 * 1024 * 1024


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


@pytest.mark.parametrize("members,expected", [({}, 5), ({"upload_concurrency": 2, "download_concurrency": 2}, 2)], ids=str)
@pytest.mark.parametrize("verb", ["put", "get"])
def test_parts_travel_side_by_side(s3cli, verb, members, expected):
    data = blob(8 * PART)
    (s3cli.folder / "source").write_bytes(data)
    met = threading.Barrier(expected)  # breaks where fewer come together
    state = {"now": 0, "most": 0, "begun": 0}
    lock = threading.Lock()

    def respond(request, number):
        is_part = "partNumber" in request.path or request.method == "GET"
        with lock:
            state["now"] += is_part
            state["begun"] += is_part
            state["most"] = max(state["most"], state["now"])
            waits = is_part and state["begun"] <= expected
        # The first answer of a download says how large the blob is; the others are asked for while it is read.
        if waits and not (verb == "get" and number == 0):
            met.wait(support.PATIENCE_S)
        with lock:
            state["now"] -= is_part
        if request.method == "GET":
            if number == 0:
                request.range_of(data, before_the_end=lambda: met.wait(support.PATIENCE_S))
            else:
                request.range_of(data)
        elif request.method == "POST":
            request.answer(200, b"<R><UploadId>UP1</UploadId></R>")
        else:
            request.answer(200, b"", {"ETag": '"p"'})
    with ScriptedServer(respond) as server:
        words = ("put", "source", "key") if verb == "put" else ("get", "key", "target")
        ended = s3cli(server.config(**members), *words)
    assert ended.status == 0, ended
    assert not met.broken and state["most"] <= expected
    if verb == "get":
        assert (s3cli.folder / "target").read_bytes() == data


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
    (s3cli.folder / "source").write_bytes(blob(PART + 1))

    def respond(request, number):
        request.answer(200, b"<R><UploadId>UP1</UploadId></R>" if request.method == "POST" else b"", {"ETag": '"p"'})
    with ScriptedServer(respond) as server:
        assert s3cli(server.config(server_side_encryption="aws:kms", sse_kms_key_id="key-1"), "put", "source", "key").status == 0
    assert server.seen[0].path.endswith("?uploads=")
    assert server.seen[0].headers["x-amz-server-side-encryption"] == "aws:kms"
    assert server.seen[0].headers["x-amz-server-side-encryption-aws-kms-key-id"] == "key-1"
    assert "x-amz-server-side-encryption" not in server.seen[1].headers


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


def test_signed_urls_name_the_bucket_as_the_requests_do(s3cli):
    keys = {"bucket_name": "bkt", "access_key_id": "AKID", "secret_access_key": "secret-key", "region": "eu-west-1"}
    for members, start in (({}, "https://bkt.s3.eu-west-1.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&"),
                           ({"signature_version": 2}, "https://bkt.s3.eu-west-1.amazonaws.com/k?AWSAccessKeyId=AKID&"),
                           ({"host": "store.example"}, "https://store.example/bkt/k?X-Amz-"),
                           ({"host": "store.example", "port": 81, "use_ssl": False, "host_style": True},
                            "http://bkt.store.example:81/k?X-Amz-"),
                           ({"folder_name": "a b"}, "https://bkt.s3.eu-west-1.amazonaws.com/a%20b/k?X-Amz-")):
        for method in ("get", "put"):
            ended = s3cli({**keys, **members}, "sign", "k", method, "90s")
            assert ended.status == 0 and ended.stdout.startswith(start), ended
            assert "secret-key" not in ended.stdout
    long = s3cli(keys, "sign", "k", "get", "169h")
    assert long.status == 1 and "at most 168h" in long.stderr, long


@pytest.mark.parametrize("members,place,multipart,checksums", [
    ({}, "bkt.s3.us-east-1.amazonaws.com/", True, True),
    ({"region": "eu-west-1"}, "bkt.s3.eu-west-1.amazonaws.com/", True, True),
    ({"host": "s3.amazonaws.com"}, "bkt.s3.amazonaws.com/", True, True),
    ({"host": "s3.amazonaws.com", "multipart_upload": False}, "bkt.s3.amazonaws.com/", True, True),
    ({"host": "s3-eu-west-1.amazonaws.com"}, "bkt.s3-eu-west-1.amazonaws.com/", True, True),
    ({"host": "s3.cn-north-1.amazonaws.com.cn"}, "bkt.s3.cn-north-1.amazonaws.com.cn/", True, True),
    ({"host": "oss-cn-hangzhou.aliyuncs.com", "multipart_upload": False}, "bkt.oss-cn-hangzhou.aliyuncs.com/", True, False),
    ({"host": "storage.googleapis.com"}, "storage.googleapis.com/bkt/", False, False),
    ({"host": "store.example"}, "store.example/bkt/", True, True),
    ({"host": "store.example", "host_style": True}, "bkt.store.example/", True, True),
    ({"host": "store.example", "port": 9000, "multipart_upload": False}, "store.example:9000/bkt/", False, True),
], ids=str)
def test_host_rules(s3cli, members, place, multipart, checksums):
    """What goes over the wire, seen by a proxy."""
    (s3cli.folder / "source").write_bytes(blob(PART + 1))

    def respond(request, number):
        request.answer(200, b"<R><UploadId>UP1</UploadId></R>" if request.method == "POST" else b"", {"ETag": '"p"'})
    with ScriptedServer(respond) as proxy:
        config = {"bucket_name": "bkt", "access_key_id": "AKID", "secret_access_key": "secret-key", "use_ssl": False, **members}
        ended = s3cli(config, "put", "source", "key", environment={"http_proxy": proxy.url})
    assert ended.status == 0, ended
    assert len(proxy.seen) == (4 if multipart else 1)
    region = next((name for name in ("eu-west-1", "cn-north-1", "cn-hangzhou") if name in str(members)), "us-east-1")
    for request in proxy.seen:
        assert request.path.startswith(f"http://{place}key")
        assert f"/{region}/s3/aws4_request" in request.headers["Authorization"]
        named = [name for name in request.headers if name.startswith("x-amz-checksum")]
        assert bool(named) == (checksums and not (request.method == "POST" and "uploadId" in request.path)), named


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
    lying = s3cli.folder / "redirected"
    with open(lying, "wb") as file:
        assert subprocess.run([support.S3CLI, "-c", s3cli.config_file(aws.config()), "get", "key", "/dev/stdout"], stdout=file,
                              env=s3cli.environment).returncode == 0
    assert lying.read_bytes() == data
    folder = s3cli(aws.config(), "get", "key", s3cli.folder)
    assert folder.status == 1 and "is a directory" in folder.stderr


def test_a_file_below_dev_is_a_file(s3cli, aws):
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("no /dev/shm that may be written")
    aws.s3.put_object(Bucket=BUCKET, Key="key", Body=b"x")
    target = pathlib.Path(f"/dev/shm/s3cli-test-{os.getpid()}")
    try:
        assert s3cli(aws.config(), "get", "key", target).status == 0
        assert target.read_bytes() == b"x"
    finally:
        target.unlink(missing_ok=True)


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
    source, target = s3cli.folder / "source", s3cli.folder / "target"
    with open(source, "wb") as file:
        for _ in range(200):
            file.write(os.urandom(1024 * 1024))
    environment = {"AWS_CA_BUNDLE": str(aws.ca_file)}
    for tls in (False, True):
        config = s3cli.config_file(aws.config(tls, upload_concurrency=20, download_concurrency=20))
        for command in (f"put {source} key", f"get key {target}", f"put /dev/stdin piped < {source}",
                        f"get key /dev/stdout > {target}", f"cat {source} | {support.S3CLI} -c {config} put /dev/stdin piped",
                        f"{support.S3CLI} -c {config} get piped /dev/stdout | cat > {target}"):
            whole = command if str(support.S3CLI) in command else f"{support.S3CLI} -c {config} {command}"
            assert peak_memory_kib(["sh", "-c", whole], {**s3cli.environment, **environment}) < 64 * 1024, command
            assert subprocess.run(["cmp", source, target]).returncode == 0 or command.startswith("put"), command


def test_it_is_one_static_file(s3cli):
    assert support.S3CLI.read_bytes()[:4] == b"\x7fELF"
    missing = [tool for tool in ("file", "ldd", "readelf") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")

    def said_by(*command):
        done = subprocess.run([*command, support.S3CLI], capture_output=True, text=True)
        return done.stdout + done.stderr
    if "san" in said_by("readelf", "-dW"):
        pytest.skip("a sanitizer's build is not static")
    assert "INTERP" not in said_by("readelf", "-lW")
    assert re.search(r"static(-pie|ally) linked", said_by("file"))
    assert re.search(r"statically linked|not a dynamic executable", said_by("ldd"))


def test_it_needs_no_other_file(s3cli, aws):
    """In a root folder that holds the program and a configuration, and nothing else."""
    root = s3cli.folder / "root"
    root.mkdir()
    shutil.copy(support.S3CLI, root)
    shutil.copy(s3cli.config_file(aws.config()), root / "config.json")
    (root / "source").write_bytes(b"x")
    chroot = [] if os.geteuid() == 0 else ["unshare", "-r"]
    for words in (["put", "/source", "key"], ["get", "key", "/target"]):
        done = subprocess.run([*chroot, "/usr/sbin/chroot", root, "/s3cli", "-c", "/config.json", *words], env={},
                              capture_output=True, text=True)
        if done.returncode == 125 or "unshare" in done.stderr:
            pytest.skip(f"no chroot here: {done.stderr.strip()}")
        assert done.returncode == 0, done
    assert (root / "target").read_bytes() == b"x"


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
