"""What every implementation of a recurrence agrees on: layouts, time, noise, results.

What a recurrence is made of, gate orders included, it says itself: see `elman.recurrences`.

Letters: B batch, T time, I input size, H hidden size, R recurrent size (H, or the size of
an LSTM's projection), G number of gates.

Layouts (row-major, float32 or float64, one dtype per call):

- inputs `[B, T, I]` or `Tokens`, outputs `[B, T, R]`; states batch first: hidden `[B, R]`,
  cell `[B, H]`.
- `weight_ih [G·H, I]` and `weight_hh [G·H, R]`: gate blocks stacked along the first axis in
  the order of the recurrence's `blocks`, as torch.nn stacks them.
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

from typing import Any, NamedTuple, Protocol

import numpy as np

from elman.recurrences import (
    GRU,
    LSTM,
    PEEPHOLES,
    GRUWeights,
    LSTMWeights,
    Recurrence,
    RNNWeights,
    Simple,
    Weights,
)
from elman.state import LSTMState, RNNState

__all__ = [
    "GRU",
    "LSTM",
    "PEEPHOLES",
    "Forward",
    "GRUWeights",
    "Gradients",
    "Kernel",
    "LSTMWeights",
    "Noise",
    "RNNWeights",
    "Recurrence",
    "Simple",
    "Tokens",
    "Weights",
]

Array = Any  # numpy.ndarray or torch.Tensor, one kind in all of a call

State = RNNState | LSTMState

NORM_EPSILON = 1e-5
"""Added to the variance in layer normalisation."""


class Tokens(NamedTuple):
    """Inputs by number: step t of row b reads `embedding[ids[b, t]]`.

    Attributes:
        ids: `[B, T]` integers (`[B]` for one step) in 0…V-1. Past a row's length any number may
            stand: it is never read.
        embedding: `[V, I]` in the weights' dtype.
    """

    ids: Array
    embedding: Array


class Noise(NamedTuple):
    """What is random in a recurrence's state; each rate is a probability in [0, 1).

    At each step recurrent dropout acts first, on h(t-1) as it enters the step: each entry is zero
    with that rate, and what is kept is divided by 1 - rate. A GRU loses the entry altogether, in
    z·h(t-1) too. Then zoneout (Krueger et al. 2016, arXiv 1606.01305v4) acts on what the step
    gives: each entry of h(t), and of an LSTM's c(t), keeps with its rate the value it had before
    the step, undropped. The output is h(t) after zoneout.

    A mask is `elman.kernels.philox.keep_mask` of the row's key and the number of steps that the
    row made before, with a stream for each kind: 0 for zoneout of the hidden state, 1 for that of
    the cell, 2 for recurrent dropout. A reset sets the state to zero but not that number.

    Attributes:
        keys: `[B]` int64, one for each row. None: a network answers, nothing is drawn; zoneout
            gives the expectation rate·before + (1 - rate)·new, and dropout does nothing.
        steps: `[B]` int64: how many steps each row made before this call; None without keys.
        zoneout_hidden: Rate of zoneout of the hidden state.
        zoneout_cell: Rate of zoneout of an LSTM's cell.
        recurrent_dropout: Rate of recurrent dropout.
        variational: One dropout mask, step 0's, for all steps (Gal and Ghahramani 2016, arXiv
            1512.05287v5). Zoneout's differ from step to step all the same.
    """

    keys: Array | None
    steps: Array | None
    zoneout_hidden: float = 0.0
    zoneout_cell: float = 0.0
    recurrent_dropout: float = 0.0
    variational: bool = False

    @property
    def drops(self) -> bool:
        """Whether there is recurrent dropout to do."""
        return self.keys is not None and self.recurrent_dropout > 0

    @property
    def acts(self) -> bool:
        """Whether anything comes out other than without noise."""
        return self.drops or self.zoneout_hidden > 0 or self.zoneout_cell > 0


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
    """Gradients of a loss, in the shapes of what they belong to (None where that is None).

    `inputs` is the gradient by the embedding `[V, I]` where the inputs were tokens.
    """

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
        inputs: np.ndarray | Tokens,
        initial_state: State | None = None,
        *,
        lengths: np.ndarray | None = None,
        resets: np.ndarray | None = None,
        reverse: bool = False,
        noise: Noise | None = None,
        keep: bool = True,
    ) -> Forward:
        """Run whole sequences. `initial_state` None means zeros."""
        ...

    def backward(
        self, tape: Any, grad_outputs: np.ndarray, grad_final_state: State | None = None
    ) -> Gradients:
        """Gradients of a loss whose gradients by outputs and final state are given."""
        ...

    def step(
        self, recurrence: Recurrence, weights: Weights, inputs: np.ndarray | Tokens, state: State
    ) -> tuple[np.ndarray, Any]:
        """One step: inputs `[B, I]` (or ids `[B]`) and the state before it.

        Returns outputs and new state.
        """
        ...
