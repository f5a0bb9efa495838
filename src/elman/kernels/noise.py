"""Zoneout and recurrent dropout around one step, as `Noise` in `contract` describes them.

One text serves NumPy arrays and torch tensors. With d, m the masks and ⊙ entry by entry:

    entering = h_before ⊙ d
    new = step(x, entering)
    after = m ⊙ new + (1 - m) ⊙ before

d is 0 or 1 / (1 - rate); m is 0 or 1, or 1 - rate where a network answers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from elman.kernels.contract import Noise, State
from elman.kernels.philox import keep_mask
from elman.state import map_leaves

__all__ = ["Masks", "draw", "enter", "mix", "mix_backward"]

_DROPOUT = 2  # stream; zoneout's are an array's place in the state

Array = Any  # numpy.ndarray or torch.Tensor


class Masks(NamedTuple):
    """Masks of steps; one is None where there is no such noise."""

    entering: Array | None  # d: [B, T, R], at one step [B, R]
    new: Any  # m: a state of such masks

    def at(self, *index: Any) -> Masks:
        """Those of some rows and steps."""
        return map_leaves(lambda mask: None if mask is None else mask[index], self)


def draw(noise: Noise | None, order: Array, state: State) -> Masks:
    """The masks of whole sequences.

    Args:
        noise: None gives no masks.
        order: `[B, T]` int64: the position at which each step is read, 0 for the first.
        state: Any state of the recurrence: it tells sizes and dtype.
    """
    if noise is None:
        return Masks(None, type(state)(*(None for _ in state)))
    rates = (noise.zoneout_hidden, noise.zoneout_cell)[: len(state)]
    new = [
        _new_part(noise, order, leaf, rate, stream)
        for stream, (leaf, rate) in enumerate(zip(state, rates, strict=True))
    ]
    return Masks(_entering(noise, order, state.hidden), type(state)(*new))


def enter(masks: Masks, before: State) -> State:
    """The state as it enters a step; its gradient goes the same way."""
    if masks.entering is None:
        return before
    return before._replace(hidden=before.hidden * masks.entering)


def mix(masks: Masks, before: State, new: State) -> State:
    """The state after zoneout, from the one before the step and the one that the step gave."""
    return map_leaves(
        lambda m, old, made: made if m is None else m * made + (1 - m) * old,
        masks.new,
        before,
        new,
    )


def mix_backward(masks: Masks, d_after: State) -> tuple[State, State]:
    """Gradients of `mix` by the state before the step and by the new one."""
    d_before = map_leaves(lambda m, d: 0.0 if m is None else (1 - m) * d, masks.new, d_after)
    d_new = map_leaves(lambda m, d: d if m is None else m * d, masks.new, d_after)
    return d_before, d_new


def _entering(noise: Noise, order: Array, hidden: Array) -> Array | None:
    if not noise.drops:
        return None
    rate = noise.recurrent_dropout
    steps = order * 0 if noise.variational else _steps(noise, order)
    return _like(hidden, keep_mask(noise.keys, steps, hidden.shape[1], rate, _DROPOUT)) / (1 - rate)


def _new_part(noise: Noise, order: Array, leaf: Array, rate: float, stream: int) -> Array | None:
    if rate == 0:
        return None
    if noise.keys is None:
        return _like(leaf, order[..., None] * 0) + (1 - rate)
    return _like(leaf, keep_mask(noise.keys, _steps(noise, order), leaf.shape[1], rate, stream))


def _steps(noise: Noise, order: Array) -> Array:
    """`[B, T]`: how many steps a row made before the one that is read at each position."""
    assert noise.steps is not None  # they come with the keys
    return noise.steps[:, None] + order


def _like(leaf: Array, mask: Array) -> Array:
    """The mask in the dtype of `leaf`."""
    return mask.astype(leaf.dtype) if isinstance(leaf, np.ndarray) else mask.to(leaf)
