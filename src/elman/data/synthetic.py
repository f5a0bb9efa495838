"""Problems made by a formula, which a network solves only if it remembers.

Each is a pure function of its sizes and a seed, the same on every machine.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from elman.errors import ArgumentError

__all__ = ["ADDING_BASELINE", "Copying", "adding", "copying"]

ADDING_BASELINE = 1 / 6
"""Mean squared error of always answering 1 to `adding`: the variance of a sum of two values."""


def adding(
    rows: int, steps: int, seed: int
) -> tuple[Float[np.ndarray, "N T 2"], Float[np.ndarray, "N 1"]]:
    """The adding problem: the sum of the two values that are marked.

    Hochreiter and Schmidhuber 1997, problem 4, in the form of Arjovsky et al. 2016 (arXiv
    1511.06464v4, section 4.2): the first feature is uniform in [0, 1), the second zero but for two
    ones, the first in the first half of the sequence, the other in the second half. (The
    original has values in [-1, 1), both marks in the first half, and lengths that differ.)

    >>> inputs, targets = adding(rows=3, steps=10, seed=0)
    >>> inputs.shape, targets.shape
    ((3, 10, 2), (3, 1))
    >>> marked = (inputs[..., 0] * inputs[..., 1]).sum(axis=1, keepdims=True)
    >>> bool(np.allclose(marked, targets))
    True

    Args:
        rows: N, ≥ 1.
        steps: T, ≥ 2; the first half has T // 2 of them.
        seed: ≥ 0.

    Returns:
        Inputs and targets, float32. `ADDING_BASELINE` is the error without memory.

    Raises:
        ArgumentError: A number is below its least.
    """
    _check(rows=(rows, 1), steps=(steps, 2), seed=(seed, 0))
    draws = np.random.Generator(np.random.Philox(seed))
    inputs = np.zeros((rows, steps, 2), np.float32)
    inputs[..., 0] = draws.random((rows, steps), np.float32)
    first = draws.integers(steps // 2, size=rows)
    second = draws.integers(steps // 2, steps, size=rows)
    row = np.arange(rows)
    inputs[row, first, 1] = inputs[row, second, 1] = 1
    targets = inputs[row, first, 0] + inputs[row, second, 0]
    return inputs, targets[:, None]


class Copying(NamedTuple):
    """The copy task's data.

    Attributes:
        inputs: `[N, T, K + 2]` float32, one-hot: K classes, the blank, the sign to begin.
        targets: `[N, T]` int64 in 0…K: a class, or K, the blank.
        scored: `[T]`, true at the steps whose target is a symbol.
    """

    inputs: Float[np.ndarray, "N T C"]
    targets: Int[np.ndarray, "N T"]
    scored: Bool[np.ndarray, "T"]

    @property
    def baseline_accuracy(self) -> float:
        """The share of symbols that a guess without memory gets right: 1 / K."""
        return 1 / (self.inputs.shape[2] - 2)


def copying(rows: int, lag: int, symbols: int = 10, classes: int = 8, *, seed: int) -> Copying:
    """The copy task: keep some symbols for a while, and put them out on a sign.

    Hochreiter and Schmidhuber 1997 in the form of Arjovsky et al. 2016 (arXiv 1511.06464v4,
    section 4.1). A row of T = lag + 2·symbols steps reads S symbols, lag - 1 blanks, the sign,
    and S blanks; its targets are lag + S blanks, then the symbols in their order.

    >>> task = copying(rows=2, lag=3, symbols=2, classes=4, seed=2)
    >>> task.inputs.argmax(axis=2)[0].tolist(), task.targets[0].tolist()
    ([3, 2, 4, 4, 5, 4, 4], [4, 4, 4, 4, 4, 3, 2])
    >>> np.flatnonzero(task.scored).tolist(), task.baseline_accuracy
    ([5, 6], 0.25)

    Args:
        rows: N, ≥ 1.
        lag: Steps from the last symbol to the sign, ≥ 1.
        symbols: S, ≥ 1.
        classes: K, ≥ 2.
        seed: ≥ 0.

    Raises:
        ArgumentError: A number is below its least.
    """
    _check(rows=(rows, 1), lag=(lag, 1), symbols=(symbols, 1), classes=(classes, 2), seed=(seed, 0))
    draws = np.random.Generator(np.random.Philox(seed))
    kept = draws.integers(classes, size=(rows, symbols))
    steps, blank, sign = lag + 2 * symbols, classes, classes + 1
    read = np.full((rows, steps), blank, np.int64)
    read[:, :symbols] = kept
    read[:, symbols + lag - 1] = sign
    targets = np.full((rows, steps), blank, np.int64)
    targets[:, -symbols:] = kept
    inputs = np.eye(classes + 2, dtype=np.float32)[read]
    return Copying(inputs, targets, np.arange(steps) >= steps - symbols)


def _check(**given: tuple[int, int]) -> None:
    """An error for the first number that is no integer, or below its least."""
    for name, (value, least) in given.items():
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not whole or value < least:
            raise ArgumentError(name, f"found {value!r}", f"a whole number of at least {least}")
