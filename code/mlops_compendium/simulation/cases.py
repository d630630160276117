"""Systems whose answers are known, the engine reduced to them, and what is measured there.

What is simulated are the public functions of the engine that gives the results of this
compendium, not a copy; `reductions` says how a lifecycle becomes a queue, `queueing` has the
formulas, `verification` holds one against the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from math import fsum
from statistics import fmean

import pandas as pd

from . import kpis, log, queueing, reductions
from .experiment import replicate
from .model import Lifecycle, Run, simulate
from .parameters import Parameters
from .provenance import core_hash


@dataclass(frozen=True)
class System:
    """An organisation, the length of a replication, and how many there are.

    Attributes
    ----------
    parameters : Parameters
        The organisation.
    run : Run
        Length and seed.
    replications : int
        Number of replications.
    """

    parameters: Parameters
    run: Run
    replications: int

    @property
    def fingerprint(self) -> str:
        """Hash of the replication core and of the system: what a stored result depends on."""
        return sha256(f"{core_hash()} {self!r}".encode()).hexdigest()[:16]


@cache
def _indicators(system: System) -> pd.DataFrame:
    return replicate(system.parameters, system.run, system.replications)


@cache
def _stages(system: System) -> pd.DataFrame:
    """Time average of the changes in each stage."""
    rows = []
    for number in range(system.replications):
        lifecycle = Lifecycle(system.parameters, system.run, number)
        lifecycle.simulate()
        kpis.check_identities(lifecycle)
        rows.append(
            {n: stage.level.area / system.run.measured for n, stage in lifecycle.stages.items()}
        )
    return pd.DataFrame(rows)


class Kept(list):
    """A log that keeps only some events, to save memory.

    Parameters
    ----------
    *wanted : str
        Resources and activities whose events are kept.
    """

    def __init__(self, *wanted: str):
        super().__init__()
        self.wanted = frozenset(wanted)

    def append(self, event: log.Event) -> None:
        """Keep the event if it is wanted."""
        if event.resource in self.wanted or event.activity in self.wanted:
            super().append(event)


def waits(events: Iterable[log.Event]) -> list[tuple[float, float]]:
    """Time of each request for a resource and how long it waited, in order of requests."""
    found, asked = {}, {}
    for event in events:
        if event.activity == "node":
            continue
        if event.transition == "schedule":
            asked[event.case, event.activity] = event.time
            found[event.case, event.activity, event.time] = None
        elif event.transition == "start":
            begun = asked.pop((event.case, event.activity))
            found[event.case, event.activity, begun] = event.time - begun
    return [(key[2], wait) for key, wait in found.items() if wait is not None]


@cache
def _waits(system: System, resource: str) -> list[float]:
    """Mean wait of those who asked after the warm-up."""
    means = []
    for number in range(system.replications):
        events = Kept(resource)
        simulate(system.parameters, system.run, number, events)
        means.append(fmean(w for asked, w in waits(events) if asked >= system.run.warm_up))
    return means


@cache
def _first_waits(system: System, customers: int) -> list[float]:
    """Mean wait of the first customers for an engineer."""
    means = []
    for number in range(system.replications):
        events = Kept("ops_engineers")
        simulate(system.parameters, system.run, number, events)
        first = [wait for _, wait in waits(events)][:customers]
        if len(first) < customers:
            raise ValueError(f"replication {number}: ended before customer {customers} was served")
        means.append(fmean(first))
    return means


def shares_of_time(events: Iterable[log.Event], run: Run) -> dict[int, float]:
    """Share of the measured time with each number of changes in progress, from a log."""
    shares: dict[int, float] = {}
    number, last = 0, run.warm_up
    for event in events:
        now = max(event.time, run.warm_up)
        shares[number] = shares.get(number, 0.0) + (now - last) / run.measured
        number, last = number + (1 if event.activity == "request" else -1), now
    shares[number] = shares.get(number, 0.0) + (run.end - last) / run.measured
    return shares


@cache
def _shares(system: System) -> list[dict[int, float]]:
    found = []
    for number in range(system.replications):
        events = Kept("request", "live")
        simulate(system.parameters, system.run, number, events)
        found.append(shares_of_time(events, system.run))
    return found


def _delayed(system: System, beds: int) -> list[float]:
    """Share of the time at or below a number of beds at which all are taken."""
    return [
        shares.get(beds, 0.0) / fsum(share for n, share in shares.items() if n <= beds)
        for shares in _shares(system)
    ]


@dataclass(frozen=True)
class Case:
    """A quantity of a system, and what theory says it is.

    Attributes
    ----------
    id, name : str
        Key, and what a reader calls the system.
    published : str
        Where the case or its theory is published.
    bib : str
        Key of the bibliography, or empty for a textbook.
    quantity : str
        An indicator of `kpis.KPIS`; ``stage`` and its name (mean number in it); ``wait`` and a
        resource; ``first`` and a number of customers; ``delayed`` and a number of beds.
    theory : float
        Value by theory.
    cap : float
        Largest half-width of the 95 % interval, as a share of theory.
    system : System
        What is simulated.
    slow : bool
        Whether it takes longer than a few seconds.
    """

    id: str
    name: str
    published: str
    bib: str
    quantity: str
    theory: float
    cap: float
    system: System
    slow: bool = False

    def sample(self) -> list[float]:
        """The quantity in each replication; systems that cases share are simulated once."""
        what, _, which = self.quantity.partition(" ")
        if what == "stage":
            return list(_stages(self.system)[which])
        if what == "wait":
            return _waits(self.system, which)
        if what == "first":
            return _first_waits(self.system, int(which))
        if what == "delayed":
            return _delayed(self.system, int(which))
        return list(_indicators(self.system)[self.quantity])


GROSS = "Gross et al., Fundamentals of Queueing Theory"
PYDESRAP = "Default case of pydesrap_mms"
CIW = "Example in the documentation of Ciw"


def _system(parameters: Parameters, measured: float, warm_up: float, replications: int = 20):
    """A system with a seed of its own, taken from its parameters."""
    seed = int.from_bytes(sha256(repr(parameters).encode()).digest()[:4], "little")
    return System(parameters, Run(measured=measured, warm_up=warm_up, seed=seed), replications)


def _queues() -> Iterable[Case]:
    """Single queues: M/M/c up to 95 % load, M/G/1, and cases that others have published."""
    for station, servers, load, measured, warm_up, cap, slow in (
        ("ops_engineers", 1, 0.5, 5_000, 200, 0.07, False),
        ("ops_engineers", 1, 0.8, 14_000, 500, 0.06, True),
        ("ops_engineers", 1, 0.9, 18_000, 2_000, 0.12, True),
        ("ops_engineers", 1, 0.95, 22_000, 8_000, 0.15, True),
        ("data_scientists", 2, 0.9, 6_600, 1_000, 0.12, True),
        ("compute", 3, 0.8, 6_000, 200, 0.06, True),
        ("compute", 5, 0.9, 2_600, 400, 0.12, True),
        ("data_scientists", 10, 0.95, 3_000, 800, 0.20, True),
    ):
        rate = servers * load
        p = reductions.queue(station, rate, 1.0, servers)
        yield Case(
            f"mm{servers}_{load:g}",
            f"M/M/{servers}, load {load:g}",
            GROSS,
            "",
            f"queue_{station}",
            queueing.mmc_queue(rate, 1.0, servers),
            cap,
            _system(p, measured, warm_up),
            slow,
        )
    for cv, kind, measured, slow in (
        (0.0, "constant", 6_000, True),
        (0.5**0.5, "log-normal, squared cv 0.5", 10_000, True),
        (1.0, "exponential", 18_000, True),
        (2.0**0.5, "log-normal, squared cv 2", 28_000, True),
    ):
        law = "exponential" if cv == 1 else "lognormal"
        p = reductions.queue("data_scientists", 0.8, 1.0, 1, law, cv)
        yield Case(
            f"mg1_{cv * cv:.1f}",
            f"M/G/1, load 0.8, service {kind}",
            "Pollaczek and Khinchine, in " + GROSS,
            "",
            "wait data_scientists",
            queueing.mg1_wait(0.8, 1.0, cv),
            0.10 if cv > 1 else 0.06,
            _system(p, measured, 1_000),
            slow,
        )
    nurses = reductions.queue("data_scientists", 1 / 4, 10.0, 5)
    yield Case(
        "pydesrap",
        "Five nurses, an arrival every 4, service 10",
        PYDESRAP,
        "",
        "wait data_scientists",
        queueing.mmc_wait(1 / 4, 10.0, 5),
        0.10,
        _system(nurses, 24_000, 1_000),
        True,
    )
    yield Case(
        "ciw_mm1",
        "M/M/1, 5 arrivals, 8 served a day",
        CIW,
        "palmer2019",
        "wait ops_engineers",
        queueing.mmc_wait(5.0, 1 / 8, 1),
        0.06,
        _system(reductions.queue("ops_engineers", 5.0, 1 / 8, 1), 1_000, 30),
        True,
    )
    both = _system(reductions.priorities(0.2, 0.6, 1.0), 14_000, 500)
    for quantity, kind, theory in zip(
        ("retraining_time_mean", "lead_time_mean"),
        ("first", "last"),
        queueing.priority_times(0.2, 0.6, 1.0),
        strict=True,
    ):
        yield Case(
            f"priority_{kind}",
            f"M/M/1 with priority, those who go {kind}",
            "Cobham, in " + GROSS + "; a test of Ciw",
            "palmer2019",
            quantity,
            theory,
            0.05,
            both,
            True,
        )
    yield Case(
        "law_25",
        "M/M/1 from empty, load 0.9, first 25 customers",
        "Law, Simulation Modeling and Analysis",
        "",
        "first 25",
        0.9 * queueing.first_delays(0.9, 25),
        0.05,
        _system(reductions.queue("ops_engineers", 1.0, 0.9, 1), 120, 0, 2_000),
        True,
    )


def _stroke() -> Iterable[Case]:
    """Beds of a stroke unit: without a limit the patients are Poisson, hence Erlang's formula."""
    for unit, load, beds, measured in (
        ("acute", 8.1455, (9, 10, 12), 6_000),
        ("rehabilitation", 9.7182, (10, 12), 6_000),
    ):
        stay = {"access_delay": load, "delay_law": "lognormal", "delay_cv": 1.0}
        p = replace(reductions.IDLE, request_rate=1.0, **stay)
        for n in beds:
            yield Case(
                f"stroke_{unit}_{n}",
                f"Stroke patients delayed, {unit} unit with {n} beds",
                "Monks et al. (2016), Table 2, reduced to its offered load",
                "monks2016",
                f"delayed {n}",
                queueing.erlang_b(load, n),
                0.05,
                _system(p, measured, 150),
                True,
            )


def _whole() -> Iterable[Case]:
    """The whole lifecycle with rework: without queues for any law, with queues by Jackson."""
    rework = replace(
        reductions.IDLE,
        request_rate=2.0,
        defect_probability=0.3,
        validation_sensitivity=0.6,
        slip_probability=0.1,
        training_failure=0.2,
        access_delay=4.0,
        validation_pipeline=0.5,
        handoff_delay=3.0,
        deployment_pipeline=0.25,
        restore_delay=5.0,
    )
    free = replace(
        rework,
        staff_availability=5 / 7,
        rework_share=0.4,
        failed_run_share=0.6,
        preparation_effort=3.0,
        validation_effort=1.5,
        deployment_effort=1.0,
        training_duration=2.0,
        effort_law="lognormal",
        effort_cv=0.8,
        delay_law="lognormal",
        delay_cv=1.5,
        training_law="lognormal",
        training_cv=2.5,
    )
    for stage, theory in reductions.numbers_in_stages(free).items():
        if theory:
            yield Case(
                f"free_{stage}",
                f"Whole lifecycle without queues, log-normal: in {stage}",
                "Infinite servers with Markov routing; Baskett et al. (1975)",
                "baskett1975",
                f"stage {stage}",
                theory,
                0.05,
                _system(free, 900, 150),
            )
    tuned = replace(
        reductions.IDLE,
        request_rate=2.0,
        defect_probability=0.3,
        validation_sensitivity=0.6,
        rework_share=0.4,
        training_duration=2.0,
        tuning_effort=1.5,
    )
    yield Case(
        "free_tuning",
        "Training beside hands-on tuning, whichever lasts longer",
        "Maximum of two exponential times",
        "",
        "stage training",
        reductions.numbers_in_stages(tuned)["training"],
        0.03,
        _system(tuned, 500, 50),
    )
    for name, servers, loads, measured, warm_up, cap, slow in (
        ("light", (2, 3, 1), (0.5, 0.6, 0.5), 1_200, 100, 0.12, False),
        ("heavy", (3, 2, 1), (0.9, 0.85, 0.8), 6_000, 500, 0.10, True),
    ):
        units = dict(zip(("data_scientists", "owned_nodes", "ops_engineers"), servers, strict=True))
        places = ("data_scientists", "compute", "ops_engineers")
        p = reductions.loaded(replace(rework, **units), dict(zip(places, loads, strict=True)))
        for quantity, theory in reductions.product_form(p).items():
            yield Case(
                f"jackson_{name}_{quantity}",
                "Whole lifecycle with rework, loads "
                + ", ".join(f"{load:g}" for load in loads)
                + f": {quantity.replace('_', ' ')}",
                "Jackson (1957); Baskett et al. (1975)",
                "jackson1957",
                quantity,
                theory,
                cap if quantity.startswith("queue") else 0.05,
                _system(p, measured, warm_up),
                slow,
            )


def _calendars() -> Iterable[Case]:
    """Checks and release windows on the calendar."""
    interval, power, models = 10.0, 0.6, 200
    spread = reductions.drifting(interval, power, 0.01, models, 50.0)
    delay = queueing.detection_delay(interval, power)
    degraded = delay + 50.0
    system = _system(spread, 2_000, 600, 10)
    poisson = "Residual life of a calendar, and geometric misses"
    yield Case("detection", "Drift noticed by checks every 10 days with power 0.6", poisson, "",
               "detection_delay_mean", delay, 0.03, system)  # fmt: skip
    yield Case("degraded", "Time degraded, same checks, retraining 50 days", "Renewal and reward",
               "", "degraded_share", degraded / (degraded + 1 / 0.01), 0.03, system)  # fmt: skip
    at_once = reductions.drifting(interval, power, 0.1, models, 0.0)
    yield Case(
        "detection_renewed",
        "The same, retrained at once, a shock every 10 days",
        "Phase of an exponential time on a calendar",
        "",
        "detection_delay_mean",
        queueing.detection_delay_renewed(interval, power, 0.1),
        0.03,
        _system(at_once, 300, 100, 10),
        True,
    )
    restored = replace(
        reductions.IDLE,
        request_rate=2.0,
        slip_probability=0.05,
        incident_interval=7.0,
        incident_power=0.9,
        restore_delay=4.0,
    )
    yield Case(
        "restore",
        "Failed change noticed by checks every 7 days with power 0.9, restored in 4",
        poisson,
        "",
        "time_to_restore_mean",
        queueing.detection_delay(7.0, 0.9) + 4.0,
        0.05,
        _system(restored, 900, 50),
    )
    # The release calendar has no phase: a run that ended on a day of it would lack the waits that
    # end there, so this one ends halfway between two.
    window = replace(reductions.IDLE, request_rate=2.0, release_interval=14.0)
    yield Case("window", "Release window every 14 days", "Residual life of a calendar", "",
               "lead_time_mean", 7.0, 0.02, _system(window, 405, 50))  # fmt: skip


@cache
def cases() -> tuple[Case, ...]:
    """All cases, in the order of the table."""
    return (*_queues(), *_stroke(), *_whole(), *_calendars())
