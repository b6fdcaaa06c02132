"""Functions with a URL, and requests to them as they come in from outside: to the server's port, by the Host header."""

import http.client
import json
import urllib.parse

import pytest

from lambda_lab import zip_of

ECHO = "def handler(event, context):\n    return event\n"


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.body[:2000]!r}"


def host_of(url):
    return urllib.parse.urlsplit(url).hostname


def open_request(server, url, target="/", method="GET", body=None, headers=None, host=None):
    """A request whose answer has not been read: its connection and its response. `target` goes out as it is."""
    where = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=120)
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", host or host_of(url))
    for name, value in (headers or {}).items():
        for each in value if isinstance(value, list) else [value]:
            connection.putheader(name, each)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    return connection, connection.getresponse()


def send(server, url, target="/", **more):
    connection, response = open_request(server, url, target, **more)
    try:
        return Answer(response)
    finally:
        connection.close()


def needs(client, operation, member):
    """Skips with a boto3 that is older than a member of an operation's input."""
    if member not in client.meta.service_model.operation_model(operation).input_shape.members:
        pytest.skip(f"this boto3 does not know {member} of {operation}")


def allow_everyone(client, name="fn", **more):
    return client.add_permission(FunctionName=name, StatementId="urlPermission", Action="lambda:InvokeFunctionUrl",
                                 Principal="*", FunctionUrlAuthType="NONE", **more)


def make_url(lab, source=ECHO, mode=None, name="fn", auth="NONE", **more):
    """A function with a URL that everybody may use; the URL."""
    if source is not None:
        files = {"index.mjs": source} if more.get("Runtime", "").startswith("nodejs") else {"handler.py": source}
        lab.make(name=name, Code={"ZipFile": zip_of(files)}, **more)
    if mode:
        needs(lab.client, "CreateFunctionUrlConfig", "InvokeMode")
    config = {"InvokeMode": mode} if mode else {}
    made = lab.client.create_function_url_config(FunctionName=name, AuthType=auth, **config)
    if auth == "NONE":
        allow_everyone(lab.client, name)
    return made["FunctionUrl"]
