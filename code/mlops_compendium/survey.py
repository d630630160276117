"""Measures that follow from the paper's survey tables; pure functions of their records."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .load import RESPONSES, Challenge, CloudAspect, LikertItem, MonitoringTool, Record

SCORES = (5, 4, 3, 2, 1)


def printed(record: Record, field: str) -> float:
    """One number of a record, as the paper prints it."""
    return getattr(record, field)


def remainder(record: Record, field: str) -> float:
    """What a printed percentage leaves of a hundred."""
    return 100 - printed(record, field)


def response_share(item: LikertItem, response: str) -> float:
    """Share that gave one response, in percent (Table 1)."""
    return item.shares[RESPONSES.index(response)]


def strongly_agree(item: LikertItem) -> float:
    """Share that strongly agrees, in percent (Table 1)."""
    return item.shares[0]


def top_two_box(item: LikertItem) -> float:
    """Share that agrees or strongly agrees, in percent (Table 1)."""
    return item.shares[0] + item.shares[1]


def net_agreement(item: LikertItem) -> float:
    """Share that agrees in any degree minus the share that disagrees, in percentage points."""
    return top_two_box(item) - item.shares[3] - item.shares[4]


def mean_score(item: LikertItem) -> float:
    """Mean response, scored 5 (strongly agree) to 1 (strongly disagree).

    Treats the scale as equally spaced, which an ordinal scale does not promise.
    """
    total = sum(share * score for share, score in zip(item.shares, SCORES, strict=True))
    return total / row_sum(item)


def row_sum(item: LikertItem) -> float:
    """Sum of the five shares, in percent; 100 if every respondent gave one response."""
    return sum(item.shares)


AGREEMENT_RULES: dict[str, Callable[[LikertItem], float]] = {
    "strongly agree": strongly_agree,
    "agree or strongly agree": top_two_box,
    "mean score": mean_score,
}


def challenges_total(challenges: Iterable[Challenge]) -> float:
    """Sum of the shares of all challenges, in percent; above 100 only if several may be named."""
    return sum(challenge.percent for challenge in challenges)


def challenges_per_respondent(challenges: Iterable[Challenge]) -> float:
    """Mean number of listed challenges that a respondent faces."""
    return challenges_total(challenges) / 100


def relative_change(aspect: CloudAspect) -> float:
    """Change from before to after, in percent of before (Table 3's improvement)."""
    return 100 * (aspect.after - aspect.before) / aspect.before


def point_change(aspect: CloudAspect) -> float:
    """Change from before to after, in percentage points."""
    return aspect.after - aspect.before


def time_saved_if_shares_of_a_baseline(aspect: CloudAspect) -> float:
    """Drop of deployment time in percent, if the values are savings against one baseline.

    Saving 25 % leaves 75 % of the baseline, saving 50 % leaves half: the time falls by a third.
    """
    return 100 * (1 - (100 - aspect.after) / (100 - aspect.before))


def time_added_if_shares_of_a_duration(aspect: CloudAspect) -> float:
    """Rise of deployment time in percent, if the values are the time itself on some scale."""
    return relative_change(aspect)


def lowest_share_using_any(tools: Iterable[MonitoringTool]) -> float:
    """Smallest possible share of organisations using at least one tool, in percent."""
    return max(tool.use for tool in tools)


def highest_share_using_any(tools: Iterable[MonitoringTool]) -> float:
    """Largest possible share of organisations using at least one tool, in percent."""
    return min(100.0, sum(tool.use for tool in tools))


def mean_use(tools: Iterable[MonitoringTool]) -> float:
    """Mean share of organisations over the tools, in percent."""
    uses = [tool.use for tool in tools]
    return sum(uses) / len(uses)


def mean_rating(tools: Iterable[MonitoringTool]) -> float:
    """Unweighted mean effectiveness rating over the tools, in points from 1 to 5."""
    ratings = [tool.rating for tool in tools]
    return sum(ratings) / len(ratings)


def share_used_daily(tools: Iterable[MonitoringTool]) -> float:
    """Share of the kinds of tool that are used daily, in percent."""
    daily = [tool.frequency == "daily" for tool in tools]
    return 100 * sum(daily) / len(daily)


def ranked(values: dict[str, float]) -> list[list[str]]:
    """Ids from the highest value to the lowest, ties together.

    Parameters
    ----------
    values : dict
        Value of each id.

    Returns
    -------
    list of list of str
        One list for each distinct value, highest first.
    """
    return [
        [key for key, value in values.items() if value == level]
        for level in sorted(set(values.values()), reverse=True)
    ]
