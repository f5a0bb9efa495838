"""Cutting a text into what is merged by itself, step by step."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from elman.transforms.text.byte_pairs.patterns import translated

__all__ = ["Form", "Split", "Splitting"]

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]

_BEFORE = "aZé中ا7½²_.,;:!?)-"
"""What may stand before a space, to try out where a text is cut; and what after it."""
_AFTER = "aZé中ا½²"


@dataclass(frozen=True)
class Split:
    """One step: a pattern, and what becomes of what lies between its matches.

    Attributes:
        pattern: As `tokenizers` writes it.
        gaps: Whether what matches nothing is kept, as a piece.
        matches: Whether what matches is kept.
    """

    pattern: str
    gaps: bool = True
    matches: bool = True

    def pieces(self, text: str) -> Iterator[str]:
        """The pieces of a text, in order."""
        end = 0
        for found in translated(self.pattern).finditer(text):
            start, stop = found.span()
            if start == stop:
                continue
            if self.gaps and start > end:
                yield text[end:start]
            if self.matches:
                yield text[start:stop]
            end = stop
        if self.gaps and end < len(text):
            yield text[end:]


@dataclass(frozen=True)
class Splitting:
    """How a text is cut before its bytes are merged.

    Attributes:
        forms: Unicode's forms that it is brought to, one after the other.
        prefix_space: Whether a space is put before a text that begins without one.
        splits: The steps, each cutting the pieces of the one before.
    """

    forms: tuple[Form, ...] = ()
    prefix_space: bool = False
    splits: tuple[Split, ...] = ()

    def pieces(self, text: str) -> Iterator[str]:
        """The pieces of a text, in order; worked out as they are taken."""
        for form in self.forms:
            text = unicodedata.normalize(form, text)
        if self.prefix_space and text and not text.startswith(" "):
            text = f" {text}"
        pieces: Iterable[str] = (text,) if text else ()
        for split in self.splits:
            pieces = _each(split, pieces)
        return iter(pieces)

    def cuts_at_spaces(self) -> bool:
        """Whether a text is always cut between a word and the space before the next.

        Found by trying: a pattern may say anything.
        """
        texts = [f"{before} {after}" for before in _BEFORE for after in _AFTER]
        return all(_is_cut_behind_first(Splitting(splits=self.splits), text) for text in texts)


def _is_cut_behind_first(splitting: Splitting, text: str) -> bool:
    pieces = list(splitting.pieces(text))
    return "".join(pieces) == text and pieces[0] == text[0]


def _each(split: Split, pieces: Iterable[str]) -> Iterator[str]:
    for piece in pieces:
        yield from split.pieces(piece)
