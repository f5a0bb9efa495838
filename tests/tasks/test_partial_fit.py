"""One pass a call, the optimiser going on as it was."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone

import elman
from elman.errors import ArgumentError, DataError, ShapeError
from tests.tasks.sequences import TINY, classes, sums, tiny_classifier

OPTIONS = {k: v for k, v in TINY.items() if k != "epochs"} | {"baselines": False}


def bits(model):
    return {k: v.tobytes() for k, v in model.model_.bundle.weights.items()}


@pytest.mark.parametrize("optimizer", ["adam", "momentum", "sgd", "rmsprop"])
def test_passes_are_the_epochs_of_a_fit(optimizer):
    """Three calls on the same rows are three epochs of one fit: weights, optimiser and order."""
    options = OPTIONS | {"optimizer": optimizer, "warmup_steps": 7, "dropout": 0.2}
    X, y = classes()
    model = elman.Classifier(**options)
    for _ in range(3):
        assert model.partial_fit(X, y, classes=[0, 1, 2]) is model
    whole = elman.Classifier(**options, epochs=3, validation=None).fit(X, y)
    assert bits(model) == bits(whole)
    losses = [record.train_loss for record in model.history_.records]
    assert losses == [record.train_loss for record in whole.history_.records]


def test_numbers_in_parts():
    X, y, _ = sums(40)
    model = elman.Regressor(**OPTIONS).partial_fit(X, y).partial_fit(X, y)
    whole = elman.Regressor(**OPTIONS, epochs=2, validation=None).fit(X, y)
    assert bits(model) == bits(whole)
    steps = elman.Regressor(**OPTIONS, per_step=True)
    rows, _, running = sums(40, ragged=True)
    steps.partial_fit(rows, running, [np.ones(len(row)) for row in rows])
    assert len(steps.predict(rows)[0]) == len(rows[0])


def test_what_the_first_call_fixes():
    X, y = classes()
    model = elman.Classifier(**OPTIONS).partial_fit(X[y < 2], y[y < 2], classes=[2, 1, 0])
    assert model.classes_.tolist() == [0, 1, 2]
    mean = model.model_.input_scaler.mean
    model.partial_fit(X + 100, y)
    np.testing.assert_array_equal(model.model_.input_scaler.mean, mean)
    assert model.result_["train_sequences"] == 60 + int((y < 2).sum())
    model.partial_fit(X, y, classes=[0, 1, 2])
    for given, error, said in [
        ((X, y, [0, 1]), ArgumentError, r"classes: found \[0, 1\]; \[0, 1, 2\]"),
        ((X, y + 1), DataError, "label 3"),
        ((X[:, :, :1], y), ShapeError, "1 features"),
        ((X, np.stack([y > 0, y > 1], 1).astype(int)), ShapeError, "kind labels"),
    ]:
        with pytest.raises(error, match=said):
            model.partial_fit(*given)
    assert len(model.history_.records) == 3
    model.set_params(units=9)
    with pytest.raises(ArgumentError, match=r"partial_fit: another network .* or a new estimator"):
        model.partial_fit(X, y)


@pytest.mark.parametrize(
    ("classes_", "said"),
    [(None, "not given in the first call"), (3, "classes: found 3"), ("ab", "classes: found 'ab'")],
)
def test_classes_that_are_none(classes_, said):
    X, y = classes()
    with pytest.raises(ArgumentError, match=said):
        elman.Classifier(**OPTIONS).partial_fit(X, y, classes=classes_)


def test_classes_of_steps_and_several_labels():
    X, y = classes(30)
    steps = elman.Classifier(**OPTIONS, per_step=True)
    steps.partial_fit(X, np.repeat(y[:, None], 6, axis=1), classes=range(4))
    assert steps.predict_proba(X).shape == (30, 6, 4)
    several = elman.Classifier(**OPTIONS)
    several.partial_fit(X, np.eye(3, dtype=int)[y], classes=range(3))
    assert several.predict(X).shape == (30, 3)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"schedule": "cosine"}, "schedule"),
        ({"average": 0.9}, "average"),
        ({"run": "folder"}, "run"),
        ({"class_weight": "balanced"}, "class_weight"),
        ({"calibrate": True}, "calibrate"),
    ],
)
def test_what_needs_an_end(options, name):
    X, y = classes()
    with pytest.raises(ArgumentError, match=f"{name}: .* in partial_fit"):
        elman.Classifier(**OPTIONS | options).partial_fit(X, y, classes=[0, 1, 2])


def test_fit_before_and_after():
    X, y = classes()
    model = elman.Classifier(**OPTIONS | {"epochs": 2, "baselines": True}).fit(X, y)
    scores = model.evaluate(X, y)["baselines"]
    model.partial_fit(X, y)
    assert model.evaluate(X, y)["baselines"] == scores
    assert len(model.history_.records) == 3
    model.fit(X, y)
    fresh = elman.Classifier(**OPTIONS | {"epochs": 2}).fit(X, y)
    assert bits(model) == bits(fresh)
    assert not clone(model).__sklearn_is_fitted__()


def test_a_pickle_goes_on_to_the_same_bits():
    X, y = classes()
    model = elman.Classifier(**OPTIONS).partial_fit(X, y, classes=[0, 1, 2])
    copied = pickle.loads(pickle.dumps(model))
    assert bits(model.partial_fit(X, y)) == bits(copied.partial_fit(X, y))


def test_what_goes_on_remembers_the_fit_before():
    X, y = classes()
    model = tiny_classifier().fit(X, y)
    before = model.history_.records
    rows = model.result_["train_sequences"]
    model.partial_fit(X, y).partial_fit(X[:5], y[:5])
    assert model.history_.records[: len(before)] == before
    assert [record.epoch for record in model.history_.records] == list(range(1, len(before) + 3))
    assert model.history_.best_epoch == len(before) + 2
    assert model.result_["train_sequences"] == rows + len(X) + 5
    assert model.result_["epochs"] == len(before) + 2
