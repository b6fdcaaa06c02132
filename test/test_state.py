"""`sortie serve --state`: what was acknowledged is there after kill -9."""

import threading

import pytest

from support import EXECUTION_TRUST, Server, USAGE

pytest.importorskip("boto3", reason="boto3 is not installed")


def restart(sortie, folder):
    return Server(sortie, "--state", folder)


def test_everything_is_there_after_a_clean_end(sortie, tmp_path):
    state = tmp_path / "state"
    server = restart(sortie, state)
    server.boto3("s3").create_bucket(Bucket="a-bucket")
    server.boto3("s3").put_object(Bucket="a-bucket", Key="k", Body=b"kept", Metadata={"a": "b"})
    server.boto3("iam").create_role(RoleName="r", AssumeRolePolicyDocument=EXECUTION_TRUST)
    server.boto3("logs").create_log_group(logGroupName="g")
    first = dict(server.environment)
    assert server.stop() == 0
    server = restart(sortie, state)
    try:
        assert server.environment["AWS_SECRET_ACCESS_KEY"] == first["AWS_SECRET_ACCESS_KEY"]
        got = server.boto3("s3").get_object(Bucket="a-bucket", Key="k")
        assert got["Body"].read() == b"kept" and got["Metadata"] == {"a": "b"}
        assert server.boto3("iam").get_role(RoleName="r")["Role"]["RoleName"] == "r"
        assert server.boto3("logs").describe_log_groups()["logGroups"][0]["logGroupName"] == "g"
    finally:
        server.stop()


@pytest.mark.parametrize("puts_before", [3, 40, 150])
def test_acknowledged_objects_survive_kill_9(sortie, tmp_path, puts_before):
    state = tmp_path / "state"
    server = restart(sortie, state)
    server.boto3("s3").create_bucket(Bucket="a-bucket")
    acknowledged, enough = [], threading.Event()

    def put_until_it_dies(writer):
        s3 = server.boto3("s3")
        number = 0
        while True:
            key = f"{writer}/{number}"
            try:
                s3.put_object(Bucket="a-bucket", Key=key, Body=key.encode() * 100)
            except Exception:
                return
            acknowledged.append(key)
            number += 1
            if len(acknowledged) >= puts_before:
                enough.set()
    writers = [threading.Thread(target=put_until_it_dies, args=(writer,)) for writer in range(4)]
    for writer in writers:
        writer.start()
    assert enough.wait(60), "the server takes no objects"
    server.kill()
    for writer in writers:
        writer.join()
    server = restart(sortie, state)
    try:
        s3 = server.boto3("s3")
        for key in acknowledged:
            assert s3.get_object(Bucket="a-bucket", Key=key)["Body"].read() == key.encode() * 100, key
        listed = {item["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket="a-bucket")
                  for item in page.get("Contents", [])}
        assert set(acknowledged) <= listed
    finally:
        server.stop()


def test_root_credentials_are_the_owners_alone(sortie, tmp_path):
    state = tmp_path / "state"
    server = restart(sortie, state)
    secret = server.environment["AWS_SECRET_ACCESS_KEY"].encode()
    server.stop()
    holders = [path for path in state.rglob("*") if path.is_file() and secret in path.read_bytes()]
    assert holders, "the secret is kept somewhere"
    for path in holders:
        assert path.stat().st_mode & 0o077 == 0 or state.stat().st_mode & 0o077 == 0, path


def test_two_servers_do_not_share_a_folder(sortie, tmp_path):
    state = tmp_path / "state"
    server = restart(sortie, state)
    try:
        ended = sortie("serve", "--port", "0", "--state", state, timeout=20)
        assert ended.status == USAGE and str(state) in ended.stderr, ended
    finally:
        server.stop()
