"""The laws of every codec: back and forth, parts, files, hashes, refusals, memory."""

import itertools
import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import ArgumentError, BundleError
from elman.transforms.text import (
    Characters,
    Steps,
    Words,
    codec_from_tensors,
    require_codec,
)
from elman.transforms.text.codec import TextCodec, slices
from elman.transforms.text.steps import LONGEST, chunks

# Letters that compose, spaces of all kinds, NUL, halves of surrogate pairs, signs, digits.
TEXT = st.text(
    st.characters() | st.sampled_from("ab é\u0301\u00a0\u3000\t\n\r\0\ud83d\ude00'1.,中\u200d👍🏽"),
    max_size=20,
)
KINDS = ["characters", "words", "plain words", "subwords", "unigram", "bpe"]


@pytest.fixture(params=KINDS)
def codec(request, codecs) -> TextCodec:
    return codecs[request.param]


@given(text=TEXT)
def test_ids_are_of_the_vocabulary_and_pieces_are_theirs(codecs, text):
    for codec in codecs.values():
        ids = codec.encode(text)
        assert ids.dtype == np.int64
        assert ids.ndim == 1
        assert ((ids >= 0) & (ids < len(codec))).all()
        assert len(codec.pieces(text)) == len(ids)


@given(text=TEXT)
def test_what_loses_nothing_gives_the_text_back(codecs, text):
    assert codecs["subwords"].losses() == ()
    assert codecs["subwords"].decode(codecs["subwords"].encode(text)) == text
    known = Characters.fit([text])
    assert known.decode(known.encode(text)) == text
    if not any("\ud800" <= one <= "\udfff" or one == "\u2581" for one in text):
        kept = codecs["bpe"]  # spaces are kept, nothing is normalised, the unknown is bytes
        assert kept.decode(kept.encode(text)) == text


@given(text=TEXT)
def test_what_is_decoded_has_the_same_ids(codecs, text):
    for name in ("characters", "plain words"):
        codec = codecs[name]
        ids = codec.encode(text)
        if codec.unknown not in ids:
            assert codec.encode(codec.decode(ids)).tolist() == ids.tolist()


@given(st.lists(TEXT, max_size=4))
def test_parts_give_the_ids_of_the_whole(codecs, parts):
    for codec in codecs.values():
        streamed = [one for ids in codec.stream(parts) for one in ids.tolist()]
        assert streamed == codec.encode("".join(parts)).tolist()


def test_the_interface_is_met(codec):
    assert isinstance(codec, TextCodec)
    assert len(codec.tokens) == len(codec)
    assert all(isinstance(sentence, str) and sentence for sentence in codec.losses())
    assert f"{len(codec):,}" in codec.describe()
    assert codec.encode("").shape == (0,)
    assert codec.decode([]) == ""
    assert codec.decode(np.zeros(0, np.int64)) == ""


def test_eos_ends_a_text_and_go_writes_nothing(codec):
    ids = codec.encode("the dog")
    ended = [codec.go, *ids.tolist(), codec.eos, *ids.tolist()]
    assert codec.decode(ended) == codec.decode(ids) != ""


def test_no_text_spells_a_special_token(codec):
    for token in ("<unk>", "<go>", "<s>", "<eos>", "</s>", "[NUM]", "[URL]"):
        ids = codec.encode(f"a {token} {token}b").tolist()
        assert codec.go not in ids
        assert codec.eos not in ids
        if isinstance(codec, Words):
            assert not set(codec.placeholders.values()) & set(ids)


def test_the_model_file_keeps_a_codec(codec):
    again = codec_from_tensors(codec.tensors())
    assert again == codec
    assert again.hash == codec.hash
    assert again.encode("the dogs, 42").tolist() == codec.encode("the dogs, 42").tolist()
    assert all(array.dtype in (np.uint8, np.int64) for array in codec.tensors().values())


def test_a_codec_is_pickled_without_what_it_remembers(codec):
    before = len(pickle.dumps(codec))
    codec.encode("some words that it had not met before")
    assert len(pickle.dumps(codec)) == before
    assert pickle.loads(pickle.dumps(codec)).hash == codec.hash


def test_each_codec_has_a_hash_of_its_own(codecs):
    hashes = {codec.hash for codec in codecs.values()}
    assert len(hashes) == len(KINDS)
    steps = [Steps(), Steps(lower=True), Steps(form=None), Steps(cut="spaces")]
    assert len({Words.fit(["a b"], steps=one).hash for one in steps}) == len(steps)


def test_another_codec_is_refused_by_both_hashes(codecs):
    mine, other = codecs["words"], codecs["characters"]
    require_codec(mine, mine.hash)
    with pytest.raises(ArgumentError) as caught:
        require_codec(other, mine.hash)
    assert mine.hash in str(caught.value)
    assert other.hash in str(caught.value)


@pytest.mark.parametrize(
    ("ids", "where"),
    [([1, 10**6], r"ids\[1\]"), ([-1], r"ids\[0\]"), ([0.5], "ids"), ([[1]], "ids")],
)
def test_ids_that_are_none_are_named(codec, ids, where):
    with pytest.raises(ArgumentError, match=where):
        codec.decode(ids)


def test_what_is_no_text_is_refused(codec):
    for wrong in (b"a", None, 3, ["a"]):
        with pytest.raises(ArgumentError, match="text"):
            codec.encode(wrong)
    with pytest.raises(ArgumentError, match="parts"):
        list(codec.stream(["a", b"b"]))


def test_damaged_tensors_are_a_damaged_bundle(codec):
    sound = codec.tensors()
    for name in sound:
        with pytest.raises(BundleError):
            codec_from_tensors({k: v for k, v in sound.items() if k != name})
        with pytest.raises(BundleError):
            codec_from_tensors(sound | {name: sound[name][:-1]})
    with pytest.raises(BundleError, match="kind"):
        codec_from_tensors({"settings": np.frombuffer(b'{"kind":"other"}', np.uint8)})


# A line of a gigabyte would take minutes. Instead: a line without an end gives its first ids after
# a bounded number of its parts, and what is held does not grow with the line.


@pytest.mark.parametrize("name", ["characters", "words", "plain words", "subwords"])
def test_a_line_without_end_gives_ids_as_it_comes(codecs, name):
    taken = itertools.count()
    line = (next(taken) >= 0 and "the quick dogs, " * 500 for _ in itertools.repeat(None))
    for _ in itertools.islice(codecs[name].stream(line), 3):
        pass
    assert next(taken) < 100


def test_a_word_without_end_comes_in_pieces():
    word = (f"{letter}" * 999 for letter in itertools.cycle("ab"))
    found = list(itertools.islice(chunks(word), 3))
    assert [len(one) for one in found] == [LONGEST] * 3
    whole = "".join(itertools.islice((letter * 999 for letter in itertools.cycle("ab")), 40))
    assert "".join(found) == whole[: 3 * LONGEST]
    assert [len(one) for one in chunks(["x" * (LONGEST + 1), " y"])] == [LONGEST, 1, 1]


@pytest.mark.parametrize("name", ["characters", "words", "subwords"])
def test_memory_does_not_grow_with_the_line(codecs, name):
    def most(parts: int) -> int:
        tracemalloc.start()
        try:
            for _ in codecs[name].stream("the quick dogs, " * 500 for _ in range(parts)):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    most(8)  # what is remembered
    short, long = most(16), most(64)
    assert long < short + 50_000


def test_slices_are_bounded_and_whole():
    parts = ["a" * 200_000, "", "b"]
    assert "".join(slices(parts)) == "".join(parts)
    assert max(map(len, slices(parts))) <= 2**16


@given(text=TEXT)
def test_every_token_has_its_place_in_order(codecs, text):
    for codec in codecs.values():
        places = codec.places(text)
        assert places.dtype == np.int64
        assert places.shape == (len(codec.encode(text)), 2)
        assert ((places >= 0) & (places <= len(text))).all()
        assert (places[:, 0] <= places[:, 1]).all()
        assert (np.diff(places, axis=0) >= 0).all()
    pieces, places = codecs["plain words"].pieces(text), codecs["plain words"].places(text)
    assert pieces == [text[first:last] for first, last in places]


def test_a_place_holds_the_token_without_the_blanks_around_it(codecs):
    def told(name: str, text: str) -> list[str]:
        return [text[first:last] for first, last in codecs[name].places(text)]

    assert told("words", "the  dogs again") == ["the", "dogs", "again"]
    assert told("subwords", "the  dogs é中") == ["the", " ", "dog", "s", " ", "é", "中", "中", "中"]
    for name in ("unigram", "bpe"):  # of a text that begins with a space of the codec's own, too
        assert "".join(told(name, "the dog again")).replace(" ", "") == "thedogagain"
    # In a chunk that is changed before it is cut, nobody knows which character stands where.
    assert codecs["words"].places("a e\u0301\u0301,x 3.5").tolist() == [
        [0, 1], [2, 7], [2, 7], [2, 7], [8, 11]
    ]  # fmt: skip
