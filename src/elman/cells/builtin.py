"""What the built-in cells share: one step and whole sequences, by `elman.operators`."""

from __future__ import annotations

from typing import Any, ClassVar

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from elman import operators

__all__ = ["BuiltInCell"]


class BuiltInCell(nn.Module):
    """A cell whose equations are those of `recurrence`.

    Its parameters are named as the fields of `weights_type`, so `weights` can hand them to the
    kernels; an option that is off leaves its parameter None.
    """

    weights_type: ClassVar[Any]
    recurrence: Any  # Simple, LSTM or GRU of elman.kernels.contract

    def weights(self) -> Any:
        """The parameters as the kernels take them: the contract's NamedTuple."""
        return self.weights_type(*(getattr(self, name) for name in self.weights_type._fields))

    def forward(self, inputs: Float[Tensor, "B I"], state: Any) -> tuple[Float[Tensor, "B R"], Any]:
        """One step: the outputs and the next state.

        Raises:
            ShapeError: Inputs or state do not fit the cell.
        """
        _, state = operators.step(self.recurrence, self.weights(), inputs, state)
        return state.hidden, state

    def unroll(
        self,
        inputs: Float[Tensor, "B T I"],
        state: Any,
        lengths: Int[Tensor, "B"] | None = None,
        resets: Bool[Tensor, "B T"] | None = None,
        reverse: bool = False,
    ) -> tuple[Float[Tensor, "B T R"], Any]:
        """A whole sequence, by a kernel; see `elman.layers.dynamic_unroll`.

        Raises:
            ShapeError: Inputs or state do not fit the cell.
        """
        return operators.unroll(
            self.recurrence,
            self.weights(),
            inputs,
            state,
            lengths=lengths,
            resets=resets,
            reverse=reverse,
        )
