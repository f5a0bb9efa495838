"""The words of a model and their vectors: which are near each other, and how people judge that."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from elman.data.tables.unpacking import reading
from elman.errors import ArgumentError, DataError, FormatError
from elman.files import open_regular, replace_file
from elman.printable import closest
from elman.runtime.loading import load
from elman.transforms.text.codec import SPECIALS
from elman.transforms.text.vocabulary import escaped

__all__ = ["Agreement", "Embeddings", "embeddings"]

_MOST = 2**24  # bytes of a file of judged pairs


class Agreement(NamedTuple):
    """How far vectors are from what people say of pairs of words.

    Attributes:
        spearman: The correlation of ranks, in [-1, 1]; None of fewer than two different pairs.
        covered: Pairs both of whose words have a vector.
        pairs: How many there are.
    """

    spearman: float | None
    covered: int
    pairs: int


class Embeddings(NamedTuple):
    """Words and their vectors.

    Attributes:
        words: V of them, by id.
        vectors: float32 `[V, E]`.
    """

    words: tuple[str, ...]
    vectors: Float[np.ndarray, "V E"]

    def vector(self, word: str) -> np.ndarray:
        """The vector of a word `[E]`.

        Raises:
            DataError: The model has no such word: the message names close ones.
        """
        return self.vectors[self._place(word)]

    def nearest(self, word: str | np.ndarray, count: int = 10) -> list[tuple[str, float]]:
        """The words whose vectors have the smallest angle to a word's, or to a vector `[E]`.

        Returns:
            Words and cosines, the nearest first; the word itself is left out, and so is what is
            none (`<unk>`, `<go>`, `<eos>`).
        """
        if not isinstance(word, str):
            return self._nearest(np.asarray(word), (), count)
        return self._nearest(self.vector(word), (word,), count)

    def analogy(self, one: str, other: str, third: str, count: int = 10) -> list[tuple[str, float]]:
        """What is to `third` as `other` is to `one`: near the sum of unit vectors -1, +1, +1."""
        unit = self._units()
        places = [self._place(word) for word in (one, other, third)]
        wanted = unit[places[1]] - unit[places[0]] + unit[places[2]]
        return self._nearest(wanted, (one, other, third), count)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write them as text in the form of word2vec, which `vectors=` and other tools read.

        Of words with spaces, line ends or what cannot be seen these are escapes, as in a file of a
        vocabulary: so every file can be read again, and gives the same numbers.

        Raises:
            BundleError: It could not be written.
        """
        rows = zip(self.words, self.vectors.astype(str).tolist(), strict=True)
        lines = [f"{escaped(word)} {' '.join(numbers)}" for word, numbers in rows]
        head = " ".join(map(str, self.vectors.shape))
        replace_file(Path(path), "\n".join([head, *lines, ""]).encode())

    def agreement(self, path: str | os.PathLike[str]) -> Agreement:
        """How their cosines rank pairs of words, beside what people say.

        Args:
            path: A file of a pair a line: two words, and the first number behind them is the score;
                between tabs, commas, semicolons or spaces, as the first line has them. Names of
                columns may stand above; lines that begin with # are left out.

        Raises:
            FormatError: A line is another one: the message names it.
            DataError: The file cannot be read.
        """
        pairs = _judged(path)
        places = {word: k for k, word in reversed([*enumerate(self.words)])}
        found = [(places[a], places[b], score) for a, b, score in pairs
                 if a in places and b in places]  # fmt: skip
        if not found:
            return Agreement(None, 0, len(pairs))
        unit = self._units()
        first, second = np.array([one[:2] for one in found]).T
        cosines = (unit[first] * unit[second]).sum(axis=1)
        told = np.array([score for *_, score in found])
        return Agreement(_spearman(cosines, told), len(found), len(pairs))

    def _place(self, word: str) -> int:
        if word not in self.words:
            near = closest(word, self.words[: 2**16])
            raise DataError(f"word {word!r}", "the model has no vector of it", near)
        return self.words.index(word)

    def _units(self) -> np.ndarray:
        lengths = np.linalg.norm(self.vectors, axis=1, keepdims=True)
        return self.vectors / np.where(lengths > 0, lengths, 1)

    def _nearest(
        self, vector: np.ndarray, without: Sequence[str], count: int
    ) -> list[tuple[str, float]]:
        if vector.shape != self.vectors.shape[1:]:
            found = f"shape {vector.shape}"
            raise ArgumentError("vector", found, f"[{self.vectors.shape[1]}], as the words have")
        cosines = self._units() @ (vector / (np.linalg.norm(vector) or 1.0))
        signs = {k for k, word in enumerate(self.words[: len(SPECIALS)]) if word in SPECIALS}
        order = (k for k in np.argsort(-cosines, kind="stable").tolist()
                 if k not in signs and self.words[k] not in without)  # fmt: skip
        return [(self.words[k], float(cosines[k])) for k, _ in zip(order, range(count))]  # noqa: B905


def embeddings(model: Any) -> Embeddings:
    """The words that a model knows, and their vectors.

    Args:
        model: A classifier of texts or a tagger of words, fitted or loaded; or its file's path.

    Raises:
        ArgumentError: The model reads no words.
        NotFittedError: It is not fitted.
        BundleError: The file holds no model.
    """
    if isinstance(model, str | os.PathLike):
        model = load(model)
    model = model._fitted("embeddings") if hasattr(model, "_fitted") else model
    tokens = getattr(model, "tokens", None)
    if tokens is None:
        found = f"a {getattr(model, 'task', type(model).__name__)} that reads no words"
        raise ArgumentError("model", found, "a classifier of texts, or a tagger of words")
    first = next(iter(model.blueprint.chains))
    return Embeddings(tuple(tokens), model.bundle.weights[f"{first}.0.weight"])


def _judged(path: str | os.PathLike[str]) -> list[tuple[str, str, float]]:
    where, pairs = str(path), []
    expected = "two words and a score, between tabs, commas, semicolons or spaces"
    with reading(where), open_regular(Path(path)) as file:
        content = file.read(_MOST + 1)
    if len(content) > _MOST:
        raise FormatError(where, f"has more than {_MOST:,} bytes", "pairs of words with a score")
    rows = _fields(where, content)
    column = _score_column(rows)
    for number, fields in rows:
        score = _number(fields, column)
        if score is None:
            found = f"found {' '.join(fields)[:60]!r}"
            raise FormatError(f"{where}, line {number}", found, expected)
        pairs.append((fields[0], fields[1], score))
    return pairs


def _fields(where: str, content: bytes) -> list[tuple[int, list[str]]]:
    """The lines that hold something, each with its number, and without that of the names."""
    try:
        lines = content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        found = f"byte {content[error.start]:#04x} is no UTF-8"
        raise FormatError(f"{where}, line {number}", found, "text in UTF-8") from error
    kept = [(k, one.rstrip("\r")) for k, one in enumerate(lines, 1) if one.strip()]
    kept = [(k, one) for k, one in kept if not one.startswith("#")]
    between = next((sign for sign in "\t,;" if kept and sign in kept[0][1]), None)
    rows = [(k, [part.strip(' "') for part in one.split(between)]) for k, one in kept]
    named = len(rows) > 1 and len(rows[0][1]) == len(rows[1][1])
    if named and _score_column(rows[:1]) is None and _score_column(rows[1:]) is not None:
        return rows[1:]
    return rows


def _score_column(rows: list[tuple[int, list[str]]]) -> int | None:
    """The first column behind the two words that has a number in the first row."""
    fields = rows[0][1] if rows else []
    return next((k for k in range(2, len(fields)) if _number(fields, k) is not None), None)


def _number(fields: list[str], column: int | None) -> float | None:
    """A field as a number; None if it is none, or is not there."""
    try:
        value = float(fields[column]) if column is not None else math.nan
    except (ValueError, IndexError):
        return None
    return value if math.isfinite(value) else None


def _spearman(one: np.ndarray, other: np.ndarray) -> float | None:
    """The correlation of ranks, equal values sharing their mean rank."""
    ranks = []
    for values in (one, other):
        _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
        ranks.append((np.cumsum(counts) - (counts - 1) / 2)[place])
    apart = [rank - rank.mean() for rank in ranks]
    spread = np.sqrt((apart[0] ** 2).sum() * (apart[1] ** 2).sum())
    return float((apart[0] * apart[1]).sum() / spread) if spread else None
