"""The core runs on the standard library and SimPy; and its results are those of last time."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
import simpy

from mlops_compendium.simulation import model
from mlops_compendium.simulation.kpis import KPIS
from mlops_compendium.simulation.model import Run, simulate
from organisations import ORGANISATIONS

CODE = Path(model.__file__).parents[2]
CORE = ("draws", "parameters", "pools", "measures", "log", "kpis", "model")
FOREIGN = ("numpy", "pandas", "scipy", "pydantic", "matplotlib", "joblib", "tqdm", "yaml")

SCRIPT = """
import importlib, json, sys
code, tests, simpy, core, foreign = json.loads(sys.argv[1])
sys.path += [code, tests, simpy]
for name in foreign:
    try:
        importlib.import_module(name)
    except ImportError:
        continue
    sys.exit(name + " is there")
for name in core:
    importlib.import_module("mlops_compendium.simulation." + name)
from mlops_compendium.simulation.kpis import KPIS
from mlops_compendium.simulation.model import Run, simulate
from organisations import A
print(json.dumps([sorted({m.partition(".")[0] for m in sys.modules}),
                  repr(simulate(A, Run(seed=1), 0))]))
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """Modules and results of an interpreter that finds nothing but SimPy beside its own library."""
    folder = tmp_path_factory.mktemp("only-simpy")
    (folder / "simpy").symlink_to(Path(simpy.__file__).parent, target_is_directory=True)
    arguments = [str(CODE), str(Path(__file__).parent), str(folder), CORE, FOREIGN]
    command = [sys.executable, "-I", "-S", "-c", SCRIPT, json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_core_imports_the_standard_library_and_simpy_only(bare):
    modules, _ = bare
    ours = {"mlops_compendium", "organisations", "simpy", "__main__"}
    assert set(modules) - set(sys.stdlib_module_names) <= ours | {"_distutils_hack"}


def test_the_core_gives_the_same_results_there(bare):
    assert bare[1] == repr(simulate(ORGANISATIONS["A"], Run(seed=1), 0))


# Results of seed 1, replication 0. A change of any draw, mechanism or formula changes them: then
# every published number changes too, and the change log has to say so.
@pytest.fixture(scope="module")
def pinned():
    results = {name: {} for name in ORGANISATIONS}
    with Path(__file__).with_name("pinned.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            results[row["organisation"]][row["kpi"]] = float(row["value"])
    return results


@pytest.mark.parametrize("name", ORGANISATIONS)
def test_results_are_those_of_last_time(pinned, name):
    found = simulate(ORGANISATIONS[name], Run(seed=1), 0)
    assert found == pytest.approx(pinned[name], rel=1e-9, abs=1e-12, nan_ok=True)


def test_the_pinned_results_are_of_different_organisations(pinned):
    assert {tuple(row) for row in pinned.values()} == {tuple(kpi.name for kpi in KPIS)}
    assert len({repr(row) for row in pinned.values()}) == len(ORGANISATIONS)
