"""The classical fit of smoothing: it finds what made a series, and beats what it did not choose."""

from __future__ import annotations

import numpy as np
import pytest

from elman.errors import DataError
from elman.kernels.smoothing import Coefficients, forward
from elman.runtime.forecasting.classical import adapted, classical, started, suitable_form

NAN = np.nan


def expected_one_step(found, values):
    """One step ahead, in the values' unit."""
    levels = found.run(values)
    before = np.concatenate([found.coefficients.first_level[:, None], levels.levels], axis=1)
    expected = before[:, :-1]
    for s in levels.seasonals:
        known = s[:, : values.shape[1]]
        expected = expected * known if found.form == "multiplicative" else expected + known
    return expected * found.scale[:, None]


def test_the_form_that_fits():
    assert suitable_form(np.array([1.0, NAN, 0.5])) == "multiplicative"
    assert suitable_form(np.array([1.0, 0.0])) == "additive"


@pytest.mark.parametrize("form", ["multiplicative", "additive"])
def test_a_strictly_seasonal_series_is_expected_exactly(form):
    daily, weekly = np.array([0.5, 1.5]), np.array([0.8, 0.9, 1.0, 1.3, 1.1, 0.9])
    steps = np.arange(36)
    if form == "multiplicative":
        values = 40 * daily[steps % 2] * weekly[steps % 6]
    else:
        values = 4 * daily[steps % 2] + weekly[steps % 6] - 9
    found = classical(("A",), values[None], (2, 6), form)
    np.testing.assert_allclose(expected_one_step(found, values[None]), values[None], rtol=1e-10)


def test_training_starts_with_one_rate_for_all_and_each_series_own_seasonals():
    values = np.random.default_rng(0).uniform(1, 9, (3, 30))
    found = started(("a", "b", "c"), values, (2, 6), "multiplicative", level=0.1, seasonal=0.4)
    assert (found.coefficients.level == 0.1).all()
    assert (found.coefficients.seasonal == 0.4).all()
    fitted = classical(("a", "b", "c"), values, (2, 6), "multiplicative")
    for name in ("first_level", "first_seasonals"):
        one, other = getattr(found.coefficients, name), getattr(fitted.coefficients, name)
        np.testing.assert_array_equal(one, other)
    with pytest.raises(DataError, match="'b'"):
        started(("a", "b"), np.array([[1.0], [NAN]]), (), "additive")


def test_quick_and_slow_levels_are_told_apart():
    rng = np.random.default_rng(0)
    walk = 50 + np.cumsum(rng.normal(size=400))
    noise = 50 + rng.normal(size=400)
    found = classical(("walk", "noise"), np.stack([walk, noise]), (), "multiplicative")
    quick, slow = found.coefficients.level
    assert quick > 0.75
    assert slow < 0.1


def test_seasonals_that_move_get_a_larger_rate_than_those_that_stay():
    rng = np.random.default_rng(1)
    steps = np.arange(240)
    moving = np.repeat(np.cumsum(rng.normal(size=(60, 4)), axis=0).reshape(1, -1), 1, axis=0)[0]
    staying = 3.0 * (steps % 4) + rng.normal(size=240)
    found = classical(("moving", "staying"), np.stack([moving, staying]), (4,), "additive")
    rates = found.coefficients.seasonal[:, 0]
    assert rates[0] > 0.5 > 0.2 > rates[1]


@pytest.mark.parametrize("horizon", [1, 8])
def test_the_fit_is_better_than_its_neighbours_far_off(horizon):
    rng = np.random.default_rng(2)
    steps = np.arange(300)
    walk = np.cumsum(rng.normal(scale=0.02, size=300))
    values = np.exp(0.5 * np.sin(steps / 12 * 2 * np.pi) + walk + rng.normal(scale=0.1, size=300))
    found = classical(("A",), values[None], (12,), "multiplicative", horizon)

    def error(level, seasonal):
        rates = Coefficients(np.array([level]), np.array([[seasonal]]), *found.coefficients[2:])
        done = forward("multiplicative", (12,), rates, values[None] / found.scale)
        total = []
        for ahead in {1, horizon}:
            origins = np.arange(300 - ahead)
            expected = done.levels[0, origins] * done.seasonals[0][0, origins + ahead]
            total.append(np.abs(values[origins + ahead] / found.scale - expected).mean())
        return np.mean(total)

    level, seasonal = found.coefficients.level[0], found.coefficients.seasonal[0, 0]
    for other in [(0.9, seasonal), (level, 0.9), (seasonal, level)]:
        assert error(level, seasonal) < error(*other)


def test_series_of_any_length_with_gaps():
    values = np.array(
        [
            [5.0, NAN, NAN, NAN, NAN, NAN],
            [NAN, NAN, NAN, NAN, NAN, 7.0],
            [3.0, 3.0, 3.0, 3.0, 3.0, NAN],
        ]
    )
    for form in ("multiplicative", "additive"):
        found = classical(("one", "late", "constant"), values, (2, 4), form, horizon=48)
        levels = found.run(values).levels
        np.testing.assert_allclose(levels[:, -1] * found.scale, [5.0, 7.0, 3.0])
        assert found.scale[2] == (3.0 if form == "multiplicative" else 1.0)
        np.testing.assert_array_equal(found.spread, 1.0)


def test_the_spread_is_the_distance_from_a_season_before():
    values = np.array([[1.0, 10.0, 2.0, 5.0, NAN, 5.0]])
    ratios = classical(("a",), values, (2,), "multiplicative").spread
    np.testing.assert_allclose(ratios, (np.log(2) + np.log(2) + 0) / 3)
    found = classical(("a",), values, (), "additive")
    np.testing.assert_allclose(found.spread, (9 + 8 + 3) / 3 / found.scale)


def test_a_batch_is_its_rows():
    rng = np.random.default_rng(3)
    values = rng.uniform(1, 5, (3, 40))
    values[1, 25:] = NAN
    together = classical(("a", "b", "c"), values, (4,), "multiplicative", 6)
    for row, name in enumerate("abc"):
        alone = classical((name,), values[row : row + 1], (4,), "multiplicative", 6)
        for array, one in zip(together.coefficients, alone.coefficients, strict=True):
            np.testing.assert_allclose(array[row], one[0])


@pytest.mark.parametrize("form", ["multiplicative", "additive"])
def test_histories_that_begin_elsewhere_and_series_never_seen(form):
    daily, weekly = np.array([0.5, 1.5]), np.array([0.8, 0.9, 1.0, 1.3, 1.1, 0.9])
    steps = np.arange(40)
    if form == "multiplicative":
        values = np.stack([40 * daily[steps % 2] * weekly[steps % 6]] * 2)
    else:
        values = np.stack([4 * daily[steps % 2] + weekly[steps % 6] - 9] * 2)
    values[1] *= 3
    trained = classical(("a", "b"), values, (2, 6), form)
    here = np.stack([values[1, 7:30], values[0, 3:26], values[0, :23]])
    names, later = ("b", "new", "a"), np.array([7, 0, 0])
    found, unseen = adapted(trained, names, here, later)
    assert (found.names, unseen) == (names, ("new",))
    np.testing.assert_allclose(expected_one_step(found, here), here, rtol=1e-9)
    np.testing.assert_array_equal(found.scale[[2, 0]], trained.scale)
    rates = trained.coefficients.level
    np.testing.assert_array_equal(found.coefficients.level[[2, 0]], rates)
    # A history that begins a whole number of seasons later needs no other seasonals.
    again, _ = adapted(trained, ("a",), here[2:], np.array([6]))
    kept = trained.coefficients.first_seasonals[:1]
    np.testing.assert_array_equal(again.coefficients.first_seasonals, kept)


def test_a_history_of_nothing_keeps_the_trained_level():
    trained = classical(("a",), np.arange(1.0, 9.0)[None], (2,), "multiplicative")
    found, _ = adapted(trained, ("a",), np.array([[NAN, NAN, 4.0]]), np.array([3]))
    np.testing.assert_array_equal(found.coefficients.first_level, trained.coefficients.first_level)


def test_what_cannot_be_fitted():
    values = np.array([[1.0, 2.0], [NAN, NAN]])
    with pytest.raises(DataError, match="series 'b': found no value"):
        classical(("a", "b"), values, (), "additive")
    with pytest.raises(DataError, match=r"series 'a', step 1: found 0.0; positive"):
        classical(("a",), np.array([[1.0, 0.0]]), (), "multiplicative")
