"""What a classifier says to input that does not fit."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError as SklearnNotFittedError

from elman.errors import (
    ArgumentError,
    BlueprintError,
    CheckpointError,
    DataError,
    NotFittedError,
    ShapeError,
)
from tests.tasks.sequences import classes, tiny_classifier


@pytest.mark.parametrize("method", ["predict", "predict_proba", "trace"])
def test_before_fit(method):
    with pytest.raises(NotFittedError, match=f"Classifier.{method}: this Classifier is not fitted"):
        getattr(tiny_classifier(), method)(classes()[0])
    with pytest.raises(SklearnNotFittedError):
        getattr(tiny_classifier(), method)(classes()[0])
    assert not hasattr(tiny_classifier(), "classes_")


X, Y = classes(30)
NAN_X, NAN_Y = X.copy(), Y.astype(float)
NAN_X[3, 2, 1] = NAN_Y[4] = np.nan


@pytest.mark.parametrize(
    ("X", "y", "kind", "message"),
    [
        (X[0], Y, ShapeError, r"^X: found an array of shape \(6, 2\)"),
        (X, Y[:20], ShapeError, "y has 20 labels, X 30 sequences"),
        (X, Y * 0, DataError, "one class only, 0"),
        (NAN_X, Y, DataError, "sequence 3, step 2, feature 1: found nan"),
        (X, NAN_Y, DataError, r"^y\[4\]: found no finite label"),
        (X, [None, *Y[1:]], DataError, r"^y\[0\]: no label"),
        (X, ["a", *Y[1:]], DataError, "labels of several kinds: number, text"),
        (X, Y + 0.5, DataError, "for numbers train a Regressor"),
        (X, np.stack([Y, Y], 1), DataError, "values besides 0 and 1"),
        (X, 3, ShapeError, "labels, one for each sequence"),
        (X, [[1], [1, 2], *Y[2:]], ShapeError, "rows of several lengths"),
        ([np.ones((2, 2)), np.ones((2, 3))], [0, 1], ShapeError, "features"),
    ],
)
def test_data_that_does_not_fit(X, y, kind, message):
    with pytest.raises(kind, match=message):
        tiny_classifier().fit(X, y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "elman"}, r"^cell: found 'elman'; one of rnn, lstm, gru"),
        ({"units": 0}, "units"),
        ({"units": None}, "units"),
        ({"units": [4, 4], "layers": 3}, "layers: 3 for units"),
        ({"layers": 0}, "layers: found 0"),
        ({"activation": "relu"}, "activation"),
        ({"dropout": 1.0}, "found 1.0"),
        ({"pool": "first"}, "first"),
        ({"optimizer": "lion"}, "optimizer: found 'lion'; one of adam"),
        ({"learning_rate": -1}, "learning_rate: found -1"),
        ({"validation": 1.5}, "validation: found 1.5"),
        ({"validation": 0.001}, "0.001 of 30 sequences is not one"),
        ({"validation": 5}, "validation: found 5"),
        ({"class_weight": "even"}, "class_weight: found 'even'"),
        ({"class_weight": {9: 1.0}}, "class_weight: label 9"),
        ({"class_weight": {0: -1.0}}, r"class_weight\[0\]: found -1.0"),
        ({"class_weight": {0: 0, 1: 0, 2: 0}}, "class_weight: found .* not all 0"),
        ({"label_smoothing": 1.0}, "label_smoothing"),
        ({"threads": 0}, "threads: found 0"),
        ({"device": "abacus"}, "device: found 'abacus'"),
        ({"augment": {"zoom": 1}}, "augment: unknown field 'zoom'"),
    ],
)
def test_parameters_outside_their_range(options, message):
    with pytest.raises((ArgumentError, BlueprintError), match=message):
        tiny_classifier(**options).fit(X, Y)


@pytest.mark.parametrize(
    "weight", [np.ones(3), -np.ones(30), np.zeros(30), np.full(30, np.nan), ["a"] * 30]
)
def test_sample_weights_that_do_not_fit(weight):
    with pytest.raises((ShapeError, ArgumentError), match="sample_weight"):
        tiny_classifier().fit(X, Y, sample_weight=weight)


def test_questions_that_do_not_fit():
    fitted = tiny_classifier(epochs=1).fit(X, Y)
    with pytest.raises(ShapeError, match="found 3 features; 2 features"):
        fitted.predict(np.ones((2, 4, 3)))
    with pytest.raises(ShapeError, match="y has 2 labels, X 30 sequences"):
        fitted.score(X, [1, 2])
    with pytest.raises(CheckpointError, match="no folder"):
        tiny_classifier(resume=True).fit(X, Y)
