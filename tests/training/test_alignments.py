"""Losses over alignments, held to the specification in `elman.kernels.ctc`."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman.kernels import ctc
from elman.targets import Target
from elman.training import Ctc, Examples, LabelAccuracy


def batch_of(labels, lengths, weights=None) -> Examples:
    """Rows with these labels and lengths; inputs are not looked at."""
    wide = max(1, *map(len, labels))
    targets = torch.tensor([[*row, *[0] * (wide - len(row))] for row in labels])
    lengths = None if lengths is None else torch.tensor(lengths)
    weights = None if weights is None else torch.tensor(weights)
    return Examples(torch.zeros(len(labels), 9, 1), targets, lengths, weights, kind=Target.TOKENS)


LABELS, LENGTHS = [[1, 1, 3], [2], [], [3, 1, 2, 1]], [9, 1, 4, 7]


def specified(scores: np.ndarray, weights: np.ndarray) -> tuple[float, np.ndarray]:
    """The loss by the specification, and its derivatives by the scores before the softmax."""
    targets = batch_of(LABELS, LENGTHS).targets.numpy()
    counts, lengths = (targets != 0).sum(axis=1), np.array(LENGTHS)
    logs = scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))
    totals = ctc.log_likelihoods(logs, lengths, targets, counts)
    real = (np.arange(scores.shape[1]) < lengths[:, None])[..., None]
    each = np.where(real, np.exp(logs), 0) - ctc.gradients(logs, lengths, targets, counts)
    return float(-(totals * weights).sum()), each * weights[:, None, None]


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-10), (torch.float32, 2e-5)])
@pytest.mark.parametrize("weights", [None, [1.0, 0.5, 2.0, 3.0]])
def test_loss_and_gradients_are_those_of_the_specification(dtype, bound, weights):
    scores = np.random.default_rng(0).normal(size=(4, 9, 5)) * 3
    given = torch.tensor(scores, dtype=dtype, requires_grad=True)
    batch = batch_of(LABELS, LENGTHS, weights)
    found = Ctc()(given, batch)
    found.total.backward()
    each = np.array([1.0] * 4 if weights is None else weights)
    total, gradients = specified(scores, each)
    assert given.grad is not None
    assert found.total.item() == pytest.approx(total, rel=bound)
    np.testing.assert_allclose(given.grad.numpy(), gradients, atol=bound)
    assert found.count.item() == pytest.approx(float(np.dot([3, 1, 1, 4], each)))


def test_rows_of_full_length_need_no_lengths():
    scores = torch.randn(4, 9, 5, generator=torch.Generator().manual_seed(0))
    told, not_told = batch_of(LABELS, [9] * 4), batch_of(LABELS, None)
    assert Ctc()(scores, told).total == Ctc()(scores, not_told).total
    assert LabelAccuracy()(scores, told).total == LabelAccuracy()(scores, not_told).total


def test_labels_that_do_not_fit_are_infinitely_improbable():
    found = Ctc()(torch.zeros(1, 9, 4), batch_of([[1, 1]], [2]))
    assert torch.isinf(found.total)


def test_accuracy_counts_the_edits_of_what_is_most_probable():
    paths = torch.tensor([[0, 1, 1, 0, 1, 3, 3, 0, 0], [2, 2, 1, 1, 1, 1, 1, 1, 1]])
    scores = torch.nn.functional.one_hot(paths, 5).float()
    found = LabelAccuracy()(scores, batch_of([[1, 1, 3], [2]], [9, 2]))  # past a length is not read
    assert [float(one) for one in found] == [4.0, 4.0]
    found = LabelAccuracy()(scores, batch_of([[1, 3], [2, 4]], [9, 2]))
    assert [float(one) for one in found] == [2.0, 4.0]
