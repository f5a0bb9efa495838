"""Series as the files of an archive have them: a line each, values as texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from elman.data.tables.fields import MISSING, is_number
from elman.errors import FormatError
from elman.printable import many

__all__ = ["Archived", "channels", "values_of"]

_MISSING = (*MISSING, "?")


class Archived(NamedTuple):
    """Series as a file of an archive has them.

    Attributes:
        rows: Of each `[T_i, I]` float64, NaN where nothing stands.
        labels: As the text has them; None where there are none.
        lines: On which line each stands.
        notes: What was left out.
    """

    rows: list[np.ndarray]
    labels: list[str] | None
    lines: list[int]
    notes: tuple[str, ...] = ()


def channels(parts: Sequence[Sequence[str]], at: str) -> np.ndarray:
    """One series `[T, I]` from the texts of each feature's values.

    Raises:
        FormatError: One of them is no number, or a feature has fewer values than another.
    """
    columns = []
    for k, fields in enumerate(parts):
        columns.append(values_of(fields, f"{at}, feature {k}"))
        if len(columns[k]) != len(columns[0]):
            found = f"found {many(len(columns[k]), 'value')}"
            raise FormatError(f"{at}, feature {k}", found, f"{len(columns[0])}, as feature 0 has")
    return np.stack(columns, axis=1) if columns else np.zeros((0, 0))


def values_of(fields: Sequence[str], at: str) -> np.ndarray:
    """Numbers, NaN where one is missing; `FormatError` for anything else."""
    try:
        return np.array([*fields], dtype=np.float64)
    except ValueError:
        pass  # something is missing, or no number
    values = np.empty(len(fields))
    for step, field in enumerate(map(str.strip, fields)):
        if field not in _MISSING and not is_number(field):
            raise FormatError(f"{at}, step {step}", f"found {field!r}", "a number, or ?")
        values[step] = np.nan if field in _MISSING else float(field)
    return values
