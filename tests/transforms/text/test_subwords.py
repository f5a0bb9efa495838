"""Byte-level subwords: the law of coming back, and the same ids as `tokenizers`."""

import bz2
import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.errors import BundleError, FormatError
from elman.transforms.text import EOS, GO, UNKNOWN, Subwords
from elman.transforms.text.byte_pairs.tokenizer_file import to_data
from elman.transforms.text.subwords import ALPHABET, cut_at_words
from tests.transforms.text.small import SMALL

MIXED = st.text(
    st.characters() | st.sampled_from("the dogs'll  \u00a0\u3000\n\t12½é\u0301\0中"), max_size=30
)


def theirs(codec: Subwords):
    """The tokenizer of a codec's file, in whose texts no special token is spelled, as in ours."""
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps(to_data(codec.plan)))
    tokenizer.encode_special_tokens = True
    return tokenizer


@pytest.fixture(scope="module")
def expected():
    """What `tokenizers` makes of the small codec's file."""
    return theirs(SMALL)


@given(st.text(st.characters(), max_size=40))
def test_every_text_comes_back(text):
    assert SMALL.decode(SMALL.encode(text)) == text


@given(MIXED, st.integers(0, 99))
def test_a_text_that_is_cut_at_random_comes_back(text, seed):
    found = SMALL.encode_at_random(text, 0.5, np.random.default_rng(seed))
    assert SMALL.decode(found) == text
    plain = SMALL.encode_at_random(text, 0.0, np.random.default_rng(seed))
    assert plain.tolist() == SMALL.encode(text).tolist()


@settings(max_examples=300)
@given(MIXED)
def test_ids_are_those_of_tokenizers(expected, text):
    sound = text.encode("utf-8", "replace").decode()
    ids = expected.encode(sound).ids
    assert SMALL.encode(sound).tolist() == ids
    assert SMALL.decode(ids) == sound


def lines_of(data: Path) -> list[str]:
    """Each 90th line of two corpora: pairs of sentences, and the pages of an encyclopedia."""
    with gzip.open(data / "tatoeba_fra_eng" / "fra.txt.gz", "rt", encoding="utf-8") as file:
        pairs = file.read().split("\n")
    name = data / "enwiki_mini" / "enwiki_mini_pages.xml.bz2"
    with bz2.open(name, "rt", encoding="utf-8") as file:
        pages = file.read().split("\n")
    return [*pairs[::90], *pages[::90]]


def test_the_lines_of_a_corpus_have_the_ids_of_tokenizers(real_data):
    lines = lines_of(real_data)
    codec = Subwords.fit(lines[::3], size=2_000)
    tokenizer = theirs(codec)
    for line in lines:
        ids = codec.encode(line)
        assert ids.tolist() == tokenizer.encode(line).ids, line
        assert codec.decode(ids) == line
    whole = "\n".join(lines)
    assert codec.encode(whole).tolist() == tokenizer.encode(whole).ids
    parts = (whole[start : start + 777] for start in range(0, len(whole), 777))
    assert np.concatenate(list(codec.stream(parts))).tolist() == codec.encode(whole).tolist()


@pytest.mark.parametrize("text", ["a" * 40_000, "the" * 9_000, " " * 20_000, "é\u0301" * 9_000])
def test_a_word_of_any_length_has_the_ids_of_tokenizers(expected, text):
    assert SMALL.encode(text).tolist() == expected.encode(text).ids


def test_fitting_gives_the_same_codec_and_the_usual_ids():
    pytest.importorskip("tokenizers")
    texts = ["the dog saw the dogs", "again\ud800 and again"]
    codec, again = (Subwords.fit(texts, size=270) for _ in range(2))
    assert codec.hash == again.hash
    assert (codec.unknown, codec.go, codec.eos) == (UNKNOWN, GO, EOS) == (0, 1, 2)
    assert len(codec) == 270
    assert set(ALPHABET) <= set(codec.plan.tokens)
    assert codec.decode(codec.encode("\ud800\udc00 \U0001f600")) == "\ud800\udc00 \U0001f600"


def test_a_merge_has_to_occur_often_enough():
    pytest.importorskip("tokenizers")
    once = Subwords.fit(["abab xyz"], size=400)
    twice = Subwords.fit(["abab xyz"], size=400, min_count=2)
    assert ("x", "y") in once.plan.merges
    assert twice.plan.merges == (("a", "b"),)


def test_spaces_come_back_as_they_were():
    for text in ("a  b", " a", "a ", "hello !", "25. September", "it 's", "\n\n a\r\n"):
        assert SMALL.decode(SMALL.encode(text)) == text
        assert "".join(SMALL.pieces(text)) == text


def test_ids_that_are_no_text_become_replacement_characters():
    byte = SMALL.plan.tokens.index(ALPHABET[0xE9])
    assert SMALL.decode([byte]) == "\ufffd"
    assert SMALL.tokens[byte] == "\\xe9"
    assert SMALL.decode([UNKNOWN]) == "<unk>"


def test_the_file_is_read_by_both(tmp_path):
    SMALL.write(tmp_path / "again.json")
    assert Subwords.read(tmp_path / "again.json") == SMALL
    tokenizer = pytest.importorskip("tokenizers").Tokenizer.from_file(str(tmp_path / "again.json"))
    assert tokenizer.encode("the dogs").ids == SMALL.encode("the dogs").tolist()


def test_no_package_is_needed_to_encode(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    assert SMALL.pieces("the dogs again") == ["the", " dog", "s", " again"]
    assert SMALL.decode(SMALL.encode("the dogs again")) == "the dogs again"


def test_a_text_is_cut_between_words_only():
    assert list(cut_at_words(iter("to be"))) == ["to", " be"]
    assert "".join(cut_at_words(["a b", "c  d\u00a0e", ". f"])) == "a bc  d\u00a0e. f"
    assert list(cut_at_words(["a  b", " 1 2"])) == ["a  b 1 2"]


def test_damage_in_a_bundle_is_named():
    sound = SMALL.tensors()
    file = json.loads(sound["file"].tobytes())
    file["model"]["type"] = "WordPiece"
    damaged = sound | {"file": np.frombuffer(json.dumps(file).encode(), np.uint8)}
    with pytest.raises(BundleError, match="WordPiece"):
        Subwords.from_tensors(damaged)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b'{"a": 1, "a": 2}', b"[" * 10**5])
def test_other_files_are_refused_by_name(tmp_path, content):
    (tmp_path / "tokenizer.json").write_bytes(content)
    with pytest.raises(FormatError, match=r"tokenizer\.json"):
        Subwords.read(tmp_path / "tokenizer.json")
