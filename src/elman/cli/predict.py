"""`elman predict`: a model's answers, with the base install alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

import elman
from elman.cli.console import print_rows
from elman.cli.exits import verb
from elman.cli.forecast import print_forecast
from elman.cli.level import kernels
from elman.cli.options import (
    DataOption,
    JsonOption,
    LabelOption,
    ModelPath,
    PartOption,
    SeriesOption,
    StepOption,
    each_step,
    model_file,
    read_data,
    refuse_options,
    scored_part,
)
from elman.cli.series import AheadOption, naming, read_for
from elman.data import LabelledSequences
from elman.runtime import ClassifierModel, ForecasterModel

__all__ = ["predict"]

Rows = Iterator[dict[str, Any]]


@verb
def predict(
    model: ModelPath,
    data: DataOption,
    part: PartOption = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Add the probability of each class.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write a CSV file instead of stdout.")] = None,
    series: SeriesOption = None,
    step: StepOption = None,
    label: LabelOption = None,
    ahead: AheadOption = None,
    json: JsonOption = False,
) -> None:
    """Print a model's answer for each sequence; a forecaster's as `elman forecast` does.

    Needs no torch.

    Example: `elman predict runs/digits/model.elman --data new.csv --out answers.csv`
    """
    answering = elman.load(model_file(model))
    columns = {"series": series, "step": step, "label": label}
    if isinstance(answering, ForecasterModel):
        refuse_options("a forecaster", **columns, probabilities=probabilities)
        panel = read_for(answering, data, part, ahead=ahead)
        with naming(data):
            found = answering.predict(panel)
        print_forecast(found, None, out, json)
        return
    refuse_options(f"a {answering.bundle.task}", ahead=ahead)
    part = part or scored_part(data)
    given = read_data(data, part, per_step=each_step(answering), **columns)
    if isinstance(answering, ClassifierModel):
        rows = _classified(answering, given, probabilities)
    else:
        rows = _regressed(answering.predict(given.sequences), given)
    print_rows(rows, out, json, f"{len(given):,} answers by {kernels()}")


def _classified(model: ClassifierModel, data: LabelledSequences, probabilities: bool) -> Rows:
    chances = model.predict_proba(data.sequences)
    for name, row in zip(data.ids, chances, strict=True):
        if model.multilabel:
            found = [str(k) for k in model.classes_[row > 0.5]]
            answer: dict[str, Any] = {"id": name, "prediction": " ".join(found)}
        else:
            best = int(row.argmax())
            answer = {"id": name, "prediction": model.classes_[best], "probability": row[best]}
        if probabilities:
            answer |= {f"p({k})": p for k, p in zip(model.classes_, row, strict=True)}
        yield answer


def _regressed(answers: Any, data: LabelledSequences) -> Rows:
    """One row a sequence; one a step where the model answers at each step."""
    for name, answer in zip(data.ids, answers, strict=True):
        values = np.atleast_1d(answer)
        if isinstance(answers, list):
            for k, value in enumerate(values):
                yield {"id": name, "step": k, **_numbered(np.atleast_1d(value))}
        else:
            yield {"id": name, **_numbered(values)}


def _numbered(values: np.ndarray) -> dict[str, Any]:
    if len(values) == 1:
        return {"prediction": values[0]}
    return {f"prediction {k}": value for k, value in enumerate(values)}
