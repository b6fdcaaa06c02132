"""Wrong arguments and configurations of s3cli: each has a message of its own."""

import json
import re
import subprocess

import pytest

import support
from s3cli_support import LOG_LINE, aws, s3cli  # noqa: F401


@pytest.mark.parametrize("words,status,says", [
    ([], 1, "no configuration given"),
    (["-x"], 2, "flag provided but not defined: -x"),
    (["-c", "none.json", "exists", "key"], 1, "open none.json: No such file or directory"),
    (["-c", "good.json"], 1, "Expected at least two arguments got 0"),
    (["-c", "good.json", "frob", "key"], 1, "unknown command: 'frob'"),
    (["-c", "good.json", "put", "key"], 1, "Put method expected 3 arguments got 2"),
    (["-c", "good.json", "sign", "key", "get", "soon"], 1, "Expiration should be in the format of a duration"),
    (["-c", "bad.json", "exists", "key"], 1, "config bad.json: JSON is not valid"),
    (["-c", "empty.json", "exists", "key"], 1, "config empty.json: bucket_name must be set"),
    (["-c", ".", "exists", "key"], 1, "Is a directory"),
    (["-c", "good.json", "put", "none", "key"], 1, "open none: No such file or directory"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else None)
def test_wrong_use(s3cli, words, status, says):
    for name, text in (("good", '{"bucket_name":"b","host":"localhost","access_key_id":"a","secret_access_key":"secret1"}'),
                       ("bad", '{"secret_access_key":"secret1",'), ("empty", '{"secret_access_key":"secret1"}')):
        (s3cli.folder / f"{name}.json").write_text(text)
    done = subprocess.run([support.S3CLI, *words], cwd=s3cli.folder, env=s3cli.environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (status, ""), done
    assert says in done.stderr and "secret1" not in done.stderr


def test_version_and_help(s3cli):
    for flag in ("-v", "--v"):
        done = subprocess.run([support.S3CLI, flag], capture_output=True, text=True)
        assert done.returncode == 0 and re.fullmatch(r"version \d+\.\d+\.\d+\n", done.stdout), done
    done = subprocess.run([support.S3CLI, "-h"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr.startswith("Usage of s3cli:")


KEYS = {"access_key_id": "AKID", "secret_access_key": "hush-hush"}
WRONG_CONFIGS = [
    ("", "JSON is not valid"),
    ("[1]", "JSON is not an object"),
    ({}, "bucket_name must be set"),
    ({"bucket_name": ""}, "bucket_name must be set"),
    ({"bucket_name": 7}, "bucket_name must be a string"),
    ({"bucket_name": "a/b"}, "Invalid bucket_name: a/b"),
    ({"folder_name": ["f"]}, "folder_name must be a string"),
    ({"credentials_source": "magic"}, "Invalid credentials_source: magic"),
    ({"credentials_source": 1}, "credentials_source must be a string"),
    ({"credentials_source": "static"}, "access_key_id and secret_access_key must be provided"),
    ({"access_key_id": "AKID"}, "access_key_id and secret_access_key must be provided"),
    ({"secret_access_key": "hush-hush"}, "access_key_id and secret_access_key must be provided"),
    ({**KEYS, "credentials_source": "none"}, "can't use access_key_id and secret_access_key with none credentials_source"),
    ({**KEYS, "credentials_source": "env_or_profile"},
     "can't use access_key_id and secret_access_key with env_or_profile credentials_source"),
    ({"access_key_id": 1}, "access_key_id must be a string"),
    ({"secret_access_key": 12345678}, "secret_access_key must be a string"),
    ({"assume_role_arn": 1}, "assume_role_arn must be a string"),
    ({"assume_role_arn": "arn:aws:iam::1:role/r"}, "assume_role_arn needs credentials"),
    ({"region": 1}, "region must be a string"),
    ({"region": "eu west"}, "Invalid region: eu west"),
    ({"host": 1}, "host must be a string"),
    ({"host": "ftp://store.example"}, "Invalid host: ftp://store.example"),
    ({"host": "store.example/path"}, "Invalid host: store.example/path"),
    ({"host": "store.example:1", "port": 2}, "host names port 1, and port is 2"),
    ({"port": "443"}, "port must be a whole number"),
    ({"port": 65536}, "port must be at most 65535: 65536"),
    ({"port": -1}, "port must not be negative: -1"),
    ({"use_ssl": "yes"}, "use_ssl must be true or false"),
    ({"ssl_verify_peer": 1}, "ssl_verify_peer must be true or false"),
    ({"signature_version": 3}, "Invalid signature_version: 3"),
    ({"signature_version": "four"}, "signature_version must be a number"),
    ({"server_side_encryption": True}, "server_side_encryption must be a string"),
    ({"sse_kms_key_id": 1}, "sse_kms_key_id must be a string"),
    ({"multipart_upload": "no"}, "multipart_upload must be true or false"),
    ({"host_style": "no"}, "host_style must be true or false"),
    ({"request_checksum_calculation_enabled": 0}, "request_checksum_calculation_enabled must be true or false"),
    ({"response_checksum_calculation_enabled": 0}, "response_checksum_calculation_enabled must be true or false"),
    ({"uploader_request_checksum_calculation_enabled": 0}, "uploader_request_checksum_calculation_enabled must be true"),
    ({"download_concurrency": -1}, "download_concurrency must not be negative: -1"),
    ({"upload_concurrency": -1}, "upload_concurrency must not be negative: -1"),
    ({"download_part_size": -1}, "download_part_size must not be negative: -1"),
    ({"upload_part_size": -5}, "upload_part_size must not be negative: -5"),
    ({"upload_part_size": 5.5}, "upload_part_size must be a whole number"),
    ({"upload_part_size": 1}, "upload_part_size must be at least 5242880 bytes"),
    ({"upload_part_size": 6000000.0}, "upload_part_size must be a whole number"),
    ({"multipart_copy_part_size": 1}, "multipart_copy_part_size must be at least 5242880"),
]


def test_each_wrong_configuration_has_its_message(s3cli):
    (s3cli.folder / "source").write_bytes(b"x")
    for members, says in WRONG_CONFIGS:
        if isinstance(members, dict):
            members = {"bucket_name": "b", "host": "localhost", **members} if members else members
            if "upload_part_size" in members and members["upload_part_size"] == 1:
                members |= KEYS
            members = json.dumps(members)
        ended = s3cli(members, "put", "source", "key")
        assert ended.status == 1 and ended.stdout == "", (members, ended)
        assert says in ended.stderr, (members, ended)
        assert LOG_LINE.match(ended.stderr) and ended.stderr.count("\n") == 1, (members, ended)
        assert "hush-hush" not in ended.stderr


def test_odd_but_right_configurations(s3cli):
    for members in ({"signature_version": "2"}, {"signature_version": 4}, {"signature_version": None}, {"colour": "blue"},
                    {"port": None}, {"upload_part_size": 0, "download_concurrency": 0}, {"region": ""},
                    {"credentials_source": "static"}, {"Region": "us-east-1", "SIGNATURE_VERSION": "v4"},
                    {"upload_concurrency": 1000}, {"swift_temp_url_key": "hush-hush"}):
        ended = s3cli({"bucket_name": "bkt", **KEYS, **members}, "sign", "key", "get", "1h")
        assert ended.status == 0 and ended.stdout.startswith("https://bkt.s3"), (members, ended)


@pytest.mark.parametrize("duration,seconds", [("0s", 900), ("300ms", 1), ("168h", 604800)])
def test_odd_durations_of_signed_urls(s3cli, duration, seconds):
    ended = s3cli({"bucket_name": "bkt", **KEYS}, "sign", "key", "get", duration)
    assert ended.status == 0 and f"X-Amz-Expires={seconds}&" in ended.stdout, ended


def test_a_swift_account_without_its_key_is_missed_by_sign_alone(s3cli, aws):  # noqa: F811
    config = aws.config(swift_auth_account="AUTH_1")
    assert s3cli(config, "exists", "none").status == 3
    ended = s3cli(config, "sign", "none", "get", "1h")
    assert ended.status == 1 and "swift_auth_account needs swift_temp_url_key to sign" in ended.stderr


def test_hosts_with_a_scheme(s3cli, aws):  # noqa: F811
    config = aws.config()
    address = f"{config.pop('host')}:{config.pop('port')}"
    config.pop("use_ssl", None)
    for host in (f"http://{address}", f"http://{address}/", f"HTTP://{address}"):
        assert s3cli({**config, "host": host}, "exists", "none").status == 3


@pytest.mark.parametrize("words,says", [
    (["sign", "k", "head", "1h"], "Action not implemented: head. Available actions are 'get' and 'put'"),
    (["sign", "k", "get", "1"], "Expiration should be in the format of a duration i.e. 1h, 60m, 3600s. Got: 1"),
    (["sign", "k", "get", "-1s"], "Expiration must not be negative"),
    (["sign", "k", "get", "169h"], "a URL of signature version 4 is valid for at most 168h"),
    (["sign", "k", "get"], "Sign method expected 4 arguments got 3"),
    (["get", "k"], "Get method expected 3 arguments got 2"),
    (["get", "k", "f", "x"], "Get method expected 3 arguments got 4"),
    (["delete", "k", "x"], "Delete method expected 2 arguments got 3"),
    (["exists", "k", "x"], "Exists method expected 2 arguments got 3"),
    (["exists", ""], "the key must not be empty"),
    (["put", "", "k"], "open : No such file or directory"),
    (["put", ".", "k"], "is a directory"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else None)
def test_each_wrong_argument_has_its_message(s3cli, words, says):
    ended = s3cli({"bucket_name": "b", "host": "localhost", **KEYS}, *words)
    assert ended.status == 1 and says in ended.stderr and ended.stdout == "", ended
