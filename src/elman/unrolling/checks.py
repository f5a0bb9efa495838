"""The checks that whatever unrolls a cell makes before it computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Integer
from torch import Tensor

from elman.errors import ArgumentError, ShapeError
from elman.operators.memory import untraced
from elman.unrolling.protocol import Cell

__all__ = ["Lengths", "Resets", "check_cell", "check_lengths", "check_resets"]

Lengths = Sequence[int] | Integer[np.ndarray, "B"] | Integer[Tensor, "B"]
"""Real steps of each row, each in 0…T."""
Resets = Sequence[Sequence[bool]] | Bool[np.ndarray, "B T"] | Bool[Tensor, "B T"]
"""Where a row starts afresh just before the step is read."""


def check_cell(cell: Any, name: str = "cell") -> Any:
    """`cell` if it meets the protocol, else an `ArgumentError`."""
    if isinstance(cell, type) or not isinstance(cell, Cell):
        raise ArgumentError(
            name,
            f"found {cell!r}",
            "give an object with initial_state(batch) and __call__(inputs, state)",
        )
    return cell


def check_lengths(lengths: Any, batch: int, steps: int, device: torch.device) -> Tensor | None:
    """`lengths` (a list, an array or a tensor) as int64 on `device`; None stays None.

    Raises:
        ShapeError: They are not one integer a row, or one is outside 0…steps.
    """
    if lengths is None:
        return None
    values = _as_tensor("lengths", lengths, device)
    with untraced():
        _check_lengths(values, batch, steps)
    return values.to(torch.int64)


def _check_lengths(values: Tensor, batch: int, steps: int) -> None:
    whole = not values.is_floating_point() and not values.is_complex()
    if values.shape != (batch,) or values.dtype == torch.bool or not (whole or batch == 0):
        raise ShapeError(
            "lengths", f"found {_kind(values)}", f"pass {batch} integers, one for each row"
        )
    outside = torch.nonzero((values < 0) | (values > steps))
    if len(outside):
        row = int(outside[0])
        raise ShapeError(
            f"lengths[{row}]", f"found {int(values[row])}", f"give steps from 0 to {steps}"
        )


def check_resets(resets: Any, batch: int, steps: int, device: torch.device) -> Tensor | None:
    """`resets` (a list, an array or a tensor) as bool on `device`; None stays None.

    Raises:
        ShapeError: They are not booleans `[B, T]`.
    """
    if resets is None:
        return None
    values = _as_tensor("resets", resets, device)
    with untraced():
        if values.shape != (batch, steps) or values.dtype != torch.bool:
            raise ShapeError(
                "resets", f"found {_kind(values)}", f"pass booleans of shape [{batch}, {steps}]"
            )
    return values


def _as_tensor(name: str, values: Any, device: torch.device) -> Tensor:
    if isinstance(values, Tensor):  # `as_tensor` makes a constant of it where a tracer records
        return values.to(device)
    try:
        return torch.as_tensor(values, device=device)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ShapeError(name, f"found {values!r}", "pass a rectangular array") from error


def _kind(tensor: Tensor) -> str:
    return f"{tensor.dtype} of shape {list(tensor.shape)}"
