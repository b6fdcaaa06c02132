"""Copies, conditional writes and multipart uploads with their checksums: S3's answers as AWS gave them."""

import base64
import datetime

from recorded_s3 import Scenarios, summed

scenarios = Scenarios("s3")
api = Scenarios("s3-api")
lists = Scenarios("s3-list")
preconditions = Scenarios("s3-preconditions")

DOCUMENT = {"Body": '{"key": "value"}', "ContentType": "application/json", "Metadata": {"key": "value"}}


# Copies --------------------------------------------------------------------------------------------------------------

class Copies:
    """Copies of one object, in place by default."""

    def __init__(self, it, bucket, source="source-object"):
        self.it, self.bucket, self.source = it, bucket, source

    def put(self, key, **options):
        return self.it.match(key, "put_object", Bucket=self.bucket, Key=self.source, **options)

    def copy(self, key, to=None, version=None, **options):
        source = f"{self.bucket}/{self.source}" + (f"?versionId={version}" if version else "")
        return self.it.match(key, "copy_object", Bucket=self.bucket, CopySource=source, Key=to or self.source, **options)

    def head(self, key, of=None):
        return self.it.match(key, "head_object", Bucket=self.bucket, Key=of or self.source)

    def attributes(self, key, attribute, of=None):
        return self.it.match(key, "get_object_attributes", Bucket=self.bucket, Key=of or self.source,
                             ObjectAttributes=[attribute])

    def tags(self, key, of=None, **options):
        return self.it.match(key, "get_object_tagging", Bucket=self.bucket, Key=of or self.source, **options)


@scenarios("TestS3::test_s3_copy_content_type_and_metadata")
def keeps_metadata(_s3, it):
    of = Copies(it, it.bucket())
    of.put("put_object", **DOCUMENT)
    of.head("head_object")
    of.copy("copy_object", to="copy")
    of.head("head_object_copy", of="copy")
    of.copy("copy_object_second", to="second", Metadata={"another-key": "value"}, ContentType="application/javascript")
    of.head("head_object_second_copy", of="second")


@scenarios("TestS3::test_s3_copy_object_in_place")
def in_place(s3, it):
    of = Copies(it, it.bucket(ObjectOwnership="ObjectWriter"))
    s3.delete_public_access_block(Bucket=of.bucket)
    of.put("put_object", **DOCUMENT)
    of.head("head_object")
    of.attributes("object-attrs", "StorageClass")
    of.copy("copy-object-in-place-no-change")
    of.copy("copy-object-in-place-with-storage-class", ChecksumAlgorithm="SHA256", StorageClass="STANDARD")
    of.attributes("object-attrs-after-copy", "StorageClass")
    it.match("object-acl", "get_object_acl", leave_out=("Owner",), Bucket=of.bucket, Key=of.source)
    of.copy("copy-object-in-place-with-acl", ACL="public-read")


@scenarios("TestS3::test_s3_copy_object_in_place_metadata_directive")
def metadata_directive(_s3, it):
    of = Copies(it, it.bucket())
    of.put("put_object", **DOCUMENT)
    of.head("head_object")
    of.copy("no-metadata-directive-fail", Metadata={"key": "value"})
    standard = {"StorageClass": "STANDARD"}
    for name, options in (("replace-directive", {"MetadataDirective": "REPLACE", "Metadata": {"key2": "value2"}}),
                          ("copy-directive", {"MetadataDirective": "COPY", **standard}),
                          ("copy-directive-ignore", {"MetadataDirective": "COPY", "Metadata": {"key3": "v"}, **standard}),
                          ("replace-directive-empty", {"MetadataDirective": "REPLACE"})):
        of.copy(f"copy-{name}", **options)
        of.head(f"head-{name}")


@scenarios("TestS3::test_s3_copy_object_in_place_storage_class")
def in_place_class(_s3, it):
    of = Copies(it, it.bucket())
    of.put("put-object", Body="test", StorageClass="STANDARD")
    of.head("head-object")
    of.attributes("object-attrs", "StorageClass")
    of.copy("copy-object-in-place-with-storage-class", StorageClass="STANDARD")
    of.attributes("object-attrs-after-copy", "StorageClass")


@scenarios("TestS3::test_s3_copy_object_in_place_website_redirect_location")
def in_place_redirect(_s3, it):
    of = Copies(it, it.bucket())
    of.put("put-object", Body="test", WebsiteRedirectLocation="/test/direct")
    of.head("head-object")
    of.copy("copy-object-in-place-with-website-redirection", WebsiteRedirectLocation="/test/direct")
    of.head("head-object-after-copy")


@scenarios("TestS3::test_s3_copy_object_in_place_suspended_only")
def in_place_suspended(_s3, it):
    of = Copies(it, it.bucket())
    of.put("put_object", **DOCUMENT)
    of.head("head_object")
    for name in ("copy-in-place-non-versioned", "copy-in-place-versioned-suspended"):
        answer = of.copy(name, MetadataDirective="REPLACE")
        suffix = "" if "non" in name else "-suspended"
        of.head(f"head-object-copied{suffix}")
        it.match(f"get-object-copied{suffix}", "get_object", Bucket=of.bucket, Key=of.source)
        it.versioned(of.bucket, "Suspended")
    assert answer["VersionId"] == "null"
    of.copy("copy-in-place-versioned-suspended-twice", MetadataDirective="REPLACE")


@scenarios(*scenarios.parameters("TestS3::test_s3_copy_object_with_checksum"))
def with_checksum(_s3, it, algorithm):
    of = Copies(it, it.bucket())
    of.put("put-object-no-checksum", **DOCUMENT)
    of.attributes("object-attrs", "Checksum")
    of.copy("copy-object-in-place-with-checksum", ChecksumAlgorithm=algorithm, Metadata={"key1": "value1"},
            MetadataDirective="REPLACE")
    of.attributes("object-attrs-after-copy", "Checksum")
    of.copy("copy-object-to-dest-keep-checksum", to="dest-object")


@scenarios(*scenarios.parameters("TestS3::test_s3_copy_object_with_default_checksum"))
def with_default_checksum(_s3, it, algorithm):
    of = Copies(it, it.bucket())
    of.put("put-object-no-checksum", **summed(algorithm, DOCUMENT["Body"].encode()), **DOCUMENT)
    of.attributes("object-attrs", "Checksum")
    of.copy("copy-object-in-place-with-no-checksum", Metadata={"key1": "value1"}, MetadataDirective="REPLACE")
    of.attributes("object-attrs-after-copy", "Checksum")
    of.copy("copy-object-to-dest-keep-checksum", to="dest-object")
    of.attributes("dest-object-attrs-after-copy", "Checksum", of="dest-object")


@scenarios(*scenarios.parameters("TestS3::test_s3_copy_tagging_directive"))
def tagging_directive(_s3, it, directive):
    of = Copies(it, it.bucket())
    of.put("put-object", Body="test", Tagging="key1=value1")
    of.tags("get-object-tag")
    for name, tagging in (("", {"Tagging": "key2=value2"}), ("-empty", {})):
        of.copy(f"copy-object{name and '-tag-empty'}", to="copy", TaggingDirective=directive, **tagging)
        of.tags(f"get-copy-object-tag{name}", of="copy")


@scenarios(*scenarios.parameters("TestS3::test_s3_copy_tagging_directive_versioned"))
def tagging_directive_versioned(_s3, it, directive):
    of = Copies(it, it.versioned(it.bucket()))
    first = of.put("put-object", Body="test", Tagging="key1=value1")["VersionId"]
    of.put("put-object-v2", Body="test-v2", Tagging="key1=value1-v2")
    of.tags("get-object-tag")
    of.tags("get-object-tag-v1", VersionId=first)
    for suffix, version in (("", None), ("-v1", first)):
        for name, tagging in (("", {"Tagging": "key2=value2"}), ("-empty", {})):
            of.copy(f"copy-object{name and '-tag-empty'}{suffix}", to="copy", version=version,
                    TaggingDirective=directive, **tagging)
            of.tags(f"get-copy-object-tag{name}{suffix}", of="copy")


@scenarios("TestS3::test_s3_copy_object_wrong_format")
def wrong_source(_s3, it):
    it.match("copy-object-wrong-copy-source", "copy_object", Bucket=it.bucket(), CopySource="wrongformat", Key="k")


@preconditions("TestS3CopySourcePreconditions::test_s3_copy_object_if_source_unmodified_since_versioned")
def unmodified_source(s3, it):
    bucket = it.versioned(it.bucket())
    s3.put_object(Bucket=bucket, Key="source", Body=b"data")
    modified = it.match("head-object", "head_object", Bucket=bucket, Key="source")["LastModified"]
    for name, moment in (("copy-if", modified), ("copy-past-if", modified - datetime.timedelta(days=1))):
        it.match(f"{name}-unmodified-since", "copy_object", Bucket=bucket, Key="dest", CopySource=f"{bucket}/source",
                 CopySourceIfUnmodifiedSince=moment)


@api("TestS3ObjectWritePrecondition::test_copy_object_if_none_match_versioned_bucket")
def copy_if_none(s3, it):
    bucket, to = it.versioned(it.bucket()), {"Key": "dest-object"}
    s3.put_object(Bucket=bucket, Key="source-object", Body="source content")
    copy = {"operation": "copy_object", "Bucket": bucket, "CopySource": f"{bucket}/source-object", "IfNoneMatch": "*", **to}
    it.match("copy-obj", **copy)
    it.match("copy-obj-if-none-match-fail", **copy)
    it.match("del-obj", "delete_object", Bucket=bucket, **to)
    it.match("copy-obj-after-del", **copy)
    it.match("list-object-versions", "list_object_versions", Bucket=bucket)


@api("TestS3ObjectWritePrecondition::test_copy_object_if_match_versioned_bucket")
def copy_if_same(s3, it):
    bucket, to = it.versioned(it.bucket()), {"Key": "dest-object"}
    s3.put_object(Bucket=bucket, Key="source-object", Body="source content")
    copy = {"operation": "copy_object", "Bucket": bucket, "CopySource": f"{bucket}/source-object", **to}
    first = it.match("put-obj", "put_object", Bucket=bucket, Body="initial content", **to)["ETag"]
    it.match("copy-obj-if-match-wrong-etag", **copy, IfMatch="d41d8cd98f00b204e9800998ecf8427e")
    it.match("del-obj", "delete_object", Bucket=bucket, **to)
    it.match("copy-obj-after-del-exc", **copy, IfMatch=first)
    second = it.match("put-obj-after-del", "put_object", Bucket=bucket, Body="new content after delete", **to)["ETag"]
    it.match("copy-obj-if-match", **copy, IfMatch=second)
    it.match("list-object-versions", "list_object_versions", Bucket=bucket)


@api("TestS3ObjectWritePrecondition::test_copy_object_if_none_match_in_place",
     "TestS3ObjectWritePrecondition::test_copy_object_if_match_in_place")
def copy_in_place_if(s3, it):
    bucket = it.bucket()
    tag = s3.put_object(Bucket=bucket, Key="k", Body="source content")["ETag"]
    copy = {"operation": "copy_object", "Bucket": bucket, "CopySource": f"{bucket}/k", "Key": "k",
            "MetadataDirective": "REPLACE"}
    if "copy-obj-if-none-match-fail" in it.recording.content:
        it.match("copy-obj-if-none-match-fail", **copy, IfNoneMatch="*")
    else:
        it.match("copy-obj-if-match-in-place", **copy, IfMatch=tag)


# Copied parts --------------------------------------------------------------------------------------------------------

def copied_part(name, conditions, key, listed):
    """A part copied under conditions; `conditions` gets the source's ETag and time."""
    @api(f"TestS3Multipart::test_upload_part_copy_with_{name}")
    def copy_part(s3, it):
        bucket = it.bucket("bucket")
        tag = s3.put_object(Bucket=bucket, Key="source_file.txt", Body="0123456789")["ETag"]
        modified = s3.head_object(Bucket=bucket, Key="source_file.txt")["LastModified"]
        upload = s3.create_multipart_upload(Bucket=bucket, Key="destination_file.txt")["UploadId"]
        to = {"Bucket": bucket, "Key": "destination_file.txt", "UploadId": upload}
        it.match(key, "upload_part_copy", CopySource=f"{bucket}/source_file.txt", PartNumber=1,
                 **{f"CopySource{condition}": value for condition, value in conditions(tag, modified).items()}, **to)
        if listed:
            it.match("list-parts", "list_parts", **to)


DAY = datetime.timedelta(days=1)
copied_part("copy_source_if_match_and_if_unmodified_since_match",
            lambda tag, time: {"IfMatch": tag, "IfUnmodifiedSince": time - DAY}, "upload-part-copy", True)
copied_part("copy_source_if_none_match_and_if_unmodified_since_match_failed",
            lambda tag, time: {"IfNoneMatch": "other", "IfUnmodifiedSince": time - DAY},
            "upload-part-copy-source-unmodified-since-and-if-none-match", False)
copied_part("if_modified_since_failed", lambda tag, time: {"IfModifiedSince": time},
            "upload-part-copy-source-modified-since-match", False)
copied_part("copy_source_if_match_failed", lambda tag, time: {"IfMatch": "other"}, "upload-part-copy-source-if-match", False)
copied_part("copy_source_if_none_match_failed", lambda tag, time: {"IfNoneMatch": tag},
            "upload-part-copy-source-if-none-match", False)
copied_part("copy_source_if_match_success", lambda tag, time: {"IfMatch": tag}, "upload-part-copy-if-match", True)
copied_part("copy_source_if_match_none_success", lambda tag, time: {"IfNoneMatch": "other"},
            "upload-part-copy-if-none-match", True)
copied_part("copy_source_if_unmodified_since_success", lambda tag, time: {"IfUnmodifiedSince": time},
            "upload-part-copy-if-unmodified-since", True)
copied_part("copy_source_if_modified_since_success", lambda tag, time: {"IfModifiedSince": time - DAY},
            "upload-part-copy-if-modified-since", True)

test_recorded = scenarios.as_test()
test_recorded_api = api.as_test()
test_recorded_preconditions = preconditions.as_test()
