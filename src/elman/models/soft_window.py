"""A cell that looks at a text, in torch; twin of `elman.runtime.network.soft_window`."""

from __future__ import annotations

import math
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from elman import blueprint as plan
from elman.cells.weight_drop import for_one_pass
from elman.kernels.soft_window import LEAST, MOST, WindowState
from elman.layers import dynamic_unroll
from elman.models.cells import build_cell
from elman.models.flow import Flow, hidden

__all__ = ["SoftWindow", "look"]

_USUAL = 1 / 12  # places of a text at a step


class SoftWindow(nn.Module):
    """A cell and its windows on a text; see the blueprint's `SoftWindow`."""

    def __init__(self, block: plan.SoftWindow, features: int) -> None:
        super().__init__()
        self.block = block
        self.cell: Any = build_cell(block.cell, features + block.vocabulary)
        units = 3 * block.windows
        self.weight = nn.Parameter(torch.empty(units, block.cell.output_size))
        self.bias = nn.Parameter(torch.zeros(units))
        nn.init.xavier_uniform_(self.weight, 0.2)
        self.begin_with(_USUAL)

    def begin_with(self, speed: float) -> None:
        """Let windows that have learnt nothing move by so many places of a text at a step."""
        self.bias.data[2 * self.block.windows :] = math.log(speed)

    def initial_state(self, batch: int) -> WindowState:
        """Windows at the beginning of no text."""
        block, zeros = self.block, self.weight.new_zeros
        text = torch.full((batch, block.longest), -1, device=self.weight.device)
        places = (zeros(batch, block.windows), zeros(batch, block.vocabulary))
        return WindowState(self.cell.initial_state(batch), *places, text)

    def forward(self, flow: Flow, state: Any = None, reverse: bool = False) -> tuple[Flow, Any]:
        """Steps to steps, and the state after each row's last one."""
        before = self.initial_state(len(flow.values)) if state is None else state
        told = {"lengths": flow.lengths, "initial_state": before, "resets": flow.resets}
        values, after = dynamic_unroll(_Steps(self), flow.values, **told)
        return flow._replace(values=values, hidden=hidden(after)), after


class _Steps:
    """The block as a cell, whose steps a loop takes."""

    def __init__(self, block: SoftWindow) -> None:
        self._block = block
        self._cell: Any = for_one_pass(block.cell)
        self.initial_state = block.initial_state

    def __call__(
        self, inputs: Float[Tensor, "B I"], state: Any
    ) -> tuple[Float[Tensor, "B O"], WindowState]:
        """One step."""
        block = self._block
        inner, after = self._cell(torch.cat([inputs, state.seen], dim=1), state.cell)
        raw = F.linear(inner, block.weight, block.bias)
        seen, place, _ = look(raw, state.place, state.text, block.block.vocabulary)
        return torch.cat([inner, seen], dim=1), WindowState(after, place, seen, state.text)


def look(
    raw: Float[Tensor, "B M"],
    place: Float[Tensor, "B K"],
    text: Int[Tensor, "B S"],
    vocabulary: int,
) -> tuple[Float[Tensor, "B A"], Float[Tensor, "B K"], Float[Tensor, "B S"]]:
    """See `elman.kernels.soft_window.look`."""
    height, narrow, move = raw.clamp(LEAST, MOST).exp().chunk(3, dim=1)
    place = place + move
    apart = place[:, :, None] - torch.arange(text.shape[1], dtype=raw.dtype, device=raw.device)
    weights = (height[:, :, None] * torch.exp(-narrow[:, :, None] * apart.square())).sum(dim=1)
    weights = weights.masked_fill(text < 0, 0.0)
    seen = weights.new_zeros(len(text), vocabulary)
    return seen.scatter_add(1, text.clamp_min(0), weights), place, weights
