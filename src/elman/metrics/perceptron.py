"""The averaged perceptron: tags of words from their surroundings, left to right (Collins 2002).

What it looks at at each word are the word itself, its beginning and end, the words around it, and
the two tags that it has just given. It is the honest baseline of a tagger of words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np

from elman.bundle import pack_strings, unpack_strings
from elman.errors import BundleError

__all__ = ["LARGEST", "Perceptron", "fit_perceptron"]

EPOCHS = 8
LARGEST = 1_000_000
"""Weights that are kept at most, the largest ones: 8 MB."""
_START, _END = ("<1>", "<2>"), ("<3>", "<4>")  # what stands before and behind a sequence


@dataclass(frozen=True, eq=False)
class Perceptron:
    """What was learnt, as arrays.

    Attributes:
        features: The F features, packed; see `elman.bundle.pack_strings`.
        ends: `[F + 1]`: the weights of feature k stand at ends[k] to ends[k+1].
        tags: `[E]` int32: of each weight the tag.
        values: `[E]` float32: the weight.
        count: K, how many tags there are.
    """

    features: Mapping[str, np.ndarray]
    ends: np.ndarray
    tags: np.ndarray
    values: np.ndarray
    count: int

    @cached_property
    def _known(self) -> tuple[dict[str, int], np.ndarray]:
        """The rows of the features, and their weights `[F + 1, K]`; the last row is zero."""
        names = unpack_strings(dict(self.features), "features of the perceptron")
        rows = np.repeat(np.arange(len(names)), np.diff(self.ends))
        weights = np.zeros((len(names) + 1, self.count), np.float32)
        weights[rows, self.tags] = self.values
        return {name: row for row, name in enumerate(names)}, weights

    def predict(self, words: Sequence[str]) -> np.ndarray:
        """The tags of a sequence, int64 `[T]`."""
        rows, weights = self._known
        nothing, found = len(rows), np.zeros(len(words), np.int64)
        before, last = -1, -1
        for t, static in enumerate(_static(words)):
            names = (*static, *_dynamic(static, before, last))
            scores = weights[[rows.get(name, nothing) for name in names]].sum(axis=0)
            before, last = last, int(scores.argmax())
            found[t] = last
        return found

    def tensors(self) -> dict[str, np.ndarray]:
        """What `from_tensors` needs."""
        found = {f"features.{name}": array for name, array in self.features.items()}
        found |= {"ends": self.ends, "tags": self.tags, "values": self.values}
        return found | {"count": np.array([self.count])}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> Perceptron:
        """What `tensors` gave; `BundleError` if it is something else."""
        try:
            features = {k: tensors[f"features.{k}"] for k in ("bytes", "offsets")}
            ends, tags, values = (tensors[name] for name in ("ends", "tags", "values"))
            (count,) = tensors["count"].tolist()
        except (KeyError, ValueError, AttributeError) as error:
            raise BundleError("perceptron", f"no {error}", "save the model again") from error
        sound = (
            ends.shape == features["offsets"].shape
            and tags.shape == values.shape == (int(ends[-1]) if len(ends) else -1,)
            and ends[0] == 0
            and (np.diff(ends) >= 0).all()
            and 0 < count <= 2**20
            and (not len(tags) or (tags.min() >= 0 and tags.max() < count))
        )
        if not sound:
            raise BundleError("perceptron", "arrays that do not fit", "save the model again")
        return cls(features, ends, tags, values, int(count))


def fit_perceptron(
    sequences: Sequence[Sequence[str]], tags: Sequence[np.ndarray], count: int, seed: int = 0
) -> Perceptron:
    """Learn from sequences of words and their tags' indices.

    Args:
        sequences: The words.
        tags: Of each sequence `[T_i]`, each in 0…count-1.
        count: K.
        seed: Of the orders in which the sequences are read.
    """
    learner, draws = _Learner(count), np.random.default_rng(seed)
    static = [[*_static(words)] for words in sequences]
    wanted = [row.tolist() for row in tags]
    for _ in range(EPOCHS):
        for n in draws.permutation(len(static)):
            learner.read(static[n], wanted[n])
    return learner.averaged()


class _Learner:
    """Weights that change where a tag was wrong, and what is needed for their mean over time."""

    def __init__(self, count: int) -> None:
        self._rows: dict[str, int] = {}
        self._weights = np.zeros((1024, count), np.float32)
        self._totals = np.zeros((1024, count))  # each change times the moment it was made at
        self._moment = 0

    def read(self, static: Sequence[tuple[str, ...]], wanted: Sequence[int]) -> None:
        """One sequence."""
        before, last, rows = -1, -1, self._rows
        for features, tag in zip(static, wanted, strict=True):
            self._moment += 1
            names = (*features, *_dynamic(features, before, last))
            places = [rows.setdefault(name, len(rows)) for name in names]
            if len(rows) > len(self._weights):
                self._grow()
            said = int(self._weights[places].sum(axis=0).argmax())
            if said != tag:
                self._weights[places, tag] += 1
                self._weights[places, said] -= 1
                self._totals[places, tag] += self._moment
                self._totals[places, said] -= self._moment
            before, last = last, said

    def _grow(self) -> None:
        more = len(self._weights)
        self._weights = np.concatenate([self._weights, np.zeros_like(self._weights[:more])])
        self._totals = np.concatenate([self._totals, np.zeros_like(self._totals[:more])])

    def averaged(self) -> Perceptron:
        """The mean of the weights over all moments; of very many the largest."""
        count, used = self._weights.shape[1], len(self._rows)
        mean = self._weights[:used] - self._totals[:used] / max(1, self._moment)
        size = np.abs(mean)
        if np.count_nonzero(size) > LARGEST:
            mean[size < np.partition(size, -LARGEST, axis=None)[-LARGEST]] = 0
        kept = np.flatnonzero(mean.any(axis=1))
        names = [*self._rows]
        rows, tags = np.nonzero(mean[kept])
        ends = np.searchsorted(rows, np.arange(len(kept) + 1)).astype(np.int64)
        values = mean[kept][rows, tags].astype(np.float32)
        features = pack_strings([names[k] for k in kept])
        return Perceptron(features, ends, tags.astype(np.int32), values, count)


def _normal(word: str) -> str:
    """A word as the others see it: numbers and what is joined by hyphens are each alike."""
    if "-" in word[1:]:
        return "<hyphen>"
    if word[:1].isdigit():
        return "<year>" if word.isdigit() and len(word) == 4 else "<digits>"
    return word.lower()


def _shape(word: str) -> str:
    """How a word is written: capitals, small letters, digits and signs, each run once."""
    kinds = (
        "X" if c.isupper() else "x" if c.isalpha() else "9" if c.isdigit() else c for c in word
    )
    return "".join(kind for kind, _ in groupby(kinds))


def _static(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """What does not depend on tags, at each word; the word itself comes first."""
    around = [*_START, *map(_normal, words), *_END]
    for t, word in enumerate(words, start=2):
        yield (
            f"w {around[t]}",
            "bias",
            f"as {word}",
            f"shape {_shape(word)}",
            *(f"end {word[-n:].lower()}" for n in (1, 2, 3, 4)),
            *(f"begin {word[:n].lower()}" for n in (1, 2, 3)),
            f"-1 {around[t - 1]}",
            f"-1 end {around[t - 1][-3:]}",
            f"-2 {around[t - 2]}",
            f"+1 {around[t + 1]}",
            f"+1 end {around[t + 1][-3:]}",
            f"+2 {around[t + 2]}",
        )


def _dynamic(static: tuple[str, ...], before: int, last: int) -> tuple[str, ...]:
    """What depends on the two tags before."""
    return f"t1 {last}", f"t2 {before}", f"t {last} {before}", f"t1 {last} {static[0]}"
