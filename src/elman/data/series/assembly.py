"""From a table whose columns have their roles to a panel: series, order, grid, numbers, notes.

Letters: N series, R rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from elman.data.series.covariates import Place, Reader, check_whole, constant
from elman.data.series.frequency import Frequency, infer
from elman.data.series.panel import Columns, Panel
from elman.data.series.roles import Roles
from elman.data.tables import columns as tables
from elman.data.tables.columns import Table
from elman.data.tables.repairs import Order, in_order
from elman.data.tables.timestamps import Times, about_dots, read_times, shown
from elman.errors import ArgumentError, DataError
from elman.printable import many

__all__ = ["Assembly", "series_of"]

_HOUR = np.timedelta64(1, "h")
_STEADY = 8  # so many equal jumps in a row are another frequency, not missing rows


@dataclass(eq=False)
class Assembly:
    """One table on its way to a panel.

    Attributes:
        table: The table.
        roles: What its columns are for.
        repair: Names of repairs.
        timezone: The zone of times without one, and in which all are told.
        categories: The values of text covariates where they are settled.
    """

    table: Table
    roles: Roles
    repair: Collection[str]
    timezone: str | None
    categories: Mapping[str, tuple[str, ...]] | None

    def panel(self, frequency: str | Frequency | None) -> Panel:
        """The panel, its targets joint."""
        table, chosen = self.table, self.roles
        owners, names = series_of(table, chosen.series)
        if chosen.series is None:
            names = chosen.target if len(chosen.target) == 1 else ("all",)

        def place(row: int, column: str | None) -> str:
            series = f", series {names[owners[row]]!r}" if chosen.series else ""
            return f"{table.where(row)}{f', column {column!r}' if column else ''}{series}"

        order, found = self._order(owners, len(names), frequency, place)
        grid, steps, said = self._grid(order, names, frequency, place)
        reader = Reader(table, order, place, self.repair, self.categories, {}, [])
        target = reader.block(chosen.target, target=True)
        past, future = reader.block(chosen.past), reader.block(chosen.future)
        check_whole(future, order, place)
        static = reader.block(chosen.static)
        panel = Panel(
            names=names,
            offsets=order.offsets,
            times=order.times,
            steps=steps,
            frequency=grid,
            target=target.values,
            past=past.values,
            future=future.values,
            static=constant(static, order, place),
            columns=Columns(
                chosen.time, chosen.series, target.names, past.names, future.names, static.names
            ),
            history=np.diff(order.offsets),
            categories=reader.categories,
            timezone=self.timezone,
            written=table.written,
            zone=found.zone,
            labelled=found.labelled,
        )
        gaps = _about_gaps(panel, naive=not found.notes)
        told = (*chosen.notes, *found.notes, *order.notes, *said, *reader.notes, *gaps)
        dots = () if chosen.time is None else about_dots(table.columns[chosen.time])
        return replace(panel, notes=(*table.notes, *dots, *told))

    def _order(
        self,
        owners: np.ndarray,
        series: int,
        frequency: str | Frequency | None,
        place: Place,
    ) -> tuple[Order, Times]:
        """The rows of each series in order, and their times as they were read."""
        column = self.roles.time
        if column is None:
            if self.timezone is not None:
                raise ArgumentError("timezone", "there is no column of times", "leave it out")
            order = in_order(owners, series, None, self.repair, lambda row: place(row, None))
            return order, Times(order.times, [])
        found = read_times(
            self.table.columns[column],
            lambda row: place(row, column),
            timezone=self.timezone,
            owners=owners if series > 1 else None,
            is_days=_is_days(frequency),
        )
        advice = "" if self.roles.series else "; rows of several series need series="
        times = found.values
        if self.roles.series is None:
            self._check_single(times)
        naive = times.dtype.kind == "M" and not found.notes
        if naive and (times != times.astype("datetime64[D]")).any():
            advice += (
                "; local times that stand twice because the clock was put back need "
                "timezone= (as 'Europe/Paris')"
            )
        order = in_order(
            owners, series, times, self.repair, lambda row: place(row, column), advice=advice
        )
        return order, found

    def _check_single(self, times: np.ndarray) -> None:
        """`DataError` if another column tells several series apart, each with times of its own."""
        if (times[1:] > times[:-1]).all():
            return
        used = {self.roles.time, *self.roles.target}
        for name, column in self.table.columns.items():
            if name in used or tables.kind(column) not in ("text", "number"):
                continue
            if tables.kind(column) == "number" and tables.numbers(column).dtype.kind not in "iu":
                continue
            owners, labels = tables.codes(column)
            order = np.argsort(owners, kind="stable")
            same = owners[order][1:] == owners[order][:-1]
            later = times[order][1:] > times[order][:-1]
            if 1 < len(labels) <= same.sum() and later[same].all():
                raise DataError(
                    f"{self.table.name}, column {self.roles.time!r}",
                    f"times stand several times, once for each of {len(labels)} values of {name!r}",
                    f"series={name!r}, if these are the names of series",
                )

    def _grid(
        self,
        order: Order,
        names: tuple[str, ...],
        frequency: str | Frequency | None,
        place: Place,
    ) -> tuple[Frequency, np.ndarray, list[str]]:
        """The frequency, each row's number on its grid, and a note on how it was found."""
        times, offsets, column = order.times, order.offsets, self.roles.time
        inferred = frequency is None and column is not None
        try:
            grid = _settled(frequency, times, offsets, names, has_times=column is not None)
        except DataError as error:
            where = f"{self.table.name}, column {column!r}, {error.where}"
            raise DataError(where, error.found, error.expected) from None
        if grid.rows:
            steps = np.arange(len(times)) - np.repeat(offsets[:-1], np.diff(offsets))
        else:
            try:
                steps = grid.ordinals(times)
            except DataError:
                row = int(grid.off_grid(times).argmax())
                raise DataError(
                    place(order.original(row), column),
                    f"{shown(times[row])} is off the grid: {grid.describe()}, as {shown(times[0])}",
                    "one frequency everywhere; frequency= sets another, frequency='rows' takes "
                    "each row as one step",
                ) from None
        if inferred and (row := _change_inside(steps, offsets)) is not None:
            raise DataError(
                place(order.original(row), column),
                f"mixed frequencies: {grid.describe()} before, from here on steps are "
                f"{steps[row] - steps[row - 1]} times as far apart",
                f"one frequency inside a series; or pass frequency={grid.to_text()!r}",
            )
        return grid, steps, _about_frequency(grid, inferred)


def _change_inside(steps: np.ndarray, offsets: np.ndarray) -> int | None:
    """The first row from which a series goes on with another, coarser frequency, if any.

    Missing rows leave jumps here and there; a frequency that changes leaves many equal jumps in
    a row.
    """
    jumps = np.diff(steps, prepend=steps[:1])
    jumps[offsets[:-1]] = 0
    wide = jumps > 1
    if not wide.any():
        return None
    starts = np.flatnonzero(np.diff(jumps, prepend=jumps[0] + 1))
    lengths = np.diff(starts, append=len(jumps))
    found = np.flatnonzero(wide[starts] & (lengths >= _STEADY))
    return int(starts[found[0]]) if len(found) else None


def _settled(
    frequency: str | Frequency | None,
    times: np.ndarray,
    offsets: np.ndarray,
    names: Sequence[str],
    *,
    has_times: bool,
) -> Frequency:
    """The frequency that is meant or inferred, on the grid of `times`."""
    if frequency is None:
        return infer(times, offsets, names) if has_times else Frequency("step")
    if frequency == "rows":
        return infer(times, offsets, names, rows=True)
    meant = Frequency.from_text(frequency) if isinstance(frequency, str) else frequency
    if (meant.unit == "step") != (times.dtype.kind != "M"):
        held = "dates" if times.dtype.kind == "M" else "whole numbers"
        raise ArgumentError(
            "frequency",
            f"found {meant.to_text()!r}, but times are {held}",
            "a word for dates ('h', 'D', …)" if held == "dates" else "'step'",
        )
    return meant if meant.rows else meant.starting(times)


def series_of(table: Table, column: str | None) -> tuple[np.ndarray, tuple[str, ...]]:
    """The number of each row's series, int32 `[R]`, and the names in order of appearance."""
    if column is None:
        return np.zeros(table.rows, dtype=np.int32), ("all",)
    found = table.columns[column]
    absent = tables.missing(found)
    if absent.any():
        row = int(absent.argmax())
        raise DataError(
            f"{table.where(row)}, column {column!r}", "the series is missing", "its name"
        )
    if tables.kind(found) not in ("text", "number"):
        raise DataError(
            f"{table.where(0)}, column {column!r}",
            f"found {tables.dtype_name(found)}",
            "the names of series: texts or whole numbers",
        )
    codes, labels = tables.codes(found)
    return codes, tuple(map(str, labels))


def _is_days(frequency: str | Frequency | None) -> bool | None:
    """Whether a step is known to be a day or longer; None: not known."""
    if frequency is None or frequency == "rows":
        return None
    meant = Frequency.from_text(frequency) if isinstance(frequency, str) else frequency
    return meant.is_days


def _about_frequency(grid: Frequency, inferred: bool) -> list[str]:
    after = replace(grid, rows=False).describe()
    if grid.rows and inferred:
        taken = replace(grid, rows=False).to_text()
        return [
            f"Frequency: {after}, and each row is one step, as few are missing (inferred: "
            f"holidays). Times after the end go on {after}; frequency='{taken}' takes what is "
            "missing as gaps."
        ]
    if grid.rows:
        return [f"Frequency: by row; times after the end go on {after}."]
    if not inferred:
        return []
    if grid.unit == "business day":
        return [
            f"Frequency: {after} (inferred: no row is on another). What else is missing are gaps; "
            "frequency='rows' takes each row as one step instead."
        ]
    return [f"Frequency: {grid.describe()} (inferred)."]


def _about_gaps(panel: Panel, naive: bool) -> list[str]:
    """Notes on missing steps and on series of one row."""
    notes = []
    single = int((panel.lengths == 1).sum())
    if single and len(panel) > 1:
        notes.append(f"Series with a single row: {single}.")
    gaps = np.flatnonzero(panel.gap_before)
    if len(gaps) == 0:
        return notes
    widths = panel.steps[gaps] - panel.steps[gaps - 1] - 1
    owners = np.searchsorted(panel.offsets, gaps, side="right") - 1
    notes.append(
        f"{many(len(gaps), 'gap')} in {len(np.unique(owners))} series: "
        f"{many(int(widths.sum()), 'step')} missing, the first after "
        f"{shown(panel.times[gaps[0] - 1])} in series {panel.names[owners[0]]!r}."
    )
    if naive and panel.times.dtype.kind == "M" and not panel.frequency.is_days:
        before, after = panel.times[gaps - 1], panel.times[gaps]
        one_hour = after - before == panel.frequency.shift(before, np.array(1)) - before + _HOUR
        sunday = (after.astype("datetime64[D]").astype(int) + 4) % 7 == 0
        if (one_hour & sunday).any():
            notes.append(
                f"{many(int((one_hour & sunday).sum()), 'gap')} of one hour on a Sunday: if the "
                "clock was put forward there, timezone= says so."
            )
    return notes
