"""s3cli against servers and machines that misbehave: never a partial file under the final name, never exit status 0,
never a secret in a message (s3cli_support checks that for every run)."""

import array
import calendar
import email.utils
import fcntl
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import termios
import time

import pytest

import support
from s3cli_support import ABSENT, BUCKET, ScriptedServer, aws, s3cli  # noqa: F401

DATA = bytes(range(256)) * 4096  # 1 MiB


def check_nothing_arrived(s3cli, ended, name="target"):
    assert ended.status == 1, ended
    assert not (s3cli.folder / name).exists()
    assert s3cli.leftovers() == []


def get(s3cli, respond, **options):
    with ScriptedServer(respond) as server:
        return s3cli(server.config(), "get", "key", "target", **options), server


def test_a_download_that_is_cut_is_continued(s3cli):
    def respond(request, number):
        if number == 0:
            request.answer(206, DATA[:1000], {"Content-Range": f"bytes 0-{len(DATA) - 1}/{len(DATA)}"}, len(DATA))
        else:
            request.range_of(DATA)
    ended, server = get(s3cli, respond)
    assert ended.status == 0, ended
    assert (s3cli.folder / "target").read_bytes() == DATA
    assert server.seen[1].headers["Range"] == f"bytes=1000-{len(DATA) - 1}"


def test_a_download_that_is_always_cut_fails(s3cli):
    def respond(request, number):
        request.answer(200, DATA[:1000], length=len(DATA))
    ended, server = get(s3cli, respond)
    check_nothing_arrived(s3cli, ended)
    assert "connection closed before the end of the body" in ended.stderr
    assert len(server.seen) == 4


def test_a_cut_download_leaves_the_old_file_alone(s3cli):
    (s3cli.folder / "target").write_text("old")
    ended, _ = get(s3cli, lambda request, number: request.answer(200, DATA[:1000], length=len(DATA)))
    assert ended.status == 1, ended
    assert (s3cli.folder / "target").read_text() == "old"
    assert s3cli.leftovers() == []


@pytest.mark.parametrize("failures,status", [(2, 0), (3, 1)])
def test_dropped_connections(s3cli, failures, status):
    ended, server = get(s3cli, lambda request, number: request.drop() if number < failures else request.range_of(DATA))
    assert ended.status == status, ended
    assert len(server.seen) == 3
    if status != 0:
        check_nothing_arrived(s3cli, ended)
        assert "S3 GetObject" in ended.stderr and "connection closed before the response" in ended.stderr


@pytest.mark.parametrize("failures,status", [(2, 0), (3, 1)])
def test_503(s3cli, failures, status):
    def respond(request, number):
        if number < failures:
            request.error(503, "SlowDown", "Please reduce your request rate.")
        else:
            request.range_of(DATA)
    ended, server = get(s3cli, respond)
    assert ended.status == status, ended
    assert len(server.seen) == 3
    if status != 0:
        check_nothing_arrived(s3cli, ended)
        assert "performing operation get: S3 GetObject: SlowDown: Please reduce your request rate. (request id REQUEST1)" \
            in ended.stderr


@pytest.mark.parametrize("words", [("put", "source", "key"), ("delete", "key"), ("exists", "key")])
def test_every_command_tries_again(s3cli, words):
    (s3cli.folder / "source").write_bytes(b"x")
    with ScriptedServer(lambda request, number: request.error(500, "InternalError") if number == 0 else
                        request.answer(200)) as server:
        ended = s3cli(server.config(), *words)
    assert ended.status == 0, ended
    assert len(server.seen) == 2


def test_wrong_checksum(s3cli):
    ended, _ = get(s3cli, lambda request, number: request.answer(200, b"hello", {"x-amz-checksum-crc32": "AAAAAA=="}))
    check_nothing_arrived(s3cli, ended)
    assert "CRC32" in ended.stderr


def test_a_wrong_checksum_that_nobody_is_to_look_at(s3cli):
    with ScriptedServer(lambda request, number: request.answer(200, b"hello", {"x-amz-checksum-crc32": "AAAAAA=="})) as server:
        config = server.config(response_checksum_calculation_enabled=False)
        assert s3cli(config, "get", "key", "target").status == 0
    assert "x-amz-checksum-mode" not in server.seen[0].headers


def test_attempts_may_be_set(s3cli):
    for attempts in (1, 2):
        ended, server = get(s3cli, lambda request, number: request.error(500, "InternalError"),
                            environment={"AWS_MAX_ATTEMPTS": str(attempts)})
        check_nothing_arrived(s3cli, ended)
        assert len(server.seen) == attempts


def test_nonsense_instead_of_http(s3cli):
    ended, _ = get(s3cli, lambda request, number: request.raw(b"220 smtp.example ESMTP\r\n"))
    check_nothing_arrived(s3cli, ended)
    assert "the response is not HTTP" in ended.stderr


def test_a_header_without_end(s3cli):
    ended, _ = get(s3cli, lambda request, number: request.raw(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 100_000))
    check_nothing_arrived(s3cli, ended)


def test_an_answer_without_a_length_may_be_cut_and_is_refused(s3cli):
    ended, _ = get(s3cli, lambda request, number: request.raw(b"HTTP/1.1 200 OK\r\n\r\nhello"))
    check_nothing_arrived(s3cli, ended)
    assert "does not say how long it is" in ended.stderr


def test_nobody_listens(s3cli):
    with ScriptedServer(lambda request, number: None) as server:
        config = server.config()
    ended = s3cli(config, "get", "key", "target")
    check_nothing_arrived(s3cli, ended)
    assert f"connect to 127.0.0.1:{config['port']}" in ended.stderr


def test_no_such_host(s3cli):
    ended = s3cli({"bucket_name": "bkt", "host": "no-such-host.invalid"}, "get", "key", "target")
    check_nothing_arrived(s3cli, ended)
    assert "look up no-such-host.invalid" in ended.stderr


@pytest.mark.parametrize("words,status", [(("get", "key", "target"), 0), (("exists", "key"), 0), (("delete", "key"), 0),
                                          (("put", "source", "key"), 0)])
@pytest.mark.parametrize("version", [2, 4])
def test_a_clock_that_is_off_follows_the_servers(s3cli, words, status, version):
    (s3cli.folder / "source").write_bytes(b"x")
    ahead_s = 7 * 3600

    def respond(request, number):
        now = time.time() + ahead_s
        date = email.utils.formatdate(now, usegmt=True)
        if version == 4:
            signed = calendar.timegm(time.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ"))
        else:
            signed = email.utils.parsedate_to_datetime(request.headers["Date"]).timestamp()
        if abs(signed - now) > 15 * 60:
            request.error(403, "RequestTimeTooSkewed", headers={"Date": date})
        else:
            request.answer(200, b"hello" if request.method == "GET" else b"", {"Date": date})
    with ScriptedServer(respond) as server:
        ended = s3cli(server.config(signature_version=version), *words)
    assert ended.status == status, ended
    assert len(server.seen) == 2


def test_a_clock_that_nothing_helps_is_not_followed_for_ever(s3cli):
    date = email.utils.formatdate(time.time() + 7200, usegmt=True)
    ended, server = get(s3cli, lambda request, number: request.error(403, "RequestTimeTooSkewed",
                                                                     headers={"Date": date}))
    check_nothing_arrived(s3cli, ended)
    assert len(server.seen) == 2


def limit_files(size):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("part_size", [0, 100_000])
def test_a_file_that_may_not_grow(s3cli, part_size):
    with ScriptedServer(lambda request, number: request.range_of(DATA)) as server:
        ended = s3cli(server.config(download_part_size=part_size), "get", "key", "target",
                      preexec_fn=limit_files(300_000))
    check_nothing_arrived(s3cli, ended)
    assert "File too large" in ended.stderr


@pytest.mark.parametrize("part_size", [0, 100_000])
def test_a_full_disk(s3cli, part_size):
    """A small file system in a mount namespace of the program's own."""
    disk = s3cli.folder / "disk"
    disk.mkdir()
    if shutil.which("unshare") is None:
        pytest.skip("not installed: unshare")
    namespace = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    mount = f"mount -t tmpfs -o size=512k tmpfs {disk} && "
    probe = subprocess.run([*namespace, "sh", "-c", mount + "true"], capture_output=True, text=True)
    if probe.returncode != 0:
        pytest.skip(f"cannot mount here: {probe.stderr.strip()}")
    with ScriptedServer(lambda request, number: request.range_of(DATA)) as server:
        config = s3cli.config_file(server.config(download_part_size=part_size))
        get = f'"{support.S3CLI}" -c "{config}" get key "{disk}/target"; status=$?; ls -A "{disk}"; exit $status'
        ended = subprocess.run([*namespace, "sh", "-c", mount + get], env=s3cli.environment, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (1, ""), ended
    assert "No space left on device" in ended.stderr


def test_a_full_device(s3cli):
    with ScriptedServer(lambda request, number: request.range_of(DATA)) as server:
        ended = s3cli(server.config(), "get", "key", "/dev/full")
    assert ended.status == 1, ended
    assert "No space left on device" in ended.stderr


def test_a_reader_that_goes_away(s3cli):
    with ScriptedServer(lambda request, number: request.range_of(DATA)) as server:
        process = s3cli.start(server.config(), "get", "key", "/dev/stdout")
        process.stdout.close()
        err = process.stderr.read()
        process.stderr.close()
        assert process.wait(support.PATIENCE_S) == 1
    assert b"Broken pipe" in err


def test_a_folder_that_may_not_be_written(s3cli):
    locked = s3cli.folder / "locked"
    locked.mkdir(mode=0o500)
    if os.access(locked, os.W_OK):
        pytest.skip("root may write everywhere")
    with ScriptedServer(lambda request, number: request.range_of(DATA)) as server:
        ended = s3cli(server.config(), "get", "key", locked / "target")
    assert ended.status == 1, ended
    assert "Permission denied" in ended.stderr


def test_an_upload_that_fails_is_aborted_and_begun_again(s3cli):
    (s3cli.folder / "source").write_bytes(DATA * 11)

    def respond(request, number):
        if request.method == "POST" and "uploads" in request.path:
            request.answer(200, b"<R><UploadId>UP1</UploadId></R>")
        elif "partNumber=3" in request.path:
            request.error(403, "AccessDenied", "not you")
        else:
            request.answer(204 if request.method == "DELETE" else 200, b"", {"ETag": '"p"'})
    began = time.monotonic()
    with ScriptedServer(respond) as server:
        ended = s3cli(server.config(), "put", "source", "key")
    assert ended.status == 1, ended
    assert "performing operation put: upload retry limit exceeded: S3 UploadPart: AccessDenied: not you" in ended.stderr
    assert server.count("POST", "uploads") == 4
    assert server.count("DELETE", "uploadId=UP1") == 4
    assert server.count("POST", "uploadId=UP1") == 0
    assert time.monotonic() - began >= 6


def test_an_upload_that_fails_at_first_and_then_works(s3cli):
    (s3cli.folder / "source").write_bytes(DATA * 6)

    def respond(request, number):
        if request.method == "POST" and "uploads" in request.path:
            request.answer(200, b"<R><UploadId>UP1</UploadId></R>")
        elif request.method == "PUT" and server.count("DELETE") == 0:
            request.error(400, "BadDigest")
        else:
            request.answer(204 if request.method == "DELETE" else 200, b"<R/>", {"ETag": '"p"'})
    with ScriptedServer(respond) as server:
        ended = s3cli(server.config(), "put", "source", "key")
    assert ended.status == 0, ended
    assert server.count("DELETE") == 1


def test_an_error_inside_a_200_is_an_error(s3cli):
    (s3cli.folder / "source").write_bytes(DATA * 6)

    def respond(request, number):
        if request.method == "POST" and "uploads" in request.path:
            request.answer(200, b"<R><UploadId>UP1</UploadId></R>")
        elif request.method == "POST":
            request.answer(200, b"<Error><Code>InternalError</Code><Message>later</Message></Error>")
        else:
            request.answer(204 if request.method == "DELETE" else 200, b"", {"ETag": '"p"'})
    with ScriptedServer(respond) as server:
        ended = s3cli(server.config(), "put", "source", "key")
    assert ended.status == 1, ended
    assert "CompleteMultipartUpload: InternalError" in ended.stderr
    assert server.count("DELETE", "uploadId=UP1") == 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_upload_is_aborted(s3cli, number):
    (s3cli.folder / "source").write_bytes(DATA * 6)

    def respond(request, sequence):
        if request.method == "POST":
            request.answer(200, b"<R><UploadId>UP1</UploadId></R>")
        elif request.method == "PUT":
            time.sleep(support.PATIENCE_S)
        else:
            request.answer(204)
    with ScriptedServer(respond) as server:
        process = s3cli.start(server.config(), "put", "source", "key")
        support.wait_until(lambda: server.count("PUT") > 0, "the first part")
        process.send_signal(number)
        process.communicate(timeout=support.PATIENCE_S)
        assert process.returncode == -number
        assert server.count("DELETE", "uploadId=UP1") == 1


def halted_download(s3cli, server):
    """A download that has come to its second attempt, which gets no answer."""
    process = s3cli.start(server.config(), "get", "key", "target")
    support.wait_until(lambda: len(server.seen) == 2, "the second attempt")
    return process


def half_an_answer(request, number):
    request.answer(200, DATA[:1000], length=len(DATA) + 1) if number == 0 else time.sleep(support.PATIENCE_S)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_an_interrupted_download_leaves_nothing(s3cli, number):
    with ScriptedServer(half_an_answer) as server:
        process = halted_download(s3cli, server)
        process.send_signal(number)
        _, err = process.communicate(timeout=support.PATIENCE_S)
    assert process.returncode == -number
    assert b"performing operation get: interrupted" in err
    assert s3cli.leftovers() == []
    assert not (s3cli.folder / "target").exists()


def test_a_killed_download_leaves_nothing(s3cli):
    try:
        os.close(os.open(s3cli.folder, os.O_TMPFILE | os.O_WRONLY))
        may_have_left = []
    except OSError:
        may_have_left = s3cli.leftovers  # a file system without nameless files
    (s3cli.folder / "target").write_text("old")
    with ScriptedServer(half_an_answer) as server:
        process = halted_download(s3cli, server)
        process.kill()
        process.communicate(timeout=support.PATIENCE_S)
    assert (s3cli.folder / "target").read_text() == "old"
    assert may_have_left or s3cli.leftovers() == []


def test_a_killed_upload_stores_nothing(s3cli, aws):
    """What the parts that were sent cost is for the bucket's lifecycle rules to end: nobody is left to abort them."""
    (s3cli.folder / "source").write_bytes(DATA * 11)
    os.mkfifo(s3cli.folder / "pipe")
    process = s3cli.start(aws.config(), "put", "pipe", "key")
    with open(s3cli.folder / "pipe", "wb") as pipe:
        pipe.write(DATA * 5)
        support.wait_until(lambda: aws.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads"), "an upload begins")
        process.kill()
        process.communicate(timeout=support.PATIENCE_S)
    assert s3cli(aws.config(), "exists", "key").status == ABSENT
    assert s3cli(aws.config(), "put", "source", "key").status == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupt_while_the_other_end_of_a_pipe_stands_still(s3cli, aws, number):
    aws.s3.put_object(Bucket=BUCKET, Key="key", Body=DATA)
    reading = s3cli.start(aws.config(), "get", "key", "/dev/stdout")
    os.read(reading.stdout.fileno(), 1)  # the rest does not fit into the pipe
    reading.send_signal(number)
    assert reading.wait(support.PATIENCE_S) == -number
    assert b"performing operation get: interrupted" in reading.communicate()[1]
    end, other_end = os.pipe()
    uploading = s3cli.start(aws.config(), "put", "/dev/stdin", "other", stdin=end)
    os.write(other_end, b"x" * 1000)
    support.wait_until(lambda: bytes_in(end) == 0, "the first bytes are read")
    uploading.send_signal(number)
    assert uploading.wait(support.PATIENCE_S) == -number
    assert b"performing operation put: interrupted" in uploading.communicate()[1]
    for descriptor in (end, other_end):
        os.close(descriptor)
    assert s3cli(aws.config(), "exists", "other").status == ABSENT


def test_an_interrupt_while_nobody_opens_the_pipe(s3cli, aws):
    sleeper = subprocess.Popen(["sleep", "60"])
    told = pathlib.Path(f"/proc/{sleeper.pid}/wchan")
    try:
        support.wait_until(lambda: told.read_text() != "0", "the kernel tells where a process waits", seconds=5)
    except AssertionError as silent:
        pytest.skip(str(silent))
    finally:
        sleeper.kill()
        sleeper.wait()
    aws.s3.put_object(Bucket=BUCKET, Key="key", Body=DATA)
    os.mkfifo(s3cli.folder / "pipe")
    waiting = s3cli.start(aws.config(), "get", "key", "pipe")
    where = pathlib.Path(f"/proc/{waiting.pid}/wchan")
    support.wait_until(lambda: where.read_text() in ("wait_for_partner", "fifo_open"), "it waits for a reader")
    waiting.send_signal(signal.SIGTERM)
    assert waiting.wait(support.PATIENCE_S) == -signal.SIGTERM
    waiting.communicate()


def bytes_in(descriptor):
    """How many bytes a pipe holds."""
    buffer = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, buffer)
    return buffer[0]


def test_the_wrong_region_is_named(s3cli):
    def respond(request, number):
        request.error(301, "PermanentRedirect", headers={"x-amz-bucket-region": "eu-central-1"})
    ended, _ = get(s3cli, respond)
    check_nothing_arrived(s3cli, ended)
    assert "the bucket is in region eu-central-1" in ended.stderr
    ended, _ = get(s3cli, lambda request, number: request.error(400, "AuthorizationHeaderMalformed",
                                                                extra="<Region>eu-west-1</Region>"))
    assert "the bucket is in region eu-west-1" in ended.stderr


def test_a_server_that_repeats_the_session_token(s3cli):
    environment = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret-of-the-role",
                   "AWS_SESSION_TOKEN": "token-of-the-session"}

    def respond(request, number):
        request.error(403, "AccessDenied", "you said " + request.headers["x-amz-security-token"] + "\x1b[31m")
    with ScriptedServer(respond) as server:
        config = server.config(credentials_source="env_or_profile")
        del config["access_key_id"], config["secret_access_key"]
        ended = s3cli(config, "get", "key", "target", environment=environment)
    assert "you said ***" in ended.stderr
    assert "\x1b" not in ended.stderr


def test_a_redirect_is_not_followed_with_our_signature(s3cli):
    ended, server = get(s3cli, lambda request, number: request.answer(307, b"", {"Location": "http://evil.example/"}))
    check_nothing_arrived(s3cli, ended)
    assert len(server.seen) == 1


def test_forbidden_is_not_absent(s3cli):
    with ScriptedServer(lambda request, number: request.error(403, "AccessDenied")) as server:
        ended = s3cli(server.config(), "exists", "key")
    assert ended.status == 1, ended
    with ScriptedServer(lambda request, number: request.error(404, "NoSuchKey")) as server:
        assert s3cli(server.config(), "exists", "key").status == ABSENT
