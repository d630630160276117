"""Stored replications come out again, estimates and contrasts are right, stale ones are refused."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from conftest import ROOT
from mlops_compendium import outcomes
from mlops_compendium.simulation import analysis
from mlops_compendium.simulation.experiment import replicate
from mlops_compendium.simulation.inputs import inputs
from mlops_compendium.simulation.provenance import CORE, INPUTS, StaleError


def made(**columns):
    """Replications of two scenarios with given values of one indicator."""
    return pd.concat(
        pd.DataFrame({"scenario": name, "replication": range(len(values)), "kpi": values})
        for name, values in columns.items()
    )


def test_some_stored_replications_come_out_again_to_the_last_digit():
    stored = outcomes.replications()
    for numbers in ([0, 57], [99]):
        again = replicate(inputs().organisations, outcomes.RUN, numbers)
        rows = stored[stored["replication"].isin(numbers)].reset_index(drop=True)
        pd.testing.assert_frame_equal(again, rows, check_exact=True)


@pytest.mark.slow
def test_all_stored_replications_come_out_again_to_the_last_digit():
    again = outcomes.to_csv(outcomes.simulate(jobs=2))
    assert again == (ROOT / outcomes.FILE).read_text(encoding="utf-8")


@pytest.fixture
def project(tmp_path):
    shutil.copytree(ROOT / "data", tmp_path / "data")
    for name in CORE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("name", [*CORE, *INPUTS])
def test_replications_of_another_engine_or_input_are_refused(project, name):
    with (project / name).open("a", encoding="utf-8") as file:
        file.write("\n")
    with pytest.raises(StaleError, match=r"hash changed.*compendium simulate --write"):
        outcomes.replications(project)


def test_replications_of_other_runs_are_refused(project):
    path = project / outcomes.MANIFEST
    changed = json.loads(path.read_text(encoding="utf-8")) | {"seed": 1}
    path.write_text(json.dumps(changed), encoding="utf-8")
    with pytest.raises(StaleError, match="seed changed"):
        outcomes.replications(project)


def test_a_column_that_is_missing_is_refused(project):
    path = project / outcomes.FILE
    path.write_text(path.read_text(encoding="utf-8").replace("skill", "skil", 1), encoding="utf-8")
    with pytest.raises(StaleError, match="row 1: columns must be"):
        outcomes.replications(project)


def test_a_mean_has_students_interval():
    values = [1.0, 2.0, 4.0, 7.0]
    estimate = analysis.mean(values)
    low, high = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    assert (estimate.value, estimate.n) == (3.5, 4)
    assert (estimate.low, estimate.high) == pytest.approx((low, high), rel=1e-12)


def test_an_undefined_value_is_left_out_and_counted():
    assert analysis.mean([1.0, float("nan"), 3.0]).n == 2
    with pytest.raises(ValueError, match="1 defined values"):
        analysis.mean([1.0, float("nan")])


def test_the_interval_covers_as_often_as_it_says():
    """Of 2,000 intervals around samples of known mean, 95 % hold it, within four deviations."""
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(2000):
        estimate = analysis.mean(rng.normal(5, 2, 12))
        held += estimate.low <= 5 <= estimate.high
    assert held / 2000 == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 2000))


def test_contrasts_are_paired_and_corrected():
    rng = np.random.default_rng(4)
    common = rng.normal(0, 10, 40)
    first, second = common + rng.normal(0, 1, 40), common + rng.normal(1, 1, 40)
    weak = np.concatenate([first, first + rng.normal(0.5, 1, 40)])
    frame = made(first=first, second=second).assign(weak=weak, other=rng.normal(0, 1, 80))
    rows = analysis.contrasts(frame, [("first", "second")], ["kpi", "weak", "other"])
    rows = rows.set_index("kpi")
    row = rows.loc["kpi"]
    expected = stats.ttest_rel(second, first)
    interval = expected.confidence_interval(0.95)
    assert row["p_t"] == pytest.approx(expected.pvalue, rel=1e-9)
    assert row["p_t"] < stats.ttest_ind(second, first).pvalue / 10
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert row["p_t"] < rows.loc["weak", "p_t"] < rows.loc["other", "p_t"] / 2
    assert row["p_t_holm"] == pytest.approx(3 * row["p_t"], rel=1e-9)
    assert rows.loc["weak", "p_t_holm"] == pytest.approx(2 * rows.loc["weak", "p_t"], rel=1e-9)
    assert row["low_all"] < row["low"] < row["high"] < row["high_all"]
    wide = expected.confidence_interval(1 - 0.05 / 3)
    assert (row["low_all"], row["high_all"]) == pytest.approx((wide.low, wide.high), rel=1e-9)
    assert row["shown"] and not rows.loc["other", "shown"]
    assert row["effect"] == pytest.approx(np.mean(second - first) / np.std(second - first, ddof=1))


def test_a_constant_difference_needs_no_test():
    rows = analysis.contrasts(
        made(first=[1.0, 2.0], second=[1.0, 2.0]), [("first", "second")], ["kpi"]
    )
    assert rows["p_t"].item() == 1 and not rows["shown"].item()
    rows = analysis.contrasts(
        made(first=[1.0, 2.0], second=[2.0, 3.0]), [("first", "second")], ["kpi"]
    )
    assert rows["p_t"].item() == 0 and rows["shown"].item()


def test_scenarios_with_other_replications_cannot_be_paired():
    frame = made(first=[1.0, 2.0, 3.0], second=[1.0, 2.0])
    with pytest.raises(ValueError, match="do not have the same replications"):
        analysis.contrasts(frame, [("first", "second")], ["kpi"])


def test_a_ratio_of_means_has_an_interval_that_covers():
    """Delta method against the bootstrap over pairs, to a tenth of the width."""
    a, b = outcomes.indicator("A", "lead_time_mean"), outcomes.indicator("C", "lead_time_mean")
    estimate = outcomes.change("A", "C", "lead_time_mean")
    ratio = stats.bootstrap(
        (a, b), lambda x, y, axis: 100 * (y.mean(axis=axis) / x.mean(axis=axis) - 1),
        paired=True, rng=5, n_resamples=4000,
    )  # fmt: skip
    low, high = ratio.confidence_interval
    width = estimate.high - estimate.low
    assert estimate.value == pytest.approx(100 * (b.mean() / a.mean() - 1), rel=1e-12)
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=width / 10)


def test_the_gain_is_a_ratio_of_variances():
    frame = made(first=[1.0, 2.0, 4.0], second=[1.5, 2.4, 4.6])
    a, b = np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.4, 4.6])
    expected = (a.var(ddof=1) + b.var(ddof=1)) / (b - a).var(ddof=1)
    assert analysis.variance_ratio(frame, "first", "second", "kpi") == pytest.approx(expected)


def test_common_random_numbers_gain_something():
    for pair in outcomes.CONTRASTS:
        assert outcomes.gain(*pair, "lead_time_mean") > 1


def test_unknown_names_are_refused_with_what_is_allowed():
    with pytest.raises(ValueError, match="scenario 'D' is not allowed; allowed are A, B, C"):
        outcomes.mean("D", "skill")
    with pytest.raises(ValueError, match=r"indicator 'speed' is not allowed.*lead_time_mean"):
        outcomes.mean("A", "speed")


def test_bands_are_read_in_the_unit_of_the_indicator():
    bands = outcomes.against_bands().set_index("id")
    failures = bands.loc["A.change_failure_rate"]
    assert (failures["low"], failures["high"]) == (0.46, 0.60)
    median = bands.loc["A.lead_time_median.algorithmia2020"]
    assert (median["low"], median["high"]) == pytest.approx((28.6 * 0.75, 28.6 * 1.25))
    for row in bands.itertuples():
        value = row.estimate.value
        place = "below" if value < row.low else "above" if value > row.high else "inside"
        assert row.place == place
    assert outcomes.bands_met("all", "yes") + outcomes.bands_met("all", "no") == len(bands)


def test_days_between_deployments_follow_from_their_frequency():
    models = inputs().organisations["A"].models
    frequency = outcomes.indicator("A", "deployment_frequency")
    months = models / frequency
    assert outcomes.mean("A", "deployment_interval").value == pytest.approx(
        (months * 365 / 12).mean()
    )
