"""The program called as storage-cli: its commands, its JSON log and its exit statuses, against the embedded AWS."""

import json
import os
import subprocess
import urllib.request

import pytest

import support
from s3cli_support import ABSENT, BUCKET, ScriptedServer, aws, blob, s3cli  # noqa: F401

PART = 5 * 1024 * 1024


class StorageCli:
    def __init__(self, s3cli):
        self.s3cli = s3cli
        self.program = s3cli.folder / "storage-cli"
        os.symlink(support.S3CLI, self.program)

    def __call__(self, config, *words, flags=("-s", "s3"), program=None):
        path = self.s3cli.config_file(config)
        done = subprocess.run([program or self.program, *flags, "-c", path, *map(str, words)], cwd=self.s3cli.folder,
                              env=self.s3cli.environment, capture_output=True, text=True, timeout=support.PATIENCE_S)
        for secret in self.s3cli.secrets:
            assert secret not in done.stderr
        return support.Ended(done.returncode, done.stdout, done.stderr)

    def fails(self, config, *words, **options):
        """The one line that it logs, read."""
        ended = self(config, *words, **options)
        assert (ended.status, ended.stdout) == (1, ""), ended
        (line,) = ended.stderr.splitlines()
        return json.loads(line)


@pytest.fixture
def storage_cli(s3cli):  # noqa: F811
    return StorageCli(s3cli)


def test_a_blob_s_life_is_silent(storage_cli, aws):  # noqa: F811
    config = aws.config(folder_name="dir")
    source = storage_cli.s3cli.folder / "source"
    source.write_bytes(blob(3000))
    assert storage_cli(config, "put", source, "a/b") == support.Ended(0, "", "")
    assert storage_cli(config, "exists", "a/b").status == 0
    assert storage_cli(config, "exists", "a/none") == support.Ended(ABSENT, "", "")
    assert storage_cli(config, "copy", "a/b", "a/c").status == 0
    assert storage_cli(config, "get", "a/c", "target").status == 0
    assert (storage_cli.s3cli.folder / "target").read_bytes() == source.read_bytes()
    url = storage_cli(config, "sign", "a/c", "get", "1h").stdout
    assert urllib.request.urlopen(url).read() == source.read_bytes()
    assert storage_cli(config, "delete", "a/b").status == 0
    assert storage_cli(config, "delete", "a/b").status == 0
    assert storage_cli(config, "list").stdout == "a/c\n"


def test_properties(storage_cli, aws):  # noqa: F811
    aws.s3.put_object(Bucket=BUCKET, Key="k", Body=b"hello")
    out = storage_cli(aws.config(), "properties", "k").stdout
    head = aws.s3.head_object(Bucket=BUCKET, Key="k")
    assert out == ('{\n  "etag": "5d41402abc4b2a76b9719d911017c592",\n  "last_modified": "%s",\n  "content_length": 5\n}\n'
                   % head["LastModified"].strftime("%Y-%m-%dT%H:%M:%SZ"))
    ended = storage_cli(aws.config(), "properties", "none")
    assert (ended.status, ended.stdout, ended.stderr) == (0, "{}\n", "")


def test_list_and_delete_go_over_all_pages(storage_cli, aws):  # noqa: F811
    keys = [f"p/{number:04}" for number in range(1203)]
    for key in [*keys, "q"]:
        aws.s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
    assert storage_cli(aws.config(), "list", "p/").stdout.split() == keys
    assert storage_cli(aws.config(), "list").stdout.split() == [*keys, "q"]
    ended = storage_cli(aws.config(), "delete-recursive", "p/")
    assert (ended.status, ended.stdout, ended.stderr) == (0, "", "")
    assert storage_cli(aws.config(), "list").stdout == "q\n"
    assert storage_cli(aws.config(), "delete-recursive").status == 0
    assert storage_cli(aws.config(), "list").stdout == ""
    assert storage_cli(aws.config(), "delete-recursive").status == 0


def test_copy_in_parts(storage_cli, aws):  # noqa: F811
    data = blob(2 * PART + 77)
    aws.s3.put_object(Bucket=BUCKET, Key="large", Body=data)
    config = aws.config(multipart_copy_threshold=PART, multipart_copy_part_size=PART)
    assert storage_cli(config, "copy", "large", "copied").status == 0
    assert aws.s3.get_object(Bucket=BUCKET, Key="copied")["Body"].read() == data
    assert aws.s3.head_object(Bucket=BUCKET, Key="copied")["ETag"].endswith('-3"')
    assert storage_cli.fails(config, "copy", "none", "x")["msg"] == "performing operation"
    assert "Uploads" not in aws.s3.list_multipart_uploads(Bucket=BUCKET)


def test_a_copy_that_fails_leaves_no_parts(storage_cli):
    def respond(request, number):
        if request.method == "HEAD":
            request.answer(200, b"", {"ETag": '"e"'}, length=3 * PART)
        elif request.method == "POST":
            request.answer(200, b"<R><UploadId>UP1</UploadId></R>")
        elif request.method == "DELETE":
            request.answer(204)
        else:  # an error under status 200, as S3 answers a copy that fails late
            request.answer(200, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
    with ScriptedServer(respond) as server:
        config = server.config(multipart_copy_threshold=PART, multipart_copy_part_size=PART)
        error = storage_cli.fails(config, "copy", "a", "b")
        assert "AccessDenied" in error["error"], error
        assert server.count("DELETE", "UP1") == 1


def test_a_store_without_part_copies_copies_at_once(storage_cli):
    def respond(request, number):
        if request.method == "HEAD":
            request.answer(200, b"", {"ETag": '"e"'}, length=3 * PART)
        elif request.method == "POST":
            request.answer(200, b"<R><UploadId>UP1</UploadId></R>")
        elif request.method == "DELETE":
            request.answer(204)
        elif "partNumber" in request.path:
            request.error(501, "NotImplemented")
        else:
            request.answer(200, b"<CopyObjectResult><ETag>e</ETag></CopyObjectResult>")
    with ScriptedServer(respond) as server:
        config = server.config(multipart_copy_threshold=PART, multipart_copy_part_size=PART)
        assert storage_cli(config, "copy", "a", "b").status == 0
        assert server.count("DELETE", "UP1") == 1


def test_ensure_storage_exists(storage_cli, aws):  # noqa: F811
    config = aws.config(bucket_name="new-bucket-of-storage-cli", region="eu-west-1")
    for _ in range(2):
        ended = storage_cli(config, "ensure-storage-exists")
        assert (ended.status, ended.stdout, ended.stderr) == (0, "", "")
    assert aws.s3.get_bucket_location(Bucket="new-bucket-of-storage-cli")["LocationConstraint"] == "eu-west-1"


def test_errors_are_json_lines_on_stderr_and_in_the_log_file(storage_cli, aws):  # noqa: F811
    error = storage_cli.fails(aws.config(), "get", "none", "target",
                              flags=("-s", "s3", "-log-file", "logs/deep/log", "-log-level", "error"))
    assert error["level"] == "ERROR" and error["msg"] == "performing operation" and error["command"] == "get"
    assert "NoSuchKey" in error["error"] and error["time"]
    (logged,) = (storage_cli.s3cli.folder / "logs/deep/log").read_text().splitlines()
    assert json.loads(logged) == error
    source = storage_cli.s3cli.folder / "source"
    source.write_bytes(b"x")
    ended = storage_cli(aws.config(), "put", source, "key", flags=("-s", "s3", "-log-level", "info"))
    assert json.loads(ended.stderr)["level"] == "INFO" and ended.status == 0


@pytest.mark.parametrize("flags,words,says", [
    ((), ("list",), "storage provider not specified"),
    (("-s", "azurebs"), ("list",), "storage provider 'azurebs' is not here"),
    (("-s", "s3"), ("put", "a"), "put method expected 2 arguments got 1"),
    (("-s", "s3"), ("sign-public", "a", "get", "1h"), "sign-public is for other storage providers"),
    (("-s", "s3"), ("sign", "a", "head", "1h"), "action not implemented: head. Available actions are 'get' and 'put'"),
    (("-s", "s3"), ("frob",), "unknown command: 'frob'"),
    (("-s", "s3", "-log-file", "/dev/null/x"), ("list",), "log file /dev/null/x"),
    (("-s", "s3", "-log-level", "loud"), ("list",), "unknown log level 'loud'"),
], ids=str)
def test_wrong_use(storage_cli, flags, words, says):
    config = {"bucket_name": "b", "host": "localhost", "access_key_id": "a", "secret_access_key": "secret1"}
    error = storage_cli.fails(config, *words, flags=flags)
    assert error["level"] == "ERROR" and says in error["msg"]


def test_s3cli_becomes_storage_cli_by_its_flag_alone(storage_cli, aws):  # noqa: F811
    aws.s3.put_object(Bucket=BUCKET, Key="k", Body=b"")
    assert storage_cli(aws.config(), "list", program=support.S3CLI).stdout == "k\n"
    assert "unknown command: 'list'" in storage_cli(aws.config(), "list", "k", flags=(), program=support.S3CLI).stderr


def test_a_full_standard_output_is_an_error(storage_cli, aws):  # noqa: F811
    aws.s3.put_object(Bucket=BUCKET, Key="k", Body=b"")
    path = storage_cli.s3cli.config_file(aws.config())
    for words in (["list"], ["properties", "k"], ["sign", "k", "get", "1h"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([storage_cli.program, "-s", "s3", "-c", path, *words], stdout=full,
                                  stderr=subprocess.PIPE, env=storage_cli.s3cli.environment, text=True)
        assert done.returncode == 1 and "standard output" in done.stderr, (words, done)
