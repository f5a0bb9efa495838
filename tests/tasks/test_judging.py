"""Scores beside those of the baselines, groups that stay together, and what is said of both."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from elman.errors import ArgumentError, ShapeError
from elman.tasks import Classifier, Regressor, parts
from tests.tasks.sequences import TINY, classes, sums, tiny_classifier


def test_a_classifier_has_the_scores_that_scikit_learn_gives_it():
    X, y = classes(80)
    model = Classifier(**TINY).fit(X[:50], y[:50])
    found, chances = model.predict(X[50:]), model.predict_proba(X[50:])
    told = model.evaluate(X[50:], y[50:])
    assert told["score"] == told["accuracy"] == pytest.approx(sk.accuracy_score(y[50:], found))
    expected = {
        "balanced_accuracy": sk.balanced_accuracy_score(y[50:], found),
        "macro_f1": sk.f1_score(y[50:], found, average="macro"),
        "roc_auc": sk.roc_auc_score(y[50:], chances, multi_class="ovr"),
    }
    for name, value in expected.items():
        assert told[name] == pytest.approx(value), name
    for name, card in told["baseline_scores"].items():
        assert card["accuracy"] == told["baselines"][name]
        assert set(card) == {"accuracy", *expected}
    assert [row["class"] for row in told["by_class"]] == [0, 1, 2]
    assert sum(row["count"] for row in told["by_class"]) == 30
    assert told["interval"][0] <= told["score"] <= told["interval"][1]
    assert "than the baseline" in told["verdict"] or "Better than the best" in told["verdict"]


def test_one_class_alone_has_no_area_and_that_is_said():
    X, y = classes(60)
    model = tiny_classifier().fit(X, y)
    told = model.evaluate(X[y == 1], y[y == 1])
    assert told["roc_auc"] is None
    assert "ROC AUC is not defined: one class only occurs here" in told["notes"]
    assert told["verdict"] is None  # there are no baselines


def test_several_labels_have_f1_and_area():
    X, y = classes(60)
    several = np.stack([y == 1, y > 0], axis=1).astype(int)
    told = Classifier(**TINY).fit(X, several).evaluate(X, several)
    assert set(told["baseline_scores"]["majority of each label"]) == {
        "accuracy",
        "macro_f1",
        "micro_f1",
        "roc_auc",
    }
    assert 0 < told["roc_auc"] <= 1
    assert [row["label"] for row in told["by_class"]] == ["0", "1"]


def test_classes_and_numbers_at_each_step_are_scored_alike():
    X, _, running = sums(40, ragged=True)
    steps = [(row > 100).astype(int) for row in running]
    told = Classifier(**TINY, per_step=True).fit(X, steps).evaluate(X, steps)
    assert sum(row["count"] for row in told["by_class"]) == sum(map(len, X))
    assert 0 <= told["roc_auc"] <= 1
    assert "interval" not in told  # the steps of a sequence are alike
    told = Regressor(**TINY, per_step=True).fit(X, running).evaluate(X, running)
    assert told["r2"] == told["score"]
    assert set(told["baseline_scores"]["mean"]) == {"r2", "rmse", "mae"}


def test_several_numbers_are_scored_one_by_one_too():
    X, total, _ = sums(40)
    both = np.stack([total, X[:, 0, 0]], axis=1)
    model = Regressor(**TINY)
    model.reading = {"label": "total, first"}
    told = model.fit(X, both).evaluate(X, both)
    assert [row["output"] for row in told["by_output"]] == ["total", "first"]
    assert np.mean([row["mae"] for row in told["by_output"]]) == pytest.approx(told["mae"])
    assert told["baseline_scores"]["mean"]["mae"] > 0


def test_a_group_is_trained_or_validated_on_never_both(monkeypatch):
    X, y = classes(60)
    subjects = np.array([f"p{k}" for k in np.arange(60) // 6])
    model = tiny_classifier(validation=0.3)
    drawn = []
    split = parts.split
    monkeypatch.setattr(parts, "split", lambda *args: drawn.append(split(*args)) or drawn[-1])
    model.fit(X, y, groups=subjects)
    train, held_out = subjects[drawn[0].train], subjects[drawn[0].held_out]
    assert len(held_out)
    assert not set(train) & set(held_out)
    assert model.result_["validation_sequences"] == len(held_out)
    assert " of 10 groups, stratified by class" in model.result_["validation"]


def test_sequences_that_do_not_count_take_their_groups_with_them():
    X, y = classes(40)
    weight = (np.arange(40) % 2).astype(float)
    groups = np.arange(40) // 4
    model = tiny_classifier().fit(X, y, sample_weight=weight, groups=groups)
    assert model.result_["validation"].startswith("2 of 20 sequences, 1 of 10 groups")


@pytest.mark.parametrize(
    ("groups", "error", "said"),
    [
        (["a"] * 30, ArgumentError, "of 1 group none can be set aside"),
        (["a"] * 29, ShapeError, "a group for each sequence"),
    ],
)
def test_groups_that_cannot_be_parted(groups, error, said):
    with pytest.raises(error, match=said):
        tiny_classifier().fit(*classes(30), groups=groups)


def test_r2_of_a_single_row_is_no_verdict():
    X, y, _ = sums()
    model = Regressor(**TINY).fit(X, y)
    told = model.evaluate(X[:1], y[:1])
    assert (told["score"], told["r2"], told["baselines"]) == (None, None, {})
    assert all(card["r2"] is None for card in told["baseline_scores"].values())
    assert told["verdict"] == "No verdict: R² is not defined here."
    assert any("there is one true value" in note for note in told["notes"])
    assert np.isnan(model.score(X[:1], y[:1]))


def test_each_output_stands_beside_its_baselines():
    """A mean over targets of several units says little of each."""
    X, y, _ = sums()
    both = np.stack([1000 * y, X[:, 0, 0] * X[:, 1, 0]], axis=1)
    told = Regressor(**TINY).fit(X, both).evaluate(X, both)
    assert "mean R²" in told["verdict"]
    assert told["notes"][0] == "R², RMSE and MAE are the means over 2 outputs"
    for row in told["by_output"]:
        assert list(row["baselines"]) == list(told["baselines"])
    for name, card in told["baseline_scores"].items():
        each = [row["baselines"][name]["rmse"] for row in told["by_output"]]
        assert np.mean(each) == pytest.approx(card["rmse"])
    assert any(note.startswith("a baseline is better at 0 (linear") for note in told["notes"])
