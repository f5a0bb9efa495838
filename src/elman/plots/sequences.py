"""A sequence as a small picture: an image if it looks like one, else lines over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from elman.errors import ShapeError
from elman.plots.style import PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_sequence", "is_image"]


def is_image(sequence: np.ndarray) -> bool:
    """Whether a sequence `[T, I]` is wide enough both ways to be looked at as an image."""
    return min(sequence.shape) > 4


def as_table(sequence: np.ndarray, where: str) -> np.ndarray:
    """A sequence as `[T, I]`; a flat one has a single feature."""
    sequence = np.asarray(sequence, dtype=np.float64)
    if sequence.ndim == 1:
        sequence = sequence[:, None]
    if sequence.ndim != 2:
        raise ShapeError(where, f"a sequence of shape {sequence.shape}", "pass [T, I] each")
    return sequence


def draw_sequence(ax: Axes, sequence: np.ndarray, *, downwards: bool = False) -> None:
    """Draw a sequence `[T, I]`: rows of an image from the top, or a line for each feature.

    Args:
        ax: Where to draw.
        sequence: The values.
        downwards: Whether the lines of a series run down, as an image's rows do.
    """
    steps = np.arange(len(sequence))
    if is_image(sequence):
        tall = sequence.shape[0] / sequence.shape[1]
        shape = "equal" if 1 / 3 < tall < 3 and not downwards else "auto"
        ax.imshow(sequence, cmap="gray_r", aspect=shape, interpolation="nearest")
        return
    marker = "o" if len(steps) == 1 else ""
    for feature, colour in zip(sequence.T, PALETTE * len(sequence.T), strict=False):
        across, up = (feature, steps) if downwards else (steps, feature)
        ax.plot(across, up, color=colour, linewidth=1.1, marker=marker)
    if downwards:
        ax.set_ylim(len(steps) - 0.5, -0.5)
