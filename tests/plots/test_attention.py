"""The attention over two sentences: what is drawn, and what the words around it say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elman import plots
from elman.errors import ShapeError

READ, WRITTEN = ["the", "old", "house"], ["la", "vieille", " ", "maison", "<eos>"]
WEIGHTS = np.array([[0.9, 0.1, 0], [0.2, 0.7, 0.1], [0.4, 0.3, 0.3], [0, 0, 1], [0.34, 0.33, 0.33]])


def test_the_weights_are_what_is_drawn():
    figure = plots.attention(READ, WRITTEN, WEIGHTS)
    ax: Any = figure.axes[0]
    assert np.allclose(ax.images[0].get_array(), WEIGHTS)
    assert ax.images[0].get_clim() == (0, 1)
    assert [label.get_text() for label in ax.get_xticklabels()] == READ
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["la", "vieille", "␣", "maison", "<eos>"]
    said = [text.get_text() for text in figure.texts]
    assert said[0] == "3 of 5 written tokens look mostly at one that was read"


def test_of_long_sentences_the_beginning_is_shown_and_said():
    weights = np.full((100, 90), 1 / 90)
    figure = plots.attention(["a"] * 90, ["b"] * 100, weights)
    ax: Any = figure.axes[0]
    assert ax.images[0].get_array().shape == (80, 80)
    said = " ".join(" ".join(text.get_text() for text in figure.texts).split())
    assert "Shown are the first 80 of 100 written and 80 of 90 read tokens." in said


def test_weights_of_other_sentences_are_refused():
    with pytest.raises(ShapeError, match=r"weights: shape \(5, 3\) beside 4 written and 3 read"):
        plots.attention(READ, WRITTEN[:4], WEIGHTS)
    with pytest.raises(ShapeError, match="both at least 1"):
        plots.attention([], [], np.zeros((0, 0)))
