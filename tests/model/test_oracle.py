"""Each station alone serves exactly as the recursion of Kiefer and Wolfowitz says, job by job.

The recursion gets the same random numbers: they are drawn here from their addresses, with the
laws written out again, so that a wrong address or a wrong law shows as well as a wrong queue.
"""

from __future__ import annotations

from itertools import accumulate
from math import exp, log, log1p, sqrt
from statistics import NormalDist

import pytest

from mlops_compendium.simulation import cases, queueing, reductions
from mlops_compendium.simulation.draws import Draws
from mlops_compendium.simulation.model import Run, simulate

ACTIVITY = {
    "data_scientists": "preparation",
    "compute": "training",
    "ops_engineers": "deployment",
}
SERVERS = (1, 2, 5)
LAWS = {"exponential": 1.0, "lognormal": 1.5}
LOAD, SEED, REPLICATION = 0.9, 7, 3


def service(law: str, uniform: float) -> float:
    """Service of mean 1 at a uniform number."""
    if law == "exponential":
        return -log1p(-uniform)
    variance = log(1 + LAWS[law] ** 2)
    return exp(sqrt(variance) * NormalDist().inv_cdf(uniform) - variance / 2)


def drawn(station: str, servers: int, law: str, jobs: int) -> tuple[list[float], list[float]]:
    """Arrivals and services of the jobs, from their addresses."""
    uniform = Draws(SEED, REPLICATION).uniform
    rate = LOAD * servers
    gaps = (-log1p(-uniform("request", n)) / rate for n in range(jobs))
    services = [service(law, uniform(ACTIVITY[station], n, 0)) for n in range(jobs)]
    return list(accumulate(gaps)), services


def simulated(station: str, servers: int, law: str, jobs: int) -> list[tuple[float, float]]:
    """Arrivals and waits of the jobs, from the event log of the engine."""
    rate = LOAD * servers
    parameters = reductions.queue(station, rate, 1.0, servers, law, LAWS[law])
    events = cases.Kept(station)
    run = Run(measured=(jobs + 6 * sqrt(jobs)) / rate + 400, warm_up=0, seed=SEED)
    simulate(parameters, run, REPLICATION, events)
    return cases.waits(events)[:jobs]


def largest_difference(station: str, servers: int, law: str, jobs: int) -> float:
    arrivals, services = drawn(station, servers, law, jobs)
    waits = queueing.waits(arrivals, services, servers)
    found = simulated(station, servers, law, jobs)
    assert len(found) == jobs
    assert sum(wait > 0 for wait in waits) > jobs / 2
    return max(
        max(abs(asked - arrival), abs(waited - wait))
        for (asked, waited), arrival, wait in zip(found, arrivals, waits, strict=True)
    )


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("servers", SERVERS)
@pytest.mark.parametrize("station", ACTIVITY)
def test_every_wait_is_that_of_the_recursion(station, servers, law):
    assert largest_difference(station, servers, law, 1_500) <= 1e-9


@pytest.mark.parametrize(
    ("station", "servers", "law"),
    [
        pytest.param(
            station,
            servers,
            list(LAWS)[(row + column) % 2],
            marks=pytest.mark.slow if row == column else pytest.mark.long,
        )
        for row, station in enumerate(ACTIVITY)
        for column, servers in enumerate(SERVERS)
    ],
)
def test_every_wait_of_a_hundred_thousand_jobs(station, servers, law):
    assert largest_difference(station, servers, law, 100_000) <= 1e-9


def test_a_job_out_of_turn_would_show():
    """Two jobs change places: the recursion then disagrees with the engine."""
    arrivals, services = drawn("compute", 1, "exponential", 1_500)
    services[700], services[701] = services[701], services[700]
    waits = queueing.waits(arrivals, services, 1)
    found = simulated("compute", 1, "exponential", 1_500)
    assert max(abs(a - b) for (_, a), b in zip(found, waits, strict=True)) > 1e-3
