"""What is computed at one point of the grid: its sizes, its numbers, its operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

__all__ = ["CELLS", "GATES", "Numbers", "Problem", "draw", "lengths", "sample"]

GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}
CELLS = tuple(GATES)


@dataclass(frozen=True)
class Problem:
    """One layer of one cell over a whole batch: forward, or forward and backward.

    Backward means the gradients of all weights from given gradients of the outputs. The inputs
    are data: nobody computes their gradient.
    """

    cell: str
    batch: int
    steps: int
    inputs: int
    hidden: int
    training: bool

    @property
    def size(self) -> str:
        """B, T, I and H as the command line takes them.

        >>> Problem("GRU", 16, 1000, 1, 32, training=True).size
        '16x1000x1x32'
        """
        return f"{self.batch}x{self.steps}x{self.inputs}x{self.hidden}"

    @property
    def operations(self) -> int:
        """Floating-point operations of the matrix products alone, an addition counting as one.

        Forward: the input and the recurrent product. Backward: both weights' gradients, and the
        recurrent product back through time.

        >>> Problem("RNN", 1, 1, 2, 10, training=False).operations
        240
        >>> Problem("RNN", 1, 1, 2, 10, training=True).operations
        680
        """
        rows = self.batch * self.steps * GATES[self.cell] * self.hidden
        forward = self.inputs + self.hidden
        backward = self.inputs + 2 * self.hidden
        return 2 * rows * (forward + backward * self.training)


class Numbers(NamedTuple):
    """Float32 arrays, weights in torch's layouts and gate orders (i, f, g, o; r, z, n)."""

    inputs: np.ndarray  # [B, T, I]
    weight_ih: np.ndarray  # [G·H, I]
    weight_hh: np.ndarray  # [G·H, H]
    bias_ih: np.ndarray  # [G·H]
    bias_hh: np.ndarray  # [G·H]
    grad_outputs: np.ndarray  # [B, T, H]


def draw(problem: Problem) -> Numbers:
    """The same numbers for everybody: weights as torch draws them, the rest normal."""
    batch, steps, inputs, hidden = problem.batch, problem.steps, problem.inputs, problem.hidden
    rows = GATES[problem.cell] * hidden
    random = np.random.default_rng([batch, steps, inputs, hidden])

    def weight(*shape: int) -> np.ndarray:
        return random.uniform(-(hidden**-0.5), hidden**-0.5, shape).astype(np.float32)

    return Numbers(
        random.standard_normal((batch, steps, inputs), dtype=np.float32),
        weight(rows, inputs),
        weight(rows, hidden),
        weight(rows),
        weight(rows),
        random.standard_normal((batch, steps, hidden), dtype=np.float32),
    )


def sample(outputs: np.ndarray) -> np.ndarray:
    """Some steps of outputs `[B, T, H]`, the last among them: enough to tell networks apart."""
    return outputs[:, :: -max(1, outputs.shape[1] // 8)].copy()


def lengths(problem: Problem) -> np.ndarray:
    """Lengths `[B]` of a ragged batch: evenly from 1 to T, the longest included, shuffled."""
    even = np.linspace(1, problem.steps, problem.batch).round().astype(np.int64)
    return np.random.default_rng(0).permutation(even)
