"""torch.nn's parameters as the kernels take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from elman.kernels.contract import (
    GRU,
    LSTM,
    GRUWeights,
    LSTMWeights,
    Recurrence,
    RNNWeights,
    Simple,
    Weights,
)

__all__ = ["CELL_PARAMETERS", "cell_weights", "layer_weights", "parameters_of"]

CELL_PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
"""What a torch.nn cell has, in the order in which torch's operators take it."""

_RECURRENCES: dict[str, Recurrence] = {
    "LSTM": LSTM(),
    "GRU": GRU(),
    "RNN_TANH": Simple("tanh"),
    "RNN_RELU": Simple("relu"),
}


def layer_weights(module: Any, index: int) -> tuple[Recurrence, Weights, Tensor | None]:
    """One layer and direction of a torch.nn.RNN, LSTM or GRU: its weights and its second bias.

    Args:
        module: The sequence module.
        index: The layer; of a bidirectional module twice that, plus 1 for the backward direction.
    """
    parameters = parameters_of(module, module._all_weights[index])
    return _as_kernels_take_them(module.mode, *parameters, bias=module.bias)


def cell_weights(module: Any) -> tuple[Recurrence, Weights, Tensor | None]:
    """A torch.nn.RNNCell, LSTMCell or GRUCell; as `layer_weights`."""
    if isinstance(module, torch.nn.RNNCell):
        mode = f"RNN_{module.nonlinearity.upper()}"
    else:
        mode = "LSTM" if isinstance(module, torch.nn.LSTMCell) else "GRU"
    names = CELL_PARAMETERS if module.bias else CELL_PARAMETERS[:2]
    return _as_kernels_take_them(mode, *parameters_of(module, names), bias=module.bias)


def parameters_of(module: Any, names: Sequence[str]) -> list[Any]:
    """Parameters by name; asking the module for each takes several times longer.

    What is none of the module's own parameters (parametrised, or a replica's) it is asked for.
    """
    held = module._parameters
    return [held[name] if name in held else getattr(module, name) for name in names]


def _as_kernels_take_them(
    mode: str, weight_ih: Tensor, weight_hh: Tensor, *rest: Tensor, bias: bool
) -> tuple[Recurrence, Weights, Tensor | None]:
    """`rest` holds bias_ih and bias_hh if there are biases, then weight_hr if there is one."""
    first, second = rest[:2] if bias else (weight_ih.new_zeros(weight_ih.shape[0]), None)
    if mode == "LSTM":
        projection = rest[-1] if len(rest) % 2 else None
        weights = LSTMWeights(weight_ih, weight_hh, first, projection=projection)
    else:
        weights = (GRUWeights if mode == "GRU" else RNNWeights)(weight_ih, weight_hh, first)
    return _RECURRENCES[mode], weights, second
