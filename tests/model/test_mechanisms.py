"""Every event of a log follows from the draws at its address, by distributions of scipy.

What waits in a queue begins when it is granted; all else is recomputed: durations, outcomes,
calendars, drift, detection and retraining.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from math import ceil, log1p

import pytest
from scipy import stats

from mlops_compendium.simulation.draws import Draws
from mlops_compendium.simulation.log import Event
from mlops_compendium.simulation.model import Run, simulate
from organisations import DRIFTING, ELASTIC, OVERLOADED, A, B

RUN = Run(measured=365.0, warm_up=60.0, seed=21)
OTHER_LAWS = {"effort_law": "exponential", "effort_cv": 1.0, "delay_law": "lognormal"}
CASES = {
    "A": A,
    "B": B,
    "overloaded": OVERLOADED,
    "elastic": ELASTIC,
    "drifting": DRIFTING,
    "other laws": replace(B, **OTHER_LAWS, training_cv=0.0, delay_cv=0.4, release_interval=1.0),
    "no defects": replace(A, defect_probability=0.0, tuning_effort=0.0),
}


def quantile(u: float, mean: float, cv: float, law: str) -> float:
    if mean == 0 or cv == 0:
        return mean
    if law == "exponential":
        return float(stats.expon.ppf(u, scale=mean))
    scale = mean / (1 + cv**2) ** 0.5
    return float(stats.lognorm.ppf(u, s=log1p(cv**2) ** 0.5, scale=scale))


class Replay:
    """A traced replication beside its draws.

    Parameters
    ----------
    name : str
        Which of `CASES`.
    """

    def __init__(self, name: str):
        self.p = CASES[name]
        self.events: list[Event] = []
        simulate(self.p, RUN, 2, self.events)
        self.u = Draws(RUN.seed, 2).uniform
        self.cases = defaultdict(list)
        for event in self.events:
            self.cases[event.case].append(event)
        self.changes = {
            case: events
            for case, events in self.cases.items()
            if case.startswith(("feature", "retraining"))
        }

    def effort(self, activity: str, entity: int, round_: int) -> float:
        p = self.p
        mean = getattr(p, f"{activity}_effort") / p.staff_availability
        share = p.rework_share if round_ and activity in ("preparation", "tuning") else 1
        u = self.u(activity, entity, round_)
        return share * quantile(u, mean, p.effort_cv, p.effort_law)

    def delay(self, activity: str, entity: int, round_: int) -> float:
        p = self.p
        u = self.u(activity, entity, round_)
        return quantile(u, getattr(p, f"{activity}_delay"), p.delay_cv, p.delay_law)

    def defective(self, entity: int, round_: int) -> bool:
        return self.u("defect", entity, round_) < self.p.defect_probability

    def noticed(self, model: int, since: float, interval: float, power: float, u: float) -> float:
        """First check of the model after a moment, and one more for each miss."""
        if interval == 0:
            return since
        misses = 0
        while u <= (1 - power) ** (misses + 1):
            misses += 1
        phase = self.u("phase", model)
        checks = ((i + phase) * interval for i in count(int(since / interval) - 1))
        return next(islice((time for time in checks if time > since), misses, None))


def entity_of(case: str) -> int:
    kind, *numbers = case.split("-")
    if kind == "feature":
        return int(numbers[0])
    return (int(numbers[0]) + 1) * 2**32 + int(numbers[1])


@pytest.fixture(scope="module", params=CASES)
def replay(request):
    return Replay(request.param)


def close(time: float) -> object:
    return pytest.approx(time, rel=1e-9, abs=1e-9)


# Changes


def test_requests_are_a_poisson_process_for_models_at_random(replay):
    features = [e for e in replay.events if e.activity == "request" and "feature" in e.case]
    assert len(features) > 10
    time = 0.0
    for number, event in enumerate(features):
        time += quantile(replay.u("request", number), 1 / replay.p.request_rate, 1, "exponential")
        assert (event.case, event.time) == (f"feature-{number}", close(time))
        assert event.model == int(replay.u("model", number) * replay.p.models)


def stages(events: list[Event]) -> Iterator[tuple[str, float, Event, list[Event]]]:
    """Stages that were completed: name, entry, the event that ends it, and those within."""
    entered, within = events[0].time, []
    for event in events[1:]:
        if event.transition == "complete" and not event.resource and event.activity != "defect":
            yield event.activity, entered, event, within
            entered, within = event.time, []
        else:
            within.append(event)


def pairs(within: list[Event], activity: str) -> list[tuple[float, float, float, str]]:
    """Times at which each piece of work was asked for, begun and ended, and its outcome."""
    found = [e for e in within if e.activity == activity and e.resource]
    triples = zip(found[::3], found[1::3], found[2::3], strict=True)
    return [(asked.time, begun.time, ended.time, ended.outcome) for asked, begun, ended in triples]


def test_every_stage_takes_what_its_draws_say(replay):
    seen = defaultdict(int)
    for case, events in replay.changes.items():
        entity, round_, runs = entity_of(case), 0, 0
        for stage, entered, end, within in stages(events):
            seen[stage, end.outcome] += 1
            if stage == "training":
                runs = check_training(replay, entity, round_, runs, entered, end, within)
            elif stage != "live":
                CHECKS[stage](replay, entity, round_, entered, end, within)
            else:
                assert end.time == entered
            round_ += end.outcome in ("rejected", "restored")
    assert seen["live", ""] > 3 and seen["deployment", "fails"] > 0


def check_access(replay, entity, round_, entered, end, within):
    assert end.time == close(entered + replay.delay("access", entity, 0))


def check_preparation(replay, entity, round_, entered, end, within):
    ((asked, begun, ended, _),) = pairs(within, "preparation")
    assert asked == entered and end.time == ended
    assert ended - begun == close(replay.effort("preparation", entity, round_))


def check_training(replay, entity, round_, runs, entered, end, within):
    p, last = replay.p, entered
    for asked, begun, ended, outcome in pairs(within, "run"):
        failed = replay.u("run-failure", entity, runs) < p.training_failure
        u = replay.u("training", entity, runs)
        days = quantile(u, p.training_duration, p.training_cv, p.training_law)
        assert asked == last and outcome == ("failed" if failed else "completed")
        assert ended - begun == close(days * (p.failed_run_share if failed else 1))
        last, runs = ended, runs + 1
    assert outcome == "completed"
    for asked, begun, ended, _ in pairs(within, "tuning"):
        assert asked == entered
        assert ended - begun == close(replay.effort("tuning", entity, round_))
        last = max(last, ended)
    assert end.time == last and bool(pairs(within, "tuning")) == bool(p.tuning_effort)
    return runs


def check_validation(replay, entity, round_, entered, end, within):
    ((asked, begun, ended, _),) = pairs(within, "validation")
    assert asked == close(entered + replay.p.validation_pipeline) and end.time == ended
    assert ended - begun == close(replay.effort("validation", entity, round_))
    found = replay.u("finding", entity, round_) < replay.p.validation_sensitivity
    rejected = replay.defective(entity, round_) and found
    assert end.outcome == ("rejected" if rejected else "passed")


def check_handoff(replay, entity, round_, entered, end, within):
    assert end.time == close(entered + replay.delay("handoff", entity, round_))


def check_window(replay, entity, round_, entered, end, within):
    interval = replay.p.release_interval
    assert end.time == close(ceil(entered / interval - 1e-12) * interval if interval else entered)


def check_deployment(replay, entity, round_, entered, end, within):
    ((asked, begun, ended, _),) = pairs(within, "deployment")
    assert asked == entered and end.time == close(ended + replay.p.deployment_pipeline)
    assert ended - begun == close(replay.effort("deployment", entity, round_))
    slipped = replay.u("slip", entity, round_) < replay.p.slip_probability
    defective = replay.defective(entity, round_)
    assert [e.outcome for e in within if e.activity == "defect"] == ["escaped"] * defective
    assert end.outcome == ("fails" if slipped or defective else "works")


def check_impaired(replay, entity, round_, entered, end, within):
    (notice,) = within
    u = replay.u("incident", entity, round_)
    calendar = (replay.p.incident_interval, replay.p.incident_power)
    assert notice.time == close(replay.noticed(notice.model, entered, *calendar, u))
    assert end.time == close(notice.time + replay.delay("restore", entity, round_))


CHECKS = {
    "access": check_access,
    "preparation": check_preparation,
    "validation": check_validation,
    "handoff": check_handoff,
    "window": check_window,
    "deployment": check_deployment,
    "impaired": check_impaired,
}


# Models


def test_drift_is_a_poisson_process_of_random_severities(replay):
    for model in range(replay.p.models):
        shocks = [e for e in replay.cases[f"model-{model}"] if e.activity == "drift"]
        time = 0.0
        for number, event in enumerate(shocks):
            u = replay.u("drift", model, number)
            time += quantile(u, 1 / replay.p.drift_rate, 1, "exponential")
            assert event.time == close(time)
            severity = 2 * replay.p.drift_severity * replay.u("severity", model, number)
            assert event.value == close(severity)


def test_detection_and_retraining_follow_from_drift_and_renewal(replay):
    """Crossing, check on the calendar with its misses, retraining unless one is under way."""
    found = 0
    for model in range(replay.p.models):
        happened = [e for e in replay.events if e.model == model]
        found += check_model(replay, model, happened)
    assert found > 0


def check_model(replay: Replay, model: int, happened: list[Event]) -> int:
    p, skill, crossings, due, retraining = replay.p, 1.0, 0, None, ""
    expected, seen = [], []
    for event in happened:
        if due is not None and due <= event.time + 1e-9:
            expected.append(("detected", close(due)))
            if not retraining:
                expected.append(("request", close(due)))
                retraining = "under way"
            due = None
        if event.activity == "drift":
            crossed = 1 - skill <= p.degradation_threshold
            skill *= 1 - event.value
            if crossed and 1 - skill > p.degradation_threshold:
                u = replay.u("check", model, crossings)
                due = replay.noticed(model, event.time, p.check_interval, p.check_power, u)
                crossings += 1
                expected.append(("degraded", event.time))
        elif event.activity == "live":
            skill, due = 1.0, None
            if "retraining" in event.case:
                retraining = ""
        elif event.activity == "degraded":
            seen.append((event.outcome or "degraded", event.time))
        elif event.activity == "request" and "retraining" in event.case:
            seen.append(("request", event.time))
    assert seen == expected, model
    return sum(kind == "request" for kind, _ in seen)
