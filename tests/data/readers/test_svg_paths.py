"""The path language of SVG against its definitions."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data.readers.svg_paths import flattened


def ends(path):
    return [one[-1].round(6).tolist() for one in flattened(path, "here")]


@pytest.mark.parametrize(
    ("absolute", "relative"),
    [
        ("M1 2L3 4", "m1 2l2 2"),
        ("M1 2H5V7", "m1 2h4v5"),
        ("M1 2C2 3 4 5 6 7", "m1 2c1 1 3 3 5 5"),
        ("M1 2C2 3 4 5 6 7S8 9 1 1", "m1 2c1 1 3 3 5 5s2 2-5-6"),
        ("M1 2Q4 0 6 7T9 9", "m1 2q3-2 5 5t3 2"),
        ("M1 2A3 2 30 0 1 5 5", "m1 2a3 2 30 01 4 3"),
        ("M1 2 3 4 5 6", "m1 2 2 2 2 2"),
    ],
)
def test_relative_and_absolute_letters_say_the_same(absolute, relative):
    pairs = zip(flattened(absolute, "here"), flattened(relative, "here"), strict=True)
    for one, other in pairs:
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_a_quarter_of_a_circle_lies_on_it():
    (found,) = flattened("M10 0A10 10 0 0 1 0 10", "here")
    np.testing.assert_allclose(np.hypot(*found.T), 10)
    assert (found >= -1e-9).all()
    (large,) = flattened("M10 0A10 10 0 1 0 0 10", "here")
    np.testing.assert_allclose(np.hypot(*large.T), 10)
    assert large.min() == pytest.approx(-10, abs=0.1)


def test_an_arc_that_is_too_small_is_enlarged_and_one_without_a_radius_is_a_line():
    (found,) = flattened("M0 0A1 1 0 0 1 10 0", "here")
    np.testing.assert_allclose(np.hypot(found[:, 0] - 5, found[:, 1]), 5)
    assert len(flattened("M0 0A0 1 0 0 1 10 0", "here")[0]) == 2


def test_curves_go_through_their_middles():
    (cubic,) = flattened("M0 0C0 8 8 8 8 0", "here")
    assert cubic[8].tolist() == [4, 6]
    (quadratic,) = flattened("M0 0Q4 8 8 0", "here")
    assert quadratic[8].tolist() == [4, 4]
    (smooth,) = flattened("M0 0Q4 8 8 0T16 0", "here")
    assert smooth[24].tolist() == [12, -4]


def test_sub_paths_are_strokes_and_z_goes_back_to_their_beginning():
    assert ends("M1 1h1v1zm5 5l1 1M9 9") == [[1, 1], [7, 7], [9, 9]]
    assert ends("M1 1h1zl3 3") == [[1, 1], [4, 4]]
    assert flattened("", "here") == []
