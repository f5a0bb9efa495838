"""Every set can be looked at, here or not."""

from __future__ import annotations

import json

import pytest

from elman.data.sets import catalogue
from elman.data.sets.preview import preview
from elman.errors import ArgumentError, ChecksumError


@pytest.mark.parametrize("name", sorted(set(catalogue.names()) - {"digits"}))
def test_a_set_that_is_not_here_shows_its_manifest(name, cache):
    shown = preview(name)
    assert shown["folder"] == f"not here; run: elman data get {name}"
    assert shown["licence"].startswith(catalogue.manifest(name).licence)  # pyright: ignore
    json.dumps(shown)


@pytest.mark.parametrize("name", sorted(set(catalogue.names()) - {"digits", "mnist"}))
def test_a_set_that_is_here_shows_how_it_begins(name, real_data):
    shown = preview(name)
    assert shown["folder"] == str(real_data / name)
    facts = {"name", "title", "task", "records", "origin", "licence", "citation", "files"}
    assert set(shown) > facts | {"folder"}
    for value in shown.values():
        assert value
        assert isinstance(value, str) or all(isinstance(line, str) for line in value)
    json.dumps(shown)


@pytest.mark.parametrize(
    ("name", "key", "expected"),
    [
        ("tiny_shakespeare", "input.txt", ["First Citizen:"]),
        ("timeseries", "airline-passengers.csv", ['"Month","Passengers"', '"1949-01",112']),
        ("tatoeba_fra_eng", "fra.txt", ["Go.\tVa !"]),
        ("free_spoken_digits", "train", ["2700 sequences, 144 to 2283 milliseconds"]),
        ("free_spoken_digits", "test", ["300 sequences, 144 to 1147 milliseconds", "0: 30, 1: 30"]),
        ("sequence_classification/GunPoint", "train", ["50 sequences, 150 steps, 1 features"]),
        ("sequence_classification/JapaneseVowels", "test", ["370 sequences, 7 to 29 steps"]),
        ("mnist/pixels", "test", ["10000 sequences, 784 steps, 1 features", "0: 980, 1: 1135"]),
        ("stocks", "series by name", ["stocks/aapl", "stocks/ibm", "stocks/jpm"]),
        ("beijing-pm25", "all", ["1 series of 43824 steps, 2010-01-01 to 2014-12-31 23:00; 2067"]),
        ("omniglot/Greek", "part of", ["omniglot_strokes"]),
        ("omniglot", "train", ["2040 drawings, ", "Balinese/character01: 15, "]),
        ("digit_strokes/numbers", "test", ["300 drawings, ", "516"]),
        ("nottingham", "all", ["1033 tunes"]),
        ("chorales", "valid", ["76 pieces"]),
        ("chorales", "first chords", ["60 72 79 88"]),
        ("tunes", "origin", ["made when it is read: elman.data.sets.tunes"]),
        ("pendigits", "first steps", ["-1.477 1.324", "-0.4139 1.38"]),
    ],
)
def test_what_is_shown(name, key, expected, real_data):
    value = preview(name)[key]
    lines = [value] if isinstance(value, str) else value
    for line, start in zip(lines, expected, strict=False):
        assert line.startswith(start)


def test_classes_are_counted():
    pytest.importorskip("sklearn", reason="the extra 'train' is not installed")
    shown = preview("digits")
    assert shown["train"][0] == "1438 sequences, 8 steps, 8 features"
    assert shown["train"][1].startswith("0: 142, 1: 146")
    assert shown["origin"] == "comes with scikit-learn"


def test_a_set_made_when_it_is_read_shows_its_numbers():
    shown = preview("adding")
    assert shown["origin"] == "made when it is read: elman.data.synthetic"
    assert shown["test"][0] == "2000 sequences, 400 steps, 2 features"
    assert shown["test"][1].startswith("numbers from 0.0")


def test_a_damaged_set_is_an_error(cache):
    folder = cache / "tiny_shakespeare"
    folder.mkdir(parents=True)
    (folder / "input.txt").write_text("not Shakespeare")
    with pytest.raises(ChecksumError, match="elman data get tiny_shakespeare"):
        preview("tiny_shakespeare")


def test_an_unknown_name():
    with pytest.raises(ArgumentError, match="did you mean mnist"):
        preview("mnits")


def test_words_with_a_tag_each(real_data):
    shown = preview("ud_english_ewt")
    shape, classes = shown["test"]
    assert shape == "2077 sequences, 1 to 81 steps"
    assert "NOUN: 4123" in classes
    assert shown["first steps"][0].startswith("Al - Zaman : American forces killed Shaikh")
