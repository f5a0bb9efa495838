"""`elman plot`: pictures of a run, of what a model answers, and of what happens inside it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

import elman
from elman import plots
from elman.cli.console import note, progress_console, result_console
from elman.cli.exits import termination_interrupts, verb
from elman.cli.options import (
    LabelOption,
    PartOption,
    SeriesOption,
    StepOption,
    each_step,
    model_file,
    read_data,
    read_labelled,
    scored_part,
)
from elman.cli.pictures import INSIDE, draw_answers, draw_curves, draw_inside
from elman.errors import ArgumentError, CheckpointError
from elman.files import replace_file

__all__ = ["plot"]

_DIAGNOSED = 16  # sequences that tell enough of where the gradient goes


@dataclass(frozen=True)
class _Request:
    """What was asked for; see the options of `plot`."""

    kind: str
    path: Path | None
    source: str | None
    part: str | None
    index: int | None
    columns: dict[str, str | None]
    out: Path
    steps: int
    epochs: int
    seed: int

    @property
    def folder(self) -> Path | None:
        """The run's folder, where one was given."""
        return self.path if self.path is not None and self.path.is_dir() else None

    def given(self) -> Path:
        """The path, which this kind needs."""
        if self.path is None:
            raise ArgumentError("path", "not given", f"{self.kind} needs a run's folder or a model")
        return self.path

    def data(self) -> str:
        """The data by name: what was given, or what the run was trained on."""
        source = self.source
        if source is None and self.folder is not None:
            source = _config(self.folder).get("about", {}).get("data")
        if source is None:
            raise ArgumentError("--data", "not given", f"{self.kind} shows a model at some data")
        return source


@verb
def plot(
    kind: Annotated[
        str,
        typer.Argument(
            help="curves; confusion, misread, reading or regression; unrolled, gates, states; "
            "gradients; remedies."
        ),
    ],
    path: Annotated[
        Path | None,
        typer.Argument(help="The folder of a run, or a model file.", show_default=False),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            "--data", "--input", help="A set's name or a path; a run's default is its own."
        ),
    ] = None,
    part: PartOption = None,
    index: Annotated[
        int | None, typer.Option(help="Which sequence, from 0; reading: else an instructive one.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The picture, .png or .svg; default KIND.png.")
    ] = None,
    series: SeriesOption = None,
    step: StepOption = None,
    label: LabelOption = None,
    steps: Annotated[
        int, typer.Option(help="remedies: length of the sequences to remember over.")
    ] = 50,
    epochs: Annotated[
        int, typer.Option(help="remedies: how long each is trained, 100 updates an epoch.")
    ] = 15,
    seed: Annotated[int, typer.Option(help="remedies: of data, weights and order.")] = 0,
) -> None:
    """Draw a picture of a run, of what its model answers, or of what happens inside it.

    curves: loss and score by epoch. confusion: which classes are taken for which. misread: what
    it got wrong. reading: the class probabilities after each row of one image.

    unrolled: the network along time, with the values of one sequence. gates: what its gates did.
    states: what it remembered.

    gradients: why it learns or does not: where the gradient goes, and what to do about it.

    remedies: what helps against vanishing and exploding gradients, measured afresh in some
    minutes; the numbers go to a JSON file beside the picture.

    Example: `elman plot unrolled runs/digits --input new.csv --index 3 --out unrolled.png`
    """
    folder = path if path is not None and path.is_dir() else None
    out = out or (folder / "pictures" if folder else Path()) / f"{kind}.png"
    plots.file_kind(out)  # before anything takes minutes
    columns = {"series": series, "step": step, "label": label}
    request = _Request(kind, path, data, part, index, columns, out, steps, epochs, seed)
    plots.save(_DRAWN.get(kind, _answers)(request), out)
    note(f"The picture is in {out}")


def _curves(request: _Request) -> Any:
    folder = request.folder
    if folder is None:
        raise ArgumentError("path", f"{request.given()} is a model file", "curves need a folder")
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


def _answers(request: _Request) -> Any:
    """A picture of a model's answers to labelled data."""
    model, source = elman.load(model_file(request.given())), request.data()
    part = request.part or scored_part(source)
    data = read_labelled(source, part, per_step=each_step(model), **request.columns)
    return draw_answers(request.kind, model, data, request.index)


def _inside(request: _Request) -> Any:
    """A picture of a model while it reads one sequence; needs no labels."""
    model, source = elman.load(model_file(request.given())), request.data()
    part = request.part or scored_part(source)
    data = read_data(source, part, per_step=each_step(model), **request.columns)
    return draw_inside(request.kind, model, data, request.index or 0)


def _remedies(request: _Request) -> Any:
    """What is measured is kept beside the picture."""
    if request.path is not None:
        raise ArgumentError("path", f"found {request.path}", "remedies are measured afresh")
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(elapsed_when_finished=True))
    with (
        termination_interrupts(),
        Progress("{task.description}", *columns, console=progress_console) as bars,
    ):
        tasks: dict[str, Any] = {}

        def show(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done)

        measured = elman.diagnosis.measure_remedies(
            steps=request.steps, epochs=request.epochs, seed=request.seed, progress=show
        ).to_dict()
    figure = plots.remedies(measured)
    numbers = request.out.with_suffix(".json")
    replace_file(numbers, (json.dumps(measured, indent=2) + "\n").encode())
    note(f"The numbers are in {numbers}")
    return figure


def _gradients(request: _Request) -> Any:
    """Where the gradient goes in a model, at some sequences; their labels are used if known."""
    path, source = model_file(request.given()), request.data()
    model, part = elman.load(path), request.part or scored_part(source)
    data = read_data(source, part, per_step=each_step(model), **request.columns)
    some = data.select(slice(_DIAGNOSED))
    classifies = model.bundle.task == "classifier"
    estimator = (elman.Classifier if classifies else elman.Regressor).load(path)
    batch = some.sequences if some.labels is None else (some.sequences, some.labels)
    diagnosis = elman.diagnose(estimator, batch)
    result_console.print(str(diagnosis), markup=False, highlight=False)
    note(f"Measured at the first {len(some)} of {len(data)} sequences")
    return plots.gradients(diagnosis.to_dict())


_DRAWN: dict[str, Callable[[_Request], Any]] = {
    "curves": _curves,
    "gradients": _gradients,
    "remedies": _remedies,
    **dict.fromkeys(INSIDE, _inside),
}
"""What draws each kind; the rest are pictures of a model's answers."""
