"""What a translator must beat: copying, a translation memory, and a table of words.

    baselines = fit_pairs(sources, targets)
    baselines.answers(["Run!"])  # {"copying the source": ["Run!"], …}

They are fitted on the training part, travel with the model as a few arrays, and answer in plain
NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from elman.metrics.translation_memory import TranslationMemory, fit_memory
from elman.metrics.word_translation import WordTable, fit_words

__all__ = ["COPYING", "MEMORY", "WORD_BY_WORD", "PairBaselines", "fit_pairs"]

COPYING = "copying the source"
MEMORY = "the most similar training pair (TF-IDF)"
WORD_BY_WORD = "word by word (IBM model 1)"


@dataclass(frozen=True, eq=False)
class PairBaselines:
    """Three ways to answer a text without a network.

    Attributes:
        memory: The most similar training pair's answer.
        words: Each word's likeliest translation.
    """

    memory: TranslationMemory
    words: WordTable

    @property
    def names(self) -> tuple[str, str, str]:
        """How to print the three."""
        return COPYING, MEMORY, WORD_BY_WORD

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the scores should know, a sentence each."""
        memory, words, notes = self.memory, self.words, []
        if len(memory.sources) < memory.available:
            kept = f"{len(memory.sources):,} of {memory.available:,} sources"
            notes.append(f"the most similar training pair is one of {kept}, drawn at random")
        if words.fitted_on < words.available:
            counted = f"{words.fitted_on:,} of {words.available:,} pairs"
            notes.append(f"word by word was fitted on {counted}, drawn at random")
        if words.left_out:
            notes.append(f"word by word leaves out the {words.left_out:,} rarest words")
        return tuple(notes)

    def answers(self, sources: Sequence[str]) -> dict[str, list[str]]:
        """What each answers to N texts, by its name."""
        said = list(sources), self.memory.answers(sources), self.words.answers(sources)
        return dict(zip(self.names, said, strict=True))

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `from_tensors` needs, as arrays for a model file."""
        return self.memory.tensors() | self.words.tensors()

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> PairBaselines:
        """The baselines that `tensors` described; `BundleError` if something is missing."""
        return cls(TranslationMemory.from_tensors(tensors), WordTable.from_tensors(tensors))


def fit_pairs(sources: Sequence[str], targets: Sequence[str], seed: int = 0) -> PairBaselines:
    """Fit the baselines of a translator on its training part.

    Args:
        sources: N texts.
        targets: What is to be written for each.
        seed: Draws pairs where there are too many.

    Raises:
        ShapeError: There is no pair, or not as many of both.
    """
    return PairBaselines(fit_memory(sources, targets, seed), fit_words(sources, targets, seed))
