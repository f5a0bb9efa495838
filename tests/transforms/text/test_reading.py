"""A codec out of a file: of Elman's, of before, of other tools."""

import numpy as np
import pytest

from elman.bundle import pack_strings
from elman.errors import BundleError, FormatError
from elman.transforms.text import (
    Characters,
    SentencePieces,
    Subwords,
    Words,
    codec_from_tensors,
    read_codec,
)


def former(tokens: list[str], by: int) -> dict[str, np.ndarray]:
    """A vocabulary as files had it before there were steps."""
    return {**pack_strings(["<unk>", "<go>", "<eos>", *tokens]), "by": np.array([by])}


def test_a_vocabulary_of_before_is_read():
    characters = codec_from_tensors(former(["a", " ", "\n"], 0))
    assert isinstance(characters, Characters)
    assert characters.decode(characters.encode("a \n")) == "a \n"
    words = codec_from_tensors(former(["can't,", "3", "[NUM]", "e\u0301"], 1))
    assert isinstance(words, Words)
    assert words.encode("can't,\u00a03 [NUM]\ne\u0301 x").tolist() == [3, 4, 5, 6, 0]
    assert words.decode([3, 4]) == "can't, 3"
    assert codec_from_tensors(words.tensors()) == words


@pytest.mark.parametrize(
    "damage", [{"by": np.array([2])}, {"by": np.array([0.5])}, {"bytes": np.zeros(3, np.uint8)}]
)
def test_a_damaged_vocabulary_of_before_is_refused(damage):
    with pytest.raises(BundleError):
        codec_from_tensors(former(["a"], 0) | damage)
    with pytest.raises(BundleError):
        codec_from_tensors(former(["ab"], 0))
    with pytest.raises(BundleError):
        codec_from_tensors({})


def test_the_content_tells_the_kind_of_a_file(tmp_path, codecs):
    codecs["subwords"].write(tmp_path / "any.name")
    assert isinstance(read_codec(tmp_path / "any.name"), Subwords)
    (tmp_path / "other.name").write_bytes(codecs["unigram"].content)
    assert isinstance(read_codec(tmp_path / "other.name"), SentencePieces)


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"<unk>\n", b'{"model": ', b"\n\xff\xff", b"{}"]
)
def test_other_files_are_refused_by_name(tmp_path, content):
    (tmp_path / "codec.bin").write_bytes(content)
    with pytest.raises(FormatError, match=r"codec\.bin"):
        read_codec(tmp_path / "codec.bin")
    if content.startswith(b"<unk>"):
        with pytest.raises(FormatError, match=r"of a vocabulary as the codec Words\(Vocabulary"):
            read_codec(tmp_path / "codec.bin")
    with pytest.raises(FormatError, match="absent"):
        read_codec(tmp_path / "absent")
