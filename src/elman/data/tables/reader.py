"""Tables for forecasting from files: read by Arrow, and once more line by line where that fails.

R is the number of rows. What a column holds is judged by how it begins, the same with and without
Arrow: numbers, if nearly all of its fields are; else texts.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.tables.delimited import (
    Source,
    delimiter_of,
    header_and_rows,
    is_number,
    read_rows,
)
from elman.data.tables.parquet import read_arrow
from elman.data.tables.unpacking import Unpacking, is_gzip
from elman.errors import DataError, FormatError

__all__ = ["parse", "read"]

Where = Callable[[int], str]
"""What messages call a row: "sales.csv, line 17"."""

_MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")
_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
_JUDGED = 1000  # rows by which a column is judged
_MOSTLY = 0.9  # so many of the fields that are not empty make a column one of numbers
_PART = 1 << 12  # rows that are turned into arrays at once
_LARGE = 1 << 24  # bytes from which the slow reader is worth a word


def read(path: str | os.PathLike[str], *, text: Collection[str] = ()) -> tuple[Any, Where | None]:
    """A table from a file, whose name tells its format, for `as_panel`.

    Args:
        path: `.csv`, `.csv.gz`, `.tsv`, `.tsv.gz` (commas, semicolons or tabs; the first line
            names the columns) or `.parquet`.
        text: Columns of a text file that stay texts whatever they hold, such as the names of
            series: "007".

    Returns:
        An Arrow table, or without pyarrow a mapping of columns `[R]` (float64, or objects that
        are texts); and what messages call a row (None: by its number).

    Raises:
        FormatError: The file is damaged, or of another format.
        DataError: It cannot be opened, or a field of a column of numbers is none; the message
            names line, column and field.
        MissingExtraError: Parquet needs pyarrow, which is not installed.
    """
    file = Path(path)
    name = file.name.lower()
    if name.endswith(".parquet"):
        return read_arrow(file), None
    if not name.endswith(_SUFFIXES):
        raise FormatError(
            str(file), "is of no format that is read here", f"{', '.join(_SUFFIXES)} or .parquet"
        )
    return parse(file, str(path), text=text)


def parse(source: Source, where: str, *, text: Collection[str] = ()) -> tuple[Any, Where]:
    """A table from a text file or its bytes; see `read`.

    >>> columns, line = parse(b"day,units\\n2024-05-01,3\\n2024-05-02,NA\\n", "sales.csv")
    >>> line(1)
    'sales.csv, line 3'
    """
    found = islice(read_rows(source, where), _JUDGED + 1)
    names, lines, head = header_and_rows(found, where)
    begins = dict(zip(names, zip(*head, strict=True), strict=True))
    numeric = {name: name not in text and _numeric(begins[name]) for name in names}
    table, failure = _by_arrow(source, where, lines[0], numeric, text)
    if table is not None:
        return table, lambda row: f"{where}, line {_line(source, where, row)}"
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size > _LARGE:
        warnings.warn(
            f"{where} ({size >> 20} MiB) is read by Python's csv module, as {failure}", stacklevel=3
        )
    return _by_csv(source, where, numeric)


def _numeric(fields: Iterable[str]) -> bool | None:
    """Whether a column of these fields is one of numbers; None if nothing stands in any."""
    stripped = (field.strip() for field in fields)
    present = list(islice((field for field in stripped if field not in _MISSING), _JUDGED))
    if not present:
        return None
    return sum(map(is_number, present)) >= _MOSTLY * len(present)


def _by_arrow(
    source: Source,
    where: str,
    header: int,
    numeric: dict[str, bool | None],
    kept: Collection[str],
) -> tuple[Any, str]:
    """The table as Arrow reads it; or None, and why it does not.

    Arrow does not tell the line where it failed. Then the csv module reads the file, and either
    names what is wrong or gets it right.
    """
    try:
        import narwhals  # noqa: F401  by which a panel reads Arrow's columns
        import pyarrow
        import pyarrow.csv
    except ImportError as error:
        return None, f"{error.name} is not installed (faster: pip install 'elman[parquet]')"
    types = {
        name: pyarrow.float64() if number else pyarrow.string() for name, number in numeric.items()
    }
    try:
        table = pyarrow.csv.read_csv(
            _stream(source, where),
            pyarrow.csv.ReadOptions(column_names=list(numeric), skip_rows=header),
            pyarrow.csv.ParseOptions(delimiter=delimiter_of(source)),
            pyarrow.csv.ConvertOptions(column_types=types, null_values=_MISSING),
        )
        columns = [
            column if number else _typed(column, number, name in kept)
            for (name, number), column in zip(numeric.items(), table.columns, strict=True)
        ]
        table = pyarrow.table(columns, names=list(numeric))
    except (pyarrow.ArrowException, OSError) as error:
        return None, f"Arrow does not read it ({error})"
    return table, ""


def _stream(source: Source, where: str) -> Any:
    import pyarrow

    raw = pyarrow.BufferReader(source) if isinstance(source, bytes) else pyarrow.OSFile(str(source))
    start = raw.read(2)
    raw.seek(0)
    if not is_gzip(start):
        return raw
    return Unpacking(pyarrow.CompressedInputStream(raw, "gzip"), raw, raw.size(), where)


def _typed(column: Any, number: bool | None, kept: bool) -> Any:
    """Texts as times if all are; or as numbers, where none stood in the first rows."""
    import pyarrow
    import pyarrow.compute

    compute: Any = pyarrow.compute  # its functions are made when it is imported
    if compute.any(compute.match_substring(column, "\n")).as_py():  # a quote never closed?
        raise pyarrow.ArrowInvalid("a field goes over several lines")
    undecided = number is None and not kept
    missing = compute.is_in(column, pyarrow.array(_MISSING if undecided else ("",)))
    if compute.any(missing).as_py():
        column = compute.if_else(missing, pyarrow.scalar(None, pyarrow.string()), column)
    if undecided and _numeric(column.drop_null().slice(0, _JUDGED).to_pylist()) is not False:
        return column.cast(pyarrow.float64())
    if kept:
        return column
    try:
        return column.cast(pyarrow.timestamp("us"))
    except pyarrow.ArrowInvalid:
        return column


def _by_csv(
    source: Source, where: str, numeric: dict[str, bool | None]
) -> tuple[dict[str, np.ndarray], Where]:
    """The table as the csv module reads it, part by part.

    A part goes into arrays at once: Python's collector would look through longer lists of texts
    again and again.
    """
    lines, parts = [], {name: [] for name in numeric}
    found = read_rows(source, where)
    next(found)  # the header
    while part := list(islice(found, _PART)):
        lines.append(np.array([line for line, _ in part]))
        by_column = zip(*(fields for _, fields in part), strict=True)
        for (name, number), fields in zip(numeric.items(), by_column, strict=True):
            if number:
                parts[name].append(_numbers(fields, lines[-1], where, name))
            else:
                parts[name].append(np.array(fields, dtype=object))
    line = np.concatenate(lines)
    table = {name: np.concatenate(parts[name]) for name in numeric}
    for name, number in numeric.items():
        if number:
            continue
        fields = table[name]
        number = _numeric(fields) if number is None else number
        if number:
            table[name] = _numbers(fields, line, where, name)
        else:
            fields[np.isin(fields, _MISSING if number is None else ("",))] = None
    return table, lambda row: f"{where}, line {line[row]}"


def _numbers(fields: Collection[str], lines: np.ndarray, where: str, name: str) -> np.ndarray:
    """The fields of a column, each on its line, as float64."""
    try:
        return np.fromiter(map(_number, fields), np.float64, len(fields))
    except ValueError:
        line, field = next(pair for pair in zip(lines, fields, strict=True) if _is_word(pair[1]))
    raise DataError(
        f"{where}, line {line}, column {name!r}",
        f"found {field!r}",
        "a number, as in most other lines; or nothing or NA where it is missing",
    )


def _number(field: str) -> float:
    field = field.strip()
    if "_" in field:  # Python's own way to write numbers
        raise ValueError
    return np.nan if field in _MISSING else float(field)


def _is_word(field: str) -> bool:
    try:
        _number(field)
    except ValueError:
        return True
    return False


def _line(source: Source, where: str, row: int) -> int:
    """The line on which a row ends: the file is read again."""
    found = islice(read_rows(source, where), row + 1, None)
    return next(found)[0]
