"""Scores as weights to draw by: exponentials in float64, compiled where there is a module.

The compiled twins have other last bits than NumPy's, and sum in another order; at one level of
instructions a row's bits depend on the row alone.

>>> import numpy as np
>>> scores = np.log([[1.0, 3.0]])
>>> weights, sums = weigh(scores)
>>> weights.round(12).tolist(), [round(one, 12) for one in sums], scores[0, 1]
([[0.333333333333, 1.0]], [1.333333333333], 0.0)
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from elman.kernels.compiled import kernels_of_weights

__all__ = ["powers", "weigh"]


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
