"""Values of parameters that rest on graded numbers of the literature, recomputed from them.

What has no published number is assumed and stands in the data files only.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, sqrt

from ..load import GradedNumber, Table

Numbers = Table[GradedNumber]

SECONDS = 86_400
EFFORT_PER_CHANGE = 11.0  # person-days, assumed; the survey gives shares of time only
RUNS_PER_CANDIDATE = 15  # assumed; traces give the duration of one job


def _share(numbers: Numbers, *ids: str) -> float:
    """Sum of percentages or of the middles of their bands, as a share."""
    return sum(_middle(numbers, key) for key in ids) / 100


def _middle(numbers: Numbers, key: str) -> float:
    """A number, or the middle of its band."""
    number = numbers[key]
    return number.value if number.value is not None else (number.low + number.high) / 2


def preparation_effort(numbers: Numbers) -> float:
    """Share of time on data preparation, of the assumed effort for a change."""
    return EFFORT_PER_CHANGE * _share(numbers, "anaconda2020.data_preparation")


def tuning_effort(numbers: Numbers) -> float:
    """Share of time on selecting and training models, of the assumed effort for a change."""
    return EFFORT_PER_CHANGE * _share(numbers, "anaconda2020.selection", "anaconda2020.training")


def validation_effort(numbers: Numbers) -> float:
    """Share of time on visualisation, read as looking at results, of the assumed effort."""
    return EFFORT_PER_CHANGE * _share(numbers, "anaconda2020.visualization")


def deployment_effort(numbers: Numbers) -> float:
    """Share of time on deployment, of the assumed effort for a change."""
    return EFFORT_PER_CHANGE * _share(numbers, "anaconda2020.deployment")


def training_duration(numbers: Numbers) -> float:
    """Mean duration of a job, times the assumed number of jobs for a candidate, in days."""
    return RUNS_PER_CANDIDATE * numbers["hu2024.philly.duration_mean"].value / SECONDS


def training_cv(numbers: Numbers) -> float:
    """Coefficient of variation of that many independent log-normal jobs together."""
    sigma = numbers["hu2024.pai.lognormal_sigma"].value
    return sqrt((exp(sigma**2) - 1) / RUNS_PER_CANDIDATE)


def training_failure(numbers: Numbers) -> float:
    """Share of jobs that end failed."""
    return _share(numbers, "hu2024.helios.failed_share")


def failed_run_share(numbers: Numbers) -> float:
    """Share of compute time that failed jobs take, over their share of jobs."""
    time, jobs = numbers["hu2024.helios.failed_time_share"], numbers["hu2024.helios.failed_share"]
    return time.value / jobs.value


def restore_delay_manual(numbers: Numbers) -> float:
    """Geometric middle of the band of the low tier, in days."""
    band = numbers["dora2019.low.restore"]
    return sqrt(band.low * band.high)


def restore_delay_cicd(numbers: Numbers) -> float:
    """Upper end of the band of the elite tier, in days."""
    return numbers["dora2019.elite.restore"].high


def _slip(failure_rate: float, escapes: float) -> float:
    """Probability of a slip that gives a change failure rate together with escaped defects."""
    return 1 - (1 - failure_rate) / (1 - escapes)


def slip_probability_manual(numbers: Numbers, escapes: float) -> float:
    """Slip that puts the change failure rate in the middle of the band of the low tier.

    Parameters
    ----------
    numbers : Table of GradedNumber
        The graded numbers.
    escapes : float
        Share of candidates that carry a defect past validation.
    """
    return _slip(_share(numbers, "dora2019.low.cfr"), escapes)


def slip_probability_automated(numbers: Numbers, escapes: float) -> float:
    """Slip that puts the change failure rate in the middle of the band of the elite tier."""
    return _slip(_share(numbers, "dora2019.elite.cfr"), escapes)


BASE: dict[str, Callable[[Numbers], float]] = {
    function.__name__: function
    for function in (
        preparation_effort,
        tuning_effort,
        validation_effort,
        deployment_effort,
        training_duration,
        training_cv,
        training_failure,
        failed_run_share,
    )
} | {"restore_delay": restore_delay_manual}
