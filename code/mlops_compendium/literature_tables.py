"""Tables of the literature and of the evidence, with links to the bibliography and the ledger."""

from __future__ import annotations

import html
from collections.abc import Iterable
from types import SimpleNamespace

import pandas as pd

from . import literature
from .bind import claim_link
from .load import CitationAudit, Evidence, Gap, GradedNumber, Search, TermUse
from .show import Cell

UNITS = {"day": "d", "hour": "h", "ln s": "(ln s)", "ln day": "(ln d)"}


def cites(keys: Iterable[str]) -> Cell:
    """Works of the bibliography, linked."""
    keys = list(keys)
    return Cell("; ".join(f"{{cite:t}}`{key}`" for key in keys), html.escape("; ".join(keys)))


def statements(ids: Iterable[str], page: str) -> Cell:
    """Ledger rows, linked."""
    links = ", ".join(f'<a href="{claim_link(key, page)}">{key}</a>' for key in ids)
    return Cell(links, links)


def quantity(number: GradedNumber) -> str:
    """A number with its unit, as it is printed in a table."""
    if number.published and number.value is None:
        return number.published
    unit = f" {UNITS.get(number.unit, number.unit)}"
    if number.value is not None:
        return f"{_plain(number.value)}{unit}"
    if number.low is None:
        return f"at most {_plain(number.high)}{unit}"
    if number.high is None:
        return f"at least {_plain(number.low)}{unit}"
    return f"{_plain(number.low)} to {_plain(number.high)}{unit}"


def _plain(value: float) -> str:
    """Print a number without exponent and with thousands separated."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _words(name: str) -> str:
    """Words of a quantity, with a capital."""
    return name[:1].upper() + name[1:].replace("_", " ")


def _what(members: list[GradedNumber]) -> str:
    return members[0].statement if len(members) == 1 else _words(members[0].quantity)


def _number(members: list[GradedNumber]) -> str:
    if len(members) == 1:
        return quantity(members[0])
    return "; ".join(f"{n.label or n.id} {quantity(n)}" for n in members)


def _counted(members: list[GradedNumber]) -> str:
    """Whom or what was counted, with size and year where they are the same for all."""
    definitions = list(dict.fromkeys(n.definition for n in members))
    text = definitions[0] if len(definitions) == 1 else "Several groups, named in the data file"
    sizes, years = {n.n for n in members}, {n.year for n in members}
    if len(sizes) == 1 and (size := sizes.pop()):
        text += f"; n = {size:,}"
    if len(years) == 1 and (year := years.pop()):
        text += f"; {year}"
    return text


def _cautions(members: list[GradedNumber]) -> str:
    return "".join(f"{text}. " for text in dict.fromkeys(n.caution for n in members) if text)


def findings(numbers: Iterable[GradedNumber], practice: str) -> pd.DataFrame:
    """Findings on one practice, strongest grade first, as a table.

    Delivery tiers, distributions read from a figure and weak claims are shown elsewhere.
    """
    rows = [
        finding["members"]
        for finding in literature.findings(numbers)
        if finding["practice"] == practice
        and finding["grade"] != "D"
        and not literature.is_tier(finding["members"][0])
        and finding["members"][0].quantity != "duration_cdf"
    ]
    rows.sort(key=lambda members: members[0].grade)
    return pd.DataFrame(
        [
            (_what(m), _number(m), f"{_counted(m)}. {_cautions(m)}", cites([m[0].cite]), m[0].grade)
            for m in rows
        ],
        columns=["What", "Number", "What was counted, and cautions", "Source", "Grade"],
    )


def weak_claims(numbers: Iterable[GradedNumber]) -> pd.DataFrame:
    """Numbers of the weakest grade, as a table."""
    return pd.DataFrame(
        [
            (n.statement, quantity(n), n.definition, cites([n.cite]), n.caution)
            for n in numbers
            if n.grade == "D"
        ],
        columns=["What is said", "Number", "Counted", "Source", "Why it is weak"],
    )


def audit(citations: Iterable[CitationAudit]) -> pd.DataFrame:
    """Citations of the paper and what the searches gave, as a table."""
    return pd.DataFrame(
        [
            (
                f"{c.id}: {c.authors} {c.year}" + (f", {c.title}" if c.title else ""),
                c.located,
                cites(c.nearest),
                c.evidence,
                c.confidence,
            )
            for c in citations
        ],
        columns=["Citation", "Located", "Nearest real works", "Evidence",
                 "Confidence that it is wrong as printed"],
    )  # fmt: skip


def searches(made: Iterable[Search]) -> pd.DataFrame:
    """Searches made for the citations, as a table."""
    return pd.DataFrame(
        [(s.query, s.kind, s.hits, s.reading) for s in made],
        columns=["Looked for", "Kind of search", "Hits", "What they are"],
    )


def terms(uses: Iterable[TermUse]) -> pd.DataFrame:
    """Uses of the term and statements about its use, by date, as a table."""
    ordered = sorted(uses, key=lambda t: (t.year, t.month or 13))
    return pd.DataFrame(
        [
            (f"{t.year}-{t.month:02d}" if t.month else f"{t.year}", t.kind, t.what, t.shows,
             cites([t.cite]), t.grade)
            for t in ordered
        ],
        columns=["Date", "Kind", "What", "Shows", "Source", "Grade"],
    )  # fmt: skip


def matrix(data: SimpleNamespace, page: str) -> pd.DataFrame:
    """Statements of the paper against real works, as a table."""
    return pd.DataFrame(
        [_entry(entry, data, page) for entry in data.claims_evidence],
        columns=["Work", "Statements", "What it found", "Bearing", "Numbers and their grade"],
    )


def _entry(entry: Evidence, data: SimpleNamespace, page: str) -> tuple:
    numbers = [data.numbers[key] for key in entry.numbers]
    values = "; ".join(f"{n.label} {quantity(n)}".strip() for n in numbers)
    return (
        cites([entry.cite]),
        statements(entry.claims, page),
        entry.found,
        entry.bearing,
        f"{values} ({entry.grade})" if values else "none",
    )


def gaps(missing: Iterable[Gap]) -> pd.DataFrame:
    """What is not known, as a table."""
    return pd.DataFrame(
        [(g.gap, literature.PRACTICE_LABELS[g.practice], g.needs, cites(g.cites)) for g in missing],
        columns=["Not located", "Practice", "What would fill it", "Nearest works"],
    )
