"""Which tokens of a vocabulary may follow, so that the text can still match an expression."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from elman.decoding.expressions.automaton import DEAD, START, automaton_of
from elman.decoding.expressions.syntax import parse
from elman.decoding.expressions.utf8 import over_bytes
from elman.errors import ArgumentError

__all__ = ["Guide"]

NEVER = np.iinfo(np.int32).max
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
        self._distances = self._explore(where)
        if self._distances[START] == NEVER:
            found = f"no text of this vocabulary matches {expression!r}"
            raise ArgumentError(where, found, "another expression, or fewer banned tokens")
        reachable = self._distances[self._distances < NEVER]
        self._farthest = int(reachable.max())

    def after(self, place: int, token: int) -> int:
        """The place after one more token; `DEAD`: no match can come."""
        start, end = self._spans[token]
        if start == end:
            return DEAD
        for symbol in self._symbols[start:end].tolist():
            place = self._table[place, symbol]
        place = int(place)
        return place if self._distances[place] < NEVER else DEAD

    def accepts(self, place: int) -> bool:
        """Whether the text so far matches."""
        return bool(self._accepts[place])

    def usable(self, token: int) -> bool:
        """Whether some match has this token."""
        start, end = self._spans[token]
        places = np.flatnonzero(self._distances < NEVER)
        for symbol in self._symbols[start:end].tolist():
            places = self._table[places, symbol]
        return start < end and bool((self._distances[places] < NEVER).any())

    def distance(self, place: int) -> int:
        """Fewest tokens to a match; `NEVER`: there is none."""
        return int(self._distances[place])

    def allowed(self, place: int, left: int) -> np.ndarray:
        """`[V]` bool: tokens after which a match can come within `left` tokens, them included.

        The array is kept: it is not to be written to.
        """
        left = min(left, self._farthest + 1)
        return self._keep(
            (place, left), lambda: self._distances[self._next(place)] < min(left, NEVER)
        )

    def _keep(self, key: Any, make: Callable[[], np.ndarray]) -> np.ndarray:
        if key not in self._kept:
            while self._kept and len(self._kept) >= _HELD // max(1, len(self._spans)):
                del self._kept[next(iter(self._kept))]
            self._kept[key] = make()
        return self._kept[key]

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
        sources: dict[int, list[int]] = {}
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
                    sources.setdefault(after, []).append(place)
                if after not in seen:
                    seen.add(after)
                    waiting.append(after)
        distances = np.full(len(self._table), NEVER, np.int32)
        level = [place for place in seen if self._accepts[place]]
        distances[level] = 0
        for distance in range(1, len(seen) + 1):
            level = [before for place in level for before in sources.get(place, ())]
            level = [place for place in set(level) if distances[place] == NEVER]
            if not level:
                break
            distances[level] = distance
        return distances
