"""A linear model as a baseline: what it sees of a sequence, and what it says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from elman.errors import BundleError, ShapeError
from elman.metrics.features import Sequences, averaged, flattened, real_steps
from elman.metrics.linear import NOT_CONVERGED, LinearMap

__all__ = ["AVERAGED", "PER_STEP", "LinearAnswers", "array_of", "features_of"]

AVERAGED, PER_STEP = 0, -1


@dataclass(frozen=True)
class LinearAnswers:
    """A linear model, what it sees of a sequence, and how it was fitted.

    Attributes:
        map: The model.
        steps: What it sees: T for so many steps side by side, `AVERAGED`, or `PER_STEP`.
        fitted_on: Rows.
        available: Rows that there were.
        converged: Whether the fit did.
    """

    map: LinearMap
    steps: int
    fitted_on: int
    available: int
    converged: bool = True

    @property
    def input(self) -> str:
        """What it sees, in words."""
        names = {AVERAGED: "the averaged input", PER_STEP: "each step's own features"}
        return names.get(self.steps, "the flattened input")

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the score should know."""
        notes = []
        if self.fitted_on < self.available:
            notes.append(
                f"the linear baseline was fitted on {self.fitted_on:,} of {self.available:,} rows"
            )
        if not self.converged:
            notes.append(NOT_CONVERGED)
        return tuple(notes)

    def answers(self, sequences: Sequences) -> bool:
        """False for sequences that are not as long as the ones it was fitted on."""
        return self.steps <= 0 or bool((sequences.lengths == self.steps).all())

    def __call__(self, sequences: Sequences) -> np.ndarray:
        """Scores `[rows, K]`; rows are sequences or, per step, all their real steps."""
        features = features_of(sequences, self.steps)
        if features.shape[1] != self.map.weight.shape[1]:
            raise ShapeError(
                "sequences",
                f"{features.shape[1]} features",
                f"pass the {self.map.weight.shape[1]} that the baselines were fitted on",
            )
        return self.map(features)

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `from_tensors` needs."""
        facts = [self.steps, self.fitted_on, self.available, self.converged]
        return {
            "weight": self.map.weight,
            "bias": self.map.bias,
            "facts": np.array(facts, dtype=np.int64),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> LinearAnswers:
        """What `tensors` described; `BundleError` if something is missing."""
        weight, bias, facts = (array_of(tensors, name) for name in ("weight", "bias", "facts"))
        if weight.ndim != 2 or bias.shape != weight.shape[:1] or facts.shape != (4,):
            raise BundleError("baselines", "arrays that do not fit together", "save it again")
        steps, fitted_on, available, converged = facts.tolist()
        return cls(LinearMap(weight, bias), steps, fitted_on, available, bool(converged))


def features_of(sequences: Sequences, steps: int) -> np.ndarray:
    """What is seen of sequences, `[rows, F]`; `steps` as of `LinearAnswers`."""
    if steps == PER_STEP:
        return real_steps(sequences.values, sequences.lengths)
    return averaged(sequences) if steps == AVERAGED else flattened(sequences)


def array_of(tensors: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """One of a baseline's arrays; `BundleError` if it is missing."""
    if name not in tensors:
        raise BundleError("baselines", f"no array {name!r}", "save the model again")
    return np.asarray(tensors[name])
