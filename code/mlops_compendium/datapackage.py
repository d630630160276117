"""Describe the data as a Frictionless data package, from the same models that validate it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from . import ledger, outcomes
from .load import BIBLIOGRAPHY, CSV_MODELS, ROOT, YAML_MODELS, OwnResult, Record
from .simulation import inputs, verification
from .simulation.kpis import KPIS

FILE = "data/datapackage.json"
TYPES = {
    "string": "string",
    "number": "number",
    "integer": "integer",
    "array": "string",
    "object": "object",
}
CONSTRAINTS = {"minimum": "minimum", "maximum": "maximum", "pattern": "pattern", "enum": "enum"}
LICENCE = {"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}
PAPER_NOTE = (
    "Numbers, names and titles are facts transcribed from the paper; wording, coding and "
    "arrangement are ours and under CC BY 4.0. The paper itself is not part of this package."
)
CSV = {"type": "table", "format": "csv", "mediatype": "text/csv"}
FACTS_NOTE = (
    "Facts are those of the works named; wording, grading and arrangement are ours, CC BY 4.0."
)
OWN_NOTE = "Ours, under CC BY 4.0."


def _field(name: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    """Describe one column."""
    schema = schema | next((s for s in schema.get("anyOf", ()) if s["type"] != "null"), {})
    kind = schema.get("type", "string")
    constraints = {new: schema[old] for old, new in CONSTRAINTS.items() if old in schema}
    if kind == "array":
        constraints = {}
    if required:
        constraints["required"] = True
    if name == "id":
        constraints["unique"] = True
    field = {"name": name, "type": TYPES[kind], "description": schema["description"]}
    field |= {key: schema[key] for key in ("unit", "separator") if key in schema}
    return field | ({"constraints": constraints} if constraints else {})


def _required(schema: dict[str, Any]) -> bool:
    """Whether a cell of this column may not be empty."""
    if "anyOf" in schema:
        return False
    if schema.get("type") == "array":
        return schema.get("minItems", 0) > 0
    return schema.get("type") != "string" or any(
        k in schema for k in ("minLength", "pattern", "enum")
    )


def _file(file: str, root: Path, **described: Any) -> dict[str, Any]:
    """Describe a file by name, size and hash, and by what is known of it."""
    content = (root / file).read_bytes()
    return {
        "name": Path(file).stem.replace("_", "-"),
        "path": file.removeprefix("data/"),
        **described,
        "licenses": [LICENCE],
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "encoding": "utf-8",
    }


def _resource(model: type[BaseModel], root: Path) -> dict[str, Any]:
    """Describe the file of one model."""
    of_paper = model.FILE.startswith("data/paper/")
    ours = model is OwnResult or model.FILE.startswith(("data/simulation/", "data/results/"))
    properties = model.model_json_schema()["properties"]
    fields = [_field(name, schema, _required(schema)) for name, schema in properties.items()]
    if model.FILE.endswith(".csv"):
        key = {"primaryKey": ["id"]} if issubclass(model, Record) else {}
        kind = {**CSV, "schema": {"fields": fields, **key}}
    else:
        kind = {"format": "yaml", "mediatype": "application/yaml", "dictionary": fields}
    return _file(
        model.FILE,
        root,
        title=model.TITLE,
        description=(model.__doc__ or "").split("\n")[0],
        sources=[{"title": f"The paper, {model.LOCATION}" if of_paper else model.LOCATION}],
        licenceNote=PAPER_NOTE if of_paper else OWN_NOTE if ours else FACTS_NOTE,
        **kind,
    )


def _ledger(root: Path) -> dict[str, Any]:
    """Describe the committed ledger."""
    fields = [
        {"name": name, "type": "string", "description": meaning}
        for name, meaning in ledger.COLUMNS.items()
    ]
    return _file(
        ledger.FILE,
        root,
        title="Claims ledger, recomputed",
        description="Every statement of the paper and every own result, with its verdict.",
        sources=[{"title": "Recomputed by `compendium ledger --write`"}],
        licenceNote=OWN_NOTE,
        **CSV,
        schema={"fields": fields, "primaryKey": ["id"]},
    )


def _replications(root: Path) -> dict[str, Any]:
    """Describe the stored replications."""
    fields = [
        {"name": "scenario", "type": "string", "description": "Scenario"},
        {"name": "replication", "type": "integer", "description": "Number of the replication"},
        *(
            {"name": kpi.name, "type": "number", "description": kpi.label, "unit": kpi.unit or "1"}
            for kpi in KPIS
        ),
    ]
    return _file(
        outcomes.FILE,
        root,
        title="Replications of every scenario",
        description=f"One row for each scenario and replication; {outcomes.MANIFEST} says of what.",
        sources=[{"title": "Simulated by `compendium simulate --write`"}],
        licenceNote=OWN_NOTE,
        **CSV,
        schema={"fields": fields, "primaryKey": ["scenario", "replication"]},
    )


def _manifest(root: Path) -> dict[str, Any]:
    """Describe what the stored replications come from."""
    return _file(
        outcomes.MANIFEST,
        root,
        name="replications-manifest",
        title="What the replications come from",
        description="Hash of the engine and its inputs, root seed, length and number of runs.",
        sources=[{"title": "Simulated by `compendium simulate --write`"}],
        licenceNote=OWN_NOTE,
        format="json",
        mediatype="application/json",
        dictionary=[],
    )


def _bibliography(root: Path) -> dict[str, Any]:
    """Describe the bibliography."""
    return _file(
        BIBLIOGRAPHY,
        root,
        title="Bibliography",
        description="Works on which the book rests; each note says how the record was seen.",
        sources=[{"title": "Bibliographic records"}],
        licenceNote="Bibliographic facts.",
        format="bib",
        mediatype="application/x-bibtex",
        dictionary=[],
    )


def describe(root: Path = ROOT) -> dict[str, Any]:
    """Describe all data files.

    Parameters
    ----------
    root : Path
        Folder of the project.

    Returns
    -------
    dict
        A Frictionless data package: for each file its fields with meaning, unit and constraints,
        its place in the paper, its licence and its hash.
    """
    return {
        "name": "mlops-compendium-data",
        "title": "Data of the paper 'Implementing MLOps for Scalable AI Deployments'",
        "description": "Tables, statements and outlines of the paper, transcribed; " + PAPER_NOTE,
        "licenses": [LICENCE],
        "resources": [
            *(
                _resource(model, root)
                for model in (
                    *CSV_MODELS,
                    *YAML_MODELS,
                    *inputs.CSV_MODELS,
                    *inputs.YAML_MODELS,
                    verification.Result,
                    verification.Fault,
                )
            ),
            _replications(root),
            _manifest(root),
            _ledger(root),
            _bibliography(root),
        ],
    }


def to_json(package: dict[str, Any]) -> str:
    """Data package as JSON text, the form in which it is committed."""
    return json.dumps(package, indent=2, ensure_ascii=False) + "\n"
