"""The checks that cells and wrappers make of what they are built with."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from elman.errors import ArgumentError
from elman.state import leaves

__all__ = ["check_rate", "check_size", "example_leaf"]


def check_size(name: str, size: Any) -> int:
    """`size` if it is a positive integer, else an `ArgumentError`."""
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ArgumentError(name, f"found {size!r}", "give a positive integer")
    return size


def check_rate(name: str, rate: Any) -> float:
    """`rate` if it is a probability in [0, 1), else an `ArgumentError`."""
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < 1:
        raise ArgumentError(name, f"found {rate!r}", "give a probability in [0, 1)")
    return float(rate)


def example_leaf(state: Any) -> Tensor | None:
    """The first floating-point array of a state: it tells a cell's dtype and device."""
    return next((leaf for leaf in leaves(state) if leaf.is_floating_point()), None)
