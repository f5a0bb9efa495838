"""Reading a digit: image and probabilities row by row, and where the answer settled."""

import numpy as np
import pytest

from elman import plots
from elman.errors import ArgumentError, ShapeError
from tests.plots.shapes import overlapping

IMAGE = np.random.default_rng(0).random((8, 8))


def belief(leads, classes=10, sure=0.7):
    """Probabilities `[T, classes]` in which `leads[t]` leads after step t."""
    table = np.full((len(leads), classes), (1 - sure) / (classes - 1))
    table[np.arange(len(leads)), leads] = sure
    return table


def dashed(ax):
    return [line.get_ydata()[0] for line in ax.get_lines() if line.get_linestyle() == "--"]


def test_image_and_probabilities_stand_side_by_side_row_by_row(drawn):
    probabilities = belief([3, 3, 2, 3, 2, 2, 2, 2])
    figure = plots.reading(IMAGE, probabilities, range(10), 2)
    texts = drawn(figure)
    left, right, _ = figure.axes
    np.testing.assert_array_equal(left.images[0].get_array(), IMAGE)
    np.testing.assert_array_equal(right.images[0].get_array(), probabilities)
    assert left.get_ylim() == right.get_ylim() == (7.5, -0.5)
    assert left.get_window_extent().y0 == pytest.approx(right.get_window_extent().y0)
    assert left.get_window_extent().y1 == pytest.approx(right.get_window_extent().y1)
    assert dashed(left) == dashed(right) == [3.5]
    assert "“2”, predicted correctly (70.0 %)" in texts
    assert any(text.startswith("“2” led from row 5 of 8 on.") for text in texts)
    bold = [t.get_text() for t in right.get_xticklabels() if t.get_fontweight() == "bold"]
    assert bold == ["2"]
    assert overlapping(figure, right.get_xticklabels()) == []


def test_an_image_keeps_its_proportions():
    for shape in ((8, 8), (28, 28), (30, 15)):
        figure = plots.reading(np.eye(*shape), belief([1] * shape[0]), range(10), 1)
        figure.canvas.draw()
        box = figure.axes[0].get_window_extent()
        assert box.width / box.height == pytest.approx(shape[1] / shape[0], rel=0.12)


def test_a_wrong_answer_names_both_classes(drawn):
    figure = plots.reading(IMAGE, belief([9] * 8), range(10), 4)
    texts = drawn(figure)
    assert "“4”, taken for “9” (70.0 %)" in texts
    assert any(text.startswith("“9” led from the first row on.") for text in texts)
    assert dashed(figure.axes[0]) == []


def test_the_time_of_a_series_runs_to_the_right(drawn):
    series = np.stack([np.sin(np.arange(3000) / 50), np.cos(np.arange(3000) / 50)], axis=1)
    labels = ["walking", "běží", "Ω"]
    leads = np.repeat([0, 1], 1500)
    figure = plots.reading(
        series, belief(leads, 3), labels, "běží", feature_names=["left foot", "right foot"]
    )
    texts = drawn(figure)
    above, below = figure.axes[:2]
    np.testing.assert_array_equal(above.lines[1].get_ydata(), series[:, 1])
    np.testing.assert_array_equal(above.lines[1].get_xdata(), np.arange(3000))
    assert above.get_xlim() == below.get_xlim()
    np.testing.assert_array_equal(below.images[0].get_array(), belief(leads, 3).T)
    bold = [t.get_text() for t in below.get_yticklabels() if t.get_fontweight() == "bold"]
    assert bold == ["běží"]
    assert below.get_xlabel() == "step"
    assert {"left foot", "right foot"} <= set(texts)
    assert any(text.startswith("“běží” led from step 1501 of 3000") for text in texts)


def test_features_with_names_are_no_image(drawn):
    wide = np.random.default_rng(0).random((9, 12))
    figure = plots.reading(
        wide, belief([1] * 9, 3), range(3), 1, feature_names=[f"sensor {k}" for k in range(12)]
    )
    assert {"Input", "sensor 0", "sensor 11"} <= set(drawn(figure))
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), wide.T)


def test_an_answer_that_is_no_answer(drawn):
    equal = np.full((4, 2), 0.5)
    texts = drawn(plots.reading(np.arange(4.0), equal, ["a", "b"], "a"))
    assert "“a”, left undecided: “a”, “b” (50.0 % each)" in texts
    assert not any("led" in text for text in texts)


@pytest.mark.parametrize("classes", [2, 26, 30])
def test_two_to_thirty_classes(drawn, classes):
    labels = [f"class {k}" for k in range(classes)]
    figure = plots.reading(IMAGE, belief([1] * 8, classes), labels, "class 1")
    drawn(figure)
    assert overlapping(figure, figure.axes[1].get_xticklabels()) == []


def test_one_step(drawn):
    texts = drawn(plots.reading(np.array([2.0]), belief([0], 2), ["a", "b"], "a"))
    assert any("from the first step on" in text for text in texts)


def test_arguments_are_checked():
    with pytest.raises(ShapeError, match="probabilities"):
        plots.reading(IMAGE, belief([0] * 7), range(10), 1)
    with pytest.raises(ShapeError, match="probabilities"):
        plots.reading(IMAGE, belief([0] * 8), range(9), 1)
    with pytest.raises(ArgumentError, match="true"):
        plots.reading(IMAGE, belief([0] * 8), range(10), 11)
    with pytest.raises(ShapeError, match="sequence"):
        plots.reading(IMAGE[None], belief([0] * 8), range(10), 1)
