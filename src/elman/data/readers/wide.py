"""Tables in wide form: one row a sequence, a column for each step.

::

    label,t0,t1,t2
    up,0.5,0.7,0.9
    down,0.9,0.2,

Of several features the columns are `x0, x1, …, y0, y1, …`. Dates and times of day are steps, too,
in the order of time: `2022-11, 2022-12, 2023-01`. Fields that are empty at the end of a
row are steps that the sequence does not have.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from elman.data.readers.missing import ADVICE, filled
from elman.data.sequences import Sequences, padded
from elman.data.tables.columns import Table, missing
from elman.errors import DataError

__all__ = ["Wide", "gap_in", "nearly_wide", "steps_of", "wide_columns", "wide_sequences"]

_STEP = re.compile(r"(.*?)[_ .\-]?(\d+)")
_MONTH = r"(?:0[1-9]|1[0-2])"
_DAY = r"(?:0[1-9]|[12]\d|3[01])"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?"
_DATED = re.compile(
    rf"(.*?(?<!\d))[_ .\-]?(?:(?P<iso>\d{{4}}-{_MONTH}(?:-{_DAY}(?:[T ]{_CLOCK})?)?)"
    rf"|(?P<dotted>\d{{1,2}}\.\d{{1,2}}\.\d{{4}})|(?P<clock>{_CLOCK})"
    rf"|(?P<plain>(?:19|20)\d{{2}}{_MONTH}{_DAY}?))"
)  # fmt: skip
_FEW = 3  # so many columns of steps are no chance


class Wide(NamedTuple):
    """The columns of steps `[I, T]`: for each feature its columns in the order of time.

    Attributes:
        features: The names before the numbers; `value` where there is none.
        columns: See above.
    """

    features: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        first, last = self.columns[0][0], self.columns[0][-1]
        return f"one sequence a row: {len(self.columns[0])} steps, {first} to {last}"


def wide_columns(names: Sequence[str]) -> Wide | None:
    """The columns that are steps, if all of these are and each feature has the same ones.

    >>> wide_columns(["t0", "t1", "t2"]).columns
    (('t0', 't1', 't2'),)
    >>> wide_columns(["x_1", "y_1", "x_2", "y_2"]).features
    ('x', 'y')
    >>> wide_columns(["2022-12", "2023-01", "2022-11"]).columns
    (('2022-11', '2022-12', '2023-01'),)
    >>> wide_columns(["a", "b"]) is None, wide_columns(["f1", "f3"]) is None
    (True, True)
    """
    return _by_time(names) or _by_number(names)


def _by_time(names: Sequence[str]) -> Wide | None:
    """The columns that are steps as their names are dates, or times of day."""
    found: dict[str, dict[tuple[int, ...], str]] = {}
    forms = set()
    for name in names:
        match = _DATED.fullmatch(name)
        if match is None:
            return None
        form, text = match.lastgroup, match[match.lastgroup or 0]
        parts = [int(part) for part in re.findall(r"\d+", text)]
        if form == "dotted":
            parts.reverse()
        forms.add("dated" if form in ("iso", "dotted") else form)
        if found.setdefault(match[1], {}).setdefault(tuple(parts), name) != name:
            return None
    steps = [sorted(columns) for columns in found.values()]
    if not steps or len(forms) > 1 or any(each != steps[0] for each in steps) or len(steps[0]) < 2:
        return None
    ordered = tuple(tuple(columns[k] for k in steps[0]) for columns in found.values())
    return Wide(tuple(name or "value" for name in found), ordered)


def nearly_wide(names: Sequence[str]) -> tuple[Wide, list[str]] | None:
    """The columns that are steps, where most are; and those besides, which are none.

    >>> wide, besides = nearly_wide(["age", "t0", "t1", "t2"])
    >>> wide.features, besides
    (('t',), ['age'])
    """
    steps = [name for name in names if _DATED.fullmatch(name) or _STEP.fullmatch(name)]
    wide = wide_columns(steps)
    if wide is None or len(wide.columns[0]) < _FEW or 2 * len(steps) <= len(names):
        return None
    return wide, [name for name in names if name not in steps]


def gap_in(names: Sequence[str]) -> tuple[str, str] | None:
    """The names around the first number that is left out where all names are numbered steps.

    >>> gap_in(["t0", "t1", "t4"]), gap_in(["t0", "t1", "t2"]), gap_in(["a", "t1", "t4"])
    (('t1', 't4'), None, None)
    """
    found = [_STEP.fullmatch(name) for name in names]
    if len(names) < _FEW or any(match is None for match in found):
        return None
    numbered = sorted((int(match[2]), match[0]) for match in found if match)
    if len({match[1] for match in found if match}) > 1:
        return None
    gaps = ((a[1], b[1]) for a, b in pairwise(numbered) if b[0] > a[0] + 1)
    return next(gaps, None)


def _by_number(names: Sequence[str]) -> Wide | None:
    """The columns that are steps as their names end in numbers, one after the other."""
    found: dict[str, dict[int, str]] = {}
    for name in names:
        match = _STEP.fullmatch(name)
        if match is None or int(match[2]) in found.setdefault(match[1], {}):
            return None
        found[match[1]][int(match[2])] = name
    steps = [sorted(columns) for columns in found.values()]
    if not steps or any(each != steps[0] for each in steps) or len(steps[0]) < 2:
        return None
    if steps[0] != list(range(steps[0][0], steps[0][0] + len(steps[0]))):
        return None
    ordered = tuple(tuple(columns[k] for k in steps[0]) for columns in found.values())
    return Wide(tuple(name or "value" for name in found), ordered)


def steps_of(names: Sequence[str], features: Sequence[str]) -> list[str]:
    """The columns that are steps of these features.

    >>> steps_of(["id", "x0", "x1", "y0", "y1", "note2"], ["y", "x"])
    ['x0', 'x1', 'y0', 'y1']
    """
    found = ((name, _DATED.fullmatch(name) or _STEP.fullmatch(name)) for name in names)
    return [name for name, match in found if match and (match[1] or "value") in features]


def wide_sequences(
    table: Table, wide: Wide, values: np.ndarray, filling: str | None
) -> tuple[Sequences, tuple[str, ...]]:
    """The rows of a table as sequences, and what was filled.

    Args:
        table: It tells where a row stands.
        wide: Its columns of steps.
        values: float64 `[R, I, T]`, not a number where nothing stands.
        filling: How what is missing between others is filled; None: it is an error.

    Raises:
        DataError: A field is empty between others: the message names line and column.
    """
    absent = np.stack([[missing(table.columns[c]) for c in row] for row in wide.columns])
    there = ~absent.transpose(2, 0, 1)  # [R, I, T]
    steps = there.shape[2]
    last = np.where(there.max(axis=1), np.arange(1, steps + 1), 0)
    lengths = last.max(axis=1).astype(np.int64)
    rows, places = np.nonzero(np.arange(steps) < lengths[:, None])

    def place(step: int, feature: int) -> str:
        column = wide.columns[feature][places[step]]
        return f"{table.where(int(rows[step]))}, column {column!r}"

    if filling is None:
        hole = ~there[rows, :, places]
        if hole.any():
            step, feature = np.argwhere(hole)[0]
            expected = f"{ADVICE}; only the end of a row may be empty"
            raise DataError(place(int(step), int(feature)), "found nothing", expected)
    whole, notes = filled(values[rows, :, places], lengths, filling, place)
    made = padded(whole.astype(np.float32), lengths)
    values = np.zeros((len(lengths), steps, len(wide.features)), np.float32)
    values[:, : made.values.shape[1]] = made.values
    return Sequences(values, lengths, wide.features), notes
