"""Sequences of words."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data import LabelledSequences
from elman.data.words import Lexicon, WordSequences, are_words, as_words
from elman.errors import DataError, ShapeError
from elman.runtime.seen import Seen

SENTENCES = [["to", "be"], [], ["New York", "is", "to", "be\u00a0"]]


def test_words_there_and_back():
    found = as_words(SENTENCES)
    assert found.texts() == SENTENCES
    assert found.lengths.tolist() == [2, 0, 4]
    assert found.features is None
    assert found.select([2, 0]).texts() == [SENTENCES[2], SENTENCES[0]]
    assert found.by_step().texts() == [[word] for row in SENTENCES for word in row]


def test_a_lexicon_is_shared_or_another_takes_its_place():
    lexicon = Lexicon()
    first, second = as_words([["a", "b"]], lexicon), as_words([["b", "c"]], lexicon)
    assert second.values.tolist() == [[1, 2]]
    assert as_words(first, lexicon) is first
    other = Lexicon()
    other.numbers(["c", "x"])
    moved = as_words(second, other)
    assert moved.texts() == second.texts()
    assert moved.lexicon is other
    assert as_words(as_words([[]]), other).texts() == [[]]


def test_what_was_seen_is_known_by_its_words_not_by_their_numbers():
    seen = Seen.of(as_words([["a", "b"], ["ab"], []]))
    found, _ = seen.among(as_words([["x"], ["ab"], ["a", "b"], ["a"], ["a:1", "b"]]))
    assert found.tolist() == [False, True, True, False, False]


def test_written_out_they_are_words():
    labels = np.empty(2, dtype=object)
    labels[:] = [np.array(["A", "B"]), np.array(["B"])]
    data = LabelledSequences(as_words([["to", "be"], ["or"]]), labels, (), ("s", "t"), "here")
    columns = data.to_columns()
    assert columns["word"].tolist() == ["to", "be", "or"]
    assert columns["label"].tolist() == ["A", "B", "B"]


@pytest.mark.parametrize(
    ("X", "wanted"),
    [
        (SENTENCES, True),
        ([[], ["a"]], True),
        ([np.array(["a"])], True),
        ([[1.0, 2.0]], False),
        ([[[1.0], [2.0]]], False),
        (np.zeros((2, 3, 4)), False),
        ([], False),
        ([[]], False),
        (["to be"], True),
    ],
)
def test_what_words_are(X, wanted):
    assert are_words(X) is wanted


@pytest.mark.parametrize(
    ("X", "error", "said"),
    [
        ([], ShapeError, "found no sequences"),
        ("to be", ShapeError, "found 'to be'"),
        ([["a"], "to be"], ShapeError, r"X\[1\]: found the text 'to be'"),
        ([["a"], 3], ShapeError, r"X\[1\]: found 3"),
        ([["a"], ["b", 3]], DataError, r"X\[1\]\[1\]: found 3"),
        ([["a", ""]], DataError, r"X\[0\]\[1\]: found ''"),
        ([["a", None]], DataError, r"X\[0\]\[1\]: found None"),
    ],
)
def test_what_is_refused(X, error, said):
    with pytest.raises(error, match=said):
        as_words(X)


def test_a_lexicon_numbers_words_as_they_come():
    assert isinstance(as_words([["a"]]), WordSequences)
    lexicon = Lexicon()
    assert lexicon.numbers(["b", "a", "b"]).tolist() == [0, 1, 0]
    assert lexicon.words == ["b", "a"]
