"""Whole sequences step by step in torch operations: slow, but every variant and every derivative.

What stands past a length is masked before it is used, not after: a NaN that is only multiplied
by zero on the way back would still spoil the gradients.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from elman.kernels.contract import Noise, Recurrence, State, Weights
from elman.kernels.noise import draw, enter, mix
from elman.operators.equations import advance, project
from elman.state import map_leaves, where

__all__ = ["reading_order", "real_steps", "unroll"]


def unroll(
    recurrence: Recurrence,
    weights: Weights,
    inputs: Float[Tensor, "B T I"],
    state: State,
    lengths: Int[Tensor, "B"] | None,
    resets: Bool[Tensor, "B T"] | None,
    reverse: bool,
    noise: Noise | None = None,
) -> tuple[Float[Tensor, "B T R"], Any]:
    """As `elman.operators.unroll`, without checks."""
    batch, steps, _ = inputs.shape
    real = None if lengths is None else real_steps(lengths, steps)
    if real is not None:
        inputs = inputs.masked_fill(~real[..., None], 0)
        resets = None if resets is None else resets & real
    projected = project(recurrence, weights, inputs)
    all_masks = draw(noise, reading_order(batch, steps, lengths, reverse, inputs.device), state)
    outputs = []
    # Read backwards, a row waits until its own last step comes by.
    for t in reversed(range(steps)) if reverse else range(steps):
        if resets is not None:
            state = _zero_where(resets[:, t], state)
        masks = all_masks.at(slice(None), t)
        _, new = advance(recurrence, weights, projected[:, t], enter(masks, state))
        after = mix(masks, state, new)
        output = after.hidden
        state = after if real is None else where(real[:, t], after, state)
        outputs.append(output if real is None else output.masked_fill(~real[:, t, None], 0))
    if not outputs:
        return state.hidden.new_zeros(batch, 0, state.hidden.shape[1]), state
    return torch.stack(outputs[::-1] if reverse else outputs, dim=1), state


def real_steps(lengths: Int[Tensor, "B"], steps: int) -> Bool[Tensor, "B T"]:
    """True at the steps before each row's length."""
    return torch.arange(steps, device=lengths.device) < lengths[:, None]


def reading_order(
    batch: int, steps: int, lengths: Int[Tensor, "B"] | None, reverse: bool, device: torch.device
) -> Int[Tensor, "B T"]:
    """The position at which each step is read: 0 for the first; steps past a length get 0."""
    order = torch.arange(steps, device=device).expand(batch, steps)
    if reverse:
        order = (steps if lengths is None else lengths[:, None]) - 1 - order
    elif lengths is not None:
        order = torch.where(real_steps(lengths, steps), order, 0)
    return order.clamp(min=0)


def _zero_where(rows: Tensor, state: State) -> State:
    return map_leaves(lambda leaf: leaf.masked_fill(rows[:, None], 0), state)
