"""Logits as log-probabilities, checked."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from elman.errors import ArgumentError, ShapeError
from elman.kernels.weighing import likeliest, weigh

__all__ = ["Ranked", "Scores", "ranked_of", "scores_of"]


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

    @property
    def size(self) -> int:
        """V."""
        return self.shifted.shape[1]

    def log_probability(self, row: int, token: int) -> float:
        """Of a token in a row."""
        return float(self.shifted[row, token]) - self.totals[row]


class Ranked(NamedTuple):
    """The most probable tokens of each row.

    Attributes:
        tokens: The most probable first.
        log_probabilities: Theirs, in nats: those that `Scores` has.
        size: V.
    """

    tokens: list[list[int]]
    log_probabilities: list[list[float]]
    size: int

    def log_probability(self, row: int, token: int) -> float:
        """Of one of a row's tokens."""
        return self.log_probabilities[row][self.tokens[row].index(token)]


def scores_of(logits: Any, rows: int, eos: int | None) -> Scores:
    """The log-softmax of logits, in parts.

    Raises:
        ShapeError: The logits are not `[rows, V]`, or V leaves no room for `eos`.
        ArgumentError: A row holds NaN or +inf, or no token that is possible.
    """
    logits = _checked(np.array(logits, dtype=np.float64, order="C"), rows, eos)
    weights, sums = weigh(logits)
    return Scores(logits, weights, _totals(sums))


def ranked_of(logits: Any, rows: int, eos: int | None, count: int, never: np.ndarray) -> Ranked:
    """The `count` most probable tokens of each row but for those that are `never` written.

    Errors as of `scores_of`.
    """
    kind = np.float32 if getattr(logits, "dtype", None) == np.float32 else np.float64
    logits = _checked(np.ascontiguousarray(logits, dtype=kind), rows, eos)
    best = likeliest(logits, count, never[never < logits.shape[1]].astype(np.int64))
    each = zip(best.values, _totals(best.sums), strict=True)
    said = [[value - total for value in values] for values, total in each]
    return Ranked(best.tokens, said, logits.shape[1])


def _checked(logits: np.ndarray, rows: int, eos: int | None) -> np.ndarray:
    least = 0 if eos is None else eos
    if logits.ndim != 2 or len(logits) != rows or logits.shape[1] <= least:
        end = "" if eos is None else f" and <eos> = {eos}"
        raise ShapeError(
            "step",
            f"it returned logits of shape {logits.shape} for {rows} rows{end}",
            "return [B, V] with V greater than the id of <eos>",
        )
    return logits


def _totals(sums: list[float]) -> list[float]:
    if not all(map(math.isfinite, sums)):
        raise ArgumentError("step", "it returned NaN or infinite logits", "train it again")
    return [math.log(one) for one in sums]
