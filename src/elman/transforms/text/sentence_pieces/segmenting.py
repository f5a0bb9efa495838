"""Cutting a normalised text into pieces: the best path of unigrams, or merging pairs."""

from __future__ import annotations

import re
import struct
from array import array
from collections.abc import Iterator, Mapping
from functools import cached_property

from elman.transforms.text.byte_pairs.merging import Merge, Merges, merged, merged_windows
from elman.transforms.text.remembered import Remembered
from elman.transforms.text.sentence_pieces.model_file import (
    NORMAL,
    UNKNOWN,
    UNUSED,
    USER,
    PieceModel,
)
from elman.transforms.text.sentence_pieces.normaliser import SPACE, user_pattern

__all__ = ["Segmenter"]

Piece = tuple[str, int]
"""What stands in the text, and its id."""

_UNKNOWN_PENALTY = 10.0
_SMALLEST = 1.1754943508222875e-38  # float32's smallest normal number: where a maximum begins
_WORD = re.compile(f"{SPACE}[^{SPACE}]*|[^{SPACE}]+")
_TOGETHER = 2**16  # characters whose best path is looked for together, where that changes nothing


class Segmenter:
    """A model's algorithm.

    Args:
        model: The model.
    """

    def __init__(self, model: PieceModel) -> None:
        self._model = model
        self._unknown = model.kinds.index(UNKNOWN)
        self._ids = {
            piece: place
            for place, (piece, kind) in enumerate(zip(model.pieces, model.kinds, strict=True))
            if kind in (NORMAL, USER, UNUSED)
        }
        # Where no piece goes on behind the mark of a space, each word is cut by itself.
        inner = any(SPACE in piece[1:] or " " in piece for piece in self._ids)
        known = self._model.kinds[self._ids[SPACE]] == NORMAL if SPACE in self._ids else False
        unused = UNUSED in model.kinds
        self.by_word = known and not inner and not unused and model.escape_space

    def ids(self, text: str) -> Iterator[int]:
        """The ids of a normalised text: unknown pieces in a row are one, or bytes."""
        before = False
        fallback = self._model.byte_fallback
        for piece, one in self._pieces(text):
            unknown = one == self._unknown
            if unknown and fallback:
                yield from (self._bytes[byte] for byte in piece.encode())
            elif not (unknown and before):
                yield one
            before = unknown

    @cached_property
    def _bytes(self) -> list[int]:
        return [self._model.pieces.index(f"<0x{byte:02X}>") for byte in range(256)]

    def _pieces(self, text: str) -> Iterator[Piece]:
        if self._model.algorithm == "unigram":
            return self._best_path(text)
        return self._merged(text)

    # ---- unigrams -----------------------------------------------------------------------------

    @cached_property
    def _prefixes(self) -> dict[str, int]:
        """Each piece with its id, and what pieces begin with, with -1."""
        found: dict[str, int] = {}
        for piece, place in self._ids.items():
            for end in range(1, len(piece)):
                found.setdefault(piece[:end], -1)
            found[piece] = place if self._model.kinds[place] != UNUSED else -1
        return found

    @cached_property
    def _scores(self) -> list[float]:
        """The score of each piece, by id; a user's own ones are always taken."""
        model = self._model
        highest = max(_SMALLEST, max(self._normal, default=_SMALLEST))
        return [
            _single(len(piece.encode()) * highest - 0.1) if kind == USER else score
            for piece, score, kind in zip(model.pieces, model.scores, model.kinds, strict=True)
        ]

    @property
    def _normal(self) -> list[float]:
        model = self._model
        return [s for s, kind in zip(model.scores, model.kinds, strict=True) if kind == NORMAL]

    def _best_path(self, text: str) -> Iterator[Piece]:
        """The pieces with the largest sum of scores, summed as sentencepiece does: in float32."""
        total, start = 0.0, 0
        while start < len(text):
            end = len(text)
            if self.by_word and end - start > _TOGETHER:
                border = text.find(SPACE, start + _TOGETHER)
                end = border if border > 0 else end
            found, total = self._path(text[start:end], total)
            yield from found
            start = end

    def _path(self, text: str, total: float) -> tuple[list[Piece], float]:
        """The best path through a text whose beginning has a score, and the score of its end."""
        size = len(text)
        best, begins = array("f", [0.0]) * (size + 1), array("i", [-1]) * (size + 1)
        last = array("i", [self._unknown]) * (size + 1)
        best[0] = total
        unknown = _single(min(self._normal, default=0.0) - _UNKNOWN_PENALTY)
        prefixes, scores = self._prefixes, self._scores
        rounded = array("f", [0.0])  # sums are compared as float32 has them, or ties end otherwise
        for start in range(size):
            here, single = best[start], False
            for end in range(start + 1, size + 1):
                one = prefixes.get(text[start:end])
                if one is None:
                    break
                if one < 0:
                    continue
                single = single or end == start + 1
                rounded[0] = scores[one] + here
                if begins[end] < 0 or rounded[0] > best[end]:
                    best[end], begins[end], last[end] = rounded[0], start, one
            if not single:
                rounded[0], end = unknown + here, start + 1
                if begins[end] < 0 or rounded[0] > best[end]:
                    best[end], begins[end], last[end] = rounded[0], start, self._unknown
        found, end = [], size
        while end > 0:
            found.append((text[begins[end] : end], last[end]))
            end = begins[end]
        return found[::-1], best[size]

    # ---- merging ------------------------------------------------------------------------------

    @cached_property
    def _characters(self) -> dict[str, int]:
        """Symbols of the characters that are no piece but belong to one: behind all ids."""
        single = sorted({one for piece in self._ids for one in piece} - self._ids.keys())
        return {one: len(self._model.pieces) + place for place, one in enumerate(single)}

    @property
    def _other(self) -> int:
        """The symbol of all other characters."""
        return len(self._model.pieces) + len(self._characters)

    def _symbol(self, part: str) -> int | None:
        return self._ids.get(part, self._characters.get(part))

    @cached_property
    def _merges(self) -> Merges:
        found = {}
        for piece, place in self._ids.items():
            merge = Merge(-self._model.scores[place], place)
            for cut in range(1, len(piece)):
                left, right = self._symbol(piece[:cut]), self._symbol(piece[cut:])
                if left is not None and right is not None:
                    found[left, right] = merge
        return found

    @cached_property
    def _user(self) -> re.Pattern[str] | None:
        return user_pattern(self._model)

    @cached_property
    def _remembered(self) -> Remembered[Piece]:
        return Remembered(lambda word: tuple(self._merged_part(word)))

    def _merged(self, text: str) -> Iterator[Piece]:
        if not self.by_word:
            yield from self._merged_part(text)
            return
        for word in _WORD.finditer(text):
            yield from self._remembered[word[0]]

    def _merged_part(self, text: str) -> Iterator[Piece]:
        """The pieces of a text that is merged as a whole."""
        pieces, place = self._model.pieces, 0
        symbols = self._first_symbols(text)
        made: dict[int, tuple[int, int]] = {}
        if UNUSED in self._model.kinds:
            found = iter([merged(symbols, self._merges, made)[0]] if symbols else [])
        else:
            longest = max(map(len, self._model.pieces))
            found = merged_windows(symbols, self._merges, longest) if symbols else iter([])
        for run in found:
            for whole in run:
                for symbol in self._used(whole, made):
                    user = symbol - self._other - 1
                    one = symbol if user < 0 else user
                    length = len(pieces[one]) if one < len(pieces) else 1
                    yield text[place : place + length], one if one < len(pieces) else self._unknown
                    place += length

    def _used(self, symbol: int, made: Mapping[int, tuple[int, int]]) -> Iterator[int]:
        """A symbol, or the parts that it was made of while it is one that is not used."""
        if symbol in made and self._model.kinds[symbol] == UNUSED:
            for part in made[symbol]:
                yield from self._used(part, made)
        else:
            yield symbol

    def _first_symbols(self, text: str) -> array[int]:
        """The symbols of a text's characters and of what a user defined, which never merges."""
        symbols, place = array("i"), 0
        while place < len(text):
            user = self._user.match(text, place) if self._user is not None else None
            if user is not None:
                symbols.append(self._other + 1 + self._ids[user[0]])
                place = user.end()
                continue
            symbol = self._symbol(text[place])
            symbols.append(self._other if symbol is None else symbol)
            place += 1
        return symbols


def _single(value: float) -> float:
    """The value in float32."""
    return struct.unpack("<f", struct.pack("<f", value))[0]
