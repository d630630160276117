"""What must change, and what must not, when an organisation changes in a known way."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields, replace

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mlops_compendium.simulation.experiment import replicate
from mlops_compendium.simulation.kpis import KPIS
from mlops_compendium.simulation.log import Event
from mlops_compendium.simulation.model import Run, simulate
from mlops_compendium.simulation.parameters import LEVERS, Effect, Parameters, with_levers
from organisations import NO_FAILURES, A, B, C, changed, fields_of, same

FEW = settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    phases=(Phase.generate,),  # the examples are small; shrinking them takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)
RUN = Run(measured=200.0, warm_up=50.0, seed=11)
LAW = st.sampled_from(("lognormal", "exponential"))


def numbers(low: float, high: float):
    return st.floats(low, high, allow_nan=False, allow_subnormal=False)


SOME = {
    "models": st.integers(1, 6),
    "request_rate": numbers(0.02, 0.3),
    "data_scientists": st.integers(1, 4),
    "ops_engineers": st.integers(1, 3),
    "priority_fix": st.integers(0, 2),
    "priority_retraining": st.integers(0, 2),
    "priority_feature": st.integers(0, 2),
    "access_delay": numbers(0.5, 10),
    "preparation_effort": numbers(0, 5),
    "tuning_effort": st.sampled_from((0.0, 1.0, 2.6)),
    "validation_effort": st.sampled_from((0.0, 0.3, 2.3)),
    "deployment_effort": numbers(0, 2),
    "effort_law": LAW,
    "delay_law": LAW,
    "training_law": LAW,
    "training_cv": st.sampled_from((0.0, 1.0, 2.5)),
    "training_failure": numbers(0, 0.5),
    "owned_nodes": st.integers(1, 2),
    "cloud_nodes": st.integers(0, 3),
    "provisioning_delay": numbers(0, 1),
    "idle_timeout": numbers(0, 3),
    "defect_probability": numbers(0, 0.5),
    "slip_probability": numbers(0, 0.4),
    "release_interval": st.sampled_from((0.0, 1.0, 14.0)),
    "restore_delay": numbers(0.1, 10),
    "drift_rate": numbers(0.0, 0.05),
    "drift_severity": numbers(0.05, 0.4),
    "check_interval": st.sampled_from((0.0, 1.0, 30.0)),
    "check_power": numbers(0.3, 1),
}


@st.composite
def organisations(draw, **fixed) -> Parameters:
    """An organisation of any kind, with some parameters fixed."""
    chosen = {name: draw(values) for name, values in SOME.items() if name not in fixed}
    return changed(A, chosen | fixed)


def traced(parameters: Parameters, run: Run = RUN) -> tuple[dict[str, float], list[Event]]:
    events: list[Event] = []
    return simulate(parameters, run, 0, events), events


def waits(events: list[Event], activity: str = "") -> dict[tuple[str, str, int], float]:
    """Wait of each request that was granted: by case, activity and how-manieth time."""
    asked, times, found = {}, defaultdict(int), {}
    for e in events:
        if e.activity == "node" or activity not in ("", e.activity):
            continue
        if e.transition == "schedule":
            asked[e.case, e.activity] = e.time
        elif e.transition == "start" and e.resource:
            key = (e.case, e.activity)
            found[*key, times[key]] = e.time - asked[key]
            times[key] += 1
    return found


# Scaling of time

TIMES = fields_of("time")
RATES = fields_of("rate")
POWER = {"days": 1, "per month": -1, "EUR": 1}  # of the unit of time in each unit


def stretched(parameters: Parameters, k: float) -> Parameters:
    """The same organisation with a unit of time k times as long."""
    changes = {name: getattr(parameters, name) * k for name in TIMES}
    changes |= {name: getattr(parameters, name) / k for name in RATES}
    return replace(parameters, **changes)


def stretched_run(k: float) -> Run:
    return Run(measured=RUN.measured * k, warm_up=RUN.warm_up * k, seed=RUN.seed)


def check_scaling(parameters: Parameters, k: float, tolerance: float) -> None:
    results = simulate(parameters, RUN)
    again = simulate(stretched(parameters, k), stretched_run(k))
    for kpi in KPIS:
        expected = results[kpi.name] * k ** POWER.get(kpi.unit, 0)
        found = again[kpi.name]
        assert found == pytest.approx(expected, rel=tolerance, abs=1e-12, nan_ok=True), kpi.name


@FEW
@given(organisations(release_interval=0.0), numbers(0.1, 10))
def test_scaling_all_times_scales_all_times(parameters, k):
    check_scaling(parameters, k, 1e-6)


@FEW
@given(
    organisations(effort_law="exponential", delay_law="exponential", training_law="exponential"),
    st.sampled_from((0.125, 0.5, 2.0, 16.0)),
)
def test_scaling_by_a_power_of_two_is_exact_release_calendar_included(parameters, k):
    check_scaling(parameters, k, 1e-12)
    _, events = traced(parameters)
    _, again = traced(stretched(parameters, k), stretched_run(k))
    assert [replace(e, time=e.time * k) for e in events] == again


# Staff and nodes

STATIONS = {
    "preparation": ("preparation_effort", "data_scientists", "preparation"),
    "validation": ("validation_effort", "data_scientists", "validation"),
    "deployment": ("deployment_effort", "ops_engineers", "deployment"),
    "training": ("training_duration", "owned_nodes", "run"),
}


def single_station(time: str, servers: str, work: float, count: int, rate: float, law: str):
    """Poisson arrivals at one queue, first come first served; nothing else takes time."""
    empty = dict.fromkeys(TIMES, 0.0) | NO_FAILURES | {"drift_rate": 0.0, "cloud_nodes": 0}
    empty |= {"effort_law": law, "training_law": law, "request_rate": rate}
    return changed(A, empty | {time: work, servers: count})


@pytest.mark.parametrize("station", STATIONS)
@FEW
@given(count=st.integers(1, 4), load=numbers(0.3, 1.5), law=LAW)
def test_one_more_server_never_lengthens_a_wait(station, count, load, law):
    time, servers, activity = STATIONS[station]
    work = 2.0 * load * count
    few, more = (
        waits(traced(single_station(time, servers, work, n, 0.4, law))[1], activity)
        for n in (count, count + 1)
    )
    assert len(few) > 5
    assert few.keys() <= more.keys()
    assert all(more[key] <= wait + 1e-9 for key, wait in few.items())
    assert load < 1 or any(more[key] < wait for key, wait in few.items())


@FEW
@given(organisations(data_scientists=10_000, ops_engineers=10_000, owned_nodes=10_000))
def test_infinite_capacity_means_no_waiting(parameters):
    results, events = traced(parameters)
    assert set(waits(events).values()) <= {0.0}
    for pool in ("data_scientists", "ops_engineers", "compute"):
        assert results[f"queue_{pool}"] == 0


@FEW
@given(organisations(data_scientists=10_000, ops_engineers=10_000, owned_nodes=10_000))
def test_beyond_infinite_capacity_and_in_any_priority_nothing_changes(parameters):
    more = replace(parameters, ops_engineers=20_000, priority_fix=5, priority_feature=0)
    first, second = traced(parameters)[1], traced(more)[1]
    assert [replace(e, value=0.0) for e in first if e.transition != "schedule"] == [
        replace(e, value=0.0) for e in second if e.transition != "schedule"
    ]


# Failures


@FEW
@given(organisations(**NO_FAILURES))
def test_without_failures_there_is_no_rework(parameters):
    results, events = traced(parameters)
    assert not {e.outcome for e in events} & {"rejected", "fails", "failed", "restored"}
    for kpi in ("change_failure_rate", "training_failure_rate", "rejection_rate", "rework_share"):
        assert results[kpi] in (0.0, pytest.approx(float("nan"), nan_ok=True)), kpi
    seen = [(e.case, e.activity) for e in events if e.transition == "complete" and not e.resource]
    once = [key for key in seen if not key[0].startswith("model")]
    assert len(set(once)) == len(once)


@FEW
@given(organisations(defect_probability=0.4, slip_probability=0.0), st.sampled_from((0.0, 1.0)))
def test_validation_that_finds_all_or_nothing(parameters, sensitivity):
    results, events = traced(replace(parameters, validation_sensitivity=sensitivity))
    outcomes = {e.outcome for e in events}
    assert ("rejected" not in outcomes) if sensitivity == 0 else ("fails" not in outcomes)
    assert not (sensitivity == 1 and results["escaped_defect_rate"] > 0)


# What is not used changes nothing

NONE_IN_PRODUCTION = {"defect_probability": 0.0, "slip_probability": 0.0}
UNUSED = {
    "fixes": (
        NONE_IN_PRODUCTION,
        ("incident_interval", "incident_power", "restore_delay", "failure_severity",
         "priority_fix", "validation_sensitivity", "rework_share"),
    ),
    "failed runs": ({"training_failure": 0.0}, ("failed_run_share",)),
    "retraining": (
        {"drift_rate": 0.0},
        ("drift_severity", "check_interval", "check_power", "priority_retraining"),
    ),
    "cloud": ({"cloud_nodes": 0}, ("provisioning_delay", "idle_timeout", "cloud_node_day_cost")),
    "cloud that is not needed": (
        {"owned_nodes": 10_000},
        ("cloud_nodes", "provisioning_delay", "idle_timeout", "cloud_node_day_cost"),
    ),
    "delays": (
        {"access_delay": 0.0, "handoff_delay": 0.0, "restore_delay": 0.0},
        ("delay_cv", "delay_law"),
    ),
    "runs": ({"training_duration": 0.0}, ("training_cv", "training_law", "failed_run_share")),
    "effort": (
        {"preparation_effort": 0.0, "tuning_effort": 0.0, "validation_effort": 0.0,
         "deployment_effort": 0.0},
        ("effort_cv", "effort_law", "staff_availability", "data_scientists", "ops_engineers",
         "staff_day_cost", "rework_share"),
    ),
}  # fmt: skip
OTHER_VALUES = {
    "time": numbers(0, 20),
    "probability": numbers(0, 1),
    "positive": numbers(0.1, 1),
    "share": numbers(0, 0.5),
    "ratio": numbers(0.1, 3),
    "count": st.integers(0, 9),
    "capacity": st.integers(1, 9),
    "order": st.integers(0, 9),
    "money": numbers(0, 1000),
    "law": LAW,
}
KIND = {f.name: f.metadata["kind"] for f in fields(Parameters)}


@pytest.mark.parametrize("mechanism", UNUSED)
@FEW
@given(data=st.data())
def test_what_is_not_used_changes_nothing(mechanism, data):
    off, unread = UNUSED[mechanism]
    parameters = data.draw(organisations(**off))
    others = {name: data.draw(OTHER_VALUES[KIND[name]]) for name in unread}
    assert same(simulate(changed(parameters, others), RUN), simulate(parameters, RUN))


@pytest.mark.parametrize("name", sorted({name for _, names in UNUSED.values() for name in names}))
def test_what_is_unused_there_matters_elsewhere(name):
    """The test above is about parameters that do something when their mechanism is in use."""
    busy = replace(A, owned_nodes=1, cloud_nodes=1, idle_timeout=1.0, drift_rate=0.05)
    busy = replace(busy, request_rate=0.15, ops_engineers=1, effort_cv=1.0, training_cv=1.0)
    other = {"time": 20.0, "probability": 0.05, "positive": 0.3, "share": 0.1, "ratio": 0.5,
             "count": 3, "capacity": 4, "order": 7, "money": 7.0}  # fmt: skip
    law = "lognormal" if name == "delay_law" else "exponential"
    value = law if KIND[name] == "law" else other[KIND[name]]
    base = replace(busy, delay_law="lognormal") if name == "delay_cv" else busy
    assert not same(simulate(base, RUN), simulate(replace(base, **{name: value}), RUN))


@FEW
@given(organisations(validation_effort=0.0, validation_pipeline=0.1, request_rate=0.3))
def test_a_stage_without_effort_waits_for_nobody(parameters):
    entered = {}
    for e in traced(replace(parameters, data_scientists=1))[1]:
        if e.activity == "training" and e.transition == "complete":
            entered[e.case] = e.time
        if e.activity == "validation":
            assert e.time - entered[e.case] == pytest.approx(0.1, abs=1e-9)


@FEW
@given(organisations(release_interval=0.0, handoff_delay=0.0))
def test_releases_on_demand_wait_for_no_window(parameters):
    accepted = {}
    for e in traced(parameters)[1]:
        if e.activity == "handoff":
            accepted[e.case] = e.time
        if e.activity == "window":
            assert e.time == accepted[e.case]


@FEW
@given(organisations(handoff_delay=0.0, deployment_effort=0.1), st.sampled_from((1.0, 7.0, 14.0)))
def test_releases_open_on_the_calendar_and_at_the_next_day_of_it(parameters, interval):
    accepted = {}
    for e in traced(replace(parameters, release_interval=interval))[1]:
        if e.activity == "handoff":
            accepted[e.case] = e.time
        if e.activity == "window":
            assert abs(e.time / interval - round(e.time / interval)) < 1e-9
            assert -1e-9 <= e.time - accepted[e.case] < interval


def test_of_changes_let_through_together_the_first_that_came_goes_first():
    """It is the same moment for all, to the last digit: rounding does not choose."""
    busy = {"request_rate": 3.0, "drift_rate": 0.0, "release_interval": 1.4, "ops_engineers": 1}
    p = replace(A, **NO_FAILURES, **busy, data_scientists=99, owned_nodes=99)
    reached, left, asked = [], defaultdict(list), defaultdict(list)
    for e in traced(p)[1]:
        if e.activity == "handoff":
            reached.append(e.case)
        elif e.activity == "window":
            left[round(e.time / 1.4)].append((reached.index(e.case), e.time))
        elif e.activity == "deployment" and e.transition == "schedule":
            asked[round(e.time / 1.4)].append(reached.index(e.case))
    assert max(map(len, left.values())) > 5
    for number, changes in left.items():
        assert changes == sorted(changes) and len({time for _, time in changes}) == 1
        assert asked[number] == [change for change, _ in changes]


@FEW
@given(organisations(), numbers(0.5, 3))
def test_money_and_predictions_change_no_event(parameters, factor):
    dearer = replace(
        parameters,
        staff_day_cost=parameters.staff_day_cost * factor,
        prediction_rate=parameters.prediction_rate * factor,
    )
    first, second = simulate(parameters, RUN), simulate(dearer, RUN)
    for kpi in KPIS:
        if kpi.name != "cost_per_change":
            expected = first[kpi.name] * (factor if kpi.name == "staff_cost" else 1)
            assert second[kpi.name] == pytest.approx(expected, rel=1e-12, nan_ok=True), kpi.name


# Scenarios and common random numbers


def test_the_order_of_scenarios_changes_nothing():
    scenarios = {"A": A, "B": B, "C": C}
    forwards = replicate(scenarios, RUN, 3)
    backwards = replicate(dict(reversed(scenarios.items())), RUN, 3)
    assert list(backwards["scenario"]) == ["C"] * 3 + ["B"] * 3 + ["A"] * 3
    again = backwards.sort_values(["scenario", "replication"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(again, forwards, check_exact=True)
    alone = replicate({"B": B}, RUN, [2]).drop(columns=["scenario", "replication"])
    assert same(alone.to_dict("records")[0], simulate(B, RUN, 2))


@FEW
@given(organisations())
def test_levers_at_zero_are_the_base(parameters):
    effects = [
        Effect("cicd", "release_interval", parameters.release_interval, 0.0, "linear"),
        Effect("cloud", "cloud_nodes", parameters.cloud_nodes, 99, "linear"),
        Effect("monitoring", "check_power", parameters.check_power, 1.0, "geometric"),
    ]
    assert with_levers(parameters, effects, dict.fromkeys(LEVERS, 0)) == parameters


def what(events: list[Event], activity: str) -> list[tuple]:
    return [(e.time, e.model, e.value) for e in events if e.activity == activity]


@FEW
@given(organisations(request_rate=0.2, drift_rate=0.02, models=5), organisations())
def test_requests_and_drift_are_the_same_in_every_scenario(first, second):
    second = replace(second, request_rate=0.2, drift_rate=0.02, models=5)
    second = replace(second, drift_severity=first.drift_severity)
    one, two = traced(first)[1], traced(second)[1]
    features = [[e for e in log if e.case.startswith("feature")] for log in (one, two)]
    assert what(features[0], "request") == what(features[1], "request") != []
    assert sorted(what(one, "drift")) == sorted(what(two, "drift")) != []


def test_requests_differ_between_replications_and_seeds():
    logs = []
    for seed, replication in ((1, 0), (1, 1), (2, 0)):
        events: list[Event] = []
        simulate(A, replace(RUN, seed=seed), replication, events)
        features = [e for e in events if e.case.startswith("feature")]
        logs.append(what(features, "request"))
    assert all(logs) and not set(logs[0]) & set(logs[1]) and not set(logs[0]) & set(logs[2])


def test_a_change_takes_the_same_effort_in_every_scenario_that_asks_the_same_of_it():
    """First-round preparations begin at other times, and differ by the ratio of the means only."""
    efforts = []
    for parameters in (A, replace(B, access_delay=1.0)):
        begun, found = {}, {}
        for e in traced(parameters)[1]:
            if e.activity == "preparation" and e.resource:
                if e.transition == "start":
                    begun[e.case] = e.time
                elif e.transition == "complete" and e.value == 0:
                    found[e.case] = e.time - begun[e.case]
        efforts.append(found)
    pairs = [case for case in efforts[0].keys() & efforts[1].keys() if case.startswith("feature")]
    assert len(pairs) > 10
    for case in pairs:
        assert efforts[1][case] / efforts[0][case] == pytest.approx(3.75 / 5.0)
