"""Scenarios of the recorded S3 answers: what was asked of AWS is asked of the program under test, and the answers compared.

    scenarios = Scenarios("s3")

    @scenarios("TestS3::test_head_object_fields")
    def head(s3, it):
        it.match("head-object", "head_object", Bucket=it.bucket(), Key="k")

    test_recorded = scenarios.as_test()
"""

import base64
import functools
import hashlib
import re
import zlib

import pytest

import recorded

botocore = pytest.importorskip("botocore", reason="boto3 is not installed")

# Names that the recordings put where every answer differs.
ANYTHING = {"i-d", "display-name", "owner-id", "host-id", "location", "last-modified", "expires"}


def is_new_enough():
    """Older ones do not calculate checksums by themselves, nor do they read what was added to the answers since."""
    version = tuple(int(part) for part in botocore.__version__.split(".")[:2])
    return version >= (1, 42)


@functools.lru_cache
def crc_table(polynomial):
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ polynomial if value & 1 else value >> 1
        table.append(value)
    return table


def crc(data, polynomial, bits):
    table, mask = crc_table(polynomial), (1 << bits) - 1
    value = mask
    for byte in data:
        value = table[value & 0xff ^ byte] ^ value >> 8
    return (value ^ mask).to_bytes(bits // 8, "big")


@functools.lru_cache
def checksum(algorithm, data):
    """In base64. Two of them botocore has only with a library of its own."""
    raw = {"CRC32": lambda: zlib.crc32(data).to_bytes(4, "big"), "CRC32C": lambda: crc(data, 0x82F63B78, 32),
           "CRC64NVME": lambda: crc(data, 0x9A6C9329AC4BC9B5, 64), "SHA1": lambda: hashlib.sha1(data).digest(),
           "SHA256": lambda: hashlib.sha256(data).digest()}[algorithm]()
    return base64.b64encode(raw).decode()


def summed(algorithm, data):
    """The parameters of an upload with this checksum."""
    return {"ChecksumAlgorithm": algorithm, f"Checksum{algorithm}": checksum(algorithm, data)}


class Scenarios:
    def __init__(self, name):
        self.name = name
        self.all = {}

    def __call__(self, *tests):
        """Registers the function for recorded tests; given `name[parameter]` it is called with the parameter as well."""
        def register(function):
            for test in tests:
                assert test not in self.all, f"{test} twice"
                self.all[test] = function
            return function
        return register

    def parameters(self, test):
        """The names of a recorded test with each of its parameters."""
        return recorded.tests(self.name, test + "[")

    def as_test(self):
        @pytest.mark.parametrize("test", sorted(self.all) or ["none"])
        def test_recorded(test, server):
            if not is_new_enough():
                pytest.skip("this botocore is older than the recordings")
            s3 = server.boto3("s3")
            it = Enactment(self.name, test, server, s3)
            parameter = re.search(r"\[(.*)\]$", test)
            self.all[test](s3, it, *([parameter.group(1)] if parameter else []))
            it.recording.complete()
        return test_recorded


def loosened(value):
    """The recording with placeholders for what it names only in words."""
    if isinstance(value, dict):
        return {name: loosened(member) for name, member in value.items()}
    if isinstance(value, list):
        return [loosened(member) for member in value]
    return f"<{value}>" if value in ANYTHING else value


class Enactment:
    """One recorded test being enacted."""

    def __init__(self, name, test, server, s3):
        self.recording = recorded.load(name, test)
        self.recording.content = loosened(self.recording.content)
        self.server = server
        self.s3 = s3
        self.made = 0

    def bucket(self, name=None, **options):
        self.made += 1
        name = name or f"bucket-{self.made}"
        self.s3.create_bucket(Bucket=name, **options)
        return name

    def versioned(self, bucket, status="Enabled"):
        self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})
        return bucket

    def match(self, key, operation, leave_out=(), client=None, **parameters):
        """Calls the operation, compares, and gives the answer."""
        answer = recorded.call(getattr(client or self.s3, operation), **parameters)
        return self.compare(key, answer, leave_out)

    def compare(self, key, answer, leave_out=()):
        expected = self.recording[key]
        if isinstance(expected, dict) and expected.get("Body") == "":  # had been read before it was recorded
            leave_out = (*leave_out, "Body")
        self.recording.match(key, answer, leave_out)
        return answer

    def skip(self, key, why):
        self.recording.skip(key, why)

    def in_region(self, region):
        """A client of another region."""
        import boto3
        return boto3.client("s3", endpoint_url=self.server.url, region_name=region,
                            aws_access_key_id=self.server.environment["AWS_ACCESS_KEY_ID"],
                            aws_secret_access_key=self.server.environment["AWS_SECRET_ACCESS_KEY"],
                            config=botocore.config.Config(s3={"addressing_style": "path"}))
