"""The nearest training sequence by dynamic time warping: what classifiers of series are held to.

Sakoe and Chiba 1978: steps of two sequences are paired in order, and the distance is the least sum
of squared differences. No window bounds the warping, and several features are warped together.

>>> import numpy as np
>>> a, b = np.array([[0.0], [1.0], [2.0]]), np.array([[0.0], [0.0], [1.0], [2.0]])
>>> distances(a, [b, a + 1])
array([0., 2.], dtype=float32)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

__all__ = ["distances", "nearest"]


def nearest(
    train: Sequence[Float[np.ndarray, "T I"]],
    labels: np.ndarray,
    test: Sequence[Float[np.ndarray, "T I"]],
    told: Callable[[int], None] = lambda done: None,
) -> np.ndarray:
    """The label of each test sequence's nearest training sequence; of equals the first's.

    Args:
        train: Each `[T_i, I]`.
        labels: Of these.
        test: Likewise.
        told: Is told how many are done.
    """
    found = []
    for done, row in enumerate(test, start=1):
        found.append(labels[int(distances(row, train).argmin())])
        told(done)
    return np.array(found)


def distances(
    row: Float[np.ndarray, "T I"], others: Sequence[Float[np.ndarray, "T I"]]
) -> Float[np.ndarray, "N"]:
    """From one sequence to each of N others.

    Along the diagonals of the table of all pairs of steps, for all N at once.
    """
    lengths = np.array([len(one) for one in others])
    steps, width = len(row), int(lengths.max())
    padded = np.zeros((width, row.shape[1], len(others)), np.float32)
    for n, one in enumerate(others):
        padded[: len(one), :, n] = one
    row = np.asarray(row, np.float32)
    # Of each diagonal i + j: by i, with a row of infinity in front.
    last = before = np.full((steps + 1, len(others)), np.inf, np.float32)
    found = np.empty(len(others), np.float32)
    for diagonal in range(steps + width - 1):
        low, high = max(0, diagonal - width + 1), min(diagonal, steps - 1) + 1
        columns = padded[diagonal - high + 1 : diagonal - low + 1][::-1]
        cost = np.square(row[low:high, :, None] - columns).sum(axis=1)
        now = np.full_like(last, np.inf)
        if diagonal:
            least = np.minimum(last[low:high], last[low + 1 : high + 1])
            cost += np.minimum(least, before[low:high])
        now[low + 1 : high + 1] = cost
        ended = lengths - 1 == diagonal - (steps - 1)
        found[ended] = now[steps, ended]
        before, last = last, now
    return found
