"""Text files of rows, plain or gzipped: a header with names, then fields between delimiters."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO

from elman.data.tables.fields import is_number
from elman.data.tables.unpacking import open_unpacked, reading
from elman.errors import FormatError
from elman.printable import quoted

__all__ = ["check_header", "delimiter_of", "header_and_rows", "read_rows"]

Source = Path | bytes
"""A file, or what it holds."""

_LONGEST = 1 << 24  # characters of a line


def read_rows(source: Source, where: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a file as they are asked for, header first; empty lines hold nothing.

    Fields stand between commas, semicolons or tabs: whatever is most frequent in the first line.

    Args:
        source: A file or its bytes, UTF-8, with or without byte order mark, plain or gzip.
        where: What messages call it.

    Yields:
        The number of the line on which a row ends, counted from 1, and its fields.

    Raises:
        FormatError: The file is damaged, no UTF-8, or a row has another number of fields.
        DataError: The file cannot be opened.
    """
    with reading(where):
        try:
            with _text(source, where) as file:
                yield from _fields(_lines(file, where), where)
        except UnicodeDecodeError:
            raise _no_utf8(source, where) from None


def header_and_rows(
    found: Iterable[tuple[int, list[str]]], where: str
) -> tuple[list[str], list[int], list[list[str]]]:
    """The names of columns, the lines of all rows, and the fields of all but the header.

    Args:
        found: What `read_rows` yields, or the first part of it.
        where: What messages call the file.

    Raises:
        FormatError: There is no header, no row after it, or the header is none.
    """
    lines, cells = [], []
    for line, fields in found:
        lines.append(line)
        cells.append(fields)
    if not cells:
        raise FormatError(where, "the file is empty", "a header with column names, then rows")
    if len(cells) == 1:
        raise FormatError(where, "found a header and no rows", "one row for each step")
    names = [name.strip() for name in cells[0]]
    check_header(names, where)
    return names, lines, cells[1:]


def check_header(names: Collection[str], where: str) -> None:
    """Check the names of a table's columns.

    Raises:
        FormatError: One is missing, a number, or there twice.
    """
    counts = Counter(names)
    wrong = [name for name, count in counts.items() if count > 1 or not name or is_number(name)]
    if wrong:
        among = f"; among them {quoted(wrong, 3)}" if len(names) > 12 else ""
        raise FormatError(
            f"{where}, line 1",
            f"found the columns {quoted(names)}{among}",
            "a header with a name for each column, no number and no name twice",
        )


def delimiter_of(source: Source) -> str:
    """What stands between the fields of a file.

    >>> delimiter_of(b"day;units")
    ';'
    """
    with _text(source, "file") as file:
        return _delimiter(_beginning(iter(lambda: file.readline(_LONGEST), ""))[-1])


def _text(source: Source, where: str) -> IO[str]:
    return io.TextIOWrapper(open_unpacked(source, where), encoding="utf-8-sig", newline="")


def _lines(file: IO[str], where: str) -> Iterator[str]:
    """The lines of a file, none of which fills the memory."""
    number = 1
    while line := file.readline(_LONGEST):
        if len(line) == _LONGEST:
            raise FormatError(
                f"{where}, line {number}",
                f"found more than {_LONGEST} characters",
                "rows of a table",
            )
        yield line
        number += 1


def _beginning(lines: Iterator[str]) -> list[str]:
    """The lines up to the first that is not empty, which shows what stands between fields."""
    found = [next(lines, "")]
    while found[-1] and not found[-1].strip():
        found.append(next(lines, ""))
    return found


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)


def _fields(lines: Iterator[str], where: str) -> Iterator[tuple[int, list[str]]]:
    beginning = _beginning(lines)
    delimiter = _delimiter(beginning[-1])
    reader = csv.reader(chain(beginning, lines), delimiter=delimiter, strict=True)
    width = 0
    try:
        for fields in reader:
            if not fields:
                continue
            width = width or len(fields)
            if len(fields) != width:
                raise FormatError(
                    f"{where}, line {reader.line_num}",
                    f"found {len(fields)} fields",
                    f"{width} fields, as in the header",
                )
            yield reader.line_num, fields
    except csv.Error as error:
        raise FormatError(
            f"{where}, line {reader.line_num}", f"not a CSV row ({error})", "well-formed quotes"
        ) from error


def _no_utf8(source: Source, where: str) -> FormatError:
    """Where the bytes are no UTF-8; the file is read again, as a whole."""
    with open_unpacked(source, where) as file:
        content = file.read()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"found 0x{content[error.start]:02x} (byte {error.start})"
        return FormatError(f"{where}, line {line}", found, "UTF-8 text")
    return FormatError(where, "changed while it was read", "a file that is not being written")
