"""Random masks as a pure function of a row's key, a stream, a step and a unit.

`Dropout` and `Zoneout` keep a key for each row and the number of steps that the row has made in
their state, so a sequence, its steps and its chunks draw the same masks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from elman.kernels.philox import keep_mask
from elman.operators.loop import real_steps
from elman.state import leaves, map_leaves, where

__all__ = ["draw_keys", "keep", "map_recurrent", "restarted"]


def draw_keys(batch: int, state: Any, training: bool) -> tuple[Int[Tensor, "B"], Int[Tensor, "B"]]:
    """A fresh key and step 0 for each row, on the device of `state`.

    Keys come from torch's default generator; when not training, nothing is drawn: they are 0.
    """
    device = next((leaf.device for leaf in leaves(state)), None)
    step = torch.zeros(batch, dtype=torch.int64)
    key = torch.randint(2**63 - 1, (batch,)) if training else step.clone()
    return key.to(device), step.to(device)


def keep(
    values: Float[Tensor, "B *dims"],
    key: Int[Tensor, "B"],
    steps: Int[Tensor, "B"] | Int[Tensor, "B T"],
    rate: float,
    stream: int,
) -> Float[Tensor, "B *dims"]:
    """Zeros (with probability `rate`) and ones in the shape and dtype of `values`.

    Args:
        values: `[B, ...]` beside steps `[B]`, or `[B, T, ...]` beside steps `[B, T]`.
        key: The rows' keys.
        steps: How many steps each row had made.
        rate: Probability of a zero.
        stream: Which of a wrapper's masks this is.
    """
    units = values.shape[steps.dim() :].numel()
    return keep_mask(key, steps, units, rate, stream).reshape(values.shape).to(values)


def restarted(
    cell: Any, state: Any, lengths: Int[Tensor, "B"] | None, resets: Bool[Tensor, "B T"] | None
) -> Any:
    """The state with that of `cell.initial_state` in the rows that a reset sent back to it."""
    if resets is None:
        return state
    if lengths is not None:
        resets = resets & real_steps(lengths, resets.shape[1])
    return where(resets.any(dim=1), cell.initial_state(resets.shape[0]), state)


def map_recurrent(function: Callable[..., Tensor], state: Any, *others: Any) -> Any:
    """`function(index, name, leaf, ...)` applied to each floating-point array of a state.

    `index` counts all arrays depth first, `name` is the array's field ("" in a plain tuple).
    Arrays of integers are copied from the last of the given states.
    """
    names = enumerate(_names(state))

    def apply(*parts: Tensor) -> Tensor:
        index, name = next(names)
        return function(index, name, *parts) if parts[0].is_floating_point() else parts[-1]

    return map_leaves(apply, state, *others)


def _names(state: Any, name: str = "") -> Iterator[str]:
    if not isinstance(state, tuple):
        yield name
        return
    for field, part in zip(getattr(state, "_fields", [""] * len(state)), state, strict=True):
        yield from _names(part, field)
