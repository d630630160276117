"""Closed forms agree with the values that textbooks and other projects print."""

from __future__ import annotations

import numpy as np
import pytest

from mlops_compendium.simulation import queueing

# servers, load of each: Erlang B, Erlang C, mean queue, mean wait (service 1)
MMC = [
    (1, 0.5, 0.33333, 0.5, 0.5, 1),
    (1, 0.8, 0.44444, 0.8, 3.2, 4),
    (1, 0.9, 0.47368, 0.9, 8.1, 9),
    (1, 0.95, 0.48718, 0.95, 18.05, 19),
    (2, 0.8, 0.32990, 0.71111, 2.84444, 1.77778),
    (2, 0.9, 0.36652, 0.85263, 7.67368, 4.26316),
    (2, 0.95, 0.38363, 0.92564, 17.58718, 9.25641),
    (3, 0.8, 0.26841, 0.64719, 2.58876, 1.07865),
    (3, 0.9, 0.30874, 0.81706, 7.35355, 2.72354),
    (5, 0.5, 0.06973, 0.13037, 0.13037, 0.05215),
    (5, 0.8, 0.19907, 0.55411, 2.21645, 0.55411),
    (5, 0.9, 0.24302, 0.76249, 6.86244, 1.52499),
    (10, 0.8, 0.12166, 0.40918, 1.63672, 0.20459),
    (10, 0.9, 0.16796, 0.66873, 6.01858, 0.66873),
    (10, 0.95, 0.19138, 0.82559, 15.68613, 1.65117),
]


@pytest.mark.parametrize(("servers", "load", "b", "c", "queue", "wait"), MMC)
def test_mmc_to_the_printed_digits(servers, load, b, c, queue, wait):
    rate = servers * load
    found = (
        queueing.erlang_b(rate, servers),
        queueing.erlang_c(rate, servers),
        queueing.mmc_queue(rate, 1, servers),
        queueing.mmc_wait(rate, 1, servers),
    )
    assert found == pytest.approx((b, c, queue, wait), abs=0.5000001e-5)


@pytest.mark.parametrize(
    ("servers", "blocked"), [(11, 0.16323), (12, 0.11974), (15, 0.03650), (20, 0.00187)]
)
def test_erlang_b_at_ten_erlang(servers, blocked):
    assert queueing.erlang_b(10, servers) == pytest.approx(blocked, abs=0.5e-5)


def test_nobody_is_blocked_by_no_load_and_all_by_no_server():
    assert queueing.erlang_b(0, 3) == 0
    assert queueing.erlang_b(2.5, 0) == 1


@pytest.mark.parametrize(
    ("load", "beds", "delayed"),
    [
        (8.1455, 9, 0.1806), (8.1455, 10, 0.1283), (8.1455, 11, 0.0867), (8.1455, 12, 0.0556),
        (8.1455, 13, 0.0337), (8.1455, 14, 0.0192), (9.7182, 10, 0.2015), (9.7182, 12, 0.1091),
        (9.7182, 13, 0.0754), (9.7182, 14, 0.0497), (9.7182, 15, 0.0312), (9.7182, 16, 0.0186),
    ],
)  # fmt: skip
def test_beds_of_a_stroke_unit(load, beds, delayed):
    assert queueing.erlang_b(load, beds) == pytest.approx(delayed, abs=0.5e-4)


def test_published_mmc_waits_of_other_projects():
    assert queueing.mmc_wait(1 / 4, 10, 5) == pytest.approx(0.52149, abs=0.5e-5)
    assert queueing.mmc_wait(5, 1 / 8, 1) == pytest.approx(0.20833, abs=0.5e-5)


@pytest.mark.parametrize(("cv2", "wait"), [(0, 2), (0.5, 3), (1, 4), (2, 6)])
def test_pollaczek_khinchine(cv2, wait):
    assert queueing.mg1_wait(0.8, 1, cv2**0.5) == pytest.approx(wait)


def test_bias_that_a_change_of_the_queue_reveals():
    bias = queueing.visible_bias(0.9, 1, 1, 0.5)
    longer = 0.9 * (1 + bias)
    assert longer**2 / (1 - longer) == pytest.approx(1.5 * 8.1)
    assert queueing.visible_bias(4, 1, 5, 0) == pytest.approx(0, abs=1e-12)


def test_priority_that_does_not_interrupt():
    assert queueing.priority_times(0.2, 0.6, 1) == pytest.approx((2, 6))


def test_priority_conserves_the_work_that_waits():
    first, last = queueing.priority_times(0.3, 0.4, 1)
    mean = (0.3 * first + 0.4 * last) / 0.7
    assert mean - 1 == pytest.approx(queueing.mmc_wait(0.7, 1, 1))


def test_three_facilities_of_hillier_and_lieberman():
    routes = {"a": {"b": 0.6, "c": 0.3}, "b": {"a": 0.1, "c": 0.3}, "c": {"a": 0.4, "b": 0.4}}
    rates = queueing.visits({"a": 1, "b": 4, "c": 3}, routes)
    assert list(rates.values()) == pytest.approx([5, 10, 7.5])
    numbers = queueing.jackson_numbers(rates, dict.fromkeys("abc", 0.1), {"a": 1, "b": 2, "c": 1})
    assert list(numbers.values()) == pytest.approx([1, 4 / 3, 3])
    assert sum(numbers.values()) / 8 == pytest.approx(2 / 3)


def test_three_stations_of_ross():
    routes = {"a": {"b": 1 / 3, "c": 1 / 3}, "b": {"c": 1.0}, "c": {"b": 1 / 2}}
    rates = queueing.visits({"a": 5, "b": 10, "c": 15}, routes)
    assert list(rates.values()) == pytest.approx([5, 40, 170 / 3])
    means = {"a": 1 / 10, "b": 1 / 50, "c": 1 / 100}
    numbers = queueing.jackson_numbers(rates, means, dict.fromkeys("abc", 1))
    assert sum(numbers.values()) == pytest.approx(82 / 13)
    assert sum(numbers.values()) / 30 == pytest.approx(41 / 195)


def test_station_without_waiting_holds_its_load():
    assert queueing.jackson_numbers({"a": 3.0}, {"a": 2.0}, {}) == {"a": 6.0}


def test_first_customers_of_law():
    """Printed 2.12 for arrivals at rate 1 and a mean service of 0.9."""
    assert 0.9 * queueing.first_delays(0.9, 25) == pytest.approx(2.12, abs=0.005)


def test_first_customer_does_not_wait_and_the_later_ones_like_all():
    assert queueing.first_delays(0.5, 1) == 0
    mean = 400 * queueing.first_delays(0.5, 400) - 300 * queueing.first_delays(0.5, 300)
    assert mean / 100 == pytest.approx(queueing.mmc_wait(0.5, 1, 1), rel=1e-9)


def test_detection_delay_against_sampling():
    rng = np.random.default_rng(1)
    begun, interval, power = rng.uniform(0, 10, 400_000), 10.0, 0.6
    misses = rng.geometric(power, begun.size) - 1
    delay = (interval - begun) + interval * misses
    assert queueing.detection_delay(interval, power) == pytest.approx(delay.mean(), rel=0.005)
    phase = rng.exponential(10, begun.size) % interval
    delay = interval - phase + interval * misses
    found = queueing.detection_delay_renewed(interval, power, 0.1)
    assert found == pytest.approx(delay.mean(), rel=0.005)


def test_rare_degradation_begins_at_any_time():
    rare = queueing.detection_delay_renewed(10, 0.6, 1e-5)
    assert rare == pytest.approx(queueing.detection_delay(10, 0.6), rel=1e-4)


def test_one_server_gives_lindley():
    rng = np.random.default_rng(2)
    gaps, services = rng.exponential(1, 2_000), rng.exponential(0.9, 2_000)
    found = queueing.waits(np.cumsum(gaps).tolist(), services.tolist(), 1)
    wait = 0.0
    for number, (gap, before) in enumerate(zip(gaps[1:], services, strict=False), start=1):
        wait = max(0.0, wait + before - gap)
        assert found[number] == pytest.approx(wait, abs=1e-9)


def test_several_servers_by_hand():
    assert queueing.waits([0, 1, 2, 3], [10, 3, 1, 1], 2) == [0, 0, 2, 2]


@pytest.mark.parametrize(
    "overloaded",
    [
        lambda: queueing.erlang_c(2, 2),
        lambda: queueing.mmc_wait(1, 1, 1),
        lambda: queueing.mg1_wait(2, 1, 1),
        lambda: queueing.priority_times(0.5, 0.5, 1),
    ],
)
def test_overload_is_refused(overloaded):
    with pytest.raises(queueing.UnstableError, match="must be 0 up to below"):
        overloaded()
