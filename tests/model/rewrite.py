"""The model written again from its chapter, without SimPy and without a line of the engine.

An event loop on a heap, numpy's Philox, running sums that are kept in another way. Whatever the
engine does and the chapter does not say, or says otherwise, makes the two differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from heapq import heappop, heappush
from itertools import count
from math import exp, floor, log, log1p, nan, sqrt
from statistics import NormalDist

import numpy as np

from mlops_compendium.simulation.model import Run
from mlops_compendium.simulation.parameters import Parameters

Process = Iterator[object]


def uniform(seed: int, replication: int, activity: str, entity: int, attempt: int = 0) -> float:
    """The draw at an address; numpy counts up before it draws."""
    word = int.from_bytes(sha256(activity.encode()).digest()[:8], "little")
    counter = (word | entity << 64 | attempt << 128) - 1
    drawn = int(np.random.Philox(key=seed | replication << 64, counter=counter).random_raw())
    return (drawn // 2**12 + 0.5) / 2**52


def quantile(mean: float, cv: float, law: str, u: float) -> float:
    """Duration at a uniform number."""
    if mean == 0 or cv == 0:
        return mean
    if law == "exponential":
        return -mean * log1p(-u)
    variance = log(1 + cv**2)
    return exp(log(mean) - variance / 2 + sqrt(variance) * NormalDist().inv_cdf(u))


def kaplan_meier(spans: list[tuple[float, float, bool]]) -> list[tuple[float, float]]:
    """Share that lasts longer than each duration, of ``(begin, end, finished)``."""
    ends = sorted((end - begin, not finished) for begin, end, finished in spans)
    share, curve = 1.0, []
    for rank, (duration, unfinished) in enumerate(ends):
        share *= 1 if unfinished else 1 - 1 / (len(ends) - rank)
        curve.append((duration, share))
    return curve


class Track:
    """A number over time: every change of it is kept, the area is taken at the end."""

    def __init__(self, value: float = 0):
        self.points = [(0.0, value)]

    @property
    def value(self) -> float:
        return self.points[-1][1]

    def set(self, now: float, value: float) -> None:
        self.points.append((now, value))

    def add(self, now: float, change: float) -> None:
        self.set(now, self.value + change)

    def area(self, run: Run) -> float:
        times = np.clip([time for time, _ in self.points] + [run.end], run.warm_up, run.end)
        return float(np.dot([value for _, value in self.points], np.diff(times)))


class Pool:
    """Free units, a queue, and both over time."""

    def __init__(self, units: int):
        self.free, self.queue = units, []
        self.busy, self.waiting = Track(), Track()


class Change:
    """A change and what its way has brought so far."""

    def __init__(self, kind: str, entity: int, model: int, priority: int, now: float):
        self.kind, self.entity, self.model = kind, entity, model
        self.priority, self.begin, self.end = priority, now, None
        self.round = self.runs = 0


class Model:
    """A model in production."""

    def __init__(self, phase: float):
        self.phase, self.fresh, self.failures, self.version = phase, 1.0, 0, 0
        self.shocks = self.crossings = self.retrainings = 0
        self.retraining = False
        self.skill, self.degraded = Track(1), Track(0)


class Rewrite:
    """One replication of the chapter's model."""

    def __init__(self, p: Parameters, run: Run, replication: int):
        self.p, self.run, self.now, self.events, self.order = p, run, 0.0, [], count()
        self.u = lambda *address: uniform(run.seed, replication, *address)
        units = {"ds": p.data_scientists, "ops": p.ops_engineers, "node": p.owned_nodes}
        self.pools = {name: Pool(number) for name, number in units.items()}
        self.models = [Model(self.u("phase", i)) for i in range(p.models)]
        self.rented, self.in_progress = Track(), Track()
        self.on_their_way, self.idle, self.spells = 0, [], Counter()
        self.changes, self.detections, self.failures = [], [], []
        self.counts, self.effort = Counter(), Counter()

    # The loop

    def begin(self, process: Process, after: float = 0.0, value: object = None) -> None:
        heappush(self.events, (self.now + after, next(self.order), process, value))

    def simulate(self) -> dict[str, float]:
        if self.p.request_rate:
            self.begin(self.requests())
        if self.p.drift_rate:
            for number in range(self.p.models):
                self.begin(self.drift(number))
        while self.events and self.events[0][0] < self.run.end:
            self.now, _, process, value = heappop(self.events)
            try:
                asked = process.send(value)
            except StopIteration:
                continue
            if isinstance(asked, tuple):
                self.request(*asked, process)
            elif isinstance(asked, list):  # the tuning: empty until it is over
                asked.append(process) if not asked else self.begin(process)
            else:
                self.begin(process, asked)
        return self.indicators()

    def count(self, what: str) -> None:
        self.counts[what] += self.now >= self.run.warm_up

    # Pools

    def grant(self, pool: Pool, process: Process, node: int | None = None) -> None:
        pool.busy.add(self.now, 1)
        self.begin(process, value=node)

    def request(self, name: str, priority: int, process: Process) -> None:
        pool = self.pools[name]
        if pool.free:
            pool.free -= 1
            self.grant(pool, process)
        elif name == "node" and self.idle:
            self.grant(pool, process, self.idle.pop())
        else:
            heappush(pool.queue, (priority, next(self.order), process))
            pool.waiting.add(self.now, 1)
            short = self.on_their_way < len(pool.queue)
            if name == "node" and short and self.rented.value < self.p.cloud_nodes:
                self.rented.add(self.now, 1)
                self.on_their_way += 1
                self.begin(self.provision(len(self.spells)))

    def serve(self, pool: Pool, node: int | None) -> bool:
        if not pool.queue:
            return False
        pool.waiting.add(self.now, -1)
        self.grant(pool, heappop(pool.queue)[2], node)
        return True

    def release(self, name: str, node: int | None = None) -> None:
        pool = self.pools[name]
        pool.busy.add(self.now, -1)
        if node is not None:
            self.ready(node)
        elif not self.serve(pool, None):
            pool.free += 1

    def provision(self, node: int) -> Process:
        self.spells[node] = 0
        yield self.p.provisioning_delay
        self.on_their_way -= 1
        self.ready(node)

    def ready(self, node: int) -> None:
        if not self.serve(self.pools["node"], node):
            self.idle.append(node)
            self.spells[node] += 1
            self.begin(self.expire(node, self.spells[node]))

    def expire(self, node: int, spell: int) -> Process:
        yield self.p.idle_timeout
        if node in self.idle and self.spells[node] == spell:
            self.idle.remove(node)
            self.rented.add(self.now, -1)

    # Changes

    def requests(self) -> Process:
        for number in count():
            yield quantile(1 / self.p.request_rate, 1, "exponential", self.u("request", number))
            model = floor(self.u("model", number) * self.p.models)
            self.ask("feature", number, model, self.p.priority_feature)

    def ask(self, kind: str, entity: int, model: int, priority: int) -> None:
        self.changes.append(Change(kind, entity, model, priority, self.now))
        self.in_progress.add(self.now, 1)
        self.begin(self.life(self.changes[-1]))

    def delay(self, activity: str, change: Change, attempt: int) -> float:
        p, u = self.p, self.u(activity, change.entity, attempt)
        return quantile(getattr(p, f"{activity}_delay"), p.delay_cv, p.delay_law, u)

    def work(self, pool: str, activity: str, change: Change, share: float = 1) -> Process:
        p, u = self.p, self.u(activity, change.entity, change.round)
        mean = getattr(p, f"{activity}_effort") / p.staff_availability
        days = share * quantile(mean, p.effort_cv, p.effort_law, u)
        if days:
            yield pool, change.priority
            yield days
            self.release(pool)
            if self.now >= self.run.warm_up:
                self.effort["all"] += days
                self.effort["rework"] += days if change.round else 0

    def tune(self, change: Change, share: float, over: list) -> Process:
        yield from self.work("ds", "tuning", change, share)
        if over:
            self.begin(over[0])
        over.append("over")

    def life(self, change: Change) -> Process:
        yield self.delay("access", change, 0)
        while True:
            if not (yield from self.candidate(change)):
                change.round += 1
                continue
            yield self.delay("handoff", change, change.round)
            yield -self.now % self.p.release_interval if self.p.release_interval else 0.0
            if (yield from self.deployment(change)):
                break
            yield from self.impaired(change)
        self.live(change)

    def candidate(self, change: Change) -> Process:
        """Preparation, training and validation; whether it passes."""
        p, address = self.p, (change.entity, change.round)
        share = p.rework_share if change.round else 1
        yield from self.work("ds", "preparation", change, share)
        over: list = []
        if p.tuning_effort:
            self.begin(self.tune(change, share, over))
        while (yield from self.training_run(change)):
            pass
        if p.tuning_effort:
            yield over
        yield p.validation_pipeline
        yield from self.work("ds", "validation", change)
        self.count("V")
        defective = self.u("defect", *address) < p.defect_probability
        rejected = defective and self.u("finding", *address) < p.validation_sensitivity
        self.counts["J"] += rejected and self.now >= self.run.warm_up
        return not rejected

    def training_run(self, change: Change) -> Process:
        """One run on a node; whether it fails."""
        p, address = self.p, (change.entity, change.runs)
        change.runs += 1
        node = yield "node", change.priority
        days = quantile(p.training_duration, p.training_cv, p.training_law,
                        self.u("training", *address))  # fmt: skip
        failed = self.u("run-failure", *address) < p.training_failure
        yield days * p.failed_run_share if failed else days
        self.release("node", node)
        self.count("runs")
        self.counts["failed runs"] += failed and self.now >= self.run.warm_up
        return failed

    def deployment(self, change: Change) -> Process:
        """Whether it works."""
        p, address = self.p, (change.entity, change.round)
        yield from self.work("ops", "deployment", change)
        yield p.deployment_pipeline
        defective = self.u("defect", *address) < p.defect_probability
        failed = defective or self.u("slip", *address) < p.slip_probability
        self.count("D")
        self.counts["X"] += defective and self.now >= self.run.warm_up
        self.counts["F"] += failed and self.now >= self.run.warm_up
        return not failed

    def impaired(self, change: Change) -> Process:
        p, model, begin = self.p, self.models[change.model], self.now
        self.failures.append([begin, None])
        mine = self.failures[-1]
        model.failures += 1
        self.show(model)
        u = self.u("incident", change.entity, change.round)
        yield self.until_noticed(model, p.incident_interval, p.incident_power, u)
        yield self.delay("restore", change, change.round)
        model.failures -= 1
        self.show(model)
        mine[1] = self.now
        change.round += 1
        change.priority = p.priority_fix

    def live(self, change: Change) -> None:
        self.in_progress.add(self.now, -1)
        self.count("L")
        change.end, model = self.now, self.models[change.model]
        model.retraining &= change.kind == "feature"
        for detection in self.detections:
            if detection[0] is model and detection[2] is None:
                detection[2:] = self.now, False
        model.version += 1
        model.fresh = 1.0
        self.show(model)

    # Models

    def beyond(self, skill: float) -> bool:
        return 1 - skill > self.p.degradation_threshold

    def show(self, model: Model) -> None:
        skill = model.fresh * (1 - self.p.failure_severity) ** model.failures
        model.skill.set(self.now, skill)
        model.degraded.set(self.now, self.beyond(skill))

    def until_noticed(self, model: Model, interval: float, power: float, u: float) -> float:
        if not interval:
            return 0.0
        misses = floor(log(u) / log(1 - power)) if power < 1 else 0
        checks = floor(self.now / interval - model.phase) + 1 + misses
        return max(0.0, (checks + model.phase) * interval - self.now)

    def drift(self, number: int) -> Process:
        p, model = self.p, self.models[number]
        for shock in count():
            yield quantile(1 / p.drift_rate, 1, "exponential", self.u("drift", number, shock))
            was = self.beyond(model.fresh)
            model.fresh *= 1 - 2 * p.drift_severity * self.u("severity", number, shock)
            self.show(model)
            if self.beyond(model.fresh) and not was:
                self.begin(self.detect(number, model))

    def detect(self, number: int, model: Model) -> Process:
        p, version = self.p, model.version
        self.detections.append([model, self.now, None, True])
        mine = self.detections[-1]
        u = self.u("check", number, model.crossings)
        model.crossings += 1
        yield self.until_noticed(model, p.check_interval, p.check_power, u)
        if model.version == version:
            mine[2] = self.now
            if not model.retraining:
                model.retraining = True
                entity = (number + 1) * 2**32 + model.retrainings
                model.retrainings += 1
                self.ask("retraining", entity, number, p.priority_retraining)

    # Indicators

    def durations(self, spans: list[tuple[float, float | None, bool]]) -> list:
        end, warm_up = self.run.end, self.run.warm_up
        known = [(b, end if e is None else e, e is not None and done) for b, e, done in spans]
        return kaplan_meier([span for span in known if span[0] >= warm_up])

    def mean(self, spans: list) -> float:
        curve = self.durations(spans)
        steps = zip([(0.0, 1.0), *curve], curve, strict=False)
        return sum(share * (d - before) for (before, share), (d, _) in steps) if curve else nan

    def percentile(self, spans: list, level: float) -> float:
        return next((d for d, s in self.durations(spans) if s <= 1 - level + 1e-9), nan)

    def indicators(self) -> dict[str, float]:
        p, run, n = self.p, self.run, self.counts
        months, days = run.measured * 12 / 365, p.models * run.measured
        spans = {
            kind: [(c.begin, c.end, True) for c in self.changes if c.kind == kind]
            for kind in ("feature", "retraining")
        }
        q = sum(model.skill.area(run) for model in self.models) / days
        tpr, tnr = (0.5 + (fresh - 0.5) * q for fresh in (p.fresh_sensitivity, p.fresh_specificity))
        positives = p.prevalence * tpr + (1 - p.prevalence) * (1 - tnr)
        rented = self.rented.area(run)
        paid = p.owned_nodes * run.measured + rented
        effort = self.effort["all"] * p.staff_availability * p.staff_day_cost
        owned = p.owned_nodes * run.measured * p.owned_node_day_cost
        nodes = owned + rented * p.cloud_node_day_cost
        busy = {name: pool.busy.area(run) for name, pool in self.pools.items()}
        waiting = {name: pool.waiting.area(run) / run.measured for name, pool in self.pools.items()}

        def share(part: float, whole: float) -> float:
            return part / whole if whole else nan

        return {
            "lead_time_mean": self.mean(spans["feature"]),
            "lead_time_median": self.percentile(spans["feature"], 0.5),
            "lead_time_p95": self.percentile(spans["feature"], 0.95),
            "retraining_time_mean": self.mean(spans["retraining"]),
            "deployment_frequency": n["D"] / months,
            "throughput": n["L"] / months,
            "in_progress_mean": self.in_progress.area(run) / run.measured,
            "in_progress_end": self.in_progress.value,
            "accuracy": p.prevalence * tpr + (1 - p.prevalence) * tnr,
            "precision": share(p.prevalence * tpr, positives),
            "recall": tpr,
            "skill": q,
            "degraded_share": sum(model.degraded.area(run) for model in self.models) / days,
            "detection_delay_mean": self.mean([row[1:] for row in self.detections]),
            "utilisation_data_scientists": busy["ds"] / (p.data_scientists * run.measured),
            "utilisation_ops_engineers": busy["ops"] / (p.ops_engineers * run.measured),
            "utilisation_compute": share(busy["node"], paid),
            "queue_data_scientists": waiting["ds"],
            "queue_ops_engineers": waiting["ops"],
            "queue_compute": waiting["node"],
            "rework_share": share(self.effort["rework"], self.effort["all"]),
            "change_failure_rate": share(n["F"], n["D"]),
            "escaped_defect_rate": share(n["X"], n["D"]),
            "training_failure_rate": share(n["failed runs"], n["runs"]),
            "rejection_rate": share(n["J"], n["V"]),
            "time_to_restore_mean": self.mean([(*row, True) for row in self.failures]),
            "staff_cost": effort / months,
            "compute_cost": nodes / months,
            "cost_per_change": share(effort + nodes, n["L"]),
        }
