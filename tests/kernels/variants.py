"""Every recurrence with every combination of its options, and random arguments for it."""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

import numpy as np

from elman.kernels.contract import GRU, LSTM, Noise, Recurrence, Simple
from elman.recurrences import Sizes
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


SPECIFIED = _variants()
"""What the specification says."""

UNCOMPILED: tuple[str, ...] = ()
"""Kinds of recurrence without compiled kernels: they run by the loop, and by the reference."""

VARIANTS = {
    name: variant
    for name, variant in SPECIFIED.items()
    if variant.recurrence.kind not in UNCOMPILED
}
"""What every implementation of ours runs."""

_DRAWN = ("weight_ih", "weight_hh", "bias", "norm_ih", "norm_hh", "recurrent_bias", "peephole")
_DRAWN += ("projection", "norm_cell")


def random_weights(
    variant: Variant, inputs: int, hidden: int, rng: np.random.Generator, dtype: Any = np.float64
) -> Any:
    """Random weights: no two gates are alike, so swapping any two changes every result."""
    recurrence = variant.recurrence
    sizes = Sizes(inputs, hidden, max(1, hidden - 1) if variant.projection else hidden)
    shapes = recurrence.chosen_shapes(sizes, variant._asdict())
    if not variant.recurrent_bias:
        shapes.pop("recurrent_bias", None)
    drawn = {}
    for name in sorted(shapes, key=_DRAWN.index):
        gain = name.startswith("norm_")
        drawn[name] = (gain + rng.normal(0, 0.6, shapes[name]).astype(dtype)).astype(dtype)
    return recurrence.weights_type(**drawn)


def random_state(
    recurrence: Recurrence, weights: Any, batch: int, rng: np.random.Generator
) -> RNNState | LSTMState:
    """A random state of the weights' sizes and dtype."""
    dtype = weights.weight_ih.dtype
    return recurrence.zero_state(
        recurrence.sizes(weights), lambda size: rng.normal(0, 0.5, (batch, size)).astype(dtype)
    )


def random_noise(variant: Variant, batch: int, rng: np.random.Generator, training: bool) -> Noise:
    """Zoneout and recurrent dropout together; keys and steps reach past 32 bits."""
    rates = rng.uniform(0.1, 0.6, 3)
    if not variant.recurrence.has_cell:
        rates[1] = 0
    keys = rng.integers(-(2**63), 2**63, batch) if training else None
    steps = rng.choice([0, 5, 2**32 - 2], batch) if training else None
    return Noise(keys, steps, *rates.tolist(), variational=bool(rng.integers(2)))
