from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from elman.training import CrossEntropy, Ranks, TrainingConfig
from elman.training.loop.optimizers import build_optimizer
from elman.training.loop.stepping import Stepper, whole_cost
from tests.training.networks import examples, reader

CONFIG = TrainingConfig(optimizer="momentum", learning_rate=0.1)


def parts(*sizes):
    data, rows = examples(), torch.arange(22)
    return [data.select(part) for part in rows.split(sizes)]


def grown(batches):
    """The gradients of a step from these batches, in float64, and what it found."""
    module = reader().double().eval()
    cost = whole_cost(module, CrossEntropy())
    stepper = Stepper(module, cost, CONFIG, build_optimizer(module, CONFIG), Ranks())
    taken = stepper.step([replace(b, inputs=b.inputs.double()) for b in batches], 0.1)
    return torch.cat([p.grad.flatten() for p in module.parameters() if p.grad is not None]), taken


@pytest.mark.parametrize("sizes", [(11, 11), (1, 20, 1), (5, 5, 5, 5, 2)])
def test_several_batches_are_as_one(sizes):
    whole, one = grown(parts(22))
    cut, several = grown(parts(*sizes))
    torch.testing.assert_close(cut, whole, rtol=1e-12, atol=1e-12)
    assert several.count == one.count == 22
    assert several.total == pytest.approx(one.total, rel=1e-12)
    assert several.gradient_norm == pytest.approx(whole.norm().item(), rel=1e-12)


class Poisoned(nn.Module):
    """Counts its calls in a buffer, and answers with what it is told to."""

    calls: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2, 3))
        self.register_buffer("calls", torch.zeros(()))
        self.factor = 1.0

    def forward(self, inputs, lengths):
        self.calls += 1
        return inputs.mean(dim=1) @ self.weight * self.factor


@pytest.mark.parametrize("factor", [math.nan, math.inf, 3e38])
def test_a_skipped_step_leaves_everything_as_it_was(factor):
    module = Poisoned()
    optimizer = build_optimizer(module, CONFIG)
    stepper = Stepper(module, whole_cost(module, CrossEntropy()), CONFIG, optimizer, Ranks())
    assert stepper.step(parts(22), 0.1).fault is None
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    memory = optimizer.state[module.weight]["momentum_buffer"].clone()
    module.factor = factor
    assert stepper.step(parts(11, 11), 0.1).fault is not None
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    assert torch.equal(optimizer.state[module.weight]["momentum_buffer"], memory)
    module.factor = 1.0
    assert stepper.step(parts(22), 0.1).fault is None
    assert module.calls == 2
