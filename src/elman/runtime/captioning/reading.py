"""Items as a network reads them: vectors at once, sequences and images step by step."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int, Num

from elman.errors import ShapeError
from elman.transforms.scaler import Scaler

__all__ = ["SCANS", "Scan", "as_read", "padded_items"]

SCANS = ("rows", "both")
"""How images are read: row by row; or their rows and then their columns."""

_WHITE = 255  # bytes are pixels


class Scan(NamedTuple):
    """How sequences and images become steps.

    Attributes:
        lines: One of `SCANS`.
        strip: Of how many rows (and columns) a step is; what lacks of the last one is zero.
    """

    lines: str = "rows"
    strip: int = 1

    def size(self, shape: tuple[int, ...]) -> int:
        """Numbers of a step (or of a vector) that items of this shape, without N, are read as.

        >>> Scan("both").size((56, 56)), Scan("rows", 4).size((56, 56, 3)), Scan().size((512,))
        (112, 672, 512)
        """
        if len(shape) == 1:
            return shape[0]
        return math.prod(shape[1:]) * (2 if self.lines == "both" else 1) * self.strip

    def steps(self, images: Any, joined: Callable[[list[Any], int], Any]) -> Any:
        """Images (or sequences) `[N, H, W]` or `[N, H, W, C]` as steps `[N, S, I]`.

        Rows and columns are features of their own: where the ones are read the others are zero.
        What stands one above the other is told apart along columns, wherever it stands across;
        what stands side by side along rows.

        Args:
            images: An array, or a tensor.
            joined: What joins arrays (or tensors) along an axis.

        Raises:
            ShapeError: Rows and columns of images that are not as high as wide.
        """
        count, height = images.shape[:2]
        rows = self._strips(images.reshape(count, height, -1), joined)
        if self.lines == "rows":
            return rows
        if height != images.shape[2]:
            shape = " by ".join(map(str, images.shape[1:3]))
            expected = "squares, or scan='rows'"
            raise ShapeError("items", f"{shape}, and rows and columns are read", expected)
        turned = images.swapaxes(1, 2).reshape(count, height, -1)
        columns = self._strips(turned, joined)
        nothing = 0 * rows
        return joined([joined([rows, nothing], 2), joined([nothing, columns], 2)], 1)

    def names(self, steps: int) -> list[str]:
        """What the steps of an image are called: by the first of their rows or columns.

        >>> Scan("both", 4).names(4)
        ['row 1', 'row 5', 'column 1', 'column 5']
        """
        kinds = ("row", "column") if self.lines == "both" else ("row",)
        each = steps // len(kinds)
        return [f"{kind} {1 + self.strip * k}" for kind in kinds for k in range(each)]

    def _strips(self, rows: Any, joined: Callable[[list[Any], int], Any]) -> Any:
        """Rows `[N, H, I]` as strips `[N, ⌈H / strip⌉, strip · I]`."""
        if self.strip == 1:
            return rows
        count, height, width = rows.shape
        lacking = -height % self.strip
        flat = rows.reshape(count, height * width)
        if lacking:
            flat = joined([flat, *[0 * rows[:, 0]] * lacking], 1)
        return flat.reshape(count, -1, self.strip * width)


def as_read(
    items: Num[np.ndarray, "N *I"], scan: Scan, scaler: Scaler | None = None
) -> Float[np.ndarray, "N *I"]:
    """Items as numbers that a network is given.

    Pixels are scaled to 0…1, other numbers by `scaler`; sequences and images become steps.

    Args:
        items: Vectors `[N, I]`, sequences or images `[N, S, I]`, or `[N, H, W, C]`.
        scan: How they become steps.
        scaler: Of numbers that are no pixels; None: they are read as they are.

    Returns:
        float32 `[N, I]` or `[N, S, I]`.

    Raises:
        ShapeError: As of `Scan.steps`.
    """
    found = items.astype(np.float32)
    if items.dtype == np.uint8:
        found /= _WHITE
    elif scaler is not None:
        found = scaler.transform(found)
    return found if items.ndim == 2 else scan.steps(found, np.concatenate)


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
