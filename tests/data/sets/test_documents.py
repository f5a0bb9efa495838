"""Whole texts: files, folders, tables, sets by name."""

from __future__ import annotations

import gzip

import pytest

from elman.data.sets import documents
from elman.data.sets.documents import document_names, load_documents
from elman.errors import ArgumentError, DataError


def test_a_file_is_one_text_and_a_line_each_if_asked(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"to be\r\nor not\n\n")
    assert load_documents(tmp_path / "a.txt").texts == ("to be\r\nor not\n\n",)
    (tmp_path / "b.md").write_text("# Title\n")
    assert load_documents(str(tmp_path / "b.md")).texts == ("# Title\n",)
    told = load_documents(tmp_path / "a.txt", each="line", drop_empty=True)
    assert told.texts == ("to be", "or not")
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"packed"))
    assert load_documents(tmp_path / "a.txt.gz").texts == ("packed",)


def test_folders_and_tables(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in "ab":
        (folder / f"{name}.txt").write_text(f"text {name}\n")
    assert load_documents(folder).texts == ("text a\n", "text b\n")
    (tmp_path / "notes.csv").write_text("id,note\n1,to be\n2,or not\n")
    assert load_documents(tmp_path / "notes.csv", text="note").texts == ("to be", "or not")


def test_the_standard_library_is_there(monkeypatch):
    monkeypatch.setattr(documents, "_ENOUGH", 20_000)
    found = load_documents("python")
    assert 20_000 <= sum(map(len, found.texts)) < 400_000
    assert found.texts == load_documents("python").texts
    assert "standard library of Python" in found.notes[0]
    with pytest.raises(ArgumentError, match="text: does not apply to python"):
        load_documents("python", text="a")


def test_sets_by_name(real_data):
    (text,) = load_documents("tiny_shakespeare").texts
    assert len(text) == 1_115_394
    (words,) = load_documents("enwiki_mini").texts
    assert words.startswith("anarchism is")
    assert len(load_documents("movie_reviews/reviews")) == 2000
    assert {"python", "tiny_shakespeare", "movie_reviews/reviews"} <= {*document_names()}


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        load_documents("nowhere.txt")
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(DataError, match="no text"):
        load_documents(tmp_path / "empty.txt")
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)))
    with pytest.raises(DataError):
        load_documents(tmp_path / "binary.txt")
