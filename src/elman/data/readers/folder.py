"""A folder with a table for each sequence, and what is to be learnt of each.

The label is the name of the subfolder in which a file lies; or it stands in one more table, beside
the names of the files; or in a column of the files themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from elman.data.labelled_sequences import LabelledSequences
from elman.data.readers.roles import Columns, names_of, usual
from elman.data.readers.table import table_sequences
from elman.data.tables import columns as kinds
from elman.data.tables import reader
from elman.data.tables.columns import Table
from elman.data.tables.dialect import FOUND_OUT, Dialect
from elman.data.tables.stacking import FILE, folder_tables, stacked, table_files, with_column
from elman.errors import ArgumentError, DataError
from elman.printable import many, quoted

__all__ = ["PARTS", "folder_table", "holds_parts", "holds_tables", "read_folder"]

PARTS = ("train", "test")
"""Subfolders that are parts rather than classes, if just these are there."""
_CLASS = "class"  # the column of subfolders
_ROW = "row"  # the column of steps, where files have none


class _Files(NamedTuple):
    """The files of a folder, their names within it, and the subfolder of each, if it is one."""

    paths: list[Path]
    names: list[str]
    classes: list[str] | None


def holds_parts(folder: Path) -> bool:
    """Whether a folder has a part for training and one for test."""
    return _subfolders(folder) == sorted(PARTS)


def holds_tables(folder: Path) -> bool:
    """Whether there are tables in a folder or in its subfolders."""
    inside = [folder, *(folder / name for name in _subfolders(folder))]
    return any(table_files(each) for each in inside)


def read_folder(
    folder: Path,
    columns: Columns,
    dialect: Dialect = FOUND_OUT,
    *,
    part: str | None = None,
    labels: str | None = None,
) -> LabelledSequences:
    """Sequences from a folder, one a file; files without a column of steps are in order.

    Args:
        folder: It holds the tables, or subfolders of them: one for each class.
        columns: Of the files; `label` may also be one of the table of labels.
        dialect: How they are written.
        part: Of a folder that holds `train` and `test`: one of them.
        labels: The table of labels, beside the names of the files; None: it is looked for in the
            folder.

    Raises:
        DataError, FormatError: As `read_table`; or files and labels do not fit together.
        ArgumentError: There is no such part or table.
    """
    table, columns = folder_table(folder, columns, dialect, part=part, labels=labels)
    return table_sequences(table, columns)


def folder_table(
    folder: Path,
    columns: Columns,
    dialect: Dialect = FOUND_OUT,
    *,
    part: str | None = None,
    labels: str | None = None,
) -> tuple[Table, Columns]:
    """The files of a folder as one table with their labels, and its columns; see `read_folder`."""
    parts = holds_parts(folder)
    if part is not None and not parts:
        raise ArgumentError(
            "part", f"found {part!r}", f"None: {folder} holds no folders train and test"
        )
    where = folder / (part or "train") if parts else folder
    files = _files(where)
    tables = folder_tables(files.paths, names_of(replace(columns, labelled=False)), dialect)
    if labels is not None:
        listed: Table | None = _told(labels, folder, dialect)
        tables, files = _without(listed, tables, files)
    else:
        listed, tables, files = _odd_one(tables, files)
    whole = stacked(tables, files.names, str(where), FILE)
    rows = np.array([table.rows for table in tables])
    said = [f"{where} was read as {many(len(tables), 'file')}, a sequence each"]
    if columns.time is None and usual(list(whole.columns), "time") is None:
        counted = np.concatenate([np.arange(count) for count in rows])
        whole = with_column(whole, _ROW, counted.astype(np.float64))
        columns = replace(columns, time=_ROW)
        said.append("their rows are the steps, in order")
    if listed is not None:
        whole, columns = _labelled(whole, columns, listed, files.names, rows)
        said.append(f"labelled by {listed.name}")
    elif files.classes is not None and not (columns.label or columns.per_step):
        values = np.repeat(np.array(files.classes, dtype=object), rows)
        whole, columns = with_column(whole, _CLASS, values), replace(columns, label=_CLASS)
        said.append(f"labelled by {many(len(set(files.classes)), 'subfolder')}")
    notes = ("; ".join(said), *whole.notes, *(listed.notes if listed else ()))
    return replace(whole, notes=notes), replace(columns, series=FILE)


def _subfolders(folder: Path) -> list[str]:
    return sorted(
        entry.name for entry in folder.iterdir() if entry.is_dir() and entry.name[0] not in "._"
    )


def _files(folder: Path) -> _Files:
    """The tables in a folder; where there are none besides subfolders, in those.

    Raises:
        DataError: There are none.
    """
    own, classes = table_files(folder), _subfolders(folder)
    below = {name: table_files(folder / name) for name in classes}
    inside = [(path, f"{name}/{path.name}", name) for name in classes for path in below[name]]
    if inside and len(own) <= 1:  # beside the subfolders perhaps a table of labels
        paths = [*(path for path, _, _ in inside), *own]
        names = [*(name for _, name, _ in inside), *(path.name for path in own)]
        return _Files(paths, names, None if own else [name for _, _, name in inside])
    if not own:
        raise DataError(str(folder), "holds no tables", f"a file a sequence: {reader.FORMATS}")
    return _Files(own, [path.name for path in own], None)


def _told(labels: str, folder: Path, dialect: Dialect) -> Table:
    """The table of labels that was named: a path, or a file of the folder."""
    inside = folder / labels
    path = inside if inside.is_file() else Path(labels)
    if not path.is_file() or not reader.is_table(path):
        raise ArgumentError("labels", f"there is no table {labels!r}", f"a file: {reader.FORMATS}")
    return reader.read(path, texts=lambda names: names, dialect=dialect)


def _odd_one(tables: list[Table], files: _Files) -> tuple[Table | None, list[Table], _Files]:
    """The one table of other columns that names all other files, and the others."""
    shapes = [tuple(sorted(table.columns)) for table in tables]
    counts = Counter(shapes)
    odd = [k for k, shape in enumerate(shapes) if counts[shape] == 1]
    for k in odd if len(tables) > 1 else []:
        others = [name for n, name in enumerate(files.names) if n != k]
        if _naming(tables[k], others) is not None:
            texts = reader.read(files.paths[k], texts=lambda names: names)
            return (texts, *_without(tables[k], tables, files))
    return None, tables, files


def _without(
    listed: Table | None, tables: list[Table], files: _Files
) -> tuple[list[Table], _Files]:
    """The tables that are not that of labels."""
    kept = [k for k, table in enumerate(tables) if listed is None or table.name != listed.name]
    classes = files.classes
    found = _Files(
        [files.paths[k] for k in kept],
        [files.names[k] for k in kept],
        None if classes is None or len(classes) < len(tables) else [classes[k] for k in kept],
    )
    return [tables[k] for k in kept], found


def _naming(table: Table, names: Sequence[str]) -> tuple[str, dict[str, int]] | None:
    """The column of a table of labels that names all these files; and of each file the row."""
    for column in table.columns:
        if kinds.kind(table.columns[column]) == "time":
            continue
        cells = [_as_name(cell) for cell in kinds.objects(table.columns[column])]
        rows = {cell: row for row, cell in reversed([*enumerate(cells)])}
        found = {name: row for name in names if (row := _row_of(name, rows)) is not None}
        if len(found) == len(names):
            return column, found
    return None


def _as_name(cell: Any) -> str:
    if isinstance(cell, float) and cell == int(cell if np.isfinite(cell) else 0):
        cell = int(cell)
    return str(cell).strip().replace("\\", "/")


def _row_of(name: str, rows: dict[str, int]) -> int | None:
    """The row for a file: of its path in the folder, its name, or that without the ending."""
    last = name.rpartition("/")[2]
    forms = (name, last, name.partition(".")[0], last.partition(".")[0])
    return next((rows[form] for form in forms if form in rows), None)


def _labelled(
    whole: Table, columns: Columns, listed: Table, names: Sequence[str], rows: np.ndarray
) -> tuple[Table, Columns]:
    """The table with the columns of labels that another table has for each file.

    Raises:
        DataError: A file has no row there, or it is not clear which column is the label.
    """
    naming = _naming(listed, names)
    if naming is None:
        found = "no column names each of the files"
        raise DataError(listed.name, found, f"one with {quoted(names, 3)}")
    column, place = naming
    others = [name for name in listed.columns if name != column]
    told = [columns.label] if isinstance(columns.label, str) else list(columns.label or ())
    chosen = told or [name for name in [usual(others, "label")] if name] or others
    if len(chosen) > 1 and not told:
        raise DataError(listed.name, f"found the columns {quoted(others)}", "the label's: label=")
    if missing := [name for name in chosen if name not in others]:
        found = f"no column {missing[0]!r} among {quoted(others)}"
        raise DataError(listed.name, found, "the label's: label=")
    row = [place[name] for name in names]
    for name in chosen:
        values = kinds.objects(listed.columns[name]).astype(object)[row]
        if name in whole.columns:
            found = f"both {listed.name} and the files have a column {name!r}"
            raise DataError(whole.name, found, "another name for one of them")
        whole = with_column(whole, name, np.repeat(values, rows))
    label = chosen[0] if len(chosen) == 1 and not isinstance(columns.label, list) else chosen
    return replace(whole, numerals=listed.numerals), replace(columns, label=label)
