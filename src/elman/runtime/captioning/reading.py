"""Items as a network reads them: vectors at once, sequences and images step by step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int, Num

from elman.errors import ShapeError
from elman.transforms.scaler import Scaler

__all__ = ["SCANS", "as_read", "padded_items", "read_size"]

SCANS = ("rows", "both")
"""How images are read: row by row; or at each step a row and the column of the same number."""

_WHITE = 255  # bytes are pixels


def as_read(
    items: Num[np.ndarray, "N *I"], scan: str, scaler: Scaler | None = None
) -> Float[np.ndarray, "N *I"]:
    """Items as numbers that a network is given.

    Pixels are scaled to 0…1, of an image a row is a step; other numbers are scaled by `scaler`.

    Args:
        items: Vectors `[N, I]`, sequences or images `[N, S, I]`, or `[N, H, W, C]`.
        scan: One of `SCANS`.
        scaler: Of numbers that are no pixels; None: they are read as they are.

    Returns:
        float32 `[N, I]` or `[N, S, I]`.

    Raises:
        ShapeError: `both` of items that are not as high as wide.
    """
    found = items.astype(np.float32)
    if items.dtype == np.uint8:
        found /= _WHITE
    elif scaler is not None:
        found = scaler.transform(found)
    if items.ndim == 2:
        return found
    rows = found.reshape(*found.shape[:2], -1)
    if scan == "rows":
        return rows
    if found.shape[1] != found.shape[2]:
        shape = " by ".join(map(str, found.shape[1:3]))
        raise ShapeError("items", f"{shape}, and rows and columns are read", "squares, or rows")
    columns = found.swapaxes(1, 2).reshape(rows.shape)
    return np.concatenate([rows, columns], axis=2)


def read_size(shape: tuple[int, ...], scan: str) -> int:
    """Numbers of a step (or of a vector) that items of this shape, without N, are read as.

    >>> read_size((56, 56), "both"), read_size((56, 56, 3), "rows"), read_size((512,), "rows")
    (112, 168, 512)
    """
    if len(shape) == 1:
        return shape[0]
    return int(np.prod(shape[1:])) * (2 if scan == "both" else 1)


def padded_items(
    rows: Sequence[Num[np.ndarray, "*I"]],
) -> tuple[Float[np.ndarray, "N *I"], Int[np.ndarray, "N"] | None]:
    """Items side by side: vectors `[N, I]` without lengths, or steps `[N, S, I]` with them."""
    if rows[0].ndim == 1:
        return np.stack(rows), None
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    found = np.zeros((len(rows), int(lengths.max()), rows[0].shape[1]), np.float32)
    for row, item in zip(found, rows, strict=True):
        row[: len(item)] = item
    return found, lengths
