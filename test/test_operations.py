"""docs/operations.md says which operations the embedded AWS has: each is asked whether that is true."""

import importlib.util

import pytest

import support

pytest.importorskip("botocore", reason="boto3 is not installed")

SPECIFICATION = importlib.util.spec_from_file_location("operations", support.REPOSITORY / "checks/operations.py")
operations = importlib.util.module_from_spec(SPECIFICATION)
SPECIFICATION.loader.exec_module(operations)


@pytest.fixture(scope="module")
def documented():
    return operations.read_page((support.REPOSITORY / "docs/operations.md").read_text())


def test_the_page_is_what_the_program_says(server, documented):
    found, complaints = operations.probe(server)
    assert not complaints, "\n".join(complaints)
    wrong = operations.differences(found, documented)
    assert not wrong, "\n".join([*wrong, "checks/operations.py --write writes the page anew"])


def test_every_service_is_on_the_page(documented):
    assert set(documented) == set(operations.SERVICES)
    for service, names in documented.items():
        assert any(names.values()), f"nothing of {service} is there"


def test_the_page_names_what_is_tried_as_unsupported():
    """What an operation lacks is said on the page, and refused by name (test above)."""
    listed = operations.read_listing((support.REPOSITORY / "docs/operations.md").read_text())
    for service, partly in operations.PARTLY.items():
        said = {name: lacks for name, (_, lacks) in listed[service].items() if lacks}
        assert said == {name: ", ".join(inputs) for name, inputs in partly.items()}


def test_a_page_is_written_as_it_is_read():
    listed = operations.read_listing((support.REPOSITORY / "docs/operations.md").read_text())
    assert operations.read_listing(operations.page(listed)) == listed
    tables = {"sts": [{"name": "AssumeRole", "supported": True, "lacks": "x"}, {"name": "New", "supported": False, "lacks": ""}],
              "s3": []}
    merged = operations.merged(tables, listed)
    assert merged["sts"] == {"AssumeRole": (True, "x"), "New": (False, "")}
    assert merged["s3"] == listed["s3"]
    assert operations.read_listing(operations.page(merged)) == merged


def test_both_pages_have_the_same_counts():
    """The table is in two places: at the head of the listing, and in the overview."""
    listing = (support.REPOSITORY / "docs/operations.md").read_text()
    overview = (support.REPOSITORY / "docs/embedded-aws.md").read_text()
    start, end = overview.index(operations.BEGIN) + len(operations.BEGIN), overview.index(operations.END)
    assert overview[start:end].strip() in listing


def test_a_difference_is_found():
    found = {"sts": {"GetCallerIdentity": "", "AssumeRole": "no"}}
    assert operations.differences(found, {"sts": {"GetCallerIdentity": False, "AssumeRole": True}}) == [
        "sts:GetCallerIdentity is there, docs/operations.md says otherwise",
        "sts:AssumeRole is not there, docs/operations.md says otherwise"]
    assert operations.differences(found, {"sts": {"GetCallerIdentity": True}}) == []
