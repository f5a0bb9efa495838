"""Twins of torch.nn.RNNCell, LSTMCell and GRUCell: torch's classes with checks that explain.

A single step has nothing for a kernel to gain, so torch's own operators compute it; but where it is
learnt from, an LSTM's or a GRU's goes back faster by `elman.operators.stepping`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.amp.autocast_mode import is_autocast_available

from elman.errors import TwinShapeError
from elman.nn.checks import check_types
from elman.nn.weights import CELL_PARAMETERS, parameters_of
from elman.operators.stepping import step
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
            TwinShapeError: A rank, size or dtype of `input` or `hx` does not fit.
            RuntimeError: As torch's: the nonlinearity is neither "tanh" nor "relu".
        """
        if self.nonlinearity not in _OPERATORS:
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return _step(_OPERATORS[self.nonlinearity], self, input, hx)


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


_LEARNT = {torch.lstm_cell: "lstm", torch.gru_cell: "gru_after"}  # that a step of ours learns
_OPERATORS = {"tanh": torch.rnn_tanh_cell, "relu": torch.rnn_relu_cell}


def _step(operator: Callable[..., Any], module: Any, input: Tensor, hx: Any) -> Any:
    """One step by torch's `operator`, which takes batches and a state only.

    Operators check what they are given, but in words about matrices: only when one refuses is it
    asked here what does not fit. Asking each time would take as long as a small step.
    """
    hx = tuple(hx) if isinstance(hx, list) else hx
    if not isinstance(input, Tensor):
        check_types(module, input, hx, lstm=operator is torch.lstm_cell)
    device = input.device.type
    if is_autocast_available(device) and torch.is_autocast_enabled(device):
        check_types(module, input, hx, lstm=operator is torch.lstm_cell)
        dtype = module.weight_ih.dtype  # as the sequence modules: in the weights' own dtype
        hx = None if hx is None else map_leaves(lambda leaf: leaf.to(dtype), hx)
        with torch.autocast(device, enabled=False):
            return _step(operator, module, input.to(dtype), hx)
    if input.dim() != 2:
        _check(operator, module, input, hx)
        hx = None if hx is None else map_leaves(lambda leaf: leaf.unsqueeze(0), hx)
        after = _step(operator, module, input.unsqueeze(0), hx)
        return map_leaves(lambda leaf: leaf.squeeze(0), after)
    if hx is None:
        zeros = input.new_zeros(input.shape[0], module.hidden_size)
        hx = (zeros, zeros) if operator is torch.lstm_cell else zeros
    parameters = parameters_of(module, CELL_PARAMETERS)
    try:
        found = None
        if operator in _LEARNT:
            found = step(_LEARNT[operator], input, hx, parameters)
        return operator(input, hx, *parameters) if found is None else found
    except (RuntimeError, TypeError):
        _check(operator, module, input, hx)
        raise


def _check(operator: Callable[..., Any], module: Any, input: Tensor, hx: Any) -> None:
    check_types(module, input, hx, lstm=operator is torch.lstm_cell)
    shape = input.shape
    if len(shape) not in (1, 2) or shape[-1] != module.input_size:
        sizes = f"[B, {module.input_size}], or [{module.input_size}] unbatched"
        raise _misfit(module, "input", f"shape {list(shape)}", f"shape {sizes}")
    _check_kind(module, "input", input)
    if hx is None:
        return
    expected = (*shape[:-1], module.hidden_size)
    for leaf in (hx,) if isinstance(hx, Tensor) else hx:
        if leaf.shape != expected:
            raise _misfit(module, "hx", f"shape {list(leaf.shape)}", f"shape {list(expected)}")
        _check_kind(module, "hx", leaf)


def _check_kind(module: Any, name: str, tensor: Tensor) -> None:
    weight = module.weight_ih
    if tensor.dtype != weight.dtype or tensor.device != weight.device:
        found = f"{tensor.dtype} on {tensor.device}"
        raise _misfit(module, name, found, f"{weight.dtype} on {weight.device}, as the weights")


def _misfit(module: Any, name: str, found: str, expected: str) -> TwinShapeError:
    where = f"{type(module).__name__} {name}"
    return TwinShapeError(where, f"found {found}", f"pass {expected}")
