"""The mixture in torch: its twin's numbers, its gradients, and what it learns."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from elman.blueprint import Blueprint, CellConfig, Mixture, Recurrent, from_json, to_json
from elman.kernels import mixture as kernel
from elman.models import build
from elman.models.mixture import log_probability
from elman.runtime import Network
from elman.training.loop.mixtures import MixtureLoss

FAMILIES = ("gaussian", "student_t", "logistic", "von_mises")
BLOCKS = [Mixture(((family, 2),), 3) for family in FAMILIES]
BLOCKS += [
    Mixture((("gaussian_full", 2), ("bernoulli", 1)), 3, ends=True),
    Mixture((("categorical", 3), ("student_t", 1), ("bernoulli", 2), ("von_mises", 1)), 2),
    Mixture((("categorical", 4),), ends=True),
]
NAMES = [block.describe() for block in BLOCKS]


def problem(block: Mixture, rows: int = 9) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(4)
    raw, targets = draws.normal(size=(rows, block.output_features(0))), np.zeros((rows, 1))
    targets = draws.normal(size=(rows, block.values))
    for part in block.layout():
        if part.family in ("bernoulli", "categorical"):
            most = 2 if part.family == "bernoulli" else part.size
            targets[:, part.columns] = draws.integers(0, most, targets[:, part.columns].shape)
    if block.ends:
        targets[:, 0] = draws.integers(0, 2, rows)
    return raw, targets


@pytest.mark.parametrize("block", BLOCKS, ids=NAMES)
def test_the_twin_says_the_same(block):
    raw, targets = problem(block)
    wanted = kernel.log_probability(block, raw, targets)
    found = log_probability(block, torch.from_numpy(raw), torch.from_numpy(targets))
    np.testing.assert_allclose(found.numpy(), wanted, 1e-10, 1e-10)
    single = log_probability(block, torch.tensor(raw).float(), torch.tensor(targets).float())
    np.testing.assert_allclose(single.numpy(), wanted, 2e-5, 2e-5)


@pytest.mark.parametrize("block", BLOCKS, ids=NAMES)
def test_gradients_are_central_differences_of_the_specification(block):
    raw, targets = problem(block, rows=4)
    given = torch.tensor(raw, requires_grad=True)
    log_probability(block, given, torch.from_numpy(targets)).sum().backward()
    step = 1e-5
    for k in range(raw.shape[1]):
        up, down = raw.copy(), raw.copy()
        up[:, k] += step
        down[:, k] -= step
        slope = kernel.log_probability(block, up, targets)
        slope = (slope - kernel.log_probability(block, down, targets)) / (2 * step)
        np.testing.assert_allclose(given.grad[:, k].numpy(), slope, 1e-6, 1e-8)


@pytest.mark.parametrize("block", BLOCKS, ids=NAMES)
@pytest.mark.parametrize("value", [1e30, -1e30, 0.0, 40.0])
def test_extreme_parameters_keep_values_and_gradients_finite(block, value):
    # Pytorch-Sketch-RNN#6: NaN after some epochs
    raw = torch.full((2, block.output_features(0)), value)
    raw[1, ::2] *= -1
    raw.requires_grad_()
    _, targets = problem(block, 2)
    found = log_probability(block, raw, torch.tensor(targets).float())
    found.sum().backward()
    assert torch.isfinite(found).all()
    assert torch.isfinite(raw.grad).all()


def network(block: Mixture) -> Blueprint:
    cells = Recurrent((CellConfig("gru", 6),))
    return Blueprint("sequence_to_sequence", 2, {"body": (cells, block)})


@pytest.mark.parametrize("block", BLOCKS, ids=NAMES)
def test_a_network_with_one_has_both_twins_and_a_stepper(block):
    blueprint = network(block)
    assert from_json(to_json(blueprint)) == blueprint
    model = build(blueprint, seed=1).eval()
    runtime = Network(blueprint, {k: v.numpy() for k, v in model.state_dict().items()})
    inputs = np.random.default_rng(0).normal(size=(3, 5, 2)).astype(np.float32)
    with torch.no_grad():
        wanted = model(torch.from_numpy(inputs), [5, 2, 0]).numpy()
    np.testing.assert_allclose(runtime.run(inputs, [5, 2, 0]), wanted, 1e-5, 1e-5)
    stepper = runtime.stepper(3)
    state = runtime.initial_state(3)
    for t in range(5):
        said, state = runtime.step_inputs(inputs[:, t], state)
        assert (stepper.step(np.ascontiguousarray(inputs[:, t])) == said).all()


def test_a_loss_counts_real_steps_and_reads_no_others():
    block = Mixture((("gaussian", 2),), 2)
    outputs = torch.randn(3, 4, block.output_features(0), requires_grad=True)
    targets = torch.randn(3, 4, 2)
    lengths = torch.tensor([4, 2, 0])
    targets[1, 2:], targets[2], targets[0, 3] = torch.nan, torch.nan, torch.nan
    weights = torch.tensor([[2.0, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1]])
    batch = SimpleNamespace(targets=targets, lengths=lengths, weights=weights)
    total, count = MixtureLoss(block)(outputs, batch)
    total.backward()
    assert float(count) == 6
    said = log_probability(block, outputs[[0, 0, 0, 1, 1], [0, 1, 2, 0, 1]],
                           targets[[0, 0, 0, 1, 1], [0, 1, 2, 0, 1]])  # fmt: skip
    wanted = -(said * torch.tensor([2, 1, 1, 1, 1])).sum().item()
    assert total.item() == pytest.approx(wanted, 1e-5)
    assert torch.isfinite(outputs.grad).all()
    assert float(outputs.grad[0, 3].abs().sum()) == 0


def test_it_learns_a_mixture_that_one_density_cannot_say():
    torch.manual_seed(0)
    sides = torch.where(torch.rand(400, 1) < 0.5, -2.0, 2.0) + 0.1 * torch.randn(400, 1)
    scores = {}
    for components in (1, 2):
        block = Mixture((("gaussian", 1),), components)
        raw = torch.zeros(block.output_features(0))
        raw[components : 2 * components] = torch.linspace(-1, 1, components)
        raw.requires_grad_()
        optimizer = torch.optim.Adam([raw], 0.05)
        for _ in range(400):
            loss = -log_probability(block, raw.expand(400, -1), sides).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scores[components] = loss.item()
    # -log density of each side: log 2 + log(0.1 sqrt(2 pi e)) = -0.19; of one normal: 2.11
    assert scores[2] == pytest.approx(-0.19, abs=0.1)
    assert scores[1] == pytest.approx(2.11, abs=0.05)
