"""Running measures against numpy and scipy."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from scipy import stats

from mlops_compendium.simulation.measures import ClockError, Durations, Level, ratio

# Levels


def test_area_is_that_of_the_step_function():
    rng = np.random.default_rng(1)
    times = np.sort(rng.uniform(0, 100, 200))
    changes = rng.integers(-3, 4, 200)
    level = Level(5)
    for time, change in zip(times, changes, strict=True):
        level.add(int(change), float(time))
    level.add(0, 100.0)
    held = 5 + np.concatenate([[0], np.cumsum(changes)])
    lengths = np.diff(np.concatenate([[0], times, [100]]))
    assert level.area == pytest.approx(held @ lengths)
    assert level.value == held[-1] and level.last == 100


def test_reset_forgets_the_area_and_keeps_the_value():
    level = Level()
    level.add(1, 2.0)
    level.add(2, 7.0)
    assert level.area == 5
    level.reset(10.0)
    assert (level.area, level.value, level.last) == (0.0, 3, 10.0)
    level.add(-1, 12.0)
    level.add(0, 15.0)
    assert level.area == 3 * 2 + 2 * 3


def test_time_may_stand_still_but_not_run_back():
    level = Level()
    level.add(1, 2.0)
    level.add(1, 2.0)
    with pytest.raises(ClockError, match=r"from 2\.0 to 1\.999"):
        level.add(1, 1.999)


# Durations


def filled(finished, cut=(), still_open=(), now=1000.0) -> Durations:
    """Durations of which some are finished, cut, or open now."""
    durations, key = Durations(), 0
    for values, end in ((finished, durations.finish), (cut, durations.cut), (still_open, None)):
        for value in values:
            key += 1
            durations.begin(key, now - value)
            if end:
                end(key, now)
    return durations


def test_without_censoring_it_is_the_ordinary_mean_and_the_ordinary_quantile():
    values = np.random.default_rng(2).lognormal(1, 1, 257)
    durations = filled(values)
    ended = np.array([d for d, _ in durations.curve(1000.0)])
    assert durations.mean(1000.0) == pytest.approx(values.mean(), rel=1e-9)
    for level in (0.05, 0.25, 0.5, 0.95, 0.99):
        expected = np.quantile(ended, level, method="inverted_cdf")
        assert durations.quantile(level, 1000.0) == expected


@pytest.mark.parametrize("count", [2, 20, 24, 28, 140, 160, 1000])
def test_a_quantile_that_falls_on_a_step_is_not_missed_by_rounding(count):
    durations = filled(range(1, count + 1))
    assert durations.quantile(0.5, 1000.0) == count // 2
    if count >= 20:
        assert durations.quantile(0.95, 1000.0) == round(0.95 * count)


@pytest.mark.parametrize("seed", range(6))
def test_with_censoring_it_is_the_kaplan_meier_curve_of_scipy(seed):
    rng = np.random.default_rng(seed)
    values = np.round(rng.exponential(20, 120), 1 if seed % 2 else 9)
    kind = rng.integers(0, 4, 120)
    finished, cut, still_open = values[kind < 2], values[kind == 2], values[kind == 3]
    durations = filled(finished, cut, still_open)
    sample = stats.CensoredData(uncensored=finished, right=np.concatenate([cut, still_open]))
    survival = stats.ecdf(sample).sf
    curve = durations.curve(1000.0)
    assert len(curve) == 120
    # The last step at each duration is the curve; times carry the rounding of now - begun.
    times = np.array([d for d, _ in curve])
    last = np.append(np.diff(times) > 1e-7, True)
    shares = np.array([s for _, s in curve])
    np.testing.assert_allclose(
        shares[last], survival.evaluate(times[last] + 1e-8), rtol=1e-9, atol=1e-12
    )
    knots = np.concatenate([[0], survival.quantiles])
    heights = np.concatenate([[1], survival.probabilities[:-1]])
    assert durations.mean(1000.0) == pytest.approx(heights @ np.diff(knots), rel=1e-9)
    for level in (0.1, 0.5, 0.7):
        reached = survival.quantiles[survival.probabilities <= 1 - level + 1e-12]
        expected = reached[0] if len(reached) else np.nan
        assert durations.quantile(level, 1000.0) == pytest.approx(expected, nan_ok=True)


def test_a_published_curve():
    """Remission times of leukaemia patients on 6-MP (Kaplan-Meier's textbook example)."""
    finished = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    curve = dict(filled(finished, censored).curve(1000.0))
    published = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    assert {day: round(curve[day], 3) for day in published} == published
    assert filled(finished, censored).quantile(0.5, 1000.0) == 23


def test_what_is_open_counts_for_as_long_as_it_has_lasted():
    durations = filled([1.0, 2.0], still_open=[10.0])
    assert durations.open == 1
    assert durations.mean(1000.0) == pytest.approx((1 + 2 + 10) / 3)
    assert durations.mean(1005.0) == pytest.approx((1 + 2 + 15) / 3)
    assert isnan(durations.quantile(0.95, 1000.0))


def test_what_is_cut_leaves_the_risk_set_and_not_the_sample():
    assert filled([1.0, 3.0], cut=[2.0]).mean(1000.0) == pytest.approx(1 / 3 * 1 + 2 / 3 * 3)
    assert filled([], cut=[2.0, 4.0]).mean(1000.0) == 4.0


def test_reset_forgets_the_finished_the_cut_and_the_open():
    durations = filled([1.0], [2.0], [3.0])
    durations.reset()
    durations.finish(3, 1001.0)
    durations.cut(3, 1001.0)
    assert durations.curve(1001.0) == [] and durations.open == 0
    assert isnan(durations.mean(1001.0)) and isnan(durations.quantile(0.5, 1001.0))


def test_a_key_may_come_again():
    durations = Durations()
    for start in (0.0, 10.0):
        durations.begin(1, start)
        durations.finish(1, start + 4.0)
        durations.finish(1, start + 9.0)
    assert durations.curve(20.0) == [(4.0, 0.5), (4.0, 0.0)]


def test_ratio():
    assert ratio(1, 4) == 0.25 and ratio(0, 4) == 0 and isnan(ratio(1, 0))
