"""An initial state that is trained."""

from __future__ import annotations

from typing import Any

from jaxtyping import Bool, Int, Shaped
from torch import Tensor, nn

from elman.state import leaves, map_leaves
from elman.unrolling.checks import check_cell
from elman.unrolling.loop import loop, unroll

__all__ = ["LearnedInitialState"]


class LearnedInitialState(nn.Module):
    """Starts every row from parameters, which are trained along with the weights.

    They begin as the cell's own initial state. Arrays of integers in a state (keys, counters)
    are not learned. A reset returns to the learned state too, step by step.

    Args:
        cell: Any cell.

    Attributes:
        initial: One parameter for each floating-point array of the state, depth first, without
            its batch axis: `initial.0` is an LSTM's hidden `[R]`, `initial.1` its cell `[H]`.

    Raises:
        ArgumentError: `cell` is not a cell.
    """

    def __init__(self, cell: Any) -> None:
        super().__init__()
        self.cell = check_cell(cell)
        self.input_size = getattr(cell, "input_size", None)
        self.output_size = getattr(cell, "output_size", None)
        self.initial = nn.ParameterList(
            nn.Parameter(leaf.detach()[0].clone())
            for leaf in leaves(cell.initial_state(1))
            if leaf.is_floating_point()
        )

    def initial_state(self, batch: int) -> Any:
        """The learned state, the same in every row."""
        parameters = iter(self.initial)

        def learned(leaf: Tensor) -> Tensor:
            if not leaf.is_floating_point():
                return leaf
            return next(parameters).expand(leaf.shape).contiguous()

        return map_leaves(learned, self.cell.initial_state(batch))

    def forward(
        self, inputs: Shaped[Tensor, "B *I"], state: Any
    ) -> tuple[Shaped[Tensor, "B *O"], Any]:
        """One step of the wrapped cell."""
        return self.cell(inputs, state)

    def unroll(
        self,
        inputs: Shaped[Tensor, "B T *I"],
        state: Any,
        lengths: Int[Tensor, "B"] | None = None,
        resets: Bool[Tensor, "B T"] | None = None,
        reverse: bool = False,
    ) -> tuple[Shaped[Tensor, "B T *O"], Any]:
        """A whole sequence, by the wrapped cell's own way unless there are resets."""
        if resets is not None:  # the wrapped cell would return to its own initial state
            return loop(self, inputs, state, lengths, resets, reverse)
        return unroll(self.cell, inputs, state, lengths, None, reverse)
