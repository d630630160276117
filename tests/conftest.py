"""Shared by all tests: copies of the project, and the book built twice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", "_build", "__pycache__", ".*_cache", ".hypothesis", "*.egg-info"
)


def copy_project(folder: Path) -> Path:
    """Copy everything that belongs to the project into a new folder."""
    return Path(shutil.copytree(ROOT, folder, ignore=NOT_COPIED))


def environment(project: Path, *, offline: bool = False, **extra: str) -> dict[str, str]:
    """Environment in which the package of a copy comes before the installed one."""
    paths = [str(project / "code")]
    if offline:
        paths.insert(0, str(ROOT / "tests" / "offline"))
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), **extra}


def tool(name: str) -> str:
    """Path of a command of this environment."""
    return str(Path(sys.executable).with_name(name))


@dataclass(frozen=True)
class Book:
    """A built book.

    Attributes
    ----------
    project : Path
        Copy of the project it was built in.
    log : str
        What the build printed.
    code : int
        Exit status of the build.
    """

    project: Path
    log: str
    code: int

    @property
    def html(self) -> Path:
        return self.project / "_build" / "html"

    @property
    def pages(self) -> list[Path]:
        """Pages of the book, without search and index."""
        return [self.html / "index.html", *sorted((self.html / "chapters").glob("*.html"))]


def build(project: Path, **extra: str) -> Book:
    """Build without a network, every warning an error.

    One build at a time: where many kernels start at once, some give up.
    """
    command = [tool("jupyter-book"), "build", "-W", "-n", "--keep-going", str(project)]
    env = environment(project, offline=True, **extra)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(command, cwd=project, env=env, text=True, **streams)
    return Book(project, done.stdout, done.returncode)


@pytest.fixture(scope="session")
def books(tmp_path_factory: pytest.TempPathFactory) -> list[Book]:
    """Two builds from clean copies in two folders, with two hash seeds."""
    projects = [
        copy_project(tmp_path_factory.mktemp(name) / "project") for name in ("first", "second")
    ]
    return [
        build(project, PYTHONHASHSEED=seed) for project, seed in zip(projects, "12", strict=True)
    ]


@pytest.fixture(scope="session")
def book(books: list[Book]) -> Book:
    """One built book; the tests that need it fail at once if it was not built."""
    if books[0].code:
        pytest.fail(f"the book does not build:\n{books[0].log[-4000:]}")
    return books[0]
