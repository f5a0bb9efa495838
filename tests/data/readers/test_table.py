"""Tables in long form: sorting into sequences, the roles of columns, and every refusal."""

from __future__ import annotations

import gzip
import os
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.readers import read
from elman.data.readers.cells import label_array
from elman.errors import ArgumentError, DataError, FormatError, MissingExtraError

TABLE = """series,step,x,y,label
b,2,0.5,3,left
a,10,1,1,right
b,1,0.25,2,left
a,9,-1e3,0,right
a,11,2,5,right
"""


@pytest.fixture
def write(tmp_path, reader):
    def write_file(text: str, name: str = "table.csv"):
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return write_file


def test_rows_are_sorted_into_sequences(write):
    data = read(write(TABLE))
    assert data.ids == ("b", "a")
    assert data.feature_names == ("x", "y")
    assert [row.tolist() for row in data.sequences.rows()] == [
        [[0.25, 2], [0.5, 3]],
        [[-1000, 0], [1, 1], [2, 5]],
    ]
    assert data.labels is not None
    assert data.labels.tolist() == ["left", "right"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_dialects_agree(write, delimiter, end, mark):
    text = mark + TABLE.replace(",", delimiter).replace("\n", end)
    expected = read(write(TABLE, "plain.csv")).sequences
    np.testing.assert_array_equal(read(write(text)).sequences.values, expected.values)
    packed = write("", "table.csv.gz")
    packed.write_bytes(gzip.compress(text.encode()))
    np.testing.assert_array_equal(read(packed).sequences.values, expected.values)


def test_parquet_reads_like_csv(write, tmp_path):
    pandas = pytest.importorskip("pandas", reason="pandas writes the Parquet file")
    pytest.importorskip("pyarrow", reason="the extra 'parquet' is not installed")
    csv = write(TABLE)
    pandas.read_csv(csv).to_parquet(tmp_path / "table.parquet")
    one, other = read(csv), read(tmp_path / "table.parquet")
    np.testing.assert_array_equal(one.sequences.values, other.sequences.values)
    assert one.labels is not None
    assert other.labels is not None
    assert one.labels.tolist() == other.labels.tolist()
    assert one.ids == other.ids
    frame = pandas.read_csv(csv)
    frame.loc[2, "y"] = None
    frame.to_parquet(tmp_path / "table.parquet")
    with pytest.raises(DataError, match=r"table.parquet, line 3, column 'y': found nothing"):
        read(tmp_path / "table.parquet")


def test_parquet_damage_and_absence(write, monkeypatch):
    path = write("PAR1 hello", "x.parquet")
    pytest.importorskip("pyarrow", reason="the extra 'parquet' is not installed")
    with pytest.raises(FormatError, match="not a whole Parquet file"):
        read(path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"pip install .*\[parquet\]"):
        read(path)


@given(st.permutations(range(12)))
def test_the_order_of_the_rows_does_not_matter(tmp_path_factory, order):
    rows = [f"{series},{step},{series * 10 + step}" for series in (0, 1, 2) for step in range(4)]
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_text("\n".join(["id,t,value", *(rows[k] for k in order)]))
    data = read(path)
    by_id = dict(zip(data.ids, data.sequences.rows(), strict=True))
    for series in (0, 1, 2):
        assert by_id[str(series)][:, 0].tolist() == [series * 10 + step for step in range(4)]


def test_steps_may_be_dates(write):
    text = "id,time,v\na,2024-01-02T00:00Z,2\na,2024-01-01T23:30Z,1\na,2024-01-02T01:00+02:00,0\n"
    assert read(write(text)).sequences.values[0, :, 0].tolist() == [0, 1, 2]


def test_steps_with_a_zone_and_without_are_not_one_order(write):
    text = "id,time,v\na,2024-01-02T00:00,2\na,2024-01-02T01:00+02:00,0\n"
    with pytest.raises(DataError, match=r"line 3, column 'time': .*has a time zone.*in all rows"):
        read(write(text))


def test_missing_values_are_filled_if_that_is_asked_for(write):
    path = write("id,t,v\na,0,1\na,1,\na,2,3\nb,0,\nb,1,5\n")
    with pytest.raises(DataError, match=r"line 3, column 'v': found nothing; .*missing='linear'"):
        read(path)
    data = read(path, missing="linear")
    assert [row[:, 0].tolist() for row in data.sequences.rows()] == [[1, 2, 3], [5, 5]]
    assert data.notes == ("2 missing values filled on the line between their neighbours",)
    wide = read(write("label,t0,t1,t2\nup,1,,3\ndown,2,,\n", "wide.csv"), missing="previous")
    assert [row[:, 0].tolist() for row in wide.sequences.rows()] == [[1, 1, 3], [2]]


def test_labels_with_decimal_commas(write):
    data = read(write("id;t;v;label\na;0;1,5;2,5\nb;0;2,5;3,5\n"))
    assert data.labels is not None
    assert data.labels.tolist() == [2.5, 3.5]


def test_named_columns_and_several_numbers_as_labels(write):
    text = "unit,when,v,a,b\n1,0,5,1,2.5\n1,1,6,1,2.5\n"
    data = read(write(text), series="unit", time="when", label=["a", "b"])
    assert data.feature_names == ("v",)
    assert data.labels is not None
    assert data.labels.tolist() == [[1, 2.5]]


def test_numbers_at_each_step(write):
    text = "id,t,v,target\na,2,5,20\na,1,6,10\nb,1,0,30\n"
    data = read(write(text), per_step=True)
    assert data.labels is not None
    assert data.labels[:, :, 0].tolist() == [[10, 20], [30, 0]]
    assert data.labels.shape == (2, 2, 1)
    assert read(write("id,t,v\na,2,5\n"), per_step=True).labels is None


@pytest.mark.parametrize("steps", [(2, 2), (1, 2)])
def test_classes_at_each_step_and_token_ids(write, steps):
    rows = [f"s{n},{t},{n + t},{'xy'[t]}" for n, length in enumerate(steps) for t in range(length)]
    data = read(write("\n".join(["id,t,word,tag", *rows])), label="tag", per_step=True,
                classes=True, ids=True)  # fmt: skip
    assert data.sequences.features is None
    assert [row.tolist() for row in data.sequences.rows()] == [
        list(range(n, n + length)) for n, length in enumerate(steps)
    ]
    assert data.labels is not None
    assert [row.tolist() for row in data.labels] == [list("xy")[:length] for length in steps]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,t,v\na,1,2\na,2,2.5\n", "line 3, column 'v': found .*2.5.*; a token id: a whole"),
        ("id,t,v\na,1,-2\n", "line 2, column 'v': found .*-2.*; a token id"),
        ("id,t,v,w\na,1,2,3\n", "2 columns besides series, time and label: 'v', 'w'; one"),
    ],
)
def test_what_are_no_token_ids_is_named_with_its_line(write, text, message):
    with pytest.raises(DataError, match=message):
        read(write(text), ids=True)


@pytest.mark.parametrize("text", ["id,t,v\na,1,2\n", "id,t,v,label\na,1,2,\na,2,3,\n"])
def test_labels_may_be_missing_throughout(write, text):
    assert read(write(text)).labels is None


def test_labels_take_the_narrowest_type():
    assert label_array(["3", " -1"]).dtype == np.int64
    assert label_array(["3", "0.5"]).dtype == np.float64
    assert label_array(["3", "nan"]).tolist() == ["3", "nan"]
    assert label_array([True, False]).tolist() == ["True", "False"]
    assert label_array(["9" * 30]).dtype == np.float64


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,t,v\na,1,2\na,1.0,3\n", r"line 3, column 't': found step 1.0 of series 'a' a second"),
        ("id,t,v\na,1,2\na,2,\n", "line 3, column 'v': found nothing"),
        ("id,t,v\na,1,2\na,,3\n", "line 3, column 't': found nothing"),
        ("id,t,v\na,1,2\n\n ,2,3\n", "line 4, column 'id': found nothing"),
        ("id,t,v\na,1,2\na,2,two\n", "line 3, column 'v': found 'two'"),
        ("id,t,v\na,1,2\na,2,nan\n", "line 3, column 'v': found 'nan'"),
        ("id,t,v\na,1,2\na,2,1e39\n", "line 3, column 'v': found '1e39'; a finite number"),
        ("id,t,v\na,2024-01-01,2\na,soon,3\n", "line 3, column 't': found 'soon'; an ISO date"),
        ("id,t,v\na,1,2\na,soon,3\n", "line 3, column 't': found 'soon'; a finite number"),
        ("id,t,v,y\na,1,2,p\na,2,2,q\n", "line 3, column 'y': found 'q' in a series.*'p'.*per_s"),
        ("id,t,v,y\na,1,2,p\nb,1,2,\n", "line 3, column 'y': found nothing; a label in every row"),
        ("when,t,v\na,1,2\n", "no series column among the columns 'when', 't', 'v'"),
        (
            "who,when,v\na,1,2\n",
            "no series column and no time column among the columns 'who', 'when', 'v'",
        ),
        ("id,t,y\na,1,2\n", "no feature column among"),
        ("id,t,v\na,1,2\na,2\n", "line 3: found 2 fields; 3 fields"),
        ("1,2,3\n4,5,6\n", "line 1: found '1', '2', '3', numbers where"),
        ("id,t,v,v\na,1,2,3\n", "no name twice"),
        ("id,,t,v\n0,a,1,2\n", "line 1: found the columns 'id', ''"),
        ("id,t,v\n", "a header and no rows"),
        ("", "the file is empty"),
        ('id,t,v\na,1,"2\n', "not a CSV row"),
    ],
)
def test_wrong_tables_say_line_column_and_what_was_found(write, text, message):
    with pytest.raises(DataError, match=message):
        read(write(text))


def test_columns_that_are_not_there(write):
    path = write(TABLE)
    for role in ("series", "time", "label"):
        with pytest.raises(DataError, match=f"no {role} column 'z' among .*; one of series"):
            read(path, **{role: "z"})
    with pytest.raises(ArgumentError, match="colour: is no option"):
        read(path, colour="red")
    with pytest.raises(ArgumentError, match="has no parts"):
        read(path, part="test")


def test_damaged_files(write, tmp_path):
    path = write("x", "latin.csv")
    path.write_bytes("id,t,v\na,1,жар".encode("cp1251"))
    with pytest.raises(
        FormatError, match=r"latin\.csv, line 2: found 0xe6 \(byte 11\), which is no"
    ):
        read(path)
    packed = tmp_path / "cut.csv.gz"
    packed.write_bytes(gzip.compress(TABLE.encode())[:-9])
    with pytest.raises(FormatError, match="packed stream is damaged"):
        read(packed)


def test_what_a_small_file_may_not_unpack_to(tmp_path):
    """A line of zeros, and rows that are all alike."""
    pyarrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet as parquet

    path = tmp_path / "line.csv.gz"
    path.write_bytes(gzip.compress(b"id,t,x\n") + gzip.compress(b"0" * (1 << 25), 1))
    with pytest.raises(FormatError, match="line 2: found more than 16777216 characters"):
        read(path)
    path = tmp_path / "text.parquet"
    texts = pyarrow.DictionaryArray.from_arrays([0] * 1000, ["x" * 500_000])
    table = {"id": ["a"] * 1000, "t": range(1000), "x": [1.0] * 1000, "label": texts}
    parquet.write_table(pyarrow.table(table), path)
    with pytest.raises(FormatError, match="unpack to 500"):
        read(path)


def test_parquet_that_is_damaged_or_odd(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet as parquet

    path = tmp_path / "rows.parquet"
    keys = {"id": ["a", "a"], "t": [1, 2]}
    latin = pyarrow.array([b"\xff", b"b"]).cast(pyarrow.string(), safe=False)
    far = pyarrow.array([2**62, 1], pyarrow.timestamp("us"))
    for column, message in (
        (pyarrow.Array.from_buffers(pyarrow.string(), 2, latin.buffers()), "whole Parquet file"),
        (far, "timestamp.* cannot be read"),
        (pyarrow.array([[1], [2]]), r"found \[1\]"),
    ):
        parquet.write_table(pyarrow.table({**keys, "x": column}), path)
        with pytest.raises(DataError, match=message):
            read(path)
    path.write_bytes(b"PAR1" + path.read_bytes()[4:-20])
    with pytest.raises(DataError, match=r"rows\.parquet"):
        read(path)


def test_a_wide_header_with_a_name_twice(write):
    names = [f"c{k}" for k in range(50_000)]
    text = ",".join([*names, "c7"]) + "\n" + "1," * 50_000 + "1\n"
    with pytest.raises(FormatError, match=r"among them 'c7'; a header") as caught:
        read(write(text))
    assert len(str(caught.value)) < 1000


def test_labels_as_wide_as_a_book_are_refused():
    with pytest.raises(DataError, match="found one of 100000 characters among 1000"):
        label_array(["x"] * 999 + ["y" * 100_000])


def test_what_is_no_file_is_not_waited_for(tmp_path):
    for name in ("pipe.csv", "pipe.npz", "pipe.parquet", "pipe"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(DataError, match="it is a named pipe"):
            read(tmp_path / name)
    for name in ("a\0b", "a\0b.csv", "x" * 5000, "x" * 5000 + ".npz", "**"):
        with pytest.raises(DataError):
            read(name)


GROUPED = "id,t,who,v,label\na,1,01,1,x\na,2,01,2,x\nb,1,1,3,y\n"


def test_a_column_of_groups_is_no_feature(write):
    data = read(write(GROUPED), group="who")
    assert data.feature_names == ("v",)
    assert data.groups.tolist() == ["01", "1"]
    assert data.select([1]).groups.tolist() == ["1"]
    assert read(write("label,who,t0,t1\nx,p,1,2\ny,q,3,4\n"), group="who").groups.tolist() == [
        "p",
        "q",
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",01,2", ",02,2", "line 3, column 'who': found '02' in .* '01'; one group a series$"),
        (",01,2", ",,2", "line 3, column 'who': found nothing; a group in every row$"),
        ("who", "whom", "no group column 'who' among .*; did you mean 'whom'"),
    ],
)
def test_what_is_no_column_of_groups(write, old, new, message):
    text = GROUPED.replace(old, new)
    with pytest.raises(DataError, match=message):
        read(write(text), group="who")
    if "whom" in text:  # to predict it need not be there
        assert read(write(text), group="who", grouped=False, features=["v"]).groups is None


WORDS = "series,step,word,tag\ns,2,york,I\ns,1, New,B\nt,1,12,O\n"


def test_words_stand_in_a_column_a_word_a_step(tmp_path):
    path = tmp_path / "words.csv"
    path.write_text(WORDS)
    data = read(path, text="word", label="tag", per_step=True, classes=True)
    assert data.sequences.texts() == [[" New", "york"], ["12"]]
    assert [row.tolist() for row in data.labels] == [["B", "I"], ["O"]]
    assert data.feature_names == ()


@pytest.mark.parametrize(
    ("content", "text", "said"),
    [
        (WORDS, "form", "no column 'form'"),
        (WORDS.replace("12", " "), "word", "line 4, column 'word': found nothing; a word"),
    ],
)
def test_words_that_are_none(tmp_path, content, text, said):
    path = tmp_path / "words.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=said):
        read(path, text=text, label="tag", per_step=True, classes=True)


ENGINES = "engine,cycle,temp,rul\n" + "".join(
    f"{n},{c},{(7 * n + 3 * c) % 5}.5,{80 - n}.5\n" for n in range(4) for c in range(5)
)


def test_series_and_time_of_other_names_are_inferred_where_one_choice_fits(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(ENGINES)
    found = read(path, label="rul")
    assert found.ids == ("0", "1", "2", "3")
    assert found.feature_names == ("temp",)
    assert found.written == {"series": "engine", "time": "cycle"}
    assert "series is 'engine', the column of the time is 'cycle'" in found.notes[0]
    again = read(path, label="rul", **found.written)  # as a model reads later
    np.testing.assert_array_equal(again.sequences.values, found.sequences.values)
    assert again.ids == found.ids
    twice = "".join(f"{line},{line.partition(',')[0]}\n" for line in ENGINES.splitlines())
    path.write_text(twice.replace("engine\n", "unit\n"))  # either may be the series
    with pytest.raises(DataError, match=r"no series column and no time.*series=.* and time="):
        read(path, label="rul")
    path.write_text(ENGINES.replace("1,3,", "1,9,"))  # nothing increases
    with pytest.raises(DataError, match=r"series='...' and time='...'"):
        read(path, label="rul")


def test_rows_without_a_time_are_steps_in_their_order_and_it_is_said(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,a\nx,0.5\ny,3\nx,0.25\n")
    found = read(path)
    assert found.sequences.values[:, :, 0].tolist() == [[0.5, 0.25], [3, 0]]
    assert "no column of times" in found.notes[0]
