"""Closed forms of queueing theory against which the engine is held.

Rates are per day, times in days, loads in erlang. Textbooks: Gross, Shortle, Thompson and Harris,
*Fundamentals of Queueing Theory*; Kleinrock, *Queueing Systems*; Law, *Simulation Modeling and
Analysis*.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify, heapreplace
from math import expm1

import numpy as np
from scipy.optimize import brentq


class UnstableError(ValueError):
    """The queue would grow for ever."""


def _load(rate: float, mean: float, servers: int = 1) -> float:
    """Offered load in erlang, if the servers can carry it."""
    load = rate * mean
    if not 0 <= load < servers:
        raise UnstableError(f"load: {load:g} erlang on {servers} servers; must be 0 up to below")
    return load


def erlang_b(load: float, servers: int) -> float:
    """Probability that all servers are busy when nobody may wait (M/G/c/c).

    Parameters
    ----------
    load : float
        Offered load in erlang: arrival rate times mean service.
    servers : int
        Number of servers, 0 or more.

    References
    ----------
    Erlang (1917); Gross et al., section on the Erlang loss formula. The recursion is exact.
    """
    blocked = 1.0
    for c in range(1, servers + 1):
        blocked = load * blocked / (c + load * blocked)
    return blocked


def erlang_c(load: float, servers: int) -> float:
    """Probability that an arrival has to wait in M/M/c.

    Parameters
    ----------
    load : float
        Offered load in erlang, below the number of servers.
    servers : int
        Number of servers.

    References
    ----------
    Erlang (1917); Gross et al., section on M/M/c.
    """
    busy = _load(load, 1, servers) / servers
    blocked = erlang_b(load, servers)
    return blocked / (1 - busy * (1 - blocked))


def mmc_wait(rate: float, mean: float, servers: int) -> float:
    """Mean wait before service in M/M/c, in days.

    Parameters
    ----------
    rate : float
        Arrival rate.
    mean : float
        Mean service.
    servers : int
        Number of servers.
    """
    load = _load(rate, mean, servers)
    return erlang_c(load, servers) * mean / (servers - load)


def mmc_queue(rate: float, mean: float, servers: int) -> float:
    """Mean number that wait in M/M/c, by Little's law (Little, 1961)."""
    return rate * mmc_wait(rate, mean, servers)


def visible_bias(rate: float, mean: float, servers: int, change: float) -> float:
    """By which share service must be longer for the mean queue of M/M/c to grow by a share.

    Parameters
    ----------
    rate, mean, servers
        As for `mmc_wait`.
    change : float
        Relative change of the mean queue.
    """
    wanted = (1 + change) * mmc_queue(rate, mean, servers)
    highest = servers / (rate * mean) * (1 - 1e-12) - 1
    return brentq(lambda bias: mmc_queue(rate, mean * (1 + bias), servers) - wanted, 0.0, highest)


def mg1_wait(rate: float, mean: float, cv: float) -> float:
    """Mean wait before service in M/G/1, in days (Pollaczek and Khinchine).

    Parameters
    ----------
    rate : float
        Arrival rate.
    mean : float
        Mean service.
    cv : float
        Coefficient of variation of service.
    """
    load = _load(rate, mean)
    return load * mean * (1 + cv * cv) / (2 * (1 - load))


def priority_times(high: float, low: float, mean: float) -> tuple[float, float]:
    """Mean times in system of two classes in M/M/1 with priority that does not interrupt.

    Parameters
    ----------
    high, low : float
        Arrival rates of the class that goes first and of the other.
    mean : float
        Mean service of both.

    References
    ----------
    Cobham (1954); Gross et al., section on priority queues.
    """
    load = _load(high + low, mean)
    residual = load * mean
    first = residual / (1 - high * mean)
    return first + mean, first / (1 - load) + mean


def visits(
    entries: Mapping[str, float], routes: Mapping[str, Mapping[str, float]]
) -> dict[str, float]:
    """Mean number of visits of each station, from the traffic equations.

    Parameters
    ----------
    entries : mapping
        Rate (or probability) of arrivals from outside at each station; others have none.
    routes : mapping
        For each station, the probabilities of going on to others; the rest leaves.

    Returns
    -------
    dict
        Solution of ``v = e + v P``, that is ``e (I - P)^-1``, by station.

    References
    ----------
    Jackson (1957).
    """
    names = list(routes)
    step = np.array([[routes[a].get(b, 0.0) for b in names] for a in names])
    outside = np.array([entries.get(name, 0.0) for name in names])
    solved = np.linalg.solve(np.eye(len(names)) - step.T, outside)
    return dict(zip(names, solved.tolist(), strict=True))


def jackson_numbers(
    rates: Mapping[str, float], means: Mapping[str, float], servers: Mapping[str, int]
) -> dict[str, float]:
    """Mean number at each station of an open Jackson network, waiting and in service.

    Parameters
    ----------
    rates : mapping
        Total arrival rate of each station, from `visits`.
    means : mapping
        Mean service of each.
    servers : mapping
        Number of servers of each; a station that is not named has as many as are needed.

    References
    ----------
    Jackson (1957); Baskett et al. (1975) for stations without waiting and for several classes.
    """
    return {
        name: rate * means[name]
        + (mmc_queue(rate, means[name], servers[name]) if name in servers else 0)
        for name, rate in rates.items()
    }


def detection_delay(interval: float, power: float) -> float:
    """Mean delay until a check on the calendar notices what begins at any time of day.

    Half an interval to the next check, and an interval for each check that misses.

    Parameters
    ----------
    interval : float
        Days between checks.
    power : float
        Probability that a check notices.
    """
    return interval / 2 + interval * (1 - power) / power


def detection_delay_renewed(interval: float, power: float, rate: float) -> float:
    """The same where each degradation begins an exponential time after a check.

    The phase at which it begins is then exponential, cut off at the interval, instead of uniform.

    Parameters
    ----------
    interval : float
        Days between checks.
    power : float
        Probability that a check notices.
    rate : float
        Rate at which degradation begins once the last one was noticed and repaired.
    """
    phase = 1 / rate - interval / expm1(rate * interval)
    return interval - phase + interval * (1 - power) / power


def first_delays(load: float, customers: int) -> float:
    """Mean wait of the first customers of M/M/1 that starts empty, in mean services.

    The numbers that successive arrivals find form a Markov chain: one more arrives, and
    departures until the next arrival are geometric, as many as are there.

    Parameters
    ----------
    load : float
        Arrival rate over service rate.
    customers : int
        How many, counted from the first.

    References
    ----------
    Law, chapter on output analysis, example of M/M/1 from empty.
    """
    stay, go = load / (1 + load), 1 / (1 + load)
    found, total = np.array([1.0]), 0.0
    for _ in range(customers):
        total += float(found @ np.arange(len(found)))
        after = np.zeros(len(found) + 1)
        for number, probability in enumerate(found, start=1):
            left = np.arange(1, number + 1)
            after[left] += probability * stay * go ** (number - left)
            after[0] += probability * go**number
        found = after
    return total / customers


def waits(arrivals: Iterable[float], services: Sequence[float], servers: int) -> list[float]:
    """Wait of each customer of a first-come-first-served queue, for any arrivals and services.

    Each takes the server that is free first: the recursion of Kiefer and Wolfowitz (1955), which
    for one server is Lindley's.

    Parameters
    ----------
    arrivals : iterable of float
        Times of arrival, in order.
    services : sequence of float
        Service of each.
    servers : int
        Number of servers.
    """
    free = [0.0] * servers
    heapify(free)
    found = []
    for arrival, service in zip(arrivals, services, strict=True):
        start = max(arrival, free[0])
        heapreplace(free, start + service)
        found.append(start - arrival)
    return found
