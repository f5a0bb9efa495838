"""A classifier whose probabilities are what they say, and which may give no answer."""

from __future__ import annotations

import numpy as np
import pytest

from elman import Classifier
from elman.errors import ArgumentError

FAST = {"units": 6, "cell": "gru", "epochs": 15, "learning_rate": 0.05, "validation": 0.4}


def noisy(rows: int = 120, seed: int = 0):
    """Sequences whose labels are flipped now and then, so that a network is too sure."""
    draws = np.random.default_rng(seed)
    X = draws.normal(size=(rows, 4, 2))
    y = (X.sum(axis=(1, 2)) > 0) ^ (draws.random(rows) < 0.25)
    return X, np.where(y, "up", "down")


def test_probabilities_become_what_they_say_and_no_answer_changes():
    X, y = noisy()
    plain, calibrated = (Classifier(**FAST, calibrate=one).fit(X, y) for one in (False, True))
    told = calibrated.result_["calibration"]
    assert told["temperature"] != 1
    assert "calibration" not in plain.result_
    np.testing.assert_array_equal(plain.predict(X), calibrated.predict(X))
    np.testing.assert_allclose(
        calibrated.decision_function(X) * told["temperature"],
        plain.decision_function(X),
        rtol=1e-4,
        atol=1e-5,
    )
    loss = [one.evaluate(*noisy(200, 1))["log_loss"] for one in (plain, calibrated)]
    assert loss[1] < loss[0]
    stepper, chances = calibrated.model_.stepper(), calibrated.predict_proba(X[:1])[0]
    for values in X[0]:
        found = stepper.step(values[None].astype(np.float32))
    np.testing.assert_allclose(found[0], chances, rtol=1e-5)


@pytest.mark.parametrize("kind", ["labels", "steps"])
def test_labels_and_steps_are_calibrated_too(kind):
    X, _ = noisy()
    y = (X[..., 0] > 0).astype(int) if kind == "steps" else (X.sum(axis=1) > 0).astype(int)
    per_step = kind == "steps"
    model = Classifier(**{**FAST, "epochs": 2}, per_step=per_step, calibrate=True).fit(X, y)
    told = model.result_["calibration"]
    assert 0 <= told["error_after"] <= 1
    assert told["temperature"] > 0


def test_there_may_be_no_answer():
    X, y = noisy()
    model = Classifier(**FAST, abstain=0.8).fit(X, y)
    sure = model.predict_proba(X).max(axis=1) >= 0.8
    found = model.predict(X)
    assert [one is not None for one in found] == sure.tolist()
    assert 0 < sure.sum() < len(X)
    assert None not in model.model_.predict(X, abstain=0).tolist()
    result = model.evaluate(X, y)
    assert result["answered"] == pytest.approx(sure.mean())
    assert result["answered_accuracy"] == pytest.approx((found == y)[sure].mean())
    assert any("it answers" in note for note in result["notes"])
    assert 0 <= result["calibration_error"] <= 1
    rows = list(model.model_.rows(model.model_.sequences(X), [str(k) for k in range(len(X))]))
    assert [row["prediction"] is not None for row in rows] == sure.tolist()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"calibrate": True, "validation": None}, "calibrate: True without a validation part"),
        ({"calibrate": 3}, "calibrate: found 3"),
        ({"abstain": 1.0}, "abstain: found 1.0"),
    ],
)
def test_what_cannot_be_is_named(options, said):
    with pytest.raises(ArgumentError, match=said):
        Classifier(**{**FAST, **options}).fit(*noisy(20))


def test_several_labels_are_always_answered():
    X, _ = noisy(20)
    y = (X.sum(axis=1) > 0).astype(int)
    with pytest.raises(ArgumentError, match="abstain"):
        Classifier(**{**FAST, "epochs": 1}, per_step=False, abstain=0.5).fit(X, y)
    model = Classifier(**{**FAST, "epochs": 1}, per_step=False).fit(X, y)
    with pytest.raises(ArgumentError, match="abstain"):
        model.model_.predict(X, abstain=0.5)
