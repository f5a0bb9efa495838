"""What sentencepiece makes of a text before it is cut."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from elman.errors import FormatError
from elman.transforms.text.sentence_pieces.model_file import USER, PieceModel

__all__ = ["SPACE", "Normaliser"]

SPACE = "\u2581"
"""The mark that a space is written as."""
_MOST_MET = 2**17  # steps of the rules that are remembered
_SURROGATES = re.compile("[\ud800-\udfff]")


class Normaliser:
    """A model's normaliser.

    Args:
        model: The model.
        where: Its file.

    Raises:
        FormatError: Its rules are damaged.
    """

    def __init__(self, model: PieceModel, where: str) -> None:
        self._model = model
        self._rules = _Rules(model.charsmap, where) if model.charsmap else None
        self._user = user_pattern(model)
        self._single: dict[str, str | None] = {}

    def __call__(self, text: str) -> str:
        """The text as it is cut: spaces as U+2581, characters by the rules."""
        model = self._model
        if not text:
            return ""
        units = self._units(_SURROGATES.sub("\ufffd", text))
        first = next(units, None)
        while model.one_space and first == " ":
            first = next(units, None)
        if first is None:
            return ""
        mark = SPACE if model.escape_space else " "
        written = [mark] if model.prefix_space and not model.suffix_space else []
        behind_space = model.one_space
        unit: str | None = first
        while unit is not None:
            unit = unit.lstrip(" ") if behind_space else unit
            if unit:
                written.append(unit.replace(" ", mark))
                behind_space = model.one_space and unit.endswith(" ")
            unit = next(units, None)
        found = "".join(written)
        found = found.rstrip(mark) if model.one_space else found
        return found + mark if model.suffix_space and model.prefix_space else found

    def _units(self, text: str) -> Iterator[str]:
        """What each part of the text becomes: the longest that a rule has, or a character."""
        place, single = 0, self._single
        while place < len(text):
            if self._user is not None:
                user = self._user.match(text, place)
                if user is not None:
                    yield user[0]
                    place = user.end()
                    continue
            one = text[place]
            known = single.get(one)
            if known is not None:
                yield known
                place += 1
                continue
            becomes, length = self._longest(text, place)
            yield becomes
            place += length

    def _longest(self, text: str, place: int) -> tuple[str, int]:
        """What the longest rule makes of a text's beginning, and its characters."""
        one = text[place]
        if self._rules is None:
            self._single[one] = one
            return one, 1
        found, length, goes_on = one, 1, True
        node = self._rules.root
        end = place
        while goes_on and end < len(text):
            node, value, goes_on = self._rules.step(node, text[end])
            end += 1
            if value is not None:
                found, length = value, end - place
            if not goes_on and end == place + 1:
                self._single[one] = found
        return found, length


class _Rules:
    """A double array of Darts-clone: from bytes to the places of what they become."""

    def __init__(self, charsmap: bytes, where: str) -> None:
        size = int.from_bytes(charsmap[:4], "little")
        if len(charsmap) <= 4 or size >= len(charsmap) or size % 4 or not size:
            raise FormatError(f"{where}, normalizer_spec", "its rules are cut", "an undamaged copy")
        self._units = np.frombuffer(charsmap, "<u4", size // 4, 4)
        self._texts = charsmap[4 + size :]
        self.root = _offset(int(self._units[0]))
        self._met: dict[tuple[int, str], tuple[int, str | None, bool]] = {}

    def step(self, node: int, character: str) -> tuple[int, str | None, bool]:
        """The node behind a character, what the way there becomes, and whether it goes on."""
        found = self._met.get((node, character))
        if found is None:
            found = self._step(node, character)
            if len(self._met) < _MOST_MET:
                self._met[node, character] = found
        return found

    def _step(self, node: int, character: str) -> tuple[int, str | None, bool]:
        value = None
        units = self._units
        for byte in character.encode():
            value = None
            place = node ^ byte
            if place >= len(units):
                return node, None, False
            unit = int(units[place])
            if unit & 0x800000FF != byte:
                return node, None, False
            node = place ^ _offset(unit)
            if unit >> 8 & 1:
                value = self._text(int(units[node]) & 0x7FFFFFFF) if node < len(units) else None
        return node, value, self._goes_on(node)

    def _goes_on(self, node: int) -> bool:
        """Whether anything stands below a node."""
        places = node ^ np.arange(1, 256)
        inside = places < len(self._units)
        labels = self._units[places[inside]] & 0x800000FF
        return bool((labels == np.arange(1, 256)[inside]).any())

    def _text(self, place: int) -> str:
        end = self._texts.find(b"\0", place)
        return self._texts[place : end if end >= 0 else None].decode("utf-8", "replace")


def _offset(unit: int) -> int:
    return (unit >> 10) << ((unit & 0x200) >> 6)


def user_pattern(model: PieceModel) -> re.Pattern[str] | None:
    """What finds the pieces that a user defined, the longest first; None: there are none."""
    user = [piece for piece, kind in zip(model.pieces, model.kinds, strict=True) if kind == USER]
    return (
        re.compile("|".join(map(re.escape, sorted(user, key=len, reverse=True)))) if user else None
    )
