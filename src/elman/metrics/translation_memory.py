"""A translation memory: for a new text the answer of the most similar one that is known.

Two texts are as similar as the runs of words and of letters that they share, weighted by TF-IDF:
the mean of the cosines of both. What is kept are texts; the index over their runs is made when it
is first asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from elman.bundle import pack_strings, unpack_strings
from elman.errors import BundleError, ShapeError
from elman.metrics.linear_answers import array_of
from elman.metrics.ngrams import LETTERS, WORDS, Counts, NGrams, fit_ngrams

__all__ = ["MOST_BYTES", "TranslationMemory", "fit_memory"]

MOST_BYTES = 2**24
"""Most bytes of texts, sources and answers together, that are kept; of more some are drawn."""
_COMMON = 20  # runs that stand in more than one text of so many tell little and cost most,
_FEW = 1000  # unless they stand in so few


class _Index(NamedTuple):
    """In which of N texts each known run stands, and with which weight.

    Attributes:
        ngrams: G runs.
        rarity: `[G]`, 0 for those that are too common.
        starts: int64 `[G + 1]`, where the texts of each run begin in `rows` and `weights`.
        rows: int32, the texts of the first run, of the second, …
        weights: float32, the run's weight in each.
    """

    ngrams: NGrams
    rarity: np.ndarray
    starts: np.ndarray
    rows: np.ndarray
    weights: np.ndarray

    def add(self, to: np.ndarray, columns: np.ndarray, weights: np.ndarray) -> None:
        """Add to `[N]` the cosines with a text that has these runs with these weights."""
        for column, weight in zip(columns, weights, strict=True):
            here = slice(self.starts[column], self.starts[column + 1])
            to[self.rows[here]] += weight * self.weights[here]


@dataclass(frozen=True, eq=False)
class TranslationMemory:
    """Pairs of texts, to be found by their first.

    Attributes:
        sources: N distinct texts.
        targets: Of each its answer.
        available: Distinct sources that there were.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    available: int

    def nearest(self, texts: Sequence[str]) -> list[int]:
        """For each text the number of the most similar source; of equally similar the first."""
        cosines = np.zeros(len(self.sources))
        found = []
        each = [_by_text(self._weighed(texts, index)) for index in self._indices]
        for row in range(len(texts)):
            cosines[:] = 0
            for index, (starts, columns, weights) in zip(self._indices, each, strict=True):
                here = slice(starts[row], starts[row + 1])
                index.add(cosines, columns[here], weights[here])
            found.append(int(cosines.argmax()))
        return found

    def answers(self, texts: Sequence[str]) -> list[str]:
        """For each text what is known of the most similar source."""
        return [self.targets[row] for row in self.nearest(texts)]

    @cached_property
    def _indices(self) -> tuple[_Index, ...]:
        return tuple(_index_of(self.sources, unit) for unit in (WORDS, LETTERS))

    @staticmethod
    def _weighed(texts: Sequence[str], index: _Index) -> Counts:
        return index.ngrams.counts(texts).weighted(index.rarity)

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `from_tensors` needs, as arrays for a model file."""
        found = {"memory_available": np.array([self.available], dtype=np.int64)}
        for name, texts in (("sources", self.sources), ("targets", self.targets)):
            found |= {f"memory_{name}_{k}": part for k, part in pack_strings(texts).items()}
        return found

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> TranslationMemory:
        """The memory that `tensors` described; `BundleError` if something is missing."""
        sources, targets = (
            unpack_strings(
                {k: array_of(tensors, f"memory_{name}_{k}") for k in ("bytes", "offsets")},
                f"baselines, {name}",
            )
            for name in ("sources", "targets")
        )
        available = array_of(tensors, "memory_available")
        if not sources or len(sources) != len(targets) or available.shape != (1,):
            raise BundleError("baselines", "arrays that do not fit together", "save it again")
        return cls(tuple(sources), tuple(targets), int(available[0]))


def fit_memory(sources: Sequence[str], targets: Sequence[str], seed: int = 0) -> TranslationMemory:
    """Keep pairs of texts, of each source the first answer.

    Args:
        sources: N texts.
        targets: An answer for each.
        seed: Draws the pairs where they are too many (`MOST_BYTES`).

    Raises:
        ShapeError: There is no pair, or not as many of both.
    """
    if len(sources) != len(targets) or not len(sources):
        found = f"{len(targets):,} for {len(sources):,} sources"
        raise ShapeError("targets", found, "as many of both, and at least one")
    first: dict[str, str] = {}
    for source, target in zip(sources, targets, strict=True):
        first.setdefault(source, target)
    pairs = list(first.items())
    sizes = np.array([len((one + other).encode("utf-8", "surrogatepass")) for one, other in pairs])
    kept = range(len(pairs))
    if sizes.sum() > MOST_BYTES:
        order = np.random.default_rng(seed).permutation(len(pairs))
        whole = np.cumsum(sizes[order]) <= MOST_BYTES
        whole[0] = True  # the first that was drawn, however long it is
        kept = np.sort(order[whole]).tolist()
    some = [pairs[row] for row in kept]
    return TranslationMemory(tuple(s for s, _ in some), tuple(t for _, t in some), len(pairs))


def _index_of(texts: Sequence[str], unit: int) -> _Index:
    ngrams = fit_ngrams(texts, unit)
    runs = len(ngrams.keys)
    counts = ngrams.counts(texts)
    common = np.bincount(counts.columns, minlength=runs) > max(_FEW, len(texts) // _COMMON)
    rarity = np.where(common, 0, counts.rarity(runs))
    weighted = counts.weighted(rarity)
    kept = np.flatnonzero(weighted.counts)
    order = kept[np.argsort(weighted.columns[kept], kind="stable")]
    starts = np.searchsorted(weighted.columns[order], np.arange(runs + 1))
    rows = weighted.rows[order].astype(np.int32)
    return _Index(ngrams, rarity, starts, rows, weighted.counts[order].astype(np.float32))


def _by_text(counts: Counts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where each text's runs begin, and all runs with their weights, text by text."""
    kept = np.flatnonzero(counts.counts)
    order = kept[np.argsort(counts.rows[kept], kind="stable")]
    starts = np.searchsorted(counts.rows[order], np.arange(counts.texts + 1))
    return starts, counts.columns[order], counts.counts[order]
