from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import DataError, ShapeError
from elman.tasks.split import counted_groups, split
from tests.tasks.sequences import classes, tiny_classifier


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=60),
    st.floats(0.01, 0.99),
    st.integers(0, 2**40),
)
def test_every_row_is_in_one_part_and_every_class_in_training(labels, share, seed):
    classes = np.array(labels)
    found = split(len(classes), share, seed, classes)
    assert sorted([*found.train, *found.held_out]) == list(range(len(classes)))
    assert set(classes[found.train]) == set(classes)
    for label in set(labels):
        there = (classes == label).sum()
        held_out = (classes[found.held_out] == label).sum()
        assert abs(held_out - share * there) <= 1


def test_a_pure_function_of_its_arguments():
    first, again, other = split(50, 0.2, 3), split(50, 0.2, 3), split(50, 0.2, 4)
    assert (first.held_out == again.held_out).all()
    assert (first.held_out != other.held_out).any()
    assert len(first.held_out) == 10
    assert first.how == "10 of 50 sequences, at random, seed 3"


def test_many_small_classes_give_their_share_together():
    classes = np.repeat(np.arange(40), 2)  # a tenth of each is less than half a row
    found = split(80, 0.1, 0, classes)
    assert len(found.held_out) == 8
    assert set(classes[found.train]) == set(range(40))


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 2)), min_size=1, max_size=60),
    st.floats(0.01, 0.99),
    st.integers(0, 2**40),
)
def test_a_group_is_never_on_both_sides(rows, share, seed):
    groups, classes = np.array(rows).T
    for kinds in (None, classes):
        found = split(len(groups), share, seed, kinds, groups)
        assert sorted([*found.train, *found.held_out]) == list(range(len(groups)))
        assert not set(groups[found.train]) & set(groups[found.held_out])
        assert len(found.train)
        if kinds is not None:
            assert set(kinds[found.train]) == set(kinds)
        elif len(set(groups)) > 1:
            assert len(found.held_out)


def test_whole_groups_meet_the_share_of_rows_and_of_classes():
    draw = np.random.default_rng(0)
    groups = np.array([f"p{k}" for k in draw.integers(40, size=400)])
    classes = draw.integers(3, size=400)
    found = split(400, 0.25, 0, classes, groups)
    assert len(found.held_out) == pytest.approx(100, abs=8)
    for kind in range(3):
        held_out = (classes[found.held_out] == kind).sum()
        assert held_out == pytest.approx(0.25 * (classes == kind).sum(), abs=6)
    left, aside = found.groups
    assert left + aside == len(set(groups))
    assert f"{aside} of {len(set(groups))} groups, stratified by class, seed 0" in found.how


def test_groups_are_checked():
    assert counted_groups(None, 3) is None
    assert counted_groups(["a", "b", "b"], 3, np.array([0, 2])).tolist() == ["a", "b"]
    assert counted_groups([1, 2], 2, np.array([1])).tolist() == [2]
    with pytest.raises(ShapeError, match=r"groups: shape \(2,\); \(3,\)"):
        counted_groups(["a", "b"], 3)
    for missing in (None, float("nan")):
        with pytest.raises(DataError, match=r"groups\[1\]: no group"):
            counted_groups(["a", missing], 2)


def test_what_cannot_be_drawn_by_class_is_said():
    X, y = classes()
    for labels in (np.eye(3, dtype=int)[y], np.repeat(y[:, None], 6, 1)):
        told = {"per_step": True} if labels.shape[1] == 6 else {}
        model = tiny_classifier(epochs=1, **told).fit(X, labels)
        assert "at random, not by class: a sequence has several" in model.result_["validation"]
