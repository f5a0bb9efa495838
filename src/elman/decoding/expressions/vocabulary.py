"""Which tokens of a vocabulary may follow, so that the text can still match an expression."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from elman.decoding.expressions.automaton import DEAD, START, automaton_of
from elman.decoding.expressions.syntax import parse
from elman.decoding.expressions.utf8 import over_bytes
from elman.errors import ArgumentError

__all__ = ["NEVER", "Guide"]

NEVER = int(np.iinfo(np.int32).max)
"""A distance: there is no way."""
_NONE: frozenset[int] = frozenset()
_TOGETHER = 4  # missing tokens whose subsets are all looked at
_HELD = 2**24  # entries of the arrays that are kept
_WORK = 2**30  # states times characters of the vocabulary that are looked at in the beginning


class Guide:
    """Leads a text to a match of an expression, token by token.

    A place is a number: what of the expression the text so far has used up. All that can be
    reached with the vocabulary is looked at in the beginning, so that no token is allowed that
    leads into a dead end, and it is known how many more tokens a match needs at least.

    Args:
        expression: See `elman.decoding.expressions.syntax.parse`.
        pieces: The text of each token, V str or V bytes (of UTF-8); None: it has none.
        left_out: Tokens that are not to be written.

    Attributes:
        start: The place before the first token.

    Raises:
        ArgumentError: It is no expression, is too large, or the vocabulary cannot write a match.
    """

    def __init__(
        self, expression: str, pieces: Sequence[str | bytes | None], left_out: Collection[int] = ()
    ) -> None:
        where = "expression"
        automaton = automaton_of(parse(expression, where), where)
        of_bytes = any(isinstance(piece, bytes) for piece in pieces)
        if of_bytes:
            self._table, self._accepts = over_bytes(automaton, where)
        else:
            self._table, self._accepts = automaton.table, automaton.accepts
        texts = [
            piece if piece and token not in left_out else "" for token, piece in enumerate(pieces)
        ]
        lengths = np.array([len(text) for text in texts], np.int64)
        if of_bytes:
            flat = np.frombuffer(b"".join(text or b"" for text in texts), np.uint8)  # type: ignore
        else:
            flat = automaton.classes_of(np.fromiter(map(ord, "".join(texts)), np.int64))  # type: ignore
        ends = lengths.cumsum()
        self._symbols = flat.astype(np.int64)
        self._spans = list(zip((ends - lengths).tolist(), ends.tolist(), strict=True))
        # Tokens with symbols, longest first, and the first, second, … symbol of those that have it.
        self._order = np.argsort(-lengths, kind="stable")[: np.count_nonzero(lengths)]
        longest_first = -lengths[self._order]
        places = range(lengths.max(initial=0))
        counts = [int(np.searchsorted(longest_first, -place)) for place in places]
        begins = (ends - lengths)[self._order]
        self._columns = [
            self._symbols[begins[:count] + place] for place, count in enumerate(counts)
        ]
        self.start = START
        self._kept: dict[Any, np.ndarray] = {}
        self._sources: dict[int, list[int]] = {}  # from where a token leads to a place
        self._with: dict[frozenset[int], np.ndarray] = {}
        self._farthest: dict[frozenset[int], int] = {}
        if self._remember(_NONE, self._explore(where))[START] == NEVER:
            found = f"no text of this vocabulary matches {expression!r}"
            raise ArgumentError(where, found, "another expression, or fewer banned tokens")

    def after(self, place: int, token: int) -> int:
        """The place after one more token; `DEAD`: no match can come."""
        start, end = self._spans[token]
        if start == end:
            return DEAD
        for symbol in self._symbols[start:end].tolist():
            place = self._table[place, symbol]
        place = int(place)
        return place if self._with[_NONE][place] < NEVER else DEAD

    def accepts(self, place: int) -> bool:
        """Whether the text so far matches."""
        return bool(self._accepts[place])

    def distance(self, place: int, missing: frozenset[int] = _NONE) -> int:
        """Fewest tokens to a match in which the `missing` ones come; `NEVER`: there is none.

        Of more than four missing tokens each is looked at by itself: then there may be none.
        """
        return int(self._distances_with(missing)[place])

    def allowed(self, place: int, left: int, missing: frozenset[int] = _NONE) -> np.ndarray:
        """`[V]` bool: tokens after which a match can come within `left` tokens, them included.

        The array is kept: it is not to be written to. `missing` as in `distance`.
        """
        distances = self._distances_with(missing)
        left = min(left, self._farthest[missing] + 1)
        key = place, left, missing
        if key not in self._kept:
            while self._kept and len(self._kept) >= _HELD // max(1, len(self._spans)):
                del self._kept[next(iter(self._kept))]
            after = self._next(place)
            mask = distances[after] < left
            for token in missing:
                mask[token] = self._distances_with(missing - {token})[after[token]] < left
            self._kept[key] = mask
        return self._kept[key]

    def _distances_with(self, missing: frozenset[int]) -> np.ndarray:
        """What `distance` gives, for all places."""
        if missing in self._with:
            return self._with[missing]
        if len(missing) > _TOGETHER:
            each = [self._distances_with(frozenset({token})) for token in missing]
            best = np.maximum.reduce(each)
        else:
            best = np.full(len(self._table), NEVER, np.int32)
            places = np.flatnonzero(self._with[_NONE] < NEVER)
            for token in missing:
                after = places
                start, end = self._spans[token]
                for symbol in self._symbols[start:end].tolist():
                    after = self._table[after, symbol]
                rest = self._distances_with(missing - {token})[after] if start < end else NEVER
                best[places] = np.minimum(best[places], np.where(rest < NEVER, rest, NEVER - 1) + 1)
            self._relax(best)
        return self._remember(missing, best)

    def _relax(self, distances: np.ndarray) -> None:
        """Let no place be farther than one more than a place that a token leads to."""
        waiting = [(int(distances[k]), int(k)) for k in np.flatnonzero(distances < NEVER)]
        heapq.heapify(waiting)
        while waiting:
            distance, place = heapq.heappop(waiting)
            if distance > distances[place]:
                continue
            for before in self._sources.get(place, ()):
                if distances[before] > distance + 1:
                    distances[before] = distance + 1
                    heapq.heappush(waiting, (distance + 1, before))

    def _remember(self, missing: frozenset[int], distances: np.ndarray) -> np.ndarray:
        self._with[missing] = distances
        self._farthest[missing] = int(distances[distances < NEVER].max(initial=0))
        return distances

    def _next(self, place: int) -> np.ndarray:
        """`[V]`: where each token leads."""
        places = np.full(len(self._order), place, self._table.dtype)
        for column in self._columns:
            places[: len(column)] = self._table[places[: len(column)], column]
        result = np.full(len(self._spans), DEAD, self._table.dtype)
        result[self._order] = places
        return result

    def _explore(self, where: str) -> np.ndarray:
        """How many tokens each place is from a match at least; places that none leads to: NEVER."""
        waiting, seen = [START], {DEAD, START}
        characters = len(self._symbols) + len(self._spans)
        while waiting:
            if len(seen) * characters > _WORK:
                found = "it and the vocabulary are too large together"
                raise ArgumentError(where, found, "a smaller expression")
            place = waiting.pop()
            reached = np.zeros(len(self._table), bool)
            reached[self._next(place)] = True
            for after in np.flatnonzero(reached).tolist():
                if after != DEAD:
                    self._sources.setdefault(after, []).append(place)
                if after not in seen:
                    seen.add(after)
                    waiting.append(after)
        distances = np.full(len(self._table), NEVER, np.int32)
        distances[[place for place in seen if self._accepts[place]]] = 0
        self._relax(distances)
        return distances
