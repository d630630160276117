"""Parameters of the lifecycle: one flat, immutable object; and levers that move some of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from math import isfinite

LEVERS = ("cicd", "automation", "cloud", "monitoring", "collaboration")
LAWS = ("lognormal", "exponential")
KINDS = {
    "time": "a number of days, 0 or more",
    "rate": "a number per day, 0 or more",
    "probability": "a number from 0 to 1",
    "positive": "a number above 0 and up to 1",
    "share": "a number from 0 to 1",
    "ratio": "a number, 0 or more",
    "count": "a whole number, 0 or more",
    "capacity": "a whole number, 1 or more",
    "order": "a whole number, 0 or more",
    "money": "a number, 0 or more",
    "law": f"one of {', '.join(LAWS)}",
}
WHOLE = ("count", "capacity", "order")
UP_TO_ONE = ("probability", "share", "positive")


def _is(kind: str):
    return field(metadata={"kind": kind})


def _allowed(kind: str, value: object) -> bool:
    """Whether a value fits its kind."""
    if kind == "law":
        return value in LAWS
    if isinstance(value, bool) or not isinstance(value, int if kind in WHOLE else (int, float)):
        return False
    if not isfinite(value) or value < (kind == "capacity"):
        return False
    if kind == "positive" and value == 0:
        return False
    return not (kind in UP_TO_ONE and value > 1)


@dataclass(frozen=True, slots=True)
class Parameters:
    """All that one replication depends on, besides seed and length.

    Meaning, unit, plausible range and source of every parameter stand in
    ``data/simulation/parameters.csv``; what the levers do to them in ``levers.csv``.

    Raises
    ------
    ValueError
        Naming each parameter outside its domain, its value and what is allowed.
    """

    models: int = _is("capacity")
    request_rate: float = _is("rate")
    data_scientists: int = _is("capacity")
    ops_engineers: int = _is("capacity")
    staff_availability: float = _is("positive")
    priority_fix: int = _is("order")
    priority_retraining: int = _is("order")
    priority_feature: int = _is("order")
    access_delay: float = _is("time")
    preparation_effort: float = _is("time")
    tuning_effort: float = _is("time")
    validation_effort: float = _is("time")
    validation_pipeline: float = _is("time")
    deployment_effort: float = _is("time")
    deployment_pipeline: float = _is("time")
    rework_share: float = _is("share")
    effort_cv: float = _is("ratio")
    effort_law: str = _is("law")
    delay_cv: float = _is("ratio")
    delay_law: str = _is("law")
    training_duration: float = _is("time")
    training_cv: float = _is("ratio")
    training_law: str = _is("law")
    training_failure: float = _is("probability")
    failed_run_share: float = _is("share")
    owned_nodes: int = _is("count")
    cloud_nodes: int = _is("count")
    provisioning_delay: float = _is("time")
    idle_timeout: float = _is("time")
    defect_probability: float = _is("probability")
    validation_sensitivity: float = _is("probability")
    handoff_delay: float = _is("time")
    release_interval: float = _is("time")
    slip_probability: float = _is("probability")
    incident_interval: float = _is("time")
    incident_power: float = _is("positive")
    restore_delay: float = _is("time")
    failure_severity: float = _is("share")
    drift_rate: float = _is("rate")
    drift_severity: float = _is("share")
    degradation_threshold: float = _is("share")
    check_interval: float = _is("time")
    check_power: float = _is("positive")
    prevalence: float = _is("probability")
    fresh_sensitivity: float = _is("probability")
    fresh_specificity: float = _is("probability")
    prediction_rate: float = _is("rate")
    staff_day_cost: float = _is("money")
    owned_node_day_cost: float = _is("money")
    cloud_node_day_cost: float = _is("money")

    def __post_init__(self) -> None:
        problems = [
            f"{f.name}: {getattr(self, f.name)!r} is not allowed; {KINDS[f.metadata['kind']]}"
            for f in fields(self)
            if not _allowed(f.metadata["kind"], getattr(self, f.name))
        ]
        if not problems:
            problems = self._contradictions()
        if problems:
            raise ValueError("; ".join(problems))

    def _contradictions(self) -> list[str]:
        """Values that are allowed one by one but not together."""
        found = []
        if self.owned_nodes + self.cloud_nodes == 0:
            found.append("owned_nodes and cloud_nodes: both 0; at least one node is needed")
        if self.training_failure == 1:
            found.append("training_failure: 1 is not allowed; no training would ever end")
        if self.drift_severity > 0.5:
            found.append(
                f"drift_severity: {self.drift_severity} is not allowed; the mean of a severity "
                "uniform from 0 to twice the mean is at most 0.5"
            )
        if self.success_probability == 0:
            found.append(
                "defect_probability, validation_sensitivity and slip_probability: no candidate "
                "would ever go live"
            )
        for what in ("effort", "delay", "training"):
            law, cv = getattr(self, f"{what}_law"), getattr(self, f"{what}_cv")
            if law == "exponential" and cv != 1:
                found.append(
                    f"{what}_cv: {cv!r} is not allowed; the exponential law of {what}_law has 1"
                )
        return found

    @property
    def escape_probability(self) -> float:
        """Probability that a candidate is defective and validation does not find it."""
        return self.defect_probability * (1 - self.validation_sensitivity)

    @property
    def rejection_probability(self) -> float:
        """Probability that validation sends a candidate back."""
        return self.defect_probability * self.validation_sensitivity

    @property
    def success_probability(self) -> float:
        """Probability that one round of a change ends live."""
        return (1 - self.defect_probability) * (1 - self.slip_probability)


@dataclass(frozen=True, slots=True)
class Effect:
    """What one lever does to one parameter.

    Attributes
    ----------
    lever : str
        One of the five levers.
    parameter : str
        Name of the parameter.
    at_zero, at_one : float
        Its value where the lever is 0 and where it is 1.
    interpolation : {"linear", "geometric"}
        How it moves in between.
    """

    lever: str
    parameter: str
    at_zero: float
    at_one: float
    interpolation: str

    def value(self, level: float) -> float:
        """Value of the parameter at a level of the lever, from 0 to 1."""
        if self.interpolation == "geometric":
            return self.at_zero ** (1 - level) * self.at_one**level
        return self.at_zero * (1 - level) + self.at_one * level


def with_levers(
    base: Parameters, effects: Iterable[Effect], levels: Mapping[str, float]
) -> Parameters:
    """Move the levers; counts are rounded to the nearest whole number, halves upwards.

    Parameters
    ----------
    base : Parameters
        Values of the parameters that no lever moves.
    effects : iterable of Effect
        What the levers do.
    levels : mapping
        Level of each lever, 0 to 1; a lever that is not named stays at 0.

    Raises
    ------
    ValueError
        If a lever is unknown or its level is not from 0 to 1.
    """
    for lever, level in levels.items():
        if lever not in LEVERS:
            raise ValueError(f"lever {lever!r} is not allowed; levers are {', '.join(LEVERS)}")
        if isinstance(level, bool) or not isinstance(level, (int, float)) or not 0 <= level <= 1:
            raise ValueError(f"lever {lever}: {level!r} is not allowed; a number from 0 to 1")
    kinds = {f.name: f.metadata["kind"] for f in fields(Parameters)}
    moved = {}
    for effect in effects:
        value = effect.value(levels.get(effect.lever, 0))
        moved[effect.parameter] = int(value + 0.5) if kinds[effect.parameter] in WHOLE else value
    return replace(base, **moved)
