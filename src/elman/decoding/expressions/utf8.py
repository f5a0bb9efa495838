"""An automaton over characters as one over the bytes of UTF-8."""

from __future__ import annotations

import numpy as np

from elman.decoding.expressions.automaton import DEAD, Automaton
from elman.decoding.expressions.characters import LAST
from elman.errors import ArgumentError

__all__ = ["over_bytes"]

MAX_STATES = 2**16
_BLOCK = 64  # what one byte that continues a character tells apart


def over_bytes(automaton: Automaton, where: str = "expression") -> tuple[np.ndarray, np.ndarray]:
    """The same automaton, reading bytes.

    A state is one of the characters' automaton and how far a character was read; only between two
    characters can it accept.

    Returns:
        The table `[S, 256]` int32 and `[S]` bool, which states accept; state 0 leads nowhere, 1 is
        the first.

    Raises:
        ArgumentError: It would be too large.
    """
    nodes, leaves = _nodes(automaton)
    states, inner = len(automaton.table), len(nodes)
    if states * inner > MAX_STATES:
        found = f"it becomes {states * inner} states over bytes"
        raise ArgumentError(where, found, f"at most {MAX_STATES}: fewer or smaller repetitions")
    # State s with node n is number n * states + s, so that between characters it is s.
    table = np.full((inner, states, 256), DEAD, np.int32)
    for node in range(inner):
        ends, goes = leaves[node] >= 0, nodes[node] >= 0
        table[node][:, ends] = automaton.table[:, leaves[node][ends]]
        after = nodes[node][goes] * states + np.arange(states)[:, None]
        table[node][:, goes] = np.where(np.arange(states)[:, None] == DEAD, DEAD, after)
    accepts = np.zeros(inner * states, bool)
    accepts[:states] = automaton.accepts
    return table.reshape(-1, 256), accepts


def _nodes(automaton: Automaton) -> tuple[np.ndarray, np.ndarray]:
    """Where each byte leads from each place within a character; place 0 is between two.

    Returns:
        `[N, 256]` the next place or -1, and `[N, 256]` the class of the character that ends or -1.
    """
    points = np.arange(5 * _BLOCK**3)  # as far as the first bytes of four-byte characters reach
    level = np.where(points <= LAST, automaton.classes_of(np.minimum(points, LAST)), -1)
    level[0xD800:0xE000] = -1  # surrogates: UTF-8 has none
    nodes, leaves = [np.full(256, -1, np.int64)], [np.full(256, -1, np.int64)]
    leaves[0][:0x80] = level[:0x80]
    # Characters of two, three, four bytes; what a shorter form has is no part of a longer one.
    for bytes_, first, count, lowest in ((2, 0xC0, 32, 0x80), (3, 0xE0, 16, 32), (4, 0xF0, 5, 16)):
        level[:lowest] = -1
        level = _numbered(level.reshape(-1, _BLOCK), nodes, leaves, last=bytes_ == 2)
        nodes[0][first : first + count] = level[:count]
    return np.stack(nodes), np.stack(leaves)


def _numbered(
    blocks: np.ndarray, nodes: list[np.ndarray], leaves: list[np.ndarray], last: bool
) -> np.ndarray:
    """A place for each block of what a byte may continue with, the same for equal ones; or -1."""
    known: dict[bytes, int] = {np.full(_BLOCK, -1, np.int64).tobytes(): -1}
    numbers = []
    for block in blocks:
        key = block.tobytes()
        if key not in known:
            known[key] = len(nodes)
            nodes.append(np.full(256, -1, np.int64))
            leaves.append(np.full(256, -1, np.int64))
            (leaves if last else nodes)[-1][0x80:0xC0] = block
        numbers.append(known[key])
    return np.array(numbers, np.int64)
