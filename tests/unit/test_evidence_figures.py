"""Figures of the evidence show what the data hold."""

from __future__ import annotations

import inspect

import pytest

from mlops_compendium import evidence_figures, literature, show, survey
from mlops_compendium.load import bibliography, paper

DATA = paper()
ALT = "Marks that stand for something, long enough to say it."
DRAWN = {
    "timeline": (DATA, bibliography()),
    "evidence_map": (DATA.numbers,),
    "tiers_over_years": (DATA.numbers,),
    "adoption": (DATA,),
    "lead_times": (DATA.numbers,),
}


def test_every_figure_is_drawn_here():
    public = {
        name
        for name, function in inspect.getmembers(evidence_figures, inspect.isfunction)
        if function.__module__ == evidence_figures.__name__ and not name.startswith("_")
    }
    assert public == set(DRAWN)


@pytest.mark.parametrize("name", DRAWN)
def test_figure_shows_its_data_and_labels_its_axes(name):
    draw = getattr(evidence_figures, name)
    assert len(show.figure(draw, *DRAWN[name], name="fig-x", caption="c", alt=ALT).plain) > 40
    drawn, data = draw(*DRAWN[name])
    assert not data.empty
    assert all(axes.get_xlabel() or axes.get_title() for axes in drawn.axes)


def test_timeline_counts_titles_and_marks_those_before_the_term():
    drawn, data = evidence_figures.timeline(*DRAWN["timeline"])
    titled = data[data["what"].str.startswith("titled")]
    assert titled["works"].sum() == len(DATA.literature_table)
    early = data[data["what"] == "titled MLOps, before the term"]
    expected = literature.count_titles_before_term(DATA.literature_table, DATA.terms)
    assert early["works"].sum() == expected
    crosses = [line for line in drawn.axes[0].lines if line.get_marker() == "X"]
    assert sorted(line.get_xdata()[0] for line in crosses) == sorted(early["year"])


def test_cells_of_the_map_print_their_counts():
    drawn, data = evidence_figures.evidence_map(DATA.numbers)
    for axes, domain in zip(drawn.axes, ("ml", "software"), strict=True):
        printed = [text.get_text() for text in axes.texts]
        counts = data[data["domain"] == domain].drop(columns=["domain", "practice"]).to_numpy()
        assert printed == [str(count) if count else "none" for count in counts.ravel()]


def test_bars_of_the_tiers_are_their_bands():
    drawn, data = evidence_figures.tiers_over_years(DATA.numbers)
    rates = drawn.axes[2]
    low = [path.vertices[:, 1] for path in rates.collections[3].get_paths()]
    band = data[(data["quantity"] == "cfr") & (data["tier"] == "low")]
    assert [tuple(ends) for ends in low] == list(zip(band["low"], band["high"], strict=True))


def test_agreement_is_that_of_the_paper():
    _, data = evidence_figures.adoption(DATA)
    agreed = data[data["what"] == "agreement in the paper"].set_index("practice")["share"]
    assert dict(agreed) == {item.id: survey.top_two_box(item) for item in DATA.practices}
    monitored = data[(data["practice"] == "monitoring") & (data["what"] == "research")]
    assert list(monitored["share"]) == [28.1]


def test_curve_passes_through_the_answers():
    drawn, _ = evidence_figures.lead_times(DATA.numbers)
    *_, answers = drawn.axes[0].lines
    mu, sigma = literature.lead_time(DATA.numbers)
    for days, share in zip(*answers.get_data(), strict=True):
        assert literature.lognormal_share(days, mu, sigma) == pytest.approx(share, abs=0.2)
