"""S3 requests as programs send them: old and new signatures, presigned URLs, host names, forms, browsers."""

import datetime
import hashlib
import hmac
import json
import socket
import urllib.error
import urllib.parse
import urllib.request

import pytest

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
import botocore.config  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402


def send(url, method="GET", body=None, **headers):
    """(status, headers, text), whatever the status."""
    request = urllib.request.Request(url, data=body, method=method,
                                     headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers, refused.read().decode()


@pytest.fixture
def s3(server):
    client = server.boto3("s3")
    client.create_bucket(Bucket="bucket")
    return client


def client_of(server, version, region="us-east-1", url=None, **more):
    """An S3 client with this version of signatures."""
    return boto3.client("s3", endpoint_url=url or server.url, region_name=region,
                        aws_access_key_id=server.environment["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=server.environment["AWS_SECRET_ACCESS_KEY"],
                        config=botocore.config.Config(signature_version=version, retries={"max_attempts": 0},
                                                      s3={"addressing_style": "path", **more}))


# Signatures ----------------------------------------------------------------------------------------------------------

class OldSdk:
    """Signs as SDKs did before mid-2016: the payload's hash is sent and is a line of what is signed, its header is not."""

    def __init__(self, server):
        self.url, self.environment = server.url, server.environment

    def send(self, method, path, body=b"", hashed=None, **unsigned):
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        payload = hashlib.sha256(body if hashed is None else hashed).hexdigest()
        host = self.url.split("//")[1]
        scope = f"{now[:8]}/us-east-1/s3/aws4_request"
        canonical = "\n".join([method, path, "", f"host:{host}", f"x-amz-date:{now}", "", "host;x-amz-date", payload])
        to_sign = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + self.environment["AWS_SECRET_ACCESS_KEY"]).encode()
        for part in (*scope.split("/"), to_sign):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        authorization = (f"AWS4-HMAC-SHA256 Credential={self.environment['AWS_ACCESS_KEY_ID']}/{scope}, "
                         f"SignedHeaders=host;x-amz-date, Signature={key.hex()}")
        return send(self.url + path, method, body or None, X_Amz_Date=now, X_Amz_Content_Sha256=payload,
                    Authorization=authorization, **unsigned)


def test_a_hash_whose_header_is_not_signed(server, s3):
    old = OldSdk(server)
    assert old.send("PUT", "/bucket/k", b"hi", Content_Type="")[0] == 200
    assert old.send("GET", "/bucket/k")[2] == "hi"
    status, _, text = old.send("PUT", "/bucket/k", b"ho", hashed=b"hi", Content_Type="")
    assert status == 400 and "XAmzContentSHA256Mismatch" in text
    status, _, text = old.send("PUT", "/bucket/k", b"hi", Content_Type="", x_amz_acl="private")
    assert status == 403 and "<HeadersNotSigned>x-amz-acl</HeadersNotSigned>" in text
    assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"hi"


def test_version_two_in_old_regions_alone(server, s3):
    s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    assert client_of(server, "s3").get_object(Bucket="bucket", Key="k")["Body"].read() == b"x"
    client_of(server, "s3v4", "eu-central-1").create_bucket(
        Bucket="frankfurt", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    with pytest.raises(ClientError) as refused:
        client_of(server, "s3").list_objects(Bucket="frankfurt")
    assert refused.value.response["Error"]["Code"] == "InvalidRequest"
    assert "Please use AWS4-HMAC-SHA256" in refused.value.response["Error"]["Message"]
    url = client_of(server, "s3").generate_presigned_url("get_object", {"Bucket": "frankfurt", "Key": "k"})
    assert send(url)[0] == 400


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_uploads_with_metadata(server, s3, version):
    metadata = {"plain": "a b", "other": "x=y&z"}
    url = client_of(server, version).generate_presigned_url(
        "put_object", {"Bucket": "bucket", "Key": "k", "Metadata": metadata})
    sent = {} if version == "s3" else {f"x-amz-meta-{name}": value for name, value in metadata.items()}
    if "x-amz-meta-plain" in urllib.parse.parse_qs(urllib.parse.urlsplit(url).query):
        sent = {}
    status, _, text = send(url, "PUT", b"body", Content_Type="", **sent)
    assert status == 200, text
    assert s3.head_object(Bucket="bucket", Key="k")["Metadata"] == metadata
    changed = url.replace("x%3Dy", "x%3Dn")
    if changed != url:
        assert send(changed, "PUT", b"body", Content_Type="")[0] == 403


def test_checksums_in_presigned_urls_are_passed_over(server, s3):
    """As @aws-sdk/client-s3 makes them since 2025: of the empty body it has when it signs."""
    client = client_of(server, "s3v4")
    client.meta.events.register(
        "before-sign.s3.PutObject",
        lambda request, **_: request.params.update({"x-amz-checksum-crc32": "AAAAAA==", "x-amz-sdk-checksum-algorithm": "CRC32"}))
    url = client.generate_presigned_url("put_object", {"Bucket": "bucket", "Key": "k"})
    assert "x-amz-checksum-crc32=AAAAAA" in url
    status, _, text = send(url, "PUT", b"not empty", Content_Type="")
    assert status == 200, text
    assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"not empty"


def test_presigned_with_the_newest_defaults(server, s3):
    url = client_of(server, "s3v4").generate_presigned_url(
        "put_object", {"Bucket": "bucket", "Key": "k", "ChecksumAlgorithm": "SHA256"})
    headers = {"x_amz_sdk_checksum_algorithm": "SHA256"} if "sdk-checksum-algorithm" in url.split("SignedHeaders=")[1] else {}
    status, _, text = send(url, "PUT", b"body", Content_Type="", **headers)
    assert status == 200, text


# Names ---------------------------------------------------------------------------------------------------------------

@pytest.fixture
def aws_names(server, monkeypatch):
    """AWS's names lead to the server, as they do in a sandbox."""
    resolve = socket.getaddrinfo

    def lead(host, *rest, **named):
        return resolve("127.0.0.1" if str(host).endswith((".amazonaws.com", ".api.aws")) else host, *rest, **named)
    monkeypatch.setattr(socket, "getaddrinfo", lead)
    return lambda host: f"http://{host}:{server.url.rsplit(':', 1)[1]}"


@pytest.mark.parametrize("host", [
    "s3-external-1.amazonaws.com", "s3-us-east-1.amazonaws.com", "s3.dualstack.us-east-1.amazonaws.com",
    "s3-fips.us-east-1.amazonaws.com", "s3-fips.dualstack.us-east-1.amazonaws.com", "s3-accelerate.amazonaws.com",
    "s3-accelerate.dualstack.amazonaws.com", "s3.amazonaws.com"])
@pytest.mark.parametrize("style", ["path", "virtual"])
def test_all_names_of_s3(server, s3, aws_names, host, style):
    client = client_of(server, "s3v4", url=aws_names(host), addressing_style=style)
    client.put_object(Bucket="bucket", Key=f"{style}/k", Body=b"x")
    assert s3.get_object(Bucket="bucket", Key=f"{style}/k")["Body"].read() == b"x"
    assert [key["Key"] for key in client.list_objects_v2(Bucket="bucket")["Contents"]] == [f"{style}/k"]


def test_a_refusal_by_name_is_the_services_own(server, aws_names):
    with pytest.raises(ClientError) as refused:
        client_of(server, "s3v4", url=aws_names("s3.us-east-1.api.aws")).list_buckets()
    assert refused.value.response["Error"]["Code"] == "NotImplemented"
    assert "s3.us-east-1.api.aws" in refused.value.response["Error"]["Message"]
    for service in ("sqs", "dynamodb", "apigateway", "sns", "kms"):
        client = boto3.client(service, endpoint_url=aws_names(f"{service}.us-east-1.amazonaws.com"), region_name="us-east-1",
                              aws_access_key_id="AKIA", aws_secret_access_key="s",
                              config=botocore.config.Config(retries={"max_attempts": 0}))
        call = {"sqs": "list_queues", "dynamodb": "list_tables", "apigateway": "get_rest_apis", "sns": "list_topics",
                "kms": "list_keys"}[service]
        with pytest.raises(ClientError) as absent:
            getattr(client, call)()
        assert absent.value.response["Error"]["Code"] == "NotImplemented", service
        assert service in str(absent.value)


# Forms and texts -----------------------------------------------------------------------------------------------------

def post_form(post, extra, body=b"file"):
    boundary = "a-boundary"
    parts = b""
    for name, value in {**post["fields"], **extra}.items():
        parts += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value.encode() + b"\r\n"
    parts += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'.encode() + body
    parts += f"\r\n--{boundary}--\r\n".encode()
    return send(post["url"], "POST", parts, Content_Type=f"multipart/form-data; boundary={boundary}")


def test_texts_in_forms(server, s3):
    conditions = [["starts-with", "$x-amz-meta-a", ""], ["starts-with", "$Cache-Control", ""]]
    post = s3.generate_presigned_post("bucket", "form", Conditions=conditions)
    for field in ("x-amz-meta-a", "Cache-Control"):
        status, _, text = post_form(post, {field: "one\r\ntwo"})
        assert status == 400 and "InvalidArgument" in text
    with pytest.raises(ClientError) as absent:
        s3.head_object(Bucket="bucket", Key="form")
    assert absent.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert post_form(post, {"x-amz-meta-a": "größe — 5"})[0] == 204
    answer = s3.get_object(Bucket="bucket", Key="form")
    assert answer["Body"].read() == b"file"
    assert answer["Metadata"]["a"] == "=?UTF-8?Q?gr=C3=B6=C3=9Fe_=E2=80=94_5?="


def test_a_key_with_nul(server, s3):
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket="bucket", Key="a\0b", Body=b"x")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    post = s3.generate_presigned_post("bucket", "a\0b")
    assert post_form(post, {})[0] == 400
    s3.put_object(Bucket="bucket", Key="bell\x07", Body=b"x")
    assert [key["Key"] for key in s3.list_objects_v2(Bucket="bucket")["Contents"]] == ["bell\x07"]


# Browsers ------------------------------------------------------------------------------------------------------------

def test_browsers(server, s3):
    url = client_of(server, "s3v4").generate_presigned_url("put_object", {"Bucket": "bucket", "Key": "k"})
    asks = {"Origin": "https://app.example", "Access_Control_Request_Method": "PUT",
            "Access_Control_Request_Headers": "content-type"}
    assert send(url, "OPTIONS", **asks)[0] == 403
    s3.put_bucket_cors(Bucket="bucket", CORSConfiguration={"CORSRules": [
        {"AllowedOrigins": ["https://*.example"], "AllowedMethods": ["PUT", "GET"], "AllowedHeaders": ["*"],
         "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 60}]})
    status, headers, text = send(url, "OPTIONS", **asks)
    assert (status, text) == (200, "")
    assert headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert headers["Access-Control-Allow-Headers"] == "content-type"
    status, headers, _ = send(url, "PUT", b"x", Content_Type="text/plain", Origin="https://app.example")
    assert status == 200 and headers["Access-Control-Expose-Headers"] == "ETag"
    status, headers, _ = send(f"{server.url}/bucket/k", Origin="https://app.example")
    assert status == 403 and headers["Access-Control-Allow-Origin"] == "https://app.example"
    broken = url.replace("X-Amz-Signature=", "X-Amz-Signature=0")
    status, headers, _ = send(broken, "PUT", b"x", Origin="https://app.example")
    assert status == 403 and headers["Access-Control-Allow-Origin"] == "https://app.example"
    status, headers, _ = send(f"{server.url}/bucket/k", Origin="https://evil.org")
    assert "Access-Control-Allow-Origin" not in headers


# The account's root --------------------------------------------------------------------------------------------------

def test_root_undoes_a_policy_that_denies_everyone(server, s3):
    s3.put_bucket_policy(Bucket="bucket", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]}]}))
    with pytest.raises(ClientError):
        s3.list_objects_v2(Bucket="bucket")
    assert "Deny" in s3.get_bucket_policy(Bucket="bucket")["Policy"]
    s3.delete_bucket_policy(Bucket="bucket")
    assert s3.list_objects_v2(Bucket="bucket")["KeyCount"] == 0
