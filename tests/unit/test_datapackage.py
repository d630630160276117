"""The data package describes what is there, and validates it."""

from __future__ import annotations

import json

import frictionless
import pytest

from conftest import ROOT, copy_project
from mlops_compendium import datapackage

PACKAGE = datapackage.describe()


def valid(root):
    return frictionless.validate(str(root / datapackage.FILE)).valid


def test_committed_package_is_up_to_date():
    committed = (ROOT / datapackage.FILE).read_text(encoding="utf-8")
    assert committed == datapackage.to_json(PACKAGE)


def test_package_is_valid():
    assert frictionless.validate(str(ROOT / datapackage.FILE)).flatten(["message"]) == []


def test_every_data_file_is_described():
    described = {f"data/{resource['path']}" for resource in PACKAGE["resources"]}
    present = {p.relative_to(ROOT).as_posix() for p in (ROOT / "data").rglob("*") if p.is_file()}
    assert described | {datapackage.FILE} == present


@pytest.mark.parametrize("resource", PACKAGE["resources"], ids=lambda r: r["path"])
def test_every_file_has_source_licence_and_meaning_of_each_field(resource):
    assert resource["sources"][0]["title"]
    assert resource["licenses"]
    assert resource["licenceNote"]
    fields = resource.get("schema", {"fields": resource.get("dictionary")})["fields"]
    assert all(len(field["description"]) > 5 for field in fields)


def test_every_percentage_has_its_unit():
    fields = {
        (resource["path"], field["name"]): field
        for resource in PACKAGE["resources"]
        for field in resource.get("schema", {"fields": []})["fields"]
    }
    assert fields["paper/challenges.csv", "percent"]["unit"] == "%"
    assert fields["paper/challenges.csv", "percent"]["constraints"]["maximum"] == 100
    assert all(
        "unit" in f for (_, n), f in fields.items() if f["type"] == "number" and n != "tolerance"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Data silos,50", "Data silos,500"),
        ("Data silos,50", "Data silos,x"),
        ("silos,Data", "culture,Data"),
    ],
)
def test_frictionless_refuses_a_wrong_cell(tmp_path, old, new):
    project = copy_project(tmp_path / "project")
    path = project / "data/paper/challenges.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    package = json.loads((project / datapackage.FILE).read_text(encoding="utf-8"))
    for resource in package["resources"]:  # the hash alone would refuse any change
        resource.pop("hash"), resource.pop("bytes")
    (project / datapackage.FILE).write_text(json.dumps(package), encoding="utf-8")
    assert not valid(project)


def test_frictionless_refuses_a_changed_file_by_its_hash(tmp_path):
    project = copy_project(tmp_path / "project")
    path = project / "data/paper/challenges.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("silos,50", "silos,51"), "utf-8")
    assert not valid(project)
