"""What the built-in cells share: one step and whole sequences, by `elman.operators`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from jaxtyping import Bool, Float, Int
from torch import Tensor

from elman import operators
from elman.kernels.contract import Noise, Recurrence, Weights
from elman.operators.freezing import Freezable

__all__ = ["BuiltInCell"]


class BuiltInCell(Freezable):
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
        if self._frozen is not None:
            outputs, state = self.unroll(inputs[:, None], state)
            return outputs[:, 0], state
        _, state = operators.step(self.recurrence, self.weights(), inputs, state)
        return state.hidden, state

    def _recurrences(self) -> Iterable[tuple[Recurrence, Weights, None]]:
        return (self.sole_recurrence(),)

    def sole_recurrence(self) -> tuple[Recurrence, Weights, None]:
        """What there is for the kernels to run: equations, weights, no second bias."""
        return self.recurrence, self.weights(), None

    def unroll(
        self,
        inputs: Float[Tensor, "B T I"],
        state: Any,
        lengths: Int[Tensor, "B"] | None = None,
        resets: Bool[Tensor, "B T"] | None = None,
        reverse: bool = False,
        *,
        noise: Noise | None = None,
    ) -> tuple[Float[Tensor, "B T R"], Any]:
        """A whole sequence, by a kernel; see `elman.layers.dynamic_unroll`.

        `noise` is what a wrapper around the cell does at every step.

        Raises:
            ShapeError: Inputs, state or noise do not fit the cell.
        """
        frozen = self._frozen_part(0, inputs, *state)
        given = (self.recurrence, self.weights(), None, None)
        recurrence, weights, _, prepared = frozen or given
        return operators.unroll(
            recurrence,
            weights,
            inputs,
            state,
            lengths=lengths,
            resets=resets,
            reverse=reverse,
            noise=noise,
            prepared=prepared,
        )
