"""The engine agrees with theory in every case, and the stored results are those of the engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conftest import copy_project
from mlops_compendium.simulation import cases, provenance, reductions, verification
from mlops_compendium.simulation.cases import Case, System
from mlops_compendium.simulation.model import Run

pytestmark = pytest.mark.xdist_group("theory")  # cases of one system share its runs

CASES = cases.cases()
QUICK = [case for case in CASES if not case.slow]
LONG = [case for case in CASES if case.slow]
EXACT = ("theory", "simulated", "low", "high", "joint_low", "joint_high", "half_width")


def by_id(some):
    return pytest.mark.parametrize("case", some, ids=lambda case: case.id)


@pytest.fixture(scope="module")
def stored():
    return verification.stored()


def passes(case):
    now = verification.check(case, len(CASES))
    between = f"{now.joint_low:.6g} to {now.joint_high:.6g}, half-width {now.half_width:.1%}"
    assert now.passed == "yes", f"theory {now.theory:.6g}, simulated {now.simulated:.6g}, {between}"


def comes_out_as_stored(case, stored):
    now, before = verification.check(case, len(CASES)), stored[case.id]
    for name in type(now).model_fields:
        expected = getattr(before, name)
        if name in EXACT:
            expected = pytest.approx(expected, rel=1e-9)
        assert getattr(now, name) == expected, name


@by_id(QUICK)
def test_quick_case_passes(case):
    passes(case)


@by_id(QUICK)
def test_quick_case_comes_out_as_stored(case, stored):
    comes_out_as_stored(case, stored)


@pytest.mark.long
@by_id(LONG)
def test_long_case_passes_and_comes_out_as_stored(case, stored):
    passes(case)
    comes_out_as_stored(case, stored)


def test_every_stored_case_passes(stored):
    assert [result.id for result in stored] == [case.id for case in CASES]
    assert all(result.passed == "yes" for result in stored)


def test_stored_verdicts_follow_from_the_stored_intervals(stored):
    for row in stored:
        inside = row.joint_low <= row.theory <= row.joint_high
        assert (row.passed == "yes") == (inside and row.half_width <= row.cap), row.id
        assert row.half_width == pytest.approx((row.high - row.low) / 2 / row.theory)
        assert row.joint_low < row.low < row.simulated < row.high < row.joint_high


def test_intervals_taken_alone_miss_about_as_often_as_they_should(stored):
    """Were the cases independent, more than six misses in 45 would be rarer than 1 in 100."""
    assert len(stored) - verification.number_within(stored) <= 6


def test_enough_cases_are_published_and_loads_are_high():
    published = [c for c in CASES if not c.id.startswith(("free", "jackson", "det", "deg", "res"))]
    assert len(published) >= 10
    assert {"mm1_0.95", "mm10_0.95", "jackson_heavy_queue_data_scientists"} <= {c.id for c in CASES}
    assert max(case.cap for case in CASES) <= 0.20


SMALL = reductions.queue("ops_engineers", 0.5, 1.0, 1)
SYSTEM = System(SMALL, Run(measured=1_500, warm_up=100), 8)
CASE = Case("mm1", "M/M/1", "Textbook", "", "lead_time_mean", 2.0, 0.15, SYSTEM)


def test_a_right_answer_passes():
    assert verification.check(CASE, 1).passed == "yes"


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("theory lies outside", {"theory": 2.6}),
        ("the interval is too wide to tell", {"cap": 0.005}),
        ("service takes longer than theory was told", {
            "system": replace(SYSTEM, parameters=replace(SMALL, deployment_effort=1.15))
        }),
        ("a second engineer nobody was told of", {
            "system": replace(SYSTEM, parameters=replace(SMALL, ops_engineers=2))
        }),
    ],
)  # fmt: skip
def test_a_wrong_or_a_noisy_answer_does_not_pass(why, changes):
    assert verification.check(replace(CASE, **changes), 1).passed == "no", why


def test_results_of_another_engine_are_refused(monkeypatch):
    monkeypatch.setattr(cases, "core_hash", lambda: "another")
    with pytest.raises(provenance.StaleError, match=r"mm1_0\.5.* another engine or another case"):
        verification.stored()


def test_results_without_a_case_are_refused(tmp_path):
    project = copy_project(tmp_path / "project")
    path = project / verification.Result.FILE
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-1]), encoding="utf-8")
    with pytest.raises(provenance.StaleError, match="window"):
        verification.stored(project)


def test_fingerprint_depends_on_engine_parameters_length_and_seed():
    run = SYSTEM.run
    others = [
        replace(SYSTEM, replications=9),
        replace(SYSTEM, run=replace(run, measured=1_501)),
        replace(SYSTEM, run=replace(run, seed=1)),
        replace(SYSTEM, parameters=replace(SMALL, deployment_effort=1.01)),
    ]
    assert len({system.fingerprint for system in (SYSTEM, *others)}) == 5


def test_product_form_of_no_rework_is_three_queues_in_a_row():
    p = replace(
        reductions.IDLE,
        request_rate=0.8,
        data_scientists=1,
        owned_nodes=2,
        ops_engineers=1,
        preparation_effort=0.5,
        validation_effort=0.5,
        training_duration=2.0,
        deployment_effort=1.0,
    )
    found = reductions.product_form(p)
    assert found["queue_data_scientists"] == pytest.approx(0.8**2 / 0.2)
    assert found["queue_compute"] == pytest.approx(2.84444, abs=1e-5)
    assert found["in_progress_mean"] == pytest.approx(4 + 4 + 2.84444 + 1.6, abs=1e-4)


def test_loads_are_the_loads_asked_for():
    p = replace(
        reductions.IDLE, request_rate=2.0, data_scientists=3, owned_nodes=2, ops_engineers=1,
        training_failure=0.2, defect_probability=0.3, validation_sensitivity=0.6,
        slip_probability=0.1,
    )  # fmt: skip
    p = reductions.loaded(p, {"data_scientists": 0.9, "compute": 0.8, "ops_engineers": 0.7})
    rates = reductions.rates_of_resources(p)
    assert rates["data_scientists"] * p.preparation_effort / 3 == pytest.approx(0.9)
    assert rates["compute"] * p.training_duration / 2 == pytest.approx(0.8)
    assert rates["ops_engineers"] * p.deployment_effort == pytest.approx(0.7)
    rounds = 1 / p.success_probability
    assert reductions.rates_of_stages(p)["preparation"] == pytest.approx(2 * rounds)


def test_tuning_without_a_closed_form_is_refused():
    p = replace(reductions.IDLE, request_rate=1.0, training_duration=1.0, tuning_effort=1.0)
    with pytest.raises(ValueError, match="exponential laws"):
        reductions.stage_means(replace(p, effort_law="lognormal"))
