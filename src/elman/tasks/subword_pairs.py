"""Pairs whose texts are cut into other subwords each time that they are learnt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from elman.errors import ArgumentError
from elman.runtime.translating.sources import padded_ids
from elman.training import PairExamples
from elman.transforms.text import Subwords, TextCodec

__all__ = ["SubwordPairs", "with_random_cuts"]

Cut = Callable[[str, np.random.Generator], np.ndarray]
"""From a text to its ids, by draws."""


@dataclass(frozen=True, eq=False)
class SubwordPairs(PairExamples):
    """Pairs of sequences, and the texts that they were cut from.

    A batch is made by the ids as they are usually cut; what is learnt of it is `drawn_anew`.

    Attributes:
        texts: Objects `[N, 2]`: of each pair both texts.
        cuts: What cuts sources, and what cuts targets.
        eos: The id behind each target.
    """

    texts: Any = None
    cuts: tuple[Cut, Cut] | None = None
    eos: int = 0

    def select(self, rows: Int[np.ndarray, "B"]) -> SubwordPairs:
        """See `PairExamples`."""
        found: Any = super().select(rows)
        return replace(found, texts=self.texts[np.asarray(rows)])

    def drawn_anew(self, draws: np.random.Generator) -> PairExamples:
        """The same pairs, cut by draws."""
        assert self.cuts is not None  # or nothing would be drawn
        sources = [self.cuts[0](text, draws) for text in self.texts[:, 0]]
        targets = [np.append(self.cuts[1](text, draws), self.eos) for text in self.texts[:, 1]]
        arrays = (*padded_ids(sources), *padded_ids(targets))
        source, source_lengths, target, target_lengths = map(torch.from_numpy, arrays)
        device = self.targets.device
        plain = PairExamples(source, target, source_lengths, target_lengths, self.go)
        return replace(plain.to(device), weights=self.weights)

    def _tensors(self) -> dict[str, Tensor | None]:
        own = super()._tensors()
        return {name: own[name] for name in own if name not in ("texts", "cuts", "eos")}


def with_random_cuts(
    examples: PairExamples,
    texts: Any,
    codecs: tuple[TextCodec, TextCodec],
    rate: float,
) -> PairExamples:
    """The same pairs, which are cut anew each time where a side is cut into subwords.

    Args:
        examples: N pairs as ids.
        texts: Objects `[N, 2]` that they were cut from.
        codecs: Of sources and of targets.
        rate: Of merges that are left out; 0: none.

    Raises:
        ArgumentError: There is a rate, and no side has subwords.
    """
    if not rate:
        return examples
    if not any(isinstance(codec, Subwords) for codec in codecs):
        found = f"{rate} with {codecs[1].describe()}"
        raise ArgumentError("subword_dropout", found, "0, or codec='subwords'")
    cuts = _cut(codecs[0], rate), _cut(codecs[1], rate)
    eos = codecs[1].eos
    assert eos is not None  # or no target would end
    return SubwordPairs(**examples.__dict__, texts=texts, cuts=cuts, eos=eos)


def _cut(codec: TextCodec, rate: float) -> Cut:
    if isinstance(codec, Subwords):
        return lambda text, draws: codec.encode_at_random(text, rate, draws)
    return lambda text, _draws: codec.encode(text)
