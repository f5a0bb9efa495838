"""How likely each next token of a text is by counted runs of tokens: n-grams, interpolated.

A run's chance mixes what followed its context with what is said without the context's first token,
down to single tokens and to all tokens alike (Witten and Bell 1991; in Chen and Goodman 1999,
"An empirical study of smoothing techniques for language modeling", section 2.6):

    p(w | h) = (c(h w) + T(h) p(w | h')) / (c(h) + T(h))

c counts the runs of the training part, T(h) is how many different tokens followed h, and h' is h
without its first token. All is counted by sorting: no table of Python objects is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from elman.errors import ArgumentError, BundleError, ShapeError
from elman.metrics.linear_answers import array_of

__all__ = ["LONGEST", "MOST_RUNS", "NGramModel", "Stream", "fit_ngram_model"]

LONGEST = 6
"""Tokens of the longest runs that are counted."""
MOST_RUNS = 2**22
"""Most runs of two tokens or more that a model keeps: of the longest, the rarest go first."""
_WIDEST = 4  # bytes of a number in a model file


class Stream(NamedTuple):
    """Documents end to end.

    Attributes:
        ids: int64 `[M]`.
        age: int64 `[M]`, how many tokens of the same document stand before each.
        counted: bool `[M]`: false for what only begins a document.
    """

    ids: np.ndarray
    age: np.ndarray
    counted: np.ndarray

    @classmethod
    def of(
        cls, documents: Sequence[Any], vocabulary: int, begin: int | None, end: int | None
    ) -> Stream:
        """Documents whose contexts begin anew; arguments and errors as of `fit_ngram_model`."""
        rows = [_checked(row, vocabulary, f"documents[{n}]") for n, row in enumerate(documents)]
        ids = np.concatenate([np.zeros(0, np.int64), *rows])
        starts = np.cumsum([0, *map(len, rows)])[:-1]
        if end is not None:
            starts = np.concatenate([starts, np.flatnonzero(ids == end) + 1])
        starts = np.unique(starts[starts < len(ids)]).astype(np.int64)
        counted = np.ones(len(ids), dtype=bool)
        if begin is not None:
            ids, counted = np.insert(ids, starts, begin), np.insert(counted, starts, False)
            starts = starts + np.arange(len(starts))
        lengths = np.diff(np.append(starts, len(ids)))
        return cls(ids, np.arange(len(ids)) - np.repeat(starts, lengths), counted)


@dataclass(frozen=True, eq=False)
class Level:
    """The runs of n tokens, n from 2: of each context of n - 1 tokens what followed it.

    Contexts are numbered: of one token by its id, longer ones by their place one level below.

    Attributes:
        keys: int64 `[G]`, context · V + token, sorted.
        counts: int64 `[G]`, how often each was seen, above 0.
        spread: int64 `[C]`, c(h) + T(h) of each context; 0 where no run is kept.
    """

    keys: np.ndarray
    counts: np.ndarray
    spread: np.ndarray
    vocabulary: int

    @cached_property
    def rest(self) -> np.ndarray:
        """int64 `[C]`: what of `spread` is for shorter contexts: T(h), and what was left out."""
        owners = self.keys // self.vocabulary
        kept = np.bincount(owners, self.counts, minlength=len(self.spread))
        return self.spread - kept.astype(np.int64)

    def find(self, contexts: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        """The place of each run `[M]`, -1 where it is not known, or its context is -1."""
        keys = contexts * self.vocabulary + tokens
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        if not len(self.keys):
            return np.full(len(keys), -1)
        return np.where((self.keys[places] == keys) & (contexts >= 0), places, -1)

    def mixed(self, contexts: np.ndarray, places: np.ndarray, below: np.ndarray) -> np.ndarray:
        """The chances `[M]` of runs, by those that shorter contexts give."""
        spread, rest = _at(self.spread, contexts), _at(self.rest, contexts)
        counts = _at(self.counts, places)
        return np.where(spread > 0, (counts + rest * below) / np.maximum(spread, 1), below)


@dataclass(frozen=True, eq=False)
class NGramModel:
    """Chances of tokens after up to n - 1 others.

    Attributes:
        counts: int64 `[V]`, how often each token was seen.
        levels: The runs of 2 to n tokens.
        begin: The id that stands before a document's first token; None: nothing does.
        end: The id after which a context begins anew; None: none.
        left_out: How many runs were too rare to keep.
    """

    counts: np.ndarray
    levels: tuple[Level, ...]
    begin: int | None = None
    end: int | None = None
    left_out: int = 0

    @property
    def order(self) -> int:
        """Tokens of the longest runs, n."""
        return len(self.levels) + 1

    @property
    def vocabulary(self) -> int:
        """V."""
        return len(self.counts)

    @cached_property
    def single(self) -> np.ndarray:
        """float64 `[V]`, the chance of each token after nothing."""
        kinds = np.count_nonzero(self.counts)
        return (self.counts + kinds / self.vocabulary) / (self.counts.sum() + kinds)

    def log_probabilities(self, ids: Int[np.ndarray, "T"]) -> Float[np.ndarray, "T"]:
        """The log of each token's chance after those before it, in nats; of one document or more.

        Raises:
            ShapeError, ArgumentError: They are no ids of the vocabulary.
        """
        stream = Stream.of([ids], self.vocabulary, self.begin, self.end)
        *_, chances = self.by_order(stream)
        return np.log(chances)

    def probabilities(self, context: Int[np.ndarray, "T"]) -> Float[np.ndarray, "V"]:
        """The chance of each token next in a document that has these so far; they sum to one."""
        so_far = np.append(_checked(context, self.vocabulary, "context"), 0)  # 0: any may stand
        stream = Stream.of([so_far], self.vocabulary, self.begin, self.end)
        chances, tokens = self.single, np.arange(self.vocabulary)
        for level, (contexts, _) in zip(self.levels, self._walk(stream), strict=True):
            last = np.full(self.vocabulary, contexts[-1])
            chances = level.mixed(last, level.find(last, tokens), chances)
        return chances

    def by_order(self, stream: Stream) -> Iterator[np.ndarray]:
        """The chance of each counted token by runs of 1, 2, … n tokens, float64."""
        chances = self.single[stream.ids]
        yield chances[stream.counted]
        for level, (contexts, places) in zip(self.levels, self._walk(stream), strict=True):
            chances = level.mixed(contexts, places, chances)
            yield chances[stream.counted]

    def _walk(self, stream: Stream) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Of each token its context, and the place of the run of both, level by level."""
        contexts = _after(stream.ids, stream, 1)
        for length, level in enumerate(self.levels, 2):
            places = level.find(contexts, stream.ids)
            yield contexts, places
            contexts = _after(places, stream, length)

    def cut(self, order: int) -> NGramModel:
        """The same without the runs of more than so many tokens."""
        levels = self.levels[: order - 1]
        return NGramModel(self.counts, levels, self.begin, self.end, self.left_out)

    def pruned(self, most: int = MOST_RUNS) -> NGramModel:
        """The same with at most so many runs: of the longest the rarest are left out first.

        What a run that is left out took of its context's chance goes to the shorter contexts: all
        chances of a context still sum to one.
        """
        least = [1] * len(self.levels)
        sizes = [len(level.keys) for level in self.levels]
        total = sum(sizes)
        while sum(sizes) > most:
            level = min(range(len(least)), key=lambda k: (least[k], -k))
            least[level] += 1
            sizes[level] = int((self.levels[level].counts >= least[level]).sum())
        if sum(sizes) == total:
            return self
        levels, kept = [], None
        for level, count in zip(self.levels, least, strict=True):
            level, kept = _selected(level, level.counts >= count, kept)
            levels.append(level)
        left_out = self.left_out + total - sum(sizes)
        return NGramModel(self.counts, tuple(levels), self.begin, self.end, left_out)

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `from_tensors` needs, as arrays for a model file: at most some 60 MiB."""
        marks = [-1 if mark is None else mark for mark in (self.begin, self.end)]
        facts = np.array([self.order, *marks, self.left_out], dtype=np.int64)
        found = {"seen": _packed(self.counts), "ngram_facts": facts}
        for length, level in enumerate(self.levels, 2):
            owners = level.keys // self.vocabulary
            followed = np.bincount(owners, minlength=len(level.spread))
            found[f"tokens.{length}"] = _packed(level.keys % self.vocabulary)
            found[f"counts.{length}"] = _packed(level.counts)
            found[f"followed.{length}"] = _packed(followed)
            found[f"spread.{length}"] = _packed(level.spread[followed > 0])
        return found

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> NGramModel:
        """The model that `tensors` described; `BundleError` if something is missing or wrong."""
        counts, facts = _unpacked(tensors, "seen"), array_of(tensors, "ngram_facts")
        if facts.shape != (4,) or facts.dtype != np.int64 or not counts.any():
            raise _unfit()
        order, begin, end, left_out = facts.tolist()
        marks = [None if mark == -1 else mark for mark in (begin, end)]
        known = all(mark is None or 0 <= mark < len(counts) for mark in marks)
        if not known or not 1 <= order <= LONGEST or left_out < 0:
            raise _unfit()
        levels, contexts = [], len(counts)
        for length in range(2, order + 1):
            levels.append(_level(tensors, length, len(counts), contexts))
            contexts = len(levels[-1].keys)
        return cls(counts, tuple(levels), marks[0], marks[1], left_out)


def fit_ngram_model(
    documents: Sequence[Any],
    vocabulary: int,
    order: int,
    begin: int | None = None,
    end: int | None = None,
) -> NGramModel:
    """Count the runs of tokens in documents.

    Args:
        documents: Token ids, an array of integers `[T]` each; some of them hold one.
        vocabulary: V, how many ids there are.
        order: Tokens of the longest runs, 1…6.
        begin: Id that stands before a document's first token, as a context only; None: nothing.
        end: Id that ends a document wherever it stands: what follows it has a context of its own.

    Raises:
        ShapeError: A document is no such array, or there is no token.
        ArgumentError: An id is outside 0…V-1, or the order outside of its range.
    """
    if isinstance(order, bool) or not isinstance(order, int) or not 1 <= order <= LONGEST:
        raise ArgumentError("order", f"found {order!r}", f"give 1 to {LONGEST}")
    for name, mark in (("begin", begin), ("end", end)):
        if mark is not None and not 0 <= mark < vocabulary:
            raise ArgumentError(name, f"found {mark}", f"give an id from 0 to {vocabulary - 1}")
    stream = Stream.of(documents, vocabulary, begin, end)
    if not len(stream.ids):
        raise ShapeError("documents", f"{len(documents)} without a token", "give at least one")
    counts = np.bincount(stream.ids[stream.counted], minlength=vocabulary)
    levels, contexts, known = [], _after(stream.ids, stream, 1), vocabulary
    for length in range(2, order + 1):
        there = np.flatnonzero(contexts >= 0)
        keys, place, often = np.unique(
            contexts[there] * vocabulary + stream.ids[there],
            return_inverse=True,
            return_counts=True,
        )
        owners = keys // vocabulary
        spread = np.bincount(owners, often + 1, minlength=known).astype(np.int64)
        levels.append(Level(keys, often.astype(np.int64), spread, vocabulary))
        places = np.full(len(contexts), -1)
        places[there] = place
        contexts, known = _after(places, stream, length), len(keys)
    return NGramModel(counts.astype(np.int64), tuple(levels), begin, end)


def _after(places: np.ndarray, stream: Stream, length: int) -> np.ndarray:
    """Of each token the run of so many that ends before it, -1 where its document has fewer."""
    before = np.full(len(places), -1)
    before[1:] = np.where(stream.age[1:] >= length, places[:-1], -1)
    return before


def _at(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """What stands at these places, 0 at -1."""
    return np.append(values, 0)[places]


def _selected(
    level: Level, chosen: np.ndarray, below: np.ndarray | None
) -> tuple[Level, np.ndarray]:
    """A level with the chosen runs only, of the contexts that are left; and which they are."""
    vocabulary, keys, spread = level.vocabulary, level.keys[chosen], level.spread
    if below is not None:
        owners = (np.cumsum(below) - 1)[keys // vocabulary]
        keys, spread = owners * vocabulary + keys % vocabulary, spread[below]
    followed = np.bincount(keys // vocabulary, minlength=len(spread)) > 0
    spread = np.where(followed, spread, 0)
    return Level(keys, level.counts[chosen], spread, vocabulary), chosen


def _checked(ids: Any, vocabulary: int, where: str) -> np.ndarray:
    found = np.asarray(ids)
    if found.ndim != 1 or (len(found) and found.dtype.kind not in "iu"):
        raise ShapeError(where, f"{found.dtype} of shape {found.shape}", "give integers [T]")
    if len(found) and (found.min() < 0 or found.max() >= vocabulary):
        place = int(np.argmax((found < 0) | (found >= vocabulary)))
        expected = f"give ids from 0 to {vocabulary - 1}"
        raise ArgumentError(f"{where}[{place}]", f"found {found[place]}", expected)
    return found.astype(np.int64)


def _packed(values: np.ndarray) -> np.ndarray:
    """Whole numbers from 0 as bytes, the lowest first: uint8 `[N, width]`, as few as needed."""
    width = max(1, (int(values.max(initial=0)).bit_length() + 7) // 8)
    return np.ascontiguousarray(values.astype("<u4").view(np.uint8).reshape(-1, 4)[:, :width])


def _unpacked(tensors: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    array = array_of(tensors, name)
    if array.dtype != np.uint8 or array.ndim != 2 or not 1 <= array.shape[1] <= _WIDEST:
        raise _unfit()
    whole = np.zeros((len(array), _WIDEST), np.uint8)
    whole[:, : array.shape[1]] = array
    return whole.view("<u4")[:, 0].astype(np.int64)


def _level(tensors: Mapping[str, np.ndarray], length: int, vocabulary: int, contexts: int) -> Level:
    """A level as `tensors` holds it, checked."""
    tokens, counts, followed, some = (
        _unpacked(tensors, f"{name}.{length}")
        for name in ("tokens", "counts", "followed", "spread")
    )
    sound = len(followed) == contexts and followed.sum() == len(tokens) == len(counts)
    sound = sound and len(some) == np.count_nonzero(followed)
    if not sound or tokens.max(initial=0) >= vocabulary or counts.min(initial=1) < 1:
        raise _unfit()
    keys = np.repeat(np.arange(contexts), followed) * vocabulary + tokens
    spread = np.zeros(contexts, np.int64)
    spread[followed > 0] = some
    level = Level(keys, counts, spread, vocabulary)
    if (keys[1:] <= keys[:-1]).any() or (level.rest[followed > 0] < 1).any():
        raise _unfit()
    return level


def _unfit() -> BundleError:
    return BundleError("baselines", "arrays that do not fit together", "save it again")
