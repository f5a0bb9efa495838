"""Sequences and their labels from frames, as a program gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from elman.data.labelled_sequences import LabelledSequences
from elman.data.readers.roles import Columns
from elman.data.readers.table import table_sequences
from elman.data.tables.columns import Table, as_table
from elman.data.tables.stacking import with_column
from elman.errors import DataError, ShapeError
from elman.printable import closest

__all__ = ["beside_frame", "by_name", "index_of", "labelled_frame"]

_CALLED = {"y": "label", "groups": "group", "sample_weight": "weight"}


def labelled_frame(frame: Any, y: Any, columns: Columns, where: str = "X") -> LabelledSequences:
    """Sequences from a frame with a row a step, and their labels.

    Args:
        frame: A pandas, polars or Arrow table: in long form, or in wide form.
        y: The name of the label's column, or several; or labels of the sequences in the order of
            their first rows, or by their names in an index; or labels of the rows; or None, for
            the column that `columns` says, or of a usual name.
        columns: Which column means what.
        where: What messages call it.

    Raises:
        DataError, ShapeError: Something does not fit; the message names row or column.
    """
    table = as_table(frame, where)
    if y is None:
        return table_sequences(table, columns)
    if names := _names(y, table):
        for name in names:
            if name not in table.columns:
                found = f"there is no column {name!r}"
                raise DataError(where, found, closest(name, list(table.columns)))
        return table_sequences(table, replace(columns, label=y if isinstance(y, str) else names))
    data = table_sequences(table, replace(columns, label=()))
    return beside_frame(frame, y, columns, data, "y")


def beside_frame(
    frame: Any, values: Any, columns: Columns, data: LabelledSequences, where: str
) -> LabelledSequences:
    """With what was given beside a frame as labels, in the order of the sequences read from it.

    Args:
        frame: The frame.
        values: Something for each sequence, by its place or by its name in an index; or something
            for each row.
        columns: How the frame is read. Of values for rows: whether one belongs to each step.
        data: What was read.
        where: What messages call the values.

    Raises:
        DataError, ShapeError: They do not fit.
    """
    index, table = index_of(values), as_table(frame, "X")
    count = len(values) if hasattr(values, "__len__") else None
    if index is not None and count != table.rows:
        return replace(data, labels=by_name(values, data.ids, where))
    if count == table.rows and index is not None and hasattr(frame, "index"):
        values = _in_order(values, frame.index, rows=count != len(data), where=where)
    if count == table.rows != len(data):
        column = f"{where} of X"  # which such values become
        rows = with_column(table, column, np.asarray(values))
        told = replace(columns, label=column, features=data.feature_names or None)
        return table_sequences(rows, told)
    return replace(data, labels=values)


def index_of(values: Any) -> Any:
    """The index of a pandas series or frame; None of anything else."""
    index = getattr(values, "index", None)
    return None if callable(index) else index


def _in_order(values: Any, index: Any, rows: bool, where: str) -> Any:
    """Values with an index in the order of the frame's rows.

    Those of `rows` have to be in that order. Of sequences that are a row each they may have the
    frame's index in another order; an index that has nothing of it is taken for mere places.
    """
    if values.index.equals(index):
        return values
    if not rows and not values.index.isin(index).any():
        return values
    if not rows and index.is_unique and values.index.is_unique and values.index.isin(index).all():
        return values.reindex(index)
    raise ShapeError(where, "has another index than X", "the same rows in the same order")


def _names(y: Any, table: Table) -> list[str]:
    """The columns that y names; none where it is labels."""
    if isinstance(y, str):
        return [y]
    listed = isinstance(y, Sequence) and all(isinstance(name, str) for name in y)
    return list(y) if listed and all(name in table.columns for name in y) else []


def by_name(given: Any, ids: Sequence[str], where: str) -> Any:
    """What a pandas series or frame has, in the order of the sequences that its index names.

    Args:
        given: The series, or the frame.
        ids: Of the sequences.
        where: What messages call it.

    Raises:
        DataError: A sequence has nothing in it, or two things.
    """
    one = _CALLED.get(where, where)
    names = list(map(str, given.index))
    place = {name: row for row, name in enumerate(names)}
    if len(place) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(where, f"has two {one}s for {twice!r}", "one for each sequence")
    for name in ids:
        if name not in place:
            raise DataError(where, f"has no {one} for the sequence {name!r}", "one for each in X")
    return given.iloc[[place[name] for name in ids]]
