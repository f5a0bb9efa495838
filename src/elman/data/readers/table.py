"""Tables in long form: one row a step, with columns for series, step, features and label.

::

    series,step,x,y,label
    a,1,0.5,0.1,left
    a,2,0.7,0.0,left
    b,1,0.2,0.9,right
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from elman.data.labelled_sequences import LabelledSequences
from elman.data.readers.cells import codes_of, found_in, matrix, wrong_cell
from elman.data.readers.guessing import inferred, settled
from elman.data.readers.labels import groups_of, labels_of, with_steps
from elman.data.readers.missing import filled
from elman.data.readers.roles import (
    Columns,
    columns_of_labels,
    find_column,
    names_of,
    no_column,
    usual,
)
from elman.data.readers.wide import Wide, wide_sequences
from elman.data.readers.words import words_of
from elman.data.sequences import padded
from elman.data.tables import reader
from elman.data.tables.columns import Table
from elman.data.tables.dialect import FOUND_OUT, Dialect
from elman.data.tables.timestamps import about_dots, looks_like_times, moments
from elman.errors import DataError
from elman.printable import closest, quoted

__all__ = ["read_table", "table_sequences"]

_LARGEST_ID = 2**53  # beyond it a float64 leaves whole numbers out


def read_table(
    path: str | os.PathLike[str], columns: Columns, dialect: Dialect = FOUND_OUT
) -> LabelledSequences:
    """Sequences from a file: a table in long form, or in wide form.

    Raises:
        FormatError: The file is damaged, has no header, or rows of another number of fields.
        DataError: A column or value is missing, not a number, or contradicts another row. The
            message names the line; those of Parquet count rows from 1.
        MissingExtraError: Parquet needs pyarrow, which is not installed.
    """
    texts = names_of(columns)
    return table_sequences(reader.read(path, texts=texts, dialect=dialect), columns)


def table_sequences(table: Table, columns: Columns) -> LabelledSequences:
    """Sequences from a table; see `read_table`.

    The two levels of a pandas index are series and time.
    """
    if len(table.index) == 2:
        series, time = table.index
        columns = replace(columns, series=columns.series or series, time=columns.time or time)
    names = list(table.columns)
    _check_told(table, columns)
    before = columns
    columns, wide, guesses = settled(table, columns)
    table = replace(table, notes=(*table.notes, *guesses))
    if wide is not None:
        data = _rows_as_sequences(table, columns, wide)
        return replace(data, written={**data.written, **inferred(before, columns)})
    series_name = find_column(table, "series", columns.series)
    time_name = columns.time or usual(names, "time")
    if time_name is not None:
        find_column(table, "time", time_name)
    label_names = columns_of_labels(names, columns)
    taken = {series_name, *label_names, columns.group} | ({time_name} if time_name else set())
    features = () if columns.text else _features(table, columns, taken)
    ids, codes = _series(table, series_name)
    order = _order(table, codes, series_name, time_name)
    lengths = np.bincount(codes, minlength=len(ids)).astype(np.int64)
    labels, said = None, ()
    if any((codes_of(table, name)[0] >= 0).any() for name in label_names):
        columns, said = with_steps(table, columns, label_names, codes, len(ids))
        labels = labels_of(table, columns, label_names, codes, order, lengths)
    if columns.text:
        sequences, notes = words_of(table, columns.text, order, lengths), ()
    else:
        steps, notes = _steps(table, columns, features, order, lengths)
        sequences = replace(padded(steps, lengths), names=None if columns.ids else features)
    groups = groups_of(table, columns, codes, order[np.cumsum(lengths) - lengths])
    dots = about_dots(table.columns[time_name]) if time_name else ()
    notes = (*table.notes, *dots, *said, *notes)
    written = {**table.written, **inferred(before, columns)}
    return LabelledSequences(sequences, labels, features, ids, table.name, notes, groups, written)


def _check_told(table: Table, columns: Columns) -> None:
    """`DataError` where a column that is told is not there, before others are taken for it."""
    told = [("series", columns.series), ("time", columns.time)]
    told += [("label", name) for name in columns_of_labels(list(table.columns), columns)]
    told += [("group", columns.group)] if columns.grouped else []
    for role, name in told:
        if name is not None:
            find_column(table, role, name)


def _rows_as_sequences(table: Table, columns: Columns, wide: Wide) -> LabelledSequences:
    """A table in wide form."""
    names = list(table.columns)
    values = np.stack([matrix(table, row, absent=True) for row in wide.columns], axis=1)
    sequences, filled_notes = wide_sequences(table, wide, values, columns.missing)
    series = columns.series or usual(names, "series")
    rows = np.arange(table.rows)
    ids = tuple(map(str, rows))
    if series is not None:
        ids, codes = _series(table, find_column(table, "series", columns.series))
        if len(ids) != table.rows:
            row = int((np.bincount(codes)[codes] > 1).argmax())
            found = f"found {ids[codes[row]]!r} a second time"
            raise wrong_cell(table, row, series, found, "a sequence a row, each with its own name")
    labels = None
    label_names = columns_of_labels(names, columns)
    if any((codes_of(table, name)[0] >= 0).any() for name in label_names):
        labels = labels_of(table, columns, label_names, rows, rows, np.ones(len(rows), np.int64))
    notes = (*table.notes, f"{table.name} was read as {wide}", *filled_notes)
    groups = groups_of(table, columns, rows, rows)
    return LabelledSequences(
        sequences, labels, wide.features, ids, table.name, notes, groups, table.written
    )


def _features(table: Table, columns: Columns, taken: set[str]) -> tuple[str, ...]:
    """The columns that are features: those told, or all that are nothing else."""
    names = list(table.columns)
    for name in (*(columns.features or ()), *columns.ignore):
        if name not in names:
            found = f"no column {name!r} among the columns {quoted(names)}"
            raise DataError(table.name, found, closest(name, names))
    if columns.features is not None:
        return tuple(columns.features)
    found = tuple(name for name in names if name not in taken and name not in columns.ignore)
    if not found:
        raise no_column(
            table, "feature column", "at least one column besides series, time and label"
        )
    return found


def _steps(
    table: Table,
    columns: Columns,
    features: Sequence[str],
    order: np.ndarray,
    lengths: np.ndarray,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """All steps in order, float32 `[rows, I]` or ids int64 `[rows]`; and what was filled."""
    values = matrix(table, features, absent=columns.missing is not None)[order]

    def place(row: int, feature: int) -> str:
        return f"{table.where(int(order[row]))}, column {features[feature]!r}"

    if not columns.ids:
        values, notes = filled(values, lengths, columns.missing, place)
        return values.astype(np.float32), notes
    if len(features) != 1:
        found = f"{len(features)} columns besides series, time and label: {quoted(features)}"
        raise DataError(table.name, found, "one, of token ids")
    wrong = ~(values >= 0) | (values != np.round(values)) | (values > _LARGEST_ID)
    if wrong.any():
        row = int(order[int(wrong.argmax())])
        expected = "a token id: a whole number of at least 0"
        raise wrong_cell(table, row, features[0], found_in(table, row, features[0]), expected)
    return values[:, 0].astype(np.int64), ()


def _series(table: Table, name: str) -> tuple[tuple[str, ...], np.ndarray]:
    """The series' ids in order of appearance, and each row's place among them."""
    codes, values = codes_of(table, name)
    if (codes < 0).any():
        row = int((codes < 0).argmax())
        raise wrong_cell(table, row, name, "found nothing", "the identifier of a series")
    whole = (v.is_integer() if isinstance(v, float) else False for v in values)
    return tuple(str(int(v)) if w else str(v) for v, w in zip(values, whole, strict=True)), codes


def _order(table: Table, codes: np.ndarray, series_name: str, time_name: str | None) -> np.ndarray:
    """The rows sorted by series and step; a step must not stand twice in a series."""
    if time_name is None:
        return np.argsort(codes, kind="stable")
    column = table.columns[time_name]
    if looks_like_times(column):
        steps = moments(
            column,
            lambda row: f"{table.where(row)}, column {time_name!r}",
            "an ISO date, as in the first row",
        )
    else:
        steps = matrix(table, [time_name])[:, 0]
    order = np.lexsort((steps, codes))
    twice = (codes[order][1:] == codes[order][:-1]) & (steps[order][1:] == steps[order][:-1])
    if twice.any():
        row = int(order[1:][twice].min())
        step, series = table.field(row, time_name), table.field(row, series_name)
        found = f"found step {step} of series {series!r} a second time"
        raise wrong_cell(table, row, time_name, found, "each step once in a series")
    return order
