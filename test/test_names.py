"""What suites are called where several have one file name, and what was meant by a word that nobody knows."""

import json
import shutil

import pytest

from support import FAILED, NOTHING_MATCHED, PASSED, USAGE


ALLOW = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'


@pytest.fixture
def twins(tmp_path, suites):
    """Two GoogleTest programs of one name."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    shutil.copy(suites("gtest/nasty"), tmp_path / "a/unit_test")
    shutil.copy(suites("gtest/many"), tmp_path / "b/unit_test")
    return "a/unit_test", "b/unit_test"


def test_suites_of_one_name_are_told_apart_everywhere(sortie, twins):
    listed = sortie("list", *twins)
    assert listed.status == PASSED, listed
    ids = listed.stdout.splitlines()
    assert {line.split("::")[0] for line in ids} == set(twins) and "a/unit_test::Good.Passes" in ids
    as_json = [json.loads(line) for line in sortie("list", "--json", *twins).stdout.splitlines()]
    assert [test["id"] for test in as_json] == ids
    result = sortie.run(*twins, "--filter", "a/unit_test::Good.Passes", "--filter", "b/*::*.*1")
    result.check_consistent()
    assert {name.split("::")[0] for name in result.tests} == set(twins)
    assert "a/unit_test::Good.Passes" in result.outcomes()
    assert {suite.get("name") for suite in result.junit.iter("testsuite")} == set(twins)


def test_a_suite_named_twice_runs_once(sortie, twins):
    a, _ = twins
    once = sortie("list", a)
    assert sortie("list", a, f"./{a}", sortie.folder / a).stdout == once.stdout.replace("a/unit_test::", "unit_test::")
    assert "unit_test::Good.Passes\n" in once.stdout


def test_names_of_the_project_file_count(sortie, twins):
    project = sortie.folder / "sortie.toml"
    project.write_text('[[suite]]\npath = "a/unit_test"\nname = "first"\n[[suite]]\npath = "b/unit_test"\n')
    ids = sortie("list").stdout.splitlines()
    assert {line.split("::")[0] for line in ids} == {"first", "b/unit_test"}
    assert all(line.startswith("unit_test::") for line in sortie("list", "b/unit_test").stdout.splitlines())
    assert sortie("list", "first").stdout.startswith("first::")
    project.write_text('[[suite]]\npath = "a/unit_test"\nname = "same"\n[[suite]]\npath = "b/unit_test"\nname = "same"\n')
    refused = sortie("list")
    assert refused.status == USAGE and "two suites are called same" in refused.stderr, refused


def test_one_program_under_two_names_runs_twice(sortie, twins):
    (sortie.folder / "sortie.toml").write_text(
        "".join(f'[[suite]]\npath = "a/unit_test"\nname = "{name}"\nenv = {{ COLOUR = "{name}" }}\n' for name in ("red", "blue")))
    result = sortie.run("--filter", "Good.Passes")
    assert result.outcomes() == {"red::Good.Passes": "passed", "blue::Good.Passes": "passed"}


def test_links_of_an_asset_stay_links(sortie, tmp_path):
    asset = tmp_path / "asset"
    asset.mkdir()
    (asset / "file").write_text("content\n")
    for name, target in (("near", "file"), ("opt", "/opt/nothing"), ("one", "two"), ("two", "one"), ("self", ".")):
        (asset / name).symlink_to(target)
    (asset / "fixed").write_text("x")
    (asset / "fixed").chmod(0o444)
    suite = tmp_path / "suite.sh"
    suite.write_text("""#!/bin/sh
set -e
cd asset
[ "$(readlink near)" = file ] && [ "$(cat near)" = content ]
[ "$(readlink opt)" = /opt/nothing ] && [ "$(readlink one)" = two ] && [ "$(readlink self)" = . ]
[ -n "$COPY" ] || [ "$(stat -c %a fixed)" = 444 ]  # the copy is writable
[ "$(stat -c %a file)" = 644 ]
""")
    suite.chmod(0o755)
    ended = sortie("run", suite, "--asset", asset)
    assert ended.status == PASSED, ended
    tmp = sortie("run", suite, "--asset", asset, "--cwd", "tmp", "--env", "COPY=1")
    assert tmp.status == PASSED, tmp


@pytest.mark.parametrize("arguments, said", [
    (["rnu", "x"], "error: there is no command 'rnu'\nhint: did you mean 'run'?"),
    (["frobnicate"], "error: there is no command 'frobnicate'\nhint: sortie --help shows"),
    (["run", "--fliter", "x", "/bin/true"], "error: there is no option --fliter\nhint: did you mean '--filter'?"),
    (["run", "/bin/true", "--retires=3"], "error: there is no option --retires\nhint: did you mean '--retries'?"),
    (["list", "--jsno", "/bin/true"], "error: there is no option --jsno\nhint: did you mean '--json'?"),
    (["--versoin"], "error: there is no option --versoin\nhint: did you mean '--version'?"),
    (["run", "unit_tset"], "error: no such file: unit_tset\nhint: did you mean 'unit_test'?"),
    (["run", "./unit_tset"], "error: no such file: ./unit_tset\nhint: did you mean './unit_test'?"),
])
def test_what_was_meant(sortie, arguments, said):
    (sortie.folder / "unit_test").write_text("#!/bin/sh\n")
    ended = sortie(*arguments)
    assert ended.status == USAGE and ended.stderr.startswith(said) and ended.stdout == "", ended


def test_without_a_command_they_are_shown(sortie):
    ended = sortie()
    assert ended.status == USAGE and ended.stderr.startswith("error: no command given\n"), ended
    for command in ("run", "list", "package", "invoke", "logs", "serve"):
        assert f"\n  {command} " in ended.stderr


def test_keys_of_the_project_file(sortie):
    project = sortie.folder / "sortie.toml"
    for text, meant in (('[[suite]]\npath = "x"\nasets = []\n', "assets"), ('[[siute]]\npath = "x"\n', "suite"),
                        ('[[suite]]\npaht = "x"\n', "path")):
        project.write_text(text)
        ended = sortie("list")
        assert ended.status == USAGE and f"did you mean '{meant}'?" in ended.stderr and "sortie.toml:" in ended.stderr, ended


def test_filters_that_match_nothing(sortie, suites):
    suite = suites("gtest/nasty")
    run = sortie("run", suite, "--filter", "Good.Pases")
    assert run.status == NOTHING_MATCHED and "did you mean 'Good.Passes'?" in run.stdout, run
    listed = sortie("list", suite, "--filter", "Godo.*")
    assert listed.status == NOTHING_MATCHED and listed.stdout == "" and "did you mean 'Good.*'?" in listed.stderr, listed


def test_mounts_that_would_hide_each_other(sortie):
    for folder in ("one/data", "two/data"):
        (sortie.folder / folder).mkdir(parents=True)
    sortie.folder.chmod(0o755)  # root's sandboxes are another user's
    (sortie.folder / "allow.json").write_text(ALLOW)
    serve = ["serve", "--as-role", "r", "--role-policy", "allow.json", "--mount", "one/data"]
    refused = sortie(*serve, "--mount", "two/data", "--", "true")
    if str(sortie.folder).startswith("/tmp/"):
        assert refused.status == USAGE and "would both be seen at /mnt/data" in refused.stderr, refused
    else:
        assert refused.status == PASSED, refused
    assert sortie(*serve, "--mount", "one/data", "--", "true").status == PASSED


def test_failures_are_charged_to_the_right_twin(sortie, tmp_path):
    for folder, status in (("a", 0), ("b", 1)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "check.sh").write_text(f"#!/bin/sh\necho this is {folder}\nexit {status}\n")
        (tmp_path / folder / "check.sh").chmod(0o755)
    result = sortie.run("a/check.sh", "b/check.sh")
    assert result.status == FAILED, result
    outcomes = {name.split("::")[0]: outcome for name, outcome in result.outcomes().items()}
    assert outcomes == {"a/check.sh": "passed", "b/check.sh": "failed"}
    assert "this is b" in result.stdout
