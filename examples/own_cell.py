"""
A cell of your own
==================

Any object with two methods is a cell: here one that keeps a mean that forgets.
"""

from typing import NamedTuple

import matplotlib.pyplot as plt
import torch

from elman.layers import dynamic_unroll


class Kept(NamedTuple):
    mean: torch.Tensor


class FadingMean(torch.nn.Module):
    """How fast it forgets is learnt."""

    output_size = 1

    def __init__(self):
        super().__init__()
        self.rate = torch.nn.Parameter(torch.tensor(0.0))

    def initial_state(self, batch):
        return Kept(torch.zeros(batch, 1))

    def forward(self, inputs, state):
        share = torch.sigmoid(self.rate)
        mean = share * state.mean + (1 - share) * inputs
        return mean, Kept(mean)


torch.manual_seed(0)
slow = torch.sin(torch.arange(200) / 15)[None, :, None]
noisy, cell = slow + 0.5 * torch.randn(1, 200, 1), FadingMean()
optimizer = torch.optim.Adam(cell.parameters(), lr=0.1)
for _ in range(100):
    optimizer.zero_grad()
    (dynamic_unroll(cell, noisy)[0] - slow).square().mean().backward()
    optimizer.step()
print(f"keeps {torch.sigmoid(cell.rate).item():.0%} of its mean at each step")

figure, ax = plt.subplots()
ax.plot(noisy[0], ".", color="#b5b5b5")
ax.plot(dynamic_unroll(cell, noisy)[0][0].detach(), color="#0072B2")
ax.set(title="What was measured, and what the cell makes of it", xlabel="step")
