"""The idx format: what is read, and every way in which a file can be wrong."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from elman.data.readers import read
from elman.data.readers.idx import read_idx
from elman.errors import ArgumentError, DataError, FormatError, ShapeError

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def idx_bytes(array: np.ndarray) -> bytes:
    code = CODES[array.dtype.str[1:]]
    header = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4) * 10
LABELS = np.array([7, 1], dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    for part, images in (("train", IMAGES), ("t10k", IMAGES[::-1])):
        name = f"{part}-images-idx3-ubyte"
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(idx_bytes(images)))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(idx_bytes(LABELS))
    return tmp_path


@pytest.mark.parametrize("dtype", list(CODES))
@pytest.mark.parametrize("packed", [False, True])
def test_every_type_comes_back(tmp_path, dtype, packed):
    array = np.arange(6, dtype=dtype).reshape(3, 2)
    content = idx_bytes(array)
    path = tmp_path / "data"
    path.write_bytes(gzip.compress(content) if packed else content)
    np.testing.assert_array_equal(read_idx(path), array)


def test_images_become_rows_of_scaled_pixels(folder):
    data = read(folder)
    np.testing.assert_allclose(data.sequences.values, IMAGES / 255, rtol=1e-6)
    assert data.labels is not None
    assert data.labels.tolist() == [7, 1]
    assert data.labels.dtype == np.int64
    assert data.feature_names == ("column 0", "column 1", "column 2", "column 3")
    assert data.ids == ("0", "1")


@pytest.mark.parametrize("end", ["", "train", "train-images-idx3-ubyte.gz"])
def test_folder_prefix_and_file_mean_the_same(folder, end):
    np.testing.assert_array_equal(
        read(folder / end).sequences.values, read(folder).sequences.values
    )


def test_parts_of_a_folder(folder):
    test = read(folder, part="test").sequences.values
    np.testing.assert_array_equal(test, read(folder).sequences.values[::-1])
    with pytest.raises(ArgumentError, match="found 'validation'"):
        read(folder, part="validation")
    for name in ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte"):
        (folder / name).unlink()
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte.gz, of which 0 are .*'test'"):
        read(folder, part="test")


def test_a_plain_file_beside_its_packed_twin_is_one_pair(folder):
    (folder / "train-images-idx3-ubyte").write_bytes(idx_bytes(IMAGES))
    assert len(read(folder)) == 2


def test_images_without_labels_can_be_predicted(folder):
    (folder / "train-labels-idx1-ubyte").unlink()
    assert read(folder, part="train").labels is None


def test_an_idx_file_of_any_name_is_recognised(tmp_path):
    (tmp_path / "mine").write_bytes(idx_bytes(IMAGES))
    assert len(read(tmp_path / "mine")) == 2


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_cut_anywhere_is_refused(tmp_path, packed):
    content = idx_bytes(IMAGES)
    content = gzip.compress(content) if packed else content
    path = tmp_path / "cut-images-idx3-ubyte"
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(FormatError, match=r"cut-images-idx3-ubyte(, byte \d+)?: "):
            read_idx(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "byte 0: found nothing; the magic number of an idx file"),
        (b"\x89PNG\r\n", "byte 0: found 89 50 4e 47"),
        (b"\0\0\x07\x01", "byte 0: found 00 00 07 01"),
        (b"\0\0\x08\x00", "byte 0: found 00 00 08 00"),
        (b"\0\0\x08\x03\0\0", "byte 6: the file ends inside the dimensions; 3 dimensions"),
        (b"\0\0\x08\x01\0\0\0\x02a", "byte 9: the file ends; 2 bytes of numbers"),
        (b"\0\0\x08\x01\0\0\0\x02abc", "byte 10: the file goes on; 2 bytes of numbers"),
        (b"\0\0\x08\x03" + b"\xff" * 12 + b"a", "byte 17: the file ends"),
    ],
)
def test_foreign_files_say_where_and_what(tmp_path, content, message):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=f"{path}, {message}"):
        read_idx(path)
    assert path.read_bytes() == content


def test_a_damaged_gzip_stream(tmp_path):
    content = bytearray(gzip.compress(idx_bytes(np.zeros(1000, np.uint8))))
    content[20] ^= 0xFF
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(FormatError, match="packed stream is damaged"):
        read_idx(tmp_path / "x")


def test_pairs_that_do_not_fit(tmp_path):
    images, labels = tmp_path / "a-images-idx3-ubyte", tmp_path / "a-labels-idx1-ubyte"
    images.write_bytes(idx_bytes(IMAGES))
    labels.write_bytes(idx_bytes(np.zeros(3, np.uint8)))
    with pytest.raises(ShapeError, match=r"labels of shape \(3,\); one label for each of the 2"):
        read(images)
    images.write_bytes(idx_bytes(LABELS))
    with pytest.raises(ShapeError, match="holds 1 axes"):
        read(images)


def test_files_that_are_not_there_or_not_understood(tmp_path):
    with pytest.raises(DataError, match="no such file or folder"):
        read(tmp_path / "nothing")
    with pytest.raises(DataError, match="holds no images file"):
        read(tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path)
    (tmp_path / "notes.md").write_text("hello")
    with pytest.raises(FormatError, match=r"no format that Elman reads.*\.parquet.*\.npz"):
        read(tmp_path / "notes.md")
    (tmp_path / "x-images-idx3-ubyte").write_bytes(idx_bytes(IMAGES))
    with pytest.raises(ArgumentError, match="label: does not apply"):
        read(tmp_path / "x-images-idx3-ubyte", label="y")


def test_headers_that_lie(tmp_path):
    path = tmp_path / "x"
    for header, message in (
        (b"\0\0\x08\x41" + b"\0\0\0\1" * 65, "byte 3: found 65 axes; at most 8"),
        (
            b"\0\0\x08\x03" + b"\xff" * 8 + b"\0" * 4,
            r"byte 12: found the dimensions .* hold nothing",
        ),
        (b"\0\0\x08\x08" + b"\xff" * 32, "the file ends"),
    ):
        path.write_bytes(header)
        with pytest.raises(FormatError, match=message):
            read_idx(path)
        path.write_bytes(gzip.compress(header))
        with pytest.raises(FormatError, match=message):
            read_idx(path)


def test_labels_that_are_no_classes(tmp_path):
    images, labels = tmp_path / "a-images-idx3-ubyte", tmp_path / "a-labels-idx1-ubyte"
    images.write_bytes(idx_bytes(IMAGES))
    for wrong in (0.5, np.nan, np.inf, 1e30):
        labels.write_bytes(idx_bytes(np.array([1, wrong], "f8")))
        with pytest.raises(DataError, match="label 1: found"):
            read(images)
