"""The command line says what it did, and what is wrong."""

from __future__ import annotations

import os

import nbformat
import pytest
from typer.testing import CliRunner

from conftest import ROOT
from mlops_compendium import chapters, cli, datapackage, ledger, sphinxext

RUN = CliRunner()


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Point the commands at an empty folder with the committed results."""
    for file in (ledger.FILE, datapackage.FILE):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes((ROOT / file).read_bytes())
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    monkeypatch.setattr(ledger, "read", lambda: _read(tmp_path))
    return tmp_path


def _read(root, read=ledger.read):
    return read(root)


def test_ledger_is_compared():
    done = RUN.invoke(cli.app, ["ledger"])
    assert done.exit_code == 0
    assert "not checkable" in done.output


def test_changed_ledger_is_named_and_can_be_written(elsewhere):
    path = elsewhere / ledger.FILE
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("inconsistent", "reproduces", 1), encoding="utf-8")
    done = RUN.invoke(cli.app, ["ledger"])
    assert done.exit_code == 1
    assert "verdict: committed 'reproduces', recomputed 'inconsistent'" in done.output
    assert RUN.invoke(cli.app, ["ledger", "--write"]).exit_code == 0
    assert path.read_text(encoding="utf-8") == text


def test_outdated_package_is_named(elsewhere):
    (elsewhere / datapackage.FILE).write_text("{}", encoding="utf-8")
    done = RUN.invoke(cli.app, ["datapackage"])
    assert done.exit_code == 1
    assert "out of date" in done.output


def test_unknown_chapter_names_the_allowed_ones(tmp_path):
    done = RUN.invoke(cli.app, ["run", "climate", str(tmp_path / "x.ipynb")])
    assert done.exit_code == 1
    assert "allowed: index, introduction" in done.output


@pytest.mark.parametrize("setting", ["confidence", "certainty=0.9"])
def test_wrong_setting_is_refused(tmp_path, setting):
    output = tmp_path / "x.ipynb"
    done = RUN.invoke(cli.app, ["run", "uncertainty", str(output), "--set", setting])
    assert done.exit_code == 1
    assert "allowed" in done.output
    assert not output.exists()


def test_failing_chapter_is_left_as_it_was(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    path = tmp_path / "x.ipynb"
    nbformat.write(notebook, path)
    before = path.read_bytes()
    with pytest.raises(Exception, match="ZeroDivisionError"):
        chapters.refresh(path)
    assert path.read_bytes() == before


def test_build_record_names_time_commit_and_versions(monkeypatch):
    monkeypatch.setitem(os.environ, "SOURCE_DATE_EPOCH", "0")
    record = dict(sphinxext.build_record())
    assert record["All chapters executed"] == "1970-01-01 00:00 UTC"
    assert set(sphinxext.PACKAGES) <= set(record)


def test_run_times_are_those_of_executed_pages():
    metadata = {"b": {"exec_data": {"runtime": 2.04}}, "a": {"exec_data": {"runtime": 1}}, "c": {}}
    assert sphinxext.chapter_times(metadata) == [("a", "1.0"), ("b", "2.0")]


def test_workflow_sets_the_address(monkeypatch):
    class Config:
        html_theme_options: dict = {}  # noqa: RUF012
        ogp_site_url = ""

    monkeypatch.setitem(os.environ, "GITHUB_REPOSITORY", "owner/name")
    sphinxext._set_repository(None, Config)
    assert Config.html_theme_options["repository_url"] == "https://github.com/owner/name"
    assert Config.ogp_site_url == "https://owner.github.io/name/"
