"""Merging pairs: by rank, leftmost first, and window by window the same."""

import random
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from elman.transforms.text.byte_pairs.merging import (
    Merge,
    Merges,
    merged,
    merged_at_random,
    merged_windows,
)


def one_by_one(symbols: list[int], merges: Merges) -> list[int]:
    """The same by its definition: the pair of the lowest rank, of these the leftmost, again."""
    symbols = list(symbols)
    while True:
        found = [
            (merges[pair].rank, place)
            for place, pair in enumerate(pairwise(symbols))
            if pair in merges
        ]
        if not found:
            return symbols
        _, place = min(found)
        symbols[place : place + 2] = [merges[symbols[place], symbols[place + 1]].symbol]


def drawn(seed: int, letters: int = 3, count: int = 12) -> Merges:
    """Merges as a fitting makes them: each of symbols that there are already."""
    draws = random.Random(seed)
    found: dict[tuple[int, int], Merge] = {}
    for rank in range(count):
        known = letters + rank
        pair = (draws.randrange(known), draws.randrange(known))
        if pair not in found:
            found[pair] = Merge(rank, known)
    return found


@given(st.integers(0, 200), st.lists(st.integers(0, 2), max_size=40))
def test_the_heap_does_what_the_definition_says(seed, symbols):
    merges = drawn(seed)
    found, starts = merged(symbols, merges)
    assert found == one_by_one(symbols, merges)
    assert len(starts) == len(found)
    assert starts == sorted(starts)
    assert starts[:1] == [0][: len(found)]


def longest(merges: Merges) -> int:
    """The most symbols that become one."""
    lengths: dict[int, int] = {}
    for (left, right), merge in merges.items():
        lengths[merge.symbol] = lengths.get(left, 1) + lengths.get(right, 1)
    return max(lengths.values())


def test_windows_give_what_the_whole_gives():
    draws = random.Random(0)
    several = 0
    for seed in range(600):
        merges = drawn(seed % 150, letters=2, count=draws.choice([4, 8, 25]))
        symbols = draws.choices([0, 1], k=draws.randrange(1, 300))
        parts = list(merged_windows(symbols, merges, longest(merges), window=8))
        assert [one for part in parts for one in part] == merged(symbols, merges)[0]
        several += len(parts) > 1
    assert several > 200


def test_a_long_run_is_left_window_by_window():
    merges = {(0, 0): Merge(0, 1), (1, 1): Merge(1, 2)}
    parts = list(merged_windows([0] * 1001, merges, 4, 32))
    assert len(parts) > 20
    assert [one for part in parts for one in part] == [*[2] * 250, 0]


def test_equal_ranks_go_by_place_and_parts_are_noted():
    merges = {(0, 1): Merge(0, 3), (1, 0): Merge(0, 4)}
    assert merged([0, 1, 0, 1, 0], merges)[0] == [3, 3, 0]
    made: dict[int, tuple[int, int]] = {}
    merged([0, 1, 0], merges, made)
    assert made == {3: (0, 1), 4: (1, 0)}


@given(st.integers(0, 200), st.lists(st.integers(0, 2), max_size=20))
def test_at_a_rate_of_zero_nothing_is_left_out(seed, symbols):
    merges = drawn(seed)
    draws = np.random.default_rng(seed)
    assert merged_at_random(symbols, merges, 0.0, draws) == one_by_one(symbols, merges)


def test_merges_are_left_out_at_their_rate():
    """Of two symbols that could be merged so many stay apart; of three the later one may come."""
    merges = {(1, 2): Merge(0, 9), (2, 3): Merge(1, 8), (9, 3): Merge(2, 7)}
    draws = np.random.default_rng(0)
    apart = sum(merged_at_random([1, 2], merges, 0.3, draws) == [1, 2] for _ in range(4000))
    assert abs(apart / 4000 - 0.3) < 0.03
    found = [tuple(merged_at_random([1, 2, 3], merges, 0.3, draws)) for _ in range(4000)]
    expected = {(7,): 0.7 * 0.7, (9, 3): 0.7 * 0.3, (1, 8): 0.3 * 0.7, (1, 2, 3): 0.3 * 0.3}
    for outcome, share in expected.items():
        assert abs(found.count(outcome) / 4000 - share) < 0.03
