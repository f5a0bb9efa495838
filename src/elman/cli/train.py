"""`elman train`: from data to a run's folder with a model, its scores and pictures."""

from __future__ import annotations

import inspect
import time
from pathlib import Path
from typing import Annotated, Any

import typer

import elman
from elman.cli.console import note, print_json
from elman.cli.evaluate import print_scores
from elman.cli.exits import termination_interrupts, verb
from elman.cli.options import read_labelled, scored_part
from elman.cli.pictures import save_all
from elman.cli.settings import PARAMETERS, Settings, gather
from elman.data import LabelledSequences, labelled_names
from elman.errors import ArgumentError

__all__ = ["train"]


@verb
def train(
    task: str | None = None,
    data: str | None = None,
    test: str | None = None,
    config: str | None = None,
    start: Path | None = None,
    out: Path | None = None,
    resume: bool = False,
    pictures: bool = True,
    json: bool = False,
    series: str | None = None,
    step: str | None = None,
    label: str | None = None,
    **parameters: Any,
) -> None:
    """Train a network, keep everything in a folder, and score it beside honest baselines.

    Example: `elman train classifier --data digits --cell gru --units 64 --epochs 20`

    The epoch is chosen on a validation part of the training data; the test part, if there is
    one, is read once, at the end. Ctrl-C saves where it stands, and the same command with
    --resume goes on from there.
    """
    about = {"data": data, "test": test, "series": series, "step": step, "label": label}
    about["from"] = None if start is None else str(start)
    settings = gather(task, config, about, parameters)
    source = settings.about["data"]
    training = read_labelled(source, "train" if scored_part(source) else None, **settings.reading())
    held_out = _held_out(settings)
    folder = elman.training.RunFolder(out or _fresh_folder(settings), about=settings.about)
    estimator = settings.estimator().set_params(run=folder, resume=resume, verbose=True)
    first = elman.training.writes()
    if first:
        note(f"{len(training):,} sequences of {training.name}; the run is kept in {folder.path}")
    with termination_interrupts():
        try:
            estimator.fit(training.sequences, training.labels)
        except KeyboardInterrupt:
            if folder.last.exists() and first:
                note(f"Saved. Go on with the same command and: --out {folder.path} --resume")
            raise
    if first:
        _report(estimator, folder, held_out, pictures, json)


def _held_out(settings: Settings) -> LabelledSequences | None:
    """The part that the score is read on once, or None."""
    source, test = settings.about["data"], settings.about.get("test")
    if test is not None:
        return read_labelled(test, scored_part(test), **settings.reading())
    if source in labelled_names():
        return read_labelled(source, "test")
    return None


def _fresh_folder(settings: Settings) -> Path:
    if elman.training.launch() is not None:
        raise ArgumentError(
            "--out", "not given, and torchrun may start this run again", "the run's folder"
        )
    name = Path(settings.about["data"]).name.partition(".")[0]
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return Path("runs") / f"{settings.kind}-{name}-{stamp}"


def _report(
    estimator: Any,
    folder: Any,
    held_out: LabelledSequences | None,
    pictures: bool,
    json: bool,
) -> None:
    """Score on the test part, write and print the result, draw the pictures."""
    result = dict(estimator.result_)
    if held_out is not None:
        scores = estimator.evaluate(held_out.sequences, held_out.labels)
        result["test"] = {
            "data": held_out.name,
            "part": scored_part(held_out.name) or "all",
            **scores,
        }
        folder.write_result(result)
    if json:
        print_json(result)
    elif held_out is not None:
        print_scores(result["test"])
    else:
        score = result["validation_score"]
        shown = "none was set aside" if score is None else f"{score:.4f}"
        note(f"Score on the validation part: {shown}. For a test score give --test DATA.")
    note(f"Model: {folder.model}")
    if pictures:
        history = [record.to_dict() for record in estimator.history_.records]
        for path in save_all(folder.pictures, estimator.model_, held_out, history):
            note(f"Picture: {path}")


def _signature() -> inspect.Signature:
    """The command's options: those of `train`, then the estimators' parameters.

    They are options that default to None, "as the task has it": so each default stands in one
    place, the estimator.
    """
    own = {
        "task": Annotated[
            str | None, typer.Argument(help="classifier or regressor.", show_default=False)
        ],
        "data": Annotated[
            str | None, typer.Option(help="A set's name (`elman data list`), or a path.")
        ],
        "test": Annotated[
            str | None, typer.Option(help="Data to score the finished model on, once.")
        ],
        "config": Annotated[
            str | None,
            typer.Option(help="A recipe's name, or a run's config.toml; options override it."),
        ],
        "start": Annotated[
            Path | None, typer.Option("--from", help="Train on from this model file.")
        ],
        "out": Annotated[
            Path | None, typer.Option(help="The run's folder; default runs/TASK-DATA-TIME.")
        ],
        "resume": Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")],
        "pictures": Annotated[bool, typer.Option(help="Draw the pictures.")],
        "json": Annotated[bool, typer.Option("--json", help="Print the result as JSON.")],
        "series": Annotated[str | None, typer.Option(help="Table: column of the sequence's name.")],
        "step": Annotated[str | None, typer.Option(help="Table: column that orders the steps.")],
        "label": Annotated[str | None, typer.Option(help="Table: column of label or number.")],
    }
    plain = inspect.signature(inspect.unwrap(train)).parameters
    keyword = inspect.Parameter.KEYWORD_ONLY
    listed = [
        inspect.Parameter(name, keyword, default=plain[name].default, annotation=annotation)
        for name, annotation in own.items()
    ]
    listed += [
        inspect.Parameter(
            name, keyword, default=None, annotation=Annotated[kind | None, typer.Option(help=text)]
        )
        for name, (kind, text) in PARAMETERS.items()
    ]
    return inspect.Signature(listed)


train.__signature__ = _signature()  # pyright: ignore[reportFunctionMemberAccess]
