"""Merging pairs of symbols, the first in rank first, as byte-pair encoding does."""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

__all__ = ["Merge", "Merges", "merged", "merged_at_random", "merged_windows"]

WINDOW = 2**14
"""Symbols that are merged together; what is longer is done window by window."""
_MOST_LONGEST = 512  # beyond, windows would take longer than the whole
_TRIES = 32  # places in a window where the next one may begin; then the window grows


class Merge(NamedTuple):
    """What a pair of symbols becomes.

    Attributes:
        rank: The lower one comes first; of equal ones the one further left.
        symbol: What the pair becomes.
    """

    rank: float
    symbol: int


Merges = Mapping[tuple[int, int], Merge]


def merged(
    symbols: Sequence[int], merges: Merges, made: dict[int, tuple[int, int]] | None = None
) -> tuple[list[int], list[int]]:
    """Symbols after all merges, and where each of them begins among the given ones.

    A heap of the pairs that can be merged and a linked list of the symbols: N log N steps.

    Args:
        symbols: N of them.
        merges: By pair.
        made: Where given, each symbol that could be made is noted here, with its parts.

    >>> merges = {(1, 2): Merge(0, 9), (9, 9): Merge(1, 10)}
    >>> merged([1, 2, 1, 2, 1], merges)
    ([10, 1], [0, 4])
    """
    now = list(symbols)
    count = len(now)
    after, before = list(range(1, count + 1)), list(range(-1, count - 1))
    heap: list[tuple[float, int, int]] = []

    def offer(left: int, right: int) -> None:
        pair = (now[left], now[right])
        merge = merges.get(pair)
        if merge is not None:
            heapq.heappush(heap, (merge.rank, left, merge.symbol))
            if made is not None:
                made[merge.symbol] = pair

    for left in range(count - 1):
        offer(left, left + 1)
    while heap:
        _, left, symbol = heapq.heappop(heap)
        right = after[left]
        if now[left] < 0 or right == count:
            continue
        merge = merges.get((now[left], now[right]))
        if merge is None or merge.symbol != symbol:  # one of the two was merged with another
            continue
        now[left], now[right] = symbol, _GONE
        after[left] = after[right]
        if after[left] < count:
            before[after[left]] = left
            offer(left, after[left])
        if before[left] >= 0:
            offer(before[left], left)
    starts = [place for place, symbol in enumerate(now) if symbol != _GONE]
    return [now[place] for place in starts], starts


_GONE = -1


def merged_at_random(
    symbols: Sequence[int], merges: Merges, rate: float, draws: np.random.Generator
) -> list[int]:
    """Symbols after merges of which at each step some are left out at random.

    BPE-dropout (Provilkov, Emelianenko, Voita 2020, arXiv 1910.13267v2, algorithm 1): at each step
    each pair that could be merged is left out with probability `rate`; the first in rank of the
    others is merged, at its leftmost place. Where none is left the symbols stay as they are.

    >>> merges = {(1, 2): Merge(0, 9), (9, 9): Merge(1, 10)}
    >>> merged_at_random([1, 2, 1, 2, 1], merges, 0.0, np.random.default_rng(0))
    [10, 1]

    Args:
        symbols: N of them, as of a word: the time is quadratic in N.
        merges: By pair.
        rate: In [0, 1).
        draws: What decides.
    """
    now = list(symbols)
    while len(now) > 1:
        kept = draws.random(len(now) - 1) >= rate
        places = [
            (merge.rank, left, merge.symbol)
            for left, pair in enumerate(pairwise(now))
            if kept[left] and (merge := merges.get(pair)) is not None
        ]
        if not places:
            break
        _, left, symbol = min(places)
        now[left : left + 2] = [symbol]
    return now


def merged_windows(
    symbols: Sequence[int], merges: Merges, longest: int, window: int = WINDOW
) -> Iterator[list[int]]:
    """What `merged` gives, in parts, with memory for a window of the symbols only.

    Merges work on neighbours only. So a row of merged symbols is what the whole merges to if each
    two neighbours, taken apart and merged again by themselves, are the same two; and what stands
    before a border in the result is what that part merges to. One of the last `longest` places
    of a window is such a border, whatever follows. So what all beginnings of the text that end
    at one of these places agree on is final.

    Args:
        symbols: N ≥ 1 of them.
        merges: By pair.
        longest: The most of them that become one.
        window: Symbols of a window; it grows where nothing is final.
    """
    window = max(window, 4 * longest) if longest <= _MOST_LONGEST else len(symbols)
    start, size = 0, window
    while start + size < len(symbols):
        part = symbols[start : start + size]
        found, starts = merged(part, merges)
        kept = _final(part, found, starts, merges, longest)
        if kept:
            yield found[:kept]
            start, size = start + starts[kept], window
        else:
            size *= 2
    yield merged(symbols[start:], merges)[0]


def _final(
    part: Sequence[int], found: list[int], starts: list[int], merges: Merges, longest: int
) -> int:
    """How many of the merged symbols of a window are final; 0: none are known to be."""
    last = bisect.bisect_right(starts, len(part) - 2 * longest) - 1
    for kept in range(last, max(0, last - _TRIES), -1):
        before, border = part[starts[kept - 1] : starts[kept]], starts[kept]
        for end in range(len(part), len(part) - longest, -1):
            behind = merged(part[border:end], merges)
            first = (
                part[border:end] if len(behind[1]) == 1 else part[border : border + behind[1][1]]
            )
            if merged([*before, *first], merges)[0] != [found[kept - 1], behind[0][0]]:
                break
        else:
            return kept
    return 0
