"""examples/blobstore under a role that allows what it needs, and under one that does not."""

import pytest

from support import FAILED, PASSED, REPOSITORY

EXAMPLE = REPOSITORY / "examples/blobstore"


def run_example(sortie, blobstore, policy):
    suite, program = blobstore
    return sortie.run(suite, "--asset", program, "--env", "BUCKET=sortie-blobstore-example", "--role-policy",
                      EXAMPLE / policy)


def test_allowed(sortie, blobstore, sandboxed):
    result = run_example(sortie, blobstore, "allow.json")
    result.check_consistent()
    assert result.status == PASSED, result
    assert len(result.tests) == 9


def test_denied_put_is_shown_in_awss_words(sortie, blobstore, sandboxed):
    result = run_example(sortie, blobstore, "deny-put.json")
    result.check_consistent()
    assert result.status == FAILED, result
    for name, outcome in (("Lifecycle", "failed"), ("GetOfAMissingKeyFails", "passed"), ("DeleteOfAMissingKeySucceeds", "passed")):
        for configuration in ("Minimal", "RegionAndSignatureVersion", "HostPortTlsAndRegion"):
            assert result.test(f"Config/Blobstore.{name}/{configuration}").outcome == outcome
    assert "AccessDenied" in result.stdout
    assert "is not authorized to perform: s3:PutObject on resource:" in result.stdout


def test_no_policy_means_no_rights(sortie, blobstore, sandboxed):
    suite, program = blobstore
    result = sortie.run(suite, "--asset", program, "--filter", "*Lifecycle/Minimal")
    assert result.status == FAILED, result
    assert "AccessDenied" in result.stdout
