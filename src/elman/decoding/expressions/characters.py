"""Sets of characters, as ranges of code points."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

import numpy as np

__all__ = ["ALL", "DOT", "LAST", "Ranges", "complement", "escaped", "partition", "union"]

Ranges = tuple[tuple[int, int], ...]
"""Code points from a first to a last one, both included; in order, apart from each other."""

LAST = 0x10FFFF
ALL: Ranges = ((0, LAST),)


def union(*sets: Ranges) -> Ranges:
    """All characters of all sets.

    >>> union(((97, 99),), ((100, 101), (48, 57)))
    ((48, 57), (97, 101))
    """
    merged: list[tuple[int, int]] = []
    for first, last in sorted(pair for ranges in sets for pair in ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def complement(ranges: Ranges) -> Ranges:
    """All other characters.

    >>> complement(((0, 9), (11, 1114111)))
    ((10, 10),)
    """
    found, start = [], 0
    for first, last in ranges:
        if first > start:
            found.append((start, first - 1))
        start = last + 1
    return (*found, (start, LAST)) if start <= LAST else tuple(found)


DOT = complement(((10, 10),))
"""What `.` means: all but the end of a line."""

_MEANINGS: dict[str, Callable[[str], bool]] = {
    "d": str.isdecimal,
    "w": lambda one: one.isalnum() or one == "_",
    "s": str.isspace,
}


@cache
def escaped(letter: str) -> Ranges:
    r"""What `\d`, `\w` and `\s` mean, as in Python's `re`; in capitals their complements."""
    if letter.isupper():
        return complement(escaped(letter.lower()))
    inside = np.fromiter(map(_MEANINGS[letter], map(chr, range(LAST + 1))), bool, LAST + 1)
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False)).tolist()
    return tuple((first, end - 1) for first, end in zip(edges[::2], edges[1::2], strict=True))


def partition(sets: Iterable[Ranges]) -> tuple[np.ndarray, np.ndarray, list[list[int]]]:
    """Code points that no set tells apart, as one class.

    Returns:
        Where intervals begin, int64 and in order, from 0 on; each one's class; and of each set the
        classes in it.
    """
    listed = list(sets)
    if not listed:
        return np.zeros(1, np.int64), np.zeros(1, np.int64), []
    points = {0, *(place for each in listed for a, b in each for place in (a, b + 1))}
    starts = np.array(sorted(points - {LAST + 1}), np.int64)
    member = np.zeros((len(starts), len(listed)), bool)
    for index, each in enumerate(listed):
        for first, last in each:
            low, high = np.searchsorted(starts, (first, last + 1)).tolist()
            member[low:high, index] = True
    kinds, classes = np.unique(member, axis=0, return_inverse=True)
    return starts, classes.reshape(-1), [np.flatnonzero(column).tolist() for column in kinds.T]
