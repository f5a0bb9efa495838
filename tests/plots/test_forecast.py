"""Forecasts beside what was before and what came."""

import numpy as np
import pytest

from elman import plots
from elman.errors import ArgumentError, ShapeError
from tests.plots.forecasts import DAYS, STEPS, forecast_of, past_of
from tests.plots.shapes import overlapping


def until(past, length):
    return {name: (times[:length], values[:length]) for name, (times, values) in past.items()}


def line(ax, label):
    return next(each for each in ax.get_lines() if each.get_label() == label)


def test_history_forecast_intervals_and_what_came(drawn):
    whole = past_of(["Berlin", "Paris"], 134)
    past = until(whole, 120)
    found = forecast_of(past, 14)
    figure = plots.forecast(found, past, whole)
    texts = drawn(figure)
    assert len(figure.axes) == 2
    for n, (ax, name) in enumerate(zip(figure.axes, past, strict=True)):
        times, values = whole[name]
        np.testing.assert_array_equal(line(ax, "observed").get_ydata(), values[80:120, 0])
        came, forecast = line(ax, "what came"), line(ax, "forecast")
        np.testing.assert_array_equal(came.get_ydata(), values[119:134, 0])
        np.testing.assert_array_equal(came.get_xdata(), times[119:134])
        np.testing.assert_array_equal(forecast.get_ydata()[1:], found.mean[n, :, 0])
        assert forecast.get_ydata()[0] == values[119, 0]
        error = np.abs(values[120:, 0] - found.mean[n, :, 0]).mean()
        assert f"off by {error:.3g} on average" in ax.get_title(loc="left")
        wide, narrow = ax.collections
        assert wide.get_label() == "80 % interval"
        assert wide.get_facecolor()[0].sum() > narrow.get_facecolor()[0].sum()  # lighter
        height = np.ptp(wide.get_paths()[0].vertices[:, 1])
        assert height > np.ptp(narrow.get_paths()[0].vertices[:, 1])
    low, high = found.interval(0.8)
    actual = np.stack([values[120:] for _, values in whole.values()])
    inside = plots.style.percent(((low <= actual) & (actual <= high)).mean())
    assert f"{inside} of what came lies in the 80 % interval" in texts
    assert not overlapping(figure, figure.axes[0].get_legend().get_texts())


def test_without_what_came_the_dates_are_told(drawn):
    past = past_of(["Berlin"])
    texts = drawn(plots.forecast(forecast_of(past, 14), past))
    assert "The next 14 steps, 2024-04-30 to 2024-05-13" in texts
    assert "what came" not in texts


@pytest.mark.parametrize("horizon", [1, 336])
@pytest.mark.parametrize("times", [DAYS, STEPS], ids=["dates", "numbers"])
def test_any_horizon_and_times(drawn, horizon, times):
    past = past_of(["a"], 900, times=times)
    found = forecast_of(past, horizon, times=times)
    figure = plots.forecast(found, past)
    drawn(figure)
    assert len(line(figure.axes[0], "observed").get_xdata()) == max(2 * horizon, 40)
    assert len(line(figure.axes[0], "forecast").get_xdata()) == horizon + 1


def test_the_series_and_intervals_that_are_named(drawn):
    past = past_of([f"shop {n}" for n in range(7)])
    found = forecast_of(past, 7)
    assert len(plots.forecast(found, past).axes) == 4
    figure = plots.forecast(found, past, series=["shop 6", "shop 2"], intervals=[0.5])
    texts = drawn(figure)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["shop 6", "shop 2"]
    assert "50 % interval" in texts
    assert "80 % interval" not in texts
    assert any(text.startswith("2 of 7 series.") for text in texts)


def test_each_target_has_a_panel_and_long_names_fit(drawn):
    name = "a shop with a very long name, " * 5
    past = past_of([name], targets=3)
    figure = plots.forecast(forecast_of(past, 7), past, past)
    drawn(figure)
    assert [ax.get_ylabel() for ax in figure.axes] == ["target 0", "target 1", "target 2"]
    assert not any(ax.xaxis.get_tick_params()["labelbottom"] for ax in figure.axes[:-1])


def test_no_quantiles_and_missing_values(drawn):
    past = past_of(["a"])
    times, values = past["a"]
    values[::2] = np.nan  # what is left stands alone
    figure = plots.forecast(forecast_of(past, 7, levels=()), past)
    drawn(figure)
    ax = figure.axes[0]
    assert not ax.collections
    alone = ax.get_lines()[1]
    np.testing.assert_array_equal(alone.get_ydata(), values[81::2, 0])
    assert line(ax, "forecast").get_xdata()[0] == times[119]


def test_ahead_of_a_missing_end_the_forecast_begins_at_the_last_value(drawn):
    past = past_of(["a"])
    past["a"][1][-3:] = np.nan
    figure = plots.forecast(forecast_of(past, 7), past)
    drawn(figure)
    assert line(figure.axes[0], "forecast").get_xdata()[0] == DAYS[116]


def test_what_does_not_fit_is_an_error():
    past = past_of(["a", "b"])
    found = forecast_of(past, 7)
    with pytest.raises(ArgumentError, match="no forecast of 'c'"):
        plots.forecast(found, past, series=["c"])
    with pytest.raises(ArgumentError, match="none"):
        plots.forecast(found, past, series=[])
    with pytest.raises(ArgumentError, match="no series 'b'"):
        plots.forecast(found, {"a": past["a"]})
    with pytest.raises(ArgumentError, match=r"0\.7"):
        plots.forecast(found, past, intervals=[0.7])
    with pytest.raises(ShapeError, match=r"history of 'a'.*at 119 times"):
        plots.forecast(found, past | {"a": (DAYS[:119], past["a"][1])})
