"""Scores of a vocabulary's tokens, on NumPy arrays; the twins of `elman.models.heads`."""

from __future__ import annotations

import numpy as np

from elman import blueprint as plan
from elman.runtime.network.cells import Arrays
from elman.runtime.network.dense import linear
from elman.runtime.network.layers import Pointwise

__all__ = ["Adaptive", "Tied"]


class Tied(Pointwise):
    """The embedding's own vectors score the tokens."""

    def __init__(self, block: plan.Tied, features: int, weights: Arrays) -> None:
        super().__init__(self._scores)
        self.table, self.bias = weights["table"], weights["bias"]
        self.projection = weights.get("projection")

    def _scores(self, values: np.ndarray) -> np.ndarray:
        if self.projection is not None:
            values = _product(values, self.projection)
        return linear(values, self.table, self.bias)


class Adaptive(Pointwise):
    """log-probabilities of all tokens."""

    def __init__(self, block: plan.Adaptive, features: int, weights: Arrays) -> None:
        super().__init__(self._log_probabilities)
        self.first, self.weight = block.cutoffs[0], weights["weight"]
        self.tails = [
            (weights[f"tails.{k}.projection"], weights[f"tails.{k}.weight"])
            for k in range(len(block.tails))
        ]

    def _log_probabilities(self, values: np.ndarray) -> np.ndarray:
        head = _log_softmax(_product(values, self.weight))
        parts = [head[..., : self.first]]
        for k, (projection, weight) in enumerate(self.tails):
            within = _log_softmax(_product(_product(values, projection), weight))
            parts.append(within + head[..., self.first + k, None])
        return np.concatenate(parts, axis=-1)


def _product(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return linear(values, weight, np.zeros(len(weight), np.float32))


def _log_softmax(scores: np.ndarray) -> np.ndarray:
    above = scores - scores.max(axis=-1, keepdims=True)
    return above - np.log(np.exp(above).sum(axis=-1, keepdims=True))
