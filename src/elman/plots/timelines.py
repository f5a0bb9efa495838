"""Time series on an axis of dates: what was observed, and which series a picture shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.data.tables.timestamps import zone_of
from elman.errors import ArgumentError, ShapeError
from elman.plots.style import whole_ticks
from elman.plots.themes import colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "History",
    "chosen",
    "draw_observed",
    "label_times",
    "label_values",
    "line_width",
    "mean_error",
    "observed",
    "values_at",
]

_CROWDED = 300  # points in a panel
History = Mapping[str, tuple[Any, Any]]
"""For each series its times `[T]` and its values `[T]` or `[T, K]`, NaN where missing."""


def observed(history: History, name: str, targets: int) -> tuple[np.ndarray, np.ndarray]:
    """The times `[T]`, datetime64[us] or int64, and the float64 values `[T, K]` of a series.

    Raises:
        ArgumentError: The series is not there.
        ShapeError: Times, values and the K targets do not fit each other.
    """
    if name not in history:
        raise ArgumentError(
            "history", f"no series {name!r}", "times and values of each that is drawn"
        )
    times, values = (np.asarray(each) for each in history[name])
    if times.dtype.kind == "M":
        times = times.astype("datetime64[us]")
    table = np.asarray(values[:, None] if values.ndim == 1 else values, np.float64)
    if table.shape != (len(times), targets):
        raise ShapeError(
            f"history of {name!r}",
            f"values {values.shape} at {len(times)} times",
            f"[T, {targets}] values at T times",
        )
    return times, table


def values_at(times: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The rows of `values` `[T, K]` at the wanted times, NaN where there is none.

    >>> values_at(np.array([1, 2, 4]), np.array([[1.0], [2.0], [4.0]]), np.array([2, 3])).tolist()
    [[2.0], [nan]]
    """
    if not len(times):
        return np.full((len(wanted), values.shape[1]), np.nan)
    place = np.minimum(np.searchsorted(times, wanted), len(times) - 1)
    return np.where((times[place] == wanted)[:, None], values[place], np.nan)


def mean_error(actual: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """Mean absolute error of each row, `[W, H]` to `[W]`; NaN where nothing was observed."""
    error = np.abs(actual - forecast)
    known = ~np.isnan(error)
    count, total = known.sum(axis=1), np.where(known, error, 0).sum(axis=1)
    return np.divide(total, count, out=np.full(len(error), np.nan), where=count > 0)


def chosen(names: Sequence[str], series: Sequence[str] | None, usual: Sequence[str]) -> list[str]:
    """The series that are drawn: those that were asked for, or the usual ones.

    Raises:
        ArgumentError: One that was asked for is not there, or none was.
    """
    asked = list(usual if series is None else series)
    if unknown := [name for name in asked if name not in names]:
        few = ", ".join(map(repr, names[:3])) + (" …" if len(names) > 3 else "")
        raise ArgumentError("series", f"no forecast of {unknown[0]!r}", f"some of {few}")
    if not asked:
        raise ArgumentError("series", "found none", "at least one name")
    return asked


def line_width(points: int, usual: float) -> float:
    """Of a line that so many points of a panel are on: thin where they are many.

    >>> line_width(40, 1.8), line_width(1000, 1.8)
    (1.8, 0.9)
    """
    return usual if points <= _CROWDED else usual / 2


def draw_observed(ax: Axes, times: np.ndarray, values: np.ndarray) -> None:
    """A line through what was observed, with a dot for each value that stands alone."""
    width = line_width(len(times), 1.2)
    ax.plot(times, values, color=colours().ink, linewidth=width, label="observed", zorder=3)
    known = np.pad(~np.isnan(values), 1)
    alone = known[1:-1] & ~known[:-2] & ~known[2:]
    ax.plot(times[alone], values[alone], "o", color=colours().ink, markersize=2.5, zorder=3)
    ax.grid(axis="y", color=colours().rule, linewidth=0.6)
    ax.set_axisbelow(True)
    label_values(ax)


def label_values(ax: Axes) -> None:
    """Write large numbers in full, so that no power of ten stands above the panel."""
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}".replace("-", "−"))


def label_times(ax: Axes, times: np.ndarray, zone: str | None = None) -> None:
    """Number the steps or name the dates below a panel, as few as are needed.

    Args:
        ax: The panel.
        times: What is drawn.
        zone: In which UTC times are told, and which is named; None: as they stand.
    """
    from matplotlib.dates import DAILY, AutoDateLocator, ConciseDateFormatter

    if times.dtype.kind == "M":
        told = None if zone is None else zone_of(zone)
        locator = AutoDateLocator(tz=told, minticks=3, maxticks=9)
        locator.intervald[DAILY] = [1, 2, 4, 7, 14]  # never a 31st right before a 1st
        ax.xaxis.set_major_locator(locator)
        dates = ConciseDateFormatter(locator, tz=told)
        if zone is not None:
            ax.set_xlabel(f"local time, {zone}", fontsize=8.5, loc="left")
        dates.formats[2] = dates.zero_formats[2] = "%d %b"  # a day and its month, wherever it is
        dates.offset_formats[2] = "%Y"
        ax.xaxis.set_major_formatter(dates)
    else:
        whole_ticks(ax.xaxis)
    ax.tick_params(labelsize=8.5, length=3)
