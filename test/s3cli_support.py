"""What the tests of s3cli share: running it, and servers that it talks to."""

import http.server
import json
import os
import socketserver
import subprocess
import threading

import support

ABSENT = 3


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


class Request:
    """One request that a scripted server got, and the means to answer it, also wrongly."""

    def __init__(self, handler, body):
        self.method, self.path, self.headers, self.body = handler.command, handler.path, handler.headers, body
        self._handler = handler

    def answer(self, status, body=b"", headers=(), length=None):
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
            handler.wfile.write(body)
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

    def range_of(self, data):
        """Answers a GET as S3 does, with the range that was asked for."""
        wanted = self.headers.get("Range")
        if not wanted:
            return self.answer(200, data, {"ETag": '"e"'})
        first, last = wanted.removeprefix("bytes=").split("-")
        first, last = int(first), min(int(last or len(data)), len(data) - 1)
        return self.answer(206, data[first:last + 1],
                           {"ETag": '"e"', "Content-Range": f"bytes {first}-{last}/{len(data)}"})


class ScriptedServer:
    """An HTTP server on a free port; `respond(request, number)` answers each request, counted from 0."""

    def __init__(self, respond):
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
                except (ConnectionError, BrokenPipeError):
                    pass  # the client was ended by the test

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 64

        self.server = Server(("127.0.0.1", 0), Handler)
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
