"""Written again from the chapter on the model, it gives the same indicators, run by run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlops_compendium.simulation.inputs import inputs
from mlops_compendium.simulation.kpis import KPIS
from mlops_compendium.simulation.model import Run, simulate
from organisations import ORGANISATIONS, SHORT, B, changed
from rewrite import Rewrite

CASES = {f"scenario {name}": p for name, p in inputs().organisations.items()} | ORGANISATIONS
CASES["other laws"] = changed(
    B, {"effort_law": "exponential", "delay_law": "lognormal", "delay_cv": 0.4, "training_cv": 0.0}
)
CASES["other priorities"] = replace(
    ORGANISATIONS["overloaded"], priority_fix=2, priority_retraining=0, priority_feature=0
)


def same(p, run, replication):
    again = Rewrite(p, run, replication).simulate()
    assert list(again) == [kpi.name for kpi in KPIS]
    assert again == pytest.approx(simulate(p, run, replication), rel=1e-9, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("name", CASES)
def test_the_chapter_says_all_that_the_engine_does(name):
    for replication in range(2):
        same(CASES[name], SHORT, replication)


@pytest.mark.parametrize("name", inputs().organisations)
def test_the_chapter_gives_the_numbers_of_the_book(name):
    same(inputs().organisations[name], Run(), 0)
