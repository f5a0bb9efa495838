"""Whether probabilities are what they say, and the temperature that makes them so."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

__all__ = ["BINS", "calibration_error", "fit_temperature", "softmax"]

BINS = 15
"""Bins of confidence, equally wide."""
_COLDEST, _HOTTEST = 0.02, 50.0
_HALVINGS = 60


def softmax(logits: np.ndarray) -> np.ndarray:
    """Logits `[…, K]` as probabilities, summing to 1 over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def calibration_error(
    true: Int[np.ndarray, "N"],
    chances: Float[np.ndarray, "N K"],
    weight: np.ndarray | None = None,
    bins: int = BINS,
) -> float | None:
    """The expected calibration error, in [0, 1]: how far confidence is from the share of right.

    Σ over bins of confidence of (share of rows in it) · |share of right answers - mean confidence|
    (Guo et al. 2017, "On Calibration of Modern Neural Networks").

    >>> chances = np.array([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [0.2, 0.8]])
    >>> round(calibration_error(np.array([0, 1, 1, 1]), chances), 3)
    0.3

    Args:
        true: Class indices; -1 for one that has no probability.
        chances: Of each class, rows summing to 1.
        weight: Of each row, or None.
        bins: How many.

    Returns:
        None where there is no row.
    """
    weight = np.ones(len(true)) if weight is None else np.asarray(weight, np.float64)
    total = weight.sum()
    if not total:
        return None
    sure = chances.max(axis=1).astype(np.float64)
    right = chances.argmax(axis=1) == true
    place = np.minimum((sure * bins).astype(np.int64), bins - 1)
    apart = np.bincount(place, weight * (right - sure), minlength=bins)
    return float(np.abs(apart).sum() / total)


def fit_temperature(
    logits: Float[np.ndarray, "N K"],
    true: Int[np.ndarray, "N"],
    weight: np.ndarray | None = None,
) -> float:
    """The T for which softmax(logits / T) gives the true classes the highest likelihood.

    The likelihood has one peak in 1 / T, which is found by halving. Where all N answers are right
    it has none: colder were always better, up to certainty. N rows do not tell that: it is then as
    if 1 of N + 2 were wrong (Laplace's rule of succession). T is kept in 0.02…50.

    >>> logits = np.array([[3.0, 0.0], [3.0, 0.0], [3.0, 0.0], [3.0, 0.0]])
    >>> round(3 / fit_temperature(logits, np.array([0, 0, 0, 1])), 3)  # log(3): three of four
    1.099

    Args:
        logits: Of rows whose class is known.
        true: Class indices.
        weight: Of each row, or None.
    """
    logits = np.asarray(logits, np.float64)
    weight = np.ones(len(true)) if weight is None else np.asarray(weight, np.float64)
    wanted = logits[np.arange(len(true)), true]
    if (logits.argmax(axis=1) == true)[weight > 0].all():
        others = (logits.sum(axis=1) - wanted) / (logits.shape[1] - 1)
        wanted = wanted + (others - wanted) / (np.count_nonzero(weight) + 2)

    def slope(cold: float) -> float:
        """Of the mean loss by 1 / T: it grows with it."""
        powers = np.exp((logits - logits.max(axis=1, keepdims=True)) * cold)
        expected = (powers * logits).sum(axis=1) / powers.sum(axis=1)
        return float((weight * (expected - wanted)).sum())

    low, high = np.log(1 / _HOTTEST), np.log(1 / _COLDEST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(np.exp(middle)) < 0 else (low, middle)
    return float(np.exp(-(low + high) / 2))
