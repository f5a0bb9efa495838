from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone, is_regressor
from sklearn.metrics import r2_score
from sklearn.model_selection import cross_val_score

import elman
from elman.errors import ArgumentError, DataError, NotFittedError, ShapeError
from elman.tasks import Regressor
from tests.tasks.sequences import TINY, sums

LEARN = TINY | {"epochs": 25, "units": 8}


def tiny(**changes) -> Regressor:
    return Regressor(**TINY | {"baselines": False} | changes)


@pytest.mark.parametrize("ragged", [False, True])
def test_a_number_for_a_sequence(ragged, tmp_path):
    X, y, _ = sums(80, ragged)
    model = Regressor(**LEARN).fit(X, y)
    found = model.predict(X)
    assert found.shape == (80,)
    assert found.dtype == np.float64
    assert model.score(X, y) == pytest.approx(r2_score(y, found))
    assert model.score(X, y) > 0.9
    model.save(tmp_path / "m")
    assert (elman.load(tmp_path / "m").predict(X) == found).all()


def test_several_numbers(tmp_path):
    X, y, _ = sums(80)
    targets = np.stack([y, -1000 * y], axis=1)
    model = Regressor(**LEARN).fit(X, targets)
    found = model.predict(X)
    assert found.shape == (80, 2)
    assert model.score(X, targets) == pytest.approx(r2_score(targets, found))
    assert model.score(X, targets) > 0.8
    assert tiny().fit(X, y[:, None]).predict(X).shape == (80, 1)


@pytest.mark.parametrize("axis", [False, True])
def test_a_number_for_each_step_of_an_array(axis):
    X, _, running = sums(80)
    y = running[..., None] if axis else running
    model = Regressor(**LEARN, per_step=True).fit(X, y)
    found = model.predict(X)
    assert found.shape == y.shape
    assert model.score(X, y) == pytest.approx(r2_score(y.ravel(), found.ravel()))
    assert model.score(X, y) > 0.9


def test_a_number_for_each_step_of_a_list(tmp_path):
    X, _, running = sums(80, ragged=True)
    model = Regressor(**LEARN, per_step=True).fit(X, running)
    found = model.predict(X)
    assert [row.shape for row in found] == [row.shape for row in running]
    expected = r2_score(np.concatenate(running), np.concatenate(found))
    assert model.score(X, running) == pytest.approx(expected)
    assert expected > 0.9
    model.save(tmp_path / "m")
    again = elman.load(tmp_path / "m").predict(X)
    assert all((a == b).all() for a, b in zip(again, found, strict=True))
    evaluated = model.evaluate(X, running)
    assert evaluated["baselines"]["mean"] == pytest.approx(0.0, abs=0.1)
    assert evaluated["baselines"]["linear regression on each step's own features"] < expected
    assert evaluated["rmse"] >= evaluated["mae"] > 0


def test_what_stands_past_a_length_is_not_read():
    X, _, running = sums(20, ragged=True)
    sequences = elman.data.as_sequences(X)
    padded = np.zeros((20, 5))
    for row, target in zip(padded, running, strict=True):
        row[: len(target)] = target
        row[len(target) :] = np.nan
    a = tiny(per_step=True).fit(sequences, padded).predict(X)
    b = tiny(per_step=True).fit(X, running).predict(X)
    assert all((p == q).all() for p, q in zip(a, b, strict=True))


def test_a_target_is_scaled_and_brought_back():
    X, y, _ = sums(60)
    options = {"epochs": 3, "validation": None}
    small, large = tiny(**options).fit(X, y), tiny(**options).fit(X, 1e6 * y + 1e8)
    np.testing.assert_allclose(large.predict(X), 1e6 * small.predict(X) + 1e8, rtol=1e-5)


def test_constant_targets_are_learnt():
    X, _, _ = sums(20)
    np.testing.assert_allclose(tiny(epochs=60).fit(X, np.full(20, 7.0)).predict(X), 7.0, atol=0.1)


def test_scikit_learns_conventions():
    X, y, _ = sums(40)
    model = tiny(epochs=1)
    assert is_regressor(model)
    assert clone(model).get_params() == model.get_params()
    assert cross_val_score(model, X, y, cv=2).shape == (2,)
    with pytest.raises(NotFittedError, match="not fitted"):
        model.predict(X)


def test_weights():
    X = np.zeros((40, 3, 1))
    y = np.repeat([0.0, 1.0], 20)
    options = {"epochs": 60, "batch_size": 40, "validation": None}
    heavy = tiny(**options).fit(X, y, sample_weight=np.where(y == 1, 3.0, 1.0))
    np.testing.assert_allclose(heavy.predict(X), 0.75, atol=0.05)


def test_warm_start_keeps_the_scalers(tmp_path):
    X, y, _ = sums(40)
    model = tiny(warm_start=True).fit(X, y)
    before = model.predict(X)
    model.set_params(epochs=1, learning_rate=1e-9).fit(3 * X, 5 * y)
    np.testing.assert_allclose(model.predict(X), before, rtol=1e-5)
    model.save(tmp_path / "m")
    np.testing.assert_array_equal(Regressor.load(tmp_path / "m").predict(X), model.predict(X))


def test_trace_ends_with_the_answer():
    X, y, running = sums(30)
    model = tiny().fit(X, y)
    np.testing.assert_allclose(model.trace(X[0])[-1, 0], model.predict(X[:1])[0], rtol=1e-5)
    each = tiny(per_step=True).fit(X, running)
    np.testing.assert_allclose(each.trace(X[0])[:, 0], each.predict(X[:1])[0], rtol=1e-5)


X, TOTAL, RUNNING = sums(20)


def with_nan(array):
    changed = array.copy()
    changed.ravel()[7] = np.nan
    return changed


@pytest.mark.parametrize(
    ("y", "options", "kind", "message"),
    [
        (TOTAL[:9], {}, ShapeError, "y has 9 targets, X 20 sequences"),
        (with_nan(TOTAL), {}, DataError, r"^y\[7\]: found nan"),
        (TOTAL * 1e300, {}, DataError, "finite float32"),
        (["a"] * 20, {}, ShapeError, "found text, no numbers"),
        (RUNNING[..., None], {}, ShapeError, "for steps set per_step=True"),
        ([row[: k % 4] for k, row in enumerate(RUNNING)], {}, ShapeError, "per_step=True"),
        (RUNNING[:, :4], {"per_step": True}, ShapeError, "for a sequence of 5 steps"),
        (TOTAL, {"per_step": True}, ShapeError, r"^y\[0\]: shape \(\)"),
        (with_nan(RUNNING), {"per_step": True}, DataError, r"^y\[1\]\[2\]: found nan"),
        (RUNNING, {"per_step": True, "pool": "mean"}, ArgumentError, "pool"),
        (TOTAL, {"validation": (X, RUNNING)}, ShapeError, "5 numbers each; 1 of them"),
    ],
)
def test_targets_that_do_not_fit(y, options, kind, message):
    with pytest.raises(kind, match=message):
        tiny(**options).fit(X, y)


def test_questions_that_do_not_fit():
    model = tiny().fit(X, TOTAL)
    with pytest.raises(ShapeError, match="5 numbers each; 1"):
        model.score(X, RUNNING)


def test_noise_inside_the_cells_is_for_training_only():
    X, y, _ = sums(40)
    plain, noisy = tiny(), tiny(zoneout=0.3, recurrent_dropout=0.2)
    plain.fit(X, y)
    noisy.fit(X, y)
    config = noisy.model_.blueprint.chains["body"][0].cells[0]
    assert (config.zoneout, config.recurrent_dropout) == (0.3, 0.2)
    assert not np.array_equal(plain.predict(X), noisy.predict(X))
    assert np.array_equal(noisy.predict(X), noisy.predict(X))
