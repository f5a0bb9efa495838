"""Whole sequences and single steps of a recurrence, differentiable."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from elman.kernels.contract import LSTM, Noise, Recurrence, Tokens, Weights
from elman.operators import aten, loop, native
from elman.operators.check import check_arrays, check_noise, check_time, check_tokens
from elman.operators.choice import choose
from elman.operators.equations import advance, project
from elman.operators.notice import notice
from elman.state import LSTMState, RNNState

__all__ = ["step", "unroll"]


def unroll(
    recurrence: Recurrence,
    weights: Weights,
    inputs: Float[Tensor, "B T I"] | Tokens,
    initial_state: Any = None,
    *,
    lengths: Int[Tensor, "B"] | None = None,
    resets: Bool[Tensor, "B T"] | None = None,
    reverse: bool = False,
    noise: Noise | None = None,
    prepared: Any = None,
) -> tuple[Float[Tensor, "B T R"], Any]:
    """Run whole sequences by the implementation that `choose` names.

    `elman.kernels.contract` says what lengths, resets, direction, tokens and noise mean.

    Args:
        recurrence: `Simple`, `LSTM` or `GRU`.
        weights: The contract's NamedTuple of tensors.
        inputs: Of one dtype and device with weights and state; or tokens, whose embedding is.
        initial_state: `RNNState` or `LSTMState`; None means zeros.
        lengths: Steps to read of each row, in 0…T; None means all T.
        resets: Where a row's state becomes zero just before the step is read; None: nowhere.
        reverse: Read each row from its last step to its first.
        noise: Zoneout and recurrent dropout; None: none.
        prepared: What `elman.kernels.compiled.described` and `pack` made of the same weights; it
            is used where the compiled kernels run and nothing is differentiated.

    Returns:
        Outputs `[B, T, R]`, zero past each length, and the state after each row's last step.

    Raises:
        ShapeError: An array has another rank, size, dtype or device.
        ArgumentError: The weights' type does not fit the recurrence, a length is outside 0…T, an
            id that is read outside 0…V-1, or a rate outside [0, 1).

    >>> import torch
    >>> from elman.kernels.contract import RNNWeights, Simple
    >>> weights = RNNWeights(torch.ones(1, 1), torch.ones(1, 1), torch.zeros(1))
    >>> sums, state = unroll(Simple("relu"), weights, torch.tensor([[[1.0], [2.0], [3.0]]]))
    >>> sums.flatten().tolist(), state.hidden.item()
    ([1.0, 3.0, 6.0], 6.0)
    """
    if isinstance(inputs, Tokens):
        inputs = F.embedding(check_tokens(inputs, lengths), inputs.embedding)
    if initial_state is None:
        initial_state = _zero_state(recurrence, weights, inputs)
    check_arrays(recurrence, weights, inputs, initial_state, ("B", "T"), prepared is not None)
    lengths = check_time(inputs, lengths, resets)
    noise = check_noise(recurrence, inputs, noise)
    choice = choose(recurrence, weights, inputs, resets, noise)
    notice(choice, weights)
    if choice.kernel == "aten":
        return aten.unroll(recurrence, weights, inputs, initial_state, lengths, reverse)
    arguments = (recurrence, weights, inputs, initial_state, lengths, resets, reverse, noise)
    if choice.kernel == "native":
        return native.unroll(*arguments, prepared)
    return loop.unroll(*arguments)


def step(
    recurrence: Recurrence, weights: Weights, inputs: Float[Tensor, "B I"], state: Any
) -> tuple[Float[Tensor, "B R"], Any]:
    """One step: the outputs and the new state; in the bits of the loop.

    Raises:
        ShapeError: An array has another rank, size, dtype or device.
        ArgumentError: The weights' type does not fit the recurrence.

    >>> import torch
    >>> from elman.kernels.contract import RNNWeights, Simple
    >>> weights = RNNWeights(torch.ones(1, 1), torch.ones(1, 1), torch.zeros(1))
    >>> step(Simple("relu"), weights, torch.ones(1, 1), RNNState(torch.ones(1, 1)))[0].item()
    2.0
    """
    check_arrays(recurrence, weights, inputs, state, ("B",))
    return advance(recurrence, weights, project(recurrence, weights, inputs), state)


def _zero_state(recurrence: Recurrence, weights: Any, inputs: Tensor) -> RNNState | LSTMState:
    batch, recurrent = inputs.shape[0], weights.weight_hh.shape[1]
    hidden = weights.weight_hh.new_zeros(batch, recurrent)
    if isinstance(recurrence, LSTM):
        return LSTMState(hidden, hidden.new_zeros(batch, weights.weight_ih.shape[0] // 4))
    return RNNState(hidden)
