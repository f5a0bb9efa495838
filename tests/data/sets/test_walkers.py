"""Made-up walkers: the same each time, and of the kind that they are said to be."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data.sets.paths import are_paths, open_paths
from elman.data.sets.preview import preview, set_names
from elman.data.sets.walkers import load_paths, strollers, walkers
from elman.errors import ArgumentError
from elman.metrics.displacements import apart, constant_velocity


@pytest.mark.parametrize("made", [walkers, strollers])
def test_they_are_a_function_of_the_seed(made):
    one, again, other = made(2, 5, steps=30), made(2, 5, steps=30), made(2, 6, steps=30)
    assert one.fingerprint() == again.fingerprint() != other.fingerprint()
    few = made(1, 5, steps=30)  # a scene does not depend on how many there are
    np.testing.assert_array_equal(few.scenes[0].values, one.scenes[0].values)


def test_walkers_turn_and_keep_out_of_each_others_way():
    data = walkers(2, 0, steps=80)
    values = data.windows(8, 12).values()
    error = apart(constant_velocity(values[:, :8], 12), values[:, 8:]).mean()
    assert error > 0.6  # constant velocity is no good forecast of those who turn
    moved = np.diff(values, axis=1)
    speed = np.sqrt(np.square(moved).sum(axis=2)) / 0.4
    assert 0.8 < np.median(speed) < 2.0
    near = data.windows(2, 0).others(1)[:, -1, 0, :2] - data.windows(2, 0).values()[:, -1]
    distance = np.sqrt(np.square(near).sum(axis=1))
    assert np.nanquantile(distance, 0.001) > 0.25


def test_parts_are_whole_scenes():
    train, test, whole = (load_paths("strollers", part) for part in ("train", "test", "all"))
    names = [scene.name for scene in whole.scenes]
    assert [scene.name for scene in (*train.scenes, *test.scenes)] == names
    with pytest.raises(ArgumentError, match="part"):
        load_paths("walkers", "half")


def test_they_are_known_by_name():
    assert are_paths("walkers")
    assert {"walkers", "strollers"} <= set(set_names())
    assert preview("walkers")["unit"] == "m"
    with pytest.raises(ArgumentError, match="no paths called"):
        load_paths("runners")


def test_files_have_no_parts(tmp_path):
    (tmp_path / "a.txt").write_text("0 1 0 0\n1 1 1 0\n")
    assert len(open_paths(tmp_path / "a.txt")) == 1
    with pytest.raises(ArgumentError, match="part"):
        open_paths(tmp_path / "a.txt", "train")
