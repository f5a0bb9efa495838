from __future__ import annotations

import pytest
import torch
from torch import nn

from elman.training import TrainingConfig
from elman.training.loop.optimizers import build_optimizer, clip_gradients, learning_rate


class Parts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        for name, shape in {
            "weight_ih": (4, 2),
            "projection": (2, 4),
            "bias": (4,),
            "peephole": (3, 4),
            "norm_cell": (2, 4),
            "norm_ih": (4,),
        }.items():
            setattr(self, name, nn.Parameter(torch.ones(shape)))


def test_only_matrices_decay():
    module = Parts()
    config = TrainingConfig(optimizer="adamw", learning_rate=0.1, weight_decay=0.5)
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    build_optimizer(module, config).step()
    shrunk = {name for name, p in module.named_parameters() if (p < 1).all()}
    assert shrunk == {"weight_ih", "projection"}


@pytest.mark.parametrize(
    "name", ["adam", "adamw", "sgd", "momentum", "nesterov", "rmsprop", "adagrad"]
)
def test_every_optimizer_goes_downhill(name):
    module = nn.Linear(3, 1)
    torch.nn.init.constant_(module.weight, 1.0)
    optimizer = build_optimizer(module, TrainingConfig(optimizer=name, learning_rate=0.05))
    values = []
    for _ in range(40):
        optimizer.zero_grad()
        loss = module(torch.eye(3)).square().mean()
        loss.backward()
        optimizer.step()
        values.append(loss.item())
    assert values[-1] < 0.5 * values[0]


def test_momentum_is_nine_tenths():
    step = {}
    for name in ("sgd", "momentum"):
        module = nn.Linear(1, 1, bias=False)
        optimizer = build_optimizer(module, TrainingConfig(optimizer=name, learning_rate=1.0))
        before = module.weight.item()
        for _ in range(2):
            module.weight.grad = torch.ones(1, 1)
            optimizer.step()
        step[name] = before - module.weight.item()
    assert step["sgd"] == pytest.approx(2.0)
    assert step["momentum"] == pytest.approx(2.9)


def test_schedules():
    constant = TrainingConfig(learning_rate=2.0)
    cosine = TrainingConfig(learning_rate=2.0, schedule="cosine", warmup_steps=4)
    linear = TrainingConfig(learning_rate=2.0, schedule="linear")
    assert {learning_rate(constant, step, 10) for step in range(10)} == {2.0}
    assert [learning_rate(cosine, step, 24) for step in (0, 3, 4)] == [0.5, 2.0, 2.0]
    assert learning_rate(cosine, 14, 24) == pytest.approx(1.0)
    assert 0 < learning_rate(cosine, 23, 24) < 0.02
    assert learning_rate(linear, 5, 10) == pytest.approx(1.0)


def clipped(gradients: list[list[float]], **settings: float) -> tuple[list[list[float]], float]:
    """Gradients after clipping, and the norm that was found."""
    parameters = []
    for entries in gradients:
        parameters.append(nn.Parameter(torch.zeros(len(entries), dtype=torch.float64)))
        parameters[-1].grad = torch.tensor(entries, dtype=torch.float64)
    norm = clip_gradients(parameters, TrainingConfig(**{"clip_norm": None, **settings}))
    return [parameter.grad.tolist() for parameter in parameters], norm


def test_clipping():
    gradients = [[3.0, -4.0], [12.0]]
    assert clipped(gradients) == (gradients, 13.0)
    assert clipped(gradients, clip_norm=20.0) == (gradients, 13.0)
    assert clipped(gradients, clip_value=3.5) == ([[3.0, -3.5], [3.5]], 13.0)
    by_norm, norm = clipped(gradients, clip_norm=6.5)
    assert norm == 13.0
    assert by_norm == [pytest.approx([1.5, -2.0]), pytest.approx([6.0])]


def test_clipping_by_value_comes_before_clipping_by_norm():
    found, norm = clipped([[3.0, -4.0], [12.0]], clip_value=4.0, clip_norm=1.0)
    assert norm == 13.0
    share = (3.0**2 + 4.0**2 + 4.0**2) ** -0.5
    assert found == [pytest.approx([3 * share, -4 * share]), pytest.approx([4 * share])]


@pytest.mark.parametrize("entry", [float("inf"), float("nan")])
def test_what_is_not_finite_is_not_clipped_away(entry):
    _, norm = clipped([[1.0, entry]], clip_value=1.0)
    assert not torch.tensor(norm).isfinite()
