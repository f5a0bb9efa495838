"""Models of sentencepiece: the same ids and the same texts as sentencepiece gives."""

import random
import struct

import numpy as np
import pytest

from elman.errors import BundleError, FormatError
from elman.transforms.text import SentencePieces

TEXTS = [
    "the dogs saw the best of all dogs", "a cat, a dog; again and again", "été naïve œuvre ﬁn",
    "in the end the cats won", "東京 中文", "one two  three...", "----- 00000 !!!!",
]  # fmt: skip
DRAWS = random.Random(0)
SIGNS = "abcdest  thgo.'!…½²0-\u00a0\u3000\u0301é\u2581\u200bｱﾞ中東\x01\t\n😀"
DRAWN = ["".join(DRAWS.choices(SIGNS, k=DRAWS.randrange(16))) for _ in range(300)]
EDGES = ["", " ", "  ", "\n", "<s>", "a </s> b", "<unk>", "<0x41>", "\u2581\u2581", "[NUM]x[NUM] "]
SAME = ["0" * 9, "-" * 12, "a" * 14, "." * 30, "dogs" * 40]

KINDS = {
    "unigram": {},
    "bytes": {"byte_fallback": True, "vocab_size": 360},
    "identity": {"normalization_rule_name": "identity"},
    "spaces kept": {"remove_extra_whitespaces": False, "add_dummy_prefix": False},
    "case folded": {"normalization_rule_name": "nmt_nfkc_cf"},
    "suffix": {"treat_whitespace_as_suffix": True},
    "over spaces": {"split_by_whitespace": False},
    "user's own": {"user_defined_symbols": ["[NUM]", "the", "  ", "é"]},
    "other ids": {"unk_id": 3, "bos_id": 0, "eos_id": 1, "pad_id": 2, "control_symbols": ["<a>"]},
}


@pytest.mark.parametrize("algorithm", ["unigram", "bpe"])
@pytest.mark.parametrize("name", KINDS)
def test_ids_and_texts_are_those_of_sentencepiece(name, algorithm, sentencepiece_model):
    spm = pytest.importorskip("sentencepiece")
    options = {"vocab_size": 110, "model_type": algorithm} | KINDS[name]
    content = sentencepiece_model(TEXTS * 4, **options)
    theirs = spm.SentencePieceProcessor(model_proto=content)
    codec = SentencePieces(content)
    assert list(codec.tokens) == [theirs.id_to_piece(one) for one in range(len(theirs))]
    assert (codec.unknown, codec.go, codec.eos) == (
        theirs.unk_id(), theirs.bos_id(), theirs.eos_id(),
    )  # fmt: skip
    for text in [*TEXTS, *DRAWN, *EDGES, *SAME, "".join(DRAWN)]:
        ids = theirs.encode(text)
        assert codec.encode(text).tolist() == ids, text
        assert codec.decode(ids) == theirs.decode(ids), text
    for _ in range(300):
        ids = [DRAWS.randrange(len(codec)) for _ in range(6)]
        if codec.eos not in ids:
            assert codec.decode(ids) == theirs.decode(ids), ids


@pytest.mark.parametrize("algorithm", ["unigram", "bpe"])
def test_a_long_text_is_worked_on_in_parts(algorithm, sentencepiece_model, monkeypatch):
    spm = pytest.importorskip("sentencepiece")
    content = sentencepiece_model(TEXTS * 4, vocab_size=100, model_type=algorithm)
    theirs = spm.SentencePieceProcessor(model_proto=content)
    codec = SentencePieces(content)
    assert codec._segmenter.by_word
    monkeypatch.setattr("elman.transforms.text.sentence_pieces.segmenting._TOGETHER", 50)
    text = " ".join([*TEXTS, *DRAWN])
    assert codec.encode(text).tolist() == theirs.encode(text)


def test_pieces_that_are_not_used_are_cut_again(sentencepiece_model):
    spm = pytest.importorskip("sentencepiece")
    content = sentencepiece_model(TEXTS * 4, vocab_size=100, model_type="bpe")
    theirs = spm.SentencePieceProcessor(model_proto=content)
    content = without(content, "\u2581the", "\u2581dog", "st")
    limited = spm.SentencePieceProcessor(model_proto=content)
    codec = SentencePieces(content)
    changed = 0
    for text in TEXTS:
        assert codec.encode(text).tolist() == limited.encode(text)
        changed += limited.encode(text) != theirs.encode(text)
    assert changed


def without(content: bytes, *pieces: str) -> bytes:
    """A model whose pieces are said to be unused: a field more, of which the last counts."""
    for piece in pieces:
        name = piece.encode()
        place = content.index(b"\x0a" + bytes([len(name)]) + name)
        start = place - 2
        length = content[place - 1]
        entry = content[place : place + length] + b"\x18\x05"
        content = (
            content[:start] + b"\x0a" + bytes([len(entry)]) + entry + content[place + length :]
        )
    return content


def test_half_a_surrogate_pair_is_a_replacement_character(codecs):
    codec = codecs["bpe"]
    assert codec.decode(codec.encode("a\ud800b")) == "a\ufffdb"


def test_spaces_between_words_come_back(sentencepiece_model):
    content = sentencepiece_model(["Donnerstag, dem 25. September 2003, (1)"] * 3, vocab_size=60)
    codec = SentencePieces(content)
    text = "dem 25. September 2003, (1)"
    assert codec.decode(codec.encode(text)) == text


def field(number: int, content: bytes) -> bytes:
    """A field of a message."""
    return bytes([number << 3 | 2, len(content)]) + content


def piece(name: bytes, kind: int = 1, score: float = 0.0) -> bytes:
    told = field(1, name) + b"\x15" + struct.pack("<f", score) + bytes([0x18, kind])
    return field(1, told)


SOUND = piece(b"<unk>", 2) + piece(b"a") + piece(b"\xe2\x96\x81")


def test_a_model_by_hand_is_read():
    codec = SentencePieces(SOUND)
    assert codec.encode("a aba").tolist() == [2, 1, 2, 1, 0, 1]
    assert (codec.go, codec.eos) == (None, None)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (SOUND[:-1], "cut"),
        (SOUND[: len(SOUND) // 2], "cut"),
        (SOUND + b"\x0b", "kind 3"),
        (SOUND + b"\xff" * 12, "does not end"),
        (SOUND + piece(b"a"), "'a'"),
        (SOUND + piece(b""), "piece 3"),
        (SOUND + piece(b"\0"), "piece 3"),
        (SOUND + piece(b"\xff"), "UTF-8"),
        (SOUND + piece(b"b", 2), "2 unknown"),
        (SOUND + piece(b"b", 9), "kinds"),
        (SOUND + piece(b"b", 1, float("nan")), "nan"),
        (piece(b"a"), "0 unknown"),
        (SOUND + field(2, b"\x18\x03"), "'word'"),
        (SOUND + field(2, bytes([0x98, 0x02, 1])), "bytes"),
        (SOUND + field(3, field(2, b"\x10\0\0\0abc")), "rules"),
        (SOUND + field(5, field(2, b"rules")), "denormalizer"),
        (SOUND + b"\x08\x01", "field 1"),
    ],
)
def test_damage_is_named(content, word, tmp_path):
    (tmp_path / "spm.model").write_bytes(content)
    with pytest.raises(FormatError) as caught:
        SentencePieces.read(tmp_path / "spm.model")
    assert word in str(caught.value)
    assert "spm.model" in str(caught.value)
    tensors = SentencePieces(SOUND).tensors() | {"file": np.frombuffer(content, np.uint8)}
    with pytest.raises(BundleError):
        SentencePieces.from_tensors(tensors)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FormatError, match="absent"):
        SentencePieces.read(tmp_path / "absent.model")


def test_damaged_rules_end_in_an_answer_or_an_error(sentencepiece_model):
    sound = sentencepiece_model(TEXTS * 4, vocab_size=100)
    draws = random.Random(3)
    for _ in range(60):
        content = bytearray(sound)
        for _ in range(draws.randrange(1, 40)):
            content[draws.randrange(len(content))] = draws.randrange(256)
        try:
            codec = SentencePieces(bytes(content))
            ids = codec.encode("été ﬁ\u3000 the dogs 東京")
            codec.decode(ids)
        except FormatError:
            continue
