"""The book's notebooks: list them, run them again in place, run them with other parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import papermill
import yaml
from nbclient import NotebookClient
from nbformat import NotebookNode

from .load import ROOT

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
VOLATILE = ("execution", "papermill", "collapsed", "scrolled", "ExecuteTime")


def pages(root: Path = ROOT) -> list[Path]:
    """Files of the book in reading order, from ``_toc.yml``."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    names = [toc["root"]]
    names += [page["file"] for part in toc["parts"] for page in part["chapters"]]
    return [
        next(path for suffix in (".ipynb", ".md") if (path := root / f"{name}{suffix}").exists())
        for name in names
    ]


def notebooks(root: Path = ROOT) -> list[Path]:
    """Executable chapters of the book in reading order."""
    return [page for page in pages(root) if page.suffix == ".ipynb"]


def parameters(notebook: Path) -> dict[str, Any]:
    """Parameters of a chapter with their default values, as text; empty if it has none."""
    return {
        name: parameter["default"]
        for name, parameter in papermill.inspect_notebook(str(notebook)).items()
    }


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Remove what changes from run to run and machine to machine; keep all outputs."""
    title = notebook.metadata.get("title")
    myst = notebook.metadata.get("myst")
    notebook.metadata = NotebookNode(kernelspec=KERNEL, language_info={"name": "python"})
    notebook.metadata |= {k: v for k, v in (("title", title), ("myst", myst)) if v}
    for cell in notebook.cells:
        for key in VOLATILE:
            cell.metadata.pop(key, None)
    return notebook


def refresh(notebook: Path) -> None:
    """Run a chapter with its default parameters and store its outputs in place.

    The file is written only if every cell ran.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    """
    content = nbformat.read(notebook, as_version=4)
    NotebookClient(content, timeout=600, kernel_name=KERNEL["name"]).execute()
    nbformat.write(normalise(content), notebook)


def run_with(notebook: Path, output: Path, values: dict[str, Any]) -> None:
    """Run a chapter with other parameters and write the result elsewhere.

    Parameters
    ----------
    notebook : Path
        The chapter.
    output : Path
        File for the executed copy; not the chapter itself.
    values : dict
        Parameter values by name.

    Raises
    ------
    ValueError
        If a name is not a parameter of the chapter, or the output would overwrite it.
    papermill.exceptions.PapermillExecutionError
        If a cell fails.
    """
    known = parameters(notebook)
    unknown = [name for name in values if name not in known]
    if unknown:
        allowed = ", ".join(f"{name} (default {value})" for name, value in known.items())
        raise ValueError(
            f"{notebook.name} has no parameter {', '.join(unknown)}; allowed: {allowed or 'none'}"
        )
    if output.resolve() == notebook.resolve():
        raise ValueError(f"{output} is the chapter itself; choose another file")
    papermill.execute_notebook(
        str(notebook), str(output), values, kernel_name=KERNEL["name"], progress_bar=False
    )
