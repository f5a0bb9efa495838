"""Texts as characters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import ArgumentError, BundleError
from elman.transforms.text import Characters, Vocabulary
from elman.transforms.text.codec import EOS, GO, UNKNOWN


@given(st.lists(st.text(st.characters(), max_size=20), max_size=5))
def test_characters_come_back_exactly(written):
    codec = Characters.from_tensors(Characters.fit(written).tensors())
    for text in written:
        ids = codec.encode(text)
        assert codec.decode(ids) == text
        assert len(ids) == len(text)
        assert "".join(codec.pieces(text)) == text


def test_unknown_characters_have_an_id_of_their_own():
    codec = Characters.fit(["ab"])
    assert codec.encode("aXb\U0010ffff\ud800").tolist() == [3, UNKNOWN, 4, UNKNOWN, UNKNOWN]
    assert codec.decode([GO, 3, UNKNOWN, 4, EOS, 3]) == "a<unk>b"
    assert any("<unk>" in sentence for sentence in codec.losses())


def test_limits_hold_and_nothing_is_a_codec_too():
    assert Characters.fit(["bbbaac"], size=5).tokens[3:] == ("b", "a")
    assert Characters.fit(["bbbaac"], min_count=2).tokens[3:] == ("b", "a")
    assert Characters.fit([]).encode("a").tolist() == [UNKNOWN]


@pytest.mark.parametrize(
    ("texts", "word"), [("one text", "texts"), ([3], r"texts\[0\]"), (3, "texts"), (b"a", "texts")]
)
def test_texts_are_checked(texts, word):
    with pytest.raises(ArgumentError, match=word):
        Characters.fit(texts)


def test_a_token_of_several_characters_is_damage():
    words = Vocabulary.from_counts({"ab": 1})
    with pytest.raises(BundleError, match="'ab'"):
        Characters.of(words)
    with pytest.raises(BundleError, match="settings"):
        Characters.from_tensors({**words.tensors(), "settings": np.frombuffer(b"{}", np.uint8)})
