"""A cell that continues from an earlier state than the last."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Bool, Int, Shaped
from torch import Tensor, nn

from elman.cells.checks import check_size
from elman.kernels.dilation import interleave
from elman.operators.watching import watcher
from elman.state import DilatedState, map_leaves
from elman.unrolling.checks import check_cell
from elman.unrolling.loop import loop, mixes_rows, unroll

__all__ = ["Dilated"]


class Dilated(nn.Module):
    """Step t goes on from the state of step t - d; Chang et al. 2017, arXiv 1710.02224v3.

    Gradients pass T / d steps instead of T, and the wrapped cell runs d times as many rows for
    so many fewer steps: a sequence is d interleaved ones. Each of them has its own key where a
    wrapper inside draws masks.

    >>> from elman.cells import GRUCell
    >>> from elman.layers import dynamic_unroll
    >>> outputs, state = dynamic_unroll(Dilated(GRUCell(3, 5), 4), torch.ones(2, 10, 3))
    >>> outputs.shape, state.states.hidden.shape
    (torch.Size([2, 10, 5]), torch.Size([2, 4, 5]))

    Args:
        cell: Any cell.
        dilation: d, in steps; 1 is the cell itself.

    Raises:
        ArgumentError: `cell` is not a cell, or `dilation` no positive integer.
    """

    def __init__(self, cell: Any, dilation: int) -> None:
        super().__init__()
        self.cell = check_cell(cell)
        self.dilation = check_size("dilation", dilation)
        self.input_size = getattr(cell, "input_size", None)
        self.output_size = getattr(cell, "output_size", None)

    def initial_state(self, batch: int) -> DilatedState:
        """The wrapped cell's, d times for each row."""
        return DilatedState(self._by_row(self.cell.initial_state(batch * self.dilation), batch))

    def forward(
        self, inputs: Shaped[Tensor, "B *I"], state: DilatedState
    ) -> tuple[Shaped[Tensor, "B *O"], DilatedState]:
        """One step, from the oldest state, which the new one replaces."""
        outputs, new = self.cell(inputs, state.at(0))
        return outputs, state.followed_by(new)

    def unroll(
        self,
        inputs: Shaped[Tensor, "B T *I"],
        state: DilatedState,
        lengths: Int[Tensor, "B"] | None = None,
        resets: Bool[Tensor, "B T"] | None = None,
        reverse: bool = False,
    ) -> tuple[Shaped[Tensor, "B T *O"], DilatedState]:
        """A whole sequence: the interleaved ones at once, by the wrapped cell's own way.

        Resets make it go step by step, and so does a cell whose rows count in each other. So does
        who watches, for whom steps are those of the sequence.
        """
        if resets is not None or mixes_rows(self.cell) or watcher() is not None:
            return loop(self, inputs, state, lengths, resets, reverse)
        batch, time = inputs.shape[:2]
        rows = torch.full((batch,), time) if lengths is None else lengths
        rows = rows.to(inputs.device)
        parts = interleave(rows, torch.arange(self.dilation, device=rows.device), reverse)
        all_real = lengths is None and time % self.dilation == 0
        outputs, final = unroll(
            self.cell,
            self._interleaved(inputs),
            map_leaves(lambda leaf: _pick(leaf, parts.first).flatten(0, 1), state.states),
            None if all_real else parts.lengths.flatten(),
            None,
            reverse,
        )
        final = map_leaves(lambda leaf: _pick(leaf, parts.last), self._by_row(final, batch))
        outputs = self._by_row(outputs, batch).transpose(1, 2).flatten(1, 2)
        return outputs[:, :time], DilatedState(final)

    def _interleaved(self, inputs: Tensor) -> Tensor:
        """`[B, T, ...]` as `[B·d, ⌈T/d⌉, ...]`, with zeros past the end."""
        batch, time = inputs.shape[:2]
        missing = -time % self.dilation
        if missing:
            padding = inputs.new_zeros(batch, missing, *inputs.shape[2:])
            inputs = torch.cat([inputs, padding], dim=1)
        steps = inputs.unflatten(1, ((time + missing) // self.dilation, self.dilation))
        return steps.transpose(1, 2).flatten(0, 1)

    def _by_row(self, tree: Any, batch: int) -> Any:
        """Arrays `[B·d, ...]` as `[B, d, ...]`."""
        return map_leaves(lambda leaf: leaf.unflatten(0, (batch, self.dilation)), tree)

    def extra_repr(self) -> str:
        """The dilation, for `print`."""
        return f"dilation={self.dilation}"


def _pick(leaf: Tensor, index: Tensor) -> Tensor:
    """`[B, d, ...]` with each row's entries in the order of `index [B, d]`."""
    return leaf[torch.arange(len(leaf), device=leaf.device)[:, None], index]
