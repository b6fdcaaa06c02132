"""Objects encrypted with keys that the customer sends along (SSE-C), through boto3, the AWS CLI and bare HTTP."""

import base64
import hashlib
import json
import os
import threading
import urllib.error
import urllib.request
import uuid

import pytest

from support import Server
from test_s3_large import MIB, MOST_GROWTH, peak

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")

KEY, OTHER = os.urandom(32), os.urandom(32)
MARK = b"a text that must not be found on the disk "


def secret(key, prefix=""):
    """The parameters of boto3, which makes base64 and the MD5 of the key itself."""
    return {f"{prefix}SSECustomerAlgorithm": "AES256", f"{prefix}SSECustomerKey": key}


def headers(key):
    prefix = "x-amz-server-side-encryption-customer-"
    return {prefix + "algorithm": "AES256", prefix + "key": base64.b64encode(key).decode(),
            prefix + "key-MD5": base64.b64encode(hashlib.md5(key).digest()).decode()}


def code(operation, **parameters):
    """Status and code of a refusal."""
    with pytest.raises(Exception) as refused:
        operation(**parameters)
    answer = refused.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def kept(folder):
    """Everything below the state folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def s3(server):
    client = server.boto3("s3")
    client.create_bucket(Bucket="bucket")
    return client


@pytest.mark.parametrize("size", [100, 20 * MIB + 3], ids=["one piece", "parts"])
def test_transfers_with_a_key(s3, tmp_path, size):
    """boto3's own transfers: HeadObject, parts, ranges."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(size))
    s3.upload_file(str(source), "bucket", "k", ExtraArgs=secret(KEY))
    s3.download_file("bucket", "k", str(target), ExtraArgs=secret(KEY))
    assert target.read_bytes() == source.read_bytes()
    got = s3.get_object(Bucket="bucket", Key="k", Range="bytes=7-31", **secret(KEY))
    assert got["Body"].read() == source.read_bytes()[7:32] and got["SSECustomerAlgorithm"] == "AES256"
    assert "ServerSideEncryption" not in got
    assert code(s3.get_object, Bucket="bucket", Key="k") == (400, "InvalidRequest")
    assert code(s3.get_object, Bucket="bucket", Key="k", **secret(OTHER)) == (403, "AccessDenied")
    assert code(s3.head_object, Bucket="bucket", Key="k")[0] == 400
    assert code(s3.head_object, Bucket="bucket", Key="k", **secret(OTHER))[0] == 403
    s3.copy(CopySource={"Bucket": "bucket", "Key": "k"}, Bucket="bucket", Key="copy",
            ExtraArgs={**secret(KEY, "CopySource"), **secret(OTHER)}, SourceClient=SourceOf(s3, KEY))
    assert s3.get_object(Bucket="bucket", Key="copy", **secret(OTHER))["Body"].read() == source.read_bytes()


class SourceOf:
    """HeadObject of a copy's source, which older boto3 does not give the key."""

    def __init__(self, client, key):
        self.client, self.key = client, key

    def head_object(self, **parameters):
        return self.client.head_object(**{**parameters, **secret(self.key)})


def test_every_version_has_its_key(s3):
    s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    versions = {key: s3.put_object(Bucket="bucket", Key="k", Body=key, **secret(key))["VersionId"] for key in (KEY, OTHER)}
    for key, version in versions.items():
        assert s3.get_object(Bucket="bucket", Key="k", VersionId=version, **secret(key))["Body"].read() == key
    assert code(s3.get_object, Bucket="bucket", Key="k", VersionId=versions[KEY], **secret(OTHER))[0] == 403
    plain = s3.put_object(Bucket="bucket", Key="k", Body=b"plain")
    assert plain["ServerSideEncryption"] == "AES256"
    assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"plain"


def test_the_disk_has_neither_bytes_nor_key(sortie, tmp_path):
    state = tmp_path / "state"
    server = Server(sortie, "--state", state)
    try:
        s3 = server.boto3("s3")
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="plain", Body=MARK)
        assert MARK in kept(state), "where else would it be"
        s3.delete_object(Bucket="bucket", Key="plain")
        mark = uuid.uuid4().hex.encode()
        s3.put_object(Bucket="bucket", Key="small", Body=mark * 10, **secret(KEY))
        s3.put_object(Bucket="bucket", Key="large", Body=mark * 100_000, **secret(KEY))
        upload = s3.create_multipart_upload(Bucket="bucket", Key="parts", **secret(KEY))["UploadId"]
        s3.upload_part(Bucket="bucket", Key="parts", UploadId=upload, PartNumber=1, Body=mark * 10, **secret(KEY))
        s3.copy_object(Bucket="bucket", Key="copy", CopySource="bucket/small", **secret(KEY, "CopySource"), **secret(OTHER))
        found = kept(state)
        assert mark not in found and mark[:16] not in found
        for key in (KEY, OTHER):
            assert key not in found and base64.b64encode(key) not in found and hashlib.md5(key).digest() not in found
    finally:
        server.stop()


def test_acknowledged_objects_survive_kill_9(sortie, tmp_path):
    state = tmp_path / "state"
    server = Server(sortie, "--state", state)
    server.boto3("s3").create_bucket(Bucket="bucket")
    acknowledged, enough = [], threading.Event()

    def body(key):
        return key.encode() * 20_000

    def put_until_it_dies(writer):
        s3 = server.boto3("s3")
        for number in range(1_000_000):
            key = f"{writer}-{number}"
            try:
                s3.put_object(Bucket="bucket", Key=key, Body=body(key), **secret(KEY))
            except Exception:
                return
            acknowledged.append(key)
            if len(acknowledged) >= 20:
                enough.set()
    writers = [threading.Thread(target=put_until_it_dies, args=(writer,)) for writer in range(3)]
    for writer in writers:
        writer.start()
    assert enough.wait(60), "the server takes no objects"
    server.kill()
    for writer in writers:
        writer.join()
    server = Server(sortie, "--state", state)
    try:
        s3 = server.boto3("s3")
        for key in acknowledged:
            assert s3.get_object(Bucket="bucket", Key=key, **secret(KEY))["Body"].read() == body(key), key
            assert code(s3.head_object, Bucket="bucket", Key=key)[0] == 400
    finally:
        server.stop()


def test_a_large_object_needs_little_memory(server, s3, tmp_path):
    size = 100 * MIB
    source = tmp_path / "source"
    with open(source, "wb") as file:
        file.truncate(size)
    s3.put_object(Bucket="bucket", Key="warm", Body=b"warm", **secret(KEY))
    before = peak(server.process)
    with open(source, "rb") as file:
        s3.put_object(Bucket="bucket", Key="large", Body=file, **secret(KEY))
    received = 0
    for piece in s3.get_object(Bucket="bucket", Key="large", **secret(KEY))["Body"].iter_chunks(MIB):
        assert not piece.strip(b"\0")
        received += len(piece)
    assert received == size
    s3.copy_object(Bucket="bucket", Key="copy", CopySource="bucket/large", **secret(KEY, "CopySource"), **secret(OTHER))
    end = s3.get_object(Bucket="bucket", Key="copy", Range="bytes=-10", **secret(OTHER))["Body"].read()
    assert end == bytes(10)
    grown = peak(server.process) - before
    assert grown <= MOST_GROWTH, f"{grown // 1024} KiB more memory for {size // MIB} MiB"


def http(method, url, body=None, **fields):
    request = urllib.request.Request(url, data=body, method=method, headers=fields)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_urls(server, version):
    import botocore.config
    s3 = server.boto3("s3", config=botocore.config.Config(signature_version=version, s3={"addressing_style": "path"}))
    s3.create_bucket(Bucket="bucket")
    of = {"Params": {"Bucket": "bucket", "Key": "k", **secret(KEY)}, "ExpiresIn": 600}
    put, get = (s3.generate_presigned_url(operation, **of) for operation in ("put_object", "get_object"))
    untyped = {"Content-Type": ""}  # the older signature is over the type as well
    assert http("PUT", put, b"signed", **untyped, **headers(KEY))[0] == 200
    assert http("GET", get, **headers(KEY)) == (200, b"signed")
    assert http("GET", get, **headers(OTHER))[0] == 403
    assert code(s3.get_object, Bucket="bucket", Key="k") == (400, "InvalidRequest")


def test_forms(server, s3):
    fields = headers(KEY)
    form = s3.generate_presigned_post("bucket", "k", Fields=fields, Conditions=[{name: fields[name]} for name in fields])
    boundary = "boundary"
    body = b""
    for name, value in form["fields"].items():
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    body += (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'.encode() + MARK +
             f"\r\n--{boundary}--\r\n".encode())
    url = f"{server.url}/bucket"
    assert http("POST", url, body, **{"Content-Type": f"multipart/form-data; boundary={boundary}"})[0] == 204
    assert s3.get_object(Bucket="bucket", Key="k", **secret(KEY))["Body"].read() == MARK
    assert code(s3.get_object, Bucket="bucket", Key="k") == (400, "InvalidRequest")


def test_a_policy_can_demand_a_key(server, s3):
    name = "s3:x-amz-server-side-encryption-customer-algorithm"
    s3.put_bucket_policy(Bucket="bucket", Policy=json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*",
        "Condition": {"Null": {name: "true"}}}]}))
    assert code(s3.put_object, Bucket="bucket", Key="k", Body=b"x") == (403, "AccessDenied")
    s3.put_object(Bucket="bucket", Key="k", Body=b"x", **secret(KEY))
    upload = s3.create_multipart_upload(Bucket="bucket", Key="u", **secret(KEY))["UploadId"]
    s3.upload_part(Bucket="bucket", Key="u", UploadId=upload, PartNumber=1, Body=b"x", **secret(KEY))


def test_the_command_line(server, s3, aws_cli, tmp_path):
    key, source, target = tmp_path / "key", tmp_path / "source", tmp_path / "target"
    key.write_bytes(KEY)
    source.write_bytes(os.urandom(9 * MIB))
    options = ("--sse-c", "AES256", "--sse-c-key", f"fileb://{key}")
    put = server.aws("s3", "cp", source, "s3://bucket/k", *options)
    assert put.status == 0, put
    got = server.aws("s3", "cp", "s3://bucket/k", target, *options)
    assert got.status == 0, got
    assert target.read_bytes() == source.read_bytes()
    without = server.aws("s3api", "get-object", "--bucket", "bucket", "--key", "k", tmp_path / "none")
    assert without.status != 0 and "InvalidRequest" in without.stderr, without
    copied = server.aws("s3api", "copy-object", "--bucket", "bucket", "--key", "plain", "--copy-source", "bucket/k",
                        "--copy-source-sse-customer-algorithm", "AES256",
                        "--copy-source-sse-customer-key", f"fileb://{key}")
    assert copied.status == 0, copied
    assert s3.get_object(Bucket="bucket", Key="plain")["Body"].read() == source.read_bytes()


def test_blocking_customer_keys_is_refused_by_name(server):
    s3 = server.boto3("s3")
    s3.create_bucket(Bucket="blocking")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}}
    if "BlockedEncryptionTypes" not in s3.meta.service_model.shape_for("ServerSideEncryptionRule").members:
        pytest.skip("this boto3 does not know BlockedEncryptionTypes")
    with pytest.raises(s3.exceptions.ClientError) as refused:
        s3.put_bucket_encryption(Bucket="blocking", ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert refused.value.response["Error"]["Code"] == "NotImplemented"
    assert "BlockedEncryptionTypes" in refused.value.response["Error"]["Message"]
