"""Parquet files as Arrow tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from elman.data.tables.delimited import check_header
from elman.data.tables.unpacking import check_unpacked
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
        size = path.stat().st_size
        with pyarrow.parquet.ParquetFile(where) as file:
            check_unpacked(where, size, _CELL * _values(file.metadata))
            texts = _texts(file.schema_arrow)
        with pyarrow.parquet.ParquetFile(where, read_dictionary=texts) as file:
            table = _read(file, where, size)
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


def _values(metadata: Any) -> int:
    """How many values all columns are said to hold, those of lists among them.

    What is said of a single column is asked of lists only: where it is damaged, Arrow ends the
    process instead of raising an error.
    """
    columns = range(metadata.num_columns)
    lists = [k for k in columns if metadata.schema.column(k).max_repetition_level]
    groups = [metadata.row_group(k) for k in range(metadata.num_row_groups)]
    plain = sum(group.num_rows for group in groups) * (len(columns) - len(lists))
    return plain + sum(group.column(k).num_values for group in groups for k in lists)


def _texts(schema: Any) -> list[str]:
    """The columns that hold texts, or bytes."""
    return [each.name for each in schema if _is_text(each.type)]


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    tests = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    return any(test(kind) for test in tests)


def _read(file: Any, where: str, size: int) -> Any:
    """The whole table, so that a few bytes do not become very many.

    Texts are read as they are packed, each once, and written out when it is known how long they
    all are together.
    """
    import pyarrow

    batches, read = [], 0
    for batch in file.iter_batches(_ROWS):
        read += batch.nbytes + sum(map(_written_out, batch.columns))
        check_unpacked(where, size, read)
        batches.append(_without_dictionaries(batch))
    if not batches:
        return file.schema_arrow.empty_table()
    return pyarrow.Table.from_batches(batches)


def _written_out(column: Any) -> int:
    """Bytes of a dictionary's texts, each as often as it stands in the column."""
    import pyarrow.compute

    compute: Any = pyarrow.compute  # its functions are made when it is imported
    dictionary = pyarrow.types.is_dictionary(column.type)
    if not dictionary or not _is_text(column.type.value_type):
        return 0
    lengths = compute.binary_length(column.dictionary)
    return compute.sum(compute.take(lengths, column.indices)).as_py() or 0


def _without_dictionaries(batch: Any) -> Any:
    import pyarrow

    columns = [
        column.dictionary_decode() if pyarrow.types.is_dictionary(column.type) else column
        for column in batch.columns
    ]
    return pyarrow.RecordBatch.from_arrays(columns, names=batch.schema.names)
