"""What may be wrong with data: each kind of trouble is counted, and told where it stands."""

from __future__ import annotations

import json

import numpy as np
import pytest

from elman.data import load, read_tagged, read_texts
from elman.data.doctor import encodings_of, examined, part_of
from elman.transforms.text import Steps

ROWS = [
    ("A fine film", "good"),
    ("A dull film", "bad"),
    ("A fine film", "good"),
    ("a FINE  film", "good"),
    ("A dull film", "good"),
    ("", "bad"),
    ("See www.example.org, 3 times", "good"),
    ("cafe\u0301 \ufffd Ã© \x07", "bad"),
]


@pytest.fixture
def train(tmp_path):
    path = tmp_path / "train.jsonl"
    rows = [json.dumps({"text": text, "label": label}) + "\n" for text, label in ROWS]
    path.write_text("".join(rows))
    return part_of(read_texts(path, drop_empty=True), Steps().words)


@pytest.fixture
def test(tmp_path):
    path = tmp_path / "test.jsonl"
    rows = [("A dull film", "new"), ("Other words", "good"), ("a fine film", "good")]
    path.write_text("".join(json.dumps({"text": t, "label": y}) + "\n" for t, y in rows))
    return part_of(read_texts(path), Steps().words)


def test_texts(train):
    found = examined(train, vocabulary=3)
    assert (found["rows"], found["empty"], found["what"]) == (7, 1, "text")
    assert found["lengths"]["words"]["0.5"] == 3
    assert found["lengths"]["words"]["1"] == 5
    assert found["lengths"]["characters"]["1"] == 28
    assert found["labels"] == {"good": 5, "bad": 2}
    assert found["duplicates"]["rows"] == 2
    assert found["duplicates"]["alike"] == 1
    assert found["duplicates"]["first"][0].endswith("train.jsonl, line 3")
    assert found["conflicts"]["contents"] == 1
    assert found["conflicts"]["rows"] == 2
    assert found["conflicts"]["first"][1].endswith("line 5: good")
    words = found["words"]
    assert words["[NUM]"] == words["[URL]"] == 1 / words["all"]
    assert words["[UNK]"] == pytest.approx(1 - (4 + 5 + 2) / words["all"])  # A, film, dull
    assert len(found["signs"]) == 4
    assert set(found["signs"].values()) == {1}
    told = "\n".join(found["advice"])
    for said in (
        "1 text without content: drop_empty=True",
        "2 texts that stood there before",
        "2 texts, 1 different ones, have several labels",
        "could not be read",
        "composed form",
        "another encoding",
        "control characters",
        "few texts of good 5, bad 2",
    ):
        assert said in told


def test_both_parts(train, test):
    found = examined(train, test)
    assert found["test"]["rows"] == 3
    assert found["test"]["words"]["[UNK]"] == pytest.approx(2 / 8)  # Other, words
    between = found["between"]
    assert (between["rows"], between["alike"], between["conflicts"]) == (1, 1, 1)
    assert between["labels not learnt"] == {"new": 1}
    assert between["first"][0].endswith("test.jsonl, line 1")
    told = "\n".join(found["advice"])
    assert "1 of the test part (33.3%) also in the training part" in told
    assert "labels that the training part does not have: new 1" in told


def test_padding(tmp_path):
    draws = np.random.default_rng(0)
    path = tmp_path / "t.txt"
    path.write_text("".join("w " * int(n) + "\n" for n in draws.integers(1, 100, 300)))
    found = examined(part_of(read_texts(path)), batch_size=10, batch_tokens=None)
    plans = [row for row in found["padding"] if row["unit"] == "words"]
    assert [row["batches"] for row in plans[:2]] == [30, 30]
    assert plans[1]["padding"] > 0.3 > 0.1 > plans[2]["padding"]
    assert f"batch_tokens={plans[2]['batch_tokens']}" in found["advice"][-1]
    own = examined(part_of(read_texts(path)), batch_tokens=700)["padding"][2]
    assert own["batch_tokens"] == 700


def test_tagged_sentences(tmp_path):
    path = tmp_path / "t.conll"
    path.write_text("a X\nb Y\n\na X\nb X\n\nA X\nb Y\n")
    found = examined(part_of(read_tagged(path)))
    assert found["lengths"] == {"words": dict.fromkeys(found["lengths"]["words"], 2)}
    assert found["words"]["different"] == 3
    assert found["duplicates"]["rows"] == 1
    assert found["duplicates"]["alike"] == 1
    assert found["conflicts"]["rows"] == 2
    assert "labels" not in found
    other = tmp_path / "o.conll"
    other.write_text("a Z\nb Y\n")
    between = examined(part_of(read_tagged(path)), part_of(read_tagged(other)))["between"]
    assert between["labels not learnt"] == {"Z": 1}
    assert (between["rows"], between["conflicts"]) == (1, 1)


def test_sequences(tmp_path):
    path = tmp_path / "s.csv"
    rows = ["a,1,0.5,l", "a,2,1,l", "b,1,0.5,r", "b,2,1,r", "c,1,2,l"]
    path.write_text("series,step,x,label\n" + "\n".join(rows) + "\n")
    found = examined(part_of(load(path)))
    assert found["lengths"]["steps"]["1"] == 2
    assert found["duplicates"]["rows"] == 1
    assert found["conflicts"]["contents"] == 1
    assert found["conflicts"]["first"][0].endswith("sequence 'a': l")
    assert "words" not in found
    assert [row["unit"] for row in found["padding"]] == ["steps"] * 3


def test_several_labels_and_numbers(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("text,a,b,n\nx,1,0,0.5\nx,1,0,1.5\nx,1,1,2\n")
    several = examined(part_of(read_texts(path, label=["a", "b"])))
    assert several["labels"] == {"a": 2, "a b": 1}
    assert several["conflicts"]["rows"] == 3
    assert "labels" not in examined(part_of(read_texts(path, label="n")))


def test_encodings(tmp_path):
    for name, content in (("a/1.txt", b"x"), ("a/2.txt", "é".encode("cp1252"))):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "a" / "3.txt").write_bytes(b"\x81\xff\x81")
    assert encodings_of(tmp_path) == {"utf-8": 1, "cp1252": 1, "unknown": 1}
    assert encodings_of(tmp_path / "a" / "2.txt", "latin-1") == {"latin-1": 1}
