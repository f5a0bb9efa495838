"""The end of each series: its latest steps, and the steps ahead of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from elman.data.panel import Panel
from elman.errors import DataError

__all__ = ["extended", "recent"]


def extended(panel: Panel, horizon: int) -> Panel:
    """The panel with rows for the `horizon` steps after each series' history.

    Raises:
        DataError: Covariates that are known ahead end before that.
    """
    missing = np.maximum(horizon - (panel.lengths - panel.history), 0)
    if not missing.any():
        return panel
    if panel.columns.future:
        n = int(missing.argmax())
        last = panel.times[panel.offsets[n + 1] - 1]
        raise DataError(
            f"series {panel.names[n]!r}",
            f"{', '.join(panel.columns.future)} known until {last}",
            f"{missing[n]} more steps: give them as ahead=, a frame of the steps to come",
        )
    places = np.repeat(panel.offsets[1:], missing)
    inside = np.arange(len(places)) - np.repeat(np.cumsum(missing) - missing, missing) + 1
    times = panel.frequency.shift(panel.times[places - 1], inside)

    def with_nothing(block: np.ndarray) -> np.ndarray:
        return np.insert(block, places, np.nan, axis=0)

    return replace(
        panel,
        offsets=panel.offsets + np.concatenate(([0], np.cumsum(missing))),
        times=np.insert(panel.times, places, times),
        steps=np.insert(panel.steps, places, panel.steps[places - 1] + inside),
        target=with_nothing(panel.target),
        past=with_nothing(panel.past),
        future=with_nothing(panel.future),
    )


def recent(panel: Panel, steps: int) -> Panel:
    """The panel without what lies more than `steps` rows before the end of each history."""
    dropped = np.maximum(panel.history - steps, 0)
    if not dropped.any():
        return panel
    position = np.arange(len(panel.times)) - np.repeat(panel.offsets[:-1], panel.lengths)
    kept = position >= np.repeat(dropped, panel.lengths)
    return replace(
        panel,
        offsets=panel.offsets - np.concatenate(([0], np.cumsum(dropped))),
        times=panel.times[kept],
        steps=panel.steps[kept],
        target=panel.target[kept],
        past=panel.past[kept],
        future=panel.future[kept],
        history=panel.history - dropped,
    )
