"""Where two files of lines that belong together have gone out of step."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

__all__ = ["first_shifted"]

_DIGITS = re.compile(r"\d+")
_ENDS = {"?": 1, "？": 1, "!": 2, "！": 2, ":": 3}


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
    longer, shorter = (source, target) if len(source) > len(target) else (target, source)
    missing, count = len(longer) - len(shorter), len(shorter)
    ends = np.concatenate([[0.0], np.cumsum(_apart(longer[:count], shorter))])
    moved = np.concatenate([[0.0], np.cumsum(_apart(longer[missing:], shorter))])
    return int(np.argmin(ends + (moved[-1] - moved)))


def _apart(first: Sequence[str], second: Sequence[str]) -> Float[np.ndarray, "N"]:
    """How unlike each two lines are as sentence and translation, ≥ 0."""
    sizes = np.array([[len(a), len(b)] for a, b in zip(first, second, strict=True)], np.float64)
    ratios = np.log1p(sizes[:, 0]) - np.log1p(sizes[:, 1])
    unlike = [
        (_DIGITS.findall(a) != _DIGITS.findall(b)) + (_end(a) != _end(b))
        for a, b in zip(first, second, strict=True)
    ]
    return np.abs(ratios - np.median(ratios)) + np.array(unlike, np.float64)


def _end(line: str) -> int:
    return _ENDS.get(line.rstrip()[-1:], 0) if line.strip() else -1
