"""A folder with a file for each sequence: labels by subfolder, by a table, or in the files."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from elman.data import read
from elman.data.readers import has_parts
from elman.data.readers import test_part as part_beside
from elman.errors import ArgumentError, DataError


@pytest.fixture
def write(tmp_path):
    """Write files by their paths in a folder of their own."""

    def write_files(**files: str):
        shutil.rmtree(tmp_path / "data", ignore_errors=True)
        for name, text in files.items():
            path = tmp_path / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / "data"

    return write_files


A, B, C = "t,x,z\n1,3,4\n0,1,2\n", "t,z,x\n0,6,5\n", "t,x,z\n0,7,8\n"


def rows_of(data):
    return [row.tolist() for row in data.sequences.rows()]


def test_the_subfolder_is_the_label(write):
    folder = write(**{"walk/a.csv": A, "walk/b.csv": B, "run/c.csv": C, "run/.hidden": "x"})
    data = read(folder)
    assert data.ids == ("run/c.csv", "walk/a.csv", "walk/b.csv")
    assert data.labels.tolist() == ["run", "walk", "walk"]
    assert rows_of(data) == [[[7, 8]], [[1, 2], [3, 4]], [[5, 6]]]  # sorted by step, by name
    assert data.feature_names == ("x", "z")
    assert data.notes[0].endswith("3 files, a sequence each; labelled by 2 subfolders")


@pytest.mark.parametrize("names", [("a.csv", "b.csv"), ("a", "b"), ("./a", "b.csv")])
def test_a_table_has_the_labels(write, names):
    labels = f"name;age;kind\n{names[1]};1,5;up\n{names[0]};2,5;down\nz;3,5;up\n"
    folder = write(**{"a.csv": A, "b.csv": B, "info.csv": labels.replace("./", "")})
    with pytest.raises(DataError, match=r"info.csv: found the columns 'age', 'kind'; .*label="):
        read(folder)
    assert read(folder, label="kind").labels.tolist() == ["down", "up"]
    assert read(folder, label="age").labels.tolist() == [2.5, 1.5]
    both = read(folder, label=["age", "age"][:1])
    assert both.labels.tolist() == [[2.5], [1.5]]
    assert "labelled by" in both.notes[0]


def test_a_table_of_labels_elsewhere(write, tmp_path):
    folder = write(**{"a.csv": A, "b.csv": B})
    (tmp_path / "labels.csv").write_text("file,label\na,01\nb,02\n")
    data = read(folder, labels=str(tmp_path / "labels.csv"))
    assert data.labels.tolist() == ["01", "02"]
    with pytest.raises(ArgumentError, match=r"labels: there is no table 'other.csv'"):
        read(folder, labels="other.csv")
    (tmp_path / "few.csv").write_text("file,label\na,1\n")
    with pytest.raises(DataError, match=r"few.csv: no column names each of the files; .*'b.csv'"):
        read(folder, labels=str(tmp_path / "few.csv"))


def test_numbers_beside_numbered_files(write):
    folder = write(**{"1.csv": A, "2.csv": B, "targets.csv": "id,target\n2,0.5\n1,1.5\n"})
    assert read(folder).labels.tolist() == [1.5, 0.5]


def test_labels_in_the_files_and_none(write):
    folder = write(**{"a.csv": "x,label\n1,up\n2,up\n", "b.csv": "x,label\n3,down\n"})
    data = read(folder)
    assert data.labels.tolist() == ["up", "down"]
    assert rows_of(data) == [[[1], [2]], [[3]]]
    assert "their rows are the steps, in order" in data.notes[0]
    classes = read(folder, per_step=True, classes=True)
    assert [row.tolist() for row in classes.labels] == [["up", "up"], ["down"]]
    assert read(write(**{"a.csv": A, "b.csv": B}), labelled=False).labels is None


def test_files_that_differ_are_named(write):
    with pytest.raises(DataError, match=r"b.csv: found the columns 't', 'v'; those of .*a.csv"):
        read(write(**{"walk/a.csv": A, "walk/b.csv": "t,v\n0,1\n"}))
    with pytest.raises(DataError, match=r"c.csv, line 2, column 'x': found 'v'"):
        read(write(**{"walk/b.csv": B, "walk/c.csv": "t,x,z\n0,v,1\n"}))


def test_parts(write):
    folder = write(**{"train/up/a.csv": A, "train/down/b.csv": B, "test/up/c.csv": C})
    assert has_parts(folder)
    assert part_beside(folder) == (folder, "test")
    assert read(folder).labels.tolist() == ["down", "up"]
    assert rows_of(read(folder, part="test")) == [[[7, 8]]]
    with pytest.raises(ArgumentError, match="part: found 'test'"):
        read(folder / "train", part="test")
    assert not has_parts(folder / "train")


def test_numbers_that_one_file_settles_hold_for_the_next(write):
    folder = write(**{"up/a.csv": "x;n\n1,5;1\n", "up/b.csv": "x;n\n1,250;1\n"})
    np.testing.assert_array_equal(rows_of(read(folder)), [[[1.5, 1]], [[1.25, 1]]])
