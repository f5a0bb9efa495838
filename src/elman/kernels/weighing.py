"""Scores as weights to draw by: exponentials in float64, compiled where there is a module.

The compiled twins have other last bits than NumPy's, and sum in another order; at one level of
instructions a row's bits depend on the row alone.

>>> import numpy as np
>>> scores = np.log([[1.0, 3.0]])
>>> weights, sums = weigh(scores)
>>> weights.round(12).tolist(), [round(one, 12) for one in sums], scores[0, 1].item()
([[0.333333333333, 1.0]], [1.333333333333], 0.0)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from elman.kernels.compiled import kernels_of_weights

__all__ = ["Best", "likeliest", "powers", "weigh"]

_RUN = 64  # scores of which the greatest one bounds the others


class Best(NamedTuple):
    """The greatest scores of each row.

    Attributes:
        tokens: Where they stand, the greatest first, and the first among equals; `count` of them,
            or as many as there are above -inf.
        values: Likewise: less by the row's greatest.
        sums: Of the exponentials of these differences in a row: all of them, banned or not; NaN as
            of `weigh`.
    """

    tokens: list[list[int]]
    values: list[list[float]]
    sums: list[float]


def powers(values: Float[np.ndarray, "V"]) -> Float[np.ndarray, "V"]:
    """Exponentials of values ≤ 0, dense float64; 0 where that is too small for a normal number."""
    compiled = kernels_of_weights()
    if compiled is None:
        return np.exp(values)
    found = np.empty_like(values)
    compiled.powers(len(values), values, found)
    return found


def weigh(values: Float[np.ndarray, "A V"]) -> tuple[Float[np.ndarray, "A V"], list[float]]:
    """Weights of the scores in each row, V ≥ 1.

    Args:
        values: Dense float64. In place they become less by each row's greatest, which becomes 0.

    Returns:
        Their exponentials, and each row's sum of these: NaN where its greatest is not finite, or
        one is NaN.
    """
    compiled = kernels_of_weights()
    if compiled is not None:
        weights = np.empty_like(values)
        return weights, compiled.weigh(values.shape, values, weights)
    tops = np.maximum.reduce(values, axis=1, keepdims=True)
    known = np.isfinite(tops)
    values -= np.where(known, tops, 0)
    weights = np.exp(values)
    sums = np.add.reduce(weights, axis=1)
    return weights, np.where(known[:, 0], sums, math.nan).tolist()


def likeliest(scores: Float[np.ndarray, "A V"], count: int, never: Int[np.ndarray, "M"]) -> Best:
    """The `count` greatest scores of each row.

    Args:
        scores: Dense, float32 or float64, V ≥ 1; not written to.
        count: ≥ 1.
        never: int64, what is passed over, 0…V-1.
    """
    compiled = kernels_of_weights()
    if compiled is not None:
        places = np.empty((len(scores), count), np.int64)
        values = np.empty((len(scores), count))
        of = compiled.float32 if scores.dtype == np.float32 else compiled.float64
        sums, counts = of.likeliest((*scores.shape, count), scores, never, places, values)
        tokens = [row[:size] for row, size in zip(places.tolist(), counts, strict=True)]
        found = [row[:size] for row, size in zip(values.tolist(), counts, strict=True)]
        return Best(tokens, found, sums)
    values = scores.astype(np.float64)
    _, sums = weigh(values)
    values[:, never] = -np.inf
    tokens, found = _sorted(values, count)
    return Best(tokens, found, sums)


def _sorted(
    values: Float[np.ndarray, "A V"], count: int
) -> tuple[list[list[int]], list[list[float]]]:
    """All rows at once: of a large vocabulary only what may be among the best is sorted."""
    starts = np.arange(0, values.shape[1], _RUN)
    bound = np.full((len(values), 1), np.finfo(np.float64).min)
    if len(starts) > count:  # the `count` best of as many runs are no better than the best of all
        tops = np.maximum.reduceat(values, starts, axis=1)
        bound = np.maximum(bound, np.partition(tops, -count, axis=1)[:, -count, None])
    places = np.flatnonzero(values >= bound)
    rows, tokens = np.divmod(places, values.shape[1])
    found = values.ravel()[places]
    order = np.lexsort((-found, rows))  # stable: the first among equals comes first
    rows, tokens, found = rows[order], tokens[order].tolist(), found[order].tolist()
    edges = np.searchsorted(rows, np.arange(len(values) + 1)).tolist()
    kept = [slice(edges[k], min(edges[k + 1], edges[k] + count)) for k in range(len(values))]
    return [tokens[one] for one in kept], [found[one] for one in kept]
