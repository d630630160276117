"""The identities hold in every organisation, and a broken bookkeeping is refused."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_compendium.simulation import kpis, measures, model, pools
from mlops_compendium.simulation.model import Lifecycle, Run, simulate
from mlops_compendium.simulation.parameters import LAWS, Parameters
from mlops_compendium.simulation.reductions import IDLE
from organisations import A, changed

RUN = Run(measured=120, warm_up=30, seed=5)
BUSY = replace(
    IDLE,
    models=5,
    request_rate=0.5,
    data_scientists=3,
    ops_engineers=1,
    owned_nodes=1,
    cloud_nodes=2,
    priority_retraining=1,
    priority_feature=2,
    access_delay=3.0,
    preparation_effort=1.0,
    tuning_effort=0.5,
    validation_effort=0.5,
    deployment_effort=1.0,
    rework_share=0.5,
    training_duration=2.0,
    training_failure=0.1,
    failed_run_share=0.5,
    defect_probability=0.3,
    validation_sensitivity=0.5,
    handoff_delay=2.0,
    release_interval=7.0,
    slip_probability=0.1,
    incident_interval=1.0,
    restore_delay=1.0,
    failure_severity=0.5,
    drift_rate=0.01,
    drift_severity=0.2,
    degradation_threshold=0.1,
    check_interval=3.0,
    check_power=0.7,
    idle_timeout=0.5,
    provisioning_delay=0.1,
)


def finished(parameters: Parameters = BUSY) -> Lifecycle:
    lifecycle = Lifecycle(parameters, RUN, 0)
    lifecycle.simulate()
    return lifecycle


def test_identities_hold_in_a_busy_organisation():
    lifecycle = finished()
    kpis.check_identities(lifecycle)
    assert all(stage.entries for stage in lifecycle.stages.values()), "every stage is used"
    assert lifecycle.changes, "some work is under way at the end"
    assert lifecycle.compute.rented.area > 0


def forget(lifecycle):
    del lifecycle.changes[next(iter(lifecycle.changes))]


def stretch(level):
    level.area *= 1 + 1e-6


def overrun(pool, measured):
    pool.busy.area = pool.capacity * measured * 1.001


TAMPERED = {
    "a change is lost": (forget, "changes began"),
    "a change is done twice": (lambda s: setattr(s, "done", s.done + 1), "changes began"),
    "a change stands in two stages": (
        lambda s: s.stages["window"].level.add(1, RUN.end), "stand in a stage"),
    "one more is in progress": (lambda s: s.in_system.level.add(1, RUN.end), "changes began"),
    "an area is too large": (
        lambda s: stretch(s.stages["preparation"].level), "preparation: area"),
    "the area of all is too large": (lambda s: stretch(s.in_system.level), "in progress: area"),
    "a sojourn is missing": (
        lambda s: setattr(s.stages["handoff"], "sojourns", s.stages["handoff"].sojourns - 1e-3),
        "handoff: area"),
    "a scientist worked overtime": (
        lambda s: overrun(s.data_scientists, RUN.measured), "data_scientists: busy for more"),
    "an engineer worked overtime": (
        lambda s: overrun(s.ops_engineers, RUN.measured), "ops_engineers: busy for more"),
    "a node worked unpaid": (
        lambda s: s.compute.busy.__setattr__("area", 1e6), "compute: busy for more"),
    "a scientist is lost": (
        lambda s: setattr(s.data_scientists, "free", s.data_scientists.free - 1), "do not add up"),
    "a measure ended early": (
        lambda s: setattr(s.skill, "last", RUN.end - 1), "measures do not end"),
    "a queue was not closed": (
        lambda s: setattr(s.compute.waiting, "last", 0.0), "measures do not end"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_tampered_bookkeeping_is_refused(what):
    lifecycle = finished()
    tamper, problem = TAMPERED[what]
    tamper(lifecycle)
    with pytest.raises(kpis.IdentityError, match=problem):
        kpis.check_identities(lifecycle)


def finish_twice(monkeypatch):
    live = Lifecycle._live

    def again(self, change):
        live(self, change)
        self.done += 1

    monkeypatch.setattr(Lifecycle, "_live", again)


def lose_a_change(monkeypatch):
    start = Lifecycle._start

    def losing(self, change):
        if change.entity == 9:
            self.started += 1
        else:
            start(self, change)

    monkeypatch.setattr(Lifecycle, "_start", losing)


def no_reset_of_stages(monkeypatch):
    monkeypatch.setattr(model.Stage, "reset", lambda self, now: None)


def lose_a_unit(monkeypatch):
    def release(self, unit=None):
        self.busy.add(-1, self.env.now)
        self._serve(unit)

    monkeypatch.setattr(pools.Pool, "release", release)


def one_more_than_there_are(monkeypatch):
    request = pools.Pool.request

    def generous(self, priority):
        if not self.free and self.busy.value == self.capacity:
            granted = self.env.event()
            self._grant(granted, None)
            return granted
        return request(self, priority)

    monkeypatch.setattr(pools.Pool, "request", generous)


def sojourn_from_the_request(monkeypatch):
    life = Lifecycle.life

    def wrong(self, change):
        for event in life(self, change):
            change.entered = change.requested
            yield event

    monkeypatch.setattr(Lifecycle, "life", wrong)


@pytest.mark.parametrize(
    "fault",
    [
        finish_twice,
        lose_a_change,
        no_reset_of_stages,
        lose_a_unit,
        one_more_than_there_are,
        sojourn_from_the_request,
    ],
)
def test_a_fault_in_the_engine_stops_the_replication(fault, monkeypatch):
    simulate(BUSY, RUN, 0)
    fault(monkeypatch)
    with pytest.raises(kpis.IdentityError):
        simulate(BUSY, RUN, 0)


def test_clock_does_not_run_backwards():
    level = measures.Level()
    level.add(1, 2.0)
    with pytest.raises(measures.ClockError, match=r"from 2\.0 to 1\.5"):
        level.add(1, 1.5)


RANGES = {
    "time": st.one_of(st.just(0.0), st.floats(0.01, 20)),
    "rate": st.one_of(st.just(0.0), st.floats(0.01, 0.4)),
    "probability": st.one_of(st.just(0.0), st.floats(0, 0.6)),
    "positive": st.floats(0.2, 1),
    "share": st.floats(0, 0.5),
    "ratio": st.one_of(st.just(0.0), st.floats(0.2, 3)),
    "count": st.integers(0, 3),
    "capacity": st.integers(1, 4),
    "order": st.integers(0, 2),
    "money": st.floats(0, 1000),
    "law": st.sampled_from(LAWS),
}
ORGANISATIONS = st.fixed_dictionaries(
    {f.name: RANGES[f.metadata["kind"]] for f in fields(Parameters)}
).map(lambda values: changed(A, values | {"owned_nodes": values["owned_nodes"] or 1}))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(ORGANISATIONS, st.integers(0, 1000), st.sampled_from([0.0, 25.0]))
def test_identities_hold_in_any_organisation(parameters, replication, warm_up):
    simulate(parameters, Run(measured=80, warm_up=warm_up, seed=11), replication)
