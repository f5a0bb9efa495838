"""Segments: some steps are read as one, and the horizon's segments are written side by side.

After SegRNN (Lin et al. 2023, arXiv 2308.11200v1).
"""

from __future__ import annotations

import math

from elman.blueprint import (
    Block,
    Blueprint,
    Dense,
    Dropout,
    Flatten,
    Parallel,
    Recall,
    Segments,
)
from elman.errors import ArgumentError
from elman.runtime.forecasting.plan import ForecastPlan
from elman.runtime.forecasting.strategies.direct import at_once
from elman.runtime.forecasting.strategies.strategy import Asked, Parts, Spans, Strategy
from elman.runtime.forecasting.windows import WindowReach

__all__ = ["SEGMENTS"]


def _spans(asked: Asked) -> Spans:
    """A segment is the longest that the horizon is made of, within a season."""
    season, horizon, segment = asked.one_season(), asked.horizon, asked.segment
    if segment is None:
        longest = season if season > 1 else math.isqrt(horizon)
        segment = max(k for k in range(1, max(longest, 1) + 1) if horizon % k == 0)
    window = asked.window_of(2 * max(horizon, season), segment)
    return Spans(window, season, segment=segment)


def _blueprint(plan: ForecastPlan, parts: Parts) -> Blueprint:
    """The last state is decoded once for each segment of the horizon."""
    for name, steps in (("window", plan.input_steps), ("horizon", plan.horizon)):
        if steps % plan.segment:
            raise ArgumentError(
                name, f"{steps} steps in segments of {plan.segment}", "a whole number of segments"
            )
    count, numbers = plan.horizon // plan.segment, plan.targets * parts.parameters
    last: Block = Dense(plan.segment * numbers)
    if parts.recall and plan.output != "negative_binomial":
        shifted = parts.parameters if plan.output == "quantiles" else 1
        before = plan.input_steps // plan.segment
        last = Recall(plan.segment, before, count, plan.targets, parts.parameters, shifted)
    blocks = (
        Segments(plan.segment, parts.static),
        Dense(parts.cells[0].units, "relu"),
        Parallel(parts.cells, count, plan.ahead),
        *((Dropout(parts.dropout),) if parts.dropout else ()),
        last,
        Flatten(count),
    )
    shape = at_once(plan, parts.features, parts.parameters)
    return Blueprint(shape.configuration, shape.inputs, {"body": blocks})


SEGMENTS = Strategy(
    spans=_spans,
    shape=at_once,
    blueprint=_blueprint,
    reach=WindowReach(),
    reads_ahead=True,
)
