"""Tiny data sets that the tests of the tasks share."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.tasks import Classifier

TINY: dict[str, Any] = {
    "cell": "gru",
    "units": 6,
    "epochs": 2,
    "batch_size": 16,
    "learning_rate": 0.03,
    "threads": 1,
}


def tiny_classifier(**changes: Any) -> Classifier:
    """A classifier that trains in a moment, without baselines."""
    return Classifier(**TINY | {"baselines": False} | changes)


def classes(rows: int = 60, ragged: bool = False, seed: int = 0) -> tuple[Any, np.ndarray]:
    """Three classes, told apart by the mean of the first of two features."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(rows) % 3)
    X = rng.normal(size=(rows, 6, 2)).astype(np.float32)
    X[:, :, 0] += 3.0 * (y[:, None] - 1)
    if not ragged:
        return X, y
    lengths = rng.integers(2, 7, rows)
    return [row[:n] for row, n in zip(X, lengths, strict=True)], y


def sums(rows: int = 60, ragged: bool = False, seed: int = 0) -> tuple[Any, Any, Any]:
    """Sequences, the sum of each, and its running sum after each step (100 added, times 10)."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 5, 1)).astype(np.float32)
    lengths = rng.integers(1, 6, rows) if ragged else np.full(rows, 5)
    rows_ = [row[:n] for row, n in zip(X, lengths, strict=True)]
    running = [100 + 10 * row[:, 0].astype(float).cumsum() for row in rows_]
    total = np.array([row[-1] for row in running])
    return (rows_, total, running) if ragged else (X, total, np.stack(running))
