"""Ciw, a library for networks of queues, simulates the same lifecycle and finds the same.

What is compared has no closed form: log-normal staff times, a pool shared by two steps of
different length, rework that is shorter than first work. It is compared twice.

* Event for event: Ciw gets the engine's random numbers, drawn from their addresses, and every
  change must go live at the same moment.
* In the mean: the queueing core is written in Ciw's own terms (classes of customers, routing
  matrices, Ciw's laws and random numbers), no line of the engine is used, and the means of both
  must be equivalent by two one-sided tests.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil, exp, log, log1p, sqrt
from statistics import NormalDist

import ciw
import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from mlops_compendium.simulation.cases import Kept
from mlops_compendium.simulation.draws import Draws
from mlops_compendium.simulation.experiment import replicate
from mlops_compendium.simulation.model import Run, simulate
from mlops_compendium.simulation.reductions import IDLE

pytestmark = pytest.mark.xdist_group("second engine")  # its runs are simulated once

REPLICATIONS, MEASURED, WARM_UP, MARGIN = 60, 900.0, 150.0, 250.0
ORGANISATION = replace(
    IDLE,
    request_rate=1.0,
    data_scientists=4,
    owned_nodes=3,
    ops_engineers=2,
    access_delay=4.0,
    preparation_effort=1.4,
    validation_effort=0.5,
    validation_pipeline=0.25,
    deployment_effort=1.1,
    rework_share=0.5,
    effort_law="lognormal",
    effort_cv=0.8,
    training_duration=1.2,
    training_law="lognormal",
    training_cv=1.5,
    training_failure=0.15,
    defect_probability=0.3,
    validation_sensitivity=0.5,
    slip_probability=0.1,
    handoff_delay=2.0,
    restore_delay=3.0,
)
NODES = ("access", "scientists", "compute", "review", "rejected", "handoff", "ops", "restore")
POOLS = {"data_scientists": "scientists", "compute": "compute", "ops_engineers": "ops"}
# Largest relative difference that still counts as the same
LIMITS = {
    "queue_data_scientists": 0.20,
    "queue_compute": 0.25,
    "queue_ops_engineers": 0.20,
    "utilisation_data_scientists": 0.04,
    "utilisation_compute": 0.04,
    "utilisation_ops_engineers": 0.04,
    "in_progress_mean": 0.06,
    "lead_time_mean": 0.06,
    "throughput": 0.03,
}


# Event for event


class Time(ciw.dists.Distribution):
    """A time that a function gives for a customer at a moment."""

    def __init__(self, function):
        self.function = function

    def sample(self, t=None, ind=None):
        return self.function(ind, t)


class Route(ciw.routing.NodeRouting):
    """A route that a function gives for a customer."""

    def __init__(self, function, nodes):
        self.function = function
        self.nodes = (None, *nodes)

    def next_node(self, ind):
        following = self.function(ind)
        number = -1 if following == "live" else self.nodes.index(following)
        return self.simulation.nodes[number]


class Addressed:
    """The lifecycle on addressed draws, but for priorities, tuning, rented nodes and drift.

    There is no release window either: of changes that it lets go at the same moment, Ciw serves
    one at random first, this engine the one that came first.
    """

    NODES = ("access", "scientists", "compute", "review", "handoff", "ops", "impaired")

    def __init__(self, p, seed: int, replication: int):
        self.p = p
        self.uniform = Draws(seed, replication).uniform
        self.state: dict[int, dict] = {}
        self.requests = 0

    def __deepcopy__(self, memo):
        """Ciw copies laws for each of its parts; what is known of a change stays in one place."""
        return self

    def of(self, ind) -> dict:
        """What is known of a change; customers are numbered from 1, changes from 0."""
        fresh = {"entity": ind.id_number - 1, "round": 0, "runs": 0, "trained": False}
        return self.state.setdefault(ind.id_number, fresh)

    def draw(self, activity: str, ind, attempt: str = "round") -> float:
        change = self.of(ind)
        return self.uniform(activity, change["entity"], change[attempt])

    def lognormal(self, mean: float, cv: float, uniform: float) -> float:
        variance = log1p(cv * cv)
        z = NormalDist().inv_cdf(uniform)
        return exp(log(mean) - variance / 2 + sqrt(variance) * z)

    def request(self, ind, t) -> float:
        self.requests += 1
        return -log1p(-self.uniform("request", self.requests - 1)) / self.p.request_rate

    def access(self, ind, t) -> float:
        return -self.p.access_delay * log1p(-self.uniform("access", self.of(ind)["entity"]))

    def scientists(self, ind, t) -> float:
        p, change = self.p, self.of(ind)
        if change["trained"]:
            draw = self.draw("validation", ind)
            return self.lognormal(p.validation_effort, p.effort_cv, draw)
        share = p.rework_share if change["round"] else 1.0
        draw = self.draw("preparation", ind)
        return share * self.lognormal(p.preparation_effort, p.effort_cv, draw)

    def after_scientists(self, ind) -> str:
        change = self.of(ind)
        if not change["trained"]:
            return "compute"
        change["trained"] = False
        found = self.draw("finding", ind) < self.p.validation_sensitivity
        if self.defective(ind) and found:
            change["round"] += 1
            return "scientists"
        return "handoff"

    def defective(self, ind) -> bool:
        return self.draw("defect", ind) < self.p.defect_probability

    def run_fails(self, ind) -> bool:
        return self.draw("run-failure", ind, "runs") < self.p.training_failure

    def compute(self, ind, t) -> float:
        p = self.p
        days = self.lognormal(
            p.training_duration, p.training_cv, self.draw("training", ind, "runs")
        )
        return days * p.failed_run_share if self.run_fails(ind) else days

    def after_compute(self, ind) -> str:
        failed, change = self.run_fails(ind), self.of(ind)
        change["runs"] += 1
        change["trained"] = not failed
        return "compute" if failed else "review"

    def review(self, ind, t) -> float:
        return self.p.validation_pipeline

    def handoff(self, ind, t) -> float:
        return -self.p.handoff_delay * log1p(-self.draw("handoff", ind))

    def ops(self, ind, t) -> float:
        p = self.p
        return self.lognormal(p.deployment_effort, p.effort_cv, self.draw("deployment", ind))

    def after_ops(self, ind) -> str:
        slipped = self.draw("slip", ind) < self.p.slip_probability
        return "impaired" if self.defective(ind) or slipped else "live"

    def impaired(self, ind, t) -> float:
        p = self.p
        misses = int(log(self.draw("incident", ind)) / log1p(-p.incident_power))
        model = int(self.uniform("model", self.of(ind)["entity"]) * p.models)
        shift = self.uniform("phase", model) * p.incident_interval
        checks = ceil((t - shift) / p.incident_interval) + misses
        noticed = checks * p.incident_interval + shift
        return noticed - t - p.restore_delay * log1p(-self.draw("restore", ind))

    def after_review(self, ind) -> str:
        return "scientists"

    def after_impaired(self, ind) -> str:
        self.of(ind)["round"] += 1
        return "scientists"

    def simulate(self, end: float) -> pd.DataFrame:
        p = self.p
        following = dict(zip(self.NODES, (*self.NODES[1:], "live"), strict=True))
        routes = [
            Route(getattr(self, f"after_{n}", lambda ind, to=following[n]: to), self.NODES)
            for n in self.NODES
        ]
        servers = {
            "scientists": p.data_scientists,
            "compute": p.owned_nodes,
            "ops": p.ops_engineers,
        }
        network = ciw.create_network(
            arrival_distributions=[Time(self.request), *[None] * (len(self.NODES) - 1)],
            service_distributions=[Time(getattr(self, n)) for n in self.NODES],
            routing=ciw.routing.NetworkRouting(routers=routes),
            number_of_servers=[servers.get(n, float("inf")) for n in self.NODES],
        )
        simulation = ciw.Simulation(network)
        simulation.simulate_until_max_time(end)
        return pd.DataFrame(simulation.get_all_records())


@pytest.mark.parametrize("replication", [0, 1])
def test_every_change_goes_live_at_the_same_moment(replication):
    p = replace(
        ORGANISATION,
        failed_run_share=0.6,
        incident_interval=2.0,
        incident_power=0.7,
    )
    run, events = Run(measured=700, warm_up=0, seed=17), Kept("live")
    found = simulate(p, run, replication, events)
    ours = {int(event.case.partition("-")[2]): event.time for event in events}
    records = Addressed(p, run.seed, replication).simulate(run.end)
    last = records[records["destination"] == -1]
    theirs = dict(zip(last["id_number"] - 1, last["exit_date"], strict=True))
    assert len(ours) > 600
    assert ours.keys() == theirs.keys()
    assert max(abs(ours[number] - theirs[number]) for number in ours) <= 1e-9
    assert found["throughput"] == pytest.approx(len(theirs) / (700 / (365 / 12)))


# In the mean


def lognormal(mean: float, cv: float) -> ciw.dists.Distribution:
    variance = log(1 + cv**2)
    return ciw.dists.Lognormal(log(mean) - variance / 2, sqrt(variance))


def network(p) -> ciw.network.Network:
    """The lifecycle: class ``first``, ``again`` after rework, ``review`` once it is trained."""
    passed = 1 - p.defect_probability * p.validation_sensitivity
    works = (1 - p.defect_probability) * (1 - p.slip_probability) / passed

    def matrix(from_scientists: dict[str, float]) -> list[list[float]]:
        routes = {
            "access": {"scientists": 1.0},
            "scientists": from_scientists,
            "compute": {"compute": p.training_failure, "review": 1 - p.training_failure},
            "review": {"scientists": 1.0},
            "rejected": {"scientists": 1.0},
            "handoff": {"ops": 1.0},
            "ops": {"restore": 1 - works},
            "restore": {"scientists": 1.0},
        }
        return [[routes[a].get(b, 0.0) for b in NODES] for a in NODES]

    def services(scientists: ciw.dists.Distribution) -> list[ciw.dists.Distribution]:
        return [
            ciw.dists.Exponential(1 / p.access_delay),
            scientists,
            lognormal(p.training_duration, p.training_cv),
            ciw.dists.Deterministic(p.validation_pipeline),
            ciw.dists.Deterministic(0.0),
            ciw.dists.Exponential(1 / p.handoff_delay),
            lognormal(p.deployment_effort, p.effort_cv),
            ciw.dists.Exponential(1 / p.restore_delay),
        ]

    def becomes(node: str) -> dict[str, dict[str, float]]:
        stays = {a: {b: float(a == b) for b in classes} for a in classes}
        if node == "review":
            return {a: {b: float(b == "review") for b in classes} for a in classes}
        if node in ("rejected", "restore"):
            return {a: {b: float(b == "again") for b in classes} for a in classes}
        return stays

    classes = ("first", "again", "review")
    effort = {
        "first": p.preparation_effort,
        "again": p.preparation_effort * p.rework_share,
        "review": p.validation_effort,
    }
    onwards = {
        "first": {"compute": 1.0},
        "again": {"compute": 1.0},
        "review": {"handoff": passed, "rejected": 1 - passed},
    }
    servers = {
        "scientists": p.data_scientists,
        "compute": p.owned_nodes,
        "ops": p.ops_engineers,
    }
    outside = [ciw.dists.Exponential(p.request_rate), *[None] * (len(NODES) - 1)]
    return ciw.create_network(
        arrival_distributions={c: outside if c == "first" else [None] * 8 for c in classes},
        service_distributions={c: services(lognormal(effort[c], p.effort_cv)) for c in classes},
        routing={c: matrix(onwards[c]) for c in classes},
        class_change_matrices=[becomes(node) for node in NODES],
        number_of_servers=[servers.get(node, float("inf")) for node in NODES],
    )


def indicators(p, seed: int) -> dict[str, float]:
    """One replication in Ciw; it runs on past the end, so that what is cut there is known."""
    end = WARM_UP + MEASURED
    ciw.seed(seed)
    simulation = ciw.Simulation(network(p))
    simulation.simulate_until_max_time(end + MARGIN)
    records = pd.DataFrame(simulation.get_all_records())

    def area(rows: pd.DataFrame, begin: str, finish: str) -> float:
        return float((rows[finish].clip(WARM_UP, end) - rows[begin].clip(WARM_UP, end)).sum())

    found = {}
    for pool, node in POOLS.items():
        rows = records[records["node"] == NODES.index(node) + 1]
        capacity = {"compute": p.owned_nodes}.get(pool) or getattr(p, pool)
        found[f"queue_{pool}"] = area(rows, "arrival_date", "service_start_date") / MEASURED
        busy = area(rows, "service_start_date", "service_end_date")
        found[f"utilisation_{pool}"] = busy / MEASURED / capacity
    found["in_progress_mean"] = area(records, "arrival_date", "exit_date") / MEASURED
    whole = records.groupby("id_number").agg(
        begun=("arrival_date", "min"), left=("exit_date", "max"), last=("destination", "last")
    )
    whole = whole[whole["last"] == -1]
    cohort = whole[whole["begun"].between(WARM_UP, end)]
    found["lead_time_mean"] = float((cohort["left"] - cohort["begun"]).mean())
    delivered = whole["left"].between(WARM_UP, end).sum()
    found["throughput"] = delivered / (MEASURED / (365 / 12))
    return found


@pytest.fixture(scope="module")
def ours() -> pd.DataFrame:
    return replicate(ORGANISATION, Run(measured=MEASURED, warm_up=WARM_UP, seed=3), REPLICATIONS)


@pytest.fixture(scope="module")
def theirs() -> pd.DataFrame:
    return pd.DataFrame([indicators(ORGANISATION, seed) for seed in range(REPLICATIONS)])


def equivalence(ours: pd.Series, theirs: pd.Series, limit: float) -> tuple[float, float]:
    """P-value of the two one-sided tests, and half the 95 % interval of the difference."""
    margin = limit * float(theirs.mean())
    means = CompareMeans(DescrStatsW(ours), DescrStatsW(theirs))
    low, high = means.tconfint_diff(usevar="unequal")
    return means.ttost_ind(-margin, margin, usevar="unequal")[0], (high - low) / 2


@pytest.mark.slow
@pytest.mark.parametrize("kpi", LIMITS)
def test_both_engines_agree(ours, theirs, kpi):
    p_value, half_width = equivalence(ours[kpi], theirs[kpi], LIMITS[kpi])
    mean = float(theirs[kpi].mean())
    assert p_value < 0.05, f"{ours[kpi].mean()} here, {mean} in Ciw"
    assert half_width < LIMITS[kpi] * mean


@pytest.mark.slow
def test_resources_are_busy_enough_for_queues_to_matter(theirs):
    assert theirs[[f"utilisation_{pool}" for pool in POOLS]].mean().min() > 0.6


@pytest.mark.slow
def test_another_organisation_would_not_agree(theirs):
    """A tenth more work in preparation: the queue is no longer equivalent."""
    other = replace(ORGANISATION, preparation_effort=1.1 * ORGANISATION.preparation_effort)
    found = replicate(other, Run(measured=MEASURED, warm_up=WARM_UP, seed=3), REPLICATIONS)
    kpi = "queue_data_scientists"
    assert equivalence(found[kpi], theirs[kpi], LIMITS[kpi])[0] > 0.05


def test_noise_is_not_taken_for_agreement():
    rng = np.random.default_rng(0)
    noisy = pd.Series(rng.normal(1, 3, 30)), pd.Series(rng.normal(1, 3, 30))
    assert equivalence(*noisy, 0.1)[0] > 0.05
