"""What a language model must beat: how often each token stands, and counted runs of tokens.

baselines = fit_language(documents, vocabulary=65, validation=later)
baselines.scores(test)  # {"unigram": 3.32, "interpolated 5-gram (Witten-Bell)": 1.67} nats
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from elman.errors import BundleError, ShapeError
from elman.metrics.linear_answers import array_of
from elman.metrics.witten_bell import LONGEST, MOST_RUNS, NGramModel, Stream, fit_ngram_model

__all__ = ["LARGEST_FIT", "LanguageBaselines", "fit_language"]

LARGEST_FIT = 2**24
"""Most tokens that are counted; of longer texts whole documents are drawn."""
_HELD_OUT = 10  # the last part of so many chooses the order, where no other part is given
UNIGRAM = "unigram"


@dataclass(frozen=True, eq=False)
class LanguageBaselines:
    """The chance of each token after nothing, and after up to n - 1 others.

    Attributes:
        model: Both.
        fitted_on: Tokens that were counted.
        available: Tokens that there were.
    """

    model: NGramModel
    fitted_on: int
    available: int

    @property
    def names(self) -> tuple[str, ...]:
        """How to print them: the first, and the other where longer runs served better."""
        longer = f"interpolated {self.model.order}-gram (Witten-Bell)"
        return (UNIGRAM, longer)[: self.model.order]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the scores should know, a sentence each."""
        notes = []
        if self.fitted_on < self.available:
            notes.append(f"the baselines counted {self.fitted_on:,} of {self.available:,} tokens")
        if self.model.left_out:
            notes.append(
                f"the {self.model.order}-gram leaves out the {self.model.left_out:,} rarest runs"
            )
        return tuple(notes)

    def log_probabilities(self, ids: Int[np.ndarray, "T"]) -> dict[str, Float[np.ndarray, "T"]]:
        """The log of each token's chance in nats, by the baseline's name.

        Args:
            ids: A document, or several end to end: contexts begin anew after `end`.

        Raises:
            ShapeError, ArgumentError: They are no ids of the vocabulary.
        """
        both = (self.model.cut(1), self.model)
        return {
            name: model.log_probabilities(ids)
            for name, model in zip(self.names, both, strict=False)
        }

    def scores(self, documents: Sequence[Any]) -> dict[str, float]:
        """Nats per token, every one counted, by the baseline's name.

        Raises:
            ShapeError, ArgumentError: They hold no token, or no ids of the vocabulary.
        """
        if not sum(map(len, documents)):
            raise ShapeError("documents", "no token", "give at least one")
        each = [self.log_probabilities(ids) for ids in documents]
        return {
            name: -float(np.concatenate([said[name] for said in each]).mean())
            for name in self.names
        }

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `from_tensors` needs, as arrays for a model file."""
        facts = np.array([self.fitted_on, self.available], dtype=np.int64)
        return self.model.tensors() | {"language_facts": facts}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> LanguageBaselines:
        """The baselines that `tensors` described; `BundleError` if something is missing."""
        facts = array_of(tensors, "language_facts")
        if facts.shape != (2,) or facts.dtype != np.int64:
            raise BundleError("baselines", "arrays that do not fit together", "save it again")
        return cls(NGramModel.from_tensors(tensors), *facts.tolist())


def fit_language(
    documents: Sequence[Any],
    vocabulary: int,
    *,
    validation: Sequence[Any] | None = None,
    begin: int | None = None,
    end: int | None = None,
    longest: int = LONGEST,
    seed: int = 0,
) -> LanguageBaselines:
    """Fit the baselines of a language model on its training part.

    Args:
        documents: Token ids, an array of integers `[T]` each; a text as a whole is one.
        vocabulary: V, how many ids there are.
        validation: Documents by which the runs' length is chosen, which gives them the highest
            chance; None: the last tenth of `documents`, which then are counted all.
        begin: Id that stands before a document's first token, as a context only; None: nothing.
        end: Id that ends a document wherever it stands: what follows it has a context of its own.
        longest: Tokens of the longest runs to choose from, 1…6.
        seed: Draws documents where there are too many (`LARGEST_FIT` tokens).

    Raises:
        ShapeError: A document is no such array, or there is no token.
        ArgumentError: An id or `longest` is outside of its range.
    """
    available = sum(len(row) for row in documents)
    drawn = _drawn(documents, seed)
    first, later = (drawn, validation) if validation is not None else _divided(drawn)
    model = fit_ngram_model(first, vocabulary, longest, begin, end)
    stream = Stream.of(later, vocabulary, begin, end)
    means = [np.log(chances).sum() for chances in model.by_order(stream)]
    order = 1 + int(np.argmax(means))
    if validation is None:
        model = fit_ngram_model(drawn, vocabulary, order, begin, end)
    model = model.cut(order).pruned(MOST_RUNS)
    return LanguageBaselines(model, sum(map(len, drawn)), available)


def _drawn(documents: Sequence[Any], seed: int) -> list[Any]:
    """All documents, or some in their order; of the last that is drawn its beginning."""
    lengths = np.array([len(row) for row in documents], dtype=np.int64)
    if lengths.sum() <= LARGEST_FIT:
        return list(documents)
    order = np.random.default_rng(seed).permutation(len(lengths))
    ends = np.cumsum(lengths[order])
    kept = np.clip(LARGEST_FIT - (ends - lengths[order]), 0, lengths[order])
    chosen = dict(zip(order.tolist(), kept.tolist(), strict=True))
    return [documents[n][: chosen[n]] for n in sorted(chosen) if chosen[n]]


def _divided(documents: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Documents cut where the last tenth of their tokens begins."""
    left = sum(map(len, documents))
    left -= left // _HELD_OUT
    first, later = [], []
    for row in documents:
        here = min(left, len(row))
        first.append(row[:here])
        later.append(row[here:])
        left -= here
    return first, later
