"""The checker of sequences: every accepted form, every refusal, and what padding must keep."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.sequences import Sequences, as_sequences
from elman.errors import ArgumentError, DataError, ShapeError


def test_a_float32_array_is_used_without_a_copy():
    X = np.ones((3, 4, 2), dtype=np.float32)
    sequences = as_sequences(X)
    assert np.shares_memory(sequences.values, X)
    assert sequences.lengths.tolist() == [4, 4, 4]
    assert sequences.lengths.dtype == np.int64
    assert (len(sequences), sequences.features, sequences.ragged) == (3, 2, False)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float16, np.float64])
def test_other_numbers_become_float32(dtype):
    values = as_sequences(np.ones((2, 3, 1), dtype=dtype)).values
    assert values.dtype == np.float32
    assert (values == 1).all()


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=6),
    st.integers(1, 3),
    st.integers(0, 2**32 - 1),
)
def test_rows_come_back_as_they_were_and_padding_is_zero(lengths, features, seed):
    generator = np.random.default_rng(seed)
    rows = [generator.normal(size=(n, features)).astype(np.float32) for n in lengths]
    sequences = as_sequences(rows)
    assert sequences.values.shape == (len(rows), max(lengths), features)
    assert sequences.lengths.tolist() == lengths
    for given_row, row in zip(rows, sequences.rows(), strict=True):
        np.testing.assert_array_equal(row, given_row)
    padded = np.arange(max(lengths)) >= np.array(lengths)[:, None]
    assert (sequences.values[padded] == 0).all()
    assert as_sequences(sequences) is sequences


def test_forms_of_one_set_agree():
    array = np.arange(12.0).reshape(2, 3, 2)
    objects = np.empty(2, dtype=object)
    objects[:] = list(array)
    equal_lengths_as_object = np.array(list(array), dtype=object)
    for X in (list(array), tuple(array), objects, equal_lengths_as_object, array.tolist()):
        np.testing.assert_array_equal(as_sequences(X).values, array)


def test_flat_sequences_have_one_feature_and_empty_ones_fit_any():
    assert as_sequences([np.arange(3), np.arange(2)]).values.shape == (2, 3, 1)
    mixed = as_sequences([[], np.ones((2, 3))])
    assert mixed.values.shape == (2, 2, 3)
    assert mixed.lengths.tolist() == [0, 2]
    assert as_sequences([[], []], features=4).values.shape == (2, 0, 4)


def test_select_takes_indices_and_masks():
    sequences = as_sequences([[1.0], [2.0, 3.0], [4.0, 5.0]])
    assert sequences.select([2, 0]).values[:, 0, 0].tolist() == [4.0, 1.0]
    chosen = sequences.select(np.array([True, False, False]))
    assert chosen.lengths.tolist() == [1]
    assert chosen.values.shape[1] == 2
    assert chosen.ragged


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((4, 3)), r"shape \(4, 3\).*X\[:, :, None\].*X\[None\]"),
        (np.zeros(4), r"X\[None, :, None\]"),
        (np.zeros((1, 2, 3, 4)), r"shape \(1, 2, 3, 4\)"),
        (np.zeros((0, 2, 3)), "no sequences"),
        (np.zeros((2, 3, 0)), "0 features"),
        ([], "no sequences"),
        ([np.zeros((2, 3)), np.zeros((2, 4))], "sequence 0 has 3 features and sequence 1 has 4"),
        ([np.zeros((2, 2, 2))], r"X\[0\].*shape \(2, 2, 2\)"),
        ([1.0, 2.0], r"X\[0\].*shape \(\)"),
        (["abc"], r"X\[0\].*<U3"),
        ([[[1.0, 2.0], [3.0]]], r"X\[0\].*does not form an array"),
        (np.array([[["a"]]]), "<U1"),
        (np.zeros((1, 1, 1), dtype=complex), "complex128"),
        ({"a": 1}, "object"),
        (None, "found None"),
    ],
)
def test_wrong_shapes_say_what_was_found(X, message):
    with pytest.raises(ShapeError, match=message):
        as_sequences(X)


@pytest.mark.parametrize(
    "X", [np.zeros((1, 2, 3)), [np.zeros((2, 3))], as_sequences([[[1, 2, 3]]])]
)
def test_another_feature_count_is_refused(X):
    with pytest.raises(ShapeError, match="found 3 features; 2 features are needed"):
        as_sequences(X, features=2)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_values_that_are_not_finite_are_located(bad):
    array = np.zeros((3, 4, 2))
    array[1, 2, 1] = bad
    place = f"data, sequence 1, step 2, feature 1: found {bad}"
    with pytest.raises(DataError, match=re.escape(place)):
        as_sequences(array, where="data")
    rows = [np.zeros((5, 2)), np.zeros((0, 2)), array[1]]
    with pytest.raises(DataError, match="sequence 2, step 2, feature 1"):
        as_sequences(rows)


def test_sequences_are_frozen():
    sequences = Sequences(np.zeros((1, 1, 1), np.float32), np.ones(1, np.int64))
    with pytest.raises(AttributeError):
        sequences.values = sequences.values  # pyright: ignore


@given(st.lists(st.lists(st.integers(0, 9), max_size=5), min_size=1, max_size=6))
def test_token_ids_come_back_as_they_were(rows):
    for X in (rows, [np.array(row, np.int32) for row in rows], tuple(map(tuple, rows))):
        tokens = as_sequences(X, ids=True, vocabulary=10)
        assert (tokens.values.dtype, tokens.features) == (np.int64, None)
        assert tokens.values.shape == (len(rows), max(map(len, rows)))
        assert [row.tolist() for row in tokens.rows()] == rows
        padded = np.arange(tokens.values.shape[1]) >= tokens.lengths[:, None]
        assert (tokens.values[padded] == 0).all()
        assert as_sequences(tokens, ids=True) is tokens
    chosen = tokens.select([0])
    assert chosen.rows()[0].tolist() == rows[0]


def test_an_array_of_token_ids_is_used_without_a_copy():
    ids = np.arange(6).reshape(2, 3)
    tokens = as_sequences(ids, ids=True)
    assert np.shares_memory(tokens.values, ids)
    assert tokens.lengths.tolist() == [3, 3]
    assert not tokens.ragged


def test_whole_numbers_are_features_unless_ids_are_asked_for():
    rows = [np.arange(3), np.arange(2)]
    assert as_sequences(rows).features == 1
    assert as_sequences(rows, ids=True).features is None
    with pytest.raises(ShapeError, match="found token ids; features"):
        as_sequences(as_sequences(rows, ids=True))
    with pytest.raises(ShapeError, match="found 1 features a step; token ids"):
        as_sequences(as_sequences(rows), ids=True)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], "found no sequences"),
        (np.zeros((0, 3), int), "found no sequences"),
        (np.zeros((1, 2, 3), int), r"int64 of shape \(1, 2, 3\); token ids: an array \[sequences"),
        (np.arange(3), r"shape \(3,\)"),
        (np.zeros((2, 3)), "found float64"),
        ([[1, 2], [0.5]], r"X\[1\]: found float64"),
        ([[True]], "found bool"),
        ([[[1], [2]]], r"X\[0\]: found int64 of shape \(2, 1\); token ids: \[steps\]"),
        (["abc"], r"X\[0\]: found <U3"),
        (None, "found None"),
    ],
)
def test_what_are_no_token_ids_says_what_was_found(X, message):
    with pytest.raises(ShapeError, match=message):
        as_sequences(X, ids=True)


def test_ids_outside_the_vocabulary_are_located():
    rows = [[0, 1], [], [2, 3, 4]]
    with pytest.raises(DataError, match="X, sequence 2, step 2: found token id 4; ids from 0 to 3"):
        as_sequences(rows, ids=True, vocabulary=4)
    with pytest.raises(DataError, match="data, sequence 0, step 1: found token id -1; ids of 0"):
        as_sequences(np.array([[1, -1]]), ids=True, where="data")
    whole = as_sequences(rows, ids=True)
    with pytest.raises(DataError, match="sequence 2, step 1: found token id 3"):
        as_sequences(whole, ids=True, vocabulary=3)


def test_features_and_ids_are_asked_for_one_at_a_time():
    with pytest.raises(ArgumentError, match="features: given for token ids"):
        as_sequences([[1]], features=1, ids=True)
    with pytest.raises(ArgumentError, match="vocabulary: given for features"):
        as_sequences([[1]], vocabulary=3)
