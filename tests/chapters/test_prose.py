"""No number stands in the text of the book that is not bound."""

from __future__ import annotations

import ast
import re

import nbformat
import pytest
import yaml

import prose
from conftest import ROOT
from mlops_compendium import chapters, figures
from mlops_compendium.load import paper

ENTRIES = yaml.safe_load((ROOT / "tests/chapters/allowed_numbers.yaml").read_text(encoding="utf-8"))
ALLOWED = [entry["pattern"] for entry in ENTRIES]
PAGES = chapters.pages()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_number_in_the_text_is_bound(page):
    typed = [hit for text in prose.texts(page) for hit in prose.numbers(text, ALLOWED)]
    assert not typed, f"{page.name}: bind these or allow them with a reason: {typed}"


@pytest.mark.parametrize("page", chapters.notebooks(), ids=lambda page: page.stem)
def test_no_code_cell_holds_a_number_as_text(page):
    cells = nbformat.read(page, as_version=4).cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    assert not [text for source in code for text in prose.numbers_as_text(source)]


@pytest.mark.parametrize("code", ['rows = [("CI/CD", "45")]', 'x = "about 45 % of them"'])
def test_a_number_held_as_text_is_found(code):
    assert prose.numbers_as_text(code)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["pattern"])
def test_every_exception_is_needed_and_has_a_reason(entry):
    everything = " ".join(text for page in PAGES for text in prose.texts(page))
    assert re.search(entry["pattern"], everything)
    assert len(entry["reason"]) > 20


def test_exceptions_are_few():
    assert len(ENTRIES) <= 6


@pytest.mark.parametrize("module", ["figures", "evidence_figures", "literature_tables"])
def test_no_number_is_typed_into_a_figure(module):
    tree = ast.parse((ROOT / f"code/mlops_compendium/{module}.py").read_text(encoding="utf-8"))
    docstrings = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef)
    }
    texts = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    colours = re.compile(r"#[0-9A-F]{6}")
    typed = [
        text
        for text in texts - docstrings
        if prose.numbers(colours.sub("", text), [r"\(1 to 5\)", r"^10+$|^1,000$|^10,000$|^02d$"])
    ]
    assert not typed


def test_statements_hold_no_number_but_the_published_ones():
    for claim in paper().claims:
        published = {f"{value:g}" for value in claim.published} | {"5"}
        found = set(re.findall(r"\d+(?:\.\d+)?", claim.statement))
        years = {number for number in found if re.fullmatch(r"20\d\d", number)}
        assert found - years <= published, claim.id


@pytest.mark.parametrize(
    "text",
    [
        "It rose by 45 % in a year.",
        "More than sixty of them agree.",
        "Some 1,234.5 days.",
        "A formula that is a number: $45$.",
        "* 23 statements",
        "**100 %** of all",
        "see {ref}`the 45 cases <survey-cloud>`",
        "½ of them",
        "```{note} 12 of them\n```",
        "a [link with 7 words](x.md)",
    ],
)
def test_a_typed_number_is_found(text):
    assert prose.numbers(prose.plain(text))


@pytest.mark.parametrize(
    "text",
    [
        "{glue}`n-all` statements in {numref}`fig-2`",
        "`code 45`",
        "$x_1 + 2$",
        "[x](page.md#a-45)",
        "(label-45)=\n",
        "1. first\n2. second",
        "```python\nx = 45\n```",
        "top-two-box, CI/CD, someone, often",
    ],
)
def test_what_is_not_a_number_in_the_text_is_left_alone(text):
    assert not prose.numbers(prose.plain(text))


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ('show(caption="45 % agree")', 1),
        ('show(alt=f"{x:.2f} % agree")', 0),
        ('show(alt="a" + ", ".join(f"{y} 30 times" for y in z))', 1),
        ('show(alt="{:.0f} to".format(x))', 0),
        ('pd.DataFrame(rows, columns=["12 months"])', 1),
        ("x = 45", 0),
    ],
)
def test_numbers_in_captions_and_alternative_texts_are_found(code, count):
    assert sum(len(prose.numbers(text)) for text in prose.shown_by_code(code)) == count


def test_figures_module_is_the_one_checked():
    assert figures.__file__ == str(ROOT / "code/mlops_compendium/figures.py")
