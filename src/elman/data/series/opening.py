"""What a panel is read from, as one table: a file, a folder of files, one frame or several."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from elman.data.tables import reader
from elman.data.tables.columns import Table, as_table, is_frame
from elman.data.tables.dialect import Dialect
from elman.data.tables.stacking import FILE, folder_tables, one_of_many, stacked, table_files
from elman.errors import DataError
from elman.printable import many

__all__ = ["opened"]

_FRAME = "frame"  # the column that tells frames apart


def opened(
    frame: Any, name: str, series: str | None, texts: Collection[str], dialect: Dialect
) -> tuple[Table, str | None]:
    """A table, and the column of it that was made to tell series apart.

    Args:
        frame: A path of a file or of a folder with a file for each series; a list of frames, or a
            mapping of names to frames; else what `as_table` takes.
        name: What messages call a frame.
        series: The column that tells the series apart, where that is told.
        texts: Columns that stay texts in a file, such as names of series: "007".
        dialect: How text files are written.

    Raises:
        DataError: A folder holds no tables, or its tables differ; or see `elman.data.tables`.
    """
    if isinstance(frame, str | os.PathLike):
        return _of_path(Path(frame), series, texts, dialect)
    if isinstance(frame, list | tuple) and frame and all(map(is_frame, frame)):
        frame = {str(n): each for n, each in enumerate(frame)}
    if isinstance(frame, Mapping) and frame and all(map(is_frame, frame.values())):
        tables = [as_table(each, f"{name} {key!r}") for key, each in frame.items()]
        return stacked(tables, [str(key) for key in frame], name, _FRAME), _FRAME
    table = as_table(frame, name)
    if series == _FRAME and _FRAME not in table.columns:  # one of those of a list
        return one_of_many(table, "0", _FRAME), _FRAME
    return table, None


def _of_path(
    path: Path, series: str | None, texts: Collection[str], dialect: Dialect
) -> tuple[Table, str | None]:
    if not path.is_dir():
        table = reader.read(path, texts=lambda names: texts, dialect=dialect)
        if series == FILE and FILE not in table.columns:  # one of those of a folder
            return one_of_many(table, _stem(path), FILE), FILE
        return table, None
    files = table_files(path)
    if not files:
        raise DataError(str(path), "holds no tables", f"a file a series: {reader.FORMATS}")
    tables = folder_tables(files, lambda names: texts, dialect)
    whole = stacked(tables, [_stem(file) for file in files], str(path), FILE)
    if series is not None and series != FILE:  # rows of several series in each file
        return whole, None
    note = f"{path} was read as {many(len(files), 'file')}, a series each"
    return replace(whole, notes=(note, *whole.notes)), FILE


def _stem(path: Path) -> str:
    """What a file is called, without what tells its format."""
    return path.name.partition(".")[0]
