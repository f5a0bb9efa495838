"""Pairs of texts by name: sentences with their translations, and dates, made on the spot."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from elman.data.pairs import Pairs, held_out_pairs, source_key
from elman.data.readers.pairs import read_pairs
from elman.data.sets import catalogue
from elman.data.sets.dates import date_pairs
from elman.errors import ArgumentError, DataError
from elman.printable import many

__all__ = ["TEST_SEED", "TEST_SENTENCES", "load_pairs", "pair_names"]

TEST_SENTENCES, TEST_SEED = 2000, 0
"""How many English sentences of Tatoeba are the test part, and what draws them."""

_TATOEBA = "tatoeba_fra_eng"
_DATES = {"train": (20_000, 0), "test": (2_000, 1)}  # how many, and the seed
_NO_BREAK = re.compile("[\u00a0\u2009\u202f]")  # spaces before French punctuation


def pair_names() -> tuple[str, ...]:
    """The names that `load_pairs` takes, sorted."""
    return tuple(sorted(_LOADERS))


def load_pairs(source: Any, part: str | None = None, **told: Any) -> Pairs:
    """Pairs of texts by name, or from files or a frame.

    `dates` are made on the spot: 20,000 dates in English with the same in ISO 8601, of the test
    part 2,000 of other days. `tatoeba_fra_eng` are English sentences with French ones. Its test
    part are 2,000 English sentences with all French ones as references, drawn by `TEST_SEED`;
    the training part has every French sentence of the others as a pair of its own, and none
    whose English one is in the test part up to case, punctuation and Unicode's form (NFKC).

    Args:
        source: A name from `pair_names()`, or what `elman.data.readers.pairs.read_pairs` takes.
        part: Of a name: 'train' (also for None) or 'test'; of a file None.
        told: `target` and the options of `read_pairs`.

    Raises:
        ArgumentError, DataError, FormatError: As of `read_pairs`, or there is no such part.
        ChecksumError: A file of the set is not the one that its manifest describes.
    """
    if not isinstance(source, str) or source not in _LOADERS:
        _check_source(source)
        if part is not None:
            raise ArgumentError("part", f"found {part!r}", f"None: {source} has no parts")
        return read_pairs(source, **told)
    given = [option for option, value in told.items() if value is not None]
    if given:
        raise ArgumentError(", ".join(given), f"does not apply to {source}", "leave it out")
    if part not in (None, "train", "test"):
        raise ArgumentError("part", f"found {part!r}", "'train' or 'test'")
    return _LOADERS[source](source, part or "train")


def _check_source(source: Any) -> None:
    """`DataError` for the name of another set, and `ArgumentError` for one of none."""
    if not isinstance(source, str) or os.path.exists(source):
        return
    if source in catalogue.names():
        expected = f"one of {', '.join(pair_names())}; see: elman data show {source}"
        raise DataError(f"data set {source!r}", "has no pairs of texts", expected)
    if not os.path.splitext(source)[1] and os.sep not in source:  # no path was meant
        raise catalogue.unknown(source, pair_names())


def _dates(name: str, part: str) -> Pairs:
    count, seed = _DATES[part]
    made = date_pairs(count, seed, part)
    note = f"{name}: {many(count, 'date')} made with the seed {seed}, of days of the {part} part"
    return Pairs(made.source, made.target, name=name, notes=(note,))


def _tatoeba(name: str, part: str) -> Pairs:
    path = "fra.txt"
    lines = catalogue.contents(name, [path])[path].decode("utf-8").removesuffix("\n").split("\n")
    sides = [line.split("\t") for line in lines]
    plain = [(english, _NO_BREAK.sub(" ", french)) for english, french in sides]
    changed = sum(pair[1] != new for (_, new), pair in zip(plain, sides, strict=True))
    notes = (f"{name}: {many(changed, 'French sentence')} had no-break spaces, read as blanks",)
    sources, targets = ([pair[k] for pair in plain] for k in (0, 1))
    whole = Pairs(sources, targets, name=name, notes=notes)
    parts = held_out_pairs(whole, seed=TEST_SEED, count=TEST_SENTENCES)
    return parts.train if part == "train" else _one_spelling(parts.held_out.grouped())


def _one_spelling(pairs: Pairs) -> Pairs:
    """Of sentences that differ in case or punctuation alone the first."""
    keys = [source_key(text) for text in pairs.source]
    first = np.unique(keys, return_index=True)[1]
    note = f"{many(len(keys) - len(first), 'test sentence')} left out that differ from another "
    note += "in case or punctuation alone"
    return replace(pairs.select(np.sort(first)), notes=(*pairs.notes, f"{pairs.name}: {note}"))


_LOADERS: dict[str, Callable[[str, str], Pairs]] = {"dates": _dates, _TATOEBA: _tatoeba}
