"""The simple recurrent cell."""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from elman.cells.builtin import BuiltInCell
from elman.cells.checks import check_size
from elman.cells.initialisers import initialise
from elman.kernels.contract import RNNWeights, Simple
from elman.state import RNNState

__all__ = ["RNNCell"]


class RNNCell(BuiltInCell):
    """h(t) = activation(W_ih x(t) + W_hh h(t-1) + b); the output is h(t). Elman 1990.

    >>> cell = RNNCell(3, 5)
    >>> outputs, state = cell(torch.ones(4, 3), cell.initial_state(4))
    >>> outputs.shape, state.hidden.shape
    (torch.Size([4, 5]), torch.Size([4, 5]))

    Weights start as Glorot uniform (input) and orthogonal (recurrent), the bias at zero;
    `elman.cells.initialise` changes that.

    Args:
        input_size: Features I of a step.
        hidden_size: Neurons H.
        activation: "tanh" or "relu".
        layer_norm: Normalise both products (Ba et al. 2016, arXiv 1607.06450v1).
        generator: Where the weights are drawn from; None means torch's default generator.
        device: Where the weights live.
        dtype: The weights' dtype; torch's default if None.

    Attributes:
        weight_ih: `[H, I]`.
        weight_hh: `[H, H]`.
        bias: `[H]`.
        norm_ih: `[H]`, or None without layer normalisation.
        norm_hh: `[H]`, or None without layer normalisation.

    Raises:
        ArgumentError: A size is not positive, or the activation is unknown.
    """

    weights_type = RNNWeights

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        activation: Literal["tanh", "relu"] = "tanh",
        layer_norm: bool = False,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.recurrence = Simple(activation)
        self.input_size = check_size("input_size", input_size)
        self.hidden_size = self.output_size = H = check_size("hidden_size", hidden_size)

        def parameter(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.empty(shape, device=device, dtype=dtype))

        self.weight_ih = parameter(H, input_size)
        self.weight_hh = parameter(H, H)
        self.bias = parameter(H)
        self.norm_ih = parameter(H) if layer_norm else None
        self.norm_hh = parameter(H) if layer_norm else None
        initialise(self, generator=generator)

    def initial_state(self, batch: int) -> RNNState:
        """Zeros: `RNNState(hidden [B, H])`."""
        return RNNState(self.weight_hh.new_zeros(batch, self.hidden_size))

    def extra_repr(self) -> str:
        """Sizes and options, for `print`."""
        norm = ", layer_norm=True" if self.norm_ih is not None else ""
        return (
            f"{self.input_size}, {self.hidden_size}, activation={self.recurrence.activation}{norm}"
        )
