"""Tables of JSON lines: an object a line, whose keys name the columns.

::

    {"text": "a joy from start to end", "stars": 5}
    {"text": "dull", "stars": 1}
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import numpy as np

from elman.data.tables.delimited import check_header
from elman.data.tables.dialect import Layout, Source, encoding_of, lines_of
from elman.data.tables.unpacking import check_unpacked
from elman.errors import FormatError

__all__ = ["JsonLines", "read_json_lines"]

_CELL = 8  # bytes, about, of what stands in one row and column
_SURROGATE = re.compile("[\ud800-\udfff]")
_INT64 = np.iinfo(np.int64)


class JsonLines(NamedTuple):
    """What a file of JSON lines holds.

    Attributes:
        columns: By key: numbers `[R]`, int64 or float64 (true and false as 1 and 0, NaN where
            there is none); else what stands there, as objects.
        lines: int64 `[R]`, the line of each row.
        encoding: Of the file.
    """

    columns: dict[str, np.ndarray]
    lines: np.ndarray
    encoding: str


def read_json_lines(source: Source, where: str, encoding: str | None = None) -> JsonLines:
    """The rows of a file as columns; a key that a line lacks is missing there.

    Args:
        source: A file or its bytes, plain or packed. Lines end at "\\n"; empty ones hold nothing.
        where: What messages call it.
        encoding: Told; None: found out.

    Raises:
        FormatError: A line is no JSON object, has a key twice, or a text that is none.
        DataError: The file cannot be opened.
    """
    encoding = encoding_of(source, where, encoding)
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    cells: dict[str, list[Any]] = {}
    lines: list[int] = []
    found = lines_of(source, where, Layout(encoding, ""), "\n")
    for number, line in enumerate(found, start=1):
        if not line.strip():
            continue
        row = _object(line, f"{where}, line {number}")
        for key in [key for key in row if key not in cells]:
            check_unpacked(where, size, _CELL * (len(cells) + 1) * (len(lines) + 1))
            cells[key] = [None] * len(lines)
        for key, column in cells.items():
            column.append(row.get(key))
        lines.append(number)
        if number % 4096 == 0:
            check_unpacked(where, size, _CELL * len(cells) * len(lines))
    if not lines:
        raise FormatError(where, "the file is empty", "a JSON object a line")
    check_header(list(cells), where)
    places = np.array(lines, dtype=np.int64)
    columns = {key: _column(column, where, places, key) for key, column in cells.items()}
    return JsonLines(columns, places, encoding)


def _object(line: str, where: str) -> dict[str, Any]:
    """The object on a line."""
    try:
        row = json.loads(
            line.strip(), object_pairs_hook=lambda pairs: _without_doubles(pairs, where)
        )
        escaped = row.items() if isinstance(row, dict) and "\\u" in line else ()
        half = next(filter(_holds_half, escaped), None)
    except json.JSONDecodeError as error:
        found = f"is no JSON ({error.msg}, column {error.colno})"
        raise FormatError(where, found, "a JSON object on each line") from error
    except FormatError:
        raise
    except (ValueError, RecursionError) as error:  # a number of many digits; nested too deeply
        raise FormatError(where, f"is no JSON that can be read ({error})", "plain rows") from error
    if not isinstance(row, dict):
        raise FormatError(where, f"found a {type(row).__name__}", "a JSON object on each line")
    if half is not None:
        found = "found half of a surrogate pair, which is no character"
        raise FormatError(f"{where}, column {half[0]!r}", found, "a text of whole characters")
    return row


def _without_doubles(pairs: list[tuple[str, Any]], where: str) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise FormatError(where, f"found the key {twice!r} twice", "each key once in an object")
    return row


def _holds_half(value: Any) -> bool:
    """Whether a text in it holds half of a surrogate pair."""
    if isinstance(value, str):
        return _SURROGATE.search(value) is not None
    if isinstance(value, dict):
        return any(map(_holds_half, value.items()))
    return isinstance(value, list | tuple) and any(map(_holds_half, value))


def _column(cells: list[Any], where: str, lines: np.ndarray, name: str) -> np.ndarray:
    """The cells as numbers, if all that are there are; else as they are."""
    for row, cell in enumerate(cells):
        if isinstance(cell, int) and not _INT64.min <= cell <= _INT64.max:
            raise FormatError(
                f"{where}, line {lines[row]}, column {name!r}",
                f"found {cell!r:.40}, which is beyond 64 bits",
                "a smaller number, or a text",
            )
    present = [cell for cell in cells if cell is not None]
    if not present or not all(isinstance(cell, int | float) for cell in present):
        column = np.empty(len(cells), dtype=object)
        column[:] = cells
        return column
    whole = len(present) == len(cells) and all(isinstance(cell, int) for cell in present)
    return np.array(
        [np.nan if cell is None else cell for cell in cells], np.int64 if whole else np.float64
    )
