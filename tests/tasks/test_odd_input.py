"""Input as people have it: columns, sparse matrices, object arrays, masks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.exceptions import DataConversionWarning

import elman
from elman import Classifier, Regressor
from elman.data import as_sequences
from elman.errors import ArgumentError, DataError, ShapeError
from tests.tasks.sequences import classes, tiny_classifier


def test_a_column_is_one_label_a_sequence():
    X, y = classes()
    flat = tiny_classifier().fit(X, y)
    for column in (y[:, None], pd.DataFrame({"class": y}), y[:, None].tolist()):
        with pytest.warns(DataConversionWarning, match="column"):
            fitted = tiny_classifier().fit(X, column)
        np.testing.assert_array_equal(fitted.predict_proba(X), flat.predict_proba(X))
        assert fitted.score(X, column) == flat.score(X, y)


def test_a_column_where_each_sequence_has_one_step():
    X, y = classes()
    with pytest.warns(DataConversionWarning, match="column"):
        fitted = tiny_classifier(axes="NTI").fit(X[:, :1], y[:, None])
    assert fitted.predict(X[:, :1]).shape == (60,)


def test_a_column_of_numbers_is_answered_by_a_column():
    X, y = classes()
    options = {"units": 4, "epochs": 1, "validation": None, "baselines": False}
    assert elman.Regressor(**options).fit(X, y[:, None]).predict(X).shape == (60, 1)
    assert elman.Regressor(**options).fit(X, y).predict(X).shape == (60,)


@pytest.mark.parametrize(
    ("X", "where"),
    [
        (scipy.sparse.csr_matrix(np.eye(3)), "X"),
        (scipy.sparse.coo_array(np.eye(3)), "X"),
        ([scipy.sparse.csr_matrix(np.eye(3))] * 2, r"X\[0\]"),
    ],
)
def test_sparse_input_is_refused_in_words(X, where):
    with pytest.raises(
        ShapeError, match=rf"{where}: found a sparse \w+ of shape \(3, 3\); a dense"
    ):
        as_sequences(X)


def objects(*rows):
    made = np.empty(len(rows), dtype=object)
    made[:] = rows
    return made


def test_object_arrays():
    rows = [np.ones((2, 1)), np.ones((3, 1))]
    assert as_sequences(objects(*rows)).lengths.tolist() == [2, 3]
    assert as_sequences(np.ones((2, 3, 1)).astype(object)).values.dtype == np.float32
    assert as_sequences([np.array([1.0, 2], dtype=object)]).values.shape == (1, 2, 1)
    for X, error, said in [
        (objects(None, None), ShapeError, r"X\[0\]: found None"),
        (objects(rows[0], None), ShapeError, r"X\[1\]: found None"),
        (np.array(None), ShapeError, "X"),
        (None, ShapeError, "X: found None"),
        ([[1.0, None]], DataError, "sequence 0, step 1, feature 0: found nan"),
        ([[1.0, "a"]], ShapeError, r"X\[0\]"),
        (objects("ab", "cd"), ShapeError, r"X\[0\]"),
        ([np.ma.masked_equal([[1.0], [2.0]], 2.0)], DataError, "masked"),
    ]:
        with pytest.raises(error, match=said):
            as_sequences(X)


def test_labels_in_object_arrays():
    X, y = classes()
    a = tiny_classifier().fit(X, y.astype(object)).predict_proba(X)
    np.testing.assert_array_equal(a, tiny_classifier().fit(X, y).predict_proba(X))
    for missing in (None, np.nan, pd.NA):
        given = y.astype(object)
        given[3] = missing
        with pytest.raises(DataError, match="y"):
            tiny_classifier().fit(X, given)


@pytest.mark.parametrize(
    ("make", "y", "said"),
    [
        (Classifier, None, "^y: is not given; something for each sequence$"),
        (Regressor, None, "^y: is not given"),
        (Classifier, (k for k in "ab" * 6), r"^y: found a generator; a list: list\(y\)$"),
        (Regressor, iter([1.0] * 12), r"^y: found a list_iterator; a list"),
        (Classifier, [["a", "b"], ["a"]] * 6, r"^y: rows of several lengths; .* 0 and 1 \[N, L\]"),
    ],
)
def test_what_is_no_y_is_named_and_not_printed(make, y, said):
    with pytest.raises(ShapeError, match=said):
        make(epochs=1).fit(np.zeros((12, 4, 1)), y)


@pytest.mark.parametrize("given", [[np.zeros((9, 4, 1)), [0]], (np.zeros((9, 4, 1)), [0], [1])])
def test_a_validation_part_is_a_pair(given):
    with pytest.raises(ArgumentError, match=r"found a \w+ of \d; .* a pair \(X, y\) as a tuple"):
        Classifier(epochs=1, validation=given).fit(np.zeros((12, 4, 1)), [0, 1] * 6)


def test_labels_in_a_sparse_array():
    sparse = scipy.sparse
    draws = np.random.default_rng(0)
    X, y = draws.normal(size=(12, 4, 1)), draws.integers(0, 2, (12, 3))
    one, other = (Classifier(epochs=1, units=3).fit(X, l) for l in (y, sparse.csr_matrix(y)))  # noqa: E741
    assert other.evaluate(X, sparse.csr_array(y))["score"] == one.score(X, y)


def test_callbacks_take_an_event():
    with pytest.raises(ArgumentError, match=r"callbacks\[0\]: .* does not take one argument"):
        Classifier(epochs=1, callbacks=[lambda: None]).fit(np.zeros((12, 4, 1)), [0, 1] * 6)
