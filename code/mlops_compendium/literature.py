"""Counts over the citation audit and the graded numbers, and what follows from those numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from types import SimpleNamespace

import numpy as np
import pandas as pd
from scipy import stats

from . import survey
from .load import (
    GRADES,
    PRACTICES,
    CitationAudit,
    Claim,
    Evidence,
    GradedNumber,
    LikertItem,
    ReviewedWork,
    Search,
    TermUse,
)

PRACTICE_LABELS = {
    "cicd": "CI/CD",
    "automation": "automation",
    "monitoring": "monitoring",
    "cloud": "cloud",
    "collaboration": "collaboration",
    "governance": "governance and data",
    "lifecycle": "lifecycle as a whole",
}
HOURS_PER_DAY = 24
HOURS_PER_WEEK = 7 * HOURS_PER_DAY
DAYS_PER_MONTH = 365.25 / 12
TIERS = ("elite", "high", "medium", "low")
TIERED = ("share", "deployment_interval", "lead_time", "cfr", "restore")


def located(audit: Iterable[CitationAudit]) -> int:
    """Number of citations whose work was located in the sources searched."""
    return sum(citation.located == "yes" for citation in audit)


def listed(audit: Iterable[CitationAudit], where: str) -> int:
    """Number of citations in one of the two reviews."""
    return sum(citation.listed == where for citation in audit)


def giving(audit: Iterable[CitationAudit], what: str) -> int:
    """Number of summaries in the paper that carry a number, a sample or a method."""
    return sum(what in citation.gives for citation in audit)


def confident(audit: Iterable[CitationAudit]) -> int:
    """Number of citations whose record is wrong as printed, with high confidence."""
    return sum(citation.confidence == "high" for citation in audit)


def years_without(audit: Iterable[CitationAudit], window: Claim) -> tuple[int, ...]:
    """Years of the window that the review announces from which it cites no work."""
    first, last = map(int, window.published)
    cited = {citation.year for citation in audit}
    return tuple(year for year in range(first, last + 1) if year not in cited)


def cited_twice(data: SimpleNamespace) -> list[tuple[str, str]]:
    """Citations that stand in both reviews, by authors and year: their ids in each."""
    return [
        (short.id, long.id)
        for short in data.literature_short_review
        for long in data.literature_table
        if (short.authors, short.year) == (long.authors, long.year)
    ]


def described_differently(data: SimpleNamespace) -> int:
    """Number of citations in both reviews whose two descriptions have other themes."""
    return sum(
        set(data.literature_short_review[short].themes) != set(data.literature_table[long].themes)
        for short, long in cited_twice(data)
    )


def searches(made: Iterable[Search], kind: str = "", *, without_hit: bool = False) -> int:
    """Number of searches, of one kind or of all, or only of those without a hit."""
    return sum(kind in ("", s.kind) and not (without_hit and s.hits) for s in made)


def earliest_use(terms: Iterable[TermUse]) -> TermUse:
    """Earliest dated document located that uses the term; a month counts before none."""
    return min(
        (term for term in terms if term.kind == "use"), key=lambda t: (t.year, t.month or 13)
    )


def earliest_month(terms: Iterable[TermUse]) -> tuple[int, int]:
    """Year and month of the earliest located use of the term.

    Raises
    ------
    ValueError
        If the month of that use was not seen.
    """
    use = earliest_use(terms)
    if use.month is None:
        raise ValueError(f"{use.source}: the month was not seen")
    return use.year, use.month


def titles_before_term(
    works: Iterable[ReviewedWork], terms: Iterable[TermUse]
) -> list[ReviewedWork]:
    """Works whose title holds the term MLOps and whose year lies before its earliest use."""
    first = earliest_use(terms).year
    return [work for work in works if "MLOps" in work.title and work.year < first]


def count_titles_before_term(works: Iterable[ReviewedWork], terms: Iterable[TermUse]) -> int:
    """Number of `titles_before_term`."""
    return len(titles_before_term(works, terms))


def bearing(evidence: Iterable[Evidence], kind: str) -> int:
    """Number of entries of the matrix that support, limit or give context to a statement."""
    return sum(entry.bearing == kind for entry in evidence)


def with_number(evidence: Iterable[Evidence]) -> int:
    """Number of entries of the matrix that rest on a graded number."""
    return sum(bool(entry.numbers) for entry in evidence)


def works(evidence: Iterable[Evidence]) -> int:
    """Number of different works in the matrix."""
    return len({entry.cite for entry in evidence})


def statements(evidence: Iterable[Evidence]) -> int:
    """Number of different statements of the paper in the matrix."""
    return len({claim for entry in evidence for claim in entry.claims})


def graded(numbers: Iterable[GradedNumber], grade: str) -> int:
    """Number of graded numbers of one grade."""
    return sum(number.grade == grade for number in numbers)


def sources(numbers: Iterable[GradedNumber]) -> int:
    """Number of different works behind the graded numbers."""
    return len({number.cite for number in numbers})


def share_of(numbers: Iterable[GradedNumber], domain: str) -> float:
    """Share of findings, in percent, that tell of machine learning or of software at large."""
    found = findings(numbers)
    return 100 * sum(row["domain"] == domain for row in found) / len(found)


def amount(number: GradedNumber) -> float | tuple[float, float]:
    """The number, or both ends of its band."""
    return (number.low, number.high) if number.value is None else number.value


def spread(numbers: Iterable[GradedNumber], cite: str, quantity: str) -> tuple[float, float]:
    """Lowest and highest value of one quantity in one source."""
    values = [n.value for n in numbers if (n.cite, n.quantity) == (cite, quantity)]
    return min(values), max(values)


def spread_of(numbers: Iterable[GradedNumber], cite: str, ending: str) -> tuple[float, float]:
    """Lowest and highest value of the numbers of one source whose id ends alike."""
    values = [n.value for n in numbers if n.cite == cite and n.id.endswith(f".{ending}")]
    return min(values), max(values)


def size(number: GradedNumber) -> int:
    """Number of those counted.

    Raises
    ------
    ValueError
        If it was not seen.
    """
    if number.n is None:
        raise ValueError(f"{number.source}: the number counted was not seen")
    return number.n


def findings(numbers: Iterable[GradedNumber]) -> list[dict]:
    """Gather numbers into findings: one quantity of one source, in one unit and grade.

    Delivery tiers of different years are different findings.
    """
    groups: dict[tuple, list[GradedNumber]] = {}
    for n in numbers:
        year = n.year if is_tier(n) else None
        groups.setdefault((n.practice, n.cite, n.quantity, n.unit, n.grade, year), []).append(n)
    return [
        {"practice": n.practice, "domain": n.domain, "grade": n.grade, "members": members}
        for members in groups.values()
        for n in members[:1]
    ]


def is_tier(number: GradedNumber) -> bool:
    """Whether a number describes a delivery tier of one year."""
    return number.label in TIERS and number.quantity in TIERED


def tiers(numbers: Iterable[GradedNumber]) -> pd.DataFrame:
    """Delivery tiers: one row for each year, tier and quantity, with the ends of its band."""
    rows = [
        (
            n.year,
            n.label,
            n.quantity,
            n.low if n.value is None else n.value,
            n.high if n.value is None else n.value,
            n.unit,
            n.grade,
        )
        for n in numbers
        if is_tier(n)
    ]
    columns = ["year", "tier", "quantity", "low", "high", "unit", "grade"]
    return pd.DataFrame(rows, columns=columns)


def by_grade(numbers: Iterable[GradedNumber], domain: str) -> pd.DataFrame:
    """Number of findings by practice and grade, in one domain."""
    counts = pd.DataFrame(0, index=list(PRACTICES), columns=list(GRADES))
    for finding in findings(numbers):
        if finding["domain"] == domain:
            counts.loc[finding["practice"], finding["grade"]] += 1
    return counts


def ratio_to_an_hour(band: GradedNumber) -> float:
    """Mean of the ends of a band of days, divided by one hour."""
    return (band.low + band.high) / 2 * HOURS_PER_DAY


def ratio_with_month_of(hours: GradedNumber) -> float:
    """Mean of a week and a month of so many hours, divided by one hour."""
    return (HOURS_PER_WEEK + hours.value) / 2


def weeks_in(hours: GradedNumber) -> float:
    """Weeks in a number of hours."""
    return hours.value / HOURS_PER_WEEK


def largest_ratio_to_an_hour(band: GradedNumber) -> float:
    """Upper end of a band of days, divided by one hour."""
    return band.high * HOURS_PER_DAY


def lognormal_through(days: tuple[float, ...], shares: tuple[float, ...]) -> tuple[float, float]:
    """Log-normal through cumulative shares: mean and standard deviation of the logarithm.

    Parameters
    ----------
    days : tuple of float
        Bounds of the bands.
    shares : tuple of float
        Share at or below each bound, between 0 and 1.

    Returns
    -------
    tuple of float
        Least squares of the logarithm on the normal quantiles of the shares.
    """
    sigma, mu = np.polyfit(stats.norm.ppf(shares), np.log(days), 1)
    return float(mu), float(sigma)


def lead_shares(
    numbers: SimpleNamespace, silent: str = "left out"
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Shares of the survey of 2020 whose model was in production within so many days.

    Parameters
    ----------
    numbers : Table of GradedNumber
        All graded numbers.
    silent : str
        What those who gave no time are taken for: ``left out``, ``fast`` or ``slow``.

    Returns
    -------
    tuple
        Bounds of the bands in days, and the cumulative share at each.
    """
    first, second, third, last = (
        numbers[f"algorithmia2020.lead_{band}"].value for band in ("7d", "8_30d", "31_90d", "90d")
    )
    answered = first + second + third + last
    total = answered if silent == "left out" else 100
    start = 100 - answered if silent == "fast" else 0
    shares = (np.cumsum([first, second, third]) + start) / total
    return (7, 30, 90), tuple(shares)


def lead_time(numbers: SimpleNamespace, silent: str = "left out") -> tuple[float, float]:
    """Log-normal time from model to production through `lead_shares`."""
    return lognormal_through(*lead_shares(numbers, silent))


def lognormal_median(mu_sigma: tuple[float, float]) -> float:
    """Median of a log-normal."""
    return math.exp(mu_sigma[0])


def lognormal_mean(mu_sigma: tuple[float, float]) -> float:
    """Mean of a log-normal."""
    return math.exp(mu_sigma[0] + mu_sigma[1] ** 2 / 2)


def lead_median(numbers: SimpleNamespace, silent: str = "left out") -> float:
    """Median time from model to production; see `lead_time`."""
    return lognormal_median(lead_time(numbers, silent))


def lead_median_bounds(numbers: SimpleNamespace) -> tuple[float, float]:
    """Median time to production if those who gave no time were all fast, or all slow."""
    return lead_median(numbers, "fast"), lead_median(numbers, "slow")


def lognormal_from_moments(mean: GradedNumber, median: GradedNumber) -> tuple[float, float]:
    """Log-normal that has this mean and median: mean and deviation of the logarithm."""
    return math.log(median.value), math.sqrt(2 * math.log(mean.value / median.value))


def exponential_mean(beyond: GradedNumber, days: float = 7) -> float:
    """Mean of an exponential time of which a share, in percent, goes beyond so many days."""
    return -days / math.log(beyond.value / 100)


def lognormal_share(days: np.ndarray, mu: float, sigma: float) -> np.ndarray:
    """Share, in percent, of a log-normal at or below so many days."""
    return 100 * stats.norm.cdf((np.log(days) - mu) / sigma)


def agreement_range(practices: Iterable[LikertItem]) -> tuple[float, float]:
    """Lowest and highest share that agrees with a practice in the paper."""
    shares = [survey.top_two_box(item) for item in practices]
    return min(shares), max(shares)
