"""NumPy archives: X (or x), and optionally y and lengths. Pickled objects are never loaded."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from elman.data.sequences import LabelledSequences, Sequences, as_sequences
from elman.errors import DataError, FormatError, ShapeError

__all__ = ["read_npz"]


def read_npz(path: Path) -> LabelledSequences:
    """Read sequences from an `.npz` file.

    Its arrays: `X` or `x` `[N, T, I]`; optionally `y` (`[N]`, `[N, K]`, or `[N, T, K]` for numbers
    at each step) and `lengths` `[N]`. What stands past a length is ignored.

    Raises:
        FormatError: The file is damaged, foreign, or holds pickled objects or no X.
        ShapeError: The arrays do not fit together.
        DataError: A value is not finite, or the file cannot be opened.
    """
    arrays = _arrays(path)
    key = next((key for key in ("X", "x") if key in arrays), None)
    if key is None:
        raise FormatError(
            str(path),
            f"holds the arrays {', '.join(sorted(arrays)) or '(none)'}",
            "an array X [sequences, steps, features]; optionally y and lengths",
        )
    X = arrays[key]
    where = f"{path}, array {key}"
    lengths = arrays.get("lengths")
    if lengths is None:
        sequences = as_sequences(X, where=where)
    else:
        sequences = _with_lengths(X, lengths, where)
    labels = arrays.get("y")
    if labels is not None:
        labels = _check_labels(labels, sequences, X.shape[1], f"{path}, array y")
    return LabelledSequences(
        sequences,
        labels,
        tuple(f"feature {k}" for k in range(sequences.features)),
        tuple(str(k) for k in range(len(sequences))),
        str(path),
    )


def _arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with open(path, "rb") as file:
            archive = np.load(file, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise ValueError("it is one array, not an archive of named ones")
            return {key: archive[key] for key in archive.files}
    except (zipfile.BadZipFile, zlib.error, ValueError, KeyError, EOFError) as error:
        raise FormatError(
            str(path),
            f"is not an .npz file of plain arrays ({error})",
            "one that numpy.savez(path, X=..., y=...) wrote; numbers and strings only",
        ) from error
    except OSError as error:
        raise DataError(
            str(path), f"cannot be read ({error.strerror or error})", "a file that can be opened"
        ) from error


def _with_lengths(X: np.ndarray, lengths: np.ndarray, where: str) -> Sequences:
    """X with its padding cut off, checked."""
    if X.ndim != 3 or X.dtype.kind not in "fiub":
        return as_sequences(X, where=where)  # which says what is wrong with it
    if lengths.dtype.kind not in "iu" or lengths.shape != X.shape[:1]:
        raise ShapeError(
            f"{where}, lengths",
            f"found {lengths.dtype} of shape {lengths.shape}",
            f"an integer for each of the {len(X)} sequences",
        )
    outside = np.flatnonzero((lengths < 0) | (lengths > X.shape[1]))
    if len(outside):
        row = int(outside[0])
        raise ShapeError(
            f"{where}, lengths[{row}]",
            f"found {lengths[row]}",
            f"a length in 0...{X.shape[1]}, the steps of the array",
        )
    rows = [row[:length] for row, length in zip(X, lengths, strict=True)]
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
