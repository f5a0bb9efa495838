"""Files of labelled sequences: an idx pair, `.npz`, and tables in long form."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from elman.data.readers.idx import find_pair, is_idx_name, read_pair
from elman.data.readers.npz import read_npz
from elman.data.readers.table import Columns, read_csv, read_parquet
from elman.data.sequences import LabelledSequences
from elman.errors import ArgumentError, DataError, FormatError

__all__ = ["is_table", "read"]

_UNDERSTOOD = (
    "an idx pair (a folder, a prefix or the images file; its labels beside it), an .npz file with "
    "X and y, or a table in long form: .csv, .csv.gz or .parquet"
)
_TABLES = {".csv": read_csv, ".csv.gz": read_csv, ".parquet": read_parquet}


def is_table(path: str | os.PathLike[str]) -> bool:
    """Whether a path is, by its name, a table: a file that `Columns` describe."""
    return os.fspath(path).lower().endswith(tuple(_TABLES))


def read(
    path: str | os.PathLike[str], *, part: str | None = None, **columns: Any
) -> LabelledSequences:
    """Read labelled sequences from a file, whose name tells its format.

    Args:
        path: An idx pair (a folder, a prefix like `folder/train`, or the images file), an
            `.npz` file, or a table `.csv`, `.csv.gz` or `.parquet`.
        part: 'train' or 'test' of an idx folder. Other files have no parts: 'train' and None
            take the whole file.
        columns: For a table: `series=`, `step=`, `label=` (names of columns) and `per_step=`;
            see `elman.data.readers.table.Columns`.

    Raises:
        ArgumentError: An option is unknown or does not fit the format.
        DataError: The file is missing, or a value in it cannot be used.
        FormatError: The file is damaged, or of a format that is not understood.
        ShapeError: Its arrays do not fit together.
        MissingExtraError: The format needs a package that is not installed.
    """
    file = Path(path)
    if part not in (None, "train", "test"):
        raise ArgumentError("part", f"found {part!r}", "'train' or 'test'")
    table = next((read for end, read in _TABLES.items() if file.name.lower().endswith(end)), None)
    if columns and table is None:
        raise ArgumentError(
            ", ".join(columns), f"does not apply to {file}", "these options describe a table"
        )
    if table is not None or file.suffix.lower() == ".npz":
        _check_file(file, part)
        return read_npz(file) if table is None else table(file, _columns(columns))
    if file.is_file() and not is_idx_name(file.name) and not _begins_like_idx(file):
        raise FormatError(str(file), "is of no format that Elman reads", _UNDERSTOOD)
    if not file.is_dir() and not any(file.parent.glob(f"{file.name}*")):
        raise DataError(str(file), "there is no such file or folder", _UNDERSTOOD)
    images, labels = find_pair(file, part)
    return read_pair(images, labels, str(path))


def _check_file(file: Path, part: str | None) -> None:
    if not file.is_file():
        raise DataError(str(file), "there is no such file", "the path of a file")
    if part == "test":
        raise ArgumentError(
            "part",
            f"found 'test', and {file} has no parts",
            "leave it out, and give the file that holds the test sequences",
        )


def _columns(given: dict[str, Any]) -> Columns:
    known = [field.name for field in dataclasses.fields(Columns)]
    if unknown := [name for name in given if name not in known]:
        raise ArgumentError(", ".join(unknown), "is no option of a table", f"use {known}")
    return Columns(**given)


def _begins_like_idx(file: Path) -> bool:
    with open(file, "rb") as stream:
        return stream.read(3) == b"\0\0\x08"
