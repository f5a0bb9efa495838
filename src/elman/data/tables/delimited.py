"""The rows of text files: a header with names, then fields between separators."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise

from elman.data.tables.dialect import LONGEST, Layout, Source, lines_of
from elman.data.tables.fields import is_number
from elman.errors import FormatError
from elman.printable import quoted

__all__ = ["INDEX", "check_header", "header_and_rows", "read_rows"]

INDEX = "index"
"""What a first column without a name is called."""

_FEW_STEPS = 3  # so many numbers in a header may be steps
_YEARS = 1800, 2200


def read_rows(source: Source, where: str, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """The rows of a file as they are asked for, header first; empty lines hold nothing.

    Args:
        source: A file or its bytes, plain or packed.
        where: What messages call it.
        layout: How it is written.

    Yields:
        The number of the line on which a row ends, counted from 1, and its fields.

    Raises:
        FormatError: The file is damaged, or a row has another number of fields.
        DataError: The file cannot be opened.
    """
    lines = lines_of(source, where, layout, layout.newline)
    reader = csv.reader(lines, delimiter=layout.separator, strict=True)
    width = 0
    try:
        while True:
            before = csv.field_size_limit(LONGEST)  # one for the whole process: it is put back
            try:
                fields = next(reader, None)
            finally:
                csv.field_size_limit(before)
            if fields is None:
                return
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
        found, expected = f"not a CSV row ({error})", "well-formed quotes"
        if "new-line character" in str(error):
            found, expected = "found a carriage return within a field", "quotes around the field"
        raise FormatError(f"{where}, line {reader.line_num}", found, expected) from error


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
    if names[0] == "" and "index" not in names and len(names) > 1:
        names[0] = INDEX  # as pandas writes the index of a frame
    end = len(names) > 1 and names[-1] == "" and not any(row[-1].strip() for row in cells[1:])
    check_header(names[:-1] if end else names, where)
    return names, lines, cells[1:]


def _count_steps(numbers: Sequence[str], alone: bool) -> bool:
    """Whether numbers in a header are steps: whole, one after the other, from 0, 1 or a year.

    Without a name beside them (`alone`) they have to begin at 0: else they may be a first row.
    """
    if len(numbers) < _FEW_STEPS or not all(name.isascii() and name.isdigit() for name in numbers):
        return False
    found = [int(name) for name in numbers]
    if alone:
        return found == list(range(len(found)))
    months = all(len(name) in (6, 8) and name[:2] in ("19", "20") for name in numbers)
    if months:
        return all(a < b for a, b in pairwise(found))
    begins = found[0] in (0, 1) or _YEARS[0] <= found[0] <= _YEARS[1]
    return begins and found == list(range(found[0], found[0] + len(found)))


def check_header(names: Collection[str], where: str) -> None:
    """Check the names of a table's columns; numbers are names where they count steps.

    Raises:
        FormatError: One is missing, a number, or there twice.
    """
    counts = Counter(names)
    numbers = [name for name in counts if is_number(name)]
    if _count_steps(numbers, alone=len(numbers) == len(names)):
        numbers = []
    wrong = [name for name, count in counts.items() if count > 1 or not name or name in numbers]
    if len(wrong) > len(names) / 2 and numbers:
        raise FormatError(
            f"{where}, line 1",
            f"found {quoted(wrong, 3)}, numbers where the columns' names belong",
            "a first line that names the columns, such as label,t0,t1,t2 where each row is a "
            "sequence, or id,step,x,y,label",
        )
    if wrong:
        among = f"; among them {quoted(wrong, 3)}" if len(names) > 12 else ""
        raise FormatError(
            f"{where}, line 1",
            f"found the columns {quoted(names)}{among}",
            "a header with a name for each column, no number and no name twice",
        )
