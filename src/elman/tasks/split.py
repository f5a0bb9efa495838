"""Setting sequences aside: to choose the best epoch on, or to test the finished model on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from elman.errors import DataError, ShapeError
from elman.training.randomness import generator

__all__ = ["Split", "counted_groups", "split"]

_ORDERS = 10  # in which groups are tried


class Split(NamedTuple):
    """Row indices of both parts, sorted, and how they were chosen in words.

    Attributes:
        train: What is left.
        held_out: What was set aside; may be empty.
        how: In words.
        groups: How many groups are in both parts; None where there are none.
    """

    train: np.ndarray
    held_out: np.ndarray
    how: str
    groups: tuple[int, int] | None = None


def split(
    rows: int,
    share: float,
    seed: int,
    classes: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    mixed: bool = False,
) -> Split:
    """A random share of the rows, a pure function of the arguments.

    Args:
        rows: N, how many there are.
        share: Of each class (rounded), or of all rows, in (0, 1).
        seed: ≥ 0.
        classes: Class indices `[N]`: every class keeps at least one row for training. None
            draws from all rows alike.
        groups: Labels `[N]`: the rows of a group stay together. Of two groups or more at least one
            is set aside, unless a class were then without any; the share is met as nearly as whole
            groups allow.
        mixed: Whether a row has several classes, so that none can be drawn by: then that is said.
    """
    draws = generator(seed, "split")
    how = [] if classes is None else ["stratified by class"]
    told = None
    if groups is None:
        held_out = _single_rows(rows, share, draws, classes)
        how = how or ["at random, not by class: a sequence has several" if mixed else "at random"]
    else:
        names, index = np.unique(groups, return_inverse=True)
        chosen = _whole_groups(index, share, draws, classes)
        held_out = chosen[index]
        told = int((~chosen).sum()), int(chosen.sum())
        how.insert(0, f"{told[1]} of {len(names)} groups")
    aside = np.flatnonzero(held_out)
    said = f"{len(aside)} of {rows} sequences, {', '.join(how)}, seed {seed}"
    return Split(np.flatnonzero(~held_out), aside, said, told)


def counted_groups(groups: Any, rows: int, counted: np.ndarray | None = None) -> np.ndarray | None:
    """The groups of the sequences that count; None stays None.

    Args:
        groups: Labels `[N]`.
        rows: N.
        counted: Which sequences count, by their places; None: all.

    Raises:
        ShapeError: They are not one for each sequence.
        DataError: One is missing.
    """
    if groups is None:
        return None
    found = np.asarray(groups)
    if found.shape != (rows,):
        raise ShapeError("groups", f"shape {found.shape}", f"({rows},): a group for each sequence")
    missing = [n for n, one in enumerate(groups) if one is None or one != one]
    if missing:
        raise DataError(f"groups[{missing[0]}]", "no group", "a group for each sequence")
    found = found.astype(str) if found.dtype == object else found
    return found if counted is None else found[counted]


def _single_rows(
    rows: int, share: float, draws: np.random.Generator, classes: np.ndarray | None
) -> np.ndarray:
    """Which rows are set aside: bool `[N]`."""
    parts = [np.arange(rows)]
    if classes is not None:
        parts = [np.flatnonzero(classes == index) for index in np.unique(classes)]
    held_out = np.zeros(rows, dtype=bool)
    for part in parts:
        count = min(round(share * len(part)), len(part) - 1)
        held_out[draws.permutation(part)[:count]] = True
    if classes is None or held_out.any():
        return held_out
    # Of each of many small classes the share is less than half a row, of all together it is not.
    left, wanted = np.bincount(classes), round(share * rows)
    for row in draws.permutation(rows):
        if wanted and left[classes[row]] > 1:
            held_out[row] = True
            left[classes[row]] -= 1
            wanted -= 1
    return held_out


def _whole_groups(
    index: np.ndarray, share: float, draws: np.random.Generator, classes: np.ndarray | None
) -> np.ndarray:
    """Which groups are set aside: bool `[G]`.

    In random order those that bring the share nearer; of some orders the one that comes nearest.

    Args:
        index: The group of each row `[N]`, 0…G-1.
        share: See `split`, as what follows.
        draws: What is random about it.
        classes: `[N]`, or None.
    """
    kinds = np.zeros(len(index), np.int64) if classes is None else classes
    counts = np.zeros((index.max() + 1, kinds.max() + 1))
    np.add.at(counts, (index, kinds), 1)
    counts = counts[:, counts.any(axis=0)]
    total = counts.sum(axis=0)

    def distance(held: np.ndarray) -> float:
        return float((((held - share * total) / total) ** 2).sum())

    best, nearest = np.zeros(len(counts), bool), np.inf
    for _ in range(_ORDERS):
        chosen, held = np.zeros(len(counts), bool), np.zeros(len(total))
        for group in draws.permutation(len(counts)):
            taken = held + counts[group]
            if (taken < total).all() and (not held.any() or distance(taken) < distance(held)):
                chosen[group], held = True, taken
        if distance(held) < nearest:
            best, nearest = chosen, distance(held)
    return best
