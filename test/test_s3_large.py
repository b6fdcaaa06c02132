"""Large objects stream to and from disk: what the server needs of memory does not grow with them."""

import http.client
import os
import shutil
import urllib.parse

import pytest

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")

MIB = 1024 * 1024
SIZE = int(os.environ.get("SORTIE_LARGE_OBJECT_MIB", "1024")) * MIB
MOST_GROWTH = 32 * MIB


def peak(process):
    """The most memory that the process ever had resident."""
    for line in open(f"/proc/{process.pid}/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the kernel does not say how much memory was used")


def exchange(method, url, body=None, size=0):
    """Sends a file's bytes, and counts what comes back, in pieces."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=600)
    connection.request(method, f"{parts.path}?{parts.query}", body=body, headers={"Content-Length": str(size)} if body else {})
    answer = connection.getresponse()
    received = 0
    while piece := answer.read(MIB):
        received += len(piece)
    connection.close()
    return answer.status, received


def test_a_large_object_needs_little_memory(server, tmp_path):
    if shutil.disk_usage(tmp_path).free < 2 * SIZE:
        pytest.skip("the disk has no room for a large object")
    source = tmp_path / "source"
    with open(source, "wb") as file:
        file.truncate(SIZE)  # sparse: it takes no room of its own
    s3 = server.boto3("s3")
    s3.create_bucket(Bucket="bucket")
    of = {"Params": {"Bucket": "bucket", "Key": "large"}, "ExpiresIn": 3600}
    exchange("PUT", s3.generate_presigned_url("put_object", **of), b"warm", 4)
    before = peak(server.process)
    with open(source, "rb") as file:
        assert exchange("PUT", s3.generate_presigned_url("put_object", **of), file, SIZE)[0] == 200
    assert s3.head_object(Bucket="bucket", Key="large")["ContentLength"] == SIZE
    assert exchange("GET", s3.generate_presigned_url("get_object", **of)) == (200, SIZE)
    s3.copy_object(Bucket="bucket", Key="copy", CopySource="bucket/large", ChecksumAlgorithm="SHA256")
    grown = peak(server.process) - before
    print(f"{SIZE // MIB} MiB: {grown // 1024} KiB more at the peak, {peak(server.process) // 1024} KiB in all")
    assert grown <= MOST_GROWTH, f"{grown // 1024} KiB more memory for {SIZE // MIB} MiB"
