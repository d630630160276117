"""One replication of the machine-learning lifecycle, in SimPy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import floor, isfinite

from simpy import Environment, Event

from . import kpis
from .draws import Draws, geometric, sampler
from .log import Event as LogEvent
from .measures import Durations, Level
from .parameters import Parameters
from .pools import ElasticPool, Pool

ROUTE = {
    "access": {"granted": "preparation"},
    "preparation": {"prepared": "training"},
    "training": {"trained": "validation"},
    "validation": {"passed": "handoff", "rejected": "preparation"},
    "handoff": {"accepted": "window"},
    "window": {"open": "deployment"},
    "deployment": {"works": "live", "fails": "impaired"},
    "impaired": {"restored": "preparation"},
}
POOLS = {
    "preparation": "data_scientists",
    "training": "compute",
    "validation": "data_scientists",
    "deployment": "ops_engineers",
}
FEATURE, RETRAINING = "feature", "retraining"


@dataclass(frozen=True, slots=True)
class Run:
    """Length and seed of a replication.

    Attributes
    ----------
    measured : float
        Days over which is measured, after the warm-up.
    warm_up : float
        Days before.
    seed : int
        Root seed of the experiment.

    Raises
    ------
    ValueError
        If a length is not a finite number of days, or nothing would be measured.
    """

    measured: float = 730.0
    warm_up: float = 365.0
    seed: int = 20261123

    def __post_init__(self) -> None:
        for name in ("measured", "warm_up"):
            value = getattr(self, name)
            if not (isinstance(value, (int, float)) and isfinite(value) and value >= 0):
                raise ValueError(f"{name}: {value!r} is not allowed; a number of days, 0 or more")
        if self.measured == 0:
            raise ValueError("measured: 0 is not allowed; nothing would be measured")

    @property
    def end(self) -> float:
        """Time at which the replication ends, in days."""
        return self.warm_up + self.measured


class Change:
    """A change on its way: a planned feature or a retraining.

    Attributes
    ----------
    kind : str
        ``feature`` or ``retraining``.
    entity : int
        Address of its draws: the number of the feature, or for retraining ``k`` of model ``m``
        the number ``(m + 1) * 2**32 + k``; the same in every scenario.
    model : int
        Model that it changes.
    priority : int
        Priority in the queues; that of a fix after it has failed in production.
    round : int
        How often it has gone back to data preparation.
    runs : int
        Training runs begun.
    requested, entered : float
        When it was requested and when it entered its present stage, in days.
    """

    __slots__ = (
        "entered",
        "entity",
        "kind",
        "model",
        "name",
        "priority",
        "requested",
        "round",
        "runs",
        "stage",
    )

    def __init__(self, kind: str, entity: int, model: int, priority: int, now: float):
        self.kind = kind
        self.entity = entity
        self.model = model
        self.priority = priority
        self.requested = now
        self.round = 0
        self.runs = 0
        self.stage = "access"
        self.entered = now
        number = entity if kind == FEATURE else f"{model}-{entity & 0xFFFFFFFF}"
        self.name = f"{kind}-{number}"


class LiveModel:
    """A model in production.

    Attributes
    ----------
    number : int
        Which one.
    phase : float
        Share of an interval by which its calendars of checks are shifted, 0 to 1.
    drift : float
        What drift has left of its skill above chance, 1 when fresh.
    failures : int
        Failed changes that impair it at present.
    skill : float
        Skill above chance as served: drift times what the failures leave.
    version : int
        How often it was renewed.
    shocks, crossings, retrainings : int
        Numbers of drift shocks, of crossings of the threshold, and of retraining requests so far.
    retraining : bool
        Whether a retraining is under way.
    """

    __slots__ = (
        "crossings",
        "drift",
        "failures",
        "number",
        "phase",
        "retraining",
        "retrainings",
        "shocks",
        "skill",
        "version",
    )

    def __init__(self, number: int, phase: float):
        self.number = number
        self.phase = phase
        self.drift = 1.0
        self.failures = 0
        self.skill = 1.0
        self.version = 0
        self.shocks = 0
        self.crossings = 0
        self.retrainings = 0
        self.retraining = False


class Stage:
    """Changes in one stage: how many over time, and their clipped sojourns."""

    __slots__ = ("entries", "level", "sojourns")

    def __init__(self) -> None:
        self.level = Level()
        self.sojourns = 0.0
        self.entries = 0

    def reset(self, now: float) -> None:
        """Forget what was before now, except who is there."""
        self.level.reset(now)
        self.sojourns = 0.0
        self.entries = 0


class Lifecycle:
    """The lifecycle of all models of an organisation over one replication.

    Parameters
    ----------
    parameters : Parameters
        The organisation.
    run : Run
        Length and seed.
    replication : int
        Number of the replication, from 0.
    log : list of log.Event, optional
        Filled with everything that happens.
    """

    def __init__(
        self,
        parameters: Parameters,
        run: Run,
        replication: int,
        log: list[LogEvent] | None = None,
    ):
        p = self.parameters = parameters
        self.run_settings = run
        self.env = Environment()
        self.draw = Draws(run.seed, replication).uniform
        self._log = log
        self.data_scientists = Pool(self.env, p.data_scientists)
        self.ops_engineers = Pool(self.env, p.ops_engineers)
        self.compute = ElasticPool(
            self.env,
            p.owned_nodes,
            p.cloud_nodes,
            p.provisioning_delay,
            p.idle_timeout,
            self._note_node,
        )
        self.models = [LiveModel(i, self.draw("phase", i)) for i in range(p.models)]
        self._choose_samplers()
        self.changes: dict[int, Change] = {}
        self.stages = {name: Stage() for name in ROUTE}
        self.in_system = Stage()
        self.started = self.done = 0
        self.effort = self.rework_effort = 0.0
        self.skill = Level(float(p.models))
        self.degraded = Level()
        self.lead_time = Durations()
        self.retraining_time = Durations()
        self.detection_delay = Durations()
        self.time_to_restore = Durations()
        self.counts = dict.fromkeys(kpis.COUNTS, 0)

    def _choose_samplers(self) -> None:
        """Turn mean durations into functions of a uniform draw; staff time is stretched."""
        p = self.parameters
        stretch = 1 / p.staff_availability

        def effort(mean: float):
            return sampler(mean * stretch, p.effort_cv, p.effort_law)

        def delay(mean: float):
            return sampler(mean, p.delay_cv, p.delay_law)

        self.efforts = {
            "preparation": effort(p.preparation_effort),
            "tuning": effort(p.tuning_effort),
            "validation": effort(p.validation_effort),
            "deployment": effort(p.deployment_effort),
        }
        self.delays = {
            "access": delay(p.access_delay),
            "handoff": delay(p.handoff_delay),
            "restore": delay(p.restore_delay),
        }
        self.training_time = sampler(p.training_duration, p.training_cv, p.training_law)
        self.check_misses = geometric(p.check_power)
        self.incident_misses = geometric(p.incident_power)

    # Arrivals

    def requests(self) -> Iterator[Event]:
        """Planned changes: a Poisson process, each for a model chosen at random."""
        p = self.parameters
        interval = sampler(1 / p.request_rate, 1, "exponential")
        entity = 0
        while True:
            yield self.env.timeout(interval(self.draw("request", entity)))
            model = int(self.draw("model", entity) * p.models)
            self._start(Change(FEATURE, entity, model, p.priority_feature, self.env.now))
            entity += 1

    def _start(self, change: Change) -> None:
        now = self.env.now
        self.started += 1
        self.changes[change.entity] = change
        self.in_system.level.add(1, now)
        self.in_system.entries += 1
        cohort = self.lead_time if change.kind == FEATURE else self.retraining_time
        cohort.begin(change.entity, now)
        self._note(change, "request", "complete")
        self.env.process(self.life(change))

    def life(self, change: Change) -> Iterator[Event]:
        """A change on its route, stage by stage, until it is live."""
        env = self.env
        while change.stage != "live":
            stage = self.stages[change.stage]
            change.entered = env.now
            stage.level.add(1, env.now)
            stage.entries += 1
            outcome = yield from getattr(self, change.stage)(change)
            stage.level.add(-1, env.now)
            stage.sojourns += env.now - max(change.entered, self.run_settings.warm_up)
            self._note(change, change.stage, "complete", outcome=outcome)
            change.stage = ROUTE[change.stage][outcome]
        self._live(change)

    def _live(self, change: Change) -> None:
        now = self.env.now
        self.in_system.level.add(-1, now)
        self.in_system.sojourns += now - max(change.requested, self.run_settings.warm_up)
        del self.changes[change.entity]
        self.done += 1
        self.counts["delivered"] += 1
        cohort = self.lead_time if change.kind == FEATURE else self.retraining_time
        cohort.finish(change.entity, now)
        self._note(change, "live", "complete")
        model = self.models[change.model]
        if change.kind == RETRAINING:
            model.retraining = False
        self._renew(model)

    # Stages

    def access(self, change: Change) -> Iterator[Event]:
        """Waiting for data held elsewhere."""
        yield self.env.timeout(self.delays["access"](self.draw("access", change.entity)))
        return "granted"

    def preparation(self, change: Change) -> Iterator[Event]:
        """A data scientist prepares the data; a later round takes a share of the effort."""
        yield from self._work(self.data_scientists, "preparation", change, self._share(change))
        return "prepared"

    def training(self, change: Change) -> Iterator[Event]:
        """Runs on a compute node until one succeeds, with hands-on tuning beside them."""
        p, env, compute = self.parameters, self.env, self.compute
        tuning = env.process(self._tuning(change)) if p.tuning_effort else None
        failed = True
        while failed:
            attempt = change.runs
            change.runs += 1
            self._note(change, "run", "schedule", "compute", value=change.priority)
            node = yield compute.request(change.priority)
            self._note(change, "run", "start", "compute")
            failed = self.draw("run-failure", change.entity, attempt) < p.training_failure
            days = self.training_time(self.draw("training", change.entity, attempt))
            yield env.timeout(days * p.failed_run_share if failed else days)
            compute.release(node)
            self.counts["runs"] += 1
            self.counts["failed_runs"] += failed
            self._note(change, "run", "complete", "compute", "failed" if failed else "completed")
        if tuning:
            yield tuning
        return "trained"

    def _tuning(self, change: Change) -> Iterator[Event]:
        return self._work(self.data_scientists, "tuning", change, self._share(change))

    def validation(self, change: Change) -> Iterator[Event]:
        """A pipeline, then a review; a latent defect is found with some probability."""
        p = self.parameters
        yield self.env.timeout(p.validation_pipeline)
        yield from self._work(self.data_scientists, "validation", change)
        self.counts["validations"] += 1
        address = (change.entity, change.round)
        if self._defective(change) and self.draw("finding", *address) < p.validation_sensitivity:
            self.counts["rejections"] += 1
            change.round += 1
            return "rejected"
        return "passed"

    def handoff(self, change: Change) -> Iterator[Event]:
        """Waiting for operations to take the candidate over."""
        days = self.delays["handoff"](self.draw("handoff", change.entity, change.round))
        yield self.env.timeout(days)
        return "accepted"

    def window(self, change: Change) -> Iterator[Event]:
        """Waiting for the next day of the release calendar; who came first goes first."""
        interval = self.parameters.release_interval
        yield self.env.timeout(-self.env.now % interval if interval else 0)
        return "open"

    def deployment(self, change: Change) -> Iterator[Event]:
        """An engineer's work, then a pipeline; a defect that escaped or a slip makes it fail."""
        p = self.parameters
        yield from self._work(self.ops_engineers, "deployment", change)
        yield self.env.timeout(p.deployment_pipeline)
        self.counts["deployments"] += 1
        defective = self._defective(change)
        slipped = self.draw("slip", change.entity, change.round) < p.slip_probability
        if defective:
            self.counts["escaped_defects"] += 1
            self._note(change, "defect", "complete", outcome="escaped")
        if defective or slipped:
            self.counts["failures"] += 1
            return "fails"
        return "works"

    def impaired(self, change: Change) -> Iterator[Event]:
        """A failed change impairs its model until it is noticed and rolled back."""
        p, env = self.parameters, self.env
        model = self.models[change.model]
        address = (change.entity, change.round)
        key = change.entity
        self.time_to_restore.begin(key, env.now)
        model.failures += 1
        self._serve(model)
        misses = self.incident_misses(self.draw("incident", *address))
        yield env.timeout(self._until_noticed(model, p.incident_interval, misses))
        self._note(change, "impaired", "start", outcome="noticed")
        yield env.timeout(self.delays["restore"](self.draw("restore", *address)))
        model.failures -= 1
        self._serve(model)
        self.time_to_restore.finish(key, env.now)
        change.round += 1
        change.priority = p.priority_fix
        return "restored"

    def _defective(self, change: Change) -> bool:
        """Whether the candidate of this round carries a latent defect."""
        uniform = self.draw("defect", change.entity, change.round)
        return uniform < self.parameters.defect_probability

    def _share(self, change: Change) -> float:
        """Share of the full effort that preparation and tuning take in this round."""
        return self.parameters.rework_share if change.round else 1.0

    def _work(self, pool: Pool, activity: str, change: Change, share: float = 1.0):
        """Effort of one member of staff, from the queue to the end; no effort waits for nobody."""
        days = share * self.efforts[activity](self.draw(activity, change.entity, change.round))
        if not days:
            return
        resource = "ops_engineers" if pool is self.ops_engineers else "data_scientists"
        self._note(change, activity, "schedule", resource, value=change.priority)
        yield pool.request(change.priority)
        self._note(change, activity, "start", resource)
        yield self.env.timeout(days)
        pool.release()
        self.effort += days
        if change.round:
            self.rework_effort += days
        self._note(change, activity, "complete", resource, "worked", change.round)

    # Models in production

    def drift(self, model: LiveModel) -> Iterator[Event]:
        """Drift shocks of one model: a Poisson process of random severities."""
        p = self.parameters
        interval = sampler(1 / p.drift_rate, 1, "exponential")
        while True:
            yield self.env.timeout(interval(self.draw("drift", model.number, model.shocks)))
            severity = 2 * p.drift_severity * self.draw("severity", model.number, model.shocks)
            model.shocks += 1
            was_degraded = self._beyond(model.drift)
            model.drift *= 1 - severity
            self._note(model, "drift", "complete", value=severity)
            self._serve(model)
            if not was_degraded and self._beyond(model.drift):
                self.env.process(self._detect(model))

    def _beyond(self, skill: float) -> bool:
        """Whether a skill lies beyond the threshold of degradation."""
        return 1 - skill > self.parameters.degradation_threshold

    def _detect(self, model: LiveModel) -> Iterator[Event]:
        """From crossing the threshold to the check that notices it, and to a retraining."""
        p, version = self.parameters, model.version
        key = (model.number << 32) + model.crossings
        misses = self.check_misses(self.draw("check", model.number, model.crossings))
        model.crossings += 1
        self.detection_delay.begin(key, self.env.now)
        self._note(model, "degraded", "start")
        yield self.env.timeout(self._until_noticed(model, p.check_interval, misses))
        if model.version != version:
            return
        self.detection_delay.finish(key, self.env.now)
        self._note(model, "degraded", "complete", outcome="detected")
        if not model.retraining:
            self._retrain(model)

    def _until_noticed(self, model: LiveModel, interval: float, misses: int) -> float:
        """Days to the next check on the model's calendar, and then one interval for each miss."""
        if not interval:
            return 0.0
        now, phase = self.env.now, model.phase
        checks = floor(now / interval - phase) + 1 + misses
        return max(0.0, (checks + phase) * interval - now)

    def _retrain(self, model: LiveModel) -> None:
        model.retraining = True
        entity = ((model.number + 1) << 32) + model.retrainings
        model.retrainings += 1
        priority = self.parameters.priority_retraining
        self._start(Change(RETRAINING, entity, model.number, priority, self.env.now))

    def _renew(self, model: LiveModel) -> None:
        """A new version is live: fresh data, full skill; an undetected degradation is over."""
        if self._beyond(model.drift):
            key = (model.number << 32) + model.crossings - 1
            self.detection_delay.cut(key, self.env.now)
        model.version += 1
        model.drift = 1.0
        self._serve(model)

    def _serve(self, model: LiveModel) -> None:
        """Bring the areas up to date and serve with the present skill."""
        now = self.env.now
        was_degraded = self._beyond(model.skill)
        skill = model.drift * (1 - self.parameters.failure_severity) ** model.failures
        self.skill.add(skill - model.skill, now)
        model.skill = skill
        self.degraded.add(self._beyond(skill) - was_degraded, now)

    # Measuring

    def _note(
        self,
        subject: Change | LiveModel,
        activity: str,
        transition: str,
        resource: str = "",
        outcome: str = "",
        value: float = 0,
    ) -> None:
        if self._log is None:
            return
        change = isinstance(subject, Change)
        case = subject.name if change else f"model-{subject.number}"
        number = subject.model if change else subject.number
        event = (self.env.now, case, number, activity, transition, resource, outcome, float(value))
        self._log.append(LogEvent(*event))

    def _note_node(self, transition: str) -> None:
        if self._log is not None:
            self._log.append(LogEvent(self.env.now, "", -1, "node", transition, "compute"))

    def _levels(self) -> list[Level]:
        pools = (self.data_scientists, self.ops_engineers, self.compute)
        return [
            self.skill,
            self.degraded,
            self.compute.rented,
            *(level for pool in pools for level in (pool.busy, pool.waiting)),
        ]

    def warm_up(self) -> Iterator[Event]:
        """Forget at the end of the warm-up what was measured, keep everything that is under way."""
        yield self.env.timeout(self.run_settings.warm_up)
        now = self.env.now
        for measure in (*self._levels(), *self.stages.values(), self.in_system):
            measure.reset(now)
        self.counts = dict.fromkeys(self.counts, 0)
        self.effort = self.rework_effort = 0.0
        for cohort in (
            self.lead_time,
            self.retraining_time,
            self.detection_delay,
            self.time_to_restore,
        ):
            cohort.reset()

    def simulate(self) -> None:
        """Run from the empty organisation with fresh models to the end."""
        self.env.process(self.warm_up())
        if self.parameters.request_rate:
            self.env.process(self.requests())
        if self.parameters.drift_rate:
            for model in self.models:
                self.env.process(self.drift(model))
        self.env.run(until=self.run_settings.end)
        for level in (*self._levels(), *(stage.level for stage in self.stages.values())):
            level.add(0, self.run_settings.end)
        self.in_system.level.add(0, self.run_settings.end)


def simulate(
    parameters: Parameters,
    run: Run,
    replication: int = 0,
    log: list[LogEvent] | None = None,
) -> dict[str, float]:
    """Run one replication.

    Parameters
    ----------
    parameters : Parameters
        The organisation.
    run : Run
        Length and seed.
    replication : int
        Number of the replication, from 0.
    log : list, optional
        Filled with `log.Event` for everything that happens, warm-up included.

    Returns
    -------
    dict
        Every indicator of `kpis.KPIS`, by name.

    Raises
    ------
    kpis.IdentityError
        If the bookkeeping of the replication contradicts itself.
    """
    lifecycle = Lifecycle(parameters, run, replication, log)
    lifecycle.simulate()
    kpis.check_identities(lifecycle)
    return kpis.measure(lifecycle)
