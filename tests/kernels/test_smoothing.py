"""Exponential smoothing: hand-computed steps, laws, and gradients against central differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import ArgumentError, DataError, ShapeError
from elman.kernels.smoothing import Coefficients, backward, forward
from tests.unchecked import unchecked

STEP = 1e-6
NAN = np.nan


def coefficients(level, seasonal, first_level, first_seasonals):
    """Of one series."""
    return Coefficients(
        np.array([level]),
        np.array([seasonal], dtype=float).reshape(1, -1),
        np.array([first_level]),
        np.array([first_seasonals], dtype=float).reshape(1, -1),
    )


def random_case(form, seasons, batch, time, rng):
    """Coefficients and values with gaps, among them a series that ends early."""
    made = Coefficients(
        rng.uniform(0.1, 0.9, batch),
        rng.uniform(0.1, 0.9, (batch, len(seasons))),
        rng.uniform(0.5, 2, batch),
        rng.uniform(0.5, 2, (batch, sum(seasons))),
    )
    values = rng.uniform(0.5, 3, (batch, time))
    if form == "additive":
        values = values - 1.5
    values[rng.random((batch, time)) < 0.2] = NAN
    values[0, time // 2 :] = NAN
    return made, values


def test_multiplicative_steps_by_hand():
    given_ = coefficients(0.25, [0.5], 2.0, [1.0, 0.5])
    found = forward("multiplicative", (2,), given_, np.array([[4.0, 2.5, 6.0]]))
    # r = 4 / 1; l = 0.25·4 + 0.75·2 = 2.5; s(2) = 0.5·4/2.5 + 0.5·1 = 1.3
    # r = 2.5 / 0.5 = 5; l = 0.25·5 + 0.75·2.5 = 3.125; s(3) = 0.5·2.5/3.125 + 0.5·0.5 = 0.65
    # r = 6 / 1.3; l = 1.5/1.3 + 0.75·3.125; s(4) = 3/l + 0.65
    last = 1.5 / 1.3 + 2.34375
    np.testing.assert_allclose(found.levels, [[2.5, 3.125, last]])
    np.testing.assert_allclose(found.seasonals[0], [[1.0, 0.5, 1.3, 0.65, 3 / last + 0.65]])


def test_additive_steps_by_hand():
    given_ = coefficients(0.25, [0.5], 2.0, [1.0, -3.0])
    found = forward("additive", (2,), given_, np.array([[7.0, -2.0, 0.0]]))
    # r = 7 - 1 = 6; l = 1.5 + 1.5 = 3; s(2) = 0.5·(7 - 3) + 0.5·1 = 2.5
    # r = -2 + 3 = 1; l = 0.25 + 2.25 = 2.5; s(3) = 0.5·(-2 - 2.5) - 1.5 = -3.75
    # r = 0 - 2.5; l = -0.625 + 1.875 = 1.25; s(4) = 0.5·(0 - 1.25) + 1.25 = 0.625
    np.testing.assert_allclose(found.levels, [[3.0, 2.5, 1.25]])
    np.testing.assert_allclose(found.seasonals[0], [[1.0, -3.0, 2.5, -3.75, 0.625]])


def test_two_seasonals_by_hand():
    given_ = coefficients(0.5, [0.5, 0.25], 1.0, [2.0, 1.0, 4.0, 1.0, 1.0])
    found = forward("multiplicative", (2, 3), given_, np.array([[24.0]]))
    # r = 24 / (2·4) = 3; l = 1.5 + 0.5 = 2
    # s = 0.5·24/(2·4) + 0.5·2 = 2.5; u = 0.25·24/(2·2) + 0.75·4 = 4.5
    np.testing.assert_allclose(found.levels, [[2.0]])
    np.testing.assert_allclose(found.seasonals[0], [[2.0, 1.0, 2.5]])
    np.testing.assert_allclose(found.seasonals[1], [[4.0, 1.0, 1.0, 4.5]])


@pytest.mark.parametrize("form", ["multiplicative", "additive"])
def test_missing_values_change_nothing(form):
    given_ = coefficients(0.3, [0.6], 2.0, [1.0, 0.5])
    found = forward(form, (2,), given_, np.array([[3.0, NAN, NAN, NAN]]))
    np.testing.assert_array_equal(found.levels[0, 1:], found.levels[0, 0])
    kept = found.seasonals[0][0]
    np.testing.assert_array_equal(kept[[3, 4, 5]], kept[[1, 2, 1]])


@pytest.mark.parametrize("form", ["multiplicative", "additive"])
def test_a_series_without_surprises_keeps_its_seasonals(form):
    seasonals = np.array([0.5, 1.0, 1.5])
    values = np.tile(4 * seasonals if form == "multiplicative" else 4 + seasonals, 3)[None]
    found = forward(form, (3,), coefficients(0.3, [0.6], 4.0, seasonals), values)
    np.testing.assert_allclose(found.levels, 4.0)
    np.testing.assert_allclose(found.seasonals[0][0], np.tile(seasonals, 4))


@given(
    form=st.sampled_from(["multiplicative", "additive"]),
    seasons=st.sampled_from([(), (2,), (3,), (2, 5)]),
    batch=st.integers(1, 4),
    time=st.integers(0, 12),
    seed=st.integers(0, 99),
)
def test_a_batch_is_its_rows_and_the_past_does_not_know_the_future(
    form, seasons, batch, time, seed
):
    made, values = random_case(form, seasons, batch, time, np.random.default_rng(seed))
    whole = forward(form, seasons, made, values)
    row, cut = batch - 1, time // 2
    alone = Coefficients(*(array[row:] for array in made))
    part = forward(form, seasons, alone, values[row:, :cut])
    np.testing.assert_array_equal(part.levels, whole.levels[row:, :cut])
    for found, longer, season in zip(part.seasonals, whole.seasonals, seasons, strict=True):
        np.testing.assert_array_equal(found, longer[row:, : cut + season])


def test_the_multiplicative_form_knows_no_unit():
    made, values = random_case("multiplicative", (3,), 2, 9, np.random.default_rng(3))
    found = forward("multiplicative", (3,), made, values)
    more = forward("multiplicative", (3,), made._replace(first_level=7 * made[2]), 7 * values)
    np.testing.assert_allclose(more.levels, 7 * found.levels)
    np.testing.assert_allclose(more.seasonals[0], found.seasonals[0])


@pytest.mark.parametrize("form", ["multiplicative", "additive"])
@pytest.mark.parametrize("seasons", [(), (3,), (2, 5)], ids=str)
def test_gradients_are_the_differences(form, seasons):
    rng = np.random.default_rng(len(seasons))
    made, values = random_case(form, seasons, 3, 11, rng)
    start = forward(form, seasons, made, values)
    of_levels = rng.normal(size=start.levels.shape)
    of_seasonals = tuple(rng.normal(size=s.shape) for s in start.seasonals)

    def loss():
        found = forward(form, seasons, made, values)
        parts = zip(of_seasonals, found.seasonals, strict=True)
        return np.sum(of_levels * found.levels) + sum(np.sum(d * s) for d, s in parts)

    gradients = backward(start.tape, of_levels, of_seasonals)
    for array, gradient in zip(made, gradients, strict=True):
        assert gradient.shape == array.shape
        for place in np.ndindex(array.shape):
            kept = array[place]
            array[place] = kept + STEP
            above = loss()
            array[place] = kept - STEP
            expected = (above - loss()) / (2 * STEP)
            array[place] = kept
            np.testing.assert_allclose(gradient[place], expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("form", "value", "error", "message"),
    [
        ("multiplicative", 0.0, DataError, r"series 0, step 1: found 0.0; positive numbers"),
        ("additive", np.inf, DataError, r"series 0, step 1: found inf; numbers"),
        ("logarithmic", 1.0, ArgumentError, r"form: found 'logarithmic'"),
    ],
)
def test_what_cannot_be_smoothed(form, value, error, message):
    with unchecked(), pytest.raises(error, match=message):
        forward(form, (), coefficients(0.5, [], 1.0, []), np.array([[1.0, value]]))


def test_coefficients_fit_the_seasons():
    with pytest.raises(ShapeError, match=r"first_seasonals: found \[1, 2\]; give \[1, 3\]"):
        forward("additive", (3,), coefficients(0.5, [0.5], 1.0, [1.0, 2.0]), np.ones((1, 4)))
