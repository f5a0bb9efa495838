"""PyTorch's example of time sequences: two cells step by step, float64, LBFGS."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.clients.program import Program, runs

__all__ = ["inference", "training"]

WAVES, STEPS, HIDDEN, SHIFT = 97, 999, 51, 20
SHOWN, AHEAD = 3, 1000


class Sequence(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.LSTMCell(1, HIDDEN), nn.LSTMCell(HIDDEN, HIDDEN)
        self.linear = nn.Linear(HIDDEN, 1)

    def forward(self, waves: Tensor, ahead: int = 0) -> Tensor:
        """What follows each step of waves `[B, T]`, and `ahead` steps more."""
        first = second = None
        written = []
        for value in waves.split(1, dim=1):
            first = self.first(value, first)
            second = self.second(first[0], second)
            written.append(self.linear(second[0]))
        for _ in range(ahead):
            first = self.first(written[-1], first)
            second = self.second(first[0], second)
            written.append(self.linear(second[0]))
        return torch.cat(written, dim=1)


def program() -> Program:
    starts = torch.randint(-4 * SHIFT, 4 * SHIFT, (WAVES + SHOWN, 1))
    waves = torch.sin((torch.arange(STEPS + 1) + starts) / SHIFT).double()
    model = Sequence().double()
    inputs, targets = waves[SHOWN:, :-1], waves[SHOWN:, 1:]
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.8, max_iter=1)
    criterion = nn.MSELoss()

    def evaluate() -> Tensor:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        return loss

    def train() -> list[float]:
        return [optimizer.step(evaluate).item()]

    @torch.no_grad()
    def infer() -> np.ndarray:
        return model(waves[:SHOWN, :-1], AHEAD).numpy()

    return Program(model, train, infer)


training, inference = runs(program)
