from __future__ import annotations

import numpy as np
import pytest
import torch

from elman.errors import ArgumentError
from elman.targets import Target
from elman.training import BinaryCrossEntropy, CrossEntropy, Examples, MeanSquaredError
from elman.training.loop.losses import accuracy, label_accuracy

RNG = np.random.default_rng(0)


def batch(targets, **more) -> Examples:
    found = torch.as_tensor(targets)
    kind = {1: Target.CLASS, 2: Target.NUMBERS, 3: Target.NUMBERS_PER_STEP}[found.ndim]
    return Examples(torch.zeros(len(found), 4, 1), found, **{"kind": kind, **more})


def test_cross_entropy_by_hand():
    logits = RNG.normal(size=(5, 3))
    labels, weights = np.array([0, 2, 1, 1, 0]), RNG.uniform(0.1, 2, 5)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    smooth = np.full((5, 3), 0.1 / 3)
    smooth[np.arange(5), labels] += 0.9
    expected = -(smooth * log_p).sum(axis=1) @ weights
    loss = CrossEntropy(0.1)(torch.tensor(logits), batch(labels, weights=torch.tensor(weights)))
    assert loss.total.item() == pytest.approx(expected)
    assert loss.count.item() == pytest.approx(weights.sum())


def test_weights_are_repetitions():
    logits, labels = torch.tensor(RNG.normal(size=(3, 4))), torch.tensor([1, 3, 0])
    weighted = CrossEntropy()(logits, batch(labels, weights=torch.tensor([1.0, 3.0, 2.0])))
    rows = torch.tensor([0, 1, 1, 1, 2, 2])
    repeated = CrossEntropy()(logits[rows], batch(labels[rows]))
    assert weighted.mean().item() == pytest.approx(repeated.mean().item())


def test_binary_cross_entropy_by_hand():
    logits, labels = RNG.normal(size=(4, 2)), RNG.integers(0, 2, (4, 2)).astype(float)
    p = 1 / (1 + np.exp(-logits))
    expected = -(labels * np.log(p) + (1 - labels) * np.log(1 - p)).mean(axis=1).sum()
    loss = BinaryCrossEntropy()(torch.tensor(logits), batch(labels))
    assert loss.total.item() == pytest.approx(expected)
    smoothed = BinaryCrossEntropy(0.2)(torch.tensor(logits), batch(labels))
    halfway = BinaryCrossEntropy()(torch.tensor(logits), batch(labels * 0.8 + 0.1))
    assert smoothed.total.item() == pytest.approx(halfway.total.item())


def test_squared_error_of_rows():
    loss = MeanSquaredError()(
        torch.tensor([[1.0, 2.0], [0.0, 0.0]]), batch([[0.0, 0.0], [3.0, 1.0]])
    )
    assert loss.mean().item() == pytest.approx((2.5 + 5.0) / 2)


def test_squared_error_counts_real_steps_only():
    outputs, targets = torch.zeros(2, 4, 1), torch.ones(2, 4, 1)
    targets[0, 2:], targets[1, 0] = float("nan"), 3.0
    loss = MeanSquaredError()(
        outputs.requires_grad_(),
        batch(targets, lengths=torch.tensor([2, 4]), weights=torch.tensor([2.0, 1.0])),
    )
    assert loss.total.item() == pytest.approx(2 * (1 + 1) + (9 + 1 + 1 + 1))
    assert loss.count.item() == pytest.approx(2 * 2 + 4)
    loss.mean().backward()
    assert outputs.grad is not None
    assert (outputs.grad[0, 2:] == 0).all()
    assert torch.isfinite(outputs.grad).all()


def test_a_batch_without_a_step_teaches_nothing():
    outputs = torch.zeros(1, 1, 1, requires_grad=True)
    loss = MeanSquaredError()(outputs, batch([[[1.0]]], lengths=torch.tensor([0])))
    loss.mean().backward()
    assert loss.mean().item() == 0
    assert outputs.grad is not None
    assert outputs.grad.item() == 0


def test_scores():
    logits = torch.tensor([[0.1, 0.9], [0.8, 0.2], [0.3, 0.4]])
    assert accuracy(logits, batch([1, 0, 0])).mean().item() == pytest.approx(2 / 3)
    weighted = accuracy(logits, batch([1, 0, 0], weights=torch.tensor([1.0, 1.0, 2.0])))
    assert weighted.mean().item() == pytest.approx(0.5)
    labels = [[0.0, 1.0], [1.0, 1.0]]
    found = label_accuracy(torch.tensor([[-1.0, 2.0], [1.0, -1.0]]), batch(labels))
    assert found.mean().item() == pytest.approx(0.5)


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_label_smoothing_is_a_share(share):
    with pytest.raises(ArgumentError, match="label_smoothing"):
        CrossEntropy(share)
