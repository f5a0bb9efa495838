"""Whether a scene is like those that were learnt from."""

from __future__ import annotations

import numpy as np
import pytest

from elman.errors import BundleError
from elman.runtime.moving.likeness import TRAITS, Likeness, traits_of


def moving(noise=0.01, agents=40, bend=0.1, seed=0):
    """Windows of eight steps of agents who bend alike, and corrections that follow the bend."""
    draws = np.random.default_rng(seed)
    step = np.arange(8.0)
    turn = bend * draws.normal(size=(agents, 1))
    seen = np.stack([np.tile(step, (agents, 1)), turn * np.square(step)], axis=2)
    seen = seen + noise * draws.normal(size=seen.shape)
    correction = np.diff(seen, 2, axis=1)[:, -1:] * np.square(np.arange(1, 13))[:, None]
    return traits_of(seen, correction, 1.0)


@pytest.fixture(scope="module")
def likeness():
    scenes = [moving(seed=k) for k in range(4)]
    every = np.arange(160)
    return Likeness.fit(np.concatenate(scenes), every // 40, every, every % 40)


def holds(likeness, traits, now=100):
    ends = np.arange(len(traits))
    return likeness.holds(traits, ends, ends, np.array([now]))[0]


def test_where_scenes_learnt_from_are_unlike_each_other_none_is_like():
    kinds = [{"bend": 0.01}, {"bend": 1.0}, {"bend": 0.01}, {"bend": 1.0}]
    scenes = [moving(**kind, seed=k) for k, kind in enumerate(kinds)]
    every = np.arange(160)
    fitted = Likeness.fit(np.concatenate(scenes), every // 40, every, every % 40)
    assert not holds(fitted, moving(bend=0.1, seed=9))


def test_a_further_scene_of_the_kind_is_like(likeness):
    assert all(holds(likeness, moving(seed=10 + k)) for k in range(5))


@pytest.mark.parametrize("other", [{"noise": 0.1}, {"noise": 0.0}, {"bend": 0.5}, {"bend": 0.0}])
def test_noise_and_other_movements_are_not(likeness, other):
    assert not holds(likeness, moving(**other, seed=20))


def test_only_what_was_seen_by_a_step_counts(likeness):
    both = np.concatenate([moving(seed=30), moving(noise=0.1, seed=31)])
    assert holds(likeness, both, 39)
    assert not holds(likeness, both, 79)
    assert not holds(likeness, both, -1)  # nothing was seen


def test_what_was_learnt_from_is_like_at_each_of_its_steps():
    some = np.concatenate([moving(seed=1, bend=0.05), moving(seed=2, bend=0.2)])
    every = np.arange(80)
    found = Likeness.fit(some, every // 40, every, every % 40)
    for rows in (every[:40], every[40:]):
        assert found.holds(some[rows], rows, rows % 40, np.arange(7, 40)).all()


def test_windows_of_two_steps_have_traits():
    seen = np.array([[[0.0, 0.0], [1.0, 0.0]]])
    assert np.isfinite(traits_of(seen, np.zeros((1, 3, 2)), 1.0)).all()


def test_it_travels(likeness):
    again = Likeness.from_tensors(likeness.tensors())
    np.testing.assert_array_equal(again.quantiles, likeness.quantiles)
    for wrong in ({"quantiles": np.zeros((2, 5))}, {"usual": np.full(len(TRAITS), np.nan)}):
        with pytest.raises(BundleError):
            Likeness.from_tensors({**likeness.tensors(), **wrong})
