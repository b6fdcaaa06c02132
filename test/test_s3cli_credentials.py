"""Where s3cli takes its credentials from, whom it trusts, and the proxies it goes through."""

import hashlib
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
import urllib.request

import pytest

import support
from s3cli_support import (ABSENT, BUCKET, ConnectProxy, ScriptedServer, aws, check_lifecycle, s3cli,  # noqa: F401
                           seen_in_namespace)


def test_a_role_in_the_environment(s3cli, aws):
    session = aws.session_of(aws.make_role("reader", "s3:GetObject", "s3:ListBucket"))
    environment = {"AWS_ACCESS_KEY_ID": session["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
                   "AWS_SESSION_TOKEN": session["SessionToken"]}
    aws.s3.put_object(Bucket=BUCKET, Key="key", Body=b"x")
    (s3cli.folder / "source").write_bytes(b"x")
    config = aws.role_config()
    assert s3cli(config, "get", "key", "target", environment=environment).status == 0
    denied = s3cli(config, "put", "source", "key", environment=environment)
    assert denied.status == 1, denied
    assert re.search(r"performing operation put: upload failure: S3 PutObject: AccessDenied: User: "
                     r"arn:aws:sts::000000000000:assumed-role/reader/test is not authorized to perform: s3:PutObject on "
                     r'resource: "arn:aws:s3:::blobs-of-bosh/key" because no identity-based policy allows .*\(request id',
                     denied.stderr)
    url = s3cli(config, "sign", "key", "get", "1m", environment=environment).stdout
    assert urllib.request.urlopen(url).read() == b"x"


def test_a_role_to_assume(s3cli, aws):
    role = aws.make_role("director-role", "s3:*")
    aws.session_of(role)
    config = aws.config(access_key_id=aws.user[0], secret_access_key=aws.user[1])
    (s3cli.folder / "source").write_bytes(b"x")
    assert s3cli(config, "put", "source", "key").status == 1
    environment = {"AWS_ENDPOINT_URL_STS": aws.server.url}
    assert s3cli({**config, "assume_role_arn": role}, "put", "source", "key", environment=environment).status == 0
    keys = {"AWS_ACCESS_KEY_ID": aws.user[0], "AWS_SECRET_ACCESS_KEY": aws.user[1]}
    by_chain = aws.role_config(assume_role_arn=role)
    assert s3cli(by_chain, "get", "key", "target", environment={**environment, **keys}).status == 0
    denied = s3cli({**config, "assume_role_arn": role + "x"}, "put", "source", "key", environment=environment)
    assert denied.status == 1 and f"assume role {role}x" in denied.stderr and "AccessDenied" in denied.stderr, denied


def profile_files(folder, config, credentials=""):
    (folder / ".aws").mkdir(exist_ok=True)
    (folder / ".aws/config").write_text(config)
    (folder / ".aws/credentials").write_text(credentials)


def test_profiles(s3cli, aws):
    role = aws.make_role("via-profile", "s3:*")
    aws.session_of(role)
    script = s3cli.folder / "process.sh"
    script.write_text("#!/bin/sh\necho '" + json.dumps({"Version": 1, "AccessKeyId": aws.key,
                                                        "SecretAccessKey": aws.secret}) + "'\n")
    script.chmod(0o700)
    profile_files(s3cli.folder, f"""
[default]
region = us-east-1
[profile role]
role_arn = {role}
source_profile = director
[profile process]
credential_process = {script}
[profile circle]
role_arn = {role}
source_profile = circle
[profile code]
role_arn = {role}
source_profile = director
mfa_serial = arn:aws:iam::000000000000:mfa/director
""", f"""
[default]
aws_access_key_id = {aws.key}
aws_secret_access_key = {aws.secret}
[director]
aws_access_key_id = {aws.user[0]}
aws_secret_access_key = {aws.user[1]}
""")
    sts = {"AWS_ENDPOINT_URL_STS": aws.server.url}
    check_lifecycle(s3cli, aws.role_config())
    for profile in ("role", "process"):
        check_lifecycle(s3cli, aws.role_config(), environment={"AWS_PROFILE": profile, **sts})
    elsewhere = s3cli.folder / ".aws" / "credentials"
    moved = {"AWS_SHARED_CREDENTIALS_FILE": str(elsewhere.rename(s3cli.folder / "other"))}
    assert s3cli(aws.role_config(), "exists", "key").status == 1
    assert s3cli(aws.role_config(), "exists", "key", environment=moved).status == ABSENT
    config_file = {"AWS_CONFIG_FILE": str((s3cli.folder / ".aws/config").rename(s3cli.folder / "other-config"))}
    check_lifecycle(s3cli, aws.role_config(), environment={**moved, **config_file, "AWS_PROFILE": "role", **sts})
    (s3cli.folder / "other").rename(elsewhere)
    (s3cli.folder / "other-config").rename(s3cli.folder / ".aws/config")
    for profile, words in (("circle", "goes in a circle"), ("nobody", "is not in the AWS config files"),
                           ("code", "wants a code of its mfa_serial")):
        ended = s3cli(aws.role_config(), "exists", "key", environment={"AWS_PROFILE": profile, **sts})
        assert ended.status == 1 and words in ended.stderr, ended


def credentials_document(aws, session):
    return json.dumps({"AccessKeyId": session["AccessKeyId"], "SecretAccessKey": session["SecretAccessKey"],
                       "Token": session["SessionToken"], "Expiration": session["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ")})


def test_container_credentials(s3cli, aws):
    document = credentials_document(aws, aws.session_of(aws.make_role("in-container", "s3:*"))).encode()

    def respond(request, number):
        request.answer(200 if request.headers["Authorization"] == "let me in" else 401, document)
    with ScriptedServer(respond) as server:
        environment = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url + "/creds",
                       "AWS_CONTAINER_AUTHORIZATION_TOKEN": "let me in"}
        check_lifecycle(s3cli, aws.role_config(), environment=environment)
        assert server.seen[0].path == "/creds"


def test_a_container_whose_token_is_in_a_file(s3cli, aws):
    document = credentials_document(aws, aws.session_of(aws.make_role("in-pod", "s3:*"))).encode()
    (s3cli.folder / "token").write_text("token of the pod\n")

    def respond(request, number):
        request.answer(200 if request.headers["Authorization"] == "token of the pod" else 401, document)
    with ScriptedServer(respond) as server:
        environment = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url + "/creds",
                       "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(s3cli.folder / "token")}
        check_lifecycle(s3cli, aws.role_config(), environment=environment)
        environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] += "x"
        ended = s3cli(aws.role_config(), "exists", "key", environment=environment)
        assert ended.status == 1 and "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: cannot read" in ended.stderr, ended
    for wrong, words in (("http://store.example/creds", "store.example needs https"), ("creds", "AWS_CONTAINER_CREDENTIALS_FULL_URI")):
        ended = s3cli(aws.role_config(), "exists", "key", environment={"AWS_CONTAINER_CREDENTIALS_FULL_URI": wrong})
        assert ended.status == 1 and words in ended.stderr, ended


@pytest.mark.parametrize("address,environment", [
    ("169.254.170.2", {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds"}),
    ("169.254.169.254", {"AWS_EC2_METADATA_DISABLED": "false"}),
], ids=["container", "instance"])
def test_the_places_that_aws_has_for_them(s3cli, address, environment):
    """In a network of its own, where these addresses are there."""
    seen = seen_in_namespace(s3cli, address, environment)
    if address == "169.254.170.2":
        assert seen[0] == ["GET", "/creds", None]
    else:
        assert [request[:2] for request in seen[:3]] == [
            ["PUT", "/latest/api/token"], ["GET", "/latest/meta-data/iam/security-credentials/"],
            ["GET", "/latest/meta-data/iam/security-credentials/answer"]]
    assert seen[-1][:2] == ["HEAD", "/bkt/key"]
    assert "Credential=AKIDOFTHEPLACE/" in seen[-1][2]


def test_instance_credentials(s3cli, aws):
    document = credentials_document(aws, aws.session_of(aws.make_role("on-instance", "s3:*"))).encode()
    prefix = "/latest/meta-data/iam/security-credentials/"

    def respond(request, number):
        if request.method == "PUT" and request.path == "/latest/api/token":
            request.answer(200, b"imds-token")
        elif request.headers["X-aws-ec2-metadata-token"] != "imds-token":
            request.answer(401)
        else:
            request.answer(200, b"on-instance" if request.path == prefix else document)
    with ScriptedServer(respond) as server:
        environment = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url,
                       "HTTP_PROXY": "", "http_proxy": ""}
        check_lifecycle(s3cli, aws.role_config(), environment=environment)


def test_web_identity(s3cli, aws):
    session = aws.session_of(aws.make_role("by-token", "s3:*"))
    (s3cli.folder / "token").write_text("jwt-of-the-pod\n")
    answer = ("<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
              f"<AccessKeyId>{session['AccessKeyId']}</AccessKeyId><SecretAccessKey>{session['SecretAccessKey']}</SecretAccessKey>"
              f"<SessionToken>{session['SessionToken']}</SessionToken>"
              f"<Expiration>{session['Expiration']:%Y-%m-%dT%H:%M:%SZ}</Expiration>"
              "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>")
    with ScriptedServer(lambda request, number: request.answer(200, answer.encode())) as server:
        environment = {"AWS_ENDPOINT_URL_STS": server.url, "AWS_ROLE_ARN": "arn:aws:iam::000000000000:role/by-token",
                       "AWS_WEB_IDENTITY_TOKEN_FILE": str(s3cli.folder / "token")}
        check_lifecycle(s3cli, aws.role_config(), environment=environment)
        assert b"WebIdentityToken=jwt-of-the-pod" in server.seen[0].body
        profile_files(s3cli.folder, "[profile p]\nrole_arn = arn:aws:iam::000000000000:role/by-token\n"
                      f"role_session_name = me\nweb_identity_token_file = {s3cli.folder}/token\n")
        environment = {"AWS_ENDPOINT_URL_STS": server.url, "AWS_PROFILE": "p"}
        check_lifecycle(s3cli, aws.role_config(), environment=environment)
        assert b"RoleSessionName=me" in server.seen[-1].body


@pytest.mark.parametrize("source", ["Environment", "EcsContainer", "Ec2InstanceMetadata"])
def test_a_role_with_a_credential_source(s3cli, aws, source):
    role = aws.make_role("via-source", "s3:*")
    aws.session_of(role)
    profile_files(s3cli.folder, f"[profile p]\nrole_arn = {role}\ncredential_source = {source}\n")
    document = json.dumps({"AccessKeyId": aws.user[0], "SecretAccessKey": aws.user[1]}).encode()
    prefix = "/latest/meta-data/iam/security-credentials/"
    with ScriptedServer(lambda request, number: request.answer(200, b"x" if request.path in ("/latest/api/token", prefix)
                                                               else document)) as server:
        environment = {"AWS_PROFILE": "p", "AWS_ENDPOINT_URL_STS": aws.server.url}
        environment |= {
            "Environment": {"AWS_ACCESS_KEY_ID": aws.user[0], "AWS_SECRET_ACCESS_KEY": aws.user[1]},
            "EcsContainer": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url + "/creds"},
            "Ec2InstanceMetadata": {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url},
        }[source]
        if source == "Environment":
            # Keys in the environment come before the profile, and the user himself may not write.
            (s3cli.folder / "source").write_bytes(b"x")
            assert s3cli(aws.role_config(), "put", "source", "key", environment=environment).status == 1
        else:
            check_lifecycle(s3cli, aws.role_config(), environment=environment)


def test_single_sign_on(s3cli, aws):
    session = aws.session_of(aws.make_role("by-sso", "s3:*"))
    profile_files(s3cli.folder, """
[default]
sso_session = corp
sso_account_id = 000000000000
sso_role_name = by-sso
[sso-session corp]
sso_region = eu-west-1
sso_start_url = https://corp.example/start
""")
    cache = s3cli.folder / ".aws/sso/cache"
    cache.mkdir(parents=True)
    login = cache / (hashlib.sha1(b"corp").hexdigest() + ".json")
    answer = json.dumps({"roleCredentials": {
        "accessKeyId": session["AccessKeyId"], "secretAccessKey": session["SecretAccessKey"],
        "sessionToken": session["SessionToken"], "expiration": int(session["Expiration"].timestamp() * 1000)}}).encode()

    def respond(request, number):
        request.answer(200 if request.headers["x-amz-sso_bearer_token"] == "token-of-the-login" else 401, answer)
    with ScriptedServer(respond) as server:
        environment = {"AWS_ENDPOINT_URL_SSO": server.url}
        without = s3cli(aws.role_config(), "exists", "key", environment=environment)
        assert without.status == 1 and "not logged in; run `aws sso login --profile default`" in without.stderr, without
        login.write_text('{"accessToken":"token-of-the-login","expiresAt":"2020-01-01T00:00:00Z"}')
        expired = s3cli(aws.role_config(), "exists", "key", environment=environment)
        assert expired.status == 1 and "the login has expired" in expired.stderr, expired
        login.write_text(json.dumps({"accessToken": "token-of-the-login",
                                     "expiresAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))}))
        check_lifecycle(s3cli, aws.role_config(), environment=environment)
    assert server.seen[0].path == "/federation/credentials?role_name=by-sso&account_id=000000000000"


def test_no_credentials_anywhere(s3cli, aws):
    ended = s3cli(aws.role_config(), "exists", "key")
    assert ended.status == 1, ended
    for source in ("environment", "web identity", "profile", "container", "instance metadata"):
        assert source in ended.stderr, ended


def test_the_endpoint_in_the_environment(s3cli, aws):
    (s3cli.folder / "source").write_bytes(b"x")
    config = aws.config(host=None, port=None, use_ssl=None)
    assert s3cli(config, "put", "source", "key", environment={"AWS_ENDPOINT_URL": aws.server.url}).status == 0


# TLS and proxies

def test_tls_is_verified(s3cli, aws):
    config = aws.config(tls=True)
    refused = s3cli(config, "exists", "key")
    assert refused.status == 1 and "certificate of localhost is not trusted" in refused.stderr, refused
    assert s3cli(config, "exists", "key", environment={"SSL_CERT_FILE": str(aws.ca_file)}).status == ABSENT
    assert s3cli({**config, "ssl_verify_peer": False}, "exists", "key").status == ABSENT


def test_a_certificate_for_another_name(s3cli):
    if shutil.which("openssl") is None:
        pytest.skip("openssl's program is not installed")
    made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
                           "-days", "2", "-subj", "/CN=other.example", "-addext", "subjectAltName=DNS:other.example"],
                          cwd=s3cli.folder, capture_output=True, text=True)
    assert made.returncode == 0, made
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(s3cli.folder / "cert.pem", s3cli.folder / "key.pem")
    with ScriptedServer(lambda request, number: request.answer(200), context) as server:
        config = server.config(use_ssl=True)
        trusting = {"AWS_CA_BUNDLE": str(s3cli.folder / "cert.pem")}
        refused = s3cli(config, "exists", "key", environment=trusting)
        assert refused.status == 1 and "is for another name" in refused.stderr, refused
        assert server.seen == []
        assert s3cli({**config, "ssl_verify_peer": False}, "exists", "key").status == 0


def test_proxies(s3cli):
    with ScriptedServer(lambda request, number: request.answer(200)) as proxy:
        config = {"bucket_name": "bkt", "host": "store.invalid", "use_ssl": False}
        assert s3cli(config, "exists", "key", environment={"http_proxy": proxy.url}).status == 0
        assert proxy.seen[0].path == "http://store.invalid/bkt/key"
        past = s3cli(config, "exists", "key", environment={"http_proxy": proxy.url, "no_proxy": ".invalid"})
        assert past.status == 1 and "look up store.invalid" in past.stderr, past
        s3cli({**config, "use_ssl": True}, "exists", "key", environment={"https_proxy": proxy.url})
        assert (proxy.seen[-1].method, proxy.seen[-1].path) == ("CONNECT", "store.invalid:443")
        s3cli(config, "exists", "key", environment={"HTTP_PROXY": proxy.url})
        assert (proxy.seen[-1].method, proxy.seen[-1].path) == ("HEAD", "http://store.invalid/bkt/key")
        past = s3cli(config, "exists", "key", environment={"HTTP_PROXY": proxy.url, "NO_PROXY": "other,store.invalid"})
        assert past.status == 1 and "look up store.invalid" in past.stderr, past


def test_tls_through_a_proxy_with_a_password(s3cli, aws):
    with ConnectProxy(aws.https_port, "user:pass word") as proxy:
        config = aws.config(tls=True, host="bosh.localhost.example", port=None)
        # The proxy leads every name to the server, which has a certificate for it.
        environment = {"AWS_CA_BUNDLE": str(aws.ca_file), "HTTPS_PROXY": f"http://user:pass%20word@127.0.0.1:{proxy.port}"}
        check_lifecycle(s3cli, config, environment=environment)
        assert set(proxy.seen) == {"bosh.localhost.example:443"}
        environment["HTTPS_PROXY"] = f"http://user:hush-hush@127.0.0.1:{proxy.port}"
        refused = s3cli(config, "exists", "key", environment=environment)
        assert refused.status == 1 and "asks for a user and password" in refused.stderr, refused
        assert "hush-hush" not in refused.stderr
    gone = s3cli(config, "exists", "key", environment=environment)
    assert gone.status == 1 and f"127.0.0.1:{proxy.port}" in gone.stderr and "hush-hush" not in gone.stderr, gone
