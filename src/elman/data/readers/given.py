"""Sequences and their labels from frames, as a program gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from elman.data.readers.table import Columns, table_sequences
from elman.data.sequences import LabelledSequences
from elman.data.tables.columns import Table, as_table
from elman.data.tables.stacking import with_column
from elman.errors import DataError, ShapeError
from elman.printable import closest

__all__ = ["labelled_frame"]

_Y = "y of X"  # the column that labels of single rows become


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
    index = getattr(y, "index", None)
    if index is not None and not callable(index) and len(y) != table.rows:
        return replace(data, labels=_by_name(y, data.ids))
    if len(y) == table.rows != len(data):
        if index is not None and not callable(index) and not index.equals(frame.index):
            raise ShapeError("y", "has another index than X", "the same rows in the same order")
        rows = with_column(table, _Y, np.asarray(y))
        return table_sequences(rows, replace(columns, label=_Y))
    return replace(data, labels=y)


def _names(y: Any, table: Table) -> list[str]:
    """The columns that y names; none where it is labels."""
    if isinstance(y, str):
        return [y]
    listed = isinstance(y, Sequence) and all(isinstance(name, str) for name in y)
    return list(y) if listed and all(name in table.columns for name in y) else []


def _by_name(y: Any, ids: Sequence[str]) -> np.ndarray:
    """The labels in a pandas series or frame, in the order of the sequences that its index names.

    Raises:
        DataError: A sequence has no label, or two.
    """
    values, names = np.asarray(y), list(map(str, y.index))
    place = {name: row for row, name in enumerate(names)}
    if len(place) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError("y", f"has two labels for {twice!r}", "one for each sequence")
    for name in ids:
        if name not in place:
            raise DataError("y", f"has no label for the sequence {name!r}", "one for each in X")
    return values[[place[name] for name in ids]]
