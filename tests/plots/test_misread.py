"""The mistakes: which are shown, in which order, and how."""

import numpy as np
import pytest

from elman import plots
from elman.errors import ShapeError
from tests.plots.shapes import overlapping


def shown(figure):
    """(caption, confidence) of each picture that is filled."""
    return [(ax.get_title(loc="left"), ax.get_xlabel()) for ax in figure.axes if ax.axison]


def two_classes(confidence):
    """Probabilities `[N, 2]` whose greater one is `confidence`."""
    return np.stack([confidence, 1 - np.array(confidence)], axis=1)


def test_only_mistakes_the_most_confident_first(drawn):
    images = np.arange(4 * 36.0).reshape(4, 6, 6)
    figure = plots.misread(images, [1, 2, 3, 4], [1, 5, 6, 7], two_classes([0.99, 0.6, 0.9, 0.7]))
    texts = drawn(figure)
    assert shown(figure) == [("3 → 6", "90.0 %"), ("4 → 7", "70.0 %"), ("2 → 5", "60.0 %")]
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), images[2])
    assert "3 of 4 were predicted wrongly (75.0 %)" in texts
    assert any(text.startswith("The most confident first") for text in texts)


def test_at_most_as_many_as_asked_for(drawn):
    images, confidence = np.zeros((50, 8, 8)), np.linspace(0.5, 0.9, 50)
    figure = plots.misread(images, [0] * 50, [1] * 50, two_classes(confidence), most=13)
    texts = drawn(figure)
    assert len(shown(figure)) == 13
    assert any(text.startswith("The 13 most confident mistakes") for text in texts)
    titles = [ax.title for ax in figure.axes] + [ax.xaxis.label for ax in figure.axes]
    assert overlapping(figure, titles) == []


def test_no_mistake_is_a_finding_of_its_own(drawn):
    figure = plots.misread(np.zeros((1200, 8, 8)), [1] * 1200, [1] * 1200, np.ones((1200, 2)))
    assert "All 1,200 were predicted correctly" in drawn(figure)
    assert figure.axes == []


def test_series_are_lines_also_very_long_and_of_different_lengths(drawn):
    series = [np.arange(5000.0), np.ones((3, 2)), np.array([7.0])]
    figure = plots.misread(series, [0, 0, 0], [1, 1, 1], two_classes([0.9, 0.8, 0.7]))
    drawn(figure)
    first, second, third, *_ = figure.axes
    assert not first.images
    np.testing.assert_array_equal(first.lines[0].get_ydata(), np.arange(5000.0))
    assert len(second.lines) == 2
    assert third.lines[0].get_marker() == "o"


def test_long_and_foreign_names_take_two_lines(drawn):
    names = np.array(["Žluťoučký kůň", "Ω"])
    figure = plots.misread(np.zeros((2, 6, 6)), names, names[::-1], two_classes([0.9, 0.8]))
    drawn(figure)
    assert shown(figure)[0][0] == "Žluťoučký kůň\n→ Ω"
    assert shown(figure)[1][0] == "Ω\n→ Žluťoučký kůň"


@pytest.mark.parametrize(
    ("true", "predicted", "probabilities"),
    [([1], [2, 3], np.ones((2, 2))), ([1, 2], [2], np.ones((2, 2))), ([1, 2], [2, 1], np.ones(2))],
)
def test_shapes_are_checked(true, predicted, probabilities):
    with pytest.raises(ShapeError, match="misread"):
        plots.misread(np.zeros((2, 6, 6)), true, predicted, probabilities)
    with pytest.raises(ShapeError, match=r"sequences\[0\]"):
        plots.misread(np.zeros((1, 2, 6, 6)), [1], [2], np.ones((1, 2)))


def test_named_features_are_told_once_and_steps_are_numbered(drawn):
    series = [np.arange(24.0).reshape(12, 2), np.ones((7, 2))]
    names = ["load [kW]", "wind"]
    figure = plots.misread(series, [0, 0], [1, 1], two_classes([0.9, 0.8]), feature_names=names)
    drawn(figure)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == names
    colours = [handle.get_color() for handle in legend.legend_handles]
    assert colours == [line.get_color() for line in figure.axes[0].lines]
    ticks = [[tick.get_text() for tick in ax.get_xticklabels()] for ax in figure.axes[:2]]
    assert ticks == [["step 1", "12"], ["step 1", "7"]]


def test_of_classes_of_steps_each_sequence_shows_its_most_confident_mistake(drawn):
    series = [np.arange(4.0), np.arange(3.0)]
    places = np.array([(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1), (1, 2)])
    predicted = [0, 1, 1, 0, 0, 0, 1]
    chances = two_classes([0.9, 0.6, 0.8, 0.9, 0.9, 0.9, 0.7])
    figure = plots.misread(series, [0] * 7, predicted, chances, places=places)
    texts = drawn(figure)
    assert "3 of 7 steps were predicted wrongly (42.9 %)" in texts
    assert shown(figure) == [("0 → 1", "80.0 %"), ("0 → 1", "70.0 %")]
    marks = [ax.patches[0].get_x() + 0.5 for ax in figure.axes[:2]]
    assert marks == [2, 2]
