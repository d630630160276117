"""Bound numbers are printed as formatted, and carry where they come from."""

from __future__ import annotations

import re

import pytest

from mlops_compendium import bind as bind_module
from mlops_compendium import implications, ledger, survey
from mlops_compendium.bind import Bind, Bound
from mlops_compendium.load import paper

DATA = paper()


@pytest.fixture
def glued(monkeypatch):
    """What is glued, by key."""
    store = {}
    monkeypatch.setattr(bind_module, "glue", lambda key, value, display: store.update({key: value}))
    return store


def test_number_is_formatted_and_linked_to_its_row(glued):
    bind = Bind("survey")
    text = bind("x", "{:.1f} %", survey.top_two_box, DATA.practices["cicd"], claim="KR.cicd")
    assert text == "80.0 %"
    assert (
        glued["x"].provenance
        == "survey.top_two_box · data/paper/practices.csv#cicd · ledger KR.cicd"
    )
    shown = glued["x"]._repr_mimebundle_()
    assert shown["text/plain"] == "80.0 %"
    assert 'href="reproducibility.html#claim-kr-cicd"' in shown["text/html"]


def test_number_without_a_row_names_its_origin_and_is_no_link(glued):
    Bind("survey")("x", "{:.2f}", survey.mean_score, DATA.practices["cicd"])
    html = glued["x"]._repr_mimebundle_()["text/html"]
    assert html.startswith("<data ")
    assert "survey.mean_score · data/paper/practices.csv#cicd" in html


def test_front_page_links_into_the_chapters_folder(glued):
    Bind("index")("x", "{:.0f}", survey.row_sum, DATA.practices["cicd"], claim="T1.cicd.sum")
    assert 'href="chapters/reproducibility.html#claim-t1-cicd-sum"' in glued["x"]._html()


def test_whole_tables_and_pairs_are_named(glued):
    Bind("survey")("x", "{:.0f}", survey.challenges_total, DATA.challenges)
    assert glued["x"].data == ("data/paper/challenges.csv",)
    assert ledger.sources([[DATA.cloud["utilization"], DATA.cloud["utilization"]], 5]) == [
        "data/paper/cloud.csv#utilization"
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_what_cannot_stand_in_a_sentence_is_refused(glued, value):
    with pytest.raises(ValueError, match="cannot stand in a sentence"):
        Bind("survey")("x", "{}", implications.assumed, value)
    assert not glued


@pytest.mark.parametrize("function", [int, float, lambda: 45])
def test_number_that_no_function_of_the_package_computed_is_refused(glued, function):
    with pytest.raises(ValueError, match="use a function of mlops_compendium"):
        Bind("survey")("x", "{}", function)
    assert not glued


@pytest.mark.parametrize("key", ["A b", "", "x_y", "-x"])
def test_malformed_key_is_refused(glued, key):
    with pytest.raises(ValueError, match="letters, digits and hyphens"):
        Bind("survey")(key, "{}", implications.assumed, 1)


def test_key_may_be_used_once(glued):
    bind = Bind("survey")
    bind("x", "{}", implications.assumed, 1)
    with pytest.raises(ValueError, match="once on a page"):
        bind("x", "{}", implications.assumed, 2)


def test_unknown_ledger_row_is_refused(glued):
    with pytest.raises(ValueError, match=r"no row 'KR\.cloud'"):
        Bind("survey")("x", "{}", implications.assumed, 1, claim="KR.cloud")


def test_own_result_is_printed_as_the_ledger_formats_it(glued):
    assert Bind("survey").result("own.time_saved") == "33.3 %"
    assert glued["own-time-saved"].claim == "own.time_saved"


def test_verdict_is_linked(glued):
    Bind("survey").verdict("KR.order")
    shown = glued["verdict-kr-order"]._repr_mimebundle_()
    assert shown["text/plain"] == "contradicted"
    assert re.search(
        'class="verdict verdict-contradicted" href=.*#claim-kr-order', shown["text/html"]
    )


def test_jupyter_shows_each_number_once(glued):
    bind = Bind("survey")
    bind("x", "{} a", implications.assumed, 1)
    assert "x | 1 a | implications.assumed" in bind._repr_mimebundle_()["text/plain"]
    bind("y", "{} b", implications.assumed, 2)
    second = bind._repr_mimebundle_()["text/plain"]
    assert second.startswith("y | 2 b")
    assert "x |" not in second


def test_markup_in_a_number_is_escaped():
    bound = Bound("x", "<1 & 2", "f", ("a",), "", "survey")
    assert "&lt;1 &amp; 2" in bound._html()


def test_row_ids_are_distinct():
    ids = [bind_module.row_id(key) for key in ledger.current().index]
    assert len(ids) == len(set(ids))
