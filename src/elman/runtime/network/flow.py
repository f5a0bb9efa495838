"""What passes from block to block, on NumPy arrays; the twin of `elman.models.flow`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

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
    """

    values: np.ndarray
    lengths: np.ndarray | None = None
    hidden: np.ndarray | None = None
    segments: np.ndarray | None = None
    given: np.ndarray | None = None
