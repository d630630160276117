"""What the built book says of its own build, and where it is hosted.

``{build-record}`` lists when, from which commit and with which versions the book was built,
``{chapter-times}`` how long each chapter took.
The repository's address is taken from ``GITHUB_REPOSITORY`` where a workflow sets it.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective

from . import ledger
from .load import ROOT

PACKAGES = (
    "jupyter-book",
    "sphinx",
    "myst-nb",
    "pandas",
    "numpy",
    "scipy",
    "statsmodels",
    "simpy",
    "matplotlib",
    "papermill",
    "nbval",
)


def _commit() -> str:
    """Commit of the working tree, or a word that there is none."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "not a git checkout"
    return done.stdout.strip()


def _built() -> str:
    """Time of the build in UTC; ``SOURCE_DATE_EPOCH`` sets it for repeatable builds."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def build_record() -> list[tuple[str, str]]:
    """Facts about this build.

    Returns
    -------
    list of tuple
        Name and value: time, commit, inputs of the ledger, interpreter, platform, packages.
    """
    facts = [
        ("All chapters executed", _built()),
        ("Commit", _commit()),
        ("Inputs of the ledger (SHA-256)", ledger.inputs_hash()[:16]),
        ("Python", platform.python_version()),
        ("Platform", f"{platform.system()} {platform.machine()}"),
    ]
    return facts + [(name, version(name)) for name in PACKAGES]


def chapter_times(metadata: Mapping[str, Mapping]) -> list[tuple[str, str]]:
    """Run time of each chapter executed in this build.

    Parameters
    ----------
    metadata : mapping
        What MyST-NB knows of each document, by its name.

    Returns
    -------
    list of tuple
        Document and seconds, in alphabetical order.
    """
    runs = {name: known["exec_data"] for name, known in metadata.items() if "exec_data" in known}
    return [(name, f"{run['runtime']:.1f}") for name, run in sorted(runs.items())]


class _Table(SphinxDirective):
    """A table of two columns with a caption, its argument."""

    required_arguments = 1
    final_argument_whitespace = True
    name_of_table: str
    head: tuple[str, str]

    def facts(self) -> list[tuple[str, str]]:
        """Rows known while the page is read."""
        return []

    def run(self) -> list[nodes.Node]:
        """Build the table."""
        group = nodes.tgroup(cols=2)
        group += [nodes.colspec(colwidth=40, stub=1), nodes.colspec(colwidth=60)]
        head, body = nodes.thead(), nodes.tbody()
        head += _row(*self.head)
        body += [_row(*fact) for fact in self.facts()]
        group += [head, body]
        table = nodes.table("", nodes.title("", self.arguments[0]), group)
        table["names"].append(self.name_of_table)
        self.set_source_info(table)
        self.state.document.note_explicit_target(table)
        return [table]


class BuildRecord(_Table):
    """Table of `build_record`."""

    name_of_table = "tab-build"
    head = ("What", "Value")

    def facts(self) -> list[tuple[str, str]]:
        """Facts about this build."""
        return build_record()


class ChapterTimes(_Table):
    """Table of `chapter_times`, filled when every chapter has been executed."""

    name_of_table = "tab-times"
    head = ("Chapter", "Run time in this build (s)")


def _fill_times(app: Sphinx, doctree: nodes.document, name: str) -> None:
    """Put the run times into their table."""
    for table in doctree.findall(nodes.table):
        if ChapterTimes.name_of_table in table["names"]:
            body = next(table.findall(nodes.tbody))
            body += [_row(*time) for time in chapter_times(getattr(app.env, "nb_metadata", {}))]


def _row(*cells: str) -> nodes.row:
    row = nodes.row()
    row += [nodes.entry("", nodes.paragraph(text=cell)) for cell in cells]
    return row


def _set_repository(app: Sphinx, config: Config) -> None:
    """Point the launch and source buttons to the repository that builds the book."""
    repository = os.environ.get("GITHUB_REPOSITORY")
    if repository:
        owner, _, name = repository.partition("/")
        config.html_theme_options["repository_url"] = f"https://github.com/{repository}"
        config.ogp_site_url = f"https://{owner}.github.io/{name}/"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives and the address."""
    app.add_directive("build-record", BuildRecord)
    app.add_directive("chapter-times", ChapterTimes)
    app.connect("doctree-resolved", _fill_times)
    app.connect("config-inited", _set_repository, priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
