"""Lifecycles that are queueing systems, and what theory says of them.

A lifecycle becomes a queue by its parameters alone: steps that take no time drop out, equal
priorities are first come first served, room for everybody is no queue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import fsum

from . import queueing
from .model import ROUTE
from .parameters import Parameters

MANY = 10**6  # more units than are ever asked for

IDLE = Parameters(
    models=1,
    request_rate=0.0,
    data_scientists=MANY,
    ops_engineers=MANY,
    staff_availability=1.0,
    priority_fix=0,
    priority_retraining=0,
    priority_feature=0,
    access_delay=0.0,
    preparation_effort=0.0,
    tuning_effort=0.0,
    validation_effort=0.0,
    validation_pipeline=0.0,
    deployment_effort=0.0,
    deployment_pipeline=0.0,
    rework_share=1.0,
    effort_cv=1.0,
    effort_law="exponential",
    delay_cv=1.0,
    delay_law="exponential",
    training_duration=0.0,
    training_cv=1.0,
    training_law="exponential",
    training_failure=0.0,
    failed_run_share=1.0,
    owned_nodes=MANY,
    cloud_nodes=0,
    provisioning_delay=0.0,
    idle_timeout=0.0,
    defect_probability=0.0,
    validation_sensitivity=0.0,
    handoff_delay=0.0,
    release_interval=0.0,
    slip_probability=0.0,
    incident_interval=0.0,
    incident_power=1.0,
    restore_delay=0.0,
    failure_severity=0.0,
    drift_rate=0.0,
    drift_severity=0.0,
    degradation_threshold=0.0,
    check_interval=0.0,
    check_power=1.0,
    prevalence=0.5,
    fresh_sensitivity=1.0,
    fresh_specificity=1.0,
    prediction_rate=0.0,
    staff_day_cost=0.0,
    owned_node_day_cost=0.0,
    cloud_node_day_cost=0.0,
)


# Systems


def queue(
    station: str,
    rate: float,
    mean: float,
    servers: int,
    law: str = "exponential",
    cv: float = 1.0,
) -> Parameters:
    """Parameters under which a lifecycle is one queue with Poisson arrivals.

    Parameters
    ----------
    station : {"data_scientists", "compute", "ops_engineers"}
        Which resource the queue is before.
    rate : float
        Arrivals a day.
    mean : float
        Mean service in days.
    servers : int
        Units of the resource.
    law : {"exponential", "lognormal"}
        Law of service.
    cv : float
        Coefficient of variation of service; 0 makes it constant.
    """
    if station == "compute":
        place = {"owned_nodes": servers, "training_duration": mean}
        return replace(IDLE, request_rate=rate, training_law=law, training_cv=cv, **place)
    effort = {"data_scientists": "preparation_effort", "ops_engineers": "deployment_effort"}
    place = {station: servers, effort[station]: mean}
    return replace(IDLE, request_rate=rate, effort_law=law, effort_cv=cv, **place)


def priorities(high: float, low: float, mean: float, models: int = 5000) -> Parameters:
    """Parameters under which retrainings go before features in one queue for one engineer.

    A retraining begins when drift is noticed, which is at once, in one of very many models, each
    of which drifts very rarely: together a Poisson process but for the share of models that
    wait for their retraining.

    Parameters
    ----------
    high, low : float
        Retrainings and features a day.
    mean : float
        Mean service in days, exponential.
    models : int
        Number of models.
    """
    return replace(
        queue("ops_engineers", low, mean, 1),
        models=models,
        drift_rate=high / models,
        drift_severity=0.25,
        priority_feature=1,
    )


def drifting(
    interval: float, power: float, rate: float, models: int, retraining: float
) -> Parameters:
    """Parameters under which models drift at once beyond the threshold and are checked for it.

    Parameters
    ----------
    interval, power : float
        Days between checks, and the probability that one notices.
    rate : float
        Shocks of a model a day.
    models : int
        Number of models.
    retraining : float
        Mean days from noticing to a fresh model, exponential; 0 for at once.
    """
    return replace(
        IDLE,
        models=models,
        drift_rate=rate,
        drift_severity=0.25,
        check_interval=interval,
        check_power=power,
        access_delay=retraining,
    )


def loaded(p: Parameters, loads: Mapping[str, float]) -> Parameters:
    """Give each resource the mean service at which it has a load.

    Parameters
    ----------
    p : Parameters
        Numbers of units, arrivals and routing.
    loads : mapping
        Share of the time that the units of each resource are to be busy.
    """
    rates = rates_of_resources(p)
    mean = {name: load * _servers(p)[name] / rates[name] for name, load in loads.items()}
    return replace(
        p,
        preparation_effort=mean["data_scientists"],
        validation_effort=mean["data_scientists"],
        training_duration=mean["compute"],
        deployment_effort=mean["ops_engineers"],
    )


# Theory of the whole lifecycle


def routing(p: Parameters) -> dict[str, dict[str, float]]:
    """Probabilities of going from each stage to the next."""
    passed = 1 - p.rejection_probability
    fails = 1 - p.success_probability / passed
    chance = {
        "validation": {"passed": passed, "rejected": 1 - passed},
        "deployment": {"works": 1 - fails, "fails": fails},
    }
    return {
        stage: {
            following: chance.get(stage, {}).get(outcome, 1.0)
            for outcome, following in outcomes.items()
            if following != "live"
        }
        for stage, outcomes in ROUTE.items()
    }


def rates_of_stages(p: Parameters) -> dict[str, float]:
    """Entries of each stage a day, rework included."""
    return queueing.visits({"access": p.request_rate}, routing(p))


def rates_of_resources(p: Parameters) -> dict[str, float]:
    """Requests for each resource a day; a failed training run is one more."""
    stages = rates_of_stages(p)
    return {
        "data_scientists": stages["preparation"] + stages["validation"],
        "compute": stages["training"] / (1 - p.training_failure),
        "ops_engineers": stages["deployment"],
    }


def _servers(p: Parameters) -> dict[str, int]:
    return {
        "data_scientists": p.data_scientists,
        "compute": p.owned_nodes,
        "ops_engineers": p.ops_engineers,
    }


def _training(p: Parameters, share: float) -> float:
    """Mean days of training where nobody queues; tuning beside it only if both are exponential."""
    repeats = p.failed_run_share * p.training_failure / (1 - p.training_failure)
    runs, tuning = p.training_duration * (1 + repeats), share * p.tuning_effort
    if not tuning:
        return runs
    if p.training_failure or not p.effort_law == p.training_law == "exponential":
        raise ValueError("tuning beside training: a closed form needs exponential laws, no failure")
    return runs + tuning - 1 / (1 / runs + 1 / tuning)


def stage_means(p: Parameters) -> dict[str, float]:
    """Mean days in each stage where nobody queues, over first and later rounds alike."""
    stages = rates_of_stages(p)
    first = p.request_rate / stages["preparation"]
    shares = {1.0: first, p.rework_share: 1 - first} if p.rework_share != 1 else {1.0: 1.0}
    stretch = 1 / p.staff_availability
    return {
        "access": p.access_delay,
        "preparation": p.preparation_effort * stretch * fsum(s * w for s, w in shares.items()),
        "training": fsum(w * _training(p, s * stretch) for s, w in shares.items()),
        "validation": p.validation_pipeline + p.validation_effort * stretch,
        "handoff": p.handoff_delay,
        "window": p.release_interval / 2,
        "deployment": p.deployment_effort * stretch + p.deployment_pipeline,
        "impaired": p.restore_delay,
    }


def numbers_in_stages(p: Parameters) -> dict[str, float]:
    """Mean number of changes in each stage where nobody queues: rate times mean stay."""
    rates, means = rates_of_stages(p), stage_means(p)
    return {stage: rates[stage] * means[stage] for stage in ROUTE}


def product_form(p: Parameters) -> dict[str, float]:
    """Indicators of the whole lifecycle as a Jackson network.

    Parameters
    ----------
    p : Parameters
        All laws of staff and compute exponential, preparation and validation of equal mean, equal
        priorities, repeated work as long as first work, no tuning, no calendar.
    """
    rates, servers = rates_of_resources(p), _servers(p)
    means = {
        "data_scientists": p.preparation_effort,
        "compute": p.training_duration,
        "ops_engineers": p.deployment_effort,
    }
    queues = {n: queueing.mmc_queue(rates[n], means[n], servers[n]) for n in rates}
    everywhere = fsum(numbers_in_stages(p).values()) + fsum(queues.values())
    return {f"queue_{name}": number for name, number in queues.items()} | {
        "in_progress_mean": everywhere,
        "lead_time_mean": everywhere / p.request_rate,
    }
