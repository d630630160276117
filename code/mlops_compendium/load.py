"""Read the paper's data, typed: a wrong cell is refused by file, row, field and value."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, ClassVar, Generic, Literal, Self, TypeVar

import pandas as pd
import yaml
from pybtex.database import Entry, parse_string
from pybtex.exceptions import PybtexError
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

ROOT = Path(__file__).resolve().parents[2]

RESPONSES = ("strongly_agree", "agree", "neutral", "disagree", "strongly_disagree")
VERDICTS = ("reproduces", "inconsistent", "contradicted", "not checkable")
OWN = "own result"
GRADES = ("A", "B", "C", "D", "derived")
PRACTICES = (
    "cicd",
    "automation",
    "monitoring",
    "cloud",
    "collaboration",
    "governance",
    "lifecycle",
)


class DataError(ValueError):
    """The data on disk break a rule; the message names every offending cell."""


def _split(separator: str) -> BeforeValidator:
    """Read a cell that holds several values as a tuple."""
    return BeforeValidator(
        lambda cell: (
            tuple(part.strip() for part in cell.split(separator) if part.strip())
            if isinstance(cell, str)
            else cell
        )
    )


Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.]*$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Percent = Annotated[
    float, Field(ge=0, le=100, allow_inf_nan=False, json_schema_extra={"unit": "%"})
]
Number = Annotated[float, Field(allow_inf_nan=False)]
Year = Annotated[int, Field(ge=1950, le=2026, json_schema_extra={"unit": "year"})]
_Absent = BeforeValidator(lambda cell: None if cell == "" else cell)
Measured = Annotated[Number | None, _Absent, Field(json_schema_extra={"unit": "as in field unit"})]
Whole = Annotated[Annotated[int, Field(ge=1)] | None, _Absent]
Month = Annotated[Annotated[int, Field(ge=1, le=12)] | None, _Absent]
BibKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*$")]
NumberId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$")]
Keys = Annotated[tuple[Text, ...], _split(";"), Field(json_schema_extra={"separator": ";"})]
Themes = Annotated[
    tuple[Text, ...], _split(";"), Field(min_length=1, json_schema_extra={"separator": ";"})
]


class Record(BaseModel):
    """One record of a data file; ``source`` says which.

    Attributes
    ----------
    source : str
        File and id, for example ``data/paper/challenges.csv#silos``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    FILE: ClassVar[str]
    TITLE: ClassVar[str]
    LOCATION: ClassVar[str]

    id: Id = Field(description="Identifier of the record, unique in the file")

    @property
    def source(self) -> str:
        """File and id of the record."""
        return f"{self.FILE}#{self.id}"


R = TypeVar("R", bound=Record)


class Table(Generic[R]):
    """The records of one file, in file order, by id.

    Parameters
    ----------
    model : type of Record
        What a record must look like.
    records : list of Record
        The records.
    """

    def __init__(self, model: type[R], records: list[R]):
        self.source = model.FILE
        self._records = {record.id: record for record in records}

    def __getitem__(self, key: str) -> R:
        try:
            return self._records[key]
        except KeyError:
            raise DataError(
                f"{self.source}: no record {key!r}; there are {', '.join(self._records)}"
            ) from None

    def __iter__(self) -> Iterator[R]:
        return iter(self._records.values())

    def __len__(self) -> int:
        return len(self._records)

    @property
    def frame(self) -> pd.DataFrame:
        """The records as a DataFrame indexed by id."""
        return pd.DataFrame([record.model_dump() for record in self]).set_index("id")


class Answer(Record):
    """Share of respondents who gave one response to one practice (Table 1)."""

    FILE = "data/paper/practices.csv"
    TITLE = "Survey responses on MLOps best practices"
    LOCATION = "Statistical Analysis, Table 1"

    practice: Id = Field(description="Practice asked about")
    label: Text = Field(description="Row label of the printed table")
    response: Literal[RESPONSES] = Field(description="Response on the five-point scale")
    percent: Percent = Field(description="Share of respondents, as printed")

    @model_validator(mode="after")
    def _id_is_practice_and_response(self) -> Self:
        if self.id != f"{self.practice}.{self.response}":
            raise ValueError(f"id must be '{self.practice}.{self.response}'")
        return self


class Challenge(Record):
    """Share of respondents facing a challenge (Table 2, several answers allowed)."""

    FILE = "data/paper/challenges.csv"
    TITLE = "Challenges in MLOps adoption"
    LOCATION = "Statistical Analysis, Table 2"

    label: Text = Field(description="Row label of the printed table")
    percent: Percent = Field(description="Share of respondents facing the challenge, as printed")


class CloudAspect(Record):
    """One aspect before and after cloud adoption (Table 3)."""

    FILE = "data/paper/cloud.csv"
    TITLE = "Impact of cloud technologies on MLOps efficiency"
    LOCATION = "Statistical Analysis, Table 3"

    label: Text = Field(description="Row label of the printed table")
    before: Percent = Field(description="Value before cloud adoption; its base is not stated")
    after: Percent = Field(description="Value after cloud adoption; its base is not stated")
    improvement: Annotated[
        float, Field(ge=0, allow_inf_nan=False, json_schema_extra={"unit": "% of before"})
    ] = Field(description="Improvement as printed")


class MonitoringTool(Record):
    """Use and rating of one kind of monitoring tool (Table 4)."""

    FILE = "data/paper/monitoring_tools.csv"
    TITLE = "Continuous monitoring effectiveness"
    LOCATION = "Statistical Analysis, Table 4"

    label: Text = Field(description="Row label of the printed table")
    use: Percent = Field(description="Share of organisations using the tool, as printed")
    rating: Annotated[
        float, Field(ge=1, le=5, allow_inf_nan=False, json_schema_extra={"unit": "points, 1 to 5"})
    ] = Field(description="Mean effectiveness rating, as printed")
    frequency: Literal["daily", "weekly"] = Field(description="How often the tool is used")


class CultureAspect(Record):
    """Share of respondents agreeing with an aspect of culture (Table 5)."""

    FILE = "data/paper/culture.csv"
    TITLE = "Collaborative culture assessment"
    LOCATION = "Statistical Analysis, Table 5"

    label: Text = Field(description="Row label of the printed table")
    percent: Percent = Field(description="Share of respondents agreeing, as printed")


class ResearchQuestion(Record):
    """One of the paper's research questions, in our words."""

    FILE = "data/paper/research_questions.csv"
    TITLE = "Research questions"
    LOCATION = "Research Questions"

    question: Text = Field(description="The question, in our words")
    addresses: Text = Field(description="What the paper says it is about, in our words")


class ReviewedWork(Record):
    """A work in the paper's compiled literature table."""

    FILE = "data/paper/literature_table.csv"
    TITLE = "Compiled table of the literature review"
    LOCATION = "Compiled Table of the Literature Review"

    title: Text = Field(description="Title as printed")
    authors: Text = Field(description="Authors as printed")
    year: Year = Field(description="Year as printed")
    summary: Text = Field(description="What the paper says the work found, in our words")
    themes: Themes = Field(description="Themes of that summary, coded by us")
    venue: str = Field(description="Venue as printed; empty where the paper gives none")
    identifier: str = Field(description="DOI or address as printed; empty where none is given")


class ShortReviewWork(Record):
    """A work in the paper's first, short literature review."""

    FILE = "data/paper/literature_short_review.csv"
    TITLE = "Citations of the short literature review"
    LOCATION = "Literature Review (2015-2019)"

    heading: Text = Field(description="Heading under which it is cited, as printed")
    authors: Text = Field(description="Authors as printed")
    year: Year = Field(description="Year as printed")
    summary: Text = Field(description="What the paper says the work found, in our words")
    themes: Themes = Field(description="Themes of that summary, coded by us")
    study_type: Literal["study", "review"] = Field(description="What the paper calls the work")


class Artefact(Record):
    """Something that a method leaves behind, and whether the paper's text contains it."""

    FILE = "data/paper/artefacts.csv"
    TITLE = "What each method would have produced, and what the text contains"
    LOCATION = "whole text"

    method: Id = Field(description="Method that would have produced it")
    artefact: Text = Field(description="What it is")
    present: Literal["yes", "no"] = Field(description="Whether the text contains it")
    where_or_missing: Text = Field(description="Where it stands, or what stands in its place")


class SecondReading(BaseModel):
    """One cell of the paper, as an independent second reader transcribed it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    FILE: ClassVar[str] = "data/paper/second_reading.csv"
    TITLE: ClassVar[str] = "Independent second reading of the printed cells"
    LOCATION: ClassVar[str] = "Tables 1 to 5, the literature reviews and the outlines"

    table: Text = Field(description="Which table or list of the paper")
    row: Text = Field(description="Row label, title or running number")
    column: Text = Field(description="Column")
    value: Text = Field(description="Cell as printed")


class Claim(Record):
    """A statement of the paper, in our words, and how it is to be checked."""

    FILE = "data/paper/claims.csv"
    TITLE = "Statements of the paper"
    LOCATION = "whole text"

    section: Text = Field(description="Section of the paper where it stands")
    kind: Literal["table", "derived", "restatement", "aggregate", "method", "qualitative"] = Field(
        description="Kind of statement"
    )
    statement: Text = Field(description="The statement, in our words")
    published: Annotated[
        tuple[Number, ...], _split(";"), Field(json_schema_extra={"separator": ";"})
    ] = Field(description="Published numbers, empty where there is none")
    unit: str = Field(description="Unit of the published numbers")
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        description="Largest accepted absolute difference, in that unit (half a printed digit)"
    )
    check: Id = Field(description="Function of mlops_compendium.checks that recomputes it")
    args: Annotated[tuple[Text, ...], _split(" "), Field(json_schema_extra={"separator": " "})] = (
        Field(description="Arguments of that function, name=value")
    )
    adds: str = Field(description="What the sentence adds to its number; empty if nothing")
    note: str = Field(description="How the statement was read, or which data would decide it")
    anchor: Annotated[str, StringConstraints(pattern=r"^[a-z]+-[a-z0-9-]+$")] = Field(
        description="Place in the book where it is discussed"
    )


class OwnResult(Record):
    """A result of this compendium that stands in the ledger beside the paper's statements."""

    FILE = "data/compendium/results.csv"
    TITLE = "Results of this compendium"
    LOCATION = "This compendium"

    statement: Text = Field(description="What the number says")
    unit: str = Field(description="Unit of the number")
    format: Text = Field(description="How the number is rounded for print")
    function: Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z_]+$")] = Field(
        description="Module and function that computes it"
    )
    args: Annotated[tuple[Text, ...], _split(" "), Field(json_schema_extra={"separator": " "})] = (
        Field(description="Arguments of that function, name=value")
    )
    note: str = Field(description="Assumption under which it holds")
    anchor: Annotated[str, StringConstraints(pattern=r"^[a-z]+-[a-z0-9-]+$")] = Field(
        description="Place in the book where it is discussed"
    )


class GradedNumber(Record):
    """A number of the literature, with what it counts, where it was seen and how sure it is."""

    FILE = "data/literature/numbers.csv"
    TITLE = "Graded numbers on the practices"
    LOCATION = "The works named in field cite"

    id: NumberId = Field(description="Identifier: source, group, quantity")
    practice: Literal[PRACTICES] = Field(description="Practice that the number tells of")
    domain: Literal["ml", "software"] = Field(
        description="Machine learning, or software delivery in general"
    )
    quantity: Id = Field(description="Quantity, the same word for the same quantity")
    label: str = Field(description="What tells it from others of its quantity and source")
    statement: Text = Field(description="What the number says, in our words")
    value: Measured = Field(description="The number; empty where a band is given")
    low: Measured = Field(description="Lower end of a band; empty where it is open")
    high: Measured = Field(description="Upper end of a band; empty where it is open")
    unit: Text = Field(description="Unit of value, low and high")
    published: str = Field(description="As printed, where that differs in form")
    definition: Text = Field(description="Who or what was counted, and how")
    n: Whole = Field(description="Number counted; empty where not seen")
    year: Annotated[Year | None, _Absent] = Field(
        description="Year of the data; empty where not seen"
    )
    cite: BibKey = Field(description="Key of the bibliography")
    where: Text = Field(description="Page, table or copy in which it was seen")
    grade: Literal[GRADES] = Field(description="How sure it is; the chapter on evidence explains")
    derivation: str = Field(description="How it follows from other numbers; empty if it is printed")
    caution: str = Field(description="What not to read into it")

    @model_validator(mode="after")
    def _one_number(self) -> Self:
        band = self.low is not None or self.high is not None
        if band == (self.value is not None):
            raise ValueError("give a value, or the ends of a band, not both")
        if None not in (self.low, self.high) and self.low > self.high:
            raise ValueError(f"low {self.low:g} is above high {self.high:g}")
        if self.unit == "%" and not all(
            0 <= x <= 100 for x in (self.value, self.low, self.high) if x is not None
        ):
            raise ValueError("a percentage lies between 0 and 100")
        if self.grade == "derived" and not self.derivation:
            raise ValueError("a derived number needs its derivation")
        return self


class CitationAudit(Record):
    """One citation of the paper, and whether the work could be located."""

    FILE = "data/literature/audit.csv"
    TITLE = "Audit of the citations"
    LOCATION = "Searches listed in data/literature/searches.csv"

    listed: Literal["short review", "compiled table"] = Field(
        description="Where the paper cites the work; the id is that of the list"
    )
    authors: Text = Field(description="Authors as printed")
    year: Year = Field(description="Year as printed")
    title: str = Field(description="Title as printed; empty in the short review, which has none")
    located: Literal["yes", "no"] = Field(description="Located in the sources searched")
    gives: Annotated[
        tuple[Literal["number", "sample", "method"], ...],
        _split(";"),
        Field(json_schema_extra={"separator": ";"}),
    ] = Field(description="What of a study the paper's summary carries; empty if nothing")
    nearest: Keys = Field(min_length=1, description="Nearest real works, keys of the bibliography")
    evidence: Text = Field(description="What the searches gave")
    confidence: Literal["high", "medium to high", "medium"] = Field(
        description="Confidence that the record is wrong as it is printed"
    )


class Search(Record):
    """One search for the works cited."""

    FILE = "data/literature/searches.csv"
    TITLE = "Searches for the works cited"
    LOCATION = "Index of public repository text, stored pages and curated lists"

    id: NumberId = Field(description="Identifier: kind and subject")
    kind: Literal["title string", "authors and year", "curated list", "page search"] = Field(
        description="Kind of search"
    )
    query: Text = Field(description="What was looked for, or where")
    hits: Annotated[int, Field(ge=0, json_schema_extra={"unit": "hits"})] = Field(
        description="Number of hits"
    )
    reading: str = Field(description="What the hits are")


class TermUse(Record):
    """A dated use of the term MLOps, or a statement about its use."""

    FILE = "data/literature/terms.csv"
    TITLE = "Earliest located uses of the term MLOps"
    LOCATION = "The works named in field cite"

    kind: Literal["use", "report"] = Field(
        description="A document that uses the term, or one that tells of its use"
    )
    year: Year = Field(description="Year of the use, or the year told of")
    month: Month = Field(description="Month; empty where not seen")
    what: Text = Field(description="What it is")
    shows: Text = Field(description="What it shows")
    cite: BibKey = Field(description="Key of the bibliography")
    grade: Literal["A", "B", "C", "D"] = Field(description="How sure it is")


class Evidence(Record):
    """What one real work found on statements of the paper."""

    FILE = "data/literature/claims_evidence.csv"
    TITLE = "Statements of the paper against real works"
    LOCATION = "The works named in field cite"

    claims: Keys = Field(min_length=1, description="Ledger ids of the statements")
    cite: BibKey = Field(description="Key of the bibliography")
    found: Text = Field(description="What that work found, as far as it was seen")
    bearing: Literal["supports", "limits", "context"] = Field(
        description="What it does to the statements"
    )
    numbers: Keys = Field(description="Graded numbers behind it, ids of numbers.csv")
    grade: Literal["A", "B", "C", "D", "derived", "no number"] = Field(
        description="Weakest grade of these numbers"
    )


class Gap(Record):
    """Something on a practice that could not be found measured."""

    FILE = "data/literature/gaps.csv"
    TITLE = "What is not known"
    LOCATION = "This compendium"

    practice: Literal[PRACTICES] = Field(description="Practice")
    gap: Text = Field(description="What was not located")
    needs: Text = Field(description="Data that would fill it")
    cites: Keys = Field(
        min_length=1, description="Works that come nearest, keys of the bibliography"
    )


class Methodology(Record):
    """A research method that the paper proposes, in our words."""

    FILE = "data/paper/methodologies.yaml"
    TITLE = "Research methodologies and their processes"
    LOCATION = "Research Methodologies"

    name: Text = Field(description="Name as printed")
    purpose: Text = Field(description="What it is meant to do")
    process: tuple[Text, ...] = Field(min_length=1, description="Steps, in order")


class Named(BaseModel):
    """A variable or KPI of the scenario outline."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Id
    name: Text


class Scenario(BaseModel):
    """A scenario of the outline."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Id
    level: Text
    practices: tuple[Text, ...] = Field(min_length=1)
    variables: tuple[Id, ...] = Field(min_length=1)


class ScenarioOutline(BaseModel):
    """The paper's outline of a simulation study."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    FILE: ClassVar[str] = "data/paper/scenario_outline.yaml"
    TITLE: ClassVar[str] = "Outline of the simulation study"
    LOCATION: ClassVar[str] = "Example of Simulation Research"

    title: Text = Field(description="Title as printed")
    objective: Text = Field(description="Objective, in our words")
    approach: Text = Field(description="Kind of simulation")
    stages: tuple[Text, ...] = Field(min_length=1, description="Stages of the lifecycle to model")
    variables: tuple[Named, ...] = Field(min_length=1, description="Variables to vary")
    scenarios: tuple[Scenario, ...] = Field(min_length=1, description="Scenarios to compare")
    kpis: tuple[Named, ...] = Field(min_length=1, description="Indicators to collect")
    analysis: Text = Field(description="Planned analysis, in our words")

    @property
    def source(self) -> str:
        """File of the outline."""
        return self.FILE


class LikertItem(BaseModel):
    """The five shares of one practice of Table 1.

    Attributes
    ----------
    shares : tuple of float
        Percentages in the order of ``RESPONSES``, most agreeing first.
    """

    model_config = ConfigDict(frozen=True)
    id: Id
    label: Text
    shares: tuple[Percent, Percent, Percent, Percent, Percent]

    @property
    def source(self) -> str:
        """File and practice."""
        return f"{Answer.FILE}#{self.id}"


CSV_MODELS: tuple[type[BaseModel], ...] = (
    Answer,
    Challenge,
    CloudAspect,
    MonitoringTool,
    CultureAspect,
    ResearchQuestion,
    ReviewedWork,
    ShortReviewWork,
    Artefact,
    Claim,
    SecondReading,
    OwnResult,
    GradedNumber,
    CitationAudit,
    Search,
    TermUse,
    Evidence,
    Gap,
)
BIBLIOGRAPHY = "data/literature/references.bib"
YAML_MODELS: tuple[type[BaseModel], ...] = (Methodology, ScenarioOutline)


def _problem(file: str, row: int | str, record: dict, error: dict) -> str:
    """Say which cell is wrong, what stands in it and what is allowed."""
    name = ".".join(str(part) for part in error["loc"]) or "id"
    top = error["loc"][0] if error["loc"] else "id"
    value = record.get(top, "")
    if error["type"] == "missing":
        return f"{file}, row {row}, field {name!r}: missing"
    return f"{file}, row {row}, field {name!r}: {value!r} is not allowed; {error['msg']}"


def _validate(model: type[BaseModel], records: list[dict], first_row: int) -> list:
    """Validate records and report every wrong cell at once."""
    good, problems = [], []
    for row, record in enumerate(records, start=first_row):
        try:
            good.append(model.model_validate(record))
        except ValidationError as error:
            problems += [_problem(model.FILE, row, record, e) for e in error.errors()]
    if issubclass(model, Record):
        counts = Counter(record.get("id") for record in records)
        problems += [
            f"{model.FILE}, field 'id': {key!r} stands {n} times; an id must be unique"
            for key, n in counts.items()
            if n > 1
        ]
    if not records:
        problems.append(f"{model.FILE}: holds no record")
    if problems:
        raise DataError("\n".join(problems))
    return good


def _read_text(file: str, root: Path) -> str:
    path = root / file
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError(f"{file}: no such file in {root}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: not UTF-8 text ({error.reason} at byte {error.start})") from None


def read_csv(model: type[BaseModel], root: Path = ROOT) -> list:
    """Read and validate one CSV file.

    Parameters
    ----------
    model : type
        The record's model; its ``FILE`` says which file is read.
    root : Path
        Folder of the project.

    Returns
    -------
    list
        Validated records in file order.

    Raises
    ------
    DataError
        Naming each wrong cell: file, row (the line of a spreadsheet, the header being row 1),
        field, value and what is allowed.
    """
    lines = io.StringIO(_read_text(model.FILE, root), newline="")
    try:
        rows = list(csv.reader(lines, strict=True))
    except csv.Error as error:
        raise DataError(f"{model.FILE}: not valid CSV ({error})") from None
    header = rows[0] if rows else []
    expected = list(model.model_fields)
    if header != expected:
        missing = [name for name in expected if name not in header]
        unknown = [name for name in header if name not in expected]
        raise DataError(
            f"{model.FILE}, row 1: columns must be {', '.join(expected)}; "
            f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}"
        )
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise DataError(
                f"{model.FILE}, row {number}: has {len(row)} cells, allowed are {len(header)}"
            )
    records = [dict(zip(header, row, strict=True)) for row in rows[1:]]
    return _validate(model, records, first_row=2)


def read_yaml(model: type[BaseModel], root: Path = ROOT) -> list:
    """Read and validate one YAML file; see `read_csv`.

    Returns
    -------
    list
        Validated records; a file that holds one mapping gives a list of one.
    """
    try:
        content = yaml.safe_load(_read_text(model.FILE, root))
    except yaml.YAMLError as error:
        raise DataError(f"{model.FILE}: not valid YAML ({error})") from None
    records = content if isinstance(content, list) else [content]
    if not all(isinstance(record, dict) for record in records):
        raise DataError(f"{model.FILE}: every record must be a mapping")
    return _validate(model, records, first_row=1)


def _items(answers: list[Answer]) -> list[LikertItem]:
    """Gather the answers of Table 1 into one item for each practice."""
    by_practice: dict[str, dict[str, Answer]] = {}
    for answer in answers:
        by_practice.setdefault(answer.practice, {})[answer.response] = answer
    items = []
    for practice, given in by_practice.items():
        missing = [response for response in RESPONSES if response not in given]
        labels = {answer.label for answer in given.values()}
        if missing or len(labels) > 1:
            raise DataError(
                f"{Answer.FILE}, practice {practice!r}: needs one label (has {sorted(labels)}) and "
                f"every response (missing: {', '.join(missing) or 'none'})"
            )
        shares = tuple(given[response].percent for response in RESPONSES)
        items.append(LikertItem(id=practice, label=labels.pop(), shares=shares))
    return items


def bibliography(root: Path = ROOT) -> dict[str, Entry]:
    """Read the bibliography: its entries by key.

    Raises
    ------
    DataError
        If the file is missing or not valid BibTeX.
    """
    try:
        return dict(parse_string(_read_text(BIBLIOGRAPHY, root), "bibtex").entries)
    except PybtexError as error:
        raise DataError(f"{BIBLIOGRAPHY}: not valid BibTeX ({error})") from None


def weakest(grades: Iterable[str]) -> str:
    """Weakest of the grades of printed numbers; ``derived`` or ``no number`` without any."""
    found = sorted(set(grades))
    printed = [grade for grade in found if grade != "derived"]
    return printed[-1] if printed else found[0] if found else "no number"


def _broken_links(data: SimpleNamespace, root: Path) -> Iterator[str]:
    """Name every cell of the literature that points to something that is not there."""
    keys = (BIBLIOGRAPHY, bibliography(root))
    ids = {t.source: (t.source, {r.id for r in t}) for t in (data.numbers, data.claims)}
    numbers, claims = ids[GradedNumber.FILE], ids[Claim.FILE]
    links = [
        (data.numbers, "cite", keys),
        (data.audit, "nearest", keys),
        (data.terms, "cite", keys),
        (data.claims_evidence, "cite", keys),
        (data.claims_evidence, "claims", claims),
        (data.claims_evidence, "numbers", numbers),
        (data.gaps, "cites", keys),
    ]
    for table, field, (file, allowed) in links:
        for record in table:
            value = getattr(record, field)
            for key in value if isinstance(value, tuple) else (value,):
                if key not in allowed:
                    yield (
                        f"{record.source}, field {field!r}: {key!r} is not allowed; it does not "
                        f"stand in {file}"
                    )


def _wrong_copies(data: SimpleNamespace) -> Iterator[str]:
    """Name every cell of the literature that differs from what it repeats."""
    cited = {w.id: w for t in (data.literature_short_review, data.literature_table) for w in t}
    for missing in cited.keys() - {citation.id for citation in data.audit}:
        yield f"{CitationAudit.FILE}, field 'id': {missing!r} is missing"
    for citation in data.audit:
        work = cited.get(citation.id)
        for field in ("authors", "year", "title"):
            value, allowed = getattr(citation, field), getattr(work, field, "")
            if value != allowed:
                yield (
                    f"{citation.source}, field {field!r}: {value!r} is not allowed; the list of "
                    f"the paper has {allowed!r}"
                )
    grades = {number.id: number.grade for number in data.numbers}
    for evidence in data.claims_evidence:
        allowed = weakest(grades[key] for key in evidence.numbers if key in grades)
        if evidence.grade != allowed:
            yield (
                f"{evidence.source}, field 'grade': {evidence.grade!r} is not allowed; the "
                f"weakest of its numbers is {allowed!r}"
            )


def load(root: Path = ROOT) -> SimpleNamespace:
    """Load everything the paper says, validated.

    Parameters
    ----------
    root : Path
        Folder of the project.

    Returns
    -------
    SimpleNamespace
        Tables ``practices`` (of `LikertItem`), ``challenges``, ``cloud``, ``monitoring_tools``,
        ``culture``, ``research_questions``, ``literature_table``, ``literature_short_review``,
        ``artefacts``, ``methodologies``, ``claims`` and ``own_results``, the
        ``scenario_outline``, and of the literature ``numbers``, ``audit``, ``searches``,
        ``terms``, ``claims_evidence`` and ``gaps``.

    Raises
    ------
    DataError
        If a file breaks its rules.
    """
    tables = {
        Path(model.FILE).stem: Table(model, read_csv(model, root))
        for model in CSV_MODELS
        if model not in (Answer, SecondReading, OwnResult)
    }
    data = SimpleNamespace(
        practices=Table(Answer, _items(read_csv(Answer, root))),
        own_results=Table(OwnResult, read_csv(OwnResult, root)),
        methodologies=Table(Methodology, read_yaml(Methodology, root)),
        scenario_outline=read_yaml(ScenarioOutline, root)[0],
        **tables,
    )
    if problems := [*_broken_links(data, root), *_wrong_copies(data)]:
        raise DataError("\n".join(problems))
    return data


@cache
def paper() -> SimpleNamespace:
    """Return the project's own data, loaded once."""
    return load()
