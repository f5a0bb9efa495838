"""`elman data list|get|show`: the catalogue of public data sets."""

from __future__ import annotations

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
from elman.cli.console import note, print_json, progress_console, result_console
from elman.cli.exits import Command, termination_interrupts
from elman.data.sets import catalogue, preview
from elman.data.sets import series as series_sets
from elman.printable import printable

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
