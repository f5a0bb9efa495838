"""Tables from files: read by Arrow, and once more line by line where that fails.

R is the number of rows. What a column of a text file holds is judged by how it begins, the same
with and without Arrow: numbers, if nearly all of its fields are; else texts.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.tables.by_arrow import by_arrow
from elman.data.tables.by_csv import by_csv
from elman.data.tables.columns import Table, as_table, cell, kind, missing, numbers, objects
from elman.data.tables.dates import formatted, is_slashed, slashed
from elman.data.tables.delimited import INDEX, header_and_rows
from elman.data.tables.dialect import FOUND_OUT, Dialect, Source, layout_of, numerals_of
from elman.data.tables.fields import PLAIN
from elman.data.tables.json_lines import JsonLines, read_json_lines
from elman.data.tables.judging import JUDGED, Beginning, judged
from elman.data.tables.parquet import read_arrow
from elman.data.tables.text_file import TextFile
from elman.data.tables.unpacking import also_packed, reading
from elman.errors import DataError, FormatError
from elman.printable import quoted

__all__ = ["FORMATS", "SUFFIXES", "is_json_lines", "is_table", "parse", "read"]

_JSON = (".jsonl", ".ndjson")
_TEXTS = (".csv", ".tsv", ".txt", *_JSON)
SUFFIXES = (*also_packed(_TEXTS), ".parquet")
"""How the names of tables end."""
FORMATS = ".csv, .tsv, .txt or .jsonl, plain or packed (.gz, .bz2, .xz), or .parquet"
"""The same for a message."""

Texts = Callable[[Sequence[str]], Collection[str]]
"""Of the names of all columns those that stay texts whatever they hold."""

_SMALL = JUDGED  # fewer rows are in memory as a whole by then, and are not read again
_SHOWN = 6  # columns whose first field a message shows
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
    return os.fspath(path).lower().endswith(also_packed(_JSON))


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
    text = TextFile(source, where, layout_of(source, where, dialect))
    rows = text.rows()
    names, lines, head = header_and_rows(islice(rows, JUDGED + 1), where)
    kept = texts(names)
    columns = dict(zip(names, zip(*head, strict=True), strict=True))
    numerals, said = numerals_of(
        columns, lines[1:], kept, where, dialect.decimal, text.layout.separator
    )
    first = judged(names, lines[1:], head, kept, numerals)
    table = None
    if len(head) >= _SMALL:
        table, failure = by_arrow(text, lines[0], first)
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        if table is None and size > _LARGE:
            warnings.warn(
                f"{where} ({size >> 20} MiB) is read by Python's csv module, as {failure}",
                stacklevel=3,
            )
    if table is None:
        table = by_csv(first, rows, where)
    if dialect.decimal is None and text.layout.separator == ";" and numerals == PLAIN:
        _check_later(text, names, table, first)
    inferred = (*text.layout.inferred, *filter(None, [said]))
    notes = (f"{where} was read with {', '.join(inferred)}",) if inferred else ()
    found, left_out = _without_nameless(text.table(names, table), _header(text))
    found = replace(found, notes=(*notes, *left_out), numerals=numerals)
    if dialect.date_format is not None:
        return _with_written_dates(found, dialect.date_format)
    return _with_dates(found, kept, dialect.dates)


def _with_written_dates(table: Table, date_format: str) -> Table:
    """The table with dates that are written as told in ISO 8601.

    Raises:
        DataError: No column begins with such a date; or one goes on otherwise.
    """
    columns = dict(table.columns)
    first = {name: _as_written(cell(columns[name], 0)) for name in columns}
    names = [name for name, text in first.items() if formatted(text, date_format)]
    if not names:
        found = f"no date as {date_format!r} among {quoted(first.values(), _SHOWN)}"
        raise DataError(table.name, found, "another format")
    for name in names:
        texts = np.empty(table.rows, dtype=object)
        known: dict[str, str | None] = {}
        for row, value in enumerate(objects(columns[name]).tolist()):
            text = _as_written(value)
            if text not in known:
                known[text] = formatted(text, date_format)
            texts[row] = known[text]
            if texts[row] is None and text:
                where = f"{table.where(row)}, column {name!r}"
                raise DataError(where, f"found {text!r}", f"a date as {date_format!r}")
        columns[name] = texts
    return replace(table, columns=columns, date_format=date_format)


def _as_written(value: Any) -> str:
    """A cell as a text; empty where it is missing."""
    if value is None or value != value:
        return ""
    return str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()


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


def _header(text: TextFile) -> list[str]:
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
            values = numbers(columns[INDEX])
            if (values == np.arange(table.rows)).all():
                del columns[INDEX]
                notes[-1] = f"{table.name}: its first column, an index without a name, left out"
    return (replace(table, columns=columns), notes) if notes else (table, [])


def _check_later(text: TextFile, names: list[str], table: Any, first: Beginning) -> None:
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
