"""What a model without memory sees of a text: which short runs of words, or of letters, it holds.

A run is known by 64 bits of a hash, so that no texts travel with a model, and those that are not
known count for nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

__all__ = [
    "LETTERS",
    "LONGEST",
    "MOST",
    "WORD",
    "WORDS",
    "Counts",
    "NGrams",
    "choose_unit",
    "fit_ngrams",
]

WORDS, LETTERS = 0, 1
LONGEST = {WORDS: 2, LETTERS: 3}
"""Of how many words, or letters, the longest runs are."""
MOST = 2**17
"""Most runs that are known: the most frequent ones. 1 MiB."""
WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")
"""A word, or one sign of punctuation."""

_ONCE = 1 / 3  # of all words in a text: if so many stand nowhere else, letters are counted
_TOGETHER = 1 << 20  # characters of texts whose runs are found at once
_START, _END = 0x110000, 0x110001  # no characters: before the first letter, after the last
_MULTIPLIERS = tuple(map(np.uint64, (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)))


class Counts(NamedTuple):
    """How often each known run stands in each of N texts, where it does.

    Attributes:
        rows: int64, the text.
        columns: int64, the run.
        counts: float64, how often.
        texts: N.
    """

    rows: np.ndarray
    columns: np.ndarray
    counts: np.ndarray
    texts: int

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """The sum of the weights of each text's runs, each as often as it stands there.

        Args:
            weights: `[K, G]`, of each run.

        Returns:
            float64 `[N, K]`.
        """
        found = [
            np.bincount(self.rows, self.counts * row[self.columns], minlength=self.texts)
            for row in weights
        ]
        return np.stack(found, axis=1) if found else np.zeros((self.texts, 0))

    def select(self, texts: np.ndarray) -> Counts:
        """The runs of some of the texts `[M]`, sorted, each once."""
        place = np.full(self.texts, -1)
        place[texts] = np.arange(len(texts))
        kept = place[self.rows] >= 0
        return Counts(place[self.rows[kept]], self.columns[kept], self.counts[kept], len(texts))

    def rarity(self, runs: int) -> np.ndarray:
        """How much each of G runs counts in TF-IDF: its inverse document frequency, `[G]`."""
        frequency = np.bincount(self.columns, minlength=runs)
        return np.log((1 + self.texts) / (1 + frequency)) + 1  # as scikit-learn smooths it

    def weighted(self, rarity: np.ndarray) -> Counts:
        """Counts as TF-IDF, 1 + log of how often a run stands there: vectors of length 1."""
        often = 1 + np.log(self.counts)
        return self._replace(counts=often * rarity[self.columns]).scaled()

    def scaled(self) -> Counts:
        """The same, the counts of each text as a vector of length 1."""
        squares = np.bincount(self.rows, self.counts**2, minlength=self.texts)
        lengths = np.sqrt(np.maximum(squares, np.finfo(np.float64).tiny))
        return self._replace(counts=self.counts / lengths[self.rows])


@dataclass(frozen=True, eq=False)
class NGrams:
    """The runs of words, or of letters, that are known.

    Attributes:
        keys: int64 `[G]`, their hashes, sorted.
        unit: `WORDS` or `LETTERS`.
        longest: Of how many of these a run is at most, ≥ 1.
    """

    keys: np.ndarray
    unit: int
    longest: int

    @property
    def described(self) -> str:
        """What is counted, in words."""
        if self.unit == LETTERS:
            return f"runs of 1 to {self.longest} letters"
        return "words and pairs of words" if self.longest == 2 else f"1 to {self.longest} words"

    def counts(self, texts: Sequence[str]) -> Counts:
        """How often each known run stands in each text."""
        width, cells, counts = max(len(self.keys), 1), [], []
        for first, keys, rows in _runs(texts, self.unit, self.longest):
            columns = np.searchsorted(self.keys, keys)
            known = columns < len(self.keys)
            known[known] = self.keys[columns[known]] == keys[known]
            cell, count = np.unique(
                (rows[known] + first) * width + columns[known], return_counts=True
            )
            cells.append(cell)
            counts.append(count)
        cell = np.concatenate(cells) if cells else np.zeros(0, np.int64)
        count = np.concatenate(counts).astype(np.float64) if counts else np.zeros(0)
        return Counts(cell // width, cell % width, count, len(texts))


def fit_ngrams(
    texts: Sequence[str], unit: int, most: int = MOST, longest: int | None = None
) -> NGrams:
    """The runs that stand in the most texts; of those in equally many the lowest hashes.

    Args:
        texts: Which they are.
        unit: `WORDS` or `LETTERS`.
        most: How many runs are known at most.
        longest: Of how many units a run is at most, ≥ 1; None: as `LONGEST` says.
    """
    longest = LONGEST[unit] if longest is None else longest
    keys, counts = np.zeros(0, np.int64), np.zeros(0, np.int64)
    for _, found, rows in _runs(texts, unit, longest):
        order = np.lexsort((rows, found))
        found, rows = found[order], rows[order]
        first = np.ones(len(found), dtype=bool)  # of several in one text one counts
        first[1:] = (found[1:] != found[:-1]) | (rows[1:] != rows[:-1])
        some, count = np.unique(found[first], return_counts=True)
        keys, place = np.unique(np.concatenate([keys, some]), return_inverse=True)
        counts = np.bincount(place, np.concatenate([counts, count]), len(keys)).astype(np.int64)
    order = np.lexsort((keys, -counts))[:most]
    return NGrams(np.sort(keys[order]), unit, longest)


def choose_unit(texts: Iterable[str]) -> int:
    """Whether words or letters tell texts apart.

    Where few words come again, as in names or where no blanks stand between words, what is known
    of them says little of new texts.
    """
    seen: Counter[str] = Counter()
    for text in texts:
        seen.update(_words(text))
    once = sum(count == 1 for count in seen.values())
    return LETTERS if once >= _ONCE * seen.total() else WORDS


def _words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def _runs(
    texts: Sequence[str], unit: int, longest: int
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """All runs of some texts at a time: the first text's number, keys, and texts from there."""
    known: dict[str, int] = {}
    first = 0
    while first < len(texts):
        end, size = first, 0
        while end < len(texts) and (end == first or size + len(texts[end]) <= _TOGETHER):
            size += len(texts[end])
            end += 1
        parts = [_tokens(text, unit, known) for text in texts[first:end]]
        lengths = np.array([len(part) for part in parts])
        tokens = np.concatenate(parts)
        owners = np.repeat(np.arange(len(parts)), lengths)
        keys, rows = _all_runs(tokens, owners, longest)
        yield first, keys, rows
        first = end


def _tokens(text: str, unit: int, known: dict[str, int]) -> np.ndarray:
    """The words of a text, or its letters between two marks, as numbers: uint64 `[T]`."""
    if unit == LETTERS:
        codes = np.frombuffer(text.lower().encode("utf-32-le", "surrogatepass"), np.uint32)
        return np.concatenate([[_START], codes, [_END]]).astype(np.uint64)
    words = _words(text)
    for word in words:
        if word not in known:
            digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            known[word] = int.from_bytes(digest, "little")
    return np.array([known[word] for word in words], dtype=np.uint64)


def _all_runs(
    tokens: np.ndarray, owners: np.ndarray, longest: int
) -> tuple[np.ndarray, np.ndarray]:
    """The hashes of all runs of 1 to `longest` tokens within a text, int64, and their texts."""
    run = _mixed(tokens)
    keys, rows = [run], [owners]
    for length in range(2, longest + 1):
        if len(tokens) < length:
            break
        run = _mixed(run[:-1] * _MULTIPLIERS[0] + tokens[length - 1 :])
        whole = owners[length - 1 :] == owners[: len(owners) - length + 1]
        keys.append(run[whole])
        rows.append(owners[length - 1 :][whole])
    return np.concatenate(keys).view(np.int64), np.concatenate(rows)


def _mixed(values: np.ndarray) -> np.ndarray:
    """Numbers of 64 bits, each of which depends on all bits of one (splitmix64)."""
    values = values + _MULTIPLIERS[0]
    values = (values ^ (values >> np.uint64(30))) * _MULTIPLIERS[1]
    values = (values ^ (values >> np.uint64(27))) * _MULTIPLIERS[2]
    return values ^ (values >> np.uint64(31))
