"""Zoneout around a cell."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Int, Shaped
from torch import Tensor, nn

from elman.cells.builtin import BuiltInCell
from elman.cells.checks import check_rate
from elman.cells.masks import draw_keys, keep, map_recurrent, restarted
from elman.kernels.contract import Noise
from elman.unrolling.checks import check_cell
from elman.unrolling.loop import between_restarts, loop

__all__ = ["Zoneout", "ZoneoutState"]


class ZoneoutState(NamedTuple):
    """The wrapped cell's state, and for each row a key `[B]` and its step `[B]`, both int64."""

    inner: Any
    key: Any
    step: Any


class Zoneout(nn.Module):
    """Lets units of a cell's state keep their previous value; Krueger et al. 2016.

    arXiv 1606.01305v4. While training, each unit keeps its value with probability `rate`
    (chosen anew at every step); in `eval()` the state is the expectation,
    rate·previous + (1 - rate)·new. It acts on every floating-point array of the state; a field
    named `cell` has a rate of its own. Where the cell puts out an array of its state (as
    the built-in ones do), the output is that array after zoneout.

    Masks are drawn as `Dropout`'s are, by keys that travel in the state.

    Args:
        cell: Any cell.
        rate: Probability in [0, 1) that a unit keeps its value.
        hidden: The rate of all arrays but `cell`; `rate` if None.
        cell_rate: The rate of the array `cell` (an LSTM's c); `rate` if None.

    Raises:
        ArgumentError: A rate is outside [0, 1), or `cell` is not a cell.
    """

    def __init__(
        self,
        cell: Any,
        rate: float = 0.0,
        *,
        hidden: float | None = None,
        cell_rate: float | None = None,
    ) -> None:
        super().__init__()
        self.cell = check_cell(cell)
        self.hidden = check_rate("hidden", rate if hidden is None else hidden)
        self.cell_rate = check_rate("cell_rate", rate if cell_rate is None else cell_rate)
        self.input_size = getattr(cell, "input_size", None)
        self.output_size = getattr(cell, "output_size", None)

    def initial_state(self, batch: int) -> ZoneoutState:
        """The wrapped cell's, with fresh keys (0 in `eval()`) and step 0."""
        inner = self.cell.initial_state(batch)
        return ZoneoutState(inner, *draw_keys(batch, inner, self.training))

    def forward(
        self, inputs: Shaped[Tensor, "B *I"], state: ZoneoutState
    ) -> tuple[Shaped[Tensor, "B *O"], ZoneoutState]:
        """One step."""
        outputs, new = self.cell(inputs, state.inner)
        zoned_outputs = outputs

        def zone(index: int, name: str, before: Tensor, after: Tensor) -> Tensor:
            nonlocal zoned_outputs
            rate = self.cell_rate if name == "cell" else self.hidden
            zoned = self._mix(state, before, after, rate, index)
            if after is outputs:
                zoned_outputs = zoned
            return zoned

        inner = map_recurrent(zone, state.inner, new)
        step = state.step + 1 if self.training else state.step
        return zoned_outputs, ZoneoutState(inner, state.key, step)

    def unroll(
        self,
        inputs: Shaped[Tensor, "B T *I"],
        state: ZoneoutState,
        lengths: Int[Tensor, "B"] | None = None,
        resets: Bool[Tensor, "B T"] | None = None,
        reverse: bool = False,
    ) -> tuple[Shaped[Tensor, "B T *O"], ZoneoutState]:
        """A whole sequence: around a built-in cell by a kernel, else step by step.

        In training it goes from reset to reset; where it reads backwards with resets, step by step.
        """
        if not isinstance(self.cell, BuiltInCell):
            return loop(self, inputs, state, lengths, resets, reverse)
        if self.training and resets is not None:
            return between_restarts(self, inputs, state, lengths, resets, reverse)
        outputs, inner = self.cell.unroll(
            inputs, state.inner, lengths, resets, reverse, noise=self._noise(state)
        )
        if not self.training:
            return outputs, restarted(self, state, lengths, resets)._replace(inner=inner)
        made = inputs.shape[1] if lengths is None else lengths
        return outputs, ZoneoutState(inner, state.key, state.step + made)

    def _noise(self, state: ZoneoutState) -> Noise:
        keys, steps = (state.key, state.step) if self.training else (None, None)
        cell_rate = self.cell_rate if self.cell.recurrence.has_cell else 0.0
        return Noise(keys, steps, zoneout_hidden=self.hidden, zoneout_cell=cell_rate)

    def _mix(
        self, state: ZoneoutState, before: Tensor, after: Tensor, rate: float, stream: int
    ) -> Tensor:
        if rate == 0:
            return after
        if self.training:
            kept = keep(after, state.key, state.step, rate, stream)
            return torch.where(kept > 0, after, before)
        return rate * before + (1 - rate) * after
