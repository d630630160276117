"""Read the simulation's data files, typed: parameters, levers and scenarios."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from ..load import GRADES as PUBLISHED_GRADES
from ..load import (
    ROOT,
    DataError,
    GradedNumber,
    Id,
    Measured,
    Number,
    Record,
    Table,
    Text,
    read_csv,
    read_yaml,
)
from . import calibration
from .kpis import KPIS
from .parameters import KINDS as PARAMETER_KINDS
from .parameters import LAWS, LEVERS, WHOLE, Effect, Parameters, with_levers

GRADES = (*PUBLISHED_GRADES, "assumed")
KINDS = {f.name: f.metadata["kind"] for f in fields(Parameters)}
Value = Annotated[Number, Field(json_schema_extra={"unit": "as in field unit"})]
Ids = Annotated[
    tuple[Text, ...],
    BeforeValidator(lambda cell: tuple(cell.split()) if isinstance(cell, str) else cell),
    Field(min_length=1, json_schema_extra={"separator": " "}),
]
ASSUMED = ("assumed",)


def _outside(low: float | None, value: float, high: float | None) -> bool:
    return (low is not None and value < low) or (high is not None and value > high)


def _convert(kind: str, text: str) -> float | int:
    return int(text) if kind in WHOLE else float(text)


class _Sourced(Record):
    """A value with its plausible range and its source."""

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        if (self.grade == "assumed") != (self.sources == ASSUMED):
            raise ValueError("an assumed value has sources and grade 'assumed', another neither")
        return self


class Parameter(_Sourced):
    """A parameter of the lifecycle, where every lever stands at 0."""

    FILE = "data/simulation/parameters.csv"
    TITLE = "Parameters of the simulation"
    LOCATION = "The graded numbers of the literature, and assumptions"

    id: Literal[tuple(KINDS)] = Field(description="Name of the parameter in the code")
    group: Id = Field(description="Group for reading")
    meaning: Text = Field(description="What it is")
    value: Text = Field(description="Value where all levers stand at 0")
    low: Measured = Field(description="Plausible from; empty for a law")
    high: Measured = Field(description="Plausible up to; empty for a law")
    unit: Text = Field(description="Unit of value, low and high")
    sources: Ids = Field(description="Ids of data/literature/numbers.csv, or assumed")
    grade: Literal[GRADES] = Field(description="Grade of the number it rests on, or assumed")
    note: str = Field(description="How it follows from the source, or how the assumption was made")

    @field_validator("value")
    @classmethod
    def _of_its_kind(cls, value: str, info: ValidationInfo) -> str:
        """A law by name, a whole number or a number, as the parameter asks."""
        kind = KINDS.get(info.data.get("id"))
        try:
            fits = value in LAWS if kind == "law" else kind is None or _convert(kind, value) >= 0
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(PARAMETER_KINDS[kind])
        return value

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        if KINDS[self.id] == "law":
            return self
        if None in (self.low, self.high) or _outside(self.low, self.number, self.high):
            raise ValueError(f"value {self.value} must lie in the plausible range low to high")
        return self

    @property
    def number(self) -> float | int | str:
        """The value as the core takes it."""
        kind = KINDS[self.id]
        return self.value if kind == "law" else _convert(kind, self.value)


class LeverEffect(_Sourced):
    """What one lever does to one parameter."""

    FILE = "data/simulation/levers.csv"
    TITLE = "What the levers do"
    LOCATION = "The graded numbers of the literature, and assumptions"

    lever: Literal[LEVERS] = Field(description="Lever: one of the paper's five variables")
    parameter: Literal[tuple(KINDS)] = Field(description="Parameter that it moves")
    at_zero: Value = Field(description="Value of the parameter where the lever stands at 0")
    at_one: Value = Field(description="Value of the parameter where the lever stands at 1")
    interpolation: Literal["linear", "geometric"] = Field(description="How it moves in between")
    low: Value = Field(description="Plausible from, for the value at 1")
    high: Value = Field(description="Plausible up to, for the value at 1")
    unit: Text = Field(description="Unit of all values")
    sources: Ids = Field(description="Ids of data/literature/numbers.csv, or assumed")
    grade: Literal[GRADES] = Field(description="Grade of the number behind the value at 1")
    mechanism: Text = Field(description="Through what it works")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.id != f"{self.lever}.{self.parameter}":
            raise ValueError(f"id must be '{self.lever}.{self.parameter}'")
        if _outside(self.low, self.at_one, self.high):
            raise ValueError(f"at_one {self.at_one:g} must lie in the plausible range low to high")
        if self.interpolation == "geometric" and min(self.at_zero, self.at_one) <= 0:
            raise ValueError("geometric interpolation needs values above 0")
        return self

    @property
    def effect(self) -> Effect:
        """The same for the core."""
        return Effect(self.lever, self.parameter, self.at_zero, self.at_one, self.interpolation)


class Scenario(Record):
    """A scenario: the level of every lever."""

    FILE = "data/simulation/scenarios.yaml"
    TITLE = "Scenarios of the simulation"
    LOCATION = "Example of Simulation Research, and ours"

    name: Text = Field(description="Name for readers")
    levels: dict[Literal[LEVERS], Annotated[float, Field(ge=0, le=1)]] = Field(
        description="Level of each lever, from 0 to 1"
    )
    note: Text = Field(description="What the paper says of it, and what is ours")

    @model_validator(mode="after")
    def _all_levers(self) -> Self:
        if missing := [lever for lever in LEVERS if lever not in self.levels]:
            raise ValueError(f"levels of {', '.join(missing)} are missing")
        return self


class Band(Record):
    """An outside number that a simulated indicator is set against."""

    FILE = "data/simulation/bands.csv"
    TITLE = "Outside numbers beside the simulated indicators"
    LOCATION = "The graded numbers of the literature"

    scenario: Id = Field(description="Scenario")
    kpi: Id = Field(description="Indicator")
    number: Text = Field(description="Id of data/literature/numbers.csv")
    margin: Annotated[Number, Field(ge=0, le=1, json_schema_extra={"unit": "1"})] = Field(
        description="Relative margin around a number that is not a band"
    )
    anchored: Literal["yes", "no"] = Field(
        description="Whether a parameter was set by that number, so that it proves nothing"
    )
    why: Text = Field(description="What explains where the simulated number falls")


CSV_MODELS: tuple[type[BaseModel], ...] = (Parameter, LeverEffect, Band)
YAML_MODELS: tuple[type[BaseModel], ...] = (Scenario,)


def _refuse(problems: list[str]) -> None:
    if problems:
        raise DataError("\n".join(problems))


def _check_sources(table: Table, numbers: Table) -> None:
    known = {number.id for number in numbers}
    _refuse(
        [
            f"{row.FILE}, record {row.id}, field 'sources': {key!r} is not allowed; "
            f"an id of {GradedNumber.FILE} or assumed"
            for row in table
            for key in row.sources
            if row.sources != ASSUMED and key not in known
        ]
    )


def _check_levers(parameters: Table[Parameter], effects: Table[LeverEffect]) -> None:
    """Each parameter moved by one lever only, from its own base value, in its own unit."""
    problems, moved = [], {}
    for row in effects:
        place, base = f"{LeverEffect.FILE}, record {row.id}", parameters[row.parameter]
        if row.parameter in moved:
            problems.append(f"{place}: {row.parameter} is moved by {moved[row.parameter]} already")
        moved[row.parameter] = row.lever
        if row.at_zero != base.number or row.unit != base.unit:
            problems.append(
                f"{place}, field 'at_zero': {row.at_zero:g} {row.unit} is not allowed; "
                f"{Parameter.FILE} says {base.value} {base.unit}"
            )
    _refuse(problems)


def _check_bands(tables: dict[str, Table]) -> None:
    allowed = {
        "scenario": [row.id for row in tables["scenarios"]],
        "kpi": [*(kpi.name for kpi in KPIS), "deployment_interval"],
        "number": [row.id for row in tables["numbers"]],
    }
    _refuse(
        [
            f"{Band.FILE}, record {row.id}, field {field!r}: {getattr(row, field)!r} is unknown"
            for row in tables["bands"]
            for field, known in allowed.items()
            if getattr(row, field) not in known
        ]
    )
    named = {
        key for table in ("parameters", "levers") for row in tables[table] for key in row.sources
    }
    named |= {word for row in tables["parameters"] for word in row.note.split()}
    said = {True: "yes", False: "no"}
    _refuse(
        [
            f"{Band.FILE}, record {row.id}, field 'anchored': {row.anchored} is not allowed; "
            f"sources and notes of parameters and levers say {said[row.number in named]}"
            for row in tables["bands"]
            if row.anchored != said[row.number in named]
        ]
    )


def load(root: Path = ROOT) -> SimpleNamespace:
    """Load the simulation's inputs, validated.

    Parameters
    ----------
    root : Path
        Folder of the project.

    Returns
    -------
    SimpleNamespace
        Tables ``parameters``, ``levers``, ``scenarios``, ``numbers`` and ``bands``; the ``base``
        `Parameters` and ``organisations``, the `Parameters` of each scenario by id.

    Raises
    ------
    DataError
        If a file breaks its rules.
    """
    tables = {
        "parameters": Table(Parameter, read_csv(Parameter, root)),
        "levers": Table(LeverEffect, read_csv(LeverEffect, root)),
        "scenarios": Table(Scenario, read_yaml(Scenario, root)),
        "numbers": Table(GradedNumber, read_csv(GradedNumber, root)),
        "bands": Table(Band, read_csv(Band, root)),
    }
    parameters, effects = tables["parameters"], tables["levers"]
    if missing := [name for name in KINDS if name not in {row.id for row in parameters}]:
        raise DataError(f"{Parameter.FILE}, field 'id': missing are {', '.join(missing)}")
    _check_sources(parameters, tables["numbers"])
    _check_sources(effects, tables["numbers"])
    _check_levers(parameters, effects)
    _check_bands(tables)
    try:
        base = Parameters(**{row.id: row.number for row in parameters})
        organisations = {
            row.id: with_levers(base, [e.effect for e in effects], row.levels)
            for row in tables["scenarios"]
        }
    except ValueError as error:
        raise DataError(f"{Parameter.FILE} and {LeverEffect.FILE}: {error}") from None
    return SimpleNamespace(**tables, base=base, organisations=organisations)


@cache
def inputs() -> SimpleNamespace:
    """Return the project's own inputs, loaded once."""
    return load()


def recalibrated(given: SimpleNamespace) -> dict[str, tuple[float, float]]:
    """Values that rest on graded numbers, as they stand in the files and recomputed.

    Parameters
    ----------
    given : SimpleNamespace
        As `load` returns it.

    Returns
    -------
    dict
        Parameter or effect, with the value in the file and the value recomputed.
    """
    base, numbers = given.base, given.numbers
    found = {name: (getattr(base, name), rule(numbers)) for name, rule in calibration.BASE.items()}
    manual = calibration.slip_probability_manual(numbers, base.escape_probability)
    found["slip_probability"] = (base.slip_probability, manual)
    restore = given.levers["cicd.restore_delay"].at_one
    found["cicd.restore_delay"] = (restore, calibration.restore_delay_cicd(numbers))
    sensitivity = given.levers["cicd.validation_sensitivity"].at_one
    escapes = base.defect_probability * (1 - sensitivity)
    slip = calibration.slip_probability_automated(numbers, escapes)
    found["automation.slip_probability"] = (
        given.levers["automation.slip_probability"].at_one,
        slip,
    )
    return found
