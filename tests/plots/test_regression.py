"""Predicted against true numbers."""

import numpy as np
import pytest

from elman import plots
from elman.errors import ShapeError
from tests.plots.shapes import overlapping


def test_points_errors_and_finding(drawn):
    true, predicted = np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 3, 6])
    figure = plots.regression(true, predicted, ["load (kW)"])
    texts = drawn(figure)
    agreement, residuals = figure.axes
    exact, points = agreement.get_lines()
    assert (exact.get_xdata() == exact.get_ydata()).all()
    np.testing.assert_array_equal(points.get_xydata(), np.stack([true, predicted], axis=1))
    assert agreement.get_xlim() == agreement.get_ylim()
    assert agreement.get_xlabel() == "true load (kW)"
    assert residuals.get_xlabel() == "predicted − true load (kW)"
    assert sum(patch.get_height() for patch in residuals.patches) == 4
    assert "20.0 % of the variance is explained" in texts
    assert "R² = 0.200 over 4 values; typical error (RMSE): load (kW) 1." in texts


def test_worse_than_the_mean_is_said(drawn):
    texts = drawn(plots.regression([1.0, 2, 3], [3.0, 2, 1]))
    assert "The predictions are worse than always giving the mean" in texts


def test_several_targets_have_a_row_each_and_only_four_are_drawn(drawn):
    true = np.random.default_rng(0).normal(size=(3000, 6))
    figure = plots.regression(true[:, :2], true[:, :2])
    texts = drawn(figure)
    assert len(figure.axes) == 4
    assert "true target 2" in texts
    assert len(plots.regression(true, true).axes) == 8


def test_a_perfect_or_single_prediction(drawn):
    assert "The value was predicted exactly" in drawn(plots.regression([2.0], [2.0]))
    drawn(plots.regression([5.0, 5.0], [5.0, 5.0]))


def test_r2_that_is_not_defined_is_not_shown(drawn):
    texts = " ".join(drawn(plots.regression([5.0, 5.0], [5.0, 6.0])))
    assert "R² is not defined over 2 values" in texts
    assert "R² =" not in texts
    both = np.array([[1.0, 5.0], [3.0, 5.0]])
    assert " ".join(drawn(plots.regression(both, both + 1))).count("(R²") == 1


def test_shapes_are_checked():
    with pytest.raises(ShapeError, match="predicted"):
        plots.regression([1.0, 2], [1.0])
    with pytest.raises(ShapeError, match="names"):
        plots.regression([1.0, 2], [1.0, 2], ["a", "b"])


@pytest.mark.parametrize(
    ("true", "predicted", "said"),
    [
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], "Every value was predicted exactly"),
        ([1.0, 2.0, 3.0], [2.0, 2.0, 2.0], "no better than always giving the mean"),
        ([1.0, 1.0], [1.0, 2.0], "The true values are all equal: there is no variance to explain"),
        ([0.0, 1e6], [1.0, 1e6], "> 99.9 % of the variance is explained"),
    ],
)
def test_headlines_that_hold(drawn, true, predicted, said):
    assert any(said in text for text in drawn(plots.regression(true, predicted)))


def test_counts_have_whole_ticks_and_hidden_targets_are_counted(drawn):
    true = np.arange(12.0).reshape(2, 6)
    figure = plots.regression(true, true[::-1])
    texts = drawn(figure)
    assert "2 more targets are not drawn." in " ".join(" ".join(texts).split())
    counts = [text.get_text() for text in figure.axes[1].get_yticklabels()]
    assert all(count.isdigit() for count in counts), counts


def test_long_names_and_far_values_stay_within_their_panels(drawn):
    draws = np.random.default_rng(0)
    true = draws.normal(size=(20, 3)) * [1e3, 1, 1e-6] + [1e9, 0, 0]
    names = [f"a very long name of the target number {k} [kWh per m²]" for k in range(3)]
    figure = plots.regression(true, true[::-1], names)
    texts = drawn(figure)
    renderer = figure.canvas.get_renderer()
    for ax in figure.axes:
        label, panel = ax.yaxis.label.get_window_extent(renderer), ax.get_window_extent(renderer)
        assert label.height <= panel.height
        assert overlapping(figure, ax.get_xticklabels()) == []
        assert not ax.yaxis.get_offset_text().get_text()
    assert any("(R² −" in text for text in texts)
    assert not any("R² -" in text for text in texts)


def test_zero_is_within_a_bar_and_few_values_have_several(drawn):
    figure = plots.regression(np.zeros(20), np.linspace(-1, 1, 20))
    drawn(figure)
    bars = figure.axes[1].patches
    assert len(bars) % 2
    assert len(bars) >= 9
    middle = bars[len(bars) // 2]
    assert middle.get_x() < 0 < middle.get_x() + middle.get_width()
