"""Exponential smoothing: the recursion, that nothing looks ahead, and what it finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.errors import BundleError
from elman.metrics.forecasts import Exponential, fit_exponential, followed

SEASON = 4
draws = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def smoothing(count=1, rates=(0.3, 0.1, 0.9, 0.2), seasonal=True, logs=False):
    marks = np.full(count, seasonal), np.full(count, logs)
    return Exponential(SEASON, np.tile(np.array(rates), (count, 1)), *marks)


def by_hand(values, alpha, beta, phi, gamma, horizon):
    """One series without holes, step by step, with falling gains; forecasts from its last step."""
    first, second = values[:SEASON], values[SEASON : 2 * SEASON]
    slope = (second.mean() - first.mean()) / SEASON
    inside = np.arange(SEASON) - (SEASON - 1) / 2
    level, trend = second.mean() + slope * (SEASON - 1) / 2, slope
    season = [
        np.mean([block[k] - block.mean() - slope * inside[k] for block in (first, second)])
        for k in range(SEASON)
    ]
    season = list(np.array(season) - np.mean(season))
    for t in range(2 * SEASON, len(values)):
        passed = t - 2 * SEASON + 1
        count = passed + 2 * SEASON
        gain = max(alpha, 4 / count)
        error = values[t] - level - phi * trend - season[t % SEASON]
        level = level + phi * trend + gain * error
        trend = phi * trend + gain * max(beta, 1.5 / count) * error
        season[t % SEASON] += max(gamma, 1 / (passed // SEASON + 3)) * (1 - gain) * error
    damped = np.cumsum(phi ** np.arange(1, horizon + 1))
    ahead = (len(values) + np.arange(horizon)) % SEASON
    return level + damped * trend + np.array(season)[ahead]


@given(draw=draws)
@settings(max_examples=20)
def test_the_recursion_is_that_of_the_definition(draw):
    values = draw.normal(size=23).cumsum() + 10
    rates = 0.3, 0.1, 0.9, 0.2
    found = followed(values[None], smoothing(rates=rates))
    said = found.forecast(np.array([0]), np.array([22]), 6)
    np.testing.assert_allclose(said[0], by_hand(values, *rates, 6), rtol=1e-9)


@given(draw=draws, until=st.integers(0, 29))
@settings(max_examples=30)
def test_a_forecast_reads_nothing_that_comes_after_it(draw, until):
    values = draw.normal(size=(2, 30)) + 20
    spoilt = values.copy()
    spoilt[:, until + 1 :] = 1e6
    last, series = np.full(2, until), np.arange(2)
    for logs in (False, True):
        fit = smoothing(2, logs=logs)
        one, other = (followed(each, fit).forecast(series, last, 5) for each in (values, spoilt))
        np.testing.assert_array_equal(one, other)


def test_series_are_alone_whatever_stands_beside_them():
    draw = np.random.default_rng(0)
    long, short = draw.normal(size=40) + 9, draw.normal(size=17) + 5
    both = np.full((2, 40), np.nan)
    both[0], both[1, :17] = long, short
    fit = smoothing(2)
    together = followed(both, fit).forecast(np.array([1]), np.array([16]), 5)
    alone = followed(short[None], smoothing()).forecast(np.array([0]), np.array([16]), 5)
    np.testing.assert_array_equal(together, alone)


def test_before_a_season_is_over_the_last_value_is_said_and_holes_are_passed():
    values = np.array([[5.0, 6, np.nan, np.nan, 9, np.nan, 8, 7, 6, np.nan, 5, 6]])
    found = followed(values, smoothing())
    np.testing.assert_array_equal(found.forecast(np.array([0]), np.array([2]), 3), [[6, 6, 6]])
    assert np.isfinite(found.forecast(np.array([0]), np.array([11]), 3)).all()


def test_the_fit_finds_season_trend_and_their_logarithms():
    draw, t = np.random.default_rng(0), np.arange(160)
    season = np.sin(2 * np.pi * t / SEASON)
    shown = np.stack([
        10 + 3 * season + 0.2 * draw.normal(size=160),
        (20 + 0.5 * t) * np.exp(0.3 * season + 0.02 * draw.normal(size=160)),
        draw.normal(size=160).cumsum(),
    ])  # fmt: skip
    fit = fit_exponential(shown[:, :150], SEASON, 8)
    assert fit.seasonal.tolist()[:2] == [True, True]
    assert fit.logs.tolist()[1:] == [True, False]
    assert fit.rates[2, 0] > 0.5  # a walk stays where it is
    said = followed(shown, fit).forecast(np.arange(2), np.full(2, 149), 8)
    naive = shown[:2, 146:150][:, np.arange(8) % SEASON]
    actual = shown[:2, 150:158]
    assert (np.abs(said - actual).mean(axis=1) < np.abs(naive - actual).mean(axis=1)).all()


@pytest.mark.parametrize("season", [2, 3, 4, 5])
def test_a_season_is_forecast_as_soon_as_it_was_seen(season):
    """Of a series that only repeats, at each step from its first seasons on."""
    values = 10 + np.random.default_rng(0).normal(size=season)[np.arange(30) % season]
    fit = Exponential(season, np.array([[0.3, 0.1, 0.9, 0.2]]), np.array([True]), np.array([False]))
    found = followed(values[None], fit)
    for last in range(season * -(-4 // season) - 1, 22):
        said = found.forecast(np.array([0]), np.array([last]), 7)[0]
        np.testing.assert_allclose(said, values[last + 1 : last + 8])


def test_short_series_learn_from_each_other_that_there_is_a_season():
    draw, t = np.random.default_rng(0), np.arange(10)
    levels = draw.lognormal(3, 2, size=(60, 1))
    values = levels * (1 + 0.3 * np.sin(2 * np.pi * t / SEASON) + 0.1 * draw.normal(size=(60, 10)))
    ragged = values.copy()
    ragged[::7, 7:] = np.nan
    ragged[::6, 3] = 0  # which has no logarithm
    for count in (60, 600):
        fit = fit_exponential(np.tile(ragged, (count // 60, 1)), SEASON, 3)
        assert fit.seasonal.mean() > 0.8


def test_odd_series_are_followed_too():
    odd = np.full((4, 12), np.nan)
    odd[0, :3] = 5
    odd[1] = 7.0
    odd[2, 6:] = np.arange(6)
    fit = fit_exponential(odd, SEASON, 3)
    said = followed(odd, fit).forecast(np.arange(4), np.full(4, 11), 3)
    assert np.isfinite(said).all()
    np.testing.assert_allclose(said[1], 7)


def test_many_series_choose_among_what_serves_a_sample():
    draw = np.random.default_rng(0)
    values = 10 + np.sin(2 * np.pi * np.arange(40) / SEASON) + 0.1 * draw.normal(size=(400, 40))
    fit = fit_exponential(values, SEASON, 4)
    assert len(fit.rates) == 400
    assert fit.seasonal.mean() > 0.95


def test_tensors_there_and_back():
    fit = smoothing(3)
    again = Exponential.from_tensors(fit.tensors(), 3)
    np.testing.assert_array_equal(again.rates, fit.rates)
    assert again.season == SEASON
    for change in ({"rates": fit.rates[:2]}, {"season": np.array([0])}, {"logs": np.zeros(3)}):
        with pytest.raises(BundleError, match="damaged"):
            Exponential.from_tensors(fit.tensors() | change, 3)
    with pytest.raises(BundleError, match="damaged"):
        Exponential.from_tensors(fit.tensors() | {"rates": fit.rates + 1}, 3)


def test_an_unknown_series_is_smoothed_as_is_usual():
    rates = np.array([[0.1, 0, 0, 0.1], [0.3, 0, 0, 0.1], [0.2, 0, 0, 0.1]])
    fit = Exponential(SEASON, rates, np.ones(3, bool), np.zeros(3, bool))
    found = fit.select(np.array([2, -1]))
    assert found.rates[:, 0].tolist() == [0.2, 0.2]
    assert found.seasonal.all()


def walks(count, steps, seed=0):
    draws = np.random.default_rng(seed)
    wave = 3 * np.sin(2 * np.pi * np.arange(steps) / SEASON)
    return 20 + wave + draws.normal(size=(count, steps)).cumsum(axis=1) / 3


def test_many_series_that_were_fitted_before_are_only_moved():
    values = walks(310, 80)
    before = fit_exponential(values[:, :60], SEASON, 4)
    moved = fit_exponential(values, SEASON, 4, begin=before)
    np.testing.assert_array_equal(moved.seasonal, before.seasonal)
    np.testing.assert_array_equal(moved.rates[:, 2], before.rates[:, 2])  # the damping stays
    assert (moved.rates != before.rates).any()
    errors = {}
    for name, fit in (
        ("before", before),
        ("moved", moved),
        ("anew", fit_exponential(values, SEASON, 4)),
    ):
        states = followed(values, fit)
        every = np.arange(310)
        said = np.stack([states.forecast(every, np.full(310, t), 4) for t in range(40, 76)])
        came = np.stack([values[:, t + 1 : t + 5] for t in range(40, 76)])
        errors[name] = np.abs(said - came).mean()
    assert errors["moved"] < errors["before"]
    assert errors["moved"] < 1.02 * errors["anew"]
    few = fit_exponential(values[:20], SEASON, 4, begin=before.select(np.arange(20)))
    np.testing.assert_array_equal(few.rates, fit_exponential(values[:20], SEASON, 4).rates)
