"""What published whole-number percentages leave open when no sample size is given.

Pure functions of plain numbers and of the records of `load`. Percentages run from 0 to 100; the
granularity tests, couplings and ties are exact (whole numbers and fractions, read from the printed
decimals), only quantiles and roots are floating point.
"""

from __future__ import annotations

import math
import operator
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import partial
from itertools import accumulate, combinations, pairwise
from numbers import Integral
from types import SimpleNamespace

import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import multinomial_proportions_confint, proportion_confint

from .load import LikertItem, MonitoringTool
from .survey import SCORES

SizeTest = Callable[[int], bool]
"""Says of a sample size whether some published numbers can come from it."""

COUPLINGS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "comonotone": min,
    "independent": operator.mul,
    "countermonotone": lambda u, v: max(Fraction(0), u + v - 1),
}
"""Joint distribution function for each coupling, from the two marginal ones (shares of 1)."""

OVERLAPS = ("most", "independent", "least")
CORRECTIONS = ("none", "bonferroni")
HALVES = ("any", "up", "even")


def _exact(value: float) -> Fraction:
    """Value as the fraction its printed decimals say (4.2 is 21/5)."""
    return Fraction(str(value))


def _allowed(name: str, value: object, condition: bool, allowed: str) -> None:
    """Refuse a value, naming it and what is allowed."""
    if not condition:
        raise ValueError(f"{name} is {value!r}; allowed is {allowed}")


def _check_percent(percent: float) -> None:
    _allowed("percent", percent, 0 <= percent <= 100, "0 to 100")


def _check_size(n: int) -> None:
    _allowed("n", n, isinstance(n, Integral) and n >= 1, "a whole number from 1")


def _check_confidence(confidence: float) -> None:
    _allowed("confidence", confidence, 0 < confidence < 1, "above 0 and below 1")


# --- Granularity: which sample sizes can have produced the printed numbers -----------------------


def _numerators(value: float, n: int, decimals: int, halves: str, scale: int) -> range:
    """Whole numbers k for which scale * k / n prints as value."""
    _check_size(n)
    _allowed("decimals", decimals, isinstance(decimals, Integral) and decimals >= 0, "0, 1, 2, ...")
    _allowed("halves", halves, halves in HALVES, ", ".join(HALVES))
    printed = _exact(value) * 10**decimals
    _allowed("value", value, printed.denominator == 1, f"a number with {decimals} decimals")
    unit = 2 * scale * 10**decimals
    low, high = (2 * printed.numerator - 1) * n, (2 * printed.numerator + 1) * n
    both_ends = halves == "any" or (halves == "even" and printed.numerator % 2 == 0)
    first = -(-low // unit) if both_ends or halves == "up" else low // unit + 1
    last = high // unit if both_ends else -(-high // unit) - 1
    return range(first, last + 1)


def possible_counts(percent: float, n: int, decimals: int = 0, halves: str = "any") -> range:
    """Counts out of n that round to a published percentage.

    Parameters
    ----------
    percent : float
        Published percentage, 0 to 100.
    n : int
        Sample size, at least 1.
    decimals : int
        Decimals to which it was printed.
    halves : {'any', 'up', 'even'}
        What a value halfway between two printed ones became: either of them, the upper one, or the
        one with an even last digit. With 'any', a size that fails does so under every rounding to
        the nearest; but one and the same half may be printed up in one cell, down in another.

    Returns
    -------
    range
        Every count k from 0 to n with |100 k / n - percent| below half a unit of the last printed
        digit, or at it if halves says so; empty if there is none.

    Raises
    ------
    ValueError
        If a value is not allowed, or percent has more decimals than stated.
    """
    _check_percent(percent)
    counts = _numerators(percent, n, decimals, halves, scale=100)
    return range(max(0, counts.start), min(n, counts.stop - 1) + 1)


def fits_single(percent: float, n: int, decimals: int = 0, halves: str = "any") -> bool:
    """Whether some count out of n rounds to a percentage; see `possible_counts`.

    For a proportion on its own, such as one row of a table with several answers allowed. Whole
    percentages fit every n from 100.
    """
    return len(possible_counts(percent, n, decimals, halves)) > 0


def fits_multinomial(
    shares: Sequence[float], n: int, decimals: int = 0, halves: str = "any"
) -> bool:
    """Whether counts that sum to n can round to all the shares of one item.

    Parameters
    ----------
    shares : sequence of float
        Published percentages of categories of which each respondent chose one.
    n : int
        Sample size, at least 1.
    decimals : int
        Decimals to which each share was printed.
    halves : {'any', 'up', 'even'}
        As `possible_counts`; 'any' allows for halves adjusted to make a row sum to 100.

    Returns
    -------
    bool
        True if there are counts, each among the `possible_counts` of its share, that sum to n. The
        shares themselves need not sum to 100. Whole shares that do sum to 100 fit every n from 200.

    Raises
    ------
    ValueError
        As `possible_counts`.
    """
    counts = [possible_counts(share, n, decimals, halves) for share in shares]
    return all(counts) and sum(c[0] for c in counts) <= n <= sum(c[-1] for c in counts)


def fits_mean(
    mean: float, n: int, decimals: int = 1, low: int = 1, high: int = 5, halves: str = "any"
) -> bool:
    """Whether n whole numbers can have a published mean (the GRIM test).

    Parameters
    ----------
    mean : float
        Published mean, in points from low to high.
    n : int
        How many numbers were averaged, at least 1.
    decimals : int
        Decimals to which the mean was printed.
    low, high : int
        Ends of the scale.
    halves : {'any', 'up', 'even'}
        As `possible_counts`.

    Returns
    -------
    bool
        True if some total from n * low to n * high, divided by n, rounds to the mean. Means with
        one decimal fit every n from 10.

    Raises
    ------
    ValueError
        If a value is not allowed, the mean is off the scale or has more decimals than stated.

    Notes
    -----
    Source: Brown and Heathers (2017), key ``brown2017``.
    """
    _allowed("mean", mean, low <= mean <= high, f"{low} to {high}")
    # The mean lies on the scale and its ends are whole totals: a total beyond them is never needed.
    return len(_numerators(mean, n, decimals, halves, scale=1)) > 0


def fits_tool(tool: MonitoringTool, n: int, halves: str = "any") -> bool:
    """Whether n organisations can give both the use and the rating of a tool (Table 4).

    Assumes that those who use the tool rated it, each with a whole number from 1 to 5.

    Parameters
    ----------
    tool : MonitoringTool
        Use in whole percent and mean rating with one decimal.
    n : int
        Organisations asked, at least 1.
    halves : {'any', 'up', 'even'}
        As `possible_counts`.

    Returns
    -------
    bool
        True if some count of users, at least 1, rounds to the use and passes `fits_mean` for the
        rating.

    Raises
    ------
    ValueError
        As `possible_counts` and `fits_mean`.
    """
    users = possible_counts(tool.use, n, halves=halves)
    return any(fits_mean(tool.rating, m, halves=halves) for m in users if m >= 1)


def fits_exactly(shares: Sequence[float], n: int) -> bool:
    """Whether every share is a whole count out of n, without any rounding.

    Parameters
    ----------
    shares : sequence of float
        Percentages; one of them alone, a row of a table or several rows.
    n : int
        Sample size, at least 1.

    Returns
    -------
    bool
        True if n * share / 100 is whole for every share.

    Raises
    ------
    ValueError
        If n or a share is not allowed.
    """
    _check_size(n)
    for share in shares:
        _check_percent(share)
    return all((_exact(share) * n / 100).denominator == 1 for share in shares)


def compatible_sizes(tests: Iterable[SizeTest], largest: int) -> list[int]:
    """Sample sizes that pass every test.

    Parameters
    ----------
    tests : iterable of callable
        Each says of a sample size whether it fits; see `table_tests`.
    largest : int
        Largest size tried, at least 1.

    Returns
    -------
    list of int
        Every n from 1 to largest that passes all tests, ascending.

    Raises
    ------
    ValueError
        If largest is not allowed.
    """
    _check_size(largest)
    tests = list(tests)
    return [n for n in range(1, largest + 1) if all(test(n) for test in tests)]


def smallest_size(tests: Iterable[SizeTest], largest: int = 400) -> int | None:
    """Smallest of the `compatible_sizes`; None if none up to largest fits."""
    return min(compatible_sizes(tests, largest), default=None)


def largest_incompatible_size(tests: Iterable[SizeTest], largest: int = 400) -> int | None:
    """Largest sample size that fails a test: beyond it every n up to largest fits.

    None if all fit. Sizes beyond 400 need not be tried for the paper's tables: whole shares that
    sum to 100 fit every n from 200, single ones every n from 100.
    """
    fitting = set(compatible_sizes(tests, largest))
    return max((n for n in range(1, largest + 1) if n not in fitting), default=None)


def table_tests(
    paper: SimpleNamespace, exact: bool = False, halves: str = "any"
) -> dict[str, list[SizeTest]]:
    """Tests of the sample size, one for each row of each survey table.

    Parameters
    ----------
    paper : SimpleNamespace
        With ``practices``, ``challenges``, ``monitoring_tools`` and ``culture``, as `load.paper`.
    exact : bool
        If true, the percentages must be whole counts without rounding (`fits_exactly`); the ratings
        of Table 4 are then not tested.
    halves : {'any', 'up', 'even'}
        As `possible_counts`; one rule for all cells, unless 'any'.

    Returns
    -------
    dict
        Lists of tests by 'Table 1', 'Table 2', 'Table 4' and 'Table 5'. Table 3 holds no shares of
        a sample. One sample behind all tables: chain the lists.
    """
    if exact:
        rows = {
            "Table 1": [item.shares for item in paper.practices],
            "Table 2": [(challenge.percent,) for challenge in paper.challenges],
            "Table 4": [(tool.use,) for tool in paper.monitoring_tools],
            "Table 5": [(aspect.percent,) for aspect in paper.culture],
        }
        return {name: [partial(fits_exactly, shares) for shares in rows[name]] for name in rows}
    single = partial(fits_single, halves=halves)
    return {
        "Table 1": [
            partial(fits_multinomial, item.shares, halves=halves) for item in paper.practices
        ],
        "Table 2": [partial(single, challenge.percent) for challenge in paper.challenges],
        "Table 4": [partial(fits_tool, tool, halves=halves) for tool in paper.monitoring_tools],
        "Table 5": [partial(single, aspect.percent) for aspect in paper.culture],
    }


def size_summary(
    paper: SimpleNamespace, largest: int = 400, exact: bool = False, halves: str = "any"
) -> pd.DataFrame:
    """Which sample sizes each table, and all of them together, leave open.

    Parameters
    ----------
    paper, exact, halves
        As `table_tests`.
    largest : int
        Largest size tried, at least 1.

    Returns
    -------
    DataFrame
        Indexed by table, last 'all together' (one sample behind every table), with ``smallest``
        (smallest fitting size), ``fitting`` (how many sizes fit) and ``largest_failing`` (beyond it
        every size tried fits; with exact there is no such size, and it is just below or at
        largest), each a whole number or missing.
    """
    tests = table_tests(paper, exact, halves)
    tests["all together"] = [test for group in tests.values() for test in group]
    rows = {
        name: {
            "smallest": smallest_size(group, largest),
            "fitting": len(compatible_sizes(group, largest)),
            "largest_failing": largest_incompatible_size(group, largest),
        }
        for name, group in tests.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").astype("Int64")


# --- Intervals: what a share would say if n were known -------------------------------------------


def wilson(percent: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson score interval of one share.

    Parameters
    ----------
    percent : float
        Observed share, 0 to 100; the count is n * percent / 100, not rounded.
    n : float
        Assumed sample size, any positive number.
    confidence : float
        Two-sided confidence, above 0 and below 1.

    Returns
    -------
    tuple of float
        Lower and upper end, in percent.

    Raises
    ------
    ValueError
        If a value is not allowed.

    Notes
    -----
    Source: Wilson (1927), by `statsmodels.stats.proportion.proportion_confint`.
    """
    _check_percent(percent)
    _allowed("n", n, 0 < n < math.inf, "a number above 0")
    _check_confidence(confidence)
    low, high = proportion_confint(n * percent / 100, n, alpha=1 - confidence, method="wilson")
    return 100 * float(low), 100 * float(high)


def goodman(
    shares: Sequence[float], n: float, confidence: float = 0.95
) -> list[tuple[float, float]]:
    """Simultaneous intervals of the shares of one item.

    Parameters
    ----------
    shares : sequence of float
        Observed shares of categories of which each respondent chose one, in percent; brought to a
        sum of 100. The counts are not rounded.
    n : float
        Assumed sample size, any positive number.
    confidence : float
        Confidence that all intervals hold at once, above 0 and below 1.

    Returns
    -------
    list of tuple of float
        Lower and upper end of each share, in percent, in the order given.

    Raises
    ------
    ValueError
        If a value is not allowed or the shares sum to 0.

    Notes
    -----
    Source: Goodman (1965), by `statsmodels.stats.proportion.multinomial_proportions_confint`, which
    takes any non-negative counts. The approximation wants counts of 5 or more.
    """
    for share in shares:
        _check_percent(share)
    _allowed("n", n, 0 < n < math.inf, "a number above 0")
    _check_confidence(confidence)
    total = sum(shares)
    _allowed("sum of shares", total, total > 0, "a number above 0")
    counts = [n * share / total for share in shares]
    ends = multinomial_proportions_confint(counts, alpha=1 - confidence, method="goodman")
    return [(100 * float(low), 100 * float(high)) for low, high in ends.clip(0, 1)]


def half_width_size(percent: float, half_width: float, confidence: float = 0.95) -> int:
    """Smallest sample size at which the Wilson interval is narrow enough.

    Parameters
    ----------
    percent : float
        Observed share, 0 to 100.
    half_width : float
        Largest accepted half-width, in percentage points, above 0.
    confidence : float
        Two-sided confidence, above 0 and below 1.

    Returns
    -------
    int
        Smallest n at which half the length of `wilson` is at most half_width.

    Raises
    ------
    ValueError
        If a value is not allowed.

    Notes
    -----
    The half-width falls with n and is at most z / (2 sqrt(n + z**2)), which bounds the search.
    """
    _allowed("half_width", half_width, 0 < half_width < math.inf, "a number above 0")

    def narrow(n: int) -> bool:
        low, high = wilson(percent, n, confidence)
        return (high - low) / 2 <= half_width

    enough = math.ceil((50 * _quantile(confidence) / half_width) ** 2) + 1
    return bisect_left(range(1, enough + 1), True, key=narrow) + 1


def _quantile(confidence: float) -> float:
    """Standard normal quantile z of a two-sided confidence."""
    _check_confidence(confidence)
    return float(stats.norm.isf((1 - confidence) / 2))


# --- Joint shares: what two marginal distributions leave open ------------------------------------


def frechet_bounds(p1: float, p2: float) -> tuple[float, float]:
    """Smallest and largest share that can have both of two properties.

    Parameters
    ----------
    p1, p2 : float
        Share of the same respondents with each property, in percent.

    Returns
    -------
    tuple of float
        max(0, p1 + p2 - 100) and min(p1, p2), in percent.

    Raises
    ------
    ValueError
        If a share is outside 0 to 100.

    Notes
    -----
    Source: Frechet (1951).
    """
    _check_percent(p1)
    _check_percent(p2)
    return float(max(0, _exact(p1) + _exact(p2) - 100)), float(min(p1, p2))


def _correlation(covariance: Fraction, variance_a: Fraction, variance_b: Fraction) -> float:
    """Correlation from exact moments; exactly 1 or -1 where it is."""
    return math.copysign(math.sqrt(covariance**2 / (variance_a * variance_b)), covariance)


def _cumulative(item: LikertItem) -> list[Fraction]:
    """Distribution function from 0 to 1 over the responses, six values."""
    sums = list(accumulate((_exact(share) for share in item.shares), initial=Fraction(0)))
    _allowed(f"sum of shares of {item.id!r}", float(sums[-1]), sums[-1] > 0, "a number above 0")
    return [value / sums[-1] for value in sums]


def _mean(item: LikertItem) -> Fraction:
    """Mean score, exact; see `survey.mean_score`."""
    steps = pairwise(_cumulative(item))
    return sum(score * (b - a) for score, (a, b) in zip(SCORES, steps, strict=True))


def _covariance(item_a: LikertItem, item_b: LikertItem, coupling: str) -> Fraction:
    """Covariance of two items' scores under a coupling, exact."""
    _allowed("coupling", coupling, coupling in COUPLINGS, ", ".join(COUPLINGS))
    joint, f, g = COUPLINGS[coupling], _cumulative(item_a), _cumulative(item_b)
    product = sum(
        score_a * score_b * (joint(u1, v1) - joint(u0, v1) - joint(u1, v0) + joint(u0, v0))
        for score_a, (u0, u1) in zip(SCORES, pairwise(f), strict=True)
        for score_b, (v0, v1) in zip(SCORES, pairwise(g), strict=True)
    )
    return product - _mean(item_a) * _mean(item_b)


def _variance(item: LikertItem) -> Fraction:
    """Variance of an item's scores, exact: its covariance with itself."""
    return _covariance(item, item, "comonotone")


def correlation_bounds(item_a: LikertItem, item_b: LikertItem) -> tuple[float, float]:
    """Lowest and highest Pearson correlation of two items' scores (5 to 1).

    Parameters
    ----------
    item_a, item_b : LikertItem
        Two items answered by the same respondents; each item's shares are brought to a sum of 100.

    Returns
    -------
    tuple of float
        Correlation under the countermonotone and the comonotone coupling: the extremes over all
        joint distributions with these marginals. Among several items all highest values can hold at
        once; all lowest ones need not.

    Raises
    ------
    ValueError
        If an item has all its answers on one response: the correlation is then not defined.

    Notes
    -----
    Source: Hoeffding (1940), Frechet (1951).
    """
    for item in (item_a, item_b):
        spread = _variance(item)
        _allowed(f"variance of {item.id!r}", float(spread), spread > 0, "a number above 0")
    low, high = (
        _correlation(_covariance(item_a, item_b, coupling), _variance(item_a), _variance(item_b))
        for coupling in ("countermonotone", "comonotone")
    )
    return low, high


def correlation_bounds_table(items: Iterable[LikertItem]) -> pd.DataFrame:
    """`correlation_bounds` of every pair of items.

    Parameters
    ----------
    items : iterable of LikertItem
        Items answered by the same respondents.

    Returns
    -------
    DataFrame
        One row for each pair in the order given: ``first``, ``second`` (ids), ``low``, ``high``.

    Raises
    ------
    ValueError
        As `correlation_bounds`.
    """
    rows = [(a.id, b.id, *correlation_bounds(a, b)) for a, b in combinations(items, 2)]
    return pd.DataFrame(rows, columns=["first", "second", "low", "high"])


# --- Rankings: how many respondents an order needs -----------------------------------------------


def _size_beyond(difference: Fraction, variance: Fraction, confidence: float) -> int | float:
    """Smallest n at which |difference| > z sqrt(variance / n); inf for a tie."""
    z = _quantile(confidence)
    if difference == 0:
        return math.inf
    return math.floor(z**2 * float(variance / difference**2)) + 1


def _overlap(p1: float, p2: float, joint: str | float) -> Fraction:
    """Joint share of two properties, as a share of 1."""
    low, high = frechet_bounds(p1, p2)
    if isinstance(joint, str):
        _allowed("joint", joint, joint in OVERLAPS, f"{', '.join(OVERLAPS)} or a percentage")
        if joint == "independent":
            return _exact(p1) * _exact(p2) / 10**4
        return _exact(high if joint == "most" else low) / 100
    _allowed("joint", joint, low <= joint <= high, f"{low:g} to {high:g} for {p1:g} and {p2:g}")
    return _exact(joint) / 100


def size_to_separate(
    p1: float, p2: float, confidence: float = 0.95, joint: str | float = "independent"
) -> int | float:
    """Smallest sample size at which two shares of the same respondents differ significantly.

    Parameters
    ----------
    p1, p2 : float
        Published shares, in percent; each respondent may have both properties.
    confidence : float
        Two-sided confidence, above 0 and below 1.
    joint : {'most', 'independent', 'least'} or float
        Share with both properties: the largest possible (best case), that of independence, the
        smallest possible (worst case), or a percentage within `frechet_bounds`. For two categories
        of one item, of which each respondent chose one, it is 0.

    Returns
    -------
    int or float
        Smallest n at which |p1 - p2| exceeds z standard errors; ``math.inf`` for a tie, which no
        sample separates.

    Raises
    ------
    ValueError
        If a value is not allowed.

    Notes
    -----
    Wald test of paired proportions, the setting of McNemar (1947): with p10 and p01 the shares with
    only the first and only the second property, the difference has the variance
    (p10 + p01 - (p10 - p01)**2) / n. Where few respondents differ in the two properties it asks for
    fewer than the exact test does: with all of 5 % on one side 73, where the exact test wants six
    such respondents and so about 120.
    """
    both = _overlap(p1, p2, joint)
    only_first, only_second = _exact(p1) / 100 - both, _exact(p2) / 100 - both
    difference = only_first - only_second
    return _size_beyond(difference, only_first + only_second - difference**2, confidence)


def size_to_separate_means(
    item_a: LikertItem,
    item_b: LikertItem,
    confidence: float = 0.95,
    coupling: str = "independent",
) -> int | float:
    """Smallest sample size at which the mean scores of two items differ significantly.

    Parameters
    ----------
    item_a, item_b : LikertItem
        Two items answered by the same respondents.
    confidence : float
        Two-sided confidence, above 0 and below 1.
    coupling : {'comonotone', 'independent', 'countermonotone'}
        How the answers go together: as alike as the shares allow (best case), independently, as
        opposed as the shares allow (worst case).

    Returns
    -------
    int or float
        Smallest n at which the difference of the means exceeds z standard errors of the paired
        difference (Wald); ``math.inf`` for a tie.

    Raises
    ------
    ValueError
        If a value is not allowed.
    """
    covariance = _covariance(item_a, item_b, coupling)
    variance = _variance(item_a) + _variance(item_b) - 2 * covariance
    return _size_beyond(_mean(item_a) - _mean(item_b), variance, confidence)


SEPARATION_COLUMNS = ["higher", "lower", "difference", "best", "independent", "worst"]


def _neighbours(
    values: dict[str, float] | dict[str, Fraction], confidence: float, correction: str
) -> tuple[list[tuple[str, str]], float]:
    """Neighbouring pairs of a ranking and the confidence for each of them."""
    _check_confidence(confidence)
    _allowed("correction", correction, correction in CORRECTIONS, " or ".join(CORRECTIONS))
    pairs = list(pairwise(sorted(values, key=values.__getitem__, reverse=True)))
    if correction == "bonferroni" and pairs:
        confidence = 1 - (1 - confidence) / len(pairs)
    return pairs, confidence


def separations(
    values: dict[str, float], confidence: float = 0.95, correction: str = "none"
) -> pd.DataFrame:
    """Sample sizes that the ranking of a table needs, pair of neighbours by pair.

    Parameters
    ----------
    values : dict
        Published share of each id, in percent, all of the same respondents.
    confidence : float
        Two-sided confidence: of each pair, or with a correction of all pairs at once.
    correction : {'none', 'bonferroni'}
        Whether the error is divided by the number of neighbouring pairs, ties included.

    Returns
    -------
    DataFrame
        One row for each pair of neighbours, highest first, ties in the order given: ``higher`` and
        ``lower`` (ids), ``difference`` (percentage points) and the result of `size_to_separate` for
        the largest overlap (``best``), independence and the smallest overlap (``worst``), floats,
        infinite for a tie. The largest value of a column is what the whole order needs.

    Raises
    ------
    ValueError
        If a value is not allowed.
    """
    pairs, each = _neighbours(values, confidence, correction)
    rows = [
        (
            *(a, b, float(_exact(values[a]) - _exact(values[b]))),
            *(float(size_to_separate(values[a], values[b], each, joint)) for joint in OVERLAPS),
        )
        for a, b in pairs
    ]
    return pd.DataFrame(rows, columns=SEPARATION_COLUMNS)


def separations_of_means(
    items: Iterable[LikertItem], confidence: float = 0.95, correction: str = "none"
) -> pd.DataFrame:
    """Sample sizes that the ranking of items by mean score needs; see `separations`.

    Parameters
    ----------
    items : iterable of LikertItem
        Items answered by the same respondents.
    confidence, correction
        As `separations`.

    Returns
    -------
    DataFrame
        As `separations`, with ``difference`` in points of the five-point scale and the result of
        `size_to_separate_means` for the comonotone (``best``), independent and countermonotone
        (``worst``) coupling.

    Raises
    ------
    ValueError
        If a value is not allowed.
    """
    by_id = {item.id: item for item in items}
    means = {key: _mean(item) for key, item in by_id.items()}
    pairs, each = _neighbours(means, confidence, correction)
    rows = [
        (
            *(a, b, float(means[a] - means[b])),
            *(float(size_to_separate_means(by_id[a], by_id[b], each, how)) for how in COUPLINGS),
        )
        for a, b in pairs
    ]
    return pd.DataFrame(rows, columns=SEPARATION_COLUMNS)


# --- Digit preference: how many percentages are multiples of five --------------------------------


def multiples_of(values: Iterable[float], step: int = 5) -> tuple[int, int]:
    """How many values are whole multiples of a step, and how many values there are.

    Parameters
    ----------
    values : iterable of float
        Published percentages.
    step : int
        At least 1.

    Returns
    -------
    tuple of int
        Count of multiples and count of values.

    Raises
    ------
    ValueError
        If the step is not allowed.
    """
    _allowed("step", step, isinstance(step, Integral) and step >= 1, "a whole number from 1")
    hits = [_exact(value) % step == 0 for value in values]
    return sum(hits), len(hits)


def digit_preference_p(count: int, total: int, chance: float = 0.2) -> float:
    """Probability of at least so many multiples if each value is one by chance.

    Parameters
    ----------
    count, total : int
        How many of how many values are multiples; see `multiples_of`.
    chance : float
        Probability that one value is a multiple, 0 to 1: 0.2 for multiples of five under uniform
        last digits, or the `multiples_possible` of a sample size.

    Returns
    -------
    float
        Exact one-sided binomial probability. It takes the values as independent; of shares that sum
        to 100 one follows from the others and should be left out.

    Raises
    ------
    ValueError
        If count is not among 0 to total or chance not within 0 to 1.
    """
    return float(stats.binomtest(count, total, chance, alternative="greater").pvalue)


def multiples_possible(n: int, step: int = 5) -> float:
    """Share of the whole percentages a sample can produce that are multiples of a step.

    Parameters
    ----------
    n : int
        Sample size, at least 1.
    step : int
        At least 1.

    Returns
    -------
    float
        From 0 to 1, over the different values of 100 k / n rounded half up, k from 0 to n. It is 1
        for n = 20 and step 5, where nobody need have rounded to fives, and 21 / 101 from n = 100.

    Raises
    ------
    ValueError
        If n or the step is not allowed.
    """
    _check_size(n)
    count, total = multiples_of({(200 * k + n) // (2 * n) for k in range(n + 1)}, step)
    return count / total
