"""What stands for what: torch.nn's two biases and the contract's, no state and zeros."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from elman.kernels.contract import GRU, Recurrence
from elman.state import LSTMState, RNNState

__all__ = ["merged", "zero_state"]


def merged(recurrence: Recurrence, weights: Any, second_bias: Tensor | None) -> Any:
    """The weights with torch.nn's second bias (bias_hh) in their own; as they are without one.

    A GRU's that resets after: sums for r and z; the candidate's two stay apart, for one stands
    inside the reset gate.

    >>> from elman.kernels.contract import GRUWeights
    >>> weights = GRUWeights(torch.ones(3, 1), torch.ones(3, 1), torch.tensor([1.0, 2.0, 3.0]))
    >>> found = merged(GRU(), weights, torch.tensor([10.0, 20.0, 30.0]))
    >>> found.bias.tolist(), found.recurrent_bias.tolist()
    ([11.0, 22.0, 3.0], [30.0])
    """
    if second_bias is None:
        return weights
    if not isinstance(recurrence, GRU) or not recurrence.reset_after:
        return weights._replace(bias=weights.bias + second_bias)
    units = second_bias.shape[0] // 3
    first, candidate = weights.bias.split([2 * units, units])
    second, inside = second_bias.split([2 * units, units])
    return weights._replace(bias=torch.cat([first + second, candidate]), recurrent_bias=inside)


def zero_state(
    recurrence: Recurrence, weights: Any, batch: int, like: Tensor | None = None
) -> RNNState | LSTMState:
    """The state that None stands for, in the weights' dtype and on their device.

    `like` makes it, as a tensor of its class, where the weights themselves shall not be asked.
    """
    maker: Tensor = weights.weight_hh if like is None else like
    dtype = weights.weight_hh.dtype
    return recurrence.zero_state(
        recurrence.sizes(weights), lambda size: maker.new_zeros(batch, size, dtype=dtype)
    )
