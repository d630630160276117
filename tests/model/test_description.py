"""What the model chapter says of the engine is what the engine does."""

from __future__ import annotations

import re
from unittest import mock

import pytest

from mlops_compendium.simulation import description
from mlops_compendium.simulation.draws import Draws
from mlops_compendium.simulation.inputs import KINDS, inputs
from mlops_compendium.simulation.kpis import KPIS, measure
from mlops_compendium.simulation.model import ROUTE, Lifecycle, Run, simulate


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


def symbols(s: Lifecycle) -> dict[str, float]:
    """What the symbols of the formulas stand for in a finished replication."""
    p, counts, window = s.parameters, s.counts, s.run_settings.measured
    pools = {"ds": s.data_scientists, "ops": s.ops_engineers, "node": s.compute}
    skill = s.skill.area / (p.models * window)
    waiting = {rf"\int_W Q_\mathrm{{{key}}}(x)\,dx": pools[key].waiting.area for key in pools}
    return waiting | {
        **{rf"B_\mathrm{{{key}}}": pool.busy.area for key, pool in pools.items()},
        r"\sum_i \int_W \mathbf{1}[1 - q_i(x) > \theta]\,dx": s.degraded.area,
        r"\sum_i \int_W q_i(x)\,dx": s.skill.area,
        r"\int_W N(x)\,dx": s.in_system.level.area,
        r"N(\text{end})": s.in_system.level.value,
        r"n_\mathrm{ds}": p.data_scientists,
        r"n_\mathrm{ops}": p.ops_engineers,
        r"c_\mathrm{staff}": p.staff_day_cost,
        r"c_\mathrm{own}": p.owned_node_day_cost,
        r"c_\mathrm{cloud}": p.cloud_node_day_cost,
        r"F_\mathrm{run}": counts["failed_runs"],
        r"D_\mathrm{run}": counts["runs"],
        r"\mathrm{TPR}": 0.5 + (p.fresh_sensitivity - 0.5) * skill,
        r"\mathrm{TNR}": 0.5 + (p.fresh_specificity - 0.5) * skill,
        r"E_{>0}": s.rework_effort,
        "|W|": window,
        "D": counts["deployments"],
        "E": s.effort,
        "F": counts["failures"],
        "J": counts["rejections"],
        "L": counts["delivered"],
        "M": p.models,
        "R": s.compute.rented.area,
        "V": counts["validations"],
        "X": counts["escaped_defects"],
        "a": p.staff_availability,
        "m": window / 365 * 12,
        "n": p.owned_nodes,
        "p": p.prevalence,
    }


def evaluated(formula: str, values: dict[str, float]) -> float:
    """Value of a formula as printed; each symbol becomes one character on the way."""
    names = {symbol: chr(0xE000 + i) for i, symbol in enumerate(values)}
    text = formula.rpartition(" = ")[2]
    for symbol in sorted(values, key=len, reverse=True):
        if len(symbol) == 1:
            text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", text)
        text = text.replace(symbol, names[symbol])
    text = text.replace(r"\,", "").replace(" ", "")
    text = re.sub(r"(?<=[\ue000-\uf8ff)])(?=[\ue000-\uf8ff(])", "*", text)
    known = {name: f"({values[symbol]!r})" for symbol, name in names.items()}
    return eval(text.translate(str.maketrans(known)), {"__builtins__": {}})


@pytest.mark.parametrize("scenario", ["A", "B", "C"])
def test_every_formula_is_that_of_the_indicator(scenario):
    s = Lifecycle(inputs().organisations[scenario], Run(measured=365, warm_up=30, seed=3), 0)
    s.simulate()
    values, found, others = symbols(s), measure(s), set()
    for name, (formula, _) in description.FORMULAS.items():
        if r"\hat S" in formula:
            others.add((name.rpartition("_")[2], formula))
        else:
            assert evaluated(formula, values) == pytest.approx(found[name], rel=1e-12), name
    assert others == {
        ("mean", r"\int_0^{\tau} \hat S(x)\,dx"),
        ("median", r"\min\{x : \hat S(x) \le 1/2\}"),
        ("p95", r"\min\{x : \hat S(x) \le 0.05 \}"),
    }
