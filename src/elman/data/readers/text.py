"""Texts from files: a column of a table, a text a line, or a file a text in a folder per class."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from elman.data.readers.cells import constant_of, found_in, wrong_cell
from elman.data.readers.folder import PARTS, holds_parts
from elman.data.readers.roles import (
    Columns,
    columns_of_labels,
    find_column,
    names_of,
    usual,
)
from elman.data.readers.text_files import Kept, read_class_folder, read_lines, text_files
from elman.data.tables import columns as kinds
from elman.data.tables import reader
from elman.data.tables.columns import Table, as_table, is_frame
from elman.data.tables.dialect import FOUND_OUT, Dialect
from elman.data.tables.fields import is_number
from elman.data.tables.judging import JUDGED, MOSTLY
from elman.data.tables.unpacking import reading
from elman.data.texts import LabelledTexts
from elman.errors import ArgumentError, DataError
from elman.parameters import check_values, flag, one_of, parameter, text
from elman.printable import closest, many, quoted

__all__ = ["LabelledTexts", "TextOptions", "holds_texts", "is_plain_text", "read_texts"]
__all__ += ["text_options"]

_COLUMNS = ("label", "labelled", "series", "group", "grouped")
_LINES = "line"
_UNDERSTOOD = (
    f"a table with a column of texts ({reader.FORMATS}), a file with a text a line, or a folder "
    "of texts with a subfolder for each class"
)


@dataclass(frozen=True, kw_only=True)
class TextOptions:
    """What is told of the texts in a file."""

    _group: ClassVar = "Texts"
    _table: ClassVar = None

    text: str | None = parameter(
        None, text(none=True), "Table: the column of texts; else one of a usual name."
    )
    each: str | None = parameter(
        None,
        one_of("line", "file", none=True),
        "Files of texts: whether each line is a text, or each file; else a line of a single file, "
        "and a file in folders.",
    )
    drop_empty: bool = parameter(
        False, flag(), "Leave out texts that are empty, and say how many; else they are an error."
    )
    numbers_as_text: bool = parameter(
        False,
        flag(),
        "Read a column of numbers as texts, as they are written; else it is an error.",
    )

    def __post_init__(self) -> None:
        check_values(TextOptions, {one.name: getattr(self, one.name) for one in fields(self)})


@dataclass(frozen=True, kw_only=True)
class _Told:
    """All that is told of a file of texts."""

    options: TextOptions
    columns: Columns
    dialect: Dialect = FOUND_OUT
    ignore: Sequence[str] = field(default=())


def text_options() -> tuple[str, ...]:
    """The options of `read_texts`."""
    own = [one.name for one in (*fields(TextOptions), *fields(Dialect))]
    return (*own, *_COLUMNS, "ignore")


def read_texts(source: Any, *, part: str | None = None, **told: Any) -> LabelledTexts:
    """Read texts, and perhaps a label of each, from a file, a folder or a frame.

    Args:
        source: A table (`.csv`, `.tsv`, `.txt`, `.jsonl`, packed or not, or `.parquet`) with a
            column of texts; any other file, or a `.txt` without `text`: a text a line; a folder
            with a subfolder for each class, a file a text; a folder of files, whose lines are
            texts and whose names are their classes, with `each="line"`; or a frame.
        part: 'train' or 'test' of a folder that holds two of these names; other files have none.
        told: `text=`, `each=`, `drop_empty=`, `numbers_as_text=`: see `TextOptions`; `label=` (a
            column, or several for several labels), `series=` (a column of names), `group=`;
            `separator=` and `encoding=` of a text file; `ignore=`, subfolders to leave out.

    Returns:
        The texts exactly as they stand in the file, in its order.

    Raises:
        ArgumentError: An option is unknown or does not fit.
        DataError: The file is missing; a text is missing, empty, a number or longer than 2**24
            characters; a label is missing. The message names line and column.
        FormatError: The file is damaged, or its encoding is not certain.
    """
    if part not in (None, *PARTS):
        raise ArgumentError("part", f"found {part!r}", "'train' or 'test'")
    found = _told(told)
    if is_frame(source):
        return _of_table(as_table(source, "frame"), found)
    path = Path(source)
    with reading(str(path)):
        folder = path.is_dir()
        if not folder and not path.exists():
            raise DataError(str(path), "there is no such file or folder", _UNDERSTOOD)
        parts = folder and holds_parts(path)
    if part is not None and not parts:
        raise ArgumentError("part", f"found {part!r}", f"None: {path} holds no train and test")
    if folder:
        _check_no_columns(path, found)
        where = path / (part or PARTS[0]) if parts else path
        files = text_files(where, found.ignore)
        kept = Kept(found.options.drop_empty)
        return read_class_folder(where, files, found.options.each, found.dialect.encoding, kept)
    if _is_table(path, found.options):
        if found.options.each is not None:
            raise ArgumentError("each", "given for a table", "leave it out: a text is a row")
        texts = _names(found)
        table = reader.read(path, texts=texts, dialect=found.dialect)
        return _of_table(table, found)
    return _of_lines(path, found)


def holds_texts(source: str | os.PathLike[str]) -> bool:
    """Whether a file, by its name and columns, is one of texts: nothing else tells so."""
    path = Path(source)
    if path.is_dir():
        where = path / PARTS[0] if holds_parts(path) else path
        return text_files(where, ()).texts
    if not _is_table(path, TextOptions()):
        return not reader.is_table(path) and path.suffix.lower() in ("", ".txt")
    table = reader.read(path)
    name = usual(list(table.columns), "text")
    return name is not None and kinds.kind(table.columns[name]) == "text"


def _told(told: dict[str, Any]) -> _Told:
    known = text_options()
    for name in told:
        if name not in known:
            raise ArgumentError(name, "is no option", closest(name, known))
    own = {one.name: told[one.name] for one in fields(TextOptions) if one.name in told}
    columns = {name: told[name] for name in _COLUMNS if name in told}
    dialect = Dialect(**Dialect.among(told))
    return _Told(
        options=TextOptions(**own),
        columns=Columns(**columns),
        dialect=dialect,
        ignore=tuple(told.get("ignore") or ()),
    )


def is_plain_text(path: Path) -> bool:
    """Whether a file, by its name, has columns only if one is named: a `.txt`, packed or not."""
    name = path.name.lower()
    return reader.is_table(path) and ".txt" in name and not name.endswith(".parquet")


def _is_table(path: Path, options: TextOptions) -> bool:
    """Whether a file is read as a table: by its name; a plain text only if a column is named."""
    return reader.is_table(path) and not (is_plain_text(path) and options.text is None)


def _check_no_columns(path: Path, told: _Told) -> None:
    """`ArgumentError` for a column that is named of what has none."""
    columns = told.columns
    given = {"text": told.options.text, "label": columns.label, "series": columns.series}
    for name, value in {**given, "group": columns.group}.items():
        if value:
            found = f"found {value!r}, and {path} is no table ({reader.FORMATS})"
            raise ArgumentError(name, found, "leave it out; classes are the folder's subfolders")


def _of_lines(path: Path, told: _Told) -> LabelledTexts:
    """A text a line, or the whole file as one; without labels."""
    _check_no_columns(path, told)
    kept = Kept(told.options.drop_empty)
    return read_lines(path, told.options.each or _LINES, told.dialect.encoding, kept)


# ---- tables -------------------------------------------------------------------------------------


def _names(told: _Told) -> reader.Texts:
    """Tells the columns that stay texts, whatever they look like."""

    def texts(names: Sequence[str]) -> Collection[str]:
        given = told.options.text or usual(names, "text")
        return names_of(replace(told.columns, text=given))(names)

    return texts


def _of_table(table: Table, told: _Told) -> LabelledTexts:
    names, columns = list(table.columns), told.columns
    label_names = columns_of_labels(names, columns)
    for name in label_names:
        find_column(table, "label", name)
    beside = {*label_names, columns.group, columns.series or usual(names, "series")}
    name, said = _text_column(table, told.options.text, beside)
    texts, kept, notes = _cells(table, name, told.options)
    part = _rows_of(table, kept)
    every = np.arange(len(kept))

    def of(column: str, what: str) -> np.ndarray:
        return constant_of(part, column, every, every, what)

    labels, listed, several = None, None, not isinstance(columns.label, str | None)
    if label_names and not all(_nothing(part.columns[one]) for one in label_names):
        listed = not several and _indicators(part, label_names[0])
        if listed:
            labels, label_names = listed
            several = True
        else:
            found = [of(one, "label") for one in label_names]
            labels = np.stack(found, 1) if several else found[0]
    groups = None
    if columns.group is not None and (columns.grouped or columns.group in names):
        groups = of(find_column(table, "group", columns.group), "group")
    return LabelledTexts(
        texts=tuple(texts),
        labels=labels,
        ids=_ids(part, columns.series),
        name=table.name,
        notes=(*table.notes, *said, *notes),
        label_names=tuple(label_names) if several and labels is not None else (),
        groups=groups,
        listed=bool(listed),
        place=table.where,
        rows=kept,
        empty=table.rows - len(kept),
    )


def _text_column(table: Table, told: str | None, beside: set[Any]) -> tuple[str, tuple[str, ...]]:
    """The column of texts, and what is said if it was found by what it holds."""
    names = list(table.columns)
    if told is not None:
        if told not in names:
            found = f"no column {told!r} among the columns {quoted(names)}"
            raise DataError(table.name, found, closest(told, names))
        return told, ()
    name = usual(names, "text")
    if name is not None:
        return name, ()
    texts = [n for n in names if n not in beside and kinds.kind(table.columns[n]) == "text"]
    if len(texts) == 1:
        return texts[0], (f"{table.name}: the texts are those of column {texts[0]!r}",)
    found = f"no column is called text among the columns {quoted(names)}"
    raise DataError(table.name, found, "the column of texts: text='...'")


def _cells(
    table: Table, name: str, options: TextOptions
) -> tuple[list[str], np.ndarray, tuple[str, ...]]:
    """The texts of a column, their rows, and what was left out or taken for a text."""
    column, notes = table.columns[name], []
    kind = kinds.kind(column)
    cells, absent = kinds.objects(column), kinds.missing(column)
    numbers = kind == "number" or (kind == "text" and _are_numbers(cells, absent))
    if numbers and not options.numbers_as_text:
        row = int((~absent).argmax())
        expected = "a column of texts: text='...'; or numbers_as_text=True to read it as it is"
        found = f"{found_in(table, row, name)}, a number as in most rows"
        raise wrong_cell(table, row, name, found, expected)
    if numbers:
        notes.append(f"{table.name}: the numbers of column {name!r} were read as texts")
    if kind == "number":
        cells = np.array([str(cell) for cell in cells.tolist()], dtype=object)
    for row, cell in enumerate(cells):
        if not absent[row] and not isinstance(cell, str):
            found = f"found {cell!r:.80} ({type(cell).__name__})"
            raise wrong_cell(table, row, name, found, "a text in every row")
    empty = np.array([gone or not cell.strip() for cell, gone in zip(cells, absent, strict=True)])
    if empty.any() and not options.drop_empty:
        row = int(empty.argmax())
        found = "found no text" + (f" ({int(empty.sum())} such rows)" if empty.sum() > 1 else "")
        raise wrong_cell(table, row, name, found, "a text in every row; or drop_empty=True")
    if empty.all():
        raise DataError(f"{table.name}, column {name!r}", "every text is empty", "some texts")
    if empty.any():
        gone = many(int(empty.sum()), "row")
        notes.append(f"{table.name}: {gone} without a text left out")
    kept = np.flatnonzero(~empty)
    return [str(cell) for cell in cells[kept]], kept, tuple(notes)


def _are_numbers(cells: np.ndarray, absent: np.ndarray) -> bool:
    """Whether (nearly) all texts of a column are numbers: then it is hardly one of texts."""
    some = [str(cell) for cell in cells[~absent][:JUDGED] if str(cell).strip()]
    return bool(some) and sum(map(is_number, some)) >= MOSTLY * len(some)


def _rows_of(table: Table, rows: np.ndarray) -> Table:
    """Some rows of a table."""
    if len(rows) == table.rows:
        return table
    return replace(
        table,
        columns={name: _taken(table.columns[name], rows) for name in table.columns},
        rows=len(rows),
        where=lambda row: table.where(int(rows[row])),
        field=lambda row, column: table.field(int(rows[row]), column),
    )


def _taken(column: Any, rows: np.ndarray) -> Any:
    return column[rows] if isinstance(column, np.ndarray) else column[rows.tolist()]


def _nothing(column: Any) -> bool:
    return kinds.kind(column) == "nothing" or bool(kinds.missing(column).all())


def _indicators(table: Table, name: str) -> tuple[np.ndarray, list[str]] | None:
    """Lists of labels as 0 and 1 for each label `[N, L]`, and the labels; None if none are."""
    column = table.columns[name]
    if kinds.kind(column) != "other":
        return None
    cells = kinds.objects(column)
    if not all(isinstance(cell, list | tuple | np.ndarray) for cell in cells):
        return None
    rows = [[str(one) for one in cell] for cell in cells]
    known = sorted({one for row in rows for one in row})
    place = {one: k for k, one in enumerate(known)}
    found = np.zeros((len(rows), len(known)), dtype=np.int64)
    for n, row in enumerate(rows):
        found[n, [place[one] for one in row]] = 1
    return found, known


def _ids(table: Table, told: str | None) -> tuple[str, ...]:
    """The names of the texts: of a column, if it tells them apart; else their rows from 0."""
    name = usual(list(table.columns), "series") if told is None else told
    if name is not None:
        if told is not None:
            find_column(table, "series", told)
        every = np.arange(table.rows)
        absent = kinds.missing(table.columns[name])
        if told is not None or not absent.any():
            ids = tuple(map(str, constant_of(table, name, every, every)))
            if len(set(ids)) == len(ids):
                return ids
            if told is not None:
                seen: set[str] = set()
                row = next(k for k, one in enumerate(ids) if one in seen or seen.add(one))
                found = f"found {ids[row]!r} a second time"
                raise wrong_cell(table, row, name, found, "a name of its own for each text")
    return tuple(map(str, range(table.rows)))
