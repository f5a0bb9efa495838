"""ARFF files, as Weka and the UCR and UEA archives write them."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data import read
from elman.data.readers import test_part as part_beside
from elman.errors import FormatError

FLAT = """% made up
@RELATION Waves

@attribute att1 numeric
@attribute 'att 2' REAL
@attribute target {1,2}

@data
0.5,0.7,1
% a remark
0.9,?,2
"""
SEVERAL = """@relation Waves
@attribute channels relational
  @attribute t0 numeric
  @attribute t1 numeric
  @attribute t2 numeric
@end channels
@attribute classAttribute {up,'far down'}
@data
'0.5,0.7\\n1,2',up
"0.9,0.2,1e-1\\n4,5,6",'far down'
"""


@pytest.fixture
def write(tmp_path):
    def write_file(text: str, name: str = "Waves_TRAIN.arff"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write_file


def rows_of(data):
    return [np.round(row.astype(float), 6).tolist() for row in data.sequences.rows()]


def test_one_channel_has_an_attribute_for_each_step(write):
    data = read(write(FLAT))
    assert rows_of(data) == [[[0.5], [0.7]], [[0.9]]]
    assert data.labels.tolist() == [1, 2]
    assert "ARFF" in data.notes[0]
    assert "1 sequence end where only missing values follow" in " ".join(data.notes)


def test_several_channels_stand_in_one_field(write):
    data = read(write(SEVERAL))
    assert rows_of(data) == [[[0.5, 1], [0.7, 2]], [[0.9, 4], [0.2, 5], [0.1, 6]]]
    assert data.labels.tolist() == ["up", "far down"]


def test_no_class(write):
    data = read(write("@relation x\n@attribute a numeric\n@attribute b numeric\n@data\n1,2\n"))
    assert data.labels is None
    assert rows_of(data) == [[[1], [2]]]
    data = read(write("@relation x\n@attribute a numeric\n@attribute target real\n@data\n1,2.5\n"))
    assert data.labels.tolist() == [2.5]


def test_the_test_part_lies_beside(write):
    train, test = write(FLAT), write(FLAT, "Waves_TEST.arff")
    assert part_beside(train) == (test, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2\n", "line 1: found '1,2' before @data"),
        ("@relation x\n@attribute a\n@data\n1\n", "line 2: found '@attribute a'; @attribute NAME"),
        ("@relation x\n@data\n1\n", "found no attribute before @data"),
        ("@relation x\n@attribute a numeric\n", "found no line @data"),
        (FLAT[: FLAT.index("0.5")], "found no series after @data"),
        (FLAT.replace("0.7", "x"), "line 9, step 1: found 'x'; a number"),
        (FLAT.replace("0.9,?,2", "0.9,?,"), "line 11: found '0.9,"),
        (SEVERAL.replace("'0.5,0.7\\n1,2'", "0.5,0.7"), "line 9: found .* channels in quotes"),
        (SEVERAL.replace("1,2'", "1'"), "line 9, feature 1: found 1 value; 2, as feature 0"),
        (SEVERAL.replace("\\n4,5,6", ""), "line 10: found 1 feature; 2, as in line 9"),
        (SEVERAL.replace("',up", "'"), "line 9: found .* class behind them"),
    ],
)
def test_what_is_none_is_named_with_its_line(write, text, message):
    with pytest.raises(FormatError, match=message):
        read(write(text))
