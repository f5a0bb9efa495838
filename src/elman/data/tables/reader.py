"""Tables from files: read by Arrow, and once more line by line where that fails.

R is the number of rows. What a column of a text file holds is judged by how it begins, the same
with and without Arrow: numbers, if nearly all of its fields are; else texts.
"""

from __future__ import annotations

import functools
import os
import re
import warnings
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.tables.columns import Table, as_table
from elman.data.tables.delimited import Source, delimiter_of, header_and_rows, read_rows
from elman.data.tables.fields import MISSING, is_number, number, numbers
from elman.data.tables.parquet import read_arrow
from elman.data.tables.unpacking import Unpacking, is_gzip, open_unpacked
from elman.errors import DataError, FormatError
from elman.installation import install_command

__all__ = ["SUFFIXES", "is_table", "parse", "read"]

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
"""How the names of tables end."""

Texts = Callable[[Sequence[str]], Collection[str]]
"""Of the names of all columns those that stay texts whatever they hold."""
Row = tuple[int, list[str]]
"""The line on which a row ends, and its fields."""

_JUDGED = 1000  # rows by which a column is judged
_MOSTLY = 0.9  # so many of the fields that are not empty make a column one of numbers
_SMALL = _JUDGED  # fewer rows are in memory as a whole by then, and are not read again
_PART = 1 << 12  # rows that are turned into arrays at once
_PIECE = 1 << 20  # bytes that are looked through at once
_STRAY = re.compile(rb'[^,;\t\r\n"]"[^,;\t\r\n"]')
_LARGE = 1 << 24  # bytes from which the slow reader is worth a word


def is_table(path: str | os.PathLike[str]) -> bool:
    """Whether a path is, by its name, a table.

    >>> is_table("Sales.CSV.gz"), is_table("sales.npz")
    (True, False)
    """
    return os.fspath(path).lower().endswith(SUFFIXES)


def read(path: str | os.PathLike[str], *, texts: Texts = lambda names: ()) -> Table:
    """A table from a file, whose name tells its format.

    Args:
        path: `.csv`, `.csv.gz`, `.tsv`, `.tsv.gz` (commas, semicolons or tabs; the first line
            names the columns) or `.parquet`.
        texts: Tells the columns of a text file that stay texts whatever they hold, such as the
            names of series: "007".

    Returns:
        The columns as Arrow's, or as arrays `[R]` (float64, or objects that are texts).

    Raises:
        FormatError: The file is damaged, or of another format.
        DataError: It cannot be opened, or a field of a column of numbers is none; the message
            names line, column and field.
        MissingExtraError: Parquet needs pyarrow, which is not installed.
    """
    file = Path(path)
    if not is_table(file):
        raise FormatError(
            str(file),
            "is of no format that is read here",
            f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}",
        )
    if file.name.lower().endswith(".parquet"):
        return as_table(read_arrow(file), str(path), lambda row: f"{path}, line {row + 1}")
    return parse(file, str(path), texts=texts)


def parse(source: Source, where: str, *, texts: Texts = lambda names: ()) -> Table:
    """A table from a text file or its bytes; see `read`.

    >>> table = parse(b"day,units\\n2024-05-01,3\\n2024-05-02,NA\\n", "sales.csv")
    >>> table.where(1), table.field(1, "units"), table.columns["units"].tolist()
    ('sales.csv, line 3', 'NA', [3.0, nan])
    """
    rows = read_rows(source, where)
    names, lines, head = header_and_rows(islice(rows, _JUDGED + 1), where)
    first = _judged(names, lines[1:], head, texts(names))
    if len(head) < _SMALL:
        return _table(source, where, names, _by_csv(first, rows, where))
    table, failure = _by_arrow(source, where, lines[0], first)
    if table is not None:
        return _table(source, where, names, table)
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size > _LARGE:
        warnings.warn(
            f"{where} ({size >> 20} MiB) is read by Python's csv module, as {failure}", stacklevel=3
        )
    return _table(source, where, names, _by_csv(first, rows, where))


def _table(source: Source, where: str, names: list[str], content: Any) -> Table:
    """The table of a text file, of which messages name lines and fields: it is read again."""

    @functools.lru_cache(maxsize=1)
    def row_of(row: int) -> Row:
        return next(islice(read_rows(source, where), row + 1, None))

    return as_table(
        content,
        where,
        lambda row: f"{where}, line {row_of(row)[0]}",
        lambda row, column: row_of(row)[1][names.index(column)],
    )


@dataclass(frozen=True, eq=False)
class _Beginning:
    """The first rows of a text file, by which its columns were judged.

    Attributes:
        lines: The line on which each row ends.
        numeric: Whether a column is one of numbers; None where nothing stands in it yet.
        columns: Numbers where all fields of a column are, or missing; of others the fields.
        texts: The columns that stay texts.
    """

    lines: list[int]
    numeric: dict[str, bool | None]
    columns: dict[str, Any]
    texts: Collection[str]


def _judged(
    names: list[str], lines: list[int], rows: list[list[str]], texts: Collection[str]
) -> _Beginning:
    first = _Beginning(lines, {}, {}, texts)
    likely = [k for k, name in enumerate(names) if name not in texts and not _is_word(rows[0][k])]
    found = dict(zip(likely, _at_once(rows, likely), strict=False))
    for k, name in enumerate(names):
        values = found.get(k)
        if values is None:
            fields = [row[k] for row in rows]
            values = None if name in texts else _all_numbers(fields)
        if values is None:
            first.numeric[name], first.columns[name] = (
                name not in texts and _numeric(fields),
                fields,
            )
        else:
            first.numeric[name], first.columns[name] = True, values
    return first


def _at_once(rows: list[list[str]], places: list[int]) -> list[np.ndarray | None]:
    """The columns at these places as numbers, since there may be very many; else none.

    One in which nothing stands is None.
    """
    fields = np.array(rows, dtype=object)[:, places].T.ravel()
    try:
        values = numbers(fields).reshape(len(places), -1)
    except ValueError:  # a word somewhere: each column by itself
        return []
    nothing = np.asarray(np.isnan(values).all(axis=1))
    return [None if empty else column for column, empty in zip(values, nothing, strict=True)]


def _all_numbers(fields: Sequence[str]) -> np.ndarray | None:
    """The numbers in fields; None where something else stands, or nothing in any."""
    try:
        values = numbers(fields)
    except ValueError:
        return None
    return None if np.isnan(values).all() else values


def _numeric(fields: Iterable[str]) -> bool | None:
    """Whether a column of these fields is one of numbers; None if nothing stands in any."""
    stripped = (field.strip() for field in fields)
    present = list(islice((field for field in stripped if field not in MISSING), _JUDGED))
    if not present:
        return None
    return sum(map(is_number, present)) >= _MOSTLY * len(present)


def _by_arrow(source: Source, where: str, header: int, first: _Beginning) -> tuple[Any, str]:
    """The table as Arrow reads it; or None, and why it does not.

    Arrow does not tell the line where it failed. Then the csv module reads the file, and either
    names what is wrong or gets it right.
    """
    try:
        import narwhals  # noqa: F401  by which Arrow's columns are read
        import pyarrow
        import pyarrow.csv
    except ImportError as error:
        return None, f"{error.name} is not installed (faster: {install_command('parquet')})"
    if _stray_quotes(source, where):
        return None, "Arrow reads a quote within a field otherwise"
    numeric = first.numeric
    types = {
        name: pyarrow.float64() if decided else pyarrow.string()
        for name, decided in numeric.items()
    }
    try:
        table = pyarrow.csv.read_csv(
            _stream(source, where),
            pyarrow.csv.ReadOptions(column_names=list(numeric), skip_rows=header),
            pyarrow.csv.ParseOptions(delimiter=delimiter_of(source)),
            pyarrow.csv.ConvertOptions(column_types=types, null_values=MISSING),
        )
        columns = [
            column if decided else _typed(column, decided, name in first.texts)
            for (name, decided), column in zip(numeric.items(), table.columns, strict=True)
        ]
        table = pyarrow.table(columns, names=list(numeric))
    except (pyarrow.ArrowException, OSError) as error:
        return None, f"Arrow does not read it ({error})"
    return table, ""


def _stray_quotes(source: Source, where: str) -> bool:
    """Whether a quote stands within a field, where it neither opens nor closes one.

    Of what cannot be read to its end, too: who reads it line by line tells about it.
    """
    end = b""
    try:
        with open_unpacked(source, where) as file:
            while part := file.read(_PIECE):
                if _STRAY.search(end + part):
                    return True
                end = part[-2:]
    except (OSError, EOFError, zlib.error):
        return True
    return False


def _stream(source: Source, where: str) -> Any:
    import pyarrow

    raw = pyarrow.BufferReader(source) if isinstance(source, bytes) else pyarrow.OSFile(str(source))
    start = raw.read(2)
    raw.seek(0)
    if not is_gzip(start):
        return raw
    return Unpacking(pyarrow.CompressedInputStream(raw, "gzip"), raw, raw.size(), where)


def _typed(column: Any, decided: bool | None, kept: bool) -> Any:
    """Texts as times if all are; or as numbers, where none stood in the first rows."""
    import pyarrow
    import pyarrow.compute

    compute: Any = pyarrow.compute  # its functions are made when it is imported
    broken = compute.match_substring_regex(column, "[\r\n]")
    if compute.any(broken).as_py():  # a quote never closed?
        raise pyarrow.ArrowInvalid("a field goes over several lines")
    undecided = decided is None and not kept
    missing = compute.is_in(column, pyarrow.array(MISSING if undecided else ("",)))
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


def _by_csv(first: _Beginning, rest: Iterator[Row], where: str) -> dict[str, np.ndarray]:
    """The table as the csv module reads it, part by part.

    A part goes into arrays at once: Python's collector would look through longer lists of texts
    again and again.
    """
    lines = [np.array(first.lines)]
    parts = [
        {
            name: fields
            if isinstance(fields, np.ndarray)
            else _column(fields, first.numeric[name], lines[0], where, name)
            for name, fields in first.columns.items()
        }
    ]
    while part := list(islice(rest, _PART)):
        lines.append(np.array([line for line, _ in part]))
        by_column = zip(*(fields for _, fields in part), strict=True)
        parts.append(
            {
                name: _column(fields, numeric, lines[-1], where, name)
                for (name, numeric), fields in zip(first.numeric.items(), by_column, strict=True)
            }
        )
    table = parts[0]
    if len(parts) > 1:
        table = {name: np.concatenate([part[name] for part in parts]) for name in table}
    for name, numeric in first.numeric.items():
        if numeric:
            continue
        fields = table[name]
        judged = _numeric(fields) if numeric is None else False
        if judged:
            table[name] = _numbers(fields, np.concatenate(lines), where, name)
        else:
            fields[np.isin(fields, MISSING if judged is None else ("",))] = None
    return table


def _column(
    fields: Sequence[str], numeric: bool | None, lines: np.ndarray, where: str, name: str
) -> np.ndarray:
    return _numbers(fields, lines, where, name) if numeric else np.array(fields, dtype=object)


def _numbers(
    fields: Sequence[str] | np.ndarray, lines: np.ndarray, where: str, name: str
) -> np.ndarray:
    """The fields of a column, each on its line, as float64."""
    try:
        return numbers(fields)
    except ValueError:
        line, field = next(pair for pair in zip(lines, fields, strict=True) if _is_word(pair[1]))
    raise DataError(
        f"{where}, line {line}, column {name!r}",
        f"found {field!r}",
        "a number, as in most other lines; or nothing or NA where it is missing",
    )


def _is_word(field: str) -> bool:
    try:
        number(field)
    except ValueError:
        return True
    return False
