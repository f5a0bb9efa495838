"""Quality by length: what is drawn, and what the words around it say."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from elman import plots
from elman.errors import ShapeError

LENGTHS, COUNTS = [(1, 4), (5, 5), (6, 20)], [10, 12, 9]
SCORES = {"this model": [60.0, 50.0, 25.5], "copying the source": [3.0, 1.0, 0.0]}


def test_scores_and_counts_are_what_is_drawn():
    figure = plots.quality_by_length(LENGTHS, COUNTS, SCORES)
    above, below = cast("list[Any]", figure.axes)
    drawn = {
        str(line.get_label()): np.asarray(line.get_ydata()).tolist() for line in above.get_lines()
    }
    assert drawn == SCORES
    assert [bar.get_height() for bar in below.patches] == COUNTS
    assert [label.get_text() for label in below.get_xticklabels()] == ["1–4", "5", "6–20"]
    said = [text.get_text() for text in figure.texts]
    assert said[0] == "BLEU is 60.0 at 1–4 words and 25.5 at 6–20"
    assert said[1] == "31 sentences in all."


def test_one_range():
    figure = plots.quality_by_length([(3, 3)], [5], {"this model": [0.0]}, score_name="chrF2")
    assert figure.texts[0].get_text() == "chrF2 is 0.0 at every length"
    assert figure.axes[0].get_legend() is None


def test_a_range_without_a_score_is_a_gap():
    figure = plots.quality_by_length(LENGTHS, COUNTS, {"this model": [None, 50.0, 25.5]})
    (line,) = cast("list[Any]", figure.axes[0].get_lines())
    assert np.isnan(line.get_ydata()).tolist() == [True, False, False]
    assert figure.texts[0].get_text() == "BLEU is 50.0 at 5 words and 25.5 at 6–20"
    figure = plots.quality_by_length([(3, 3)], [5], {"this model": [None]})
    assert figure.texts[0].get_text() == "BLEU tells nothing at any length"


def test_what_does_not_fit_is_refused():
    with pytest.raises(ShapeError, match="counts: 2 of them for 3 ranges"):
        plots.quality_by_length(LENGTHS, COUNTS[:2], SCORES)
    with pytest.raises(ShapeError, match="this model: 1 of them"):
        plots.quality_by_length(LENGTHS, COUNTS, {"this model": [1.0]})
    with pytest.raises(ShapeError, match="0 ranges, 1 scores"):
        plots.quality_by_length([], [], {"this model": []})
