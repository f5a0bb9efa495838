"""The matrices through which a recurrence sees its own past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Complex

from elman.kernels.contract import Recurrence

__all__ = ["Matrix", "recurrent_matrices"]


@dataclass(frozen=True, eq=False)
class Matrix:
    """A recurrent matrix `[H, H]`.

    Attributes:
        eigenvalues: Largest first.
        norm: The 2-norm: how much longer a vector can become.
    """

    eigenvalues: Complex[np.ndarray, " H"]
    norm: float

    @property
    def radius(self) -> float:
        """The largest eigenvalue's magnitude."""
        return float(np.abs(self.eigenvalues[0]))

    @classmethod
    def of(cls, values: np.ndarray) -> Matrix:
        """Of the matrix `values`, which are finite."""
        eigenvalues = np.linalg.eigvals(values).astype(np.complex128)
        order = np.argsort(-np.abs(eigenvalues), kind="stable")
        return cls(eigenvalues[order], float(np.linalg.norm(values, 2)))


def recurrent_matrices(recurrence: Recurrence, weights: Any) -> dict[str, Matrix]:
    """The recurrent matrix of each gate, by the gate's name; of a simple cell: `h`.

    Layer normalisation and gates are not in them. With a projection P it is U·P, which acts on
    the H units, as U acts without one.

    Args:
        recurrence: Which equations.
        weights: The contract's NamedTuple of float64 arrays.
    """
    names = recurrence.blocks
    blocks = np.split(weights.weight_hh, len(names))
    projection = getattr(weights, "projection", None)
    if projection is not None:
        blocks = [block @ projection for block in blocks]
    return {name: Matrix.of(block) for name, block in zip(names, blocks, strict=True)}
