"""Rust's own test harness: a suite that does everything wrongly, and the real suites of crates."""

import json
import os
import re
import shutil
import subprocess

import pytest

import support
from support import FAILED, PASSED

NASTY = {
    "end::aborts": "crashed",
    "end::exits_well": "crashed",
    "end::forges_a_whole_end": "crashed",
    "result::expected_panic_comes": "passed",
    "result::expected_panic_does_not_come": "failed",
    "result::fails_behind_unfinished_output": "failed",
    "result::goes_on": "passed",
    "result::ignored": "skipped",
    "result::prints_failures": "passed",
    "result::returns_an_error": "failed",
    "result::ünïcode": "passed",
    "time::waits_for_ever": "timed_out",
}
FORGER = "result::forges_the_next_tests_start_and_fails"


@pytest.mark.parametrize("options", [(), ("--workers", "1"), ("--isolation", "process")], ids=" ".join)
def test_each_test_ends_as_it_did(sortie, suites, options):
    result = sortie.run(suites("rust/nasty"), "--timeout", "3s", *options, timeout=300)
    result.check_consistent()
    assert result.status == FAILED
    ends = {name.split("::", 1)[1]: outcome for name, outcome in result.outcomes().items()}
    assert {name: ends.get(name) for name in NASTY} == NASTY, result
    assert "failed" in {outcome for name, outcome in ends.items() if FORGER in name}, result


def test_a_failure_has_the_words_and_the_place_of_its_panic(sortie, suites):
    result = sortie.run(suites("rust/nasty"), "--filter", "*unfinished*")
    test = result.test("result::fails_behind_unfinished_output")
    assert "numbers differ" in test.message and "left: 2" in test.message
    assert "nasty.rs" in result.stdout


def test_what_the_user_passes_on_chooses_the_ignored_ones(sortie, suites):
    listed = sortie("list", suites("rust/nasty"), "--", "--ignored")
    assert [line.split("::", 1)[1] for line in listed.stdout.splitlines()] == ["result::ignored"]
    result = sortie.run(suites("rust/nasty"), "--", "--ignored")
    assert {name.split("::", 1)[1]: outcome for name, outcome in result.outcomes().items()} == {"result::ignored": "failed"}


# Crates without dependencies for their tests.
CRATES = [("semver", "1.0.23"), ("fnv", "1.0.7"), ("either", "1.13.0")]


@pytest.fixture(scope="module")
def crates(tmp_path_factory):
    """The test programs of each crate: {crate: [program]}."""
    if shutil.which("cargo") is None:
        pytest.skip("no Rust toolchain")
    folder = tmp_path_factory.mktemp("crates")
    programs = {}
    for crate, version in CRATES:
        fetcher = folder / f"fetch-{crate}"
        (fetcher / "src").mkdir(parents=True)
        (fetcher / "src/lib.rs").write_text("")
        (fetcher / "Cargo.toml").write_text(
            f'[package]\nname = "fetch"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n{crate} = "={version}"\n')
        vendored = subprocess.run(["cargo", "vendor", "-q", folder / f"vendor-{crate}"], cwd=fetcher, capture_output=True, text=True,
                                  timeout=support.PATIENCE_S)
        if vendored.returncode != 0:
            pytest.skip(f"the crate {crate} is not to be had: {vendored.stderr.strip().splitlines()[-1]}")
        source = folder / f"vendor-{crate}" / crate
        built = subprocess.run(["cargo", "test", "--no-run", "-q", "--offline", "--message-format", "json"], cwd=source, capture_output=True,
                               text=True, timeout=600, env={**os.environ, "CARGO_TARGET_DIR": str(folder / "target")})
        if built.returncode != 0:
            pytest.skip(f"the tests of {crate} cannot be built here: {built.stderr.strip()[-300:]}")
        found = [message["executable"] for message in map(json.loads, built.stdout.splitlines())
                 if message.get("executable") and message["profile"]["test"]]
        programs[crate] = (source, found)
    return programs


@pytest.mark.parametrize("crate", [crate for crate, _ in CRATES])
def test_a_crates_own_suite_ends_as_without_us(sortie, crates, crate):
    source, programs = crates[crate]
    direct = {}
    for program in programs:
        ended = subprocess.run([program, "--test-threads=1"], cwd=source, capture_output=True, text=True, timeout=300)
        for name, end in re.findall(r"^test (.+?)(?: - should panic)? \.\.\. (\w+)", ended.stdout, re.M):
            direct[name] = {"ok": "passed", "FAILED": "failed", "ignored": "skipped"}[end]
    assert direct, "the crate has tests"
    result = sortie.run(*programs, timeout=300)
    result.check_consistent()
    assert {name.split("::", 1)[1]: outcome for name, outcome in result.outcomes().items()} == direct, result
    assert result.status == (FAILED if "failed" in direct.values() else PASSED)
