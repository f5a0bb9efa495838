"""What stands beside each other, what is not defined, and what is said of it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.linear_model import LogisticRegression

from elman.metrics import fit_classification, fit_regression
from elman.metrics.scorecards import (
    card_notes,
    class_card,
    interval,
    label_card,
    number_card,
    number_notes,
    verdict,
)
from tests.metrics.test_baselines import FLAT, sequences


def test_each_baseline_has_the_scores_that_scikit_learn_gives_it():
    draw = np.random.default_rng(0)
    labels = draw.integers(3, size=200)
    values = draw.normal(size=(200, 4, 2)) + labels[:, None, None]
    data = sequences(values)
    cards = fit_classification(data, labels).scorecards(data, labels)
    assert cards["majority class"]["roc_auc"] == 0.5
    flat = data.values.reshape(200, -1)
    flat = (flat - flat.mean(axis=0)) / flat.std(axis=0)
    theirs = LogisticRegression().fit(flat, labels)
    found, chances = theirs.predict(flat), theirs.predict_proba(flat)
    expected = {
        "accuracy": sk.accuracy_score(labels, found),
        "balanced_accuracy": sk.balanced_accuracy_score(labels, found),
        "macro_f1": sk.f1_score(labels, found, average="macro"),
        "roc_auc": sk.roc_auc_score(labels, chances, multi_class="ovr"),
    }
    assert cards[FLAT] == pytest.approx(expected, abs=0.02)
    numbers = fit_regression(data, labels.astype(float)).scorecards(data, labels.astype(float))
    assert numbers["mean"]["mae"] == pytest.approx(np.abs(labels - labels.mean()).mean())


def test_a_baseline_that_lacks_a_class_is_scored_all_the_same():
    data = sequences(np.random.default_rng(0).normal(size=(6, 2, 1)))
    fitted = fit_classification(data, [0, 2, 0, 2, 0, 2])
    cards = fitted.scorecards(data, [0, 1, 2, 0, 1, 2])
    assert all(0 <= card["roc_auc"] <= 1 for card in cards.values())
    unknown = fitted.scorecards(data, [0, -1, 2, 0, 0, 2])
    assert all(card["roc_auc"] is None for card in unknown.values())
    assert fitted.scorecards(data, [2] * 6)["majority class"]["roc_auc"] is None


def test_what_is_not_defined_is_none_and_said():
    true, found = np.array([1, 1]), np.array([1, 0])
    chances = np.array([[0.2, 0.8], [0.6, 0.4]])
    card = class_card(true, found, chances, None)
    assert card["roc_auc"] is None
    assert card_notes(card, true, 2) == ["ROC AUC is not defined: one class only occurs here"]
    several = np.array([[1, 0], [1, 0]])
    card = label_card(several, several, several, None)
    assert (card["accuracy"], card["roc_auc"]) == (1.0, None)
    assert "no label tells two apart" in card_notes(card, several, 2)[0]


def test_absent_classes_are_said():
    true, chances = np.array([0, 1, 1]), np.full((3, 3), 1 / 3)
    card = class_card(true, true, chances, None)
    assert card["roc_auc"] == 0.5
    said = "ROC AUC is the mean over the 2 of 3 classes that occur here"
    assert card_notes(card, true, 3) == [said]
    assert card_notes(card, np.array([0, 1, 2]), 3) == []


def test_numbers_are_averaged_over_the_outputs():
    true, found = np.array([[1.0, 10.0], [3.0, 30.0]]), np.array([[1.0, 20.0], [3.0, 30.0]])
    card = number_card(true, found, None)
    assert card == {"r2": 0.75, "rmse": pytest.approx(np.sqrt(50) / 2), "mae": 2.5}


def test_r2_of_what_does_not_vary_is_not_defined_and_said():
    one = np.array([[2.0]])
    assert number_card(one, one + 1, None) == {"r2": None, "rmse": 1.0, "mae": 1.0}
    card = number_card(np.full(3, 2.0), np.full(3, 2.0), None)
    assert card["r2"] is None
    assert number_notes(card, one, None, ["y"]) == ["R² is not defined: there is one true value"]
    (said,) = number_notes(card, np.full((3, 1), 2.0), None, ["y"])
    assert said == "R² is not defined: the true values do not vary"
    true, found = np.array([[1.0, 5], [3, 5], [9, 7]]), np.array([[1.0, 6], [3, 4], [0, 0]])
    weight = np.array([1.0, 1, 0])
    card = number_card(true, found, weight)
    assert card["r2"] == 1.0
    several, without = number_notes(card, true, weight, ["a", "b"])
    assert several == "R², RMSE and MAE are the means over 2 outputs"
    assert without == "R² is the mean without b, whose values do not vary"


BASELINES = {"majority class": 0.5, "logistic regression": 0.8}


@pytest.mark.parametrize(
    ("score", "rows", "said"),
    [
        (0.7, 100, "Worse than the baseline logistic regression: accuracy 70.0 % against 80.0 %"),
        (0.8, 100, "No better than the baseline logistic regression"),
        (0.85, 20, r"within what so few can tell: .* \(95 % interval 64.0 % to 94.8 %\)"),
        (0.75, 20, r"^Worse .*, but within what so few can tell: .* 53.1 % to 88.8 %\). That one"),
        (0.95, 1000, "^Better than the best baseline, logistic regression: .* 80.0 %.$"),
    ],
)
def test_the_verdict_is_honest(score, rows, said):
    between = interval(score, rows)
    told = verdict("accuracy", score, BASELINES, share=True, between=between)
    assert re.search(said, told), told


def test_an_interval_stays_between_nothing_and_all():
    assert interval(1.0, 5) == (pytest.approx(0.5655, abs=1e-3), 1.0)
    assert interval(0.0, 5)[0] == 0.0
    assert (
        verdict("R²", 0.5, {"mean": 0.0})
        == "Better than the best baseline, mean: R² 0.5 against 0."
    )
