"""What the columns of a text file hold, judged by how they begin: numbers, or texts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from elman.data.tables.fields import MISSING, Numerals, is_number, number, numbers

__all__ = ["JUDGED", "MOSTLY", "Beginning", "are_numbers", "is_word", "judged"]

JUDGED = 1000
"""Rows by which a column is judged."""
MOSTLY = 0.9
"""So many of the fields that are not empty make a column one of numbers."""


@dataclass(frozen=True, eq=False)
class Beginning:
    """The first rows of a text file, by which its columns were judged.

    Attributes:
        lines: The line on which each row ends.
        numeric: Whether a column is one of numbers; None where nothing stands in it yet.
        columns: Numbers where all fields of a column are, or missing; of others the fields.
        texts: The columns that stay texts.
        numerals: How numbers are written.
    """

    lines: list[int]
    numeric: dict[str, bool | None]
    columns: dict[str, Any]
    texts: Collection[str]
    numerals: Numerals


def judged(
    names: list[str],
    lines: list[int],
    rows: list[list[str]],
    texts: Collection[str],
    numerals: Numerals,
) -> Beginning:
    """What the columns of these names are by their first rows, each of which ends on its line."""
    first = Beginning(lines, {}, {}, texts, numerals)
    likely = [
        k for k, name in enumerate(names) if name not in texts and not is_word(rows[0][k], numerals)
    ]
    found = dict(zip(likely, _at_once(rows, likely, numerals), strict=False))
    for k, name in enumerate(names):
        values = found.get(k)
        if values is None:
            fields = [row[k] for row in rows]
            values = None if name in texts else _all_numbers(fields, numerals)
        if values is None:
            first.numeric[name], first.columns[name] = (
                name not in texts and are_numbers(fields, numerals),
                fields,
            )
        else:
            first.numeric[name], first.columns[name] = True, values
    return first


def _at_once(
    rows: list[list[str]], places: list[int], numerals: Numerals
) -> list[np.ndarray | None]:
    """The columns at these places as numbers, since there may be very many; else none.

    One in which nothing stands is None.
    """
    fields = np.array(rows, dtype=object)[:, places].T.ravel()
    try:
        values = numbers(fields, numerals).reshape(len(places), -1)
    except ValueError:  # a word somewhere: each column by itself
        return []
    nothing = np.asarray(np.isnan(values).all(axis=1))
    return [None if empty else column for column, empty in zip(values, nothing, strict=True)]


def _all_numbers(fields: Sequence[str], numerals: Numerals) -> np.ndarray | None:
    """The numbers in fields; None where something else stands, or nothing in any."""
    try:
        values = numbers(fields, numerals)
    except ValueError:
        return None
    return None if np.isnan(values).all() else values


def are_numbers(fields: Iterable[str], numerals: Numerals) -> bool | None:
    """Whether a column of these fields is one of numbers; None if nothing stands in any."""
    stripped = (field.strip() for field in fields)
    present = list(islice((field for field in stripped if field not in MISSING), JUDGED))
    if not present:
        return None
    return sum(is_number(field, numerals) for field in present) >= MOSTLY * len(present)


def is_word(field: str, numerals: Numerals) -> bool:
    """Whether a field is neither a number nor says that one is missing."""
    try:
        number(field, numerals)
    except ValueError:
        return True
    return False
