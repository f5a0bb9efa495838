"""Who comes near whom."""

from __future__ import annotations

import numpy as np

from elman.runtime.moving.encounters import encounters


def straight(starts, velocities, samples=4, steps=10):
    last = np.array(starts, float)
    ahead = np.arange(1.0, steps + 1)[:, None] * np.array(velocities, float)[:, None]
    drawn = np.repeat((last[:, None] + ahead)[:, None], samples, axis=1)
    return last, drawn


def test_two_who_walk_towards_each_other_meet_between_two_steps():
    last, drawn = straight([[0, 0], [9, 0]], [[1, 0], [-1, 0]])
    (found,) = encounters("s", ["a", "b"], last, drawn, 0.5)
    assert (found.agent, found.other, found.chance) == ("a", "b", 1.0)
    assert 4.0 < found.step <= 4.5
    assert found.nearest < 1e-9


def test_the_chance_is_the_share_of_samples():
    last, drawn = straight([[0, 0], [9, 0]], [[1, 0], [-1, 0]])
    drawn[1, :3, :, 1] += 5.0
    (found,) = encounters("s", ["a", "b"], last, drawn, 0.5)
    assert found.chance == 0.25


def test_who_passes_at_a_distance_meets_nobody():
    last, drawn = straight([[0, 0], [9, 2], [0, 50]], [[1, 0], [-1, 0], [0, 0]])
    assert not list(encounters("s", ["a", "b", "c"], last, drawn, 1.9))
    (found,) = encounters("s", ["a", "b", "c"], last, drawn, 2.1)
    assert found.nearest == 2.0


def test_who_is_near_already_is_near_from_the_start():
    last, drawn = straight([[0, 0], [0.3, 0]], [[0, 0], [0, 0]])
    (found,) = encounters("s", ["a", "b"], last, drawn, 0.5)
    assert found.step == 0.0
