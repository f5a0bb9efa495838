"""What a tagger learns by: against the specification."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman.errors import ArgumentError
from elman.kernels.crf import Allowed, Transitions, best_paths, log_partition
from elman.kernels.crf import path_scores as specified
from elman.models.tagging import PathScores
from elman.targets import Target
from elman.training import Examples
from elman.training.loop.losses import CrossEntropy
from elman.training.loop.tagging import (
    FrequencyLoss,
    PathAccuracy,
    PathLikelihood,
    WithFrequencies,
)

LENGTHS = np.array([3, 0, 4, 1])
ALLOWED = Allowed(
    np.array([[True, False, True], [True, True, True], [True, True, False]]),
    np.array([True, True, False]),
    np.array([True, True, True]),
)
PATHS = np.array([[0, 2, 1, 0], [0, 0, 0, 0], [1, 1, 0, 2], [1, 0, 0, 0]])


def outputs() -> PathScores:
    draws = torch.Generator().manual_seed(0)
    shapes = (4, 4, 3), (3, 3), (3,), (3,)
    return PathScores(
        *(torch.randn(s, generator=draws, dtype=torch.float64).requires_grad_() for s in shapes)
    )


def batch(weights=None, lengths=LENGTHS) -> Examples:
    targets = torch.from_numpy(PATHS).clone()
    return Examples(
        targets,
        targets,
        None if lengths is None else torch.from_numpy(lengths),
        None if weights is None else torch.tensor(weights),
        kind=Target.CLASS_PER_STEP,
    )


def specification(given: PathScores, allowed: Allowed | None) -> tuple[np.ndarray, Transitions]:
    scores, *rest = (one.detach().numpy() for one in given)
    return scores, Transitions(*rest).within(allowed)


@pytest.mark.parametrize("allowed", [None, ALLOWED], ids=["any", "allowed"])
def test_the_loss_is_what_the_true_path_lacks(allowed):
    given = outputs()
    scores, transitions = specification(given, allowed)
    wanted = log_partition(scores, transitions, LENGTHS)
    wanted -= specified(scores, transitions, PATHS, LENGTHS)
    assert (wanted[LENGTHS > 0] > 0).all()
    found = PathLikelihood(allowed)(given, batch())
    assert found.count.item() == LENGTHS.sum()
    assert found.total.item() == pytest.approx(wanted.sum())
    weights = [0.5, 3.0, 2.0, 1.0]
    weighted = PathLikelihood(allowed)(given, batch(weights))
    assert weighted.total.item() == pytest.approx(wanted @ weights)
    assert weighted.count.item() == pytest.approx(LENGTHS @ weights)
    found.mean().backward()
    assert all(torch.isfinite(one.grad).all() for one in given)


def test_without_lengths_all_steps_are_real():
    given = outputs()
    scores, transitions = specification(given, None)
    full = np.full(4, 4)
    wanted = log_partition(scores, transitions, full) - specified(scores, transitions, PATHS, full)
    found = PathLikelihood()(given, batch(lengths=None))
    assert found.total.item() == pytest.approx(wanted.sum())
    assert found.count.item() == 16


def test_weights_of_steps_are_refused():
    with pytest.raises(ArgumentError, match="sample_weight: one for each step"):
        PathLikelihood()(outputs(), batch(np.ones((4, 4)).tolist()))


@pytest.mark.parametrize("allowed", [None, ALLOWED], ids=["any", "allowed"])
def test_the_accuracy_is_that_of_the_best_path(allowed):
    given = outputs()
    scores, transitions = specification(given, allowed)
    real = np.arange(4) < LENGTHS[:, None]
    for said, within in (
        (given, transitions),
        (given.scores, Transitions.zeros(3).within(allowed)),
    ):
        right = (best_paths(scores, within, LENGTHS)[0] == PATHS) & real
        found = PathAccuracy(allowed)(said, batch())
        assert (found.total.item(), found.count.item()) == (right.sum(), real.sum())
        each = np.random.default_rng(0).random((4, 4))
        weighted = PathAccuracy(allowed)(said, batch(each.tolist()))
        assert weighted.total.item() == pytest.approx((right * each).sum())
        assert weighted.count.item() == pytest.approx((real * each).sum())


@pytest.mark.parametrize("usual", [PathLikelihood(), CrossEntropy()], ids=["paths", "steps"])
def test_frequencies_count_beside_the_tags_over_the_same_steps(usual):
    said = outputs() if isinstance(usual, PathLikelihood) else outputs().scores
    scores = torch.randn(4, 4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    bins = torch.from_numpy(PATHS % 2)
    weights = torch.tensor([1.0, 1.0, 3.0, 0.5], dtype=torch.float64)
    given = batch(weights.tolist())
    loss = FrequencyLoss(usual, 0.3)
    with torch.no_grad():
        alone, found = usual(said, given), loss(WithFrequencies(said, scores, bins), given)
    beside = sum(
        weights[n] * -scores[n, t].log_softmax(dim=0)[bins[n, t]]
        for n, length in enumerate(LENGTHS)
        for t in range(length)
    )
    assert float(found.total) == pytest.approx(float(alone.total) + 0.3 * float(beside))
    assert float(found.count) == float(alone.count) == 3 * 1 + 4 * 3 + 0.5
    assert loss(said, given) == alone  # what is not in training says tags alone
