"""Tables and figures have what the book needs: number, caption, headers, alternative text."""

from __future__ import annotations

import inspect

import pandas as pd
import pytest
from matplotlib.figure import Figure

from mlops_compendium import figures, show, survey, uncertainty
from mlops_compendium import ledger as ledger_module
from mlops_compendium.load import paper
from mlops_compendium.show import Cell

DATA = paper()
FRAME = pd.DataFrame(
    [("a*b", Cell("**x**", "<b>x</b>")), ("40. of", "y")], columns=["Name", "What"]
)
ALT = "Bars that stand for something, long enough to say it."


def draw(record):
    drawn = Figure(figsize=(2, 1))
    drawn.add_subplot().plot([0, record.percent])
    return drawn, pd.DataFrame({"value": [record.percent]})


def test_table_is_a_directive_with_name_caption_and_headers():
    shown = show.table(FRAME, name="tab-x", caption="What it\nshows.")
    lines = shown.markdown.splitlines()
    assert lines[0] == ":::::{list-table} What it shows."
    assert {":name: tab-x", ":header-rows: 1", ":stub-columns: 1"} <= set(lines)
    assert '<th scope="row">a*b</th>' in shown.html
    assert "<caption>" in shown.html
    assert shown.plain == "a*b | x\n40. of | y"


def test_markup_is_escaped_in_text_and_kept_in_cells():
    markdown = show.table(FRAME, name="tab-x", caption="c").markdown
    assert r"* - a\*b" in markdown
    assert "  - **x**" in markdown
    assert r"* - 40\. of" in markdown


@pytest.mark.parametrize("name", ["fig-x", "x", ""])
def test_table_with_a_wrong_name_is_refused(name):
    with pytest.raises(ValueError, match="tab-"):
        show.table(FRAME, name=name, caption="c")


def test_empty_table_is_refused():
    with pytest.raises(ValueError, match="needs rows"):
        show.table(FRAME.head(0), name="tab-x", caption="c")


def test_figure_has_caption_alt_data_and_origin():
    record = DATA.challenges["culture"]
    shown = show.figure(draw, record, name="fig-x", caption="See.", alt=ALT)
    assert f":alt: {ALT}" in shown.markdown
    assert "See." in shown.markdown
    assert "`data/paper/challenges.csv#culture`" in shown.markdown
    assert shown.plain == "value\n60.0"


def test_figure_is_the_same_when_drawn_again():
    record = DATA.challenges["culture"]
    first, second = (
        show.figure(draw, record, name="fig-x", caption="c", alt=ALT) for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize(("name", "alt"), [("tab-x", ALT), ("fig-x", ""), ("fig-x", "plot.png")])
def test_figure_without_name_or_alt_is_refused(name, alt):
    with pytest.raises(ValueError, match="real alt"):
        show.figure(draw, DATA.challenges["culture"], name=name, caption="c", alt=alt)


def test_claims_of_a_place_are_all_there():
    shown = show.claims("survey-culture", page="survey", name="tab-x", caption="c")
    rows = ledger_module.current()
    for key in rows.index[rows["anchor"] == "survey-culture"]:
        assert f"#{show.row_id(key)}" in shown.markdown


def test_place_without_claims_is_refused():
    with pytest.raises(ValueError, match="survey-weather"):
        show.claims("survey-weather", page="survey", name="tab-x", caption="c")


def test_whole_ledger_has_every_row():
    shown = show.whole_ledger(name="tab-x", caption="c")
    assert shown.markdown.count("* - ") == len(ledger_module.current()) + 1


LABELS = {item.id: item.label for item in DATA.practices}
DRAWN = {
    "verdicts": (ledger_module.current(),),
    "likert": (DATA.practices,),
    "agreement_rules": (DATA.practices,),
    "ranked_challenges": (DATA.challenges,),
    "cloud_slopes": (DATA.cloud,),
    "tools": (DATA.monitoring_tools,),
    "culture_profile": (DATA.culture,),
    "themes_over_years": (DATA.literature_table,),
    "artefacts_found": (list(DATA.artefacts),),
    "size_fits": (DATA, 80),
    "intervals_by_size": ([DATA.challenges["culture"]], [20, 100], 0.95),
    "likert_intervals": (DATA.practices, [50, 100, 200], 0.95),
    "sizes_to_separate": (
        uncertainty.separations({i.id: survey.top_two_box(i) for i in DATA.practices}), LABELS,
    ),
    "association_bounds": (uncertainty.correlation_bounds_table(DATA.practices), LABELS),
    "last_digits": ([45, 50, 3],),
}  # fmt: skip


def test_every_figure_is_drawn_here():
    public = {
        name
        for name, function in inspect.getmembers(figures, inspect.isfunction)
        if function.__module__ == figures.__name__ and not name.startswith("_")
    }
    assert public == set(DRAWN)


@pytest.mark.parametrize("name", DRAWN)
def test_figure_shows_its_data_and_labels_its_axes(name):
    shown = show.figure(getattr(figures, name), *DRAWN[name], name="fig-x", caption="c", alt=ALT)
    assert len(shown.plain.splitlines()) > 1
    drawn, data = getattr(figures, name)(*DRAWN[name])
    assert not data.empty
    assert all(axes.get_xlabel() or axes.get_title() for axes in drawn.axes)


def bar_ends(name):
    drawn, _ = getattr(figures, name)(*DRAWN[name])
    return [round(patch.get_width(), 6) for patch in drawn.axes[0].patches]


def test_bars_have_the_length_of_their_numbers():
    assert bar_ends("ranked_challenges") == [60, 55, 50, 45, 40]
    shares = sorted(share for item in DATA.practices for share in item.shares)
    assert sorted(bar_ends("likert")) == shares
    assert sum(bar_ends("verdicts")) == len(DATA.claims)


def test_slopes_join_before_and_after():
    drawn, _ = figures.cloud_slopes(DATA.cloud)
    ends = [tuple(line.get_ydata()) for line in drawn.axes[0].lines]
    assert ends == [(aspect.before, aspect.after) for aspect in DATA.cloud]


def test_fitting_sizes_are_where_the_strokes_are():
    _, data = figures.size_fits(DATA, 80)
    assert list(data.loc[data["table"] == "Table 2", "n"][:3]) == [20, 40, 42]
    assert list(data.loc[data["table"] == "all on one sample", "n"]) == [60]
