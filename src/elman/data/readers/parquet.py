"""Parquet files as Arrow tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from elman.data.readers.delimited import check_header
from elman.data.readers.unpacking import check_unpacked
from elman.errors import DataError, FormatError, MissingExtraError
from elman.files import check_regular

__all__ = ["read_arrow"]

_ROWS = 1 << 16  # read at once
_CELL = 8  # bytes, about, of what stands in one row and column


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
    where = str(path)
    try:
        check_regular(path)
        with pyarrow.parquet.ParquetFile(where) as file:
            cells = file.metadata.num_rows * max(len(file.schema_arrow), 1)
            check_unpacked(where, path.stat().st_size, cells * _CELL)
            table = _read(file, where, path.stat().st_size)
        table.validate(full=True)  # texts that are no UTF-8 among it
    except (DataError, MissingExtraError):
        raise
    except OSError as error:
        found = f"cannot be read ({error.strerror or error})"
        raise DataError(where, found, "a whole Parquet file") from error
    except Exception as error:  # whatever Arrow has to say of a file; its kinds are many
        raise FormatError(
            where, f"is not a whole Parquet file ({error})", "a file that a Parquet writer made"
        ) from error
    if table.num_rows == 0:
        raise FormatError(where, "found no rows", "one row for each step")
    check_header(table.column_names, where)
    return table


def _read(file: Any, where: str, size: int) -> Any:
    """The whole table, some rows at a time, so that a few bytes do not become very many."""
    import pyarrow

    batches, read = [], 0
    for batch in file.iter_batches(_ROWS):
        batches.append(batch)
        read += batch.nbytes
        check_unpacked(where, size, read)
    return pyarrow.Table.from_batches(batches, file.schema_arrow)
