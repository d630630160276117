"""Read one traced replication: the way of a change, and levels over time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .log import Event
from .model import ROUTE, Run, simulate
from .parameters import Parameters


@dataclass(frozen=True)
class Span:
    """A piece of the way of a change.

    Attributes
    ----------
    stage : str
        Stage of the route.
    start, end : float
        Days since the start of the replication.
    waiting : bool
        Whether it waited there for somebody or something.
    """

    stage: str
    start: float
    end: float
    waiting: bool


def trace(parameters: Parameters, run: Run, replication: int = 0) -> list[Event]:
    """Event log of one replication; see `model.simulate`."""
    log: list[Event] = []
    simulate(parameters, run, replication, log)
    return log


def spans(events: Iterable[Event], case: str) -> list[Span]:
    """Way of one change, stage by stage, split into waiting and being worked on.

    A change is worked on while a member of staff or a node is busy with it; otherwise it waits.

    Parameters
    ----------
    events : iterable of Event
        Log of a replication.
    case : str
        Name of the change, for example ``feature-12``.

    Returns
    -------
    list of Span
        In order of time; empty if there is no such change.
    """
    found: list[Span] = []
    entered, workers, begun = 0.0, 0, 0.0
    busy: list[tuple[float, float]] = []
    for event in events:
        if event.case != case:
            continue
        if event.activity == "request":
            entered = event.time
        elif event.resource and event.transition == "start":
            begun = begun if workers else event.time
            workers += 1
        elif event.resource and event.transition == "complete":
            workers -= 1
            if not workers:
                busy.append((begun, event.time))
        elif event.activity in ROUTE and event.transition == "complete":
            found += _split(event.activity, entered, event.time, busy)
            entered, busy = event.time, []
    return found


def _split(stage: str, start: float, end: float, busy: list[tuple[float, float]]) -> list[Span]:
    """Alternate waiting and being worked on within one stay in a stage."""
    pieces, now = [], start
    for begun, ended in busy:
        pieces += [Span(stage, now, begun, True), Span(stage, begun, ended, False)]
        now = ended
    pieces.append(Span(stage, now, end, True))
    return [piece for piece in pieces if piece.end > piece.start]


def waiting_percent(found: Sequence[Span]) -> float:
    """Percent of its way on which a change waited.

    Raises
    ------
    ValueError
        If there is no way to look at.
    """
    total = sum(span.end - span.start for span in found)
    if not total:
        raise ValueError("no such change, or it never went anywhere")
    return 100 * sum(span.end - span.start for span in found if span.waiting) / total


def rounds(found: Sequence[Span]) -> int:
    """How often a change was in data preparation."""
    stays = [span.stage for span in found]
    return sum(
        here == "preparation" and before != "preparation"
        for before, here in zip(["", *stays], stays, strict=False)
    )


def days(found: Sequence[Span]) -> float:
    """Days from request to live."""
    return found[-1].end - found[0].start


def days_in(found: Sequence[Span], stage: str) -> float:
    """Days that a change spent in one stage, in all its rounds."""
    return sum(span.end - span.start for span in found if span.stage == stage)


def daily(steps: Sequence[tuple[float, float]], run: Run, start: float = 0.0) -> np.ndarray:
    """Mean of a piecewise constant level over each day.

    Parameters
    ----------
    steps : sequence of tuple
        Times and changes of the level, in order of time.
    run : Run
        Length of the replication.
    start : float
        Level at time 0.
    """
    days_ = int(run.end)
    edges = np.arange(days_ + 1, dtype=float)
    times = np.array([0.0, *(time for time, _ in steps)])
    level = start + np.cumsum([0.0, *(change for _, change in steps)])
    area = np.concatenate([[0.0], np.cumsum(level[:-1] * np.diff(times))])
    last = np.searchsorted(times, edges, side="right") - 1
    return np.diff(area[last] + level[last] * (edges - times[last]))


def busy(events: Iterable[Event], resource: str, run: Run) -> np.ndarray:
    """Units of a resource in use, as a mean over each day."""
    step = {"start": 1, "complete": -1}
    return daily(
        [
            (event.time, step[event.transition])
            for event in events
            if event.resource == resource and event.transition in step
        ],
        run,
    )


def in_progress(events: Iterable[Event], run: Run) -> np.ndarray:
    """Changes in progress, as a mean over each day."""
    step = {"request": 1, "live": -1}
    return daily([(e.time, step[e.activity]) for e in events if e.activity in step], run)


def skill(events: Iterable[Event], parameters: Parameters, run: Run) -> np.ndarray:
    """Skill above chance, averaged over models and each day."""
    drift, failures = [1.0] * parameters.models, [0] * parameters.models
    steps = []
    for event in events:
        if event.activity not in ("drift", "live", "deployment", "impaired"):
            continue
        if event.transition != "complete" or event.resource:
            continue
        left = 1 - parameters.failure_severity
        before = drift[event.model] * left ** failures[event.model]
        if event.activity == "drift":
            drift[event.model] *= 1 - event.value
        elif event.activity == "live":
            drift[event.model] = 1.0
        elif event.outcome in ("fails", "restored"):
            failures[event.model] += 1 if event.outcome == "fails" else -1
        after = drift[event.model] * left ** failures[event.model]
        steps.append((event.time, (after - before) / parameters.models))
    return daily(steps, run, start=1.0)


def smoothed(series: np.ndarray, window: int = 28) -> np.ndarray:
    """Moving average over a window of days, centred; shorter at the ends."""
    kernel = np.ones(window)
    return np.convolve(series, kernel, "same") / np.convolve(np.ones(len(series)), kernel, "same")
