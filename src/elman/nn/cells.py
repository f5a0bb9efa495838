"""Twins of torch.nn.RNNCell, LSTMCell and GRUCell: torch's classes with checks that explain.

A single step has nothing for a kernel to gain, so it is torch's own operator that computes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from elman.errors import ShapeError
from elman.nn.weights import CELL_PARAMETERS, parameters_of
from elman.state import map_leaves

__all__ = ["GRUCell", "LSTMCell", "RNNCell"]


class RNNCell(torch.nn.RNNCell):
    """`torch.nn.RNNCell`.

    >>> RNNCell(3, 5)(torch.ones(2, 3)).shape
    torch.Size([2, 5])
    """

    def forward(
        self, input: Float[Tensor, "*B I"], hx: Float[Tensor, "*B H"] | None = None
    ) -> Float[Tensor, "*B H"]:
        """As torch's: one step, batched or not; under autocast in the weights' own dtype.

        Raises:
            ShapeError: A rank or size of `input` or `hx` does not fit.
        """
        operator = torch.rnn_relu_cell if self.nonlinearity == "relu" else torch.rnn_tanh_cell
        return _step(operator, self, input, hx)


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
        """As torch's; as `RNNCell.forward`."""
        return _step(torch.lstm_cell, self, input, hx)


class GRUCell(torch.nn.GRUCell):
    """`torch.nn.GRUCell`.

    >>> GRUCell(3, 5)(torch.ones(3)).shape
    torch.Size([5])
    """

    def forward(
        self, input: Float[Tensor, "*B I"], hx: Float[Tensor, "*B H"] | None = None
    ) -> Float[Tensor, "*B H"]:
        """As torch's; as `RNNCell.forward`."""
        return _step(torch.gru_cell, self, input, hx)


def _step(operator: Callable[..., Any], module: Any, input: Tensor, hx: Any) -> Any:
    """One step by torch's `operator`, which takes batches and a state only."""
    _check(module, input, hx)
    device = input.device.type
    if torch.is_autocast_enabled(device):  # as the sequence modules: in the weights' own dtype
        dtype = module.weight_ih.dtype
        hx = None if hx is None else map_leaves(lambda leaf: leaf.to(dtype), hx)
        with torch.autocast(device, enabled=False):
            return _step(operator, module, input.to(dtype), hx)
    if input.dim() == 1:
        hx = None if hx is None else map_leaves(lambda leaf: leaf.unsqueeze(0), hx)
        after = _step(operator, module, input.unsqueeze(0), hx)
        return map_leaves(lambda leaf: leaf.squeeze(0), after)
    if hx is None:
        zeros = input.new_zeros(len(input), module.hidden_size)
        hx = (zeros, zeros) if operator is torch.lstm_cell else zeros
    return operator(input, hx, *parameters_of(module, CELL_PARAMETERS))


def _check(module: Any, input: Tensor, hx: Any) -> None:
    shape = input.shape
    if len(shape) not in (1, 2) or shape[-1] != module.input_size:
        sizes = f"[B, {module.input_size}], or [{module.input_size}] unbatched"
        raise _shape_error(module, "input", shape, sizes)
    if hx is None:
        return
    expected = (*shape[:-1], module.hidden_size)
    for leaf in (hx,) if isinstance(hx, Tensor) else hx:
        if leaf.shape != expected:
            raise _shape_error(module, "hx", leaf.shape, list(expected))


def _shape_error(module: Any, name: str, found: Any, expected: Any) -> ShapeError:
    where = f"{type(module).__name__} {name}"
    return ShapeError(where, f"found shape {list(found)}", f"pass shape {expected}")
