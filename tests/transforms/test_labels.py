"""Class labels: every kind there and back, and what is no label."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import ArgumentError, BundleError, ShapeError
from elman.transforms import Labels

kinds = st.one_of(
    st.lists(st.integers(-(2**40), 2**40), min_size=1),
    st.lists(st.booleans(), min_size=1),
    # NumPy's strings end at trailing NULs, so those are no labels
    st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=1),
)


@given(kinds)
def test_encode_and_decode_are_inverse_and_survive_the_model_file(values):
    labels = Labels.fit(values)
    again = Labels.from_tensors(labels.tensors())
    assert again.classes.tolist() == labels.classes.tolist() == sorted(set(values))
    indices = again.encode(values)
    assert indices.dtype == np.int64
    assert again.decode(indices).tolist() == values
    assert again.classes.dtype.kind == labels.classes.dtype.kind


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.array([3, 1], dtype=np.uint8), "i"),
        (np.array([1.0, 0.0]), "f"),
        (np.array(["b", "a"], dtype=object), "U"),
        (np.array([True, False]), "b"),
    ],
)
def test_classes_keep_their_kind(values, kind):
    assert Labels.fit(values).classes.dtype.kind == kind


def test_decode_takes_any_shape():
    labels = Labels.fit(["a", "b"])
    assert labels.decode([[1], [0]]).tolist() == [["b"], ["a"]]
    with pytest.raises(ArgumentError, match="range"):
        labels.decode([2])
    with pytest.raises(ArgumentError, match="range"):
        labels.decode([-1])


def test_an_unknown_label_is_named_with_its_row():
    labels = Labels.fit(list("abcdefghijklm"))
    with pytest.raises(ArgumentError, match=r"row 1 is 'x', one of 2 unknown.*13 classes.*…"):
        labels.encode(["a", "x", "y"])
    with pytest.raises(ArgumentError, match="pass"):
        labels.encode([1, 2])


@pytest.mark.parametrize(
    "values",
    [
        ["a", 1],
        ["a", None],
        [True, 2],
        [0.5, 1.0],
        [np.nan, 1.0],
        [np.inf],
        [1 + 2j],
        [b"a"],
    ],
)
def test_what_is_no_class_is_refused(values):
    with pytest.raises(ArgumentError, match="labels"):
        Labels.fit(values)


@pytest.mark.parametrize("values", [[], 3, [[1], [2]], np.zeros((2, 2), int)])
def test_labels_are_one_a_row(values):
    with pytest.raises(ShapeError, match="labels"):
        Labels.fit(values)


@pytest.mark.parametrize(
    "tensors",
    [
        {},
        {"classes": np.array([2, 1])},
        {"classes": np.array([1, 1])},
        {"classes": np.zeros((0,), int)},
        {"bytes": np.array([255], np.uint8), "offsets": np.array([0, 1])},
        {"bytes": np.array([65, 66], np.uint8), "offsets": np.array([0, 1])},
        {"bytes": np.array([65, 66], np.uint8), "offsets": np.array([0, 2, 1, 2])},
        {"bytes": np.array([65, 66]), "offsets": np.array([0, 2])},
    ],
)
def test_damaged_tensors_are_a_damaged_bundle(tensors):
    with pytest.raises(BundleError, match="labels"):
        Labels.from_tensors(tensors)
