"""The rates of several labels: counts, shares, and what the headline says."""

from __future__ import annotations

import numpy as np
import pytest

from elman import plots
from elman.errors import ShapeError
from tests.plots.shapes import overlapping

TRUE = np.array([[1, 0, 0], [1, 1, 0], [1, 1, 0], [0, 1, 0]])
SAID = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 1, 0]])


def test_found_missed_and_said_wrongly_of_each_label(drawn):
    figure = plots.rates(TRUE, SAID, ["fever", "cough", "rare"])
    texts = drawn(figure)
    ax = figure.axes[0]
    found, missed, wrongly = ([bar.get_width() for bar in bars] for bars in ax.containers)
    assert (found, missed, wrongly) == ([2, 2, 0], [1, 1, 0], [1, 0, 0])
    assert {"fever", "cough", "rare", "found", "missed", "said wrongly"} <= set(texts)
    assert "66.7 % found, 66.7 % of the said right" in texts
    assert "none found, none of the said right" in texts
    assert "2 of 4 sequences have all their labels right (50.0 %)" in texts
    assert "Of each label 66.7 % was found. Never said: rare." in texts
    assert overlapping(figure, ax.get_yticklabels()) == []


def test_of_very_many_labels_the_most_frequent_are_drawn(drawn):
    true = np.tril(np.ones((60, 60), int))
    texts = drawn(plots.rates(true, true, [f"label {k}" for k in range(60)]))
    assert "The 40 most frequent of 60 labels are drawn." in " ".join(texts)
    assert {"label 0", "label 39"} <= set(texts)
    assert "label 40" not in texts


@pytest.mark.parametrize(
    ("true", "said", "names"),
    [([[1]], [[1, 0]], ["a"]), ([1], [1], ["a"]), ([[1, 0]], [[1, 0]], ["a"])],
)
def test_shapes_are_checked(true, said, names):
    with pytest.raises(ShapeError):
        plots.rates(true, said, names)
