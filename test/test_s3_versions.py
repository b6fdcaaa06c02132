"""Versions, markers and uploads as clients meet them: deleting them all, deleting twice, completing twice."""

import concurrent.futures

import pytest

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
from botocore.exceptions import ClientError  # noqa: E402

VERSIONS = 1050  # more than a page


@pytest.fixture
def s3(server):
    client = server.boto3("s3")
    client.create_bucket(Bucket="bucket")
    client.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    return client


def resource(server):
    return boto3.resource("s3", endpoint_url=server.url, region_name="us-east-1",
                          aws_access_key_id=server.environment["AWS_ACCESS_KEY_ID"],
                          aws_secret_access_key=server.environment["AWS_SECRET_ACCESS_KEY"])


def test_deleting_more_versions_than_a_page_holds(server, s3):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: s3.put_object(Bucket="bucket", Key=f"k{n % 3}", Body=b""), range(VERSIONS)))
    s3.delete_object(Bucket="bucket", Key="k1")
    resource(server).Bucket("bucket").object_versions.delete()
    s3.delete_bucket(Bucket="bucket")


def test_aborting_uploads_page_by_page(server, s3):
    for _ in range(5):
        s3.create_multipart_upload(Bucket="bucket", Key="k")
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket="bucket", PaginationConfig={"PageSize": 2}):
        for upload in page.get("Uploads", []):
            s3.abort_multipart_upload(Bucket="bucket", Key="k", UploadId=upload["UploadId"])
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="bucket")


def test_what_is_gone_is_gone(s3):
    version = s3.put_object(Bucket="bucket", Key="k", Body=b"x")["VersionId"]
    for _ in range(2):
        answer = s3.delete_object(Bucket="bucket", Key="k", VersionId=version)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204 and answer["VersionId"] == version
    many = s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "k", "VersionId": version}]})
    assert "Errors" not in many and many["Deleted"] == [{"Key": "k", "VersionId": version}]


def test_the_command_line_deletes_twice(server, s3, aws_cli):
    version = s3.put_object(Bucket="bucket", Key="k", Body=b"x")["VersionId"]
    for _ in range(2):
        done = server.aws("s3api", "delete-object", "--bucket", "bucket", "--key", "k", "--version-id", version)
        assert done.status == 0, done


def test_completing_twice(s3):
    upload = {"Bucket": "bucket", "Key": "k",
              "UploadId": s3.create_multipart_upload(Bucket="bucket", Key="k")["UploadId"]}
    part = s3.upload_part(**upload, PartNumber=1, Body=b"tail")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    answers = [s3.complete_multipart_upload(**upload, MultipartUpload=parts) for _ in range(2)]
    for answer in answers:
        answer.pop("ResponseMetadata")
    assert answers[0] == answers[1]
    assert len(s3.list_object_versions(Bucket="bucket")["Versions"]) == 1


def test_markers(s3):
    s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    marker = s3.delete_object(Bucket="bucket", Key="k")
    assert marker["DeleteMarker"] is True
    with pytest.raises(ClientError) as refused:
        s3.get_object(Bucket="bucket", Key="k", VersionId=marker["VersionId"])
    answer = refused.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 405
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amz-delete-marker"] == "true" and headers["allow"] == "DELETE" and "last-modified" in headers
    s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Suspended"})
    assert s3.put_object(Bucket="bucket", Key="k", Body=b"y")["VersionId"] == "null"
    removed = s3.delete_object(Bucket="bucket", Key="k")
    assert removed["DeleteMarker"] is True and removed["VersionId"] == "null"
    listed = s3.list_object_versions(Bucket="bucket")
    assert len(listed["Versions"]) == 1 and len(listed["DeleteMarkers"]) == 2
