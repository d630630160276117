"""The tests of the engine are proved: one fault at a time is seeded, and the named test goes red.

The control shows that the same tests are green in the same copy without a fault.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_compendium.simulation.verification import Fault, faults

pytestmark = pytest.mark.slow

FAULTS = list(faults())

ROOT = Path(__file__).resolve().parents[2]
ENGINE = Path("code/mlops_compendium/simulation")
LIMIT = 120  # seconds; a test that hangs has noticed nothing


def copy_engine(folder: Path) -> Path:
    """Copy the package and the tests of the engine."""
    ignore = shutil.ignore_patterns("__pycache__", ".*", "*.egg-info")
    for part in ("code", "tests/model"):
        shutil.copytree(ROOT / part, folder / part, ignore=ignore)
    return folder


def seed(fault: Fault, project: Path) -> None:
    """Put a fault in the place of the right text."""
    path = project / ENGINE / fault.file
    text = path.read_text(encoding="utf-8")
    assert text.count(fault.old) == 1, f"{fault.old!r} stands {text.count(fault.old)} times"
    path.write_text(text.replace(fault.old, fault.new), encoding="utf-8")


def run(tests: list[str], project: Path) -> subprocess.CompletedProcess:
    """Run tests of a copy on the package of the copy."""
    env = os.environ | {
        "PYTHONPATH": str(project / "code"),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # loading them takes longer than the tests
    }
    options = ["-q", "-x", "-p", "no:cacheprovider", "-c", os.devnull]
    names = [str(project / "tests" / "model" / test) for test in tests]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"--rootdir={project}", *names],
        cwd=project, env=env, capture_output=True, text=True, timeout=LIMIT,
    )  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_fault_is_caught(fault, tmp_path):
    project = copy_engine(tmp_path)
    seed(fault, project)
    done = run([fault.test], project)
    name = re.escape(fault.test.partition("::")[2].partition("[")[0])
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr[-1000:]
    assert re.search(rf"^(FAILED|ERROR) .*::{name}\b", done.stdout, re.MULTILINE), done.stdout


def test_without_a_fault_the_same_tests_are_green(tmp_path):
    project = copy_engine(tmp_path)
    done = run(sorted({fault.test for fault in FAULTS}), project)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_there_are_enough_faults_and_each_is_another_one():
    assert len(FAULTS) >= 14
    assert len({fault.id for fault in FAULTS}) == len(FAULTS)
    assert len({(fault.file, fault.old, fault.new) for fault in FAULTS}) == len(FAULTS)
    assert {fault.file for fault in FAULTS} >= {"draws.py", "model.py", "pools.py", "kpis.py"}
