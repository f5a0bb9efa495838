"""The path language of SVG (W3C, SVG 1.1, section 8.3): M L H V C S Q T A Z, flattened."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from elman.data.readers.inked import MAX_POINTS, number
from elman.errors import FormatError

__all__ = ["flattened"]

_TOKEN = re.compile(
    r"([MmLlHhVvCcSsQqTtAaZz])|([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[nN][aA][nN])"
)
_FLAG = re.compile(r"[01]")
_BETWEEN = re.compile(r"[\s,]*")
_TAKES = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
_CURVE = np.linspace(0, 1, 17)[1:]  # where a curve is met
_ARC = math.pi / 16  # of an ellipse between two points


def flattened(path: str, where: str) -> list[np.ndarray]:
    """The sub-paths of a path as points `[P, 2]`; curves as 16 pieces, arcs every 11 degrees.

    A sub-path of one point is a dot.

    >>> [one.tolist() for one in flattened("M0 0 h2 v1 z m5 5 l1,1", "here")]
    [[[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 0.0]], [[5.0, 5.0], [6.0, 6.0]]]

    Raises:
        FormatError: A letter, or the numbers behind one, do not fit.
        DataError: A number is not finite.
    """
    return _Pen(where).draw(path)


class _Pen:
    def __init__(self, where: str) -> None:
        self.where = where
        self.done: list[np.ndarray] = []
        self.points: list[np.ndarray] = []
        self.at = self.start = np.zeros(2)
        self.control: tuple[str, np.ndarray] | None = None
        self.count = 0

    def draw(self, path: str) -> list[np.ndarray]:
        for letter, given in self._commands(path):
            self._command(letter, given)
            self.count += 17
            if self.count > MAX_POINTS:
                raise FormatError(self.where, f"more than {MAX_POINTS:,} points", "a shorter path")
        self._lift()
        return self.done

    def _commands(self, path: str) -> list[tuple[str, list[float]]]:
        """Letters with as many numbers as each takes; one may go on with further ones."""
        found, place, letter = list[tuple[str, list[float]]](), 0, ""
        while place < len(path):
            place = _BETWEEN.match(path, place).end()  # pyright: ignore  (it matches nothing, too)
            if place == len(path):
                break
            match = _TOKEN.match(path, place)
            if match is None or (not found and match[1] not in ("M", "m")):
                expected = "a path that begins with M, of letters and numbers"
                raise FormatError(self.where, f"found {path[place : place + 20]!r}", expected)
            if match[1]:
                letter, place = match[1], match.end()
            takes = _TAKES[letter.upper()]
            if not match[1] and not takes:
                found_text = path[place : place + 20]
                raise FormatError(self.where, f"found {found_text!r} behind z", "a letter")
            given, place = self._numbers(path, place, letter, takes)
            found.append((letter, given))
            letter = {"M": "L", "m": "l"}.get(letter, letter)
        return found

    def _numbers(self, path: str, place: int, letter: str, takes: int) -> tuple[list[float], int]:
        given: list[float] = []
        while len(given) < takes:
            place = _BETWEEN.match(path, place).end()  # pyright: ignore
            flag = letter in "Aa" and len(given) in (3, 4)  # they may stand without a space
            match: Any = (_FLAG if flag else _TOKEN).match(path, place)
            if match is None or (not flag and match[1]):
                expected = f"{takes} numbers behind {letter}"
                raise FormatError(self.where, f"found {len(given)} in {path[:40]!r}", expected)
            given.append(number(match[0], self.where))
            place = match.end()
        return given, place

    def _command(self, letter: str, given: list[float]) -> None:
        kind, relative = letter.upper(), letter.islower()
        origin = self.at if relative else np.zeros(2)
        if kind == "Z":
            self._to([self.start])
            self._lift()
            self.at = self.start
        elif kind in "HV":
            axis = "HV".index(kind)
            end = self.at.copy()
            end[axis] = given[0] + origin[axis]
            self._to([end])
        elif kind == "A":
            self._to(_arc(self.at, given[:5], np.array(given[5:]) + origin))
        else:
            points = np.array(given).reshape(-1, 2) + origin
            if kind == "M":
                self._lift()
                self.at = self.start = points[0]
                self.points = [self.at]
            elif kind == "L":
                self._to([points[0]])
            else:
                self._curve(kind, points)
                return  # it has left a control point
        self.control = None

    def _curve(self, kind: str, points: np.ndarray) -> None:
        cubic = kind in "CS"
        if kind in "ST":  # the control point before, mirrored
            before = self.control
            same = before is not None and (before[0] in "CS") == cubic
            first = 2 * self.at - before[1] if before is not None and same else self.at
            points = np.concatenate([first[None], points])
        self.control = (kind, points[-2])
        hull = np.concatenate([self.at[None], points])
        self._to(_bezier(hull))

    def _to(self, points: Any) -> None:
        if not self.points:  # what follows a z goes on from where it ended
            self.points = [self.at]
        self.points += [*points]
        self.at = np.asarray(points[-1])

    def _lift(self) -> None:
        if self.points:
            self.done.append(np.array(self.points))
        self.points = []


def _bezier(hull: np.ndarray) -> np.ndarray:
    """Points on the curve of control points `[n + 1, 2]`, without the first."""
    degree = len(hull) - 1
    rows = [
        math.comb(degree, k) * _CURVE**k * (1 - _CURVE) ** (degree - k) for k in range(degree + 1)
    ]
    return np.array(rows).T @ hull


def _arc(start: np.ndarray, told: list[float], end: np.ndarray) -> np.ndarray:
    """Points on an elliptic arc, without the first (SVG 1.1, appendix F.6)."""
    rx, ry, degrees, large, sweep = told
    rx, ry = abs(rx), abs(ry)
    if rx == 0 or ry == 0 or (start == end).all():
        return end[None]
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = np.array([[cosine, sine], [-sine, cosine]])
    half = turn @ ((start - end) / 2)
    spread = (half[0] / rx) ** 2 + (half[1] / ry) ** 2
    if spread > 1:
        rx, ry = rx * math.sqrt(spread), ry * math.sqrt(spread)
    under = (rx * half[1]) ** 2 + (ry * half[0]) ** 2
    away = math.sqrt(max(0.0, (rx * ry) ** 2 / under - 1)) * (-1 if large == sweep else 1)
    middle = away * np.array([rx * half[1] / ry, -ry * half[0] / rx])
    angle: Callable[[np.ndarray], float] = lambda p: math.atan2(p[1] / ry, p[0] / rx)  # noqa: E731
    first, last = angle(half - middle), angle(-half - middle)
    way = (last - first) % (2 * math.pi)
    way = way - 2 * math.pi if not sweep else way
    angles = first + way * np.linspace(0, 1, max(2, math.ceil(abs(way) / _ARC)) + 1)[1:]
    ellipse = np.column_stack([rx * np.cos(angles), ry * np.sin(angles)]) + middle
    found = ellipse @ turn + (start + end) / 2
    found[-1] = end
    return found
