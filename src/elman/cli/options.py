"""Arguments and options that several verbs share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from elman.data import LabelledSequences
from elman.data.sets import labelled
from elman.data.tables.reader import is_table
from elman.errors import ArgumentError, DataError

__all__ = ["DataOption", "JsonOption", "LabelOption", "ModelPath", "PartOption", "SeriesOption"]
__all__ += ["StepOption", "each_step", "read_data", "read_labelled"]
__all__ += ["refuse_options"]

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


def read_data(
    source: str, part: str | None, *, per_step: bool = False, **columns: str | None
) -> LabelledSequences:
    """What `--data`, `--part` and the table's options name.

    Args:
        source: A set's name or a path.
        part: Of the set.
        per_step: Whether a table's label is a number at each step, as the model wants it.
        columns: The table's; None where the command line does not say.
    """
    given: dict[str, Any] = {name: col for name, col in columns.items() if col is not None}
    if per_step and is_table(source):
        given["per_step"] = True
    return labelled.load(source, part, **given)


def read_labelled(
    source: str, part: str | None, *, per_step: bool = False, **columns: str | None
) -> LabelledSequences:
    """As `read_data`, where labels are needed."""
    data = read_data(source, part, per_step=per_step, **columns)
    if data.labels is None:
        raise DataError(data.name, "holds no labels", "name their column with --label")
    return data


def scored_part(source: str) -> str | None:
    """The part that a score is read on: a named set's test part, the whole of a file."""
    folder = Path(source)
    return "test" if source in labelled.labelled_names() or folder.is_dir() else None


def each_step(model: Any) -> bool:
    """Whether a model's answers belong to steps rather than to sequences."""
    return getattr(model, "per_step", False)


def model_file(path: Path) -> Path:
    """The model file at `path`, which may be a run's folder."""
    return path / "model.elman" if os.path.isdir(path) else path


def refuse_options(kind: str, **given: Any) -> None:
    """`ArgumentError` for an option that this kind of model does not have.

    Args:
        kind: As "a forecaster".
        given: The options' values; None or False where they were not given.
    """
    for name, value in given.items():
        if value is not None and value is not False:
            option = f"--{name.replace('_', '-')}"
            raise ArgumentError(option, f"{kind} has no such option", "leave it out")
