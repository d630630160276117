"""Measures of the survey tables against values worked out by hand."""

from __future__ import annotations

import math

import pytest

from mlops_compendium import implications, review, survey
from mlops_compendium.load import CloudAspect, LikertItem, paper

DATA = paper()


@pytest.mark.parametrize(
    ("practice", "strong", "agree", "net", "mean"),
    [
        ("cicd", 45, 80, 70, 4.10),
        ("automation", 50, 80, 75, 4.23),
        ("monitoring", 40, 80, 70, 4.05),
        ("collaboration", 55, 85, 75, 4.25),
        ("governance", 35, 75, 65, 3.95),
    ],
)
def test_agreement(practice, strong, agree, net, mean):
    item = DATA.practices[practice]
    assert survey.strongly_agree(item) == strong
    assert survey.top_two_box(item) == agree
    assert survey.net_agreement(item) == net
    assert survey.mean_score(item) == pytest.approx(mean, abs=1e-12)
    assert survey.row_sum(item) == 100


def test_mean_score_of_shares_that_do_not_sum_to_100():
    item = LikertItem(id="x", label="x", shares=(50, 0, 0, 0, 30))
    assert survey.mean_score(item) == pytest.approx((50 * 5 + 30) / 80)


@pytest.mark.parametrize(
    ("aspect", "relative", "points"),
    [
        ("deployment_time", 100, 25),
        ("utilization", 350 / 3, 35),
        ("cost_savings", 175, 35),
        ("scalability", 100, 35),
        ("team_collaboration", 87.5, 35),
    ],
)
def test_change(aspect, relative, points):
    record = DATA.cloud[aspect]
    assert survey.relative_change(record) == pytest.approx(relative, abs=1e-12)
    assert survey.point_change(record) == points


@pytest.mark.parametrize("record", list(DATA.cloud), ids=lambda record: record.id)
def test_printed_improvement_is_the_relative_change(record):
    assert record.improvement == pytest.approx(survey.relative_change(record), abs=0.005)


def test_both_readings_of_deployment_time():
    record = CloudAspect(id="x", label="x", before=20, after=60, improvement=200)
    assert survey.time_saved_if_shares_of_a_baseline(record) == pytest.approx(50)
    assert survey.time_added_if_shares_of_a_duration(record) == pytest.approx(200)
    assert survey.time_saved_if_shares_of_a_baseline(
        DATA.cloud["deployment_time"]
    ) == pytest.approx(100 / 3)


def test_challenges_and_tools():
    assert survey.challenges_total(DATA.challenges) == 250
    assert survey.challenges_per_respondent(DATA.challenges) == 2.5
    tools = DATA.monitoring_tools
    assert (survey.mean_use(tools), survey.mean_rating(tools)) == (60, pytest.approx(4.28))
    assert survey.lowest_share_using_any(tools) == 70
    assert survey.highest_share_using_any(tools) == 100
    assert survey.highest_share_using_any([tools["feedback_loops"]]) == 50
    assert survey.share_used_daily(tools) == 60


def test_single_numbers():
    item = DATA.practices["automation"]
    assert survey.response_share(item, "disagree") == 3
    assert survey.printed(DATA.cloud["utilization"], "after") == 65
    assert survey.remainder(DATA.cloud["utilization"], "after") == 35


def test_ranked_keeps_ties_together():
    assert survey.ranked({"a": 1, "b": 3, "c": 1}) == [["b"], ["a", "c"]]


def test_implications_of_the_tables():
    assert implications.fives(DATA) == (48, 50)
    assert implications.equal_gains(DATA.cloud) == (4, 35)
    culture, silos = DATA.challenges["culture"], DATA.challenges["silos"]
    assert implications.joint_share(culture, silos) == (10, 50)
    assert implications.gap(culture, silos) == 10
    # Sums of products 2.5, of squares 250 and 0.148.
    correlation = implications.use_and_rating_correlation(DATA.monitoring_tools)
    assert correlation == pytest.approx(2.5 / math.sqrt(250 * 0.148), abs=1e-12)
    z, n, p = 1.959963984540054, 400, 0.6
    wilson = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert implications.half_width(culture, n) == pytest.approx(100 * wilson, abs=1e-9)
    assert implications.size_for_half_width(culture, 5) == 366
    assert implications.possible_fives(20) == 100


def test_digit_probability_leaves_dependent_shares_out():
    # 45 free percentages, 44 of them multiples of five: binomial tail with chance 1/5.
    exact = 45 * 0.2**44 * 0.8 + 0.2**45
    assert implications.fives_probability(DATA) == pytest.approx(exact, rel=1e-9, abs=0)


@pytest.mark.parametrize(
    ("tables", "which", "size"),
    [
        ("all together", "smallest", 60),
        ("all together", "largest_failing", 156),
        ("Table_2", "smallest", 20),
    ],
)
def test_sample_sizes(tables, which, size):
    assert implications.sample_size(DATA, tables, which) == size


def test_sample_size_without_rounding():
    assert implications.sample_size(DATA, "all together", "smallest", exact=True) == 100


def test_sizes_for_rankings():
    culture, standards = DATA.challenges["culture"], DATA.challenges["standards"]
    assert implications.pair_size(culture, standards, "most") == 73
    assert implications.pair_size(culture, standards, "least") == 1303
    assert implications.order_size(DATA.challenges, "best") == 119
    assert implications.order_size(DATA.challenges, "worst") == 2365


def test_correlation_ranges_are_the_outer_and_inner_bounds():
    low, high = implications.correlation_range(DATA.practices)
    inner_low, inner_high = implications.narrowest_correlation_range(DATA.practices)
    assert -1 < low < inner_low < 0 < inner_high < high < 1


def test_review_counts():
    assert review.years(DATA.literature_table) == (2016, 2019)
    assert review.identified(DATA.literature_table) == 0
    assert review.traces(DATA.artefacts, "interviews") == 3
    assert review.traces_found(DATA.artefacts, "literature") == 3
    assert review.traces(DATA.artefacts) == len(DATA.artefacts)
