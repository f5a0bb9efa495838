from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from elman.tasks.split import split


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=60),
    st.floats(0.01, 0.99),
    st.integers(0, 2**40),
)
def test_every_row_is_in_one_part_and_every_class_in_training(labels, share, seed):
    classes = np.array(labels)
    found = split(len(classes), share, seed, classes)
    assert sorted([*found.train, *found.validation]) == list(range(len(classes)))
    assert set(classes[found.train]) == set(classes)
    for label in set(labels):
        there = (classes == label).sum()
        held_out = (classes[found.validation] == label).sum()
        assert abs(held_out - share * there) <= 1


def test_a_pure_function_of_its_arguments():
    first, again, other = split(50, 0.2, 3), split(50, 0.2, 3), split(50, 0.2, 4)
    assert (first.validation == again.validation).all()
    assert (first.validation != other.validation).any()
    assert len(first.validation) == 10
    assert first.how == "10 of 50 sequences, at random, seed 3"
