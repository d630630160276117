"""What the paper's numbers imply and leave open: `uncertainty` applied to its tables."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace

from scipy import stats

from . import survey, uncertainty
from .load import Challenge, CloudAspect, CultureAspect, LikertItem, MonitoringTool

Share = Challenge | CultureAspect
SIZES = {
    "smallest": uncertainty.smallest_size,
    "largest_failing": uncertainty.largest_incompatible_size,
}


def printed_percentages(data: SimpleNamespace) -> list[float]:
    """Every percentage that the paper prints as a survey result, in table order.

    Tables 1, 2, 4 and 5, and the levels before and after of Table 3; not its improvements, which
    follow from the levels.
    """
    values = [share for item in data.practices for share in item.shares]
    values += [challenge.percent for challenge in data.challenges]
    values += [level for aspect in data.cloud for level in (aspect.before, aspect.after)]
    values += [tool.use for tool in data.monitoring_tools]
    return values + [aspect.percent for aspect in data.culture]


def fives(data: SimpleNamespace) -> tuple[int, int]:
    """How many printed percentages are multiples of five, and how many there are."""
    return uncertainty.multiples_of(printed_percentages(data))


def fives_probability(data: SimpleNamespace) -> float:
    """Probability of so many multiples of five if last digits were spread evenly.

    The last response of each row of Table 1 follows from the others and is left out.
    """
    values = printed_percentages(data)
    free = [share for item in data.practices for share in item.shares[:-1]]
    free += values[sum(len(item.shares) for item in data.practices) :]
    return uncertainty.digit_preference_p(*uncertainty.multiples_of(free))


def sample_size(data: SimpleNamespace, tables: str, which: str, exact: bool = False) -> int:
    """A sample size that the percentages of one table, or of all, leave open or rule out.

    Parameters
    ----------
    data : SimpleNamespace
        The paper's data.
    tables : str
        'Table 1', 'Table 2', 'Table 4', 'Table 5' or 'all together'; underscores may stand for
        spaces.
    which : {'smallest', 'largest_failing'}
        Smallest size that fits, or largest that does not (every larger one fits).
    exact : bool
        Whether the percentages must come out without rounding.
    """
    tests = uncertainty.table_tests(data, exact, halves="up")
    tests["all together"] = [test for group in tests.values() for test in group]
    group = tests[tables.replace("_", " ")]
    return SIZES[which](group)


def joint_share(first: Share, second: Share) -> tuple[float, float]:
    """Lowest and highest possible share with both properties, in percent (Frechet bounds)."""
    return uncertainty.frechet_bounds(first.percent, second.percent)


def correlation_range(items: Iterable[LikertItem]) -> tuple[float, float]:
    """Lowest and highest correlation that any pair of items can have."""
    bounds = uncertainty.correlation_bounds_table(items)
    return float(bounds["low"].min()), float(bounds["high"].max())


def narrowest_correlation_range(items: Iterable[LikertItem]) -> tuple[float, float]:
    """Range of correlations that every pair of items can have."""
    bounds = uncertainty.correlation_bounds_table(items)
    return float(bounds["low"].max()), float(bounds["high"].min())


def order_size(records: Iterable[Share], case: str, confidence: float = 0.95) -> int:
    """Respondents needed to tell every neighbouring pair of a ranking apart.

    Parameters
    ----------
    records : iterable
        Rows of Table 2 or Table 5.
    case : {'best', 'independent', 'worst'}
        How far the same respondents named both.
    confidence : float
        Two-sided confidence of all comparisons together (Bonferroni).
    """
    values = {record.id: record.percent for record in records}
    pairs = uncertainty.separations(values, confidence, correction="bonferroni")
    return int(pairs[case].max())


def pair_size(first: Share, second: Share, case: str, confidence: float = 0.95) -> int:
    """Respondents needed to tell two shares of the same respondents apart.

    Parameters
    ----------
    first, second : record
        Two rows of one table.
    case : {'most', 'independent', 'least'}
        Overlap of the two, as in `uncertainty.size_to_separate`.
    confidence : float
        Two-sided confidence.
    """
    return int(uncertainty.size_to_separate(first.percent, second.percent, confidence, joint=case))


def assumed(value: float) -> float:
    """Value that is assumed for the sake of the argument, not computed."""
    return value


def percent(share: float) -> float:
    """A share of one, in percent."""
    return 100 * share


def possible_fives(n: int) -> float:
    """Percent of the percentages possible with n respondents that are multiples of five."""
    return percent(uncertainty.multiples_possible(n))


def gap(first: Share, second: Share) -> float:
    """Difference of two shares, in percentage points."""
    return first.percent - second.percent


def half_width(record: Share, n: int, confidence: float = 0.95) -> float:
    """Half the width of the Wilson interval of a share, in percentage points."""
    low, high = uncertainty.wilson(record.percent, n, confidence)
    return (high - low) / 2


def use_and_rating_correlation(tools: Iterable[MonitoringTool]) -> float:
    """Pearson correlation of use and rating over the tools of Table 4."""
    tools = list(tools)
    return float(stats.pearsonr([t.use for t in tools], [t.rating for t in tools]).statistic)


def equal_gains(aspects: Iterable[CloudAspect]) -> tuple[int, int]:
    """How many aspects of Table 3 rise by the most common number of points, and that number."""
    gains = [survey.point_change(aspect) for aspect in aspects]
    common = max(set(gains), key=gains.count)
    return gains.count(common), int(common)


def size_for_half_width(record: Share, half_width: float, confidence: float = 0.95) -> int:
    """Respondents needed to know a share to within a number of points (Wilson interval)."""
    return uncertainty.half_width_size(record.percent, half_width, confidence)
