"""A residual connection around a cell."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from elman.errors import ShapeError
from elman.operators.loop import real_steps
from elman.unrolling.checks import check_cell
from elman.unrolling.loop import unroll

__all__ = ["Residual"]


class Residual(nn.Module):
    """Adds a cell's inputs to its outputs; He et al. 2015, arXiv 1512.03385v1.

    Args:
        cell: Any cell whose outputs are as wide as its inputs.

    Raises:
        ArgumentError: `cell` is not a cell.
        ShapeError: Its input and output sizes are known and differ.
    """

    def __init__(self, cell: Any) -> None:
        super().__init__()
        self.cell = check_cell(cell)
        self.input_size = getattr(cell, "input_size", None)
        self.output_size = getattr(cell, "output_size", None)
        if self.input_size and self.output_size and self.input_size != self.output_size:
            raise _widths_differ(self.input_size, self.output_size)

    def initial_state(self, batch: int) -> Any:
        """The wrapped cell's."""
        return self.cell.initial_state(batch)

    def forward(
        self, inputs: Float[Tensor, "B *I"], state: Any
    ) -> tuple[Float[Tensor, "B *I"], Any]:
        """One step.

        Raises:
            ShapeError: The cell's outputs are not as wide as its inputs.
        """
        outputs, state = self.cell(inputs, state)
        return _add(inputs, outputs), state

    def unroll(
        self,
        inputs: Float[Tensor, "B T *I"],
        state: Any,
        lengths: Int[Tensor, "B"] | None = None,
        resets: Bool[Tensor, "B T"] | None = None,
        reverse: bool = False,
    ) -> tuple[Float[Tensor, "B T *I"], Any]:
        """A whole sequence, by the wrapped cell's own way; errors as a step's."""
        outputs, state = unroll(self.cell, inputs, state, lengths, resets, reverse)
        if lengths is not None:
            real = real_steps(lengths, inputs.shape[1])
            real = real.reshape(real.shape + (1,) * (inputs.dim() - 2))
            inputs = torch.where(real, inputs, inputs.new_zeros(()))
        return _add(inputs, outputs), state


def _add(inputs: Tensor, outputs: Tensor) -> Tensor:
    if inputs.shape != outputs.shape:
        raise _widths_differ(inputs.shape[-1], outputs.shape[-1])
    return inputs + outputs


def _widths_differ(inputs: int, outputs: int) -> ShapeError:
    return ShapeError(
        "Residual",
        f"the cell reads {inputs} features and puts out {outputs}",
        "use a cell whose outputs are as wide as its inputs",
    )
