"""The book builds without a warning, the same everywhere, and fails when something is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

from conftest import Book, build, copy_project
from mlops_compendium import chapters

pytestmark = pytest.mark.xdist_group("book")

GLUED = "application/papermill.record/"
PNG = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=]+")
WARNING = re.compile(r"^.*\b(?:WARNING|ERROR|CRITICAL): .*$", re.MULTILINE)

# What a book of one page holds, and what its build must then complain of.
CODE, TEXT = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
CONNECT = "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=1)"
FAULTS = {
    "cell that opens a connection": (CODE(CONNECT), "the build tried to reach 192.0.2.1"),
    "cell that fails": (CODE("1 / 0"), "ZeroDivisionError"),
    "cell that writes to stderr": (
        CODE("import sys\nprint('careful', file=sys.stderr)"),
        "stderr was found in the cell outputs",
    ),
    "number that is not bound": (TEXT("{glue}`nowhere`"), "No key 'nowhere' found in glue data"),
    "broken reference": (TEXT("{ref}`nowhere`"), "undefined label: 'nowhere'"),
    "broken link": (TEXT("[a link](#nowhere)"), "'nowhere'"),
}


def book_of_one_page(folder: Path, cell: nbformat.NotebookNode) -> Path:
    """Reduce a copy of the project, settings kept, to one page with one cell of its own."""
    project = copy_project(folder)
    (project / "_toc.yml").write_text("format: jb-book\nroot: index\n", encoding="utf-8")
    page = nbformat.v4.new_notebook(cells=[TEXT("# Title"), cell])
    nbformat.write(chapters.normalise(page), project / "index.ipynb")
    return project


def leave_leftovers(project: Path) -> None:
    """Put beside the pages what pytest and Jupyter leave in a working folder."""
    for name in (".pytest_cache/README.md", ".ipynb_checkpoints/index-checkpoint.ipynb"):
        (project / name).parent.mkdir()
        (project / name).write_text("# Not a page\n", encoding="utf-8")


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Book]:
    """A small book with each fault, and one with leftovers only."""
    cells = {name: cell for name, (cell, _) in FAULTS.items()} | {"": CODE("print('fine')")}
    projects = {
        name: book_of_one_page(tmp_path_factory.mktemp("small") / "project", cell)
        for name, cell in cells.items()
    }
    leave_leftovers(projects[""])
    return {name: build(project) for name, project in projects.items()}


def test_one_worker_builds_the_book_for_all(request):
    """Side by side, pytest-xdist has to keep together what shares the two builds."""
    if request.config.getoption("loadgroup", False):
        assert request.node.nodeid.endswith("@book")


def warnings(log: str) -> list[str]:
    """Lines of a log that warn; those of the kernel's own logger have no colon."""
    return WARNING.findall(log)


def outputs(notebook: Path) -> list[list[dict]]:
    """Outputs of each code cell, without those that are glued."""
    cells = nbformat.read(notebook, as_version=4).cells
    return [
        [output for output in cell.outputs if not is_glued(output)]
        for cell in cells
        if cell.cell_type == "code"
    ]


def is_glued(output: dict) -> bool:
    return any(mime.startswith(GLUED) for mime in output.get("data", {}))


def glued(notebook: Path) -> dict[str, dict]:
    """Glued outputs that a committed notebook holds, by key."""
    cells = nbformat.read(notebook, as_version=4).cells
    return {
        output.metadata.scrapbook.name: {
            mime.removeprefix(GLUED): text for mime, text in output.data.items()
        }
        for cell in cells
        for output in cell.get("outputs", [])
        if is_glued(output)
    }


def glued_in_build(notebook: Path) -> dict[str, dict]:
    """Glued outputs that a build put next to the executed notebook, by key."""
    file = notebook.with_suffix(".glue.json")
    found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return {key: output["data"] for key, output in found.items()}


def without_pixels(found: object) -> object:
    """The same outputs with every PNG, which other versions may draw otherwise, left out."""
    if isinstance(found, dict):
        return {k: "" if k == "image/png" else without_pixels(v) for k, v in found.items()}
    if isinstance(found, list):
        return [without_pixels(item) for item in found]
    return PNG.sub("", found) if isinstance(found, str) else found


def executed(book: Book) -> dict[str, Path]:
    """Notebooks that a build executed, by name."""
    folder = book.project / "_build" / "jupyter_execute"
    return {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*.ipynb"))}


def stored(book: Book) -> dict[str, Path]:
    """Notebooks as they are committed, by name."""
    paths = chapters.notebooks(book.project)
    return {str(path.relative_to(book.project)): path for path in paths}


@pytest.mark.parametrize("number", [0, 1])
def test_builds_without_warning(books, number):
    assert not warnings(books[number].log)
    assert books[number].code == 0, books[number].log[-4000:]


def test_has_every_page_of_the_table_of_contents(book):
    wanted = {p.relative_to(book.project).with_suffix("") for p in chapters.pages(book.project)}
    assert {page.relative_to(book.html).with_suffix("") for page in book.pages} == wanted


def test_executes_every_notebook_completely(book):
    assert executed(book).keys() == stored(book).keys()
    for path in executed(book).values():
        cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
        assert [c.execution_count for c in cells] == list(range(1, len(cells) + 1)), path.name


def test_tells_the_run_time_of_every_notebook(book):
    page = (book.html / "chapters" / "reproducibility.html").read_text(encoding="utf-8")
    report = BeautifulSoup(page, "html.parser").select_one("table#tab-times")
    times = {row.th.get_text(strip=True): float(row.td.get_text()) for row in report.tbody("tr")}
    assert times.keys() == {name.removesuffix(".ipynb") for name in stored(book)}
    assert all(time > 0 for time in times.values()), times


def test_comes_out_the_same_in_another_folder_with_another_hash_seed(books, book):
    first, second = executed(book), executed(books[1])
    assert first.keys() == second.keys()
    for name, path in first.items():
        assert outputs(path) == outputs(second[name]), name
        assert glued_in_build(path) == glued_in_build(second[name]), name


def test_comes_out_as_the_committed_notebooks_have_it(book):
    for name, path in stored(book).items():
        again = executed(book)[name]
        assert without_pixels(outputs(again)) == without_pixels(outputs(path)), name
        assert without_pixels(glued_in_build(again)) == without_pixels(glued(path)), name


def test_pixels_are_all_that_the_comparison_leaves_out():
    drawn = [{"data": {"image/png": "a", "text/plain": "2", "t": "<data:image/png;base64,aa+/=>"}}]
    assert without_pixels(drawn) == [{"data": {"image/png": "", "text/plain": "2", "t": "<>"}}]


def test_warnings_are_found_in_a_log():
    log = "reading\n\x1b[91mpage.md: WARNING: undefined label\x1b[39m\n[App] WARNING | over TCP\n"
    assert len(warnings(log)) == 1


def test_small_book_without_fault_builds_whatever_tools_left_behind(faulty):
    assert not warnings(faulty[""].log)
    assert faulty[""].code == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_makes_the_build_fail(faulty, fault):
    assert FAULTS[fault][1] in faulty[fault].log
    assert faulty[fault].code != 0
