"""Sources as a network reads them, and those in which there is nothing to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from elman.errors import DataError
from elman.parameters import one_of
from elman.printable import many
from elman.transforms.text import TextCodec

__all__ = ["LONG", "Source", "padded_ids", "read_sources"]

LONG = ("cut", "refuse")
"""What becomes of a source that is longer than the bound."""


class Source(NamedTuple):
    """A source as it is read.

    Attributes:
        text: As it was given.
        ids: int64 `[S]`, of its tokens; none where nothing is read.
        pieces: S tokens as they stand in the text.
        handed: Why it is not read: "empty", or "unknown" (no token of it is known); "" if it is.
        notes: What was cut, in sentences.
        places: int64 `[S, 2]`, of each token in the text, as `TextCodec.places` has them.
    """

    text: str
    ids: Int[np.ndarray, "S"]
    pieces: tuple[str, ...]
    handed: str = ""
    notes: tuple[str, ...] = ()
    places: Any = None


def read_sources(
    texts: Sequence[str], codec: TextCodec, bound: int, long: str = "cut", where: str = "texts"
) -> list[Source]:
    """Texts as their tokens, one source for each.

    An empty one, or one of blanks, is read as nothing. One of which no token is known to the codec
    is not read either: what a network says to unknown tokens alone tells nothing of the source.

    Args:
        texts: N of them.
        codec: Of the sources.
        bound: Most tokens.
        long: One of `LONG`.
        where: What messages call them.

    Raises:
        ArgumentError: `long` is none of these.
        DataError: A source is longer than the bound, and to be refused.
    """
    one_of(*LONG).check("long", long)
    found = []
    for n, text in enumerate(texts):
        if not text.strip():
            found.append(Source(text, np.zeros(0, np.int64), (), "empty"))
            continue
        ids, pieces, notes = codec.encode(text), codec.pieces(text), ()
        if len(ids) > bound:
            size = f"{len(ids):,} tokens, and the model reads at most {bound:,}"
            if long == "refuse":
                raise DataError(f"{where}[{n}]", size, "shorter texts, or long='cut'")
            ids, pieces = ids[:bound], pieces[:bound]
            notes = (f"cut after {bound:,} tokens: it has {size}",)
        strange = codec.unknown is not None and bool((ids == codec.unknown).all())
        if strange or not len(ids):
            said = f"handed on as it is: none of {many(len(ids), 'token')} is known to the model"
            found.append(Source(text, ids[:0], (), "unknown", (*notes, said)))
            continue
        places = codec.places(text)[: len(ids)]
        found.append(Source(text, ids, tuple(pieces), "", notes, places))
    return found


def padded_ids(
    rows: Sequence[Int[np.ndarray, "T"]],
) -> tuple[Int[np.ndarray, "N M"], Int[np.ndarray, "N"]]:
    """Rows of ids side by side, zero past each length; and the lengths."""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    found = np.zeros((len(rows), max(1, int(lengths.max(initial=0)))), dtype=np.int64)
    for row, ids in zip(found, rows, strict=True):
        row[: len(ids)] = ids
    return found, lengths
