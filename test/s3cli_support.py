"""What the tests of s3cli share: running it, and servers that it talks to."""

import base64
import http.server
import json
import os
import re
import select
import shutil
import socket
import socketserver
import ssl
import subprocess
import sys
import threading

import pytest

import support

ABSENT = 3
BUCKET = "blobs-of-bosh"
LOG_LINE = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ")


class S3cli:
    """Runs s3cli with configurations; nothing it prints may hold a secret."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "TZ": "UTC",
                            "AWS_EC2_METADATA_DISABLED": "true"}
        self.secrets = []

    def config_file(self, config):
        path = self.folder / "s3cli.json"
        path.write_text(json.dumps(config) if isinstance(config, dict) else config)
        if isinstance(config, dict):
            self.secrets += [config[name] for name in ("secret_access_key", "swift_temp_url_key") if config.get(name)]
        return path

    def start(self, config, *arguments, environment=None, **options):
        environment = {**self.environment, **(environment or {})}
        self.secrets += [environment[name] for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
                         if environment.get(name)]
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen([support.S3CLI, "-c", self.config_file(config), *map(str, arguments)], env=environment,
                                cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def __call__(self, config, *arguments, timeout=support.PATIENCE_S, **options):
        process = self.start(config, *arguments, **options)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(f"s3cli {arguments} did not end within {timeout} s: {process.communicate()}")
        return self.ended(process, out, err)

    def ended(self, process, out, err):
        out, err = out.decode(errors="surrogateescape"), err.decode(errors="replace")
        for secret in self.secrets:
            assert secret not in err, f"a secret is shown: {err}"
        return support.Ended(process.returncode, out, err)

    def leftovers(self):
        """Temporary files of downloads."""
        return [path.name for path in self.folder.iterdir() if path.name.startswith(".s3cli-")]


def peak_memory_kib(command, environment):
    """The most memory that any process of a command held; it must succeed. Asked by a small process in between: what a
    child of this one had before it became another program would count."""
    code = ("import os, resource, sys; pid = os.fork() or os.execvp(sys.argv[1], sys.argv[1:]); "
            "status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]); "
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(status)")
    done = subprocess.run([sys.executable, "-SE", "-c", code, *map(str, command)], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done
    return int(done.stdout.split()[-1])


class Request:
    """One request that a scripted server got, and the means to answer it, also wrongly."""

    def __init__(self, handler, body):
        self.method, self.path, self.headers, self.body = handler.command, handler.path, handler.headers, body
        self._handler = handler

    def answer(self, status, body=b"", headers=(), length=None, before_the_end=None):
        """`length` may promise more than the body has: the connection then ends in mid-body."""
        handler = self._handler
        handler.send_response_only(status)
        for name, value in dict(headers).items():
            handler.send_header(name, value)
        if "Date" not in dict(headers):
            handler.send_header("Date", handler.date_time_string())
        handler.send_header("x-amz-request-id", "REQUEST1")
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        if self.method != "HEAD":
            handler.wfile.write(body[:-1] if before_the_end else body)
            if before_the_end:
                before_the_end()
                handler.wfile.write(body[-1:])
        if length is not None and length != len(body):
            self.drop()

    def error(self, status, code, message="message", extra="", headers=()):
        text = f"<Error><Code>{code}</Code><Message>{message}</Message>{extra}</Error>"
        self.answer(status, b"" if self.method == "HEAD" else text.encode(), headers)

    def raw(self, data):
        self._handler.wfile.write(data)
        self.drop()

    def drop(self):
        self._handler.wfile.flush()
        self._handler.close_connection = True

    def range_of(self, data, before_the_end=None):
        """Answers a GET as S3 does, with the range that was asked for. `before_the_end` is called when all but the last
        byte was sent."""
        wanted = self.headers.get("Range")
        if not wanted:
            return self.answer(200, data, {"ETag": '"e"'}, before_the_end=before_the_end)
        first, last = wanted.removeprefix("bytes=").split("-")
        first, last = int(first), min(int(last or len(data)), len(data) - 1)
        return self.answer(206, data[first:last + 1],
                           {"ETag": '"e"', "Content-Range": f"bytes {first}-{last}/{len(data)}"}, before_the_end=before_the_end)


class ScriptedServer:
    """An HTTP server on a free port; `respond(request, number)` answers each request, counted from 0."""

    def __init__(self, respond, tls=None):
        self.seen = []
        outer = self
        lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                if self.headers.get("Expect", "").lower() == "100-continue":
                    self.send_response_only(100)
                    self.end_headers()
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = Request(self, body)
                with lock:
                    number = len(outer.seen)
                    outer.seen.append(request)
                respond(request, number)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_CONNECT = serve

            def log_message(self, *_):
                pass

            def handle(self):
                try:
                    super().handle()
                except (ConnectionError, BrokenPipeError, ssl.SSLError):
                    pass  # the client was ended by the test, or does not trust us

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 64

        self.server = Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def count(self, method, part=""):
        return sum(1 for request in self.seen if request.method == method and part in request.path)

    def config(self, **members):
        return {"bucket_name": "bkt", "host": "127.0.0.1", "port": self.port, "use_ssl": False,
                "access_key_id": "AKIDEXAMPLE", "secret_access_key": "wJalrXUtnFEMI/K7MDENG", **members}


class ConnectProxy:
    """A proxy for CONNECT that asks for a user and password and leads every name to one port of this machine."""

    def __init__(self, port, user):
        self.seen = []
        self.target, self.wanted = port, "Basic " + base64.b64encode(user.encode()).decode()
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                words = self.rfile.readline().decode().split()
                headers = {}
                while (line := self.rfile.readline().decode().strip()):
                    name, value = line.split(":", 1)
                    headers[name.lower()] = value.strip()
                if headers.get("proxy-authorization") != outer.wanted:
                    self.wfile.write(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
                    return
                outer.seen.append(words[1])
                with socket.create_connection(("127.0.0.1", outer.target)) as server:
                    self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                    self.lead(server)

            def lead(self, server):
                ends = {self.connection: server, server: self.connection}
                while True:
                    for ready in select.select(list(ends), [], [])[0]:
                        data = ready.recv(65536)
                        if not data:
                            return
                        ends[ready].sendall(data)

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


IN_NAMESPACE = """
import http.server, json, os, subprocess, sys, threading
address, s3cli, config = sys.argv[1:4]
document = json.dumps({"AccessKeyId": "AKIDOFTHEPLACE", "SecretAccessKey": "secret-of-the-place", "Token": "token-of-the-place"})
seen = []
class Handler(http.server.BaseHTTPRequestHandler):
    def serve(self):
        seen.append([self.command, self.path, self.headers["Authorization"]])
        body = document if self.path.endswith(("creds", "/answer")) else "answer"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body.encode())
    do_GET = do_PUT = do_HEAD = serve
    def log_message(self, *_):
        pass
for place in ((address, 80), ("127.0.0.1", 8080)):
    server = http.server.ThreadingHTTPServer(place, Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
done = subprocess.run([s3cli, "-c", config, "exists", "key"], capture_output=True, text=True)
print(json.dumps({"status": done.returncode, "stderr": done.stderr, "seen": seen}))
"""


def seen_in_namespace(s3cli, address, environment):
    """What `exists key` asks for, in a network of its own that has `address`: lists of method, path, Authorization."""
    missing = [tool for tool in ("ip", "unshare") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    config = s3cli.config_file({"bucket_name": "bkt", "host": "127.0.0.1", "port": 8080, "use_ssl": False,
                                "credentials_source": "env_or_profile"})
    prepare = f"ip link set lo up && ip address add {address}/32 dev lo && "
    network = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    probe = subprocess.run([*network, "sh", "-c", prepare + "true"], capture_output=True, text=True)
    if probe.returncode != 0:
        pytest.skip(f"no network namespaces here: {probe.stderr.strip()}")
    script = s3cli.folder / "in_namespace.py"
    script.write_text(IN_NAMESPACE)
    done = subprocess.run([*network, "sh", "-c", prepare + 'exec "$@"', "sh", sys.executable, script, address, support.S3CLI,
                           config], env={**s3cli.environment, **environment}, capture_output=True, text=True)
    assert done.returncode == 0, done
    result = json.loads(done.stdout)
    assert result["status"] == 0, result
    return result["seen"]


class Aws:
    """The embedded AWS with a bucket, served over http and https."""

    def __init__(self, sortie):
        self.ca_file = sortie.folder / "ca.pem"
        self.server = support.Server(sortie, "--https-port", "0", "--ca-file", self.ca_file)
        log = sortie.folder / "serve.log"
        support.wait_until(lambda: "https://localhost:" in log.read_text(), "the https port")
        self.https_port = int(re.search(r"https://localhost:(\d+)", log.read_text())[1])
        self.http_port = int(self.server.url.rsplit(":", 1)[1])
        self.s3 = self.server.boto3("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        self.key, self.secret = (self.server.environment[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))

    def config(self, tls=False, **members):
        place = {"host": "localhost", "port": self.https_port} if tls else \
            {"host": "127.0.0.1", "port": self.http_port, "use_ssl": False}
        config = {"bucket_name": BUCKET, "access_key_id": self.key, "secret_access_key": self.secret, **place, **members}
        return {name: value for name, value in config.items() if value is not None}

    def role_config(self, **members):
        """Without keys: the credential chain."""
        return self.config(access_key_id=None, secret_access_key=None, credentials_source="env_or_profile", **members)

    def make_role(self, name, *actions):
        """A role that anybody of the account may take; its ARN."""
        iam = self.server.boto3("iam")
        trust = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"}]}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        policy = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]}]}
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
        return arn

    def session_of(self, role_arn):
        """Temporary credentials."""
        iam = self.server.boto3("iam")
        iam.create_user(UserName="director")
        iam.put_user_policy(UserName="director", PolicyName="p", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}))
        key = iam.create_access_key(UserName="director")["AccessKey"]
        self.user = (key["AccessKeyId"], key["SecretAccessKey"])
        import boto3
        sts = boto3.client("sts", endpoint_url=self.server.url, region_name="us-east-1",
                           aws_access_key_id=self.user[0], aws_secret_access_key=self.user[1])
        return sts.assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]


@pytest.fixture
def aws(sortie):
    running = Aws(sortie)
    yield running
    running.server.stop()


@pytest.fixture
def s3cli(tmp_path):
    if not support.S3CLI.exists():
        pytest.skip(f"{support.S3CLI} is not built")
    return S3cli(tmp_path)


def blob(size):
    return bytes(range(256)) * (size // 256) + bytes(size % 256)


def check_lifecycle(s3cli, config, **options):
    """put, exists, get, delete, exists."""
    (s3cli.folder / "source").write_bytes(b"\0\xff blob\n")
    stored = s3cli(config, "put", "source", "a key/ü+%", **options)
    assert stored.status == 0, stored
    found = s3cli(config, "exists", "a key/ü+%", **options)
    assert found.status == 0, found
    assert found.stderr.endswith(f" File 'a key/ü+%' exists in bucket '{config['bucket_name']}'\n")
    fetched = s3cli(config, "get", "a key/ü+%", "target", **options)
    assert fetched.status == 0, fetched
    assert (s3cli.folder / "target").read_bytes() == b"\0\xff blob\n"
    assert s3cli(config, "delete", "a key/ü+%", **options).status == 0
    gone = s3cli(config, "exists", "a key/ü+%", **options)
    assert gone.status == ABSENT, gone
    assert gone.stderr.endswith(f" File 'a key/ü+%' does not exist in bucket '{config['bucket_name']}'\n")
    missing = s3cli(config, "get", "a key/ü+%", "missing", **options)
    assert missing.status == 1, missing
    assert "performing operation get: " in missing.stderr and "NoSuchKey" in missing.stderr
    assert not (s3cli.folder / "missing").exists()
    assert s3cli(config, "delete", "a key/ü+%", **options).status == 0
    for line in (stored.stderr + found.stderr + gone.stderr + missing.stderr).splitlines():
        assert LOG_LINE.match(line), line
