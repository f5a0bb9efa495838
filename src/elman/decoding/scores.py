"""Logits as log-probabilities, checked."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from elman.errors import ArgumentError, ShapeError
from elman.kernels.weighing import weigh

__all__ = ["Scores", "scores_of"]


class Scores(NamedTuple):
    """The log-probabilities of A rows, in nats, float64; a row's do not depend on its batch.

    Attributes:
        shifted: `[A, V]` up to a number that is added to each row: the greatest is 0.
        weights: `[A, V]` their exponentials.
        totals: Per row the number to be subtracted.
    """

    shifted: np.ndarray
    weights: np.ndarray
    totals: list[float]


def scores_of(logits: Any, rows: int, eos: int | None) -> Scores:
    """The log-softmax of logits, in parts.

    Raises:
        ShapeError: The logits are not `[rows, V]`, or V leaves no room for `eos`.
        ArgumentError: A row holds NaN or +inf, or no token that is possible.
    """
    logits = np.array(logits, dtype=np.float64, order="C")
    least = 0 if eos is None else eos
    if logits.ndim != 2 or len(logits) != rows or logits.shape[1] <= least:
        end = "" if eos is None else f" and <eos> = {eos}"
        raise ShapeError(
            "step",
            f"it returned logits of shape {logits.shape} for {rows} rows{end}",
            "return [B, V] with V greater than the id of <eos>",
        )
    weights, sums = weigh(logits)
    if not all(map(math.isfinite, sums)):
        raise ArgumentError("step", "it returned NaN or infinite logits", "train it again")
    return Scores(logits, weights, [math.log(one) for one in sums])
