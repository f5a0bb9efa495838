"""What passes from block to block, on NumPy arrays; the twin of `elman.models.flow`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from elman.kernels.attention import Memory

__all__ = ["Flow"]


class Flow(NamedTuple):
    """What passes from block to block.

    Attributes:
        values: `[B, T, F]` steps (or `[B, T]` token ids), zero past each length; for one step,
            or once the sequence is pooled, `[B, F]`.
        lengths: `[B]` int64, or None where the values are no sequence.
        hidden: `[B, S]` the last recurrent block's top hidden state after what was read.
        segments: `[B, n, length, F]` the segments that were made last; None: none were.
        given: `[B, T, G]` further numbers of each step; None: none are given.
        memory: The sources that a decoder may look at; None: none.
        sources: `[B]` int64, which of them is each row's.
        beside: `[B, ·]`, what stands behind each step's input of the lowest cell; None: nothing.
        attention: `[B, T, S]`, for one step `[B, S]`: how much an `attend` block looked at each
            step of the source, zero past each length; None: there is none.
    """

    values: np.ndarray
    lengths: np.ndarray | None = None
    hidden: np.ndarray | None = None
    segments: np.ndarray | None = None
    given: np.ndarray | None = None
    memory: Memory | None = None
    sources: np.ndarray | None = None
    beside: np.ndarray | None = None
    attention: np.ndarray | None = None
