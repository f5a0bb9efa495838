"""A backtest that trains anew at each origin, as one would have at that time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.data.series.panel import Panel
from elman.data.series.windows import Windows
from elman.errors import ArgumentError, DataError
from elman.parameters import whole_number
from elman.runtime.forecasting import Answers, Backtest, Origins, tested
from elman.tasks.forecasting.several import at_once, like

__all__ = ["refitted"]


def refitted(
    estimator: Any, panel: Panel, origins: int, stride: int, every: int, warm_start: bool
) -> Backtest:
    """Forecasts from each series' latest origins, the network trained on what came before each.

    Args:
        estimator: A fitted forecaster; it stays as it is.
        panel: The series with what came.
        origins: How many of each series, the latest ones.
        stride: Steps from one origin to the next.
        every: Origins from one training to the next, ≥ 1.
        warm_start: Whether a training goes on from the weights of the one before; the first one
            never does.

    Raises:
        ArgumentError: A number is below 1.
        DataError: A series is too short for the first training.
        TrainingError, KeyboardInterrupt: As `Forecaster.fit`.
    """
    for name, number in (("origins", origins), ("stride", stride), ("refit", every)):
        whole_number(name, number, 1)
    plan = estimator.model_.plan
    places = [panel.history - plan.horizon - (origins - 1 - n) * stride for n in range(origins)]
    for history in places:
        if (history < plan.input_steps).any():
            n = int(history.argmin())
            raise DataError(
                f"series {panel.names[n]!r}",
                f"{panel.history[n]} steps",
                f"fewer than {origins} origins, or a smaller stride",
            )
    models = _models(estimator, panel, places[::every], warm_start)
    found: list[tuple[Windows, Answers, Any]] = []
    for place, history in enumerate(places):
        windows = _at(panel, history, plan.input_steps, plan.horizon)
        work = models[place // every].forecasting(panel)
        found.append((windows, work.answers(windows), work.learnt(windows)))
    return _joined(panel, found, models[-1].companions)


def _models(
    estimator: Any, panel: Panel, histories: Sequence[np.ndarray], warm_start: bool
) -> list[Any]:
    """A model for each place, trained on what came before it; all at once where joblib may."""
    if not warm_start:
        cuts = [(estimator, panel.cut(history), False) for history in histories]
        return at_once(_trained, cuts)
    models, now = [], estimator
    for history in histories:
        # The estimator itself may have seen what comes: the first training starts afresh.
        now = _fitted(now, panel.cut(history), bool(models))
        models.append(now.model_)
    return models


def _trained(estimator: Any, panel: Panel, warm_start: bool) -> Any:
    return _fitted(estimator, panel, warm_start).model_


def _fitted(estimator: Any, panel: Panel, warm_start: bool) -> Any:
    """A forecaster like this one, fitted on a panel, with windows of as many steps."""
    steps = estimator.model_.plan.input_steps
    fresh = like(estimator, warm_start=warm_start, window=steps)
    if warm_start:
        fresh.adopt(estimator)
    return fresh.fit(panel, horizon=estimator.model_.plan.horizon)


def _at(panel: Panel, history: np.ndarray, steps: int, horizon: int) -> Windows:
    """The window of each series that ends with so many rows of history, if no gap lies in it."""
    starts = panel.offsets[:-1] + history - steps
    gaps = np.cumsum(panel.gap_before)
    whole = gaps[starts + steps + horizon - 1] == gaps[starts]
    series = np.flatnonzero(whole).astype(np.int32)
    return Windows(steps, horizon, starts[whole], series, int((~whole).sum()))


def _joined(panel: Panel, found: list[tuple[Windows, Answers, Any]], companions: Any) -> Backtest:
    windows = [each for each, _, _ in found]
    starts = np.concatenate([each.starts for each in windows])
    order = np.argsort(starts, kind="stable")  # series after series, each in time
    if not len(order):
        raise ArgumentError(
            "origins", "every window crosses a gap", "gaps='mask', or other origins"
        )
    joined = Windows(
        windows[0].input_steps,
        windows[0].horizon,
        starts[order],
        np.concatenate([each.series for each in windows])[order],
        sum(each.crossing for each in windows),
    )
    answers = Answers(
        *(np.concatenate(parts)[order] for parts in zip(*(a for _, a, _ in found), strict=True))
    )
    learnt = {
        name: np.concatenate([each[name] for _, _, each in found])[order]
        for name in found[0][2]
        if all(name in each for _, _, each in found)
    }
    note = f"Trained anew for {len(found)} origins, each time on what came before."
    return tested(Origins(panel, joined, answers, companions, lambda: learnt, {}), [note])
