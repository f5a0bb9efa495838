"""What stands in the cells of a table: for messages, as labels, as numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.data.readers.missing import ADVICE
from elman.data.tables import columns as tables
from elman.data.tables.columns import Table
from elman.data.tables.fields import PLAIN, Numerals, number, numbers, signs_of
from elman.errors import DataError

__all__ = ["codes_of", "constant_of", "found_in", "label_array", "matrix", "wrong_cell"]

_MOST_CHARACTERS = 1 << 26  # of texts in one array: 256 MiB
_LARGEST = float(np.finfo(np.float32).max)
_PADDED = re.compile(r"[+-]?0\d")


def wrong_cell(table: Table, row: int, column: str, found: str, expected: str) -> DataError:
    """The error about a cell, which names its line and column."""
    return DataError(f"{table.where(row)}, column {column!r}", found, expected)


def found_in(table: Table, row: int, column: str) -> str:
    """What stands there, in the words of a message."""
    cell = table.field(row, column)
    nothing = cell is None or cell != cell or (isinstance(cell, str) and not cell.strip())
    return "found nothing" if nothing else f"found {cell!r}"


def codes_of(table: Table, name: str) -> tuple[np.ndarray, list[Any]]:
    """A column as numbers of its distinct values, -1 where nothing stands; and the values."""
    column = table.columns[name]
    kind = tables.kind(column)
    if kind == "number":
        column = tables.numbers(column)
    elif kind != "text":
        absent, column = tables.missing(column), tables.objects(column)
        column = np.array([str(cell) for cell in column], dtype=object)
        column[absent] = None
    codes, values = tables.codes(column)
    blank = [code for code, value in enumerate(values) if not str(value).strip()]
    return np.where(np.isin(codes, blank), -1, codes), values


def constant_of(
    table: Table, name: str, series: np.ndarray, firsts: np.ndarray, what: str = "label"
) -> np.ndarray:
    """One label a series; it must stand in each of its rows and be the same in all.

    Args:
        table: The table.
        name: The column of labels.
        series: The number of each row's series.
        firsts: The first row of each series.
        what: What a message calls it.
    """
    advice = {
        "label": (
            "a label in every row, or in none (to predict)",
            "; for one at each step set per_step=",
        ),
        "group": ("a group in every row", ""),
    }
    everywhere, otherwise = advice[what]
    codes, values = codes_of(table, name)
    wrong = (codes < 0) | (codes != codes[firsts][series])
    if wrong.any():
        row = int(wrong.argmax())
        if codes[row] < 0:
            raise wrong_cell(table, row, name, "found nothing", everywhere)
        first = found_in(table, int(firsts[series[row]]), name).removeprefix("found ")
        raise wrong_cell(
            table,
            row,
            name,
            f"{found_in(table, row, name)} in a series that begins with {first}",
            f"one {what} a series{otherwise}",
        )
    return label_array([values[code] for code in codes[firsts]], table.numerals)


def label_array(labels: Sequence[Any], numerals: Numerals = PLAIN) -> np.ndarray:
    """Labels as int64 if all are whole numbers, else float64 if all are numbers, else strings.

    With a zero in front, as in 01, they are names.

    >>> label_array(["1", "-1"]).tolist(), label_array(["a", "1"]).tolist()
    ([1, -1], ['a', '1'])
    >>> label_array(["01", "02"]).tolist()
    ['01', '02']

    Raises:
        DataError: As one array, in which all are as wide as the longest, they would be far larger.
    """
    stripped = [str(label).strip() for label in labels]
    longest = max(stripped, key=len, default="")
    if len(longest) * len(stripped) > _MOST_CHARACTERS:
        found = f"found one of {len(longest)} characters among {len(stripped)}"
        raise DataError("labels", found, "shorter labels: names of classes")
    texts = np.array(stripped)
    if any(_PADDED.match(label) for label in stripped):
        return texts
    try:
        return texts.astype(np.int64)
    except (ValueError, OverflowError):
        pass  # fractions, or words
    try:
        array = numbers(stripped, numerals)
    except ValueError:
        return texts
    return array if np.isfinite(array).all() else texts


def matrix(table: Table, names: Sequence[str], absent: bool = False) -> np.ndarray:
    """Columns as float64 `[rows, columns]`; every cell must be a finite number within float32.

    With `absent` a cell may be empty: NaN.
    """
    values = np.empty((table.rows, len(names)))
    for k, name in enumerate(names):
        values[:, k] = _numbers(table.columns[name], table.numerals)
    usable = np.abs(values) <= _LARGEST
    if absent:
        usable |= np.stack([tables.missing(table.columns[name]) for name in names], axis=1)
    if not usable.all():
        k = int(usable.all(axis=0).argmin())
        row = int(usable[:, k].argmin())
        found = found_in(table, row, names[k])
        expected = "a finite number within float32"
        if found == "found nothing":
            expected = ADVICE
        elif signs_of(str(table.field(row, names[k]))) == ",":
            expected = "a number as in other columns; or the decimal sign with decimal="
        elif not np.isfinite(values[:, k]).any():
            expected = (
                "numbers in a feature; name those that are with features=, or what to ignore="
            )
            if len(str(table.field(row, names[k])).split()) > 1:
                expected += f"; or, where a row is a text to classify, text='{names[k]}'"
        raise wrong_cell(table, row, names[k], found, expected)
    return values


def _numbers(column: Any, numerals: Numerals) -> np.ndarray:
    """A column's numbers; NaN where something else stands."""
    kind = tables.kind(column)
    if kind == "number":
        return tables.numbers(column)
    if kind == "other":
        cells = tables.objects(column)
        return np.array([cell if isinstance(cell, int | float) else np.nan for cell in cells])
    if kind != "text":
        return np.full(len(column), np.nan)
    return np.array([_number(field, numerals) for field in tables.objects(column)])


def _number(field: str | None, numerals: Numerals) -> float:
    try:
        return np.nan if field is None else number(field, numerals)
    except ValueError:
        return np.nan
