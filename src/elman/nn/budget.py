"""One layer and direction within a memory budget."""

from __future__ import annotations

from typing import Any

from jaxtyping import Bool, Float, Int
from torch import Tensor

from elman import operators
from elman.kernels.contract import Recurrence
from elman.operators.biases import zero_state
from elman.unrolling import budget

__all__ = ["unroll_within"]


def unroll_within(
    memory: str | int,
    recurrence: Recurrence,
    direction: operators.Direction,
    inputs: Float[Tensor, "B T I"],
    lengths: Int[Tensor, "B"] | None,
    reverse: bool,
) -> tuple[Float[Tensor, "B T R"], Any]:
    """Outputs and final state, as `elman.operators.unroll` gives them.

    Raises:
        ArgumentError: As `elman.layers.dynamic_unroll`, of `memory`.
        ShapeError: As `elman.operators.unroll`.
    """
    state = direction.initial_state
    if state is None:
        state = zero_state(recurrence, direction.weights, inputs.shape[0])
    layer = _Layer(recurrence, direction)
    return budget.unroll_within(memory, None, layer, inputs, state, lengths, None, reverse)


class _Layer:
    """What the budget asks of a cell: to read a sequence, and its parameters."""

    def __init__(self, recurrence: Recurrence, direction: operators.Direction) -> None:
        self._recurrence, self._direction = recurrence, direction

    def parameters(self) -> list[Tensor]:
        everything = (*self._direction.weights, self._direction.second_bias)
        return [weight for weight in everything if weight is not None]

    def sole_recurrence(self) -> tuple[Recurrence, Any, Tensor | None]:
        """What there is for the kernels to run: equations, weights, second bias."""
        return self._recurrence, self._direction.weights, self._direction.second_bias

    def unroll(
        self,
        inputs: Float[Tensor, "B T I"],
        state: Any,
        lengths: Int[Tensor, "B"] | None,
        resets: Bool[Tensor, "B T"] | None,
        reverse: bool,
    ) -> tuple[Float[Tensor, "B T R"], Any]:
        weights, _, second_bias, prepared = self._direction
        return operators.unroll(
            self._recurrence,
            weights,
            inputs,
            state,
            lengths=lengths,
            resets=resets,
            reverse=reverse,
            second_bias=second_bias,
            prepared=prepared,
        )
