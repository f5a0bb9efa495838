"""Setting sequences aside to choose the best epoch on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from elman.training.randomness import generator

__all__ = ["Split", "split"]


class Split(NamedTuple):
    """Row indices of both parts, sorted, and how they were chosen in words."""

    train: np.ndarray
    validation: np.ndarray
    how: str


def split(rows: int, share: float, seed: int, classes: np.ndarray | None = None) -> Split:
    """A random share of the rows, a pure function of the arguments.

    Args:
        rows: N, how many there are.
        share: Of each class (rounded), or of all rows, in (0, 1).
        seed: ≥ 0.
        classes: Class indices `[N]`: every class keeps at least one row for training. None
            draws from all rows alike.
    """
    draws = generator(seed, "split")
    groups = [np.arange(rows)]
    if classes is not None:
        groups = [np.flatnonzero(classes == index) for index in np.unique(classes)]
    held_out = np.zeros(rows, dtype=bool)
    for group in groups:
        count = min(round(share * len(group)), len(group) - 1)
        held_out[draws.permutation(group)[:count]] = True
    how = "at random" if classes is None else "stratified by class"
    validation = np.flatnonzero(held_out)
    return Split(
        np.flatnonzero(~held_out),
        validation,
        f"{len(validation)} of {rows} sequences, {how}, seed {seed}",
    )
