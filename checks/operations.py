#!/usr/bin/env python3
"""Which operations of the seven services the embedded AWS has: checks the tables in docs/ against the program, or writes them.

    checks/operations.py            compare docs/operations.md with what the program answers; 1 when they differ
    checks/operations.py --write    write docs/operations.md and the table in docs/embedded-aws.md from the services' tables

Writing asks build/bin/operation_list (OPERATION_LIST names another; `ninja -C build operation_list` builds it), which prints the tables
that the services dispatch with. Of a service that has no such table the page keeps what it says. Comparing believes no table: every
operation that botocore's service models name is called with the least input that the model allows. One whose answer is the
error `NotImplemented` is not there; that error must name it. What an operation that is there does not take is listed in PARTLY,
and tried as well. Needs botocore; the program is SORTIE_BIN, or build/bin/sortie.
"""

import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "test"))

SERVICES = {"s3": "S3", "lambda": "Lambda", "cloudformation": "CloudFormation", "logs": "CloudWatch Logs", "ssm": "Systems Manager",
            "iam": "IAM", "sts": "STS"}

CLOUDFORMATION_UNSUPPORTED = {
    "notifications": {"NotificationARNs": ["arn:aws:sns:us-east-1:000000000000:topic"]},
    "rollback triggers": {"RollbackConfiguration": {"RollbackTriggers": [
        {"Arn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a", "Type": "AWS::CloudWatch::Alarm"}]}},
}

# Operations that are there but do not take everything: {operation: {what: input}}. The input is sent, and must be refused as
# NotImplemented.
PARTLY = {
    "s3": {
        "PutObject": {
            "KMS encryption": {"ServerSideEncryption": "aws:kms"},
            "appending": {"WriteOffsetBytes": 0},
        },
        "PutBucketNotificationConfiguration": {
            "queues": {"NotificationConfiguration": {"QueueConfigurations": [
                {"QueueArn": "arn:aws:sqs:us-east-1:000000000000:q", "Events": ["s3:ObjectCreated:*"]}]}},
            "topics": {"NotificationConfiguration": {"TopicConfigurations": [
                {"TopicArn": "arn:aws:sns:us-east-1:000000000000:t", "Events": ["s3:ObjectCreated:*"]}]}},
            "EventBridge": {"NotificationConfiguration": {"EventBridgeConfiguration": {}}},
        },
        "PutBucketLogging": {"access logs": {"BucketLoggingStatus": {
            "LoggingEnabled": {"TargetBucket": "probe-bucket", "TargetPrefix": "log"}}}},
        "CopyObject": {"KMS encryption": {"ServerSideEncryption": "aws:kms"}},
        "CreateMultipartUpload": {"KMS encryption": {"ServerSideEncryption": "aws:kms"}},
    },
    "cloudformation": {
        "CreateStack": CLOUDFORMATION_UNSUPPORTED,
        "UpdateStack": CLOUDFORMATION_UNSUPPORTED,
        "CreateChangeSet": {
            **CLOUDFORMATION_UNSUPPORTED,
            "imports": {"ChangeSetType": "IMPORT"},
            "nested stacks": {"IncludeNestedStacks": True},
        },
        "DeleteStack": {"forced deletion": {"DeletionMode": "FORCE_DELETE_STACK"}},
    },
    "iam": {"CreateServiceLinkedRole": {"services that are not listed": {"AWSServiceName": "nothing.amazonaws.com"}}},
    "ssm": {
        "PutParameter": {
            "policies": {"Policies": "[{}]"},
            "data types of EC2 and integrations": {"DataType": "aws:ec2:image"},
        },
    },
    "logs": {
        "CreateLogGroup": {"KMS keys": {"kmsKeyId": "arn:aws:kms:us-east-1:000000000000:key/x"}},
    },
}

FUNCTION = {"Role": "arn:aws:iam::000000000000:role/r", "Runtime": "provided.al2023", "Handler": "x"}
PARTLY["lambda"] = {
    "CreateFunction": {
        "VPC": {**FUNCTION, "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}},
        "file systems": {**FUNCTION, "FileSystemConfigs": [{"Arn": "arn:aws:elasticfilesystem:x", "LocalMountPath": "/mnt/a"}]},
        "container images": {**FUNCTION, "PackageType": "Image", "Code": {"ImageUri": "x"}},
        "dead-letter queues": {**FUNCTION, "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:000000000000:q"}},
    },
}

# What an operation must be told to do anything, beside what the model asks for.
NEEDED = {"iam": {"CreateServiceLinkedRole": {"AWSServiceName": "batch.amazonaws.com"}}}

BEGIN, END = "<!-- operations: made by checks/operations.py -->", "<!-- end of operations -->"


def minimal(shape, depth=0):
    """The least value of a shape that a client would send."""
    kind = shape.type_name
    if kind == "structure":
        if shape.metadata.get("union") and not shape.required_members:
            name, member = next(iter(shape.members.items()))
            return {name: minimal(member, depth + 1)}
        if depth > 6:
            return {}
        return {name: minimal(shape.members[name], depth + 1) for name in shape.required_members}
    if kind == "list":
        return [minimal(shape.member, depth + 1)] if shape.metadata.get("min") or depth < 2 else []
    if kind == "map":
        return {}
    if kind == "string":
        if shape.enum:
            return shape.enum[0]
        return "probe-bucket" if shape.name == "BucketName" else "p" * max(8, shape.metadata.get("min", 0))
    if kind in ("integer", "long"):
        return max(1, shape.metadata.get("min", 1))
    if kind in ("float", "double"):
        return 1.0
    if kind == "boolean":
        return False
    if kind == "timestamp":
        return datetime.datetime(2030, 1, 1)
    return b"probe"


def snake(name):
    from botocore import xform_name
    return xform_name(name)


def refusal(client, operation, parameters):
    """The sentence of a NotImplemented answer; nothing when the operation is there."""
    import botocore.exceptions
    try:
        answer = getattr(client, snake(operation))(**parameters)
        for value in answer.values():
            if hasattr(value, "close"):
                value.close()
    except botocore.exceptions.ClientError as error:
        found = error.response["Error"]
        if found["Code"] in ("NotImplemented", "NotImplementedException"):
            return found.get("Message", "")
    except botocore.exceptions.BotoCoreError:
        pass  # an answer that its parser stumbles over is an answer
    return None


def probe(server):
    """{service: {operation: "" or why it is not there}}, and complaints."""
    import botocore.config
    import botocore.session
    found, complaints = {}, []
    session = botocore.session.get_session()
    config = botocore.config.Config(parameter_validation=False, inject_host_prefix=False, retries={"max_attempts": 0},
                                    s3={"addressing_style": "path"}, read_timeout=20)
    for service in SERVICES:
        client = session.create_client(
            service, endpoint_url=server.url, region_name=server.environment["AWS_REGION"], config=config,
            aws_access_key_id=server.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=server.environment["AWS_SECRET_ACCESS_KEY"])
        if service == "s3":
            client.create_bucket(Bucket="probe-bucket")
        if service == "logs":
            client.create_log_group(logGroupName="pppppppp")
        found[service] = {}
        for operation in client.meta.service_model.operation_names:
            shape = client.meta.service_model.operation_model(operation).input_shape
            least = {**(minimal(shape) if shape is not None else {}), **NEEDED.get(service, {}).get(operation, {})}
            if operation == "DeleteBucket" or operation == "DeleteLogGroup":
                found[service][operation] = ""
                continue
            why = refusal(client, operation, least)
            found[service][operation] = why or ""
            if why is not None and operation not in why and "no service" not in why:
                complaints.append(f"{service}:{operation} is refused without its name: {why}")
            for what, more in PARTLY.get(service, {}).get(operation, {}).items():
                if not set(more) <= set(shape.members):
                    continue  # an older botocore has never heard of it
                if refusal(client, operation, {**least, **more}) is None:
                    complaints.append(f"{service}:{operation} is listed as without {what}, but does not refuse it")
    return found, complaints


def counts(listed):
    """[(service, whole, partly, unsupported)]. `listed`: {service: {operation: (supported, what it lacks)}}"""
    rows = []
    for service, operations in listed.items():
        supported = [lacks for there, lacks in operations.values() if there]
        partly = sum(1 for lacks in supported if lacks)
        rows.append((service, len(supported) - partly, partly, len(operations) - len(supported)))
    return rows


def summary(listed):
    lines = ["| service | whole | with parameters that are not there | answer `NotImplemented` by name |", "|---|---|---|---|"]
    lines += [f"| {SERVICES[service]} | {whole} | {partly} | {unsupported} |"
              for service, whole, partly, unsupported in counts(listed)]
    return "\n".join(lines)


def page(listed):
    text = ["# Operations of the embedded AWS", "",
            *textwrap.wrap("Written by `checks/operations.py --write` from the tables that the services dispatch with; "
                           "`test/test_operations.py` asks the program whether it is true.", 120, break_on_hyphens=False),
            "", summary(listed)]
    for service, operations in listed.items():
        text += ["", f"## {SERVICES[service]}", "", "There:", ""]
        text += [f"- {name}{f' (not: {lacks})' if lacks else ''}" for name, (there, lacks) in operations.items() if there]
        names = ", ".join(name for name, (there, _) in operations.items() if not there)
        text += ["", "Answer `NotImplemented` by name:", "", *(textwrap.wrap(names, 120) or ["none"])]
    return "\n".join(text) + "\n"


def read_listing(text):
    """{service: {operation: (supported, what it lacks)}} of docs/operations.md."""
    listed = {}
    names = {title: service for service, title in SERVICES.items()}
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        title, body = section.split("\n", 1)
        there, unsupported = body.split("Answer `NotImplemented` by name:", 1)
        listed[names[title.strip()]] = dict(sorted({
            **{name: (True, lacks) for name, lacks in re.findall(r"^- (\w+)(?: \(not: (.*)\))?$", there, flags=re.M)},
            **{name: (False, "") for name in re.findall(r"\b[A-Z]\w+", unsupported)},
        }.items()))
    return listed


def read_page(text):
    """{service: {operation: is it there}} of docs/operations.md."""
    return {service: {name: there for name, (there, _) in operations.items()} for service, operations in read_listing(text).items()}


def merged(tables, listed):
    """`listed` with what the services' tables say instead, of those that have one."""
    return {service: {row["name"]: (row["supported"], row["lacks"]) for row in tables[service]} if tables.get(service) else operations
            for service, operations in listed.items()}


def differences(found, documented):
    """What the page says otherwise. Operations that either side has never heard of are no difference: models grow."""
    wrong = []
    for service, operations in found.items():
        for name, why in operations.items():
            said = documented.get(service, {}).get(name)
            if said is not None and said != (not why):
                wrong.append(f"{service}:{name} is {'not ' if why else ''}there, docs/operations.md says otherwise")
    return wrong


def with_summary(text, listed):
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    return text[:start] + "\n" + summary(listed) + "\n" + text[end:]


def write():
    program = os.environ.get("OPERATION_LIST", str(REPOSITORY / "build/bin/operation_list"))
    tables = json.loads(subprocess.run([program], check=True, capture_output=True, text=True).stdout)
    overview, listing = REPOSITORY / "docs/embedded-aws.md", REPOSITORY / "docs/operations.md"
    listed = merged(tables, read_listing(listing.read_text()))
    listing.write_text(page(listed))
    overview.write_text(with_summary(overview.read_text(), listed))
    for service, whole, partly, unsupported in counts(listed):
        print(f"{SERVICES[service]}: {whole} whole, {partly} partly, {unsupported} not there")


def compare():
    import support
    with tempfile.TemporaryDirectory() as folder:
        server = support.Server(support.Sortie(pathlib.Path(folder), pathlib.Path(folder) / "cache"))
        try:
            found, complaints = probe(server)
        finally:
            server.stop()
    complaints += differences(found, read_page((REPOSITORY / "docs/operations.md").read_text()))
    print("\n".join(complaints) or "operations: docs/operations.md is what the program says")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(write() if "--write" in sys.argv else compare())
