"""The vocabulary: ids, special tokens, limits, and the model file."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import ArgumentError, BundleError
from elman.transforms import Vocabulary
from elman.transforms.vocabulary import EOS, GO, UNKNOWN

texts = st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=5)


@given(texts)
def test_characters_come_back_exactly(written):
    vocabulary = Vocabulary.from_texts(written)
    again = Vocabulary.from_tensors(vocabulary.tensors())
    assert again == vocabulary
    for text in written:
        ids = again.encode(text)
        assert ids.dtype == np.int64
        assert again.decode(ids) == text
        assert len(ids) == len(text)


@given(texts)
def test_words_come_back_with_single_spaces(written):
    vocabulary = Vocabulary.from_texts(written, by="words")
    again = Vocabulary.from_tensors(vocabulary.tensors())
    for text in written:
        assert again.decode(again.encode(text)) == " ".join(text.split())


def test_frequent_tokens_come_first_and_limits_hold():
    sample = ["c c c b b a a d"]
    assert Vocabulary.from_texts(sample, "words").tokens[3:] == ("c", "a", "b", "d")
    assert Vocabulary.from_texts(sample, "words", max_size=5).tokens[3:] == ("c", "a")
    assert Vocabulary.from_texts(sample, "words", min_count=2).tokens[3:] == ("c", "a", "b")
    assert len(Vocabulary.from_texts([])) == 3


def test_unknown_tokens_have_an_id_of_their_own():
    vocabulary = Vocabulary.from_texts(["ab"])
    assert vocabulary.encode("aXb").tolist() == [3, UNKNOWN, 4]
    assert vocabulary.decode([3, UNKNOWN, 4]) == "a<unk>b"


def test_decode_ends_at_eos_and_does_not_write_go():
    vocabulary = Vocabulary.from_texts(["ab"])
    assert vocabulary.decode([GO, 3, EOS, 4]) == "a"
    assert vocabulary.decode([]) == ""


def test_a_text_cannot_spell_a_special_token():
    vocabulary = Vocabulary.from_texts(["stop <eos> here"], by="words")
    assert EOS not in vocabulary.encode("stop <eos> here")
    assert vocabulary.decode(vocabulary.encode("stop <eos> here")) == "stop <eos> here"
    other = Vocabulary.from_texts(["stop here"], by="words")
    assert other.encode("<eos> <go>").tolist() == [UNKNOWN, UNKNOWN]


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: Vocabulary.from_texts("one text"), "texts"),
        (lambda: Vocabulary.from_texts([3]), "text"),
        (lambda: Vocabulary.from_texts(["a"], max_size=3), "max_size"),
        (lambda: Vocabulary.from_texts(["a"], min_count=0), "min_count"),
        (lambda: Vocabulary.from_texts(["a"], by="lines"), "by"),
        (lambda: Vocabulary(("a",), "words"), "tokens"),
        (lambda: Vocabulary.from_texts(["a"]).decode([4]), "ids"),
        (lambda: Vocabulary.from_texts(["a"]).encode(b"a"), "text"),
    ],
)
def test_arguments_are_checked(call, word):
    with pytest.raises(ArgumentError, match=word):
        call()


def test_damaged_tensors_are_a_damaged_bundle():
    sound = Vocabulary.from_texts(["ab"]).tensors()
    for name in sound:
        with pytest.raises(BundleError, match="vocabulary"):
            Vocabulary.from_tensors({k: v for k, v in sound.items() if k != name})
    twice = sound["bytes"].copy()
    twice[-1] = twice[-2]
    for damage in ({"by": np.array([2])}, {"bytes": twice}, {"bytes": sound["bytes"][::-1].copy()}):
        with pytest.raises(BundleError, match="vocabulary"):
            Vocabulary.from_tensors(sound | damage)
