"""The figures stored in the chapters are those that the build draws."""

from __future__ import annotations

import base64
import io
import re

import nbformat
import numpy as np
import pytest
from PIL import Image

from conftest import ROOT
from mlops_compendium import chapters

pytestmark = pytest.mark.xdist_group("book")

PICTURE = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]+)")
NOTEBOOKS = chapters.notebooks()


def pictures(path):
    """Pixels of every figure of a notebook, in order."""
    outputs = [
        output["data"]["text/markdown"]
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "text/markdown" in output.get("data", {})
    ]
    data = [match.group(1) for text in outputs for match in PICTURE.finditer(text)]
    return [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB"), dtype=int)
        for text in data
    ]


def alike(first, second):
    """Whether two pictures differ by no more than the rounding of another machine would."""
    if first.shape != second.shape:
        return False
    apart = np.abs(first - second).max(axis=2) > 60
    return apart.mean() < 0.0005


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_figures_are_those_drawn_now(path, book):
    stored = pictures(path)
    drawn = pictures(book.project / "_build/jupyter_execute" / path.relative_to(ROOT))
    assert len(stored) == len(drawn)
    assert [alike(a, b) for a, b in zip(stored, drawn, strict=True)] == [True] * len(stored)


def test_a_moved_mark_is_another_picture():
    blank = np.full((600, 1200, 3), 255)
    first, second = blank.copy(), blank.copy()
    first[100:120, 100:120] = 0
    second[100:120, 160:180] = 0
    assert alike(first, first)
    assert not alike(first, second)
    assert not alike(first, first[:, :-1])


def test_there_are_figures_to_compare():
    assert sum(len(pictures(path)) for path in NOTEBOOKS) >= 15
