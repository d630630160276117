"""Every indicator of a replication once more, from its event log alone.

Written without the engine's accumulators: areas from the instants at which a number changes,
durations by ``scipy.stats.ecdf``, quality by replaying drift, failures and renewals.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from math import fsum, nan

import numpy as np
from scipy import stats

from mlops_compendium.simulation.log import Event
from mlops_compendium.simulation.model import Run
from mlops_compendium.simulation.parameters import Parameters

Step = tuple[float, float]
STAFF = ("data_scientists", "ops_engineers")


def area(steps: Iterable[Step], run: Run, initial: float = 0.0) -> float:
    """Area of a step function over the measured time."""
    held = [change * (run.end - max(time, run.warm_up)) for time, change in steps]
    return fsum([initial * run.measured, *held])


def duration_statistics(pairs: Iterable[tuple[float, float, bool]]) -> dict[object, float]:
    """Mean, median and 95th percentile of ``(begin, end, finished)`` by Kaplan and Meier."""
    finished, censored = [], []
    for begin, end, done in pairs:
        (finished if done else censored).append(end - begin)
    if not finished and not censored:
        return {"mean": nan, 0.5: nan, 0.95: nan}
    if not finished:
        return {"mean": max(censored), 0.5: nan, 0.95: nan}
    curve = stats.ecdf(stats.CensoredData(uncensored=finished, right=censored)).sf
    heights = np.concatenate([[1.0], curve.probabilities[:-1]])
    found = {"mean": heights @ np.diff(curve.quantiles, prepend=0.0)}
    for level in (0.5, 0.95):
        reached = curve.quantiles[curve.probabilities <= 1 - level + 1e-9]
        found[level] = reached[0] if len(reached) else nan
    return found


def spans(
    begins: list[tuple[object, float]], ends: list[tuple[object, float]], run: Run
) -> list[tuple[float, float, bool]]:
    """Pair begins in the measured time with the next end of the same key, else the end."""
    later = defaultdict(list)
    for key, time in ends:
        later[key].append(time)
    paired = []
    for key, begin in begins:
        if begin >= run.warm_up:
            end = next((time for time in later[key] if time >= begin), None)
            paired.append((begin, run.end if end is None else end, end is not None))
    return paired


def stage_ends(events: list[Event], stage: str) -> list[Event]:
    return [
        e for e in events if e.activity == stage and e.transition == "complete" and not e.resource
    ]


def counts(events: list[Event], run: Run) -> Counter:
    """How often each activity ended with each outcome in the measured time."""
    return Counter(
        (e.activity, e.outcome)
        for e in events
        if e.transition == "complete" and e.time >= run.warm_up
    )


def worked(events: list[Event], run: Run) -> tuple[float, float]:
    """Calendar days of staff work that ended in the measured time: all, and rework."""
    begun, total, rework = {}, [], []
    for e in events:
        if e.resource in STAFF and e.transition == "start":
            begun[e.case, e.activity] = e.time
        if e.resource in STAFF and e.transition == "complete":
            days = e.time - begun.pop((e.case, e.activity))
            if e.time >= run.warm_up:
                total.append(days)
                rework += [days] if e.value else []
    return fsum(total), fsum(rework)


def resource_steps(events: list[Event], resource: str, up: str, down: str) -> list[Step]:
    used = [e for e in events if e.resource == resource and e.activity != "node"]
    return [(e.time, (e.transition == up) - (e.transition == down)) for e in used]


def quality(events: list[Event], p: Parameters, run: Run) -> tuple[float, float]:
    """Model-days of skill, and model-days degraded."""
    drift, failures = defaultdict(lambda: 1.0), Counter()
    skill, degraded = defaultdict(lambda: 1.0), Counter()
    skill_steps, degraded_steps = [], []
    for e in events:
        match e.activity, e.transition, e.outcome:
            case "drift", _, _:
                drift[e.model] *= 1 - e.value
            case "deployment", "complete", "fails":
                failures[e.model] += 1
            case "impaired", "complete", _:
                failures[e.model] -= 1
            case "live", _, _:
                drift[e.model] = 1.0
            case _:
                continue
        new = drift[e.model] * (1 - p.failure_severity) ** failures[e.model]
        skill_steps.append((e.time, new - skill[e.model]))
        degraded_steps.append((e.time, (1 - new > p.degradation_threshold) - degraded[e.model]))
        skill[e.model], degraded[e.model] = new, 1 - new > p.degradation_threshold
    return area(skill_steps, run, p.models), area(degraded_steps, run)


def detections(events: list[Event], run: Run) -> list[tuple[float, float, bool]]:
    """From crossing the threshold to detection; a renewal before it cuts the wait off."""
    since, found = {}, []
    for e in events:
        if (e.activity, e.transition) == ("degraded", "start"):
            since[e.model] = e.time
        elif e.model in since and e.activity in ("degraded", "live"):
            found.append((since.pop(e.model), e.time, e.activity == "degraded"))
    found += [(begin, run.end, False) for begin in since.values()]
    return [span for span in found if span[0] >= run.warm_up]


def ratio(part: float, whole: float) -> float:
    return part / whole if whole else nan


def indicators(events: list[Event], p: Parameters, run: Run) -> dict[str, float]:
    """Every indicator by name."""
    months = run.measured * 12 / 365
    model_days = p.models * run.measured
    ended = counts(events, run)
    requests = [e for e in events if e.activity == "request"]
    live = [(e.case, e.time) for e in events if e.activity == "live"]
    found = {}

    for kind, name in (("feature", "lead_time"), ("retraining", "retraining_time")):
        begins = [(e.case, e.time) for e in requests if e.case.startswith(kind)]
        times = duration_statistics(spans(begins, live, run))
        found[f"{name}_mean"] = times["mean"]
        if kind == "feature":
            found |= {f"{name}_median": times[0.5], f"{name}_p95": times[0.95]}

    deployments = ended["deployment", "works"] + ended["deployment", "fails"]
    delivered = ended["live", ""]
    found["deployment_frequency"] = deployments / months
    found["throughput"] = delivered / months
    in_progress = [(e.time, 1) for e in requests] + [(time, -1) for _, time in live]
    found["in_progress_mean"] = area(in_progress, run) / run.measured
    found["in_progress_end"] = len(requests) - len(live)

    skill, degraded = quality(events, p, run)
    share = skill / model_days
    sensitivity = 0.5 * (1 - share) + p.fresh_sensitivity * share
    specificity = 0.5 * (1 - share) + p.fresh_specificity * share
    true_positive = p.prevalence * sensitivity
    false_positive = (1 - p.prevalence) * (1 - specificity)
    found["accuracy"] = true_positive + (1 - p.prevalence) * specificity
    found["precision"] = ratio(true_positive, true_positive + false_positive)
    found["recall"] = sensitivity
    found["skill"] = share
    found["degraded_share"] = degraded / model_days
    found["detection_delay_mean"] = duration_statistics(detections(events, run))["mean"]

    orders = [e for e in events if e.activity == "node"]
    rented = area(
        [(e.time, (e.transition == "schedule") - (e.transition == "complete")) for e in orders], run
    )
    for pool in (*STAFF, "compute"):
        busy = area(resource_steps(events, pool, "start", "complete"), run)
        paid = p.owned_nodes * run.measured + rented
        paid = paid if pool == "compute" else getattr(p, pool) * run.measured
        found[f"utilisation_{pool}"] = ratio(busy, paid)
        queue = area(resource_steps(events, pool, "schedule", "start"), run)
        found[f"queue_{pool}"] = queue / run.measured

    effort, rework = worked(events, run)
    found["rework_share"] = ratio(rework, effort)
    found["change_failure_rate"] = ratio(ended["deployment", "fails"], deployments)
    found["escaped_defect_rate"] = ratio(ended["defect", "escaped"], deployments)
    runs = ended["run", "failed"] + ended["run", "completed"]
    found["training_failure_rate"] = ratio(ended["run", "failed"], runs)
    reviews = ended["validation", "passed"] + ended["validation", "rejected"]
    found["rejection_rate"] = ratio(ended["validation", "rejected"], reviews)
    failed = [(e.case, e.time) for e in stage_ends(events, "deployment") if e.outcome == "fails"]
    restored = [(e.case, e.time) for e in stage_ends(events, "impaired")]
    found["time_to_restore_mean"] = duration_statistics(spans(failed, restored, run))["mean"]

    staff = effort * p.staff_availability * p.staff_day_cost
    nodes = p.owned_nodes * run.measured * p.owned_node_day_cost + rented * p.cloud_node_day_cost
    found["staff_cost"] = staff / months
    found["compute_cost"] = nodes / months
    found["cost_per_change"] = ratio(staff + nodes, delivered)
    return found
