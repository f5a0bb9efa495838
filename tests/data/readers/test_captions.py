"""Captions from files: every form that is read, and what is wrong with others."""

from __future__ import annotations

import json

import numpy as np
import pytest

from elman.data.readers.captions import read_captions
from elman.errors import DataError, FormatError

VECTORS = np.arange(8, dtype=np.float32).reshape(4, 2)


@pytest.fixture
def vectors(tmp_path):
    path = tmp_path / "features.npy"
    np.save(path, VECTORS)
    return path


def written(path, text: str):
    path.write_text(text, encoding="utf-8")
    return path


def test_several_rows_or_a_list_are_several_captions(vectors, tmp_path):
    rows = [{"index": 2, "captions": ["c", "C"]}, {"index": 0, "captions": ["a"]}]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    found = read_captions(vectors, written(tmp_path / "a.jsonl", lines))
    assert found.references == (("a",), ("c", "C"))
    assert found.items.tolist() == VECTORS[[0, 2]].tolist()
    assert found.rows.tolist() == [0, 2]
    assert found.where(1) == f"{vectors}, row 2"
    assert "2 items without a caption left out, first row 1" in found.notes[-1]
    text = "index,caption\n2,c\n0,a\n2,C\n1,b\n3,007\n"
    found = read_captions(vectors, written(tmp_path / "a.csv", text))
    assert found.references == (("a",), ("b",), ("c", "C"), ("007",))


def test_without_an_index_captions_stand_in_order(vectors, tmp_path):
    lines = "".join(json.dumps({"caption": f"x{k}"}) + "\n" for k in range(4))
    path = written(tmp_path / "a.jsonl", lines)
    assert read_captions(vectors, path).target == ("x0", "x1", "x2", "x3")
    assert read_captions(vectors).references is None


def test_archives_may_hold_sequences_of_any_length(tmp_path):
    path = tmp_path / "features.npz"
    np.savez(path, X=np.ones((2, 3, 4)), lengths=np.array([3, 1]))
    found = read_captions(path)
    assert found.kind == "sequences"
    assert found.lengths is not None
    assert found.lengths.tolist() == [3, 1]


def test_empty_captions_are_counted(vectors, tmp_path):
    path = written(tmp_path / "a.csv", 'index,caption\n0,a\n0," "\n1,b\n2,c\n3,d\n')
    found = read_captions(vectors, path)
    assert len(found) == 4
    assert any("1 empty caption left out" in one for one in found.notes)


@pytest.mark.parametrize(
    ("name", "text", "error", "said"),
    [
        ("a.csv", "index,caption\n0,a\n4,b\n", DataError, "line 3: about item 4, and .* 4 items"),
        ("a.csv", "index,caption\n0,a\nx,b\n", DataError, "line 3"),
        ("a.jsonl", '{"index": 0.5, "caption": "a"}\n', DataError, "line 1, column 'index'"),
        ("a.jsonl", '{"index": 0, "caption": 3}\n', DataError, "line 1, column 'caption': found 3"),
        ("a.csv", "index,words\n0,a\n", DataError, "no column caption among 'index', 'words'"),
        ("a.csv", 'index,caption\n0," "\n', FormatError, "holds no caption"),
    ],
)
def test_what_is_wrong_with_captions_is_named(vectors, tmp_path, name, text, error, said):
    with pytest.raises(error, match=said):
        read_captions(vectors, written(tmp_path / name, text))


def test_what_is_no_array_is_refused(tmp_path):
    whole = tmp_path / "a.npy"
    np.save(whole, VECTORS)
    content = whole.read_bytes()
    for k, damaged in enumerate((b"", content[:20], content[:-4], b"PK" + content)):
        path = tmp_path / f"{k}.npy"
        path.write_bytes(damaged)
        with pytest.raises(FormatError, match=r"is no \.npy file of numbers"):
            read_captions(path)
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(FormatError, match=r"is no \.npy file"):
        read_captions(tmp_path / "objects.npy")
    with pytest.raises(DataError, match="cannot be read"):
        read_captions(tmp_path / "none.npy")
    with pytest.raises(FormatError, match="is no file of numbers"):
        read_captions(tmp_path / "a.png")
