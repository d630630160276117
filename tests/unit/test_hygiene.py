"""The project as a whole: style, spelling, lock file, metadata, traces of machines."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from conftest import NOT_COPIED, ROOT, tool

TEXT = {".py", ".md", ".ipynb", ".yml", ".yaml", ".toml", ".cff", ".txt", ".csv", ".json", ".css",
        ".js", ".svg", ".bib", ".cfg", ".mplstyle", ""}  # fmt: skip


def project_files() -> list[Path]:
    found, folders = [], [ROOT]
    while folders:
        names = list(folders[-1].iterdir())
        folder = folders.pop()
        ignored = NOT_COPIED(str(folder), [path.name for path in names])
        kept = [path for path in names if path.name not in ignored]
        folders += [path for path in kept if path.is_dir()]
        found += [path for path in kept if path.is_file() and path.suffix in TEXT]
    return found


def run(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_ruff_finds_nothing():
    done = run(tool("ruff"), "check", "--no-cache", ".")
    assert done.returncode == 0, done.stdout


def test_ruff_would_format_nothing():
    done = run(tool("ruff"), "format", "--check", "--no-cache", ".")
    assert done.returncode == 0, done.stdout


def test_codespell_finds_nothing():
    spelled = {".py", ".md", ".ipynb", ".yaml", ".csv", ".cff", ".css", ".js"}
    files = [str(path) for path in project_files() if path.suffix in spelled]
    done = run(tool("codespell"), *files)
    assert done.returncode == 0, done.stdout


def test_installed_packages_fit_each_other():
    done = run(sys.executable, "-m", "pip", "check", "--disable-pip-version-check")
    assert done.returncode == 0, done.stdout


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9.-]+)==([^\s;]+)", lines, re.MULTILINE))


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    return {re.match(r"[\w-]+", entry).group().lower() for group in groups for entry in group}


def test_every_dependency_is_locked_with_hashes():
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert declared() <= set(locked())
    assert not re.search(r"^\s+--(?!hash=sha256:[0-9a-f]{64}(?: \\)?$)", text, re.MULTILINE)
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in block for block in blocks)


@pytest.mark.parametrize("name", sorted(declared()))
def test_installed_version_is_the_locked_one(name):
    assert version(name) == locked()[name]


def test_packages_the_project_is_built_from_are_declared():
    given = {
        "jupyter-book",
        "pandas",
        "numpy",
        "scipy",
        "simpy",
        "matplotlib",
        "papermill",
        "nbval",
    }
    assert given <= declared()


def test_citation_and_package_tell_the_same_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == version("mlops-compendium")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{citation['version']}]" in changelog


def test_no_trace_of_a_machine():
    split = ("pypi@.org", "registry.npm@js", "deb.debi@an", "/roo@t/", "/hom@e/", "/tm@p/")
    trace = re.compile("|".join(re.escape(part.replace("@", "")) for part in split))
    traces = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in project_files()
        if (match := trace.search(path.read_text(encoding="utf-8")))
    ]
    assert not traces


def test_readme_names_only_commands_that_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"make ([a-z]+)", readme)) <= targets
    assert {"book", "test"} <= targets
