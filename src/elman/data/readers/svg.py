"""Drawings in SVG: paths and lines, curves flattened, transformations applied."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from elman.data.readers.inked import MAX_POINTS, Inked, number
from elman.data.readers.svg_paths import flattened
from elman.data.readers.xml_trees import Element
from elman.errors import FormatError

__all__ = ["parse_svg"]

_SHAPES = ("rect", "circle", "ellipse", "image", "text", "use")
_HIDDEN = ("defs", "clipPath", "mask", "marker", "pattern", "symbol")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[nN][aA][nN]")
_TRANSFORM = re.compile(r"(\w+)\s*\(([^)]*)\)")


def parse_svg(top: Element, where: str) -> list[Inked]:
    """All paths, lines, polylines and polygons of a document as one drawing, in its order.

    A path's sub-paths are strokes. What is only defined (`defs`) is not drawn; other shapes are
    left out and counted.

    Raises:
        FormatError, DataError: A path or a list of points does not fit; its line is named.
    """
    drawing, count = Inked(), 0
    waiting: list[tuple[Element, np.ndarray]] = [(top, np.eye(3))]
    while waiting:
        one, before = waiting.pop()
        if one.tag in _HIDDEN:
            continue
        place = f"{where}, line {one.line}"
        matrix = before @ _matrix(one.attributes.get("transform", ""), place)
        if one.tag in _SHAPES:
            drawing.left_out[one.tag] = drawing.left_out.get(one.tag, 0) + 1
        for stroke in _drawn(one, place):
            count += len(stroke)
            if count > MAX_POINTS:
                raise FormatError(place, f"more than {MAX_POINTS:,} points", "a smaller file")
            moved = stroke @ matrix[:2, :2].T + matrix[:2, 2]
            drawing.strokes.append(np.column_stack([moved, np.full(len(moved), np.nan)]))
        waiting += [(child, matrix) for child in reversed(one.children)]
    return [drawing]


def _drawn(one: Element, place: str) -> list[np.ndarray]:
    told = one.attributes
    if one.tag == "path":
        return flattened(told.get("d", ""), place)
    if one.tag == "line":
        ends = [number(told.get(key, "0"), place) for key in ("x1", "y1", "x2", "y2")]
        return [np.array(ends).reshape(2, 2)]
    if one.tag not in ("polyline", "polygon"):
        return []
    numbers = [number(text, place) for text in _NUMBER.findall(told.get("points", ""))]
    if len(numbers) % 2:
        raise FormatError(place, f"found {len(numbers)} numbers in points", "pairs of x and y")
    points = np.array(numbers).reshape(-1, 2)
    if one.tag == "polygon" and len(points):
        points = np.concatenate([points, points[:1]])
    return [points] if len(points) else []


def _matrix(text: str, place: str) -> np.ndarray:
    """What the attribute `transform` says: `[3, 3]`."""
    whole = np.eye(3)
    for name, listed in _TRANSFORM.findall(text):
        given = [number(one, place) for one in _NUMBER.findall(listed)]
        one = _TURNS.get(name)
        made = None if one is None else one(*given[:6])
        if made is None:
            raise FormatError(place, f"found {name}({listed})"[:80], f"one of {', '.join(_TURNS)}")
        whole = whole @ made
    return whole


def _of(a: float, b: float, c: float, d: float, e: float, f: float) -> np.ndarray:
    return np.array([[a, c, e], [b, d, f], [0, 0, 1]])


def _made(*given: Any) -> Any:
    return _of(*given) if len(given) == 6 else None


def _moved(*given: Any) -> Any:
    x, y = (*given, 0.0)[:2] if given else (0.0, 0.0)
    return _of(1, 0, 0, 1, x, y)


def _scaled(*given: Any) -> Any:
    return None if not given else _of(given[0], 0, 0, given[1 if len(given) > 1 else 0], 0, 0)


def _turned(*given: Any) -> Any:
    if len(given) not in (1, 3):
        return None
    cosine, sine = math.cos(math.radians(given[0])), math.sin(math.radians(given[0]))
    around = given[1:] or (0.0, 0.0)
    turn = _of(cosine, sine, -sine, cosine, 0, 0)
    return _moved(*around) @ turn @ _moved(*(-one for one in around))


def _slanted_x(*given: Any) -> Any:
    return _of(1, 0, math.tan(math.radians(given[0])), 1, 0, 0) if len(given) == 1 else None


def _slanted_y(*given: Any) -> Any:
    return _of(1, math.tan(math.radians(given[0])), 0, 1, 0, 0) if len(given) == 1 else None


_TURNS = {
    "matrix": _made,
    "translate": _moved,
    "scale": _scaled,
    "rotate": _turned,
    "skewX": _slanted_x,
    "skewY": _slanted_y,
}
