"""Find numbers that stand in the text of a page without being bound."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import yaml

WORDS = """
three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred
hundreds thousand thousands million billion dozen
""".split()  # noqa: SIM905
NUMBER = re.compile(
    r"(?<![\w.])[-+]?\d[\d.,]*(?:\s?%)?|[½¼¾⅓⅔⅛]|\b(?:" + "|".join(WORDS) + r")\b", re.IGNORECASE
)
SHOWN_KEYWORDS = ("caption", "alt", "columns")


def _role(match: re.Match) -> str:
    """Keep what a role prints of its own text; bound numbers and references print none of it."""
    name, text = match.groups()
    if name in ("glue", "numref", "cite", "cite:t", "eq", "ref", "doc") and "<" not in text:
        return " "
    return text.split("<")[0]


def _maths(match: re.Match) -> str:
    """Drop a formula, but keep one that is nothing but a number."""
    return " " if re.search(r"[A-Za-z\\]", match.group(1)) else match.group(1)


def plain(markdown: str) -> str:
    """Text of a Markdown page as a reader sees it, without code, formulas, roles and addresses."""
    text = re.sub(r"^(```|~~~)(?!\{).*?^\1\s*$", " ", markdown, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^[`~:]{3,}\{[a-z-]+\}", " ", text, flags=re.MULTILINE)
    text = re.sub(r"^:[a-z-]+:.*$|^\([a-z0-9-]+\)=\s*$", " ", text, flags=re.MULTILINE)
    text = re.sub(r"\$\$.*?\$\$", " ", text, flags=re.DOTALL)
    text = re.sub(r"\$([^$\n]+)\$", _maths, text)
    text = re.sub(r"\{([a-z:]+)\}`([^`]*)`", _role, text)
    text = re.sub(r"`[^`]*`", " ", text)
    text = re.sub(r"\]\([^)]*\)|https?://\S+", " ", text)
    return re.sub(r"^\s*\d+\.\s", " ", text, flags=re.MULTILINE)


def _strings(node: ast.AST) -> Iterator[str]:
    """Constant text within an expression, without format specifications and placeholders."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield re.sub(r"\{[^}]*\}", " ", node.value)
    elif isinstance(node, ast.FormattedValue):
        yield from _strings(node.value)
    elif isinstance(node, ast.Call | ast.Subscript):
        yield from (
            text for child in ast.walk(node) if isinstance(child, ast.JoinedStr)
            for text in _strings(child)
        )  # fmt: skip
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield from _strings(node.func.value)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _strings(child)


def shown_by_code(source: str) -> list[str]:
    """Text that a code cell puts into captions, alternative texts and column heads."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [
        text
        for call in calls
        for keyword in call.keywords
        if keyword.arg in SHOWN_KEYWORDS
        for text in _strings(keyword.value)
    ]


def numbers_as_text(source: str) -> list[str]:
    """Numbers that a code cell holds as text, alone or with a percent sign."""
    constants = [
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    constants = [re.sub(r"\{[^}]*\}", " ", text) for text in constants]
    return [text for text in constants if re.search(r"^\d[\d.,]*$|\d\s?%", text)]


def texts(page: Path) -> list[str]:
    """All text of a page that an author typed."""
    if page.suffix == ".md":
        _, front, body = page.read_text(encoding="utf-8").split("---\n", 2)
        return [yaml.safe_load(front)["myst"]["html_meta"]["description"], plain(body)]
    notebook = nbformat.read(page, as_version=4)
    found = [notebook.metadata["myst"]["html_meta"]["description"]]
    for cell in notebook.cells:
        found += (
            [plain(cell.source)] if cell.cell_type == "markdown" else shown_by_code(cell.source)
        )
    return found


def numbers(text: str, allowed: list[str] = ()) -> list[str]:
    """Numbers typed into a text, each with some words around it, but those allowed."""
    for pattern in allowed:
        text = re.sub(pattern, " ", text)
    return [
        text[max(0, match.start() - 30) : match.end() + 20].replace("\n", " ").strip()
        for match in NUMBER.finditer(text)
    ]
