"""Twins of torch.nn.RNNCell, LSTMCell and GRUCell: torch's classes with another `forward`."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from elman import operators
from elman.errors import ShapeError
from elman.nn.weights import recurrence_and_weights
from elman.state import LSTMState, RNNState, map_leaves

__all__ = ["GRUCell", "LSTMCell", "RNNCell"]


class RNNCell(torch.nn.RNNCell):
    """`torch.nn.RNNCell`.

    >>> RNNCell(3, 5)(torch.ones(2, 3)).shape
    torch.Size([2, 5])
    """

    def forward(
        self, input: Float[Tensor, "*B I"], hx: Float[Tensor, "*B H"] | None = None
    ) -> Float[Tensor, "*B H"]:
        """As torch's: one step, batched or not.

        Raises:
            ShapeError: A rank or size of `input` or `hx` does not fit.
        """
        kind = "RNN_RELU" if self.nonlinearity == "relu" else "RNN_TANH"
        return _step(kind, self, input, (hx,)).hidden


class LSTMCell(torch.nn.LSTMCell):
    """`torch.nn.LSTMCell`.

    >>> hidden, cell = LSTMCell(3, 5)(torch.ones(2, 3))
    >>> hidden.shape, cell.shape
    (torch.Size([2, 5]), torch.Size([2, 5]))
    """

    def forward(
        self,
        input: Float[Tensor, "*B I"],
        hx: tuple[Float[Tensor, "*B H"], Float[Tensor, "*B H"]] | None = None,
    ) -> tuple[Float[Tensor, "*B H"], Float[Tensor, "*B H"]]:
        """As torch's: one step, batched or not; errors as `RNNCell.forward`."""
        state = _step("LSTM", self, input, (None, None) if hx is None else hx)
        return state.hidden, state.cell


class GRUCell(torch.nn.GRUCell):
    """`torch.nn.GRUCell`.

    >>> GRUCell(3, 5)(torch.ones(3)).shape
    torch.Size([5])
    """

    def forward(
        self, input: Float[Tensor, "*B I"], hx: Float[Tensor, "*B H"] | None = None
    ) -> Float[Tensor, "*B H"]:
        """As torch's: one step, batched or not; errors as `RNNCell.forward`."""
        return _step("GRU", self, input, (hx,)).hidden


def _step(kind: str, module: Any, input: Tensor, hx: Any) -> Any:
    """The state after one step; `hx` holds its arrays before, None for zeros."""
    batched = input.dim() == 2
    _check(module, "input", input, input.shape[:-1], module.input_size)
    if input.dim() not in (1, 2):
        raise ShapeError(
            f"{type(module).__name__} input",
            f"found shape {list(input.shape)}",
            "pass [B, I], or [I] unbatched",
        )
    rows = input if batched else input.unsqueeze(0)
    leaves = []
    for leaf in hx:
        if leaf is None:
            leaf = rows.new_zeros(len(rows), module.hidden_size)
        else:
            _check(module, "hx", leaf, input.shape[:-1], module.hidden_size)
            leaf = leaf if batched else leaf.unsqueeze(0)
        leaves.append(leaf)
    state = LSTMState(*leaves) if kind == "LSTM" else RNNState(*leaves)
    _, state = operators.step(*recurrence_and_weights(kind, module), rows, state)
    return state if batched else map_leaves(lambda leaf: leaf.squeeze(0), state)


def _check(module: Any, name: str, tensor: Tensor, batch: torch.Size, size: int) -> None:
    expected = [*batch, size]
    if list(tensor.shape) != expected:
        raise ShapeError(
            f"{type(module).__name__} {name}",
            f"found shape {list(tensor.shape)}",
            f"pass shape {expected}",
        )
