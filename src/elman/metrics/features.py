"""What a model without memory sees of a sequence: the input of the linear baselines."""

from __future__ import annotations

import re
from typing import Protocol

import numpy as np

from elman.errors import ArgumentError, ShapeError

__all__ = [
    "Sequences",
    "averaged",
    "check_chosen",
    "chosen_steps",
    "counted",
    "flattened",
    "real_steps",
    "step_weights",
    "weights_of_steps",
]

_STRETCH = re.compile(r"(\d{0,18}):(\d{0,18})", re.ASCII)


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

    Args:
        values: `[N, T, …]`.
        lengths: Whole numbers `[N]`, at most T.

    Raises:
        ShapeError: The two do not fit each other.
    """
    if values.ndim < 2 or lengths.shape != values.shape[:1]:
        raise ShapeError(
            "values",
            f"shape {values.shape} beside lengths {lengths.shape}",
            "pass [N, T, …], [N]",
        )
    return values[np.arange(values.shape[1]) < lengths[:, None]]


def check_chosen(chosen: str) -> tuple[int, int | None] | None:
    """First step and the one after the last (None: to the end); None for the last step alone.

    >>> check_chosen("100:200"), check_chosen("5:"), check_chosen("last")
    ((100, 200), (5, None), None)

    Raises:
        ArgumentError: It is neither "last" nor a stretch of at least one step.
    """
    if chosen == "last":
        return None
    found = _STRETCH.fullmatch(chosen) if isinstance(chosen, str) else None
    if found is not None:
        first, end = int(found[1] or 0), int(found[2]) if found[2] else None
        if end is None or first < end:
            return first, end
    raise ArgumentError("cost_steps", f"found {chosen!r}", 'give steps as "100:200", or "last"')


def chosen_steps(chosen: str | None, lengths: np.ndarray, steps: int) -> np.ndarray:
    """Which steps count: real ones, and of those the chosen.

    >>> chosen_steps("1:", np.array([3, 1]), 3).tolist()
    [[False, True, True], [False, False, False]]

    Args:
        chosen: As `check_chosen` has it; None: all.
        lengths: `[N]`.
        steps: T.

    Returns:
        `[N, T]` bool.
    """
    time = np.arange(steps)
    if chosen is None:
        return time < lengths[:, None]
    stretch = check_chosen(chosen)
    if stretch is None:
        return time == lengths[:, None] - 1
    first, end = stretch
    return (time >= first) & (time < np.minimum(lengths, steps if end is None else end)[:, None])


def step_weights(
    sequences: Sequences, weight: np.ndarray | None, chosen: str | None
) -> np.ndarray | None:
    """How much each step counts: `[N, T]`; or, where all do alike, how much each sequence: `[N]`.

    Raises:
        ArgumentError: No sequence has a chosen step.
    """
    if chosen is None:
        return weight
    mask = chosen_steps(chosen, sequences.lengths, sequences.values.shape[1])
    if not mask.any():
        longest = int(sequences.lengths.max(initial=0))
        raise ArgumentError(
            "cost_steps", f"found {chosen!r}", f"steps of sequences that have at most {longest}"
        )
    if weight is None:
        return mask * 1.0
    return mask * (weight if weight.ndim == 2 else weight[:, None])


def counted(
    sequences: Sequences, weight: np.ndarray | None, chosen: str | None = None
) -> np.ndarray | None:
    """Which sequences count `[N]`, or which steps `[N, T]`, as bool; None: all of them.

    Those of weight 0 do not, nor steps that were not chosen. Arguments and errors as of
    `step_weights`.
    """
    weight = step_weights(sequences, weight, chosen)
    return None if weight is None else weight > 0


def weights_of_steps(weight: np.ndarray | None, lengths: np.ndarray) -> np.ndarray | None:
    """The weights of all real steps, row after row `[sum of lengths]`; None stays None.

    >>> weights_of_steps(np.array([2.0, 3.0]), np.array([2, 1])).tolist()
    [2.0, 2.0, 3.0]

    Args:
        weight: Of each sequence `[N]`, or of each step `[N, T]`.
        lengths: `[N]`.
    """
    if weight is None:
        return None
    return real_steps(weight, lengths) if weight.ndim == 2 else np.repeat(weight, lengths)
