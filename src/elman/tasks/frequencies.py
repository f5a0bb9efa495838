"""What a tagger learns beside the tags, in training only: how frequent each word is."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elman.data.words import WordSequences
from elman.models.layers import Dense
from elman.runtime.tagging.words import WordCodes
from elman.tasks.network import CodedWords
from elman.training.loop.tagging import WithFrequencies
from elman.training.randomness import generator

__all__ = ["CountedWords", "frequency_bins"]


def frequency_bins(train: WordSequences, codes: WordCodes) -> np.ndarray:
    """Of each word of the lexicon, by its number, ⌊ln(how often it stands)⌋ `[W]`, int64.

    >>> from elman.data.words import as_words
    >>> words = as_words([["a", "A", "a", "b"]])
    >>> frequency_bins(words, WordCodes(("a",))).tolist()  # "a" and "A" are looked up as one
    [1, 1, 0]

    Args:
        train: What is learnt from; a word that stands only elsewhere is counted like one that
            stands once.
        codes: How words are looked up: what is looked up alike is counted together.
    """
    forms = [codes.form(word) for word in train.lexicon.words]
    times = np.bincount(train.values[train.real], minlength=len(forms))
    counts: Counter[str] = Counter()
    for form, count in zip(forms, times.tolist(), strict=True):
        counts[form] += count
    found = np.array([counts[form] for form in forms], dtype=np.float64)
    return np.log(np.maximum(found, 1)).astype(np.int64)


class CountedWords(CodedWords):
    """As `CodedWords`; in training a layer beside the tags' says each word's bin of frequency.

    The layer is this module's and not the network's, so no model file holds it.

    Args:
        network: As of `CodedWords`.
        codes: Likewise.
        bins: Of each word by its number `[W]`, from 0.
        seed: Of the layer's weights.
        table: As of `CodedWords`.
    """

    bins: Tensor

    def __init__(
        self,
        network: nn.Module,
        codes: np.ndarray,
        bins: np.ndarray,
        seed: int,
        table: np.ndarray | None = None,
    ) -> None:
        super().__init__(network, codes, table)
        self.register_buffer("bins", torch.from_numpy(bins), persistent=False)
        body: Any = network.body
        features = [block for block in body if isinstance(block, Dense)][-1].weight.shape[1]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(generator(seed, "module").integers(2**63)))
            self.frequencies = nn.Linear(features, int(bins.max()) + 1)

    def forward(self, numbers: Tensor, lengths: Tensor | None) -> Any:
        """The network's outputs for words by their numbers `[B, T]`; in training both answers."""
        if not self.training:
            return super().forward(numbers, lengths)
        network: Any = self.network
        tags, features = network.with_features(*self._looked_up(numbers, lengths))
        words = numbers if self.table is None else numbers[..., 0]
        return WithFrequencies(tags, self.frequencies(features), self.bins[words])
