"""Frames of any library as named columns, and what a column holds: numbers, texts or times.

A column stays as its library holds it until it is asked for, so that a large frame is never there
twice. Nothing here runs row by row, except over columns of Python objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.data.tables.fields import PLAIN, Numerals
from elman.errors import DataError, MissingExtraError, ShapeError

__all__ = [
    "Table",
    "as_table",
    "cell",
    "codes",
    "dtype_name",
    "is_frame",
    "kind",
    "missing",
    "numbers",
    "objects",
]

_NO_TEXT = "\ue000"  # of private use: stands for a missing text while texts are counted
FORMS = "a pandas, polars or Arrow table, a mapping of columns or an array [T] or [T, K]"


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of equal length.

    Attributes:
        name: What messages call the whole.
        columns: Of each name a narwhals Series or an array `[rows]`.
        rows: How many rows there are.
        where: What messages call a row: "sales.csv, line 17".
        field: What stands in a row and a column, for messages: of a text file the text.
        is_array: Whether it was an array, whose columns have numbers for names.
        index: Of these the columns that were the index of a pandas frame: a name for each level.
        notes: What was inferred when it was read, in sentences.
        numerals: How numbers are written in columns of texts.
        dates: Which number of days with slashes is the day, where there are such.
        date_format: How dates were told to be written.
    """

    name: str
    columns: Mapping[str, Any]
    rows: int
    where: Callable[[int], str]
    field: Callable[[int, str], Any]
    is_array: bool = False
    index: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    numerals: Numerals = PLAIN
    dates: str | None = None
    date_format: str | None = None

    @property
    def written(self) -> dict[str, str]:
        """What was told or found out of how it is written that later tables need as well."""
        decimal = None if self.numerals.decimal == "." else self.numerals.decimal
        found = {"decimal": decimal, "dates": self.dates, "date_format": self.date_format}
        return {name: value for name, value in found.items() if value is not None}


def is_frame(value: Any) -> bool:
    """Whether a value is a frame of whatever library: a table, or a column with two indices."""
    return hasattr(value, "columns") or getattr(getattr(value, "index", None), "nlevels", 1) == 2


def as_table(
    frame: Any,
    name: str,
    where: Callable[[int], str] | None = None,
    field: Callable[[int, str], Any] | None = None,
) -> Table:
    """A frame, a mapping of columns or an array as a `Table`.

    The index of a pandas frame or series becomes a column, or one for each level, if it has a
    name or holds times or periods; a period, there or in a column, is the time at which it begins.

    Raises:
        ShapeError: It is none of these, its columns differ in length, or it has no rows.
        DataError: Two columns have one name.
        MissingExtraError: It is a frame, and narwhals is not installed.
    """
    is_array, index = isinstance(frame, np.ndarray), ()
    if is_array:
        columns: Mapping[str, Any] = _array_columns(frame, name)
    elif isinstance(frame, Mapping):
        columns = {str(key): _as_array(values, name, key) for key, values in frame.items()}
    else:
        columns, index = _frame_columns(frame, name)
    if isinstance(columns, _FrameColumns):
        lengths = {name: columns.rows}
    else:
        lengths = {column: len(values) for column, values in columns.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{column!r} has {rows}" for column, rows in lengths.items())
        raise ShapeError(name, f"columns of different lengths: {found}", "columns of one length")
    rows = next(iter(lengths.values()), 0)
    if rows == 0:
        raise ShapeError(name, "has no rows", "at least one row")
    return Table(
        name,
        columns,
        rows,
        where or (lambda row: f"{name}, row {row}"),
        field or (lambda row, column: cell(columns[column], row)),
        is_array,
        index,
    )


def kind(column: Any) -> str:
    """What a column holds: "number", "text", "time", "nothing" or "other"."""
    if isinstance(column, np.ndarray):
        return _object_kind(column) if column.dtype == object else _ARRAY_KINDS[column.dtype.kind]
    import narwhals.stable.v1 as nw

    dtype = column.dtype
    if dtype != nw.Object and column.null_count() == len(column):
        return "nothing"
    if dtype.is_numeric() or dtype == nw.Boolean:
        return "number"
    if dtype in (nw.Datetime, nw.Date):
        return "time"
    if dtype in (nw.String, nw.Categorical, nw.Enum):
        return "text"
    return _object_kind(column.to_numpy()) if dtype == nw.Object else "other"


def dtype_name(column: Any) -> str:
    """The type of a column, as its library calls it."""
    if isinstance(column, np.ndarray):
        return str(column.dtype)
    native = column.to_native()
    return str(native.dtype if hasattr(native, "dtype") else native.type)


def numbers(column: Any) -> np.ndarray:
    """A column of numbers (or of nothing) as an array `[rows]`; what is missing is NaN."""
    if isinstance(column, np.ndarray):
        if column.dtype != object:
            return column
        return np.where(missing(column), np.nan, column).astype(np.float64)
    import narwhals.stable.v1 as nw

    if kind(column) == "nothing":
        return np.full(len(column), np.nan)
    if column.dtype == nw.Object:
        return numbers(column.to_numpy())
    if column.dtype == nw.Decimal or (column.null_count() and not column.dtype.is_float()):
        column = column.cast(nw.Float64)
    return column.to_numpy()


def objects(column: Any) -> np.ndarray:
    """A column as an array `[rows]` of what it holds."""
    return column if isinstance(column, np.ndarray) else column.to_numpy()


def missing(column: Any) -> np.ndarray:
    """Which entries are missing, bool `[rows]`."""
    if not isinstance(column, np.ndarray):
        null = column.is_null().to_numpy().astype(bool)
        return null | missing(column.to_numpy()) if column.dtype.is_float() else null
    if column.dtype == object:
        none: Any = None  # NumPy compares objects with it, whatever its signature says
        try:
            return np.equal(column, none) | (column != column)
        except TypeError:  # pandas' NA among objects is neither equal to itself nor not
            found = (value is None or type(value).__name__ == "NAType" for value in column)
            absent = np.fromiter(found, bool, len(column))
            absent[~absent] = missing(column[~absent])
            return absent
    if column.dtype.kind in "fM":
        return np.isnan(column) if column.dtype.kind == "f" else np.isnat(column)
    return np.zeros(len(column), dtype=bool)


def cell(column: Any, row: int) -> Any:
    """The entry of a row, as Python has its value.

    Raises:
        DataError: Python has none for it, such as for a time beyond its calendar.
    """
    try:
        if not isinstance(column, np.ndarray) and column[row : row + 1].null_count():
            return None  # each library has its own word for it
        found = column[row]
    except Exception as error:  # of whichever library
        raise DataError(
            f"row {row}", f"{dtype_name(column)} cannot be read ({error})", "numbers, texts, times"
        ) from error
    return found.item() if isinstance(found, np.generic) else found


def codes(column: Any) -> tuple[np.ndarray, list[Any]]:
    """A column as numbers of its distinct values, in order of first appearance.

    Only the rows where the value changes are looked at, so that columns sorted by it are fast.

    Returns:
        int32 `[rows]`, -1 where missing; and the values, texts or numbers.
    """
    absent = missing(column)
    if not isinstance(column, np.ndarray) and column.dtype.is_integer() and not absent.any():
        column = column.to_numpy()  # Arrow looks for no number beyond int64
    if isinstance(column, np.ndarray):
        present = column
        if absent.any():
            present = column.astype(object)
            present[absent] = _NO_TEXT
        changed = present[1:] != present[:-1]
        heads = np.concatenate(([0], np.flatnonzero(changed) + 1))
        found, labels = _array_codes(present[heads])
    else:
        present = _without_nulls(column, bool(absent.any()))
        changed = (present != present.shift(1)).to_numpy()[1:].astype(bool)
        heads = np.concatenate(([0], np.flatnonzero(changed) + 1))
        found, labels = _series_codes(present[heads])
    whole = np.repeat(found, np.diff(heads, append=len(absent)))
    if absent.any():
        gone = labels.index(_NO_TEXT)
        whole[whole == gone] = -1
        whole -= whole > gone
        labels.pop(gone)
    return whole, labels


_ARRAY_KINDS = {
    **dict.fromkeys("fiub", "number"),
    "M": "time",
    "U": "text",
    **dict.fromkeys("cmSV", "other"),
}


def _object_kind(column: np.ndarray) -> str:
    present = column[~missing(column)]
    types = set(map(type, present))
    if not types:
        return "nothing"
    for name, allowed in _object_types().items():
        if all(issubclass(found, allowed) for found in types):
            return name
    return "other"


def _object_types() -> dict[str, tuple[type, ...]]:
    import datetime
    import decimal
    import numbers as abstract

    return {
        "text": (str,),
        "time": (datetime.date, np.datetime64),  # a datetime is a date
        "number": (abstract.Real, decimal.Decimal, np.bool_),
    }


def _array_columns(array: np.ndarray, name: str) -> dict[str, np.ndarray]:
    if array.ndim not in (1, 2) or array.dtype.kind not in "fiub":
        raise ShapeError(
            name, f"found an array of {array.dtype}, shape {array.shape}", f"numbers: {FORMS}"
        )
    columns = array[:, None] if array.ndim == 1 else array
    return {str(k): columns[:, k] for k in range(columns.shape[1])}


def _as_array(values: Any, name: str, key: Any) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype.kind == "U" and not isinstance(values, np.ndarray):
        array = np.asarray(values, dtype=object)  # [1.5, "x"] would become two texts
    if array.ndim != 1:
        raise ShapeError(
            f"{name}, column {str(key)!r}", f"found an array of shape {array.shape}", "one axis"
        )
    return array


class _FrameColumns(Mapping[str, Any]):
    """The columns of a narwhals frame by name, each made when it is asked for: there may be many.

    Attributes:
        rows: How many rows each has.
    """

    def __init__(self, frame: Any) -> None:
        self.rows = len(frame)
        self._frame = frame
        self._names = {str(name): name for name in frame.columns}

    def __getitem__(self, name: str) -> Any:
        return self._frame.get_column(self._names[name])

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _frame_columns(frame: Any, name: str) -> tuple[_FrameColumns, tuple[str, ...]]:
    """The columns of a frame, and those of them that were its index."""
    try:
        import narwhals.stable.v1 as nw
    except ImportError:
        raise MissingExtraError.of("narwhals", "train", name) from None
    if nw.dependencies.is_pandas_like_series(frame) or nw.dependencies.is_polars_series(frame):
        frame = frame.to_frame(frame.name or "value")
    index: tuple[str, ...] = ()
    if nw.dependencies.is_pandas_like_dataframe(frame):
        before = frame.shape[1]
        frame = _with_index(frame, name)
        index = tuple(map(str, frame.columns[: frame.shape[1] - before]))
    if nw.dependencies.is_polars_lazyframe(frame):
        raise ShapeError(name, "found a LazyFrame", "its rows: frame.collect()")
    try:
        native = nw.from_native(frame, eager_only=True)
    except nw.exceptions.DuplicateError as error:
        raise DataError(name, f"two columns have one name ({error})", "one name each") from error
    except TypeError as error:
        raise ShapeError(name, f"found a {type(frame).__name__}", FORMS) from error
    return _FrameColumns(native), index


def _with_index(frame: Any, name: str) -> Any:
    """A pandas frame whose index, if it says anything of the rows, has become columns."""
    periods = [place for place, kind in enumerate(frame.dtypes) if str(kind).startswith("period[")]
    if periods:
        frame = frame.copy(deep=False)
        for place in periods:
            frame.isetitem(place, frame.iloc[:, place].dt.to_timestamp())
    index = frame.index
    if hasattr(index, "to_timestamp"):  # of periods
        index = index.to_timestamp()
        frame = frame.set_axis(index, axis=0)
    if index.nlevels == 1 and index.name is None:
        if index.dtype.kind != "M":
            return frame
        frame = frame.rename_axis("time")
    try:
        return frame.reset_index()
    except ValueError as error:
        found = f"index and column have one name ({error})"
        raise DataError(name, found, "one name each") from error


def _array_codes(values: np.ndarray) -> tuple[np.ndarray, list[Any]]:
    if values.dtype == object:
        numbered = {value: number for number, value in enumerate(dict.fromkeys(values.tolist()))}
        found = np.fromiter(map(numbered.__getitem__, values), np.int32, len(values))
        return found, list(numbered)
    labels, first, found = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order))
    return rank[found], labels[order].tolist()


def _without_nulls(column: Any, nulls: bool) -> Any:
    import narwhals.stable.v1 as nw

    if column.dtype in (nw.Categorical, nw.Enum, nw.Object) or column.dtype.is_float():
        column = column.cast(nw.String)
    return column.fill_null(_NO_TEXT) if nulls else column


def _series_codes(values: Any) -> tuple[np.ndarray, list[Any]]:
    import narwhals.stable.v1 as nw

    labels = values.unique(maintain_order=True).to_list()
    if values.implementation.is_pandas_like() and values.dtype == nw.String:
        values = values.cast(nw.Categorical)  # replaced ten times as fast
    numbers = values.replace_strict(labels, list(range(len(labels))), return_dtype=nw.Int32)
    return numbers.to_numpy().astype(np.int32), labels
