"""Forecasts from many origins, and the error of each."""

import dataclasses

import numpy as np
import pytest

from elman import plots
from elman.errors import ArgumentError
from tests.plots.forecasts import DAYS, STEPS, backtest_of, past_of


def test_fans_start_at_their_origins_and_each_error_is_drawn(drawn):
    past = past_of(["Berlin"])
    found = backtest_of(past, 7, 40)
    figure = plots.backtest(found, past)
    texts = drawn(figure)
    fan, errors = figure.axes
    observed, _, *fans = fan.get_lines()
    times, values = past["Berlin"]
    np.testing.assert_array_equal(observed.get_ydata(), values[66:, 0])
    assert len(fans) == 11  # 40 origins, half a horizon apart
    for each in fans:
        start = np.searchsorted(times, each.get_xdata()[0])
        assert each.get_ydata()[0] == values[start, 0]
        row = np.flatnonzero(found.steps == start)[0]
        np.testing.assert_array_equal(each.get_ydata()[1:], found.mean[row, :, 0])
    last, ours = errors.get_lines()
    np.testing.assert_allclose(
        ours.get_ydata(), np.abs(found.actual - found.mean)[..., 0].mean(axis=1)
    )
    handed_on = np.abs(found.actual[..., 0] - values[found.steps])
    np.testing.assert_allclose(last.get_ydata(), handed_on.mean(axis=1))
    error = plots.style.amount(found.report["metrics"]["mae"])
    assert f"40 forecasts of 7 steps: mean absolute error {error}" in texts


def test_without_history_the_tested_steps_are_put_together(drawn):
    past = past_of(["a"], times=STEPS)
    found = backtest_of(past, 3, 20)
    figure = plots.backtest(dataclasses.replace(found, origins=found.steps, times=found.times))
    drawn(figure)
    observed, _, first, *_ = figure.axes[0].get_lines()
    np.testing.assert_array_equal(observed.get_ydata(), past["a"][1][98:, 0])
    assert len(first.get_xdata()) == 3  # nothing is known of its origin


def test_worst_middle_and_best_of_many_series(drawn):
    found = backtest_of(past_of([f"s{n}" for n in range(9)]), 7, 5)
    ranked = [row["series"] for row in found.report["by_series"]]
    texts = drawn(plots.backtest(found))
    for name, rank in ((ranked[0], "worst"), (ranked[4], "middle"), (ranked[8], "best")):
        assert f"{name}  (the {rank})" in texts
    assert any(text.startswith("3 of 9 series.") for text in texts)
    figure = plots.backtest(found, series=["s1", "s2", "s3", "s4"])
    drawn(figure)
    assert len(figure.axes) == 8


def test_targets_that_are_not_shown_are_counted(drawn):
    figure = plots.backtest(backtest_of(past_of(["a"], targets=5), 7, 5))
    assert len(figure.axes) == 6
    assert any("2 more targets are not shown" in text for text in drawn(figure))


@pytest.mark.parametrize("horizon", [1, 30])
def test_one_origin_missing_values_and_no_error(drawn, horizon):
    past = past_of(["a"])
    past["a"][1][-1] = np.nan
    drawn(plots.backtest(backtest_of(past, 30, 1)))
    past = past_of(["a"])
    past["a"][1][100:110] = np.nan
    drawn(plots.backtest(backtest_of(past, horizon, 20), past))
    drawn(plots.backtest(backtest_of(past, horizon, 30, error=0.0), past))


def test_what_is_not_there_is_an_error():
    found = backtest_of(past_of(["a"]), 7, 5)
    with pytest.raises(ArgumentError, match="no forecast of 'b'"):
        plots.backtest(found, series=["b"])
    none = {"series": found.series[:0], "steps": found.steps[:0], "origins": DAYS[:0]}
    with pytest.raises(ArgumentError, match="no origins"):
        plots.backtest(dataclasses.replace(found, **none))


def test_series_that_are_equally_bad_share_their_rank(drawn):
    found = backtest_of(past_of([f"s{n}" for n in range(5)]), 7, 5)

    def titles(errors):
        rows = [
            {**row, "mase": error}
            for row, error in zip(found.report["by_series"], errors, strict=True)
        ]
        told = {**found.report, "by_series": rows}
        figure = plots.backtest(dataclasses.replace(found, compare=lambda: told))
        return [ax.get_title(loc="left").split("  ")[-1] for ax in figure.axes[::2]]

    assert titles([3, 2, 1, 0.5, 0.2]) == ["(the worst)", "(the middle)", "(the best)"]
    assert titles([3, 3, 1, 0.5, 0.5]) == [
        "(one of the worst)", "(the middle)", "(one of the best)",
    ]  # fmt: skip
    assert not any("(" in title for title in titles([1, 1, 1, 1, 1]))
    assert titles([3, 2, 1, None, None]) == ["(the worst)", "(the middle)", "(the best)"]


def test_every_series_is_drawn_before_a_second_target_of_one(drawn):
    found = backtest_of(past_of([f"s{n}" for n in range(5)], targets=2), 7, 5)
    figure = plots.backtest(found)
    texts = " ".join(" ".join(drawn(figure)).split())
    titles = [ax.get_title(loc="left") for ax in figure.axes[::2]]
    assert [title.split(": ")[1] for title in titles] == [
        f"target 0  (the {rank})" for rank in ("worst", "middle", "best")
    ]
    assert "1 more target is not shown" in texts
