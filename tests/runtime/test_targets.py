from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data import as_sequences
from elman.errors import BundleError, DataError, ShapeError
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
    assert check_weight(None, 3) is None
    assert check_weight([1, 0, 2], 3).tolist() == [1, 0, 2]
    with pytest.raises(ShapeError, match="sample_weight"):
        check_weight([[1, 2, 3]], 3)
