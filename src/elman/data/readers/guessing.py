"""Which columns tell series and steps apart where none has a usual name: only what is certain.

A choice is taken where exactly one fits, and said; it counts as told for later tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from elman.data.readers.cells import codes_of
from elman.data.readers.roles import USUAL, Columns, columns_of_labels, usual
from elman.data.readers.wide import Wide, gap_in, nearly_wide, steps_of, wide_columns
from elman.data.tables import columns as tables
from elman.data.tables.columns import Table
from elman.data.tables.timestamps import looks_like_times, moments
from elman.errors import DataError, ElmanError
from elman.printable import quoted

__all__ = ["inferred", "settled"]


@dataclass(frozen=True)
class _Guess:
    """What was inferred: the column of the series, that of the time, and a sentence of it."""

    series: str | None = None
    time: str | None = None
    said: tuple[str, ...] = ()


def settled(table: Table, columns: Columns) -> tuple[Columns, Wide | None, tuple[str, ...]]:
    """The columns with those of series and time, inferred where exactly one choice fits.

    Raises:
        DataError: None does, or several do; or the table is nearly one in wide form.
    """
    names = list(table.columns)
    series, time = columns.series or usual(names, "series"), columns.time or usual(names, "time")
    wide = _wide(names, columns)
    if wide is not None or (series and time):
        return columns, wide, ()
    labels = [name for name in columns_of_labels(names, columns) if name in names]
    taken = {series, time, *labels, columns.group, columns.text, *columns.ignore}
    taken |= set(columns.features or ())
    free = [name for name in names if name not in taken]
    may_be_wide = not (time or columns.per_step or columns.ids or columns.text)
    if may_be_wide and series is None and (found := _row_names(table, free)):
        said = f"{table.name}: {found[1]!r} names the sequences: it differs in every row"
        return replace(columns, series=found[1]), found[0], (said,)
    for name in (series, time, *labels):
        if name is not None and name not in names:
            return columns, None, ()  # told, and not there: said where it is looked for
    whole = [] if columns.per_step or (columns.classes and series) else labels
    guess = _guessed(table, free, whole, series, time)
    if guess is not None:
        return replace(columns, series=guess.series, time=guess.time), None, guess.said
    repeated = series is not None and len(codes_of(table, series)[1]) < table.rows
    if may_be_wide and not repeated:
        _check_nearly_wide(table, free)
    if series is None:
        raise _neither(table, time, labels)
    said = f"{table.name}: no column of times: the rows of a series are its steps, in their order"
    return columns, None, (said,)


def _neither(table: Table, time: str | None, labels: Sequence[str]) -> DataError:
    """The error about a table in which nothing tells the series apart."""
    roles = "series column" if time else "series column and no time column"
    known = f"a column named {' or '.join(USUAL['series'])}"
    both = "series='...'" if time else "series='...' and time='...'"
    expected = f"{known}; or name what tells the sequences apart, and what orders their steps: "
    kinds_of = {
        name: tables.kind(table.columns[name]) for name in table.columns if name not in labels
    }
    if texts := [name for name, found in kinds_of.items() if found == "text"]:
        text = likely_text(table, texts)
        both += f"; or, where a row is a text, the column of texts: text='{text}'"
    return DataError(
        table.name, f"no {roles} among the columns {quoted(table.columns)}", expected + both
    )


def likely_text(table: Table, texts: Sequence[str]) -> str:
    """Which of the columns of texts may be what is read: as usually called, else the longest."""
    return usual(texts, "text") or max(texts, key=lambda name: _length(table.columns[name]))


def _length(column: Any) -> int:
    """How many characters stand in a column of texts."""
    return sum(len(str(cell)) for cell in tables.objects(column))


def _wide(names: Sequence[str], columns: Columns) -> Wide | None:
    """The columns of steps, where nothing tells series or steps apart and all others are such."""
    if columns.time or columns.per_step or columns.ids or columns.text or usual(names, "time"):
        return None
    beside = {columns.series or usual(names, "series"), *columns_of_labels(names, columns)}
    beside.add(columns.group)
    told = columns.features or ()
    if told and set(told) <= set(names):
        return wide_columns(told)
    if told and (steps := steps_of([n for n in names if n not in beside], told)):
        return wide_columns(steps)
    return wide_columns([n for n in names if n not in beside and n not in columns.ignore])


def inferred(told: Columns, found: Columns) -> dict[str, str]:
    """The columns of series and time that were inferred, for later tables."""
    pairs = {"series": (told.series, found.series), "time": (told.time, found.time)}
    return {role: new for role, (old, new) in pairs.items() if new is not None and new != old}


def _row_names(table: Table, free: Sequence[str]) -> tuple[Wide, str] | None:
    """The steps of a table in wide form, and the one column besides, if it names the rows."""
    near = nearly_wide(free)
    if near is None or len(near[1]) != 1:
        return None
    name = near[1][0]
    if tables.kind(table.columns[name]) != "text":
        return None
    codes, values = codes_of(table, name)
    names_rows = len(values) == table.rows and not (codes < 0).any()
    return (near[0], name) if names_rows else None


def _check_nearly_wide(table: Table, free: Sequence[str]) -> None:
    """`DataError` for a table that would be in wide form but for some columns, or a gap."""
    gap = gap_in(free)
    if gap is not None:
        raise DataError(
            table.name,
            f"read as one sequence a row, the steps go from {gap[0]!r} on to {gap[1]!r}",
            "numbers without a gap in the names of the steps; or name the steps with features=",
        )
    near = nearly_wide(free)
    if near is None or not near[1]:
        return
    wide, besides = near
    shown = ",".join(besides)
    raise DataError(
        table.name,
        f"nearly {wide}; but for the columns {quoted(besides)}",
        f"leave out what is no step: ignore='{shown}'; or name the label with label=, or the "
        "columns series= and time= where each row is a step",
    )


def _guessed(
    table: Table, free: Sequence[str], labels: Sequence[str], series: str | None, time: str | None
) -> _Guess | None:
    """The one choice of columns that fits; None where none does, or several.

    The rows of a series stand together and its label does not change; its times increase.

    Args:
        table: The table.
        free: The columns that may be series or time.
        labels: Those that are labels of whole series.
        series: The column of the series, where it is known.
        time: The column of the time, where it is known.
    """
    steps = _increasing(table, [n for n in free if n != series] if time is None else [time])
    fixed = [codes_of(table, name)[0] for name in labels]
    pairs = []
    for name in free if series is None else [series]:
        heads = _heads(table, name, told=series is not None)
        if heads is None or (series is None and any(_changes(each, heads) for each in fixed)):
            continue
        pairs += [
            (name, of) for of, values in steps.items() if of != name and _rises(values, heads)
        ]
    if len(pairs) != 1:
        return None
    found = pairs[0]
    new = [
        f"the column of the {role} is {name!r}"
        for role, name, known in (("series", found[0], series), ("time", found[1], time))
        if known is None
    ]
    return _Guess(found[0], found[1], (f"{table.name}: {', '.join(new)} (no other fits)",))


def _heads(table: Table, name: str, told: bool) -> np.ndarray | None:
    """Where each series begins, bool `[rows]`; None where the column can be none of series."""
    if not told and tables.kind(table.columns[name]) == "number":
        values = tables.numbers(table.columns[name])
        if not np.isfinite(values).all() or (values != np.round(values)).any():
            return None
    codes, values = codes_of(table, name)
    heads = np.concatenate(([True], codes[1:] != codes[:-1]))
    count = int(heads.sum())
    if (codes < 0).any() or count != len(values) or not 1 < count <= table.rows // 2:
        return None
    return heads


def _changes(codes: np.ndarray, heads: np.ndarray) -> bool:
    """Whether a label changes within a series."""
    return bool(((codes[1:] != codes[:-1]) & ~heads[1:]).any())


def _rises(values: np.ndarray, heads: np.ndarray) -> bool:
    """Whether times increase strictly within each series, and begin again with some."""
    up = values[1:] > values[:-1]
    return bool((up | heads[1:]).all())


def _increasing(table: Table, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The columns that may be times: whole numbers, or dates."""
    found = {}
    for name in names:
        column = table.columns[name]
        if tables.kind(column) == "number":
            values = tables.numbers(column)
            if np.isfinite(values).all() and (values == np.round(values)).all():
                found[name] = values
        elif looks_like_times(column):
            try:
                found[name] = moments(column, table.where)
            except ElmanError:
                continue  # a date is missing, or none: no column of times
    return found
