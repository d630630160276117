"""Key performance indicators of one replication, and the identities that every one must keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

from .measures import ratio

if TYPE_CHECKING:
    from .model import Lifecycle

COUNTS = (
    "delivered",
    "deployments",
    "failures",
    "escaped_defects",
    "validations",
    "rejections",
    "runs",
    "failed_runs",
)
MONTH = 365 / 12


class IdentityError(RuntimeError):
    """The bookkeeping of a replication contradicts itself: the engine is wrong."""


@dataclass(frozen=True)
class Kpi:
    """One indicator.

    Attributes
    ----------
    name : str
        Key in the results.
    group : str
        ``deployment``, ``performance``, ``utilisation``, ``errors`` or ``cost``.
    label : str
        Name for readers.
    unit : str
        Unit; empty for a share.
    better : {"lower", "higher", ""}
        Which way an organisation wants it, if it does.
    formula : callable
        Value from a finished `Lifecycle`.
    """

    name: str
    group: str
    label: str
    unit: str
    better: str
    formula: Callable[[Lifecycle], float]


def _months(s: Lifecycle) -> float:
    return s.run_settings.measured / MONTH


def _model_days(s: Lifecycle) -> float:
    return s.parameters.models * s.run_settings.measured


def mean_skill(s: Lifecycle) -> float:
    """Skill above chance, averaged over models and time."""
    return s.skill.area / _model_days(s)


def confusion(s: Lifecycle) -> dict[str, float]:
    """Pooled confusion counts of all predictions served.

    Returns
    -------
    dict
        Expected numbers of predictions: ``tp``, ``fn``, ``fp``, ``tn``. Both rates are linear in
        skill, so the mean skill gives them exactly.
    """
    p, skill = s.parameters, mean_skill(s)
    served = p.prediction_rate * _model_days(s)
    sensitivity = 0.5 + (p.fresh_sensitivity - 0.5) * skill
    specificity = 0.5 + (p.fresh_specificity - 0.5) * skill
    positive, negative = served * p.prevalence, served * (1 - p.prevalence)
    return {
        "tp": positive * sensitivity,
        "fn": positive * (1 - sensitivity),
        "fp": negative * (1 - specificity),
        "tn": negative * specificity,
    }


def _accuracy(s: Lifecycle) -> float:
    c = confusion(s)
    return ratio(c["tp"] + c["tn"], fsum(c.values()))


def _precision(s: Lifecycle) -> float:
    c = confusion(s)
    return ratio(c["tp"], c["tp"] + c["fp"])


def _recall(s: Lifecycle) -> float:
    c = confusion(s)
    return ratio(c["tp"], c["tp"] + c["fn"])


def _staff(pool: str) -> Callable[[Lifecycle], float]:
    return lambda s: (
        getattr(s, pool).busy.area / (getattr(s, pool).capacity * s.run_settings.measured)
    )


def _queue(pool: str) -> Callable[[Lifecycle], float]:
    return lambda s: getattr(s, pool).waiting.area / s.run_settings.measured


def _node_days(s: Lifecycle) -> float:
    return s.compute.capacity * s.run_settings.measured + s.compute.rented.area


def staff_cost(s: Lifecycle) -> float:
    """Cost of the effort spent on changes; effort is stretched, so back to person-days."""
    return s.effort * s.parameters.staff_availability * s.parameters.staff_day_cost


def compute_cost(s: Lifecycle) -> float:
    """Cost of owned nodes by the calendar and of rented nodes by use."""
    p = s.parameters
    owned = s.compute.capacity * s.run_settings.measured * p.owned_node_day_cost
    return owned + s.compute.rented.area * p.cloud_node_day_cost


def _end(s: Lifecycle) -> float:
    return s.run_settings.end


def _share(part: str, whole: str) -> Callable[[Lifecycle], float]:
    return lambda s: ratio(s.counts[part], s.counts[whole])


KPIS = tuple(
    Kpi(*row)
    for row in (
        ("lead_time_mean", "deployment", "Lead time, mean", "days", "lower",
         lambda s: s.lead_time.mean(_end(s))),
        ("lead_time_median", "deployment", "Lead time, median", "days", "lower",
         lambda s: s.lead_time.quantile(0.5, _end(s))),
        ("lead_time_p95", "deployment", "Lead time, 95th percentile", "days", "lower",
         lambda s: s.lead_time.quantile(0.95, _end(s))),
        ("retraining_time_mean", "deployment", "Retraining time, mean", "days", "lower",
         lambda s: s.retraining_time.mean(_end(s))),
        ("deployment_frequency", "deployment", "Deployment frequency", "per month", "higher",
         lambda s: s.counts["deployments"] / _months(s)),
        ("throughput", "deployment", "Changes delivered", "per month", "higher",
         lambda s: s.counts["delivered"] / _months(s)),
        ("in_progress_mean", "deployment", "Changes in progress, time average", "changes", "lower",
         lambda s: s.in_system.level.area / s.run_settings.measured),
        ("in_progress_end", "deployment", "Changes in progress at the end", "changes", "lower",
         lambda s: s.in_system.level.value),
        ("accuracy", "performance", "Accuracy", "", "higher", _accuracy),
        ("precision", "performance", "Precision", "", "higher", _precision),
        ("recall", "performance", "Recall", "", "higher", _recall),
        ("skill", "performance", "Skill above chance, mean", "", "higher", mean_skill),
        ("degraded_share", "performance", "Model-time spent degraded", "", "lower",
         lambda s: s.degraded.area / _model_days(s)),
        ("detection_delay_mean", "performance", "Detection delay of drift, mean", "days", "lower",
         lambda s: s.detection_delay.mean(_end(s))),
        ("utilisation_data_scientists", "utilisation", "Utilisation, data scientists", "", "",
         _staff("data_scientists")),
        ("utilisation_ops_engineers", "utilisation", "Utilisation, ops engineers", "", "",
         _staff("ops_engineers")),
        ("utilisation_compute", "utilisation", "Utilisation, compute nodes paid for", "", "",
         lambda s: ratio(s.compute.busy.area, _node_days(s))),
        ("queue_data_scientists", "utilisation", "Queue for data scientists, mean", "requests",
         "lower", _queue("data_scientists")),
        ("queue_ops_engineers", "utilisation", "Queue for ops engineers, mean", "requests",
         "lower", _queue("ops_engineers")),
        ("queue_compute", "utilisation", "Queue for compute, mean", "requests", "lower",
         _queue("compute")),
        ("rework_share", "utilisation", "Effort that is rework", "", "lower",
         lambda s: ratio(s.rework_effort, s.effort)),
        ("change_failure_rate", "errors", "Change failure rate", "", "lower",
         _share("failures", "deployments")),
        ("escaped_defect_rate", "errors", "Escaped defects per deployment", "", "lower",
         _share("escaped_defects", "deployments")),
        ("training_failure_rate", "errors", "Training runs that fail", "", "lower",
         _share("failed_runs", "runs")),
        ("rejection_rate", "errors", "Validations that reject", "", "",
         _share("rejections", "validations")),
        ("time_to_restore_mean", "errors", "Time to restore, mean", "days", "lower",
         lambda s: s.time_to_restore.mean(_end(s))),
        ("staff_cost", "cost", "Cost of effort", "EUR per month", "lower",
         lambda s: staff_cost(s) / _months(s)),
        ("compute_cost", "cost", "Cost of compute", "EUR per month", "lower",
         lambda s: compute_cost(s) / _months(s)),
        ("cost_per_change", "cost", "Cost per change delivered", "EUR", "lower",
         lambda s: ratio(staff_cost(s) + compute_cost(s), s.counts["delivered"])),
    )
)  # fmt: skip


def measure(lifecycle: Lifecycle) -> dict[str, float]:
    """Every indicator of a finished replication, by name; nan where nothing happened."""
    return {kpi.name: float(kpi.formula(lifecycle)) for kpi in KPIS}


def _close(first: float, second: float) -> bool:
    return abs(first - second) <= 1e-9 * max(1.0, abs(first), abs(second))


def check_identities(s: Lifecycle) -> None:
    """Check what must hold in every replication, whatever its parameters.

    Raises
    ------
    IdentityError
        If changes are lost, an area under a number in progress is not the sum of the clipped
        sojourns, a resource was busier than it can be, or measures ended at another time.
    """
    end, warm_up = s.run_settings.end, s.run_settings.warm_up
    known, standing = len(s.changes), sum(stage.level.value for stage in s.stages.values())
    problems = []
    if s.started != s.done + known or not s.in_system.level.value == standing == known:
        problems.append(
            f"{s.started} changes began, {s.done} are done, {known} are known to be in progress, "
            f"{s.in_system.level.value} are counted so and {standing} stand in a stage"
        )
    for name, stage in (*s.stages.items(), ("in progress", s.in_system)):
        opened = [
            change.requested if name == "in progress" else change.entered
            for change in s.changes.values()
            if name in ("in progress", change.stage)
        ]
        sojourns = stage.sojourns + fsum(end - max(begun, warm_up) for begun in opened)
        if not _close(stage.level.area, sojourns):
            problems.append(f"{name}: area {stage.level.area} is not sojourns {sojourns}")
    for name in ("data_scientists", "ops_engineers"):
        pool = getattr(s, name)
        if pool.busy.area > pool.capacity * s.run_settings.measured * (1 + 1e-12):
            problems.append(f"{name}: busy for more than {pool.capacity} units can be")
        if pool.busy.value + pool.free != pool.capacity:
            problems.append(f"{name}: units in use and free do not add up")
    if s.compute.busy.area > _node_days(s) * (1 + 1e-12):
        problems.append("compute: busy for more than the nodes that were paid for")
    if s.env.now != end or any(level.last != end for level in s._levels()):
        problems.append(f"measures do not end at {end}")
    if problems:
        raise IdentityError("; ".join(problems))
