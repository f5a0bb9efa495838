"""What every implementation of a recurrence agrees on: gate orders, layouts, results.

Letters: B batch, T time, I input size, H hidden size, R recurrent size (H, or the size of
an LSTM's projection), G number of gates.

Layouts (row-major, float32 or float64, one dtype per call):

- inputs `[B, T, I]`, outputs `[B, T, R]`; states batch first: hidden `[B, R]`, cell `[B, H]`.
- `weight_ih [G·H, I]` and `weight_hh [G·H, R]`: gate blocks stacked along the first axis in
  the order of `LSTM_GATES` or `GRU_GATES`, as torch.nn stacks them.
- `lengths [B]` int64, each in 0…T; `resets [B, T]` bool. None stands for "all T" and "never".

What time means:

- Row b is read at steps 0…lengths[b]-1, or, with `reverse`, at steps lengths[b]-1…0. Outputs
  stand at the step that was read; past a row's length they are zero. Inputs past a length are
  never read: NaN there changes nothing, and their gradient is zero.
- The final state is the one after the last step that was read; a row of length 0 keeps its
  initial state.
- Where `resets[b, t]` is true the row's state becomes zero just before step t is read (in the
  order of reading), so no gradient flows through that point either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from elman.errors import ArgumentError
from elman.state import LSTMState, RNNState

__all__ = [
    "GRU",
    "GRU_GATES",
    "LSTM",
    "LSTM_GATES",
    "PEEPHOLES",
    "Forward",
    "GRUWeights",
    "Gradients",
    "Kernel",
    "LSTMWeights",
    "RNNWeights",
    "Recurrence",
    "Simple",
    "Weights",
]

LSTM_GATES = ("i", "f", "g", "o")
"""Input gate, forget gate, candidate, output gate."""
GRU_GATES = ("r", "z", "n")
"""Reset gate, update gate, candidate; h = (1 - z)·n + z·h(t-1)."""
PEEPHOLES = ("i", "f", "o")
"""The rows of an LSTM's `peephole [3, H]`: i and f see c(t-1), o sees c(t)."""

Array = Any  # numpy.ndarray or torch.Tensor, one kind in all of a call


@dataclass(frozen=True)
class Simple:
    """h(t) = activation(W_ih x(t) + W_hh h(t-1) + b). Elman 1990."""

    activation: Literal["tanh", "relu"] = "tanh"
    gates = 1

    def __post_init__(self) -> None:
        if self.activation not in ("tanh", "relu"):
            raise ArgumentError("activation", f"found {self.activation!r}", "use 'tanh' or 'relu'")


@dataclass(frozen=True)
class LSTM:
    """Long short-term memory; Hochreiter and Schmidhuber 1997, forget gate of Gers et al. 2000.

    Attributes:
        forget_bias: A constant added to the forget gate's pre-activation, on top of the bias.
        cell_clip: If given, c(t) is clipped to [-cell_clip, cell_clip] before it is used.
    """

    forget_bias: float = 0.0
    cell_clip: float | None = None
    gates = 4

    def __post_init__(self) -> None:
        if self.cell_clip is not None and not self.cell_clip > 0:
            raise ArgumentError(
                "cell_clip", f"found {self.cell_clip}", "give a positive bound, or None"
            )


@dataclass(frozen=True)
class GRU:
    """Gated recurrent unit; Cho et al. 2014 (arXiv 1406.1078v3).

    Attributes:
        reset_after: True: the reset gate multiplies the candidate's recurrent product, bias
            included, as cuDNN and torch.nn do. False: it multiplies h(t-1) before that
            product, as the paper and TensorFlow 1 do.
    """

    reset_after: bool = True
    gates = 3


Recurrence = Simple | LSTM | GRU


class RNNWeights(NamedTuple):
    """Weights of `Simple`.

    `norm_ih [H]` and `norm_hh [H]` are the gains of layer normalisation (Ba et al. 2016, arXiv
    1607.06450v1) of the input's and the recurrent product; both or neither are given.
    """

    weight_ih: Array  # [H, I]
    weight_hh: Array  # [H, H]
    bias: Array  # [H]
    norm_ih: Array | None = None
    norm_hh: Array | None = None


class LSTMWeights(NamedTuple):
    """Weights of `LSTM`.

    With layer normalisation the products W_ih x and W_hh h are each normalised over all 4·H
    entries and scaled by `norm_ih [4·H]`, `norm_hh [4·H]`; the cell is normalised over its H
    entries before the last tanh: gain `norm_cell[0]`, bias `norm_cell[1]`. All three or none.
    """

    weight_ih: Array  # [4·H, I]
    weight_hh: Array  # [4·H, R]
    bias: Array  # [4·H]
    peephole: Array | None = None  # [3, H]: i, f, o
    projection: Array | None = None  # [R, H]: h(t) = projection · (o · tanh c)
    norm_ih: Array | None = None
    norm_hh: Array | None = None
    norm_cell: Array | None = None  # [2, H]


class GRUWeights(NamedTuple):
    """Weights of `GRU`.

    With layer normalisation the products for r and z are normalised together over their 2·H
    entries and the candidate's over its H; gains `norm_ih [3·H]`, `norm_hh [3·H]`.
    """

    weight_ih: Array  # [3·H, I]
    weight_hh: Array  # [3·H, H]
    bias: Array  # [3·H]
    recurrent_bias: Array | None = None  # [H], inside the reset gate; reset_after only
    norm_ih: Array | None = None
    norm_hh: Array | None = None


Weights = RNNWeights | LSTMWeights | GRUWeights
State = RNNState | LSTMState

NORM_EPSILON = 1e-5
"""Added to the variance in layer normalisation."""


class Forward(NamedTuple):
    """What a forward pass returns.

    Attributes:
        outputs: `[B, T, R]`, zero past each row's length.
        final_state: The state after each row's last step.
        tape: What `backward` needs, private to the implementation; None if `keep` was false.
    """

    outputs: np.ndarray
    final_state: Any
    tape: Any


class Gradients(NamedTuple):
    """Gradients of a loss, in the shapes of what they belong to (None where that is None)."""

    inputs: np.ndarray
    initial_state: Any
    weights: Any


class Kernel(Protocol):
    """An implementation of the recurrences over NumPy arrays.

    `elman.kernels.reference` and `elman.kernels.native` each offer these as module functions.
    """

    def supports(self, recurrence: Recurrence, weights: Weights) -> str | None:
        """None if this implementation can run these weights, else the reason why not."""
        ...

    def forward(
        self,
        recurrence: Recurrence,
        weights: Weights,
        inputs: np.ndarray,
        initial_state: Any = None,
        *,
        lengths: np.ndarray | None = None,
        resets: np.ndarray | None = None,
        reverse: bool = False,
        keep: bool = True,
    ) -> Forward:
        """Run whole sequences. `initial_state` None means zeros."""
        ...

    def backward(
        self, tape: Any, grad_outputs: np.ndarray, grad_final_state: Any = None
    ) -> Gradients:
        """Gradients of a loss whose gradients by outputs and final state are given."""
        ...

    def step(
        self, recurrence: Recurrence, weights: Weights, inputs: np.ndarray, state: Any
    ) -> tuple[np.ndarray, Any]:
        """One step: inputs `[B, I]` and the state before it; returns outputs and new state."""
        ...
