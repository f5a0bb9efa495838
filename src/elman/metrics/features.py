"""What a model without memory sees of a sequence: the input of the linear baselines."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from elman.errors import ShapeError

__all__ = ["Sequences", "averaged", "flattened", "real_steps"]


class Sequences(Protocol):
    """Sequences of one or several lengths in one array."""

    @property
    def values(self) -> np.ndarray:
        """`[N, T, I]`, zeros past each row's length."""
        ...

    @property
    def lengths(self) -> np.ndarray:
        """`[N]` int64, each in 0…T."""
        ...


def flattened(sequences: Sequences) -> np.ndarray:
    """All steps beside each other, `[N, length·I]`, for sequences of equal length."""
    real = sequences.values[:, : int(sequences.lengths[0])]
    return real.reshape(len(real), -1)


def averaged(sequences: Sequences) -> np.ndarray:
    """The mean over each row's real steps: `[N, I]`; zeros for a row of length 0."""
    total = sequences.values.sum(axis=1, dtype=np.float64)
    return total / np.maximum(sequences.lengths, 1)[:, None]


def real_steps(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The steps that belong to a sequence, row after row: `[N, T, …]` to `[sum of lengths, …]`.

    >>> real_steps(np.array([[1, 2, 0], [3, 0, 0]]), np.array([2, 1])).tolist()
    [1, 2, 3]
    """
    if values.ndim < 2 or lengths.shape != values.shape[:1]:
        raise ShapeError(
            "values",
            f"shape {values.shape} beside lengths {lengths.shape}",
            "pass [N, T, …], [N]",
        )
    return values[np.arange(values.shape[1]) < lengths[:, None]]
