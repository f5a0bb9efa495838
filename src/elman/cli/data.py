"""`elman data list|get|show|write`: the catalogue of public data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from elman.cli.completion import sets
from elman.cli.console import note, print_json, progress_console, result_console, write_rows
from elman.cli.exits import Command, termination_interrupts
from elman.cli.works.series_answers import table_rows
from elman.data.sets import catalogue, labelled, preview
from elman.data.sets import series as series_sets
from elman.printable import many, printable

__all__ = ["app"]

app = typer.Typer(help="List, download and look at public data sets.", no_args_is_help=True)

Name = Annotated[
    str,
    typer.Argument(help="A set's name, as `elman data list` gives it.", autocompletion=sets),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list", cls=Command)
def list_sets(json: Json = False) -> None:
    """List every data set, and every set of time series in them: task, licence, where it lies.

    Example: `elman data list`
    """
    rows = []
    for name in (*catalogue.names(), *series_sets.series_names()):
        holder = preview.holder(name)
        manifest = catalogue.manifest(holder)
        folder = catalogue.find(holder)
        rows.append(
            {
                "name": name,
                "task": manifest.task,
                "licence": manifest.licence,
                "folder": None if folder is None else str(folder),
            }
        )
    if json:
        print_json(rows)
        return
    table = Table()
    for heading in ("name", "task", "licence", "here"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(row["name"], row["task"], row["licence"], escape(row["folder"] or "no"))
    result_console.print(table)


@app.command("get", cls=Command)
def get(name: Name) -> None:
    """Download a set from its public address into the cache, with checksums.

    A broken download goes on where it stopped. The name of time series gets the set in which they
    lie. Example: `elman data get mnist`
    """
    holder = preview.holder(name)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with (
        termination_interrupts(),
        Progress("{task.description}", *columns, console=progress_console) as progress,
    ):
        tasks: dict[str, int] = {}

        def report(file: str, done: int, total: int | None) -> None:
            if file not in tasks:
                tasks[file] = progress.add_task(file, total=total)
            progress.update(tasks[file], completed=done, total=total)  # pyright: ignore

        folder = catalogue.get(holder, progress=report)
    note(f"{holder} is complete and verified.")
    print(printable(str(folder)))


@app.command("show", cls=Command)
def show(name: Name, json: Json = False) -> None:
    """Show what a set holds: origin, licence, sizes, first records.

    Example: `elman data show mnist`
    """
    shown = preview.preview(name)
    if json:
        print_json(shown)
        return
    table = Table(show_header=False, box=None)
    for key, value in shown.items():
        lines = value if isinstance(value, list) else [value]
        table.add_row(key, "\n".join(str(line) for line in lines))
    result_console.print(table, markup=False)


@app.command("write", cls=Command)
def write(
    name: Name,
    out: Annotated[Path, typer.Argument(help="The file to write, .csv.")],
    part: Annotated[str | None, typer.Option(help="train or test; default: train.")] = None,
) -> None:
    """Write a set as a table: what a file of your own may look like.

    A row each step. Sequences have columns series, step, the features and label; time series
    those of their times and values. Example: `elman data write digits digits.csv`
    """
    if name in series_sets.series_names():
        panel = series_sets.load_series(name, part)
        columns, what = panel.to_columns(), f"{len(panel.names):,} series"
    else:
        sequences = labelled.load(name, part)
        columns, what = sequences.to_columns(), many(len(sequences), "sequence")
    write_rows(table_rows(columns), out, f"{what} of {name}")
