"""What was worked out for a short text, for the next time that it comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Remembered"]

_MOST = 2**17  # entries; a corpus has fewer words that come often
_LONGEST = 64  # characters: what is longer hardly comes twice


Part = TypeVar("Part")


class Remembered(dict[str, tuple[Part, ...]], Generic[Part]):
    """Ids by the text that they were worked out of, for the first `_MOST` short ones.

    >>> Remembered(lambda text: (len(text),))["abc"]
    (3,)
    """

    def __init__(self, work: Callable[[str], tuple[Part, ...]]) -> None:
        super().__init__()
        self._work = work

    def __missing__(self, text: str) -> tuple[Part, ...]:
        found = self._work(text)
        if len(text) <= _LONGEST and len(self) < _MOST:
            self[text] = found
        return found
