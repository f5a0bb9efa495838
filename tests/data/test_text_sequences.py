"""Texts as sequences, before and after there is a codec."""

import numpy as np
import pandas as pd
import pytest
import torch

from elman.data.sequences import as_sequences
from elman.data.text_sequences import are_texts, as_texts
from elman.data.words import as_words
from elman.errors import DataError, ShapeError


def lengths_of_words(text):
    return np.array([len(word) for word in text.split()], dtype=np.int64)


def test_ids_stand_beside_the_texts_that_were_given():
    texts = as_texts(["to be", "", "or not to be"])
    assert (texts.values.shape, texts.lengths.tolist()) == ((3, 0), [0, 0, 0])
    assert (texts.sizes.tolist(), texts.unit) == ([5, 0, 12], "character")
    read = texts.encoded(lengths_of_words)
    assert read.values.tolist() == [[2, 2, 0, 0], [0, 0, 0, 0], [2, 3, 2, 2]]
    assert read.lengths.tolist() == [2, 0, 4]
    some = read.select([2, 0])
    assert some.texts.tolist() == ["or not to be", "to be"]
    assert (some.one(1), some.lengths.tolist()) == ("to be", [4, 2])
    assert [*texts.contents()] == [*read.contents()] == [b"to be", b"", b"or not to be"]
    assert as_texts(read) is read
    assert [*as_texts(["\ud800"]).contents()] == [b"\xed\xa0\x80"]


@pytest.mark.parametrize(
    "X",
    [["a"], ("a", "b"), np.array(["a"]), np.array(["a"], object), pd.Series(["a"]), [None, "a"]],
)
def test_lists_arrays_and_columns_are_texts(X):
    assert are_texts(X)


@pytest.mark.parametrize(
    "X",
    ["a", [], [["a"]], np.zeros(3), np.zeros((2, 3, 1)), torch.zeros(3, requires_grad=True),
     pd.DataFrame({"a": ["b"]}), as_sequences(np.zeros((2, 3, 1))), None, 3, [np.zeros(2)]],
    ids=str,
)  # fmt: skip
def test_other_things_are_none(X):
    assert not are_texts(X)


@pytest.mark.parametrize(
    ("X", "error", "said"),
    [
        ("a", ShapeError, "a list of texts"),
        ([], ShapeError, "found no texts"),
        (["a", 3], DataError, r"X\[1\]: found 3"),
        (["a", float("nan")], DataError, r"X\[1\]: found nan"),
        ([b"a"], DataError, r"X\[0\]: found b'a'"),
        (b"ab", ShapeError, "X: found b'ab'; a list of texts"),
        ({"a": "b"}, ShapeError, "a list of texts"),
    ],
)
def test_what_is_no_text_is_named(X, error, said):
    with pytest.raises(error, match=said):
        as_texts(X)


def test_where_features_are_needed_it_is_said_who_reads_texts_and_words():
    with pytest.raises(ShapeError, match="found texts; features; a Classifier reads texts"):
        as_sequences(as_texts(["to be"]))
    with pytest.raises(ShapeError, match="found words; features; a Tagger reads words"):
        as_sequences(as_words([["to", "be"]]))
