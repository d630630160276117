"""Counts over the literature listed and the traces that methods left in the text."""

from __future__ import annotations

from collections.abc import Iterable

from .load import Artefact, ReviewedWork


def years(works: Iterable[ReviewedWork]) -> tuple[int, int]:
    """First and last year of the works listed."""
    given = [work.year for work in works]
    return min(given), max(given)


def identified(works: Iterable[ReviewedWork]) -> int:
    """Number of works for which the paper gives a venue, DOI or address."""
    return sum(bool(work.venue or work.identifier) for work in works)


def traces(artefacts: Iterable[Artefact], method: str = "") -> int:
    """Number of artefacts, of one method or of all."""
    return sum(method in ("", artefact.method) for artefact in artefacts)


def traces_found(artefacts: Iterable[Artefact], method: str = "") -> int:
    """Number of artefacts that the text contains, of one method or of all."""
    return sum(a.present == "yes" and method in ("", a.method) for a in artefacts)
