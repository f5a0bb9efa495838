"""What is to be learnt of the sequences in a table: of each, or at each step; and their groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from elman.data.readers.cells import codes_of, constant_of, label_array, matrix, wrong_cell
from elman.data.readers.roles import Columns, find_column
from elman.data.sequences import padded
from elman.data.tables.columns import Table
from elman.errors import DataError

__all__ = ["groups_of", "labels_of", "with_steps"]

_CHANGING = 0.2  # so many of the series have a label that changes, where it is one of each step


def with_steps(
    table: Table, columns: Columns, names: Sequence[str], series: np.ndarray, count: int
) -> tuple[Columns, tuple[str, ...]]:
    """The columns, with a class at each step where it changes within many of the `count` series.

    In a few it is rather a mistake, and an error.
    """
    if columns.per_step or not columns.classes or len(names) != 1:
        return columns, ()
    codes, _ = codes_of(table, names[0])
    pairs = np.unique(np.stack([series, codes]), axis=1)
    changing = int((np.bincount(pairs[0], minlength=count) > 1).sum())
    if changing < max(2, _CHANGING * count):
        return columns, ()
    said = f"column {names[0]!r} changes within {changing:,} of {count:,} sequences: a class a step"
    return replace(columns, per_step=True), (said,)


def labels_of(
    table: Table,
    columns: Columns,
    names: Sequence[str],
    series: np.ndarray,
    order: np.ndarray,
    lengths: np.ndarray,
) -> np.ndarray:
    """What is to be learnt, as `LabelledSequences` has it.

    Args:
        table: The table.
        columns: Whether a label belongs to each step, and is a class.
        names: The columns of labels.
        series: The number of each row's series.
        order: The rows sorted by series and step.
        lengths: How many rows each series has.
    """
    if columns.per_step and columns.classes:
        return _each_step(table, names, order, lengths)
    if columns.per_step:
        return padded(matrix(table, names)[order], lengths).values
    firsts = order[np.cumsum(lengths) - lengths]
    by_column = [constant_of(table, name, series, firsts) for name in names]
    return by_column[0] if isinstance(columns.label, str | None) else np.stack(by_column, 1)


def groups_of(
    table: Table, columns: Columns, series: np.ndarray, firsts: np.ndarray
) -> np.ndarray | None:
    """The group of each series `[N]`; None where there is no such column, or none is told.

    Args:
        table: The table.
        columns: Which column it is.
        series: The number of each row's series.
        firsts: The first row of each series.
    """
    name = columns.group
    if name is None or (name not in table.columns and not columns.grouped):
        return None
    return constant_of(table, find_column(table, "group", name), series, firsts, "group")


def _each_step(
    table: Table, names: Sequence[str], order: np.ndarray, lengths: np.ndarray
) -> np.ndarray:
    """The class at each step: for each series an array `[T_i]`, in an array of objects `[N]`."""
    if len(names) != 1:
        raise DataError(table.name, f"{len(names)} columns of labels", "one, of classes")
    codes, values = codes_of(table, names[0])
    if (codes < 0).any():
        row = int((codes < 0).argmax())
        raise wrong_cell(table, row, names[0], "found nothing", "a label in every row, or in none")
    every = label_array(values, table.numerals)[codes[order]]
    rows = np.empty(len(lengths), dtype=object)
    for n, row in enumerate(np.split(every, np.cumsum(lengths)[:-1])):
        rows[n] = row  # one by one: rows of one length would be taken for a matrix
    return rows
