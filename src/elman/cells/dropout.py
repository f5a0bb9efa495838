"""Dropout around a cell."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Int, Shaped
from torch import Tensor, nn

from elman.cells.builtin import BuiltInCell
from elman.cells.checks import check_rate
from elman.cells.masks import draw_keys, keep, map_recurrent, restarted
from elman.kernels.contract import Noise
from elman.operators.loop import reading_order
from elman.unrolling.checks import check_cell
from elman.unrolling.loop import between_restarts, loop, unroll

__all__ = ["Dropout", "DropoutState"]

_INPUT, _OUTPUT, _RECURRENT = 0, 1, 2  # streams; each array of the state has one from 2 on


class DropoutState(NamedTuple):
    """The wrapped cell's state, and for each row a key `[B]` and its step `[B]`, both int64."""

    inner: Any
    key: Any
    step: Any


class Dropout(nn.Module):
    """Zeroes inputs, outputs and recurrent state of a cell at random while training.

    What is kept is divided by 1 - rate; in `eval()` nothing changes. Masks differ from step to
    step (Zaremba et al. 2014, arXiv 1409.2329v5, for inputs and outputs) or, with `variational`,
    stay the same for a whole sequence (Gal and Ghahramani 2016, arXiv 1512.05287v5).

    Recurrent dropout acts on the state that enters a step: on every floating-point array of it
    except a field named `cell`, so an LSTM's h but not its c, as TensorFlow 1's DropoutWrapper
    does with `state_keep_prob`. A GRU therefore loses these entries of h(t-1) altogether.

    A mask is a function of the row's key, the step and the unit. The keys are drawn from torch's
    default generator by `initial_state`, and travel in the state: the same state gives the same
    masks, step by step, in chunks or as a whole.

    Args:
        cell: Any cell.
        input: Probability in [0, 1) of zeroing an entry of the inputs.
        output: The same for the outputs.
        recurrent: The same for the recurrent state.
        variational: One mask for the whole sequence.

    Raises:
        ArgumentError: A rate is outside [0, 1), or `cell` is not a cell.
    """

    def __init__(
        self,
        cell: Any,
        *,
        input: float = 0.0,
        output: float = 0.0,
        recurrent: float = 0.0,
        variational: bool = False,
    ) -> None:
        super().__init__()
        self.cell = check_cell(cell)
        self.input = check_rate("input", input)
        self.output = check_rate("output", output)
        self.recurrent = check_rate("recurrent", recurrent)
        self.variational = variational
        self.input_size = getattr(cell, "input_size", None)
        self.output_size = getattr(cell, "output_size", None)

    def initial_state(self, batch: int) -> DropoutState:
        """The wrapped cell's, with fresh keys (0 in `eval()`) and step 0."""
        inner = self.cell.initial_state(batch)
        return DropoutState(inner, *draw_keys(batch, inner, self.training))

    def forward(
        self, inputs: Shaped[Tensor, "B *I"], state: DropoutState
    ) -> tuple[Shaped[Tensor, "B *O"], DropoutState]:
        """One step."""
        if not self.training:
            outputs, inner = self.cell(inputs, state.inner)
            return outputs, state._replace(inner=inner)
        inputs = self._drop(inputs, state, state.step, self.input, _INPUT)
        outputs, inner = self.cell(inputs, self._drop_recurrent(state))
        outputs = self._drop(outputs, state, state.step, self.output, _OUTPUT)
        return outputs, DropoutState(inner, state.key, state.step + 1)

    def unroll(
        self,
        inputs: Shaped[Tensor, "B T *I"],
        state: DropoutState,
        lengths: Int[Tensor, "B"] | None = None,
        resets: Bool[Tensor, "B T"] | None = None,
        reverse: bool = False,
    ) -> tuple[Shaped[Tensor, "B T *O"], DropoutState]:
        """A whole sequence, by the wrapped cell's own way.

        In training it goes from reset to reset; and step by step where it reads backwards with
        resets, or has recurrent dropout of any other than a built-in cell.
        """
        if not self.training:
            outputs, inner = unroll(self.cell, inputs, state.inner, lengths, resets, reverse)
            return outputs, restarted(self, state, lengths, resets)._replace(inner=inner)
        by_kernel = not self.recurrent or isinstance(self.cell, BuiltInCell)
        if not by_kernel:
            return loop(self, inputs, state, lengths, resets, reverse)
        if resets is not None:
            return between_restarts(self, inputs, state, lengths, resets, reverse)
        batch, time = inputs.shape[:2]
        order = reading_order(batch, time, lengths, reverse, state.step.device)
        steps = state.step[:, None] + order
        inputs = self._drop(inputs, state, steps, self.input, _INPUT)
        outputs, inner = self._unroll_cell(inputs, state, lengths, reverse)
        outputs = self._drop(outputs, state, steps, self.output, _OUTPUT)
        made = time if lengths is None else lengths
        return outputs, DropoutState(inner, state.key, state.step + made)

    def masks(
        self, state: DropoutState, like: Shaped[Tensor, "B T *I"], units: int
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """What multiplies inputs, hidden state as it enters, and outputs over whole sequences.

        It is what `unroll` does with a built-in cell, for who runs that cell some other way; None
        where nothing is left out.

        Args:
            state: Before the first step.
            like: `[B, T, I]`: steps, features and dtype of the inputs.
            units: Features of hidden state and outputs.
        """
        time = torch.arange(like.shape[1], device=state.step.device)
        outputs = like[..., :1].expand(*like.shape[:2], units)

        def mask(values: Tensor, rate: float, stream: int) -> Tensor | None:
            if rate == 0 or not self.training:
                return None
            steps = state.step[:, None] + time
            steps = torch.zeros_like(steps) if self.variational else steps
            return keep(values, state.key, steps, rate, stream) / (1 - rate)

        return (
            mask(like, self.input, _INPUT),
            mask(outputs, self.recurrent, _RECURRENT),
            mask(outputs, self.output, _OUTPUT),
        )

    def _unroll_cell(
        self, inputs: Tensor, state: DropoutState, lengths: Tensor | None, reverse: bool
    ) -> tuple[Tensor, Any]:
        """The wrapped cell's sequence, with recurrent dropout."""
        if not self.recurrent:
            return unroll(self.cell, inputs, state.inner, lengths, None, reverse)
        noise = Noise(
            state.key, state.step, recurrent_dropout=self.recurrent, variational=self.variational
        )
        return self.cell.unroll(inputs, state.inner, lengths, None, reverse, noise=noise)

    def _drop(
        self, values: Tensor, state: DropoutState, steps: Tensor, rate: float, stream: int
    ) -> Tensor:
        if rate == 0:
            return values
        if self.variational:
            steps = torch.zeros_like(steps)
        return values * keep(values, state.key, steps, rate, stream) / (1 - rate)

    def _drop_recurrent(self, state: DropoutState) -> Any:
        def drop(index: int, name: str, leaf: Tensor) -> Tensor:
            if name == "cell":
                return leaf
            return self._drop(leaf, state, state.step, self.recurrent, _RECURRENT + index)

        return map_recurrent(drop, state.inner)
