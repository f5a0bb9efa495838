"""A sequence as a small picture: an image if it looks like one, else values over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from elman.errors import ShapeError
from elman.plots.panels import FEW, spread
from elman.plots.themes import colours, shades

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["as_table", "draw_image", "draw_series", "is_image"]


def is_image(sequence: np.ndarray, feature_names: Sequence[str] | None = None) -> bool:
    """Whether a sequence `[T, I]` is looked at as an image, whose rows are the steps.

    It is if it is wide enough both ways and its features have no names, as columns of a table have.
    """
    return feature_names is None and min(sequence.shape) > 4


def as_table(sequence: np.ndarray, where: str) -> np.ndarray:
    """A sequence as `[T, I]`; a flat one has a single feature."""
    sequence = np.asarray(sequence, dtype=np.float64)
    if sequence.ndim == 1:
        sequence = sequence[:, None]
    if sequence.ndim != 2:
        raise ShapeError(where, f"a sequence of shape {sequence.shape}", "pass [T, I] each")
    return sequence


def draw_image(ax: Axes, sequence: np.ndarray, *, stretched: bool = False) -> None:
    """Rows `[T, I]` from the top down.

    Args:
        ax: Where to draw.
        sequence: The values.
        stretched: Whether it fills the panel, whatever its proportions.
    """
    tall = sequence.shape[0] / sequence.shape[1]
    aspect = "equal" if 1 / 3 < tall < 3 and not stretched else "auto"
    ax.imshow(sequence, cmap=shades(colours().amounts), aspect=aspect, interpolation="nearest")


def draw_series(ax: Axes, sequence: np.ndarray) -> None:
    """Values `[T, I]` over time, which runs to the right: a line each, or many as a heat map."""
    if sequence.shape[1] > FEW:
        ax.imshow(sequence.T, aspect="auto", interpolation="nearest", **spread(sequence))
        return
    marker = "o" if len(sequence) == 1 else ""
    for feature, colour in zip(sequence.T, colours().palette, strict=False):
        ax.plot(feature, color=colour, linewidth=1.1, marker=marker)
