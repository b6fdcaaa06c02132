"""Websites of buckets: S3's answers and pages as AWS gave them."""

import json
import re

from recorded_s3 import Scenarios
from test_s3_websites import visit

scenarios = Scenarios("s3")

INDEX = {"IndexDocument": {"Suffix": "index.html"}}


def published(s3, bucket):
    """Everyone may read and list."""
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"},
        {"Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"}]}))
    return bucket


def match_page(it, key, answer, bucket="", within=None):
    """To the letter, but for what differs in every answer."""
    expected = it.recording[key] if within is None else it.recording[key][within]
    pattern = re.escape(expected)
    for name, value in (("request-id", r"\w+"), ("host-id", r"[\w+/=]+"), ("bucket-name", bucket)):
        pattern = pattern.replace(re.escape(f"<{name}>"), value)
    assert re.fullmatch(pattern, answer.text), f"{answer.text}\nrecorded:\n{expected}"
    assert answer.status == int(re.search(r"<h1>(\d+)", expected).group(1))
    it.recording.compared.add(key)


@scenarios("TestS3StaticWebsiteHosting::test_website_hosting_no_such_website")
def none(s3, it):
    match_page(it, "no-such-bucket", visit(it.server, "nobodys-bucket"), "nobodys-bucket")
    bucket = published(s3, it.bucket())
    match_page(it, "no-such-website-config", visit(it.server, bucket), bucket)
    match_page(it, "no-such-website-config-key", visit(it.server, bucket, "/key"), bucket)


@scenarios("TestS3StaticWebsiteHosting::test_website_hosting_http_methods")
def methods(s3, it):
    bucket = published(s3, it.bucket())
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=INDEX)
    for method in ("POST", "DELETE"):
        match_page(it, f"not-allowed-{method.lower()}", visit(it.server, bucket, method=method), within="content")


@scenarios("TestS3StaticWebsiteHosting::test_website_hosting_404")
def not_found(s3, it):
    bucket = published(s3, it.bucket())
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=INDEX)
    match_page(it, "404-no-such-key", visit(it.server, bucket))
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={**INDEX, "ErrorDocument": {"Key": "error.html"}})
    match_page(it, "404-no-such-key-nor-custom", visit(it.server, bucket))


@scenarios("TestS3StaticWebsiteHosting::test_validate_website_configuration")
def validation(_s3, it):
    bucket = it.bucket()
    elsewhere = {"HostName": "a.example"}
    for number, configuration in enumerate((
            {"IndexDocument": {"Suffix": "/index.html"}},
            {"IndexDocument": {"Suffix": ""}},
            {**INDEX, "RedirectAllRequestsTo": elsewhere},
            {"ErrorDocument": {"Key": "error.html"}},
            {"RedirectAllRequestsTo": {**elsewhere, "Protocol": "protocol"}},
            {**INDEX, "RoutingRules": [{"Redirect": {"ReplaceKeyPrefixWith": "a", "ReplaceKeyWith": "b"}}]},
            {**INDEX, "RoutingRules": [{"Condition": {}, "Redirect": {"ReplaceKeyWith": "b"}}]},
            {**INDEX, "RoutingRules": []})):
        it.match(f"invalid-website-conf-{number}", "put_bucket_website", Bucket=bucket, WebsiteConfiguration=configuration)


@scenarios("TestS3::test_bucket_operation_between_regions")
def between_regions(s3, it):
    """boto3 follows the redirection to the bucket's region."""
    other = it.in_region("eu-west-1")
    other.create_bucket(Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    it.match("put-website-config-region-1", "put_bucket_website", Bucket="elsewhere", WebsiteConfiguration=INDEX)
    it.match("put-cors-config-region-1", "put_bucket_cors", Bucket="elsewhere", CORSConfiguration={
        "CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]})
    it.match("get-website-config-region-2", "get_bucket_website", client=other, Bucket="elsewhere")
    it.match("get-cors-config-region-2", "get_bucket_cors", client=other, Bucket="elsewhere")


test_recorded = scenarios.as_test()
