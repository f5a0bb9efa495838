"""Scores of a vocabulary's tokens, on NumPy arrays; the twins of `elman.models.heads`."""

from __future__ import annotations

import numpy as np

from elman import blueprint as plan
from elman.runtime.network.cells import Arrays
from elman.runtime.network.dense import Linear
from elman.runtime.network.layers import Pointwise

__all__ = ["Adaptive", "Tied"]


class Tied(Pointwise):
    """The embedding's own vectors score the tokens."""

    def __init__(self, block: plan.Tied, features: int, weights: Arrays) -> None:
        super().__init__(self._scores)
        self.by_table = Linear(weights["table"], weights["bias"])
        self.projection = Linear(weights["projection"]) if "projection" in weights else None

    def _scores(self, values: np.ndarray) -> np.ndarray:
        return self.by_table(values if self.projection is None else self.projection(values))


class Adaptive(Pointwise):
    """log-probabilities of all tokens."""

    def __init__(self, block: plan.Adaptive, features: int, weights: Arrays) -> None:
        super().__init__(self._log_probabilities)
        self.first, self.head = block.cutoffs[0], Linear(weights["weight"])
        self.tails = [
            (Linear(weights[f"tails.{k}.projection"]), Linear(weights[f"tails.{k}.weight"]))
            for k in range(len(block.tails))
        ]

    def _log_probabilities(self, values: np.ndarray) -> np.ndarray:
        head = _log_softmax(self.head(values))
        parts = [head[..., : self.first]]
        for k, (projection, weight) in enumerate(self.tails):
            within = _log_softmax(weight(projection(values)))
            parts.append(within + head[..., self.first + k, None])
        return np.concatenate(parts, axis=-1)


def _log_softmax(scores: np.ndarray) -> np.ndarray:
    above = scores - scores.max(axis=-1, keepdims=True)
    return above - np.log(np.exp(above).sum(axis=-1, keepdims=True))
