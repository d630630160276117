"""Uncertainty against enumeration, published values, linear programmes and exact sums."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache
from itertools import chain, combinations, combinations_with_replacement, pairwise, product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.stats import binomtest, norm

from mlops_compendium import load, survey
from mlops_compendium import uncertainty as u

SCORES = np.array([5, 4, 3, 2, 1])
DERANDOMIZED = settings(derandomize=True, deadline=None, max_examples=100)
FEW = settings(derandomize=True, deadline=None, max_examples=25)

percents = st.integers(0, 100)
inner_percents = st.integers(1, 99)
confidences = st.sampled_from([0.8, 0.9, 0.95, 0.99])


def item(*shares: float, name: str = "x") -> load.LikertItem:
    return load.LikertItem(id=name, label=name, shares=shares)


@st.composite
def whole_shares(draw, categories: int = 5) -> tuple[int, ...]:
    """Whole percentages that sum to 100."""
    cuts = sorted(draw(st.lists(percents, min_size=categories - 1, max_size=categories - 1)))
    return tuple(b - a for a, b in pairwise([0, *cuts, 100]))


@cache
def survey_tables() -> SimpleNamespace:
    """The survey tables, read without the rest of the paper's data."""
    shares: dict[str, list[float]] = {}
    for answer in load.read_csv(load.Answer):
        shares.setdefault(answer.practice, []).append(answer.percent)
    return SimpleNamespace(
        practices=[item(*row, name=name) for name, row in shares.items()],
        challenges=load.read_csv(load.Challenge),
        monitoring_tools=load.read_csv(load.MonitoringTool),
        culture=load.read_csv(load.CultureAspect),
    )


@pytest.fixture(name="paper")
def _paper() -> SimpleNamespace:
    return survey_tables()


# --- Granularity: every rounding is done by decimal arithmetic and looked up --------------------


RULES = {
    "any": (ROUND_HALF_UP, ROUND_HALF_DOWN),
    "up": (ROUND_HALF_UP,),
    "even": (ROUND_HALF_EVEN,),
}
every_rule = pytest.mark.parametrize("halves", RULES)


@cache
def prints(numerator: int, denominator: int, decimals: int, halves: str) -> frozenset[Decimal]:
    """How numerator / denominator can be printed."""
    unit = Decimal(1).scaleb(-decimals)
    value = Decimal(numerator) / Decimal(denominator)
    return frozenset(value.quantize(unit, rule) for rule in RULES[halves])


@cache
def printable(n: int, decimals: int, halves: str) -> frozenset[Decimal]:
    """Every percentage that a sample of n can print."""
    return frozenset().union(*(prints(100 * k, n, decimals, halves) for k in range(n + 1)))


@cache
def printable_rows(n: int, categories: int, halves: str) -> frozenset[tuple[int, ...]]:
    """Every row of whole percentages that n respondents in so many categories can print."""
    rows = set()
    for bars in combinations(range(n + categories - 1), categories - 1):
        edges = (-1, *bars, n + categories - 1)
        counts = [b - a - 1 for a, b in pairwise(edges)]
        rows |= set(product(*(map(int, prints(100 * k, n, 0, halves)) for k in counts)))
    return frozenset(rows)


def fits_by_sums(shares: tuple[float, ...], n: int, halves: str) -> bool:
    """Multinomial fit through the set of all sums of fitting counts."""
    sums = {0}
    for share in shares:
        counts = [k for k in range(n + 1) if Decimal(share) in prints(100 * k, n, 0, halves)]
        sums = {total + k for total in sums for k in counts}
    return n in sums


def fits_by_search(tool: load.MonitoringTool, n: int, halves: str) -> bool:
    """Tool fit through every count of users and every total of their ratings."""
    rating = Decimal(str(tool.rating))
    return any(
        rating in prints(total, m, 1, halves)
        for m in range(1, n + 1)
        if Decimal(tool.use) in prints(100 * m, n, 0, halves)
        for total in range(m, 5 * m + 1)
    )


@every_rule
@pytest.mark.parametrize(("decimals", "largest"), [(0, 110), (1, 20)])
def test_single_fits_exactly_the_percentages_that_a_count_can_print(decimals, largest, halves):
    grid = [Decimal(k).scaleb(-decimals) for k in range(100 * 10**decimals + 1)]
    for n in range(1, largest + 1):
        fitting = {p for p in grid if u.fits_single(float(p), n, decimals, halves)}
        assert fitting == printable(n, decimals, halves), n


@every_rule
def test_possible_counts_are_the_counts_that_print_the_percentage(halves):
    for n in (1, 7, 8, 40, 200, 333):
        for percent in range(101):
            expected = [k for k in range(n + 1) if percent in prints(100 * k, n, 0, halves)]
            assert list(u.possible_counts(percent, n, 0, halves)) == expected, (percent, n)


@pytest.mark.parametrize(
    ("percent", "alone", "in_a_row"),
    [
        (11, set(), set()),
        (12, {"any", "even"}, {"any", "even"}),
        (13, {"any", "up"}, {"any"}),  # 7 of 8 is 87.5 %, never 87 under one rule
        (14, set(), set()),
    ],
)
def test_one_of_eight_is_half_a_unit_from_two_percentages(percent, alone, in_a_row):
    row = (percent, 100 - percent)
    assert {rule for rule in RULES if u.fits_single(percent, 8, 0, rule)} == alone
    assert {rule for rule in RULES if u.fits_multinomial(row, 8, 0, rule)} == in_a_row


@every_rule
def test_multinomial_fits_exactly_the_rows_that_counts_can_print_three_categories(halves):
    n = 8  # every odd count is half a unit from two percentages
    rows = [
        (a, b, total - a - b)
        for total in range(99, 102)
        for a in range(101)
        for b in range(max(0, total - a - 100), min(100, total - a) + 1)
    ]
    expected = printable_rows(n, 3, halves)
    assert all(99 <= sum(row) <= 101 for row in expected)
    assert {row for row in rows if u.fits_multinomial(row, n, 0, halves)} == expected


@every_rule
@DERANDOMIZED
@given(data=st.data(), n=st.integers(1, 8))
def test_multinomial_fits_exactly_the_rows_that_counts_can_print_five_categories(halves, data, n):
    rows = printable_rows(n, 5, halves)
    row = data.draw(st.sampled_from(sorted(rows)))
    steps = [data.draw(st.sampled_from([-1, 0, 0, 0, 1])) for _ in row]
    moved = tuple(share + step for share, step in zip(row, steps, strict=True))
    assume(all(0 <= share <= 100 for share in moved))
    assert u.fits_multinomial(row, n, 0, halves)
    assert u.fits_multinomial(moved, n, 0, halves) == (moved in rows)


@every_rule
@DERANDOMIZED
@given(shares=whole_shares(), n=st.integers(1, 60))
def test_multinomial_agrees_with_the_set_of_all_sums(halves, shares, n):
    assert u.fits_multinomial(shares, n, 0, halves) == fits_by_sums(shares, n, halves)


@pytest.mark.parametrize(
    ("shares", "decimals", "n", "fits"),
    [
        ((33, 33, 33), 0, 3, True),
        ((33, 33, 34), 0, 3, False),
        ((33.3, 33.3, 33.3), 1, 3, True),
        ((33.3, 33.3, 33.4), 1, 3, False),
        ((33.3, 33.3, 33.4), 1, 1000, True),
        ((14.3, 28.6, 57.1), 1, 7, True),
        ((14.4, 28.6, 57.1), 1, 7, False),
    ],
)
def test_multinomial_by_hand(shares, decimals, n, fits):
    assert u.fits_multinomial(shares, n, decimals) is fits


@every_rule
@DERANDOMIZED
@given(shares=whole_shares(), n=st.integers(200, 3000), m=st.integers(100, 3000))
def test_large_samples_fit_everything_as_the_docstrings_say(halves, shares, n, m):
    assert u.fits_multinomial(shares, n, 0, halves)
    assert u.fits_single(shares[0], m, 0, halves)


@every_rule
def test_ten_ratings_can_have_any_mean_with_one_decimal_as_the_docstring_says(halves):
    grid = [mean / 10 for mean in range(10, 51)]
    assert all(u.fits_mean(mean, n, halves=halves) for mean in grid for n in range(10, 130))
    assert not all(u.fits_mean(mean, 9, halves=halves) for mean in grid)


@every_rule
def test_grim_fits_exactly_the_means_that_whole_numbers_have(halves):
    for n in range(1, 9):
        totals = {sum(votes) for votes in combinations_with_replacement(range(1, 6), n)}
        for decimals in (0, 1, 2):
            grid = [Decimal(k).scaleb(-decimals) for k in range(10**decimals, 5 * 10**decimals + 1)]
            fitting = {p for p in grid if u.fits_mean(float(p), n, decimals, halves=halves)}
            expected = frozenset().union(*(prints(t, n, decimals, halves) for t in totals))
            assert fitting == expected, (n, decimals)


@pytest.mark.parametrize(
    ("mean", "n", "high", "fits"),
    [
        (5.19, 28, 7, False),  # example of Brown and Heathers (2017): 145 / 28 or 146 / 28
        (5.18, 28, 7, True),
        (5.21, 28, 7, True),
        (3.48, 20, 6, False),  # a die rolled 20 times
        (5.93, 49, 7, False),  # The Economist, 18 June 2016
        (3.45, 25, 5, False),
        (3.44, 25, 5, True),
        (1.13, 8, 5, True),  # 9 / 8 is 1.125
        (1.12, 8, 5, True),
    ],
)
def test_grim_on_published_examples(mean, n, high, fits):
    assert u.fits_mean(mean, n, decimals=2, high=high) is fits


@every_rule
def test_tool_fits_exactly_what_users_and_their_ratings_can_print(halves):
    for n in range(2, 9, 2):
        expected = {
            (int(use), float(rating))
            for m in range(1, n + 1)
            for total in range(m, 5 * m + 1)
            for use, rating in product(prints(100 * m, n, 0, halves), prints(total, m, 1, halves))
        }
        fitting = {
            (use, rating / 10)
            for use in range(101)
            for rating in range(10, 51)
            if u.fits_tool(SimpleNamespace(use=use, rating=rating / 10), n, halves)
        }
        assert fitting == expected, n


def test_a_tool_that_nobody_uses_has_no_rating():
    assert u.fits_single(0, 50)
    assert not u.fits_tool(SimpleNamespace(use=0, rating=4.0), 50)


@pytest.mark.parametrize(
    ("shares", "n", "fits"),
    [
        ((45, 35, 10, 5, 5), 20, True),
        ((45, 35, 10, 5, 5), 40, True),
        ((45, 35, 10, 5, 5), 30, False),
        ((50, 30, 15, 3, 2), 50, False),
        ((50, 30, 15, 3, 2), 100, True),
        ((60,), 5, True),
        ((60,), 6, False),
        ((1.1,), 1000, True),  # 1.1 * 1000 / 100 is not whole in floating point
    ],
)
def test_exact_fit_by_hand(shares, n, fits):
    assert u.fits_exactly(shares, n) is fits


def test_sizes_pass_every_test_given_even_once_only():
    tests = [lambda n: n % 2 == 0, lambda n: n > 3]
    assert u.compatible_sizes(iter(tests), 9) == [4, 6, 8]
    assert u.smallest_size(iter(tests), 9) == 4
    assert u.largest_incompatible_size(iter(tests), 9) == 9
    assert u.largest_incompatible_size(iter(tests), 8) == 7


def test_sizes_where_none_or_all_fit():
    assert u.smallest_size([lambda n: False], 5) is None
    assert u.largest_incompatible_size([lambda n: True], 5) is None
    assert u.compatible_sizes([], 3) == [1, 2, 3]


@cache
def searched(halves: str) -> dict[str, list[int]]:
    """Sizes up to 165 that fit each table of the paper, by search."""
    tables = survey_tables()
    shares = {
        "Table 2": {Decimal(row.percent) for row in tables.challenges},
        "Table 5": {Decimal(row.percent) for row in tables.culture},
    }
    rules = {
        "Table 1": lambda n: all(fits_by_sums(r.shares, n, halves) for r in tables.practices),
        "Table 2": lambda n: shares["Table 2"] <= printable(n, 0, halves),
        "Table 4": lambda n: all(fits_by_search(t, n, halves) for t in tables.monitoring_tools),
        "Table 5": lambda n: shares["Table 5"] <= printable(n, 0, halves),
    }
    found = {name: [n for n in range(1, 166) if fits(n)] for name, fits in rules.items()}
    together = set.intersection(*(set(sizes) for sizes in found.values()))
    return {**found, "all together": sorted(together)}


@every_rule
def test_sizes_of_the_paper_agree_with_a_search(paper, halves):
    tests = u.table_tests(paper, halves=halves)
    assert list(tests) == ["Table 1", "Table 2", "Table 4", "Table 5"]
    for name, group in tests.items():
        assert u.compatible_sizes(group, 165) == searched(halves)[name], name


def test_ratings_refuse_sizes_for_single_tools_but_none_for_table_4(paper):
    tests = u.table_tests(paper)["Table 4"]
    for tool, test in zip(paper.monitoring_tools, tests, strict=True):
        expected = [n for n in range(1, 25) if fits_by_search(tool, n, "any")]
        assert u.compatible_sizes([test], 24) == expected, tool.id
    # 50 % of 2 is one user, who cannot have given a mean of 4.4.
    assert u.fits_single(50, 2)
    assert not tests[-1](2)
    uses = {Decimal(tool.use) for tool in paper.monitoring_tools}
    assert searched("any")["Table 4"] == [
        n for n in range(1, 166) if uses <= printable(n, 0, "any")
    ]


@every_rule
def test_summary_of_sizes_agrees_with_a_search(paper, halves):
    summary = u.size_summary(paper, largest=165, halves=halves)
    assert list(summary.index) == list(searched(halves))
    for name, sizes in searched(halves).items():
        failing = max(set(range(1, 166)) - set(sizes))
        assert summary.loc[name].tolist() == [min(sizes), len(sizes), failing], name


def test_sizes_40_and_80_need_2_5_percent_printed_both_as_2_and_as_3(paper):
    # Two respondents of 80 disagree and two strongly disagree: 3 % and 2 % in one row.
    sizes = {rule: set(searched(rule)["all together"]) for rule in RULES}
    assert sizes["any"] - sizes["up"] == sizes["any"] - sizes["even"] == {40, 80}
    assert [min(sizes[rule]) for rule in ("any", "up", "even")] == [40, 60, 60]
    assert 156 not in sizes["any"]


def test_sizes_without_rounding_are_multiples_of_the_common_denominator(paper):
    summary = u.size_summary(paper, largest=400, exact=True)
    columns = {
        "Table 1": [share for row in paper.practices for share in row.shares],
        "Table 2": [row.percent for row in paper.challenges],
        "Table 4": [tool.use for tool in paper.monitoring_tools],
        "Table 5": [row.percent for row in paper.culture],
    }
    columns["all together"] = list(chain.from_iterable(columns.values()))
    for name, shares in columns.items():
        unit = math.lcm(*(Fraction(int(share), 100).denominator for share in shares))
        assert summary.loc[name].tolist() == [unit, 400 // unit, 399], name
        tests = u.table_tests(paper, exact=True).get(name)
        if tests:
            assert u.compatible_sizes(tests, 400) == list(range(unit, 401, unit))


# --- Intervals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [(81, 263, 25.53, 36.62), (15, 148, 6.24, 16.05), (0, 20, 0, 16.11), (1, 29, 0.61, 17.18)],
)
def test_wilson_against_the_examples_of_newcombe_1998(count, n, low, high):
    assert u.wilson(100 * count / n, n) == pytest.approx((low, high), abs=0.005 + 1e-9)


@DERANDOMIZED
@given(percent=inner_percents, n=st.floats(0.5, 5000), confidence=confidences)
def test_the_ends_of_wilson_solve_the_score_equation(percent, n, confidence):
    z = norm.ppf((1 + confidence) / 2)
    low, high = u.wilson(percent, n, confidence)
    assert 0 < low < percent < high < 100
    for end in (low / 100, high / 100):
        score = (percent / 100 - end) / math.sqrt(end * (1 - end) / n)
        assert abs(score) == pytest.approx(z, rel=1e-7)


@DERANDOMIZED
@given(shares=whole_shares(4), n=st.floats(5, 2000), confidence=confidences)
def test_goodman_is_wilson_with_the_error_divided_by_the_categories(shares, n, confidence):
    each = 1 - (1 - confidence) / 4
    expected = [u.wilson(share, n, each) for share in shares]
    for found, wanted in zip(u.goodman(shares, n, confidence), expected, strict=True):
        assert found == pytest.approx(wanted, rel=1e-8, abs=1e-9)
        assert 0 <= found[0] <= found[1] <= 100


def test_goodman_brings_rounded_shares_to_a_hundred():
    found = np.array(u.goodman((33, 33, 33), 30))
    assert found == pytest.approx(np.array(u.goodman((100 / 3, 100 / 3, 100 / 3), 30)), rel=1e-12)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("percent", [0, 3, 20, 50, 85, 100])
@pytest.mark.parametrize("half_width", [2, 5, 10.5, 30, 60])
def test_half_width_size_is_the_first_of_a_scan(percent, half_width, confidence):
    z, p, n = norm.ppf((1 + confidence) / 2), percent / 100, np.arange(1, 5001)
    widths = 100 * z * np.sqrt(p * (1 - p) * n + z**2 / 4) / (n + z**2)
    expected = int(n[widths <= half_width][0])
    assert u.half_width_size(percent, half_width, confidence) == expected


# --- Joint shares: the extremes over all joint tables by linear programming ----------------------


def extremes(rows: list[float], columns: list[float], cost: np.ndarray) -> tuple[float, float]:
    """Least and greatest mean cost over all joint tables with these margins (shares of 1)."""
    k, m = len(rows), len(columns)
    by_row = [np.repeat(np.eye(k)[i], m) for i in range(k)]
    by_column = [np.tile(np.eye(m)[j], k) for j in range(m)]
    margins = {"A_eq": np.array(by_row + by_column), "b_eq": np.array([*rows, *columns])}
    low, high = (linprog(sign * cost.ravel(), **margins, method="highs") for sign in (1, -1))
    assert low.success
    assert high.success
    return low.fun, -high.fun


def normed(row: load.LikertItem) -> np.ndarray:
    return np.array(row.shares) / sum(row.shares)


def moments(row: load.LikertItem) -> tuple[float, float]:
    mean = normed(row) @ SCORES
    return mean, normed(row) @ (SCORES - mean) ** 2


@FEW
@given(p1=percents, p2=percents)
def test_frechet_bounds_are_the_extremes_of_a_linear_programme(p1, p2):
    a, b = p1 / 100, p2 / 100
    both = np.array([[1, 0], [0, 0]])
    low, high = extremes([a, 1 - a], [b, 1 - b], both)
    assert u.frechet_bounds(p1, p2) == pytest.approx((100 * low, 100 * high), abs=1e-7)


@pytest.mark.parametrize(
    ("p1", "p2", "bounds"),
    [(60, 55, (15, 55)), (40, 50, (0, 40)), (45.1, 60.2, (5.3, 45.1)), (0, 100, (0, 0))],
)
def test_frechet_bounds_by_hand(p1, p2, bounds):
    assert u.frechet_bounds(p1, p2) == bounds


def correlations(a: load.LikertItem, b: load.LikertItem) -> tuple[float, float]:
    (mean_a, var_a), (mean_b, var_b) = moments(a), moments(b)
    ends = extremes(normed(a), normed(b), np.outer(SCORES, SCORES))
    return tuple((end - mean_a * mean_b) / math.sqrt(var_a * var_b) for end in ends)


def test_correlation_bounds_of_the_paper_are_the_extremes_of_a_linear_programme(paper):
    table = u.correlation_bounds_table(paper.practices)
    pairs = list(combinations(paper.practices, 2))
    assert table[["first", "second"]].to_numpy().tolist() == [[a.id, b.id] for a, b in pairs]
    found = table[["low", "high"]].to_numpy()
    assert found == pytest.approx(np.array([correlations(a, b) for a, b in pairs]), abs=1e-8)


@FEW
@given(a=whole_shares(), b=whole_shares())
def test_correlation_bounds_are_the_extremes_of_a_linear_programme(a, b):
    assume(max(a) < 100 and max(b) < 100)
    found = u.correlation_bounds(item(*a), item(*b))
    assert found == pytest.approx(correlations(item(*a), item(*b)), abs=1e-7)


def test_correlation_bounds_bring_rounded_shares_to_a_hundred():
    found = u.correlation_bounds(item(33, 33, 33, 0, 0), item(20, 30, 30, 10, 9))
    expected = correlations(item(33, 33, 33, 0, 0), item(20, 30, 30, 10, 9))
    assert found == pytest.approx(expected, abs=1e-8)


def test_an_item_agrees_with_itself_and_opposes_its_mirror():
    row = item(45, 35, 10, 5, 5)
    assert u.correlation_bounds(row, row)[1] == 1
    assert u.correlation_bounds(row, item(5, 5, 10, 35, 45))[0] == -1


def test_all_highest_correlations_hold_at_once_and_the_lowest_do_not(paper):
    # A hundred respondents in one order for every practice give all the highest values together.
    votes = [np.repeat(SCORES, np.array(row.shares).astype(int)) for row in paper.practices]
    together = np.corrcoef(votes)
    low, high = np.eye(5), np.eye(5)
    for (i, j), row in zip(
        combinations(range(5), 2),
        u.correlation_bounds_table(paper.practices).itertuples(),
        strict=True,
    ):
        low[i, j] = low[j, i] = row.low
        high[i, j] = high[j, i] = row.high
    assert together == pytest.approx(high, abs=1e-12)
    assert np.linalg.eigvalsh(low)[0] < -0.5


# --- Rankings -------------------------------------------------------------------------------------


def first_significant(difference: float, variance: float, confidence: float) -> int:
    """Sizes around the first one at which the difference exceeds z standard errors, by a scan."""
    n = np.arange(1, 70_000)
    z = norm.ppf((1 + confidence) / 2)
    return int(n[abs(difference) > z * np.sqrt(variance / n)][0])


@FEW
@given(p1=percents, p2=percents, confidence=confidences, part=st.integers(0, 10))
def test_size_to_separate_is_the_first_of_a_scan(p1, p2, confidence, part):
    assume(p1 != p2)
    low, high = u.frechet_bounds(p1, p2)
    given_joint = low + (high - low) * part / 10
    joints = {"most": high, "least": low, "independent": p1 * p2 / 100, given_joint: given_joint}
    for name, joint in joints.items():
        cells = np.array([joint, p1 - joint, p2 - joint, 100 - p1 - p2 + joint]) / 100
        gap = np.array([0, 1, -1, 0])
        mean = cells @ gap
        variance = cells @ (gap - mean) ** 2
        found = u.size_to_separate(p1, p2, confidence, name)
        assert found == u.size_to_separate(p2, p1, confidence, name)
        assert found == first_significant(mean, variance, confidence)


@FEW
@given(p1=percents, p2=percents)
def test_best_and_worst_overlap_are_the_extremes_of_a_linear_programme(p1, p2):
    assume(p1 != p2)
    a, b = p1 / 100, p2 / 100
    apart = np.array([[0, 1], [1, 0]])
    z = norm.ppf(0.975)
    for end, joint in zip(extremes([a, 1 - a], [b, 1 - b], apart), ("most", "least"), strict=True):
        bound = z**2 * (end - (a - b) ** 2) / (a - b) ** 2
        assert bound - 1e-4 < u.size_to_separate(p1, p2, 0.95, joint) <= bound + 1 + 1e-4


def test_five_points_by_hand():
    # All 5 % on one side: z**2 * (0.05 - 0.0025) / 0.0025 = 3.8415 * 19 = 72.99.
    assert u.size_to_separate(60, 55, 0.95, "most") == 73
    # The exact test wants six respondents on one side, as the docstring says: 5 % of 120.
    assert binomtest(5, 5).pvalue > 0.05 > binomtest(6, 6).pvalue
    # Independent: p10 + p01 = 0.27 + 0.22, so 3.8415 * (0.49 - 0.0025) / 0.0025 = 749.1.
    assert u.size_to_separate(60, 55, 0.95, "independent") == 750
    # Least: 15 % have both, so 3.8415 * (0.45 + 0.40 - 0.0025) / 0.0025 = 1302.3.
    assert u.size_to_separate(60, 55, 0.95, "least") == 1303


def test_two_categories_of_one_item_vary_as_a_multinomial():
    p = np.array([0.45, 0.35, 0.2])
    contrast = np.array([1, -1, 0])
    variance = contrast @ (np.diag(p) - np.outer(p, p)) @ contrast
    bound = norm.ppf(0.975) ** 2 * variance / 0.1**2
    assert u.size_to_separate(45, 35, joint=0.0) == math.floor(bound) + 1


def test_the_standard_error_is_that_of_simulated_samples():
    n, cells = 750, np.array([0.33, 0.27, 0.22, 0.18])
    counts = np.random.default_rng(20240101).multinomial(n, cells, size=20_000)
    spread = ((counts[:, 1] - counts[:, 2]) / n).std()
    # 750 is the first size at which 0.05 exceeds z standard errors; the simulated spread has a
    # relative standard error of 1 / sqrt(40 000) = 0.5 %, four of which are allowed.
    assert 0.05 / norm.ppf(0.975) == pytest.approx(spread, rel=0.02)
    assert u.size_to_separate(60, 55) == n


@pytest.mark.parametrize("joint", ["most", "independent", "least", 30])
def test_no_sample_separates_a_tie(joint):
    assert u.size_to_separate(55, 55, joint=joint) == math.inf


def test_a_difference_that_is_only_floating_point_is_a_tie():
    # In floating point the first mean is 4.000000000000001.
    a, b = item(0.1, 99.8, 0.1, 0, 0), item(0, 100, 0, 0, 0)
    c = item(29.7, 0.1, 40.4, 0.1, 29.7)
    d = item(0, 0, 100, 0, 0)
    assert u.size_to_separate_means(a, b) == math.inf
    assert u.size_to_separate_means(c, d) == math.inf


def test_certain_opposites_need_one_respondent():
    assert u.size_to_separate(100, 0) == 1


COUPLED = ("comonotone", "independent", "countermonotone")


@FEW
@given(a=whole_shares(), b=whole_shares(), confidence=confidences)
def test_sizes_for_means_against_a_linear_programme(a, b, confidence):
    a, b = item(*a), item(*b)
    (mean_a, var_a), (mean_b, var_b) = moments(a), moments(b)
    gap = mean_a - mean_b
    assume(abs(gap) > 1e-3)
    least, most = extremes(normed(a), normed(b), np.subtract.outer(SCORES, SCORES) ** 2)
    variances = (least - gap**2, var_a + var_b, most - gap**2)
    z = norm.ppf((1 + confidence) / 2)
    for how, variance in zip(COUPLED, variances, strict=True):
        bound = z**2 * variance / gap**2
        found = u.size_to_separate_means(a, b, confidence, how)
        slack = 1e-5 * max(1, bound)
        assert bound - slack < found <= bound + 1 + slack


def test_means_by_hand():
    # Means 4.5 and 4; both variances are 0.25 or 1; together the scores differ by 1 for half.
    a, b = item(50, 50, 0, 0, 0), item(50, 0, 50, 0, 0)
    z2 = norm.ppf(0.975) ** 2
    # comonotone: difference 0 or 1, variance 0.25
    assert u.size_to_separate_means(a, b, coupling="comonotone") == math.floor(z2) + 1
    # independent: variance 0.25 + 1
    assert u.size_to_separate_means(a, b) == math.floor(5 * z2) + 1
    # countermonotone: difference 2 or -1, variance 2.25
    assert u.size_to_separate_means(a, b, coupling="countermonotone") == math.floor(9 * z2) + 1


def test_separations_follow_the_ranking_with_ties_in_the_order_given():
    values = {"a": 75.0, "b": 80.0, "c": 85.0, "d": 80.0}
    table = u.separations(values)
    assert list(table.columns) == u.SEPARATION_COLUMNS
    assert table[["higher", "lower"]].to_numpy().tolist() == [["c", "b"], ["b", "d"], ["d", "a"]]
    assert table["difference"].tolist() == [5, 0, 5]
    expected = [
        [u.size_to_separate(x, y, 0.95, joint) for joint in ("most", "independent", "least")]
        for x, y in [(85, 80), (80, 80), (80, 75)]
    ]
    assert table[["best", "independent", "worst"]].to_numpy().tolist() == expected
    assert {str(table[name].dtype) for name in ("best", "independent", "worst")} == {"float64"}


def test_bonferroni_divides_the_error_by_the_neighbouring_pairs():
    values = {"a": 75.0, "b": 80.0, "c": 85.0, "d": 80.0}
    corrected = u.separations(values, 0.95, "bonferroni")
    each = 1 - 0.05 / 3
    pd.testing.assert_frame_equal(corrected, u.separations(values, each))
    assert corrected["worst"].iloc[0] > u.separations(values)["worst"].iloc[0]


def test_one_value_has_no_neighbours():
    for correction in ("none", "bonferroni"):
        table = u.separations({"a": 50.0}, correction=correction)
        assert len(table) == 0
        assert list(table.columns) == u.SEPARATION_COLUMNS


def test_separations_of_the_papers_means(paper):
    table = u.separations_of_means(paper.practices)
    rows = {row.id: row for row in paper.practices}
    ranking = [
        key
        for level in survey.ranked({key: survey.mean_score(row) for key, row in rows.items()})
        for key in level
    ]
    assert table["higher"].tolist() == ranking[:-1]
    assert table["lower"].tolist() == ranking[1:]
    assert table["difference"].tolist() == [0.02, 0.13, 0.05, 0.1]
    z2 = norm.ppf(0.975) ** 2
    for found, (a, b) in zip(table.itertuples(), pairwise(ranking), strict=True):
        bound = z2 * (moments(rows[a])[1] + moments(rows[b])[1]) / found.difference**2
        assert found.independent == math.floor(bound) + 1
        sizes = [u.size_to_separate_means(rows[a], rows[b], 0.95, how) for how in COUPLED]
        assert [found.best, found.independent, found.worst] == sizes
        assert found.best < found.independent < found.worst
    corrected = u.separations_of_means(paper.practices, 0.95, "bonferroni")
    each = u.separations_of_means(paper.practices, 1 - 0.05 / 4)
    pd.testing.assert_frame_equal(corrected, each)


def test_no_size_that_separates_table_2_without_knowing_the_overlap_is_small(paper):
    values = {row.id: row.percent for row in paper.challenges}
    table = u.separations(values)
    assert table["higher"].tolist() == ["culture", "standards", "silos", "infrastructure"]
    assert table["best"].tolist() == [73] * 4
    assert table["independent"].tolist() == [750, 765, 765, 750]
    assert table["worst"].tolist() == [1303, 1456, 1456, 1303]


# --- Digit preference -----------------------------------------------------------------------------


def test_multiples_are_counted():
    assert u.multiples_of([0, 5, 12, 45.0, 45.5, 3, 100]) == (4, 7)
    assert u.multiples_of([0, 5, 10, 20], step=10) == (3, 4)
    assert u.multiples_of([]) == (0, 0)


def test_multiples_of_five_in_the_paper(paper):
    assert u.multiples_of(share for row in paper.practices for share in row.shares) == (23, 25)
    for rows in (paper.challenges, paper.culture):
        assert u.multiples_of(row.percent for row in rows) == (5, 5)
    assert u.multiples_of(tool.use for tool in paper.monitoring_tools) == (5, 5)


@pytest.mark.parametrize("chance", [Fraction(1, 5), Fraction(21, 101)])
@pytest.mark.parametrize(("count", "total"), [(0, 5), (3, 5), (5, 5), (19, 20), (38, 40)])
def test_digit_preference_is_the_exact_binomial_tail(count, total, chance):
    tail = sum(
        math.comb(total, k) * chance**k * (1 - chance) ** (total - k)
        for k in range(count, total + 1)
    )
    found = u.digit_preference_p(count, total, float(chance))
    assert found == pytest.approx(float(tail), rel=1e-10)


@pytest.mark.parametrize("step", [2, 5, 10])
def test_multiples_possible_by_listing_the_percentages(step):
    for n in range(1, 221):
        listed = {
            int((Decimal(100 * k) / n).quantize(Decimal(1), ROUND_HALF_UP)) for k in range(n + 1)
        }
        share = Fraction(sum(p % step == 0 for p in listed), len(listed))
        assert u.multiples_possible(n, step) == float(share), n


def test_samples_of_twenty_make_multiples_of_five_without_rounding():
    assert u.multiples_possible(20) == 1
    assert u.multiples_possible(21) < 0.3
    assert u.multiples_possible(100) == u.multiples_possible(5000) == 21 / 101
    assert u.digit_preference_p(38, 40, u.multiples_possible(20)) == 1


# --- Refusals -------------------------------------------------------------------------------------

ROW = item(45, 35, 10, 5, 5, name="row")
ONE = item(0, 100, 0, 0, 0, name="one")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: u.fits_single(50, 0), "n is 0; allowed is a whole number from 1"),
        (lambda: u.fits_single(50, 2.5), "n is 2.5; allowed is a whole number from 1"),
        (lambda: u.fits_multinomial((50, 50), -1), "n is -1; allowed"),
        (lambda: u.fits_mean(3.0, 0), "n is 0; allowed"),
        (lambda: u.fits_exactly((50,), 0), "n is 0; allowed"),
        (lambda: u.multiples_possible(0), "n is 0; allowed"),
        (lambda: u.compatible_sizes([], 0), "n is 0; allowed"),
        (lambda: u.wilson(50, 0), "n is 0; allowed is a number above 0"),
        (lambda: u.wilson(50, math.inf), "n is inf; allowed"),
        (lambda: u.goodman((50, 50), 0), "n is 0; allowed is a number above 0"),
        (lambda: u.fits_single(101, 5), "percent is 101; allowed is 0 to 100"),
        (lambda: u.fits_single(-1, 5), "percent is -1; allowed is 0 to 100"),
        (lambda: u.fits_single(math.nan, 5), "percent is nan; allowed is 0 to 100"),
        (lambda: u.fits_exactly((101,), 5), "percent is 101; allowed"),
        (lambda: u.wilson(100.1, 5), "percent is 100.1; allowed"),
        (lambda: u.goodman((-1, 50), 5), "percent is -1; allowed"),
        (lambda: u.goodman((0, 0), 5), "sum of shares is 0; allowed is a number above 0"),
        (lambda: u.half_width_size(-5, 5), "percent is -5; allowed"),
        (lambda: u.frechet_bounds(101, 5), "percent is 101; allowed"),
        (lambda: u.frechet_bounds(5, 101), "percent is 101; allowed"),
        (lambda: u.size_to_separate(50, 120), "percent is 120; allowed"),
        (lambda: u.wilson(50, 5, 1), "confidence is 1; allowed is above 0 and below 1"),
        (lambda: u.goodman((50, 50), 5, 0), "confidence is 0; allowed"),
        (lambda: u.half_width_size(50, 5, 95), "confidence is 95; allowed"),
        (lambda: u.size_to_separate(50, 50, 95), "confidence is 95; allowed"),
        (lambda: u.size_to_separate_means(ROW, ROW, 1.5), "confidence is 1.5; allowed"),
        (lambda: u.separations({"a": 5}, 1.5, "bonferroni"), "confidence is 1.5; allowed"),
        (lambda: u.half_width_size(50, 0), "half_width is 0; allowed is a number above 0"),
        (lambda: u.fits_single(45.5, 5), "value is 45.5; allowed is a number with 0 decimals"),
        (lambda: u.fits_mean(4.25, 5), "value is 4.25; allowed is a number with 1 decimals"),
        (lambda: u.fits_single(45, 5, -1), "decimals is -1; allowed is 0, 1, 2"),
        (lambda: u.fits_single(45, 5, halves="down"), "halves is 'down'; allowed is any, up, even"),
        (lambda: u.fits_mean(0.9, 5), "mean is 0.9; allowed is 1 to 5"),
        (lambda: u.fits_mean(5.1, 5), "mean is 5.1; allowed is 1 to 5"),
        (lambda: u.size_to_separate(60, 55, joint="some"), "joint is 'some'; allowed is most"),
        (lambda: u.size_to_separate(60, 55, joint=10), "joint is 10; allowed is 15 to 55"),
        (lambda: u.size_to_separate(60, 55, joint=56), "joint is 56; allowed is 15 to 55"),
        (lambda: u.size_to_separate_means(ROW, ROW, coupling="x"), "coupling is 'x'; allowed"),
        (lambda: u.separations({"a": 5}, correction="holm"), "correction is 'holm'; allowed"),
        (lambda: u.correlation_bounds(ROW, ONE), "variance of 'one' is 0.0; allowed"),
        (lambda: u.correlation_bounds(ONE, ROW), "variance of 'one' is 0.0; allowed"),
        (lambda: u.correlation_bounds(ROW, item(0, 0, 0, 0, 0)), "sum of shares of 'x' is 0.0"),
        (lambda: u.multiples_of([5], step=0), "step is 0; allowed is a whole number from 1"),
        (lambda: u.digit_preference_p(6, 5), "6"),
        (lambda: u.digit_preference_p(3, 5, 1.2), "1.2"),
    ],
)
def test_refusals_name_the_value_and_what_is_allowed(call, message):
    with pytest.raises(ValueError) as refusal:
        call()
    assert message in str(refusal.value)
