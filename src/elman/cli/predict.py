"""`elman predict`: a model's answers, with the base install alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

import elman
from elman.cli.console import note, print_json
from elman.cli.exits import verb
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
    scored_part,
)
from elman.data import LabelledSequences
from elman.files import replace_file
from elman.runtime import ClassifierModel

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
    json: JsonOption = False,
) -> None:
    """Print a model's answer for each sequence. Needs no torch.

    Example: `elman predict runs/digits/model.elman --data new.csv --out answers.csv`
    """
    answering = elman.load(model_file(model))
    part = part or scored_part(data)
    columns = {"series": series, "step": step, "label": label}
    given = read_data(data, part, per_step=each_step(answering), **columns)
    if isinstance(answering, ClassifierModel):
        rows = _classified(answering, given, probabilities)
    else:
        rows = _regressed(answering.predict(given.sequences), given)
    if json:
        print_json(list(rows))
    elif out is None:
        print(_csv_text(rows), end="")
    else:
        replace_file(out, _csv_text(rows).encode())
        note(f"{len(given):,} answers are in {out}")


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


def _csv_text(rows: Rows) -> str:
    text = io.StringIO()
    writer: csv.DictWriter | None = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(text, fieldnames=list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow(row)
    return text.getvalue()
