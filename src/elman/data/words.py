"""Sequences of words: sentences that are cut into words already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from elman.data.sequences import Sequences, padded
from elman.errors import DataError, ShapeError

__all__ = ["Lexicon", "WordSequences", "are_words", "as_words"]


class Lexicon:
    """Different words, each with a number: its place in the order in which they came.

    >>> lexicon = Lexicon()
    >>> lexicon.numbers(["to", "be", "or", "to"]).tolist(), lexicon.words
    ([0, 1, 2, 0], ['to', 'be', 'or'])

    Attributes:
        words: By number.
    """

    def __init__(self) -> None:
        self.words: list[str] = []
        self._numbers: dict[str, int] = {}

    def numbers(self, words: Iterable[str]) -> np.ndarray:
        """The words' numbers, int64; what is new gets one."""
        found = []
        for word in words:
            number = self._numbers.setdefault(word, len(self.words))
            if number == len(self.words):
                self.words.append(word)
            found.append(number)
        return np.array(found, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class WordSequences(Sequences):
    """Sequences of words.

    Attributes:
        values: int64 `[N, T]`: numbers of the lexicon; zero past each sequence's length.
        lexicon: The words, perhaps those of other sequences, too.
    """

    holds: ClassVar[str] = "words"
    instead: ClassVar[str] = "features; a Tagger reads words"

    lexicon: Lexicon = field(kw_only=True)

    def texts(self) -> list[list[str]]:
        """The words of each sequence."""
        return [self.one(n) for n in range(len(self))]

    def one(self, index: int) -> list[str]:
        """The words of a single sequence."""
        row = self.values[index, : self.lengths[index]]
        return [self.lexicon.words[number] for number in row.tolist()]

    def contents(self) -> Iterator[bytes]:
        """What is in each sequence: its words, whatever their numbers are."""
        for words in self.texts():
            encoded = [word.encode("utf-8", "surrogatepass") for word in words]
            yield b"".join(b"%d:%b" % (len(word), word) for word in encoded)

    def in_columns(self, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        """The words of all sequences, in the column `word`."""
        words = np.array(self.lexicon.words, dtype=object)
        real = self.values[self.real]
        return {"word": words[real] if len(real) else np.zeros(0, dtype=object)}


def are_words(X: Any) -> bool:
    """Whether X is a list of lists of words, by the first word that there is."""
    if isinstance(X, WordSequences):
        return True
    if not isinstance(X, list | tuple) and not (isinstance(X, np.ndarray) and X.dtype.kind in "OU"):
        return False
    for row in X:
        if isinstance(row, str):
            return True  # though no list of them, which `as_words` tells
        if hasattr(row, "__len__") and len(row):
            return isinstance(row[0], str) if isinstance(row, list | tuple | np.ndarray) else False
    return False


def as_words(X: Any, lexicon: Lexicon | None = None, where: str = "X") -> WordSequences:
    """Check sequences of words.

    >>> as_words([["to", "be"], ["or"]]).values.tolist()
    [[0, 1], [2, 0]]

    Args:
        X: A list of lists of words (a list may be empty), or `WordSequences`.
        lexicon: What numbers the words; None: a new one.
        where: What messages call X.

    Raises:
        ShapeError: X is empty, or no list of lists; texts that are not cut into words.
        DataError: A word is no text, or an empty one: the message names sequence and step.
    """
    lexicon = lexicon or Lexicon()
    if isinstance(X, WordSequences):
        if X.lexicon is lexicon:
            return X
        place = np.concatenate([lexicon.numbers(X.lexicon.words), np.zeros(1, np.int64)])
        values = np.where(X.real, place[np.minimum(X.values, len(place) - 1)], 0)
        return WordSequences(values, X.lengths, lexicon=lexicon)
    wanted = 'a list of words for each sequence, as [["to", "be"], ["or"]]'
    if isinstance(X, str) or not hasattr(X, "__len__"):
        raise ShapeError(where, f"found {X!r:.60}", wanted)
    if not len(X):
        raise ShapeError(where, "found no sequences", "at least one")
    rows = []
    for n, row in enumerate(X):
        if isinstance(row, str):
            raise ShapeError(f"{where}[{n}]", f"found the text {row!r:.60}", wanted)
        if not isinstance(row, list | tuple | np.ndarray):
            raise ShapeError(f"{where}[{n}]", f"found {row!r:.60}", wanted)
        for t, word in enumerate(row):
            if not isinstance(word, str) or not word:
                raise DataError(f"{where}[{n}][{t}]", f"found {word!r:.60}", "a word")
        rows.append(lexicon.numbers(map(str, row)))
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    plain = padded(np.concatenate(rows), lengths)
    return WordSequences(plain.values, lengths, lexicon=lexicon)
