"""The event log: complete enough to recompute every indicator, and exact when written down."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from dataclasses import replace
from functools import cache
from math import inf

import pytest

from mlops_compendium.simulation.kpis import KPIS
from mlops_compendium.simulation.log import COLUMNS, Event, read_csv, write_csv, write_json
from mlops_compendium.simulation.model import POOLS, ROUTE, Run, simulate
from organisations import NO_FAILURES, ORGANISATIONS, A, same
from recompute import indicators

NAMES = {
    **ORGANISATIONS,
    "no failures": replace(A, **NO_FAILURES),
    "nothing happens": replace(A, request_rate=0.0, drift_rate=0.0),
    "no predictions wrong": replace(A, fresh_sensitivity=1.0, fresh_specificity=1.0),
    "drift alone": replace(A, request_rate=0.0),
    "everybody rents": replace(A, owned_nodes=0, cloud_nodes=40, idle_timeout=0.0),
}
RUNS = {
    "no warm-up": Run(measured=365.0, warm_up=0.0, seed=3),
    "a year of warm-up": Run(measured=365.0, warm_up=365.0, seed=3),
    "odd lengths": Run(measured=200.3, warm_up=77.7, seed=4),
}


@cache
def traced(name: str, run: str = "a year of warm-up", replication: int = 0):
    events: list[Event] = []
    return simulate(NAMES[name], RUNS[run], replication, events), events


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("name", NAMES)
def test_every_indicator_follows_from_the_log(name, run):
    results, events = traced(name, run)
    again = indicators(events, NAMES[name], RUNS[run])
    assert again.keys() == results.keys() == {kpi.name for kpi in KPIS}
    for kpi, value in results.items():
        assert again[kpi] == pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True), kpi


def test_the_organisations_make_every_indicator_happen():
    """No comparison above is one of nothing with nothing only."""
    for kpi in KPIS:
        values = [traced(name)[0][kpi.name] for name in ORGANISATIONS]
        assert any(value == value and value != 0 for value in values), kpi.name
    events = [e for name in ORGANISATIONS for e in traced(name)[1]]
    assert {e.outcome for e in events} >= {"rejected", "fails", "failed", "escaped", "detected"}
    ends = [(e.activity, e.transition) for e in traced("elastic")[1] if e.activity == "node"]
    assert {transition for _, transition in ends} == {"schedule", "start", "complete"}


@pytest.mark.parametrize("name", NAMES)
def test_a_log_does_not_change_the_results(name):
    assert same(traced(name)[0], simulate(NAMES[name], RUNS["a year of warm-up"], 0))


# Transitions


def test_the_route_is_that_of_the_design():
    """Request to live, with the two ways back to data preparation."""
    route = ["access", "preparation", "training", "validation", "handoff", "window", "deployment"]
    assert list(ROUTE) == [*route, "impaired"]
    forwards = {stage: next(iter(ways.values())) for stage, ways in ROUTE.items()}
    assert [forwards[stage] for stage in route] == [*route[1:], "live"]
    assert ROUTE["validation"]["rejected"] == ROUTE["impaired"]["restored"] == "preparation"
    assert ROUTE["deployment"] == {"works": "live", "fails": "impaired"}


def by_case(events):
    cases = defaultdict(list)
    for event in events:
        cases[event.case].append(event)
    return cases


@pytest.mark.parametrize("name", NAMES)
def test_every_change_follows_the_route(name):
    for case, events in by_case(traced(name)[1]).items():
        if not case.startswith(("feature", "retraining")):
            continue
        assert (events[0].activity, events[0].transition) == ("request", "complete")
        stage = "access"
        for event in events[1:]:
            if event.activity == "live":
                assert stage == "live" and event is events[-1], case
            elif event.activity in ROUTE and event.transition == "complete" and not event.resource:
                assert event.activity == stage, case
                stage = ROUTE[stage][event.outcome]
            else:
                part_of = {"run": "training", "tuning": "training", "defect": "deployment"}
                assert part_of.get(event.activity, event.activity) == stage, case


@pytest.mark.parametrize("name", NAMES)
def test_work_is_asked_for_begun_and_ended_in_the_right_pool(name):
    order = ("schedule", "start", "complete")
    pools = {**POOLS, "tuning": "data_scientists", "run": "compute"}
    for case, events in by_case(traced(name)[1]).items():
        steps = defaultdict(list)
        for event in events:
            if event.resource and event.activity != "node":
                steps[event.activity].append(event)
        for activity, work in steps.items():
            assert {event.resource for event in work} == {pools[activity]}, case
            for place, event in enumerate(work):
                assert event.transition == order[place % 3], case


@pytest.mark.parametrize("name", NAMES)
def test_the_clock_never_runs_back_and_stops_before_the_end(name):
    times = [event.time for event in traced(name)[1]]
    assert times == sorted(times)
    assert all(0 < time < RUNS["a year of warm-up"].end for time in times)


def test_priorities_in_the_log_are_those_of_the_kind_and_of_a_fix():
    p = NAMES["drifting"]
    seen = defaultdict(set)
    for case, events in by_case(traced("drifting")[1]).items():
        priority = p.priority_feature if case.startswith("feature") else p.priority_retraining
        for event in events:
            if event.transition == "schedule" and event.activity != "node":
                assert event.value == priority, case
                seen[case.split("-")[0]].add(event.value)
            if event.activity == "impaired" and event.transition == "complete":
                priority = p.priority_fix
    assert seen == {"feature": {0, 2}, "retraining": {0, 1}}


# Files


def test_csv_gives_every_event_back_exactly(tmp_path):
    events = [*traced("elastic")[1], Event(1e-300, 'a "quoted", case', -1, "x", "start", value=inf)]
    write_csv(events, tmp_path / "log.csv")
    assert read_csv(tmp_path / "log.csv") == events
    again = tmp_path / "again.csv"
    write_csv(read_csv(tmp_path / "log.csv"), again)
    assert again.read_bytes() == (tmp_path / "log.csv").read_bytes()
    assert b"\r" not in again.read_bytes()


def test_the_columns_carry_the_names_of_xes(tmp_path):
    write_csv(traced("A")[1], tmp_path / "log.csv")
    with (tmp_path / "log.csv").open(encoding="utf-8") as file:
        header = next(csv.reader(file))
    assert header == COLUMNS == [
        "time:timestamp", "case:concept:name", "model", "concept:name", "lifecycle:transition",
        "org:resource", "outcome", "value",
    ]  # fmt: skip
    assert {e.transition for e in traced("A")[1]} <= {"schedule", "start", "complete"}


def test_json_holds_the_same_rows(tmp_path):
    events = traced("A")[1]
    write_json(events, tmp_path / "log.json")
    rows = json.loads((tmp_path / "log.json").read_text(encoding="utf-8"))
    assert [list(row) for row in rows] == [COLUMNS] * len(events)
    assert [Event(*row.values()) for row in rows] == events
