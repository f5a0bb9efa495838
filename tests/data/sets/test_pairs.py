"""Pairs of texts by name: counts, parts that share no sentence, what a wrong name is told."""

from __future__ import annotations

import unicodedata

import pytest

from elman.data.sets.pairs import load_pairs, pair_names
from elman.errors import ArgumentError, DataError

# name: (training pairs, test sources)
FACTS = {"dates": (20_000, 2_000), "tatoeba_fra_eng": (164_225, 2_000)}


def letters(text: str) -> str:
    """A sentence without form, case and punctuation."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return " ".join("".join(c for c in plain if unicodedata.category(c)[0] != "P").split())


def test_every_set_is_tested():
    assert set(FACTS) == set(pair_names())


@pytest.mark.parametrize("name", sorted(FACTS))
def test_both_parts(name, real_data):
    train, test = (load_pairs(name, part) for part in (None, "test"))
    assert (len(train), len(test)) == FACTS[name]
    assert len(set(test.source)) == len(test)
    assert not {letters(text) for text in test.source} & {letters(text) for text in train.source}
    assert train.name == test.name == name
    assert all(len(right) == 1 for right in train.references)
    with pytest.raises(ArgumentError, match="'train' or 'test'"):
        load_pairs(name, "dev")
    with pytest.raises(ArgumentError, match="source_column: does not apply to"):
        load_pairs(name, source_column="en")


def test_sentences_have_all_their_translations(real_data):
    test = load_pairs("tatoeba_fra_eng", "test")
    assert 1.3 < sum(map(len, test.references)) / len(test) < 1.6
    assert [right[0] for right in test.references] == list(test.target)
    train = load_pairs("tatoeba_fra_eng")
    pairs = zip(train.source, train.target, strict=True)
    assert {french for english, french in pairs if english == "Run!"} == {
        "Cours !",
        "Courez !",
    }  # with blanks, which break
    assert any("had no-break spaces, read as blanks" in note for note in train.notes)
    assert len({letters(text) for text in test.source}) == len(test)
    assert any("in case or punctuation alone" in note for note in test.notes)


def test_files_are_read_as_pairs(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("hi\tsalut\nrun\tcours\n", encoding="utf-8")
    assert load_pairs(str(path)).target == ("salut", "cours")
    with pytest.raises(ArgumentError, match="has no parts"):
        load_pairs(str(path), "test")


def test_a_wrong_name_is_told_the_right_one():
    with pytest.raises(ArgumentError, match="did you mean dates"):
        load_pairs("date")
    with pytest.raises(DataError, match=r"'mnist': has no pairs of texts; one of dates, tatoeba"):
        load_pairs("mnist")
    with pytest.raises(DataError, match="no such file"):
        load_pairs("nothing.tsv")
