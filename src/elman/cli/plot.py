"""`elman plot`: pictures of a run, and of what a model answers."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

import elman
from elman import plots
from elman.cli.console import note
from elman.cli.exits import verb
from elman.cli.options import (
    LabelOption,
    PartOption,
    SeriesOption,
    StepOption,
    model_file,
    read_labelled,
    scored_part,
)
from elman.cli.pictures import draw_answers, draw_curves
from elman.errors import ArgumentError, CheckpointError

__all__ = ["plot"]


@verb
def plot(
    kind: Annotated[
        str, typer.Argument(help="curves, confusion, misread, reading; regression for a regressor.")
    ],
    path: Annotated[Path, typer.Argument(help="The folder of a run, or a model file.")],
    data: Annotated[
        str | None, typer.Option(help="A set's name or a path; a run's default is its own.")
    ] = None,
    part: PartOption = None,
    index: Annotated[
        int | None, typer.Option(help="reading: which sequence, from 0; else an instructive one.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The picture, .png or .svg; default KIND.png.")
    ] = None,
    series: SeriesOption = None,
    step: StepOption = None,
    label: LabelOption = None,
) -> None:
    """Draw a picture of a run, or of what its model answers.

    curves: loss and score by epoch. confusion: which classes are taken for which. misread: what
    it got wrong. reading: the class probabilities after each row of one image.

    Example: `elman plot reading runs/digits --data digits --index 3 --out reading.png`
    """
    folder = path if path.is_dir() else None
    out = out or (folder / "pictures" if folder else Path()) / f"{kind}.png"
    if kind == "curves":
        figure = _curves(folder, path)
    else:
        model = elman.load(model_file(path))
        source = data or _data_of(folder, kind)
        labelled = read_labelled(
            source, part or scored_part(source), series=series, step=step, label=label
        )
        figure = draw_answers(kind, model, labelled, index)
    plots.save(figure, out)
    note(f"The picture is in {out}")


def _curves(folder: Path | None, path: Path) -> Any:
    if folder is None:
        raise ArgumentError("path", f"{path} is a model file", "curves need a run's folder")
    metrics = folder / "metrics.jsonl"
    try:
        history = [json.loads(line) for line in metrics.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise CheckpointError(str(metrics), f"cannot be read: {error}", "train again") from error
    return draw_curves(history, _config(folder).get("kind", "classifier"))


def _config(folder: Path) -> dict[str, Any]:
    """What the run was told."""
    path = folder / "config.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(str(path), f"cannot be read: {error}", "a run's folder") from error


def _data_of(folder: Path | None, kind: str) -> str:
    """The data that a run was trained on, by name."""
    source = None if folder is None else _config(folder).get("about", {}).get("data")
    if source is None:
        raise ArgumentError("--data", "not given", f"{kind} draws a model's answers to some data")
    return source
