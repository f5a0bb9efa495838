"""What was read before a search began, as far as penalties ask for it."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Context"]


class Context:
    """The tokens that stand before a row's first: shared by its hypotheses, never written to.

    Args:
        tokens: Their ids, in their order.
        width: Of the runs that must not come twice, or None.

    Attributes:
        written: The tokens, each once.
        last: The `width` - 1 tokens next to the row, or as many as there are.
        following: By `width` - 1 tokens of the context, those that follow them there.
    """

    __slots__ = ("following", "last", "written")

    def __init__(self, tokens: Sequence[int], width: int | None) -> None:
        self.written = frozenset(tokens)
        self.last: list[int] = []
        self.following: dict[tuple[int, ...], set[int]] = {}
        if width is not None:
            before = width - 1
            self.last = list(tokens[max(0, len(tokens) - before) :])
            for place in range(before, len(tokens)):
                run = tuple(tokens[place - before : place])
                self.following.setdefault(run, set()).add(tokens[place])

    def latest(self, tokens: list[int], count: int) -> tuple[int, ...]:
        """The last `count` of the context and then `tokens`, or as many as there are."""
        if count <= len(tokens):
            return tuple(tokens[len(tokens) - count :])
        missing = count - len(tokens)
        return (*self.last[max(0, len(self.last) - missing) :], *tokens)
