"""How much of a correction is believed: on validation scenes, and in a scene as it is seen."""

from __future__ import annotations

import numpy as np
import pytest

from elman.errors import BundleError
from elman.runtime.moving.shares import SHARES, Share, errors_by_share


def errors(gain, agents=30, windows=10, noise=0.05, seed=0, harm=0.0):
    """Errors of a correction that is best at all of it, or (with harm) of none."""
    draws = np.random.default_rng(seed)
    usual = 1 + noise * draws.normal(size=(agents, windows, 1, 2))
    curve = 1 - gain * SHARES + harm * SHARES
    found = usual * curve[None, None, :, None]
    found = found + noise * draws.normal(size=(agents, 1, 1, 2)) * SHARES[:, None]
    return found.reshape(-1, len(SHARES), 2), np.repeat(np.arange(agents), windows)


def test_errors_are_those_of_the_blend():
    plain, correction, came = np.zeros((1, 3, 2)), np.ones((1, 3, 2)), np.ones((1, 3, 2))
    found = errors_by_share(plain, correction, came)
    np.testing.assert_allclose(found[0, :, 0], np.sqrt(2) * (1 - SHARES), atol=1e-12)
    np.testing.assert_allclose(found[..., 0], found[..., 1], atol=1e-12)


def test_all_of_what_always_helps_is_believed_and_none_of_what_harms():
    good, who = errors(0.5)
    bad, _ = errors(0.0, harm=0.3)
    scene = np.zeros(len(who), int)
    assert Share.choose(good, scene, who).value > 0.9
    assert Share.choose(bad, scene, who).value == 0.0


def test_a_share_that_harms_one_scene_is_not_allowed():
    good, who = errors(0.5)
    bad, _ = errors(0.0, harm=0.1)
    both, scene = np.concatenate([good, bad]), np.repeat([0, 1], len(who))
    assert Share.choose(both, scene, np.concatenate([who, who])).value == 0.0
    # Either error of a scene counts.
    half = good.copy()
    half[..., 1] = bad[..., 1]
    assert Share.choose(half, np.zeros(len(who), int), who).value == 0.0


def test_a_doubtful_gain_chooses_less_than_a_certain_one():
    certain, who = errors(0.1, noise=0.01)
    doubtful, _ = errors(0.1, agents=30, noise=0.6, seed=2)
    scene = np.zeros(len(who), int)
    less, more = (Share.choose(one, scene, who).value for one in (doubtful, certain))
    assert less < more


def test_without_windows_all_is_believed_and_said_to_be_untested():
    found = Share.choose(np.zeros((0, len(SHARES), 2)), np.zeros(0, int), np.zeros(0, int))
    assert (found.value, found.scenes) == (1.0, 0)


def test_in_a_scene_what_harms_there_is_believed_no_longer():
    chosen = Share.choose(*_of(errors(0.3)))
    bad, who = errors(0.0, harm=0.4, agents=40)
    known = np.arange(len(bad))
    share = chosen.following(bad, who, known, np.array([-1, 10, len(bad)]))
    assert share[0] == chosen.value
    assert share[1] == chosen.value  # two agents say nothing yet
    assert share[2] == 0.0


def test_in_a_scene_no_more_is_believed_than_was_chosen():
    good, who = errors(0.5, agents=60)
    known, end = np.arange(len(good)), np.array([len(good)])
    none = Share.choose(*_of(errors(0.0, harm=0.1)))
    assert none.value == 0.0
    assert none.following(good, who, known, end)[0] == 0.0
    some = Share(0.4, 1 - 0.1 * SHARES, 1)
    assert some.following(good, who, known, end)[0] == 0.4


def test_no_more_is_used_than_was_known_by_then():
    chosen = Share.choose(*_of(errors(0.3)))
    good, who = errors(0.3)
    known = np.arange(len(good))
    changed = good.copy()
    changed[200:] *= np.linspace(1, 9, len(SHARES))[:, None]
    now = np.arange(0, 200, 7)
    first = chosen.following(good, who, known, now)
    np.testing.assert_array_equal(first, chosen.following(changed, who, known, now))


def test_it_travels():
    chosen = Share.choose(*_of(errors(0.3)))
    again = Share.from_tensors(chosen.tensors())
    assert (again.value, again.scenes) == (chosen.value, chosen.scenes)
    with pytest.raises(BundleError):
        Share.from_tensors({**chosen.tensors(), "share": np.array([1.5, 1.0])})
    with pytest.raises(BundleError):
        Share.from_tensors({"share": np.array([0.5, 1.0])})


def _of(found):
    errors_, who = found
    return errors_, np.zeros(len(who), int), who
