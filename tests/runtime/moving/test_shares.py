"""How much of a correction is believed: on validation scenes, and in a scene as it is seen."""

from __future__ import annotations

import numpy as np
import pytest

from elman.errors import BundleError
from elman.runtime.moving.shares import SHARES, Past, Share, errors_by_share


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


def past(found, who, step=1, chosen=1.0, ahead=3):
    """One window after the other; partial errors grow to the whole ones."""
    index = int(np.argmin(np.abs(SHARES - chosen)))
    both = found[:, [0, index], 0]
    parts = both[:, None] * (1 + np.arange(ahead))[:, None] / ahead
    return Past(found, parts, who, step * np.arange(len(who)))


def test_in_a_scene_like_those_learnt_from_what_was_chosen_is_believed_until_it_harms():
    chosen = Share.choose(*_of(errors(0.5)))
    bad, who = errors(0.0, harm=0.4, agents=40)
    end = len(bad) + 3
    now, like = np.array([0, 1, 40, end]), np.ones(end + 1, bool)
    share = chosen.following(past(bad, who), like, now)
    assert share[0] == chosen.value > 0.9  # nothing is known
    np.testing.assert_array_equal(share[1:], 0.0)  # of steps of one window, of all of them
    good, _ = errors(0.5, agents=40)
    np.testing.assert_array_less(0.8, chosen.following(past(good, who), like, now))


def test_in_a_scene_unlike_those_learnt_from_only_what_proved_right_there_is_believed():
    chosen = Share.choose(*_of(errors(0.5)))
    good, who = errors(0.5, agents=40)
    now, unlike = np.array([0, 40, len(good) + 3]), np.zeros(len(good) + 4, bool)
    share = chosen.following(past(good, who), unlike, now)
    np.testing.assert_array_equal(share[:2], 0.0)  # four agents say nothing yet
    assert share[2] > 0.8
    nothing, _ = errors(0.0, agents=40, noise=0.3)
    assert chosen.following(past(nothing, who), unlike, now)[2] == 0.0


def test_a_doubtful_choice_is_not_believed_before_it_proves_right():
    weak = Share.choose(*_of(errors(0.05, noise=0.01)))
    assert weak.value > 0.9
    assert not weak.strong
    good, who = errors(0.5, agents=40)
    end = len(good) + 3
    found = weak.following(past(good, who), np.ones(end + 1, bool), np.array([0, end]))
    assert found[0] == 0.0
    assert found[1] > 0.8
    untested = Share.untested().following(past(good, who), np.ones(1, bool), np.array([0]))
    assert untested[0] == 0.0


def test_many_who_do_the_same_at_one_time_are_no_proof():
    """A group that turns once: forty agents, of whom each is right at the same time."""
    chosen = Share.choose(*_of(errors(0.5)))
    good, who = errors(0.5, agents=40, windows=1)
    steps = np.arange(40) % 3
    at_once = past(good, who)._replace(ends=steps)
    later = past(good, who)._replace(ends=np.arange(40))
    unlike, now = np.zeros(100, bool), np.array([60])
    assert chosen.following(at_once, unlike, now)[0] == 0.0
    assert chosen.following(later, unlike, now)[0] > 0.8


@pytest.mark.parametrize("like", [True, False])
def test_what_harms_of_late_is_not_believed_however_right_it_was(like):
    chosen = Share.choose(*_of(errors(0.5)))
    found, who = errors(0.5, agents=40)
    bad, _ = errors(0.0, harm=0.4, agents=40)
    found[300:] = bad[300:]
    told, steps = past(found, who), np.full(404, like)
    share = chosen.following(told, steps, np.array([299, 306]))
    assert share[0] > 0.8
    assert share[1] == 0.0


def test_who_was_not_seen_to_the_end_says_nothing_of_the_whole():
    chosen = Share.choose(*_of(errors(0.5)))
    good, who = errors(0.5, agents=40)
    good[90:] = np.nan  # nine agents are left
    found = past(good, who)
    assert chosen.following(found, np.zeros(1000, bool), np.array([999]))[0] == 0.0


def test_no_more_is_used_than_was_known_by_then():
    chosen = Share.choose(*_of(errors(0.3)))
    good, who = errors(0.3)
    changed = good.copy()
    changed[200:] *= np.linspace(1, 9, len(SHARES))[:, None]
    now, like = np.arange(0, 200, 7), np.arange(200) % 20 < 10
    first = chosen.following(past(good, who), like, now)
    np.testing.assert_array_equal(first, chosen.following(past(changed, who), like, now))


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
