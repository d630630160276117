"""Show tables and figures: numbered, captioned and accessible in the book, plain in Jupyter.

Each object offers two forms of itself. The book takes the Markdown one, a directive that Sphinx
numbers and cross-references (cells that show one carry ``mystnb: {markdown_format: myst}``);
Jupyter takes the HTML one. The plain text holds the data, so that a changed figure is noticed
where pixels are not compared.
"""

from __future__ import annotations

import base64
import html
import io
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.style
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from . import ledger
from .bind import row_id, verdict_badge

STYLE = Path(__file__).with_name("book.mplstyle")


@dataclass(frozen=True)
class Shown:
    """Something to show, as Markdown for the book, HTML for Jupyter and plain text."""

    markdown: str
    html: str
    plain: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/markdown": self.markdown, "text/html": self.html, "text/plain": self.plain}


@dataclass(frozen=True)
class Cell:
    """A table cell with markup, in both languages."""

    markdown: str
    html: str

    def __str__(self) -> str:
        """Text without markup."""
        return html.unescape(re.sub(r"<[^>]*>", "", self.html))


def _escape(text: str) -> str:
    """Escape what Markdown would take for markup, a numbered list included."""
    text = re.sub(r"([\\`*_{}\[\]<>$|#~^@])", r"\\\1", text)
    return re.sub(r"^(\d+)([.)])", r"\1\\\2", text)


def _markdown(cell: Any) -> str:
    return cell.markdown if isinstance(cell, Cell) else _escape(str(cell))


def _html(cell: Any) -> str:
    return cell.html if isinstance(cell, Cell) else html.escape(str(cell))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def table(
    frame: pd.DataFrame, *, name: str, caption: str, css: str = "", widths: str = "auto"
) -> Shown:
    """Show a table with a number, a caption, column headers and row headers.

    Parameters
    ----------
    frame : DataFrame
        Cells as they are to be printed: text, or `Cell` where there is markup. The first column
        heads the rows.
    name : str
        Label for ``{numref}``, beginning with ``tab-``.
    caption : str
        What the table shows; Markdown.
    css : str
        Class of a container around the table.
    widths : str
        Relative column widths, as the directive takes them.

    Returns
    -------
    Shown

    Raises
    ------
    ValueError
        If the table has no rows or the name does not begin with ``tab-``.
    """
    if not name.startswith("tab-") or frame.empty:
        raise ValueError(f"table {name!r}: needs rows and a name that begins with 'tab-'")
    lines = [
        *([f"::::::{{container}} {css}"] if css else []),
        f":::::{{list-table}} {_one_line(caption)}",
        f":name: {name}",
        ":header-rows: 1",
        ":stub-columns: 1",
        f":widths: {widths}",
        "",
    ]
    for row in [list(frame.columns), *frame.itertuples(index=False)]:
        lines += [
            f"{'* -' if first else '  -'} {_one_line(_markdown(cell))}"
            for first, cell in zip([True] + [False] * len(row), row, strict=False)
        ]
    lines += [":::::", *(["::::::"] if css else [])]
    head = "".join(f'<th scope="col">{_html(column)}</th>' for column in frame.columns)
    body = "".join(
        f'<tr><th scope="row">{_html(row[0])}</th>'
        + "".join(f"<td>{_html(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in frame.itertuples(index=False)
    )
    page = (
        f"<table><caption>{html.escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
    plain = "\n".join(
        " | ".join(str(cell) for cell in row) for row in frame.itertuples(index=False)
    )
    return Shown("\n".join(lines), page, plain)


def _png(figure: Figure) -> bytes:
    """Draw a figure as a small PNG that is the same in every run."""
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", metadata={"Software": None})
    image = Image.open(drawn).convert("RGB").quantize(colors=128, dither=Image.Dither.NONE)
    image.save(small, format="png", optimize=True)
    return small.getvalue()


def _summed_up(records: list[str]) -> str:
    """Name data records; many of one file by the file and their number."""
    files = Counter(source.partition("#")[0] for source in records)
    names = {
        f"`{file}` ({files[file]} records)" if files[file] > 4 else f"`{source}`": None
        for source in records
        for file in [source.partition("#")[0]]
    }
    return ", ".join(names)


def figure(
    draw: Callable[..., tuple[Figure, pd.DataFrame]],
    *args: Any,
    name: str,
    caption: str,
    alt: str,
    sources: Any = (),
) -> Shown:
    """Draw a figure in the book's style and show it with number, caption and alternative text.

    Parameters
    ----------
    draw : callable
        Function of `figures` that returns the figure and the data it shows.
    *args
        Its arguments; data records among them are named below the caption.
    name : str
        Label for ``{numref}``, beginning with ``fig-``.
    caption : str
        What to see; Markdown.
    alt : str
        The same for someone who cannot see it; one paragraph of plain text.
    sources : records, optional
        Data records behind arguments that are not records themselves.

    Returns
    -------
    Shown

    Raises
    ------
    ValueError
        If the name does not begin with ``fig-`` or the alternative text is missing.
    """
    if not name.startswith("fig-") or len(alt) < 40:
        raise ValueError(f"figure {name!r}: needs a name that begins with 'fig-' and a real alt")
    with matplotlib.style.context(STYLE):
        drawn, data = draw(*args)
        uri = "data:image/png;base64," + base64.b64encode(_png(drawn)).decode()
    alt, caption = _one_line(alt), _one_line(caption)
    origin = f"Drawn by `{draw.__module__.rpartition('.')[2]}.{draw.__name__}`"
    if records := ledger.sources([*args, sources]):
        origin += f" from {_summed_up(records)}"
    markdown = (
        f":::::{{figure}} {uri}\n:name: {name}\n:alt: {alt}\n\n{caption}\n\n{origin}.\n:::::\n"
    )
    page = (
        f'<figure><img src="{uri}" alt="{html.escape(alt)}" style="max-width:100%">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )
    return Shown(markdown, page, data.round(4).to_csv(index=False, lineterminator="\n").strip())


def _places(anchor: str) -> Cell:
    return Cell(f"[](#{anchor})", html.escape(anchor))


def _badge(row: pd.Series, page: str) -> Cell:
    badge = verdict_badge(row["id"], row["verdict"], page)
    return Cell(badge, badge)


def _verdict(verdict: str) -> Cell:
    span = f'<span class="verdict verdict-{verdict.replace(" ", "-")}">{verdict}</span>'
    return Cell(span, span)


def _readable(numbers: str) -> str:
    return numbers.replace(";", " / ")


def claims(anchors: str | Sequence[str], *, page: str, name: str, caption: str) -> Shown:
    """Show the ledger rows that are discussed in one place, each linked to the ledger.

    Parameters
    ----------
    anchors : str or sequence of str
        Place or places of discussion, as in the ledger.
    page : str
        Page on which the table stands.
    name, caption : str
        As for `table`.

    Raises
    ------
    ValueError
        If no row of the ledger is discussed there.
    """
    wanted = [anchors] if isinstance(anchors, str) else list(anchors)
    rows = ledger.current()
    rows = rows[rows["anchor"].isin(wanted)]
    if rows.empty:
        raise ValueError(f"no ledger row is discussed at {', '.join(wanted)}")
    raw_last = rows["kind"].isin(["table", "derived"]).sort_values(kind="stable").index
    rows = rows.loc[raw_last]
    frame = pd.DataFrame(
        {
            "Statement, in our words": rows["statement"],
            "Verdict": [_badge(row, page) for _, row in rows.iterrows()],
            "Where": rows["section"],
            "Why": rows["reason"],
        }
    )
    return table(frame, name=name, caption=caption, css="claims", widths="30 16 16 38")


def whole_ledger(*, name: str, caption: str) -> Shown:
    """Show every row of the ledger, with a link to the place where it is discussed."""
    rows = ledger.current()
    ids = [f'<span id="{row_id(key)}"></span>' for key in rows["id"]]
    frame = pd.DataFrame(
        {
            "Id": [
                Cell(f"{span}`{key}`", f"{span}<code>{key}</code>")
                for span, key in zip(ids, rows["id"], strict=True)
            ],
            "Verdict": [_verdict(verdict) for verdict in rows["verdict"]],
            "Statement": rows["statement"],
            "Published": rows["published"].map(_readable),
            "Recomputed": [
                _readable(numbers) + (f" ({_readable(ends)})" if ends else "")
                for numbers, ends in zip(rows["recomputed"], rows["interval"], strict=True)
            ],
            "Unit": rows["unit"],
            "Why": rows["reason"],
            "Section": rows["section"],
            "Kind": rows["kind"],
            "Computed by": [
                Cell(f"`{f}`<br>{_escape(a)}", f"<code>{f}</code><br>{html.escape(a)}")
                for f, a in zip(rows["function"], rows["arguments"], strict=True)
            ],
            "Discussed in": [_places(anchor) for anchor in rows["anchor"]],
        }
    )
    widths = "9 10 18 8 8 7 24 9 8 14 10"
    return table(frame, name=name, caption=caption, css="ledger", widths=widths)
