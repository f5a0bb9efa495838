"""The words that were tagged wrongly: counts, totals and what the headline says."""

from __future__ import annotations

import pytest

from elman import plots
from elman.errors import ShapeError
from tests.plots.shapes import overlapping

WORDS = ["that", "that", "that", "that", "to", "to", "The", "that"]
TRUE = ["S", "S", "S", "D", "P", "P", "D", "S"]
SAID = ["D", "D", "S", "S", "T", "P", "D", "X"]


def test_mistakes_are_counted_by_word_and_both_tags(drawn):
    figure = plots.mistagged(WORDS, TRUE, SAID)
    texts = drawn(figure)
    assert "5 of 8 words were tagged wrongly (62.5 %)" in texts
    names = [text for text in texts if " → " in text and "tag it" not in text]
    assert names == ["that   S → D", "that   D → S", "to   P → T", "that   S → X"]
    assert [bar.get_width() for bar in figure.axes[0].patches] == [2, 1, 1, 1]
    assert "2 of 4 (50.0 %)" in texts
    assert "1 of 1 (100 %)" in texts
    assert overlapping(figure, figure.axes[0].get_yticklabels()) == []


def test_of_very_many_the_most_frequent_are_shown(drawn):
    words = [f"w{n}" for n in range(60)]
    texts = drawn(plots.mistagged(words, ["A"] * 60, ["B"] * 60))
    assert any("The 16 most frequent of 60 kinds of mistakes" in text for text in texts)
    assert "w15   A → B" in texts
    assert "w16   A → B" not in texts


def test_shapes_are_checked():
    for words, true, said in ((["a"], ["A"], []), ([], [], []), (["a"], ["A", "B"], ["A"])):
        with pytest.raises(ShapeError, match="mistagged"):
            plots.mistagged(words, true, said)
