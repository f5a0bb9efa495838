"""Convolution as a torch module; the twin of `elman.runtime.network.convolution`."""

from __future__ import annotations

import torch
from torch import nn

from elman import blueprint as plan
from elman.kernels.contract import NORM_EPSILON
from elman.models.flow import Flow, only_real
from elman.models.layers import ACTIVATIONS

__all__ = ["Convolution"]


class Convolution(nn.Module):
    """A dense layer on windows of steps; see the blueprint's `Convolution`.

    Attributes:
        weight: `[units, width, F]`; starts He normal for ReLU, else Glorot uniform.
        bias: `[units]`; starts at zero.
        gain: `[units]` of a normalised one; starts at one.
        shift: Likewise; starts at zero.
    """

    def __init__(self, block: plan.Convolution, features: int) -> None:
        super().__init__()
        self.block = block
        units, width = block.units, block.width
        self.weight = nn.Parameter(torch.empty(units, width, features))
        self.bias = nn.Parameter(torch.zeros(units))
        if block.norm:
            self.gain = nn.Parameter(torch.ones(units))
            self.shift = nn.Parameter(torch.zeros(units))
        flat = self.weight.data.view(units, width * features)
        if block.activation == "relu":
            nn.init.kaiming_normal_(flat)
        else:
            nn.init.xavier_uniform_(flat)

    def forward(self, flow: Flow) -> Flow:
        """Steps to steps, of which there are fewer where it strides."""
        block, values = self.block, flow.values
        if not values.shape[1]:  # torch convolves no windows of nothing
            return flow._replace(values=values.new_zeros(len(values), 0, block.units))
        after = block.width - 1 - block.before
        padded = nn.functional.pad(values, (0, 0, block.before, after)).transpose(1, 2)
        found = nn.functional.conv1d(padded, self.weight.transpose(1, 2), self.bias, block.stride)
        found = found.transpose(1, 2)
        if block.norm:
            sizes = (block.units,)
            found = nn.functional.layer_norm(found, sizes, self.gain, self.shift, NORM_EPSILON)
        lengths = flow.lengths
        if lengths is not None:
            lengths = (lengths + (block.stride - 1)) // block.stride
        return only_real(
            flow._replace(values=ACTIVATIONS[block.activation](found), lengths=lengths)
        )
