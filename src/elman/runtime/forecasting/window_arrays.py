"""Windows that are given as one array, as the panel that a forecaster reads."""

from __future__ import annotations

import numpy as np
from jaxtyping import Num

from elman.data.series.frequency import Frequency
from elman.data.series.panel import Columns, Panel
from elman.errors import ArgumentError, ShapeError
from elman.runtime.forecasting.companions import Companions

__all__ = ["panel_of_windows"]


def panel_of_windows(windows: Num[np.ndarray, "N T K"], companions: Companions) -> Panel:
    """Each window is a series of its own, whose steps are counted.

    A model of one series scales them as that; others by their own values.

    Raises:
        ShapeError: They have another number of values than the model's targets.
        ArgumentError: The model reads covariates or the calendar, which an array does not have.
    """
    plan, columns = companions.plan, companions.plan.columns
    count, steps, targets = windows.shape
    if targets != plan.targets or not count or not steps:
        raise ShapeError("frame", f"shape {windows.shape}", f"windows [N, T, {plan.targets}]")
    if columns.past or columns.future or columns.static or plan.calendar:
        raise ArgumentError(
            "frame", "windows as an array", "a frame: the model reads covariates or the calendar"
        )
    names = tuple(map(str, range(count)))
    if len(companions.names) == 1:
        names = companions.names * count
    times, rows = np.tile(np.arange(steps), count), count * steps
    nothing = np.zeros((rows, 0))
    return Panel(
        names,
        np.arange(count + 1) * steps,
        times,
        times,
        Frequency.from_text("step"),
        windows.reshape(rows, targets).astype(np.float64),
        nothing,
        nothing,
        np.zeros((count, 0)),
        Columns(None, None, columns.target),
        np.full(count, steps),
    )
