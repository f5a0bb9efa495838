"""Pairs of texts, a source and what is to be written for it, as plain data."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from elman.errors import ArgumentError, DataError, ShapeError
from elman.parameters import whole_number
from elman.printable import many

__all__ = ["PairParts", "Pairs", "as_pairs", "held_out_pairs", "source_key"]


def _numbered(row: int) -> str:
    return f"pair {row + 1}"


@dataclass(frozen=True, eq=False)
class Pairs:
    """Texts, and for each what is to be written: one text, or several that are right.

    >>> pairs = Pairs(["hi", "run", "hi"], ["salut", "cours", "bonjour"])
    >>> pairs.grouped().references
    (('salut', 'bonjour'), ('cours',))

    Attributes:
        source: N texts, as they stand in the file.
        target: What each is answered with: N texts, the first of its references.
        references: For each one or more texts that are right, the first of them its target.
        name: Where they come from: the name of a set or a path.
        notes: What was inferred or left out when they were read, in sentences.
        place: What messages call a row of the source: "train.tsv, line 17".
        rows: int64 `[N]`, the row of the source that each pair is.
        empty: How many rows were left out, as their source is empty; as their target is.

    Raises:
        ShapeError: There are not as many of one as of the other.
    """

    source: Sequence[str]
    target: Sequence[str]
    references: Any = None
    name: str = "pairs"
    notes: tuple[str, ...] = ()
    place: Callable[[int], str] = field(default=_numbered, repr=False)
    rows: Any = field(default=None, repr=False)
    empty: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        given = [(one,) for one in self.target] if self.references is None else self.references
        kept: dict[str, Any] = {
            "source": tuple(self.source),
            "target": tuple(self.target),
            "references": tuple(map(tuple, given)),
            "rows": np.arange(len(self.source)) if self.rows is None else self.rows,
        }
        for name, value in kept.items():
            if len(value) != len(kept["source"]):
                found = f"{len(value):,} of them for {len(kept['source']):,} sources"
                raise ShapeError(name, found, "as many of both")
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.source)

    def where(self, row: int) -> str:
        """What a message calls a pair."""
        return self.place(int(self.rows[row]))

    def select(self, rows: Any) -> Pairs:
        """The pairs at `rows` (indices, a slice or a mask `[N]`)."""
        chosen = np.arange(len(self))[rows]
        return replace(
            self,
            source=tuple(self.source[k] for k in chosen),
            target=tuple(self.target[k] for k in chosen),
            references=tuple(self.references[k] for k in chosen),
            rows=self.rows[chosen],
        )

    def flat(self) -> Pairs:
        """Every reference as a pair of its own: what is learnt from."""
        counts = [len(one) for one in self.references]
        found = self.select(np.repeat(np.arange(len(self)), counts))
        target = tuple(text for one in self.references for text in one)
        return replace(found, target=target, references=None)

    def grouped(self) -> Pairs:
        """Rows of the same source as one, with all that is right for it: what is judged by.

        A source stands where it stood first, its references in the order of the file, each once.
        """
        first: dict[str, int] = {}
        right: dict[str, dict[str, None]] = {}
        for row, text in enumerate(self.source):
            first.setdefault(text, row)
            right.setdefault(text, {}).update(dict.fromkeys(self.references[row]))
        found = self.select(np.array([*first.values()], dtype=np.int64))
        return replace(found, references=tuple(tuple(right[text]) for text in first))

    def describe(self) -> str:
        """How many there are, and how long.

        >>> Pairs(["hi", "run"], ["salut", "cours"]).describe()
        '2 pairs; sources of 2 to 3 characters, targets of 5'
        """
        several = sum(map(len, self.references)) - len(self)
        told = many(len(self), "pair")
        if several:
            told = f"{many(len(self), 'source')} with {len(self) + several:,} references"
        flat = self.flat()
        sides = (sorted({*map(len, side)}) for side in (flat.source, flat.target))
        spans = [f"{s[0]:,} to {s[-1]:,}" if len(s) > 1 else f"{s[0]:,}" for s in sides]
        return f"{told}; sources of {spans[0]} characters, targets of {spans[1]}"

    def to_columns(self) -> dict[str, list[str]]:
        """The same for writing out, each reference a row: columns `source` and `target`."""
        flat = self.flat()
        return {"source": [*flat.source], "target": [*flat.target]}


def as_pairs(source: Any, target: Any = None, where: str = "X") -> Pairs:
    """Check pairs that a program gives.

    >>> as_pairs(["hi", "run"], ["salut", ["cours", "courez"]]).references
    (('salut',), ('cours', 'courez'))

    Args:
        source: N texts, or `Pairs`.
        target: N texts, or for each a list of texts that are right; None: `source` is `Pairs`.
        where: What messages call the sources.

    Raises:
        ShapeError: There are none, or not as many of both.
        DataError: One of them is no text: the message names its place.
    """
    if isinstance(source, Pairs):
        if target is not None:
            raise ArgumentError("y", f"given beside the pairs {source.name}", "None")
        return source
    for name, texts in ((where, source), ("y", target)):
        if isinstance(texts, str) or not hasattr(texts, "__len__"):
            raise ShapeError(name, f"found {texts!r:.60}", "a list of texts")
    if len(source) != len(target):
        raise ShapeError("y", f"{len(target):,} of them for {len(source):,} sources", "as many")
    if not len(source):
        raise ShapeError(where, "found no pairs", "at least one")
    several = [[one] if isinstance(one, str) else one for one in target]
    for row, (text, right) in enumerate(zip(source, several, strict=True)):
        _check_text(f"{where}[{row}]", text)
        if not isinstance(right, list | tuple) or not right:
            raise DataError(f"y[{row}]", f"found {right!r:.60}", "a text, or a list of texts")
        for one in right:
            _check_text(f"y[{row}]", one)
    return Pairs([*map(str, source)], [str(right[0]) for right in several], several)


def _check_text(where: str, text: Any) -> None:
    if not isinstance(text, str):
        raise DataError(where, f"found {text!r:.60}", "a text")


def source_key(text: str) -> str:
    """What sources are told apart by where they are parted: without form, case and punctuation.

    Unicode's form NFKC, small letters, no punctuation, one space between words. So "Run!" and
    "run" are the same, and no part that is judged on has a source that was learnt.

    >>> source_key("Don't  run!"), source_key("DON’T RUN")
    ('dont run', 'dont run')
    """
    formed = unicodedata.normalize("NFKC", text).lower()
    letters = (sign for sign in formed if not unicodedata.category(sign).startswith("P"))
    return " ".join("".join(letters).split())


class PairParts(NamedTuple):
    """Pairs to learn from, those that were set aside, and how, in words."""

    train: Pairs
    held_out: Pairs
    how: str


def held_out_pairs(
    pairs: Pairs, share: float | None = None, seed: int = 0, *, count: int | None = None
) -> PairParts:
    """Some sources set aside, drawn at random, with all their pairs.

    Sources of the same `source_key` go into the same part.

    >>> parts = held_out_pairs(Pairs(["Hi.", "hi", "Run!"], ["a", "b", "c"]), count=1, seed=1)
    >>> len(parts.train) + len(parts.held_out), parts.how
    (3, '1 source (seed 1)')

    Args:
        pairs: N of them.
        share: Of the sources that differ, in (0, 1).
        seed: Of the drawing.
        count: In place of the share: how many sources.

    Raises:
        ArgumentError: Neither or both are given, or one part would be empty.
    """
    if (share is None) == (count is None):
        raise ArgumentError("share", f"found {share}, and count={count}", "one of the two")
    keys = [source_key(text) for text in pairs.source]
    known = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    size = whole_number("count", count, 1) if share is None else round(len(known) * share)
    if not 0 < size < len(known):
        found = f"{size:,} of {many(len(known), 'source')} leaves one part empty"
        raise ArgumentError("share" if count is None else "count", found, "more pairs, or another")
    drawn = np.zeros(len(known), bool)
    drawn[np.random.default_rng(seed).permutation(len(known))[:size]] = True
    held = drawn[[known[key] for key in keys]]
    told = f"{many(size, 'source')}" if share is None else f"{share:g} of the sources, at random"
    return PairParts(pairs.select(~held), pairs.select(held), f"{told} (seed {seed})")
