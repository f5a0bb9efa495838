"""Windows as their agents see them: what does not change them, and the way back."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data.sets.walkers import walkers
from elman.errors import BundleError
from elman.transforms.path_frames import NEIGHBOURS, PathFrames


@pytest.fixture(scope="module")
def windows():
    return walkers(1, 0, steps=50).windows(8, 12)


def framed(frames, windows, turn=0.0, shift=0.0, scale=1.0, mirror=False):
    """The windows, seen after the whole scene was turned, shifted, scaled, put in a mirror."""
    values, others = windows.values(), windows.others(frames.told_of)
    matrix = scale * np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    if mirror:
        matrix = np.diag([1.0, -1.0]) @ matrix
    values[..., :2] = values[..., :2] @ matrix + shift
    others = np.concatenate([others[..., :2] @ matrix + shift, others[..., 2:] @ matrix], -1)
    return frames.framed(values[:, :8], others, values[:, 8:, :2])


@pytest.mark.parametrize("neighbours", NEIGHBOURS)
def test_neither_place_nor_direction_of_a_scene_matter(windows, neighbours):
    frames = PathFrames.fit(windows.values(), 12, neighbours)
    plain, moved = framed(frames, windows), framed(frames, windows, turn=2.0, shift=30.0)
    moving = plain.heading
    assert moving.mean() > 0.9
    first, second = frames.inputs(plain)[moving], frames.inputs(moved)[moving]
    assert first.shape[2] == frames.features
    # A neighbour on the edge of a cell may be told of in the next one.
    assert np.mean(np.abs(first - second) > 1e-3) < (2e-3 if neighbours == "grid" else 1e-9)
    np.testing.assert_allclose(plain.future[moving], moved.future[moving], atol=1e-3)


@pytest.mark.parametrize("neighbours", NEIGHBOURS)
def test_what_is_seen_otherwise_is_what_the_scene_in_a_mirror_gives(windows, neighbours):
    frames = PathFrames.fit(windows.values(), 12, neighbours)
    some = len(windows)
    ours = framed(frames, windows).seen_otherwise(np.ones(some, bool), np.zeros(some, int))
    theirs = framed(frames, windows, mirror=True)
    rows = theirs.heading
    first, second = frames.inputs(ours)[rows], frames.inputs(theirs)[rows]
    assert np.mean(np.abs(first - second) > 1e-3) < (2e-3 if neighbours == "grid" else 1e-9)
    np.testing.assert_allclose(ours.future[rows], theirs.future[rows], atol=1e-4)


def test_who_has_no_heading_is_turned_by_quarters(windows):
    frames = PathFrames.fit(windows.values(), 12, "nearest")
    seen = framed(frames, windows).select(slice(4))
    object.__setattr__(seen, "heading", np.array([True, True, False, False]))
    quarters = np.array([1, 0, 1, 2])
    turned = seen.seen_otherwise(np.zeros(4, bool), quarters)
    np.testing.assert_array_equal(turned.future[:2], seen.future[:2])
    np.testing.assert_array_equal(turned.future[2, :, 0], -seen.future[2, :, 1])
    np.testing.assert_array_equal(turned.future[3], -seen.future[3])


def test_deviations_are_uncorrelated_and_come_back(windows):
    frames = PathFrames.fit(windows.values(), 12, "none")
    seen = framed(frames, windows)
    coded = frames.coded(seen.future)
    np.testing.assert_allclose(frames.decoded(coded), seen.future, atol=2e-4)
    along = coded[:, :4].astype(np.float64)  # of what varies least, no more than a floor is told
    np.testing.assert_allclose(along.T @ along / len(along), np.eye(4), atol=0.02)
    values = windows.values()
    onward = values[:, 7] + 12 * (values[:, 7] - values[:, 6])
    deviation = frames.outward(seen, frames.decoded(coded))
    np.testing.assert_allclose(onward + deviation[:, -1], values[:, -1], atol=1e-3)


def test_a_scene_without_any_movement_has_a_scale():
    frames = PathFrames.fit(np.ones((5, 20, 3)), 12, "nearest")
    assert frames.scale == 1.0
    assert np.isfinite(frames.basis).all()
    seen = frames.framed(np.ones((5, 8, 3)), np.full((5, 8, 4, 4), np.nan), np.ones((5, 12, 2)))
    assert np.isfinite(frames.inputs(seen)).all()
    assert not seen.heading.any()
    np.testing.assert_array_equal(frames.coded(seen.future), 0.0)


def test_they_travel(windows):
    frames = PathFrames.fit(windows.values(), 12, "grid")
    again = PathFrames.from_tensors(frames.tensors(), "grid")
    np.testing.assert_array_equal(again.basis, frames.basis)
    assert again.scale == frames.scale
    with pytest.raises(BundleError):
        PathFrames.from_tensors({**frames.tensors(), "scale": np.array([-1.0])}, "grid")
    with pytest.raises(BundleError):
        PathFrames.from_tensors(frames.tensors(), "all")
