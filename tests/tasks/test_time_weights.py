"""How much each step counts: in the loss, in the baselines, in the scores."""

from __future__ import annotations

import numpy as np
import pytest

import elman
from elman.errors import ArgumentError, DataError, ShapeError
from elman.training import EpochEnd

OPTIONS = {"cell": "gru", "units": 4, "epochs": 2, "validation": None, "per_step": True}
RNG = np.random.default_rng(0)
LENGTHS = RNG.integers(2, 7, 30)
X = [RNG.normal(size=(n, 2)) for n in LENGTHS]
NUMBERS = [x.cumsum(axis=0)[:, 0] for x in X]
LABELS = [np.where(y > 0, "up", "down") for y in NUMBERS]
TASKS = [(elman.Classifier, LABELS), (elman.Regressor, NUMBERS)]


def answers(model):
    return np.concatenate(model.decision_function(X) if hasattr(model, "classes_")
                          else model.predict(X))  # fmt: skip


@pytest.mark.parametrize(("make", "y"), TASKS)
def test_steps_of_one_weight_are_their_sequence(make, y):
    whole = RNG.uniform(0.5, 2.0, 30)
    each = [np.full(n, w) for n, w in zip(LENGTHS, whole, strict=True)]
    a = make(**OPTIONS).fit(X, y, whole)
    b = make(**OPTIONS).fit(X, y, each)
    np.testing.assert_array_equal(answers(a), answers(b))
    assert a.evaluate(X, y, whole) == b.evaluate(X, y, each)
    assert a.score(X, y, whole) == pytest.approx(b.score(X, y, each))


@pytest.mark.parametrize(("make", "y"), TASKS)
def test_steps_of_weight_zero_change_nothing(make, y):
    """What stands at them is not even read: neither learnt, scaled nor scored."""
    each = [(np.arange(n) % 2 == 0).astype(float) for n in LENGTHS]
    nothing = "?" if make is elman.Classifier else np.nan
    other = [np.where(w == 0, nothing, row) for row, w in zip(y, each, strict=True)]
    padded = np.full((30, max(LENGTHS)), np.nan)
    for row, w in zip(padded, each, strict=True):
        row[: len(w)] = w
    a, b = make(**OPTIONS).fit(X, y, each), make(**OPTIONS).fit(X, other, padded)
    np.testing.assert_array_equal(answers(a), answers(b))
    assert a.evaluate(X, y, each) == a.evaluate(X, other, padded)


def test_sequences_of_weight_zero_need_no_target():
    whole = np.ones(30)
    whole[[3, 7]] = 0
    options = OPTIONS | {"per_step": False}
    for make, y in ((elman.Classifier, [f"{row[-1]}" for row in LABELS]),
                    (elman.Regressor, [row[-1] for row in NUMBERS])):  # fmt: skip
        lacking = np.array(y, dtype=object)
        lacking[[3, 7]] = None
        a, b = make(**options).fit(X, y, whole), make(**options).fit(X, lacking, whole)
        assert a.evaluate(X, y, whole) == b.evaluate(X, lacking, whole)


@pytest.mark.parametrize("chosen", ["last", "1:"])
def test_steps_that_do_not_cost_set_no_scale(chosen):
    """A target there may be anything, or missing."""
    options = OPTIONS | {"cost_steps": chosen}
    other = [row.copy() for row in NUMBERS]
    for row in other:
        row[0 : len(row) - 1 if chosen == "last" else 1] = -999
    lacking = [np.where(row == -999, np.nan, row) for row in other]
    models = [elman.Regressor(**options).fit(X, y) for y in (NUMBERS, other, lacking)]
    for model in models[1:]:
        np.testing.assert_array_equal(answers(model), answers(models[0]))
        assert model.evaluate(X, lacking) == models[0].evaluate(X, NUMBERS)
    with pytest.raises(DataError, match="found nan"):
        elman.Regressor(**OPTIONS).fit(X, lacking)


def test_the_loss_is_weighed():
    """By hand: the mean over steps of loss times weight, before the first update."""
    seen = []
    each = [RNG.uniform(0, 2, n) for n in LENGTHS]
    model = elman.Classifier(**OPTIONS | {"epochs": 1, "batch_size": 30}, callbacks=[seen.append])
    model.fit(X, LABELS, each)
    fresh = elman.Classifier(**OPTIONS | {"epochs": 1, "learning_rate": 1e-30}).fit(X, LABELS)
    chances = np.concatenate(fresh.predict_log_proba(X))
    index = (np.concatenate(LABELS) == "up").astype(int)
    weight = np.concatenate(each)
    expected = -(weight * chances[np.arange(len(index)), index]).sum() / weight.sum()
    (loss,) = [event.record.train_loss for event in seen if isinstance(event, EpochEnd)]
    assert loss == pytest.approx(expected, rel=1e-4)


def test_classes_of_steps_may_have_weights():
    """`class_weight` is the same as the weight of each step's class."""
    each = [np.where(row == "up", 3.0, 1.0) for row in LABELS]
    a = elman.Classifier(**OPTIONS, class_weight={"up": 3.0}).fit(X, LABELS)
    b = elman.Classifier(**OPTIONS).fit(X, LABELS, each)
    np.testing.assert_array_equal(answers(a), answers(b))
    elman.Classifier(**OPTIONS, class_weight="balanced").fit(X, LABELS, each)


def test_weights_of_steps_need_targets_of_steps():
    totals = np.array([row[-1] for row in NUMBERS])
    for make, y in ((elman.Regressor, totals), (elman.Classifier, totals > 0)):
        with pytest.raises(ShapeError, match="weights of steps need per_step=True"):
            make(**OPTIONS | {"per_step": False}).fit(X, y, np.ones((30, 6)))
    with pytest.raises(ArgumentError, match="truncation: weights"):
        elman.Regressor(**OPTIONS, truncation=3).fit(X, NUMBERS, [np.ones(n) for n in LENGTHS])


def test_groups_of_sequences_that_count():
    """A sequence all of whose steps weigh nothing has no say in which groups are held out."""
    each = [np.ones(n) for n in LENGTHS]
    each[4] = np.zeros(LENGTHS[4])
    groups = np.arange(30) // 3
    options = OPTIONS | {"validation": 0.2}
    model = elman.Regressor(**options).fit(X, NUMBERS, each, groups=groups)
    rest = np.arange(30) != 4
    weight = [w for n, w in enumerate(each) if n != 4]
    other = elman.Regressor(**options).fit(
        [X[n] for n in np.flatnonzero(rest)],
        [NUMBERS[n] for n in np.flatnonzero(rest)],
        weight,
        groups=groups[rest],
    )
    np.testing.assert_array_equal(answers(model), answers(other))
