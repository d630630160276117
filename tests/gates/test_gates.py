"""The gates are proved: one thing is changed in a copy, and the gate named goes red.

Each change is one that somebody could make by accident. The control shows that the same gates are
green on a copy without a change.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from conftest import copy_project, environment, tool

pytestmark = pytest.mark.slow

Edit = Callable[[Path], None]

LOAD = "tests/unit/test_load.py::test_the_projects_data_load"
READING = "tests/unit/test_transcription.py"
LEDGER = "tests/unit/test_ledger.py"
PACKAGE = "tests/unit/test_datapackage.py::test_committed_package_is_up_to_date"
SURVEY = "tests/unit/test_survey.py"
UNCERTAINTY = "tests/unit/test_uncertainty.py"
CHECKS = "tests/unit/test_checks.py"
INPUTS = "tests/unit/test_inputs.py"
OUTCOMES = "tests/unit/test_outcomes.py -k not(test_all)"
DESCRIPTION = "tests/model/test_description.py"
TRACES = "tests/model/test_traces.py"
REWRITE = "tests/model/test_rewrite.py"
BIND = "tests/unit/test_bind.py"
SHOW = "tests/unit/test_show.py"
COMMANDS = "tests/unit/test_commands.py"
LITERATURE = "tests/unit/test_literature.py"
BIBLIOGRAPHY = "tests/unit/test_bibliography.py"
CROSSREF = "tests/unit/test_crossref.py"
EVIDENCE_FIGURES = "tests/unit/test_evidence_figures.py"
HYGIENE = "tests/unit/test_hygiene.py"
PROSE = "tests/chapters/test_prose.py"
STORED = "tests/chapters/test_notebooks.py -k not(nbval)and(not(papermill))"
NBVAL = "tests/chapters/test_notebooks.py::test_nbval_every_output_comes_out_again"
BUILD = "build"


def put(file: str, old: str, new: str) -> Edit:
    """Replace the first occurrence of a text in a file."""

    def edit(project: Path) -> None:
        path = project / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is no longer in {file}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


def in_notebook(name: str, change: Callable[[nbformat.NotebookNode], None]) -> Edit:
    """Change a notebook and write it back."""

    def edit(project: Path) -> None:
        path = project / name
        notebook = nbformat.read(path, as_version=4)
        change(notebook)
        nbformat.write(notebook, path)

    return edit


def first_code(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    return next(cell for cell in notebook.cells if cell.cell_type == "code")


def last_text(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    return [cell for cell in notebook.cells if cell.cell_type == "markdown"][-1]


def say(text: str) -> Callable[[nbformat.NotebookNode], None]:
    """Add a sentence to the text of a notebook."""

    def change(notebook: nbformat.NotebookNode) -> None:
        last_text(notebook).source += f"\n\n{text}"

    return change


def remove_outputs(notebook: nbformat.NotebookNode) -> None:
    first_code(notebook).outputs = []


def remove_count(notebook: nbformat.NotebookNode) -> None:
    first_code(notebook).execution_count = None


def other_kernel(notebook: nbformat.NotebookNode) -> None:
    notebook.metadata.kernelspec["name"] = "my-kernel"


def store_error(notebook: nbformat.NotebookNode) -> None:
    output = nbformat.v4.new_output("stream", name="stderr", text="warning")
    first_code(notebook).outputs.append(output)


def plain_table(notebook: nbformat.NotebookNode) -> None:
    for cell in notebook.cells:
        cell.metadata.pop("mystnb", None)


def caption_with_number(notebook: nbformat.NotebookNode) -> None:
    cell = next(cell for cell in notebook.cells if "Learning leads;" in cell.source)
    cell.source = cell.source.replace("Learning leads;", "Learning leads with 80 %;")


def add_chapter(project: Path) -> None:
    (project / "chapters" / "draft.md").write_text("# Draft\n", encoding="utf-8")


@dataclass(frozen=True)
class Change:
    """A change and the gate that has to notice it."""

    what: str
    edit: Edit
    gate: str


CHALLENGES, CLAIMS = "data/paper/challenges.csv", "data/paper/claims.csv"
TOOLS = "data/paper/monitoring_tools.csv"
NUMBERS, AUDIT = "data/literature/numbers.csv", "data/literature/audit.csv"
EVIDENCE, BIB = "data/literature/claims_evidence.csv", "data/literature/references.bib"
PARAMETERS, LEVERS = "data/simulation/parameters.csv", "data/simulation/levers.csv"
REPLICATIONS, RUNS = "data/results/replications.csv", "data/results/replications.json"
PACKAGE_CODE = "code/mlops_compendium"
ENGINE = f"{PACKAGE_CODE}/simulation"
CHANGES = [
    # A data cell
    Change("a share, against the second reading", put(CHALLENGES, "silos,50", "silos,52"), READING),
    Change("a share, against the ledger", put(CHALLENGES, "silos,50", "silos,52"), LEDGER),
    Change("a share, against the data package", put(CHALLENGES, "silos,50", "silos,52"), PACKAGE),
    Change(
        "a share, against the stored outputs",
        put(
            "data/paper/culture.csv",
            "learning,Emphasis on learning,80",
            "learning,Emphasis on learning,81",
        ),
        f"{NBVAL}[survey]",
    ),
    Change("a Likert share", put("data/paper/practices.csv", "agree,45", "agree,44"), READING),
    Change("an improvement", put("data/paper/cloud.csv", "116.67", "116.76"), SURVEY),
    Change("a rating", put(TOOLS, "4.3,daily", "4.8,daily"), READING),
    Change("a frequency", put(TOOLS, "4.3,daily", "4.3,weekly"), READING),
    Change("a year", put("data/paper/literature_table.csv", "et al.,2016", "et al.,2015"), LOAD),
    Change("a row label", put("data/paper/culture.csv", "Trust among teams", "Trust"), READING),
    Change("the second reading", put("data/paper/second_reading.csv", ",45", ",46"), READING),
    Change("more than 100 %", put(CHALLENGES, "silos,50", "silos,150"), LOAD),
    Change("text for a number", put(CHALLENGES, "silos,50", "silos,half"), LOAD),
    Change("an id twice", put(CHALLENGES, "silos,Data", "culture,Data"), LOAD),
    Change("a column renamed", put(CHALLENGES, "percent", "share"), LOAD),
    Change(
        "a missing trace found",
        put("data/paper/artefacts.csv", "any scenario,no", "any scenario,yes"),
        LEDGER,
    ),
    Change(
        "a scenario that varies another variable",
        put(
            "data/paper/scenario_outline.yaml",
            "[automation, cloud, monitoring]",
            "[automation, cloud, monitoring, collaboration]",
        ),
        LEDGER,
    ),
    # The simulation
    Change("a stored replication", put(REPLICATIONS, "A,0,", "A,0,1"), OUTCOMES),
    Change(
        "a replication of another seed", put(RUNS, '"seed": 20261123', '"seed": 20261124'), OUTCOMES
    ),
    Change(
        "the engine, without simulating again", put(f"{ENGINE}/model.py", '"""', '"""\n'), OUTCOMES
    ),
    Change(
        "a parameter, without simulating again", put(PARAMETERS, ",10.0,2", ",11.0,2"), OUTCOMES
    ),
    Change("a value that rests on a number", put(PARAMETERS, ",0.155,", ",0.165,"), INPUTS),
    Change(
        "a number that a parameter rests on", put(NUMBERS, 'Helios",15.5', 'Helios",16.5'), INPUTS
    ),
    Change("a parameter out of range", put(PARAMETERS, ",10.0,2", ",1.0,2"), INPUTS),
    Change(
        "a lever that moves what another moves",
        put(LEVERS, "cloud.owned_nodes,cloud", "cicd.owned_nodes,cicd"),
        INPUTS,
    ),
    Change(
        "a scenario",
        put("data/simulation/scenarios.yaml", "automation: 0.5", "automation: 0"),
        INPUTS,
    ),
    Change(
        "an interval of another level",
        put(f"{ENGINE}/analysis.py", "(1 + level) / 2", "level"),
        OUTCOMES,
    ),
    Change(
        "contrasts without pairing",
        put(
            f"{ENGINE}/analysis.py",
            "pairs[second] - pairs[first]",
            "pairs[second] - pairs[first].mean()",
        ),
        OUTCOMES,
    ),
    Change(
        "a correction left out",
        put(f"{ENGINE}/analysis.py", 'method="holm"', 'method="fdr_bh"'),
        OUTCOMES,
    ),
    Change(
        "an address described otherwise",
        put(
            f"{ENGINE}/description.py",
            '"tuning": ("change", "round"',
            '"tuning": ("change", "always 0"',
        ),
        DESCRIPTION,
    ),
    Change(
        "an indicator without its formula",
        put(f"{ENGINE}/description.py", '    "skill": (', '    "skil": ('),
        DESCRIPTION,
    ),
    Change(
        "a formula of an indicator",
        put(f"{ENGINE}/description.py", '(r"D / m"', '(r"L / m"'),
        DESCRIPTION,
    ),
    Change(
        "a band said to prove something",
        put("data/simulation/bands.csv", "dora2019.low.cfr,0,yes", "dora2019.low.cfr,0,no"),
        INPUTS,
    ),
    Change(
        "a digit of a long case", put("data/results/verification.csv", "3.066", "3.166"), PACKAGE
    ),
    Change(
        "an engine that does more than its page says",
        put(f"{ENGINE}/pools.py", "self._idle.pop()", "self._idle.pop(0)"),
        REWRITE,
    ),
    Change(
        "a level over time",
        put(f"{ENGINE}/traces.py", "1 - event.value", "1 - event.value / 2"),
        TRACES,
    ),
    # The literature
    Change("a graded number", put(NUMBERS, "46-60 %", "45-60 %"), LITERATURE),
    Change("a band of time", put(NUMBERS, ",7,30.4375,day", ",7,30,day"), LITERATURE),
    Change("a derived number", put(NUMBERS, ",3.355,", ",3.455,"), LITERATURE),
    Change("a share of a tier", put(NUMBERS, "tier of 2019,44,", "tier of 2019,54,"), LITERATURE),
    Change(
        "a graded number, against the stored outputs",
        put(NUMBERS, 'survey of 2021",54,', 'survey of 2021",55,'),
        f"{NBVAL}[evidence]",
    ),
    Change("a citation located", put(AUDIT, "2016,,no,", "2016,,yes,"), LITERATURE),
    Change("a work that is not there", put(AUDIT, "amershi2019", "amershi2018"), LOAD),
    Change("a year of a citation", put(AUDIT, "Kutz et al.,2017", "Kutz et al.,2018"), LOAD),
    Change(
        "an earlier use of the term",
        put("data/literature/terms.csv", "use,2018,4", "use,2016,4"),
        LEDGER,
    ),
    Change("a grade made better", put(EVIDENCE, "lima2022.kept,B", "lima2022.kept,A"), LOAD),
    Change("a number that is not there", put(EVIDENCE, "lima2022.kept", "lima2022.gone"), LOAD),
    Change("a DOI as an address", put(BIB, "{10.1109/ICSE", "{doi:10.1109/ICSE"), BIBLIOGRAPHY),
    Change("a DOI twice", put(BIB, "10.1145/3708497", "10.1145/3625289"), BIBLIOGRAPHY),
    Change("a record not seen", put(BIB, "{Seen: Two copies", "{Two copies"), BIBLIOGRAPHY),
    Change(
        "a work that no page cites",
        put(
            BIB,
            "@misc{alegion2019,",
            "@misc{able2019, author={A}, title={B}, year={2019},\n"
            "  note={Seen: nowhere in particular}}\n\n@misc{alegion2019,",
        ),
        BIBLIOGRAPHY,
    ),
    # A claim or an own result
    Change("a published number", put(CLAIMS, ",60,%", ",61,%"), LEDGER),
    Change(
        "a published number, against the second reading",
        put(CLAIMS, "major barrier,60", "major barrier,61"),
        READING,
    ),
    Change(
        "a rule of aggregation",
        put(CLAIMS, "cicd rule=agree_or_strongly_agree", "cicd rule=strongly_agree"),
        LEDGER,
    ),
    Change(
        "what a sentence adds",
        put(CLAIMS, "operational efficiencies as the cause, which", ""),
        LEDGER,
    ),
    Change(
        "a claim left out", put(CLAIMS, "KR.trust,Key Results", "KR.trust2,Key Findings"), READING
    ),
    Change("a table row left out", put(CLAIMS, "T5.trust,", "T5.other,"), LEDGER),
    Change(
        "a rounding rule of an own result",
        put("data/compendium/results.csv", "{:.1f} %", "{:.0f} %"),
        LEDGER,
    ),
    # The committed ledger
    Change(
        "a committed verdict", put("data/results/ledger.csv", "inconsistent", "reproduces"), LEDGER
    ),
    Change(
        "a committed number in the ninth digit",
        put("data/results/ledger.csv", "33.33333333", "33.33333433"),
        LEDGER,
    ),
    # Code
    Change(
        "top-two-box adds neutral",
        put(
            f"{PACKAGE_CODE}/survey.py",
            "item.shares[0] + item.shares[1]",
            "item.shares[0] + item.shares[2]",
        ),
        SURVEY,
    ),
    Change(
        "change divided by after",
        put(
            f"{PACKAGE_CODE}/survey.py",
            "(aspect.after - aspect.before) / aspect.before",
            "(aspect.after - aspect.before) / aspect.after",
        ),
        SURVEY,
    ),
    Change(
        "a constant: scores of the scale",
        put(f"{PACKAGE_CODE}/survey.py", "(5, 4, 3, 2, 1)", "(4, 3, 2, 1, 0)"),
        SURVEY,
    ),
    Change(
        "a constant: chance of a multiple of five",
        put(f"{PACKAGE_CODE}/uncertainty.py", "chance: float = 0.2", "chance: float = 0.25"),
        SURVEY,
    ),
    Change(
        "an interval of another method",
        put(f"{PACKAGE_CODE}/uncertainty.py", 'method="wilson"', 'method="normal"'),
        UNCERTAINTY,
    ),
    Change(
        "a tolerance ten times as wide",
        put(f"{PACKAGE_CODE}/checks.py", "<= tolerance + 1e-9", "<= 10 * tolerance + 1e-9"),
        CHECKS,
    ),
    Change(
        "an added cause that no longer counts",
        put(f"{PACKAGE_CODE}/checks.py", "if claim.adds:", "if False and claim.adds:"),
        CHECKS,
    ),
    Change(
        "a check that always agrees",
        put(
            f"{PACKAGE_CODE}/checks.py",
            "return Finding((), NOT_CHECKABLE, reason, tuple(",
            "return Finding((), REPRODUCES, reason, tuple(",
        ),
        CHECKS,
    ),
    Change(
        "a looser comparison of ledgers",
        put(f"{PACKAGE_CODE}/ledger.py", "<= 1e-9 *", "<= 1e-5 *"),
        LEDGER,
    ),
    Change(
        "a number that is not a number may be printed",
        put(f"{PACKAGE_CODE}/bind.py", "not math.isfinite(x)", "False"),
        BIND,
    ),
    Change(
        "provenance that is not kept",
        put(f"{PACKAGE_CODE}/bind.py", "ledger.sources([*args, *kwargs.values(), value])", "[]"),
        BIND,
    ),
    Change(
        "bars that show the rest",
        put(
            f"{PACKAGE_CODE}/figures.py",
            "shares = [challenge.percent for",
            "shares = [100 - challenge.percent for",
        ),
        SHOW,
    ),
    Change(
        "figures without alternative text",
        put(f"{PACKAGE_CODE}/show.py", "or len(alt) < 40", ""),
        SHOW,
    ),
    Change(
        "a loader that takes any percentage",
        put(f"{PACKAGE_CODE}/load.py", "ge=0, le=100", "ge=0, le=1000"),
        "tests/unit/test_load.py",
    ),
    Change(
        "a day of another length",
        put(f"{PACKAGE_CODE}/literature.py", "HOURS_PER_DAY = 24", "HOURS_PER_DAY = 23"),
        LITERATURE,
    ),
    Change(
        "a loader that follows no link",
        put(f"{PACKAGE_CODE}/load.py", "if key not in allowed:", "if False:"),
        "tests/unit/test_load.py",
    ),
    Change(
        "a map that hides a practice",
        put(
            f"{PACKAGE_CODE}/evidence_figures.py", 'f"{count}" if count', 'f"{count}" if count > 1'
        ),
        EVIDENCE_FIGURES,
    ),
    Change(
        "Crossref asked in CI",
        put(f"{PACKAGE_CODE}/cli.py", 'os.environ.get("CI")', 'os.environ.get("NEVER")'),
        CROSSREF,
    ),
    Change(
        "Crossref asked without a pause",
        put(f"{PACKAGE_CODE}/crossref.py", "            sleep(delay)\n", ""),
        CROSSREF,
    ),
    Change(
        "Crossref asked again for what is known",
        put(f"{PACKAGE_CODE}/crossref.py", "if question.id in done:", "if False:"),
        CROSSREF,
    ),
    Change(
        "unknown parameters accepted",
        put(f"{PACKAGE_CODE}/chapters.py", "if unknown:", "if False:"),
        COMMANDS,
    ),
    Change(
        "code out of shape",
        put(f"{PACKAGE_CODE}/survey.py", "return item.shares[0]\n", "return item.shares[ 0 ]\n"),
        HYGIENE,
    ),
    # A chapter: stored outputs
    Change("a stored number", put("chapters/survey.ipynb", '"85 %"', '"86 %"'), f"{NBVAL}[survey]"),
    Change(
        "a rounding rule in a chapter",
        put(
            "chapters/survey.ipynb",
            '\\"collaboration-mean\\", \\"{:.2f}\\"',
            '\\"collaboration-mean\\", \\"{:.1f}\\"',
        ),
        f"{NBVAL}[survey]",
    ),
    Change("outputs removed", in_notebook("chapters/methods.ipynb", remove_outputs), STORED),
    Change("a count removed", in_notebook("chapters/methods.ipynb", remove_count), STORED),
    Change("another kernel", in_notebook("chapters/methods.ipynb", other_kernel), STORED),
    Change("a stored warning", in_notebook("chapters/methods.ipynb", store_error), STORED),
    Change(
        "a table that the book cannot number",
        in_notebook("chapters/methods.ipynb", plain_table),
        STORED,
    ),
    Change("a page that is not in the book", add_chapter, STORED),
    # A chapter: text
    Change("a number typed", in_notebook("chapters/survey.ipynb", say("About 45 % agree.")), PROSE),
    Change(
        "a number in words", in_notebook("chapters/survey.ipynb", say("About sixty agree.")), PROSE
    ),
    Change(
        "a number in a caption", in_notebook("chapters/survey.ipynb", caption_with_number), PROSE
    ),
    Change(
        "a number on a text page",
        put("chapters/cite.md", "# How to cite", "# How to cite\n\nUsed by 12 teams."),
        PROSE,
    ),
    Change(
        "an exception without need",
        put("tests/chapters/allowed_numbers.yaml", "zero or five", "zero or nine"),
        PROSE,
    ),
    Change(
        "a place of discussion renamed",
        put("chapters/survey.ipynb", "(survey-culture)=", "(survey-cultures)="),
        LEDGER,
    ),
    Change(
        "a misspelling", in_notebook("chapters/survey.ipynb", say("They re" + "cieve it.")), HYGIENE
    ),
    Change(
        "a broken reference",
        in_notebook("chapters/survey.ipynb", say("See {ref}`survey-clouds`.")),
        BUILD,
    ),
    Change(
        "a number that is bound nowhere",
        in_notebook("chapters/survey.ipynb", say("It is {glue}`no-such-number`.")),
        BUILD,
    ),
    Change(
        "a work that is not in the bibliography",
        in_notebook("chapters/survey.ipynb", say("See {cite}`nobody2020`.")),
        BUILD,
    ),
    Change(
        "a figure that is not there",
        in_notebook("chapters/survey.ipynb", say("See {numref}`fig-nothing`.")),
        BUILD,
    ),
    # The project
    Change(
        "a package without a hash",
        put("requirements.txt", "--hash=sha256:", "--hush=sha256:"),
        HYGIENE,
    ),
    Change("another version in the lock", put("requirements.txt", "simpy==4", "simpy==3"), HYGIENE),
    Change(
        "versions that disagree", put("CITATION.cff", "version: 0.1.0", "version: 0.2.0"), HYGIENE
    ),
]


def run_gate(gate: str, project: Path) -> subprocess.CompletedProcess:
    """Run one gate on a copy of the project."""
    env = environment(project)
    if gate == BUILD:
        return render(project)
    path, _, expression = gate.partition(" -k ")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", path]
    command += ["-k", expression.replace("(", " (").replace(")", ") ")] if expression else []
    return subprocess.run(command, cwd=project, env=env, capture_output=True, text=True)


def render(project: Path) -> subprocess.CompletedProcess:
    """Build the pages from stored outputs, warnings as errors."""
    env = environment(project)
    config = [tool("jupyter-book"), "config", "sphinx", str(project)]
    subprocess.run(config, cwd=project, env=env, check=True, capture_output=True)
    build = [tool("sphinx-build"), "-b", "dummy", "-W", "-n", "-q", "-D", "nb_execution_mode=off"]
    build += [str(project), str(project / "_build")]
    return subprocess.run(build, cwd=project, env=env, capture_output=True, text=True)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.what)
def test_gate_goes_red(change, tmp_path):
    project = copy_project(tmp_path / "project")
    change.edit(project)
    done = run_gate(change.gate, project)
    output = done.stdout + done.stderr
    assert done.returncode == (2 if change.gate == BUILD else 1), output[-3000:]
    if change.gate == BUILD:
        assert "Warning, treated as error" in output, output[-3000:]
    else:
        assert re.search(r"^(FAILED|ERROR) ", output, re.MULTILINE), output[-3000:]


GATES = sorted({change.gate for change in CHANGES})


@pytest.mark.parametrize("gate", GATES)
def test_gate_is_green_without_a_change(gate, tmp_path):
    done = run_gate(gate, copy_project(tmp_path / "project"))
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def test_enough_changes_of_every_kind():
    assert len(CHANGES) >= 25
    assert len({change.what for change in CHANGES}) == len(CHANGES)
