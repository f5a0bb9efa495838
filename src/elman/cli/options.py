"""Arguments and options that several verbs share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from elman.data import LabelledSequences, loaders
from elman.errors import DataError

__all__ = ["DataOption", "JsonOption", "LabelOption", "ModelPath", "PartOption", "SeriesOption"]
__all__ += ["StepOption", "read_data", "read_labelled"]

ModelPath = Annotated[
    Path, typer.Argument(help="A model file (model.elman), or the folder of a run.")
]
DataOption = Annotated[
    str,
    typer.Option(
        "--data",
        help="A set's name (see `elman data list`), or a path: idx pair, .npz, .csv, .parquet.",
    ),
]
PartOption = Annotated[
    str | None, typer.Option(help="train or test; a named set's default is test.")
]
SeriesOption = Annotated[
    str | None, typer.Option(help="Table: the column that names the sequence.")
]
StepOption = Annotated[str | None, typer.Option(help="Table: the column that orders the steps.")]
LabelOption = Annotated[
    str | None, typer.Option(help="Table: the column of the label or number to predict.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def read_data(source: str, part: str | None, **columns: str | None) -> LabelledSequences:
    """What `--data`, `--part` and the table's options name."""
    given = {name: column for name, column in columns.items() if column is not None}
    return loaders.load(source, part, **given)


def read_labelled(source: str, part: str | None, **columns: str | None) -> LabelledSequences:
    """As `read_data`, where labels are needed."""
    data = read_data(source, part, **columns)
    if data.labels is None:
        raise DataError(data.name, "holds no labels", "name their column with --label")
    return data


def scored_part(source: str) -> str | None:
    """The part that a score is read on: a named set's test part, the whole of a file."""
    folder = Path(source)
    return "test" if source in loaders.labelled_names() or folder.is_dir() else None


def model_file(path: Path) -> Path:
    """The model file at `path`, which may be a run's folder."""
    return path / "model.elman" if os.path.isdir(path) else path
