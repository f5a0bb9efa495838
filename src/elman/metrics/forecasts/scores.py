"""Scores of forecasts; an actual value that is missing (NaN) is left out of all of them.

A row is one forecast: a series, or a window of it. Where a score is a mean over rows of each
row's own score, a row without any actual value does not count. A score of nothing is NaN.
mae and rmse are those of `elman.metrics.scores`, for the values that were observed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from elman.errors import ArgumentError, ShapeError
from elman.metrics.forecasts.special import normal_cdf

__all__ = [
    "coverage",
    "crps_gaussian",
    "crps_quantiles",
    "crps_samples",
    "mase",
    "quantile_loss",
    "rmsse",
    "seasonal_scale",
    "smape",
]

Numbers = Float[np.ndarray, "*shape"]


def smape(actual: Numbers, forecast: Numbers) -> float:
    """Symmetric mean absolute percentage error, in percent, 0…200, as the M4 competition's.

    The mean of 200 |y - f| / (|y| + |f|); 0 where both are 0.

    Args:
        actual: `[...]`, NaN where missing.
        forecast: As `actual`.

    >>> smape(np.array([30.0, 0.0, np.nan]), np.array([10.0, 0.0, 1.0]))
    50.0
    """
    actual, forecast = _pair(actual, forecast)
    size = np.abs(actual) + np.abs(forecast)
    share = np.divide(np.abs(actual - forecast), size, out=np.zeros_like(size), where=size != 0)
    share[np.isnan(actual)] = np.nan
    return 200 * _mean(share)


def seasonal_scale(
    history: Float[np.ndarray, "T *dims"], season: int, squared: bool = False
) -> Float[np.ndarray, "*dims"]:
    """What `mase` and `rmsse` divide by: how much the history differs from a season before.

    Args:
        history: What was known when the forecast was made, `[T]` or `[T, K]`, NaN where
            missing; a difference with a missing value is left out.
        season: Steps in a season, at least 1.
        squared: The root of the mean squared difference (`rmsse`) instead of the mean
            absolute one (`mase`).

    Returns:
        In the target's unit: `[]` or `[K]`; NaN where there is no difference.

    Raises:
        ArgumentError: The season is below 1.

    >>> seasonal_scale(np.array([1.0, 2.0, 4.0, np.nan, 8.0]), 1).item()
    1.5
    """
    if season < 1:
        raise ArgumentError("season", f"found {season}", "a number of steps, at least 1")
    history = np.asarray(history, dtype=np.float64)
    change = np.abs(history[season:] - history[:-season])
    known = ~np.isnan(change)
    total = np.where(known, change**2 if squared else change, 0).sum(axis=0)
    count = known.sum(axis=0)
    scale = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return np.sqrt(scale) if squared else scale


def mase(
    actual: Float[np.ndarray, "N H"],
    forecast: Float[np.ndarray, "N H"],
    scale: Float[np.ndarray, " N"],
) -> float:
    """Mean absolute scaled error (Hyndman and Koehler 2006): each row's error by its scale.

    Args:
        actual: `[N, H]`, NaN where missing.
        forecast: `[N, H]`.
        scale: `seasonal_scale` of each row's history, `[N]`. Rows whose scale is 0 or NaN (a
            constant history, or none) have no such score and are left out.

    >>> mase(np.array([[1.0, 2.0], [3.0, 5.0]]), np.full((2, 2), 2.0), np.array([0.5, 2.0]))
    1.0
    """
    actual, forecast = _pair(actual, forecast)
    return _mean(_row_means(np.abs(actual - forecast)) / _usable(scale, actual))


def rmsse(
    actual: Float[np.ndarray, "N H"],
    forecast: Float[np.ndarray, "N H"],
    scale: Float[np.ndarray, " N"],
) -> float:
    """Root mean squared scaled error (the M5 competition's): each row's by its scale.

    Arguments as `mase`, with `seasonal_scale(…, squared=True)`.
    """
    actual, forecast = _pair(actual, forecast)
    return _mean(np.sqrt(_row_means((actual - forecast) ** 2)) / _usable(scale, actual))


def quantile_loss(
    actual: Numbers, quantiles: Float[np.ndarray, "*shape Q"], levels: Sequence[float]
) -> float:
    """Mean pinball loss over values and levels, in the target's unit.

    Args:
        actual: `[...]`, NaN where missing.
        quantiles: `[..., Q]`.
        levels: The Q probabilities, in (0, 1).

    Raises:
        ShapeError: These do not fit each other.

    >>> quantile_loss(np.array([10.0]), np.array([[8.0, 11.0]]), [0.1, 0.9])
    0.15
    """
    actual, quantiles = np.asarray(actual, np.float64), np.asarray(quantiles, np.float64)
    level = np.asarray(levels, dtype=np.float64)
    if quantiles.shape != (*actual.shape, len(level)):
        raise ShapeError(
            "quantiles",
            f"shape {quantiles.shape} beside actual {actual.shape} and {len(level)} levels",
            "pass actual [...] and quantiles [..., levels]",
        )
    losses = []
    for column, share in enumerate(level):  # one at a time: Q times the memory otherwise
        missed = actual - quantiles[..., column]
        losses.append(_mean(np.maximum(share * missed, (share - 1) * missed)))
    return float(np.mean(losses))


def crps_quantiles(
    actual: Numbers, quantiles: Float[np.ndarray, "*shape Q"], levels: Sequence[float]
) -> float:
    """Continuous ranked probability score from quantiles: twice their mean pinball loss.

    An approximation of the integral over all levels, good for many, evenly spaced ones.
    Arguments as `quantile_loss`.
    """
    return 2 * quantile_loss(actual, quantiles, levels)


def crps_samples(actual: Numbers, samples: Float[np.ndarray, "*shape S"]) -> float:
    """Continuous ranked probability score of the samples' own distribution, mean over values.

    E|X - y| - E|X - X'| / 2, both over all S (pairs of) samples, a sample with itself included.

    Args:
        actual: `[...]`, NaN where missing.
        samples: `[..., S]` draws from the forecast.

    Raises:
        ShapeError: The two do not fit each other.
    """
    actual, ordered = np.asarray(actual, np.float64), np.sort(np.asarray(samples, np.float64))
    if ordered.ndim != actual.ndim + 1 or ordered.shape[:-1] != actual.shape:
        raise ShapeError(
            "samples",
            f"shape {ordered.shape} beside actual {actual.shape}",
            "pass actual [...] and samples [..., S]",
        )
    count = ordered.shape[-1]
    # the sum of |x - x'| over pairs of a sorted list, without making the pairs
    rank = 2 * np.arange(count) - (count - 1)
    spread = (ordered * rank).sum(axis=-1) / count**2
    return _mean(np.abs(ordered - actual[..., None]).mean(axis=-1) - spread)


def crps_gaussian(actual: Numbers, mean: Numbers, deviation: Numbers) -> float:
    """Continuous ranked probability score of normal distributions, mean over values.

    In closed form (Gneiting, Raftery, Westveld and Goldman 2005, equation 5).

    Args:
        actual: `[...]`, NaN where missing.
        mean: As `actual`.
        deviation: As `actual`, positive.

    >>> round(crps_gaussian(np.array([0.0]), np.array([0.0]), np.array([1.0])), 6)
    0.233695
    """
    actual, mean = _pair(actual, mean)
    z = (actual - mean) / deviation
    density = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    return _mean(deviation * (z * (2 * normal_cdf(z) - 1) + 2 * density - 1 / np.sqrt(np.pi)))


def coverage(actual: Numbers, low: Numbers, high: Numbers) -> float:
    """Share of the actual values in [low, high], in [0, 1].

    >>> coverage(np.array([1.0, 2.0, 9.0, np.nan]), np.zeros(4), np.full(4, 2.0))
    0.6666666666666666
    """
    actual, low = _pair(actual, low)
    actual, high = _pair(actual, high)
    inside = (low <= actual) & (actual <= high)
    return _mean(np.where(np.isnan(actual), np.nan, inside))


def _pair(actual: Any, forecast: Any) -> tuple[np.ndarray, np.ndarray]:
    actual, forecast = np.asarray(actual, np.float64), np.asarray(forecast, np.float64)
    if actual.shape != forecast.shape:
        raise ShapeError(
            "forecast", f"shape {forecast.shape} beside actual {actual.shape}", "the same shape"
        )
    return actual, forecast


def _mean(scores: np.ndarray) -> float:
    """Over the scores that are numbers."""
    known = scores[~np.isnan(scores)]
    return float(known.mean()) if known.size else float("nan")


def _row_means(scores: np.ndarray) -> np.ndarray:
    """Each row's mean over its numbers; NaN for a row without any."""
    if scores.ndim != 2:
        raise ShapeError("actual", f"shape {scores.shape}", "pass [N, H]")
    known = ~np.isnan(scores)
    count = known.sum(axis=1)
    total = np.where(known, scores, 0).sum(axis=1)
    return np.divide(total, count, out=np.full(len(scores), np.nan), where=count > 0)


def _usable(scale: Any, actual: np.ndarray) -> np.ndarray:
    scale = np.asarray(scale, dtype=np.float64)
    if scale.shape != actual.shape[:1]:
        raise ShapeError("scale", f"shape {scale.shape}", f"one number a row, ({len(actual)},)")
    return np.where(scale > 0, scale, np.nan)
