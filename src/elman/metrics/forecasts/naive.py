"""Forecasts that need no model: what every model must beat.

All take `inputs [..., T]`, the past of one or many windows in time order, NaN where missing,
and give `[..., H]`. A past without any observed value gives NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from elman.errors import ArgumentError, ShapeError

__all__ = ["NAIVE", "croston", "drift", "last_value", "mean", "seasonal_naive"]

_SMOOTHED = 0.1  # how far a demand and an interval move those that are expected

Past = Float[np.ndarray, "*windows T"]
Ahead = Float[np.ndarray, "*windows H"]


def last_value(inputs: Past, horizon: int, season: int = 1) -> Ahead:
    """The last observed value, at every step ahead.

    >>> last_value(np.array([1.0, 4.0, np.nan]), 2).tolist()
    [4.0, 4.0]
    """
    inputs = _checked(inputs, horizon, season)
    return np.repeat(_last(inputs)[0][..., None], horizon, axis=-1)


def seasonal_naive(inputs: Past, horizon: int, season: int) -> Ahead:
    """The last observed value of the same step of the season.

    A step of the season that was never observed, or lies before the first input, takes the
    last observed value of any step.

    >>> seasonal_naive(np.array([1.0, 2.0, 3.0, np.nan, 5.0]), 4, 2).tolist()
    [2.0, 5.0, 2.0, 5.0]
    """
    inputs = _checked(inputs, horizon, season)
    *rows, length = inputs.shape
    season = min(season, length + horizon)  # a longer one was not seen either
    padding = np.full((*rows, -length % season), np.nan)
    by_step = np.concatenate([padding, inputs], axis=-1).reshape(*rows, -1, season)
    newest = _last(np.moveaxis(by_step, -1, -2))[0]
    newest = np.where(np.isnan(newest), _last(inputs)[0][..., None], newest)
    return newest[..., np.arange(horizon) % season]


def drift(inputs: Past, horizon: int, season: int = 1) -> Ahead:
    """The line through the first and the last observed value, from the last one on.

    >>> drift(np.array([1.0, np.nan, 2.0]), 2).tolist()
    [2.5, 3.0]
    """
    inputs = _checked(inputs, horizon, season)
    last, before_end = _last(inputs)
    first, after_start = _last(inputs[..., ::-1])
    apart = inputs.shape[-1] - 1 - before_end - after_start
    slope = np.where(apart > 0, (last - first) / np.maximum(apart, 1), 0.0)
    ahead = before_end[..., None] + np.arange(1, horizon + 1)
    return last[..., None] + slope[..., None] * ahead


def mean(inputs: Past, horizon: int, season: int = 1) -> Ahead:
    """The mean of the observed values, at every step ahead.

    >>> mean(np.array([1.0, np.nan, 2.0]), 2).tolist()
    [1.5, 1.5]
    """
    inputs = _checked(inputs, horizon, season)
    known = ~np.isnan(inputs)
    count = known.sum(axis=-1)
    total = np.where(known, inputs, 0).sum(axis=-1)
    value = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return np.repeat(value[..., None], horizon, axis=-1)


def croston(inputs: Past, horizon: int, season: int = 1) -> Ahead:
    """Of intermittent demand: its usual size by the usual steps from one to the next.

    Both are smoothed exponentially, by 0.1, where there is a demand (Croston 1972, Operational
    Research Quarterly 23(3)), less the bias of that (Syntetos and Boylan 2005, International
    Journal of Forecasting 21(2)). A past without a demand gives 0.

    >>> croston(np.array([0.0, 0.0, 4.0, 0.0, 4.0, 0.0]), 1).round(3).tolist()
    [1.31]
    """
    inputs = _checked(inputs, horizon, season)
    size, apart = np.zeros(inputs.shape[:-1]), np.ones(inputs.shape[:-1])
    since, begun = np.zeros(inputs.shape[:-1]), np.zeros(inputs.shape[:-1], bool)
    for step in range(inputs.shape[-1]):
        value = inputs[..., step]
        since = since + ~np.isnan(value)
        demand = value > 0
        rate = np.where(begun, _SMOOTHED, 1.0)
        size = np.where(demand, size + rate * (value - size), size)
        apart = np.where(demand, apart + rate * (since - apart), apart)
        since, begun = np.where(demand, 0.0, since), begun | demand
    found = np.where(begun, (1 - _SMOOTHED / 2) * size / apart, 0.0)
    found = np.where(np.isnan(inputs).all(axis=-1), np.nan, found)
    return np.repeat(found[..., None], horizon, axis=-1)


NAIVE: dict[str, Callable[..., np.ndarray]] = {
    "last value": last_value,
    "seasonal naive": seasonal_naive,
    "drift": drift,
    "mean": mean,
}


def _last(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The last number along the last axis (NaN if none), and how many steps follow it."""
    known = ~np.isnan(values[..., ::-1])
    after = known.argmax(axis=-1)
    position = values.shape[-1] - 1 - after
    return np.take_along_axis(values, position[..., None], axis=-1)[..., 0], after


def _checked(inputs: np.ndarray, horizon: int, season: int) -> np.ndarray:
    inputs = np.asarray(inputs, dtype=np.float64)
    if inputs.ndim < 1 or inputs.shape[-1] < 1:
        raise ShapeError("inputs", f"shape {inputs.shape}", "[..., T] with at least one step")
    for name, steps in (("horizon", horizon), ("season", season)):
        if steps < 1:
            raise ArgumentError(name, f"found {steps}", "a number of steps, at least 1")
    return inputs
