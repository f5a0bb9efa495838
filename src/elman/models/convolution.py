"""Convolution as a torch module; the twin of `elman.runtime.network.convolution`."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from elman import blueprint as plan
from elman.kernels.contract import NORM_EPSILON
from elman.models.flow import Flow, zero_past
from elman.models.layers import ACTIVATIONS
from elman.operators.loop import real_steps

__all__ = ["Convolution"]

_NEWEST = 0.1  # what the newest batch weighs in the averages


class Convolution(nn.Module):
    """A dense layer on windows of steps, the largest of each few; see the blueprint's.

    Attributes:
        weight: `[units, width, F]`; starts He normal for ReLU, else Glorot uniform.
        bias: `[units]`; starts at zero.
        gain: `[units]`, with `norm`; starts at one.
        mean: `[units]`, with `norm`: an average of the batches' means.
        variance: `[units]`, with `norm`: likewise of their variances, which are unbiased.
    """

    mean: Tensor
    variance: Tensor

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
        if block.norm:
            self.gain = nn.Parameter(torch.ones(block.units))
            self.register_buffer("mean", torch.zeros(block.units))
            self.register_buffer("variance", torch.ones(block.units))

    def forward(self, flow: Flow) -> Flow:
        """Steps to steps, of which there are fewer where it pools."""
        block, values, lengths = self.block, flow.values, flow.lengths
        if not values.shape[1]:  # torch convolves no windows of nothing
            return flow._replace(values=values.new_zeros(len(values), 0, block.units))
        around = (block.before, block.width - 1 - block.before)
        padded = nn.functional.pad(values, (0, 0, *around)).transpose(1, 2)
        bias = None if block.norm else self.bias
        found = nn.functional.conv1d(padded, self.weight.transpose(1, 2), bias)
        found = self._normal(found, lengths) if block.norm else found
        found = ACTIVATIONS[block.activation](found)
        if block.pool > 1:
            found = self._largest(found, lengths)
            lengths = None if lengths is None else (lengths + block.pool - 1) // block.pool
        found = found.transpose(1, 2)
        found = found if lengths is None else zero_past(found, lengths)
        return flow._replace(values=found, lengths=lengths)

    def _normal(self, values: Tensor, lengths: Tensor | None) -> Tensor:
        """`[B, units, T]` normalised; what stands past a length counts for nothing."""
        if lengths is None or bool((lengths == values.shape[2]).all()):
            return self._normalised(values)
        real = real_steps(lengths, values.shape[2])
        steps = values.transpose(1, 2)
        found = torch.zeros_like(steps)
        found[real] = self._normalised(steps[real])
        return found.transpose(1, 2)

    def _normalised(self, values: Tensor) -> Tensor:
        """Of `[B, units, T]` or `[N, units]`; fewer than two steps have no variance."""
        own = self.training and values.numel() >= 2 * self.block.units
        # Averages stay where no gradient is taken: a pass that is computed again counts once.
        kept = (self.mean, self.variance) if torch.is_grad_enabled() or not own else (None, None)
        return nn.functional.batch_norm(
            values, *kept, self.gain, self.bias, own, _NEWEST, NORM_EPSILON
        )

    def _largest(self, values: Tensor, lengths: Tensor | None) -> Tensor:
        """Of each few steps `[B, units, ceil(T / pool)]`; past a length there is nothing."""
        if lengths is not None:
            real = real_steps(lengths, values.shape[2])[:, None]
            values = values.masked_fill(~real, -torch.inf)
        return nn.functional.max_pool1d(values, self.block.pool, ceil_mode=True)
