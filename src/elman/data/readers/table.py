"""Tables in long form: one row a step, with columns for series, step, features and label.

::

    series,step,x,y,label
    a,1,0.5,0.1,left
    a,2,0.7,0.0,left
    b,1,0.2,0.9,right
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.sequences import LabelledSequences, Sequences
from elman.data.tables.delimited import header_and_rows, is_number, read_rows
from elman.data.tables.parquet import read_arrow
from elman.errors import DataError
from elman.printable import quoted

__all__ = ["Columns", "label_array", "read_csv", "read_parquet"]

_USUAL = {
    "series": ("series", "series_id", "sequence", "sequence_id", "id"),
    "step": ("step", "time_step", "timestep", "time", "timestamp", "t"),
    "label": ("label", "class", "target", "y"),
}
_MOST_CHARACTERS = 1 << 26  # of texts in one array: 256 MiB
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Columns:
    """Which column of a table means what; None takes the usual names.

    Attributes:
        series: The series' identifier.
        step: What the steps are sorted by: numbers, or ISO dates and times.
        label: What is to be learnt; several columns of numbers are allowed.
        per_step: Whether the label is a number (or several) at each step.

    All other columns are features.
    """

    series: str | None = None
    step: str | None = None
    label: str | Sequence[str] | None = None
    per_step: bool = False


@dataclass(frozen=True)
class _Table:
    """A table as read: every column of the same number of rows."""

    path: str
    columns: Mapping[str, Sequence[Any]]
    lines: Sequence[int]  # where each row stands in the file

    def error(self, row: int, column: str, found: str, expected: str) -> DataError:
        return DataError(f"{self.path}, line {self.lines[row]}, column {column!r}", found, expected)


def read_csv(path: Path, columns: Columns) -> LabelledSequences:
    """Read a `.csv` or `.csv.gz` file in long form; fields between commas, semicolons or tabs.

    Raises:
        FormatError: The file is damaged, has no header, or rows of another number of fields.
        DataError: A column or value is missing, not a number, or contradicts another row.
    """
    names, lines, rows = header_and_rows(read_rows(path, str(path)), str(path))
    values = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    return _sequences(_Table(str(path), values, lines[1:]), columns)


def read_parquet(path: Path, columns: Columns) -> LabelledSequences:
    """Read a Parquet file in long form; needs the extra `parquet`.

    Raises:
        MissingExtraError: pyarrow is not installed.
        FormatError, DataError: See `read_csv`; lines count rows from 1.
    """
    table = read_arrow(path)
    values = {name: _cells(table[name], f"{path}, column {name!r}") for name in table.column_names}
    return _sequences(_Table(str(path), values, range(1, table.num_rows + 1)), columns)


def _cells(column: Any, where: str) -> list[Any]:
    """A column of Arrow's as Python has its values."""
    try:
        return column.to_pylist()
    except Exception as error:  # times beyond Python's among it; Arrow's errors are many
        raise DataError(
            where, f"{column.type} cannot be read ({error})", "numbers, texts or times"
        ) from error


def _sequences(table: _Table, columns: Columns) -> LabelledSequences:
    """Sort a table's rows into sequences."""
    series_name = _find(table, "series", columns.series)
    step_name = _find(table, "step", columns.step)
    label_names = _label_names(table, columns)
    taken = {series_name, step_name, *label_names}
    features = tuple(name for name in table.columns if name not in taken)
    if not features:
        raise _no_column(table, "feature", "at least one column besides series, step and label")
    ids, codes = _series(table, series_name)
    order = _order(table, codes, series_name, step_name)
    lengths = np.bincount(codes, minlength=len(ids)).astype(np.int64)
    inside = np.arange(lengths.max()) < lengths[:, None]

    def pad(names: Sequence[str], dtype: Any) -> np.ndarray:
        padded = np.zeros((*inside.shape, len(names)), dtype=dtype)
        padded[inside] = _matrix(table, names)[order]
        return padded

    if all(_missing(cell) for name in label_names for cell in table.columns[name]):
        labels = None
    elif columns.per_step:
        labels = pad(label_names, np.float64)
    else:
        starts = np.cumsum(lengths) - lengths
        by_column = [_constant(table, name, codes, order, starts) for name in label_names]
        labels = by_column[0] if isinstance(columns.label, str | None) else np.stack(by_column, 1)
    sequences = Sequences(pad(features, np.float32), lengths)
    return LabelledSequences(sequences, labels, features, ids, table.path)


def _find(table: _Table, role: str, given: str | None) -> str:
    """The column that plays `role`, or an error that lists the columns."""
    name = _usual(table, role) if given is None else given
    if name is None or name not in table.columns:
        wanted = f"a column {given!r}" if given else f"a column named {' or '.join(_USUAL[role])}"
        raise _no_column(table, role, f"{wanted}; or name it: {role}='...'")
    return name


def _usual(table: _Table, role: str) -> str | None:
    by_lower = {name.lower(): name for name in reversed(list(table.columns))}
    return next((by_lower[name] for name in _USUAL[role] if name in by_lower), None)


def _no_column(table: _Table, role: str, expected: str) -> DataError:
    found = f"no {role} column among the columns {quoted(table.columns)}"
    return DataError(table.path, found, expected)


def _label_names(table: _Table, columns: Columns) -> list[str]:
    """The label columns; none where no column has a usual name."""
    if columns.label is None:
        usual = _usual(table, "label")
        names = [] if usual is None else [usual]
    else:
        given = [columns.label] if isinstance(columns.label, str) else list(columns.label)
        names = [_find(table, "label", name) for name in given]
    return names


def _missing(cell: Any) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip())


def _series(table: _Table, name: str) -> tuple[tuple[str, ...], np.ndarray]:
    """The series' ids in order of appearance, and each row's place among them."""
    places: dict[str, int] = {}
    codes = np.empty(len(table.lines), dtype=np.int64)
    for row, cell in enumerate(table.columns[name]):
        if _missing(cell):
            raise table.error(row, name, "found nothing", "the identifier of a series")
        codes[row] = places.setdefault(str(cell), len(places))
    return tuple(places), codes


def _order(table: _Table, codes: np.ndarray, series_name: str, step_name: str) -> np.ndarray:
    """The rows sorted by series and step; a step must not stand twice in a series."""
    cells = table.columns[step_name]
    dates = _moment(cells[0]) is not None and not is_number(str(cells[0]))
    steps = _dates(table, step_name) if dates else _numbers(table, step_name)
    order = np.lexsort((steps, codes))
    twice = (np.diff(codes[order]) == 0) & (np.diff(steps[order]) == 0)
    if twice.any():
        row = int(order[1:][twice].min())
        raise table.error(
            row,
            step_name,
            f"found step {cells[row]} of series {table.columns[series_name][row]!r} a second time",
            "each step once in a series",
        )
    return order


def _moment(cell: Any) -> float | None:
    """An ISO date or time as seconds (without a zone: UTC's); None if it is not one."""
    try:
        moment = datetime.fromisoformat(str(cell))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _dates(table: _Table, name: str) -> np.ndarray:
    """A column of dates or times as seconds."""
    moments = [_moment(cell) for cell in table.columns[name]]
    if None in moments:
        row = moments.index(None)
        found = f"found {table.columns[name][row]!r}"
        raise table.error(row, name, found, "an ISO date, as in the first row")
    return np.array(moments)


def _matrix(table: _Table, names: Sequence[str]) -> np.ndarray:
    """Columns as float64 `[rows, columns]`, all at once where nothing is wrong with them."""
    try:
        numbers = np.array([table.columns[name] for name in names], dtype=np.float64).T
        if numbers.ndim == 2 and (np.abs(numbers) <= _LARGEST).all():
            return numbers
    except (TypeError, ValueError, OverflowError):
        pass  # some cell is not a number: found below
    return np.stack([_numbers(table, name) for name in names], axis=1)


def _numbers(table: _Table, name: str) -> np.ndarray:
    """A column as float64 `[rows]`; every cell must be a finite number within float32."""
    cells = table.columns[name]
    try:
        numbers = np.array(cells, dtype=np.float64)
        if numbers.ndim == 1 and (np.abs(numbers) <= _LARGEST).all():
            return numbers
    except (TypeError, ValueError, OverflowError):
        pass  # some cell is not a number: found below, with its line
    for row, cell in enumerate(cells):
        if _missing(cell):
            raise table.error(row, name, "found nothing", "a number; fill or remove missing values")
        try:
            usable = abs(float(cell)) <= _LARGEST
        except (TypeError, ValueError, OverflowError):
            usable = False
        if not usable:
            raise table.error(row, name, f"found {cell!r}", "a finite number within float32")
    raise table.error(0, name, f"found {cells[0]!r}", "plain numbers")


def _constant(
    table: _Table, name: str, codes: np.ndarray, order: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """One label a series; it must stand in each of its rows and be the same in all."""
    cells = table.columns[name]
    firsts = [cells[row] for row in order[starts]]
    for row, (cell, code) in enumerate(zip(cells, codes, strict=True)):
        if _missing(cell):
            raise table.error(
                row, name, "found nothing", "a label in every row, or in none (to predict)"
            )
        if cell != firsts[code]:
            raise table.error(
                row,
                name,
                f"found {cell!r} in a series that begins with {firsts[code]!r}",
                "one label a series; for numbers at each step pass per_step=True",
            )
    return label_array(firsts)


def label_array(labels: Sequence[Any]) -> np.ndarray:
    """Labels as int64 if all are whole numbers, else float64 if all are numbers, else strings.

    >>> label_array(["1", "-1"]).tolist(), label_array(["a", "1"]).tolist()
    ([1, -1], ['a', '1'])

    Raises:
        DataError: As one array, in which all are as wide as the longest, they would be far larger.
    """
    stripped = [str(label).strip() for label in labels]
    longest = max(stripped, key=len, default="")
    if len(longest) * len(stripped) > _MOST_CHARACTERS:
        found = f"found one of {len(longest)} characters among {len(stripped)}"
        raise DataError("labels", found, "shorter labels: names of classes")
    texts = np.array(stripped)
    for dtype in (np.int64, np.float64):
        try:
            array = texts.astype(dtype)
        except (ValueError, OverflowError):
            continue
        if np.isfinite(array).all():
            return array
    return texts
