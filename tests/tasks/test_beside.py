"""A classifier of texts with a linear map beside it, and logits adjusted for rare classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from torch import from_numpy, no_grad

import elman
from elman import Classifier, bundle
from elman.errors import ArgumentError, BundleError
from elman.metrics.text_linear import fit_text_linear
from elman.runtime.classifier import ClassifierModel

FAST = {"codec": "characters", "units": 6, "embedding": 5, "epochs": 2, "validation": None}


def surnames(rows: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Three of four are of the first language."""
    draws = np.random.default_rng(seed)
    labels = draws.choice(["first", "second"], size=rows, p=[0.75, 0.25]).tolist()
    ends = {"first": ("ov", "ev", "in"), "second": ("ini", "elli", "in")}
    texts = ["".join(draws.choice(list("abdeg"), 4)) + draws.choice(ends[one]) for one in labels]
    return texts, labels


@pytest.fixture(scope="module")
def plain() -> Classifier:
    return Classifier(**FAST).fit(*surnames(120))


@pytest.fixture(scope="module")
def fitted() -> Classifier:
    return Classifier(**FAST, linear=0.4, logit_adjustment=0.5).fit(*surnames(120))


def test_logits_are_the_networks_the_maps_and_the_adjustment(plain, fitted):
    X, y = surnames(120)
    index = np.unique(y, return_inverse=True)[1]
    new, _ = surnames(50, seed=1)
    network = plain.model_.outputs(plain.model_.sequences(new))
    mixed = 0.6 * network + 0.4 * fit_text_linear(X, index, 2)(new)
    wanted = mixed - 0.5 * np.log(np.bincount(index) / len(index))
    found = fitted.model_.outputs(fitted.model_.sequences(new))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(fitted.predict(new), fitted.classes_[wanted.argmax(axis=1)])


def test_torch_and_numpy_say_the_same(fitted):
    new, _ = surnames(50, seed=1)
    model, module = fitted.model_, fitted.module_

    def run(values, lengths, *_):
        given = None if lengths is None else from_numpy(lengths)
        with no_grad():
            return module(from_numpy(values), given).numpy()

    torch = ClassifierModel(model.bundle, run)
    np.testing.assert_allclose(torch.predict_proba(new), model.predict_proba(new), atol=1e-6)


def test_the_file_answers_alike(fitted, tmp_path):
    fitted.save(tmp_path / "model.elman")
    loaded = elman.load(tmp_path / "model.elman")
    new, labels = surnames(50, seed=1)
    np.testing.assert_array_equal(loaded.predict_proba(new), fitted.predict_proba(new))
    assert loaded.facts()["beside"] == "a linear map of runs of 1 to 4 letters, 0.4 of the answer"
    assert loaded.evaluate(new, labels) == fitted.evaluate(new, labels)
    again = Classifier.load(tmp_path / "model.elman")
    assert (again.linear, again.logit_adjustment) == (0.4, 0.5)
    assert again.fit(*surnames(120, seed=2)).model_.linear is not None


def test_the_answer_after_each_letter_is_that_of_the_beginning(fitted):
    name = "abdelli"
    beginnings = [name[: k + 1] for k in range(len(name))]
    np.testing.assert_allclose(
        fitted.trace(name), fitted.predict_proba(beginnings), rtol=1e-5, atol=1e-6
    )
    recorded = fitted.model_.record(name).answers
    np.testing.assert_allclose(recorded, fitted.trace(name), rtol=1e-5, atol=1e-6)


def test_rare_classes_are_found_more_often_the_more_is_adjusted():
    X, y = surnames(200)
    new, _ = surnames(200, seed=1)
    rare = [
        (Classifier(**FAST, logit_adjustment=one).fit(X, y).predict(new) == "second").sum()
        for one in (0.0, 1.0, 4.0)
    ]
    assert rare[0] < rare[1] <= rare[2] == len(new)


def test_sequences_of_features_are_adjusted_too():
    X = np.random.default_rng(0).normal(size=(40, 3, 1))
    y = (X[:, -1, 0] > 0.7).astype(int)
    options = {"units": 4, "epochs": 1, "validation": None}
    plain, adjusted = (Classifier(**options, logit_adjustment=one).fit(X, y) for one in (0.0, 1.0))
    moved = adjusted.decision_function(X) - plain.decision_function(X)
    np.testing.assert_allclose(moved, np.log((y == 0).sum() / (y == 1).sum()), rtol=1e-4)
    with pytest.raises(ArgumentError, match="logit_adjustment"):
        adjusted.model_.stepper()


@pytest.mark.parametrize("name", ["linear", "logit_adjustment"])
def test_what_cannot_be_is_named(name):
    texts, labels = surnames(30)
    several = np.eye(2, dtype=int)[[int(label == "first") for label in labels]]
    steps = np.random.default_rng(0).normal(size=(6, 3, 1))
    for X, y, more in [
        (texts, several, {}),
        (texts, labels, {"calibrate": True, "validation": 0.3}),
        (steps, (steps[..., 0] > 0).astype(int), {"per_step": True, "codec": "words"}),
    ]:
        given = {**FAST, **more, name: 0.5}
        if X is steps:
            given |= {"embedding": 150}
        with pytest.raises(ArgumentError, match=name):
            Classifier(**given).fit(X, y)
    with pytest.raises(ArgumentError, match=f"{name}: 0.5 in partial_fit"):
        Classifier(**FAST, **{name: 0.5}).partial_fit(texts, labels, classes=["first", "second"])
    with pytest.raises(ArgumentError, match=f"{name}: found -1"):
        Classifier(**FAST, **{name: -1}).fit(texts, labels)


def test_a_share_of_features_is_refused():
    X, y = np.zeros((6, 3, 1)), [0, 1] * 3
    with pytest.raises(ArgumentError, match=r"linear: 0\.5, and X holds no texts"):
        Classifier(units=4, linear=0.5, validation=None).fit(X, y)


def test_damaged_files_are_refused(fitted):
    kept = fitted.model_.bundle
    without = {k: v for k, v in kept.tensors.items() if not k.startswith("linear.")}
    short = kept.tensors | {"logit_adjustment": np.zeros(3, np.float32)}
    for damaged, said in [
        (replace(kept, tensors=without), "linear map"),
        (replace(kept, settings=kept.settings | {"linear": 1.5}), "linear map"),
        (replace(kept, tensors=short), "logit adjustment"),
    ]:
        with pytest.raises(BundleError, match=said):
            ClassifierModel(damaged)
    assert isinstance(ClassifierModel(kept).bundle, bundle.Bundle)
