"""Where two files of lines that belong together have gone out of step."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

__all__ = ["Shifted", "first_shifted", "shifted_lines"]

_DIGITS = re.compile(r"\d+")
_ENDS = {"?": 1, "？": 1, "!": 2, "！": 2, ":": 3}
_FURTHEST = 3  # lines that sides of equal length are looked at apart
_SURE = 6.0  # standard deviations of what chance would gain by moving a side
_FEWEST = 20  # lines in a row


class Shifted(NamedTuple):
    """Lines in a row that belong to others than those at their side.

    Attributes:
        first: The first of them, from 0.
        last: The last of them.
        by: How far: source line n belongs to target line n - by.
    """

    first: int
    last: int
    by: int


def first_shifted(source: Sequence[str], target: Sequence[str]) -> int:
    """The first line of the shorter file that belongs to a later one of the longer, from 0.

    The files are taken to lack lines in one place: the one is chosen at which lines above it
    belong best to each other, and lines below it, moved by as many as are missing, too. What is
    compared is how long they are, their numbers and how they end: a guess, as good as these tell.

    >>> first_shifted(["Run!", "Who are you, 7?", "I see."], ["Cours !", "Je vois."])
    1

    Args:
        source: N > 0 lines.
        target: M > 0 lines, M ≠ N.
    """
    sides = (source, target) if len(source) > len(target) else (target, source)
    missing, count = len(sides[0]) - len(sides[1]), len(sides[1])
    longer, shorter = map(_looks, sides)
    ends = np.concatenate([[0.0], np.cumsum(_apart(longer.at(slice(count)), shorter))])
    moved = np.concatenate([[0.0], np.cumsum(_apart(longer.at(slice(missing, None)), shorter))])
    return int(np.argmin(ends + (moved[-1] - moved)))


def shifted_lines(source: Sequence[str], target: Sequence[str]) -> Shifted | None:
    """The lines of two sides of equal length that look as if one side were moved; or None.

    As where each side lacks one line, at different places: between these two places each line
    stands beside its neighbour's translation. Looked for are lines in a row that belong together
    so much better when one side is moved by up to three that chance does not explain it.

    Args:
        source: N lines.
        target: N lines.
    """
    count, best, found = len(source), _SURE, None
    if count < _FEWEST + _FURTHEST:
        return None
    sides = _looks(source), _looks(target)
    still = _apart(*sides)
    for by in (one for k in range(1, _FURTHEST + 1) for one in (k, -k)):
        here = slice(max(by, 0), count + min(by, 0))
        there = slice(max(-by, 0), count - max(by, 0))
        gain = still[here] - _apart(sides[0].at(here), sides[1].at(there))
        first, last, total = _best_run(gain)
        length = last - first + 1
        sure = total / max(float(gain.std()), 1e-9) / np.sqrt(length)
        if length >= _FEWEST and total > 0 and sure > best:
            best, found = sure, Shifted(first + here.start, last + here.start, by)
    return found


def _best_run(gain: Float[np.ndarray, "N"]) -> tuple[int, int, float]:
    """The run of the greatest sum: its first place, its last, and the sum."""
    sums = np.concatenate([[0.0], np.cumsum(gain)])
    lowest = np.minimum.accumulate(sums)
    last = int(np.argmax(sums - lowest))
    first = int(np.argmin(sums[: last + 1]))
    return first, max(last - 1, first), float(sums[last] - lowest[last])


class _Looks(NamedTuple):
    """Of N lines what is compared: their logarithmic lengths, numbers (hashed) and ends."""

    sizes: Float[np.ndarray, "N"]
    numbers: Int[np.ndarray, "N"]
    ends: Int[np.ndarray, "N"]

    def at(self, rows: slice) -> _Looks:
        return _Looks(*(part[rows] for part in self))


def _looks(lines: Sequence[str]) -> _Looks:
    sizes = np.log1p(np.array([len(line) for line in lines], np.float64))
    numbers = np.array([hash(tuple(_DIGITS.findall(line))) for line in lines], np.int64)
    return _Looks(sizes, numbers, np.array([_end(line) for line in lines], np.int64))


def _apart(first: _Looks, second: _Looks) -> Float[np.ndarray, "N"]:
    """How unlike each two lines are as sentence and translation, ≥ 0."""
    ratios = first.sizes - second.sizes
    unlike = (first.numbers != second.numbers) * 1.0 + (first.ends != second.ends)
    return np.abs(ratios - np.median(ratios)) + unlike


def _end(line: str) -> int:
    return _ENDS.get(line.rstrip()[-1:], 0) if line.strip() else -1
