"""Many replications of one or several organisations, on one core or all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import pandas as pd
from joblib import Parallel, delayed
from tqdm import tqdm

from .kpis import KPIS
from .model import Run, simulate
from .parameters import Parameters

CHUNK = 5  # replications a worker takes at a time, about a quarter of a second of work
COLUMNS = ["scenario", "replication", *(kpi.name for kpi in KPIS)]

Task = tuple[str, Parameters, int]


def _chunks(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    left = iter(tasks)
    while chunk := list(islice(left, CHUNK)):
        yield chunk


def _simulate_task(task: Task, run: Run) -> dict:
    name, parameters, replication = task
    try:
        indicators = simulate(parameters, run, replication)
    except Exception as error:
        error.add_note(f"scenario {name!r}, replication {replication}, seed {run.seed}")
        raise
    return {"scenario": name, "replication": replication, **indicators}


def _simulate_chunk(tasks: list[Task], run: Run) -> list[dict]:
    return [_simulate_task(task, run) for task in tasks]


def replicate(
    scenarios: Mapping[str, Parameters] | Parameters,
    run: Run,
    replications: int | Iterable[int],
    *,
    jobs: int = 1,
    progress: bool = False,
) -> pd.DataFrame:
    """Run many replications; the result does not depend on their order or on the cores.

    Replication ``n`` of every scenario uses the same random numbers at the same addresses, so
    that scenarios can be compared pair by pair (common random numbers).

    Parameters
    ----------
    scenarios : mapping of str to Parameters, or Parameters
        Organisations by name; a single one has the name ``""``.
    run : Run
        Length and seed.
    replications : int or iterable of int
        How many, numbered from 0; or which.
    jobs : int
        Worker processes; -1 for one on every core.
    progress : bool
        Show a progress bar on standard error, if that is a terminal.

    Returns
    -------
    DataFrame
        One row for each scenario and replication, in that order: columns ``scenario``,
        ``replication`` and one for each indicator of `kpis.KPIS`.

    Raises
    ------
    ValueError
        If there is no scenario, no replication, or one twice.
    """
    if isinstance(scenarios, Parameters):
        scenarios = {"": scenarios}
    numbers = list(range(replications) if isinstance(replications, int) else replications)
    if not scenarios or not numbers or len(set(numbers)) < len(numbers):
        raise ValueError(
            f"scenarios: {len(scenarios)}, replications: {numbers}; "
            "at least one of each is needed, each replication once"
        )
    tasks = [(name, p, number) for name, p in scenarios.items() for number in numbers]
    chunks = list(_chunks(tasks))
    work = (delayed(_simulate_chunk)(chunk, run) for chunk in chunks)
    done = Parallel(n_jobs=jobs, batch_size=1, return_as="generator")(work)
    rows = []
    with tqdm(
        total=len(tasks), unit="replication", disable=None if progress else True, leave=False
    ) as bar:
        for chunk in done:
            rows += chunk
            bar.update(len(chunk))
    frame = pd.DataFrame(rows, columns=COLUMNS)
    order = {name: place for place, name in enumerate(scenarios)}
    return frame.sort_values(
        ["scenario", "replication"], key=lambda c: c.map(order) if c.name == "scenario" else c
    ).reset_index(drop=True)
