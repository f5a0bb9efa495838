"""Words and their vectors."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

import elman
from elman import Classifier, Tagger
from elman.convert import read_vectors
from elman.errors import ArgumentError, DataError, FormatError, NotFittedError
from elman.runtime import Embeddings
from elman.transforms.text.vocabulary import escaped

WORDS = ("king", "man", "woman", "queen", "film")
VECTORS = np.array([[2, 1, 0], [0, 1, 0], [0, -1, 0], [2, -1, 0.1], [0, 0, 3]], np.float32)
FOUND = Embeddings(WORDS, VECTORS)


def test_neighbours_and_analogies():
    (word, cosine), *others = FOUND.nearest("king")
    assert (word, len(others)) == ("queen", 3)
    assert cosine == pytest.approx(3 / np.sqrt(5 * 5.01))
    assert FOUND.nearest(np.array([0, 0, 1.0]), 1) == [("film", pytest.approx(1))]
    assert FOUND.analogy("man", "king", "woman", 1)[0][0] == "queen"
    with pytest.raises(DataError, match="word 'kign': the model has no vector of it"):
        FOUND.vector("kign")
    with pytest.raises(ArgumentError, match="vector: shape"):
        FOUND.nearest(np.zeros(2))


def test_how_people_judge_pairs(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("# two words\nking\tqueen\t9\nking\tfilm\t1\nman\twoman\t0.5\nking\tcar\t3\n")
    found = FOUND.agreement(path)
    assert found == (pytest.approx(1.0), 3, 4)
    path.write_text("king\tqueen\n")
    with pytest.raises(FormatError, match="line 1"):
        FOUND.agreement(path)
    path.write_text("car\tbus\t3\n")
    assert FOUND.agreement(path) == (None, 0, 1)


PAIRS = [
    ("king", "queen", "9"),
    ("king", "film", "1"),
    ("man", "woman", "0.5"),
    ("king", "car", "3"),
]
SIMLEX = "word1\tword2\tPOS\tSimLex999\tconc(w1)"


@pytest.mark.parametrize("between", ["\t", ",", ";", " "])
@pytest.mark.parametrize("names", ["", "# Word 1, Word 2\n", "Word1{0}Word2{0}Mean\n", "\ufeff"])
def test_pairs_in_the_files_that_there_are(tmp_path, between, names):
    path = tmp_path / "pairs.csv"
    lines = "\r\n".join(between.join(pair) for pair in PAIRS)
    path.write_text(names.format(between) + lines + "\n\n", "utf-8")
    assert FOUND.agreement(path) == (pytest.approx(1.0), 3, 4)


def test_the_first_number_behind_the_words_is_the_score(tmp_path):
    path = tmp_path / "SimLex-999.txt"
    lines = [SIMLEX, *(f"{a}\t{b}\tN\t{score}\t4.2" for a, b, score in PAIRS)]
    path.write_text("\n".join(lines))
    assert FOUND.agreement(path) == (pytest.approx(1.0), 3, 4)
    path.write_text("\n".join([*lines, "king\tman\tN\t\t5"]))
    with pytest.raises(FormatError, match="line 6: found 'king man N  5'"):
        FOUND.agreement(path)
    path.write_bytes("\n".join(lines).encode() + b"\nking\tm\xffn\tN\t1\t1")
    with pytest.raises(FormatError, match="line 6: byte 0xff is no UTF-8"):
        FOUND.agreement(path)
    path.write_text("word1\tword2\tmean\nking\tqueen\thigh\n")  # no line has a number
    with pytest.raises(FormatError, match="line 1"):
        FOUND.agreement(path)


@pytest.mark.parametrize("name", ["wordsim353.tsv", "simlex999.txt"])
def test_the_published_lists(tmp_path, name):
    folder = os.environ.get("ELMAN_DATA")
    if folder is None or not (Path(folder) / "word_similarity").is_dir():
        pytest.skip("ELMAN_DATA names no folder with word_similarity")
    with zipfile.ZipFile(Path(folder) / "word_similarity" / "word_similarity.zip") as packed:
        found = FOUND.agreement(packed.extract(name, tmp_path))
    assert found.pairs == {"wordsim353.tsv": 353, "simlex999.txt": 999}[name]


def test_of_models(tmp_path):
    classifier = Classifier(units=2, embedding=3, epochs=1, validation=None)
    with pytest.raises(NotFittedError):
        elman.embeddings(classifier)
    classifier.fit(["good film", "bad film"] * 3, ["+", "-"] * 3)
    found = elman.embeddings(classifier)
    assert found.words[-3:] == ("film", "bad", "good")
    assert found.vectors.shape == (len(found.words), 3)
    classifier.save(tmp_path / "model.elman")
    np.testing.assert_array_equal(elman.embeddings(tmp_path / "model.elman").vectors, found.vectors)
    tagger = Tagger(units=2, embedding=3, characters=0, epochs=1, min_count=1, validation=None)
    tagger.fit([["a", "cat"], ["a", "dog"]], [["D", "N"], ["D", "N"]])
    found = elman.embeddings(tagger)
    assert found.words[:2] == ("<unk>", "a")
    assert found.vectors.shape == (4, 3)
    features = Classifier(units=2, epochs=1).fit(np.zeros((20, 3, 1)), [0, 1] * 10)
    with pytest.raises(ArgumentError, match="reads no words"):
        elman.embeddings(features)


def test_vectors_that_are_written_are_read_again_whatever_the_words(tmp_path):
    words = (
        "<unk>",
        "New York",
        "two\nlines",
        "a\u00a0b",
        "\\",
        "naïve",
        "\u3000",
        "\ud83d",
        "4 5",
    )
    draws = np.random.default_rng(0)
    vectors = (draws.normal(size=(9, 4)) * [1e-7, 1, 1e6, 1]).astype(np.float32)
    Embeddings(words, vectors).write(tmp_path / "vectors.txt")
    read = read_vectors(tmp_path / "vectors.txt", [escaped(word) for word in words])
    assert (read.words, read.width) == (9, 4)
    for word, vector in zip(words, vectors, strict=True):
        assert (read.found[escaped(word)] == vector).all()


def test_a_model_of_characters_begins_with_vectors_that_another_wrote(tmp_path):
    given = {"codec": "characters", "units": 3, "embedding": 4, "epochs": 1, "validation": None}
    X, y = ["a b\n", "b\u00a0A"] * 6, ["x", "y"] * 6
    one = Classifier(**given).fit(X, y)
    elman.embeddings(one).write(tmp_path / "vectors.txt")
    with pytest.warns(UserWarning, match="9 of 9 tokens begin with their vectors .*other 0 begin"):
        other = Classifier(
            **given, vectors=tmp_path / "vectors.txt", frozen=1, learning_rate=0.1
        ).fit(X, y)
    vectors = [elman.embeddings(each).vectors for each in (one, other)]
    np.testing.assert_array_equal(*vectors)
