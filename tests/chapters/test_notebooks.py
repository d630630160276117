"""Stored chapters are executed, come out the same when run again, and take other parameters."""

from __future__ import annotations

import subprocess
import sys

import nbformat
import pytest

from conftest import ROOT, environment
from mlops_compendium import chapters

NOTEBOOKS = chapters.notebooks()
BY_NAME = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
OTHER_VALUES = {
    "look": [{"replication": 3, "change": "feature-55"}],
    "uncertainty": [
        {"confidence": 0.8, "largest_size": 60, "assumed_sizes": [30, 50, 200]},
        {"confidence": 0.99},
    ],
}


def code_cells(path):
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]


def test_every_notebook_of_the_project_is_in_the_book():
    stored = {ROOT / "index.ipynb", *(ROOT / "chapters").glob("*.ipynb")}
    assert set(NOTEBOOKS) == stored
    assert {*(ROOT / "chapters").glob("*.md")} <= set(chapters.pages())


@BY_NAME
def test_stored_notebook_is_executed_from_top_to_bottom(path):
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


@BY_NAME
def test_every_cell_but_parameters_has_stored_outputs(path):
    for cell in code_cells(path):
        assert cell.outputs or "parameters" in cell.metadata.tags, f"{cell.id}: no output stored"
        kinds = {(output.output_type, output.get("name")) for output in cell.outputs}
        assert not kinds & {("error", None), ("stream", "stderr")}, cell.id


@BY_NAME
def test_notebook_holds_nothing_that_changes_from_run_to_run(path):
    before = path.read_text(encoding="utf-8")
    notebook = chapters.normalise(nbformat.read(path, as_version=4))
    assert before.rstrip("\n") == nbformat.writes(notebook).rstrip("\n")
    assert notebook.metadata.kernelspec == chapters.KERNEL


@BY_NAME
def test_tables_and_figures_reach_the_book_as_directives(path):
    for cell in code_cells(path):
        if any("text/markdown" in output.get("data", {}) for output in cell.outputs):
            assert cell.metadata.get("mystnb") == {"markdown_format": "myst"}, cell.id


@BY_NAME
def test_nbval_every_output_comes_out_again(path):
    command = [
        sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q",
        "-p", "no:cacheprovider",
        "--nbval-sanitize-with", str(ROOT / "tests/chapters/nbval_sanitize.cfg"), str(path),
    ]  # fmt: skip
    run = subprocess.run(command, cwd=ROOT, env=environment(ROOT), capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-3000:]
    assert f"{len(code_cells(path))} passed" in run.stdout


def test_every_chapter_with_parameters_is_run_with_others():
    assert {path.stem for path in NOTEBOOKS if chapters.parameters(path)} == set(OTHER_VALUES)


@pytest.mark.parametrize(
    ("name", "values"), [(name, v) for name, sets in OTHER_VALUES.items() for v in sets]
)
def test_papermill_runs_the_chapter_with_other_values(name, values, tmp_path):
    path = next(path for path in NOTEBOOKS if path.stem == name)
    chapters.run_with(path, tmp_path / "out.ipynb", values)
    cells = code_cells(tmp_path / "out.ipynb")
    assert all(cell.execution_count for cell in cells)
    assert "injected-parameters" in {tag for cell in cells for tag in cell.metadata.tags}
    before = "".join(str(cell.outputs) for cell in code_cells(path))
    after = "".join(str(cell.outputs) for cell in cells)
    assert before != after


def test_unknown_parameter_is_refused_before_anything_runs(tmp_path):
    path = next(path for path in NOTEBOOKS if path.stem == "uncertainty")
    with pytest.raises(ValueError, match=r"no parameter certainty; allowed: confidence \(default"):
        chapters.run_with(path, tmp_path / "out.ipynb", {"certainty": 0.9})
    assert not (tmp_path / "out.ipynb").exists()


def test_output_that_would_overwrite_the_chapter_is_refused():
    path = NOTEBOOKS[0]
    with pytest.raises(ValueError, match="choose another file"):
        chapters.run_with(path, path, {})
