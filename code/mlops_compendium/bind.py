"""Bind numbers into prose: compute, format, glue, and keep where each number came from.

In a chapter::

    bind = Bind("survey")
    bind("cicd-agree", "{:.0f} %", survey.top_two_box, paper.practices["cicd"], claim="T1.cicd")
    bind

and in its prose ``{glue}`cicd-agree` ``. In the built book the number links to its ledger row and
names its function and data. Jupyter does not render ``glue``; there the last line shows a table
of the numbers just bound.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from myst_nb import glue

from . import ledger
from .load import paper
from .simulation.analysis import Estimate


@dataclass(frozen=True)
class Bound:
    """A number in prose and its provenance.

    Attributes
    ----------
    key : str
        Name under which the prose refers to it.
    text : str
        The number as printed.
    function : str
        Module and function that computed it.
    data : tuple of str
        Data records it was computed from.
    claim : str
        Ledger id, or empty.
    page : str
        Page on which it stands.
    """

    key: str
    text: str
    function: str
    data: tuple[str, ...]
    claim: str
    page: str

    @property
    def provenance(self) -> str:
        """Function, data and ledger row in one line."""
        parts = [self.function, *self.data, f"ledger {self.claim}" if self.claim else ""]
        return " · ".join(part for part in parts if part)

    def _html(self) -> str:
        title, text = html.escape(self.provenance), html.escape(self.text)
        if self.claim:
            target = claim_link(self.claim, self.page)
            return f'<a class="bound" href="{target}" title="{title}">{text}</a>'
        return f'<data class="bound" value="{text}" title="{title}">{text}</data>'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self._html(), "text/plain": self.text}


def row_id(claim: str) -> str:
    """HTML id of a ledger row."""
    return "claim-" + claim.lower().replace(".", "-").replace("_", "-")


def claim_link(claim: str, page: str) -> str:
    """Address of a ledger row, relative to a page of the book."""
    folder = "chapters/" if page == "index" else ""
    return f"{folder}reproducibility.html#{row_id(claim)}"


def verdict_badge(claim: str, verdict: str, page: str) -> str:
    """HTML of a verdict, linked to its ledger row."""
    kind = verdict.replace(" ", "-")
    return f'<a class="verdict verdict-{kind}" href="{claim_link(claim, page)}">{verdict}</a>'


def _check_printable(key: str, values: tuple) -> None:
    for value in values:
        numbers = (value.value, value.low, value.high) if isinstance(value, Estimate) else (value,)
        if any(x is None or (isinstance(x, float) and not math.isfinite(x)) for x in numbers):
            raise ValueError(f"{key}: {value!r} cannot stand in a sentence")


class Bind:
    """Binder of one page.

    Parameters
    ----------
    page : str
        Name of the page, as in ``_toc.yml`` without its folder.
    """

    def __init__(self, page: str):
        self.page = page
        self._bound: dict[str, Bound] = {}
        self._shown = 0

    def __call__(
        self, key: str, form: str, function: Callable, *args: Any, claim: str = "", **kwargs: Any
    ) -> str:
        """Compute a number, bind it into the prose of this page and return it as printed.

        Parameters
        ----------
        key : str
            Name for ``{glue}``; letters, digits and hyphens; once on a page.
        form : str
            Format, for example ``"{:.1f} %"``; the rounding rule, visible in the chapter.
        function : callable
            Function of the package that computes the number (or a tuple of numbers).
        *args, **kwargs
            Its arguments; data records among them become the provenance.
        claim : str, optional
            Id of the ledger row that the number belongs to.

        Returns
        -------
        str
            The number as printed, for captions.

        Raises
        ------
        ValueError
            If the key is malformed or taken, the function is not one of the package (or `len`),
            or the value is missing, infinite or not a number.
        """
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", key) or key in self._bound:
            raise ValueError(f"key {key!r}: use letters, digits and hyphens, once on a page")
        module = getattr(function, "__module__", "")
        if function is not len and not module.startswith(f"{__package__}."):
            raise ValueError(f"{key}: computed by {function!r}; use a function of {__package__}")
        if claim:
            _ledger_row(claim)
        value = function(*args, **kwargs)
        values = value if isinstance(value, tuple) else (value,)
        _check_printable(key, values)
        module = module.removeprefix(f"{__package__}.").removeprefix("builtins")
        name = f"{module}.{function.__qualname__}".lstrip(".")
        data = tuple(ledger.sources([*args, *kwargs.values(), value]))
        return self._keep(Bound(key, form.format(*values), name, data, claim, self.page))

    def result(self, claim: str) -> str:
        """Bind an own result of the ledger under its id (``own.x_y`` as ``own-x-y``)."""
        row = paper().own_results[claim]
        value, data = ledger.compute(row, paper())
        values = value if isinstance(value, tuple) else (value,)
        text = row.format.format(*values)
        key = claim.replace(".", "-").replace("_", "-")
        return self._keep(Bound(key, text, row.function, tuple(data), claim, self.page))

    def verdict(self, claim: str) -> None:
        """Bind the verdict of a ledger row as ``verdict-`` and its id."""
        row = _ledger_row(claim)
        key = "verdict-" + row_id(claim).removeprefix("claim-")
        glue(key, _Badge(verdict_badge(claim, row["verdict"], self.page), row["verdict"]), False)

    def _keep(self, bound: Bound) -> str:
        self._bound[bound.key] = bound
        glue(bound.key, bound, display=False)
        return bound.text

    def _new(self) -> list[Bound]:
        """Numbers bound since they were last shown."""
        new = list(self._bound.values())[self._shown :]
        self._shown = len(self._bound)
        return new

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        head = ("in the text", "value", "computed by", "from", "ledger")
        rows = [(b.key, b.text, b.function, ", ".join(b.data), b.claim) for b in self._new()]
        cells = "".join(
            f'<tr><th scope="row">{html.escape(row[0])}</th>'
            + "".join(f"<td>{html.escape(cell)}</td>" for cell in row[1:])
            + "</tr>"
            for row in rows
        )
        header = "".join(f'<th scope="col">{name}</th>' for name in head)
        caption = "<caption>Numbers bound into the text</caption>"
        table = f"<table>{caption}<thead><tr>{header}</tr></thead><tbody>{cells}</tbody></table>"
        return {"text/html": table, "text/plain": "\n".join(" | ".join(row) for row in rows)}


@dataclass(frozen=True)
class _Badge:
    """A verdict in prose."""

    html: str
    text: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}


def _ledger_row(claim: str) -> dict[str, str]:
    """Ledger row of a claim, recomputed."""
    rows = ledger.current()
    if claim not in rows.index:
        raise ValueError(f"the ledger has no row {claim!r}")
    return rows.loc[claim].to_dict()
