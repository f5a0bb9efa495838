"""Text files as Arrow reads them: fast, and only where it reads them as the csv module does."""

from __future__ import annotations

import lzma
import re
import zlib
from typing import Any

from elman.data.tables.fields import MISSING, Numerals
from elman.data.tables.judging import JUDGED, Beginning, are_numbers
from elman.data.tables.text_file import TextFile
from elman.data.tables.unpacking import open_unpacked
from elman.installation import install_command

__all__ = ["by_arrow"]

_PIECE = 1 << 20  # bytes that are looked through at once


def by_arrow(text: TextFile, header: int, first: Beginning) -> tuple[Any, str]:
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


def _stray_signs(text: TextFile) -> bool:
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
    some = column.drop_null().slice(0, JUDGED).to_pylist() if undecided else []
    if undecided and are_numbers(some, numerals) is not False:
        if numerals.decimal != ".":
            column = compute.replace_substring(column, numerals.decimal, ".")
        return column.cast(pyarrow.float64())
    if kept:
        return column
    try:
        return column.cast(pyarrow.timestamp("us"))
    except pyarrow.ArrowInvalid:
        return column
