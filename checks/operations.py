#!/usr/bin/env python3
"""Which operations of the seven services the embedded AWS has: asks it, and writes or checks the tables in docs/.

    checks/operations.py            compare docs/operations.md and docs/embedded-aws.md with the program; 1 when they differ
    checks/operations.py --write    write them

Every operation that botocore's service models name is called with the least input that the model allows. One whose answer is the
error `NotImplemented` is not there; that error must name it. What an operation that is there does not take is listed in PARTLY,
and tried as well. Needs botocore (a recent one to write); the program is SORTIE_BIN, or build/bin/sortie.
"""

import datetime
import pathlib
import re
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "test"))

SERVICES = {"s3": "S3", "lambda": "Lambda", "cloudformation": "CloudFormation", "logs": "CloudWatch Logs", "ssm": "Systems Manager",
            "iam": "IAM", "sts": "STS"}

CLOUDFORMATION_ABSENT = {
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
        "CreateStack": CLOUDFORMATION_ABSENT,
        "UpdateStack": CLOUDFORMATION_ABSENT,
        "CreateChangeSet": {
            **CLOUDFORMATION_ABSENT,
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


def counts(found):
    rows = []
    for service, operations in found.items():
        there = [name for name, why in operations.items() if not why]
        partly = [name for name in there if name in PARTLY.get(service, {})]
        rows.append((service, len(there) - len(partly), len(partly), len(operations) - len(there)))
    return rows


def summary(found):
    lines = ["| service | whole | with parameters that are not there | answer `NotImplemented` by name |", "|---|---|---|---|"]
    lines += [f"| {SERVICES[service]} | {whole} | {partly} | {absent} |" for service, whole, partly, absent in counts(found)]
    return "\n".join(lines)


def page(found):
    text = ["# Operations of the embedded AWS", "",
            "Made by `checks/operations.py --write`, which asks the program itself; `test/test_operations.py` checks it.", "",
            summary(found)]
    for service, operations in found.items():
        partly = PARTLY.get(service, {})
        text += ["", f"## {SERVICES[service]}", "", "There:", ""]
        for name, why in operations.items():
            if not why:
                without = f" (not: {', '.join(partly[name])})" if name in partly else ""
                text.append(f"- {name}{without}")
        text += ["", "Answer `NotImplemented` by name:", ""]
        text.append(", ".join(name for name, why in operations.items() if why) or "none")
    return "\n".join(text) + "\n"


def read_page(text):
    """{service: {operation: is it there}} of docs/operations.md."""
    documented = {}
    names = {title: service for service, title in SERVICES.items()}
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        title, body = section.split("\n", 1)
        there, absent = body.split("Answer `NotImplemented` by name:", 1)
        documented[names[title.strip()]] = {
            **{name: True for name in re.findall(r"^- (\w+)", there, flags=re.M)},
            **{name: False for name in re.findall(r"\b[A-Z]\w+", absent)},
        }
    return documented


def differences(found, documented):
    """What the page says otherwise. Operations that either side has never heard of are no difference: models grow."""
    wrong = []
    for service, operations in found.items():
        for name, why in operations.items():
            said = documented.get(service, {}).get(name)
            if said is not None and said != (not why):
                wrong.append(f"{service}:{name} is {'not ' if why else ''}there, docs/operations.md says otherwise")
    return wrong


def with_summary(text, found):
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    return text[:start] + "\n" + summary(found) + "\n" + text[end:]


def main():
    import support
    with tempfile.TemporaryDirectory() as folder:
        sortie = support.Sortie(pathlib.Path(folder), pathlib.Path(folder) / "cache")
        server = support.Server(sortie)
        try:
            found, complaints = probe(server)
        finally:
            server.stop()
    overview, listing = REPOSITORY / "docs/embedded-aws.md", REPOSITORY / "docs/operations.md"
    if "--write" in sys.argv:
        listing.write_text(page(found))
        overview.write_text(with_summary(overview.read_text(), found))
    else:
        complaints += differences(found, read_page(listing.read_text()))
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    for service, whole, partly, absent in counts(found):
        print(f"{SERVICES[service]}: {whole} whole, {partly} partly, {absent} not there")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
