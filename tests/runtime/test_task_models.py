from __future__ import annotations

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

from elman import bundle, runtime
from elman.bundle import Bundle
from elman.errors import BundleError
from elman.kernels import native
from elman.runtime.classifier import ClassifierModel
from elman.runtime.network import batching
from elman.runtime.regressor import RegressorModel
from elman.tasks import Classifier, Regressor
from tests.tasks.sequences import TINY, classes, sums

ANSWER = """
import json, sys
for name in ("torch", "sklearn", "matplotlib", "pandas"):
    sys.modules[name] = None  # importing it fails
import numpy as np
import elman
data = np.load(sys.argv[2])
X, y = [row[:n] for row, n in zip(data["X"], data["lengths"])], data["y"]
model = elman.load(sys.argv[1])
found = model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)
print(json.dumps({
    "answers": [value.hex() for value in np.asarray(found, dtype=np.float64).ravel()],
    "evaluation": model.evaluate(X, y),
    "trace": list(model.trace(X[0]).shape),
}))
"""


@pytest.mark.parametrize("task", [Classifier, Regressor])
def test_a_process_without_torch_gives_the_same_bits(task, tmp_path):
    X, y = classes(30, ragged=True) if task is Classifier else sums(30, ragged=True)[:2]
    model = task(**TINY, layers=2, bidirectional=True).fit(X, y)
    model.save(tmp_path / "model.elman")
    padded = np.zeros((30, 6, X[0].shape[1]), np.float32)
    for row, sequence in zip(padded, X, strict=True):
        row[: len(sequence)] = sequence
    np.savez(tmp_path / "data.npz", X=padded, y=y, lengths=[len(row) for row in X])
    paths = [str(tmp_path / name) for name in ("model.elman", "data.npz")]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ANSWER, *paths],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    answers = model.predict_proba(X) if task is Classifier else model.predict(X)
    expected = [float(value).hex() for value in np.asarray(answers, np.float64).ravel()]
    assert found["answers"] == expected
    assert found["evaluation"] == model.evaluate(X, y)
    assert len(found["evaluation"]["baselines"]) == 2
    assert found["trace"] == list(model.trace(X[0]).shape)


@pytest.fixture(scope="module")
def model() -> ClassifierModel:
    return Classifier(**TINY, baselines=False).fit(*classes(30)).model_


def test_batches_do_not_change_the_answer(monkeypatch):
    X, y = classes(40, ragged=True)
    model = Classifier(**TINY | {"cell": "rnn"}, baselines=False).fit(X, y)
    whole = model.predict_proba(X)
    monkeypatch.setattr(batching, "_ROWS", 7)
    bound = 0 if native.isa() else 1e-6  # BLAS sums in an order that depends on the batch
    np.testing.assert_allclose(model.predict_proba(X), whole, rtol=0, atol=bound)


def test_a_stream_is_told_the_probabilities_after_each_step(model):
    X, _ = classes(1)
    stepper = model.stepper()
    wanted = model.trace(X[0])
    for values, expected in zip(np.asarray(X[0], np.float32), wanted, strict=True):
        np.testing.assert_allclose(stepper.step(values[None])[0], expected, rtol=0, atol=1e-6)


def test_a_model_can_be_pickled(model):
    X, _ = classes(9)
    again = pickle.loads(pickle.dumps(model))
    assert (again.predict_proba(X) == model.predict_proba(X)).all()


def test_long_sequences_are_answered_in_small_batches(model, monkeypatch):
    rows = []
    run = model._network.run

    def watched(inputs, lengths):
        rows.append(len(inputs))
        return run(inputs, lengths)

    monkeypatch.setattr(model, "_run", watched)
    monkeypatch.setattr(batching, "_LARGEST", 18 * 100 * 3)  # three gates of six units
    model.predict(np.zeros((10, 100, 2)))
    assert rows == [3, 3, 3, 1]


def test_sequences_without_steps_are_answered(model):
    found = model.predict_proba([np.zeros((0, 2)), np.ones((3, 2))])
    assert np.isfinite(found).all()
    assert model.predict_proba([[]]).shape == (1, 3)


def test_large_logits_are_no_trouble(model):
    weights = {name: 1e4 * array for name, array in model.bundle.weights.items()}
    certain = ClassifierModel(
        Bundle("classifier", model.blueprint, weights, model.bundle.tensors, model.bundle.settings)
    )
    found = certain.predict_proba(classes(20)[0])
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)


def test_a_given_run_answers_instead(model):
    other = ClassifierModel(model.bundle, run=lambda inputs, lengths: np.tile([0, 9, 0], (3, 1)))
    assert other.predict(np.zeros((3, 6, 2))).tolist() == [1, 1, 1]


def changed(model, **changes) -> Bundle:
    parts = {"task": "classifier", "blueprint": model.blueprint, "weights": model.bundle.weights}
    parts |= {"tensors": model.bundle.tensors, "settings": model.bundle.settings}
    return Bundle(**parts | changes)


def test_bundles_that_lack_a_part(model, tmp_path):
    with pytest.raises(BundleError, match="class labels"):
        ClassifierModel(changed(model, tensors={}))
    with pytest.raises(BundleError, match="2 for 3 outputs"):
        ClassifierModel(changed(model, tensors={"classes.values": np.arange(2)}))
    one = {"inputs.mean": np.zeros(1), "inputs.deviation": np.ones(1)}
    with pytest.raises(BundleError, match="scaler of the inputs: 1 features; 2"):
        ClassifierModel(changed(model, tensors=model.bundle.tensors | one))
    with pytest.raises(BundleError, match="task is 'classifier'"):
        RegressorModel(model.bundle)
    with pytest.raises(BundleError, match="no scaler of the targets"):
        RegressorModel(changed(model, task="regressor"))
    bundle.save(tmp_path / "m", changed(model, tensors={}))
    with pytest.raises(BundleError, match=str(tmp_path)):
        runtime.load(tmp_path / "m")
    bundle.save(tmp_path / "m", changed(model, task="oracle"))
    with pytest.raises(BundleError, match="a model for 'oracle'; one of captioner, classifier"):
        runtime.load(tmp_path / "m")


def test_logits_and_logarithms(tmp_path):
    """Of several classes, of two, of labels; in a model from a file as in the estimator."""
    X, three = classes(30)
    several = np.stack([three > 0, three > 1], axis=1).astype(int)
    for y, shape in ((three, (30, 3)), (three > 0, (30,)), (several, (30, 2))):
        fitted = Classifier(**TINY, baselines=False, per_step=False).fit(X, y)
        fitted.save(tmp_path / "model.elman")
        model = runtime.load(tmp_path / "model.elman")
        chances, logits = model.predict_proba(X), model.decision_function(X)
        assert logits.shape == shape
        np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), chances, rtol=1e-5)
        np.testing.assert_array_equal(fitted.decision_function(X), logits)
        np.testing.assert_array_equal(fitted.predict_log_proba(X), model.predict_log_proba(X))
        if shape == (30,):
            np.testing.assert_allclose(1 / (1 + np.exp(-logits)), chances[:, 1], rtol=1e-5)
            np.testing.assert_array_equal(model.classes_[(logits > 0).astype(int)],
                                          model.predict(X))  # fmt: skip
        elif shape == (30, 3):
            np.testing.assert_array_equal(model.classes_[logits.argmax(1)], model.predict(X))


def test_logarithms_of_what_rounds_to_zero():
    X, y = classes(30)
    fitted = Classifier(**TINY, baselines=False).fit(X, y > 0)
    fitted.model_.bundle.weights["body.2.bias"][:] = [0, 500]
    sure = ClassifierModel(fitted.model_.bundle)
    assert sure.predict_proba(X).min() == 0
    assert np.isfinite(sure.predict_log_proba(X)).all()
    assert sure.predict_log_proba(X).min() < -400


@pytest.mark.parametrize("count", [2, 3])
def test_logits_of_steps(count):
    X, _ = classes(30, ragged=True)
    y = [np.arange(len(x)) % count for x in X]
    model = Classifier(**TINY, baselines=False).fit(X, y).model_
    for each in (model.decision_function(X), model.predict_log_proba(X)):
        assert [len(row) for row in each] == [len(x) for x in X]
    assert model.decision_function(X)[0].ndim == (1 if count == 2 else 2)
    whole = np.zeros((2, 6, 2), np.float32)
    assert model.predict_log_proba(whole).shape == (2, 6, count)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(whole)), model.predict_proba(whole),
                               rtol=1e-5)  # fmt: skip
