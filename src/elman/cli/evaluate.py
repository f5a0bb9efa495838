"""`elman evaluate`: a model's score beside its honest baselines."""

from __future__ import annotations

from typing import Any

import elman
from elman.cli.console import note, print_json, result_console, score_table
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
    read_labelled,
    scored_part,
)

__all__ = ["evaluate", "print_scores"]


@verb
def evaluate(
    model: ModelPath,
    data: DataOption,
    part: PartOption = None,
    series: SeriesOption = None,
    step: StepOption = None,
    label: LabelOption = None,
    json: JsonOption = False,
) -> None:
    """Score a model on data that it has not seen, beside the baselines in its file.

    Example: `elman evaluate runs/digits/model.elman --data digits`
    """
    answering = elman.load(model_file(model))
    part = part or scored_part(data)
    columns = {"series": series, "step": step, "label": label}
    labelled = read_labelled(data, part, per_step=each_step(answering), **columns)
    result = answering.evaluate(labelled.sequences, labelled.labels)
    result = {"data": labelled.name, "part": part or "all", **result}
    if json:
        print_json(result)
    else:
        print_scores(result)


def print_scores(result: dict[str, Any]) -> None:
    """The table that `evaluate` of a model, with `data` and `part` added, is shown as."""
    title = f"{result['data']}, {result['part']} part, {result['sequences']:,} sequences"
    scores = {"this model": result["score"], **result["baselines"]}
    percent = result["metric"] == "accuracy"
    result_console.print(score_table(title, result["metric"], scores, percent))
    for sentence in result["notes"]:
        note(f"Note: {sentence}")
