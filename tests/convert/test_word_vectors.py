"""Files of word vectors: what is kept of them, and what is no such file."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from elman.convert import read_vectors
from elman.errors import DataError, FormatError

WORDS = ("the", "film", "naïve", "new york", "zzz")
VECTORS = np.arange(15, dtype=np.float32).reshape(5, 3) / 7 - 1


def text(header: str = "") -> bytes:
    rows = (f"{w} {' '.join(map(str, v))}" for w, v in zip(WORDS, VECTORS.tolist(), strict=True))
    return (header + "\n".join(rows) + "\n").encode()


def binary(header: str = "5 3\n", between: bytes = b"\n") -> bytes:
    words = (word.replace(" ", "_") for word in WORDS)  # a space ends a word there
    rows = (w.encode() + b" " + v.tobytes() for w, v in zip(words, VECTORS, strict=True))
    return header.encode() + between.join(rows) + between


FORMS = {
    "glove": text(),
    "glove, Windows": text().replace(b"\n", b"\r\n"),
    "word2vec": text("5 3\n"),
    "binary": binary(),
    "binary, gensim": binary(between=b""),
    "packed": gzip.compress(binary()),
    "a mark at the beginning": b"\xef\xbb\xbf" + text("5 3\n"),
    "between tabs": text().replace(b" ", b"\t").replace(b"new\tyork", b"new york"),
    "more than one blank": text().replace(b" ", b"  ", 1).replace(b"\nfilm ", b"\nfilm  "),
}


@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS)
def test_every_form_gives_the_vectors_that_are_wanted(tmp_path, content):
    path = tmp_path / "vectors"
    path.write_bytes(content)
    read = read_vectors(path, ["film", "naïve", "new york", "new_york", "absent"])
    assert (read.width, read.words) == (3, 5)
    assert [word.replace("_", " ") for word in read.found] == ["film", "naïve", "new york"]
    np.testing.assert_array_equal(np.stack([*read.found.values()]), VECTORS[1:4])


BROKEN = {
    "empty": (b"", "it is empty"),
    "no vectors": (b"some words only\n", "none of a word and its numbers"),
    "header too large": (binary("9 3\n"), "vector 6 of 9: the file ends here"),
    "header too small": (binary("4 3\n"), "there is more behind the 4 vectors"),
    "header of another width": (binary("5 4\n"), "5 of 5"),
    "text header too large": (text("6 3\n"), "tells of 6 vectors, and there are 5"),
    "text header too small": (text("4 3\n"), "tells of 4 vectors, and there are 5"),
    "huge header": (binary("5 99999999999\n"), "its header tells of 5 vectors of 99,999,999,999"),
    "no vectors told of": (binary("0 3\n"), "tells of 0 vectors"),
    "fewer numbers": (text() + b"film 1.0\n", "line 6: found 1 numbers"),
    "text header of a smaller width": (text("5 2\n"), "line 2: found 3 numbers behind a word; 2"),
    "more numbers": (text() + b"film 1.5 2 3 4\n", "line 6: found more than 3 numbers"),
    "more numbers of a word not wanted": (b"a .1 .2\nb .1 .2 .3\n", "line 2: found more than 2"),
    "not finite at the beginning": (b"film nan 1 2\n", "line 1: found more than 2"),
    "not finite": (b"the 1 2 3\nfilm nan 1 2\n", "line 2: found a number that is not finite"),
    "no number": (b"the 1 2 3\nfilm a 1 2\n", "line 2: found no number"),
    "cut": (binary()[:-5], "vector 5 of 5: the file ends here"),
    "cut when packed": (gzip.compress(binary())[:-12], "packed stream is damaged"),
}


@pytest.mark.parametrize(("content", "said"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_such_file_is_named(tmp_path, content, said):
    path = tmp_path / "vectors"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=said):
        read_vectors(path, ["film"])


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_vectors(tmp_path / "absent", ["film"])


def test_the_first_of_two_counts(tmp_path):
    path = tmp_path / "vectors"
    path.write_text("a 1 2\na 3 4\n")
    assert read_vectors(path, ["a"]).found["a"].tolist() == [1, 2]


def test_a_word_may_end_in_a_number_that_is_no_vectors(tmp_path):
    path = tmp_path / "vectors"
    path.write_bytes(b"the 0.5 1.5\napollo 11 0.5 2.5\n. . . 1.5 0.5\n")
    read = read_vectors(path, ["apollo 11", ". . ."])
    assert {word: vector.tolist() for word, vector in read.found.items()} == {
        "apollo 11": [0.5, 2.5],
        ". . .": [1.5, 0.5],
    }
