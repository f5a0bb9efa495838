"""The LSTM's variants as one writes them in torch: a loop over time of plain operations."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.peers.variants import OPTIONS, ZONEOUT

__all__ = ["VariantLSTM"]


class VariantLSTM(nn.Module):
    """An LSTM with one of the variants; parameters named as `elman.cells.LSTMCell` names them."""

    def __init__(self, name: str, inputs: int, hidden: int) -> None:
        super().__init__()
        options = OPTIONS[name](hidden)
        recurrent = options.get("projection", hidden)
        gates = 4 * hidden
        self.zoneout = ZONEOUT if name == "zoneout" else 0.0
        self.hidden_size = hidden
        self.weight_ih = nn.Parameter(torch.empty(gates, inputs))
        self.weight_hh = nn.Parameter(torch.empty(gates, recurrent))
        self.bias = nn.Parameter(torch.empty(gates))
        peepholes, normed = "peepholes" in options, "layer_norm" in options
        self.peephole = nn.Parameter(torch.empty(3, hidden)) if peepholes else None
        projects = "projection" in options
        self.projection = nn.Parameter(torch.empty(recurrent, hidden)) if projects else None
        self.norm_ih = nn.Parameter(torch.empty(gates)) if normed else None
        self.norm_hh = nn.Parameter(torch.empty(gates)) if normed else None
        self.norm_cell = nn.Parameter(torch.empty(2, hidden)) if normed else None

    def forward(self, inputs: Tensor) -> Tensor:
        """Outputs `[B, T, R]` of inputs `[B, T, I]`."""
        projected = _norm(inputs @ self.weight_ih.T, self.norm_ih) + self.bias
        hidden = inputs.new_zeros(len(inputs), self.weight_hh.shape[1])
        cell = inputs.new_zeros(len(inputs), self.hidden_size)
        outputs = []
        for row in projected.unbind(1):
            new_hidden, new_cell = self._step(row, hidden, cell)
            hidden, cell = self._zone(hidden, new_hidden), self._zone(cell, new_cell)
            outputs.append(hidden)
        return torch.stack(outputs, dim=1)

    def _step(self, row: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        i, f, g, o = (row + _norm(hidden @ self.weight_hh.T, self.norm_hh)).chunk(4, dim=-1)
        if self.peephole is not None:
            i, f = i + self.peephole[0] * cell, f + self.peephole[1] * cell
        cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
        if self.peephole is not None:
            o = o + self.peephole[2] * cell
        seen = cell
        if self.norm_cell is not None:
            seen = F.layer_norm(cell, cell.shape[-1:], self.norm_cell[0], self.norm_cell[1])
        hidden = torch.sigmoid(o) * torch.tanh(seen)
        return hidden if self.projection is None else hidden @ self.projection.T, cell

    def _zone(self, before: Tensor, after: Tensor) -> Tensor:
        if self.zoneout == 0:
            return after
        if self.training:
            return torch.where(torch.rand_like(after) < self.zoneout, before, after)
        return self.zoneout * before + (1 - self.zoneout) * after


def _norm(product: Tensor, gain: Tensor | None) -> Tensor:
    return product if gain is None else F.layer_norm(product, product.shape[-1:], gain)
