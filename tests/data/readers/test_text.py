"""Texts from tables, lines and folders: exactly what stands there, or an error that says where."""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc

import numpy as np
import pandas
import polars
import pytest

from elman.data import read_texts
from elman.data.readers.text import holds_texts
from elman.data.tables import dialect
from elman.errors import ArgumentError, DataError, ElmanError, FormatError

ROWS = [("fine, really", "pos"), ('he said "no"', "neg"), ("l’été\u2028line\x85two", "pos")]
TEXTS = [text for text, _ in ROWS]


@pytest.fixture
def write(tmp_path):
    def write_file(content: str | bytes, name: str):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


def csv_of(rows, separator=","):
    quote = ['"' + text.replace('"', '""') + '"' for text, _ in rows]
    lines = [f"{text}{separator}{label}\n" for text, (_, label) in zip(quote, rows, strict=True)]
    return f"review{separator}stars\n" + "".join(lines)


def json_of(rows):
    return "".join(json.dumps({"review": text, "stars": label}) + "\n" for text, label in rows)


@pytest.mark.parametrize("name", ["r.csv", "r.tsv", "r.jsonl", "r.csv.gz", "r.parquet", "frame"])
def test_one_table_in_every_format(write, tmp_path, name):
    if name in ("frame", "r.parquet"):
        source = pandas.DataFrame(ROWS, columns=["review", "stars"])
        if name == "r.parquet":
            source.to_parquet(tmp_path / name)
            source = tmp_path / name
    elif name == "r.jsonl":
        source = write(json_of(ROWS), name)
    else:
        content = csv_of(ROWS, "\t" if ".tsv" in name else ",").encode()
        source = write(gzip.compress(content) if name.endswith(".gz") else content, name)
    data = read_texts(source, text="review", label="stars")
    assert list(data.texts) == TEXTS
    assert data.labels is not None
    assert data.labels.tolist() == ["pos", "neg", "pos"]
    assert data.ids == ("0", "1", "2")
    assert data.select([2, 0]).texts == (TEXTS[2], TEXTS[0])
    assert data.to_columns()["label"].tolist() == ["pos", "neg", "pos"]


def test_many_rows_with_arrow_and_with_the_csv_module(write, monkeypatch):
    rows = [(f"text {k}, NA" if k % 3 else "NA", "1") for k in range(1500)]
    path = write(csv_of(rows), "r.csv")
    texts = read_texts(path, text="review", label="stars").texts
    assert list(texts) == [text for text, _ in rows]  # NA is a text here
    monkeypatch.setattr("elman.data.tables.reader.by_arrow", lambda *_: (None, "so"))
    assert read_texts(path, text="review", label="stars").texts == texts


def test_usual_names_and_the_only_column_of_texts(write):
    data = read_texts(write("id,text,label\na,x y,1\nb,z,2\n", "u.csv"))
    assert (data.texts, data.ids) == (("x y", "z"), ("a", "b"))
    assert data.labels is not None
    assert data.labels.tolist() == [1, 2]
    data = read_texts(write("opinion,label\nx y,1\nz,2\n", "o.csv"))
    assert data.texts == ("x y", "z")
    assert "the texts are those of column 'opinion'" in data.notes[-1]
    assert read_texts(write("text,label\na,\nb,\n", "p.csv")).labels is None
    with pytest.raises(DataError, match="no column is called text"):
        read_texts(write("one,two,label\na,b,1\n", "t.csv"))


def test_several_labels(write):
    table = write("text,funny,sad\nx,1,0\ny,1,1\n", "s.csv")
    data = read_texts(table, label=["funny", "sad"])
    assert data.label_names == ("funny", "sad")
    assert data.labels is not None
    assert data.labels.tolist() == [[1, 0], [1, 1]]
    assert data.to_columns()["sad"].tolist() == [0, 1]
    rows = [{"text": "x", "tags": ["sad"]}, {"text": "y", "tags": ["new", "sad"]}]
    rows.append({"text": "z", "tags": []})
    listed = read_texts(write("".join(json.dumps(r) + "\n" for r in rows), "l.jsonl"), label="tags")
    assert listed.label_names == ("new", "sad")
    assert listed.labels is not None
    assert listed.labels.tolist() == [[0, 1], [1, 1], [0, 0]]
    frame = polars.DataFrame(rows)
    again = read_texts(frame, label="tags")
    assert again.labels is not None
    assert again.labels.tolist() == listed.labels.tolist()


def test_groups_and_names(write):
    path = write("who,name,text\nann,a,x\nann,b,y\nbob,c,z\n", "g.csv")
    data = read_texts(path, group="who", series="name")
    assert data.groups is not None
    assert data.groups.tolist() == ["ann", "ann", "bob"]
    assert data.ids == ("a", "b", "c")
    with pytest.raises(DataError, match=r"line 3, column 'who': found 'ann' a second time"):
        read_texts(path, series="who", text="text")
    assert read_texts(write("id,text\n1,x\n1,y\n", "i.csv")).ids == ("0", "1")


@pytest.mark.parametrize(
    ("name", "content", "told", "found"),
    [
        ("a.csv", "text,label\nx,1\n,2\n , 3\n", {}, "line 3, column 'text': found no text (2 "),
        ("a.csv", "text,label\nx,1\ny,\n", {}, "line 3, column 'label': found nothing"),
        ("a.csv", "text,label\n1.5,a\n2,b\n", {}, "line 2, column 'text': found '1.5', a number"),
        ("a.csv", "text,label\nx,a\ny,b,c\n", {}, "line 3: found 3 fields; 2 fields"),
        ("a.csv", "text,label\nx,a\n", {"text": "txt"}, "no column 'txt' among the columns"),
        (
            "a.csv",
            "text,label\nx,a\n",
            {"label": "lable"},
            "no label column 'lable' among",
        ),
        ("a.csv", "", {}, "the file is empty"),
        ("a.csv", "text,label\n\xe9\xe8,a\n".encode("latin-1") + b"\x81\n", {}, "no UTF-8"),
        ("a.jsonl", '{"text": "x"}\n{"text": 5}\n', {}, "line 2, column 'text': found 5 (int)"),
        ("a.jsonl", '{"text": 1}\n{"text": 5}\n', {}, "line 1, column 'text': found 1, a number"),
        ("a.jsonl", '{"text": "x"}\n{"txt": "y"}\n', {}, "line 2, column 'text': found no text"),
        ("a.lines", "one\n\ntwo\n", {}, "a.lines, line 2: found no text"),
        ("a.lines", "", {}, "holds no text"),
        ("a.lines", "x\n\t \n", {}, "line 2: found no text"),
        ("a.lines", b"fine\n\xff\x81\n", {}, "line 2: found 0xff (byte 5), which is no UTF-8"),
        ("a.lines", "x\n", {"label": "stars"}, "is no table"),
        ("a.lines", "x\n", {"part": "test"}, "found 'test'"),
        ("a.lines", "x\n", {"colour": 1}, "is no option"),
        ("a.lines", "x\n", {"each": "word"}, "found 'word'"),
        ("a.csv", "text\nx\n", {"each": "line"}, "given for a table"),
    ],
)
def test_what_is_wrong_is_named(write, name, content, told, found):
    with pytest.raises(ElmanError) as caught:
        read_texts(write(content, name), **told)
    assert found in str(caught.value)


def test_rules_that_are_asked_for_are_counted(write):
    path = write("id,text,label\na,x,1\nb,,2\nc, ,3\nd,y,4\n", "d.csv")
    data = read_texts(path, drop_empty=True)
    assert data.texts == ("x", "y")
    assert data.labels is not None
    assert (data.labels.tolist(), data.ids) == ([1, 4], ("a", "d"))
    assert data.where(1).endswith("line 5")
    assert "2 rows without a text left out" in data.notes[-1]
    numbers = read_texts(write("text,label\n007,a\n1.50,b\n", "n.csv"), numbers_as_text=True)
    assert numbers.texts == ("007", "1.50")
    assert "the numbers of column 'text' were read as texts" in numbers.notes[-1]
    numbers = read_texts(write('{"text": 7}\n{"text": 8}\n', "n.jsonl"), numbers_as_text=True)
    assert numbers.texts == ("7", "8")
    lines = read_texts(write("one\n\n\ntwo", "l.txt"), drop_empty=True)
    assert lines.texts == ("one", "two")
    assert lines.notes[-1].endswith("2 empty lines left out")
    assert lines.where(1).endswith("line 4")
    with pytest.raises(ElmanError):
        read_texts(write("text,label\n,1\n,2\n", "e.csv"), drop_empty=True, text="text")


def test_lines_end_at_a_line_feed_only(write):
    said = "a\u2028b\x85c\x0bd\x0ce\x1cf\rg\x00"
    for end in ("\n", "\r\n"):
        data = read_texts(write(end.join([said, " two ", ""]), "l.txt"))
        assert data.texts == (said, " two ")
    assert "2 lines, a text each" in data.notes[0]


def test_a_text_file_is_a_table_if_a_column_is_named(write):
    path = write("text\tlabel\nx\t1\n", "t.txt")
    assert read_texts(path).texts == ("text\tlabel", "x\t1")
    assert read_texts(path, text="text").texts == ("x",)
    assert read_texts(path, each="file").texts == ("text\tlabel\nx\t1\n",)


def test_encodings(write):
    path = write("caf\xe9\n".encode("cp1252"), "w.txt")
    data = read_texts(path)
    assert data.texts == ("café",)
    assert data.notes[1].endswith("was read with encoding cp1252")
    path = write("тест\n".encode("cp1251"), "c.txt")
    with pytest.raises(FormatError, match="which is no UTF-8"):
        read_texts(path)
    assert read_texts(path, encoding="cp1251").texts == ("тест",)
    assert read_texts(write("\ufeffa\n", "b.txt")).texts == ("a",)


def test_a_folder_for_each_class(write, tmp_path):
    for part in ("train", "test"):
        for name, text in (("pos/1.txt", "good\n"), ("pos/2.txt", "fine"), ("neg/1.txt", "bad")):
            write(f"{part} {text}", f"set/{part}/{name}")
    write("http://", "set/train/urls_pos.txt")
    write("x", "set/train/pos/.hidden")
    data = read_texts(tmp_path / "set")
    assert data.texts == ("train bad", "train good\n", "train fine")
    assert data.labels is not None
    assert data.labels.tolist() == ["neg", "pos", "pos"]
    assert data.ids == ("neg/1.txt", "pos/1.txt", "pos/2.txt")
    assert "labelled by subfolder: neg 1, pos 2" in data.notes[0]
    assert "1 other file left out" in data.notes[1]
    assert read_texts(tmp_path / "set", part="test").texts[0] == "test bad"
    assert read_texts(tmp_path / "set" / "test").texts[0] == "test bad"
    assert holds_texts(tmp_path / "set")
    write("", "set/train/unsup/0.txt")
    with pytest.raises(DataError, match=r"0.txt: found no text; .*drop_empty"):
        read_texts(tmp_path / "set")
    left = read_texts(tmp_path / "set", ignore=["unsup"])
    assert left.texts == data.texts
    with pytest.raises(ArgumentError, match="no subfolder 'unsupp'"):
        read_texts(tmp_path / "set", ignore=["unsupp"])
    with pytest.raises(ArgumentError, match="is no table"):
        read_texts(tmp_path / "set", label="stars")


def test_a_file_for_each_class(write, tmp_path):
    write("Anna\nBeth\n", "names/English.txt")
    write("Zoë\n", "names/Dutch.txt")
    with pytest.raises(DataError, match="each='line' for a text a line"):
        read_texts(tmp_path / "names")
    data = read_texts(tmp_path / "names", each="line")
    assert data.texts == ("Zoë", "Anna", "Beth")
    assert data.labels is not None
    assert data.labels.tolist() == ["Dutch", "English", "English"]
    assert data.ids[2] == "English.txt:1"
    assert read_texts(tmp_path / "names", each="file").labels is None


def test_files_without_an_ending(write, tmp_path):
    write("bike", "news/rec/1001")
    write("gun", "news/pol/2002")
    assert read_texts(tmp_path / "news").texts == ("gun", "bike")


def test_a_text_has_a_largest_length(write, monkeypatch):
    """A line of a gigabyte is read as far as the limit: the limit is lowered to see it."""
    monkeypatch.setattr(dialect, "LONGEST", 1 << 16)
    monkeypatch.setattr("elman.data.readers.text_files.LONGEST", 1 << 16)
    path = write(b"x" * (1 << 26), "one.txt")
    tracemalloc.start()
    with pytest.raises(FormatError, match="line 1: found more than 65536 characters"):
        read_texts(path)
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()
    os.truncate(path, 0)
    path.write_bytes(b"many words\n" * (1 << 15))
    with pytest.raises(FormatError, match="found more than 65536 characters"):
        read_texts(path, each="file")
    with pytest.raises(FormatError, match="more than 65536"):
        read_texts(write("text\n" + "y" * (1 << 17), "c.csv"))


def test_what_is_not_there(tmp_path):
    with pytest.raises(DataError, match="there is no such file or folder"):
        read_texts(tmp_path / "no.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no files"):
        read_texts(tmp_path / "empty")


def test_real_reviews(real_data, tmp_path):
    import tarfile

    with tarfile.open(real_data / "movie_reviews" / "review_polarity.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    data = read_texts(tmp_path / "txt_sentoken")
    assert data.labels is not None
    assert dict(zip(*np.unique(data.labels, return_counts=True), strict=True)) == {
        "neg": 1000,
        "pos": 1000,
    }
