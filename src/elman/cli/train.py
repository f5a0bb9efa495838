"""`elman train`: from data to a run's folder with a model, its scores and pictures."""

from __future__ import annotations

import inspect
import time
from pathlib import Path
from typing import Annotated, Any

import typer

import elman
from elman.cli.console import note
from elman.cli.exits import termination_interrupts, verb
from elman.cli.labelled_work import LabelledWork
from elman.cli.series_work import SeriesWork
from elman.cli.settings import PARAMETERS, Settings, gather
from elman.errors import ArgumentError

__all__ = ["train"]

_WORK = {"classifier": LabelledWork, "forecaster": SeriesWork, "regressor": LabelledWork}


@verb
def train(
    task: str | None = None,
    config: str | None = None,
    start: Path | None = None,
    out: Path | None = None,
    resume: bool = False,
    pictures: bool = True,
    json: bool = False,
    **given: Any,
) -> None:
    """Train a network, keep everything in a folder, and score it beside honest baselines.

    Example: `elman train classifier --data digits --cell gru --units 64 --epochs 20`

    Example: `elman train forecaster --data sales.csv --horizon 28 --target units --time day`

    The epoch is chosen on a validation part of the training data; the test part, if there is
    one, is read once, at the end. Ctrl-C saves where it stands, and the same command with
    --resume goes on from there.
    """
    about = {name: given[name] for name in _DATA}
    about["from"] = None if start is None else str(start)
    settings = gather(task, config, about, {name: given[name] for name in PARAMETERS})
    estimator = settings.estimator()
    work = _WORK[settings.kind](settings, estimator)
    folder = elman.training.RunFolder(out or _fresh_folder(settings), about=settings.about)
    estimator.set_params(run=folder, resume=resume, verbose=True)
    first = elman.training.writes()
    if first:
        work.announce()
        note(f"The run is kept in {folder.path}")
    with termination_interrupts():
        try:
            work.fit(estimator)
        except KeyboardInterrupt:
            if folder.last.exists() and first:
                note(f"Saved. Go on with the same command and: --out {folder.path} --resume")
            raise
    if first:
        work.report(estimator, folder, pictures, json)


def _fresh_folder(settings: Settings) -> Path:
    if elman.training.launch() is not None:
        raise ArgumentError(
            "--out", "not given, and torchrun may start this run again", "the run's folder"
        )
    name = Path(settings.about["data"]).name.partition(".")[0]
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return Path("runs") / f"{settings.kind}-{name}-{stamp}"


_OWN: dict[str, Any] = {
    "task": Annotated[
        str | None,
        typer.Argument(help="classifier, forecaster or regressor.", show_default=False),
    ],
    "config": Annotated[
        str | None,
        typer.Option(help="A recipe's name, or a run's config.toml; options override it."),
    ],
    "start": Annotated[Path | None, typer.Option("--from", help="Train on from this model file.")],
    "out": Annotated[
        Path | None, typer.Option(help="The run's folder; default runs/TASK-DATA-TIME.")
    ],
    "resume": Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")],
    "pictures": Annotated[bool, typer.Option(help="Draw the pictures.")],
    "json": Annotated[bool, typer.Option("--json", help="Print the result as JSON.")],
}
_DATA: dict[str, tuple[Any, str]] = {
    "data": (str, "A set's name (`elman data list`), or a path."),
    "test": (str, "Data to score the finished model on, once; of a forecaster what came after."),
    "test_steps": (
        int,
        "Forecaster, instead: last steps of each series that are held back; default a tenth, at "
        "least a horizon; 0 for none.",
    ),
    "horizon": (int, "Forecaster: how many steps ahead."),
    "target": (str, "Forecaster: column to forecast, or several as a,b."),
    "time": (str, "Forecaster: column of the times."),
    "series": (str, "Table: column of the series' or sequence's name."),
    "past": (str, "Forecaster: columns that are known up to now, as temperature,price."),
    "future": (str, "Forecaster: columns that are known ahead."),
    "static": (str, "Forecaster: columns that are the same all along a series."),
    "frequency": (str, "Forecaster: of the steps, as h, 15min, D, MS, or rows; else found out."),
    "timezone": (str, "Forecaster: of times that have none, as Europe/Paris."),
    "repair": (
        str,
        "Forecaster: what may be repaired: some of sort,drop_duplicates,numbers,infinite.",
    ),
    "step": (str, "Table: column that orders the steps."),
    "label": (str, "Table: column of label or number."),
}
"""What is said of the data: type and help."""


def _signature() -> inspect.Signature:
    """The command's options: those of `train`, of the data, then the estimators' parameters.

    The latter default to None, "as the task has it": so each default stands in one place, the
    estimator.
    """
    plain = inspect.signature(inspect.unwrap(train)).parameters
    keyword = inspect.Parameter.KEYWORD_ONLY
    listed = [
        inspect.Parameter(name, keyword, default=plain[name].default, annotation=annotation)
        for name, annotation in _OWN.items()
    ]
    for panel, told in (("The data", _DATA), ("Network and training", PARAMETERS)):
        listed += [
            inspect.Parameter(name, keyword, default=None, annotation=_option(kind, text, panel))
            for name, (kind, text) in told.items()
        ]
    return inspect.Signature(listed)


def _option(kind: Any, text: str, panel: str) -> Any:
    """The annotation of an option that may be left out."""
    return Annotated[kind | None, typer.Option(help=text, rich_help_panel=panel)]


train.__signature__ = _signature()  # pyright: ignore[reportFunctionMemberAccess]
