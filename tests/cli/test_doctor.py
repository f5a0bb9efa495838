"""`elman data doctor`: texts, tagged sentences and sequences, as tables and as JSON."""

from __future__ import annotations

import json

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
