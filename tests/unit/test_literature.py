"""The audit is counted as it stands, and every derived number follows from printed ones."""

from __future__ import annotations

import math
import re

import pytest

from mlops_compendium import literature
from mlops_compendium import literature_tables as tables
from mlops_compendium.load import GRADES, PRACTICES, bibliography, paper, weakest

DATA = paper()
NUMBERS = DATA.numbers
DAYS = {"hour": 1 / 24, "day": 1, "week": 7, "month": literature.DAYS_PER_MONTH}
CLUSTERS = ("philly", "helios", "pai", "seren", "kalos")


def changed(record, **fields):
    return record.model_copy(update=fields)


# --- The audit ------------------------------------------------------------------------------------


def test_every_citation_is_audited_where_it_is_listed():
    assert literature.listed(DATA.audit, "short review") == len(DATA.literature_short_review)
    assert literature.listed(DATA.audit, "compiled table") == len(DATA.literature_table)
    assert all(c.listed.startswith("short") == (c.id[0] == "S") for c in DATA.audit)


def test_a_work_that_is_located_is_counted():
    assert literature.located(DATA.audit) == 0
    audit = [changed(c, located="yes" if c.year == 2017 else "no") for c in DATA.audit]
    assert literature.located(audit) == 3


def test_what_a_summary_gives_is_counted():
    audit = [changed(c, gives=("number", "sample") if c.id == "T01" else ()) for c in DATA.audit]
    assert [literature.giving(audit, what) for what in ("number", "sample", "method")] == [1, 1, 0]


def test_citations_of_both_reviews_are_paired_by_authors_and_year():
    assert literature.cited_twice(DATA) == [(f"S0{i}", f"T0{i}") for i in range(1, 5)]
    assert literature.described_differently(DATA) == 4


def test_years_without_a_work():
    assert literature.years_without(DATA.audit, DATA.claims["LR.window"]) == (2015,)
    wide = changed(DATA.claims["LR.window"], published=(2014.0, 2021.0))
    assert literature.years_without(DATA.audit, wide) == (2014, 2015, 2020, 2021)


def test_earliest_use_is_the_first_dated_document():
    assert literature.earliest_month(DATA.terms) == (2018, 4)
    later = [changed(t, month=None) if t.id == "seven_considerations" else t for t in DATA.terms]
    with pytest.raises(ValueError, match="month was not seen"):
        literature.earliest_month(later)
    earlier = [*DATA.terms, changed(DATA.terms["cloud_next"], year=2016)]
    assert literature.earliest_use(earlier).year == 2016
    assert literature.count_titles_before_term(DATA.literature_table, earlier) == 0


def test_titles_before_the_term():
    found = literature.titles_before_term(DATA.literature_table, DATA.terms)
    assert {work.authors for work in found} == {"Bock et al.", "Kutz et al.", "Kumar et al."}


def test_searches_are_counted_by_kind():
    assert literature.searches(DATA.searches, "title string") == len(DATA.literature_table)
    assert literature.searches(DATA.searches, "title string", without_hit=True) == 8
    assert literature.searches(DATA.searches) == len(DATA.searches)


def test_every_hit_was_read():
    assert all(bool(s.reading) for s in DATA.searches if s.hits)


# --- The numbers ----------------------------------------------------------------------------------


def parsed(text):
    """Ends of a band of time in days, read from its words a second way."""
    if text in ("on demand", "several times a day"):
        return None, 1
    found = re.findall(r"(\d+) (hour|day|week|month)s?", text)
    ends = [int(count) * DAYS[unit] for count, unit in found]
    if text.startswith("less than"):
        return None, ends[0]
    return (ends[0], None) if text.startswith("more than") else tuple(ends)


@pytest.mark.parametrize(
    "number", [n for n in NUMBERS if n.unit == "day" and n.published], ids=lambda n: n.id
)
def test_band_of_time_is_the_printed_one(number):
    for end, said in zip((number.low, number.high), parsed(number.published), strict=True):
        assert (end is None) == (said is None)
        assert end is None or end == pytest.approx(said, rel=1e-4)


@pytest.mark.parametrize(
    "number", [n for n in NUMBERS if n.unit == "%" and n.published], ids=lambda n: n.id
)
def test_share_is_the_printed_one(number):
    said = [float(text) for text in re.findall(r"\d+(?:\.\d+)?", number.published)]
    ends = [x for x in (number.value, number.low, number.high) if x is not None]
    assert said == ends or (number.published, ends) == ("almost half", [50])


def test_every_tier_of_every_year_has_every_quantity():
    tiers = literature.tiers(NUMBERS)
    counts = tiers.groupby(["year", "quantity"]).size().unstack()
    assert list(counts.index) == [2018, 2019, 2021, 2022, 2023, 2024]
    assert counts.drop(columns="share").drop(index=2022).eq(4).all().all()
    assert counts.loc[2022].dropna().eq(3).all()


# For 2023 the share of the low tier is not in the data: one secondary source gave it, unconfirmed.
@pytest.mark.parametrize("year", [2018, 2019, 2021, 2024])
def test_shares_of_the_tiers_make_a_whole(year):
    shares = {t: NUMBERS[f"dora{year}.{t}.share"].value for t in literature.TIERS}
    whole = sum(shares.values()) - (shares["elite"] if year == 2018 else 0)
    assert whole == pytest.approx(100, abs=1.5)


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_distribution_rises_and_passes_through_the_median(cluster):
    points = {
        int(n.id.rpartition(".")[2]): n.value
        for n in NUMBERS
        if n.id.startswith(f"hu2024.{cluster}.cdf.")
    }
    assert list(points) == [2**k for k in range(4, 19)]
    shares = list(points.values())
    assert shares == sorted(shares)
    median = NUMBERS[f"hu2024.{cluster}.duration_median"].value
    below = max(x for x in points if x <= median * 1.1)
    assert points[below] <= 51
    assert points[below * 4] >= 50


@pytest.mark.parametrize("cluster", ["philly", "helios", "seren", "kalos"])
def test_final_states_make_a_whole(cluster):
    states = ("completed", "cancelled", "failed")
    whole = sum(NUMBERS[f"hu2024.{cluster}.{state}_share"].value for state in states)
    assert whole == pytest.approx(100, abs=0.15)


def value(key):
    return NUMBERS[key].value


def lead(silent, what):
    mu, sigma = literature.lead_time(NUMBERS, silent)
    return {"mu": mu, "sigma": sigma, "median": math.exp(mu)}[what]


def quantiles(cluster):
    points = [
        (int(n.id.rpartition(".")[2]), n.value / 100)
        for n in NUMBERS
        if n.id.startswith(f"hu2024.{cluster}.cdf.") and 10 <= n.value <= 99
    ]
    return literature.lognormal_through(*zip(*points, strict=True))


def moments(cluster):
    keys = (f"hu2024.{cluster}.duration_{what}" for what in ("mean", "median"))
    return literature.lognormal_from_moments(*(NUMBERS[key] for key in keys))


DERIVED = {
    "dora2019.restore_ratio_recomputed": (
        lambda: literature.ratio_to_an_hour(NUMBERS["dora2019.low.restore"]), 0.5),
    "gartner2018.new_projects_month": (lambda: value("gartner2018.projects_year") / 12, 1e-9),
    "xin2021.models_per_day": (
        lambda: value("xin2021.models") / value("xin2021.pipelines") / 123, 5e-3),
    "hu2021.helios.jobs_per_hour": (lambda: value("hu2021.helios.jobs") / (183 * 24), 0.5),
    "algorithmia2020.lead_31_90d": (
        lambda: value("algorithmia2020.lead_8_90d") - value("algorithmia2020.lead_8_30d"), 0),
    "algorithmia2020.lead_answered": (
        lambda: sum(value(f"algorithmia2020.lead_{k}") for k in ("7d", "8_30d", "month")), 0),
    "algorithmia2020.lead_lognormal_mu": (lambda: lead("left out", "mu"), 5e-4),
    "algorithmia2020.lead_lognormal_sigma": (lambda: lead("left out", "sigma"), 6e-4),
    "algorithmia2020.lead_median": (lambda: lead("left out", "median"), 0.05),
    "algorithmia2020.lead_mean": (
        lambda: literature.lognormal_mean(literature.lead_time(NUMBERS)), 0.05),
    "algorithmia2020.lead_median_fast": (lambda: lead("fast", "median"), 0.5),
    "algorithmia2020.lead_sigma_fast": (lambda: lead("fast", "sigma"), 6e-3),
    "algorithmia2020.lead_median_slow": (lambda: lead("slow", "median"), 0.5),
    "algorithmia2020.lead_sigma_slow": (lambda: lead("slow", "sigma"), 6e-3),
    "algorithmia2021.lead_median": (lambda: 30 * math.exp(0.3585 * 1.481), 0.5),
    "arize2022.restore_exponential_mean": (
        lambda: literature.exponential_mean(NUMBERS["arize2022.restore_week_share"]), 0.05),
    "arize2022.restore_exponential_median": (
        lambda: math.log(2) * literature.exponential_mean(NUMBERS["arize2022.restore_week_share"]),
        0.05),
    **{f"hu2024.{c}.lognormal_mu": (lambda c=c: moments(c)[0], 5e-3) for c in CLUSTERS},
    **{f"hu2024.{c}.lognormal_sigma": (lambda c=c: moments(c)[1], 5e-3) for c in CLUSTERS},
    # Fitted to more points of the figure than the file holds
    **{f"hu2024.{c}.quantile_mu": (lambda c=c: quantiles(c)[0], 0.05) for c in CLUSTERS[:3]},
    **{f"hu2024.{c}.quantile_sigma": (lambda c=c: quantiles(c)[1], 0.05) for c in CLUSTERS[:3]},
}  # fmt: skip


def test_every_derived_number_is_recomputed_here():
    assert set(DERIVED) == {n.id for n in NUMBERS if n.grade == "derived"}


@pytest.mark.parametrize("key", DERIVED)
def test_derived_number_follows(key):
    compute, tolerance = DERIVED[key]
    number = NUMBERS[key]
    given = number.high if number.value is None else number.value
    assert compute() == pytest.approx(given, abs=tolerance + 1e-9)


def test_answers_on_lead_time_fit_each_other():
    later = value("algorithmia2020.lead_31_90d") + value("algorithmia2020.lead_90d")
    assert later == value("algorithmia2020.lead_month")


def test_the_slip_of_the_report_is_where_it_is_said_to_be():
    hours = NUMBERS["dora2019.month_hours_printed"]
    assert literature.ratio_with_month_of(hours) == value("dora2019.restore_ratio_printed")
    assert literature.weeks_in(hours) == 30
    real = literature.ratio_with_month_of(changed(hours, value=24 * literature.DAYS_PER_MONTH))
    assert real == pytest.approx(literature.ratio_to_an_hour(NUMBERS["dora2019.low.restore"]))
    bound = literature.largest_ratio_to_an_hour(NUMBERS["dora2024.low.restore"])
    assert bound < value("dora2024.restore_ratio_printed")


def test_share_of_pods_pending_follows():
    share = 100 * value("weng2023.pending") / value("weng2023.pods")
    assert share == pytest.approx(value("weng2023.pending_share"), abs=0.05)


def test_log_normal_through_its_own_quantiles():
    mu, sigma = literature.lognormal_through((1, 10, 100), (0.1, 0.5, 0.9))
    assert math.exp(mu) == pytest.approx(10)
    assert literature.lognormal_share(100, mu, sigma) == pytest.approx(90)


def test_weak_claims_are_used_by_no_other_data():
    weak = {n.id for n in NUMBERS if n.grade == "D"}
    assert not weak & {key for entry in DATA.claims_evidence for key in entry.numbers}


def test_weakest_grade():
    assert weakest(["A", "C", "derived", "B"]) == "C"
    assert weakest(["derived"]) == "derived"
    assert weakest([]) == "no number"


def test_findings_gather_every_number_once():
    found = literature.findings(NUMBERS)
    assert sum(len(finding["members"]) for finding in found) == len(NUMBERS)
    for finding in found:
        labels = [member.label for member in finding["members"]]
        assert len(set(labels)) == len(labels)
        assert len(labels) == 1 or all(labels)
    both = literature.by_grade(NUMBERS, "ml") + literature.by_grade(NUMBERS, "software")
    assert both.to_numpy().sum() == len(found)
    assert list(both.index) == list(PRACTICES)
    assert list(both.columns) == list(GRADES)


# --- Tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("practice", PRACTICES)
def test_table_of_findings_cites_and_grades_each(practice):
    frame = tables.findings(NUMBERS, practice)
    assert frame["Source"].map(lambda cell: "{cite:t}`" in cell.markdown).all()
    assert set(frame["Grade"]) <= set(GRADES) - {"D"}
    assert list(frame["Grade"]) == sorted(frame["Grade"])


def test_table_of_weak_claims_says_why():
    frame = tables.weak_claims(NUMBERS)
    assert len(frame) == literature.graded(NUMBERS, "D")
    assert (frame["Why it is weak"].str.len() > 10).all()


@pytest.mark.parametrize(
    ("key", "printed"),
    [
        ("dora2019.low.cfr", "46-60 %"),
        ("dora2019.low.restore", "1 week to 1 month"),
        ("hu2021.helios.jobs", "1,580,464 jobs"),
        ("hu2024.pai.gpus_mean", "0.68 GPUs"),
        ("algorithmia2020.lead_lognormal_mu", "3.355 (ln d)"),
        ("xin2021.models_per_day", "at most 1.22 models/day"),
    ],
)
def test_number_is_printed_with_its_unit(key, printed):
    assert tables.quantity(NUMBERS[key]) == printed


def test_matrix_links_statements_and_works():
    frame = tables.matrix(DATA, page="literature")
    assert len(frame) == len(DATA.claims_evidence)
    assert 'href="reproducibility.html#claim-lr-t01"' in frame["Statements"].iloc[0].markdown
    cited = {entry.cite for entry in DATA.claims_evidence}
    assert cited <= set(bibliography())


def test_every_statement_of_the_compiled_table_meets_real_work():
    met = {claim for entry in DATA.claims_evidence for claim in entry.claims}
    assert {f"LR.{citation.id}" for citation in DATA.audit} <= met


def test_gaps_are_named_for_every_practice():
    assert {gap.practice for gap in DATA.gaps} == set(PRACTICES)
