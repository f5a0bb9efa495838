"""NumPy archives: X (or x), and optionally y and lengths. Pickled objects are never loaded."""

from __future__ import annotations

import math
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.labelled_sequences import LabelledSequences
from elman.data.sequences import Sequences, arranged, as_sequences
from elman.data.tables.unpacking import check_unpacked
from elman.errors import DataError, FormatError, ShapeError
from elman.files import open_regular

__all__ = ["read_arrays", "read_npz"]

_KEYS = ("X", "x", "y", "lengths")
_NEEDED = "an array X [sequences, steps, features]; optionally y and lengths"
_MOST_AXES = 8
_PIECE = 1 << 24  # bytes that are read at once
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, struct.error, tokenize.TokenError, SyntaxError),
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError),
    *(NotImplementedError, RuntimeError, RecursionError, MemoryError),
)
"""What zipfile and NumPy raise where an archive or a header is none."""


def read_npz(path: Path, *, ids: bool = False, axes: str | None = None) -> LabelledSequences:
    """Read sequences from an `.npz` file.

    Its arrays: `X` or `x` `[N, T, I]`; optionally `y` (`[N]`, `[N, K]`, or `[N, T, K]` for numbers
    at each step) and `lengths` `[N]`. What stands past a length is ignored.

    Args:
        path: The file.
        ids: Whether the sequences are of token ids: X is of integers, `[N, T]`; or `[R]`, one
            sequence after the other, with `lengths` that sum to R.
        axes: Of X where it is of features: see `elman.data.sequences.arranged`.

    Raises:
        FormatError: The file is damaged, foreign, or holds pickled objects or no X.
        ShapeError: The arrays do not fit together.
        ArgumentError: It is not clear which axis of X is that of steps.
        DataError: A value is not finite, or the file cannot be opened.
    """
    arrays = read_arrays(path)
    key = "X" if "X" in arrays else "x"
    X = arrays[key]
    where = f"{path}, array {key}"
    if not ids and X.ndim < 3 and X.dtype.kind in "iu":
        found = f"found {X.dtype} of shape {X.shape}"
        raise ShapeError(where, found, "[sequences, steps, features]; of token ids say ids=True")
    X, lengths = arranged(X, axes, where), arrays.get("lengths")
    if lengths is None:
        sequences = as_sequences(X, ids=ids, where=where)
    else:
        sequences = _with_lengths(X, lengths, ids, where)
    labels = arrays.get("y")
    if labels is not None:
        steps = X.shape[1] if X.ndim > 1 else sequences.values.shape[1]
        labels = _check_labels(labels, sequences, steps, f"{path}, array y")
    return LabelledSequences(
        sequences,
        labels,
        tuple(f"feature {k}" for k in range(sequences.features or 0)),
        tuple(str(k) for k in range(len(sequences))),
        str(path),
    )


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays that are sequences, labels or lengths; None of another name is looked at."""
    where = str(path)
    try:
        with open_regular(path) as file:
            if file.read(6) == np.lib.format.MAGIC_PREFIX:
                raise ValueError("it is one array, not an archive of named ones")
            with zipfile.ZipFile(file) as archive:
                listed = {
                    entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()
                }
                wanted = [key for key in _KEYS if key in listed]
                if not {"X", "x"} & listed.keys():
                    raise FormatError(
                        where,
                        f"holds the arrays {', '.join(sorted(listed)[:12]) or '(none)'}",
                        _NEEDED,
                    )
                return {
                    key: _array(archive, listed[key], f"{where}, array {key}") for key in wanted
                }
    except OSError as error:
        found = f"cannot be read ({error.strerror or error})"
        raise DataError(where, found, "a file that can be opened") from error
    except FormatError:
        raise
    except _DAMAGE as error:
        raise FormatError(
            where,
            f"is not an .npz file of plain arrays ({error})",
            "one that numpy.savez(path, X=..., y=...) wrote; numbers and strings only",
        ) from error


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, where: str) -> np.ndarray:
    """One array; what its header says is checked before memory is asked for.

    Raises:
        FormatError: It is packed in another way than NumPy does, holds objects, or other bytes
            than its header says.
    """
    if entry.flag_bits & 1:
        raise FormatError(where, "is encrypted", "one that numpy.savez wrote")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FormatError(
            where, f"is packed by method {entry.compress_type} of zip", "one that numpy.savez wrote"
        )
    check_unpacked(where, entry.compress_size, entry.file_size)
    with archive.open(entry) as stream:
        version = np.lib.format.read_magic(stream)
        if version not in _HEADERS:
            raise FormatError(where, f"has a header of version {version}", "plain numbers or texts")
        shape, fortran, dtype = _HEADERS[version](stream)
        if dtype.hasobject or dtype.names is not None or dtype.subdtype is not None:
            raise FormatError(where, f"holds {dtype}: Object arrays cannot be loaded", "numbers")
        size = math.prod(shape) * dtype.itemsize
        if size == 0 or len(shape) > _MOST_AXES or min(shape, default=1) < 0:
            raise FormatError(where, f"found {dtype} of shape {shape}", "numbers, at least one")
        follow = entry.file_size - stream.tell()
        if size != follow:
            found = f"{dtype} of shape {shape} are {size} bytes, but {follow} follow"
            raise FormatError(where, found, "a whole file: get it again")
        array = np.empty(math.prod(shape), dtype)
        content: Any = memoryview(array.view(np.uint8))  # pyright: ignore[reportArgumentType]
        for start in range(0, size, _PIECE):
            piece = stream.read(min(_PIECE, size - start))
            content[start : start + len(piece)] = piece
    return np.ascontiguousarray(array.reshape(shape, order="F" if fortran else "C"))


def _with_lengths(X: np.ndarray, lengths: np.ndarray, ids: bool, where: str) -> Sequences:
    """X with its padding cut off, or cut into sequences; checked."""
    flat = ids and X.ndim == 1
    if X.ndim != (1 if flat else 2 if ids else 3) or X.dtype.kind not in "fiub":
        return as_sequences(X, ids=ids, where=where)  # which says what is wrong with it
    if lengths.dtype.kind not in "iu" or (lengths.shape != X.shape[:1] and not flat):
        raise ShapeError(
            f"{where}, lengths",
            f"found {lengths.dtype} of shape {lengths.shape}",
            f"an integer for each of the {len(X)} sequences",
        )
    most = len(X) if flat else X.shape[1]
    outside = np.flatnonzero((lengths < 0) | (lengths > most))
    if len(outside):
        row = int(outside[0])
        raise ShapeError(
            f"{where}, lengths[{row}]",
            f"found {lengths[row]}",
            f"a length in 0...{most}, the steps of the array",
        )
    if flat:
        ends = np.cumsum(lengths, dtype=np.int64)
        if lengths.ndim != 1 or not len(ends) or ends[-1] != len(X):
            found = f"{lengths.shape} lengths for {len(X)} ids"
            raise ShapeError(f"{where}, lengths", found, "lengths that sum to the number of ids")
        rows = np.split(X, ends[:-1])
    else:
        rows = [row[:length] for row, length in zip(X, lengths, strict=True)]
    if ids:
        return as_sequences(rows, ids=True, where=where)
    return as_sequences(rows, features=X.shape[2], where=where)


def _check_labels(labels: np.ndarray, sequences: Sequences, steps: int, where: str) -> np.ndarray:
    """The labels, those of single steps cut like the sequences and zero past each length."""
    fits = labels.ndim in (1, 2, 3) and len(labels) == len(sequences)
    if not fits or (labels.ndim == 3 and labels.shape[1] != steps):
        raise ShapeError(
            where,
            f"found shape {labels.shape}",
            f"labels for {len(sequences)} sequences: [N], [N, K], or [N, T, K] with T = {steps}",
        )
    if labels.ndim == 3:
        longest = sequences.values.shape[1]
        inside = np.arange(longest) < sequences.lengths[:, None]
        labels = np.where(inside[:, :, None], labels[:, :longest], 0)
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        place = tuple(int(k) for k in np.argwhere(~np.isfinite(labels))[0])
        raise DataError(f"{where}, entry {place}", f"found {labels[place]}", "finite numbers")
    return labels
