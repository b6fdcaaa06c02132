"""The runtime client of Python functions: loads the handler, asks the Runtime API for events, answers.

Runs as /var/runtime/bootstrap.py in any CPython from 3.9 on, with nothing but its standard library. What a function
sees of it (context, log lines, error documents, import path) is what AWS's own client shows.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
"""

import importlib
import json
import logging
import os
import socket
import sys
import time
import traceback

API_VERSION = "2018-06-01"
LONGEST_MESSAGE = 256 * 1024  # longer ones are split anyway
NO_BREAK_SPACE = "\u00a0"
JSON_LOGS = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
REQUESTED = os.environ.get("AWS_EXECUTION_ENV", "").rpartition("_python")[2]  # "3.12"
# From python3.12 on AWS answers with characters as they are.
ASCII_ANSWERS = REQUESTED in ("3.8", "3.9", "3.10", "3.11")

AWS_SDK = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3")

request_id = None  # of the running invocation; before the first one there is none


class Fault(Exception):
    """What Lambda itself has to say about a function."""

    def __init__(self, error_type, message, trace=None):
        super().__init__(message)
        self.error_type = error_type
        self.trace = trace


# ---- Runtime API


class RuntimeApi:
    """One kept-alive connection, as bare sockets: the standard library's client takes longer to import than a whole
    cold start may."""

    def __init__(self, authority):
        host, port = authority.rsplit(":", 1)
        self.authority = authority
        self.connection = socket.create_connection((host, int(port)))
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.connection.makefile("rb", 65536)

    def next(self):
        """The next event: its headers, by lower-case name, and its bytes."""
        status, headers, body = self.call("GET", "/runtime/invocation/next")
        if status != 200:
            raise RuntimeError("the Runtime API answered %d: %s" % (status, body.decode("utf-8", "replace")))
        return headers, body

    def answer(self, of_request, body):
        self.call("POST", "/runtime/invocation/%s/response" % of_request, body)

    def fail(self, of_request, document):
        self.post_error("/runtime/invocation/%s/error" % of_request, document)

    def fail_init(self, document):
        self.post_error("/runtime/init/error", document)

    def post_error(self, path, document):
        error_type = document["errorType"].encode("ascii", "replace").decode()
        self.call("POST", path, to_json(document).encode("utf-8", "surrogateescape"),
                  "Lambda-Runtime-Function-Error-Type: %s\r\n" % error_type)

    def call(self, method, path, body=b"", headers=""):
        if method == "POST":
            headers += "Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        head = "%s /%s%s HTTP/1.1\r\nHost: %s\r\n%s\r\n" % (method, API_VERSION, path, self.authority, headers)
        self.connection.sendall(head.encode("latin-1") + body)
        return self.read_response()

    def read_response(self):
        line = self.reader.readline()
        if not line.startswith(b"HTTP/1."):
            raise RuntimeError("the Runtime API closed the connection")
        status = int(line.split(b" ", 2)[1])
        headers = {}
        while True:
            line = self.reader.readline().decode("utf-8", "replace").strip()
            if not line:
                break
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return status, headers, self.read_body(headers)

    def read_body(self, headers):
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return self.reader.read(int(headers.get("content-length", "0")))
        pieces = []
        while True:
            size = int(self.reader.readline().split(b";")[0], 16)
            if size == 0:
                break
            pieces.append(self.reader.read(size))
            self.reader.readline()
        while self.reader.readline().strip():
            pass
        return b"".join(pieces)


def to_json(value):
    return json.dumps(value, ensure_ascii=ASCII_ANSWERS)


# ---- Context


class CognitoIdentity:
    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self, document):
        self.cognito_identity_id = document.get("cognitoIdentityId")
        self.cognito_identity_pool_id = document.get("cognitoIdentityPoolId")

    def __repr__(self):
        return describe(self, self.__slots__)


class Client:
    __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")

    def __init__(self, document):
        for name in self.__slots__:
            setattr(self, name, document.get(name))

    def __repr__(self):
        return describe(self, self.__slots__)


class ClientContext:
    __slots__ = ("custom", "env", "client")

    def __init__(self, document):
        self.custom = document.get("custom")
        self.env = document.get("env")
        client = document.get("client")
        self.client = Client(client) if client is not None else None

    def __repr__(self):
        return describe(self, self.__slots__)


class LambdaContext:
    def __init__(self, headers):
        client_context = parse_header(headers, "lambda-runtime-client-context", "Client Context")
        identity = parse_header(headers, "lambda-runtime-cognito-identity", "Cognito Identity")
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        self.client_context = ClientContext(client_context) if client_context is not None else None
        self.identity = CognitoIdentity(identity if identity is not None else {})
        self._epoch_deadline_time_in_ms = int(headers.get("lambda-runtime-deadline-ms", "0"))

    def get_remaining_time_in_millis(self):
        return max(0, self._epoch_deadline_time_in_ms - int(time.time() * 1000))

    def log(self, message):
        for handler in logging.getLogger().handlers:
            if isinstance(handler, LogHandler):
                handler.write(str(message))
                return
        sys.stdout.write(str(message))

    def __repr__(self):
        return describe(self, ("aws_request_id", "log_group_name", "log_stream_name", "function_name",
                               "memory_limit_in_mb", "function_version", "invoked_function_arn", "client_context",
                               "identity", "tenant_id"))


def describe(value, names):
    return "%s([%s])" % (type(value).__name__, ",".join("%s=%s" % (name, getattr(value, name)) for name in names))


def parse_header(headers, name, title):
    text = headers.get(name)
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise Fault("Runtime.LambdaContextUnmarshalError", "Unable to parse %s JSON: %s" % (title, error)) from None


# ---- Log


class Unbuffered:
    """A standard stream that keeps nothing back: an environment may be frozen, or killed, at any time."""

    def __init__(self, stream):
        self.stream = stream

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def write(self, text):
        count = self.stream.write(text)
        self.stream.flush()
        return count

    def writelines(self, lines):
        self.stream.writelines(lines)
        self.stream.flush()


class LogHandler(logging.Handler):
    """What the root logger has in Lambda."""

    def emit(self, record):
        record.aws_request_id = request_id or ""
        self.write(self.format(record))

    @staticmethod
    def write(text):
        """A message of several lines is one event: the engine is told how long it is."""
        if "\n" in text[:-1]:
            size = len(text.encode("utf-8", "surrogateescape"))
            if size <= LONGEST_MESSAGE:
                text = "\x1e%d\x1f%s" % (size, text)
        sys.stdout.write(text)


class JsonFormatter(logging.Formatter):
    """https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html"""

    KNOWN = frozenset(("name", "msg", "args", "levelname", "levelno", "pathname", "filename", "module", "exc_info",
                       "exc_text", "stack_info", "lineno", "funcName", "created", "msecs", "relativeCreated", "thread",
                       "threadName", "processName", "process", "taskName", "aws_request_id"))

    def format(self, record):
        line = {
            "timestamp": timestamp(record.created),
            "level": logging.getLevelName(min(50, max(0, record.levelno)) // 10 * 10),
            "message": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info:
            error_type, error, trace = record.exc_info
            line["stackTrace"] = traceback.format_tb(trace)
            line["errorType"] = error_type.__name__ if error_type else None
            line["errorMessage"] = str(error)
        line["requestId"] = record.aws_request_id
        if record.exc_info:
            line["location"] = "%s:%s:%s" % (record.pathname, record.funcName, record.lineno)
        for name, value in record.__dict__.items():
            if name not in self.KNOWN and name not in line:
                line[name] = value
        line = {name: value for name, value in line.items() if value is not None}
        return json.dumps(line, ensure_ascii=False, default=str) + "\n"


def timestamp(seconds):
    """`2024-01-31T12:00:00.000Z`"""
    millis = int(seconds * 1000)
    return "%s.%03dZ" % (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(millis // 1000)), millis % 1000)


def set_up_logging():
    logging.Formatter.converter = time.gmtime
    handler = LogHandler()
    if JSON_LOGS:
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(logging.Formatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S"))
    root = logging.getLogger()
    root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    level = "DEBUG" if level == "TRACE" else level
    if isinstance(logging.getLevelName(level), int):
        root.setLevel(level)


def log_error(document):
    """One line, whatever the stack is: a log event is a line."""
    if JSON_LOGS:
        line = {"timestamp": timestamp(time.time()), "log_level": "ERROR", **document}
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        return
    head = "[ERROR]"
    if document["errorType"]:
        head += " " + document["errorType"]
    if document["errorMessage"]:
        head += (": " if document["errorType"] else " ") + document["errorMessage"]
    lines = [head, "Traceback (most recent call last):"]
    for element in document["stackTrace"]:
        for line in element.splitlines():
            text = line.lstrip(" ")
            lines.append(NO_BREAK_SPACE * (len(line) - len(text)) + text)
    sys.stdout.write("\r".join(lines) + "\n")


# ---- Errors


def error_document(error_type, message, trace, of_request):
    document = {"errorMessage": message, "errorType": error_type, "requestId": of_request or "", "stackTrace": trace or []}
    if REQUESTED == "3.8":
        del document["requestId"]
    return document


def document_of(error, of_request):
    if isinstance(error, Fault):
        return error_document(error.error_type, str(error), error.trace, of_request)
    frames = [(frame.filename, frame.lineno, frame.name, frame.line) for frame in
              traceback.extract_tb(error.__traceback__)]
    while len(frames) > 1 and frames[0][0] == __file__:
        del frames[0]
    return error_document(type(error).__name__, str(error), traceback.format_list(frames), of_request)


# ---- Handler


def load_handler(name):
    """The function that `folder/module.function` names."""
    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as error:
        raise Fault("Runtime.MalformedHandlerName", "Bad handler '%s': %s" % (name, error)) from None
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict",
                    "Cannot use built-in module %s as a handler module" % module_name)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError",
                    "Unable to import module '%s': %s" % (module_name, error)) from None
    except SyntaxError as error:
        raise Fault("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, error),
                    ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)]) from None
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise Fault("Runtime.HandlerNotFound",
                    "Handler '%s' missing on module '%s'" % (function_name, module_name)) from None


def advise(error):
    """AWS's runtimes have the SDK; where this machine has not, the log says how it gets here."""
    cause = error.__context__ if isinstance(error, Fault) else error
    if isinstance(cause, ModuleNotFoundError) and str(cause.name).split(".")[0] in AWS_SDK:
        sys.stdout.write("sortie: the AWS SDK that AWS's Python has is not on this machine. Once: python3 -m pip install "
                         '--target "${XDG_DATA_HOME:-$HOME/.local/share}/sortie/sdk/python" boto3\n')


def invoke(handler, headers, body):
    """The answer of the handler as JSON, in bytes."""
    context = LambdaContext(headers)
    try:
        event = json.loads(body)
    except ValueError as error:
        raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error) from None
    result = handler(event, context)
    try:
        return to_json(result).encode("utf-8", "surrogateescape")
    except Exception as error:
        raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error) from None


def set_up_path():
    """The function's folder, then layers, the AWS SDK, and what Python itself has (with PYTHONPATH)."""
    task_root = os.environ.get("LAMBDA_TASK_ROOT", os.getcwd())
    own = "%d.%d" % sys.version_info[:2]
    layers, sdk = sys.argv[1:3]
    packages = ["%s/python/lib/python%s/site-packages" % (layers, version) for version in dict.fromkeys((REQUESTED, own))]
    sys.path[0:1] = [task_root] + [folder for folder in packages if os.path.isdir(folder)] + [layers + "/python", sdk]
    del sys.argv[1:]


def set_up_environment():
    """Python tells its children of the character set that it chose; on AWS's images from python3.12 on it has to."""
    if ASCII_ANSWERS:
        os.environ.pop("LC_CTYPE", None)
    else:
        os.environ.setdefault("LC_CTYPE", "C.UTF-8")


def set_trace_id(trace_id):
    if trace_id:
        os.environ["_X_AMZN_TRACE_ID"] = trace_id
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)


def main():
    global request_id
    sys.stdout = Unbuffered(sys.stdout)
    sys.stderr = Unbuffered(sys.stderr)
    set_up_path()
    set_up_environment()
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        set_up_logging()
        handler = load_handler(os.environ["_HANDLER"])
    except Exception as error:
        document = document_of(error, None)
        log_error(document)
        advise(error)
        api.fail_init(document)
        sys.exit(1)
    while True:
        headers, body = api.next()
        request_id = headers["lambda-runtime-aws-request-id"]
        set_trace_id(headers.get("lambda-runtime-trace-id"))
        try:
            answer = invoke(handler, headers, body)
        except Exception as error:
            document = document_of(error, request_id)
            log_error(document)
            advise(error)
            del error  # and with it the frames of the handler
            api.fail(request_id, document)
        else:
            api.answer(request_id, answer)


if __name__ == "__main__":
    main()
