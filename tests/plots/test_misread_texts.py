"""The texts that were misread: which, in which order, how much of them."""

from __future__ import annotations

import numpy as np
import pytest

from elman import plots
from elman.errors import ShapeError

TEXTS = ["a fine film", "so dull", "long " * 500, " \n ", "fun"]
TRUE = ["+", "-", "-", "+", "+"]
SAID = ["-", "-", "+", "-", "+"]
CHANCES = np.array([[0.6, 0.4], [0.9, 0.1], [0.05, 0.95], [0.7, 0.3], [0.2, 0.8]])


def test_the_most_confident_mistake_comes_first_with_its_text(drawn):
    texts = drawn(plots.misread_texts(TEXTS, TRUE, SAID, CHANCES))
    assert "3 of 5 texts were predicted wrongly (60.0 %)" in texts
    pairs = [text for text in texts if " → " in text and "class" not in text]
    assert pairs == ["- → +", "+ → -", "+ → -"]
    at = texts.index
    assert at("95.0 %") < at("70.0 %") < at("60.0 %")
    assert "a fine film" in texts
    assert "(no words)" in texts
    (long,) = (text for text in texts if text.startswith("long"))
    assert long.count("\n") == 2
    assert long.endswith("…")


def test_only_the_first_are_shown_where_there_are_many(drawn):
    many = drawn(plots.misread_texts(TEXTS * 20, TRUE * 20, SAID * 20, np.tile(CHANCES, (20, 1))))
    assert sum(text == "95.0 %" for text in many) == 12
    assert any("The 12 most confident mistakes: true class" in text for text in many)


@pytest.mark.parametrize("chances", [CHANCES[:4], CHANCES[:, 0]])
def test_shapes_are_checked(chances):
    with pytest.raises(ShapeError, match="misread texts"):
        plots.misread_texts(TEXTS, TRUE, SAID, chances)
