from __future__ import annotations

import numpy as np
import pytest

from elman.errors import BundleError
from elman.metrics.chords import ChordBaselines, fit_chords, steps_before


def pieces(count, steps=40, seed=0):
    """Each chord is the one before, a note higher or lower: of the last chord much is known."""
    draws = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        at, roll = 6, np.zeros((steps, 12), bool)
        for t in range(steps):
            at = int(np.clip(at + draws.choice([-1, 0, 1]), 0, 9))
            roll[t, [at, at + 2]] = True
        found.append(roll)
    return found


def test_frequencies_are_those_of_the_training_part():
    train = pieces(5)
    made = fit_chords(train)
    shares = (np.concatenate(train).sum(axis=0) + 0.5) / (sum(map(len, train)) + 1)
    np.testing.assert_allclose(1 / (1 + np.exp(-made.frequencies)), shares)
    said = made.log_probabilities(train[0])["note frequencies"]
    expected = np.where(train[0], np.log(shares), np.log1p(-shares)).sum(axis=1)
    np.testing.assert_allclose(said, expected)


def test_the_regression_is_scikit_learns():
    linear = pytest.importorskip("sklearn.linear_model")
    train = pieces(20)
    made = fit_chords(train)
    assert made.penalty == 1.0
    features = np.concatenate([steps_before(piece) for piece in train])
    note = np.concatenate(train)[:, 5]
    theirs = linear.LogisticRegression(C=1 / made.penalty, max_iter=2000, tol=1e-8)
    theirs.fit(features, note)
    ours = features @ made.weight[5] + made.bias[5]
    costs = [np.logaddexp(0, np.where(note, -one, one)).mean()
             for one in (ours, theirs.decision_function(features))]  # fmt: skip
    assert costs[0] == pytest.approx(costs[1], rel=2e-3)
    assert np.corrcoef(ours, theirs.decision_function(features))[0, 1] > 0.999


def test_what_was_before_helps():
    made = fit_chords(pieces(20), pieces(5, seed=1))
    scores = made.scores(pieces(5, seed=2))
    assert scores[made.names[1]] < 0.8 * scores[made.names[0]]


def test_they_travel():
    made = fit_chords(pieces(3))
    again = ChordBaselines.from_tensors(made.tensors())
    assert again.scores(pieces(2)) == made.scores(pieces(2))
    for name in made.tensors():
        broken = {k: v for k, v in made.tensors().items() if k != name}
        with pytest.raises(BundleError, match="baselines"):
            ChordBaselines.from_tensors(broken)
    with pytest.raises(BundleError, match="baselines"):
        ChordBaselines.from_tensors({**made.tensors(), "bias": np.zeros(3)})


def test_the_first_step_has_no_chord_before():
    before = steps_before(pieces(1)[0])
    assert before[0].tolist() == [0] * 12 + [1]
    assert not before[1:, -1].any()
    np.testing.assert_array_equal(before[1:, :-1], pieces(1)[0][:-1])
