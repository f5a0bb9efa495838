"""Pairs of texts from files: two files of lines, or two columns of a table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from elman.data.pairs import Pairs
from elman.data.readers.shifted import first_shifted
from elman.data.tables import columns as kinds
from elman.data.tables import reader
from elman.data.tables.columns import Table, as_table, is_frame
from elman.data.tables.dialect import Dialect, Layout, encoding_of, lines_of
from elman.data.tables.unpacking import also_packed, reading
from elman.errors import ArgumentError, DataError, FormatError
from elman.parameters import check_values, parameter, text
from elman.printable import closest, many, quoted

__all__ = ["PairOptions", "holds_pairs", "holds_tabbed_pairs", "read_pairs", "read_source_lines"]

_SOURCES = ("source", "src", "input", "question", "from")
_TARGETS = ("target", "tgt", "translation", "reference", "references", "output", "answer", "to")
_TABBED = also_packed((".tsv", ".txt"))
_LOOKED_AT = 100  # lines of a file without a header
_UNDERSTOOD = f"two files with a text a line, or a table with two columns ({reader.FORMATS})"


@dataclass(frozen=True, kw_only=True)
class PairOptions:
    """What is told of the pairs in a table."""

    _group: ClassVar = "Pairs"
    _table: ClassVar = None

    source_column: str | None = parameter(
        None,
        text(none=True),
        "Table: the column of sources, or of a file without a header its number from 1; else one "
        "of a usual name, or the first.",
    )
    target_column: str | None = parameter(
        None, text(none=True), "Table: the column of what is to be written; likewise."
    )

    def __post_init__(self) -> None:
        check_values(PairOptions, {one.name: getattr(self, one.name) for one in fields(self)})
        if (self.source_column is None) != (self.target_column is None):
            missing = "source_column" if self.source_column is None else "target_column"
            raise ArgumentError(missing, "not given beside the other", "both columns, or neither")


def read_pairs(
    source: Any, target: str | os.PathLike[str] | Sequence[Any] | None = None, **told: Any
) -> Pairs:
    """Read pairs of texts from two files of lines, from a table or from a frame.

    Pairs of which a side is empty are left out, and how many is said. A table may have several
    rows of the same source, or lists of references in a cell (JSON lines, Parquet).

    Args:
        source: A file with a text a line; or, without `target`, a table: `.csv`, `.tsv`, `.txt`,
            `.jsonl`, packed or not, or `.parquet`. A `.tsv` or `.txt` whose first line names no
            such columns has none: then it has pairs with a tab between, from its first line on.
            Or a frame.
        target: A file with as many lines; or several, each with a reference a line.
        told: `source_column=`, `target_column=`: see `PairOptions`; `separator=` and `encoding=`
            of a text file.

    Raises:
        ArgumentError: An option is unknown or does not fit.
        DataError: A file is missing, has other lines than the other one (both counts are said,
            and from which line on they look shifted), or a cell is no text.
        FormatError: A file is damaged, or its encoding is not certain; or holds no pair.
    """
    options, dialect = _told(told)
    if target is not None:
        if options.source_column is not None:
            raise ArgumentError("source_column", "given for files of lines", "leave it out")
        several = [target] if isinstance(target, str | os.PathLike) else [*target]
        return _of_lines(Path(source), [Path(one) for one in several], dialect.encoding)
    if is_frame(source):
        return _of_table(as_table(source, "frame"), options)
    path = Path(source)
    with reading(str(path)):
        if not path.is_file():
            raise DataError(str(path), "there is no such file", _UNDERSTOOD)
    if not reader.is_table(path):
        found = "is no table, and nothing is told of what is to be written for its lines"
        raise FormatError(str(path), found, _UNDERSTOOD)
    places = _places_without_header(path, options, dialect)
    if places is not None:
        return _of_tabs(path, places, dialect.encoding)
    table = reader.read(path, texts=lambda names: _both(names, options), dialect=dialect)
    return _of_table(table, options)


def holds_pairs(source: str | os.PathLike[str]) -> bool:
    """Whether a file is, by its name and columns, one of pairs: both are called as is usual.

    A file that cannot be read is none; who reads it says why.
    """
    path = Path(source)
    if not path.is_file() or not reader.is_table(path):
        return False
    try:
        table = reader.read(path)
    except (DataError, FormatError):
        return False
    names = _usual(list(table.columns))
    columns = [kinds.objects(table.columns[name]) for name in names or ()]
    return bool(columns) and all(
        isinstance(cell, str | list | tuple | np.ndarray | None)
        for column in columns
        for cell in column[:_LOOKED_AT]
    )


def holds_tabbed_pairs(source: str | os.PathLike[str]) -> bool:
    """Whether the first lines of a `.tsv` or `.txt` look like pairs with a tab between.

    Each has the same number of columns, two or more; the first two hold texts, of which few come
    again in the second: they would be labels. A guess, to be asked where nothing else reads it.
    """
    path = Path(source)
    if not path.is_file() or not path.name.lower().endswith(_TABBED):
        return False
    layout = Layout(encoding_of(path, str(path), None), "")
    lines = [line.rstrip("\r\n") for line in islice(lines_of(path, str(path), layout), _LOOKED_AT)]
    rows = [line.split("\t") for line in lines if line]
    if not rows or len(rows[0]) < 2 or len({len(row) for row in rows}) > 1:
        return False
    texts = not any(_is_number(cell) for row in rows for cell in row[:2])
    return texts and 2 * len({row[1] for row in rows}) > len(rows)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _told(told: dict[str, Any]) -> tuple[PairOptions, Dialect]:
    known = [one.name for one in (*fields(PairOptions), *fields(Dialect))]
    for name in told:
        if name not in known:
            raise ArgumentError(name, "is no option", closest(name, known))
    own = {one.name: told[one.name] for one in fields(PairOptions) if one.name in told}
    return PairOptions(**own), Dialect(**Dialect.among(told))


# ---- files of lines -----------------------------------------------------------------------------


def _of_lines(source: Path, targets: list[Path], encoding: str | None) -> Pairs:
    """Line n of one file belongs to line n of the others."""
    sides = [_lines(path, encoding) for path in (source, *targets)]
    first = sides[0]
    notes = [note for side in sides for note in side.notes]
    for k, (path, side) in enumerate(zip(targets, sides[1:], strict=True), start=1):
        first, side, note = _without_last(first, side, source, path)
        notes += note
        if len(first.texts) != len(side.texts):
            raise _unequal(source, path, first.texts, side.texts)
        sides[0], sides[k] = first, side
    name = " and ".join(map(str, (source, *targets)))
    columns = [side.texts for side in sides]
    if any(len(column) != len(columns[0]) for column in columns):
        raise _unequal(source, targets[0], columns[0], columns[1])
    rows = [(text, list(right)) for text, *right in zip(*columns, strict=True)]
    return _kept(rows, name, notes, lambda row: f"{name}, line {row + 1}")


def read_source_lines(
    source: str | os.PathLike[str], encoding: str | None = None
) -> tuple[list[str], tuple[str, ...]]:
    """The lines of a file of sources alone, empty ones too; and what was inferred of it.

    Raises:
        DataError: It is missing.
        FormatError: Its encoding is not certain.
    """
    path = Path(source)
    with reading(str(path)):
        if not path.is_file():
            raise DataError(str(path), "there is no such file", "a file with a source a line")
    return _lines(path, encoding)


class _Side(NamedTuple):
    """The lines of a file, and what was inferred of how it is written."""

    texts: list[str]
    notes: tuple[str, ...]


def _lines(path: Path, encoding: str | None) -> _Side:
    where = str(path)
    found = encoding_of(path, where, encoding)
    lines = lines_of(path, where, Layout(found, ""), "\n")
    texts = [line.removesuffix("\n").removesuffix("\r") for line in lines]
    plain = found.removesuffix("-sig")
    told = encoding is not None or plain == "utf-8"
    return _Side(texts, () if told else (f"{where} was read with encoding {plain}",))


def _without_last(
    first: _Side, second: _Side, source: Path, target: Path
) -> tuple[_Side, _Side, list[str]]:
    """The same without an empty last line that one of them has more: a final newline is no text."""
    apart = len(first.texts) - len(second.texts)
    longer, path = (first, source) if apart > 0 else (second, target)
    if abs(apart) != 1 or longer.texts[-1]:
        return first, second, []
    shorter = longer._replace(texts=longer.texts[:-1])
    said = [f"{path}: an empty last line more than the other file has was left out"]
    return (shorter, second, said) if apart > 0 else (first, shorter, said)


def _unequal(source: Path, target: Path, first: list[str], second: list[str]) -> DataError:
    found = f"{many(len(first), 'line')}, and {target} has {len(second):,}"
    if first and second:
        found += f"; from line {first_shifted(first, second) + 1} on they look shifted"
    return DataError(str(source), found, "files in which line n belongs to line n")


def _of_tabs(path: Path, places: tuple[int, int], encoding: str | None) -> Pairs:
    """A file of pairs with a tab between, without a header; what stands in other columns is not."""
    side = _lines(path, encoding)
    lines = side.texts[:-1] if side.texts and not side.texts[-1] else side.texts
    rows = []
    for number, line in enumerate(lines, start=1):
        cells = line.split("\t")
        if len(cells) <= max(places):
            found = f"{many(len(cells), 'column')}, with tabs between"
            raise FormatError(f"{path}, line {number}", found, f"at least {max(places) + 1}")
        rows.append((cells[places[0]], [cells[places[1]]]))
    said = f"{path} has no header: sources are its column {places[0] + 1}, targets its column "
    notes = [*side.notes, f"{said}{places[1] + 1}"]
    return _kept(rows, str(path), notes, lambda row: f"{path}, line {row + 1}")


def _places_without_header(
    path: Path, options: PairOptions, dialect: Dialect
) -> tuple[int, int] | None:
    """Where sources and targets stand in a file without a header; None: it has one."""
    if not path.name.lower().endswith(_TABBED) or dialect.separator not in (None, "\t"):
        return None
    given = options.source_column, options.target_column
    if given[0] is not None:
        numbers = [one for one in given if one is not None and one.isdecimal() and int(one)]
        return (int(numbers[0]) - 1, int(numbers[1]) - 1) if len(numbers) == 2 else None
    layout = Layout(encoding_of(path, str(path), dialect.encoding), "")
    names = [
        name.strip() for line in islice(lines_of(path, str(path), layout), 1)
        for name in line.split("\t")
    ]  # fmt: skip
    return None if len(names) < 2 or _usual(names) is not None else (0, 1)


# ---- tables -------------------------------------------------------------------------------------


def _usual(names: Sequence[str]) -> tuple[str, str] | None:
    """The columns of usual names, if both are there."""
    by_lower = {name.lower(): name for name in reversed(names)}
    found = [next((by_lower[n] for n in known if n in by_lower), None)
             for known in (_SOURCES, _TARGETS)]  # fmt: skip
    return None if found[0] is None or found[1] is None else (found[0], found[1])


def _both(names: Sequence[str], options: PairOptions) -> list[str]:
    """The two columns, as told or by their names; of a table of two columns both."""
    told = options.source_column, options.target_column
    if told[0] is not None:
        return [name for name in told if name is not None]
    found = _usual(names)
    return [*found] if found is not None else [*names] if len(names) == 2 else []


def _of_table(table: Table, options: PairOptions) -> Pairs:
    names = list(table.columns)
    chosen, notes = _both(names, options), [*table.notes]
    for name in chosen:
        if name not in names:
            found = f"no column {name!r} among the columns {quoted(names)}"
            raise DataError(table.name, found, closest(name, names))
    if not chosen:
        texts = [name for name in names if kinds.kind(table.columns[name]) == "text"]
        if len(texts) != 2:
            found = f"no columns called source and target among {quoted(names)}"
            expected = "both columns: source_column='...', target_column='...'"
            raise DataError(table.name, found, expected)
        chosen = texts
    if options.source_column is None and _usual(names) is None:
        notes.append(f"{table.name}: sources are column {chosen[0]!r}, targets {chosen[1]!r}")
    sources = [_text(table, row, chosen[0], cell) for row, cell in _cells(table, chosen[0])]
    targets = [_texts(table, row, chosen[1], cell) for row, cell in _cells(table, chosen[1])]
    return _kept([*zip(sources, targets, strict=True)], table.name, notes, table.where)


def _cells(table: Table, name: str) -> list[tuple[int, Any]]:
    """The rows of a column with what stands there; a missing one is an empty text."""
    column = table.columns[name]
    absent = kinds.missing(column)
    return [
        (row, "" if absent[row] else cell) for row, cell in enumerate(kinds.objects(column))
    ]  # fmt: skip


def _text(table: Table, row: int, name: str, cell: Any) -> str:
    if not isinstance(cell, str):
        where = f"{table.where(row)}, column {name!r}"
        raise DataError(where, f"found {cell!r:.80} ({type(cell).__name__})", "a text in every row")
    return str(cell)


def _texts(table: Table, row: int, name: str, cell: Any) -> list[str]:
    """A text, or a list of several that are right."""
    if not isinstance(cell, list | tuple | np.ndarray):
        return [_text(table, row, name, cell)]
    return [_text(table, row, name, one) for one in cell] or [""]


def _kept(
    rows: list[tuple[str, list[str]]], name: str, notes: Sequence[str], place: Any
) -> Pairs:  # fmt: skip
    """The pairs of which no side is empty, and how many others there are."""
    full = [
        (k, text, [one for one in right if one.strip()]) for k, (text, right) in enumerate(rows)
    ]
    kept = [(k, text, right) for k, text, right in full if text.strip() and right]
    if not kept:
        raise FormatError(name, "holds no pair of texts", _UNDERSTOOD)
    said, gone = [*notes], len(rows) - len(kept)
    if gone:
        left = {k for k, _, _ in kept}
        first = next(k for k in range(len(rows)) if k not in left)
        what = "pair" if gone == 1 else "pairs"
        said.append(f"{name}: {gone:,} {what} with an empty side left out, first {place(first)}")
    fewer = sum(len(rows[k][1]) - len(right) for k, _, right in kept)
    if fewer:
        said.append(f"{name}: {many(fewer, 'empty reference')} left out")
    return Pairs(
        [text for _, text, _ in kept],
        [right[0] for _, _, right in kept],
        [right for _, _, right in kept],
        name,
        tuple(said),
        place,
        np.array([k for k, _, _ in kept], dtype=np.int64),
        (sum(not text.strip() for text, _ in rows), sum(not right for _, _, right in full)),
    )
