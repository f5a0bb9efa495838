"""Scores of forecasts against utilsforecast's, scoringrules' and numbers found by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.errors import ArgumentError, ShapeError
from elman.metrics import forecasts

draws = st.integers(0, 2**32 - 1).map(np.random.default_rng)
LEVELS = np.array([0.1, 0.25, 0.5, 0.75, 0.9])


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def table(pandas, **columns):
    """Arrays `[N, T]` as a long frame of N series."""
    rows, steps = next(iter(columns.values())).shape
    ids, times = np.repeat(np.arange(rows), steps), np.tile(np.arange(steps), rows)
    flat = {name: values.ravel() for name, values in columns.items()}
    return pandas.DataFrame({"unique_id": ids, "ds": times, **flat})


@settings(max_examples=8)
@given(draw=draws, season=st.integers(1, 4), missing=st.booleans())
def test_errors_are_utilsforecasts(draw, season, missing):
    theirs = pytest.importorskip("utilsforecast.losses")
    pandas = pytest.importorskip("pandas")
    history = draw.normal(size=(3, 12)) + 2
    actual, forecast = draw.normal(size=(2, 3, 5)) + 2
    if missing:
        actual[0, 2] = actual[1, 4] = history[2, 5] = np.nan
    frame = table(pandas, y=actual, model=forecast)
    train = table(pandas, y=history)

    def mean_over_series(score, *arguments):
        return score(frame, ["model"], *arguments)["model"].mean()

    scale, root = (
        np.array([forecasts.seasonal_scale(row, season, squared) for row in history])
        for squared in (False, True)
    )
    known = ~np.isnan(actual)
    each = [forecasts.smape(actual[n, row], forecast[n, row]) for n, row in enumerate(known)]
    close(np.mean(each), 200 * mean_over_series(theirs.smape))
    close(forecasts.mase(actual, forecast, scale), mean_over_series(theirs.mase, season, train))
    close(forecasts.rmsse(actual, forecast, root), mean_over_series(theirs.rmsse, season, train))


@settings(max_examples=5)
@given(draw=draws)
def test_quantile_scores_are_utilsforecasts_and_scoringrules(draw):
    theirs = pytest.importorskip("utilsforecast.losses")
    rules = pytest.importorskip("scoringrules")
    pandas = pytest.importorskip("pandas")
    actual = draw.normal(size=(3, 6))
    quantiles = np.sort(draw.normal(size=(3, 6, len(LEVELS))), axis=-1)
    columns = {f"q{n}": quantiles[..., n] for n in range(len(LEVELS))}
    frame = table(pandas, y=actual, **columns)
    loss = theirs.mqloss(frame, {"model": list(columns)}, LEVELS)["model"].mean()
    close(forecasts.quantile_loss(actual, quantiles, LEVELS), loss)
    score = rules.crps_quantile(actual, quantiles, LEVELS, backend="numpy").mean()
    close(forecasts.crps_quantiles(actual, quantiles, LEVELS), score)
    frame = table(
        pandas,
        y=actual,
        **{"model-lo-80": quantiles[..., 0], "model-hi-80": quantiles[..., -1]},
    )
    share = theirs.coverage(frame, ["model"], 80)["model"].mean()
    close(forecasts.coverage(actual, quantiles[..., 0], quantiles[..., -1]), share)


@given(draw=draws)
def test_ranked_probability_scores_are_scoringrules(draw):
    rules = pytest.importorskip("scoringrules")
    actual, mean = draw.normal(size=(2, 4, 3))
    deviation = draw.uniform(0.1, 2, (4, 3))
    samples = draw.normal(size=(4, 3, 9))
    expected = rules.crps_normal(actual, mean, deviation, backend="numpy").mean()
    close(forecasts.crps_gaussian(actual, mean, deviation), expected)
    expected = rules.crps_ensemble(actual, samples, estimator="nrg", backend="numpy").mean()
    close(forecasts.crps_samples(actual, samples), expected)


def test_the_three_ranked_probability_scores_agree_on_one_distribution():
    draw = np.random.default_rng(0)
    actual = draw.normal(size=40) * 1.5
    levels = (np.arange(2000) + 0.5) / 2000
    samples = np.sort(draw.normal(size=200_000))
    at_levels = np.quantile(samples, levels)
    exact = forecasts.crps_gaussian(actual, np.zeros(40), np.ones(40))
    many = np.broadcast_to(at_levels, (40, 2000))
    assert forecasts.crps_samples(actual, many) == pytest.approx(exact, rel=0.01)
    assert forecasts.crps_quantiles(actual, many, levels) == pytest.approx(exact, rel=0.01)


def scores(actual, forecast):
    """Every score by name; intervals and distributions are made from the forecast."""
    spread = np.stack([forecast - 1, forecast, forecast + 1], axis=-1)
    scale = np.full(len(actual), 2.0)
    return {
        "smape": forecasts.smape(actual, forecast),
        "mase": forecasts.mase(actual, forecast, scale),
        "rmsse": forecasts.rmsse(actual, forecast, scale),
        "quantile_loss": forecasts.quantile_loss(actual, spread, [0.1, 0.5, 0.9]),
        "crps_quantiles": forecasts.crps_quantiles(actual, spread, [0.1, 0.5, 0.9]),
        "crps_samples": forecasts.crps_samples(actual, spread),
        "crps_gaussian": forecasts.crps_gaussian(actual, forecast, np.ones(actual.shape)),
        "coverage": forecasts.coverage(actual, forecast - 1, forecast + 1),
    }


def test_missing_values_are_left_out_of_every_score():
    draw = np.random.default_rng(1)
    actual, forecast = draw.normal(size=(2, 4, 6))
    shown = scores(actual, forecast)
    gap = np.full((4, 2), np.nan)
    longer = np.concatenate([actual, gap], axis=1), np.concatenate([forecast, gap + 1], axis=1)
    longer[1][:, -2:] = 100
    assert scores(*longer) == pytest.approx(shown)
    row = np.full((1, 6), np.nan), np.full((1, 6), 100.0)
    more = np.concatenate([actual, row[0]]), np.concatenate([forecast, row[1]])
    assert scores(*more) == pytest.approx(shown)
    assert all(np.isnan(score) for score in scores(*row).values())


def test_rows_without_a_scale_are_left_out():
    actual, forecast = np.array([[1.0], [5.0], [7.0]]), np.zeros((3, 1))
    for score in (forecasts.mase, forecasts.rmsse):
        assert score(actual, forecast, np.array([2.0, 0.0, np.nan])) == 0.5
        assert np.isnan(score(actual, forecast, np.zeros(3)))


def test_smape_is_between_0_and_200_and_0_for_two_zeros():
    assert forecasts.smape(np.array([1.0, 0.0]), np.array([-1.0, 3.0])) == 200
    assert forecasts.smape(np.zeros(2), np.zeros(2)) == 0


def test_scales_of_several_targets_are_those_of_each():
    history = np.random.default_rng(0).normal(size=(20, 3))
    history[4, 1] = np.nan
    for squared in (False, True):
        together = forecasts.seasonal_scale(history, 4, squared)
        close(together, [forecasts.seasonal_scale(row, 4, squared) for row in history.T])


def test_a_history_that_is_no_longer_than_a_season_has_no_scale():
    assert np.isnan(forecasts.seasonal_scale(np.arange(4.0), 4))
    assert np.isnan(forecasts.seasonal_scale(np.arange(2.0), 4))
    assert forecasts.seasonal_scale(np.ones(9), 4) == 0


def test_what_does_not_fit_is_refused():
    rows = np.zeros((2, 3))
    with pytest.raises(ShapeError, match="forecast"):
        forecasts.smape(rows, np.zeros((3, 2)))
    with pytest.raises(ShapeError, match=r"\[N, H\]"):
        forecasts.mase(np.zeros(3), np.zeros(3), np.ones(3))
    with pytest.raises(ShapeError, match="scale"):
        forecasts.mase(rows, rows, np.ones(3))
    with pytest.raises(ShapeError, match="2 levels"):
        forecasts.quantile_loss(rows, np.zeros((2, 3, 5)), [0.1, 0.9])
    with pytest.raises(ShapeError, match="samples"):
        forecasts.crps_samples(rows, np.zeros((2, 5)))
    with pytest.raises(ArgumentError, match="season"):
        forecasts.seasonal_scale(np.zeros(3), 0)
