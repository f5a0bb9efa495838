"""The network of each forecasting strategy, as a blueprint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from elman.blueprint import (
    Block,
    Blueprint,
    CellConfig,
    Dense,
    Dropout,
    Flatten,
    Parallel,
    Recall,
    Recurrent,
    Segments,
    Tail,
    sequence_to_sequence,
    sequence_to_vector,
)
from elman.errors import ArgumentError
from elman.runtime.forecasting import ForecastPlan

__all__ = ["forecast_blueprint", "smoothing_cells"]


def forecast_blueprint(
    plan: ForecastPlan,
    cells: Sequence[CellConfig],
    *,
    features: int,
    static: int,
    parameters: int,
    dropout: float,
    recall: bool,
) -> Blueprint:
    """What reads a window and gives the raw outputs of its horizon.

    - `recursive`: a vector at each step, for the next one (the lesson's output projection).
    - `direct`: the last state becomes all H steps at once; where something is known of the
      steps ahead, the network reads on through them and answers at each.
    - `segments`: some steps are read as one, and the horizon's segments are decoded side by
      side from the last state (SegRNN, Lin et al. 2023, arXiv 2308.11200v1).
    - `smoothing`: a step is a whole window of what the smoothing leaves, and all H steps are
      answered at each (ES-RNN, Smyl 2020, doi 10.1016/j.ijforecast.2019.03.017).

    Args:
        plan: How windows are read.
        cells: The layers, from the input up.
        features: D of a step.
        static: How many of these, the last ones, are the same at all steps.
        parameters: P, of the head.
        dropout: Rate before the last layer.
        recall: Whether segments that were read are mixed into the answer.

    Raises:
        ArgumentError: Window or horizon is not made of whole segments.
        BlueprintError: A value is outside its range.
    """
    numbers = plan.targets * parameters
    if plan.strategy == "smoothing":
        ahead = len(plan.columns.future) * (plan.horizon - 1)
        return sequence_to_sequence(
            cells=cells,
            outputs=plan.horizon * numbers,
            input_size=plan.input_steps + features - 1 + ahead,
            dropout=dropout,
        )
    if plan.strategy == "recursive":
        return sequence_to_sequence(
            cells=cells, outputs=numbers, input_size=features, dropout=dropout
        )
    if plan.strategy == "direct" and not plan.ahead:
        return sequence_to_vector(
            cells=cells, outputs=plan.horizon * numbers, input_size=features, dropout=dropout
        )
    rest: tuple[Block, ...] = (Dropout(dropout),) if dropout else ()
    if plan.strategy == "direct":
        blocks = (Recurrent(tuple(cells)), Tail(plan.horizon), *rest, Dense(numbers))
        return _to_vector(features, (*blocks, Flatten(plan.horizon)))
    for name, steps in (("window", plan.input_steps), ("horizon", plan.horizon)):
        if steps % plan.segment:
            raise ArgumentError(
                name, f"{steps} steps in segments of {plan.segment}", "a whole number of segments"
            )
    count = plan.horizon // plan.segment
    read = (Segments(plan.segment, static), Dense(cells[0].units, "relu"))
    last: Block = Dense(plan.segment * numbers)
    if recall and plan.output != "negative_binomial":
        shifted = parameters if plan.output == "quantiles" else 1
        before = plan.input_steps // plan.segment
        last = Recall(plan.segment, before, count, plan.targets, parameters, shifted)
    written = (*rest, last, Flatten(count))
    return _to_vector(features, (*read, Parallel(tuple(cells), count, plan.ahead), *written))


def smoothing_cells(
    cells: Sequence[CellConfig], seasons: tuple[int, ...], dilated: bool
) -> tuple[CellConfig, ...]:
    """Cells for `smoothing`, after Smyl 2020.

    Args:
        cells: The layers, from the input up.
        seasons: Of the plan.
        dilated: Whether their dilations were told. Else each layer after the first goes on from
            the state a season before: the second a first season, those above the next.

    Returns:
        The cells; where a layer is as large as the one below, it adds to what that says.
    """
    found = [cells[0]]
    for k, cell in enumerate(cells[1:]):
        if seasons and not dilated:
            cell = replace(cell, dilation=seasons[min(k, len(seasons) - 1)])
        found.append(replace(cell, residual=cell.units == cells[k].units))
    return tuple(found)


def _to_vector(features: int, blocks: tuple[Block, ...]) -> Blueprint:
    return Blueprint("sequence_to_vector", features, {"body": blocks})
