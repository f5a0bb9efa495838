"""Plans of a memory budget: valid, the fastest that fits, and told in words."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from functools import cache
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import ArgumentError
from elman.kernels.memory_plan import Advance, Plan, check_memory, plan, share
from tests.unchecked import unchecked


def of_segments(count: int, slots: int) -> Plan:
    """A plan for `count` segments of one step."""
    return Plan(count, 1, min(slots, count - 1), extra(count, slots) / count, 0)


def extra(count: int, slots: int) -> int:
    return count + first_way(count, slots)


@cache
def first_way(count: int, slots: int) -> int:
    """Runs that are made again, where the first way forward costs nothing."""
    if count == 1 or slots == 0:
        return reversal(count, slots)
    return min(first_way(count - m, slots - 1) + reversal(m, slots) for m in range(1, count))


@cache
def reversal(count: int, slots: int) -> int:
    """Runs before the last ones: Griewank and Walther's recursion."""
    if count == 1 or slots == 0:
        return count * (count - 1) // 2
    return min(m + reversal(count - m, slots - 1) + reversal(m, slots) for m in range(1, count))


def replayed(made: Plan) -> int:
    """Runs of a segment in all, checking that every move is possible and every slot there."""
    saved = {0, *made.saved()}
    assert len(saved) == 1 + made.checkpoints
    runs, following = made.segments, made.segments
    for move in made.way_back():
        if isinstance(move, Advance):
            assert move.first in saved
            assert move.first < move.last < following
            saved.add(move.last)
            runs += move.last - move.first
        else:
            following -= 1
            assert move.segment == following
            saved.remove(following)
            runs += 1
        # One more than are saved: the state from which the next segment is run.
        assert len(saved) <= made.checkpoints + 2
    assert following == 0
    return runs


def searched(count: int, slots: int) -> int:
    """The least number of runs, by trying everything.

    A place is: where the state under way stands, what is saved, how many segments are not yet
    reversed, whether the first way forward has ended.
    """
    order = itertools.count()
    waiting, done = [(0, next(order), (0, frozenset(), count, False))], set()
    while True:
        runs, _, place = heapq.heappop(waiting)
        if place[2] == 0:
            return runs
        if place not in done:
            done.add(place)
            for more, further in moves(place, count, slots):
                heapq.heappush(waiting, (runs + more, next(order), further))


def moves(place, count: int, slots: int):
    """What can be done, and how many runs of a segment it takes."""
    at, saved, left, ended = place
    if at is not None and at < count:
        yield 1, (at + 1, saved, left, ended or at + 1 == count)
        if len(saved) < slots:
            yield 0, (at, saved | {at}, left, ended)
    for border in saved:
        yield 0, (at, saved - {border}, left, ended)
    if ended:
        for border in saved | {0}:
            yield 0, (border, saved, left, ended)
        if at == left - 1:
            yield 1, (None, saved, left - 1, ended)


@pytest.mark.parametrize("slots", range(4))
@pytest.mark.parametrize("count", range(2, 6))
def test_no_way_at_all_is_shorter(count, slots):
    assert replayed(of_segments(count, slots)) == searched(count, slots)


@pytest.mark.parametrize("slots", [0, 1, 2, 3, 5, 8, 13, 40])
def test_moves_are_possible_and_as_few_as_the_recursion_says(slots):
    for count in range(2, 41):
        made = of_segments(count, slots)
        assert replayed(made) == count + extra(count, slots)


def test_the_fastest_plan_that_fits():
    useful = Counter()

    @given(
        steps=st.integers(1, 60),
        state=st.integers(0, 9),
        step=st.integers(1, 9),
        budget=st.integers(20, 400),
    )
    def law(steps, state, step, budget):
        def cost(segment: int) -> float:
            slots = (budget - 2 * state - segment * step) // max(1, state)
            if slots < 0:
                return float("inf")
            count = ceil(steps / segment)
            return (2 * count + extra(count, min(slots, count - 1))) * (segment + 8)

        if steps * step + 2 * state <= budget:
            best = plan(steps, state, step, f"{budget}B")
            assert (best.segments, best.extra_forwards) == (1, 0)
            useful["all fits"] += 1
            return
        if 2 * state + step > budget:
            with pytest.raises(ArgumentError, match=f"the smallest plan takes {2 * state + step}B"):
                plan(steps, state, step, f"{budget}B")
            useful["nothing fits"] += 1
            return
        made = plan(steps, state, step, f"{budget}B")
        assert made.bytes <= budget
        runs = replayed(made)
        assert runs - made.segments == round(made.extra_forwards * made.segments)
        found = (runs + made.segments) * (made.segment + 8)
        assert found == min(map(cost, range(1, steps + 1)))
        useful["some fits"] += 1

    law()
    assert useful["some fits"] >= 10, useful
    assert useful["all fits"] >= 5, useful


def test_more_memory_is_never_slower():
    extras = [plan(10_000, 3, 10, f"{kb}KB").extra_forwards for kb in range(1, 110)]
    assert extras == sorted(extras, reverse=True)
    assert extras[-1] == 0


def test_a_number_of_states_cuts_into_one_more_segments():
    made = plan(100, 10, 5, 9)
    assert (made.segment, made.segments, made.checkpoints, made.extra_forwards) == (10, 10, 9, 1)
    assert made.bytes == 9 * 10 + 10 * 5 + 2 * 10
    assert made.saved() == [*range(1, 10)]
    assert plan(3, 10, 5, 1000).segments == 3


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (plan(100_000, 1, 1, 320), "T=100,000: 320 checkpoints, 1 extra forward"),
        (plan(10, 1, 1, 1), "T=10: 1 checkpoint, 1 extra forward"),
        (plan(10, 1, 1, "1KB"), "T=10: everything fits, no extra forward"),
        (Plan(3, 1, 1, 4 / 3, 0), "T=3: 1 checkpoint, 1.3 extra forwards"),
        (Plan(3, 1, 0, 2.0, 0), "T=3: 0 checkpoints, 2 extra forwards"),
    ],
)
def test_a_plan_says_itself(made, words):
    assert str(made) == words


@pytest.mark.parametrize(
    ("memory", "count"),
    [
        ("7B", 7),
        ("2KB", 2000),
        ("2KiB", 2048),
        ("512MB", 512_000_000),
        ("96 MiB", 96 * 2**20),
        ("1.5GB", 1_500_000_000),
        ("1 TiB", 2**40),
    ],
)
def test_bytes(memory, count):
    check_memory(memory)
    assert share(memory, 1) == f"{count}B"


@pytest.mark.parametrize(
    "memory",
    [
        0,
        -1,
        True,
        1.5,
        None,
        "",
        "512",
        "MB",
        "0MB",
        "-1MB",
        "5 mb",
        "5  MB",
        "5MB ",
        "1e3MB",
        "٣MB",
    ],
)
def test_what_is_no_memory(memory):
    with pytest.raises(
        ArgumentError, match="give bytes as '512MB' or '96 MiB', or how many states"
    ):
        check_memory(memory)


@pytest.mark.parametrize("memory", [0, True, 1.5, "512"])
def test_what_is_no_memory_has_no_shares(memory):
    with unchecked(), pytest.raises(ArgumentError, match="how many states"):
        share(memory, 2)


def test_too_little_says_how_much_it_takes():
    with pytest.raises(ArgumentError, match=r"found '1KB'; the smallest plan takes 1\.3MB"):
        plan(10, 100_000, 1_000_000, "1KB", fixed_bytes=10_001)
    plan(10, 100_000, 1_000_000, "1.3MB", fixed_bytes=10_001)
