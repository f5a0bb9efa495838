"""Displacement errors and the rules that they are held against."""

from __future__ import annotations

import numpy as np
import pytest

from elman.errors import BundleError, ShapeError
from elman.metrics.displacements import (
    CONSTANT,
    Displacement,
    PathBaselines,
    apart,
    best_of,
    constant_velocity,
)


@pytest.fixture
def straight():
    steps = np.arange(20.0)
    return np.stack([np.stack([2 * steps, 1 - steps], 1), np.stack([0 * steps, 3 + steps], 1)])


def test_average_and_final_are_means_over_steps_and_of_the_last():
    distances = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 6.0]])
    assert Displacement.of(distances) == (2.0, 4.5)
    assert np.isnan(Displacement.of(np.zeros((0, 3))).ade)
    with pytest.raises(ShapeError):
        apart(np.zeros((2, 3, 2)), np.zeros((2, 4, 2)))


def test_the_best_of_samples_is_chosen_for_each_error_and_each_window():
    came = np.zeros((1, 2, 2))
    samples = np.zeros((1, 2, 2, 2))
    samples[0, 0, :, 0] = [1.0, 3.0]  # average 2, final 3
    samples[0, 1, :, 0] = [5.0, 1.0]  # average 3, final 1
    assert best_of(samples, came) == (2.0, 1.0)
    assert best_of(samples[:, :1], came) == (2.0, 3.0)  # it falls with the number of samples


def test_all_rules_but_standing_go_on_along_a_straight_line(straight):
    answers = PathBaselines(0.3).answers(straight[:, :8], 12)
    for name, found in answers.items():
        error = apart(found, straight[:, 8:]).max()
        assert (error < 1e-9) == (name != "standing still"), name
    np.testing.assert_array_equal(answers["standing still"][:, 5], straight[:, 7])
    np.testing.assert_array_equal(answers[CONSTANT], constant_velocity(straight[:, :8], 12))


def test_the_gain_that_is_best_is_found():
    draws = np.random.default_rng(0)
    clean = np.arange(20.0)[None, :, None] * draws.normal(size=(400, 1, 2))
    noisy = clean + 0.3 * draws.normal(size=clean.shape)
    assert PathBaselines.fit(noisy[:, :8], clean[:, 8:]).gain < 0.6
    wandering = np.cumsum(np.cumsum(draws.normal(size=(400, 20, 2)), axis=1), axis=1)
    assert PathBaselines.fit(wandering[:, :8], wandering[:, 8:]).gain > 0.8


def test_they_travel():
    found = PathBaselines.from_tensors(PathBaselines(0.4).tensors())
    assert found == PathBaselines(0.4)
    with pytest.raises(BundleError):
        PathBaselines.from_tensors({"gain": np.array([2.0])})
