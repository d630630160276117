"""Command line: recompute what is committed, and run chapters again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer
import yaml

from . import chapters, datapackage, ledger
from .load import ROOT, DataError

app = typer.Typer(
    help="Recompute the ledger and the data package, and run chapters again.",
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
    except (DataError, ledger.LedgerError) as error:
        _fail(str(error))
    if write:
        (ROOT / ledger.FILE).write_text(ledger.to_csv(new), encoding="utf-8")
    else:
        found = ledger.differences(ledger.read(), new)
        if found:
            _fail("\n".join(found) + "\nIf this is meant: compendium ledger --write")
    counts = ledger.verdict_counts(new)
    typer.echo(", ".join(f"{n} {verdict}" for verdict, n in counts.items()))


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


if __name__ == "__main__":
    app()
