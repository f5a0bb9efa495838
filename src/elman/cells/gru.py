"""The gated recurrent unit."""

from __future__ import annotations

import torch

from elman.cells.builtin import BuiltInCell
from elman.recurrences import GRU

__all__ = ["GRUCell"]


class GRUCell(BuiltInCell):
    """Gated recurrent unit; Cho et al. 2014, arXiv 1406.1078v3.

    r = σ(W_r x(t) + U_r h(t-1) + b_r), z = σ(W_z x(t) + U_z h(t-1) + b_z),
    n = tanh(W_n x(t) + b_n + r·(U_n h(t-1) + b_hn)), h(t) = (1 - z)·n + z·h(t-1); the output is
    h(t). With `reset_after=False`, n = tanh(W_n x(t) + b_n + U_n (r·h(t-1))), as in the paper.

    >>> cell = GRUCell(3, 5)
    >>> outputs, state = cell(torch.ones(4, 3), cell.initial_state(4))
    >>> outputs.shape, state.hidden.shape
    (torch.Size([4, 5]), torch.Size([4, 5]))

    Weights start as Glorot uniform (input) and orthogonal (recurrent), the biases at zero;
    `elman.cells.initialise` changes that.

    Args:
        input_size: Features I of a step.
        hidden_size: Neurons H.
        reset_after: Multiply by the reset gate after the candidate's matrix product, as cuDNN and
            torch.nn do, or (False) before it, as the paper and TensorFlow 1 do.
        layer_norm: Normalise both products (Ba et al. 2016, arXiv 1607.06450v1).
        generator: Where the weights are drawn from; None means torch's default generator.
        device: Where the weights live.
        dtype: The weights' dtype; torch's default if None.

    Attributes:
        weight_ih: `[3·H, I]`, blocks r, z, n (the W above).
        weight_hh: `[3·H, H]` (the U above).
        bias: `[3·H]`.
        recurrent_bias: `[H]`, b_hn above; None with `reset_after=False`.
        norm_ih: `[3·H]`, or None without layer normalisation.
        norm_hh: `[3·H]`, or None without layer normalisation.

    Raises:
        ArgumentError: A size is not positive.
    """

    recurrence_type = GRU

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        reset_after: bool = True,
        layer_norm: bool = False,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            GRU(reset_after),
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
        reset_after = self.recurrence.reset_after
        return f"{self.input_size}, {self.hidden_size}, reset_after={reset_after}{norm}"
