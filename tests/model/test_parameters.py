"""Parameters: refused by name and value where they make no sense, never changed; and levers."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, fields, replace
from math import inf, nan

import pytest

from mlops_compendium.simulation.model import Run, simulate
from mlops_compendium.simulation.parameters import (
    KINDS,
    LEVERS,
    Effect,
    Parameters,
    with_levers,
)
from organisations import ORGANISATIONS, SHORT, A, same, values

NOT_A_NUMBER = [nan, inf, -inf, "1", None, True, [1]]
NEGATIVE = [-1, -1e-9]
REFUSED = {
    "time": [*NOT_A_NUMBER, *NEGATIVE],
    "rate": [*NOT_A_NUMBER, *NEGATIVE],
    "ratio": [*NOT_A_NUMBER, *NEGATIVE],
    "money": [*NOT_A_NUMBER, *NEGATIVE],
    "probability": [*NOT_A_NUMBER, *NEGATIVE, 1.0000001, 2],
    "share": [*NOT_A_NUMBER, *NEGATIVE, 1.0000001, 2],
    "positive": [*NOT_A_NUMBER, *NEGATIVE, 0, 0.0, 1.0000001],
    "count": [*NOT_A_NUMBER, -1, 1.0, 2.5],
    "order": [*NOT_A_NUMBER, -1, 1.0, 2.5],
    "capacity": [*NOT_A_NUMBER, 0, -1, 1.0, 2.5],
    "law": ["normal", "", None, 1],
}
ALLOWED = {
    "time": [0, 0.0, 1e6],
    "rate": [0, 0.0, 5],
    "ratio": [0, 3.5],
    "money": [0, 1e6],
    "probability": [0, 0.5],
    "share": [0, 0.5],
    "positive": [1e-9, 1, 1.0],
    "count": [1, 1000],
    "order": [0, 9],
    "capacity": [1, 1000],
    "law": ["lognormal", "exponential"],
}


def test_every_kind_is_tried():
    kinds = {f.metadata["kind"] for f in fields(Parameters)}
    assert kinds == set(KINDS) == set(REFUSED) == set(ALLOWED)


@pytest.mark.parametrize("name", [f.name for f in fields(Parameters)])
def test_what_a_field_may_not_be_is_refused_by_name_and_value(name):
    kind = {f.name: f.metadata["kind"] for f in fields(Parameters)}[name]
    for value in REFUSED[kind]:
        message = f"^{name}: {re.escape(repr(value))} is not allowed; {re.escape(KINDS[kind])}$"
        with pytest.raises(ValueError, match=message):
            replace(A, **{name: value})
    base = replace(A, effort_cv=1.0, training_cv=1.0, delay_law="lognormal")
    for value in ALLOWED[kind]:
        if (name, value) != ("drift_severity", 1):
            assert getattr(replace(base, **{name: value}), name) == value


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(ValueError, match=r"^models: 0 .*; request_rate: -1 .*; effort_law: 'x' "):
        replace(A, models=0, request_rate=-1, effort_law="x")


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"owned_nodes": 0, "cloud_nodes": 0}, "owned_nodes and cloud_nodes: both 0"),
        ({"training_failure": 1}, "training_failure: 1 is not allowed"),
        ({"drift_severity": 0.6}, "drift_severity: 0.6 is not allowed"),
        ({"slip_probability": 1}, "no candidate would ever go live"),
        ({"defect_probability": 1}, "no candidate would ever go live"),
        ({"delay_cv": 2}, "delay_cv: 2 is not allowed; the exponential law of delay_law has 1"),
        ({"effort_law": "exponential"}, "effort_cv: 0.8 is not allowed; the exponential law"),
        ({"training_law": "exponential", "training_cv": 0}, "training_cv: 0 is not allowed"),
    ],
)
def test_values_that_contradict_each_other_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(A, **changes)


def test_probabilities_that_follow():
    p = replace(A, defect_probability=0.3, validation_sensitivity=0.8, slip_probability=0.1)
    assert p.escape_probability == pytest.approx(0.3 * 0.2)
    assert p.rejection_probability == pytest.approx(0.3 * 0.8)
    assert p.success_probability == pytest.approx(0.7 * 0.9)


def test_parameters_cannot_be_changed():
    for name in values(A):
        with pytest.raises(FrozenInstanceError):
            setattr(A, name, 1)
    assert not hasattr(A, "__dict__")
    assert hash(A) == hash(replace(A)) and replace(A) == A


@pytest.mark.parametrize("name", ORGANISATIONS)
def test_no_run_changes_its_parameters(name):
    before = values(ORGANISATIONS[name])
    first = simulate(ORGANISATIONS[name], SHORT)
    assert values(ORGANISATIONS[name]) == before
    assert same(simulate(ORGANISATIONS[name], SHORT), first)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"measured": 0}, "measured: 0 is not allowed"),
        ({"measured": -1.0}, r"measured: -1\.0 is not allowed"),
        ({"measured": inf}, "measured: inf is not allowed"),
        ({"warm_up": nan}, "warm_up: nan is not allowed"),
        ({"warm_up": "a year"}, "warm_up: 'a year' is not allowed"),
    ],
)
def test_a_run_of_no_length_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Run(**changes)


# Levers

SPEED = Effect("cicd", "release_interval", 14.0, 0.0, "linear")
SENSE = Effect("cicd", "validation_sensitivity", 0.45, 0.8, "linear")
CHECK = Effect("monitoring", "check_interval", 100.0, 0.01, "geometric")
NODES = Effect("cloud", "cloud_nodes", 0, 15, "linear")
EFFECTS = [SPEED, SENSE, CHECK, NODES]


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.parameter)
def test_a_lever_reaches_both_ends_exactly(effect):
    assert effect.value(0) == effect.at_zero
    assert effect.value(1) == effect.at_one


@pytest.mark.parametrize("at_zero, at_one", [(0.7, 0.1), (0.3, 0.1), (1.3, 0.2), (0.1, 1.0)])
@pytest.mark.parametrize("interpolation", ["linear", "geometric"])
def test_rounding_does_not_move_the_ends(at_zero, at_one, interpolation):
    effect = Effect("cicd", "slip_probability", at_zero, at_one, interpolation)
    assert (effect.value(0), effect.value(1)) == (at_zero, at_one)


def test_the_middle_is_the_arithmetic_or_the_geometric_mean():
    assert SENSE.value(0.5) == pytest.approx((0.45 + 0.8) / 2)
    assert SENSE.value(0.2) == pytest.approx(0.45 + 0.2 * 0.35)
    assert CHECK.value(0.5) == pytest.approx(1.0)
    assert CHECK.value(0.25) == pytest.approx(10.0)


def test_levers_move_their_parameters_and_no_others():
    moved = with_levers(A, EFFECTS, {"cicd": 0.5, "cloud": 1})
    changed = {name for name, value in values(moved).items() if value != getattr(A, name)}
    assert changed == {
        "release_interval",
        "validation_sensitivity",
        "cloud_nodes",
        "check_interval",
    }
    assert (moved.release_interval, moved.cloud_nodes, moved.check_interval) == (7.0, 15, 100.0)


def test_levers_that_are_not_named_stay_at_zero():
    assert with_levers(A, EFFECTS, {}) == with_levers(A, EFFECTS, dict.fromkeys(LEVERS, 0))


@pytest.mark.parametrize("level, nodes", [(0, 0), (0.1, 2), (0.3, 5), (0.49, 7), (0.5, 8), (1, 15)])
def test_counts_are_rounded_to_the_nearest_and_halves_upwards(level, nodes):
    found = with_levers(A, EFFECTS, {"cloud": level}).cloud_nodes
    assert found == nodes and type(found) is int


def test_an_unknown_lever_is_refused():
    with pytest.raises(ValueError, match="lever 'coffee' is not allowed; levers are cicd, "):
        with_levers(A, EFFECTS, {"coffee": 1})


@pytest.mark.parametrize("level", [-0.1, 1.1, nan, "1", None, True])
def test_a_level_out_of_range_is_refused(level):
    with pytest.raises(ValueError, match=f"lever cicd: {re.escape(repr(level))} is not allowed"):
        with_levers(A, EFFECTS, {"cicd": level})


def test_a_lever_cannot_move_a_parameter_out_of_its_domain():
    with pytest.raises(ValueError, match=r"slip_probability: 2\.0 is not allowed"):
        with_levers(A, [Effect("cicd", "slip_probability", 0.0, 2.0, "linear")], {"cicd": 1})
