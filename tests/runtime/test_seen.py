"""What a model remembers of the sequences that it learnt from."""

from __future__ import annotations

import numpy as np
import pytest

import elman
from elman import bundle
from elman.bundle import Bundle
from elman.data import as_sequences
from elman.errors import BundleError
from elman.runtime import seen
from elman.runtime.seen import Seen
from tests.tasks.sequences import classes, tiny_classifier


def test_sequences_are_known_again_whatever_their_padding_and_place():
    X, _ = classes(20, ragged=True)
    known = Seen.of(as_sequences(X[:12]))
    found, told = known.among(as_sequences(X[::-1]))
    assert found.tolist() == [False] * 8 + [True] * 12
    assert told.all()
    assert known.complete
    longer = as_sequences([*X[:12], np.zeros((50, 2))])
    assert known.among(longer)[0].tolist() == [True] * 12 + [False]
    assert Seen.from_tensors(known.tensors()).among(longer)[0].sum() == 12
    more = known.and_of(Seen.of(as_sequences(X[12:])))
    assert more.among(as_sequences(X))[0].all()


def test_ids_and_empty_sequences_are_known_again():
    known = Seen.of(as_sequences([[1, 2], [3]], ids=True), as_sequences([np.zeros((0, 1))]))
    assert known.among(as_sequences([[3], [2, 1]], ids=True))[0].tolist() == [True, False]
    assert known.among(as_sequences([np.zeros((0, 1)), [0.5]]))[0].tolist() == [True, False]


def test_of_many_a_sample_is_kept_that_tells_the_share(monkeypatch):
    monkeypatch.setattr(seen, "_MOST", 200)
    X = np.random.default_rng(0).normal(size=(4000, 2, 1))
    known = Seen.of(as_sequences(X[:2000]))
    assert len(known.prints) == 200
    assert not known.complete
    found, told = known.among(as_sequences(X))
    assert found.sum() == 200
    assert found.sum() / told.sum() == pytest.approx(0.5, abs=0.08)


def test_evaluate_says_how_many_sequences_are_not_new():
    X, y = classes(60)
    fitted = tiny_classifier().fit(X[:40], y[:40])
    assert fitted.evaluate(X[40:], y[40:])["seen"] == 0
    found = fitted.evaluate(X[30:], y[30:])
    assert found["seen"] == 10
    said = "10 of these 30 sequences are not new: the model was trained or validated on them"
    assert said in found["notes"]
    fitted.set_params(warm_start=True).fit(X[40:], y[40:])
    assert fitted.evaluate(X, y)["seen"] == 60


def test_a_model_of_before_says_nothing_of_it():
    X, y = classes(30)
    made = tiny_classifier().fit(X, y).model_.bundle
    tensors = {name: a for name, a in made.tensors.items() if not name.startswith("seen.")}
    old = Bundle(made.task, made.blueprint, made.weights, tensors, made.settings)
    found = elman.runtime.ClassifierModel(old).evaluate(X, y)
    assert found["seen"] is None
    assert not any("not new" in note for note in found["notes"])


@pytest.mark.parametrize(
    "prints",
    [np.arange(3.0), np.zeros((2, 2), np.int64), np.array([2, 1]), np.zeros(0, np.int64)],
)
def test_prints_that_are_none_are_refused(tmp_path, prints):
    made = tiny_classifier().fit(*classes(30)).model_.bundle
    tensors = made.tensors | {"seen.prints": prints}
    spoilt = Bundle(made.task, made.blueprint, made.weights, tensors, made.settings)
    bundle.save(tmp_path / "m", spoilt)
    with pytest.raises(BundleError, match="prints of sequences"):
        elman.load(tmp_path / "m")


def test_prints_far_apart_are_in_order():
    """Their difference is beyond int64."""
    far = np.array([-(2**63), 2**63 - 1])
    assert Seen.from_tensors({"prints": far}).prints.tolist() == far.tolist()
