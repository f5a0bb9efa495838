"""What a field of a text says: a number, or that nothing stands there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["MISSING", "is_number", "number", "numbers"]

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")
"""What stands, blanks left out, where a number is missing."""


def is_number(text: str) -> bool:
    """Whether a text is a number.

    >>> is_number(" 1e3"), is_number("nan"), is_number("1_000"), is_number("NA")
    (True, True, False, False)
    """
    if "_" in text:  # Python's own way to write numbers
        return False
    try:
        float(text)
    except ValueError:
        return False
    return True


def number(field: str) -> float:
    """The number in a field; NaN where it is missing, `ValueError` where something else stands."""
    field = field.strip()
    if "_" in field:
        raise ValueError
    return np.nan if field in MISSING else float(field)


def numbers(fields: Sequence[str] | np.ndarray) -> np.ndarray:
    """The numbers in fields, float64; all at once where none is missing. Errors as of `number`.

    >>> numbers(["1", "NA", "-2.5"]).tolist()
    [1.0, nan, -2.5]
    """
    if "_" not in "".join(fields):
        try:
            return np.array(fields, dtype=np.float64)
        except ValueError:
            pass  # a word, perhaps one of those for what is missing
    return np.fromiter(map(number, fields), np.float64, len(fields))
