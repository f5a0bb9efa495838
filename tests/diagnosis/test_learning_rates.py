"""Trying learning rates: what is found, and that the estimator stays as it is."""

from __future__ import annotations

import numpy as np
import pytest

import elman
from elman.diagnosis.learning_rates import _read, _smoothed
from elman.errors import ArgumentError, DataError, ShapeError
from tests.tasks.sequences import TINY, classes, sums

OPTIONS = TINY | {"baselines": False}


def bits(model):
    return {k: v.tobytes() for k, v in model.model_.bundle.weights.items()}


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_suggested_rate_learns_and_the_estimator_stays(optimizer):
    X, y = classes()
    model = elman.Classifier(**OPTIONS | {"epochs": 10, "optimizer": optimizer})
    parameters = model.get_params()
    found = elman.learning_rate_range(model, X, y, steps=60)
    assert not model.__sklearn_is_fitted__()
    assert model.get_params() == parameters
    assert found.begins <= found.suggested <= found.lowest
    assert found.optimizer == optimizer
    assert f"{found.suggested:.2g}" in str(found)
    slow = elman.Classifier(**OPTIONS | {"optimizer": optimizer, "learning_rate": 1e-5})
    learnt = model.set_params(learning_rate=found.suggested).fit(X, y)
    assert learnt.score(X, y) > max(0.8, slow.fit(X, y).score(X, y))


def test_a_fitted_estimator_keeps_its_weights():
    X, y, running = sums(40, ragged=True)
    model = elman.Regressor(**OPTIONS, warm_start=True, dropout=0.1).fit(X, y)
    before = bits(model)
    first = elman.learning_rate_range(model, X, y)
    assert bits(model) == before
    assert first.losses == elman.learning_rate_range(model, X, y).losses
    fresh = elman.learning_rate_range(model.set_params(warm_start=False), X, y)
    assert fresh.losses[0] != first.losses[0]  # that goes on from fitted weights
    windows = elman.Regressor(**OPTIONS, per_step=True, truncation=2, validation=None)
    assert len(elman.learning_rate_range(windows, X, running, steps=12).rates) > 2


def test_the_first_loss_is_that_of_the_training():
    """The same rows, weights and order as a fit's first step."""
    seen = []
    X, y = classes()
    options = OPTIONS | {"epochs": 1, "batch_size": 8, "validation": None}
    elman.Classifier(**options, callbacks=[seen.append]).fit(X, y)
    first = next(event.loss for event in seen if type(event).__name__ == "StepEnd")
    assert elman.learning_rate_range(elman.Classifier(**options), X, y).losses[0] == first


def test_it_ends_where_the_loss_is_lost():
    X, y, _ = sums(40)
    found = elman.learning_rate_range(
        elman.Regressor(**OPTIONS | {"optimizer": "sgd", "cell": "rnn"}, clip_norm=None),
        X, y, highest=1e6,
    )  # fmt: skip
    assert len(found.rates) < 100
    assert np.isfinite(found.losses).all()


def test_what_is_read():
    """Flat, then falling in one stretch, then rising."""
    rates = np.geomspace(1e-6, 10, 100)
    place = np.arange(100)
    curve = 2.0 - 1.5 / (1 + np.exp(-(place - 60) / 4)) + np.maximum(0, place - 85) * 0.2
    begins, suggested, lowest = _read(rates, curve)
    assert suggested == pytest.approx(rates[60], rel=0.2)
    assert rates[45] < begins < rates[58]
    assert rates[75] < lowest < rates[90]
    assert _read(rates, np.ones(100) + 0.001 * place) == (None, None, None)
    assert _smoothed(np.full(5, 3.0)).tolist() == pytest.approx([3.0] * 5)


def test_nothing_to_suggest():
    X, _ = classes()
    noise = np.random.default_rng(0).integers(0, 2, 60)
    found = elman.learning_rate_range(
        elman.Classifier(**OPTIONS), np.zeros_like(X), noise, lowest=1e-9, highest=1e-8
    )
    assert found.suggested is None
    assert "falls at no learning rate" in str(found)


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"lowest": 0}, ArgumentError, "lowest: found 0"),
        ({"lowest": 2.0, "highest": 1.0}, ArgumentError, "lowest: 2, and highest is 1"),
        ({"steps": 3}, ArgumentError, "steps: found 3; a whole number of at least 10"),
        ({"estimator": elman.Forecaster()}, ArgumentError, "estimator: found Forecaster"),
        ({"estimator": None}, ArgumentError, "estimator: found NoneType"),
        ({"X": np.zeros((60, 2))}, ShapeError, "X"),
    ],
)
def test_what_cannot_be_tried(changes, error, said):
    X, y = classes()
    given = {"estimator": elman.Classifier(**OPTIONS), "X": X, "y": y} | changes
    with pytest.raises(error, match=said):
        elman.learning_rate_range(**given)


def test_losses_that_are_not_finite():
    X, y = classes()
    model = elman.Classifier(**OPTIONS | {"cell": "rnn", "activation": "relu", "scaling": "none"})
    with pytest.raises(DataError, match="the loss is not finite"):
        elman.learning_rate_range(model, np.full_like(X, 3e38), y)


def test_too_few_steps_to_tell_are_said_to_be():
    noise = np.random.default_rng(0).integers(0, 2, 60)
    X, _ = classes()
    few = elman.learning_rate_range(elman.Classifier(**OPTIONS), np.zeros_like(X), noise, steps=10)
    assert (few.suggested, few.enough) == (None, False)
    assert str(few) == "Too few steps to tell where the loss falls (adam): take steps=100"


def test_no_validation_part_is_asked_for():
    X, y = classes(6)
    with pytest.raises(ArgumentError, match="validation"):
        elman.Classifier(**OPTIONS, validation=0.01).fit(X, y)
    assert elman.learning_rate_range(elman.Classifier(**OPTIONS, validation=0.01), X, y).rates
