"""Terms and placeholders: where a source has one, its answer has what stands for it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from elman.data.tables.dialect import Layout, encoding_of, lines_of
from elman.decoding import Answer
from elman.errors import DataError, FormatError
from elman.printable import quoted
from elman.transforms.text import TextCodec

__all__ = ["PLACEHOLDER", "Kept", "Term", "Terminology", "keep_terms", "read_terminology"]

PLACEHOLDER = re.compile(r"\{[^{}\s]*\}|<[^<>\s][^<>]*>|%\([^()\s]+\)[a-z]|%[sdif]\b|\$\{[^{}]+\}")
"""What programs put in the place of something else: {name}, <b>, %s, %(count)d, ${path}."""


@dataclass(frozen=True)
class Term:
    """A term, and what is to be written for it.

    Attributes:
        source: As it stands in sources, as a word or several.
        target: As it is to stand in answers.
        where: What messages call it.
    """

    source: str
    target: str
    where: str = "terminology"


@dataclass(frozen=True)
class Terminology:
    """Terms, and whether placeholders are kept, too.

    >>> told = Terminology((Term("New York", "la Grosse Pomme"), Term("York", "York")))
    >>> [term.target for term in told.of("From New York to York.")]
    ['la Grosse Pomme', 'York']

    Attributes:
        terms: Where two begin at the same place the longer one counts.
        placeholders: Whether what looks like one is kept as it is.
    """

    terms: tuple[Term, ...] = ()
    placeholders: bool = False

    @cached_property
    def _found(self) -> re.Pattern[str]:
        """What terms are looked for with: each as a whole word, the longest first."""
        sources = sorted({one.source for one in self.terms}, key=lambda text: -len(text))
        return re.compile("|".join(map(_whole, sources)) or r"(?!)")

    @cached_property
    def _by_source(self) -> dict[str, Term]:
        return {one.source: one for one in self.terms}

    def of(self, text: str) -> list[Term]:
        """The terms in a source, each as often as it stands there, in their order."""
        found = [(one.start(), self._by_source[one[0]]) for one in self._found.finditer(text)]
        if self.placeholders:
            taken = {place for place, _ in found}
            kept = (one for one in PLACEHOLDER.finditer(text) if one.start() not in taken)
            found += [(one.start(), Term(one[0], one[0], "placeholder")) for one in kept]
        return [term for _, term in sorted(found, key=lambda one: one[0])]

    def check(self, codec: TextCodec) -> None:
        """`DataError` if a term cannot be written: the codec does not know a part of it."""
        for term in self.terms:
            ids = codec.encode(term.target)
            strange = [] if codec.unknown is None else np.flatnonzero(ids == codec.unknown).tolist()
            if strange or not len(ids):
                named = quoted([codec.pieces(term.target)[k] for k in strange]) or "no token"
                found = f"{term.target!r} cannot be written: {named} is not in the vocabulary"
                raise DataError(term.where, found, "another translation, or leave it out")


def _whole(text: str) -> str:
    """A text as an expression that finds it where it is no part of a longer word."""
    before = r"(?<!\w)" if re.match(r"\w", text) else ""
    after = r"(?!\w)" if re.search(r"\w\Z", text) else ""
    return f"{before}{re.escape(text)}{after}"


def read_terminology(path: str | os.PathLike[str]) -> tuple[Term, ...]:
    """The terms in a file: a source and its translation a line, with a tab between.

    Empty lines are passed over.

    Raises:
        DataError: The file cannot be read, or has two translations of a term.
        FormatError: A line is no such pair; the message names it.
    """
    where = os.fspath(path)
    layout = Layout(encoding_of(Path(path), where, None), "\t")
    found: dict[str, Term] = {}
    for number, line in enumerate(lines_of(Path(path), where, layout), start=1):
        place = f"{where}, line {number}"
        cells = [cell.strip() for cell in line.rstrip("\r\n").split("\t")]
        if cells == [""]:
            continue
        if len(cells) != 2 or not all(cells):
            expected = "a term, a tab, and its translation"
            raise FormatError(place, f"found {line.rstrip()!r:.80}", expected)
        before = found.setdefault(cells[0], Term(cells[0], cells[1], place))
        if before.target != cells[1]:
            said = f"{cells[0]!r} has another translation than on {before.where.split(', ')[-1]}"
            raise DataError(place, said, f"one of the two: {before.target!r} stands there")
    return tuple(found.values())


class Kept(NamedTuple):
    """An answer that has its terms, as far as they could be written.

    Attributes:
        answer: The answer.
        missing: Translations that it does not have.
    """

    answer: Answer
    missing: tuple[str, ...]


Rewrite = Callable[[Sequence[Sequence[int]]], list[Answer]]
"""Takes beginnings of answers as ids; gives for each the best answer that begins so."""


def keep_terms(
    answer: Answer,
    terms: Sequence[Term],
    codec: TextCodec,
    rewrite: Rewrite,
    most: int,
    begun: int = 0,
) -> Kept:
    """The answer, written anew until it has the translation of each term, in their order.

    Where one is missing, it is put at each place where a word begins in what is not settled yet,
    and written on from there; the answer of the greatest value is taken. What stands before and in
    the term is settled then. So an answer always has all of them, unless it came to its bound.

    Args:
        answer: The best one without them.
        terms: Of its source, in their order.
        codec: Of the answer.
        rewrite: Searches for what goes on.
        most: Tokens of an answer at most.
        begun: Tokens that are settled already: those of a prefix that was asked for.
    """
    settled, missing = begun, []
    for term in terms:
        place = _end_of(term.target, answer.tokens, codec, settled)
        if place is None:
            begins = _begun_with(answer.tokens.tolist(), term.target, codec, settled)
            found = _with_term(
                [b for b in begins if len(b) <= most], term.target, codec, rewrite, settled
            )
            if found is None:
                missing.append(term.target)
                continue
            answer, place = found
        settled = place
    return Kept(answer, tuple(missing))


def _begun_with(tokens: list[int], target: str, codec: TextCodec, settled: int) -> list[list[int]]:
    """What an answer may begin with that has a term behind what is settled."""
    places = [k for k in range(settled, len(tokens) + 1) if _may_begin(tokens, k, codec)]
    return [[*tokens[:k], *_ids_behind(tokens[:k], target, codec)] for k in places]


def _with_term(
    begun: list[list[int]], target: str, codec: TextCodec, rewrite: Rewrite, settled: int
) -> tuple[Answer, int] | None:
    """The best answer of those that begin so, and where the term ends in it."""
    begun = [one for one in begun if codec.unknown not in one]  # a placeholder may be unknown
    written = []
    for one in rewrite(begun) if begun else ():
        end = _end_of(target, one.tokens, codec, settled)
        if end is not None:
            written.append((one, end))
    if not written:
        return None
    return max(written, key=lambda pair: (pair[0].finished, pair[0].value))


def _text_of(tokens: Sequence[int], codec: TextCodec) -> tuple[str, list[int]]:
    """What tokens write, and how many characters of it stand before each, and behind the last."""
    content, ends = b"", [0]
    for token in tokens:
        content += codec.spelled[token] or b""
        ends.append(len(content))
    return content.decode("utf-8", "replace"), [
        len(content[:end].decode("utf-8", "ignore")) for end in ends
    ]


def _end_of(
    target: str, tokens: np.ndarray | Sequence[int], codec: TextCodec, settled: int
) -> int | None:
    """Behind which token a term ends that stands as a whole behind the settled ones, or None."""
    text, ends = _text_of(list(tokens), codec)
    for found in re.finditer(_whole(_spelled(target, codec)), text):
        if found.start() >= ends[settled]:
            return next(k for k, end in enumerate(ends) if end >= found.end())
    return None


def _spelled(target: str, codec: TextCodec) -> str:
    """A term as the codec writes it: of words with a blank between any two."""
    return codec.decode(codec.encode(target)) if codec.kind == "words" else target


def _may_begin(tokens: Sequence[int], place: int, codec: TextCodec) -> bool:
    """Whether a word may begin before the token at this place."""
    if codec.kind == "words" or place == 0:
        return True
    text, ends = _text_of(tokens, codec)
    if place == len(tokens):
        return True
    around = text[ends[place] - 1 : ends[place] + 1]
    return bool(re.fullmatch(r"\W.|.\W", around, re.DOTALL))


def _ids_behind(tokens: Sequence[int], target: str, codec: TextCodec) -> list[int]:
    """A term's ids where it stands behind these tokens: a blank between, if none is there."""
    text, _ = _text_of(tokens, codec)
    joined = codec.kind == "words" or not text or text[-1:].isspace() or text[-1:] in "'’(«-"
    return codec.encode(target if joined else f" {target}").tolist()
