"""Presigned URLs, posted forms and requests that boto3 does not make: S3's answers as AWS gave them."""

import base64
import datetime
import hashlib
import hmac
import json
import urllib.error
import urllib.parse
import urllib.request
import uuid
import xml.etree.ElementTree

from recorded_s3 import Scenarios, botocore

import botocore.auth  # noqa: E402
import botocore.awsrequest  # noqa: E402
import botocore.credentials  # noqa: E402

scenarios = Scenarios("s3")
api = Scenarios("s3-api")
lists = Scenarios("s3-list")


# Requests by hand ----------------------------------------------------------------------------------------------------

def send(method, url, body=None, headers=None):
    """(status, text) of a request made as it stands."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    if body is not None and "Content-type" not in request.headers:
        request.add_unredirected_header("Content-type", "")  # urllib would add one of its own
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def as_members(element):
    """XML as the recordings have it: texts, members, lists of what comes more than once."""
    if len(element) == 0:
        return element.text
    members = {}
    for child in element:
        name, value = child.tag.split("}")[-1], as_members(child)
        if name in members:
            members[name] = (members[name] if isinstance(members[name], list) else [members[name]]) + [value]
        else:
            members[name] = value
    return members


def document(text):
    root = xml.etree.ElementTree.fromstring(text)
    return {root.tag.split("}")[-1]: as_members(root)}


def refusal(status, text, with_status):
    return {**(document(text) if text else {}), **({"StatusCode": status} if with_status else {})}


def compare(it, key, status, text):
    it.compare(key, refusal(status, text, "StatusCode" in it.recording[key]))


def signed(it, method, path, body=b"", headers=None, region="us-east-1"):
    """(status, text) of a request signed in its header."""
    environment = it.server.environment
    credentials = botocore.credentials.Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    request = botocore.awsrequest.AWSRequest(method, it.server.url + path, data=body, headers=headers or {})
    botocore.auth.S3SigV4Auth(credentials, "s3", region).add_auth(request)
    return send(method, it.server.url + path, body or None, dict(request.headers))


def client(it, version):
    """For presigning with this signature version."""
    config = botocore.config.Config(signature_version=version, s3={"addressing_style": "path"},
                                    request_checksum_calculation="when_required")
    return it.server.boto3("s3", config=config)


def presigned(it, version, operation, expires=600, **parameters):
    return client(it, version).generate_presigned_url(operation, Params={"Bucket": "bucket", "Key": "k", **parameters},
                                                      ExpiresIn=expires)


def put(it, body=b"something"):
    it.bucket("bucket")
    it.s3.put_object(Bucket="bucket", Key="k", Body=body)


# Presigned URLs ------------------------------------------------------------------------------------------------------

@scenarios("TestS3PresignedUrl::test_put_object")
def put_by_url(_s3, it):
    it.bucket("bucket")
    assert send("PUT", presigned(it, "s3v4", "put_object"), b"something")[0] == 200
    it.match("get_object", "get_object", Bucket="bucket", Key="k")


@scenarios(*scenarios.parameters("TestS3PresignedUrl::test_s3_presigned_url_expired"))
def expired(_s3, it, version):
    """Made as if some time ago: nothing has to be waited for."""
    put(it)
    url = presigned(it, version, "get_object", expires=-10 if version == "s3" else 2)
    if version == "s3v4":
        url = backdated(it)
    compare(it, "expired-exception", *send("GET", url))


def backdated(it):
    """A URL of version 4 that was valid for two seconds, a minute ago."""
    environment = it.server.environment
    then = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=1)).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{then[:8]}/us-east-1/s3/aws4_request"
    query = urllib.parse.urlencode(sorted({
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{environment['AWS_ACCESS_KEY_ID']}/{scope}",
        "X-Amz-Date": then, "X-Amz-Expires": "2", "X-Amz-SignedHeaders": "host"}.items()), quote_via=urllib.parse.quote, safe="")
    host = urllib.parse.urlsplit(it.server.url).netloc
    canonical = f"GET\n/bucket/k\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
    to_sign = f"AWS4-HMAC-SHA256\n{then}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{environment['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in (*scope.split("/"), to_sign):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return f"{it.server.url}/bucket/k?{query}&X-Amz-Signature={key.hex()}"


@scenarios("TestS3PresignedUrl::test_presigned_url_signature_authentication[s3-False]",
           "TestS3PresignedUrl::test_presigned_url_signature_authentication[s3v4-False]")
def wrong_signature(_s3, it, parameter):
    put(it)
    version = parameter.split("-")[0]
    for key, operation, method in (("invalid-get-1", "get_object", "GET"), ("invalid-put-1", "put_object", "PUT")):
        url = presigned(it, version, operation)
        name = "X-Amz-Signature" if version == "s3v4" else "Signature"
        parts = urllib.parse.urlsplit(url)
        query = [(field, value[::-1] if field == name else value) for field, value in urllib.parse.parse_qsl(parts.query)]
        wrong = parts._replace(query=urllib.parse.urlencode(query, quote_via=urllib.parse.quote)).geturl()
        compare(it, key, *send(method, wrong, b"x" if method == "PUT" else None))


@scenarios("TestS3PresignedUrl::test_s3_put_presigned_url_missing_sig_param[s3v4]")
def missing_parameter(_s3, it, version):
    it.bucket("bucket")
    parts = urllib.parse.urlsplit(presigned(it, version, "put_object"))
    query = "&".join(field for field in parts.query.split("&") if not field.startswith("X-Amz-SignedHeaders"))
    compare(it, "missing-param-exception", *send("PUT", parts._replace(query=query).geturl(), b"x"))


@scenarios(*scenarios.parameters("TestS3PresignedUrl::test_s3_put_presigned_url_with_different_headers"))
def other_headers(_s3, it, version):
    it.bucket("bucket")
    url = presigned(it, version, "put_object", ContentType="text/plain", ContentEncoding="identity")
    compare(it, "content-type-exception", *send("PUT", url, b"x", {"Content-Type": "text/xml", "Content-Encoding": "identity"}))
    plain = presigned(it, version, "put_object")
    status, text = send("PUT", plain, b"x", {"Content-Type": "text/html"})
    compare(it, "content-type-response", status, text)
    encoded = presigned(it, version, "put_object", ContentEncoding="identity")
    compare(it, "wrong-content-encoding-response", *send("PUT", encoded, b"x", {"Content-Encoding": "gzip"}))


@scenarios("TestS3PresignedUrl::test_put_object_with_md5_and_chunk_signature_bad_headers[s3-True]")
def chunks_behind_a_url_of_version_2(_s3, it, _parameter):
    """Headers of x-amz- that were not signed along."""
    it.bucket("bucket")
    url = presigned(it, "s3", "put_object")
    streaming = {"X-Amz-Content-Sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "X-Amz-Date": "20211122T191045Z"}
    for key, more in (("with", {"X-Amz-Decoded-Content-Length": "1"}), ("without", {})):
        compare(it, f"{key}-decoded-content-length", *send("PUT", url, b"1;chunk-signature=0\r\nx\r\n", {**streaming, **more}))


@scenarios("TestS3PresignedUrl::test_presigned_double_encoded_credentials")
def encoded_twice(_s3, it):
    put(it)
    url = presigned(it, "s3v4", "get_object")
    it.compare("error-malformed", document(send("GET", url.replace("%2F", "%252F"))[1]))


@scenarios("TestS3PresignedUrl::test_presigned_url_v4_x_amz_in_qs")
def metadata_in_the_url(_s3, it):
    """What is signed as a parameter counts like the header."""
    it.bucket("bucket")
    environment = it.server.environment
    credentials = botocore.credentials.Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    query = "?x-amz-meta-foo=bar-complicated-no-random"
    request = botocore.awsrequest.AWSRequest("PUT", f"{it.server.url}/bucket/k{query}")
    botocore.auth.S3SigV4QueryAuth(credentials, "s3", "us-east-1", expires=60).add_auth(request)
    assert send("PUT", request.url, b"123456")[0] == 200
    it.match("head-object", "head_object", Bucket="bucket", Key="k", ChecksumMode="ENABLED")


@scenarios("TestS3PresignedUrl::test_put_unicode_metadata_with_sig_s3")
def metadata_that_is_no_ascii(s3, it):
    """botocore would refuse it; other SDKs do not."""
    it.bucket("bucket")
    client = it.server.boto3("s3", config=botocore.config.Config(signature_version="s3", s3={"addressing_style": "path"}))
    client.meta.events.unregister("before-parameter-build.s3.PutObject", botocore.handlers.validate_ascii_metadata)
    url = client.generate_presigned_url("put_object", {
        "Bucket": "bucket", "Key": "k", "Metadata": {"foo": "non-ascii-%E2%80%94_\u2014_\u00e9_"}})
    assert send("PUT", url, b"")[0] == 200
    it.match("head_object", "head_object", Bucket="bucket", Key="k")


@scenarios("TestS3PresignedUrl::test_put_url_metadata_with_sig_s3[True]")
def metadata_of_version_2(_s3, it, _verified):
    it.bucket("bucket")
    url = presigned(it, "s3", "put_object", Metadata={"foo": "bar"})
    assert send("PUT", url, b"content 123", {"x-amz-meta-foo": "bar"})[0] == 200
    it.match("head_object", "head_object", Bucket="bucket", Key="k")
    it.compare("wrong-meta-headers", document(send("PUT", url, b"content 123", {"x-amz-meta-wrong": "wrong"})[1]))


@scenarios(*(f"TestS3::test_get_object_content_length_with_virtual_host[{one}]" for one in (True, False)
             if scenarios.parameters("TestS3::test_get_object_content_length_with_virtual_host")))
def headers(_s3, it, _virtual_host):
    put(it, b"123")
    with urllib.request.urlopen(presigned(it, "s3v4", "get_object"), timeout=60) as answer:
        names = {name.lower(): value for name, value in answer.headers.items() if name.lower() != "connection"}
    it.compare("get-obj-content-len-headers", names)


# Posted forms --------------------------------------------------------------------------------------------------------

class Form:
    """A presigned form. Fields and policy can be changed before it is posted."""

    def __init__(self, it, version="s3v4", key="k", fields=None, conditions=None, expires=600):
        made = client(it, version).generate_presigned_post("bucket", key, Fields=fields, Conditions=conditions,
                                                           ExpiresIn=expires)
        self.url, self.fields = made["url"], dict(made["fields"])

    def without(self, *names):
        for name in names:
            for own in [own for own in self.fields if own.lower() == name.lower()]:
                del self.fields[own]
        return self

    def post(self, file, **more):
        boundary = uuid.uuid4().hex
        parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                 for name, value in {**self.fields, **more}.items()]
        head = "".join(parts) + f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\n\r\n'
        body = head.encode() + file + f"\r\n--{boundary}--\r\n".encode()
        return send("POST", self.url, body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})


def form_of(it, **options):
    if it.made == 0:
        it.bucket("bucket")
    return Form(it, **options)


@scenarios("TestS3PresignedPost::test_post_request_malformed_policy[s3v4]")
def changed_policy(_s3, it, version):
    form = form_of(it, version=version)
    policy = json.loads(base64.b64decode(form.fields["policy"]))
    form.fields["policy"] = base64.b64encode(json.dumps({**policy, "changed": True}).encode()).decode()
    compare(it, "exception-policy", *form.post(b"x"))


@scenarios("TestS3PresignedPost::test_post_request_missing_signature[s3v4]")
def missing_signature(_s3, it, version):
    form = form_of(it, version=version).without("x-amz-signature", "signature")
    compare(it, "exception-missing-signature", *form.post(b"x"))


@scenarios(*scenarios.parameters("TestS3PresignedPost::test_post_request_missing_fields"))
def missing_fields(_s3, it, version):
    compare(it, "exception-missing-fields", *form_of(it, version=version).without("x-amz-algorithm", "AWSAccessKeyId").post(b"x"))
    bare = form_of(it, version=version).without("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature",
                                                "AWSAccessKeyId", "signature")
    compare(it, "exception-no-sig-related-fields", *bare.post(b"x"))


@scenarios(*scenarios.parameters("TestS3PresignedPost::test_post_object_with_tags"))
def tagged_form(_s3, it, kind):
    tag = "<Tagging><TagSet><Tag><Key>TagName</Key><Value>TagValue</Value></Tag></TagSet></Tagging>"
    tagging = tag if kind == "single" else "not-xml"
    status, text = form_of(it, fields={"tagging": tagging}, conditions=[{"tagging": tagging}]).post(b"x")
    if kind == "single":
        assert status == 204, text
        it.match("get-tagging", "get_object_tagging", Bucket="bucket", Key="k")
    else:
        it.compare("tagging-error", document(text))


@scenarios("TestS3PresignedPost::test_post_object_with_metadata")
def described_form(_s3, it):
    fields = {"x-amz-meta-test-1": "test-meta-1", "x-amz-meta-test-2": "test-meta-2", "Content-Type": "text/plain",
              "Expires": "Wed, 21 Oct 2026 07:28:00 GMT"}
    form = form_of(it, fields=fields, conditions=[{name: value} for name, value in fields.items()])
    assert form.post(b"test-metadata-POS")[0] == 204
    it.match("head-object", "head_object", leave_out=("ETag",), Bucket="bucket", Key="k")


@scenarios("TestS3PresignedPost::test_post_object_with_wrong_content_type")
def not_a_form(_s3, it):
    form = form_of(it)
    status, text = send("POST", form.url, b"a=b", {"Content-Type": "application/x-www-form-urlencoded"})
    assert status == 412
    it.compare("invalid-content-type-error", document(text))


@scenarios("TestS3PresignedPost::test_post_object_policy_validation_size")
def size_of_the_file(_s3, it):
    def post(file, least, most):
        return form_of(it, conditions=[["content-length-range", least, most]]).post(file)

    it.compare("invalid-content-length-too-big", document(post(b"a" * 12, 5, 10)[1]))
    it.compare("invalid-content-length-too-small", document(post(b"a", 5, 10)[1]))
    assert post(b"a" * 10, "5", "10")[0] == 204
    it.match("final-object", "get_object", Bucket="bucket", Key="k")
    it.compare("invalid-content-length-wrong-type", document(post(b"a" * 10, "test", "10")[1]))


@scenarios("TestS3PresignedPost::test_post_object_policy_conditions_validation_starts_with")
def starts_with(s3, it):
    conditions = [["starts-with", "$success_action_redirect", "http://localhost"]]

    def post(file, target, name="success_action_redirect"):
        form = form_of(it, fields={name: target}, conditions=conditions)
        return no_redirect(form, file)

    it.compare("invalid-condition-starts-with", document(post(b"x", "http://wrong")[1]))
    it.compare("invalid-condition-starts-with-casing", document(post(b"x", "HTTP://localhost")[1]))
    assert post(b"abcdef", "http://localhost")[0] == 303
    it.match("get-object-1", "get_object", Bucket="bucket", Key="k")
    s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    assert post(b"manual value to change ETag", "http://localhost/", "Success_Action_Redirect")[0] == 303
    it.match("get-object-2", "get_object", Bucket="bucket", Key="k")


class KeepRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def no_redirect(form, file):
    opened, urllib.request.urlopen = urllib.request.urlopen, urllib.request.build_opener(KeepRedirects).open
    try:
        return form.post(file)
    finally:
        urllib.request.urlopen = opened


# What boto3 does not send --------------------------------------------------------------------------------------------

@scenarios("TestS3PutObjectChecksum::test_s3_checksum_no_automatic_sdk_calculation")
def without_the_sdk(_s3, it):
    it.bucket("bucket")
    body, right = b"test data..", "2l26x0trnT0r2AvakoFk2MB7eKVKzYESLMxSAKAzoik="

    def put_with(headers, then):
        status, text = signed(it, "PUT", "/bucket/k", body, headers)
        assert status == 200, text
        it.match(then, "head_object", Bucket="bucket", Key="k", ChecksumMode="ENABLED")

    status, text = signed(it, "PUT", "/bucket/k", body, {"x-amz-checksum-sha256": "bad"})
    assert status == 400
    it.compare("wrong-checksum", document(text))
    put_with({"x-amz-checksum-sha256": right}, "head-obj-right-checksum")
    put_with({"x-amz-sdk-checksum-algorithm": "SHA256"}, "head-obj-only-checksum-algo")
    put_with({"x-amz-checksum-sha256": right, "x-amz-sdk-checksum-algorithm": "CRC32"}, "head-obj-diff-checksum-algo")
    put_with({}, "head-obj-no-checksum")
    it.match("get-obj-attrs-no-checksum", "get_object_attributes", Bucket="bucket", Key="k", ObjectAttributes=["Checksum"])
    it.match("copy-obj-default-checksum", "copy_object", Bucket="bucket", Key="copy", CopySource="bucket/k")
    it.match("get-copy-obj-attrs-no-checksum", "get_object_attributes", Bucket="bucket", Key="copy",
             ObjectAttributes=["Checksum"])


def test_what_the_recordings_have_of_other_requests(server):
    """Parts of recordings that other files leave to this one."""
    from recorded_s3 import Enactment, is_new_enough
    import pytest
    if not is_new_enough():
        pytest.skip("this botocore is older than the recordings")
    of = Enactment("s3", "TestS3::test_create_bucket_aws_global", server, server.boto3("s3"))
    of.recording.bind("<us_east_1_region>", "us-east-1")
    of.compare("xml-error-create-bucket", document(signed(of, "PUT", "/bucket", region="aws-global")[1]))

    of = Enactment("s3-list", "TestS3ListObjectsV2::test_list_objects_v2_with_prefix", server, server.boto3("s3"))
    of.bucket("bucket")
    for key in ("test/foo/bar/123", "test/foo/bar/456", "test/bar/foo/123"):
        of.s3.put_object(Bucket="bucket", Key=key, Body=b"content 123")
    of.compare("list-objects-v2-no-encoding", document(signed(of, "GET", "/bucket?list-type=2&prefix=test%2Ffoo")[1]))

    of = Enactment("s3-api", "TestS3BucketObjectTagging::test_tagging_validation", server, server.boto3("s3"))
    for key, path in (("bucket", "/bucket?tagging"), ("object", "/bucket/test/foo/bar/123?tagging")):
        for missing, tag in (("key", "<Value>v</Value>"), ("value", "<Key>k</Key>")):
            body = f"<Tagging><TagSet><Tag>{tag}</Tag></TagSet></Tagging>".encode()
            status, text = signed(of, "PUT", path, body)
            error = {name: value for name, value in document(text)["Error"].items() if name not in ("RequestId", "HostId")}
            of.compare(f"put-{key}-tags-none-{missing}", {"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}})


test_recorded = scenarios.as_test()
