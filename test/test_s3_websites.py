"""Buckets as websites: what a browser gets, by the names of AWS's endpoints."""

import dataclasses
import http.client
import json
import urllib.parse

import pytest

from support import Server

pytest.importorskip("boto3", reason="boto3 is not installed")
from cloudformation_support import Stacks, outputs_of  # noqa: E402
from test_runtimes import PYTHON, Functions  # noqa: E402

INDEX = {"IndexDocument": {"Suffix": "index.html"}}


@dataclasses.dataclass
class Page:
    status: int
    headers: dict  # names in lower case
    text: str

    @property
    def location(self):
        return self.headers.get("location")


def visit(server, bucket, path="/", method="GET", host=None, **headers):
    """Without following redirections."""
    address = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    host = host or f"{bucket}.s3-website-us-east-1.amazonaws.com"
    connection.request(method, path, headers={"Host": host, **headers})
    answer = connection.getresponse()
    page = Page(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode())
    connection.close()
    return page


def publish(s3, bucket="site", actions=("s3:GetObject",), **configuration):
    s3.create_bucket(Bucket=bucket)
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": list(actions),
         "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}]}))
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=configuration or INDEX)


@pytest.fixture
def s3(server):
    return server.boto3("s3")


@pytest.mark.parametrize("host", ["site.s3-website-us-east-1.amazonaws.com", "site.s3-website.us-east-1.amazonaws.com:80",
                                  "site.s3-website.localhost:4566", "SITE.s3-website.us-east-1.localhost"])
def test_every_name_of_the_endpoint(server, s3, host):
    publish(s3)
    s3.put_object(Bucket="site", Key="index.html", Body=b"<p>hello", ContentType="text/html")
    page = visit(server, "site", host=host)
    assert (page.status, page.text, page.headers["content-type"]) == (200, "<p>hello", "text/html")
    assert page.headers["server"] == "AmazonS3" and page.headers["x-amz-request-id"]


def test_index_and_error_documents(server, s3):
    publish(s3, **INDEX, ErrorDocument={"Key": "error.html"})
    for key in ("index.html", "docs/index.html", "error.html"):
        s3.put_object(Bucket="site", Key=key, Body=key.encode(), ContentType="text/html")
    assert visit(server, "site").text == "index.html"
    assert visit(server, "site", "/docs/").text == "docs/index.html"
    folder = visit(server, "site", "/docs")
    assert (folder.status, folder.location) == (302, "/docs/")
    head = visit(server, "site", method="HEAD")
    assert (head.status, head.text, head.headers["content-length"]) == (200, "", "10")
    # Who may not list is not told that there is nothing.
    missing = visit(server, "site", "/none")
    assert (missing.status, missing.text, missing.headers["x-amz-error-code"]) == (403, "error.html", "AccessDenied")
    for method in ("PUT", "POST", "DELETE"):
        assert visit(server, "site", method=method).status == 405


def test_only_what_is_public_is_served(server, s3):
    publish(s3)
    s3.put_object(Bucket="site", Key="index.html", Body=b"x")
    assert visit(server, "site").status == 200
    s3.delete_bucket_policy(Bucket="site")
    denied = visit(server, "site")
    assert denied.status == 403 and "<li>Code: AccessDenied</li>" in denied.text
    publish_again = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True,
                     "RestrictPublicBuckets": True}
    s3.put_public_access_block(Bucket="site", PublicAccessBlockConfiguration=publish_again)
    assert visit(server, "site").status == 403
    # A signature is nothing here.
    signed = s3.generate_presigned_url("get_object", Params={"Bucket": "site", "Key": "index.html"})
    assert visit(server, "site", "/index.html?" + urllib.parse.urlsplit(signed).query).status == 403


def test_redirections(server, s3):
    publish(s3, actions=("s3:GetObject", "s3:ListBucket"), **INDEX, RoutingRules=[
        {"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"ReplaceKeyPrefixWith": "new/"}},
        {"Condition": {"KeyPrefixEquals": "away/"}, "Redirect": {"HostName": "a.example", "Protocol": "https",
                                                                 "HttpRedirectCode": "307"}},
        {"Condition": {"HttpErrorCodeReturnedEquals": "404"}, "Redirect": {"ReplaceKeyWith": "index.html"}}])
    s3.put_object(Bucket="site", Key="index.html", Body=b"x")
    s3.put_object(Bucket="site", Key="moved", Body=b"", WebsiteRedirectLocation="https://b.example/")
    site = "http://site.s3-website-us-east-1.amazonaws.com"
    expected = {"/old/a%20b?x=1": (301, site + "/new/a%20b?x=1"), "/away/c": (307, "https://a.example/away/c"),
                "/none": (301, site + "/index.html"), "/moved": (301, "https://b.example/"), "/index.html": (200, None)}
    for path, answer in expected.items():
        page = visit(server, "site", path)
        assert (page.status, page.location) == answer, path
    s3.put_bucket_website(Bucket="site", WebsiteConfiguration={"RedirectAllRequestsTo": {"HostName": "c.example"}})
    assert visit(server, "site", "/a/b?c").location == "http://c.example/a/b?c"


def test_the_configuration_comes_back_and_goes(s3):
    configuration = {**INDEX, "ErrorDocument": {"Key": "e"}, "RoutingRules": [
        {"Condition": {"KeyPrefixEquals": "a", "HttpErrorCodeReturnedEquals": "404"},
         "Redirect": {"HostName": "h", "HttpRedirectCode": "302", "Protocol": "https", "ReplaceKeyPrefixWith": ""}}]}
    publish(s3, **configuration)
    got = s3.get_bucket_website(Bucket="site")
    assert {name: got[name] for name in configuration} == configuration
    s3.delete_bucket_website(Bucket="site")
    with pytest.raises(Exception) as refused:
        s3.get_bucket_website(Bucket="site")
    assert refused.value.response["Error"]["Code"] == "NoSuchWebsiteConfiguration"


def test_encrypted_objects_are_not_shown(server, s3):
    publish(s3)
    s3.put_object(Bucket="site", Key="index.html", Body=b"x", SSECustomerAlgorithm="AES256", SSECustomerKey=b"k" * 32)
    page = visit(server, "site")
    assert page.status == 400 and "<li>Code: InvalidRequest</li>" in page.text


def test_a_site_survives_kill_9(sortie, tmp_path):
    server = Server(sortie, "--state", tmp_path / "state")
    s3 = server.boto3("s3")
    publish(s3)
    s3.put_object(Bucket="site", Key="index.html", Body=b"kept")
    server.kill()
    server = Server(sortie, "--state", tmp_path / "state")
    try:
        assert visit(server, "site").text == "kept"
    finally:
        server.stop()


def test_the_command_line_makes_a_site(server, s3, aws_cli, tmp_path):
    publish(s3)
    (tmp_path / "index.html").write_text("by hand")
    for arguments in (("website", "s3://site/", "--index-document", "index.html", "--error-document", "error.html"),
                      ("cp", tmp_path / "index.html", "s3://site/")):
        done = server.aws("s3", *arguments)
        assert done.status == 0, done
    page = visit(server, "site")
    assert (page.text, page.headers["content-type"]) == ("by hand", "text/html")
    assert s3.get_bucket_website(Bucket="site")["ErrorDocument"] == {"Key": "error.html"}


def test_inside_the_sandbox(server, s3, sandboxed):
    """A function reaches the site by AWS's own name."""
    publish(s3)
    s3.put_object(Bucket="site", Key="index.html", Body=b"from inside")
    functions = Functions(server)
    functions.make(PYTHON, "main.handler", {"main.py": """
        import urllib.request
        def handler(event, context):
            return urllib.request.urlopen(event, timeout=15).read().decode()
        """})
    for host in ("s3-website-us-east-1", "s3-website.us-east-1"):
        assert functions.invoke(f"http://site.{host}.amazonaws.com/")[0] == "from inside"


def test_a_site_made_by_a_stack(server, s3):
    stacks = Stacks(server)
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {
        "BucketName": "site", "PublicAccessBlockConfiguration": {"BlockPublicPolicy": False},
        "WebsiteConfiguration": {"IndexDocument": "index.html", "ErrorDocument": "oops.html", "RoutingRules": [
            {"RoutingRuleCondition": {"KeyPrefixEquals": "old/"}, "RedirectRule": {"ReplaceKeyPrefixWith": "new/"}}]}}}
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"],
         "Resource": ["arn:aws:s3:::site", "arn:aws:s3:::site/*"]}]}
    template = {"Resources": {"B": bucket, "P": {"Type": "AWS::S3::BucketPolicy", "Properties": {
        "Bucket": {"Ref": "B"}, "PolicyDocument": policy}}},
        "Outputs": {"Url": {"Value": {"Fn::GetAtt": ["B", "WebsiteURL"]}}}}
    url = outputs_of(stacks.create(template))["Url"]
    s3.put_object(Bucket="site", Key="index.html", Body=b"welcome", ContentType="text/html")
    s3.put_object(Bucket="site", Key="oops.html", Body=b"oops", ContentType="text/html")
    host = urllib.parse.urlsplit(url).hostname
    assert visit(server, "site", host=host).text == "welcome"
    missing = visit(server, "site", "/none", host=host)
    assert (missing.status, missing.text) == (404, "oops")
    assert visit(server, "site", "/old/a", host=host).location == f"http://{host}/new/a"
    bucket["Properties"]["WebsiteConfiguration"] = {"RedirectAllRequestsTo": {"HostName": "example.com", "Protocol": "https"}}
    stacks.update(template)
    assert visit(server, "site", "/a", host=host).location == "https://example.com/a"
    bucket["Properties"]["WebsiteConfiguration"] = {"IndexDocument": "index.html", "Nonsense": 1}
    stacks.update(template, status="UPDATE_ROLLBACK_COMPLETE")
    assert "Encountered unsupported property Nonsense" in stacks.reason("B", "UPDATE_FAILED")
    for key in ("index.html", "oops.html"):
        s3.delete_object(Bucket="site", Key=key)
    stacks.delete()
