"""Encryption with customers' keys (SSE-C): S3's answers as AWS gave them."""

import base64
import hashlib

from botocore.config import Config

from recorded_s3 import Scenarios

scenarios = Scenarios("s3")

KEY = b"K" * 32
SECRET = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": KEY}
# As it travels: what boto3 makes of the above for the operations that it knows to have a key.
ENCODED = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": base64.b64encode(KEY).decode(),
           "SSECustomerKeyMD5": base64.b64encode(hashlib.md5(KEY).digest()).decode()}
# Entity tags of what is encrypted are chance, and the recordings' key is not known.
CHANCE = ("ETag", "SSECustomerKeyMD5", "CopyObjectResult.ETag")


class Raw:
    """What boto3 puts into the headers of an operation is changed before it is signed."""

    def __init__(self, client, operation):
        self.changes = {}
        client.meta.events.register(f"before-call.s3.{operation}", self.change)

    def change(self, params, **_):
        for name, value in self.changes.items():
            if value is None:
                params["headers"].pop(name, None)
            else:
                params["headers"][name] = value


def answered_md5(answer):
    assert answer["SSECustomerKeyMD5"] == ENCODED["SSECustomerKeyMD5"]
    return answer


@scenarios("TestS3SSECEncryption::test_put_object_lifecycle_with_sse_c")
def lifecycle(_s3, it):
    where = {"Bucket": it.bucket(), "Key": "k"}
    put = answered_md5(it.match("put-obj-sse-c", "put_object", CHANCE, Body="test_data", **where, **SECRET))
    head = answered_md5(it.match("head-obj-sse-c", "head_object", CHANCE, **where, **SECRET))
    got = answered_md5(it.match("get-obj-sse-c", "get_object", CHANCE, ChecksumMode="ENABLED", **where, **SECRET))
    attributes = it.match("get-obj-attrs-sse-c", "get_object_attributes", CHANCE,
                          ObjectAttributes=["ETag", "ObjectSize"], **where, **ENCODED)
    assert put["ETag"] == head["ETag"] == got["ETag"] == f'"{attributes["ETag"]}"'
    assert put["ETag"] != f'"{hashlib.md5(b"test_data").hexdigest()}"'
    it.match("del-obj-sse-c", "delete_object", **where)


@scenarios("TestS3SSECEncryption::test_put_object_default_checksum_with_sse_c")
def default_checksum(_s3, it):
    plain = it.server.boto3("s3", config=Config(request_checksum_calculation="when_required",
                                                s3={"addressing_style": "path"}))
    where = {"Bucket": it.bucket(), "Key": "k"}
    plain.put_object(Body="test data..", **where, **SECRET)
    it.match("head-obj-sse-c", "head_object", CHANCE, ChecksumMode="ENABLED", **where, **SECRET)
    it.match("get-obj-sse-c", "get_object", CHANCE, ChecksumMode="ENABLED", **where, **SECRET)
    it.match("get-obj-attrs-sse-c", "get_object_attributes", CHANCE, ObjectAttributes=["ETag", "Checksum"],
             **where, **ENCODED)


@scenarios("TestS3SSECEncryption::test_put_object_validation_sse_c")
def validation(s3, it):
    where = {"Bucket": it.bucket(), "Key": "k", "Body": "test_data"}
    md5 = "x-amz-server-side-encryption-customer-key-MD5"
    it.match("put-obj-sse-c-both-encryption", "put_object", **where, **SECRET, ServerSideEncryption="AES256")
    it.match("put-obj-sse-c-wrong-algo", "put_object", **where, **{**SECRET, "SSECustomerAlgorithm": "KMS"})
    it.match("put-obj-sse-c-no-algo", "put_object", **where, SSECustomerKey=KEY)
    it.match("put-obj-sse-c-no-key", "put_object", **where, SSECustomerAlgorithm="AES256")
    it.match("put-obj-sse-c-wrong-key-size", "put_object", **where, **{**SECRET, "SSECustomerKey": b"k"})
    it.match("put-obj-sse-c-bad-md5", "put_object", **where,
             **{**ENCODED, "SSECustomerKeyMD5": "x" * 24})
    raw = Raw(s3, "PutObject")
    raw.changes = {md5: None}
    it.match("put-obj-sse-c-no-md5", "put_object", **where, **SECRET)


@scenarios("TestS3SSECEncryption::test_copy_object_with_sse_c")
def copies(_s3, it):
    bucket = it.bucket()
    answered_md5(it.match("put-obj-sse-c", "put_object", CHANCE, Bucket=bucket, Key="k", Body="test_data", **SECRET))
    copied = {"Bucket": bucket, "CopySource": f"{bucket}/k"}
    source = {f"CopySource{name}": value for name, value in SECRET.items()}
    plain = it.match("copy-obj-sse-c-target-no-sse-c", "copy_object", Key="plain", **copied, **source)
    assert plain["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(b"test_data").hexdigest()}"'
    it.match("copy-obj-sse-c", "copy_object", CHANCE, Key="target", **copied, **source, **SECRET)
    it.match("get-obj-no-sse-c-param", "get_object", Bucket=bucket, Key="target")
    it.match("copy-obj-no-src-sse-c", "copy_object", Key="target", **copied, **SECRET)
    it.match("copy-obj-wrong-src-sse-c-algo", "copy_object", Key="target", **copied, **SECRET,
             **{**source, "CopySourceSSECustomerAlgorithm": "KMS"})
    it.match("copy-obj-wrong-target-sse-c-algo", "copy_object", Key="target", **copied, **source,
             **{**SECRET, "SSECustomerAlgorithm": "KMS"})
    it.match("copy-obj-target-double-encryption", "copy_object", Key="target", **copied, **source, **SECRET,
             ServerSideEncryption="AES256")


test_recorded = scenarios.as_test()
