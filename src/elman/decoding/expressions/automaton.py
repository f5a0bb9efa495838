"""A tree as a table: what state follows from a state and a class of characters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from elman.decoding.expressions.characters import Ranges, partition
from elman.decoding.expressions.syntax import Characters, Choice, Node, Repeat, Sequence
from elman.errors import ArgumentError

__all__ = ["DEAD", "START", "Automaton", "automaton_of"]

MAX_NODES = 100_000  # of the tree with its repetitions written out
MAX_STATES = 10_000
DEAD, START = 0, 1


@dataclass(frozen=True)
class Automaton:
    """A deterministic automaton over classes of characters.

    Attributes:
        table: `[S, C]` int32: the next state. State 0 leads nowhere, 1 is the first.
        accepts: `[S]` bool: whether what was read matches.
        starts: `[N]` int64: where intervals of code points begin, in order, from 0 on.
        classes: `[N]`: each interval's class.
    """

    table: np.ndarray
    accepts: np.ndarray
    starts: np.ndarray
    classes: np.ndarray

    def classes_of(self, points: np.ndarray) -> np.ndarray:
        """The class of each code point."""
        return self.classes[np.searchsorted(self.starts, points, side="right") - 1]


def automaton_of(tree: Node, where: str = "expression") -> Automaton:
    """The automaton of an expression's tree.

    Raises:
        ArgumentError: It would be too large.
    """
    nodes = _Nodes(where)
    first = nodes.add()
    last = nodes.build(tree, first)
    starts, classes, inside = partition(nodes.sets)
    closures = _Closures(nodes)
    begin = closures.of({first})
    known: dict[frozenset[int], int] = {frozenset(): DEAD, begin: START}
    listed, rows = [frozenset[int](), begin], []
    count = int(classes.max()) + 1
    for state in listed:
        reached: dict[int, set[int]] = {}
        for node in state:
            for index, target in nodes.edges[node]:
                for kind in inside[index]:
                    reached.setdefault(kind, set()).add(target)
        row = np.zeros(count, np.int32)
        for kind, targets in reached.items():
            found = closures.of(targets)
            if found not in known:
                if len(known) >= MAX_STATES:
                    raise _too_large(where, f"more than {MAX_STATES} states")
                known[found] = len(known)
                listed.append(found)
            row[kind] = known[found]
        rows.append(row)
    accepts = np.array([last in state for state in listed])
    return Automaton(np.stack(rows), accepts, starts, classes)


def _too_large(where: str, found: str) -> ArgumentError:
    return ArgumentError(where, f"it becomes {found}", "fewer or smaller repetitions {m,n}")


class _Nodes:
    """The tree as nodes with edges: those that read a character of a set, and those that do not."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.edges: list[list[tuple[int, int]]] = []
        self.free: list[list[int]] = []
        self._sets: dict[Ranges, int] = {}

    @property
    def sets(self) -> list[Ranges]:
        return list(self._sets)

    def add(self) -> int:
        if len(self.edges) >= MAX_NODES:
            raise _too_large(self.where, f"more than {MAX_NODES} steps")
        self.edges.append([])
        self.free.append([])
        return len(self.edges) - 1

    def build(self, tree: Node, start: int) -> int:
        """Adds a tree that begins at a node; gives the node where it ends."""
        if isinstance(tree, Characters):
            end = self.add()
            index = self._sets.setdefault(tree.ranges, len(self._sets))
            self.edges[start].append((index, end))
            return end
        if isinstance(tree, Sequence):
            for part in tree.parts:
                start = self.build(part, start)
            return start
        if isinstance(tree, Choice):
            end = self.add()
            for option in tree.options:
                # Each begins at a node of its own: one that repeats must not lead into another.
                self.free[self.build(option, self._free(start))].append(end)
            return end
        return self._repeat(tree, start)

    def _free(self, start: int) -> int:
        node = self.add()
        self.free[start].append(node)
        return node

    def _repeat(self, tree: Repeat, start: int) -> int:
        for _ in range(tree.least):
            start = self.build(tree.part, start)
        if tree.most is None:
            loop = self._free(start)
            self.free[self.build(tree.part, loop)].append(loop)
            return self._free(loop)
        end = self.add()
        for _ in range(tree.most - tree.least):
            self.free[start].append(end)
            start = self.build(tree.part, self._free(start))
        self.free[start].append(end)
        return end


class _Closures:
    """What is reached without reading: of that, the nodes that read or have nowhere to go."""

    def __init__(self, nodes: _Nodes) -> None:
        self._nodes = nodes
        self._known: dict[frozenset[int], frozenset[int]] = {}

    def of(self, targets: set[int]) -> frozenset[int]:
        key = frozenset(targets)
        if key not in self._known:
            seen, waiting = set(key), list(key)
            while waiting:
                for node in self._nodes.free[waiting.pop()]:
                    if node not in seen:
                        seen.add(node)
                        waiting.append(node)
            edges, free = self._nodes.edges, self._nodes.free
            self._known[key] = frozenset(n for n in seen if edges[n] or not free[n])
        return self._known[key]
