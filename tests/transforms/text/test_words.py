"""Texts as words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import ArgumentError, BundleError
from elman.transforms.text import Steps, Vocabulary, Words
from elman.transforms.text.codec import EOS, UNKNOWN

PLAIN = Steps(form=None, cut="spaces", numbers=False, addresses=False)


@given(st.lists(st.text(st.characters(), max_size=20), max_size=5))
def test_words_come_back_with_single_spaces(written):
    codec = Words.from_tensors(Words.fit(written, steps=PLAIN).tensors())
    for text in written:
        assert codec.decode(codec.encode(text)) == " ".join(text.split())


def test_numbers_and_addresses_have_ids_and_are_not_counted():
    codec = Words.fit(["3 4 5 cats at http://a.org http://b.org cats"], size=7)
    assert codec.tokens == ("<unk>", "<go>", "<eos>", "[NUM]", "[URL]", "cats", "at")
    assert codec.placeholders == {"[NUM]": 3, "[URL]": 4}
    text = "99 cats, [NUM] www.x.org"
    assert codec.encode(text).tolist() == [3, 5, 0, 0, 0, 0, 4]
    assert codec.pieces(text) == ["[NUM]", "cats", ",", "[", "NUM", "]", "[URL]"]
    assert codec.decode([3, 5, EOS, 5]) == "[NUM] cats"


def test_a_spelled_placeholder_is_a_word_like_others():
    steps = Steps(cut="spaces")
    codec = Words.fit(["[NUM] [NUM] 7"], steps=steps)
    assert codec.encode("[NUM] 7").tolist() == [5, 3]
    assert Words.fit(["x"], steps=steps).encode("[NUM] <eos>").tolist() == [UNKNOWN, UNKNOWN]


def test_an_unknown_word_is_an_id_and_no_error():
    codec = Words.fit(["known"])
    assert codec.encode("never met").tolist() == [UNKNOWN] * 2
    assert codec.decode(codec.encode("never")) == "<unk>"
    assert codec.losses()[0].startswith("a word outside")


def test_a_hard_space_is_no_word():
    codec = Words.fit(["a\u00a0b \u00a0 c"])
    assert codec.tokens[5:] == ("a", "b", "c")
    assert len(codec.encode("\u00a0")) == 0


def test_words_that_are_typed_differently_are_one():
    codec = Words.fit(["été"])
    assert codec.encode("e\u0301te\u0301").tolist() == codec.encode("été").tolist() == [5]


def test_vocabulary_and_steps_have_to_agree():
    with pytest.raises(ArgumentError, match="steps"):
        Words(Vocabulary.from_counts({"a": 1}), Steps())
    sound = Words.fit(["a"]).tensors()
    other = Words.fit(["a"], steps=PLAIN).tensors()
    with pytest.raises(BundleError):
        Words.from_tensors(sound | {"settings": other["settings"]} | {"offsets": np.zeros(1)})
    with pytest.raises(BundleError, match="steps"):
        Words.from_tensors(sound | {"settings": np.frombuffer(b'{"kind":"words"}', np.uint8)})
