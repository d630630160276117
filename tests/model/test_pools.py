"""Queues and pools, event by event."""

from __future__ import annotations

import random

import pytest
from simpy import Environment

from mlops_compendium.simulation.pools import ElasticPool, Pool


def use(env, pool, served, name, at, priority, work):
    """Ask at a time, work, give back; notes when it got the unit and which."""
    yield env.timeout(at)
    unit = yield pool.request(priority)
    served.append((name, env.now, unit))
    yield env.timeout(work)
    pool.release(unit)


def serve(pool, env, requests, until=None):
    """Serve requests ``(name, at, priority, work)``; returns ``(name, start, unit)`` in order."""
    served = []
    for request in requests:
        env.process(use(env, pool, served, *request))
    env.run(until)
    return served


def staff(capacity):
    env = Environment()
    return env, Pool(env, capacity)


def starts(served):
    return [(name, start) for name, start, _ in served]


# Staff


def test_first_come_first_served_at_one_priority():
    env, pool = staff(1)
    served = serve(pool, env, [(n, n * 0.1, 2, 5.0) for n in range(6)])
    assert starts(served) == [(n, pytest.approx(n * 5.0)) for n in range(6)]


def test_many_who_come_at_the_same_moment_are_served_in_the_order_they_asked():
    env, pool = staff(2)
    served = serve(pool, env, [(n, 1.0, 1, 1.0) for n in range(50)])
    assert [name for name, _ in starts(served)] == list(range(50))


def test_the_lower_number_goes_first_and_within_it_the_older_request():
    env, pool = staff(1)
    requests = [("busy", 0, 2, 10.0)]
    requests += [("f1", 1, 2, 1.0), ("r1", 2, 1, 1.0), ("fix", 3, 0, 1.0)]
    requests += [("r2", 4, 1, 1.0), ("f2", 5, 2, 1.0)]
    served = serve(pool, env, requests)
    assert [name for name, _ in starts(served)] == ["busy", "fix", "r1", "r2", "f1", "f2"]


def test_nobody_is_interrupted():
    env, pool = staff(1)
    served = serve(pool, env, [("feature", 0, 2, 10.0), ("fix", 1, 0, 1.0)])
    assert starts(served) == [("feature", 0), ("fix", 10)]


def test_a_unit_is_handed_over_at_once_and_not_to_a_later_comer():
    """Who asks at the moment of a release, but after it, finds the unit given to the queue."""
    env, pool = staff(1)
    served = []

    def late():
        yield env.timeout(4.0)
        yield env.process(use(env, pool, served, "late", 1.0, 2, 5.0))

    env.process(late())
    serve_order = [("first", 0, 2, 5.0), ("queued", 1, 2, 5.0)]
    served += serve(pool, env, serve_order)
    assert sorted(starts(served), key=lambda s: s[1]) == [("first", 0), ("queued", 5), ("late", 10)]
    assert pool.busy.area == 15.0


@pytest.mark.parametrize("capacity", [1, 2, 3])
def test_never_more_units_than_there_are_and_all_of_them(capacity):
    env, pool = staff(capacity)
    served = serve(pool, env, [(n, 0, 1, 4.0) for n in range(7)])
    assert [start for _, start in starts(served)] == [4.0 * (n // capacity) for n in range(7)]
    assert pool.free == capacity and pool.busy.value == 0 and pool.waiting.value == 0


def test_areas_are_those_of_the_users():
    env, pool = staff(2)
    source = random.Random(8)
    requests = [(n, source.uniform(0, 30), source.choice((0, 1, 2)), source.expovariate(0.5))
                for n in range(60)]  # fmt: skip
    served = serve(pool, env, requests)
    asked = {name: at for name, at, _, _ in requests}
    waited = sum(start - asked[name] for name, start in starts(served))
    pool.waiting.add(0, env.now)
    assert pool.waiting.area == pytest.approx(waited)
    assert pool.busy.area == pytest.approx(sum(work for *_, work in requests))


# Nodes


class Cloud:
    """An elastic pool with a record of orders and ends."""

    def __init__(self, owned=0, cap=4, delay=1.0, timeout=10.0):
        self.env = Environment()
        self.notes = []
        self.pool = ElasticPool(self.env, owned, cap, delay, timeout, self.note)

    def note(self, transition):
        self.notes.append((transition, self.env.now))

    def times(self, transition):
        return [time for what, time in self.notes if what == transition]

    def serve(self, requests, until=None):
        return serve(self.pool, self.env, requests, until)


def test_without_a_cloud_it_is_an_ordinary_pool():
    requests = [(n, n * 0.3, n % 3, 1.0 + n % 4) for n in range(30)]
    env, pool = staff(2)
    cloud = Cloud(owned=2, cap=0)
    assert cloud.serve(requests) == serve(pool, env, requests)
    assert cloud.notes == [] and cloud.pool.rented.area == 0


def test_owned_nodes_come_first_and_nothing_is_rented_while_they_suffice():
    cloud = Cloud(owned=2)
    served = cloud.serve([("a", 0, 1, 5.0), ("b", 1, 1, 5.0), ("c", 5.1, 1, 5.0)])
    assert [(name, unit) for name, _, unit in served] == [("a", None), ("b", None), ("c", None)]
    assert cloud.notes == []


def test_an_owned_node_is_preferred_to_an_idle_rented_one():
    cloud = Cloud(owned=1, timeout=50.0)
    requests = [("a", 0, 1, 5.0), ("b", 0, 1, 5.0), ("c", 8.0, 1, 1.0), ("d", 8.1, 1, 1.0)]
    units = {name: unit for name, _, unit in cloud.serve(requests)}
    assert units["a"] is None and units["c"] is None
    assert units["b"] is units["d"] is not None


def test_a_node_is_ready_after_provisioning():
    cloud = Cloud(delay=1.5)
    assert starts(cloud.serve([("a", 2.0, 1, 3.0)])) == [("a", 3.5)]
    assert (cloud.times("schedule"), cloud.times("start")) == ([2.0], [3.5])


def test_one_node_is_ordered_for_each_who_waits():
    cloud = Cloud(cap=10)
    served = cloud.serve([(n, 0, 1, 3.0) for n in range(4)])
    assert starts(served) == [(n, 1.0) for n in range(4)]
    assert len(cloud.times("schedule")) == 4


def test_no_second_node_is_ordered_while_one_on_its_way_suffices():
    """The first is served by a node that comes free; the second takes over what was ordered."""
    cloud = Cloud(owned=1, cap=10, delay=4.0)
    requests = [("a", 0, 1, 2.0), ("b", 1.0, 1, 9.0), ("c", 3.0, 1, 1.0)]
    assert starts(cloud.serve(requests)) == [("a", 0), ("b", 2.0), ("c", 5.0)]
    assert cloud.times("schedule") == [1.0]


def test_the_cap_holds_and_the_queue_waits():
    cloud = Cloud(cap=2)
    served = cloud.serve([(n, 0, 1, 3.0) for n in range(5)])
    assert starts(served) == [(0, 1.0), (1, 1.0), (2, 4.0), (3, 4.0), (4, 7.0)]
    assert len(cloud.times("schedule")) == 2


def test_a_warm_node_is_used_again_without_provisioning():
    cloud = Cloud(timeout=10.0)
    (_, _, first), (_, start, second) = cloud.serve([("a", 0, 1, 2.0), ("b", 5.0, 1, 2.0)])
    assert start == 5.0 and first is second is not None
    assert len(cloud.times("schedule")) == 1


def test_of_several_idle_nodes_the_last_to_fall_idle_is_taken():
    cloud = Cloud(timeout=20.0)
    requests = [("a", 0, 1, 2.0), ("b", 0, 1, 4.0), ("c", 6.0, 1, 1.0)]
    units = {name: unit for name, _, unit in cloud.serve(requests)}
    assert units["c"] is units["b"] is not units["a"]


def test_an_idle_node_is_given_up_after_the_time_out():
    cloud = Cloud(timeout=10.0)
    cloud.serve([("a", 0, 1, 2.0), ("b", 14.0, 1, 2.0)])
    assert cloud.times("complete") == [3.0 + 10.0, 17.0 + 10.0]
    assert cloud.times("schedule") == [0.0, 14.0]


def test_no_node_expires_while_it_is_busy_and_the_time_out_starts_again():
    cloud = Cloud(timeout=10.0)
    cloud.serve([("a", 0, 1, 2.0), ("b", 12.0, 1, 30.0)])
    assert cloud.times("complete") == [42.0 + 10.0]


def test_a_node_used_again_within_the_first_time_out_keeps_the_full_second_one():
    """The first time-out ends while the node is idle for the second time."""
    cloud = Cloud(timeout=10.0)
    cloud.serve([("a", 0, 1, 2.0), ("b", 5.0, 1, 1.0)])
    assert cloud.times("complete") == [6.0 + 10.0]


def test_a_time_out_of_nothing_gives_a_node_up_at_once():
    cloud = Cloud(timeout=0.0)
    cloud.serve([("a", 0, 1, 2.0), ("b", 5.0, 1, 2.0)])
    assert cloud.times("complete") == [3.0, 8.0]


def test_rent_is_paid_from_the_order_to_the_end():
    cloud = Cloud(delay=1.0, timeout=10.0)
    cloud.serve([("a", 2.0, 1, 5.0), ("b", 9.0, 1, 5.0)])
    assert cloud.pool.rented.area == (14.0 + 10.0) - 2.0
    assert cloud.pool.rented.value == 0


def test_a_node_that_comes_too_late_is_paid_until_it_is_given_up():
    cloud = Cloud(owned=1, cap=1, delay=4.0, timeout=2.0)
    cloud.serve([("a", 0, 1, 2.0), ("b", 1.0, 1, 1.0)])
    assert cloud.notes == [("schedule", 1.0), ("start", 5.0), ("complete", 7.0)]
    assert cloud.pool.rented.area == 6.0


def test_priorities_hold_for_rented_nodes():
    cloud = Cloud(cap=1)
    requests = [("a", 0, 2, 5.0), ("feature", 1, 2, 1.0), ("fix", 2, 0, 1.0)]
    assert starts(cloud.serve(requests)) == [("a", 1.0), ("fix", 6.0), ("feature", 7.0)]


@pytest.mark.parametrize("seed", range(5))
def test_whatever_happens_nodes_are_paid_busy_and_within_the_cap(seed):
    source = random.Random(seed)
    cloud = Cloud(owned=seed % 2, cap=3, delay=0.5, timeout=1.5)
    requests = [(n, source.uniform(0, 80), source.choice((0, 2)), source.expovariate(0.4))
                for n in range(120)]  # fmt: skip
    served = cloud.serve(requests)
    pool = cloud.pool
    assert len(served) == 120 and pool.busy.value == pool.rented.value == 0
    paid = sum(cloud.times("complete")) - sum(cloud.times("schedule"))
    assert pool.rented.area == pytest.approx(paid)
    rented = 0
    for transition, _ in cloud.notes:
        rented += {"schedule": 1, "start": 0, "complete": -1}[transition]
        assert 0 <= rented <= 3
    assert pool.busy.area == pytest.approx(sum(work for *_, work in requests))
    assert pool.busy.area <= pool.rented.area + pool.capacity * cloud.env.now
