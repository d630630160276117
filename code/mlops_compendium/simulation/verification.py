"""The engine held against systems whose answers are known, and the results that are stored.

Each case compares the mean over independent replications with theory. It passes if theory lies
within the interval of the mean, widened so that all cases together keep `LEVEL` (Bonferroni; as
long as every case passes, Holm's procedure says the same), and if the 95 % interval is no wider
than a cap. A noisy case can therefore not pass.

``compendium verify --write`` runs all cases and stores them.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import Annotated, Literal

import pandas as pd
from joblib import Parallel, delayed
from pydantic import Field
from scipy.stats import t as student
from tqdm import tqdm

from ..load import ROOT, Number, Record, Table, Text, read_csv, read_yaml
from . import queueing
from .cases import Case, cases
from .provenance import StaleError

LEVEL = 0.05  # probability that any case fails though the engine is right
CONFIDENCE = 0.95  # of the intervals shown, each on its own


Quantity = Annotated[Number, Field(json_schema_extra={"unit": "days or 1"})]


class Result(Record):
    """A quantity as simulated, beside theory."""

    FILE = "data/results/verification.csv"
    TITLE = "The engine against theory"
    LOCATION = "Simulated by `compendium verify --write`"

    name: Text = Field(description="System")
    published: Text = Field(description="Where the case or its theory is published")
    bib: str = Field(description="Key of the bibliography; empty for a textbook")
    quantity: Text = Field(description="What is compared; times in days")
    theory: Quantity = Field(description="Value by theory")
    simulated: Quantity = Field(description="Mean over replications")
    low: Quantity = Field(description="Lower end of the 95 % interval")
    high: Quantity = Field(description="Upper end of the 95 % interval")
    joint_low: Quantity = Field(
        description="Lower end of the interval that holds for all cases together"
    )
    joint_high: Quantity = Field(
        description="Upper end of the interval that holds for all cases together"
    )
    half_width: Annotated[Number, Field(json_schema_extra={"unit": "share of theory"})] = Field(
        description="Half the width of the 95 % interval over theory"
    )
    cap: Annotated[Number, Field(json_schema_extra={"unit": "share of theory"})] = Field(
        description="Largest half-width with which the case may pass"
    )
    replications: Annotated[int, Field(ge=2)] = Field(description="Number of replications")
    measured: Annotated[Number, Field(json_schema_extra={"unit": "days"})] = Field(
        description="Measured length of each"
    )
    warm_up: Annotated[Number, Field(json_schema_extra={"unit": "days"})] = Field(
        description="Length before"
    )
    slow: Literal["yes", "no"] = Field(description="Whether it takes longer than a few seconds")
    passed: Literal["yes", "no"] = Field(description="Whether the case passes")
    fingerprint: Text = Field(description="Hash of the replication core and of the system")


class Fault(Record):
    """A fault seeded into the engine, and the test that has to notice it."""

    FILE = "data/simulation/faults.yaml"
    TITLE = "Faults seeded into the engine"
    LOCATION = "This compendium"

    file: Text = Field(description="Module of mlops_compendium.simulation")
    old: str = Field(min_length=1, description="Text that stands there exactly once")
    new: str = Field(description="What replaces it")
    what: Text = Field(description="What is wrong then")
    test: Text = Field(description="Test that goes red: file of tests/model and name")


def faults(root: Path = ROOT) -> Table[Fault]:
    """The faults that are seeded into the engine, one at a time."""
    return Table(Fault, read_yaml(Fault, root))


def check(case: Case, total: int) -> Result:
    """Simulate a case and hold it against theory.

    Parameters
    ----------
    case : Case
        The case.
    total : int
        Number of cases that are to hold together.
    """
    sample = case.sample()
    mean, error = fmean(sample), stdev(sample) / sqrt(len(sample))
    half, joint = (
        float(student.ppf(1 - level / 2, len(sample) - 1)) * error
        for level in (1 - CONFIDENCE, LEVEL / total)
    )
    passed = abs(mean - case.theory) <= joint and half <= case.cap * case.theory
    return Result(
        id=case.id,
        name=case.name,
        published=case.published,
        bib=case.bib,
        quantity=case.quantity,
        theory=case.theory,
        simulated=mean,
        low=mean - half,
        high=mean + half,
        joint_low=mean - joint,
        joint_high=mean + joint,
        half_width=half / case.theory,
        cap=case.cap,
        replications=len(sample),
        measured=case.system.run.measured,
        warm_up=case.system.run.warm_up,
        slow="yes" if case.slow else "no",
        passed="yes" if passed else "no",
        fingerprint=case.system.fingerprint,
    )


def _check_system(shared: list[Case], total: int) -> list[Result]:
    return [check(case, total) for case in shared]


def run_all(jobs: int = 1, progress: bool = False) -> list[Result]:
    """Check every case; cases that share a system are simulated together.

    Parameters
    ----------
    jobs : int
        Worker processes; -1 for one on every core.
    progress : bool
        Show a progress bar in a terminal.
    """
    groups = [list(group) for _, group in groupby(cases(), key=lambda case: case.system)]
    work = (delayed(_check_system)(group, len(cases())) for group in groups)
    done = Parallel(n_jobs=jobs, batch_size=1, return_as="generator")(work)
    bar = tqdm(done, total=len(groups), unit="system", disable=None if progress else True)
    return [row for rows in bar for row in rows]


def to_csv(results: Iterable[Result]) -> str:
    """Results as CSV text, numbers in full precision."""
    frame = pd.DataFrame([result.model_dump() for result in results])
    return frame.to_csv(index=False, lineterminator="\n")


def stored(root: Path = ROOT) -> Table[Result]:
    """The stored results.

    Raises
    ------
    StaleError
        If they do not come from the engine and the cases that stand beside them.
    """
    results = Table(Result, read_csv(Result, root))
    expected = {case.id: case.system.fingerprint for case in cases()}
    found = {result.id: result.fingerprint for result in results}
    stale = [key for key in expected | found if expected.get(key) != found.get(key)]
    if stale:
        raise StaleError(
            f"{Result.FILE}: {', '.join(stale)} come from another engine or another case: "
            "compendium verify --write"
        )
    return results


def number_passed(results: Iterable[Result]) -> int:
    """Number of cases that pass."""
    return sum(result.passed == "yes" for result in results)


def number_within(results: Iterable[Result]) -> int:
    """Number of cases with theory inside the 95 % interval taken alone."""
    return sum(result.low <= result.theory <= result.high for result in results)


def highest_load(results: Iterable[Result]) -> float:
    """Highest load in percent among the single queues, as their ids say."""
    return max(100 * float(r.id.partition("_")[2]) for r in results if r.id.startswith("mm"))


def largest_cap(results: Iterable[Result]) -> float:
    """Largest half-width with which a case may pass, in percent of theory."""
    return max(100 * result.cap for result in results)


def smallest_cap(results: Iterable[Result]) -> float:
    """Smallest half-width that a case may not exceed, in percent of theory."""
    return min(100 * result.cap for result in results)


def visible_bias(result: Result) -> float:
    """By how many percent service must be longer to move the queue of a case by its cap."""
    load, servers = float(result.id.partition("_")[2]), int(result.id[2 : result.id.index("_")])
    return 100 * queueing.visible_bias(load * servers, 1.0, servers, result.cap)


def confidence() -> float:
    """Confidence of the intervals shown, in percent."""
    return 100 * CONFIDENCE


def level() -> float:
    """Probability that any case fails though the engine is right, in percent."""
    return 100 * LEVEL
