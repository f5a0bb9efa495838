"""Drawings as data."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data import Drawings
from elman.errors import DataError, ShapeError

TWO = [[np.array([[0.0, 0], [4, 0], [4, 4]]), np.array([[9.0, 9]])], [np.array([[1, 1], [1, 3]])]]


def test_strokes_labels_and_names_are_chosen_together():
    data = Drawings.of(TWO, labels=["a", "b"], groups=[1, 2], texts=["x", "y"])
    assert len(data) == 2
    assert [len(one) for one in data.strokes(0)] == [3, 1]
    second = data.select([1])
    assert (second.labels.tolist(), second.groups.tolist()) == (["b"], ["2"])
    assert (second.texts, second.ids) == (("y",), ("1",))
    assert data.select(np.array([True, False])).points[0].tolist() == data.points[0].tolist()


def test_what_is_known_of_some_only_is_refused():
    data = Drawings.of(TWO, labels=["a", "b"])
    both = data.with_all([data.deformed(0.1, seed=3)])
    assert both.labels.tolist() == ["a", "b", "a", "b"]
    assert both.ids == ("0", "1", "1/0", "1/1")
    with pytest.raises(ShapeError, match="labels"):
        data.with_all([Drawings.of(TWO)])


@pytest.mark.parametrize(
    ("make", "error", "told"),
    [
        (lambda: Drawings.of([[]]), DataError, "drawing 0: has no point"),
        (lambda: Drawings.of([[[[0, np.nan]]]]), DataError, "point 0 is"),
        (lambda: Drawings.of([[[0, 1]]]), ShapeError, "drawing 0, stroke 0"),
        (lambda: Drawings.of(TWO, labels=["a"]), ShapeError, "labels: 1 of them"),
        (lambda: Drawings((np.zeros((2, 2)),), (np.zeros(2, bool),)), ShapeError, r"up\[0\]"),
        (lambda: Drawings.of(TWO).resampled_in_time(0.1), DataError, "has no times"),
    ],
)
def test_what_is_no_drawing_is_named(make, error, told):
    with pytest.raises(error, match=told):
        make()
