"""`elman data list|get|show|doctor|write`: public data sets; and what a file holds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

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
from elman.cli.doctor import doctor
from elman.cli.exits import Command, options_of, termination_interrupts
from elman.cli.inspection import print_inspected
from elman.cli.options import options_from, own_options, takes
from elman.cli.works.pairs import PairWork
from elman.cli.works.sequence_parts import TABLE, told_of
from elman.cli.works.sequences import SequenceWork
from elman.cli.works.series import SeriesWork
from elman.cli.works.series_answers import table_rows
from elman.cli.works.series_data import READING, told_of_series
from elman.data.inspection import inspected
from elman.data.readers.pairs import PairOptions
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
    """List every data set, and what is read of them by a name of its own: task, licence, place.

    Example: `elman data list`
    """
    rows = []
    for name in (*catalogue.names(), *preview.inside_names(), *series_sets.series_names()):
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
    note(f"Made when they are read, so here on every machine: {', '.join(preview.made_names())}")


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


def _show(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(help="A set's name, or the path of a file or folder.", autocompletion=sets),
    ],
    json: Json = False,
    **given: Any,
) -> None:
    """Show what a set holds: origin, licence, sizes, first records; or what is read of a file.

    Of a file: how it is written, what each column holds and is for, sequences or series, and the
    command that would train on them. Nothing is trained.

    Example: `elman data show readings.csv --label kind`,
    `elman data show train.en --target train.fr`
    """
    if name not in preview.set_names() and (os.path.exists(name) or os.path.splitext(name)[1]):
        found = inspected(name, told_of(given), told_of_series(given), _told_of_pairs(given))
        print_json(found) if json else print_inspected(found, options_of(ctx.command))
        return
    own_options(given, (), f"the set {name!r}")
    shown = preview.preview(name)
    if json:
        print_json(shown)
        return
    table = Table(show_header=False, box=None)
    for key, value in shown.items():
        lines = value if isinstance(value, list) else [value]
        table.add_row(key, "\n".join(str(line) for line in lines))
    result_console.print(table, markup=False)


def _told_of_pairs(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the options say of pairs; empty unless pairs are meant.

    A target that is a file holds the lines that belong to those of the first one; else it is a
    column of series.
    """
    target = given.get("target")
    columns = {name: given[name] for name in _COLUMNS if given.get(name) is not None}
    files = {"target": target} if target is not None and os.path.isfile(target) else {}
    written = ("separator", "encoding")
    told = {name: given[name] for name in written if given.get(name) is not None}
    return {**columns, **files, **told} if columns or files else {}


_ROLES = {name: option for name, option in SeriesWork.about.items() if name in READING}
_COLUMNS = options_from(PairOptions)
_PAIRS = {"target": (str, "A file whose lines belong to those of the first; of series, a column.")}
takes(
    _show,
    (PairWork.title, {**_PAIRS, **_COLUMNS}),
    (SequenceWork.title, TABLE),
    (SeriesWork.title, _ROLES),
)
app.command("show", cls=Command)(_show)
app.command("doctor", cls=Command)(doctor)


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
