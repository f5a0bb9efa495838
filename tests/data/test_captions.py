"""Items with captions as plain data: what is checked, and what is chosen."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data.captions import Captions, as_captions
from elman.errors import ArgumentError, DataError, ShapeError

VECTORS = np.arange(6, dtype=np.float32).reshape(3, 2)
RIGHT = [["a"], ["b", "c"], ["d"]]


def test_items_are_chosen_with_all_that_belongs_to_them():
    steps = np.zeros((3, 4, 2))
    data = Captions(steps, RIGHT, np.array([4, 2, 1]), place=lambda row: f"row {row}")
    some = data.select([2, 1])
    assert some.references == (("d",), ("b", "c"))
    assert some.lengths is not None
    assert some.lengths.tolist() == [1, 2]
    assert some.where(0) == "row 2"
    assert some.target == ("d", "b")
    assert (data.kind, Captions(VECTORS, None).kind) == ("sequences", "vectors")
    assert len(data.select(data.lengths == 4)) == 1


def test_a_program_gives_one_caption_or_several():
    assert as_captions(VECTORS, ["a", ["b", "c"], ("d",)]).references == tuple(map(tuple, RIGHT))
    data = Captions(VECTORS, RIGHT)
    assert as_captions(data) is data
    with pytest.raises(ArgumentError, match="y: given beside the captions"):
        as_captions(data, ["a"] * 3)
    with pytest.raises(DataError, match="X: has no captions"):
        as_captions(VECTORS).checked_references()


@pytest.mark.parametrize(
    ("items", "right", "lengths", "error", "text"),
    [
        (np.zeros(3), None, None, ShapeError, "float64 of shape"),
        (np.zeros((0, 2)), None, None, ShapeError, "float64 of shape"),
        (np.array([["a"]]), None, None, ShapeError, "<U1"),
        (VECTORS, RIGHT[:2], None, ShapeError, "references: 2 of them; 3"),
        (VECTORS, [["a"], [], ["b"]], None, DataError, "item 1: found"),
        (VECTORS, [["a"], ["b", 3], ["c"]], None, DataError, "item 1: found"),
        (VECTORS, [["a"], 7, ["c"]], None, DataError, "item 1: found"),
        (VECTORS, None, np.array([1, 1, 1]), ShapeError, "lengths: given for vectors"),
        (np.zeros((1, 2, 2)), None, np.array([3]), ShapeError, "outside 1…2"),
        (np.array([[1.0], [np.nan]]), None, None, DataError, "item 1: a number that is not"),
    ],
)
def test_what_does_not_fit_is_named(items, right, lengths, error, text):
    with pytest.raises(error, match=text):
        Captions(items, right, lengths)


def test_past_a_length_anything_may_stand():
    steps = np.full((1, 3, 2), np.inf)
    steps[0, :2] = 1
    assert len(Captions(steps, None, np.array([2]))) == 1
    with pytest.raises(ShapeError, match="y: 2 of them for 3 items"):
        as_captions(VECTORS, ["a", "b"])
