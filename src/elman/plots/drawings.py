"""Drawings on a page: those of a model beside real ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import ShapeError
from elman.plots.style import WIDTH, called, canvas, title
from elman.plots.themes import colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["drawings"]

_CELL = 0.72  # of a drawing's place, that it fills
_HEADING, _NAME = 0.3, 0.17  # inches


def drawings(
    sections: Mapping[str, Sequence[Any]],
    finding: str,
    more: str = "",
    *,
    names: Mapping[str, Sequence[str]] | None = None,
    columns: int = 10,
    theme: str | None = None,
) -> Figure:
    """Drawings in sections, each below its heading, a grid of as many columns.

    Args:
        sections: By their headings, drawings: of each its strokes, `[P, 2]` with y downwards.
        finding: What the page shows, a sentence.
        more: Quieter, below it.
        names: Of the sections' drawings, below each; None: nameless.
        columns: Of every grid; a long line of writing has a place of its own width.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ShapeError: There is no drawing, or one has no points.
        ArgumentError: There is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    if not any(len(some) for some in sections.values()):
        raise ShapeError("sections", "no drawing", "at least one")
    wide = float(np.median([_proportion(one) for some in sections.values() for one in some]))
    columns = max(1, min(columns, round(columns / max(1.0, 0.8 * wide))))
    cell = WIDTH / columns
    tall = cell / max(1.0, wide) if wide > 1.5 else cell
    named = names or {}
    rows = {key: math.ceil(len(some) / columns) for key, some in sections.items()}
    heights = [rows[key] * (tall + _NAME * bool(named.get(key))) + _HEADING for key in sections]
    with canvas(sum(heights) + 0.9, theme=theme) as figure:
        grid = figure.subplots(len(sections), 1, squeeze=False, height_ratios=heights)
        panels = zip(grid[:, 0], sections.items(), strict=True)
        for ax, (heading, some) in panels:
            _draw(ax, some, named.get(heading), columns, tall / cell)
            ax.set_title(heading)
        title(figure, finding, more)
    return figure


def _draw(
    ax: Axes, some: Sequence[Any], names: Sequence[str] | None, columns: int, tall: float
) -> None:
    """A section's drawings: a place is 1 wide."""
    theme = colours()
    step = tall + (0.25 if names else 0.0)
    for k, strokes in enumerate(some):
        middle = np.array([k % columns + 0.5, (k // columns) * step + tall / 2])
        points = np.concatenate(strokes)
        low, high = points.min(axis=0), points.max(axis=0)
        extent = (high - low) / (1.0, tall)
        size = _CELL / max(float(extent.max()), 1e-9)
        for stroke in strokes:
            x, y = ((stroke - (low + high) / 2) * size + middle).T
            marker = "o" if len(stroke) == 1 else ""
            ax.plot(x, y, color=theme.ink, linewidth=1.3, marker=marker, markersize=2)
        if names:
            ax.text(
                middle[0], (k // columns) * step + tall + 0.12, called(names[k], 14),
                ha="center", va="center", fontsize=7, color=theme.grey,
            )  # fmt: skip
    rows = math.ceil(len(some) / columns)
    ax.set_xlim(0, columns)
    ax.set_ylim(max(1, rows) * step, 0)
    ax.set_aspect("equal", anchor="NW")
    ax.set_axis_off()


def _proportion(strokes: Sequence[np.ndarray]) -> float:
    """Width by height."""
    if not strokes or not all(len(one) for one in strokes):
        raise ShapeError("drawing", "found no points", "at least one in each stroke")
    extent = np.ptp(np.concatenate(strokes), axis=0)
    return float(extent[0] / max(extent[1], 1e-3, 0.1 * extent[0]))
