"""The idx format of MNIST: a magic number, the dimensions, then the numbers, big-endian."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import IO

import numpy as np

from elman.data.labelled_sequences import LabelledSequences
from elman.data.sequences import as_sequences
from elman.data.tables.unpacking import check_unpacked, open_unpacked, reading
from elman.errors import DataError, FormatError, ShapeError

__all__ = ["find_pair", "has_test_part", "is_idx_name", "read_idx", "read_pair"]

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MOST_AXES = 8
_LARGEST_CLASS = 2**53  # all whole numbers up to it are floats
_IMAGES = re.compile(r"(?P<prefix>.*?)-?images[-.]idx3-ubyte(\.gz)?")
_PREFIXES = {"train": ("train",), "test": ("t10k", "test")}


def is_idx_name(name: str) -> bool:
    """Whether a file is called like the images of an idx pair."""
    return _IMAGES.fullmatch(name) is not None


def read_idx(path: Path) -> np.ndarray:
    """The array that an idx file, plain or gzip, holds.

    Raises:
        FormatError: The file is foreign, truncated or too long: the message gives the byte.
        DataError: It cannot be opened.
    """
    with reading(str(path)), open_unpacked(path, str(path)) as file:
        return _read(file, str(path), path.stat().st_size)


def _read(file: IO[bytes], where: str, packed: int) -> np.ndarray:
    """Check the header, then read no more than it promises; the file has `packed` bytes."""
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES or magic[3] == 0:
        raise FormatError(
            f"{where}, byte 0",
            f"found {magic.hex(' ') or 'nothing'}",
            "the magic number of an idx file: 00 00, a type (08 for bytes), the number of axes",
        )
    if magic[3] > _MOST_AXES:
        raise FormatError(
            f"{where}, byte 3",
            f"found {magic[3]} axes",
            f"at most {_MOST_AXES}: an array of numbers",
        )
    header = file.read(4 * magic[3])
    if len(header) < 4 * magic[3]:
        raise FormatError(
            f"{where}, byte {4 + len(header)}",
            "the file ends inside the dimensions",
            f"{magic[3]} dimensions of 4 bytes each",
        )
    shape = tuple(int(size) for size in np.frombuffer(header, ">u4"))
    if 0 in shape:
        raise FormatError(
            f"{where}, byte {4 + 4 * shape.index(0)}",
            f"found the dimensions {list(shape)}, which hold nothing",
            "dimensions of at least 1",
        )
    dtype = np.dtype(_TYPES[magic[2]])
    expected = math.prod(shape) * dtype.itemsize
    check_unpacked(where, packed, min(packed, expected))
    body = _read_at_most(file, expected + 1)
    if len(body) != expected:
        start = 4 + len(header)
        found = "the file goes on" if len(body) > expected else "the file ends"
        raise FormatError(
            f"{where}, byte {start + min(len(body), expected)}",
            found,
            f"{expected} bytes of numbers after the header, for the dimensions {list(shape)}",
        )
    return np.frombuffer(body, dtype).reshape(shape)


def _read_at_most(file: IO[bytes], size: int) -> bytes:
    """Up to `size` bytes; grown piece by piece, so a lying header reserves no memory."""
    pieces = []
    while size > 0 and (piece := file.read(min(size, 1 << 24))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def has_test_part(path: Path) -> bool:
    """Whether a path is a folder with an idx pair for training and one for a test."""
    if not path.is_dir():
        return False
    names = [
        match["prefix"] for entry in path.glob("*") if (match := _IMAGES.fullmatch(entry.name))
    ]
    return all(any(name in known for name in names) for known in _PREFIXES.values())


def find_pair(path: Path, part: str | None) -> tuple[Path, Path | None]:
    """The images file and the labels file that `path` means.

    Args:
        path: The images file; or a folder or a prefix (`folder/train`) of such files.
        part: 'train' or 'test' (in a folder: the prefix `train`, or `t10k` or `test`); None
            takes the training images, or the only images there are.

    Raises:
        DataError: There are no such images, or several that fit.
    """
    if path.is_file():
        images = path
    else:
        folder, prefix = (path, "") if path.is_dir() else (path.parent, path.name)
        found = [
            (match["prefix"], entry)
            for entry in sorted(folder.glob("*"))
            if (match := _IMAGES.fullmatch(entry.name)) and match["prefix"].startswith(prefix)
        ]
        chosen = _choose(found, part)
        if len(chosen) != 1:
            listed = ", ".join(entry.name for _, entry in found) or "no images file"
            raise DataError(
                str(path),
                f"holds {listed}"
                + (f", of which {len(chosen)} are the part {part!r}" * bool(part)),
                "one file train-images-idx3-ubyte[.gz] (t10k-... for the test part) with its "
                "labels beside it",
            )
        images = chosen[0]
    stem = images.name.removesuffix(".gz").replace("images", "labels").replace("idx3", "idx1")
    for name in (stem, f"{stem}.gz"):
        if name != images.name and (labels := images.with_name(name)).is_file():
            return images, labels
    return images, None


def _choose(found: list[tuple[str, Path]], part: str | None) -> list[Path]:
    """The images of the wanted part; of a plain file and its .gz the plain one."""
    prefixes = _PREFIXES[part or "train"]
    fitting = [entry for prefix, entry in found if prefix in prefixes]
    if part is None and not fitting:
        fitting = [entry for _, entry in found]
    by_stem = {entry.name.removesuffix(".gz"): entry for entry in reversed(fitting)}
    return list(by_stem.values())


def read_pair(images_path: Path, labels_path: Path | None, name: str) -> LabelledSequences:
    """Images `[N, rows, columns]` as sequences of rows, bytes scaled to 0…1, with their labels.

    Raises:
        FormatError, DataError: See `read_idx`.
        ShapeError: The axes do not fit, or images and labels differ in number.
    """
    images = read_idx(images_path)
    if images.ndim != 3:
        raise ShapeError(
            str(images_path), f"holds {images.ndim} axes", "images: [count, rows, columns]"
        )
    labels = None if labels_path is None else read_idx(labels_path)
    if labels is not None and labels.shape != images.shape[:1]:
        raise ShapeError(
            str(labels_path),
            f"holds labels of shape {labels.shape}",
            f"one label for each of the {len(images)} images in {images_path.name}",
        )
    if labels is not None:
        _check_whole(labels, f"{labels_path}")
    values = images
    if images.dtype == np.uint8:
        values = images.astype(np.float32)
        values /= 255
    return LabelledSequences(
        as_sequences(values, where=str(images_path)),
        None if labels is None else labels.astype(np.int64),
        tuple(f"column {k}" for k in range(images.shape[2])),
        tuple(str(k) for k in range(len(images))),
        name,
    )


def _check_whole(labels: np.ndarray, where: str) -> None:
    """`DataError` for a label that is no class: a fraction, or no number."""
    strange = ~(np.abs(labels) <= _LARGEST_CLASS) | (labels != np.round(labels))
    if strange.any():
        place = int(np.argmax(strange))
        raise DataError(f"{where}, label {place}", f"found {labels[place]}", "whole numbers")
