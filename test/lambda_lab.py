"""A client, a role and functions for the tests beside recorded answers."""

import io
import json
import shutil
import zipfile

import pytest

import model_validator
from recorded import ACCOUNT, call
from support import EXECUTION_TRUST, Server, wait_until

API = "lambda-api"
MEMBERS = ("Runtime", "Handler", "Timeout", "MemorySize", "Description", "Environment")
# Older recordings do not have what AWS shows since.
LATER = ("LoggingConfig", "RuntimeVersionConfig", "SnapStart")
# What AWS answers against its own model, as the recordings show.
AGAINST_THE_MODEL = ("LastUpdateStatusReasonCode: 'Creating'", "'RequestEntityTooLargeException'",
                     "GetFunctionCodeSigningConfig: .CodeSigningConfigArn: is required",
                     "GetFunctionCodeSigningConfig: .FunctionName: is required")
HANDLER = "def handler(event, context):\n    return event\n"


def zip_of(files, executable=()):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o755 if name in executable else 0o644) << 16
            archive.writestr(entry, text, zipfile.ZIP_DEFLATED)
    return data.getvalue()


class Lab:
    """A client, a role, and functions as a recording has them."""

    def __init__(self, server):
        from botocore.config import Config
        self.server = server
        lenient = Config(parameter_validation=False, retries={"max_attempts": 0}, read_timeout=120)
        self.client = server.boto3("lambda", config=lenient)
        iam = server.boto3("iam")
        self.role = iam.create_role(RoleName="recorded", AssumeRolePolicyDocument=EXECUTION_TRUST)["Role"]["Arn"]
        iam.attach_role_policy(RoleName="recorded",
                               PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")

    def beside_recordings(self):
        """Skips with an old client: it would drop what the recordings have."""
        if "get_function_recursion_config" not in dir(self.client):
            pytest.skip("this boto3 does not know what the recordings hold")
        return self

    def create(self, like=None, name="fn", files=None, **more):
        """CreateFunction with what the recorded configuration shows; its answer."""
        like = (like or {}).get("CreateFunctionResponse", like or {})
        parameters = {member: like[member] for member in MEMBERS if member in like}
        parameters = {"Runtime": "python3.12", "Handler": "handler.handler", **parameters, **more}
        module = parameters["Handler"].split(".")[0]
        return call(self.client.create_function, FunctionName=name, Role=self.role,
                    **{"Code": {"ZipFile": zip_of(files or {f"{module}.py": HANDLER})}, **parameters})

    def active(self, name="fn"):
        wait_until(lambda: self.client.get_function_configuration(FunctionName=name).get("LastUpdateStatus") == "Successful",
                   f"{name} is active")

    def make(self, like=None, name="fn", **more):
        """`create`, and waits until it is active."""
        answer = self.create(like, name, **more)
        assert "FunctionArn" in answer, answer
        self.active(name)
        return answer


@pytest.fixture
def lab(server):
    """What is answered to it is compared with the service model as well."""
    made = Lab(server).beside_recordings()
    complaints = model_validator.watch(made.client)
    yield made
    complaints = [text for text in complaints if not any(known in text for known in AGAINST_THE_MODEL)]
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def slow(sortie):
    """A server that is as slow as AWS."""
    running = Server(sortie, "--realism", "aws")
    yield running
    if running.process.poll() is None:
        running.stop()


def arn(resource, service="lambda", region="us-east-1"):
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{resource}"


@pytest.fixture
def node():
    """Skips where the host has no Node.js."""
    if shutil.which("node") is None:
        pytest.skip("Node.js is not installed")


def invoke(lab, event=None, name="fn", **more):
    """The answer of Invoke, its payload as text."""
    answer = call(lab.client.invoke, FunctionName=name, Payload=json.dumps({} if event is None else event), **more)
    if "Payload" in answer:
        answer["Payload"] = answer["Payload"].read().decode()
    return answer


def later(recording, key):
    """What a recording is too old to have."""
    config = recording[key]
    config = config.get("CreateFunctionResponse", config)
    config = config.get("Configuration", config)
    return [name for name in LATER if name not in config]
