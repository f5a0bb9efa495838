"""Label sequences that are made more likely wherever they are written: a trie with failure links.

After Aho and Corasick 1975: what is known of a text is the longest end of it that begins a hotword.
Each label that carries a hotword on is worth `boost` nats at once, so that a beam does not lose it
before it is whole; what breaks off gives back what was not a hotword by itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from elman.errors import ArgumentError
from elman.parameters import real

__all__ = ["Hotwords"]


class Hotwords:
    """Label sequences and what each of their labels is worth.

    >>> words = Hotwords([[1, 2]], boost=3.0)
    >>> place, worth = words.follow(words.begin, 1)
    >>> worth, words.follow(place, 2)[1], words.follow(place, 3)[1]
    (3.0, 3.0, -3.0)

    Args:
        sequences: Labels of each, at least one.
        boost: Nats for each label, > 0.

    Attributes:
        begin: What is known of a text before its first label.

    Raises:
        ArgumentError: A sequence is empty, or `boost` is outside its range.
    """

    begin = 0

    def __init__(self, sequences: Sequence[Sequence[int]], boost: float) -> None:
        self._boost = real("boost", boost, or_zero=False)
        self._next: list[dict[int, int]] = [{}]
        self._open = [0]  # labels since the last end of a hotword on the way to each node
        self._fails = [0]
        whole = set[int]()
        for n, labels in enumerate(sequences):
            if not len(labels):
                raise ArgumentError(f"hotwords[{n}]", "found no label", "at least one in each")
            whole.add(self._add([int(label) for label in labels]))
        self._link(whole)

    def follow(self, place: int, label: int) -> tuple[int, float]:
        """What is known once a label follows, and how many nats that is worth."""
        before = self._open[place]
        while place and label not in self._next[place]:
            place = self._fails[place]
        reached = self._next[place].get(label, 0)
        gained = self._gained[reached] if reached else 0
        return reached, self._boost * (gained + self._open[reached] - before)

    def broken(self, place: int) -> float:
        """What is taken back where a text ends there: what has begun and is not whole."""
        return -self._boost * self._open[place]

    def _add(self, labels: list[int]) -> int:
        node = 0
        for label in labels:
            if label not in self._next[node]:
                self._next[node][label] = len(self._next)
                self._next.append({})
                self._open.append(0)
                self._fails.append(0)
            node = self._next[node][label]
        return node

    def _link(self, whole: set[int]) -> None:
        """Failure links, the shortest beginnings first; and what each node is worth."""
        self._gained = [0] * len(self._next)
        waiting = deque([0])
        while waiting:
            node = waiting.popleft()
            for label, child in self._next[node].items():
                waiting.append(child)
                self._open[child] = self._open[node] + 1
                if node:
                    place = self._fails[node]
                    while place and label not in self._next[place]:
                        place = self._fails[place]
                    self._fails[child] = self._next[place].get(label, 0)
                if child in whole:  # what is a hotword already is not given back
                    self._gained[child], self._open[child] = self._open[child], 0
