"""What pens draw, as points and as steps: resampled, simplified, of one size, as offsets.

A drawing is points `[P, 2]` (x to the right, y downwards) and `up [P]`, true where the pen is
lifted behind a point: there a stroke ends. A stroke of one point is a dot. Nothing here changes
what it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from elman.errors import ArgumentError, ShapeError

__all__ = [
    "as_steps",
    "deformed",
    "from_steps",
    "inked_length",
    "joined_strokes",
    "look_absolute",
    "normalised",
    "resampled",
    "resampled_in_time",
    "simplified",
    "strokes_of",
]

_WAVES = 4

Points = Float[np.ndarray, "P 2"]
Lifted = Bool[np.ndarray, " P"]
Times = Float[np.ndarray, " P"]

_ABSOLUTE = 0.9  # of all movement along an axis goes one way: so do coordinates, not offsets


def strokes_of(points: Points, up: Lifted) -> list[np.ndarray]:
    """The strokes of a drawing, `[P_i, 2]` each; views.

    >>> points = np.array([[0.0, 0], [1, 0], [5, 5]])
    >>> [len(stroke) for stroke in strokes_of(points, np.array([False, True, True]))]
    [2, 1]
    """
    ends = np.flatnonzero(up) + 1
    return [part for part in np.split(points, ends) if len(part)]


def joined_strokes(strokes: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Points and `up` of strokes `[P_i, 2]`; the pen is lifted behind the last point, too."""
    if not strokes:
        return np.zeros((0, 2)), np.zeros(0, bool)
    up = np.concatenate([np.arange(len(one)) == len(one) - 1 for one in strokes])
    return np.concatenate(strokes).astype(np.float64), up


def normalised(points: Points, size: str = "larger") -> Points:
    """A drawing around its centre, of size 1; its proportions stay.

    >>> normalised(np.array([[10.0, 0], [10, 4], [11, 4]])).tolist()
    [[-0.125, -0.5], [-0.125, 0.5], [0.125, 0.5]]

    Args:
        points: Of the drawing.
        size: What becomes 1: the `larger` of width and height, or the `height`, as of a line of
            writing. A dot, and of `height` a level stroke, keeps the size that it has.

    Raises:
        ArgumentError: There is no such size.
    """
    if size not in ("larger", "height"):
        raise ArgumentError("size", f"found {size!r}", "larger or height")
    if not len(points):
        return points
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max() if size == "larger" else high[1] - low[1])
    return (points - (low + high) / 2) / (extent if extent > 0 else 1.0)


def inked_length(points: Points, up: Lifted) -> float:
    """How long all strokes are together, without the ways between them."""
    return float(sum(_lengths(stroke)[-1] for stroke in strokes_of(points, up)))


def resampled(points: Points, up: Lifted, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Points at equal distances along each stroke, about `step` apart; its ends stay.

    >>> line, up = np.array([[0.0, 0], [1, 0]]), np.array([False, True])
    >>> resampled(line, up, 0.5)[0].tolist()
    [[0.0, 0.0], [0.5, 0.0], [1.0, 0.0]]

    Args:
        points: Of the drawing.
        up: Likewise.
        step: > 0, in the points' unit. A dot stays one point.

    Raises:
        ArgumentError: `step` is not above 0.
    """
    _check_step("step", step)
    return _by_strokes(points, up, lambda stroke: _at_distances(stroke, step))


def resampled_in_time(
    points: Points, up: Lifted, times: Times, interval: float
) -> tuple[np.ndarray, np.ndarray]:
    """Points at equal intervals of time along each stroke; its first and last stay.

    Args:
        points: Of the drawing.
        up: Likewise.
        times: Of each point, in seconds; a point that is not later than the one before it counts
            as if it were drawn at that moment.
        interval: > 0, in seconds.

    Raises:
        ArgumentError: `interval` is not above 0.
        ShapeError: There is not a time for each point, or one is not known.
    """
    _check_step("interval", interval)
    if len(times) != len(points) or not np.isfinite(times).all():
        found = f"{int(np.isfinite(times).sum())} of {len(points)} points have one"
        raise ShapeError("times", found, "a time for each point, or resampled by length")
    parts, start = [], 0
    for stroke in strokes_of(points, up):
        own = np.maximum.accumulate(times[start : start + len(stroke)])
        parts.append(_at(stroke, own - own[0], interval))
        start += len(stroke)
    return joined_strokes(parts)


def simplified(points: Points, up: Lifted, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """The fewest points of each stroke from which none that is left out is farther away.

    Ramer 1972, Douglas and Peucker 1973: of a stroke the ends stay, and by and by the point that
    is farthest from the line between two that stay.

    Args:
        points: Of the drawing.
        up: Likewise.
        tolerance: ≥ 0, in the points' unit.
    """
    if not tolerance >= 0:
        raise ArgumentError("tolerance", f"found {tolerance!r}", "a number of at least 0")
    return _by_strokes(points, up, lambda stroke: stroke[_kept(stroke, tolerance)])


def deformed(points: Points, amount: float, draws: np.random.Generator) -> Points:
    """A drawing turned, slanted, stretched and bent a little, as by another hand.

    Each entry of a linear map is away from the identity's by a normal number of deviation `amount`;
    then points go along smooth waves across the drawing, half as far.

    Args:
        points: Of a drawing around its centre, of about size 1.
        amount: ≥ 0; 0.1 is little.
        draws: What is random about it.
    """
    change = np.eye(2) + amount * draws.normal(size=(2, 2))
    moved = points @ change.T
    for _ in range(_WAVES):
        along = draws.normal(size=2) * 4
        push = 0.5 * amount / _WAVES**0.5 * draws.normal(size=2)
        moved = moved + np.sin(points @ along + draws.uniform(0, 2 * np.pi))[:, None] * push
    return moved


def as_steps(points: Points, up: Lifted) -> Float[np.ndarray, "P 3"]:
    """How the pen moves to each point, and whether it is lifted there: dx, dy, 0 or 1.

    The first step leads from the origin: of a normalised drawing from its centre.

    >>> as_steps(np.array([[1.0, 1], [2, 1]]), np.array([False, True])).tolist()
    [[1.0, 1.0, 0.0], [1.0, 0.0, 1.0]]
    """
    moves = np.diff(points, axis=0, prepend=np.zeros((1, 2)))
    return np.column_stack([moves, up])


def from_steps(steps: Float[np.ndarray, "P 3"]) -> tuple[np.ndarray, np.ndarray]:
    """The points and `up` of steps; behind the last one the pen is lifted."""
    up = np.asarray(steps)[:, 2] > 0.5
    if len(up):
        up[-1] = True
    return np.cumsum(steps[:, :2], axis=0), up


def look_absolute(steps: Sequence[Float[np.ndarray, "P 3"]]) -> bool:
    """Whether steps of drawings look like coordinates rather than offsets.

    Offsets go to and fro; coordinates of a page all have one sign. So they do if along both axes
    nearly all movement of nearly all drawings would go one way, far off the page.
    """
    told = [np.asarray(one)[:, :2] for one in steps if len(one) > 2]
    one_way = []
    for moves in told:
        total = np.abs(moves).sum(axis=0)
        along = np.abs(moves.sum(axis=0))
        one_way.append(bool((along >= _ABSOLUTE * total).all() and (total > 0).all()))
    return bool(told) and float(np.mean(one_way)) > _ABSOLUTE


def _by_strokes(
    points: Points, up: Lifted, change: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    return joined_strokes([change(stroke) for stroke in strokes_of(points, up)])


def _lengths(stroke: np.ndarray) -> np.ndarray:
    """How far along the stroke each of its points is."""
    return np.concatenate([[0.0], np.hypot(*np.diff(stroke, axis=0).T).cumsum()])


def _at_distances(stroke: np.ndarray, step: float) -> np.ndarray:
    return _at(stroke, _lengths(stroke), step)


def _at(stroke: np.ndarray, places: np.ndarray, step: float) -> np.ndarray:
    """A stroke's points at equal distances of what grows along it."""
    if places[-1] <= 0:
        return stroke[:1]
    count = max(1, round(places[-1] / step))
    wanted = np.linspace(0, places[-1], count + 1)
    return np.column_stack([np.interp(wanted, places, stroke[:, axis]) for axis in (0, 1)])


def _kept(stroke: np.ndarray, tolerance: float) -> np.ndarray:
    """Which points of a stroke stay, as a mask."""
    kept = np.zeros(len(stroke), bool)
    kept[[0, -1]] = True
    waiting = [(0, len(stroke) - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        away = _distances(stroke[first + 1 : last], stroke[first], stroke[last])
        farthest = int(away.argmax())
        if away[farthest] > tolerance:
            middle = first + 1 + farthest
            kept[middle] = True
            waiting += [(first, middle), (middle, last)]
    if kept.sum() == 2 and (stroke[0] == stroke[-1]).all():
        kept[-1] = False  # a dot that was drawn as several equal points
    return kept


def _distances(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Of each point from the line between two others, no farther than between them."""
    along, from_start = end - start, points - start
    square = float(along @ along)
    part = np.clip(from_start @ along / square, 0, 1) if square > 0 else np.zeros(len(points))
    return np.hypot(*(from_start - part[:, None] * along).T)


def _check_step(name: str, value: Any) -> None:
    if not value > 0:
        raise ArgumentError(name, f"found {value!r}", "a number above 0")
