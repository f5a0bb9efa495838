"""The texts of the catalogue by name: counts, parts, and what a wrong name is told."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data import load_tagged, load_texts
from elman.data.sets.texts import tagged_names, text_names
from elman.errors import ArgumentError, DataError

# name: (training, test, classes)
FACTS = {
    "movie_reviews/sentences": (8530, 2132, 2),
    "movie_reviews/reviews": (1600, 400, 2),
    "names_by_language": (14409, 3603, 18),
}


def test_every_set_is_tested():
    assert set(FACTS) == set(text_names())


@pytest.mark.parametrize("name", sorted(FACTS))
def test_both_parts(name, real_data):
    train, test, whole = (load_texts(name, part) for part in (None, "test", "all"))
    assert (len(train), len(test)) == FACTS[name][:2]
    assert len(whole) == len(train) + len(test)
    assert set(train.ids) | set(test.ids) == set(whole.ids)
    assert whole.labels is not None
    assert len(np.unique(whole.labels)) == FACTS[name][2]
    assert train.name == name
    with pytest.raises(ArgumentError, match="'train', 'test' or 'all'"):
        load_texts(name, "dev")
    with pytest.raises(ArgumentError, match="does not apply to"):
        load_texts(name, text="review")


def test_how_they_begin(real_data):
    assert load_texts("movie_reviews/sentences", "all").texts[0].startswith("simplistic , silly")
    reviews = load_texts("movie_reviews/reviews", "all")
    assert reviews.ids[-1] == "pos/cv999_13106.txt"
    assert max(len(text.split()) for text in reviews.texts) == 2678
    names = load_texts("names_by_language", "all")
    assert names.texts[0] == "Khoury"
    assert "left out that a language has twice" in names.notes[0]


def test_the_treebank(real_data):
    for part, count, words in (("dev", 2001, 25_147), ("test", 2077, 25_094)):
        data = load_tagged("ud_english_ewt", part)
        assert len(data) == count
        assert sum(map(len, data.words)) == words
        assert data.tags is not None
        assert len({tag for row in data.tags for tag in row}) == 17
    assert tagged_names() == ("ud_english_ewt",)
    with pytest.raises(ArgumentError, match="'train', 'dev' or 'test'"):
        load_tagged("ud_english_ewt", "all")


def test_files_are_read_too(tmp_path):
    (tmp_path / "t.txt").write_text("a\nb\n")
    assert load_texts(tmp_path / "t.txt").texts == ("a", "b")
    (tmp_path / "t.conll").write_text("a X\n")
    assert load_tagged(tmp_path / "t.conll").tags == [["X"]]
    with pytest.raises(ArgumentError, match="has no parts"):
        load_tagged(tmp_path / "t.conll", "test")


def test_a_set_that_is_another_one():
    with pytest.raises(DataError, match="use movie_reviews/reviews or movie_reviews/sentences"):
        load_texts("movie_reviews")
    with pytest.raises(DataError, match="elman data show stocks"):
        load_tagged("stocks")
    with pytest.raises(DataError, match="no such file"):
        load_texts("nowhere")
