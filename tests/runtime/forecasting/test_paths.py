"""Sample paths: each step as its distribution says, and steps that hang together as errors did."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from elman.errors import ArgumentError
from elman.runtime.forecasting.calibration import Calibration
from elman.runtime.forecasting.paths import (
    check_count,
    draws_of,
    like_templates,
    ways_on,
    with_errors,
)
from tests.runtime.forecasters import calibration_for, companions_for, plan_for, shops


def templates(count, steps=4, targets=2, seed=0):
    return np.random.default_rng(seed).normal(size=(count, steps, targets)).astype(np.float32)


def ranks(paths):
    return paths.argsort(axis=-1).argsort(axis=-1)


@pytest.mark.parametrize("count", [1, 7, 20, 45])
def test_the_shuffle_keeps_what_was_drawn_of_each_step(count):
    drawn = np.random.default_rng(1).normal(size=(4, 2, count))
    found = like_templates(drawn, templates(20), np.random.default_rng(2))
    np.testing.assert_array_equal(np.sort(found, axis=-1), np.sort(drawn, axis=-1))


def test_the_shuffle_takes_the_ranks_of_templates():
    drawn, given = np.random.default_rng(1).normal(size=(4, 2, 20)), templates(20)
    found = like_templates(drawn, given, np.random.default_rng(2))
    # Each template was used once: the same paths up to their order.
    expected = ranks(np.moveaxis(given, 0, -1)).reshape(8, 20)
    taken = ranks(found).reshape(8, 20)
    assert sorted(map(tuple, taken.T)) == sorted(map(tuple, expected.T))


def test_steps_hang_together_as_in_the_templates():
    """Errors that are the same at all steps make paths that never cross."""
    same = np.repeat(templates(50, steps=1), 4, axis=1)
    drawn = np.random.default_rng(1).normal(size=(4, 2, 50))
    taken = ranks(like_templates(drawn, same, np.random.default_rng(2)))
    assert (taken == taken[:1]).all()
    assert (ranks(drawn) != ranks(drawn)[:1]).any()


def test_errors_are_added_as_they_are():
    mean, given = np.arange(8.0).reshape(4, 2), templates(6)
    found = with_errors(mean, given, 6, np.random.default_rng(0))
    added = np.moveaxis(found - mean[..., None], -1, 0).astype(np.float32)
    assert found.shape == (4, 2, 6)
    np.testing.assert_allclose(
        added[added[:, 0, 0].argsort()], given[given[:, 0, 0].argsort()], atol=1e-6
    )


def test_more_paths_than_templates_use_each_about_as_often():
    given = np.arange(3, dtype=np.float32)[:, None, None]
    found = with_errors(np.zeros((1, 1)), given, 11, np.random.default_rng(0)).ravel()
    assert sorted(np.unique(found, return_counts=True)[1]) == [3, 4, 4]


def test_the_draws_depend_on_seed_series_and_time_alone():
    panel = shops()
    row = int(panel.offsets[1])
    first = draws_of(panel, 1, row + 4, 3).random(5)
    turned = panel.select([1, 0])
    np.testing.assert_array_equal(draws_of(turned, 0, 4, 3).random(5), first)
    for series, start, seed in ((0, 4, 3), (1, row + 5, 3), (1, row + 4, 2)):
        assert (draws_of(panel, series, start, seed).random(5) != first).all()


def test_points_take_errors_and_distributions_take_ranks():
    panel = shops()
    plan = plan_for(panel)
    point = companions_for(panel, plan, calibration=calibration_for(plan))
    params = np.zeros((3, 1, 1))
    found = ways_on(point, params, 1.0, 8, np.random.default_rng(0))
    np.testing.assert_array_equal(
        np.sort(found[:, 0], axis=-1), np.sort(point.calibration.paths[..., 0].T, axis=-1)
    )
    gaussian = replace(point, plan=replace(plan, output="gaussian"))
    params = np.stack([np.full((3, 1), 5.0), np.full((3, 1), -2.0)], axis=-1)
    drawn = gaussian.head.sample(params, np.random.default_rng(0), 8)
    found = ways_on(gaussian, params, 1.0, 8, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(found, axis=-1), np.sort(drawn, axis=-1))


def test_paths_that_cannot_be_given():
    panel = shops()
    plan = plan_for(panel)
    bare = companions_for(panel, plan)
    check_count(bare, 1, drawn=True)
    with pytest.raises(ArgumentError, match="found 0"):
        check_count(bare, 0, drawn=True)
    with pytest.raises(ArgumentError, match="uncertainty"):
        check_count(bare, 5, drawn=False)
    empty = Calibration(np.zeros((3, 1, 3), np.float32), np.zeros((0, 3, 1), np.float32), 4)
    with pytest.raises(ArgumentError, match="uncertainty"):
        check_count(replace(bare, calibration=empty), 5, drawn=False)
    check_count(replace(bare, calibration=calibration_for(plan)), 5, drawn=False)
