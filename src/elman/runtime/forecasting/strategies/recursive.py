"""Recursive: the next step, then the one after it from that answer, to the end of the horizon."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from elman.blueprint import Blueprint, sequence_to_sequence
from elman.data.series.windows import WindowBatch
from elman.runtime.forecasting.forecasting import Forecasting
from elman.runtime.forecasting.plan import ForecastPlan
from elman.runtime.forecasting.strategies.strategy import Asked, Parts, Shape, Spans, Strategy
from elman.runtime.forecasting.windows import WindowReach
from elman.state import map_leaves

__all__ = ["RECURSIVE"]

_WINDOW = 20  # as of the classic introduction


def _parameters(
    work: Forecasting, batch: WindowBatch, starts: Int[np.ndarray, "B"]
) -> Float[np.ndarray, "B H K P"]:
    """Raw outputs, each step's fed with the forecast of the one before."""
    return _unrolled(work, batch.inputs, starts, 1, work.companions.head.point)[0]


def _drawn(
    work: Forecasting,
    batch: WindowBatch,
    start: Int[np.ndarray, "1"],
    count: int,
    draws: np.random.Generator,
) -> Float[np.ndarray, "H K S"]:
    """Paths of one window, each step's draw fed to the next."""
    head = work.companions.head

    def choose(params: np.ndarray) -> np.ndarray:
        return head.sample(params, draws, 1, batch.spread)[..., 0]

    return np.moveaxis(_unrolled(work, batch.inputs, start, count, choose)[1], 0, -1)


def _unrolled(
    work: Forecasting,
    inputs: Float[np.ndarray, "B L D"],
    starts: Int[np.ndarray, "B"],
    copies: int,
    choose: Callable[[np.ndarray], np.ndarray],
) -> tuple[Float[np.ndarray, "M H K P"], Float[np.ndarray, "M H K"]]:
    """Step by step, fed with what is chosen of each answer; the answers, and the chosen.

    Past covariates stay as they were last. With copies, M = B * copies rows go on.
    """
    plan, prepared = work.companions.plan, work.prepared
    targets, known = plan.targets, slice(prepared.unknown, prepared.unknown + prepared.known)
    outputs, state = work.network.unroll(inputs)
    outputs, step = (np.repeat(rows[:, -1], copies, axis=0) for rows in (outputs, inputs))
    state = map_leaves(lambda leaf: np.repeat(leaf, copies, axis=0), state)
    starts = np.repeat(starts, copies)
    said, chosen = [], []
    for h in range(1, plan.horizon + 1):
        params = outputs.reshape(len(step), targets, -1)
        said.append(params)
        chosen.append(choose(params))
        if h < plan.horizon:
            step[:, :targets] = chosen[-1]
            if plan.flags:
                step[:, targets : 2 * targets] = 1
            step[:, known] = prepared.values[starts + plan.input_steps + h, known]
            outputs, state = work.network.step_inputs(step, state)
    return np.stack(said, axis=1), np.stack(chosen, axis=1)


def _spans(asked: Asked) -> Spans:
    return Spans(_WINDOW if asked.window is None else asked.window, asked.one_season())


def _shape(plan: ForecastPlan, features: int, parameters: int) -> Shape:
    """At each step the next one."""
    return Shape("sequence_to_sequence", features, plan.targets * parameters)


def _blueprint(plan: ForecastPlan, parts: Parts) -> Blueprint:
    """An output projection at each step."""
    shape = _shape(plan, parts.features, parts.parameters)
    return sequence_to_sequence(
        cells=parts.cells,
        outputs=shape.outputs,
        input_size=shape.inputs,
        dropout=parts.dropout,
    )


_AT_ONCE = "strategy 'direct' or 'segments'"  # told at each step, traits would tell of later ones

RECURSIVE = Strategy(
    spans=_spans,
    shape=_shape,
    blueprint=_blueprint,
    reach=WindowReach(_parameters, _drawn),
    refuses={
        "segment": "leave it out",
        "linear": _AT_ONCE,
        "base": _AT_ONCE,
        "traits": _AT_ONCE,
    },
    window_scaling="none",  # it learns at every step, where a window's level would tell the future
    shift_known=True,
)
