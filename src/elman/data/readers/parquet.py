"""Parquet files as Arrow tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from elman.data.readers.delimited import check_header
from elman.errors import DataError, FormatError, MissingExtraError

__all__ = ["read_arrow"]


def read_arrow(path: Path) -> Any:
    """A Parquet file as an Arrow table of at least one row; needs the extra `parquet`.

    Raises:
        MissingExtraError: pyarrow is not installed.
        FormatError: The file is damaged, has no rows, or a column without a proper name.
        DataError: The file cannot be opened.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError.of("pyarrow", "parquet", f"reading {path}") from error
    try:
        table = pyarrow.parquet.read_table(path)
    except pyarrow.ArrowInvalid as error:
        raise FormatError(
            str(path), f"is not a whole Parquet file ({error})", "a file that a Parquet writer made"
        ) from error
    except OSError as error:
        raise DataError(str(path), f"cannot be read ({error})", "a readable file") from error
    if table.num_rows == 0:
        raise FormatError(str(path), "found no rows", "one row for each step")
    check_header(table.column_names, str(path))
    return table
