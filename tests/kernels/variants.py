"""Every recurrence with every combination of its options, and random arguments for it."""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

import numpy as np

from elman.kernels.contract import (
    GRU,
    LSTM,
    GRUWeights,
    LSTMWeights,
    Noise,
    Recurrence,
    RNNWeights,
    Simple,
)
from elman.state import LSTMState, RNNState


class Variant(NamedTuple):
    """A recurrence and which optional weights it is given."""

    recurrence: Recurrence
    layer_norm: bool = False
    peepholes: bool = False
    projection: bool = False
    recurrent_bias: bool = False


def _variants() -> dict[str, Variant]:
    found = {}
    for activation, norm in product(("tanh", "relu"), (False, True)):
        found[f"{activation}{'-norm' * norm}"] = Variant(Simple(activation), norm)
    for norm, peep, proj, clip in product((False, True), repeat=4):
        name = "lstm" + "-norm" * norm + "-peep" * peep + "-proj" * proj + "-clip" * clip
        recurrence = LSTM(forget_bias=0.7, cell_clip=0.5 if clip else None)
        found[name] = Variant(recurrence, norm, peep, proj)
    for norm, (after, bias) in product((False, True), [(0, 0), (1, 0), (1, 1)]):
        name = "gru" + "-norm" * norm + ("-after" if after else "-before") + "-bias" * bias
        found[name] = Variant(GRU(reset_after=bool(after)), norm, recurrent_bias=bool(bias))
    return found


VARIANTS = _variants()


def random_weights(
    variant: Variant, inputs: int, hidden: int, rng: np.random.Generator, dtype: Any = np.float64
) -> Any:
    """Random weights: no two gates are alike, so swapping any two changes every result."""

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.6, shape).astype(dtype)

    def gain(*shape: int) -> np.ndarray | None:
        return (1 + draw(*shape)).astype(dtype) if variant.layer_norm else None

    recurrence = variant.recurrence
    rows = recurrence.gates * hidden
    recurrent = max(1, hidden - 1) if variant.projection else hidden
    common = (draw(rows, inputs), draw(rows, recurrent), draw(rows))
    norms = (gain(rows), gain(rows))
    if isinstance(recurrence, Simple):
        return RNNWeights(*common, *norms)
    if isinstance(recurrence, GRU):
        return GRUWeights(*common, draw(hidden) if variant.recurrent_bias else None, *norms)
    peephole = draw(3, hidden) if variant.peepholes else None
    projection = draw(recurrent, hidden) if variant.projection else None
    return LSTMWeights(*common, peephole, projection, *norms, gain(2, hidden))


def random_state(
    recurrence: Recurrence, weights: Any, batch: int, rng: np.random.Generator
) -> RNNState | LSTMState:
    """A random state of the weights' sizes and dtype."""
    dtype = weights.weight_ih.dtype
    hidden = rng.normal(0, 0.5, (batch, weights.weight_hh.shape[1])).astype(dtype)
    if not isinstance(recurrence, LSTM):
        return RNNState(hidden)
    units = weights.weight_ih.shape[0] // 4
    return LSTMState(hidden, rng.normal(0, 0.5, (batch, units)).astype(dtype))


def random_noise(variant: Variant, batch: int, rng: np.random.Generator, training: bool) -> Noise:
    """Zoneout and recurrent dropout together; keys and steps reach past 32 bits."""
    rates = rng.uniform(0.1, 0.6, 3)
    if not isinstance(variant.recurrence, LSTM):
        rates[1] = 0
    keys = rng.integers(-(2**63), 2**63, batch) if training else None
    steps = rng.choice([0, 5, 2**32 - 2], batch) if training else None
    return Noise(keys, steps, *rates.tolist(), variational=bool(rng.integers(2)))
