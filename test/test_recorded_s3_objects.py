"""Objects, their copies, versions, tags and listings: S3's answers as AWS gave them."""

import datetime
import gzip
import io

import pytest

from recorded_s3 import Scenarios

scenarios = Scenarios("s3")
api = Scenarios("s3-api")
lists = Scenarios("s3-list")

LOREM = "Lorem ipsum dolor sit amet, ... " * 30


def put(s3, bucket, key="k", body=b"test", **options):
    return s3.put_object(Bucket=bucket, Key=key, Body=body, **options)


# Reading and writing -------------------------------------------------------------------------------------------------

@scenarios("TestS3::test_put_and_get_object_with_utf8_key")
def utf8_key(_s3, it):
    bucket = it.bucket()
    it.match("put-object", "put_object", Bucket=bucket, Key="Ā0Ä", Body=b"abc123")
    it.match("get-object", "get_object", Bucket=bucket, Key="Ā0Ä")


@scenarios("TestS3::test_put_and_get_object_with_hash_prefix")
def hash_prefix(_s3, it):
    bucket = it.bucket()
    it.match("put-object", "put_object", Bucket=bucket, Key="#key-with-hash-prefix", Body=b"test 123")
    it.match("get-object", "get_object", Bucket=bucket, Key="#key-with-hash-prefix")


@scenarios("TestS3::test_metadata_header_character_decoding")
def metadata_names(s3, it):
    bucket = it.bucket()
    put(s3, bucket, body="foo", Metadata={"TEST_META_1": "foo", "__meta_2": "bar"})
    it.match("head-object", "head_object", Bucket=bucket, Key="k")


@scenarios("TestS3::test_invalid_range_error")
def invalid_range(s3, it):
    bucket = it.bucket()
    put(s3, bucket, body=b"abcdefgh")
    it.match("exc", "get_object", Bucket=bucket, Key="k", Range="bytes=1024-4096")


@scenarios("TestS3::test_putobject_with_multiple_keys", "TestS3::test_s3_uppercase_key_names")
def other_keys(s3, it):
    bucket = it.bucket()
    put(s3, bucket, "aws/key1/key2/key3")
    put(s3, bucket, "camelCaseKey", "something")
    if "get_object" in it.recording.content:
        it.match("get_object", "get_object", Bucket=bucket, Key="aws/key1/key2/key3")
    else:
        it.match("response", "get_object", Bucket=bucket, Key="camelCaseKey")
        it.match("wrong-case-key", "get_object", Bucket=bucket, Key="camelcasekey")


def zipped():
    data = io.BytesIO()
    with gzip.GzipFile(fileobj=data, mode="w", mtime=1676569620) as stream:
        stream.write(b"1234567890 " * 100)
    return data.getvalue()


@scenarios("TestS3::test_s3_upload_download_gzip", "TestS3PutObjectChecksum::test_s3_checksum_with_content_encoding")
def content_encoding(_s3, it):
    bucket, body = it.bucket(), zipped()
    if body[9] == 3:  # the operating system in the header differs between versions of Python
        body = body[:9] + b"\xff" + body[10:]
    checksum = {"ChecksumAlgorithm": "SHA256"} if "get-object-attrs" in it.recording.content else {}
    it.match("put-object", "put_object", Bucket=bucket, Key="test.gz", ContentEncoding="gzip", Body=body, **checksum)
    it.match("get-object", "get_object", Bucket=bucket, Key="test.gz")
    if checksum:
        it.match("get-object-with-checksum", "get_object", Bucket=bucket, Key="test.gz", ChecksumMode="ENABLED")
        it.match("get-object-attrs", "get_object_attributes", Bucket=bucket, Key="test.gz", ObjectAttributes=["Checksum"])


@scenarios("TestS3::test_upload_big_file")
def big(_s3, it):
    bucket = it.bucket()
    it.match("put_object_key1", "put_object", Bucket=bucket, Key="k", Body="\x01" * 10_000_000)
    it.match("put_object_key2", "put_object", Bucket=bucket, Key="k", Body="a" * 10_000_000)
    it.match("head_object_key1", "head_object", Bucket=bucket, Key="k")
    it.match("head_object_key2", "head_object", Bucket=bucket, Key="k")


@scenarios("TestS3::test_etag_on_get_object_call")
def etag(s3, it):
    bucket = it.bucket()
    put(s3, bucket, body=LOREM)
    it.match("get_object", "get_object", Bucket=bucket, Key="k")
    it.match("get_object_range", "get_object", Bucket=bucket, Key="k", Range="bytes=0-16")


@scenarios("TestS3::test_head_object_fields")
def head(s3, it):
    bucket = it.bucket()
    put(s3, bucket, body=b"abcdefgh")
    it.match("head-object", "head_object", Bucket=bucket, Key="k")
    it.match("head-object-404", "head_object", Bucket=bucket, Key="doesnotexist")


@scenarios("TestS3::test_s3_get_object_header_overrides")
def overrides(s3, it):
    bucket = it.bucket()
    put(s3, bucket, body="something")
    it.match("get-object", "get_object", Bucket=bucket, Key="k", ResponseCacheControl="max-age=74",
             ResponseContentDisposition='attachment; filename="foo.jpg"', ResponseContentEncoding="identity",
             ResponseContentLanguage="de-DE", ResponseContentType="image/jpeg",
             ResponseExpires="Wed, 21 Oct 2015 07:28:00 GMT")


@scenarios("TestS3::test_s3_object_expires")
def expires(_s3, it):
    bucket, now = it.bucket(), datetime.datetime.now(datetime.timezone.utc)
    for name, moment in (("future", now + datetime.timedelta(hours=1)), ("past", now - datetime.timedelta(hours=1))):
        it.match(f"put-object-expires-{name}", "put_object", Bucket=bucket, Key=name, Body="foo", Expires=moment)
        it.match(f"head-object-expires-{name}", "head_object", Bucket=bucket, Key=name)
        it.match(f"get-object-expires-{name}", "get_object", Bucket=bucket, Key=name)


@scenarios("TestS3::test_s3_get_object_headers")
def conditions(s3, it):
    bucket = it.bucket()
    tag = put(s3, bucket)["ETag"]

    def error(key, **condition):
        with pytest.raises(s3.exceptions.ClientError) as refused:
            s3.get_object(Bucket=bucket, Key="k", **condition)
        it.compare(key, refused.value.response["Error"])

    error("if_none_match_err_1", IfNoneMatch=tag)
    error("if_none_match_err_2", IfNoneMatch=tag.strip('"'))
    error("if_match_err_1", IfMatch="etag")
    for key, condition in (("if_none_match_1", {"IfNoneMatch": "etag"}), ("if_match_1", {"IfMatch": tag}),
                           ("if_match_2", {"IfMatch": tag.strip('"')})):
        it.compare(key, s3.get_object(Bucket=bucket, Key="k", **condition)["ResponseMetadata"]["HTTPStatusCode"])


@scenarios("TestS3::test_s3_get_object_preconditions[get_object]")
def preconditions(s3, it, method):
    bucket = it.bucket()
    tag = put(s3, bucket, body=b"data")["ETag"]
    modified = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    day = datetime.timedelta(days=1)

    def ask(key, **conditions):
        it.match(key, method, Bucket=bucket, Key="k", **conditions)

    since, before = {"IfModifiedSince": modified}, {"IfUnmodifiedSince": modified - day}
    ask("precondition-if-match", IfMatch="etag123", IfNoneMatch=tag, **since, **before)
    ask("precondition-if-unmodified-since", IfNoneMatch=tag, **since, **before)
    ask("precondition-if-none-match", IfNoneMatch=tag, **since)
    ask("copy-precondition-if-modified-since", **since)
    ask("obj-ignore-future-modified-since", IfModifiedSince=modified + day)
    ask("etag-missing-quotes", IfNoneMatch=tag.strip('"'), **since)
    ask("precondition-if-unmodified-since-is-object", IfUnmodifiedSince=modified)
    ask("precondition-if-modified-since-is-object", **since)
    ask("obj-success", IfMatch=tag.strip('"'), IfNoneMatch="etag123", IfModifiedSince=modified - day,
        IfUnmodifiedSince=modified)


@scenarios(*scenarios.parameters("TestS3::test_put_object_storage_class"))
def storage_class(s3, it, parameter):
    bucket = it.bucket()
    put(s3, bucket, body=b"body-test", StorageClass=parameter.rsplit("-", 1)[0])
    it.match("get-object-storage-class", "get_object_attributes", Bucket=bucket, Key="k",
             ObjectAttributes=["StorageClass"])
    it.match("get-object", "get_object", Bucket=bucket, Key="k")


@scenarios(*scenarios.parameters("TestS3::test_put_get_object_special_character"))
def special_characters(_s3, it, key):
    bucket = it.bucket()
    it.match("put-object-special-char", "put_object", Bucket=bucket, Key=key, Body=b"test")
    it.match("list-object-special-char", "list_objects_v2", Bucket=bucket)
    it.match("get-object-special-char", "get_object", Bucket=bucket, Key=key)
    it.match("del-object-special-char", "delete_object", Bucket=bucket, Key=key)


@scenarios("TestS3::test_copy_object_special_character")
def copied_special_characters(_s3, it):
    source, target = it.bucket(), it.bucket()
    for key in ("file%2Fname", "test@key/", "test key/", "test key//", "a/%F0%9F%98%80/", "test+key"):
        it.match(f"put-object-src-special-char-{key}", "put_object", Bucket=source, Key=key, Body=b"test")
        it.match(f"copy-object-special-char-{key}", "copy_object", Bucket=target, Key=key,
                 CopySource={"Bucket": source, "Key": key})
    it.match("list-object-copy-dest-special-char", "list_objects_v2", Bucket=target)


@scenarios("TestS3::test_put_get_object_single_character_trailing_slash")
def trailing_slash(_s3, it):
    bucket = it.bucket()
    for key in ("a/", "t/", "u/"):
        it.match(f"put-object-single-char-{key}", "put_object", Bucket=bucket, Key=key, Body=b"test")
        it.match(f"get-object-single-char-{key}", "get_object", Bucket=bucket, Key=key)
    it.match("list-objects-single-char", "list_objects_v2", Bucket=bucket)


@scenarios(*scenarios.parameters("TestS3::test_url_encoded_key"))
def encoded_key(s3, it, _virtual_host):
    bucket = it.bucket()
    put(s3, bucket, "test@key/", b"test-non-encoded")
    put(s3, bucket, "test%40key/", b"test-encoded")
    put(s3, bucket, "test%40key", b"test-encoded-no-trailing")
    it.match("list-object-encoded-char", "list_objects_v2", Bucket=bucket)


@scenarios(*scenarios.parameters("TestS3::test_object_with_slashes_in_key"))
def slashes(s3, it, _virtual_host):
    bucket = it.bucket()
    for key, body in (("/foo", b"foobar"), ("bar", b"barfoo"), ("/bar/foo/", b"test")):
        put(s3, bucket, key, body)
    it.match("list-objects-slashes", "list_objects_v2", Bucket=bucket)
    assert s3.get_object(Bucket=bucket, Key="/foo")["Body"].read() == b"foobar"


@scenarios("TestS3::test_system_metadata_with_unicode")
def unicode_headers(s3, it):
    bucket = it.bucket()
    it.match("put-object", "put_object", Bucket=bucket, Key="k", Body=b"", CacheControl="ÄMÄZÕÑ S3",
             ContentLanguage="de", ContentDisposition='attachment; filename="test_—_file%E2%80%94_é_2.pdf"')
    it.match("get-object", "get_object", Bucket=bucket, Key="k")


@api("TestS3ObjectCRUD::test_get_object_range")
def ranges(s3, it):
    bucket = it.bucket()
    put(s3, bucket, body="0123456789")
    for text in ("0-8", "1-1", "1-0", "1-", "-1-", "-2", "-9", "-15", "0-100", "0-0", "0--1", "-", "-0", "100-200"):
        it.match(f"get-{text}", "get_object", Bucket=bucket, Key="k", Range=f"bytes={text}")
    it.match("get-0-8-checksum", "get_object", Bucket=bucket, Key="k", Range="bytes=0-8", ChecksumMode="ENABLED")
    it.match("get-multiple-ranges", "get_object", Bucket=bucket, Key="k", Range="bytes=0-1,3-4,7-9")
    it.match("get-wrong-format", "get_object", Bucket=bucket, Key="k", Range="0-1")
    it.match("put-after-failed", "put_object", Bucket=bucket, Key="k", Body="0123456789" * 2)


# Deleting ------------------------------------------------------------------------------------------------------------

def deleted(it, key, bucket, *objects):
    """Deletes in one request; the order of the answer is not defined."""
    answer = it.s3.delete_objects(Bucket=bucket, Delete={"Objects": list(objects)})
    answer.get("Deleted", []).sort(key=lambda one: one["Key"])
    it.compare(key, answer)


@scenarios("TestS3::test_delete_non_existing_keys")
def delete_what_is_not_there(s3, it):
    bucket = it.bucket()
    put(s3, bucket, "test-key-nonexistent")
    deleted(it, "deleted-resp", bucket, *({"Key": key} for key in ("test-key-nonexistent", "dummy1", "dummy2")))


@scenarios("TestS3::test_s3_delete_object_with_version_id")
def delete_version(s3, it):
    bucket = it.versioned(it.bucket())
    it.match("get_bucket_versioning", "get_bucket_versioning", Bucket=bucket)
    version = put(s3, bucket, "aws/s3/testkey1.txt", LOREM)["VersionId"]
    put(s3, bucket, "aws/s3/testkey2.txt", LOREM)
    deleted(it, "delete_objects", bucket, {"Key": "aws/s3/testkey1.txt", "VersionId": version})
    it.match("list_object_versions_after_delete", "list_object_versions", Bucket=bucket)
    it.versioned(bucket, "Suspended")
    it.match("get_bucket_versioning_suspended", "get_bucket_versioning", Bucket=bucket)


@scenarios("TestS3::test_delete_keys_in_versioned_bucket")
def delete_versions(s3, it):
    bucket, key = it.versioned(it.bucket()), "test-key-versioned"
    put(s3, bucket, key, "something")
    put(s3, bucket, key, "something-v2")
    it.match("list-objects-v2", "list_objects_v2", Bucket=bucket)
    deleted(it, "delete-object", bucket, {"Key": key})
    versions = it.match("list-object-version", "list_object_versions", Bucket=bucket)["Versions"]
    newest_last = [{"Key": key, "VersionId": version["VersionId"]} for version in versions]
    deleted(it, "delete-object-version", bucket, *reversed(newest_last))
    it.match("list-objects-v2-after-delete", "list_objects_v2", Bucket=bucket)
    marker = it.match("list-object-version-after-delete", "list_object_versions", Bucket=bucket)["DeleteMarkers"][0]
    deleted(it, "delete-object-delete-marker", bucket, {"Key": key, "VersionId": marker["VersionId"]})


@api("TestS3ObjectCRUD::test_delete_objects")
def delete_objects(_s3, it):
    bucket = it.bucket()
    it.match("put-object", "put_object", Bucket=bucket, Key="test-delete", Body=b"test-delete")
    deleted(it, "delete-object-wrong-version-id", bucket,
            {"Key": "test-delete", "VersionId": "HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD"})
    deleted(it, "delete-objects", bucket, *({"Key": key} for key in ("a-wrong-key", "c-wrong-key", "test-delete")))


@api("TestS3ObjectCRUD::test_delete_objects_versioned")
def delete_objects_versioned(_s3, it):
    bucket, key = it.versioned(it.bucket()), "test-delete"
    version = it.match("put-object", "put_object", Bucket=bucket, Key=key, Body=b"test-delete")["VersionId"]
    deleted(it, "delete-objects-no-version-id", bucket, *({"Key": one} for one in (key, "wrongkey", "wrongkey-x")))
    marker = it.recording.bound["<version-id:2>"]
    deleted(it, "delete-objects-marker", bucket, {"Key": key, "VersionId": marker})
    wrong = "HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD"
    deleted(it, "delete-objects-wrong-version-id", bucket, *({"Key": one, "VersionId": wrong} for one in (key, "wrong-key-2")))
    deleted(it, "delete-objects-version-id", bucket, {"Key": key, "VersionId": version})


@api("TestS3DeletePrecondition::test_delete_object_if_match_modified_non_express")
def delete_if(s3, it):
    bucket = it.bucket()
    put(s3, bucket)
    it.match("delete-obj-if-match-last-modified", "delete_object", Bucket=bucket, Key="k",
             IfMatchLastModifiedTime=s3.head_object(Bucket=bucket, Key="k")["LastModified"])


# Tags ----------------------------------------------------------------------------------------------------------------

def tags(**values):
    return {"TagSet": [{"Key": key, "Value": value} for key, value in values.items()]}


@api("TestS3BucketObjectTagging::test_object_tagging_crud")
def object_tags(_s3, it):
    bucket = it.bucket()
    it.match("put-object", "put_object", Bucket=bucket, Key="k", Body="test-tagging")
    it.match("get-object-tags-empty", "get_object_tagging", Bucket=bucket, Key="k")
    it.match("put-object-tags", "put_object_tagging", Bucket=bucket, Key="k", Tagging=tags(tag1="tag1", tag2=""))
    it.match("get-object-tags", "get_object_tagging", Bucket=bucket, Key="k")
    it.match("put-object-tags-overwrite", "put_object_tagging", Bucket=bucket, Key="k", Tagging=tags(tag3="tag3"))
    it.match("get-object-tags-overwritten", "get_object_tagging", Bucket=bucket, Key="k")
    it.match("get-obj-after-tags", "get_object", Bucket=bucket, Key="k")
    it.match("delete-object-tags", "delete_object_tagging", Bucket=bucket, Key="k")
    it.match("get-object-tags-deleted", "get_object_tagging", Bucket=bucket, Key="k")
    it.match("get-obj-after-tags-deleted", "get_object", Bucket=bucket, Key="k")


@api("TestS3BucketObjectTagging::test_put_object_with_tags")
def put_with_tags(s3, it):
    bucket = it.bucket()
    it.match("put-object", "put_object", Bucket=bucket, Key="k", Body="test-tagging", Tagging="tag1=tag1&tag2=tag2&tag=")
    it.match("get-object-tags", "get_object_tagging", Bucket=bucket, Key="k")
    it.match("put-object-tags", "put_object_tagging", Bucket=bucket, Key="k", Tagging=tags(tag3="tag3"))
    it.match("get-object-tags-override", "get_object_tagging", Bucket=bucket, Key="k")
    it.match("head-obj", "head_object", Bucket=bucket, Key="k")
    it.match("get-obj", "get_object", Bucket=bucket, Key="k")
    for key, text in (("wrong-format-qs", "wrongquery&wrongagain"), ("wrong-format-qs-2", "key1&&&key2")):
        put(s3, bucket, body="test-tagging", Tagging=text)
        it.match(f"get-object-tags-{key}", "get_object_tagging", Bucket=bucket, Key="k")


@api("TestS3BucketObjectTagging::test_object_tagging_exc")
def tags_of_nothing(_s3, it):
    bucket = it.bucket()
    for place, where in (("bucket", "there-is-none"), ("key", bucket)):
        it.match(f"get-no-{place}-tags", "get_object_tagging", Bucket=where, Key="fake-key")
        it.match(f"delete-no-{place}-tags", "delete_object_tagging", Bucket=where, Key="fake-key")
        it.match(f"put-no-{place}-tags", "put_object_tagging", Bucket=where, Key="fake-key", Tagging=tags(tag1="tag1"))
    for key, text in (("duplicate-tagging", "key1=val1&key1=val2"), ("wrong-format", "key1=val1,key2=val2")):
        it.match(f"put-obj-{key}", "put_object", Bucket=bucket, Key="k", Tagging=text)


@api("TestS3BucketObjectTagging::test_tagging_validation")
def odd_tags(s3, it):
    bucket = it.bucket()
    put(s3, bucket)
    of_bucket = {"operation": "put_bucket_tagging", "Bucket": bucket}
    of_object = {"operation": "put_object_tagging", "Bucket": bucket, "Key": "k"}
    twice = {"TagSet": [{"Key": "Key1", "Value": "Val1"}, {"Key": "Key1", "Value": "Val1"}]}
    it.match("put-bucket-tags-duplicate-keys", **of_bucket, Tagging=twice)
    it.match("put-bucket-tags-invalid-key", **of_bucket, Tagging=tags(**{"Key1,Key2": "Val1"}))
    it.match("put-bucket-tags-invalid-value", **of_bucket, Tagging=tags(Key1="Val1,Val2"))
    it.match("put-bucket-tags-aws-prefixed", **of_bucket, Tagging=tags(**{"aws:prefixed": "Val1"}))
    it.match("put-object-tags-duplicate-keys", **of_object, Tagging=twice)
    it.match("put-object-tags-invalid-field", **of_object, Tagging=tags(**{"Key1,Key2": "Val1"}))
    it.match("put-object-tags-aws-prefixed", **of_object, Tagging=tags(**{"aws:prefixed": "Val1"}))
    for key in ("put-bucket-tags-none-key", "put-bucket-tags-none-value", "put-object-tags-none-key",
                "put-object-tags-none-value"):
        it.skip(key, "boto3 does not send it; test_recorded_s3_signed does")


# Listings ------------------------------------------------------------------------------------------------------------

FOLDERS = ("test/foo/bar/123", "test/foo/bar/456", "test/bar/foo/123")


@lists("TestS3ListObjectsV2::test_list_objects_v2_with_prefix")
def prefixes(s3, it):
    bucket = it.bucket()
    for key in FOLDERS:
        put(s3, bucket, key, b"content 123")
    for number, prefix in enumerate(("test/", "test/foo", "test/foo/bar"), 1):
        it.match(f"list-objects-v2-{number}", "list_objects_v2", Bucket=bucket, Prefix=prefix, EncodingType="url")
    it.skip("list-objects-v2-no-encoding", "compared by test_recorded_s3_signed")


@lists("TestS3ListObjects::test_list_objects_with_prefix[]")
def empty_delimiter(s3, it, delimiter):
    bucket = it.bucket()
    put(s3, bucket, FOLDERS[0], b"content 123")
    it.match("list-objects", "list_objects", Bucket=bucket, Prefix="test/", Delimiter=delimiter, MaxKeys=1,
             EncodingType="url")


@lists("TestS3ListObjects::test_s3_list_objects_empty_marker")
def empty_marker(_s3, it):
    it.match("list-objects", "list_objects", Bucket=it.bucket(), Marker="")


@lists("TestS3ListObjectsV2::test_list_objects_v2_with_prefix_and_delimiter")
def delimiters(s3, it):
    bucket = it.bucket()
    for key in FOLDERS:
        put(s3, bucket, key, b"content 123")
    for name, prefix, options in (("1", "test/", {}), ("1-with-max-keys", "test/", {"MaxKeys": 1}), ("2", "test/foo", {}),
                                  ("3", "test/foo/bar", {})):
        it.match(f"list-objects-v2-{name}", "list_objects_v2", Bucket=bucket, Prefix=prefix, Delimiter="/", **options)


@lists("TestS3ListObjectsV2::test_list_objects_v2_continuation_common_prefixes")
def continued(s3, it):
    bucket, token = it.bucket(), {}
    for key in ("folder/aSubfolder/subFile1", "folder/aSubfolder/subFile2", "folder/file1", "folder/file2"):
        put(s3, bucket, key, b"content 123")
    it.match("list-objects-v2-all-keys", "list_objects_v2", Bucket=bucket)
    for name in ("start", "next-1", "end"):
        page = it.match(f"list-objects-v2-{name}", "list_objects_v2", Bucket=bucket, Prefix="folder/", Delimiter="/",
                        MaxKeys=1, **token)
        token = {"ContinuationToken": page.get("NextContinuationToken")}


@lists("TestS3ListObjectVersions::test_list_objects_versions_markers")
def version_markers(s3, it):
    bucket, keys = it.versioned(it.bucket()), [f"test_{number}" for number in range(3)]
    made = [put(s3, bucket, key, b"version 1") for key in keys] + [put(s3, bucket, keys[2], b"version 2")]
    made += [s3.delete_object(Bucket=bucket, Key=key) for key in keys]
    made += [put(s3, bucket, key, b"version 2") for key in keys[:2]]
    it.compare("version-order", {"Versions": [{"VersionId": one["VersionId"]} for one in made]})
    it.match("list-objects-versions-all", "list_object_versions", Bucket=bucket)
    page = it.match("list-objects-versions-5", "list_object_versions", Bucket=bucket, MaxKeys=5)
    key, version = {"KeyMarker": page["NextKeyMarker"]}, {"VersionIdMarker": page["NextVersionIdMarker"]}
    last_but_one = {"KeyMarker": keys[2], "VersionIdMarker": made[3]["VersionId"]}
    for name, markers in (("next-key-only", key), ("next-key-last", {"KeyMarker": keys[2]}), ("next-version-only", version),
                          ("both-markers", {**key, **version}), ("last-key-last-version", last_but_one),
                          ("next-key-empty", {"KeyMarker": ""})):
        it.match(f"list-objects-{name}", "list_object_versions", Bucket=bucket, MaxKeys=1, **markers)


@api("TestS3ObjectCRUD::test_list_object_versions_order_unversioned")
def order_unversioned(_s3, it):
    bucket = it.bucket()
    it.match("list-empty", "list_object_versions", Bucket=bucket)
    for name, number, letter in (("put-object", 1, "a"), ("put-object-3", 3, "c"), ("put-object-2", 2, "b")):
        it.match(name, "put_object", Bucket=bucket, Key=f"{letter}-test-object-{number}", Body=f"test-object-{number}")
    it.match("list-object-versions", "list_object_versions", Bucket=bucket)


@lists(*lists.parameters("TestS3ListObjectsV2::test_list_ops_encoding_type_validation"))
def encoding_type(_s3, it, operation):
    it.match(f"{operation}-error-wrong-value", operation, Bucket=it.bucket(), EncodingType="value")
    it.match(f"{operation}-error-empty-value", operation, Bucket="bucket-1", EncodingType="")


@lists("TestS3ListBuckets::test_list_buckets_with_max_buckets", "TestS3ListBuckets::test_list_buckets_with_continuation_token")
def pages_of_buckets(_s3, it):
    for name in ("a-bucket", "b-bucket", "c-bucket"):
        it.bucket(name)
    if "list-objects-with-max-buckets" in it.recording.content:
        it.match("list-objects-with-max-buckets", "list_buckets", MaxBuckets=1)
    else:
        token = it.s3.list_buckets(MaxBuckets=1)["ContinuationToken"]
        it.match("list-objects-with-continuation", "list_buckets", MaxBuckets=1, ContinuationToken=token)


@lists("TestS3ListBuckets::test_list_buckets_by_bucket_region")
def buckets_by_region(_s3, it):
    bucket = it.bucket(CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    it.recording.bind("<region>", "us-west-2")
    for name, region in (("empty", "eu-central-1"), ("not-empty", "us-west-2")):
        it.match(f"list-objects-by-bucket-region-{name}", "list_buckets", BucketRegion=region, Prefix=bucket)


@scenarios("TestS3::test_s3_put_more_than_1000_items")
def more_than_a_page(s3, it):
    bucket = it.bucket()
    for number in range(1010):
        put(s3, bucket, f"test-key-{number}", f"test-{number}")
    it.match("get_object-1009", "get_object", Bucket=bucket, Key="test-key-1009")
    it.match("get_object-0", "get_object", Bucket=bucket, Key="test-key-0")
    page = s3.list_objects(Bucket=bucket, Delimiter="/")
    assert len(page["Contents"]) == 1000
    it.compare("list-objects", page)
    it.match("list-objects-next_marker", "list_objects", Bucket=bucket, Marker=page["NextMarker"])


test_recorded = scenarios.as_test()
test_recorded_api = api.as_test()
test_recorded_lists = lists.as_test()
