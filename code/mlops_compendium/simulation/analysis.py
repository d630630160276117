"""Intervals and paired contrasts over replications."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

from .kpis import KPIS

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A simulated number with its confidence interval.

    Attributes
    ----------
    value : float
        Mean over replications.
    low, high : float
        Ends of the interval.
    n : int
        Replications in which the number is defined.
    level : float
        Confidence level of the interval.
    seed : int
        Root seed of the experiment, -1 where none is known.
    source : str
        File that holds the replications, or empty.
    """

    value: float
    low: float
    high: float
    n: int
    level: float = LEVEL
    seed: int = -1
    source: str = ""

    @property
    def half(self) -> float:
        """Half the width of the interval."""
        return (self.high - self.low) / 2


def _defined(values: Sequence[float]) -> np.ndarray:
    found = np.asarray(values, dtype=float)
    found = found[~np.isnan(found)]
    if len(found) < 2:
        raise ValueError(f"{len(found)} defined values; an interval needs two replications or more")
    return found


def mean(values: Sequence[float], level: float = LEVEL) -> Estimate:
    """Mean over replications with Student's interval.

    Parameters
    ----------
    values : sequence of float
        One value for each replication; nan where it is not defined, and then left out.
    level : float
        Confidence level.

    Raises
    ------
    ValueError
        If fewer than two values are defined.
    """
    found = _defined(values)
    half = stats.t.ppf((1 + level) / 2, len(found) - 1) * stats.sem(found)
    centre = float(found.mean())
    return Estimate(centre, centre - float(half), centre + float(half), len(found), level)


def differences(frame: pd.DataFrame, first: str, second: str, kpi: str) -> np.ndarray:
    """Second minus first scenario, replication by replication.

    Raises
    ------
    ValueError
        If the scenarios do not have the same replications.
    """
    pairs = frame.pivot(index="replication", columns="scenario", values=kpi)[[first, second]]
    numbers = frame.groupby("scenario")["replication"].agg(set)
    if numbers[first] != numbers[second]:
        raise ValueError(f"{first} and {second} do not have the same replications")
    return (pairs[second] - pairs[first]).to_numpy()


def contrast_row(frame: pd.DataFrame, first: str, second: str, kpi: str) -> dict[str, object]:
    """Paired comparison of two scenarios in one indicator, before any correction."""
    found = _defined(differences(frame, first, second, kpi))
    spread = found.std(ddof=1)
    estimate = mean(found)
    if spread:
        p_t = float(stats.ttest_1samp(found, 0).pvalue)
        p_rank = float(stats.wilcoxon(found, zero_method="zsplit").pvalue)
    else:
        p_t = p_rank = 0.0 if found[0] else 1.0
    return {
        "first": first,
        "second": second,
        "kpi": kpi,
        "n": len(found),
        "difference": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "effect": estimate.value / spread if spread else float("nan"),
        "p_t": p_t,
        "p_rank": p_rank,
    }


def contrasts(
    frame: pd.DataFrame,
    pairs: Sequence[tuple[str, str]],
    indicators: Sequence[str] = tuple(kpi.name for kpi in KPIS),
) -> pd.DataFrame:
    """All paired contrasts, corrected for their number.

    Parameters
    ----------
    frame : DataFrame
        As `experiment.replicate` returns it.
    pairs : sequence of pairs of str
        Scenarios to compare, second minus first.
    indicators : sequence of str
        Names of the indicators.

    Returns
    -------
    DataFrame
        One row for each pair and indicator: number of replications, mean difference, its 95 %
        interval (``low``, ``high``) and its simultaneous interval over all rows by Bonferroni
        (``low_all``, ``high_all``), standardised effect (mean over standard deviation of the
        differences), p by the paired t test and by Wilcoxon's signed ranks, both also after Holm,
        and ``shown``: whether both tests reject at 5 % after Holm.
    """
    rows = pd.DataFrame([contrast_row(frame, a, b, kpi) for a, b in pairs for kpi in indicators])
    level = 1 - (1 - LEVEL) / len(rows)
    every = [
        mean(differences(frame, row.first, row.second, row.kpi), level) for row in rows.itertuples()
    ]
    rows["low_all"], rows["high_all"] = [e.low for e in every], [e.high for e in every]
    for name in ("p_t", "p_rank"):
        rows[f"{name}_holm"] = multipletests(rows[name], method="holm")[1]
    rows["shown"] = (rows["p_t_holm"] < 1 - LEVEL) & (rows["p_rank_holm"] < 1 - LEVEL)
    return rows


def variance_ratio(frame: pd.DataFrame, first: str, second: str, kpi: str) -> float:
    """Gain by common random numbers: variance of the difference if the scenarios had been
    independent, over that of the paired difference.
    """  # noqa: D205
    both = frame.pivot(index="replication", columns="scenario", values=kpi)[[first, second]]
    both = both.dropna()
    return float(both.var().sum() / (both[second] - both[first]).var())
