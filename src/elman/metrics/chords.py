"""What models of chords are held against: note frequencies, a logistic regression on the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from elman.errors import BundleError

__all__ = ["ChordBaselines", "fit_chords", "steps_before"]

_ROUNDS = 500
_PENALTIES = (0.25, 1.0, 4.0)
_CLOSE = 1e-4  # nats a step between rounds, at which a fit has ended


class ChordBaselines(NamedTuple):
    """Two models of which notes sound at a step, each note by itself.

    Attributes:
        frequencies: `[K]`, log-odds of each note.
        weight: `[K, K + 1]` of a logistic regression on the chord before, and on whether there is
            none.
        bias: `[K]`.
        penalty: Of the squares of `weight`.
    """

    frequencies: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    penalty: float

    @property
    def names(self) -> tuple[str, ...]:
        """Of both."""
        return "note frequencies", "logistic regression on the last chord"

    def log_probabilities(self, piece: Bool[np.ndarray, "T K"]) -> dict[str, np.ndarray]:
        """The log-probability of each step's notes, in nats, by the baseline's name."""
        log_odds = steps_before(piece) @ self.weight.T + self.bias
        both = (np.broadcast_to(self.frequencies, piece.shape), log_odds)
        return {name: _said(one, piece) for name, one in zip(self.names, both, strict=True)}

    def scores(self, pieces: Sequence[np.ndarray]) -> dict[str, float]:
        """Nats a step, every one counted, by the baseline's name."""
        each = [self.log_probabilities(piece) for piece in pieces]
        return {
            name: -float(np.concatenate([one[name] for one in each]).mean()) for name in self.names
        }

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `from_tensors` needs, as arrays for a model file."""
        return {
            "frequencies": self.frequencies,
            "weight": self.weight,
            "bias": self.bias,
            "penalty": np.array([self.penalty]),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> ChordBaselines:
        """The baselines that `tensors` described; `BundleError` if they are damaged."""
        notes = np.shape(tensors.get("bias", ()))[:1]
        wanted = {
            "frequencies": notes,
            "weight": (*notes, *(n + 1 for n in notes)),
            "bias": notes,
            "penalty": (1,),
        }
        found = {name: np.shape(array) for name, array in tensors.items()}
        if found != wanted or any(array.dtype.kind != "f" for array in tensors.values()):
            raise BundleError("baselines", "arrays that do not fit together", "save it again")
        frequencies, weight, bias = (tensors[name] for name in ("frequencies", "weight", "bias"))
        return cls(frequencies, weight, bias, float(tensors["penalty"][0]))


def steps_before(piece: Bool[np.ndarray, "T K"]) -> Float[np.ndarray, "T J"]:
    """The chord before each step, and 1 where there is none; J = K + 1."""
    before = np.zeros((len(piece), piece.shape[1] + 1))
    before[1:, :-1] = piece[:-1]
    before[:1, -1] = 1.0
    return before


def fit_chords(
    train: Sequence[Bool[np.ndarray, "T K"]], validation: Sequence[Bool[np.ndarray, "T K"]] = ()
) -> ChordBaselines:
    """Fit both on the training part; the validation part chooses the penalty, if there is one.

    The regression goes down by Newton's method with a bound of its second derivatives that is the
    same for all notes (Böhning 1992), until it no longer gains.

    Args:
        train: Pieces, one step or more in all.
        validation: Likewise, or none.
    """
    chords = np.concatenate(train).astype(np.float64)
    shares = (chords.sum(axis=0) + 0.5) / (len(chords) + 1)
    frequencies = np.log(shares / (1 - shares))
    features = np.concatenate([steps_before(piece) for piece in train])
    features = np.concatenate([features, np.ones((len(features), 1))], axis=1)
    fitted = []
    for penalty in _PENALTIES if len(validation) else _PENALTIES[1:2]:
        whole = _regression(features, chords, penalty, frequencies)
        made = ChordBaselines(frequencies, whole[:, :-1], whole[:, -1], penalty)
        scored = made.scores(validation)[made.names[1]] if len(validation) else 0.0
        fitted.append((scored, penalty, made))
    return min(fitted, key=lambda one: one[:2])[2]


def _regression(
    features: np.ndarray, chords: np.ndarray, penalty: float, start: np.ndarray
) -> np.ndarray:
    """`[K, J + 1]`: the last column is the bias, on which there is no penalty."""
    weight = np.zeros((chords.shape[1], features.shape[1]))
    weight[:, -1] = start
    paid = np.full(features.shape[1], penalty)
    paid[-1] = 1e-6
    used = chords.any(axis=0)  # a note that never sounds is as rare as its frequency says
    inverse = np.linalg.inv(0.25 * features.T @ features + np.diag(paid))
    wanted, before = chords[:, used], np.inf
    for _ in range(_ROUNDS):
        log_odds = features @ weight[used].T
        cost = float(np.logaddexp(0.0, np.where(wanted > 0, -log_odds, log_odds)).sum())
        if before - cost < _CLOSE * len(chords):
            break
        before = cost
        missing = wanted - 1 / (1 + np.exp(-log_odds))
        slope = missing.T @ features - paid * weight[used]
        weight[used] += slope @ inverse
    return weight


def _said(log_odds: np.ndarray, piece: np.ndarray) -> np.ndarray:
    return -np.logaddexp(0.0, np.where(piece, -log_odds, log_odds)).sum(axis=1)
