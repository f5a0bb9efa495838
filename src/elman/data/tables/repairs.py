"""The rows of each series together and in the order of time; what is wrong is named or repaired.

R is the number of rows that a frame has, N of series.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from elman.data.tables.timestamps import shown
from elman.errors import ArgumentError, DataError
from elman.printable import many

__all__ = ["REPAIRS", "Order", "check_repairs", "in_order", "offsets_of"]

REPAIRS = ("sort", "drop_duplicates", "numbers", "infinite")


@dataclass(frozen=True, eq=False)
class Order:
    """Where each row of a panel stands in its frame.

    Attributes:
        rows: int64, the frame's rows in the panel's order; None if that is the same.
        offsets: int64 `[N+1]`, where each series begins among them.
        times: The times in that order.
        notes: What was repaired.
    """

    rows: np.ndarray | None
    offsets: np.ndarray
    times: np.ndarray
    notes: tuple[str, ...]

    def original(self, row: int) -> int:
        """The frame's row that became `row`."""
        return row if self.rows is None else int(self.rows[row])

    def take(self, values: np.ndarray) -> np.ndarray:
        """The values of the frame's rows, `[R, …]`, in this order."""
        return values if self.rows is None else values[self.rows]


def check_repairs(repair: Collection[str]) -> None:
    """Check the names of repairs.

    Raises:
        ArgumentError: One is unknown.
    """
    for name in repair:
        if name not in REPAIRS:
            raise ArgumentError("repair", f"found {name!r}", f"some of {', '.join(REPAIRS)}")


def in_order(
    owners: np.ndarray,
    series: int,
    times: np.ndarray | None,
    repair: Collection[str],
    place: Callable[[int], str],
    *,
    advice: str = "",
) -> Order:
    """Rows grouped by series, times strictly increasing inside each.

    Args:
        owners: int32 `[R]`, the number of each row's series.
        series: How many series there are, N; one without rows is left empty.
        times: `[R]`; None numbers the rows of each series.
        repair: "sort" sorts rows by time; "drop_duplicates" keeps the first of equal times.
        place: What messages call a row.
        advice: What else may help against equal times.

    Raises:
        DataError: A row is earlier than the one before it in its series, or as early.
    """
    rows = None
    if (owners[1:] < owners[:-1]).any():
        rows = np.argsort(owners, kind="stable")
        owners = owners[rows]
    offsets = offsets_of(np.bincount(owners, minlength=series))
    if times is None:
        return Order(rows, offsets, np.arange(len(owners)) - offsets[owners], ())
    order = Order(rows, offsets, times if rows is None else times[rows], ())
    order = _sorted(order, owners, repair, place)
    return _without_duplicates(order, owners, repair, place, advice)


def _sorted(
    order: Order, owners: np.ndarray, repair: Collection[str], place: Callable[[int], str]
) -> Order:
    times = order.times
    back = np.flatnonzero((times[1:] < times[:-1]) & (owners[1:] == owners[:-1])) + 1
    if len(back) == 0:
        return order
    if "sort" not in repair:
        row = int(back[0])
        raise DataError(
            place(order.original(row)),
            f"{shown(times[row])} stands after {shown(times[row - 1])}",
            "times that increase inside each series; repair 'sort' puts the rows in order",
        )
    rows = np.lexsort((times, owners))
    mixed = len(np.unique(owners[back]))
    note = f"Rows of {mixed} series sorted by time: {many(len(back), 'step')} went back."
    original = rows if order.rows is None else order.rows[rows]
    return Order(original, order.offsets, times[rows], (note,))


def _without_duplicates(
    order: Order,
    owners: np.ndarray,
    repair: Collection[str],
    place: Callable[[int], str],
    advice: str,
) -> Order:
    times = order.times
    twice = np.concatenate(([False], (times[1:] == times[:-1]) & (owners[1:] == owners[:-1])))
    if not twice.any():
        return order
    if "drop_duplicates" not in repair:
        row = int(twice.argmax())
        raise DataError(
            place(order.original(row)),
            f"{shown(times[row])} stands a second time",
            "one row for each time of a series; repair 'drop_duplicates' keeps the first" + advice,
        )
    keep = np.flatnonzero(~twice)
    note = f"{many(len(times) - len(keep), 'row')} dropped: their time stood before."
    return Order(
        keep if order.rows is None else order.rows[keep],
        offsets_of(np.bincount(owners[keep], minlength=len(order.offsets) - 1)),
        times[keep],
        (*order.notes, note),
    )


def offsets_of(lengths: np.ndarray) -> np.ndarray:
    """Where each of several series begins, one after the other, and the end: int64 `[N+1]`.

    >>> offsets_of(np.array([2, 0, 3])).tolist()
    [0, 2, 2, 5]
    """
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
