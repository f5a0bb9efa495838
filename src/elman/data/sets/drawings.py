"""Drawings by name: Omniglot's characters, and digits that are made when they are read."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from elman.data.drawings import Drawings
from elman.data.readers.drawings import drawings_of_texts, holds_drawings, read_drawings
from elman.data.sets import catalogue
from elman.data.sets.digit_strokes import digit_numbers, digit_strokes
from elman.errors import ArgumentError, DataError

__all__ = ["ALPHABETS", "drawing_names", "is_drawings", "load_drawings"]

_OMNIGLOT = "omniglot_strokes"
ALPHABETS = ("Balinese", "Early_Aramaic", "Greek", "Korean", "Latin")
"""Those of omniglot."""
_TEST_DRAWERS = 16  # the last five of twenty are the test part
_NUMBERS = (3000, 300)  # made for training and for the test


def drawing_names() -> tuple[str, ...]:
    """The names that `load_drawings` takes, sorted."""
    return tuple(sorted(_LOADERS))


def is_drawings(source: Any) -> bool:
    """Whether data are drawings: a name of such, or files of them."""
    named = isinstance(source, str) and source in _LOADERS
    return named or (isinstance(source, str | os.PathLike) and holds_drawings(source))


def load_drawings(source: Any, part: str | None = None, **told: Any) -> Drawings:
    """Drawings by name, or from files.

    `omniglot` are 2,720 drawings of 136 characters of five alphabets by twenty people, who are the
    groups: labels as Greek/character01; the test part are those of drawers 16 to 20.
    `omniglot/Greek` is one alphabet of it. `digit_strokes` are scikit-learn's digits as strokes,
    `digit_strokes/numbers` numbers of two to four of them beside each other, with the texts of
    them: see `elman.data.sets.digit_strokes`.

    Args:
        source: A name from `drawing_names()`, or what `elman.data.read_drawings` takes.
        part: Of a name: 'train' (also for None), 'test' or 'all'; of a path None.
        told: Options of `read_drawings`.

    Raises:
        ArgumentError, DataError, FormatError: As of `read_drawings`, or there is no such part.
        ChecksumError: A file of the set is not the one that its manifest describes.
    """
    if not isinstance(source, str) or source not in _LOADERS or os.path.exists(source):
        if isinstance(source, str) and not os.path.exists(source) and "." not in source:
            raise catalogue.unknown(source, drawing_names())
        if part not in (None, "train", "all"):
            raise ArgumentError("part", f"found {part!r}", f"None: {source} has no parts")
        return read_drawings(source, **told)
    given = [name for name, value in told.items() if value is not None]
    if given:
        raise ArgumentError(", ".join(given), f"does not apply to {source}", "leave it out")
    if part not in (None, "train", "test", "all"):
        raise ArgumentError("part", f"found {part!r}", "'train', 'test' or 'all'")
    return _LOADERS[source](source, part or "train")


def _omniglot(name: str, part: str) -> Drawings:
    alphabet = name.partition("/")[2]
    members = [one.path for file in catalogue.manifest(_OMNIGLOT).files for one in file.members]
    paths = [one for one in members if one.endswith(".txt") and f"/{alphabet}" in one]
    contents = catalogue.contents(_OMNIGLOT, paths)
    inside = {path.partition("/")[2]: content for path, content in contents.items()}
    whole = drawings_of_texts(inside, name)
    labels, groups = whole.labels, whole.groups
    if groups is None or labels is None:
        raise DataError(name, "its files have other names", "elman data get omniglot_strokes")
    if alphabet:  # the only folder in common was taken for that of an archive
        labels = np.array([f"{alphabet}/{one.rpartition('/')[2]}" for one in labels])
    whole = replace(whole, labels=labels)
    held = groups.astype(int) >= _TEST_DRAWERS
    return whole if part == "all" else whole.select(held if part == "test" else ~held)


def _digits(name: str, part: str) -> Drawings:
    return digit_strokes(part)


def _numbers(name: str, part: str) -> Drawings:
    parts = [digit_numbers(_NUMBERS[0], 0, "train"), digit_numbers(_NUMBERS[1], 1, "test")]
    return parts[0].with_all(parts[1:]) if part == "all" else parts[part == "test"]


_LOADERS: dict[str, Callable[[str, str], Drawings]] = {
    "digit_strokes": _digits,
    "digit_strokes/numbers": _numbers,
    "omniglot": _omniglot,
}
_LOADERS |= {f"omniglot/{alphabet}": _omniglot for alphabet in ALPHABETS}
