"""What a model of drawings must beat: one Gaussian for all moves, and a linear one of the last two.

baselines = fit_pens(targets)
baselines.names  # ("one Gaussian", "linear, two steps back")
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from elman.errors import BundleError, ShapeError

__all__ = ["PenBaselines", "fit_pens"]

_LEAST = 1e-4  # deviation of a move, in those of all moves
_TERMS = 7  # a one, the last two moves, and the place
_FACTS = ("mean", "spread", "rates", "weights", "spreads", "chances")


@dataclass(frozen=True, eq=False)
class PenBaselines:
    """The chance of each step of a drawing.

    Steps are as `elman.runtime.drawing.framing.Framing.targets` has them: ended, dx, dy, up.

    Attributes:
        mean: `[2]`, of all moves.
        spread: `[2, 2]`, their covariance.
        rates: `[2]`, how often a step is the end, and how often the pen is lifted.
        weights: `[2, 7, 2]`, of a linear map to the move: behind a point of a stroke, and where
            the pen was lifted.
        spreads: `[2, 2, 2]`, covariances of what it leaves.
        chances: `[2, 2]`, the rates in each case.
    """

    mean: np.ndarray
    spread: np.ndarray
    rates: np.ndarray
    weights: np.ndarray
    spreads: np.ndarray
    chances: np.ndarray

    names = ("one Gaussian", "linear, two steps back")

    def log_probabilities(self, targets: Float[np.ndarray, "T 4"]) -> dict[str, np.ndarray]:
        """The log-probability (density) of each step of a drawing in nats, by the name."""
        moves = targets[:, 1:3]
        one = _gaussian(moves - self.mean, self.spread)
        terms, case = _before(targets)
        left = moves - np.einsum("tk,tkc->tc", terms, self.weights[case])
        linear = np.empty(len(targets))
        for k in (0, 1):
            linear[case == k] = _gaussian(left[case == k], self.spreads[k])
        rates = np.broadcast_to(self.rates, (len(targets), 2))
        said = (_discrete(targets, one, rates), _discrete(targets, linear, self.chances[case]))
        return dict(zip(self.names, said, strict=True))

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `from_tensors` needs."""
        return {f"pens_{name}": getattr(self, name) for name in _FACTS}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> PenBaselines:
        """The baselines that `tensors` described; `BundleError` if something is missing."""
        shapes = ((2,), (2, 2), (2,), (2, _TERMS, 2), (2, 2, 2), (2, 2))
        found = {}
        for name, shape in zip(_FACTS, shapes, strict=True):
            array = tensors.get(f"pens_{name}")
            if array is None or array.shape != shape or array.dtype != np.float64:
                raise BundleError("baselines", f"no {name} {list(shape)}", "save it again")
            if not np.isfinite(array).all():
                raise BundleError("baselines", f"no {name} {list(shape)}", "save it again")
            found[name] = array
        for spread in (found["spread"], *found["spreads"]):
            if not np.linalg.det(spread) > 0:
                raise BundleError("baselines", "a covariance of no spread", "save it again")
        return cls(**found)


def fit_pens(drawings: Sequence[Float[np.ndarray, "T 4"]]) -> PenBaselines:
    """Fit the baselines on the steps of the training part's drawings.

    Raises:
        ShapeError: There is no step.
    """
    if not sum(map(len, drawings)):
        raise ShapeError("drawings", "no step", "at least one")
    whole = np.concatenate(drawings)
    parts = [_before(one) for one in drawings]
    terms, case = (np.concatenate(some) for some in zip(*parts, strict=True))
    going = whole[:, 0] == 0
    weights, spreads, chances = np.zeros((2, _TERMS, 2)), np.zeros((2, 2, 2)), np.zeros((2, 2))
    for k in (0, 1):
        here = going & (case == k)
        ridge = 1e-3 * np.eye(_TERMS)
        moves, told = whole[here, 1:3], terms[here]
        weights[k] = np.linalg.solve(told.T @ told + ridge, told.T @ moves)
        spreads[k] = _covariance(moves - told @ weights[k])
        chances[k] = _rates(whole[case == k])
    moves = whole[going, 1:3]
    mean = moves.mean(axis=0)
    return PenBaselines(mean, _covariance(moves - mean), _rates(whole), weights, spreads, chances)


def _before(targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What stands before each step, `[T, 7]`; and whether the pen was lifted, `[T]` 0 or 1."""
    moves = np.concatenate([np.zeros((2, 2)), targets[:, 1:3]])
    place = np.cumsum(moves, axis=0)[1:-1]
    terms = np.column_stack([np.ones(len(targets)), moves[1:-1], moves[:-2], place])
    return terms, np.concatenate([[1], targets[:-1, 3]]).astype(np.int64)


def _covariance(left: np.ndarray) -> np.ndarray:
    count = max(1, len(left))
    return left.T @ left / count + _LEAST**2 * np.eye(2)


def _rates(targets: np.ndarray) -> np.ndarray:
    """How often a step is the end, and a further one lifts the pen: one more of each was seen."""
    ended = float(targets[:, 0].sum())
    going = len(targets) - ended
    return np.array([(ended + 1) / (len(targets) + 2), (targets[:, 3].sum() + 1) / (going + 2)])


def _gaussian(left: np.ndarray, spread: np.ndarray) -> np.ndarray:
    far = np.einsum("ti,ij,tj->t", left, np.linalg.inv(spread), left)
    return -0.5 * far - 0.5 * math.log(np.linalg.det(spread)) - math.log(2 * math.pi)


def _discrete(targets: np.ndarray, moves: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """With the chance that the drawing goes on, and that the pen is lifted or not."""
    ended, up = targets[:, 0] == 1, targets[:, 3] == 1
    pen = np.log(np.where(up, rates[:, 1], 1 - rates[:, 1]))
    return np.where(ended, np.log(rates[:, 0]), np.log(1 - rates[:, 0]) + pen + moves)
