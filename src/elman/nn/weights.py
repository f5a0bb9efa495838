"""torch.nn's parameters as the kernels take them: its two biases become one."""

from __future__ import annotations

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

__all__ = ["recurrence_and_weights"]


def recurrence_and_weights(
    kind: str, module: torch.nn.Module, suffix: str = ""
) -> tuple[Recurrence, Weights]:
    """The recurrence `kind` ("LSTM", "GRU", "RNN_TANH", "RNN_RELU") with a module's parameters.

    Args:
        kind: As `torch.nn.RNNBase.mode` names it.
        module: Has `weight_ih`, `weight_hh` and perhaps `bias_ih`, `bias_hh`, `weight_hr`.
        suffix: What is appended to those names: "_l0", "_l1_reverse", …
    """

    def parameter(name: str) -> Any:
        return getattr(module, name + suffix, None)

    weight_ih, weight_hh = parameter("weight_ih"), parameter("weight_hh")
    bias_ih, bias_hh = parameter("bias_ih"), parameter("bias_hh")
    if kind == "GRU":
        return GRU(), GRUWeights(weight_ih, weight_hh, *_gru_biases(weight_hh, bias_ih, bias_hh))
    bias = weight_hh.new_zeros(len(weight_hh)) if bias_ih is None else bias_ih + bias_hh
    if kind == "LSTM":
        projection = parameter("weight_hr")
        return LSTM(), LSTMWeights(weight_ih, weight_hh, bias, projection=projection)
    return Simple("relu" if kind == "RNN_RELU" else "tanh"), RNNWeights(weight_ih, weight_hh, bias)


def _gru_biases(
    weight_hh: Tensor, bias_ih: Tensor | None, bias_hh: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Sums for r and z; the candidate's two stay apart, for one stands inside the reset gate."""
    if bias_ih is None or bias_hh is None:
        return weight_hh.new_zeros(len(weight_hh)), None
    gates = 2 * weight_hh.shape[1]
    return torch.cat([bias_ih[:gates] + bias_hh[:gates], bias_ih[gates:]]), bias_hh[gates:]
