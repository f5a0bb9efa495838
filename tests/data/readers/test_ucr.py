"""The archives' formats, as sktime and the UCR and UEA archives write them."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from elman.data import read
from elman.data.readers import test_part as part_beside
from elman.errors import ArgumentError, DataError, FormatError

HEAD = "# made up\n@problemName Waves\n@timeStamps false\n@missing false\n@univariate false\n"
TS = (
    HEAD
    + "@dimensions 2\n@classLabel true up down\n\n@data\n0.5,0.7:1,2:up\n0.9,0.2,1e-1:4,5,6:down\n"
)


@pytest.fixture
def write(tmp_path):
    def write_file(text: str, name: str = "Waves_TRAIN.ts"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write_file


def rows_of(data):
    return [np.round(row.astype(float), 6).tolist() for row in data.sequences.rows()]


def test_several_features_of_different_lengths(write):
    data = read(write(TS))
    assert rows_of(data) == [[[0.5, 1], [0.7, 2]], [[0.9, 4], [0.2, 5], [0.1, 6]]]
    assert data.labels.tolist() == ["up", "down"]
    assert data.feature_names == ("feature 0", "feature 1")
    assert "a series a line" in data.notes[0]
    packed = write("", "Waves.ts.gz")
    packed.write_bytes(gzip.compress(TS.encode()))
    assert rows_of(read(packed)) == rows_of(data)


def test_numbers_to_predict_and_no_labels(write):
    data = read(write("@targetLabel true\n@data\n1,2:0.5\n3,4:-1.5\n"))
    np.testing.assert_array_equal(data.labels, [0.5, -1.5])
    data = read(write("@classLabel false\n@DATA\n1,2:3,4\n"))
    assert data.labels is None
    assert rows_of(data) == [[[1, 3], [2, 4]]]


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("@equalLength true", "equal lengths, and they are 2 to 3"),  # tsml-repo#92
        ("@seriesLength 2", "series of 2 steps, and they have 2 to 3"),
        ("@dimensions 3", "3 features, and there are 2"),
        ("@univariate true", "one feature, and there are 2"),
        ("@missing false", "that nothing is missing, and there is no number in 1 place"),
        ("@classLabel true up", "other classes than 'down', found in its series"),
    ],
)
def test_a_head_that_the_series_do_not_bear_out_is_said(write, head, said):
    label = "" if "@classLabel" in head else "@classLabel true up down\n"
    text = f"{head}\n{label}@data\n0.5,0.7:1,?:up\n0.9,0.2,1e-1:4,5,6:down\n"
    data = read(write(text), missing="previous")
    assert data.sequences.lengths.tolist() == [2, 3]
    assert f"its head says {said}" in data.notes
    true = "@equalLength false\n@seriesLength 3\n@dimensions 2\n@missing true\n"
    data = read(write(text.replace(f"{head}\n", true, 1) if label else text), missing="previous")
    assert not label or not any("its head says" in note for note in data.notes)


def test_an_unknown_field_of_the_head_does_no_harm(write):
    data = read(write(TS.replace("@data", "@tsmlVersion 3 beta\n@futureField\n@data", 1)))
    assert data.labels.tolist() == ["up", "down"]
    assert not any("its head says" in note for note in data.notes)


def test_times_of_values_are_left_out_and_it_is_said(write):
    text = "@timestamps true\n@classLabel true a\n@data\n"
    text += "(2024-01-01 00:10:00,1),(2024-01-02,2):(0,3),(1,4):a\n"
    data = read(write(text))
    assert rows_of(data) == [[[1, 3], [2, 4]]]
    assert "times of its values are left out" in " ".join(data.notes)


def test_missing_values(write):
    text = "@classLabel true a b\n@data\n1,?,4:a\n5,6,?:b\n"
    path = write(text)
    with pytest.raises(
        DataError, match=r"line 3, feature 0, step 1: found nothing; .*missing='linear'"
    ):
        read(path)
    data = read(path, missing="linear")
    assert rows_of(data) == [[[1], [2.5], [4]], [[5], [6]]]
    assert "1 missing value filled on the line" in " ".join(data.notes)
    assert "1 sequence end where only missing values follow" in " ".join(data.notes)
    assert rows_of(read(path, missing="previous"))[0] == [[1], [1], [4]]
    with pytest.raises(DataError, match="found no value in the whole sequence"):
        read(write("@classLabel true a\n@data\n1,2:?,?:a\n"), missing="linear")
    with pytest.raises(ArgumentError, match="missing"):
        read(path, missing="mean")


def test_rows_of_a_class_and_its_series(write):
    data = read(write("1\t0.5\t0.7\tNaN\n2\t0.9\t0.2\t0.1\n", "Waves_TRAIN.tsv"))
    assert rows_of(data) == [[[0.5], [0.7]], [[0.9], [0.2], [0.1]]]
    assert data.labels.tolist() == [1, 2]
    data = read(write("  1.0e+00  5.0e-01 7e-1\n -1.0  0.9 0.2\n", "Waves_TRAIN.txt"))
    assert data.labels.tolist() == [1, -1]
    table = read(write("id\tt\tx\na\t0\t1\n", "table.tsv"))  # with a header it is a table
    assert table.feature_names == ("x",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2:a\n", "line 1: found '1,2:a' before @data"),
        ("@classLabel true a\n", "found no line @data"),
        ("@classLabel true a\n@data\n", "found no series after @data"),
        ("@classLabel true a\n@data\n1,x:a\n", "line 3, feature 0, step 1: found 'x'; a number"),
        ("@classLabel true a\n@data\n1,2:3:a\n", "line 3, feature 1: found 1 value; 2, as feature"),
        ("@classLabel true a\n@data\n1,2:3,4:a\n1,2:a\n", "line 4: found 1 feature; 2 between"),
        ("@data\n1,2:3,4\n1,2\n", "a label behind them is told by @classLabel true"),
        ("@classLabel true a\n@data\n1,2:\n", "line 3: found no label"),
    ],
)
def test_what_is_none_is_named_with_its_line(write, text, message):
    with pytest.raises(FormatError, match=message):
        read(write(text))


def test_the_test_part_beside(write, tmp_path):
    path = write(TS)
    assert part_beside(path) is None
    other = write(TS, "Waves_TEST.ts")
    assert part_beside(path) == (other, None)
    assert part_beside(other) is None
    assert part_beside(write("id,t,x\na,0,1\n", "own_TRAIN.csv")) is None


def test_options_that_do_not_apply(write):
    with pytest.raises(ArgumentError, match=r"label: does not apply to .*Waves_TRAIN.ts"):
        read(write(TS), label="x")
