"""Which recordings of S3 are not enacted, and why: none is left out in silence."""

import pytest

import recorded
from recorded_s3 import Scenarios

import test_recorded_s3
import test_recorded_s3_access
import test_recorded_s3_configurations
import test_recorded_s3_copies
import test_recorded_s3_keys
import test_recorded_s3_multipart
import test_recorded_s3_objects
import test_recorded_s3_signed
import test_recorded_s3_websites

MODULES = (test_recorded_s3, test_recorded_s3_access, test_recorded_s3_configurations, test_recorded_s3_copies,
           test_recorded_s3_keys, test_recorded_s3_multipart, test_recorded_s3_objects, test_recorded_s3_signed,
           test_recorded_s3_websites)

# By what the names of the recorded tests contain.
ABSENT = {
    "kms": "KMS", "sse_bucket_key": "KMS",
    "Replication": "replication",
}
OTHERWISE = {
    "TestS3PresignedUrl::test_put_object_with_md5_and_chunk_signature_bad_headers[s3-False]": "nothing was recorded",
    "TestS3PresignedUrl::test_put_object_with_md5_and_chunk_signature_bad_headers[s3v4-False]": "nothing was recorded",
    "TestS3::test_list_objects_v2_with_prefix": "recorded before listings had checksums; a newer recording of it is enacted",
}


def enacted():
    """By recording file."""
    found = {}
    for module in MODULES:
        for value in vars(module).values():
            if isinstance(value, Scenarios):
                found.setdefault(value.name, set()).update(value.all)
    return found


@pytest.mark.parametrize("name", ["s3", "s3-api", "s3-list", "s3-preconditions"])
def test_every_recording_is_enacted_or_named(name):
    if not recorded.tests(name):
        pytest.skip("the recorded answers of AWS are not here (../shared/reference/recorded-aws)")
    left = [test for test in recorded.tests(name) if test not in enacted()[name] and test not in OTHERWISE
            and not any(part in test for part in ABSENT)]
    assert not left, "neither enacted nor named:\n" + "\n".join(left)
