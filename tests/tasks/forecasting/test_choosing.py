"""What is chosen where nothing is told, and what the network may add to it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from elman.data import as_panel
from elman.data.series.windows import cut
from elman.errors import ArgumentError
from elman.runtime.forecasting.bases import fit_to
from elman.runtime.forecasting.past import are_smaller, evidence
from elman.tasks import Forecaster
from elman.tasks.forecasting.choosing import chosen
from elman.tasks.forecasting.stage import Stage

QUICK = {"units": 8, "epochs": 2, "threads": 1}


def monthly(length=180, seed=0):
    draws, t = np.random.default_rng(seed), np.arange(length)
    level = (100 + t) * (1 + 0.2 * np.sin(2 * np.pi * t / 12))
    times = pd.date_range("2008-01-31", periods=length, freq="ME")
    return pd.DataFrame({"month": times, "sales": level * np.exp(0.02 * draws.normal(size=length))})


def given(**told):
    return Forecaster(**told).get_params()


def test_a_trend_with_a_season_is_smoothed_and_that_is_said():
    found = chosen(given(), as_panel(monthly()), 12)
    assert found.given["base"] in ("exponential", "mean", "linear")
    assert found.given["window"] is not None
    assert found.given["window_scaling"] in ("last", "standard", "season")
    assert "never negative" in found.notes[0]
    assert "exponential smoothing 0." in found.notes[-1]
    assert "seasonal naive" in found.notes[-1]


def test_what_is_told_stays():
    told = {"base": "seasonal", "window": 20, "window_scaling": "mean"}
    assert chosen(given(**told), as_panel(monthly()), 12) == (given(**told), ())
    found = chosen(given(window=20), as_panel(monthly()), 12).given
    assert found["window"] == 20
    assert chosen(given(linear=True), as_panel(monthly()), 12).given["base"] == "linear"
    with pytest.raises(ArgumentError, match="linear=True"):
        Forecaster(base="none", linear=True).fit(monthly(), horizon=12)
    for strategy in ("recursive", "smoothing"):
        assert chosen(given(strategy=strategy), as_panel(monthly()), 12).given["base"] is None


def test_a_series_too_short_to_compare_on_is_smoothed():
    found = chosen(given(), as_panel(monthly(16)), 6)
    assert found.given["base"] == "exponential"


@pytest.mark.parametrize("base", ["none", "linear", "exponential", "mean", "seasonal"])
@pytest.mark.parametrize("output", ["point", "quantiles"])
def test_every_beginning_is_one_of_both_storeys(base, output, tmp_path):
    frame = monthly()
    model = Forecaster(**QUICK, base=base, output=output, window=24).fit(frame, horizon=6)
    assert model.model_.plan.base == base
    model.save(tmp_path / "a.model")
    import elman

    again = elman.load(tmp_path / "a.model")
    for one, other in zip(
        model.predict(frame).quantiles, again.predict(frame).quantiles, strict=True
    ):
        np.testing.assert_array_equal(one, other)
    assert np.isfinite(model.sample(frame, paths=5)).all()
    assert again.companions.share == model.model_.companions.share


def test_a_network_that_knows_nothing_says_nothing():
    """Of one that has learnt nothing yet the held-out steps ask for nothing."""
    frame = monthly()
    model = Forecaster(**QUICK | {"epochs": 1}, learning_rate=1e-9, base="exponential")
    model.fit(frame, horizon=12)
    assert model.model_.companions.share == 0
    tested = model.backtest(frame, origins=6).report
    smoothed = tested["skill"]["exponential smoothing"]
    assert tested["metrics"]["mae"] <= 1.3 * smoothed["mae"]


def test_what_a_silent_network_leaves_is_fitted_to_all_steps():
    frame, told = monthly(), {"base": "mean", "window": 24}
    model = Forecaster(**QUICK | {"epochs": 1}, learning_rate=1e-9, **told).fit(frame, horizon=6)
    companions, panel = model.model_.companions, as_panel(frame)
    assert companions.share == 0
    assert companions.linear.windows == len(frame) - 24 - 6 + 1
    fit = fit_to(panel, panel.history, 12, 6)
    np.testing.assert_array_equal(companions.exponential.rates, fit.rates)
    assert "to all steps" in model.result_["notes"][-1]
    alarms = model.backtest(frame, origins=3).report["leakage"]
    assert "overlap" in {alarm["kind"] for alarm in alarms}
    warm = Stage.of(panel, model.model_.plan, panel.history - 9, 1, model._network_of, model.model_)
    assert warm.companions.share == 1  # what is learnt from here on is judged anew
    assert warm.begun().companions.linear.windows == companions.linear.windows - 9


def test_a_beginning_sees_a_whole_season_whatever_the_window():
    values = 10 + np.sin(2 * np.pi * np.arange(60) / 12)
    frame = monthly(60).assign(sales=values)
    model = Forecaster(**QUICK | {"epochs": 1}, learning_rate=1e-9, base="seasonal", window=4)
    found = model.fit(frame, horizon=12).predict(frame).mean[0, :, 0]
    assert model.model_.companions.share == 0
    np.testing.assert_allclose(found, values[-12:], rtol=1e-4)


def test_what_is_better_by_chance_is_not_believed():
    draws = np.random.default_rng(0)
    one = draws.random((40, 6, 1))
    assert are_smaller(0.5 * one, one, worth=10)
    assert not are_smaller(0.5 * one, one, worth=2)  # two forecasts, however many overlap
    assert not are_smaller(0.995 * one, one, worth=1e6)
    believed = [are_smaller(*draws.random((2, 40, 6, 1)), worth=40) for _ in range(200)]
    assert 0.1 < np.mean(believed) < 0.22  # one standard error
    one[3] = np.nan
    assert are_smaller(0.5 * one, one, worth=10)


@pytest.mark.parametrize("begin", ["1949-01-31", "2008-01-31"])
def test_windows_that_overlap_are_worth_as_many_as_lie_side_by_side(begin):
    frame = monthly(60)
    frame["month"] = pd.date_range(begin, periods=60, freq="ME")
    panel = as_panel(frame)
    nothing = np.zeros(60, bool)
    windows = cut(panel.offsets, panel.history, nothing, input_steps=24, horizon=12)
    assert evidence(panel, windows, 12) == (len(windows) - 1 + 12) / 12


def test_few_held_out_steps_are_not_all_that_tells_of_doubt():
    """Of 44 quarters one forecast is held out; what is between covers what comes all the same."""
    covered = []
    for seed in range(6):
        draws, t = np.random.default_rng(seed), np.arange(44)
        values = 200 + 3 * t + 20 * np.sin(np.pi * t / 2) + 4 * draws.normal(size=44)
        model = Forecaster(**QUICK, season=4).fit(values[:-4], horizon=4)
        assert model.model_.companions.calibration.windows > 4
        low, high = model.predict(values[:-4]).interval(0.8)
        covered.append((low[0, :, 0] <= values[-4:]) & (values[-4:] <= high[0, :, 0]))
    assert np.mean(covered) > 0.7


def test_nothing_below_zero_is_forecast_of_what_never_was():
    draws = np.random.default_rng(0)
    counts = draws.poisson(0.3, size=200).astype(float)
    model = Forecaster(**QUICK, output="quantiles").fit(counts, horizon=7)
    found = model.predict(counts)
    assert model.model_.plan.floor
    assert (found.quantiles >= 0).all()
    assert (model.sample(counts, paths=20) >= 0).all()
    assert found.mean.sum() > 0
    assert any("never negative" in note for note in model.result_["notes"])
    below = Forecaster(**QUICK).fit(counts - 1, horizon=7)
    assert not below.model_.plan.floor


def test_of_intermittent_sales_the_mean_is_forecast():
    draws = np.random.default_rng(0)
    sales = ((draws.random(400) < 0.2) * draws.poisson(5, size=400)).astype(float)
    model = Forecaster(**QUICK).fit(sales[:-40], horizon=7)
    report = model.backtest(sales, origins=30).report
    assert "Croston" in report["skill"]
    assert abs(report["metrics"]["bias"]) < 0.5 * sales.mean()
    assert any("the mean is forecast" in note for note in model.result_["notes"])


def test_the_epochs_are_a_budget_of_steps():
    short = Forecaster(units=4, batch_size=64)
    short.fit(np.sin(np.arange(150.0)), horizon=5)
    assert len(short.history_.records) == 100
    told = Forecaster(units=4, epochs=2).fit(np.sin(np.arange(150.0)), horizon=5)
    assert len(told.history_.records) == 2
    assert short.windows_per_epoch is None


def test_a_calendar_tells_of_what_comes_round_twice():
    hours = pd.date_range("2024-01-01", periods=400, freq="h")
    frame = pd.DataFrame({"t": hours, "y": np.sin(np.arange(400.0))})
    assert Forecaster(**QUICK).fit(frame, horizon=5).model_.plan.calendar == ("hour", "weekday")
    assert Forecaster(**QUICK).fit(np.sin(np.arange(200.0)), horizon=5).model_.plan.calendar == ()
    assert Forecaster(**QUICK).fit(monthly(), horizon=5).model_.plan.calendar == ("month",)
