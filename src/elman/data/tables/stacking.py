"""Several tables as one, with a column that tells them apart: files of a folder, listed frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.tables import columns as kinds
from elman.data.tables import reader
from elman.data.tables.columns import Table
from elman.data.tables.dialect import Dialect
from elman.data.tables.fields import Numerals
from elman.data.tables.repairs import offsets_of
from elman.errors import DataError
from elman.printable import many, quoted

__all__ = ["FILE", "folder_tables", "one_of_many", "stacked", "table_files", "with_column"]

FILE = "file"
"""The column that tells files apart."""


def table_files(folder: Path) -> list[Path]:
    """The tables in a folder in the order of their names; hidden files are no tables."""
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    return [entry for entry in entries if reader.is_table(entry.name) and entry.is_file()]


def folder_tables(files: Sequence[Path], texts: reader.Texts, dialect: Dialect) -> list[Table]:
    """Tables that are written alike: what is found out of one's numbers holds for the next ones."""
    found = []
    for path in files:
        found.append(reader.read(path, texts=texts, dialect=dialect))
        if found[-1].numerals.decimal != "." and dialect.decimal is None:
            dialect = replace(dialect, decimal=found[-1].numerals.decimal)
        dialect = replace(dialect, dates=dialect.dates or found[-1].dates)
    return found


def stacked(tables: Sequence[Table], names: Sequence[str], name: str, column: str) -> Table:
    """The rows of all tables, one table after the other.

    Args:
        tables: At least one. Their columns have the same names, in any order.
        names: Of the tables.
        name: What messages call the whole.
        column: The new column, which has the table's name in each row.

    Raises:
        DataError: A table has other columns, or one that is called like the new column.
    """
    wanted = list(tables[0].columns)
    if column in wanted:
        raise DataError(tables[0].name, f"has a column {column!r}", "another name for this column")
    for table in tables[1:]:
        if sorted(table.columns) != sorted(wanted):
            found = f"found the columns {quoted(list(table.columns))}"
            raise DataError(table.name, found, f"those of {tables[0].name}: {quoted(wanted)}")
    rows = np.array([table.rows for table in tables])
    offsets = offsets_of(rows)

    def place(row: int) -> tuple[int, int]:
        n = int(np.searchsorted(offsets, row, side="right")) - 1
        return n, row - int(offsets[n])

    def where(row: int) -> str:
        n, inside = place(row)
        return tables[n].where(inside)

    def field(row: int, of: str) -> Any:
        n, inside = place(row)
        return names[n] if of == column else tables[n].field(inside, of)

    numerals = next((t.numerals for t in tables if t.numerals.decimal != "."), tables[0].numerals)
    joined: dict[str, Any] = {
        each: _joined([table.columns[each] for table in tables], numerals) for each in wanted
    }
    joined[column] = np.repeat(np.array(names, dtype=object), rows)
    dates = next((table.dates for table in tables if table.dates), None)
    whole = Table(name, joined, int(rows.sum()), where, field)
    written = {"numerals": numerals, "dates": dates, "date_format": tables[0].date_format}
    return replace(whole, notes=_notes(tables, name), **written)


def one_of_many(table: Table, name: str, column: str) -> Table:
    """A single table of this name as `stacked` gives it."""
    return with_column(table, column, np.full(table.rows, name, dtype=object))


def with_column(table: Table, column: str, values: np.ndarray) -> Table:
    """The table with one more column `[rows]`."""

    def field(row: int, of: str) -> Any:
        return values[row] if of == column else table.field(row, of)

    more = {name: table.columns[name] for name in table.columns} | {column: values}
    return replace(table, columns=more, field=field)


def _joined(columns: Sequence[Any], numerals: Numerals) -> np.ndarray:
    """A column of each table as one: of numbers or times if all are, else of texts or objects."""
    found = [kinds.kind(column) for column in columns]
    held = set(found) - {"nothing"}
    if held <= {"number"}:
        return np.concatenate([kinds.numbers(column).astype(np.float64) for column in columns])
    parts = []
    for column, kind in zip(columns, found, strict=True):
        values = kinds.objects(column)
        if kind == "time" and "text" in held and values.dtype.kind == "M":
            values = np.datetime_as_string(values.astype("datetime64[us]")).astype(object)
        if kind == "number" and "text" in held:
            absent = kinds.missing(column)
            texts = [f"{value}".replace(".", numerals.decimal) for value in values]
            values = np.array(texts, dtype=object)
            values[absent] = None
        parts.append(values if values.dtype.kind == "M" and held == {"time"} else _plain(values))
    return np.concatenate(parts)


def _plain(values: np.ndarray) -> np.ndarray:
    """An array of objects, None where nothing stands."""
    absent = kinds.missing(values)
    values = values.astype(object)
    values[absent] = None
    return values


def _notes(tables: Sequence[Table], name: str) -> tuple[str, ...]:
    """What was inferred of the tables, each kind once."""
    said: dict[str, list[str]] = {}
    for table in tables:
        for note in table.notes:
            said.setdefault(note.removeprefix(table.name), []).append(table.name)
    return tuple(
        f"{who[0]}{note}" if len(who) == 1 else f"{name}: {many(len(who), 'table')}{note}"
        for note, who in said.items()
    )
