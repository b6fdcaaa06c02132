"""A full disk is an error with a name, never a wrong result."""

import os
import resource
import signal
import subprocess

import pytest

from support import INFRASTRUCTURE, PASSED, USAGE, Server


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a file system of 4 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", folder], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(folder):
    with open(folder / "filler", "wb") as file:
        try:
            while file.write(b"\0" * 65536):
                file.flush()
        except OSError:
            pass


def test_reports_on_a_full_disk(sortie, suites, small_disk):
    fill(small_disk)
    for option in ("--junit", "--json"):
        ended = sortie("run", suites("gtest/nasty"), "--filter", "Good.Passes", option, small_disk / "report")
        assert ended.status == INFRASTRUCTURE, f"{option}: {ended}"
        assert "No space left on device" in ended.stderr and "report" in ended.stderr
    assert not (small_disk / "report.part").exists()


def test_temporary_folder_on_a_full_disk(sortie, suites, small_disk):
    fill(small_disk)
    result = sortie.run(suites("gtest/nasty"), "--filter", "Good.Passes", environment={"TMPDIR": str(small_disk)})
    assert result.status == INFRASTRUCTURE, result
    assert "No space left on device" in result.stderr or "full" in result.stderr
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


def test_cache_on_a_full_disk_is_done_without(sortie, suites, small_disk):
    fill(small_disk)
    result = sortie.run(suites("gtest/nasty"), "--filter", "Good.Passes", environment={"XDG_CACHE_HOME": str(small_disk)})
    assert result.status == PASSED, result


def test_package_on_a_full_disk(sortie, suites, small_disk):
    fill(small_disk)
    ended = sortie("package", suites("gtest/nasty"), "-o", small_disk / "x.zip")
    assert ended.status in (USAGE, INFRASTRUCTURE) and "No space left on device" in ended.stderr, ended
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


def test_state_on_a_full_disk(sortie, small_disk):
    pytest.importorskip("boto3", reason="boto3 is not installed")
    from botocore.exceptions import ClientError
    server = Server(sortie, "--state", small_disk / "state")
    try:
        s3 = server.boto3("s3")
        s3.create_bucket(Bucket="a-bucket")
        s3.put_object(Bucket="a-bucket", Key="small", Body=b"kept")
        with pytest.raises(ClientError) as caught:
            for number in range(8):
                s3.put_object(Bucket="a-bucket", Key=f"large{number}", Body=b"x" * (1 << 20))
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
        assert s3.get_object(Bucket="a-bucket", Key="small")["Body"].read() == b"kept"
        assert "large7" not in [item["Key"] for item in s3.list_objects_v2(Bucket="a-bucket")["Contents"]]
    finally:
        assert server.stop() == 0


def test_report_that_may_not_grow(sortie, suites):
    """RLIMIT_FSIZE stands in for the full disk where nothing can be mounted."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # its default is the end of the process
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    ended = sortie("package", suites("gtest/nasty"), "-o", sortie.folder / "x.zip", preexec_fn=limit)
    assert ended.status in (USAGE, INFRASTRUCTURE), ended
    assert "File too large" in ended.stderr, ended
    assert not (sortie.folder / "x.zip").exists()
