"""Convolution as a torch module; the twin of `elman.runtime.network.convolution`."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from elman import blueprint as plan
from elman.models.flow import Flow, zero_past
from elman.models.layers import ACTIVATIONS
from elman.operators.loop import real_steps

__all__ = ["Convolution"]


class Convolution(nn.Module):
    """A dense layer on windows of steps, the largest of each few; see the blueprint's.

    Attributes:
        weight: `[units, width, F]`; starts He normal for ReLU, else Glorot uniform.
        bias: `[units]`; starts at zero.
    """

    def __init__(self, block: plan.Convolution, features: int) -> None:
        super().__init__()
        self.block = block
        self.weight = nn.Parameter(torch.empty(block.units, block.width, features))
        self.bias = nn.Parameter(torch.zeros(block.units))
        flat = self.weight.data.view(block.units, block.width * features)
        if block.activation == "relu":
            nn.init.kaiming_normal_(flat)
        else:
            nn.init.xavier_uniform_(flat)

    def forward(self, flow: Flow) -> Flow:
        """Steps to steps, of which there are fewer where it pools."""
        block, values, lengths = self.block, flow.values, flow.lengths
        if not values.shape[1]:  # torch convolves no windows of nothing
            return flow._replace(values=values.new_zeros(len(values), 0, block.units))
        around = (block.before, block.width - 1 - block.before)
        padded = nn.functional.pad(values, (0, 0, *around)).transpose(1, 2)
        found = nn.functional.conv1d(padded, self.weight.transpose(1, 2), self.bias)
        found = ACTIVATIONS[block.activation](found)
        if block.pool > 1:
            found = self._largest(found, lengths)
            lengths = None if lengths is None else (lengths + block.pool - 1) // block.pool
        found = found.transpose(1, 2)
        found = found if lengths is None else zero_past(found, lengths)
        return flow._replace(values=found, lengths=lengths)

    def _largest(self, values: Tensor, lengths: Tensor | None) -> Tensor:
        """Of each few steps `[B, units, ceil(T / pool)]`; past a length there is nothing."""
        if lengths is not None:
            real = real_steps(lengths, values.shape[2])[:, None]
            values = values.masked_fill(~real, -torch.inf)
        return nn.functional.max_pool1d(values, self.block.pool, ceil_mode=True)
