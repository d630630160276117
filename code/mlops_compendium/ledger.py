"""The claims ledger: every statement of the paper and every own result, recomputed."""

from __future__ import annotations

import csv
import hashlib
import importlib
import io
from collections import Counter
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd

from .checks import CHECKS
from .load import OWN, ROOT, VERDICTS, Claim, OwnResult, Table, paper
from .simulation.analysis import Estimate

FILE = "data/results/ledger.csv"
COLUMNS = {
    "id": "Identifier of the row",
    "origin": "paper or compendium",
    "section": "Section of the paper where the statement stands",
    "kind": "Kind of statement",
    "statement": "The statement, in our words",
    "published": "Published numbers, separated by semicolons",
    "recomputed": "Recomputed numbers, ten significant digits, separated by semicolons",
    "interval": "95 % confidence interval of a simulated number, ends separated by a semicolon",
    "seed": "Root seed of a simulated number",
    "unit": "Unit of the numbers",
    "tolerance": "Largest accepted absolute difference, in that unit",
    "function": "Function that recomputes the row",
    "arguments": "Its arguments",
    "verdict": "Verdict, computed",
    "reason": "One line of reasoning, computed",
    "data": "Data records used",
    "chapter": "Chapter in which the row is discussed",
    "anchor": "Place in that chapter",
}


class LedgerError(ValueError):
    """A row of the claims or results file cannot be recomputed as it stands."""


def _arguments(row: Claim | OwnResult) -> dict[str, str]:
    """Split ``name=value`` arguments."""
    pairs = [argument.partition("=") for argument in row.args]
    bad = [name for name, equals, _ in pairs if not equals]
    if bad:
        raise LedgerError(f"{row.source}, field 'args': {bad[0]!r} is not allowed; use name=value")
    return {name: value for name, _, value in pairs}


def _joined(values: tuple[float, ...]) -> str:
    return ";".join(f"{value:.10g}" for value in values)


def place(anchor: str) -> str:
    """Chapter in which an anchor stands; its first word names it."""
    return anchor.split("-")[0]


def claim_row(claim: Claim, data: SimpleNamespace) -> dict[str, Any]:
    """Recompute one statement of the paper.

    Parameters
    ----------
    claim : Claim
        The statement.
    data : SimpleNamespace
        Everything loaded, as `load.load` returns it.

    Returns
    -------
    dict
        One ledger row, keyed by `COLUMNS`.

    Raises
    ------
    LedgerError
        If the claim names an unknown check or wrong arguments.
    """
    if claim.check not in CHECKS:
        raise LedgerError(
            f"{claim.source}, field 'check': {claim.check!r} is not allowed; "
            f"allowed are {', '.join(CHECKS)}"
        )
    arguments = _arguments(claim)
    try:
        finding = CHECKS[claim.check](claim, data, **arguments)
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise LedgerError(f"{claim.source}, field 'args': {arguments}: {error}") from error
    return {
        "id": claim.id,
        "origin": "paper",
        "section": claim.section,
        "kind": claim.kind,
        "statement": claim.statement,
        "published": _joined(claim.published),
        "recomputed": _joined(finding.values),
        "interval": "",
        "seed": "",
        "unit": claim.unit,
        "tolerance": f"{claim.tolerance:g}",
        "function": f"checks.{claim.check}",
        "arguments": " ".join(claim.args),
        "verdict": finding.verdict,
        "reason": finding.reason,
        "data": " ".join(finding.rows),
        "chapter": place(claim.anchor),
        "anchor": claim.anchor,
    }


def _resolve(text: str, data: SimpleNamespace) -> Any:
    """Turn an argument into data (``practices``, ``practices.cicd``), a number or a word."""
    if text == "data":
        return data
    table, _, row = text.partition(".")
    if hasattr(data, table):
        found = getattr(data, table)
        return found[row] if row else found
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text


def sources(values: Any) -> list[str]:
    """Data records and files behind the arguments of a function.

    Parameters
    ----------
    values : iterable
        Arguments: records, tables, sequences of records, or plain values (which have no source).

    Returns
    -------
    list of str
        ``file`` or ``file#id``, each once, in order.
    """
    found: dict[str, None] = {}
    for value in values:
        if getattr(value, "source", ""):
            found[value.source] = None
        elif isinstance(value, SimpleNamespace):
            found["data/paper"] = None
        elif isinstance(value, (list, tuple)):
            found.update(dict.fromkeys(sources(value)))
    return list(found)


def compute(result: OwnResult, data: SimpleNamespace) -> tuple[Any, list[str]]:
    """Compute one own result.

    Returns
    -------
    tuple
        The value (a number or a tuple of numbers) and the data it came from.

    Raises
    ------
    LedgerError
        If the function does not exist or fails on its arguments.
    """
    module, _, name = result.function.partition(".")
    try:
        function = getattr(importlib.import_module(f"{__package__}.{module}"), name)
        arguments = {k: _resolve(v, data) for k, v in _arguments(result).items()}
        value = function(**arguments)
        return value, sources([*arguments.values(), value])
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise LedgerError(
            f"{result.source}, field 'function': {result.function}: {error}"
        ) from error


def own_row(result: OwnResult, data: SimpleNamespace) -> dict[str, Any]:
    """Recompute one result of this compendium; same columns as `claim_row`."""
    value, rows = compute(result, data)
    values = value if isinstance(value, tuple) else (value,)
    simulated = isinstance(value, Estimate)
    return {
        "id": result.id,
        "origin": "compendium",
        "section": "this compendium",
        "kind": "result",
        "statement": result.statement,
        "published": "",
        "recomputed": _joined((value.value,) if simulated else values),
        "interval": _joined((value.low, value.high)) if simulated else "",
        "seed": str(value.seed) if simulated else "",
        "unit": result.unit,
        "tolerance": "",
        "function": result.function,
        "arguments": " ".join(result.args),
        "verdict": OWN,
        "reason": f"{result.format.format(*values)}. {result.note}",
        "data": " ".join(rows),
        "chapter": place(result.anchor),
        "anchor": result.anchor,
    }


def recompute(data: SimpleNamespace | None = None) -> pd.DataFrame:
    """Recompute the whole ledger.

    Parameters
    ----------
    data : SimpleNamespace, optional
        Everything loaded; the project's own data by default.

    Returns
    -------
    DataFrame
        One row for each statement and each own result, all cells text, columns `COLUMNS`.

    Raises
    ------
    LedgerError
        If a row cannot be recomputed, or an id stands in both files.
    """
    data = data or paper()
    rows = [claim_row(claim, data) for claim in data.claims]
    rows += [own_row(result, data) for result in data.own_results]
    repeated = [key for key, n in Counter(row["id"] for row in rows).items() if n > 1]
    if repeated:
        raise LedgerError(f"ids must be unique over {Claim.FILE} and {OwnResult.FILE}: {repeated}")
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(str)


@cache
def current() -> pd.DataFrame:
    """The project's own ledger, recomputed once and indexed by id."""
    return recompute().set_index("id", drop=False)


def read(root: Path = ROOT) -> pd.DataFrame:
    """Read the committed ledger, all cells text."""
    return pd.read_csv(root / FILE, dtype=str, keep_default_na=False)


def to_csv(ledger: pd.DataFrame) -> str:
    """Ledger as CSV text, the form in which it is committed."""
    buffer = io.StringIO()
    ledger.to_csv(buffer, index=False, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    return buffer.getvalue()


def differences(old: pd.DataFrame, new: pd.DataFrame) -> list[str]:
    """Every cell in which two ledgers differ, in words.

    Numbers are compared with a relative tolerance of 1e-9, text to the letter.
    """
    found = []
    old, new = old.set_index("id"), new.set_index("id")
    found += [f"{key}: only in the committed ledger" for key in old.index.difference(new.index)]
    found += [f"{key}: missing in the committed ledger" for key in new.index.difference(old.index)]
    if not found and list(old.index) != list(new.index):
        found.append("rows stand in another order")
    for key in old.index.intersection(new.index):
        for column in new.columns:
            before, after = old.at[key, column], new.at[key, column]
            if before != after and not (
                column in ("recomputed", "interval") and _close(before, after)
            ):
                found.append(f"{key}, {column}: committed {before!r}, recomputed {after!r}")
    return found


def _close(before: str, after: str) -> bool:
    """Whether two lists of numbers agree to 1e-9."""
    first, second = before.split(";"), after.split(";")
    return len(first) == len(second) and all(
        a == b or (a and b and abs(float(a) - float(b)) <= 1e-9 * max(abs(float(a)), abs(float(b))))
        for a, b in zip(first, second, strict=True)
    )


def verdict_counts(ledger: pd.DataFrame) -> pd.Series:
    """Number of the paper's statements for each verdict, in the fixed order of verdicts."""
    counts = ledger.loc[ledger["origin"] == "paper", "verdict"].value_counts()
    return counts.reindex(list(VERDICTS), fill_value=0)


def count(claims: Table, verdict: str) -> int:
    """Number of the paper's statements with one verdict.

    Parameters
    ----------
    claims : Table
        The statements.
    verdict : str
        One of the four verdicts, or ``all``.
    """
    verdicts = current().loc[[claim.id for claim in claims], "verdict"]
    return len(verdicts) if verdict == "all" else int((verdicts == verdict).sum())


def functions_used(claims: Table) -> int:
    """Number of different checks behind the statements."""
    return len({claim.check for claim in claims})


def inputs_hash(root: Path = ROOT) -> str:
    """SHA-256 over the code and data that the ledger is recomputed from.

    Covers every file of the folders named below, by path and content.
    """
    digest = hashlib.sha256()
    files = [
        path
        for folder in (
            "data/paper",
            "data/literature",
            "data/simulation",
            "data/compendium",
            "code/mlops_compendium",
        )
        for path in (root / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    for path in sorted(files):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()
