"""Captions from files: numbers of what was seen, and sentences about each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.captions import Captions
from elman.data.readers.npz import read_arrays
from elman.data.tables import columns as kinds
from elman.data.tables import reader
from elman.data.tables.columns import Table
from elman.errors import DataError, FormatError
from elman.files import open_regular
from elman.printable import many, quoted

__all__ = ["read_captions"]

_ITEMS = ("index", "item", "image", "row")
_TEXTS = ("captions", "caption", "references", "text")
_UNDERSTOOD = ".npy with an array of numbers, or .npz with one called X and perhaps lengths"
_TABLE = "a table with columns index (from 0) and caption, or one of captions alone, in order"


def read_captions(
    source: str | os.PathLike[str], captions: str | os.PathLike[str] | None = None
) -> Captions:
    """Read numbers of N things, and perhaps captions of them.

    Items without a caption are left out, and how many is said.

    Args:
        source: `.npy`, an array `[N, I]` of vectors, `[N, S, I]` of sequences or images, or
            `[N, H, W, C]`; or `.npz` with that as `X`, and perhaps `lengths` `[N]`.
        captions: A table (JSON lines, CSV, TSV, Parquet): `index` says of which item, from 0 on,
            and `caption` (a text, or in JSON lines `captions`, a list) what; an item may have
            several rows. Without an index row n is about item n. None: nothing is known.

    Raises:
        FormatError: A file is foreign, damaged, or holds pickled objects.
        DataError: It is missing, a cell is no text, or an index is that of no item: the message
            names the line.
        ShapeError: The array is none of these.
    """
    path = Path(source)
    if path.suffix.lower() == ".npz":
        arrays = read_arrays(path)
        items, lengths = arrays.get("X", arrays.get("x")), arrays.get("lengths")
        assert items is not None  # `read_arrays` has looked
    elif path.suffix.lower() == ".npy":
        items, lengths = _array(path), None
    else:
        raise FormatError(str(path), "is no file of numbers", _UNDERSTOOD)
    whole = Captions(items, None, lengths, str(path), place=lambda row: f"{path}, row {row}")
    return whole if captions is None else _with(whole, Path(captions))


def _array(path: Path) -> np.ndarray:
    """The array in an `.npy` file; what its header says is held against the file's size first."""
    try:
        with open_regular(path):
            mapped = np.load(path, mmap_mode="r", allow_pickle=False)
            return np.array(mapped)
    except OSError as error:
        found = f"cannot be read ({error.strerror or error})"
        raise DataError(str(path), found, "a file that can be opened") from error
    except (ValueError, EOFError, TypeError, SyntaxError, OverflowError) as error:
        raise FormatError(
            str(path), f"is no .npy file of numbers ({error})", _UNDERSTOOD
        ) from error


def _with(whole: Captions, path: Path) -> Captions:
    """The items that have captions, with them."""
    table = reader.read(path, texts=lambda names: [name for name in names if name in _TEXTS])
    names = list(table.columns)
    text = next((name for name in _TEXTS if name in names), None)
    index = next((name for name in _ITEMS if name in names), None)
    if text is None:
        raise DataError(str(path), f"no column caption among {quoted(names)}", _TABLE)
    cells = kinds.objects(table.columns[text])
    owners = range(table.rows) if index is None else _owners(table, index)
    found: list[list[str]] = [[] for _ in range(len(whole))]
    empty = 0
    for row, (owner, cell) in enumerate(zip(owners, cells, strict=True)):
        if not 0 <= owner < len(whole):
            said = f"about item {owner}, and {whole.name} has {many(len(whole), 'item')}"
            raise DataError(table.where(row), said, "an index from 0 on")
        texts = list(cell) if isinstance(cell, list | tuple | np.ndarray) else [cell]
        for one in texts:
            if not isinstance(one, str):
                where = f"{table.where(row)}, column {text!r}"
                raise DataError(where, f"found {one!r:.80}", "a text, or a list of texts")
            if one.strip():
                found[owner].append(one)
            empty += not one.strip()
    kept = [row for row, right in enumerate(found) if right]
    if not kept:
        raise FormatError(str(path), "holds no caption", _TABLE)
    notes = [*table.notes]
    if empty:
        notes.append(f"{path}: {many(empty, 'empty caption')} left out")
    if len(kept) < len(found):
        first = next(row for row, right in enumerate(found) if not right)
        gone = many(len(found) - len(kept), "item")
        notes.append(f"{whole.name}: {gone} without a caption left out, first row {first}")
    lengths = None if whole.lengths is None else whole.lengths[kept]
    return Captions(
        whole.items[kept],
        [found[row] for row in kept],
        lengths,
        whole.name,
        tuple(notes),
        whole.place,
        np.array(kept, dtype=np.int64),
    )


def _owners(table: Table, index: str) -> list[int]:
    """Of which item each row of the table is."""
    found = []
    for row, value in enumerate(kinds.objects(table.columns[index])):
        number: Any = value
        if isinstance(value, str) and value.strip().isdecimal():
            number = int(value)
        if isinstance(number, bool) or not isinstance(number, int | float | np.number):
            where = f"{table.where(row)}, column {index!r}"
            raise DataError(where, f"found {value!r:.80}", "the number of an item, from 0 on")
        if number != int(number):
            raise DataError(f"{table.where(row)}, column {index!r}", f"found {value}", "whole")
        found.append(int(number))
    return found
