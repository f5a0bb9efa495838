"""Forecasts, backtests and reports on them, as small as pictures need them."""

from __future__ import annotations

import numpy as np

from elman.metrics.forecasts.naive import NAIVE
from elman.metrics.forecasts.scores import seasonal_scale
from elman.metrics.honesty import report
from elman.runtime.forecasting.forecast import Backtest, Forecast

LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)
DAYS = np.datetime64("2024-01-01", "us") + np.arange(2000) * np.timedelta64(1, "D")
STEPS = np.arange(2000)


def past_of(names, length=120, targets=1, times=DAYS, seed=0):
    """For each series its times and values: a season of 7, and noise."""
    draws, steps = np.random.default_rng(seed), np.arange(length)
    wave = 20 + 5 * np.sin(2 * np.pi * steps / 7)[:, None]
    return {n: (times[:length], wave + draws.normal(size=(length, targets))) for n in names}


def quantiles_about(mean, levels):
    return mean[..., None] + 4 * (np.array(levels) - 0.5)


def forecast_of(past, horizon, levels=LEVELS, times=DAYS):
    """Of the steps that follow each series."""
    names = tuple(past)
    targets = next(iter(past.values()))[1].shape[1]
    ahead = [times[len(t) : len(t) + horizon] for t, _ in past.values()]
    means = [np.nanmean(values, axis=0) for _, values in past.values()]
    mean = np.stack([m + np.zeros((horizon, targets)) for m in means])
    kinds = tuple(f"target {k}" for k in range(targets))
    return Forecast(names, np.stack(ahead), kinds, mean, levels, quantiles_about(mean, levels))


def backtest_of(past, horizon, origins, levels=LEVELS, leakage=None, error=0.5):
    """The truth and an error of our choice, from the last origins of each series."""
    names, rows = tuple(past), []
    for n, (times, _) in enumerate(past.values()):
        last = len(times) - horizon - 1
        rows += [(n, last - k) for k in reversed(range(origins))]
    series, steps = np.array(rows).T
    ahead = steps[:, None] + 1 + np.arange(horizon)
    tables = [past[names[n]] for n in series]
    actual = np.stack([values[a] for (_, values), a in zip(tables, ahead, strict=True)])
    noise = np.random.default_rng(1).normal(size=actual.shape)
    mean = np.nan_to_num(actual, nan=20.0) + error * noise
    quantiles = quantiles_about(mean, levels)
    targets = tuple(f"target {k}" for k in range(actual.shape[2]))
    read = np.stack([v[s - 20 : s + 1] for (_, v), s in zip(tables, steps, strict=True)])
    naive = {
        name: np.moveaxis(ask(np.moveaxis(read, 2, 1), horizon, 7), 1, 2)
        for name, ask in NAIVE.items()
    }
    scales = [
        [
            [seasonal_scale(column[:-horizon], 7, squared=squared) for column in values.T]
            for _, values in past.values()
        ]
        for squared in (False, True)
    ]
    told = report(
        actual,
        mean,
        baselines=naive,
        last=read[:, -1],
        series=series,
        origins=steps,
        names=names,
        targets=targets,
        season=7,
        scale=np.array(scales[0]),
        root_scale=np.array(scales[1]),
        quantiles=quantiles if levels else None,
        levels=levels,
        leakage=leakage,
    )
    return Backtest(
        names,
        series,
        np.array([t[s] for (t, _), s in zip(tables, steps, strict=True)]),
        steps,
        np.stack([t[a] for (t, _), a in zip(tables, ahead, strict=True)]),
        targets,
        mean,
        levels,
        quantiles,
        actual,
        lambda: told,
    )
