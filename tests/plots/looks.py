"""What can be measured of a picture that was drawn: what its words stand on and what they cover."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.legend import Legend
from matplotlib.path import Path
from matplotlib.text import Text

from elman.plots.themes import contrast

_WHOLE = re.compile(
    r"^(epoch|steps?|steps (back|ahead)|updates|number of .*)( \(|$)", re.IGNORECASE
)


def covered(figure: Any) -> list[str]:
    """Legends that lie on lines, marks, bars, shades or images; the figure was drawn."""
    found = []
    for legend in figure.findobj(Legend):
        box = legend.get_window_extent().padded(-1)
        names = [text.get_text() for text in legend.get_texts()]
        found += [f"{names} on {what}" for what, points in _drawn(figure) if _inside(box, points)]
    return found


def _inside(box: Any, points: np.ndarray) -> bool:
    return bool(((points > box.min) & (points < box.max)).all(axis=1).any())


def _drawn(figure: Any) -> Iterator[tuple[str, np.ndarray]]:
    """What is drawn in the panels, as points `[N, 2]` about a dot apart, cut off at their edges."""
    for ax in figure.axes:
        edge = ax.get_window_extent()
        for kind, path in _paths(ax):
            points = _along(path)
            if len(points):
                within = ((points >= edge.min - 5) & (points <= edge.max + 5)).all(axis=1)
                yield kind, points[within]


def _paths(ax: Any) -> Iterator[tuple[str, Path]]:
    for line in ax.lines:
        yield f"line {line.get_label()}", line.get_transform().transform_path(line.get_path())
    for patch in ax.patches:
        yield "patch", patch.get_transform().transform_path(patch.get_path())
    for shade in ax.collections:
        for path in shade.get_paths():
            yield "shade", shade.get_transform().transform_path(path)
    for image in ax.images:
        box = image.get_window_extent()
        yield "image", Path([box.min, (box.x0, box.y1), box.max, (box.x1, box.y0), box.min])


def _along(path: Path) -> np.ndarray:
    corners = np.asarray(path.vertices)
    corners = corners[np.isfinite(corners).all(axis=1)]
    if len(corners) < 2:
        return corners
    parts = [corners]
    for start, end in pairwise(corners):
        count = int(min(np.abs(end - start).max(), 2000))
        parts.append(start + np.linspace(0, 1, count + 1)[:, None] * (end - start))
    return np.concatenate(parts)


def pale(figure: Any, least: float = 3.5) -> list[str]:
    """Words that cannot be read on what lies behind them; the figure was drawn.

    The words become invisible.
    """
    words = [(text, to_rgb(text.get_color()), _box(text)) for text in _words(figure)]
    figure.set_layout_engine("none")  # or panels would take the room of what is not seen
    for text, _, _ in words:
        text.set_alpha(0)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[::-1, :, :3] / 255
    found = []
    for text, colour, (left, low, right, high) in words:
        behind = pixels[low:high, left:right].reshape(-1, 3)
        shades, counts = np.unique(behind.round(2), axis=0, return_counts=True)
        bad = sum(n for s, n in zip(shades, counts, strict=True) if contrast(s, colour) < least)
        if len(behind) and bad > 0.3 * len(behind):
            found.append(f"{text.get_text()!r} in {colour}")
    return found


def _words(figure: Any) -> list[Text]:
    """All that is written; numbers at the ticks of an axis that is switched off are not."""
    off = {id(text) for ax in figure.axes if not ax.axison for text in ax.findobj(Text)}
    off -= {id(text) for ax in figure.axes for text in (*ax.texts, ax.title, ax._left_title)}
    return [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in off
    ]


def _box(text: Text) -> tuple[int, int, int, int]:
    box = text.get_window_extent()
    return round(max(box.x0, 0)), round(max(box.y0, 0)), round(box.x1), round(box.y1)


def broken_ticks(figure: Any) -> list[str]:
    """Numbers at the ticks of counts, epochs and steps that are not whole, or stand there twice."""
    found = []
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            name = axis.get_label_text()
            shown = [text.get_text() for text in axis.get_ticklabels() if text.get_text()]
            if len(set(shown)) < len(shown):
                found.append(f"{name}: {shown}")
            if _WHOLE.search(name) and not all(re.fullmatch(r"−?[\d,]+", text) for text in shown):
                found.append(f"{name}: {shown}")
    return found
