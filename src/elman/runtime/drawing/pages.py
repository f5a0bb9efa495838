"""Drawings as an SVG document, written without anybody's help."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

import numpy as np

from elman.data.drawings import Drawings

__all__ = ["svg_page"]

_PLACE, _EDGE, _NAME = (
    100,
    12,
    14,
)  # units of the page: a place's width, its margin, a name's height
_LINE = 2.5


def svg_page(data: Drawings, columns: int = 10, names: Sequence[str] | None = None) -> str:
    """A page of drawings, each a `path` in a group of its own.

    Args:
        data: The drawings.
        columns: Of the page at most, ≥ 1.
        names: Below each drawing; None: the labels or texts, where there are some.
    """
    if names is None and data.labels is not None:
        names = [str(one) for one in data.labels]
    if names is None and data.texts is not None:
        names = data.texts
    wide = float(np.median([_proportion(one) for one in data.points])) if len(data) else 1.0
    width = round(_PLACE * max(1.0, wide))
    columns = max(1, min(columns, len(data), round(columns / max(1.0, wide))))
    height = _PLACE + (_NAME if names else 0)
    rows = math.ceil(len(data) / columns)
    size = f'width="{columns * width}" height="{rows * height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
        f'viewBox="0 0 {columns * width} {rows * height}">',
        f'<rect width="{columns * width}" height="{rows * height}" fill="white"/>',
        f'<g fill="none" stroke="black" stroke-width="{_LINE}" stroke-linecap="round" '
        'stroke-linejoin="round">',
    ]
    for k in range(len(data)):
        corner = (k % columns * width, k // columns * height)
        lines.append(f'<path d="{_path(data, k, corner, width)}"/>')
    lines.append("</g>")
    for k, name in enumerate(names or ()):
        x, y = k % columns * width + width / 2, (k // columns + 1) * height - _NAME / 2
        words = f'text-anchor="middle" font-family="sans-serif" font-size="{_NAME - 4}"'
        lines.append(f'<text x="{x:g}" y="{y:g}" {words} fill="gray">{escape(name[:24])}</text>')
    return "\n".join([*lines, "</svg>", ""])


def _proportion(points: np.ndarray) -> float:
    extent = np.ptp(points, axis=0)
    return float(extent[0] / max(extent[1], 0.1 * extent[0], 1e-9))


def _path(data: Drawings, row: int, corner: tuple[int, int], width: int) -> str:
    """The strokes of a drawing in its place; a dot is a line of no length."""
    points = data.points[row]
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.array([width - 2 * _EDGE, _PLACE - 2 * _EDGE])
    size = float((room / np.maximum(high - low, 1e-9)).min())
    middle = np.array(corner) + np.array([width / 2, _PLACE / 2])
    parts = []
    for stroke in data.strokes(row):
        placed = (stroke - (low + high) / 2) * min(size, 1e6) + middle
        ends = placed if len(placed) > 1 else np.repeat(placed, 2, axis=0)
        parts.append("M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in ends))
    return "".join(parts)
