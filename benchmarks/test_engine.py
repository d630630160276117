"""What the engine costs: time against a bare model, growth, memory, and two cores.

Times are processor times of this process, and what is compared is measured by turns in one run,
so that other work on the machine disturbs little.
"""

from __future__ import annotations

import gc
import os
import resource
import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor
from tandem import tandem

from mlops_compendium.simulation.experiment import replicate
from mlops_compendium.simulation.model import Lifecycle, Run, simulate
from organisations import ORGANISATIONS, OVERLOADED, A, B, C

SCENARIOS = {"A": A, "B": B, "C": C}
RUN = Run()
CUSTOMERS = 2000
FACTORS = (1, 2, 4, 8)


def by_turns(work: Mapping[object, Callable[[], object]], rounds: int) -> dict[object, float]:
    """Least processor time of each piece of work, in seconds; all are done once per round."""
    times = {name: [] for name in work}
    for _ in range(rounds):
        for name, do in work.items():
            begun = time.process_time()
            do()
            times[name].append(time.process_time() - begun)
    return {name: min(taken) for name, taken in times.items()}


@pytest.fixture
def say(capsys):
    """Print past the capture of pytest."""

    def out(line: str) -> None:
        with capsys.disabled():
            print(f"\n  {line}", end="")

    return out


# Time


@pytest.mark.benchmark(group="replication", timer=time.process_time)
@pytest.mark.parametrize("name", SCENARIOS)
def test_one_replication(benchmark, name):
    benchmark.pedantic(simulate, (SCENARIOS[name], RUN, 0), rounds=15, warmup_rounds=2)


@pytest.mark.benchmark(group="yardstick", timer=time.process_time)
def test_bare_tandem(benchmark):
    benchmark.pedantic(tandem, (CUSTOMERS,), rounds=15, warmup_rounds=2)


def test_against_a_bare_tandem(say):
    """Time of a replication in customers of the tandem, and per event of SimPy."""
    work = {name: lambda p=p: simulate(p, RUN, 0) for name, p in SCENARIOS.items()}
    times = by_turns({"tandem": lambda: tandem(CUSTOMERS), **work}, 15)
    customer = times["tandem"] / CUSTOMERS
    event = times["tandem"] / tandem(CUSTOMERS)
    say(f"tandem: {1e6 * customer:.1f} us a customer, {1e6 * event:.2f} us an event")
    for name, parameters in SCENARIOS.items():
        lifecycle = Lifecycle(parameters, RUN, 0)
        lifecycle.simulate()
        events = next(lifecycle.env._eid)
        changes = lifecycle.done + len(lifecycle.changes)
        say(
            f"{name}: {1000 * times[name]:.1f} ms a replication, {1 / times[name]:.0f} a second; "
            f"{changes} changes of {times[name] / changes / customer:.1f} customers each, "
            f"{events} events of {times[name] / events / event:.2f} tandem events each"
        )
        assert times[name] / events / event < 8


# Growth


def scaled(parameters, factor: int, *names: str):
    return replace(parameters, **{name: factor * getattr(parameters, name) for name in names})


STAFF_AND_NODES = ("data_scientists", "ops_engineers", "owned_nodes")
GROWTH = {
    "horizon": lambda k: (A, Run(measured=730.0 * k, warm_up=0.0)),
    "horizon in overload": lambda k: (OVERLOADED, Run(measured=730.0 * k, warm_up=0.0)),
    "demand": lambda k: (
        scaled(replace(A, drift_rate=0.0), k, "request_rate", *STAFF_AND_NODES),
        RUN,
    ),
    "demand in overload": lambda k: (
        scaled(replace(OVERLOADED, drift_rate=0.0), k, "request_rate"),
        RUN,
    ),
    "models": lambda k: (scaled(A, k, "models", "request_rate", *STAFF_AND_NODES), RUN),
    "nodes rented": lambda k: (scaled(C, k, "models", "request_rate", "cloud_nodes"), RUN),
}


@pytest.mark.parametrize("of", GROWTH)
def test_growth_is_linear(of, say):
    """Exponent of a power law fitted to processor time."""
    work = {k: lambda k=k: simulate(*GROWTH[of](k), 0) for k in FACTORS}
    times = by_turns(work, 9)
    exponent = np.polyfit(np.log(FACTORS), np.log([times[k] for k in FACTORS]), 1)[0]
    taken = ", ".join(f"{1000 * times[k]:.0f}" for k in FACTORS)
    say(f"{of} x {FACTORS}: {taken} ms, exponent {exponent:.2f}")
    assert exponent < 1.2


# Memory


@pytest.mark.parametrize("name", ORGANISATIONS)
def test_memory_does_not_grow_with_replications(name, say):
    kept, peaks = [], []
    tracemalloc.start()
    for replication in range(12):
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        simulate(ORGANISATIONS[name], RUN, replication)
        peaks.append(tracemalloc.get_traced_memory()[1] - before)
        gc.collect()
        kept.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    growth = (kept[-1] - kept[3]) / (len(kept) - 4)
    say(f"{name}: {max(peaks) / 1e6:.2f} MB at most, {growth:.0f} bytes kept per replication")
    assert growth < 1000 and max(peaks) < 5e6


def test_memory_of_a_trace(say):
    tracemalloc.start()
    log = []
    simulate(A, RUN, 0, log)
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    say(f"trace of A: {len(log)} events, {held / len(log):.0f} bytes an event")
    assert held / len(log) < 1000


# Two cores


def processor_time() -> float:
    """Seconds of this process and of those that it has waited for."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(one) for one in who]
    return sum(one.ru_utime + one.ru_stime for one in used)


def test_two_cores(say):
    """1,000 replications: the share of processor time that is simulation bounds the efficiency."""
    count, per_job = 1000, {}
    for jobs in (1, 2):
        wall, cpu = time.perf_counter(), processor_time()
        replicate(B, RUN, count, jobs=jobs)
        wall = time.perf_counter() - wall
        if jobs > 1:
            get_reusable_executor().shutdown(wait=True)
        per_job[jobs] = (wall, processor_time() - cpu)
    (one_wall, one_cpu), (two_wall, two_cpu) = per_job[1], per_job[2]
    say(
        f"{count} replications of B: {one_wall:.1f} s on one core, {two_wall:.1f} s on two, "
        f"efficiency {one_wall / 2 / two_wall:.0%}; processor time {one_cpu:.1f} and "
        f"{two_cpu:.1f} s, simulation {one_cpu / two_cpu:.0%}; load {os.getloadavg()[0]:.1f}"
    )
    assert one_cpu / two_cpu > 0.85
