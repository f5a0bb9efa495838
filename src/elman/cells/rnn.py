"""The simple recurrent cell."""

from __future__ import annotations

from typing import Literal

import torch

from elman.cells.builtin import BuiltInCell
from elman.recurrences import Simple

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

    recurrence_type = Simple

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
        super().__init__(
            Simple(activation),
            input_size,
            hidden_size,
            {"layer_norm": layer_norm},
            generator=generator,
            device=device,
            dtype=dtype,
        )

    def extra_repr(self) -> str:
        """Sizes and options, for `print`."""
        norm = ", layer_norm=True" if self.norm_ih is not None else ""
        return (
            f"{self.input_size}, {self.hidden_size}, activation={self.recurrence.activation}{norm}"
        )
