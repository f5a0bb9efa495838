"""Scenes, and the windows that are cut from them."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data.paths import Paths, Scene
from elman.errors import ArgumentError, DataError, ShapeError


def scene(spans, name="s", width=2):
    """A scene of agents that are seen over spans of steps; x is the step, y the agent."""
    who = np.concatenate([np.full(len(steps), k) for k, steps in enumerate(spans)])
    steps = np.concatenate([np.asarray(one) for one in spans])
    values = np.zeros((len(who), width))
    values[:, 0], values[:, 1] = steps, 10.0 * who
    return Scene(name, tuple(f"a{k}" for k in range(len(spans))), who, steps, values)


def test_windows_stay_within_one_agent_and_cross_no_gap():
    data = Paths((scene([range(12), [*range(4), *range(6, 13)], range(3)]),))
    windows = data.windows(3, 2)
    values = windows.values()
    assert values.shape == (8 + 3, 5, 2)
    np.testing.assert_array_equal(np.diff(values[..., 0], axis=1), 1)
    np.testing.assert_array_equal(values[..., 1], np.repeat(10.0 * windows.who[:, None], 5, 1))
    np.testing.assert_array_equal(windows.ends, values[:, 2, 0])
    assert len(data.windows(3, 2, stride=3)) == 3 + 1
    assert len(data.windows(20, 2)) == 0
    assert data.windows(20, 2).values().shape == (0, 22, 2)


def test_a_window_reads_nothing_that_was_filled_by_what_follows():
    data = Paths((scene([[*range(6), *range(8, 20)], range(20)]).bridged(2),))
    (one,) = data.scenes
    np.testing.assert_array_equal(one.steps[one.filled], [6, 7])
    windows = data.windows(4, 3)
    mine = windows.ends[windows.who == 0]
    assert not {6, 7} & {*mine}  # the last step that is read
    assert not {6, 7} & {*(mine + 3)}  # where the path ends
    assert {5, 8} <= {*mine}
    cut = one.until(7)
    np.testing.assert_array_equal(cut.steps[cut.who == 0], range(6))
    assert not cut.filled.any()
    assert one.until(8).filled.sum() == 2
    assert not one.after(6).filled.any()
    # A place that is filled is nobody's neighbour.
    near = one.nearest(1)[one.who == 1][:, 0]
    np.testing.assert_array_equal(np.flatnonzero(near < 0), [6, 7])


def test_what_came_behind_a_window_as_far_as_it_was_seen():
    data = Paths((scene([[*range(6), *range(7, 9)], range(5)]).bridged(1),))
    windows = data.windows(3, 0)
    came = windows.came(3)
    told = {(w, e): row for w, e, row in zip(windows.who, windows.ends, came[..., 0], strict=True)}
    np.testing.assert_array_equal(told[0, 2], [3, 4, 5])
    np.testing.assert_array_equal(told[0, 4], [5, np.nan, 7])  # filled: not seen
    np.testing.assert_array_equal(told[0, 7], [8, np.nan, np.nan])
    np.testing.assert_array_equal(told[1, 4], [np.nan] * 3)
    assert data.windows(30, 0).came(3).shape == (0, 3, 2)


def test_longer_gaps_stay():
    one = scene([[0, 1, 5, 6]])
    assert one.bridged(2) is one
    assert len(one.bridged(3)) == 7
    with pytest.raises(ArgumentError, match="most"):
        one.bridged(-1)


def test_the_latest_window_of_each_and_who_is_left_out():
    data = Paths((scene([range(12), range(2, 5), range(9, 12), [11]]),))
    windows, counted = data.latest(5)
    assert [name for _, name in windows.agents()] == ["a0", "a2"]
    assert counted == {"gone": 1, "once": 1, "short": 1}
    np.testing.assert_array_equal(windows.values()[..., 0], [[7, 8, 9, 10, 11]] * 2)  # as it moved
    np.testing.assert_array_equal(windows.short, [0, 2])
    windows, counted = data.latest(5, every=True)
    assert [name for _, name in windows.agents()] == ["a0", "a1", "a2"]
    np.testing.assert_array_equal(windows.ends, [11, 4, 11])


def test_neighbours_are_those_of_the_same_step_the_nearest_first():
    data = Paths((scene([range(5), range(5), range(3, 5)]),))
    others = data.windows(4, 0).others(3)
    first = others[0]  # agent 0, steps 0 to 3
    assert first.shape == (4, 3, 4)
    np.testing.assert_array_equal(first[:, 0, 1], 10.0)
    np.testing.assert_array_equal(np.isfinite(first[:, 1, 0]), [False, False, False, True])
    np.testing.assert_array_equal(first[3, :2, 0], 3.0)
    np.testing.assert_array_equal(first[3, 0, 2:], [1.0, 0.0])
    np.testing.assert_array_equal(first[3, 1, 2:], 0.0)  # not seen the step before
    assert not np.isfinite(first[:, 2]).any()


def test_a_scene_in_two_parts_is_the_whole():
    whole = scene([range(8), range(3, 9)])
    before, after = whole.until(5), whole.after(5)
    assert before.last == 5
    assert len(before) + len(after) == len(whole)
    assert after.steps.min() == 6


def test_what_is_no_scene_is_refused():
    with pytest.raises(DataError, match="agent a0 twice at step 1"):
        scene([[0, 1, 1]])
    with pytest.raises(DataError, match="not finite"):
        Scene("s", ("a",), [0], [0], [[np.nan, 0.0]])
    with pytest.raises(ShapeError):
        Scene("s", ("a",), [0, 0], [0], [[0.0, 0.0]])
    with pytest.raises(ShapeError, match="numbers of each observation"):
        Paths((scene([range(3)], width=3),))
    with pytest.raises(DataError, match="two scenes"):
        Paths((scene([range(3)]), scene([range(3)])))
    with pytest.raises(ArgumentError, match="no scene 'x'"):
        Paths((scene([range(3)]),)).select(["x"])


def test_the_fingerprint_is_of_what_is_seen():
    one, other = Paths((scene([range(5)]),)), Paths((scene([range(5)]),), name="renamed")
    assert one.fingerprint() == other.fingerprint()
    assert one.fingerprint() != Paths((scene([range(6)]),)).fingerprint()
