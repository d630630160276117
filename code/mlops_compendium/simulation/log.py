"""Event log of a traced replication, in the vocabulary of XES (IEEE 1849)."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

XES = {
    "time": "time:timestamp",
    "case": "case:concept:name",
    "activity": "concept:name",
    "transition": "lifecycle:transition",
    "resource": "org:resource",
}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes
    ----------
    time : float
        Days since the start.
    case : str
        Change (``feature-12``, ``retraining-3-0``) or model (``model-3``) it happened to; empty
        for a node.
    model : int
        Model concerned, -1 for a node.
    activity : str
        A stage of the route, or ``request``, ``live``, ``tuning``, ``run``, ``defect``,
        ``drift``, ``degraded``, ``node``.
    transition : {"schedule", "start", "complete"}
        Asked for, begun, ended.
    resource : str
        Pool concerned, or empty.
    outcome : str
        How it ended, or empty.
    value : float
        Severity of a drift, priority of a request, round of finished work; 0 where there is none.
    """

    time: float
    case: str
    model: int
    activity: str
    transition: str
    resource: str = ""
    outcome: str = ""
    value: float = 0.0


COLUMNS = [XES.get(f.name, f.name) for f in fields(Event)]


def _row(event: Event) -> dict[str, object]:
    return {XES.get(name, name): value for name, value in asdict(event).items()}


def write_csv(events: Iterable[Event], path: Path) -> None:
    """Write a log as CSV; numbers in full precision."""
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(_row(event) for event in events)


def write_json(events: Iterable[Event], path: Path) -> None:
    """Write a log as a JSON list of events."""
    text = json.dumps([_row(event) for event in events], indent=1)
    Path(path).write_text(text + "\n", encoding="utf-8")


def read_csv(path: Path) -> list[Event]:
    """Read what `write_csv` wrote."""
    kinds = {f.name: {"float": float, "int": int}.get(f.type, str) for f in fields(Event)}
    with Path(path).open(newline="", encoding="utf-8") as file:
        return [
            Event(**{name: kind(row[XES.get(name, name)]) for name, kind in kinds.items()})
            for row in csv.DictReader(file)
        ]
