"""`elman data doctor`: texts, tagged sentences and sequences, as tables and as JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest


@pytest.fixture
def write(tmp_path):
    def write_file(content: str, name: str):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    return write_file


REVIEWS = "review,stars\nfine,1\ndull,2\nfine,1\n,2\n"


def test_texts_of_a_table(command, write):
    train = write(REVIEWS, "train.csv")
    later = write("review,stars\nfine,2\nnew,3\n", "later.csv")
    told = ("--text", "review", "--label", "stars", "--test", later)
    done = command("data", "doctor", train, *told)
    assert done.exit_code == 0, done.output
    for said in ("empty ones left out", "utf-8", "stands in the training part: ", "line 2"):
        assert said in done.stdout
    assert "! 1 text without content: --drop-empty leaves them out" in done.stdout
    found = json.loads(command("data", "doctor", train, *told, "--json").stdout)
    assert found["empty"] == 1
    assert found["encodings"] == {"utf-8": 1}
    assert found["between"]["conflicts"] == 1
    assert found["between"]["labels not learnt"] == {"3": 1}


def test_texts_are_known_by_what_they_lie_in(command, write, tmp_path):
    for source in (
        write(REVIEWS.replace("review", "text").replace(",2\n", ",2\n"), "usual.csv"),
        write("one\ntwo\n", "lines.txt"),
        write('{"text": "x"}\n', "rows.jsonl"),
    ):
        found = json.loads(command("data", "doctor", source, "--json").stdout)
        assert found["what"] == "text"
    for part, text in (("train", "good"), ("test", "good"), ("test", "new")):
        write(text, f"set/{part}/pos/{text}.txt")
    found = json.loads(command("data", "doctor", tmp_path / "set", "--json").stdout)
    assert found["between"]["rows"] == 1
    write("Anna\n", "names/English.txt")
    found = json.loads(
        command("data", "doctor", tmp_path / "names", "--each", "line", "--json").stdout
    )
    assert found["labels"] == {"English": 1}


def test_tagged_sentences(command, write):
    path = write("a X\nb Y\n", "t.conll")
    assert json.loads(command("data", "doctor", path, "--json").stdout)["what"] == "sentence"
    path = write("10 X\nb Y\nwww.a.org Z\n3.5 X\n", "n.conll")
    words = json.loads(command("data", "doctor", path, "--json").stdout)["words"]
    assert (words["[NUM]"], words["[URL]"]) == (0.5, 0.25)
    path = write("# x\na X\nb Y\n", "t.dat")
    done = command("data", "doctor", path, "--comments", "# ", "--json")
    assert json.loads(done.stdout)["lengths"]["words"]["1"] == 2


def test_sequences_and_sets(command, tables, real_data):
    done = command("data", "doctor", tables / "train.csv", "--label", "class", "--json")
    found = json.loads(done.stdout)
    assert found["what"] == "sequence"
    assert found["rows"] == 60
    assert set(found["labels"]) == {"low", "high"}
    done = command("data", "doctor", "pendigits")
    assert done.exit_code == 0
    assert "Nothing was found to be wrong." in done.stdout


def test_a_set_of_texts(command, real_data):
    found = json.loads(command("data", "doctor", "movie_reviews/sentences", "--json").stdout)
    assert (found["rows"], found["test"]["rows"]) == (8530, 2132)
    assert 0.04 < found["test"]["words"]["[UNK]"] < 0.05


@pytest.mark.parametrize(
    ("content", "told", "said"),
    [
        ("a,b\nx,1\n", ("--text", "c"), "no column 'c' among"),
        ("", (), "the file is empty"),
        ("text,label\n5,a\n", ("--text", "text"), "--numbers-as-text"),
    ],
)
def test_what_cannot_be_read(command, write, content, told, said):
    done = command("data", "doctor", write(content, "t.csv"), *told)
    assert done.exit_code == 1
    assert said in done.stderr.replace("\n", " ")


def test_pairs(command, write):
    train = write("one\ntwo\n\nfour\n", "a.en")
    target = write("un\ndeux\ntrois\nfour\n", "a.fr")
    told = ("--target", target, "--target", target)
    test = ("--test", train, "--test-target", target)
    done = command("data", "doctor", train, *told, *test)
    assert done.exit_code == 0, done.output
    for said in ("with an empty source", "sources of several", "! 1 row with an empty"):
        assert said in done.stdout
    found = json.loads(command("data", "doctor", train, *told, *test, "--json").stdout)
    assert (found["what"], found["rows"], found["test"]["rows"]) == ("pair", 6, 3)
    assert found["between"]["sources"]["share"] == 1
    for path, more in (
        (write("one\tun\ntwo\tdeux\n", "both.tsv"), ()),
        (write("one\tun\ntwo\tdeux\n", "both.txt"), ()),
        (write('{"source": "one", "target": ["un", "une"]}\n', "p.jsonl"), ()),
        (write("en,fr\none,un\n", "p.csv"), ("--source-column", "en", "--target-column", "fr")),
    ):
        found = json.loads(command("data", "doctor", path, *more, "--json").stdout)
        assert found["what"] == "pair"
        shown = json.loads(command("data", "show", path, *more, "--json").stdout)
        assert shown["pairs"]["command"].startswith("elman train translator --data ")
    assert command("data", "doctor", "dates").exit_code == 0
    misused = command("data", "doctor", train, *told, "--test-target", target)
    assert misused.exit_code == 2


def test_what_is_shown_of_pairs(command, write):
    source, target = write("one\ntwo\n", "a.en"), write("un\ndeux\n", "a.fr")
    done = command("data", "show", source, "--target", target)
    assert done.exit_code == 0, done.output
    assert "2 pairs; sources of 3 characters, targets of 2 to 4" in done.stdout
    assert f"elman train translator --source {source} --target {target}" in done.stdout
    assert "20000 pairs" in command("data", "show", "dates").stdout


def test_captions(command, write, tmp_path):
    np.save(tmp_path / "x.npy", np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]))
    rows = [["a cat", "a cat"], ["a dog"], ["a cat that sits"]]
    told = write("".join(json.dumps({"captions": row}) + "\n" for row in rows), "c.jsonl")
    words = (tmp_path / "x.npy", "--captions", told)
    test = ("--test", tmp_path / "x.npy", "--test-captions", told)
    found = json.loads(command("data", "doctor", *words, *test, "--json").stdout)
    assert (found["what"], found["rows"], found["duplicates"]["rows"]) == ("item", 3, 1)
    assert found["lengths"]["captions"]["1"] == 2
    assert found["signs"] == {"a caption that it has twice": 1}
    assert found["between"]["share"] == 1
    assert command("data", "doctor", *words).exit_code == 0
    assert command("data", "doctor", *words, "--test-captions", told).exit_code == 2
