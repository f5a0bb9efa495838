"""`elman evaluate`: a model's score beside its honest baselines."""

from __future__ import annotations

from typing import Annotated, Any

import typer

import elman
from elman.cli.console import note, print_json, result_console, score_table
from elman.cli.exits import verb
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
    read_labelled,
    refuse_options,
    scored_part,
)
from elman.cli.report import report_backtest
from elman.cli.series import RepairOption, TimezoneOption, backtest_of, part_for
from elman.runtime import ForecasterModel

__all__ = ["evaluate", "print_scores"]


@verb
def evaluate(
    model: ModelPath,
    data: DataOption,
    part: PartOption = None,
    series: SeriesOption = None,
    step: StepOption = None,
    label: LabelOption = None,
    test_steps: Annotated[
        int | None,
        typer.Option(
            help="Forecaster: last steps of each series that are forecast; default: one horizon."
        ),
    ] = None,
    repair: RepairOption = None,
    timezone: TimezoneOption = None,
    json: JsonOption = False,
) -> None:
    """Score a model on data that it has not seen, beside the baselines in its file.

    A forecaster forecasts the last steps of each series, or a named set's test part.

    Example: `elman evaluate runs/digits/model.elman --data digits`
    """
    answering = elman.load(model_file(model))
    columns = {"series": series, "step": step, "label": label}
    if isinstance(answering, ForecasterModel):
        refuse_options("a forecaster", **columns)
        found = part_for(answering, data, part, test_steps, repair=repair, timezone=timezone)
        report_backtest(backtest_of(answering, found), data, found.how, json)
        return
    forecasting = {"test_steps": test_steps, "repair": repair, "timezone": timezone}
    refuse_options(f"a {answering.bundle.task}", **forecasting)
    part = part or scored_part(data)
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
    title += f", {kernels()}"
    scores = {"this model": result["score"], **result["baselines"]}
    percent = result["metric"] == "accuracy"
    result_console.print(score_table(title, result["metric"], scores, percent))
    for sentence in result["notes"]:
        note(f"Note: {sentence}")
