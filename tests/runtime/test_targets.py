from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data import as_sequences
from elman.errors import ArgumentError, BundleError, DataError, ShapeError
from elman.runtime.targets import (
    check_labels,
    check_numbers,
    check_weight,
    class_tensors,
    classes_from,
    label_indices,
)

labels = st.one_of(
    # NumPy's strings end at their last character that is not NUL.
    st.lists(st.text(max_size=8).filter(lambda s: not s.endswith("\0")), min_size=1, max_size=20),
    st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=20),
    st.lists(st.booleans(), min_size=1, max_size=20),
)


@given(labels)
def test_labels_survive_a_file(given_labels):
    checked = check_labels(given_labels, len(given_labels))
    classes = np.unique(checked)
    again = classes_from(class_tensors(classes))
    assert again[label_indices(checked, again)].tolist() == given_labels


def test_unknown_labels_have_no_index():
    classes = np.array(["a", "c"])
    assert label_indices(np.array(["c", "b", "z", "a"]), classes).tolist() == [1, -1, -1, 0]
    assert label_indices(np.array([1, 2]), classes).tolist() == [-1, -1]


def test_object_arrays_of_pandas():
    pandas = pytest.importorskip("pandas")
    series = pandas.Series(["b", "a", None])
    with pytest.raises(DataError, match=r"y\[2\]"):
        check_labels(series, 3)
    assert check_labels(series[:2], 2).tolist() == ["b", "a"]


def test_missing_class_labels():
    with pytest.raises(BundleError, match="class labels"):
        classes_from({"classes.bytes": np.zeros(0, np.uint8)})


def test_numbers_for_each_step():
    sequences = as_sequences([[1.0, 2.0], [3.0]])
    assert check_numbers([[5, 6], [7]], sequences, per_step=True).tolist() == [[5, 6], [7, 0]]
    padded = np.array([[5, 6], [7, np.nan]])
    assert check_numbers(padded, sequences, per_step=True).tolist() == [[5, 6], [7, 0]]
    several = [np.ones((2, 3)), np.ones((1, 3))]
    assert check_numbers(several, sequences, per_step=True).shape == (2, 2, 3)
    with pytest.raises(ShapeError, match=r"y\[1\]"):
        check_numbers([np.ones((2, 3)), np.ones((1, 2))], sequences, per_step=True)
    with pytest.raises(ShapeError, match=r"y\[1\]: shape \(2,\) for a sequence of 1 steps"):
        check_numbers([[5, 6], [7, 8]], sequences, per_step=True)


def test_weights():
    three = as_sequences([[1.0, 2.0], [3.0], [4.0, 5.0]])
    assert check_weight(None, three) is None
    assert check_weight([1, 0, 2], three).tolist() == [1, 0, 2]
    with pytest.raises(ShapeError, match=r"shape \(1, 3\) \(weights of steps need per_step=True\)"):
        check_weight([[1, 2, 3]], three)


def test_weights_of_steps():
    """For each step where a target belongs to each; nothing past a length is read."""
    two = as_sequences([[1.0, 2.0], [3.0]])
    assert check_weight([2, 3], two, per_step=True).tolist() == [2, 3]
    assert check_weight([[2, 0], [3]], two, per_step=True).tolist() == [[2, 0], [3, 0]]
    padded = np.array([[2.0, 0.0], [3.0, np.nan]])
    assert check_weight(padded, two, per_step=True).tolist() == [[2, 0], [3, 0]]
    for wrong, said in [
        (
            [[2, 1], [3, 1]],
            r"sample_weight\[1\]: shape \(2,\) for a sequence of 1 steps; one weight",
        ),
        ([[2, 1]], "1 weights"),
        (np.ones((2, 3)), r"shape \(3,\) for a sequence of 2 steps"),
        ([[2, -1], [3]], "a negative"),
        ([[0, 0], [0]], "zeros only"),
        ([[2, np.nan], [3]], r"sample_weight\[0\]\[1\]: found nan"),
        ([["a", "b"], ["c"]], "found text"),
        (np.ones((2, 2, 1)), r"shape \(2, 2, 1\); one weight for each step"),
        ([1, 2, 3], r"shape \(3,\)"),
    ]:
        with pytest.raises((ShapeError, DataError, ArgumentError), match=said):
            check_weight(wrong, two, per_step=True)


def test_rows_are_taken_by_place_not_by_label():
    pandas = pytest.importorskip("pandas")
    two = as_sequences([[1.0, 2.0], [3.0]])
    shuffled = pandas.Series([[5.0, 6.0], [7.0]], index=[1, 0])
    assert check_numbers(shuffled, two, per_step=True).tolist() == [[5, 6], [7, 0]]
    frame = pandas.DataFrame([[5.0, 6.0], [7.0, 0.0]], index=[1, 0], columns=["a", "b"])
    assert check_numbers(frame, two, per_step=True).tolist() == [[5, 6], [7, 0]]


@pytest.mark.parametrize(
    "y",
    [
        np.array([1 + 2j, 3]),
        np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[D]"),
        np.array([1, 2], dtype="timedelta64[s]"),
        np.array(["1.5", "2"]),
        ["1.5", "2"],
        np.array(["1.5", 2.0], dtype=object),
        [None, 1.0],
        [{}, 1.0],
    ],
)
def test_what_only_looks_like_numbers(y):
    two = as_sequences([[1.0, 2.0], [3.0, 4.0]])
    for given_y, per_step in ((y, False), ([y, y], True)):
        with pytest.raises((ShapeError, DataError), match=r"^y"):
            check_numbers(given_y, two, per_step=per_step)


def test_a_column_of_labels():
    assert check_labels([["a"], ["b"]], 2).tolist() == ["a", "b"]
    assert check_labels(np.array([[1], [0]]), 2).tolist() == [1, 0]
