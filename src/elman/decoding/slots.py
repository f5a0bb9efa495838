"""Which continuations a beam keeps, and when it is done.

A beam has slots, in order. At each step the slots are filled one after the other: slot i takes
the best continuation that is left of the beginnings in slots 0…i (Lemons, Linares López, Holte and
Ruml 2022, "Beam Search: Faster and Monotonic", ICAPS). What slots 0…i hold therefore never depends
on slots after them. So a beam of one is greedy, a wider beam looks at all that a narrower one looks
at, and its best end cannot be worse. That is said of ends: where a narrow beam comes to the bound
and a wider one finds an end before it, the end is the answer, whatever its value.

A row is done when no beginning can lead to one of its `n_best` answers; until then none is dropped,
as its place would go to others.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from elman.decoding.hypotheses import Hypothesis, best_of
from elman.decoding.options import SearchOptions

__all__ = ["Child", "children_of", "is_decided"]


class Child(NamedTuple):
    """A continuation of a beginning.

    Attributes:
        source: The beginning's place in the batch.
        slot: Where it goes.
        token: What is added.
        score: What it is ranked by then.
    """

    source: int
    slot: int
    token: int
    score: float


def children_of(
    opened: Sequence[Hypothesis], found: Sequence[Sequence[tuple[float, int]]], beam_size: int
) -> list[Child]:
    """The next beginnings of all rows, by row and slot.

    Args:
        opened: Likewise, the present ones.
        found: What each may go on with: the score then and the token, best first.
        beam_size: Number of slots.
    """
    if beam_size == 1:
        return [
            Child(place, 0, token, score)
            for place, listed in enumerate(found)
            for score, token in listed
        ]
    children = []
    for _, group in groupby(range(len(opened)), key=lambda place: opened[place].row):
        places = list(group)
        parents = [(place, opened[place].slot) for place in places]
        children += _fill(parents, [found[place] for place in places], beam_size)
    return children


def _fill(
    parents: Sequence[tuple[int, int]],
    continuations: Sequence[Sequence[tuple[float, int]]],
    beam_size: int,
) -> list[Child]:
    """The next beginnings of a row, by slot; `parents` are places in the batch with their slots.

    Of equal scores the earlier parent's comes first.
    """
    waiting: list[tuple[float, int, int]] = []  # score, negated; parent; which of its
    children: list[Child] = []
    following = 0
    for slot in range(beam_size):
        while following < len(parents) and parents[following][1] <= slot:
            if continuations[following]:
                heapq.heappush(waiting, (-continuations[following][0][0], following, 0))
            following += 1
        if not waiting:
            if following == len(parents):
                break
            continue
        _, parent, place = heapq.heappop(waiting)
        listed = continuations[parent]
        score, token = listed[place]
        children.append(Child(parents[parent][0], slot, token, score))
        if place + 1 < len(listed):
            heapq.heappush(waiting, (-listed[place + 1][0], parent, place + 1))
    return children


def is_decided(
    opened: Sequence[Hypothesis], ended: Sequence[Hypothesis], options: SearchOptions
) -> bool:
    """Whether no beginning of a row can lead to one of its `n_best` answers any more.

    A score can only fall, and its divisor is greatest at the maximum length.
    """
    best = best_of(ended, options)
    if len(best) < options.n_best or not best[-1].finished:
        return False
    worst = best[-1].value(options)
    return all(options.value(one.score, options.max_length) <= worst for one in opened)
