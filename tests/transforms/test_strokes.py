"""Strokes resampled, simplified, as steps and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import ArgumentError, ShapeError
from elman.transforms import strokes

draws = st.integers(0, 2**32 - 1).map(np.random.default_rng)
DOT = (np.array([[1.0, 2.0]]), np.array([True]))


def drawing(rng: np.random.Generator, count: int = 4) -> tuple[np.ndarray, np.ndarray]:
    parts = [rng.normal(size=(rng.integers(1, 9), 2)).cumsum(axis=0) for _ in range(count)]
    return strokes.joined_strokes(parts)


@given(draws)
def test_strokes_come_back(rng):
    points, up = drawing(rng)
    parts = strokes.strokes_of(points, up)
    joined, lifted = strokes.joined_strokes(parts)
    assert (joined == points).all()
    assert (lifted == up).all()


@given(draws)
def test_steps_come_back_and_begin_at_the_origin(rng):
    points, up = drawing(rng)
    steps = strokes.as_steps(points, up)
    found, lifted = strokes.from_steps(steps)
    np.testing.assert_allclose(found, points, atol=1e-12)
    assert (lifted == up).all()
    assert (steps[0, :2] == points[0]).all()


@given(draws)
def test_a_drawing_is_of_size_one_around_its_centre(rng):
    points, _ = drawing(rng)
    found = strokes.normalised(points * 37 + 5)
    extent = np.ptp(found, axis=0)
    assert extent.max() == pytest.approx(1) or np.ptp(points, axis=0).max() == 0
    np.testing.assert_allclose(found.min(axis=0) + found.max(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(strokes.normalised(found), found, atol=1e-9)
    if np.ptp(points, axis=0)[1] > 0:
        assert np.ptp(strokes.normalised(points, "height"), axis=0)[1] == pytest.approx(1)


def test_a_dot_keeps_its_size():
    assert strokes.normalised(DOT[0]).tolist() == [[0, 0]]
    assert strokes.resampled(*DOT, 0.1)[0].tolist() == [[1, 2]]
    assert strokes.simplified(*DOT, 0.1)[0].tolist() == [[1, 2]]


@given(draws, st.floats(0.05, 2))
def test_points_stand_at_equal_distances_along_the_line(rng, step):
    points, up = drawing(rng)
    found, lifted = strokes.resampled(points, up, step)
    pairs = zip(strokes.strokes_of(points, up), strokes.strokes_of(found, lifted), strict=True)
    for before, after in pairs:
        np.testing.assert_allclose(after[[0, -1]], before[[0, -1]], atol=1e-9)
        long = np.hypot(*np.diff(before, axis=0).T).sum()
        assert len(after) == (1 if long == 0 else max(1, round(long / step)) + 1)
    assert strokes.inked_length(found, lifted) <= strokes.inked_length(points, up) + 1e-9


def test_points_stand_at_equal_times():
    points, up = np.array([[0.0, 0], [1, 0], [5, 0], [9, 9]]), np.array([False, False, True, True])
    times = np.array([3.0, 4.0, 5.0, 9.0])
    found, lifted = strokes.resampled_in_time(points, up, times, 0.5)
    assert found[:, 0].tolist() == [0, 0.5, 1, 3, 5, 9]
    assert lifted.tolist() == [False] * 4 + [True] * 2
    with pytest.raises(ShapeError, match="times"):
        strokes.resampled_in_time(points, up, np.array([0, 1, np.nan, 2]), 0.5)


@given(draws, st.floats(0, 1))
def test_nothing_that_is_left_out_is_farther_away(rng, tolerance):
    points, up = drawing(rng)
    found, lifted = strokes.simplified(points, up, tolerance)
    pairs = zip(strokes.strokes_of(points, up), strokes.strokes_of(found, lifted), strict=True)
    for before, after in pairs:
        assert (after[0] == before[0]).all()
        for point in before:
            assert min(_away(point, *ends) for ends in _ends(after)) <= tolerance + 1e-9


def _ends(stroke):
    return [(stroke[k], stroke[min(k + 1, len(stroke) - 1)]) for k in range(len(stroke))]


def _away(point, start, end):
    along = end - start
    square = float(along @ along)
    part = np.clip((point - start) @ along / square, 0, 1) if square else 0.0
    return float(np.hypot(*(point - start - part * along)))


def test_coordinates_are_told_from_offsets():
    rng = np.random.default_rng(0)
    circles = [
        np.column_stack([np.cos(t), np.sin(t)])
        for t in np.linspace(0, 6, 40)[None] + rng.random((9, 1))
    ]
    offsets = [strokes.as_steps(one, np.arange(40) == 39) for one in circles]
    assert not strokes.look_absolute(offsets)
    page = [np.column_stack([100 + 20 * one, np.zeros(40)]) for one in circles]
    assert strokes.look_absolute(page)
    assert not strokes.look_absolute([])


def test_a_deformed_drawing_is_near_the_drawing():
    points, _ = drawing(np.random.default_rng(3))
    points = strokes.normalised(points)
    near = strokes.deformed(points, 0.02, np.random.default_rng(0))
    far = strokes.deformed(points, 0.3, np.random.default_rng(0))
    assert 0 < np.abs(near - points).max() < 0.15 < np.abs(far - points).max()
    assert (strokes.deformed(points, 0.0, np.random.default_rng(0)) == points).all()


@pytest.mark.parametrize(
    ("call", "where"),
    [
        (lambda: strokes.resampled(*DOT, 0), "step"),
        (lambda: strokes.resampled(*DOT, float("nan")), "step"),
        (lambda: strokes.simplified(*DOT, -1), "tolerance"),
        (lambda: strokes.normalised(DOT[0], "width"), "size"),
    ],
)
def test_values_outside_their_range_are_named(call, where):
    with pytest.raises(ArgumentError) as caught:
        call()
    assert caught.value.where == where
