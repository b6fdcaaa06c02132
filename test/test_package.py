"""`sortie package`: the same bytes for the same input, and clear refusals."""

import hashlib
import json
import os
import shutil
import subprocess
import zipfile

import pytest

from support import PASSED, USAGE, compiler


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def package(sortie, *arguments, name="package.zip"):
    target = sortie.folder / name
    ended = sortie("package", *arguments, "-o", target)
    return ended, target


def test_the_same_input_gives_the_same_bytes(sortie, suites, tmp_path):
    suite = tmp_path / "elsewhere" / "nasty"
    suite.parent.mkdir()
    shutil.copy(suites("gtest/nasty"), suite)
    os.utime(suite, (1, 1))
    first, one = package(sortie, suites("gtest/nasty"), name="one.zip")
    sortie.environment["XDG_CACHE_HOME"] = str(tmp_path / "empty cache")
    second, two = package(sortie, suite, name="two.zip")
    assert first.status == second.status == PASSED, first
    assert digest(one) == digest(two)
    names = [ended.stdout.split(": ")[1].split(",")[0] for ended in (first, second)]
    assert names[0] == names[1] and names[0].startswith("sortie-nasty-")


def test_what_is_in_it(sortie, suites, tmp_path):
    data = tmp_path / "data"
    (data / "deep").mkdir(parents=True)
    (data / "deep/file.txt").write_text("text")
    (data / "tool").write_text("#!/bin/sh\n")
    (data / "tool").chmod(0o755)
    ended, target = package(sortie, suites("gtest/nasty"), "--asset", data)
    assert ended.status == PASSED, ended
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        entries = {entry.filename: entry for entry in archive.infolist()}
        manifest = json.loads(archive.read("manifest.json"))
        assert archive.read("data/deep/file.txt") == b"text"
    assert list(entries) == sorted(entries)
    assert {"bootstrap", "manifest.json", "nasty", "data/tool"} <= set(entries)
    assert all(entry.date_time == (1980, 1, 1, 0, 0, 0) for entry in entries.values())
    assert entries["data/tool"].external_attr >> 16 & 0o777 == 0o755
    assert entries["data/deep/file.txt"].external_attr >> 16 & 0o777 == 0o644
    assert manifest["suites"][0]["sha256"] == digest(suites("gtest/nasty"))


def test_no_path_of_this_machine_is_in_the_manifest(sortie, suites):
    _, target = package(sortie, suites("gtest/nasty"))
    with zipfile.ZipFile(target) as archive:
        assert str(sortie.folder) not in archive.read("manifest.json").decode()


def refused(sortie, *arguments):
    ended, target = package(sortie, *arguments)
    assert ended.status == USAGE, ended
    assert not target.exists()
    return ended.stderr


def test_wrong_architecture_names_both(sortie, suites, tmp_path):
    other = tmp_path / "other"
    content = bytearray(suites("gtest/nasty").read_bytes())
    mine, theirs, number = ("x86_64", "aarch64", 183) if content[18] == 62 else ("aarch64", "x86_64", 62)
    content[18] = number
    other.write_bytes(content)
    other.chmod(0o755)
    text = refused(sortie, other)
    assert mine in text and theirs in text and str(other) in text


def test_missing_library_names_it_and_who_needs_it(sortie, suites):
    text = refused(sortie, suites("gtest/missing_library"))
    assert "libsortie_test_missing.so" in text and "needed by missing_library" in text and "hint: " in text


def test_library_is_found_by_the_environment(sortie, suites, tmp_path):
    if compiler() is None:
        pytest.skip("no C++ compiler")
    (tmp_path / "lib.cc").write_text('extern "C" int from_the_missing_library() { return 1; }\n')
    (tmp_path / "libs").mkdir()
    subprocess.run([compiler(), "-shared", "-fPIC", tmp_path / "lib.cc", "-o", tmp_path / "libs/libsortie_test_missing.so"],
                   check=True)
    sortie.environment["LD_LIBRARY_PATH"] = str(tmp_path / "libs")
    result = sortie.run(suites("gtest/missing_library"))
    assert result.status == PASSED, result


def test_script_without_its_interpreter(sortie, tmp_path):
    script = tmp_path / "suite"
    script.write_text("#!/usr/bin/env ruby\n")
    script.chmod(0o755)
    text = refused(sortie, script)
    assert "ruby" in text and "hint: " in text


def test_not_executable(sortie, tmp_path):
    file = tmp_path / "suite"
    file.write_text("#!/bin/sh\n")
    assert "not executable" in refused(sortie, file)


def test_folder_as_suite(sortie, tmp_path):
    assert "is a folder" in refused(sortie, tmp_path)


def test_missing_suite_and_asset(sortie, tmp_path):
    assert "no such file" in refused(sortie, tmp_path / "nothing")
    assert "no such file" in refused(sortie, "/bin/true", "--asset", tmp_path / "nothing")


def test_two_assets_of_one_name(sortie, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "data").write_text(folder)
    text = refused(sortie, "/bin/true", "--asset", tmp_path / "a/data", "--asset", tmp_path / "b/data")
    assert "data" in text and "a/data" in text and "b/data" in text


def test_too_large_names_the_largest(sortie, tmp_path):
    for name in ("small", "large"):
        with open(tmp_path / name, "wb") as file:
            file.truncate(300_000_000 if name == "large" else 10)
    text = refused(sortie, "/bin/true", "--asset", tmp_path / "large", "--asset", tmp_path / "small")
    assert "too large" in text and "large (300.0 MB)" in text


def test_unreadable(sortie, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root reads every file")
    file = tmp_path / "suite"
    file.write_text("#!/bin/sh\n")
    file.chmod(0o111)
    assert "not readable" in refused(sortie, file)


def test_damaged_cache_is_noticed(sortie, suites, tmp_path):
    cache = tmp_path / "cache of its own"
    sortie.environment["XDG_CACHE_HOME"] = str(cache)
    _, one = package(sortie, suites("gtest/nasty"), name="one.zip")
    files = [path for path in (cache / "sortie/packages").rglob("*") if path.is_file()]
    assert files, "nothing was remembered"
    for path in files:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)
    _, two = package(sortie, suites("gtest/nasty"), name="two.zip")
    assert digest(one) == digest(two)


def test_children_run_with_their_own_libraries(sortie, suites, tmp_path):
    """A dynamically linked asset runs as the suite's child, with an empty environment; the image's shell still works."""
    if compiler() is None:
        pytest.skip("no C++ compiler")
    (tmp_path / "tool.cc").write_text('#include <iostream>\nint main() { std::cout << "tool runs\\n"; }\n')
    (tmp_path / "suite.cc").write_text(
        "#include <cstdlib>\n#include <iostream>\n"
        'int main() { std::cout << "suite runs" << std::endl;\n'
        '  return std::system("env -i ./tool") == 0 && std::system("true") == 0 ? 0 : 1; }\n')
    for name in ("tool", "suite"):
        subprocess.run([compiler(), tmp_path / f"{name}.cc", "-o", tmp_path / name], check=True)
    result = sortie.run(tmp_path / "suite", "--asset", tmp_path / "tool")
    assert result.status == PASSED, result
    assert b"suite runs\n" in result.test("suite").output and b"tool runs\n" in result.test("suite").output
