"""What simulated results came from: a hash over the engine and its inputs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from ..load import ROOT

FOLDER = "code/mlops_compendium/simulation"
CORE = tuple(
    f"{FOLDER}/{name}.py" for name in ("draws", "kpis", "measures", "model", "parameters", "pools")
)
INPUTS = tuple(
    f"data/simulation/{name}" for name in ("parameters.csv", "levers.csv", "scenarios.yaml")
)


class StaleError(RuntimeError):
    """Stored results do not come from the engine and the inputs that stand beside them."""


def file_hash(files: Iterable[str], root: Path = ROOT) -> str:
    """SHA-256 over files, by path and content.

    Parameters
    ----------
    files : iterable of str
        Paths relative to the root.
    root : Path
        Folder of the project.
    """
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + (root / name).read_bytes() + b"\0")
    return digest.hexdigest()


def core_hash(root: Path = ROOT) -> str:
    """Hash of the replication core."""
    return file_hash(CORE, root)


def experiment_hash(root: Path = ROOT) -> str:
    """Hash of the replication core and of the scenarios' inputs."""
    return file_hash((*CORE, *INPUTS), root)
