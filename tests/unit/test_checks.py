"""Each check reaches each of its verdicts, for the right reason."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mlops_compendium import checks, ledger
from mlops_compendium.load import (
    Artefact,
    CitationAudit,
    Claim,
    LikertItem,
    ReviewedWork,
    ShortReviewWork,
    Table,
    paper,
)

DATA = paper()


def claim(check="value", published=(), adds="", tolerance=0, args=(), note=""):
    return Claim(
        id="X", section="s", kind="restatement", statement="s", published=published, unit="%",
        tolerance=tolerance, check=check, args=args, adds=adds, note=note, anchor="survey-x",
    )  # fmt: skip


def verdict(check, published=(), data=DATA, adds="", tolerance=0, **arguments):
    return checks.CHECKS[check](claim(check, published, adds, tolerance), data, **arguments).verdict


def with_practices(**shares):
    """Data whose Table 1 holds other shares."""
    items = [LikertItem(id=key, label=key, shares=value) for key, value in shares.items()]
    return SimpleNamespace(practices=Table(type("F", (), {"FILE": "f"}), items))


@pytest.mark.parametrize(
    ("check", "published", "arguments", "expected"),
    [
        ("given", (60,), {"table": "challenges", "row": "culture", "fields": "percent"},
         "not checkable"),
        ("given", (61,), {"table": "challenges", "row": "culture", "fields": "percent"},
         "contradicted"),
        ("row_sum", (100,), {"practice": "cicd"}, "reproduces"),
        ("row_sum", (99,), {"practice": "cicd"}, "contradicted"),
        ("value", (70, 4.5), {"table": "monitoring_tools", "row": "dashboards",
                              "fields": "use,rating"}, "reproduces"),
        ("value", (70, 4.4), {"table": "monitoring_tools", "row": "dashboards",
                              "fields": "use,rating"}, "contradicted"),
        ("value", (70,), {"table": "monitoring_tools", "row": "dashboards",
                          "fields": "use,rating"}, "contradicted"),
        ("improvement", (100,), {"aspect": "deployment_time"}, "reproduces"),
        ("improvement", (50,), {"aspect": "deployment_time"}, "contradicted"),
        ("agreement", (45,), {"practice": "cicd", "rule": "strongly_agree"}, "reproduces"),
        ("agreement", (45,), {"practice": "cicd", "rule": "agree_or_strongly_agree"},
         "inconsistent"),
        ("agreement", (44,), {"practice": "cicd", "rule": "strongly_agree"}, "contradicted"),
        ("all_tools", (60, 4.28), {}, "reproduces"),
        ("all_tools", (70, 4.5), {}, "inconsistent"),
        ("all_tools", (71, 4.5), {}, "contradicted"),
        ("selection", (), {"table": "challenges", "items": "culture,standards"}, "reproduces"),
        ("selection", (), {"table": "challenges", "items": "culture,silos"}, "inconsistent"),
        ("selection", (), {"table": "challenges", "items": "resources,infrastructure"},
         "contradicted"),
        ("at_least", (), {"table": "challenges", "items": "culture,standards",
                          "threshold": "50"}, "reproduces"),
        ("at_least", (), {"table": "challenges", "items": "culture,resources",
                          "threshold": "50"}, "inconsistent"),
        ("at_least", (), {"table": "challenges", "items": "culture", "threshold": "61"},
         "contradicted"),
        ("direction", (), {"aspects": "utilization"}, "reproduces"),
        ("shown", (), {"needs": "survey.percentages"}, "reproduces"),
        ("shown", (), {"needs": "survey.percentages,statistics.test"}, "inconsistent"),
        ("shown", (), {"needs": "simulation.results"}, "contradicted"),
        ("decidable", (), {"needs": "survey.percentages,survey.sample_size"}, "not checkable"),
        ("scenario_variables", (), {}, "inconsistent"),
        ("window", (2016, 2019), {}, "reproduces"),
        ("window", (2015, 2019), {}, "inconsistent"),
        ("window", (2017, 2019), {}, "contradicted"),
        ("works_on", (), {"theme": "CI/CD", "least": "1"}, "reproduces"),
        ("works_on", (), {"theme": "CI/CD", "least": "2"}, "contradicted"),
        ("same_work", (), {"short": "S03", "long": "T03"}, "inconsistent"),
        ("traceable", (), {"work": "T01"}, "not checkable"),
    ],
)  # fmt: skip
def test_verdict(check, published, arguments, expected):
    assert verdict(check, published, **arguments) == expected


def test_every_check_is_tried_above():
    tried = {
        mark.args[1][i][0]
        for mark in test_verdict.pytestmark
        if mark.name == "parametrize"
        for i in range(len(mark.args[1]))
    }
    assert tried | {"ranking"} == set(checks.CHECKS)


@pytest.mark.parametrize("check", ["value", "improvement", "direction"])
def test_something_added_makes_a_right_number_inconsistent(check):
    arguments = {
        "value": ((60,), {"table": "challenges", "row": "culture", "fields": "percent"}),
        "improvement": ((100,), {"aspect": "scalability"}),
        "direction": ((), {"aspects": "utilization"}),
    }[check]
    assert verdict(check, arguments[0], adds="a cause", **arguments[1]) == "inconsistent"
    assert verdict(check, arguments[0], adds="", **arguments[1]) == "reproduces"


def test_tolerance_is_half_a_printed_digit():
    arguments = {"aspect": "utilization"}
    assert verdict("improvement", (116.67,), tolerance=0.005, **arguments) == "reproduces"
    assert verdict("improvement", (116.68,), tolerance=0.005, **arguments) == "contradicted"


def test_ranking_under_all_some_and_no_rule():
    clear = with_practices(a=(60, 20, 10, 5, 5), b=(50, 20, 10, 10, 10))
    tied = with_practices(a=(60, 20, 10, 5, 5), b=(50, 30, 10, 5, 5))
    assert verdict("ranking", data=clear, items="a,b") == "reproduces"
    assert verdict("ranking", data=tied, items="a,b") == "inconsistent"
    assert verdict("ranking", data=clear, items="b,a") == "contradicted"


def test_selection_tied_with_one_left_out_counts_as_highest():
    cloud = {"table": "cloud", "fields": "improvement"}
    items = "cost_savings,utilization,deployment_time"
    assert verdict("selection", items=items, **cloud) == "reproduces"


def test_falling_level_contradicts_a_rise():
    fallen = DATA.cloud["utilization"].model_copy(update={"after": 20.0})
    data = SimpleNamespace(cloud={"utilization": fallen})
    assert verdict("direction", data=data, aspects="utilization") == "contradicted"


def test_all_variables_varied_reproduces_and_none_contradicts():
    outline = DATA.scenario_outline
    for variables, expected in ((("v",), "reproduces"), (("w",), "contradicted")):
        scenarios = [SimpleNamespace(variables=variables)]
        data = SimpleNamespace(
            scenario_outline=SimpleNamespace(
                variables=[SimpleNamespace(id="v", name="V")],
                scenarios=scenarios,
                source=outline.source,
            )
        )
        if expected == "contradicted":
            scenarios[0].variables = ()
        assert verdict("scenario_variables", data=data) == expected


def test_one_citation_described_alike_reproduces():
    short, long = DATA.literature_short_review["S03"], DATA.literature_table["T03"]
    alike = short.model_copy(update={"themes": long.themes})
    data = SimpleNamespace(
        literature_short_review=Table(ShortReviewWork, [alike]),
        literature_table=Table(ReviewedWork, [long]),
        audit=DATA.audit,
    )
    assert verdict("same_work", data=data, short="S03", long="T03") == "reproduces"


def test_different_citations_are_not_compared():
    with pytest.raises(ValueError, match="not the same citation"):
        verdict("same_work", short="S01", long="T02")


def test_decidable_refuses_a_statement_whose_data_are_there():
    with pytest.raises(ValueError, match="wrong check"):
        verdict("decidable", needs="survey.percentages")


def found(*ids):
    """Audit in which the works named were located."""
    changed = [c.model_copy(update={"located": "yes" if c.id in ids else "no"}) for c in DATA.audit]
    return SimpleNamespace(**vars(DATA) | {"audit": Table(CitationAudit, changed)})


def test_work_that_was_located_needs_another_check():
    with pytest.raises(ValueError, match="T01 was located"):
        verdict("traceable", data=found("T01"), work="T01")


def test_reasons_tell_what_could_be_located():
    for data, number in ((DATA, "0 of the two"), (found("S02", "T02"), "2 of the two")):
        finding = checks.same_work(claim(), data, short="S02", long="T02")
        assert number in finding.reason
        assert "data/literature/audit.csv#T02" in finding.rows
    assert (
        "located in the sources searched: 1"
        in checks.works_on(claim(), found("S01"), theme="CI/CD", least="2").reason
    )


def test_window_names_the_years_without_a_work():
    assert "none dates from 2015" in checks.window(claim(published=(2015, 2019)), DATA).reason
    late = checks.window(claim(published=(2014, 2021)), DATA).reason
    assert "none dates from 2014, 2015, 2020 and 2021" in late


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"check": "guess"}, "'guess' is not allowed; allowed are given"),
        ({"args": ("table",)}, "use name=value"),
        ({"args": ("table=challenges", "row=kloud", "fields=percent")}, "no record 'kloud'"),
        ({"args": ("row=culture",)}, "missing"),
        ({"args": ("table=challenges", "row=culture", "fields=share")}, "share"),
    ],
)
def test_claim_that_cannot_be_recomputed_is_named(change, message):
    broken = DATA.claims["KR.culture"].model_copy(update=change)
    with pytest.raises(ledger.LedgerError, match=message) as error:
        ledger.claim_row(broken, DATA)
    assert "data/paper/claims.csv#KR.culture" in str(error.value)


def test_reason_names_what_is_missing():
    missing = Artefact(
        id="a.b", method="m", artefact="A list", present="no", where_or_missing="nowhere"
    )
    data = SimpleNamespace(artefacts={"a.b": missing})
    finding = checks.shown(claim(note="Read so."), data, needs="a.b")
    assert finding.reason == "Not in the text: a list (nowhere). Read so."
