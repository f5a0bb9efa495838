"""The end of each series: the steps ahead of it, or what came there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from elman.data.series.panel import Panel
from elman.data.series.roles import sources
from elman.data.tables.timestamps import shown
from elman.errors import DataError
from elman.printable import many

__all__ = ["extended", "joined_panels"]


def extended(panel: Panel, horizon: int, needed: int | None = None) -> Panel:
    """The panel with rows for the `horizon` steps after each series' history.

    Args:
        panel: The series.
        horizon: So many steps.
        needed: Of how many of them covariates that are known ahead have to be told; those after
            are missing. None: of all.

    Raises:
        DataError: Covariates that are known ahead end before that.
    """
    ahead = panel.lengths - panel.history
    missing = np.maximum(horizon - ahead, 0)
    if not missing.any():
        return panel
    needed = horizon if needed is None else needed
    if panel.columns.future and (ahead < needed).any():
        n = int(ahead.argmin())
        last = shown(panel.times[panel.offsets[n + 1] - 1])
        names = ", ".join(sources(panel.columns.future, panel.categories))
        raise DataError(
            f"series {panel.names[n]!r}",
            f"{names} known until {last}",
            f"{many(int(needed - ahead[n]), 'more step')}: give them as ahead=, the steps to come",
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


def joined_panels(panel: Panel, later: Panel) -> Panel:
    """The series of a panel, each with the rows that came after its history.

    Where rows are only counted, or each is a step whatever its time, those of `later` are the
    next steps; else their times say which.

    Args:
        panel: N series.
        later: The same series, in any order.

    Raises:
        DataError: The series differ, or do not go on where they end.
    """
    if set(panel.names) != set(later.names):
        odd = sorted(set(panel.names) ^ set(later.names))[0]
        raise DataError("actual", f"series {odd!r} is not in both frames", "the same series")
    panel = panel.cut(panel.history)
    place = {name: n for n, name in enumerate(later.names)}
    later = later.select(np.array([place[name] for name in panel.names]))
    counted = panel.columns.time is None
    if not counted:
        _check_goes_on(panel, later)
    ends, begins = panel.offsets[1:] - 1, later.offsets[:-1]
    steps, times = later.steps, later.times
    if counted or panel.frequency.rows:
        steps = steps + np.repeat(panel.steps[ends] + 1 - steps[begins], later.lengths)
    if counted:
        last = np.repeat(ends, later.lengths)
        times = panel.frequency.shift(panel.times[last], steps - panel.steps[last])
    rows = {"times": times, "steps": steps}
    rows |= {name: getattr(later, name) for name in ("target", "past", "future")}
    places = np.repeat(panel.offsets[1:], later.lengths)
    return replace(
        panel,
        offsets=panel.offsets + later.offsets,
        history=panel.lengths + later.history,
        notes=(*panel.notes, *(note for note in later.notes if note not in panel.notes)),
        **{name: _inserted(getattr(panel, name), places, more) for name, more in rows.items()},
    )


def _check_goes_on(panel: Panel, later: Panel) -> None:
    """`DataError` unless each series of `later` begins after the panel's ends, on one grid."""
    ends, begins = panel.offsets[1:] - 1, later.offsets[:-1]
    early = later.times[begins] <= panel.times[ends]
    if early.any():
        n = int(early.argmax())
        raise DataError(
            f"actual, series {panel.names[n]!r}",
            f"begins at {shown(later.times[begins[n]])}",
            f"a time after {shown(panel.times[ends[n]])}, where the frame ends",
        )
    if panel.frequency != later.frequency and not panel.frequency.rows:
        raise DataError(
            f"actual, series {panel.names[0]!r}",
            f"{shown(later.times[begins[0]])} is no step of the frame's series",
            f"times that go on from {shown(panel.times[ends[0]])}, {panel.frequency.describe()}",
        )


def _inserted(values: np.ndarray, places: np.ndarray, more: np.ndarray) -> np.ndarray:
    wide = np.result_type(values, more)  # float32 must not narrow what comes after it
    return np.insert(values.astype(wide), places, more, axis=0)
