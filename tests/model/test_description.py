"""What the model chapter says of the engine is what the engine does."""

from __future__ import annotations

import re
from unittest import mock

import pytest

from mlops_compendium.simulation import description
from mlops_compendium.simulation.draws import Draws
from mlops_compendium.simulation.inputs import KINDS, inputs
from mlops_compendium.simulation.kpis import KPIS
from mlops_compendium.simulation.model import ROUTE, Run, simulate


@pytest.fixture(scope="module")
def drawn():
    """Addresses drawn in one replication of every scenario."""
    found = set()
    draw = Draws.uniform

    def record(self, activity, entity, attempt=0):
        found.add((activity, entity, attempt))
        return draw(self, activity, entity, attempt)

    with mock.patch.object(Draws, "uniform", record):
        for parameters in inputs().organisations.values():
            simulate(parameters, Run(measured=365, warm_up=0, seed=3))
    return found


def test_every_address_is_described_and_used(drawn):
    assert {activity for activity, _, _ in drawn} == set(description.ADDRESSES)


def test_attempts_are_what_the_table_says(drawn):
    for activity, (_, attempt, _) in description.ADDRESSES.items():
        attempts = {a for name, _, a in drawn if name == activity}
        assert (attempts == {0}) == (attempt == "always 0"), activity


def test_entities_are_what_the_table_says(drawn):
    models = inputs().base.models
    for activity, (entity, _, _) in description.ADDRESSES.items():
        entities = {e for name, e, _ in drawn if name == activity}
        if entity == "model":
            assert max(entities) < models
        else:
            retraining = {e for e in entities if e >= 2**32}
            assert bool(retraining) == (entity == "change"), activity
            assert all(1 <= e >> 32 <= models for e in retraining)


def test_every_stage_and_indicator_is_described():
    assert list(description.STAGES) == list(ROUTE)
    assert list(description.FORMULAS) == [kpi.name for kpi in KPIS]
    assert set(description.SYMBOLS) <= set(KINDS)
    assert len(set(description.SYMBOLS.values())) == len(description.SYMBOLS)


def test_symbols_of_the_stages_are_those_of_parameters():
    """No stage speaks of a symbol that the table of parameters does not explain."""
    known = set(description.SYMBOLS.values()) | {"t", r"-t \bmod I", "I = 0"}
    for _, law in description.STAGES.values():
        for formula in re.findall(r"\$([^$]+)\$", law):
            assert formula in known or formula == r"\varphi t_\mathrm{run}", formula
