"""Several time series as one block of rows: what a forecaster trains on and answers from.

Letters: N series, R rows of all series, one series after the other, K targets, P past covariates,
F known-ahead covariates, S static ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from elman.data.series.frequency import Frequency
from elman.data.tables.repairs import offsets_of
from elman.data.tables.timestamps import local_times, shown
from elman.errors import ArgumentError, DataError
from elman.printable import many

__all__ = ["Columns", "Panel", "ranges"]

_MOST_FILLED = 20  # a panel grows by filling to at most so many times its rows …
_ALWAYS_FILLED = 1_000_000  # … unless it stays below this


@dataclass(frozen=True)
class Columns:
    """The names of a panel's columns; those of a text column read as numbers are "shop=Berlin".

    Attributes:
        time: The column of times; None where rows are only counted.
        series: The column that tells the series apart; None where there is none.
        target: K names; ("value",) where each column of a wide frame became a series.
        past: P names.
        future: F names.
        static: S names.
        wide: The columns of a wide frame that became a series each; else empty.
    """

    time: str | None
    series: str | None
    target: tuple[str, ...]
    past: tuple[str, ...] = ()
    future: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Panel:
    """Time series of one frequency, one after the other.

    Numbers are float32 where all columns of a block were given as numbers that float32 holds
    exactly, else float64. NaN is a missing value.

    Attributes:
        names: N names of the series.
        offsets: int64 `[N+1]`: series n holds rows offsets[n] to offsets[n+1], at least one.
        times: `[R]`, strictly increasing inside each series: datetime64[us], in UTC if there were
            time zones; or int64.
        steps: int64 `[R]`, each row's number on the grid of `frequency`; a jump of more than 1
            inside a series is a gap.
        frequency: How far one step is from the next.
        target: `[R, K]`.
        past: `[R, P]`, covariates that are known up to now.
        future: `[R, F]`, covariates that are known ahead; never NaN, except in rows that `filled`
            and `padded` put in.
        static: `[N, S]`.
        columns: The names of the columns.
        history: int64 `[N]`: so many rows of each series, at least one, are history; the rows
            after those hold known-ahead covariates only, their target and past covariates are NaN.
        categories: Of each text covariate the values, in the order of its columns.
        notes: What was found, inferred and repaired, each a sentence with its count.
        timezone: In which times without a zone were read, before they became UTC; or None.
        zone: In which the times, in UTC, are local: the zone that was told or that they had;
            None: they are as they are.
        labelled: Whether the times that were read said how far their zone is off UTC.
        written: What is known of how their table is written that later ones need as well.
    """

    names: tuple[str, ...]
    offsets: np.ndarray
    times: np.ndarray
    steps: np.ndarray
    frequency: Frequency
    target: np.ndarray
    past: np.ndarray
    future: np.ndarray
    static: np.ndarray
    columns: Columns
    history: np.ndarray
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    timezone: str | None = None
    written: Mapping[str, str] = field(default_factory=dict)
    zone: str | None = None
    labelled: bool = False

    def __len__(self) -> int:
        return len(self.names)

    def rows(self, n: int) -> slice:
        """The rows of series n."""
        return slice(int(self.offsets[n]), int(self.offsets[n + 1]))

    def owner(self, row: int) -> str:
        """The name of the series that a row is of."""
        return self.names[int(np.searchsorted(self.offsets, row, side="right")) - 1]

    @property
    def lengths(self) -> np.ndarray:
        """Rows of each series, those ahead included, int64 `[N]`."""
        return np.diff(self.offsets)

    @property
    def gap_before(self) -> np.ndarray:
        """Whether steps are missing between a row and the one before it, bool `[R]`."""
        gap = np.zeros(len(self.steps), dtype=bool)
        np.greater(self.steps[1:], self.steps[:-1] + 1, out=gap[1:])
        gap[self.offsets[:-1]] = False
        return gap

    def local(self, times: np.ndarray) -> np.ndarray:
        """Times of the panel as a clock in its zone shows them."""
        return local_times(times, self.zone)

    def parts(self, rows: int = 1 << 22) -> Iterator[slice]:
        """The series in turn, as many as have no more than so many rows together; at least one."""
        begin = 0
        while begin < len(self):
            most = self.offsets[begin] + rows
            end = int(np.searchsorted(self.offsets, most, side="right")) - 1
            yield slice(begin, max(end, begin + 1))
            begin = max(end, begin + 1)

    def select(self, indices: Any) -> Panel:
        """The series at `indices` (numbers, a slice or a mask `[N]`), in that order."""
        chosen = np.atleast_1d(np.arange(len(self))[indices])
        lengths = self.lengths[chosen]
        rows = ranges(self.offsets[:-1][chosen], lengths)
        return replace(
            self._of_rows(rows, lengths),
            names=tuple(self.names[n] for n in chosen),
            static=self.static[chosen],
            history=self.history[chosen],
        )

    def cut(self, history: Any, *, keep_ahead: bool = False) -> Panel:
        """The panel as it stood when each series had so many rows of history.

        Args:
            history: int64 `[N]`, or one number for all: 1 to `self.history`.
            keep_ahead: Keep the rows after that, with their known-ahead covariates only.

        Raises:
            ArgumentError: A series has fewer rows of history, or would keep none.
        """
        history = np.broadcast_to(np.asarray(history, dtype=np.int64), len(self)).copy()
        outside = (history < 1) | (history > self.history)
        if outside.any():
            n = int(outside.argmax())
            raise ArgumentError(
                "history",
                f"found {history[n]} for series {self.names[n]!r}",
                f"1 to {self.history[n]} rows",
            )
        if not keep_ahead:
            rows = ranges(self.offsets[:-1], history)
            return replace(self._of_rows(rows, history), history=history)
        position = np.arange(len(self.times)) - np.repeat(self.offsets[:-1], self.lengths)
        later = position >= np.repeat(history, self.lengths)
        target, past = self.target.copy(), self.past.copy()
        target[later] = np.nan
        past[later] = np.nan
        return replace(self, target=target, past=past, history=history)

    def filled(self) -> Panel:
        """The panel with a row of NaN for each missing step, counted in the notes.

        Raises:
            DataError: So many steps are missing that a time stamp must be wrong.
        """
        gaps = np.flatnonzero(self.gap_before)
        if len(gaps) == 0:
            return self
        widths = self.steps[gaps] - self.steps[gaps - 1] - 1
        missing = int(widths.sum())
        total = len(self.steps) + missing
        if total > max(_ALWAYS_FILLED, _MOST_FILLED * len(self.steps)):
            row = int(gaps[widths.argmax()])
            name = self.owner(row)
            raise DataError(
                f"series {name!r}",
                f"{widths.max()} steps ({self.frequency.describe()}) are missing between "
                f"{shown(self.times[row - 1])} and {shown(self.times[row])}",
                "correct the time stamps, or leave the gap as it is",
            )
        shift = np.zeros(len(self.steps), dtype=np.int64)
        shift[gaps] = widths
        new = np.arange(len(self.steps)) + np.cumsum(shift)
        lengths = np.add.reduceat(shift, self.offsets[:-1]) + self.lengths
        offsets = offsets_of(lengths)
        last_of_history = new[self.offsets[:-1] + self.history - 1]
        added = np.ones(total, dtype=bool)
        added[new] = False
        before = np.repeat(gaps, widths) - 1
        inside = np.arange(missing) - np.repeat(np.cumsum(widths) - widths, widths) + 1
        steps = self.steps[before] + inside
        times = self.frequency.shift(self.times[before], inside)
        return replace(
            self.spread(new, np.flatnonzero(added), times, steps),
            offsets=offsets,
            history=last_of_history + 1 - offsets[:-1],
            notes=(*self.notes, f"{many(missing, 'missing step')} filled with rows of NaN."),
        )

    def padded(self, rows: int) -> Panel:
        """The panel with rows of NaN before short series, so that each has `rows` of history.

        What was put in is counted in the notes.
        """
        widths = np.maximum(rows - self.history, 0)
        short = int((widths > 0).sum())
        if short == 0:
            return self
        lengths = self.lengths + widths
        offsets = offsets_of(lengths)
        new = ranges(offsets[:-1] + widths, self.lengths)
        added = ranges(offsets[:-1], widths)
        first = np.repeat(self.offsets[:-1], widths)
        back = added - np.repeat(offsets[:-1] + widths, widths)
        times = self.frequency.shift(self.times[first], back)
        note = (
            f"{many(int(widths.sum()), 'row')} of NaN put before {short} series with fewer than "
            f"{rows} rows of history."
        )
        return replace(
            self.spread(new, added, times, self.steps[first] + back),
            offsets=offsets,
            history=self.history + widths,
            notes=(*self.notes, note),
        )

    def to_columns(self) -> dict[str, np.ndarray]:
        """The panel in long form, for writing out: a column of R entries for each name.

        Columns without a name in the frame are called "time" and "series".
        """
        named = self.columns
        table = {
            named.series or "series": np.repeat(np.array(self.names), self.lengths),
            named.time or "time": self.times,
        }
        for names, block in (
            (named.target, self.target),
            (named.past, self.past),
            (named.future, self.future),
            (named.static, np.repeat(self.static, self.lengths, axis=0)),
        ):
            table |= {name: block[:, k] for k, name in enumerate(names)}
        return table

    def _of_rows(self, rows: np.ndarray, lengths: np.ndarray) -> Panel:
        """The rows at `rows`, now in series of `lengths`."""
        return replace(
            self,
            offsets=offsets_of(lengths),
            times=self.times[rows],
            steps=self.steps[rows],
            target=self.target[rows],
            past=self.past[rows],
            future=self.future[rows],
        )

    def spread(
        self, new: np.ndarray, added: np.ndarray, times: np.ndarray, steps: np.ndarray
    ) -> Panel:
        """The rows at their `new` places, and rows of NaN with `times` and `steps` at `added`.

        Offsets and history stay as they are: the caller replaces them.
        """
        total = len(new) + len(added)

        def spread(values: np.ndarray, others: Any) -> np.ndarray:
            wide = np.empty((total, *values.shape[1:]), dtype=values.dtype)
            wide[new] = values
            wide[added] = others
            return wide

        return replace(
            self,
            times=spread(self.times, times),
            steps=spread(self.steps, steps),
            target=spread(self.target, np.nan),
            past=spread(self.past, np.nan),
            future=spread(self.future, np.nan),
        )


def ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The numbers of each range, one range after the other, int64 `[sum of lengths]`."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(starts - (ends - lengths), lengths)
