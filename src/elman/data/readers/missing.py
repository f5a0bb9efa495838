"""Values that are missing inside sequences: filled if that is asked for, and counted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from elman.data.tables.repairs import offsets_of
from elman.errors import ArgumentError, DataError
from elman.printable import many

__all__ = ["ADVICE", "FILLINGS", "check_filling", "filled"]

FILLINGS = ("linear", "previous")
"""How a missing value is made up: on the line between its neighbours, or as the one before."""
ADVICE = "a number; or fill it: missing='linear' or missing='previous'"
"""What to do about a missing value."""


def check_filling(missing: str | None) -> None:
    """`ArgumentError` unless this says how missing values are filled; None: they are not."""
    if missing is not None and missing not in FILLINGS:
        raise ArgumentError("missing", f"found {missing!r}", f"one of {', '.join(FILLINGS)}")


def filled(
    steps: np.ndarray, lengths: np.ndarray, missing: str | None, place: Callable[[int, int], str]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Steps without a missing value, and what was filled.

    Before the first value of a sequence stands that one, after the last one that.

    Args:
        steps: float64 `[R, I]`, one sequence after the other; NaN is missing.
        lengths: Of the sequences.
        missing: One of `FILLINGS`; None: a missing value is an error.
        place: What messages call a row and a feature.

    Raises:
        DataError: A value is missing and may not be filled, or a sequence has none to fill with.
    """
    absent = np.isnan(steps)
    if not absent.any():
        return steps, ()
    if missing is None:
        row, feature = np.argwhere(absent)[0]
        raise DataError(place(int(row), int(feature)), "found nothing", ADVICE)
    steps, offsets = steps.copy(), offsets_of(lengths)
    for n in np.unique(np.searchsorted(offsets, np.flatnonzero(absent.any(1)), side="right") - 1):
        part = slice(offsets[n], offsets[n + 1])
        for feature in np.flatnonzero(absent[part].any(axis=0)):
            known = np.flatnonzero(~absent[part, feature])
            if not len(known):
                raise DataError(
                    place(int(offsets[n]), int(feature)),
                    "found no value in the whole sequence",
                    "at least one; or leave the sequence or the feature out",
                )
            values, at = steps[part, feature], np.arange(int(lengths[n]))
            if missing == "linear":
                values[:] = np.interp(at, known, values[known])
            else:
                values[:] = values[known[np.maximum(np.searchsorted(known, at, "right") - 1, 0)]]
    how = {"linear": "on the line between their neighbours", "previous": "with the one before"}
    return steps, (f"{many(int(absent.sum()), 'missing value')} filled {how[missing]}",)
