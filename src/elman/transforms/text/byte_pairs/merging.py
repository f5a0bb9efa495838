"""Merging pairs of symbols, the first in rank first, as byte-pair encoding does."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

__all__ = ["Merge", "Merges", "merged", "merged_windows"]

WINDOW = 2**14
"""Symbols that are merged together; what is longer is done window by window."""
_TRIES = 32  # places in a window where the next one may begin, before the window grows


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


def merged_windows(
    symbols: Sequence[int], merges: Merges, window: int = WINDOW
) -> Iterator[list[int]]:
    """What `merged` gives, in parts, with memory for a window of the symbols only.

    A row of merged symbols is what the whole merges to if each two neighbours, taken apart and
    merged again by themselves, are the same two: merges work on neighbours only, so the first one
    that went across a border would do so there, too. So a window is left where the first symbol
    of the next one passes that test beside the last of this one.

    Args:
        symbols: N ≥ 1 of them.
        merges: By pair.
        window: Symbols of a window, ≥ 4; it grows where no border is found.
    """
    start, size = 0, window
    found, starts = merged(symbols[:size], merges)
    while start + size < len(symbols):
        for kept in _borders(len(found)):
            begin = start + starts[kept]
            following = merged(symbols[begin : begin + window], merges)
            end = begin + (following[1][1] if len(following[0]) > 1 else window)
            two = merged(symbols[start + starts[kept - 1] : end], merges)[0]
            if two == [found[kept - 1], following[0][0]]:
                yield found[:kept]
                start, size, (found, starts) = begin, window, following
                break
        else:
            size *= 2
            found, starts = merged(symbols[start : start + size], merges)
    yield found


def _borders(count: int) -> range:
    """Places in a window where the next may begin: from three quarters back to a quarter."""
    first, last = 3 * count // 4, count // 4
    return range(first, max(last, 0), -max(1, (first - last) // _TRIES))
