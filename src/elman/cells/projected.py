"""A dense layer on a cell's outputs."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.checks import check_size, example_leaf
from elman.errors import ArgumentError
from elman.operators.loop import real_steps
from elman.unrolling.checks import check_cell
from elman.unrolling.loop import unroll

__all__ = ["Projected"]


class Projected(nn.Module):
    """One dense layer without activation on the outputs of every step.

    TensorFlow 1's `OutputProjectionWrapper`: y(t) = W out(t) + b, the same W and b at each step.
    W starts Glorot uniform, b at zero, in the dtype and on the device of the cell's state.

    Args:
        cell: Any cell that tells its `output_size`.
        size: Width O of the new outputs.
        generator: Where the weights are drawn from; None means torch's default generator.

    Attributes:
        weight: `[O, output_size of the cell]`.
        bias: `[O]`.

    Raises:
        ArgumentError: `cell` is not a cell or has no `output_size`, or `size` is not positive.
    """

    def __init__(self, cell: Any, size: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.cell = check_cell(cell)
        width = getattr(cell, "output_size", None)
        if width is None:
            raise ArgumentError(
                "cell", f"found {type(cell).__name__} without output_size", "give it that attribute"
            )
        self.input_size = getattr(cell, "input_size", None)
        self.output_size = check_size("size", size)
        like = example_leaf(cell.initial_state(1))
        like = torch.empty(0) if like is None else like
        self.weight = nn.Parameter(like.new_empty(size, width))
        self.bias = nn.Parameter(like.new_zeros(size))
        nn.init.xavier_uniform_(self.weight, generator=generator)

    def initial_state(self, batch: int) -> Any:
        """The wrapped cell's."""
        return self.cell.initial_state(batch)

    def forward(
        self, inputs: Shaped[Tensor, "B *I"], state: Any
    ) -> tuple[Float[Tensor, "B O"], Any]:
        """One step."""
        outputs, state = self.cell(inputs, state)
        return linear(outputs, self.weight, self.bias), state

    def unroll(
        self,
        inputs: Shaped[Tensor, "B T *I"],
        state: Any,
        lengths: Int[Tensor, "B"] | None = None,
        resets: Bool[Tensor, "B T"] | None = None,
        reverse: bool = False,
    ) -> tuple[Float[Tensor, "B T O"], Any]:
        """A whole sequence, by the wrapped cell's own way."""
        outputs, state = unroll(self.cell, inputs, state, lengths, resets, reverse)
        outputs = linear(outputs, self.weight, self.bias)
        if lengths is not None:  # the bias would stand past a length
            outputs = outputs * real_steps(lengths, inputs.shape[1])[..., None]
        return outputs, state

    def extra_repr(self) -> str:
        """The width, for `print`."""
        return f"size={self.output_size}"
