"""How text tables are written: found out where it is certain and said, else asked for."""

from __future__ import annotations

import bz2
import csv
import gzip
import lzma

import numpy as np
import pytest

from elman.data.tables.columns import kind, numbers
from elman.data.tables.dialect import Dialect
from elman.data.tables.fields import Numerals, is_number, number, signs_of
from elman.data.tables.reader import read
from elman.errors import ArgumentError, DataError, FormatError


@pytest.fixture
def write(tmp_path):
    def write_file(content: str | bytes, name: str = "t.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


def values(table, name="v"):
    return numbers(table.columns[name]).tolist()


def said(table):
    return " ".join(note.partition(" was read with ")[2] for note in table.notes)


TEXT = "id;t;v\na;0;1,5\na;1;-0,25\n"


@pytest.mark.parametrize(
    ("content", "inferred"),
    [
        (TEXT, "fields between ';', decimal commas"),
        ("sep=;\n" + TEXT, "fields between ';', decimal commas"),
        ("\ufeffsep=;\r\n" + TEXT.replace("\n", "\r\n"), "fields between ';', decimal commas"),
        (TEXT.replace(";", "\t"), "fields between tabs, decimal commas"),
        (TEXT.replace(";", "|"), "fields between '|', decimal commas"),
        (TEXT.encode("utf-16"), "encoding utf-16, fields between ';', decimal commas"),
        (TEXT.encode("utf-16-le"), "encoding utf-16-le, fields between ';', decimal commas"),
        (TEXT.encode("utf-16-be"), "encoding utf-16-be, fields between ';', decimal commas"),
        (TEXT.replace(";", ",").replace("1,5", '"1,5"').replace("-0,2", '"-0,2').replace(
            '5\n', '5\n').replace('-0,25', '-0,25"'), "decimal commas"),
        ("id,t,v\na,0,1.5\na,1,-0.25\n", ""),
    ],
)  # fmt: skip
def test_what_is_found_out_is_said(reader, write, content, inferred):
    table = read(write(content))
    assert list(table.columns) == ["id", "t", "v"]
    assert values(table) == [1.5, -0.25]
    assert said(table) == inferred
    assert table.where(1).endswith("line 4" if b"sep=" in as_bytes(content) else "line 3")


def as_bytes(content):
    return content.encode() if isinstance(content, str) else content


@pytest.mark.parametrize(("packing", "ending"), [(gzip, ".gz"), (bz2, ".bz2"), (lzma, ".xz")])
def test_packed_files(reader, write, packing, ending):
    assert values(read(write(packing.compress(TEXT.encode()), "t.csv" + ending))) == [1.5, -0.25]
    cut = packing.compress(("id;t;v\n" + "a;0;1,5\n" * 999).encode())[:-12]
    with pytest.raises(FormatError, match="packed stream is damaged"):
        read(write(cut, "t.csv" + ending))


def test_western_letters_are_found_out_and_others_asked_for(reader, write):
    text = "Zähler;Größe\nStraße;1,5\nCafé – „neu“;2,5\n"
    table = read(write(text.encode("cp1252")))
    assert list(table.columns) == ["Zähler", "Größe"]
    assert said(table).startswith("encoding cp1252")
    for encoding, text in (("cp1251", "город;v\nМосква;1\n"), ("shift_jis", "都市;v\n東京;1\n")):
        path = write(text.encode(encoding))
        with pytest.raises(FormatError, match=r"line 1: found 0x.. .*no UTF-8; its encoding="):
            read(path)
        assert text.split(";")[0] in read(path, dialect=Dialect(encoding=encoding)).columns


def test_many_rows_in_another_encoding_and_with_decimal_commas(reader, write):
    text = "Straße;v\n" + "".join(f"Ä{k};{k},5\n" for k in range(3000))
    table = read(write(text.encode("cp1252")))
    np.testing.assert_array_equal(values(table), np.arange(3000) + 0.5)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (["1.234,5", "12"], [1234.5, 12]),
        (["1.234.567", "1,5"], [1234567, 1.5]),
        (["1.234,5", "1.234"], [1234.5, 1234]),
        (["1\u202f234,5", "2"], [1234.5, 2]),
        (["1,234.5", "12"], [1234.5, 12]),
        (["0,125", "1,125"], [0.125, 1.125]),
        (["1234,125", "1,5e3"], [1234.125, 1500]),
        (["8.125", "9.250", "0.5"], [8.125, 9.25, 0.5]),
    ],
)
def test_numbers_that_are_certain(reader, write, fields, found):
    assert values(read(write("k;v\n" + "".join(f"a;{field}\n" for field in fields)))) == found


@pytest.mark.parametrize(
    "fields",
    [["1,234", "12"], ["1.234", "1,5"], ["1,234", "0.5"], ["1.234", "872"], ["1.234", "1.200"]],
)
def test_numbers_that_are_not_certain_are_asked_for(reader, write, fields):
    path = write("k;v\n" + "".join(f"a;{field}\n" for field in fields))
    with pytest.raises(
        DataError,
        match=r"line 2, column 'v': found '1.234', which may be 1\.234 or 1234; .*decimal=",
    ):
        read(path)


def test_the_option_settles_what_is_not_certain(reader, write):
    path = write("k;v\na;1,234\na;12\n")
    assert values(read(path, dialect=Dialect(decimal=","))) == [1.234, 12]
    assert values(read(path, dialect=Dialect(decimal="."))) == [1234, 12]


def test_commas_and_points_as_decimal_signs(reader, write):
    """Pairs are no numbers: the column stays text, as long as nobody wants it to be one."""
    table = read(write("pair;v\n1,5;0.5\n2,5;1.5\n"))
    assert kind(table.columns["pair"]) == "text"
    assert values(table) == [0.5, 1.5]
    assert "'pair'" in said(table)


def test_a_late_number_of_another_kind_names_the_option(reader, write):
    text = "k;v\n" + "a;1,5\n" * 1200 + "a;1.234\n"
    path = write(text)
    with pytest.raises(DataError, match=r"line 1202, column 'v': found '1.234'.*decimal="):
        read(path)
    assert values(read(path, dialect=Dialect(decimal=",")))[-1] == 1234


def test_a_late_point_that_may_stand_between_thousands_is_asked_for(reader, write):
    text = "k;v\n" + "a;872\n" * 1200 + "a;1.234\n"
    with pytest.raises(DataError, match=r"line 1202, column 'v': found '1.234'.*decimal="):
        read(write(text))
    assert values(read(write(text + "a;0.5\n")))[-2:] == [1.234, 0.5]
    assert values(read(write(text), dialect=Dialect(decimal=",")))[-1] == 1234
    assert values(read(write(text.replace(";", ","))))[-1] == 1.234  # as programs write


def test_one_column_of_decimal_commas(reader, write):
    assert values(read(write("v\n1,5\n2,5\n"))) == [1.5, 2.5]


def test_commas_in_a_header_between_semicolons(reader, write):
    table = read(write("Zeit;Menge, kg\n1;10,5\n2;11,5\n"))
    assert values(table, "Menge, kg") == [10.5, 11.5]


def test_what_is_told(reader, write):
    path = write("id~v\na~1\n")
    assert values(read(path, dialect=Dialect(separator="~"))) == [1]
    assert Dialect(separator="tab").separator == "\t"
    assert Dialect(separator="tab", decimal=",").told() == {"separator": "\t", "decimal": ","}
    for wrong in (
        {"separator": ";;"},
        {"separator": "a"},
        {"decimal": "x"},
        {"encoding": "latin9x"},
    ):
        with pytest.raises(ArgumentError, match=next(iter(wrong))):
            Dialect(**wrong)
    with pytest.raises(ArgumentError, match="encoding"):
        Dialect(encoding="zlib")
    with pytest.raises(FormatError, match="no text in utf-16; another encoding="):
        read(path, dialect=Dialect(encoding="utf-16"))


def test_signs_and_numbers():
    assert [signs_of(field) for field in ("-1,5", "1.5", ".5", "0,125", "1,234", "x", "")] == [
        ",", ".", ".", ",", ".,", "", "",
    ]  # fmt: skip
    assert number("1.234", Numerals(",", grouped=True)) == 1234
    assert not any(is_number(field, Numerals(",")) for field in ("1.23,4", "1.234", "1,2,3"))


def test_a_carriage_return_within_a_field_ends_no_row(reader, write):
    """Arrow and the csv module both take it for the end of a line."""
    for rows in (3, 1500):
        content = "text\n" + "one\n" * rows + "two\rthree\n"
        with pytest.raises(FormatError, match=rf"line {rows + 2}: found a carriage return"):
            read(write(content))
        quoted = read(write(content.replace("two\rthree", '"two\rthree"')))
        assert list(quoted.columns["text"])[-1] == "two\rthree"
        assert quoted.rows == rows + 1


def test_lines_that_end_in_carriage_returns_alone(reader, write):
    table = read(write(TEXT.replace("\n", "\r")))
    assert values(table) == [1.5, -0.25]


def test_fields_as_long_as_a_document(reader, write):
    """The csv module's own limit is 131,072 characters, and one for the whole process."""
    long, before = "word " * 40_000, csv.field_size_limit()
    table = read(write(f"label,text\n1,{long}\n2,short\n"))
    assert list(table.columns["text"]) == [long, "short"]
    assert csv.field_size_limit() == before
