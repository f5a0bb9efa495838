"""`elman plot`: pictures of a run, of what a model answers, and of what happens inside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

import elman
from elman import plots
from elman.cli.completion import among, sets
from elman.cli.console import note, progress_console
from elman.cli.drawing import ThemeOption, drawing
from elman.cli.exits import termination_interrupts
from elman.cli.options import PartOption, own_options, takes
from elman.cli.settings import read_config
from elman.cli.works import WORKS, options_of_works, work_for
from elman.cli.works.sequence_pictures import INSIDE
from elman.errors import ArgumentError, CheckpointError
from elman.files import replace_file
from elman.registry import Task, known_tasks, loaded, task_of
from elman.run_files import model_file, read_epochs

__all__ = ["Request", "epochs_of", "plot"]

_KINDS = [
    *(row.load_pictures() for row in known_tasks() if row.pictures),
    *(loaded(place).pictures for place in WORKS.values()),
]
"""The names of all pictures of models, by task and by kind of input."""


_SINGLE = {
    *("attention", "reading", "surprise", *INSIDE),
    *chain(*(getattr(loaded(place), "of_one", ()) for place in WORKS.values())),
}
"""The pictures of one sequence, text or piece among several."""


@dataclass(frozen=True)
class Request:
    """What was asked for; see the options of `plot`."""

    kind: str
    path: Path | None
    source: str | None
    part: str | None
    index: int | None
    given: dict[str, Any]
    out: Path
    steps: int
    epochs: int
    seed: int

    @property
    def folder(self) -> Path | None:
        """The run's folder, where one was given."""
        return self.path if self.path is not None and self.path.is_dir() else None

    def needed(self) -> Path:
        """The path, which this kind needs."""
        if self.path is None:
            raise ArgumentError("path", "not given", f"{self.kind} needs a run's folder or a model")
        return self.path

    def source_or_told(self) -> tuple[str, dict[str, Any]]:
        """The data that were given, and nothing; or those of the run, and what it says of them."""
        told: dict[str, Any] = {}
        if self.source is None and self.folder is not None:
            told = _config(self.folder).get("about", {})
        source = self.source or told.get("data")
        if source is None:
            raise ArgumentError("--data", "not given", "a set's name (elman data list) or a path")
        return source, told


def plot(
    kind: Annotated[
        str,
        typer.Argument(
            help=f"curves; {'; '.join(', '.join(names) for names in _KINDS)}; or remedies.",
            autocompletion=among(["curves", *chain(*_KINDS), "remedies"]),
        ),
    ],
    path: Annotated[
        Path | None,
        typer.Argument(help="The folder of a run, or a model file.", show_default=False),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            "--input",
            "--source",
            help="A set's name or a path; a run's default is its own.",
            autocompletion=sets,
        ),
    ] = None,
    part: PartOption = None,
    index: Annotated[
        int | None,
        typer.Option(
            min=0, help="Which sequence or text, from 0; reading: else an instructive one."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The picture, .png, .svg or .pdf; default KIND.png.")
    ] = None,
    theme: ThemeOption = None,
    steps: Annotated[
        int, typer.Option(help="remedies: length of the sequences to remember over.")
    ] = 50,
    epochs: Annotated[
        int, typer.Option(help="remedies: how long each is trained, 100 updates an epoch.")
    ] = 15,
    seed: Annotated[int, typer.Option(help="remedies: of data, weights and order.")] = 0,
    **given: Any,
) -> None:
    """Draw a picture of a run, of what its model answers, or of what happens inside it.

    curves: loss and score by epoch. confusion: which classes are taken for which. misread: what
    it got wrong: sequences, texts, or the most frequent mistakes with words. reading: the class
    probabilities after each row of one image, or each word. rates: how well each of several
    labels was found.

    forecast: how series went on, and what was forecast. backtest: forecasts from many times in
    the past. horizon: the error by step. honesty: all that is to be known of a forecaster. Of a
    run's own data they show the test part.

    unrolled: the network along time, with the values of one sequence. gates: what its gates did.
    states: what it remembered.

    gradients: why it learns or does not: where the gradient goes, and what to do about it.
    learning-rates: at which learning rate the loss of a fresh network of its kind falls fastest.

    surprise: how surprising each token of a text is to a generator. melody, chorale: a piece of
    music as a piano roll.

    strokes: what a generator draws beside real drawings; without a model, those of --data.

    embeddings: words and their nearest neighbours, as its vectors have them.

    remedies: what helps against vanishing and exploding gradients, measured afresh in some
    minutes; the numbers go to a JSON file beside the picture.

    Example: `elman plot unrolled runs/digits --input new.csv --index 3 --out unrolled.png`
    """
    folder = path if path is not None and path.is_dir() else None
    out = out or (folder / "pictures" if folder else Path()) / f"{kind}.png"
    plots.file_kind(out)  # before anything takes minutes
    plots.check_theme(theme)
    if index is not None and kind not in _SINGLE:
        raise ArgumentError("--index", f"{kind} shows no single sequence", "leave it out")
    request = Request(kind, path, data, part, index, given, out, steps, epochs, seed)
    with drawing(theme):
        plots.save(_DRAWN.get(kind, _answers)(request), out)
    note(f"The picture is in {out}")


def _curves(request: Request) -> Any:
    folder = request.folder
    if folder is None:
        found = "not given" if request.path is None else f"{request.path} is no folder"
        raise ArgumentError("path", found, "curves need the folder of a run")
    epochs, config = epochs_of(folder / "metrics.jsonl"), _config(folder)
    task = task_of(config.get("kind"), f"{folder / 'config.toml'}, kind")
    model = task.load_model(config.get("about", {}).get("reads", ""))
    told = _result(folder / "result.json").get("validated_baselines", {})
    levels = {str(k): v for k, v in told.items() if isinstance(v, float)}
    return plots.learning_curves(epochs, score_name=model.score_name, levels=levels)


def _result(path: Path) -> dict[str, Any]:
    """What a run that has ended says of itself; empty where there is nothing to be read."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


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


def _answers(request: Request) -> Any:
    """A picture of what a model says of data, of what happens inside it, or of data alone."""
    of_data = [loaded(place) for place in WORKS.values()]
    works = [one for one in of_data if request.kind in getattr(one, "of_data", ())]
    if request.path is None and works:
        own_options(request.given, works[0].reading.get("plot", {}), works[0].title.lower())
        return works[0]().draw_data(request)
    path = model_file(request.needed())
    model = elman.load(path)
    _check_kind(request.kind, task_of(model.task), getattr(model, "input", ""), path)
    work = work_for(model)
    own_options(request.given, work.reading.get("plot", {}), f"a {model.task}")
    return work.draw(request, model)


def _check_kind(kind: str, task: Task, name: str, path: Path) -> None:
    """`ArgumentError` where only models of another kind of input have the picture."""
    homes = {name for name, place in WORKS.items() if kind in loaded(place).pictures}
    if homes and (name or task.work) not in homes:
        having = [row.name for row in known_tasks() if homes & {*row.works}]
        *first, last = (f"a {name}'s" for name in having)
        wanted = f"{', '.join(first)} or {last}" if first else last
        raise ArgumentError(
            str(path), f"a {task.name} has no picture {kind!r}", f"give {wanted} model"
        )


def _remedies(request: Request) -> Any:
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


_DRAWN: dict[str, Callable[[Request], Any]] = {"curves": _curves, "remedies": _remedies}
"""What draws the pictures of no model; the rest are asked of the model's kind of input."""

takes(plot, *options_of_works("plot"))
