"""The error by step, beside the baselines'."""

import numpy as np
import pytest

from elman import plots
from tests.plots.forecasts import backtest_of, past_of
from tests.plots.shapes import overlapping


def report_of(horizon=14, error=0.5, names=("a",), **options):
    return backtest_of(past_of(names, 200), horizon, 40, error=error, **options).report


def curves(figure):
    return {line.get_label(): line.get_ydata() for line in figure.axes[0].get_lines()}


def test_the_model_and_every_baseline_have_a_curve(drawn):
    report = report_of()
    figure = plots.horizon(report)
    texts = drawn(figure)
    shown = curves(figure)
    np.testing.assert_array_equal(shown["this model"], report["by_step"]["mae"])
    for name, steps in report["by_step"]["baselines"].items():
        np.testing.assert_array_equal(shown[name], steps["mae"])
    ends = [line.get_text() for line in figure.axes[0].get_legend().get_texts()]
    assert sorted(ends, key=lambda name: -shown[name][-1]) == ends
    most = np.argmax(shown["this model"]) + 1
    assert f", at step {most}" in " ".join(" ".join(texts).split())
    assert "steps ahead (dotted: each season of 7)" in texts
    assert any("Better at every step than last value" in text for text in texts)


def test_several_series_are_told_in_mase(drawn):
    report = report_of(names=("a", "b"))
    figure = plots.horizon(report)
    texts = drawn(figure)
    assert "error (MASE)" in texts
    np.testing.assert_array_equal(curves(figure)["this model"], report["by_step"]["mase"])
    assert any("80 forecasts of 2 series" in text for text in texts)


def test_curves_far_above_the_model_leave_the_picture_and_are_named(drawn):
    report = report_of()
    report["by_step"]["baselines"]["drift"]["mae"][3] = 1234.0
    figure = plots.horizon(report)
    words = " ".join(" ".join(drawn(figure)).split())
    assert "drift (up to 1,230)." in words
    top = figure.axes[0].get_ylim()[1]
    for name, curve in curves(figure).items():
        assert (f"{name} (up to" in words) == (name in report["skill"] and max(curve) > top)


def test_the_best_baseline_is_always_in_the_picture(drawn):
    figure = plots.horizon(report_of(error=0.001))
    drawn(figure)
    assert max(curves(figure)["seasonal naive"]) < figure.axes[0].get_ylim()[1]


@pytest.mark.parametrize("horizon", [1, 15, 96])
def test_any_horizon(drawn, horizon):
    figure = plots.horizon(report_of(horizon))
    drawn(figure)
    assert not overlapping(figure, figure.axes[0].get_xticklabels())


def test_no_error_and_numbers_that_cannot_be_told(drawn):
    drawn(plots.horizon(report_of(error=0.0)))
    report = report_of(2)
    report["by_step"]["baselines"]["mean"]["mae"] = [None, None]
    drawn(plots.horizon(report))
    report["by_step"]["mae"] = [None, None]
    assert any(text.endswith("cannot be told") for text in drawn(plots.horizon(report)))


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ([1.0, 2.0, 1.5], "is 1 one step ahead and at most 2, at step 2"),
        ([3.0, 2.0, 1.5], "is largest one step ahead: 3"),
        ([2.0, 2.0, 2.0], "is 2 at every step"),
        ([None, 2.0, 3.0], "is 2 at step 2 and at most 3, at step 3"),
        ([None, 2.0, None], "is 2 at step 2"),
        ([None] * 3, "cannot be told"),
    ],
)
def test_the_headline_holds_for_every_course(errors, said):
    report = report_of(horizon=3)
    report["by_step"]["mae"] = errors
    headline = plots.horizon(report).texts[0].get_text().replace("\n", " ")
    assert headline == f"The error (MAE, target 0) {said}"


@pytest.mark.parametrize(("steps", "least"), [(9, 9), (24, 5), (30, 5), (96, 5)])
def test_the_axis_is_numbered_however_long_a_season_is(drawn, steps, least):
    report = {**report_of(horizon=steps), "season": 24}
    figure = plots.horizon(report)
    drawn(figure)
    low, high = figure.axes[0].get_xlim()
    assert sum(low <= tick <= high for tick in figure.axes[0].get_xticks()) >= least
