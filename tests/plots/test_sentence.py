"""Reading a text: its words, and the probabilities after each."""

import numpy as np
import pytest

from elman import plots
from elman.errors import ArgumentError, ShapeError
from tests.plots.shapes import overlapping

WORDS = "a film that begins well , and then forgets what it is about"
WORDS = WORDS.split()


def belief(shares):
    return np.stack([np.asarray(shares), 1 - np.asarray(shares)], axis=1)


def test_words_stand_below_the_probability_after_them(drawn):
    shares = np.linspace(0.9, 0.2, len(WORDS))
    figure = plots.sentence(WORDS, belief(shares), ["good", "bad"], "bad")
    texts = drawn(figure)
    (ax,) = figure.axes
    assert [one.get_text() for one in ax.texts] == WORDS
    assert overlapping(figure, ax.texts) == []
    (line, _) = (patch for patch in ax.patches if hasattr(patch, "get_data"))
    np.testing.assert_allclose(line.get_data().values, 1 - shares)
    assert "“bad”, predicted correctly (80.0 %)" in texts


def test_a_wrong_answer_has_the_true_class_beside_it(drawn):
    figure = plots.sentence(WORDS, belief([0.6] * len(WORDS)), ["good", "bad"], "bad")
    texts = drawn(figure)
    assert "“bad”, taken for “good” (60.0 %)" in texts
    assert any("the orange one that of “bad”" in text for text in texts)


def test_a_text_takes_lines_and_a_long_one_is_a_curve(drawn):
    many = WORDS * 6
    figure = plots.sentence(many, belief([0.6] * len(many)), ["good", "bad"])
    assert len(figure.axes) > 3
    assert sum(len(ax.texts) for ax in figure.axes) == len(many)
    long = WORDS * 200
    shares = np.where(np.arange(len(long)) < 900, 0.3, 0.8)
    figure = plots.sentence(long, belief(shares), ["good", "bad"])
    assert len(figure.axes) == 1
    said = " ".join(drawn(figure)).replace("\n", " ")
    assert f"“{long[900]}” (901: +0.50)" in said


def test_what_does_not_fit_is_an_error():
    with pytest.raises(ShapeError, match="T ≥ 1"):
        plots.sentence([], np.zeros((0, 2)), ["a", "b"])
    with pytest.raises(ShapeError, match="3 words"):
        plots.sentence(["a"] * 3, np.ones((2, 2)), ["a", "b"])
    with pytest.raises(ArgumentError, match="true"):
        plots.sentence(["a"], np.ones((1, 2)), ["a", "b"], "c")


def test_words_of_any_script_and_signs_of_formulas():
    words = ["$x$", "é", "было", "a" * 80, "\n", "\\n"]
    figure = plots.sentence(words, belief([0.5] * 6), ["a", "b"], theme="dark")
    figure.canvas.draw()
