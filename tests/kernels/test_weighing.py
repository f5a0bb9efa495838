"""Weights to draw by: every level agrees with NumPy, and a row's bits depend on the row alone."""

from __future__ import annotations

import math

import numpy as np
import pytest

from elman.kernels import compiled, native, weighing


@pytest.fixture(params=native.available_isas())
def level(request):
    before = native.isa()
    compiled._native.use_isa(request.param)
    try:
        yield request.param
    finally:
        compiled._native.use_isa(before)


@pytest.fixture
def by_numpy(monkeypatch):
    """The specification's answer to what a function says."""

    def answer(function, *given):
        with monkeypatch.context() as patch:
            patch.setattr(weighing, "kernels_of_weights", lambda: None)
            return function(*given)

    return answer


def scores(rows: int, size: int) -> np.ndarray:
    draws = np.random.default_rng(size)
    return draws.normal(size=(rows, size)) * draws.choice([1, 30, 300], size=(rows, 1))


@pytest.mark.parametrize("size", [1, 2, 7, 8, 31, 32, 33, 100, 4000])
def test_every_level_agrees_with_numpy(level, by_numpy, size):
    given = scores(5, size)
    ours, theirs = given.copy(), given.copy()
    weights, sums = weighing.weigh(ours)
    wanted, totals = by_numpy(weighing.weigh, theirs)
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_allclose(weights, wanted, rtol=5e-16, atol=1e-300)
    np.testing.assert_allclose(sums, totals, rtol=1e-14)
    one = weighing.powers(ours[0])
    np.testing.assert_array_equal(one, weights[0])
    np.testing.assert_allclose(one, by_numpy(weighing.powers, ours[0]), rtol=5e-16, atol=1e-300)


def test_a_row_has_the_same_bits_alone(level):
    given = scores(6, 45)
    together, sums = weighing.weigh(given.copy())
    for k in range(6):
        alone, total = weighing.weigh(given[k : k + 1].copy())
        np.testing.assert_array_equal(alone[0], together[k])
        assert total == sums[k : k + 1]


def test_what_cannot_be_is_zero_and_the_greatest_is_one(level, by_numpy):
    given = np.array([[-np.inf, 3.0, 3.0 - 709.0, 3.0 - 2000.0, 2.0]])
    for answer in (weighing.weigh, lambda values: by_numpy(weighing.weigh, values)):
        (weights,), (total,) = answer(given.copy())
        assert weights[[0, 1, 3]].tolist() == [0.0, 1.0, 0.0]
        assert weights[2] < 1e-307
        assert total == pytest.approx(1 + math.exp(-1), rel=1e-15)


@pytest.mark.parametrize("row", [[1.0, np.nan, 0.0], [np.inf, 1.0, 2.0], [-np.inf] * 3])
def test_a_row_that_is_not_finite_has_no_sum(level, by_numpy, row):
    given = np.array([[0.0, 1.0, 2.0], row])
    with np.errstate(invalid="ignore"):
        for answer in (weighing.weigh, lambda values: by_numpy(weighing.weigh, values)):
            _, sums = answer(given.copy())
            assert math.isfinite(sums[0])
            assert math.isnan(sums[1])
