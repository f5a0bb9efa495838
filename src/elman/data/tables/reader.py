"""Tables from files: read by Arrow, and once more line by line where that fails.

R is the number of rows. What a column of a text file holds is judged by how it begins, the same
with and without Arrow: numbers, if nearly all of its fields are; else texts.
"""

from __future__ import annotations

import functools
import lzma
import os
import re
import warnings
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.tables.columns import Table, as_table, cell, kind, missing, objects
from elman.data.tables.columns import numbers as numbers_of
from elman.data.tables.dates import is_slashed, slashed
from elman.data.tables.delimited import INDEX, header_and_rows, read_rows
from elman.data.tables.dialect import FOUND_OUT, Dialect, Layout, Source, layout_of, numerals_of
from elman.data.tables.fields import MISSING, PLAIN, Numerals, is_number, number, numbers, signs_of
from elman.data.tables.json_lines import JsonLines, read_json_lines
from elman.data.tables.parquet import read_arrow
from elman.data.tables.unpacking import PACKED, open_unpacked, reading
from elman.errors import DataError, FormatError
from elman.installation import install_command

__all__ = ["FORMATS", "SUFFIXES", "is_json_lines", "is_table", "parse", "read"]

_JSON = (".jsonl", ".ndjson")
_TEXTS = (".csv", ".tsv", ".txt", *_JSON)
SUFFIXES = (*_TEXTS, *(text + packed for text in _TEXTS for packed in PACKED), ".parquet")
"""How the names of tables end."""
FORMATS = ".csv, .tsv, .txt or .jsonl, plain or packed (.gz, .bz2, .xz), or .parquet"
"""The same for a message."""

Texts = Callable[[Sequence[str]], Collection[str]]
"""Of the names of all columns those that stay texts whatever they hold."""
Row = tuple[int, list[str]]
"""The line on which a row ends, and its fields."""

_JUDGED = 1000  # rows by which a column is judged
_MOSTLY = 0.9  # so many of the fields that are not empty make a column one of numbers
_SMALL = _JUDGED  # fewer rows are in memory as a whole by then, and are not read again
_PART = 1 << 12  # rows that are turned into arrays at once
_PIECE = 1 << 20  # bytes that are looked through at once
_LARGE = 1 << 24  # bytes from which the slow reader is worth a word


def is_table(path: str | os.PathLike[str]) -> bool:
    """Whether a path is, by its name, a table.

    >>> is_table("Sales.CSV.gz"), is_table("sales.npz")
    (True, False)
    """
    return os.fspath(path).lower().endswith(SUFFIXES)


def read(
    path: str | os.PathLike[str],
    *,
    texts: Texts = lambda names: (),
    dialect: Dialect = FOUND_OUT,
) -> Table:
    """A table from a file, whose name tells its format.

    Args:
        path: `.csv`, `.tsv` or `.txt`, plain or packed, whose first line names the columns;
            `.jsonl` or `.ndjson`, an object a line; or `.parquet`.
        texts: Tells the columns of a text file that stay texts whatever they hold, such as the
            names of series: "007".
        dialect: How a text file is written, where that is not to be found out.

    Returns:
        The columns as Arrow's, or as arrays `[R]` (float64, or objects that are texts).

    Raises:
        FormatError: The file is damaged, or of another format.
        DataError: It cannot be opened, a field of a column of numbers is none, or it may be
            another number; the message names line, column and field.
        MissingExtraError: Parquet needs pyarrow, which is not installed.
    """
    file = Path(path)
    if not is_table(file):
        raise FormatError(str(file), "is of no format that is read here", FORMATS)
    if file.name.lower().endswith(".parquet"):
        return as_table(read_arrow(file), str(path), lambda row: f"{path}, line {row + 1}")
    if is_json_lines(file):
        with reading(str(file)):
            return _of_json(read_json_lines(file, str(path), dialect.encoding), str(path))
    return parse(file, str(path), texts=texts, dialect=dialect)


def is_json_lines(path: str | os.PathLike[str]) -> bool:
    """Whether a path is, by its name, a table of JSON lines.

    >>> is_json_lines("reviews.jsonl.gz"), is_json_lines("reviews.csv")
    (True, False)
    """
    name = os.fspath(path).lower()
    return name.endswith((*_JSON, *(text + packed for text in _JSON for packed in PACKED)))


def _of_json(found: JsonLines, where: str) -> Table:
    encoding = found.encoding.removesuffix("-sig")
    notes = () if encoding == "utf-8" else (f"{where} was read with encoding {encoding}",)
    table = as_table(found.columns, where, lambda row: f"{where}, line {found.lines[row]}")
    return replace(table, notes=notes)


def parse(
    source: Source, where: str, *, texts: Texts = lambda names: (), dialect: Dialect = FOUND_OUT
) -> Table:
    """A table from a text file or its bytes; see `read`.

    >>> table = parse(b"day,units\\n2024-05-01,3\\n2024-05-02,NA\\n", "sales.csv")
    >>> table.where(1), table.field(1, "units"), table.columns["units"].tolist()
    ('sales.csv, line 3', 'NA', [3.0, nan])
    """
    text = _Text(source, where, layout_of(source, where, dialect))
    rows = text.rows()
    names, lines, head = header_and_rows(islice(rows, _JUDGED + 1), where)
    kept = texts(names)
    columns = dict(zip(names, zip(*head, strict=True), strict=True))
    numerals, said = numerals_of(
        columns, lines[1:], kept, where, dialect.decimal, text.layout.separator
    )
    first = _judged(names, lines[1:], head, kept, numerals)
    table = None
    if len(head) >= _SMALL:
        table, failure = _by_arrow(text, lines[0], first)
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        if table is None and size > _LARGE:
            warnings.warn(
                f"{where} ({size >> 20} MiB) is read by Python's csv module, as {failure}",
                stacklevel=3,
            )
    if table is None:
        table = _by_csv(first, rows, where)
    if dialect.decimal is None and text.layout.separator == ";" and numerals == PLAIN:
        _check_later(text, names, table, first)
    inferred = (*text.layout.inferred, *filter(None, [said]))
    notes = (f"{where} was read with {', '.join(inferred)}",) if inferred else ()
    found, left_out = _without_nameless(text.table(names, table), _header(text))
    found = replace(found, notes=(*notes, *left_out), numerals=numerals)
    return _with_dates(found, kept, dialect.dates)


def _with_dates(table: Table, texts: Collection[str], told: str | None) -> Table:
    """The table with days that have slashes in ISO 8601, where it is certain which is the day.

    What decides one column decides all: a file is written in one way.
    """
    names = [name for name in table.columns if name not in texts and _has_slashes(table, name)]
    if not names:
        return replace(table, dates=told)
    columns = dict(table.columns)
    fields = {name: objects(columns[name]) for name in names}
    first = (found.order for each in fields.values() if (found := slashed(each, told)))
    order, said = told or next(first, None), []
    if order is None:
        return table
    for name, each in fields.items():
        found = slashed(each, order)
        if found is not None:
            columns[name] = found.texts
            said.append(found.said)
    notes = (*table.notes, *dict.fromkeys(said))
    return replace(table, columns=columns, notes=notes, dates=order)


def _has_slashes(table: Table, name: str) -> bool:
    """Whether a column begins with a day that has slashes."""
    column = table.columns[name]
    return kind(column) == "text" and is_slashed(str(cell(column, 0)))


def _header(text: _Text) -> list[str]:
    """The names in the header as they are written."""
    return [name.strip() for name in next(text.rows())[1]]


def _without_nameless(table: Table, header: list[str]) -> tuple[Table, list[str]]:
    """The table without columns that have no name and tell nothing; and what is said of it.

    Raises:
        FormatError: Something stands in the last column, which has no name.
    """
    columns, notes = dict(table.columns) if "" in header else {}, []
    if not header[-1] and "" in columns:
        if not missing(columns.pop("")).all():
            expected = "a name for each column in the header"
            raise FormatError(table.name, "found fields in a last column without a name", expected)
        notes.append(f"{table.name}: a separator at the end of each line left out")
    if not header[0] and INDEX in columns:
        notes.append(f"{table.name}: its first column has no name and was read as {INDEX!r}")
        if kind(columns[INDEX]) == "number" and len(columns) > 1:
            values = numbers_of(columns[INDEX])
            if (values == np.arange(table.rows)).all():
                del columns[INDEX]
                notes[-1] = f"{table.name}: its first column, an index without a name, left out"
    return (replace(table, columns=columns), notes) if notes else (table, [])


def _check_later(text: _Text, names: list[str], table: Any, first: _Beginning) -> None:
    """`DataError` for points after the first rows only, if they may stand between thousands."""
    numeric = [name for name, found in first.numeric.items() if found]
    if any(_fractions(first.columns[name]) for name in numeric):
        return  # then it was certain already
    suspect = [name for name in numeric if _fractions(table[name])]
    if not suspect:
        return
    places = [names.index(name) for name in suspect]
    rows = list(islice(text.rows(), 1, None))
    columns = {name: [row[k] for _, row in rows] for name, k in zip(suspect, places, strict=True)}
    numerals_of(columns, [line for line, _ in rows], first.texts, text.where, None, ";")


def _fractions(column: Any) -> bool:
    """Whether a column of numbers has fractions."""
    values = np.asarray(column, dtype=np.float64)
    return bool((np.isfinite(values) & (values != np.round(values))).any())


@dataclass(frozen=True, eq=False)
class _Text:
    """A text file: where it is, what messages call it, how it is written."""

    source: Source
    where: str
    layout: Layout

    def rows(self) -> Iterator[Row]:
        """Its rows, header first."""
        return read_rows(self.source, self.where, self.layout)

    def table(self, names: list[str], content: Any) -> Table:
        """Its table, of which messages name lines and fields: it is read again."""

        @functools.lru_cache(maxsize=1)
        def row_of(row: int) -> Row:
            return next(islice(self.rows(), row + 1, None))

        return as_table(
            content,
            self.where,
            lambda row: f"{self.where}, line {row_of(row)[0]}",
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
        numerals: How numbers are written.
    """

    lines: list[int]
    numeric: dict[str, bool | None]
    columns: dict[str, Any]
    texts: Collection[str]
    numerals: Numerals


def _judged(
    names: list[str],
    lines: list[int],
    rows: list[list[str]],
    texts: Collection[str],
    numerals: Numerals,
) -> _Beginning:
    first = _Beginning(lines, {}, {}, texts, numerals)
    likely = [
        k
        for k, name in enumerate(names)
        if name not in texts and not _is_word(rows[0][k], numerals)
    ]
    found = dict(zip(likely, _at_once(rows, likely, numerals), strict=False))
    for k, name in enumerate(names):
        values = found.get(k)
        if values is None:
            fields = [row[k] for row in rows]
            values = None if name in texts else _all_numbers(fields, numerals)
        if values is None:
            first.numeric[name], first.columns[name] = (
                name not in texts and _numeric(fields, numerals),
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


def _numeric(fields: Iterable[str], numerals: Numerals) -> bool | None:
    """Whether a column of these fields is one of numbers; None if nothing stands in any."""
    stripped = (field.strip() for field in fields)
    present = list(islice((field for field in stripped if field not in MISSING), _JUDGED))
    if not present:
        return None
    return sum(is_number(field, numerals) for field in present) >= _MOSTLY * len(present)


def _by_arrow(text: _Text, header: int, first: _Beginning) -> tuple[Any, str]:
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
    encoding = text.layout.encoding.removesuffix("-sig")
    if '",;'.encode(encoding) != b'",;':
        return None, f"it is written in {encoding}"
    if _stray_signs(text):
        return None, "Arrow reads a quote or a carriage return within a field otherwise"
    numeric = first.numeric
    types = {
        name: pyarrow.float64() if decided else pyarrow.string()
        for name, decided in numeric.items()
    }
    options: Any = {"column_types": types, "null_values": MISSING}
    try:
        with open_unpacked(text.source, text.where) as file:
            table = pyarrow.csv.read_csv(
                file,
                pyarrow.csv.ReadOptions(
                    column_names=list(numeric), skip_rows=header, encoding=encoding
                ),
                pyarrow.csv.ParseOptions(delimiter=text.layout.separator),
                pyarrow.csv.ConvertOptions(**options, decimal_point=first.numerals.decimal),
            )
        columns = [
            column if decided else _typed(column, decided, name in first.texts, first.numerals)
            for (name, decided), column in zip(numeric.items(), table.columns, strict=True)
        ]
        table = pyarrow.table(columns, names=list(numeric))
    except (pyarrow.ArrowException, OSError, UnicodeError) as error:
        return None, f"Arrow does not read it ({error})"
    return table, ""


def _stray_signs(text: _Text) -> bool:
    """Whether a quote stands within a field, where it neither opens nor closes one.

    Or a carriage return by itself, which ends no line.

    Of what cannot be read to its end, too: who reads it line by line tells about it.
    """
    inside = b'[^%b\r\n"]' % re.escape(text.layout.separator.encode())
    stray, end = re.compile(inside + b'"' + inside + b"|\r[^\n]"), b""
    try:
        with open_unpacked(text.source, text.where) as file:
            while part := file.read(_PIECE):
                if stray.search(end + part):
                    return True
                end = part[-2:]
    except (OSError, EOFError, zlib.error, lzma.LZMAError):
        return True
    return False


def _typed(column: Any, decided: bool | None, kept: bool, numerals: Numerals) -> Any:
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
    some = column.drop_null().slice(0, _JUDGED).to_pylist() if undecided else []
    if undecided and _numeric(some, numerals) is not False:
        if numerals.decimal != ".":
            column = compute.replace_substring(column, numerals.decimal, ".")
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
        judged = _numeric(fields, first.numerals) if numeric is None else False
        if judged:
            table[name] = _numbers(fields, first, np.concatenate(lines), where, name)
        else:
            fields[np.isin(fields, MISSING if judged is None else ("",))] = None
    return table


def _column(
    fields: Sequence[str], first: _Beginning, lines: np.ndarray, where: str, name: str
) -> np.ndarray:
    if first.numeric[name]:
        return _numbers(fields, first, lines, where, name)
    return np.array(fields, dtype=object)


def _numbers(
    fields: Sequence[str] | np.ndarray,
    first: _Beginning,
    lines: np.ndarray,
    where: str,
    name: str,
) -> np.ndarray:
    """The fields of a column, each on its line, as float64."""
    try:
        return numbers(fields, first.numerals)
    except ValueError:
        pairs = zip(lines, fields, strict=True)
        line, field = next(pair for pair in pairs if _is_word(pair[1], first.numerals))
    expected = "a number, as in most other lines; or nothing or NA where it is missing"
    if signs_of(field):
        expected = "a number as in the other lines; or the decimal sign with decimal="
    raise DataError(f"{where}, line {line}, column {name!r}", f"found {field!r}", expected)


def _is_word(field: str, numerals: Numerals) -> bool:
    try:
        number(field, numerals)
    except ValueError:
        return True
    return False
