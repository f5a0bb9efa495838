"""The tokens that a sampled softmax compares a target with."""

from __future__ import annotations

from math import log
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["Candidates", "draw_candidates"]


class Candidates(NamedTuple):
    """Tokens drawn without repetition, the frequent ones more often.

    Attributes:
        tokens: `[N]` int64, each once.
        tries: How many draws it took.
        vocabulary: V.
    """

    tokens: Int[Tensor, "N"]
    tries: int
    vocabulary: int

    def expected(self, tokens: Int[Tensor, "M"]) -> Float[Tensor, "M"]:
        """How often a token is expected among so many draws, as one of them or not: in (0, 1].

        The probability of a draw is P(k) = log((k + 2) / (k + 1)) / log(V + 1).
        """
        place = tokens.to(torch.float64)
        chance = torch.log1p(1 / (place + 1)) / log(self.vocabulary + 1)
        return -torch.expm1(self.tries * torch.log1p(-chance))


def draw_candidates(count: int, vocabulary: int) -> Candidates:
    """Draw from a vocabulary whose ids go by frequency, as by Zipf's law (log-uniform).

    As TensorFlow's `log_uniform_candidate_sampler` with `unique`: tokens are drawn until so many
    different ones are there. Draws are those of torch's default generator, made on the CPU.

    Args:
        count: N, 1…V.
        vocabulary: V.
    """
    drawn = torch.zeros(0, dtype=torch.int64)
    while True:
        chances = torch.rand(2 * count, dtype=torch.float64)
        more = (chances * log(vocabulary + 1)).exp().long() - 1
        drawn = torch.cat([drawn, more.clamp(0, vocabulary - 1)])
        different, place = torch.unique(drawn, return_inverse=True)
        if len(different) < count:
            continue
        first = torch.full((len(different),), len(drawn))
        first.scatter_reduce_(0, place, torch.arange(len(drawn)), "amin")
        when, order = first.sort()
        return Candidates(different[order[:count]], int(when[count - 1]) + 1, vocabulary)
