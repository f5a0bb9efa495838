"""`elman plot`: pictures of a run, of what a model answers, and of what happens inside it."""

from __future__ import annotations

import json
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
from elman.cli.forecast import load_forecaster
from elman.cli.forecast_pictures import OF_BACKTESTS, draw_backtest, draw_forecast
from elman.cli.options import (
    LabelOption,
    PartOption,
    SeriesOption,
    StepOption,
    each_step,
    model_file,
    read_data,
    read_labelled,
    refuse_options,
    scored_part,
)
from elman.cli.pictures import INSIDE, draw_answers, draw_curves, draw_inside
from elman.cli.series import backtest_of, part_for, read_for, split_series
from elman.cli.settings import read_config
from elman.data import LabelledSequences
from elman.errors import ArgumentError, CheckpointError
from elman.files import replace_file
from elman.run_files import read_epochs
from elman.runtime import ForecasterModel

__all__ = ["epochs_of", "plot"]

_FORECASTS = ("forecast", *OF_BACKTESTS)
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

    def model(self) -> Any:
        """The model, which is none of a forecaster: those have pictures of their own."""
        model = elman.load(model_file(self.given()))
        if isinstance(model, ForecasterModel):
            known = ", ".join(("curves", *_FORECASTS))
            found = f"a forecaster has no picture {self.kind!r}"
            raise ArgumentError("kind", found, f"one of {known}")
        return model

    def read(self, model: Any, *, labelled: bool = False) -> LabelledSequences:
        """The data: what was given, or what the run was trained on, its table's columns too."""
        source, columns = self.source, self.columns
        if source is None and self.folder is not None:
            about = _config(self.folder).get("about", {})
            source = about.get("data")
            columns = {name: given or about.get(name) for name, given in columns.items()}
        if source is None:
            raise ArgumentError("--data", "not given", "a set's name (elman data list) or a path")
        part, read = self.part or scored_part(source), read_labelled if labelled else read_data
        return read(source, part, per_step=each_step(model), **columns)


@verb
def plot(
    kind: Annotated[
        str,
        typer.Argument(
            help="curves; confusion, misread, reading or regression; forecast, backtest, horizon "
            "or honesty; unrolled, gates, states; gradients; remedies."
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

    forecast: how series went on, and what was forecast. backtest: forecasts from many times in
    the past. horizon: the error by step. honesty: all that is to be known of a forecaster. Of a
    run's own data they show the test part.

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
    if index is not None and kind not in ("reading", *INSIDE):
        raise ArgumentError("--index", f"{kind} shows no single sequence", "leave it out")
    columns = {"series": series, "step": step, "label": label}
    request = _Request(kind, path, data, part, index, columns, out, steps, epochs, seed)
    plots.save(_DRAWN.get(kind, _answers)(request), out)
    note(f"The picture is in {out}")


def _curves(request: _Request) -> Any:
    folder = request.folder
    if folder is None:
        found = "not given" if request.path is None else f"{request.path} is no folder"
        raise ArgumentError("path", found, "curves need the folder of a run")
    epochs = epochs_of(folder / "metrics.jsonl")
    return draw_curves(epochs, _config(folder).get("kind", "classifier"))


def epochs_of(metrics: Path) -> list[dict[str, Any]]:
    """What a run's lines of JSON tell of its epochs; `CheckpointError` if they do not."""
    try:
        return read_epochs(metrics)
    except (OSError, ValueError) as error:
        found = error.strerror if isinstance(error, OSError) else error
        raise CheckpointError(
            str(metrics), f"cannot be read: {found}", "give the folder of a run"
        ) from error


def _config(folder: Path) -> dict[str, Any]:
    """What the run was told."""
    return read_config(folder / "config.toml")


def _answers(request: _Request) -> Any:
    """A picture of a model's answers to labelled data."""
    model = request.model()
    return draw_answers(request.kind, model, request.read(model, labelled=True), request.index)


def _inside(request: _Request) -> Any:
    """A picture of a model while it reads one sequence; needs no labels."""
    model = request.model()
    return draw_inside(request.kind, model, request.read(model), request.index or 0)


def _forecasts(request: _Request) -> Any:
    """A picture of a forecaster's answers beside what came: of the run's test part, or of data."""
    model = load_forecaster(request.given())
    refuse_options("a forecaster", **request.columns)
    kind, source, plan = request.kind, request.source, model.plan
    if source is not None and kind == "forecast":
        series = part_for(model, source, request.part, None)
    elif source is not None:
        panel = read_for(model, source, request.part)
        return draw_backtest(kind, model.backtest(panel), panel)
    else:
        about = {} if request.folder is None else _config(request.folder).get("about", {})
        if "data" not in about:
            raise ArgumentError("--data", "not given", "a set's name or a path")
        series = split_series(about, plan.horizon, plan.joint, plan.short, model)
    if kind == "forecast":
        return draw_forecast(model, series, series.held)
    if not series.held:
        raise ArgumentError("--data", "not given, and the run kept no test part", "data to test on")
    return draw_backtest(kind, backtest_of(model, series), series.whole)


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
    model, path = request.model(), model_file(request.given())
    data = request.read(model)
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
    **dict.fromkeys(_FORECASTS, _forecasts),
    **dict.fromkeys(INSIDE, _inside),
}
"""What draws each kind; the rest are pictures of a model's answers."""
