"""Forecasts beyond the horizon that a network was trained for: it goes on from its own answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Shaped

from elman.data.series.ahead import extended
from elman.data.series.panel import Panel
from elman.data.series.windows import Windows
from elman.runtime.forecasting.forecasting import Answers, Forecasting

__all__ = ["Further", "answers_on"]


class Further(NamedTuple):
    """Answers for so many steps.

    Attributes:
        times: `[N, S]`, when each step is.
        mean: `[N, S, K]`.
        quantiles: `[N, S, K, Q]`.
        notes: What is to be known of it.
    """

    times: Shaped[np.ndarray, "N S"]
    mean: Float[np.ndarray, "N S K"]
    quantiles: Float[np.ndarray, "N S K Q"]
    notes: tuple[str, ...]


def answers_on(
    work: Forecasting,
    windows: Windows,
    again: Callable[..., Forecasting],
    steps: int,
) -> Further:
    """The forecast at the end of each series, for fewer or more steps than were trained.

    Beyond those the network reads its own forecasts as if they had come. How far off they may be
    goes into the quantiles after them: the distances from the forecast are put together as those
    of independent errors, by the root of the sum of their squares.

    Args:
        work: The network at work on a panel whose rows reach a horizon ahead.
        windows: The last one of each series, in order.
        again: From a panel, and the rows of each series that its scale may come from, to the
            network at work on it.
        steps: S ≥ 1.

    Raises:
        DataError: Covariates that are known ahead end too early.
    """
    horizon, panel = windows.horizon, work.panel
    known = panel.history
    answers, times = [work.answers(windows)], [panel.times[windows.ahead()]]
    rounds = -(-steps // horizon)
    for done in range(1, rounds):
        left = min(steps - done * horizon, horizon)
        panel = extended(_grown(panel, windows, answers[-1].mean, work), horizon, left)
        windows = replace(windows, starts=panel.offsets[:-1] + panel.history - windows.input_steps)
        found = again(panel, known).answers(windows)
        answers.append(Answers(found.mean, _widened(found, answers[-1])))
        times.append(panel.times[windows.ahead()])
    notes = ()
    if rounds > 1:
        notes = (
            f"The model was trained for {horizon} steps ahead; those after are forecast from its "
            "own forecasts, and less certain.",
        )
    mean, quantiles = (
        np.concatenate(parts, axis=1)[:, :steps] for parts in zip(*answers, strict=True)
    )
    return Further(np.concatenate(times, axis=1)[:, :steps], mean, quantiles, notes)


def _grown(
    panel: Panel, windows: Windows, mean: Float[np.ndarray, "N H K"], work: Forecasting
) -> Panel:
    """The panel with a horizon of forecasts as history; past covariates stay as they were last."""
    rows = windows.ahead()
    target, past = panel.target.astype(np.float64), panel.past.copy()
    counts = work.companions.plan.output == "negative_binomial"
    target[rows] = np.round(mean) if counts else mean
    past[rows] = past[rows[:, :1] - 1]
    return replace(panel, target=target, past=past, history=panel.history + windows.horizon)


def _widened(found: Answers, before: Answers) -> Float[np.ndarray, "N H K Q"]:
    """The quantiles, farther from the forecast by what the last step before may be off."""
    own = found.quantiles - found.mean[..., None]
    last = (before.quantiles - before.mean[..., None])[:, -1:]
    wider = np.sign(own) * np.sqrt(own**2 + np.where(own * last > 0, last, 0) ** 2)
    return found.mean[..., None] + wider
