"""Rows ahead of a panel's history: covariates that are known before their time.

Letters: N series, F known-ahead covariates, A rows ahead.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from elman.data.series.assembly import series_of
from elman.data.series.covariates import Place, Reader, check_whole
from elman.data.series.panel import Panel, ranges
from elman.data.series.roles import column, sources
from elman.data.tables.columns import Table
from elman.data.tables.repairs import Order, in_order, offsets_of
from elman.data.tables.timestamps import read_times, shown
from elman.errors import ArgumentError, DataError
from elman.printable import many

__all__ = ["continued"]


def continued(
    panel: Panel, table: Table, *, timezone: str | None, repair: Collection[str]
) -> Panel:
    """The panel with the rows of `table` after the end of its series.

    Args:
        panel: History only.
        table: Columns of times, series and known-ahead covariates, called as in the panel. A
            series may have no rows in it.
        timezone: The zone of times without one.
        repair: Names of repairs.

    Raises:
        ArgumentError: The panel has no known-ahead covariates, or rows ahead already.
        DataError: A series is unknown, or its rows do not go on step by step from its end.
    """
    names = sources(panel.columns.future, panel.categories)
    if not names or (panel.history != panel.lengths).any():
        found = "there are rows ahead already" if names else "no covariate is known ahead"
        raise ArgumentError("ahead", found, "leave it out" if names else "name some with future=")
    if panel.columns.series is None and len(panel) > 1:
        raise ArgumentError("ahead", "the Panel's series have no column", "give it with the frame")
    time, series = panel.columns.time, panel.columns.series
    for name in (time, series, *names):
        if name is not None:
            column(table, name)
    owners = _owners(panel, table)

    def place(row: int, column: str | None) -> str:
        of = f", series {panel.names[owners[row]]!r}" if series else ""
        return f"{table.where(row)}{f', column {column!r}' if column else ''}{of}"

    times, notes = None, []
    if time is not None:
        times, notes, *_ = read_times(
            table.columns[time],
            lambda row: place(row, time),
            timezone=timezone,
            owners=owners,
            is_days=panel.frequency.is_days,
        )
        if times.dtype.kind != panel.times.dtype.kind:
            kinds = "dates and numbers" if times.dtype.kind == "M" else "numbers and dates"
            raise DataError(place(0, time), f"times are {kinds} in the history", "one kind")
    order = in_order(owners, len(panel), times, repair, lambda row: place(row, time))
    order, left_out = _after_history(panel, order)
    steps, times = _steps(panel, order, time, place)
    reader = Reader(table, order, place, repair, panel.categories, {}, [])
    future = reader.block(names)
    check_whole(future, order, place)
    found = (*notes, *left_out, *order.notes, *reader.notes)
    return _appended(panel, order, times, steps, future.values, found)


def _owners(panel: Panel, table: Table) -> np.ndarray:
    """The number of each row's series in the panel, int32 `[A]`."""
    codes, names = series_of(table, panel.columns.series)
    if panel.columns.series is None:
        return codes
    known = {name: n for n, name in enumerate(panel.names)}
    for code, name in enumerate(names):
        if name not in known:
            row = int((codes == code).argmax())
            raise DataError(
                f"{table.where(row)}, column {panel.columns.series!r}",
                f"there is no series {name!r} in the history",
                "rows that go on from the series of the frame",
            )
    return np.array([known[name] for name in names], dtype=np.int32)[codes]


def _after_history(panel: Panel, order: Order) -> tuple[Order, list[str]]:
    """The rows after the end of each series, and what is said of the others."""
    if panel.columns.time is None:
        return order, []
    owners = np.repeat(np.arange(len(panel)), np.diff(order.offsets))
    later = order.times > panel.times[panel.offsets[1:] - 1][owners]
    if later.all():
        return order, []
    kept = np.flatnonzero(later)
    rows = kept if order.rows is None else order.rows[kept]
    offsets = offsets_of(np.bincount(owners[kept], minlength=len(panel)))
    note = f"{many(len(later) - len(kept), 'row')} of those ahead left out: they are history."
    return Order(rows, offsets, order.times[kept], order.notes), [note]


def _steps(
    panel: Panel, order: Order, time: str | None, place: Place
) -> tuple[np.ndarray, np.ndarray]:
    """The numbers and times of the rows, which must be the next ones of each series."""
    lengths = np.diff(order.offsets)
    position = np.arange(len(order.times)) - np.repeat(order.offsets[:-1], lengths)
    last = np.repeat(panel.offsets[1:] - 1, lengths)
    expected = panel.steps[last] + 1 + position
    grid = panel.frequency
    if time is None:
        return expected, grid.shift(panel.times[last], position + 1)
    # By row every row is a step, so that only their order counts.
    early = order.times <= panel.times[last]
    wrong = early if grid.rows else order.times != grid.times(expected)
    if wrong.any():
        row = int(wrong.argmax())
        end, found = panel.times[last[row]], order.times[row]
        missing = grid.shift(panel.times[last[row : row + 1]], position[row : row + 1] + 1)[0]
        raise DataError(
            place(order.original(row), time),
            f"found {shown(found)}",
            f"{shown(missing)}: the rows go on from {shown(end)}, {grid.describe()}",
        )
    return expected, order.times


def _appended(
    panel: Panel,
    order: Order,
    times: np.ndarray,
    steps: np.ndarray,
    future: np.ndarray,
    notes: tuple[str, ...],
) -> Panel:
    more = np.diff(order.offsets)
    lengths = panel.lengths + more
    offsets = offsets_of(lengths)
    added = ranges(offsets[:-1] + panel.lengths, more)
    whole = panel.spread(ranges(offsets[:-1], panel.lengths), added, times, steps)
    whole.future[added] = future
    with_rows = int((more > 0).sum())
    note = f"Known ahead: {many(len(added), 'row')} after the end of {with_rows} series."
    return replace(
        whole, offsets=offsets, history=panel.history, notes=(*panel.notes, *notes, note)
    )
