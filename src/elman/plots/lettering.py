"""Letters of every script: which font of this system draws them, and what stands where none does.

Words of users come from anywhere. Matplotlib's own font draws Latin, Greek, Cyrillic and more; what
it lacks is looked for in the fonts that are installed. What none of them has is drawn as a mark
with a number that the word gives, so that it is the same in every picture, whoever draws it and
when; and one warning says which is which.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Lettering", "columns_of", "drawable", "lettering", "mark_of"]

USUAL = "DejaVu Sans"
_PREFERRED = (
    "Noto Sans CJK", "Source Han Sans", "Hiragino Sans", "PingFang", "Yu Gothic", "Meiryo",
    "Microsoft YaHei", "Malgun Gothic", "Apple SD Gothic Neo", "WenQuanYi", "IPAexGothic",
    "Noto Sans", "Geeza Pro", "Segoe UI", "Arial Unicode MS", "Noto Emoji", "Symbola",
)  # fmt: skip
"""Beginnings of families that are made for labels in many scripts; the rest comes after them."""
_NO_LETTERS = ("Last", "STIXNon", "STIXSize", "cm")
"""Beginnings of families that have a shape for everything, or other shapes than they say."""
_OBEYED = re.compile("[\u061c\u200e\u200f\u2028-\u202e\u2066\u2067]")
"""What breaks lines and turns the order of letters, beside the isolates that `drawable` sets."""
_LETTERS = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff"
_LEFTWARDS = re.compile(f"\u2068[^\u2069]*\u2069|[{_LETTERS}](?:[{_LETTERS} .,-]*[{_LETTERS}])?")
"""Words of a script that is written from right to left, isolated or not yet."""
_SHAPES = (3, 11)  # the version of matplotlib from which on it joins and orders such letters
_ISOLATES = "\u2068\u2069"
_NOT_DRAWN = f"\n{_ISOLATES}"  # what lays letters out
_JOINING = ("Cf", "Mn", "Me")  # categories of characters that have no shape of their own
_MOST_NAMED = 12  # marks that a warning explains


class Lettering:
    """What was found out about this system's fonts, and the marks that were given out.

    Attributes:
        marks: For each word that no font here can draw, what stands for it.
    """

    def __init__(self) -> None:
        self.marks: dict[str, str] = {}
        self._families: dict[str, str | None] = {}  # of each character that was asked for
        self._unsaid: list[str] = []
        self._waiting = False

    def drawable(self, text: str) -> str:
        """The text with a mark for each word that no font here can draw.

        A dollar sign is kept from beginning a formula, and words that are written from right to
        left from turning the sentence around them.
        """
        text = _OBEYED.sub("", text).replace("\t", " ")
        text = text.replace("\\$", "$").replace("$", "\\$")
        if text.isascii() and text.isprintable():
            return text
        found, word = [], ""
        for character in text:
            joins = bool(word) and unicodedata.category(character) in _JOINING
            if joins or self._family(character) != USUAL:
                word += character
                continue
            found += [self._drawn(word), character]
            word = ""
        return _isolated("".join([*found, self._drawn(word)]))

    def fonts(self, text: str, weight: str = "normal") -> dict[str, Any]:
        """Which fonts a text needs, as matplotlib's `FontProperties` takes them.

        Args:
            text: A drawable one.
            weight: That it should have; where one of its fonts has no such letters, it is "normal".
        """
        families = dict.fromkeys(map(self._family, text))
        others = [family for family in families if family not in (None, USUAL)]
        if weight != "normal" and not all(_is_bold(family) for family in others if family):
            weight = "normal"
        return {"family": [USUAL, *others], "weight": weight}

    def finish(self, figure: Figure) -> None:
        """Give a picture the fonts that its words need, and say which words have a mark instead."""
        from matplotlib.text import Text

        for text in figure.findobj(Text):
            assert isinstance(text, Text)
            if not (words := text.get_text()).isascii():
                bold = text.get_fontweight() in ("bold", 700)
                found = self.fonts(words, "bold" if bold else "normal")
                text.set_fontfamily(found["family"])
                text.set_fontweight(found["weight"])
        if self._unsaid and not self._waiting:
            warnings.warn(self._sentence(), stacklevel=5)  # who asked for the picture

    @contextmanager
    def told(self, say: Callable[[str], Any]) -> Iterator[None]:
        """Within this block nothing is warned of: of all its pictures `say` gets one sentence."""
        self._waiting = True
        try:
            yield
        finally:
            self._waiting = False
            if self._unsaid:
                say(self._sentence())

    def _sentence(self) -> str:
        """Which marks stand for what, of those that nobody was told of yet."""
        shown = ", ".join(f"{self.marks[word]} is {word!r}" for word in self._unsaid[:_MOST_NAMED])
        more = len(self._unsaid) - _MOST_NAMED
        self._unsaid = []
        return (
            f"no font of this system can draw some words of the picture; {shown}"
            f"{f', and {more:,} more' if more > 0 else ''}. Install a font that has them, as Noto "
            "Sans CJK for Chinese, Japanese and Korean or Noto Emoji"
        )

    def _drawn(self, word: str) -> str:
        """A word that the usual font has not: itself, if another font has all of it."""
        if all(map(self._family, word)):
            return word
        if word not in self.marks:
            self.marks[word] = mark_of(word, self.marks.values())
            self._unsaid.append(word)
        return self.marks[word]

    def _family(self, character: str) -> str | None:
        if character in _NOT_DRAWN or (character.isascii() and character.isprintable()):
            return USUAL
        if character not in self._families:
            self._families[character] = _family_with(character)
        return self._families[character]


def mark_of(word: str, taken: Collection[str] = ()) -> str:
    """The mark that stands for a word: the word's own, unless another word has taken that here.

    >>> mark_of("雨"), mark_of("雪")
    ('□6374', '□6738')
    """
    number = zlib.crc32(word.encode("utf-8", "surrogatepass"))
    return next(
        mark for more in count() if (mark := f"□{1000 + (number + more) % 9000}") not in taken
    )


_LETTERING = Lettering()


def lettering() -> Lettering:
    """The one of this process: what was found out, and said, once."""
    return _LETTERING


def drawable(text: str) -> str:
    """The text as this system's fonts can draw it; see `Lettering.drawable`."""
    return lettering().drawable(text)


def columns_of(text: str) -> int:
    """How wide a text is, in letters: those of Chinese, Japanese and Korean count as two.

    >>> columns_of("wide"), columns_of("幅")
    (4, 2)
    """
    shaped = (one for one in text if unicodedata.category(one) not in _JOINING)
    return sum(1 + (unicodedata.east_asian_width(one) in "WF") for one in shaped)


def _isolated(text: str) -> str:
    """The text in which words from right to left leave the order of the others as it is."""
    import matplotlib

    if matplotlib.__version_info__ < _SHAPES:
        return text
    return _LEFTWARDS.sub(lambda found: f"\u2068{found[0].strip(_ISOLATES)}\u2069", text)


def _family_with(character: str) -> str | None:
    """The family of fonts that draws a character; None if there is none here."""
    from matplotlib.font_manager import FontProperties, findfont, fontManager

    usual = [findfont(FontProperties(family=USUAL, weight=weight)) for weight in ("normal", "bold")]
    if all(_draws(path, character) for path in usual):
        return USUAL
    fonts = sorted(fontManager.ttflist, key=lambda font: (_rank(font.name), font.weight != 400))
    others = (font for font in fonts if not font.name.startswith((USUAL, *_NO_LETTERS)))
    return next((font.name for font in others if _draws(font.fname, character)), None)


def _rank(family: str) -> int:
    starts = (place for place, name in enumerate(_PREFERRED) if family.startswith(name))
    return next(starts, len(_PREFERRED))


def _draws(path: str, character: str) -> bool:
    """Whether a font has a shape for a character: fonts of coloured pictures have none to draw."""
    from matplotlib.font_manager import get_font

    try:
        font = get_font(path)
        if not font.get_char_index(ord(character)):
            return False
        font.set_size(12, 72)
        font.load_char(ord(character))
        shape = len(font.get_path()[0])
    except (OSError, RuntimeError, ValueError):  # not a font, or one of pixels
        return False
    return shape > 0 or unicodedata.category(character) in (*_JOINING, "Mc", "Zs")


def _is_bold(family: str) -> bool:
    """Whether a family has bold letters, too."""
    from matplotlib.font_manager import fontManager

    return any(f.name == family and f.weight in (700, "bold") for f in fontManager.ttflist)
