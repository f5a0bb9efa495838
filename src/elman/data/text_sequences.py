"""Texts as sequences: of token ids, once a codec has cut them into tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from elman.data.sequences import Sequences, padded
from elman.errors import DataError, ShapeError

__all__ = ["TextSequences", "are_texts", "as_texts"]


@dataclass(frozen=True, eq=False)
class TextSequences(Sequences):
    """Texts, and the ids of their tokens.

    Attributes:
        values: int64 `[N, T]`: ids by a codec; `[N, 0]` before there is one.
        texts: The texts as they were given: objects `[N]`.
    """

    holds: ClassVar[str] = "texts"
    instead: ClassVar[str] = "features; a Classifier reads texts, a Tagger words"

    texts: np.ndarray = field(kw_only=True)

    def select(self, rows: Any) -> TextSequences:
        """The texts at `rows` (indices, a slice or a mask `[N]`)."""
        return replace(
            self, values=self.values[rows], lengths=self.lengths[rows], texts=self.texts[rows]
        )

    @property
    def unit(self) -> str:
        """What `sizes` counts: the same before and after there is a codec."""
        return "character"

    @property
    def sizes(self) -> np.ndarray:
        """How many characters each text has: int64 `[N]`."""
        return np.array([len(text) for text in self.texts], dtype=np.int64)

    def one(self, index: int) -> str:
        """A single text, as a model takes it."""
        return self.texts[index]

    def contents(self) -> Iterator[bytes]:
        """What is in each sequence: its text, whatever its ids are."""
        return (text.encode("utf-8", "surrogatepass") for text in self.texts)

    def in_rows(self) -> dict[str, np.ndarray]:
        """The texts, in the column `text`."""
        return {"text": self.texts}

    def encoded(self, encode: Callable[[str], np.ndarray]) -> TextSequences:
        """The same texts with their ids.

        Args:
            encode: From a text to ids int64 `[T]`: a codec's.
        """
        rows = [encode(text) for text in self.texts]
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        plain = padded(np.concatenate(rows), lengths)
        return replace(self, values=plain.values, lengths=lengths)


def are_texts(X: Any) -> bool:
    """Whether X is a list of texts (an array, a column of a frame), by the first that is there."""
    if isinstance(X, TextSequences):
        return True
    if not isinstance(X, list | tuple):
        kind = getattr(getattr(X, "dtype", None), "kind", "O")  # arrays of numbers are none
        column = hasattr(X, "__array__") and not hasattr(X, "columns") and not hasattr(X, "detach")
        if not column or kind not in "OUT":
            return False
        X = np.asarray(X)
        if X.ndim != 1:
            return False
    return isinstance(next((row for row in X if row is not None), None), str)


def as_texts(X: Any, where: str = "X") -> TextSequences:
    """Check texts.

    >>> as_texts(["to be", "or not"]).one(1)
    'or not'

    Args:
        X: A list of texts, an array or a column of them, or `TextSequences`.
        where: What messages call X.

    Raises:
        ShapeError: X is empty, or a single text.
        DataError: One is no text: the message names its place.
    """
    if isinstance(X, TextSequences):
        return X
    wanted = 'a list of texts, as ["to be", "or not"]'
    if isinstance(X, str) or not hasattr(X, "__len__"):
        raise ShapeError(where, f"found {X!r:.60}", wanted)
    rows = X if isinstance(X, list | tuple) else np.asarray(X, dtype=object)
    if np.ndim(rows) == 0:  # bytes, a set, a mapping
        raise ShapeError(where, f"found {X!r:.60}", wanted)
    if not len(rows):
        raise ShapeError(where, "found no texts", "at least one")
    texts = np.empty(len(rows), dtype=object)
    for n, row in enumerate(rows):
        if not isinstance(row, str):
            raise DataError(f"{where}[{n}]", f"found {row!r:.60}", "a text")
        texts[n] = str(row)
    nothing = np.zeros(len(texts), dtype=np.int64)
    return TextSequences(np.zeros((len(texts), 0), dtype=np.int64), nothing, texts=texts)
