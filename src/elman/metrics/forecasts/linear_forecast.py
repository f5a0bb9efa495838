"""The linear map from a window to the steps ahead: what a recurrent network should beat.

Windows may be too many for the memory, so they come in batches, and only sums are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from elman.errors import BundleError, DataError, ShapeError
from elman.metrics.linear import PENALTIES, LinearMap

__all__ = ["LARGEST_INPUT", "LinearForecast", "fit_linear_forecast"]

LARGEST_INPUT = 1024
USUAL = PENALTIES[2]  # where no validation window chooses

Batches = Iterable[tuple[Float[np.ndarray, "B F"], Float[np.ndarray, "B H"]]]


@dataclass(frozen=True, eq=False)
class LinearForecast:
    """Ridge regression of all steps ahead on the newest inputs of a window.

    Attributes:
        map: Weight `[H, F]` and bias `[H]`, with F ≤ `LARGEST_INPUT`.
        strength: The penalty, relative to the inputs' mean variance.
        windows: How many it was fitted on.
        left_out: How many were not used because a target was missing.
    """

    map: LinearMap
    strength: float
    windows: int
    left_out: int

    def __call__(self, inputs: Float[np.ndarray, "B F"]) -> Float[np.ndarray, "B H"]:
        """The forecast, normalised as the windows it was fitted on; missing inputs count 0."""
        features = _newest(inputs)
        if features.shape[1] != self.map.weight.shape[1]:
            raise ShapeError(
                "inputs", f"shape {np.shape(inputs)}", f"[B, {self.map.weight.shape[1]}]"
            )
        return self.map(features)

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `from_tensors` needs, as arrays for a model file."""
        facts = [self.strength, self.windows, self.left_out]
        return {
            "weight": self.map.weight,
            "bias": self.map.bias,
            "facts": np.array(facts, dtype=np.float64),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> LinearForecast:
        """The map that `tensors` described; `BundleError` if something is missing."""
        weight, bias, facts = (
            np.asarray(tensors.get(name, np.zeros(())), dtype=np.float64)
            for name in ("weight", "bias", "facts")
        )
        if weight.ndim != 2 or bias.shape != weight.shape[:1] or facts.shape != (3,):
            raise BundleError("linear map", "arrays are missing or do not fit", "save it again")
        if not all(np.isfinite(array).all() for array in (weight, bias, facts)):
            raise BundleError("linear map", "holds values that are no numbers", "save it again")
        strength, windows, left_out = facts.tolist()
        return cls(LinearMap(weight, bias), strength, int(windows), int(left_out))


def fit_linear_forecast(
    train: Batches, validation: Batches = (), strength: float | None = None
) -> LinearForecast:
    """Fit the map on `train`; the penalty is the one that serves `validation` best.

    Args:
        train: Batches of normalised windows: inputs `[B, F]` in time order, NaN where missing
            (counted as 0, the normalised level), of which the last `LARGEST_INPUT` are read;
            and targets `[B, H]`. Windows with a missing target are left out and counted.
        validation: Batches of the same kind; a missing target is left out of the squared
            error. Without any, the penalty is 0.01.
        strength: The penalty instead, where it is known.

    Raises:
        DataError: No training window has all its targets.
        ShapeError: Batches differ in their numbers of inputs or targets.
    """
    sums, left_out = _Sums(), 0
    for inputs, targets in train:
        features, targets = _batch(inputs, targets)
        whole = ~np.isnan(targets).any(axis=1)
        sums.add(features[whole], targets[whole])
        left_out += int((~whole).sum())
    if sums.count == 0:
        raise DataError(
            "linear map",
            f"found no training window with all its targets ({left_out} with missing ones)",
            "shorten the horizon or fill the gaps",
        )
    if strength is not None:
        return LinearForecast(sums.solve(strength), strength, sums.count, left_out)
    maps = [sums.solve(each) for each in PENALTIES]
    missed = np.zeros(len(maps))
    judged = 0
    for inputs, targets in validation:
        features, targets = _batch(inputs, targets)
        judged += int((~np.isnan(targets)).sum())
        missed += [np.nansum((map_(features) - targets) ** 2) for map_ in maps]
    best = int(np.argmin(missed)) if judged else PENALTIES.index(USUAL)
    return LinearForecast(maps[best], PENALTIES[best], sums.count, left_out)


class _Sums:
    """What ridge regression needs to know of the windows, whatever their number."""

    def __init__(self) -> None:
        self.count = 0
        self.inputs = np.zeros(0)
        self.targets = np.zeros(0)
        self.squares = np.zeros((0, 0))
        self.products = np.zeros((0, 0))

    def add(self, features: np.ndarray, targets: np.ndarray) -> None:
        if not self.count:
            inputs, outputs = features.shape[1], targets.shape[1]
            self.inputs, self.targets = np.zeros(inputs), np.zeros(outputs)
            self.squares, self.products = np.zeros((inputs, inputs)), np.zeros((inputs, outputs))
        found = (features.shape[1], targets.shape[1])
        if found != self.products.shape:
            raise ShapeError(
                "batches", f"{found} inputs and targets after {self.products.shape}", "be alike"
            )
        self.count += len(features)
        self.inputs += features.sum(axis=0)
        self.targets += targets.sum(axis=0)
        self.squares += features.T @ features
        self.products += features.T @ targets

    def solve(self, strength: float) -> LinearMap:
        """The map whose penalty is `strength` times the mean variance of an input."""
        centre, level = self.inputs / self.count, self.targets / self.count
        gram = self.squares / self.count - np.outer(centre, centre)
        moments = self.products / self.count - np.outer(centre, level)
        variance = np.trace(gram) / len(gram)
        penalty = strength * (variance if variance > 0 else 1.0)
        solution = np.linalg.solve(gram + penalty * np.eye(len(gram)), moments)
        return LinearMap(solution.T, level - centre @ solution)


def _batch(inputs: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    features, targets = _newest(inputs), np.asarray(targets, dtype=np.float64)
    if targets.ndim != 2 or len(targets) != len(features):
        raise ShapeError(
            "targets", f"shape {targets.shape} beside {len(features)} windows", "pass [B, H]"
        )
    return features, targets


def _newest(inputs: np.ndarray) -> np.ndarray:
    inputs = np.asarray(inputs)
    if inputs.ndim != 2:
        raise ShapeError("inputs", f"shape {inputs.shape}", "pass [B, F]")
    return np.nan_to_num(inputs[:, -LARGEST_INPUT:].astype(np.float64), nan=0.0)
