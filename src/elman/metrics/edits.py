"""How many edits lead from what is right to what was said: error rates of labels and words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Edits", "edits", "edits_of_all"]


class Edits(NamedTuple):
    """The fewest edits from a true sequence to another (Levenshtein 1966), by kind.

    Attributes:
        substitutions: Items in place of which others were said.
        deletions: Items that were not said.
        insertions: Items that were said and are not there.
        items: Of the true sequence.
    """

    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    items: int = 0

    @property
    def errors(self) -> int:
        """All edits."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float | None:
        """Edits for each true item, which may exceed 1; None where there is no item."""
        return self.errors / self.items if self.items else None

    def plus(self, other: Edits) -> Edits:
        """The counts of both."""
        return Edits(*(a + b for a, b in zip(self, other, strict=True)))


def edits(true: Sequence[Any], said: Sequence[Any]) -> Edits:
    """The fewest edits from `true` to `said`; of equally few ways the one with most substitutions.

    >>> edits("kitten", "sitting")
    Edits(substitutions=2, deletions=0, insertions=1, items=6)
    """
    known = {item: k for k, item in enumerate(dict.fromkeys([*true, *said]))}
    rows, columns = ([known[item] for item in each] for each in (true, said))
    costs = _costs(np.array(rows, np.int64), np.array(columns, np.int64))
    i, j = len(rows), len(columns)
    substitutions = deletions = insertions = 0
    while i or j:
        different = int(i > 0 and j > 0 and rows[i - 1] != columns[j - 1])
        if i and j and costs[i, j] == costs[i - 1, j - 1] + different:
            substitutions, i, j = substitutions + different, i - 1, j - 1
        elif i and costs[i, j] == costs[i - 1, j] + 1:
            deletions, i = deletions + 1, i - 1
        else:
            insertions, j = insertions + 1, j - 1
    return Edits(substitutions, deletions, insertions, len(rows))


def edits_of_all(pairs: Iterable[tuple[Sequence[Any], Sequence[Any]]]) -> Edits:
    """The counts of several pairs of what is true and what was said, summed."""
    found = Edits()
    for true, said in pairs:
        found = found.plus(edits(true, said))
    return found


def _costs(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The fewest edits between each beginning of both `[U + 1, W + 1]`."""
    costs = np.zeros((len(rows) + 1, len(columns) + 1), np.int64)
    places = np.arange(len(columns) + 1)
    costs[0] = places
    for i, item in enumerate(rows, 1):
        led = np.empty(len(places), np.int64)
        led[0] = i
        led[1:] = np.minimum(costs[i - 1, :-1] + (columns != item), costs[i - 1, 1:] + 1)
        costs[i] = np.minimum.accumulate(led - places) + places  # an insertion costs one a place
    return costs
