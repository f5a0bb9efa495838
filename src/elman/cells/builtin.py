"""What the built-in cells share: one step and whole sequences, by `elman.operators`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from elman import operators
from elman.cells.checks import check_size
from elman.cells.initialisers import initialise
from elman.kernels.contract import Noise, Recurrence, Weights
from elman.operators.freezing import Freezable
from elman.recurrences import Sizes

__all__ = ["BuiltInCell"]


class BuiltInCell(Freezable):
    """A cell that is one recurrence: its parameters are named as the recurrence's weights.

    An option that is off leaves its parameter None.

    Attributes:
        weight_drop: Rate of entries of `weight_hh` that training leaves out; see
            `elman.cells.drop_weights`.
        weight_mask: What multiplies `weight_hh` in training; None: drawn at each call.

    Args:
        recurrence: The equations.
        input_size: Features I of a step.
        hidden_size: Neurons H.
        options: The cell's options by name: those that bring weights along are looked for.
        recurrent_size: R; H if None.
        generator: Where the weights are drawn from; None means torch's default generator.
        device: Where the weights live.
        dtype: The weights' dtype; torch's default if None.

    Raises:
        ArgumentError: A size is not positive.
    """

    recurrence_type: ClassVar[type[Recurrence]]
    weight_hh: Tensor
    weight_drop: float = 0.0
    weight_mask: Tensor | None = None

    def __init__(
        self,
        recurrence: Recurrence,
        input_size: int,
        hidden_size: int,
        options: Mapping[str, Any],
        *,
        recurrent_size: int | None = None,
        generator: torch.Generator | None,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__()
        self.recurrence: Any = recurrence
        self.input_size = check_size("input_size", input_size)
        self.hidden_size = H = check_size("hidden_size", hidden_size)
        given = recurrent_size is not None
        self.output_size = R = check_size("projection", recurrent_size) if given else H
        shapes = recurrence.chosen_shapes(Sizes(input_size, H, R), options)
        for name in recurrence.weights_type._fields:
            made = None
            if name in shapes:
                made = nn.Parameter(torch.empty(shapes[name], device=device, dtype=dtype))
            setattr(self, name, made)
        initialise(self, generator=generator)

    def weights(self) -> Any:
        """The parameters as the kernels take them: the contract's NamedTuple."""
        kind = self.recurrence.weights_type
        return kind(*(getattr(self, name) for name in kind._fields))

    @property
    def drops(self) -> bool:
        """Whether weights are left out now."""
        return self.training and self.weight_drop > 0

    def draw_weight_mask(self) -> Tensor:
        """Zeros and 1 / (1 - rate), in the shape of `weight_hh`, by torch's default generator."""
        kept = 1 - self.weight_drop
        drawn = torch.empty(self.weight_hh.shape, dtype=self.weight_hh.dtype).bernoulli_(kept)
        return drawn.div_(kept).to(self.weight_hh.device)

    def used_weights(self) -> Any:
        """The weights that a call uses: in training some may be left out."""
        weights = self.weights()
        if not self.drops:
            return weights
        mask = self.draw_weight_mask() if self.weight_mask is None else self.weight_mask
        return weights._replace(weight_hh=weights.weight_hh * mask)

    def initial_state(self, batch: int) -> Any:
        """Zeros, an `RNNState` or `LSTMState`: hidden `[B, R]`, and an LSTM's cell `[B, H]`."""
        sizes = Sizes(self.input_size, self.hidden_size, self.output_size)
        zeros = self.weight_hh.new_zeros
        return self.recurrence.zero_state(sizes, lambda size: zeros(batch, size))

    def forward(self, inputs: Float[Tensor, "B I"], state: Any) -> tuple[Float[Tensor, "B R"], Any]:
        """One step: the outputs and the next state.

        Raises:
            ShapeError: Inputs or state do not fit the cell.
        """
        if self._frozen is not None:
            outputs, state = self.unroll(inputs[:, None], state)
            return outputs[:, 0], state
        _, state = operators.step(self.recurrence, self.used_weights(), inputs, state)
        return state.hidden, state

    def _recurrences(self) -> Iterable[tuple[Recurrence, Weights, None]]:
        return ((self.recurrence, self.weights(), None),)

    def sole_recurrence(self) -> tuple[Recurrence, Weights, None] | None:
        """What there is for the kernels to run: equations, weights, no second bias.

        None where a class below this one computes more than the equations, or weights are left out.
        """
        own = type(self).unroll is BuiltInCell.unroll and not self.drops
        return (self.recurrence, self.weights(), None) if own else None

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
        given = (self.recurrence, self.used_weights(), None, None)
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
