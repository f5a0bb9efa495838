"""NumPy archives of sequences: what is read and what is refused."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import pytest

from elman.data.readers import read
from elman.errors import ArgumentError, DataError, FormatError, ShapeError

X = np.arange(24.0).reshape(3, 4, 2)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.npz"


@pytest.mark.parametrize("key", ["X", "x"])
def test_sequences_and_labels(path, key):
    np.savez(path, **{key: X}, y=np.array(["a", "b", "a"]))
    data = read(path)
    np.testing.assert_array_equal(data.sequences.values, X)
    assert data.labels is not None
    assert data.labels.tolist() == ["a", "b", "a"]
    assert data.feature_names == ("feature 0", "feature 1")
    assert data.name == str(path)
    np.savez(path, X=X)
    assert read(path, part="train").labels is None


def test_lengths_cut_and_what_stands_past_them_is_ignored(path):
    padded, targets = X.copy(), np.ones((3, 4, 1))
    padded[1, 2:] = np.nan
    targets[1, 2:] = np.nan
    np.savez(path, X=padded, y=targets, lengths=[3, 2, 0])
    data = read(path)
    assert data.sequences.lengths.tolist() == [3, 2, 0]
    np.testing.assert_array_equal(data.sequences.rows()[1], X[1, :2])
    assert data.labels is not None
    assert data.labels[:, :, 0].tolist() == [[1, 1, 1], [1, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("arrays", "error", "message"),
    [
        ({"a": X}, FormatError, "holds the arrays a; an array X"),
        ({}, FormatError, r"holds the arrays \(none\)"),
        ({"X": np.array([object()])}, FormatError, "Object arrays cannot be loaded"),
        ({"X": X[0]}, ShapeError, r"array X: found an array of shape \(4, 2\)"),
        ({"X": X[0], "lengths": [4]}, ShapeError, r"found an array of shape \(4, 2\)"),
        ({"X": X, "y": np.zeros(2)}, ShapeError, r"array y: found shape \(2,\)"),
        ({"X": X, "y": np.zeros((3, 5, 1))}, ShapeError, "T = 4"),
        ({"X": X, "y": np.zeros((3, 4, 1, 1))}, ShapeError, r"\(3, 4, 1, 1\)"),
        ({"X": X, "y": [1.0, np.nan, 2.0]}, DataError, r"array y, entry \(1,\): found nan"),
        ({"X": np.where(X == 13, np.nan, X)}, DataError, "sequence 1, step 2, feature 1"),
        ({"X": X, "lengths": [1, 5, 1]}, ShapeError, r"lengths\[1\]: found 5"),
        ({"X": X, "lengths": [1, -1, 1]}, ShapeError, r"lengths\[1\]: found -1"),
        ({"X": X, "lengths": [1, 1]}, ShapeError, r"found int64 of shape \(2,\)"),
        ({"X": X, "lengths": [1.0, 1.0, 1.0]}, ShapeError, "found float64"),
    ],
)
def test_wrong_archives(path, arrays, error, message):
    np.savez(path, allow_pickle=True, **arrays)
    with pytest.raises(error, match=message):
        read(path)


def test_foreign_files(path):
    np.save(path.with_suffix(".npy"), X)
    path.with_suffix(".npy").rename(path)
    with pytest.raises(FormatError, match="one array, not an archive"):
        read(path)
    path.write_bytes(b"hello")
    with pytest.raises(FormatError, match=r"not an \.npz file"):
        read(path)


def test_a_file_cut_anywhere_is_refused(path):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, X=X, y=np.zeros(3))
    content = buffer.getvalue()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(FormatError):
            read(path)


def test_paths_and_options(path):
    with pytest.raises(DataError, match="no such file"):
        read(path)
    np.savez(path, X=X)
    with pytest.raises(ArgumentError, match="has no parts"):
        read(path, part="test")
    with pytest.raises(ArgumentError, match="time: does not apply"):
        read(path, time="t")


def made(path, headers=None, method=zipfile.ZIP_STORED):
    """An archive of X, with the header of that array given as text."""
    shape = headers or "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4, 2), }"
    text = shape.encode() + b"\n"
    member = b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + X.tobytes()
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("X.npy", member)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (2**40,), }", "plain arrays"),
        (
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776, 4, 2), }",
            "192 follow",
        ),
        (
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776, 0, 2), }",
            "at least one",
        ),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (-3, -4, 2), }", "at least one"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': " + "9" * 5000 + ", }", "plain arrays"),
        ("{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000000,), }", "at least one"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (24,), }", "Object arrays"),
        ("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (24,), }", "Object arrays"),
        ("{'descr': '<f8', 'shape': (", "plain arrays"),
        ("(" * 300, "plain arrays"),
        ("[]", "plain arrays"),
    ],
)
def test_headers_that_lie(path, header, message):
    made(path, header)
    with pytest.raises(FormatError, match=message):
        read(path)


def test_archives_that_numpy_does_not_write(path):
    made(path)
    np.testing.assert_array_equal(read(path).sequences.values, X)
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        made(path, method=method)
        with pytest.raises(FormatError, match="is packed by method"):
            read(path)
    made(path)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(FormatError, match="is encrypted"):
        read(path)


def test_an_archive_of_nearly_nothing(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        np.lib.format.write_array(member := io.BytesIO(), np.zeros((1, (1 << 25) + 8, 1)))
        archive.writestr("X.npy", member.getvalue())
    with pytest.raises(FormatError, match="unpack to 268435"):
        read(path)


def test_arrays_are_the_readers_own(path):
    np.savez(path, X=np.asfortranarray(X.astype(np.float32)))
    values = read(path).sequences.values
    np.testing.assert_array_equal(values, X)
    assert values.flags.writeable


def test_token_ids(tmp_path):
    path = tmp_path / "ids.npz"
    np.savez(path, X=np.array([[5, 2, 0], [7, 0, 0]]), lengths=[2, 1], y=["a", "b"])
    data = read(path, ids=True)
    assert [row.tolist() for row in data.sequences.rows()] == [[5, 2], [7]]
    assert data.sequences.features is None
    np.savez(path, X=np.array([5, 2, 7]), lengths=[2, 1])
    assert [row.tolist() for row in read(path, ids=True).sequences.rows()] == [[5, 2], [7]]
    with pytest.raises(ShapeError, match=r"found int64 of shape \(3,\).*ids=True"):
        read(path)
    np.savez(path, X=np.array([5, 2, 7]), lengths=[2, 2])
    with pytest.raises(ShapeError, match="lengths that sum to the number of ids"):
        read(path, ids=True)
    np.savez(path, X=np.array([[5, -2]]))
    with pytest.raises(DataError, match="found token id -2"):
        read(path, ids=True)


def test_axes(tmp_path):
    path = tmp_path / "x.npz"
    X = np.arange(24.0).reshape(2, 3, 4)
    np.savez(path, X=X.transpose(0, 2, 1))
    np.testing.assert_array_equal(read(path, axes="NIT").sequences.values, X)
    np.savez(path, X=X[:, :1])
    with pytest.raises(ArgumentError, match="axes: not told"):
        read(path)
