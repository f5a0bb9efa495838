"""From a text to its words: the steps, each of which can be left out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, ClassVar, Literal

from elman.errors import ArgumentError
from elman.parameters import check_values, flag, one_of, parameter
from elman.transforms.text.categories import character_class
from elman.transforms.text.codec import check_text, slices
from elman.transforms.text.vocabulary import PLACEHOLDERS

__all__ = ["Steps", "chunks", "is_address", "is_number", "split_words"]

LONGEST = 10_000
"""Characters between two white spaces that are looked at together."""
NUM, URL = PLACEHOLDERS

# What begins an address, so that most chunks of a text are spared the search for one.
_HINTS = ("://", "www.", "@")
_ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,20}://|www\.)[^\s<>\"]*[^\s<>\"'.,;:!?)\]}]"
    r"|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The steps from a text to its words, in this order.

    >>> list(Steps().words("It's 3.50 euros: see www.example.org/a?b=1!"))
    ["It's", '[NUM]', 'euros', ':', 'see', '[URL]', '!']
    >>> list(Steps(cut="spaces", numbers=False).words("well-known, 3rd"))
    ['well-known,', '3rd']
    """

    _group: ClassVar = "Text"
    _table: ClassVar = "task"

    form: Literal["NFC", "NFKC"] | None = parameter(
        "NFC",
        one_of("NFC", "NFKC", none=True),
        "Unicode's form that a text is brought to first.",
        "So that an accented letter is the same however it was typed. None: as it is.",
    )
    lower: bool = parameter(False, flag(), "Whether capitals become small letters.")
    cut: str = parameter(
        "words",
        one_of("words", "spaces"),
        "What a word is: a run of letters or a sign, or all between two white spaces.",
    )
    numbers: bool = parameter(True, flag(), f"Whether numbers become {NUM}.")
    addresses: bool = parameter(True, flag(), f"Whether addresses (URL, e-mail) become {URL}.")

    def __post_init__(self) -> None:
        check_values(type(self), asdict(self))

    @classmethod
    def from_settings(cls, settings: Any) -> Steps:
        """The steps that `asdict` wrote.

        Raises:
            ArgumentError: They are something else.
        """
        known = asdict(cls())
        if not isinstance(settings, dict) or settings.keys() != known.keys():
            raise ArgumentError("steps", f"found {settings!r:.200}", f"{', '.join(known)}")
        return cls(**settings)

    @property
    def placeholders(self) -> tuple[str, ...]:
        """What numbers and addresses become."""
        return (NUM,) * self.numbers + (URL,) * self.addresses

    def words(self, text: str) -> Iterator[str]:
        """The words of a text, numbers and addresses replaced."""
        for chunk in chunks([check_text(text)]):
            for word in self.split(chunk):
                yield self.placeholder(word) or word

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Where each of the words stands: its first character, and the one after its last.

        Where the steps change how many characters stand between two white spaces, all words of
        these are where they are.

        >>> [*Steps().places("It's  3.50!")]
        [(0, 4), (6, 10), (10, 11)]
        """
        for found in re.finditer(r"\S+", check_text(text)):
            for start in range(found.start(), found.end(), LONGEST):
                chunk = text[start : min(start + LONGEST, found.end())]
                formed, at = self._formed(chunk), 0
                for word in self.split(chunk):
                    at = formed.index(word, at) + len(word)
                    span = (at - len(word), at) if len(formed) == len(chunk) else (0, len(chunk))
                    yield start + span[0], start + span[1]

    def split(self, chunk: str) -> list[str]:
        """The words of what stands between two white spaces; nothing is replaced yet."""
        chunk = self._formed(chunk)
        return chunk.split() if self.cut == "spaces" else split_words(chunk)

    def _formed(self, chunk: str) -> str:
        chunk = chunk if self.form is None else unicodedata.normalize(self.form, chunk)
        return chunk.lower() if self.lower else chunk

    def placeholder(self, word: str) -> str | None:
        """What a word is replaced by, or None."""
        if self.numbers and is_number(word):
            return NUM
        return URL if self.addresses and is_address(word) else None

    def losses(self) -> tuple[str, ...]:
        """What these steps lose of a text, in sentences."""
        told = {
            "white space between words becomes one space": True,
            "numbers become [NUM]": self.numbers,
            "addresses become [URL]": self.addresses,
            "capitals become small letters": self.lower,
            f"characters are brought to {self.form}": self.form is not None,
            "signs stand apart, and what cannot be seen is left out": self.cut == "words",
        }
        return tuple(sentence for sentence, said in told.items() if said)

    def describe(self) -> str:
        """The steps in a line."""
        cut = "letters and signs apart" if self.cut == "words" else "cut at white space"
        told = [self.form or "", "small letters" if self.lower else "", cut]
        told += [f"{self.placeholders[0]}"] if len(self.placeholders) == 1 else []
        told += [" and ".join(self.placeholders)] if len(self.placeholders) == 2 else []
        return ", ".join(filter(None, told))


def chunks(parts: Iterable[str]) -> Iterator[str]:
    """What stands between white spaces in a text that comes in parts; of bounded length.

    What is longer than `LONGEST` comes in pieces of that length. U+00A0 and the like are white
    space, too.

    >>> list(chunks(["a b\\u00a0", "c", "d"]))
    ['a', 'b', 'cd']
    """
    rest = ""
    for part in slices(parts):
        found = (rest + part).split()
        rest = found.pop() if found and not part[-1].isspace() else ""
        for chunk in found:
            yield from _pieces(chunk)
        while len(rest) > LONGEST:
            yield rest[:LONGEST]
            rest = rest[LONGEST:]
    if rest:
        yield rest


def _pieces(chunk: str) -> Iterable[str]:
    if len(chunk) <= LONGEST:
        return (chunk,)
    return (chunk[start : start + LONGEST] for start in range(0, len(chunk), LONGEST))


def split_words(chunk: str) -> list[str]:
    """The words of what stands between two white spaces.

    A run of letters, digits and `_` is a word, with an apostrophe between letters; so is a
    number with its points and commas, a Chinese or Japanese sign, any other sign (several of the
    same together), an emoji with all that belongs to it, and an address. What cannot be seen
    (control characters, marks without a letter) is none.

    >>> split_words("don't...stop(3.5%)"), split_words("日本語")
    (["don't", '...', 'stop', '(', '3.5', '%', ')'], ['日', '本', '語'])
    """
    if not any(hint in chunk.lower() for hint in _HINTS):
        return _words(chunk)
    found, end = [], 0
    for address in _ADDRESS.finditer(chunk):
        found += [*_words(chunk[end : address.start()]), address[0]]
        end = address.end()
    return found + _words(chunk[end:])


def is_number(word: str) -> bool:
    """Whether a word is a number: digits with points and commas, perhaps a sign or per cent.

    >>> [is_number(word) for word in ("1,000.5", "-3", "٣", "3rd", "v2")]
    [True, True, True, False, False]
    """
    return _number().fullmatch(word) is not None


def is_address(word: str) -> bool:
    """Whether a word is an address: of a page or of mail.

    >>> [is_address(word) for word in ("https://a.org/b", "WWW.a.org", "me@a.org", "a.b")]
    [True, True, True, False]
    """
    hinted = any(hint in word.lower() for hint in _HINTS)
    return hinted and _ADDRESS.fullmatch(word) is not None


def _words(text: str) -> list[str]:
    return [found[0] for found in _word().finditer(text)]


@cache
def _number() -> re.Pattern[str]:
    digit = f"[{character_class('Nd')}]"
    return re.compile(rf"[+\-−]?{digit}+(?:[.,]{digit}+)*%?")


@cache
def _word() -> re.Pattern[str]:
    """One word; see `split_words`."""
    letters, marks, numbers = map(character_class, ("L", "M", "N"))
    joined = rf"{marks}{character_class('Cf')}"
    signs = "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    digit = f"[{character_class('Nd')}]"
    letter = rf"(?:(?![{signs}])[{letters}{numbers}_][{joined}]*)"
    unseen = rf"\s{joined}{character_class('Cc')}"
    sign = rf"[^{letters}{numbers}_{unseen}]"
    parts = (
        rf"{digit}+(?:[.,]{digit}+)*(?![{letters}{numbers}_])",
        rf"{letter}+(?:['’]{letter}+)*",
        rf"[{signs}][{joined}]*",
        r"[\U0001f1e6-\U0001f1ff]{2}",
        rf"({sign})(?:\1+|(?:[{joined}\U0001f3fb-\U0001f3ff]|(?<=\u200d){sign})*)",
    )
    return re.compile("|".join(parts))
