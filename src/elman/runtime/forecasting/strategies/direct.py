"""Direct: all steps of the horizon at once, from the state after the window."""

from __future__ import annotations

from elman.blueprint import Blueprint, Dense, Dropout, Flatten, Recurrent, Tail, sequence_to_vector
from elman.runtime.forecasting.plan import ForecastPlan
from elman.runtime.forecasting.strategies.strategy import Asked, Parts, Shape, Spans, Strategy
from elman.runtime.forecasting.windows import WindowReach

__all__ = ["DIRECT", "at_once"]


def at_once(plan: ForecastPlan, features: int, parameters: int) -> Shape:
    """A window becomes all H steps."""
    return Shape("sequence_to_vector", features, plan.horizon * plan.targets * parameters)


def _spans(asked: Asked) -> Spans:
    """It reads two horizons or two seasons, whichever is longer."""
    season = asked.one_season()
    return Spans(asked.window_of(2 * max(asked.horizon, season)), season)


def _blueprint(plan: ForecastPlan, parts: Parts) -> Blueprint:
    """Where something is known of the steps ahead, it reads on through them, answering at each."""
    shape = at_once(plan, parts.features, parts.parameters)
    if not plan.ahead:
        return sequence_to_vector(
            cells=parts.cells,
            outputs=shape.outputs,
            input_size=shape.inputs,
            dropout=parts.dropout,
        )
    blocks = (
        Recurrent(parts.cells),
        Tail(plan.horizon),
        *((Dropout(parts.dropout),) if parts.dropout else ()),
        Dense(shape.outputs // plan.horizon),
        Flatten(plan.horizon),
    )
    return Blueprint(shape.configuration, shape.inputs, {"body": blocks})


DIRECT = Strategy(
    spans=_spans,
    shape=at_once,
    blueprint=_blueprint,
    reach=WindowReach(),
    refuses={"segment": "leave it out"},
    reads_ahead=True,
)
