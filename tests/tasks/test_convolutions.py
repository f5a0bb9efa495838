"""Estimators that read several steps at once in front of their cells."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import elman
from elman import Classifier, Regressor
from elman.errors import ArgumentError, BlueprintError

RNG = np.random.default_rng(0)
SMALL = {
    "cell": "gru",
    "units": 8,
    "convolutions": [12, 10],
    "convolution_width": [5, 3],
    "convolution_pool": [3, 1],
    "pool": "mean_max",
    "learning_rate": 0.02,
    "validation": None,
}


def waves(count: int, seed: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Ragged rows of two features: one swings slowly or fast somewhere in noise."""
    draws = np.random.default_rng(seed)
    rows, labels = [], draws.choice(["fast", "slow"], count)
    for label in labels:
        time = np.arange(draws.integers(20, 45))
        swing = np.sin(time * (1.5 if label == "fast" else 0.5) + draws.uniform(0, 6))
        rows.append(np.stack([swing, draws.normal(size=len(time))], axis=1))
    return rows, labels


BESIDE = {"convolution_norm": True, "beside": True}


@pytest.fixture(scope="module", params=[{}, BESIDE], ids=["plain", "normalised, beside"])
def model(request):
    made = Classifier(
        **SMALL, **request.param, epochs=8, augment={"crop": 0.2, "warp": 0.1, "noise": 0.1}
    )
    return made.fit(*waves(60, 0))


def test_what_is_learnt_is_known_of_new_sequences(model, tmp_path):
    X, y = waves(60, 1)
    assert model.score(X, y) > 0.95
    assert "relu, the largest of each 3" in str(model.result_["network"])
    model.save(tmp_path / "waves.elman")
    loaded = elman.load(tmp_path / "waves.elman")
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    rows = [loaded.predict_proba([row])[0] for row in X[:5]]
    np.testing.assert_array_equal(rows, loaded.predict_proba(X)[:5])  # alone as in a batch
    again = Classifier.load(tmp_path / "waves.elman")
    assert again.convolutions == [12, 10]
    again.set_params(epochs=1).fit(*waves(60, 0))


def test_module_and_runtime_agree(model):
    X, _ = waves(9, 2)
    sequences = model.model_.sequences(X)
    scaled = model.model_.input_scaler.transform(sequences.values, sequences.lengths)
    with torch.no_grad():
        logits = model.module_(
            torch.from_numpy(scaled).float(), torch.from_numpy(sequences.lengths)
        )
    expected = (logits[:, 1] - logits[:, 0]).numpy()
    np.testing.assert_allclose(model.decision_function(X), expected, atol=1e-5)


def test_an_answer_after_each_step_is_that_of_the_beginning(model):
    row = waves(1, 3)[0][0][:6]
    traced = model.model_.trace(row)
    for t in range(len(row)):
        np.testing.assert_array_equal(traced[t], model.predict_proba([row[: t + 1]])[0])


def test_numbers_and_steps_may_be_learnt_so_too():
    X = RNG.normal(size=(40, 9, 2))
    model = Regressor(**SMALL, epochs=2).fit(X, X.mean(axis=(1, 2)))
    assert model.predict(X).shape == (40,)
    steps = SMALL | {"convolution_pool": 1, "pool": "last"}
    labels = np.where(X[..., 0] > 0, "a", "b")
    model = Classifier(**steps, epochs=12, per_step=True).fit(X, labels)
    assert model.score(X, labels) > 0.8


def test_texts_may_be_convolved():
    texts = ["a good film", "good fun", "a bad film", "bad and dull"] * 5
    told = SMALL | {"convolution_width": 3, "convolution_pool": 1, "embedding": 8}
    model = Classifier(**told, epochs=10).fit(texts, ["+", "+", "-", "-"] * 5)
    assert model.predict(texts[:4]).tolist() == ["+", "+", "-", "-"]


@pytest.mark.parametrize(
    ("told", "error", "message"),
    [
        ({"convolutions": 8}, ArgumentError, "convolutions: found 8"),
        ({"convolution_width": [5]}, ArgumentError, "convolution_width: found .*one for each of 2"),
        ({"convolution_pool": [1, 2, 3]}, ArgumentError, "convolution_pool: .*each of 2"),
        ({"convolution_width": 0}, BlueprintError, "width: found 0"),
        ({"convolution_pool": 0}, BlueprintError, "pool: found 0"),
        ({"per_step": True, "pool": "last", "beside": True}, ArgumentError, "beside: True with"),
        ({"beside": True, "pool": "last"}, BlueprintError, "found beside where a final state"),
        (
            {"per_step": True, "pool": "last"},
            BlueprintError,
            "a pool of several steps in a network",
        ),
    ],
)
def test_what_cannot_be_is_refused(told, error, message):
    X = RNG.normal(size=(10, 9, 2))
    y = RNG.integers(0, 2, (10, 9) if "per_step" in told else 10)
    with pytest.raises(error, match=message):
        Classifier(**{**SMALL, **told}, epochs=1).fit(X, y)


def test_one_pass_has_no_least_number_of_steps():
    X, y = waves(6, 0)
    with pytest.raises(ArgumentError, match="epoch_steps: 9 in partial_fit"):
        Classifier(**SMALL, epoch_steps=9).partial_fit(X, y, classes=["fast", "slow"])
