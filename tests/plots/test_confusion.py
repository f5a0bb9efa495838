"""The confusion matrix, from 2 to very many classes."""

import numpy as np
import pytest

from elman import plots
from elman.errors import ShapeError
from elman.plots.themes import contrast
from tests.plots.shapes import overlapping


def cells(figure):
    """Text by (row, column)."""
    return {
        (int(text.get_position()[1]), int(text.get_position()[0])): text.get_text()
        for text in figure.axes[0].texts
        if text.get_text() != "found"
    }


def names(figure):
    ax = figure.axes[0]
    return [text.get_text() for text in ax.get_yticklabels()]


def test_counts_shares_and_finding(drawn):
    matrix = np.array([[480, 20, 0], [3, 97, 0], [0, 0, 0]])
    figure = plots.confusion(matrix, ["no", "yes", "maybe"])
    texts = drawn(figure)
    assert cells(figure) == {(0, 0): "480", (0, 1): "20", (1, 0): "3", (1, 1): "97"}
    assert {"96.0 % of 500", "97.0 % of 100", "none"} <= set(texts)
    assert "96.2 % of 600 were predicted correctly" in texts
    assert "The most frequent mistake: no taken for yes, 20 times." in texts
    ax = figure.axes[0]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    assert names(figure) == ["no", "yes", "maybe"]


def test_hits_are_blue_mistakes_orange_and_empty_cells_white():
    pixels = plots.confusion(np.array([[9, 1], [0, 5]]), [0, 1]).axes[0].images[0].get_array()
    red, _, blue = np.moveaxis(np.asarray(pixels), 2, 0)
    assert blue[0, 0] > red[0, 0]
    assert red[0, 1] > blue[0, 1]
    assert (pixels[1, 0] == 1).all()
    assert red[1, 1] < red[0, 0]  # all of a class found: the fullest blue


@pytest.mark.parametrize("size", [2, 10, 30])
@pytest.mark.parametrize("name", ["{}", "klasse Größe {}"])
def test_nothing_overlaps_from_2_to_30_classes(drawn, size, name):
    draw = np.random.default_rng(size)
    matrix = draw.poisson(0.4, (size, size)) + np.diag(draw.integers(1, 20_000, size))
    figure = plots.confusion(matrix, [name.format(k) for k in range(size)])
    drawn(figure)
    assert len(cells(figure)) == (matrix > 0).sum()
    assert overlapping(figure, figure.axes[0].texts) == []
    assert overlapping(figure, figure.axes[0].get_xticklabels()) == []
    assert overlapping(figure, figure.axes[0].get_yticklabels()) == []
    assert min(text.get_fontsize() for text in figure.axes[0].texts) >= 5


def test_no_mistake_at_all(drawn):
    texts = drawn(plots.confusion(np.diag([5, 7]), ["Ж", "ß"]))
    assert "100 % of 12 were predicted correctly" in texts
    assert "No class was taken for another." in texts


def test_nearly_perfect_is_not_called_perfect(drawn):
    texts = drawn(plots.confusion(np.array([[99_999, 1], [0, 100_000]]), ["a", "b"]))
    assert "> 99.9 % of 200,000 were predicted correctly" in texts
    assert "The most frequent mistake: a taken for b, once." in texts


def test_beyond_30_classes_the_shades_remain(drawn):
    figure = plots.confusion(np.eye(120, dtype=int), [f"k{k}" for k in range(120)])
    drawn(figure)
    assert cells(figure) == {}
    assert figure.axes[0].images[0].get_array().shape == (120, 120, 3)
    assert overlapping(figure, figure.axes[0].get_yticklabels()) == []


def test_one_class_and_an_empty_matrix(drawn):
    assert "100 % of 3 were predicted correctly" in drawn(plots.confusion([[3]], ["x"]))
    assert "Nothing was predicted" in drawn(plots.confusion(np.zeros((2, 2), int), ["x", "y"]))


def test_long_names_are_shortened(drawn):
    figure = plots.confusion(np.eye(12, dtype=int), [f"{k} {'long ' * 20}" for k in range(12)])
    drawn(figure)
    assert all(name.endswith("…") for name in names(figure))


@pytest.mark.parametrize("matrix", [np.zeros((2, 3)), np.zeros(2), np.zeros((3, 3))])
def test_shapes_are_checked(matrix):
    with pytest.raises(ShapeError, match="matrix"):
        plots.confusion(matrix, ["a", "b"])


def told(matrix, labels="abcd"):
    figure = plots.confusion(matrix, [*labels[: len(matrix)]])
    return figure.texts[1].get_text().replace("\n", " ")


def test_equally_frequent_mistakes_are_told_as_such():
    assert told([[5, 2, 0], [2, 5, 1], [0, 0, 5]]) == (
        "The most frequent mistakes: a taken for b, b taken for a, 2 times each."
    )
    assert told([[5, 1, 1], [1, 5, 1], [1, 1, 5]]) == "6 different mistakes, once each."
    assert told([[5, 2, 2], [2, 5, 2], [1, 0, 5]]) == (
        "No mistake stands out: 4 of them were made 2 times each, none more."
    )


def test_a_class_that_is_never_predicted_is_named():
    assert told([[5, 0, 0], [3, 0, 0], [0, 0, 0]]).endswith("3 times. Never predicted: b.")
    assert "Never predicted: b, c, d." in told([[9, 0, 0, 0]] + [[1, 0, 0, 0]] * 3)


def test_numbers_stand_in_ink_that_is_read():
    figure = plots.confusion([[1, 99], [60, 40]], ["a", "b"])
    shades = figure.axes[0].images[0].get_array()
    for text in figure.axes[0].texts:
        if text.get_text() != "found":
            column, row = map(int, text.get_position())
            assert contrast(text.get_color(), tuple(shades[row, column])) > 3.9


def test_large_counts_are_short_and_an_empty_name_is_a_word(drawn):
    matrix = np.array([[1_519_600, 13_000_000], [2, 12_345_678]])
    texts = drawn(plots.confusion(matrix, ["", "x"], counted="steps"))
    assert {"1.52M", "13M", "10.5 % of 14.5M"} <= set(texts)
    assert not any("e+" in text for text in texts)
    assert "51.6 % of 26,865,280 steps were predicted correctly" in texts
    assert "The most frequent mistake: (no name) taken for x, 13M times." in texts


def test_many_equal_mistakes_are_told_plainly(drawn):
    matrix = np.full((5, 5), 8) + np.diag(np.full(5, 20))
    matrix[0, 1] = 3
    texts = drawn(plots.confusion(matrix, list("abcde")))
    assert "No mistake stands out: 19 of them were made 8 times each, none more." in texts
