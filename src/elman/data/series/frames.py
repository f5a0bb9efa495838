"""Frames, arrays and files as a `Panel`: checked, in order, on one grid of times.

Letters: N series, R rows of all series, K targets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from elman.data.series.assembly import Assembly
from elman.data.series.continuation import continued
from elman.data.series.frequency import Frequency
from elman.data.series.opening import opened
from elman.data.series.panel import Columns, Panel, ranges
from elman.data.series.roles import choose, completed, listed
from elman.data.tables.columns import Table
from elman.data.tables.dialect import Dialect
from elman.data.tables.repairs import check_repairs, offsets_of
from elman.errors import ArgumentError
from elman.printable import many

__all__ = ["panel_of"]

Names = str | Sequence[str]


def panel_of(
    frame: Any,
    *,
    target: Names | None = None,
    time: str | None = None,
    series: str | None = None,
    past: Names = (),
    future: Names = (),
    static: Names = (),
    frequency: str | Frequency | None = None,
    ahead: Any = None,
    timezone: str | None = None,
    repair: Names = (),
    joint: bool = False,
    categories: Mapping[str, tuple[str, ...]] | None = None,
    columns: Columns | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    dates: str | None = None,
    date_format: str | None = None,
    name: str = "frame",
) -> Panel:
    """Time series in any accepted form as one checked `Panel`.

    Long form has a column that tells the series apart (`series`). Without one, each target column
    is a series of its own (wide form), or all are targets of one series (`joint`). In a folder
    each file is a series, in a list or a mapping of names each frame; of a pandas index of two
    levels the first tells the series apart, and the second is the time.

    >>> sales = {"shop": ["a", "a", "b", "b"], "sold": [3, 4, 7, 9],
    ...          "day": ["2024-05-01", "2024-05-02", "2024-05-01", "2024-05-02"]}
    >>> panel = panel_of(sales, series="shop")
    >>> panel.names, panel.frequency.describe(), panel.target[:, 0].tolist()
    (('a', 'b'), 'daily', [3.0, 4.0, 7.0, 9.0])

    Args:
        frame: A pandas, polars or Arrow table; a list of such, or a mapping of names to such; a
            mapping of columns; an array `[T]` or `[T, K]`, whose columns are "0", "1", …; the
            path of a table (text or Parquet), or of a folder of tables; or a Panel.
        target: The columns to forecast. None: the only column of numbers, or "y", "value",
            "target"; of an array every column that is not used otherwise.
        time: The column of times: dates, ISO texts or whole numbers. None guesses it; without
            one, rows are steps.
        series: The column that tells the series apart.
        past: Covariates that are known up to now. A column of texts becomes one column for each
            of its values, in sorted order.
        future: Covariates that are known ahead, in every row.
        static: Covariates that are constant inside each series.
        frequency: One step: "h", "15min", "D", "B", "W", "MS", "ME", "QS", "QE", "YS", "YE",
            "step", …; "rows" takes each row as one step, whatever its time. None infers it.
        ahead: Rows with time, series and the `future` columns that go on after the end of `frame`;
            earlier ones are left out. Rows of `frame` without a target (and past covariate) at the
            end of a series are ahead, too.
        timezone: The zone of times without one, such as "Europe/Paris"; they become UTC.
        repair: What may be repaired instead of refused, each counted in the notes: "sort" (rows
            by time), "drop_duplicates" (the first of equal times stays), "numbers" (numbers that
            stand as text), "infinite" (taken for missing).
        joint: Without `series`: several targets are one series.
        categories: The values of text covariates, as an earlier panel has them.
        columns: The names of an earlier panel, for roles that are not given here.
        separator: Of a text file: what stands between fields; None, as of what follows: found out.
        decimal: Of a text file: the decimal sign, "." or ",".
        encoding: Of a text file, as "cp1252".
        dates: Of a text file: "day-first" or "month-first", of dates such as 01/02/2024.
        date_format: Of a text file: how dates are written, as "%d.%m.%Y %H:%M".
        name: What messages call the frame.

    Raises:
        DataError: Something in the data cannot be used; the message names row or line, column
            and series, and the repair if there is one.
        ShapeError: The frame has no rows, or is nothing that is accepted.
        ArgumentError: An option is unknown or does not fit.
        MissingExtraError: The frame's kind needs a package that is not installed.
    """
    repair = listed(repair)
    check_repairs(repair)
    chosen: dict[str, Any] = {
        "target": target,
        "time": time,
        "series": series,
        "past": past,
        "future": future,
        "static": static,
    }
    unfold = False
    dialect = Dialect(
        separator=separator,
        decimal=decimal,
        encoding=encoding,
        dates=dates,
        date_format=date_format,
    )
    if isinstance(frame, Panel):
        panel = _of_panel(frame, chosen, frequency, columns, name)
    else:
        named = series or (columns.series if columns else None)
        texts = [*(categories or {}), *([named] if named else [])]
        table, made = opened(frame, name, named, texts, dialect)
        if columns is not None:
            chosen = completed(chosen, columns, categories or {})
        found = choose(table, **_indexed(chosen, table, made), guess_time=columns is None)
        panel = Assembly(table, found, repair, timezone, categories).panel(frequency)
        joint = joint or (columns is not None and not columns.wide)
        unfold = not joint and found.series is None and len(found.target) > 1
    if ahead is not None:
        if not isinstance(frame, Panel):  # what is ahead is told by the other table
            panel = _ended(panel)
            panel = panel.cut(panel.history)
        named = panel.columns.series
        texts = [*panel.categories, *([named] if named else [])]
        table, _ = opened(ahead, "ahead", named, texts, dialect)
        panel = continued(panel, table, timezone=timezone, repair=repair)
    panel = _one_series_each(panel) if unfold else panel
    return panel if isinstance(frame, Panel) else _ended(panel)


def _indexed(chosen: dict[str, Any], table: Table, made: str | None) -> dict[str, Any]:
    """The roles, with those that the table's form tells: a pandas index of two levels, files."""
    told: dict[str, Any] = {"series": made}
    if len(table.index) == 2:
        told = dict(zip(("series", "time"), table.index, strict=True))
    there = {role: name for role, name in chosen.items() if role not in told or name is not None}
    return {**chosen, **told, **there}


def _of_panel(
    panel: Panel,
    chosen: dict[str, Any],
    frequency: str | Frequency | None,
    columns: Columns | None,
    name: str,
) -> Panel:
    """A panel as it is, or with its columns in other roles, by those of `columns` if given."""
    own, wanted = panel.columns, columns or panel.columns
    taken = {name for role in chosen.values() if role for name in listed(role)}
    given: dict[str, Any] = {
        role: listed(chosen[role] or ())
        or tuple(name for name in getattr(wanted, role) if name not in taken)
        for role in ("target", "past", "future", "static")
    }
    same_roles = all(getattr(own, role) == names for role, names in given.items())
    if same_roles and frequency in (None, panel.frequency, panel.frequency.to_text()):
        return panel
    if (panel.history != panel.lengths).any():
        raise ArgumentError(
            name, "a Panel with rows ahead takes no other roles or frequency", "make it with them"
        )
    again = panel_of(
        panel.to_columns(),
        **given,
        time=chosen["time"] or own.time or "time",
        series=chosen["series"] or own.series or "series",
        frequency=frequency or panel.frequency,
        name=name,
    )
    return replace(
        again,
        columns=replace(again.columns, time=own.time, series=own.series, wide=own.wide),
        categories=panel.categories,
        notes=(*panel.notes, *again.notes),
        timezone=panel.timezone,
        zone=panel.zone,
        labelled=panel.labelled,
    )


def _ended(panel: Panel) -> Panel:
    """The panel whose histories end where the last target or past covariate was observed.

    Rows after that are ahead where covariates are known for them; else they are left out.
    """
    seen: np.ndarray = np.asarray(~np.isnan(panel.target).all(axis=1))
    if panel.past.shape[1]:
        seen |= ~np.isnan(panel.past).all(axis=1)
    rows = np.arange(len(seen)) - np.repeat(panel.offsets[:-1], panel.lengths)
    last = np.maximum.reduceat(np.where(seen, rows, -1), panel.offsets[:-1]) + 1
    history = np.where(last > 0, np.minimum(last, panel.history), panel.history)
    empty = panel.history - history
    if not empty.any():
        return panel
    count, series = many(int(empty.sum()), "row"), int((empty > 0).sum())
    what = f"{count} without a target at the end of {series} series"
    if panel.columns.future:
        return replace(panel, history=history, notes=(*panel.notes, f"{what}: taken as ahead."))
    return replace(panel.cut(history), notes=(*panel.notes, f"{what} left out."))


def _one_series_each(panel: Panel) -> Panel:
    """Each target of a panel of one series as a series of its own, from its first value on."""
    count = panel.target.shape[1]
    observed = ~np.isnan(panel.target)
    first = observed.argmax(axis=0)
    lengths = len(panel.times) - first
    rows = ranges(first, lengths)
    owners = np.repeat(np.arange(count), lengths)
    notes = [f"Wide form: {count} columns are {count} series."]
    if first.any():
        notes.append(
            f"{many(int(first.sum()), 'row')} before the first value of a series left out."
        )
    return replace(
        panel,
        names=panel.columns.target,
        offsets=offsets_of(lengths),
        times=panel.times[rows],
        steps=panel.steps[rows],
        target=panel.target[rows, owners][:, None],
        past=panel.past[rows],
        future=panel.future[rows],
        static=np.repeat(panel.static, count, axis=0),
        history=panel.history[0] - first,
        columns=replace(panel.columns, target=("value",), wide=panel.columns.target),
        notes=(*panel.notes, *notes),
    )
