"""Text files as Python's csv module reads them, which tells the line of what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from elman.data.tables.fields import MISSING, numbers, signs_of
from elman.data.tables.judging import Beginning, are_numbers, is_word
from elman.data.tables.text_file import Row
from elman.errors import DataError

__all__ = ["by_csv"]

_PART = 1 << 12  # rows that are turned into arrays at once


def by_csv(first: Beginning, rest: Iterator[Row], where: str) -> dict[str, np.ndarray]:
    """The table as the csv module reads it, part by part.

    A part goes into arrays at once: Python's collector would look through longer lists of texts
    again and again.
    """
    lines = [np.array(first.lines)]
    parts = [
        {
            name: fields
            if isinstance(fields, np.ndarray)
            else _column(fields, first, lines[0], where, name)
            for name, fields in first.columns.items()
        }
    ]
    while part := list(islice(rest, _PART)):
        lines.append(np.array([line for line, _ in part]))
        by_column = zip(*(fields for _, fields in part), strict=True)
        parts.append(
            {
                name: _column(fields, first, lines[-1], where, name)
                for name, fields in zip(first.numeric, by_column, strict=True)
            }
        )
    table = parts[0]
    if len(parts) > 1:
        table = {name: np.concatenate([part[name] for part in parts]) for name in table}
    for name, numeric in first.numeric.items():
        if numeric:
            continue
        fields = table[name]
        judged = are_numbers(fields, first.numerals) if numeric is None else False
        if judged:
            table[name] = _numbers(fields, first, np.concatenate(lines), where, name)
        else:
            fields[np.isin(fields, MISSING if judged is None else ("",))] = None
    return table


def _column(
    fields: Sequence[str], first: Beginning, lines: np.ndarray, where: str, name: str
) -> np.ndarray:
    if first.numeric[name]:
        return _numbers(fields, first, lines, where, name)
    return np.array(fields, dtype=object)


def _numbers(
    fields: Sequence[str] | np.ndarray,
    first: Beginning,
    lines: np.ndarray,
    where: str,
    name: str,
) -> np.ndarray:
    """The fields of a column, each on its line, as float64."""
    try:
        return numbers(fields, first.numerals)
    except ValueError:
        pairs = zip(lines, fields, strict=True)
        line, field = next(pair for pair in pairs if is_word(pair[1], first.numerals))
    expected = "a number, as in most other lines; or nothing or NA where it is missing"
    if signs_of(field):
        expected = "a number as in the other lines; or the decimal sign with decimal="
    raise DataError(f"{where}, line {line}, column {name!r}", f"found {field!r}", expected)
