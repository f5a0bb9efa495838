"""Drawings by name."""

from __future__ import annotations

import os

import numpy as np
import pytest

from elman.data import drawing_names, load, load_drawings
from elman.data.sets.digit_strokes import digit_numbers
from elman.data.sets.drawings import is_drawings
from elman.errors import ArgumentError

omniglot = pytest.mark.skipif(
    not os.path.isdir(os.path.join(os.environ.get("ELMAN_DATA", "?"), "omniglot_strokes")),
    reason="ELMAN_DATA has no omniglot_strokes",
)


def test_digits_are_traced_as_the_images_have_them():
    from sklearn.datasets import load_digits

    whole, found = load_drawings("digit_strokes", "all"), load_digits()
    assert len(whole) == 1797
    assert whole.labels.tolist() == [str(one) for one in found.target]
    apart = []
    for n in range(0, 1797, 97):
        y, x = np.nonzero(found.images[n] > 8)
        ink = np.column_stack([x, y]).astype(float)
        span = np.ptp(whole.points[n], axis=0).max()
        assert span == pytest.approx(1)
        points = whole.resampled(0.02).points[n]
        ink = (ink - (ink.max(axis=0) + ink.min(axis=0)) / 2) / np.ptp(ink, axis=0).max()
        apart.append(np.hypot(*(ink[:, None] - points).transpose(2, 0, 1)).min(axis=1).mean())
    assert np.mean(apart) < 0.1  # of the drawing's size: less than a pixel


def test_parts_share_nothing():
    train, test = load_drawings("digit_strokes"), load_drawings("digit_strokes", "test")
    assert len(train) + len(test) == 1797
    assert not {one.tobytes() for one in train.points} & {one.tobytes() for one in test.points}
    assert load("digit_strokes", "test").sequences.features == 5


def test_numbers_say_what_is_written():
    some = digit_numbers(20, 3, digits=(1, 3))
    assert {len(text) for text in some.texts} == {1, 2, 3}
    for text, points in zip(some.texts, some.points, strict=True):
        assert np.ptp(points, axis=0)[1] == pytest.approx(1)
        assert len(text) * 0.15 < np.ptp(points, axis=0)[0] < len(text) * 1.6
    again = digit_numbers(20, 3, digits=(1, 3))
    assert again.texts == some.texts
    assert (again.points[7] == some.points[7]).all()
    assert digit_numbers(20, 4, digits=(1, 3)).texts != some.texts


def test_names_are_drawings_and_others_are_not(tmp_path):
    assert all(map(is_drawings, drawing_names()))
    assert not is_drawings("mnist")
    assert not is_drawings(str(tmp_path))
    with pytest.raises(ArgumentError, match="did you mean digit_strokes"):
        load_drawings("digit_stroke")
    with pytest.raises(ArgumentError, match="part"):
        load_drawings("digit_strokes", "dev")
    with pytest.raises(ArgumentError, match="does not apply"):
        load_drawings("digit_strokes", y="up")


@omniglot
def test_omniglot_parts_are_drawers():
    train, test = load_drawings("omniglot"), load_drawings("omniglot", "test")
    assert (len(train), len(test)) == (2040, 680)
    assert len(set(train.labels)) == len(set(test.labels)) == 136
    assert set(test.groups) == {"16", "17", "18", "19", "20"}
    greek = load_drawings("omniglot/Greek", "all")
    assert len(greek) == 480
    assert greek.labels[0].startswith("Greek/character")
