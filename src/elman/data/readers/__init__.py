"""Files of labelled sequences: an idx pair, `.npz`, and tables in long form."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from elman.data.readers.idx import find_pair, is_idx_name, read_pair
from elman.data.readers.npz import read_npz
from elman.data.readers.table import Columns, read_table
from elman.data.sequences import LabelledSequences
from elman.data.tables.reader import is_table
from elman.data.tables.unpacking import reading
from elman.errors import ArgumentError, DataError, FormatError
from elman.files import check_regular, open_regular

__all__ = ["read"]

_UNDERSTOOD = (
    "an idx pair (a folder, a prefix or the images file; its labels beside it), an .npz file with "
    "X and y, or a table in long form: .csv, .csv.gz, .tsv, .tsv.gz or .parquet"
)


def read(
    path: str | os.PathLike[str], *, part: str | None = None, **columns: Any
) -> LabelledSequences:
    """Read labelled sequences from a file, whose name tells its format.

    Args:
        path: An idx pair (a folder, a prefix like `folder/train`, or the images file), an
            `.npz` file, or a table `.csv`, `.csv.gz`, `.tsv`, `.tsv.gz` or `.parquet`.
        part: 'train' or 'test' of an idx folder. Other files have no parts: 'train' and None
            take the whole file.
        columns: For a table: `series=`, `step=`, `label=` (names of columns), `per_step=`,
            `classes=`, `ids=` and `group=`; see `elman.data.readers.table.Columns`.

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
    table = is_table(file.name)
    if columns and not table:
        raise ArgumentError(
            ", ".join(columns), f"does not apply to {file}", "these options describe a table"
        )
    kind = _kind(file)
    if table or file.suffix.lower() == ".npz":
        _check_file(file, kind, part)
        return read_table(file, _columns(columns)) if table else read_npz(file)
    if kind == "file" and not is_idx_name(file.name) and not _begins_like_idx(file):
        raise FormatError(str(file), "is of no format that Elman reads", _UNDERSTOOD)
    if kind == "nothing" and not _is_prefix(file):
        raise DataError(str(file), "there is no such file or folder", _UNDERSTOOD)
    images, labels = find_pair(file, part)
    return read_pair(images, labels, str(path))


def _kind(path: Path) -> str:
    """Whether there is a file, a folder or nothing; `DataError` for a pipe or a device."""
    with reading(str(path)):
        try:
            check_regular(path)
        except IsADirectoryError:
            return "folder"
        except (FileNotFoundError, NotADirectoryError):
            return "nothing"
    return "file"


def _check_file(path: Path, kind: str, part: str | None) -> None:
    if kind != "file":
        found = "it is a folder" if kind == "folder" else "there is no such file"
        raise DataError(str(path), found, "the path of a file")
    if part == "test":
        raise ArgumentError(
            "part",
            f"found 'test', and {path} has no parts",
            "leave it out, and give the file that holds the test sequences",
        )


def _columns(given: dict[str, Any]) -> Columns:
    known = [field.name for field in dataclasses.fields(Columns)]
    if unknown := [name for name in given if name not in known]:
        raise ArgumentError(", ".join(unknown), "is no option of a table", f"use {known}")
    return Columns(**given)


def _begins_like_idx(path: Path) -> bool:
    with reading(str(path)), open_regular(path) as stream:
        return stream.read(3) == b"\0\0\x08"


def _is_prefix(path: Path) -> bool:
    """Whether some file's name begins with the last part of a path."""
    try:
        return any(entry.name.startswith(path.name) for entry in path.parent.iterdir())
    except (OSError, ValueError):
        return False
