"""Results of the simulated scenarios: stored replications, estimates, contrasts, outside bands."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from math import inf
from pathlib import Path

import pandas as pd

from .load import ROOT
from .simulation import analysis
from .simulation.analysis import Estimate
from .simulation.experiment import COLUMNS, replicate
from .simulation.inputs import Band, inputs
from .simulation.kpis import KPIS, MONTH
from .simulation.model import Run
from .simulation.provenance import StaleError, experiment_hash

FILE = "data/results/replications.csv"
MANIFEST = "data/results/replications.json"
REPLICATIONS = 100
RUN = Run()
CONTRASTS = (("A", "B"), ("B", "C"), ("A", "C"))
BY_NAME = {kpi.name: kpi for kpi in KPIS}


def simulate(jobs: int = -1, progress: bool = False) -> pd.DataFrame:
    """Simulate every scenario of the data file; see `simulation.experiment.replicate`."""
    return replicate(inputs().organisations, RUN, REPLICATIONS, jobs=jobs, progress=progress)


def to_csv(frame: pd.DataFrame) -> str:
    """Replications as CSV text in full precision, the form in which they are committed."""
    return frame.to_csv(index=False, lineterminator="\n")


def manifest(root: Path = ROOT) -> dict[str, object]:
    """What the replications come from."""
    return {
        "title": "Replications of every scenario",
        "hash": experiment_hash(root),
        "seed": RUN.seed,
        "warm_up_days": RUN.warm_up,
        "measured_days": RUN.measured,
        "replications": REPLICATIONS,
    }


def write(frame: pd.DataFrame, root: Path = ROOT) -> None:
    """Write the replications and what they come from."""
    (root / FILE).write_text(to_csv(frame), encoding="utf-8")
    (root / MANIFEST).write_text(json.dumps(manifest(root), indent=2) + "\n", encoding="utf-8")


@cache
def replications(root: Path = ROOT) -> pd.DataFrame:
    """Stored replications of every scenario.

    Returns
    -------
    DataFrame
        As `simulation.experiment.replicate` returns it.

    Raises
    ------
    StaleError
        If the engine, the inputs or the length of the runs have changed since.
    """
    stored = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
    if stored != manifest(root):
        changed = [key for key, value in manifest(root).items() if stored.get(key) != value]
        raise StaleError(
            f"{FILE} is out of date ({', '.join(changed)} changed): compendium simulate --write"
        )
    frame = pd.read_csv(root / FILE, dtype={"scenario": str})
    if list(frame.columns) != COLUMNS:
        raise StaleError(f"{FILE}, row 1: columns must be {', '.join(COLUMNS)}")
    return frame


def indicator(scenario: str, kpi: str) -> pd.Series:
    """One indicator of one scenario, a value for each replication.

    Raises
    ------
    ValueError
        If there is no such scenario or indicator.
    """
    if scenario not in inputs().organisations:
        allowed = ", ".join(inputs().organisations)
        raise ValueError(f"scenario {scenario!r} is not allowed; allowed are {allowed}")
    rows = replications()
    rows = rows[rows["scenario"] == scenario].set_index("replication")
    if kpi == "deployment_interval":
        models = inputs().organisations[scenario].models
        return models * MONTH / rows["deployment_frequency"]
    if kpi not in BY_NAME:
        raise ValueError(f"indicator {kpi!r} is not allowed; allowed are {', '.join(BY_NAME)}")
    return rows[kpi]


def _estimate(values: pd.Series) -> Estimate:
    return replace(analysis.mean(values), seed=RUN.seed, source=FILE)


def mean(scenario: str, kpi: str) -> Estimate:
    """Mean of an indicator over the replications, with its 95 % interval.

    Parameters
    ----------
    scenario : str
        Id of the scenario.
    kpi : str
        Name of the indicator; ``deployment_interval`` is the days between deployments of a model.
    """
    return _estimate(indicator(scenario, kpi))


def contrast(first: str, second: str, kpi: str) -> Estimate:
    """Mean paired difference of an indicator, second minus first, with its 95 % interval."""
    return _estimate(indicator(second, kpi) - indicator(first, kpi))


def percent(scenario: str, kpi: str) -> Estimate:
    """As `mean`, of a share, in percent."""
    return _estimate(100 * indicator(scenario, kpi))


def points(first: str, second: str, kpi: str) -> Estimate:
    """As `contrast`, of a share, in percentage points."""
    return _estimate(100 * (indicator(second, kpi) - indicator(first, kpi)))


def change(first: str, second: str, kpi: str) -> Estimate:
    """Change of the mean from the first to the second scenario, in percent of the first.

    The 95 % interval is by the delta method for paired values: Student's for the mean of second
    minus ratio times first, over the mean of the first.
    """
    a, b = indicator(first, kpi), indicator(second, kpi)
    ratio = float(b.mean() / a.mean())
    noise = _estimate(100 * (b - ratio * a) / a.mean())
    centre = 100 * (ratio - 1)
    return replace(noise, value=centre, low=centre + noise.low, high=centre + noise.high)


@cache
def contrasts() -> pd.DataFrame:
    """All paired contrasts of A, B and C in all indicators; see `analysis.contrasts`."""
    return analysis.contrasts(replications(), CONTRASTS)


def shown(first: str, second: str) -> int:
    """Number of indicators in which two of the scenarios are shown to differ, after Holm."""
    rows = contrasts()
    return int(rows.loc[(rows["first"] == first) & (rows["second"] == second), "shown"].sum())


def gain(first: str, second: str, kpi: str) -> float:
    """Variance ratio that common random numbers brought; see `analysis.variance_ratio`."""
    return analysis.variance_ratio(replications(), first, second, kpi)


def indicators(group: str = "") -> int:
    """Number of indicators, of one group or of all."""
    return sum(group in ("", kpi.group) for kpi in KPIS)


def replications_run() -> int:
    """Replications of each scenario."""
    return int(replications()["replication"].nunique())


def parameters(grade: str = "") -> int:
    """Number of parameters, of one grade or of all."""
    return sum(grade in ("", row.grade) for row in inputs().parameters)


def confidence() -> float:
    """Confidence level of all intervals of the simulation, in percent."""
    return 100 * analysis.LEVEL


def measured_days() -> float:
    """Days measured in a replication."""
    return RUN.measured


def warm_up_days() -> float:
    """Days before measuring begins."""
    return RUN.warm_up


def setting(scenario: str, parameter: str) -> float:
    """Value of a parameter in a scenario."""
    return getattr(inputs().organisations[scenario], parameter)


def band(row: Band) -> tuple[float, float]:
    """Ends of an outside band in the unit of the indicator; infinite where it is open."""
    number = inputs().numbers[row.number]
    low, high = (number.low, number.high) if number.value is None else (number.value, number.value)
    scale = 0.01 if number.unit == "%" else 1.0
    return (
        -inf if low is None else low * scale * (1 - row.margin),
        inf if high is None else high * scale * (1 + row.margin),
    )


def against_bands() -> pd.DataFrame:
    """Simulated indicators beside the outside bands of the data file.

    Returns
    -------
    DataFrame
        One row for each band: scenario, indicator, simulated mean and interval, ends of the band,
        where the mean falls (``inside``, ``below``, ``above``), whether a parameter was set by
        that very number, and what explains it.
    """
    rows = []
    for row in inputs().bands:
        estimate, (low, high) = mean(row.scenario, row.kpi), band(row)
        place = "below" if estimate.value < low else "above" if estimate.value > high else "inside"
        rows.append(
            {
                "id": row.id,
                "scenario": row.scenario,
                "kpi": row.kpi,
                "estimate": estimate,
                "low": low,
                "high": high,
                "place": place,
                "anchored": row.anchored == "yes",
                "number": row.number,
                "why": row.why,
            }
        )
    return pd.DataFrame(rows)


def bands_met(place: str = "inside", anchored: str = "no") -> int:
    """Number of outside bands in whose reach the simulated mean falls.

    Parameters
    ----------
    place : {"inside", "below", "above", "all"}
        Where it falls.
    anchored : {"no", "yes"}
        Bands by which no parameter was set, or those by which one was.
    """
    rows = against_bands()
    rows = rows[rows["anchored"] == (anchored == "yes")]
    return len(rows) if place == "all" else int((rows["place"] == place).sum())
