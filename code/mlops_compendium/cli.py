"""Command line: simulate, recompute what is committed, and run chapters again."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import yaml

from . import chapters, crossref, datapackage, ledger, outcomes
from .load import ROOT, DataError, bibliography, paper
from .simulation import verification
from .simulation.provenance import StaleError

app = typer.Typer(
    help="Simulate, recompute the ledger and the data package, and run chapters again.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
Write = Annotated[bool, typer.Option("--write", help="Write the file instead of comparing.")]


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)


@app.command("ledger")
def recompute_ledger(write: Write = False) -> None:
    """Recompute every claim and compare with the committed ledger."""
    try:
        new = ledger.recompute()
    except (DataError, StaleError, ledger.LedgerError) as error:
        _fail(str(error))
    if write:
        (ROOT / ledger.FILE).write_text(ledger.to_csv(new), encoding="utf-8")
    else:
        found = ledger.differences(ledger.read(), new)
        if found:
            _fail("\n".join(found) + "\nIf this is meant: compendium ledger --write")
    counts = ledger.verdict_counts(new)
    typer.echo(", ".join(f"{n} {verdict}" for verdict, n in counts.items()))


@app.command()
def simulate(
    write: Write = False,
    jobs: Annotated[int, typer.Option(help="Worker processes; -1 for one on every core.")] = -1,
) -> None:
    """Simulate every scenario and compare with the committed replications."""
    try:
        if not write:
            outcomes.replications()
        new = outcomes.simulate(jobs, progress=True)
    except (DataError, StaleError) as error:
        _fail(str(error))
    if write:
        outcomes.write(new)
    elif (ROOT / outcomes.FILE).read_text(encoding="utf-8") != outcomes.to_csv(new):
        _fail(f"{outcomes.FILE} differs. If this is meant: compendium simulate --write")
    typer.echo(f"{outcomes.FILE}: {len(new)} replications")


@app.command()
def verify(
    write: Write = False,
    jobs: Annotated[int, typer.Option(help="Worker processes; -1 for one on every core.")] = -1,
) -> None:
    """Hold the engine against theory in every case, which takes a while, and compare."""
    new = verification.run_all(jobs, progress=True)
    path, text = ROOT / verification.Result.FILE, verification.to_csv(new)
    if write:
        path.write_text(text, encoding="utf-8")
    elif path.read_text(encoding="utf-8") != text:
        _fail(f"{verification.Result.FILE} differs. If this is meant: compendium verify --write")
    if failed := [result.id for result in new if result.passed == "no"]:
        _fail(f"theory and engine disagree, or too noisy to tell: {', '.join(failed)}")
    typer.echo(f"{verification.Result.FILE}: {len(new)} cases pass")


@app.command("datapackage")
def describe_data(write: Write = False) -> None:
    """Describe the data and compare with the committed data package."""
    new = datapackage.to_json(datapackage.describe())
    path = ROOT / datapackage.FILE
    if write:
        path.write_text(new, encoding="utf-8")
    elif path.read_text(encoding="utf-8") != new:
        _fail(
            f"{datapackage.FILE} is out of date. If this is meant: compendium datapackage --write"
        )
    typer.echo(f"{datapackage.FILE}: {len(datapackage.describe()['resources'])} files described")


def _chapter(name: str) -> Path:
    found = {path.stem: path for path in chapters.notebooks()}
    if name not in found:
        _fail(f"no chapter {name!r}; allowed: {', '.join(found)}")
    return found[name]


@app.command()
def refresh(
    names: Annotated[list[str] | None, typer.Argument(help="Chapters; all by default.")] = None,
) -> None:
    """Run chapters and store their outputs in place."""
    chosen = [_chapter(name) for name in names] if names else chapters.notebooks()
    for number, path in enumerate(chosen, start=1):
        typer.echo(f"[{number}/{len(chosen)}] {path.relative_to(ROOT)}")
        chapters.refresh(path)


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="Chapter to run.")],
    output: Annotated[Path, typer.Argument(help="File for the executed copy.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Parameter, NAME=VALUE; may be repeated.")
    ] = None,
) -> None:
    """Run a chapter with other parameters and write the result to a file."""
    values = {}
    for setting in settings or []:
        key, equals, value = setting.partition("=")
        if not equals:
            _fail(f"--set {setting!r} is not allowed; use NAME=VALUE")
        values[key] = yaml.safe_load(value)
    try:
        chapters.run_with(_chapter(name), output, values)
    except ValueError as error:
        _fail(str(error))
    typer.echo(f"wrote {output}")


@app.command("crossref")
def ask_crossref(
    results: Annotated[
        Path, typer.Option(help="File that keeps the answers; a second run goes on from it.")
    ] = Path("crossref.csv"),
    mailto: Annotated[
        str, typer.Option(help="Your address, so that Crossref can reach you; optional.")
    ] = "",
    delay: Annotated[float, typer.Option(min=0, help="Seconds between two requests.")] = 1.0,
    server: Annotated[str, typer.Option(help="Where to ask.")] = crossref.SERVER,
) -> None:
    """Ask Crossref about each reference and citation (needs a network; refused in CI)."""
    if os.environ.get("CI"):
        _fail("crossref is for a person with a network, not for CI")
    asked = crossref.questions(paper(), bibliography())
    try:
        kept = len(crossref.answered(results))
        for number, answer in enumerate(
            crossref.ask(asked, results, server=server, mailto=mailto, delay=delay), start=kept + 1
        ):
            typer.echo(f"[{number}/{len(asked)}] {answer.id}: {answer.status}")
        counts = Counter(answer.status for answer in crossref.answered(results))
    except crossref.CrossrefError as error:
        _fail(str(error))
    typer.echo(", ".join(f"{n} {status}" for status, n in sorted(counts.items())))
    typer.echo(f"read {results}; what differs is for a person to judge")


if __name__ == "__main__":
    app()
