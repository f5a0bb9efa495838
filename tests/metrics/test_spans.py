"""Spans and their scores, against examples worked by hand."""

from __future__ import annotations

import pytest

from elman.errors import ShapeError
from elman.metrics.spans import are_spans, span_scores, spans


def found(text: str) -> list[tuple[int, int, str]]:
    return [tuple(span) for span in spans(text.split())]


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        ("", []),
        ("O O", []),
        ("B-A I-A O B-B", [(0, 2, "A"), (3, 4, "B")]),
        ("B-A B-A I-A", [(0, 1, "A"), (1, 3, "A")]),
        # IOB1: B only between two of one type.
        ("I-A I-A B-A O I-B", [(0, 2, "A"), (2, 3, "A"), (4, 5, "B")]),
        ("I-A I-B", [(0, 1, "A"), (1, 2, "B")]),
        # BIOES.
        ("S-A S-A B-B I-B E-B O", [(0, 1, "A"), (1, 2, "A"), (2, 5, "B")]),
        ("B-A E-A B-A E-A", [(0, 2, "A"), (2, 4, "A")]),
        # No scheme: what conlleval makes of it.
        ("E-A E-A I-A", [(0, 1, "A"), (1, 2, "A"), (2, 3, "A")]),
        ("B-A I-B O I-A", [(0, 1, "A"), (1, 2, "B"), (3, 4, "A")]),
        ("S-A I-A", [(0, 1, "A"), (1, 2, "A")]),
        # Without types; a type may hold a hyphen.
        ("B I O B", [(0, 2, ""), (3, 4, "")]),
        ("B-A-1 I-A-1 I-A-2", [(0, 2, "A-1"), (2, 3, "A-2")]),
    ],
)
def test_where_spans_begin_and_end(tags, wanted):
    assert found(tags) == wanted


def test_a_beginning_after_an_end_is_another_span():
    # Scripts in use say F1 1.0 here, beside an accuracy of a half.
    true, said = ["B-M", "E-M", "B-M", "E-M"], ["B-M", "I-M", "I-M", "E-M"]
    scores = span_scores([true], [said])
    assert (scores[""]["true"], scores[""]["found"], scores[""]["right"]) == (2, 1, 0)
    assert scores[""]["f1"] == 0.0


def test_scores_of_all_and_of_each_type():
    true = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-ORG", "O"], []]
    said = [["B-PER", "I-PER", "O", "B-ORG"], ["B-ORG", "B-ORG", "O"], []]
    scores = span_scores(true, said)
    assert list(scores) == ["", "LOC", "ORG", "PER"]
    assert (scores[""]["true"], scores[""]["found"], scores[""]["right"]) == (3, 4, 2)
    assert scores[""]["precision"] == 0.5
    assert scores[""]["recall"] == pytest.approx(2 / 3)
    assert scores[""]["f1"] == pytest.approx(4 / 7)
    assert scores["PER"]["f1"] == 1.0
    assert scores["ORG"]["precision"] == pytest.approx(1 / 3)
    assert scores["LOC"] == {
        "true": 1, "found": 0, "right": 0, "precision": 0.0, "recall": 0.0, "f1": 0.0
    }  # fmt: skip


def test_a_span_does_not_reach_into_the_next_sequence():
    assert span_scores([["B-A"], ["I-A"]], [["B-A"], ["I-A"]])[""]["right"] == 2


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        (["B-A", "I-A", "O"], True),
        (["O", "S-A", "E-A"], True),
        (["O"], False),
        ([], False),
        (["NOUN", "VERB", "O"], False),
        (["B-A", "NOUN"], False),
        (["S", "E", "O"], False),
        (["B", "I", "O"], True),
        ([1, 2], False),
        (["E-mail", "O"], False),
    ],
)
def test_which_tags_are_spans(tags, wanted):
    assert are_spans(tags) is wanted


def test_other_steps_are_refused():
    with pytest.raises(ShapeError, match="found: tags of other steps"):
        span_scores([["O"], ["O", "O"]], [["O"], ["O"]])
