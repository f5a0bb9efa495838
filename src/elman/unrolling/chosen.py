"""Which steps' outputs are wanted, found segment by segment."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Int, Integer
from torch import Tensor

from elman.errors import ArgumentError, ShapeError

__all__ = ["Chosen", "Steps", "choose_steps"]

Steps = slice | str | Sequence[int] | Bool[np.ndarray, "T"] | Integer[np.ndarray, "S"] | Tensor
"""A slice; "last"; increasing numbers `[S]`; or a mask `[T]`."""


class Chosen(NamedTuple):
    """Some steps of a sequence.

    Attributes:
        size: How many: S.
        find: Of the steps from `start` to `stop`, those that are chosen: where they stand among the
            chosen `[B, S]`, and where among `[B, stop - start]` (None: all of these, in order).
            None if there are none.
    """

    size: int
    find: Callable[[int, int], tuple[Any, Any] | None]

    def pick(self, outputs: Tensor) -> Tensor:
        """The chosen ones `[B, S, ...]` of all outputs `[B, T, ...]`."""
        found = self.find(0, outputs.shape[1])
        if found is None:
            return outputs[:, :0]
        _, there = found
        if there is None:
            return outputs
        picked = outputs[there]
        return picked if picked.dim() == outputs.dim() else picked[:, None]


def choose_steps(
    steps: Steps | None, batch: int, time: int, lengths: Int[Tensor, "B"] | None, reverse: bool
) -> Chosen:
    """The steps that `steps` names, of `[B, T]`; None names all.

    "last" is the step that each row reads last: its last real one, or its first where it is read in
    reverse; step 0 of an empty row.

    Raises:
        ArgumentError: A step is outside 0…T-1, they do not increase, or the slice goes backwards.
        ShapeError: Neither steps nor a mask `[T]`.
    """
    if steps is None:
        return _stretch(0, time)
    if isinstance(steps, slice):
        every = range(time)[steps]
        if every.step < 1:
            raise ArgumentError("steps", f"found {steps}", "give a slice that goes forward")
        return _stretch(every.start, every.stop) if every.step == 1 else _listed(list(every))
    if isinstance(steps, str):
        if steps != "last":
            raise ArgumentError("steps", f"found {steps!r}", "give 'last', a slice, steps, a mask")
        return _last(batch, time, lengths, reverse)
    return _listed(_numbers(steps, time))


def _numbers(steps: Any, time: int) -> list[int]:
    try:
        values = torch.as_tensor(steps)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ShapeError("steps", f"found {steps!r}", "give 'last', a slice, steps, a mask") from (
            error
        )
    if values.dtype == torch.bool and values.shape == (time,):
        return values.nonzero().flatten().tolist()
    whole = not (values.is_floating_point() or values.is_complex() or values.dtype == torch.bool)
    if values.dim() != 1 or not (whole or len(values) == 0):
        found = f"found {values.dtype} of shape {list(values.shape)}"
        raise ShapeError("steps", found, f"give integers [S], or a mask [{time}]")
    numbers = values.tolist()
    for before, number in zip([-1, *numbers], numbers, strict=False):
        if not before < number < time:
            raise ArgumentError(
                "steps", f"found {number} after {before}", f"give increasing steps, 0 to {time - 1}"
            )
    return numbers


def _stretch(first: int, last: int) -> Chosen:
    def find(start: int, stop: int) -> tuple[Any, Any] | None:
        low, high = max(start, first), min(stop, last)
        if low >= high:
            return None
        every = slice(None)
        there = None if (low, high) == (start, stop) else (every, slice(low - start, high - start))
        return (every, slice(low - first, high - first)), there

    return Chosen(max(0, last - first), find)


def _listed(numbers: list[int]) -> Chosen:
    def find(start: int, stop: int) -> tuple[Any, Any] | None:
        low, high = bisect_left(numbers, start), bisect_left(numbers, stop)
        if low == high:
            return None
        there = torch.tensor(numbers[low:high]) - start
        return (slice(None), slice(low, high)), (slice(None), there)

    return Chosen(len(numbers), find)


def _last(batch: int, time: int, lengths: Tensor | None, reverse: bool) -> Chosen:
    steps = torch.full((batch,), time - 1) if lengths is None else (lengths - 1).clamp(min=0)
    if reverse:
        steps = torch.zeros_like(steps)

    def find(start: int, stop: int) -> tuple[Any, Any] | None:
        rows = ((start <= steps) & (steps < stop)).nonzero().flatten()
        if len(rows) == 0:
            return None
        return (rows, 0), (rows, steps[rows] - start)

    return Chosen(min(1, time), find)
