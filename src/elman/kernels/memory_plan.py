"""Where to save states, so that exact gradients of a long sequence fit into a memory budget.

The sequence is cut into N segments of L steps. The first way forward keeps nothing but the states
at C of the borders between segments. The way back takes the segments from the last to the first:
each is run again with all that its gradients need, which may in turn need the state at its border
to be computed again from a saved one before it. With C = N - 1 that is one extra forward; with less
memory the states are placed so that the number of extra forwards is the least possible:
Griewank and Walther 2000 (Algorithm 799: revolve) for the way back, Gruslys et al. 2016 (arXiv
1606.03401v1) for the choice between saved states and steps kept whole.

>>> plan(100_000, state_bytes=32_000, step_bytes=100_000, memory="64MB")
Plan(steps=100000, segment=565, checkpoints=176, extra_forwards=1.0, bytes=62196000)
>>> print(plan(1000, 32_000, 100_000, memory="1MB"))
T=1,000: 7 checkpoints, 2.6 extra forwards
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, comb
from typing import NamedTuple

from elman.errors import ArgumentError

__all__ = ["Advance", "Move", "Plan", "Reverse", "check_memory", "plan", "share"]

_CALL = 8
"""What it costs to call a cell for a segment at all, in steps."""
_UNITS = {"B": 1} | {
    prefix + ending: base ** (power + 1)
    for ending, base in (("B", 1000), ("iB", 1024))
    for power, prefix in enumerate(("K", "M", "G", "T"))
}


class Advance(NamedTuple):
    """From the state at border `first`, run to border `last` and save the state there."""

    first: int
    last: int


class Reverse(NamedTuple):
    """Run this segment from the state at its border, keeping all; go back; let the state go."""

    segment: int


Move = Advance | Reverse


@dataclass(frozen=True)
class Plan:
    """How a sequence is run within a memory budget. Border k is where segment k begins.

    Attributes:
        steps: T.
        segment: Steps of a segment; the first one may have fewer.
        checkpoints: States saved at a time, beside the initial one.
        extra_forwards: Runs over the whole sequence beyond the one of full saving, at most: where
            the state before the last segment is saved, that segment need not be run again. 0.0
            where all fits in one segment.
        bytes: Memory that is needed at its highest.
    """

    steps: int
    segment: int
    checkpoints: int
    extra_forwards: float
    bytes: int

    @property
    def segments(self) -> int:
        """N: how many segments there are."""
        return ceil(self.steps / self.segment)

    def saved(self) -> list[int]:
        """The borders whose states the first way forward saves, beside border 0.

        >>> Plan(steps=6, segment=1, checkpoints=2, extra_forwards=1.5, bytes=0).saved()
        [1, 4]
        """
        borders, first, count = [], 0, self.segments
        for slots in range(self.checkpoints, 0, -1):
            if count == 1:
                break
            taken = _first_block(count, slots)
            first, count = first + taken, count - taken
            borders.append(first)
        return borders

    def way_back(self) -> Iterator[Move]:
        """The moves that go back through all segments, from the states at `saved()` and border 0.

        >>> plan = Plan(steps=3, segment=1, checkpoints=1, extra_forwards=4 / 3, bytes=0)
        >>> [*plan.way_back()]
        [Advance(first=1, last=2), Reverse(segment=2), Reverse(segment=1), Reverse(segment=0)]
        """
        begins = [0, *self.saved()]
        ends = [*begins[1:], self.segments]
        blocks = [
            (*borders, self.checkpoints - k)
            for k, borders in enumerate(zip(begins, ends, strict=True))
        ]
        while blocks:
            first, last, slots = blocks.pop()
            if last - first == 1:
                yield Reverse(first)
            elif slots == 0:
                yield Advance(first, last - 1)
                yield Reverse(last - 1)
                blocks.append((first, last - 1, 0))
            else:
                middle = first + _left_part(last - first, slots)
                yield Advance(first, middle)
                blocks += [(first, middle, slots), (middle, last, slots - 1)]

    def __str__(self) -> str:
        if self.extra_forwards == 0:
            return f"T={self.steps:,}: everything fits, no extra forward"
        times = f"{self.extra_forwards:.1f}".removesuffix(".0")
        states = "1 checkpoint" if self.checkpoints == 1 else f"{self.checkpoints:,} checkpoints"
        return f"T={self.steps:,}: {states}, {times} extra forward{'' if times == '1' else 's'}"


def plan(
    steps: int, state_bytes: int, step_bytes: int, memory: str | int, *, fixed_bytes: int = 0
) -> Plan:
    """The fastest plan that fits.

    Args:
        steps: T ≥ 1.
        state_bytes: One saved state, of the whole batch.
        step_bytes: What the gradients of one step need, of the whole batch.
        memory: Bytes, as "512MB" or "96 MiB"; or the number of states to save, ≥ 1, which cut the
            sequence into one more segments than there are of them.
        fixed_bytes: What is needed however long the sequence is.

    Raises:
        ArgumentError: `memory` is neither, or even the slowest plan needs more.
    """
    check_memory(memory)
    around = fixed_bytes + 2 * state_bytes  # the state under way, and its gradient
    if isinstance(memory, int):
        return _made(steps, ceil(steps / (memory + 1)), memory, state_bytes, step_bytes, around)
    budget = _bytes_of(memory)
    if steps * step_bytes + around <= budget:
        return _made(steps, steps, 0, state_bytes, step_bytes, around)
    best: tuple[float, int, int] | None = None
    for segment in _segments(steps):
        free = budget - around - segment * step_bytes
        if free < 0:
            continue
        count, slots = ceil(steps / segment), free // max(1, state_bytes)
        runs = 2 * count + _extra(count, slots)
        cost = (runs * (segment + _CALL), segment, slots)
        best = cost if best is None else min(best, cost)
    if best is None:
        least = _in_words(around + step_bytes)
        raise ArgumentError("memory", f"found {memory!r}", f"the smallest plan takes {least}")
    _, segment, slots = best
    return _made(steps, segment, slots, state_bytes, step_bytes, around)


def check_memory(memory: object) -> None:
    """Raises: ArgumentError: It is no size in bytes, like "512MB", and no number of states ≥ 1."""
    if isinstance(memory, str) and _bytes_of(memory) > 0:
        return
    if isinstance(memory, int) and not isinstance(memory, bool) and memory >= 1:
        return
    raise ArgumentError(
        "memory",
        f"found {memory!r}",
        "give bytes as '512MB' or '96 MiB', or how many states to save, at least 1",
    )


def share(memory: str | int | None, parts: int) -> str | int | None:
    """What each of so many parts may use: bytes are divided, a number of states is each one's.

    >>> share("1KB", 3), share(20, 3), share(None, 3)
    ('333B', 20, None)

    Args:
        memory: As `plan` has it; None: no bound.
        parts: Number of parts, ≥ 1.

    Raises:
        ArgumentError: As `check_memory`.
    """
    if memory is None:
        return None
    check_memory(memory)
    return memory if isinstance(memory, int) else f"{max(1, _bytes_of(memory) // parts)}B"


def _made(
    steps: int, segment: int, slots: int, state_bytes: int, step_bytes: int, around: int
) -> Plan:
    count = ceil(steps / segment)
    slots = min(slots, count - 1)
    extra = 0.0 if count == 1 else _extra(count, slots) / count
    return Plan(steps, segment, slots, extra, around + slots * state_bytes + segment * step_bytes)


def _segments(steps: int) -> Iterator[int]:
    """Every length of segment that no shorter one replaces: the longest of so many segments."""
    segment = steps
    while segment > 1:
        segment = ceil(steps / ceil(steps / (segment - 1)))
        yield segment


def _bytes_of(memory: str) -> int:
    """As many bytes as the text says; 0 if it says none."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT]i?B|B)", memory, re.ASCII)
    return 0 if found is None else int(float(found[1]) * _UNITS[found[2]])


def _in_words(count: int) -> str:
    """Bytes in the largest unit that leaves a number of at least 1, rounded up."""
    unit = max(
        (u for u in ("B", "KB", "MB", "GB", "TB") if _UNITS[u] <= count), key=lambda u: _UNITS[u]
    )
    tenths = -(-count * 10 // _UNITS[unit])
    return f"{tenths / 10:g}{unit}"


# How many segments can be reversed. With c free slots (beside the state where they begin), and no
# segment advanced over more than r times, it is a block of reach(c, r): revolve's binomial
# coefficient. On the first way forward advancing is free, since it is made anyway; what remains are
# blocks with 0, 1 … c slots, which together hold capacity(c, r) segments.


def _reach(slots: int, times: int) -> int:
    return comb(slots + 1 + times, times) if times >= 0 else 0


def _capacity(slots: int, times: int) -> int:
    return comb(slots + 2 + times, times + 1) - 1


def _extra(count: int, slots: int) -> int:
    """Runs of a segment beyond one for each, at the least."""
    slots = min(slots, count - 1)
    times = 0
    while _capacity(slots, times) < count:
        times += 1
    again = times * (count + 1) + 1 - comb(slots + 2 + times, times)
    return count + again


def _first_block(count: int, slots: int) -> int:
    """Where the first way forward saves its next state, if `count` segments are still to come."""
    times = 0
    while _capacity(slots, times) < count:
        times += 1
    return max(1, _reach(slots, times - 1), count - _capacity(slots - 1, times))


def _left_part(count: int, slots: int) -> int:
    """Where the way back saves a state within `count` segments."""
    times = 0
    while _reach(slots, times) < count:
        times += 1
    return max(1, _reach(slots, times - 2), count - _reach(slots - 1, times))
