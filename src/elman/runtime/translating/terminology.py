"""Terms and placeholders: where a source has one, its answer has what stands for it."""

from __future__ import annotations

import codecs
import math
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from elman.data.tables.dialect import Layout, encoding_of, lines_of
from elman.decoding import Answer
from elman.errors import ArgumentError, DataError, FormatError
from elman.printable import quoted
from elman.transforms.text import TextCodec

__all__ = ["PLACEHOLDER", "Candidate", "Keeping", "Kept", "Place", "Term", "Terminology"]
__all__ += ["keep_terms", "read_terminology", "terms_of"]

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


class Place(NamedTuple):
    """A term in a source: from which character on, and which is the first behind it."""

    term: Term
    start: int
    end: int


@dataclass(frozen=True)
class Terminology:
    """Terms, and whether placeholders are kept, too.

    >>> told = Terminology((Term("New York", "la Grosse Pomme"), Term("York", "York")))
    >>> [(one.term.target, one.start) for one in told.of("From New York to York.")]
    [('la Grosse Pomme', 5), ('York', 17)]

    Attributes:
        terms: Where two overlap that counts which begins first, and of those the longer one.
        placeholders: Whether what looks like one is kept as it is; beside terms, likewise.
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

    def of(self, text: str) -> list[Place]:
        """The terms in a source, each as often as it stands there, in their order."""
        found = [Place(self._by_source[m[0]], *m.span()) for m in self._found.finditer(text)]
        if self.placeholders:
            kept = PLACEHOLDER.finditer(text)
            found += [Place(Term(m[0], m[0], "placeholder"), *m.span()) for m in kept]
        apart = list[Place]()
        for one in sorted(found, key=lambda one: (one.start, -one.end)):
            if not apart or one.start >= apart[-1].end:
                apart.append(one)
        return apart

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
    found: list[Term] = []
    for number, line in enumerate(lines_of(Path(path), where, layout), start=1):
        place = f"{where}, line {number}"
        cells = [cell.strip() for cell in line.rstrip("\r\n").split("\t")]
        if cells == [""]:
            continue
        if len(cells) != 2 or not all(cells):
            expected = "a term, a tab, and its translation"
            raise FormatError(place, f"found {line.rstrip()!r:.80}", expected)
        found.append(Term(cells[0], cells[1], place))
    return _each_once(found)


def terms_of(given: Any) -> tuple[Term, ...]:
    """Terms as a program gives them: in a file (see `read_terminology`), or as pairs of texts.

    >>> [one.target for one in terms_of([("New York", "la Grosse Pomme")])]
    ['la Grosse Pomme']

    Raises:
        ArgumentError: They are neither.
        DataError, FormatError: As of `read_terminology`.
    """
    if isinstance(given, str | os.PathLike):
        return read_terminology(given)
    expected = "a file, or pairs of a term and its translation"
    if not isinstance(given, list | tuple):
        raise ArgumentError("terminology", f"found {given!r:.60}", expected)
    found = []
    for n, pair in enumerate(given):
        listed = pair if isinstance(pair, list | tuple) else ()
        cells = [one.strip() if isinstance(one, str) else "" for one in listed]
        if len(cells) != 2 or not all(cells):
            raise ArgumentError(f"terminology[{n}]", f"found {pair!r:.60}", expected)
        found.append(Term(cells[0], cells[1], f"terminology, pair {n + 1}"))
    return _each_once(found)


def _each_once(terms: Iterable[Term]) -> tuple[Term, ...]:
    """Terms without repetitions; `DataError` where one has two translations."""
    found: dict[str, Term] = {}
    for term in terms:
        before = found.setdefault(term.source, term)
        if before.target != term.target:
            said = f"{term.source!r} has another translation than on {before.where.split(', ')[-1]}"
            raise DataError(term.where, said, f"one of the two: {before.target!r} stands there")
    return tuple(found.values())


class Kept(NamedTuple):
    """An answer that has its terms, as far as they could be written.

    Attributes:
        answer: The answer.
        missing: Translations that it does not have.
    """

    answer: Answer
    missing: tuple[str, ...]


class Candidate(NamedTuple):
    """An answer that begins with a term behind what is settled.

    Attributes:
        begun: What it begins with: the term's ids are its last ones.
        size: How many these are.
    """

    begun: list[int]
    size: int


class Keeping(NamedTuple):
    """What keeps terms.

    Attributes:
        codec: Of the answers.
        rewrite: Takes beginnings of answers as ids; gives for each the best that begins so.
        weigh: Takes answers, candidates and a place in the source; gives for each answer how much
            the network looked at that place when it began the term, in [0, 1].
        most: Tokens of an answer at most.
    """

    codec: TextCodec
    rewrite: Callable[[Sequence[Sequence[int]]], list[Answer]]
    weigh: Callable[[Sequence[Answer], Sequence[Candidate], Place], Sequence[float]]
    most: int


def keep_terms(answer: Answer, places: Sequence[Place], keeping: Keeping, begun: int = 0) -> Kept:
    """The answer, written anew until it has the translation of each term, in their order.

    Where one is missing, it is put at each place where a word begins in what is not settled yet,
    and written on from there. Of these answers that of the greatest value is taken, to which the
    log of the share is added that the network looked at the term when it began the translation.
    What stands before and in it is settled then. So an answer always has all of them, unless it
    came to its bound.

    Args:
        answer: The best one without them.
        places: Of the terms in its source, in their order.
        keeping: What searches, and knows tokens.
        begun: Tokens that are settled already: those of a prefix that was asked for.
    """
    settled, missing = begun, []
    for place in places:
        target = place.term.target
        end = _end_of(target, answer.tokens, keeping.codec, settled)
        if end is None:
            found = _with_term(answer.tokens.tolist(), place, keeping, settled)
            if found is None:
                missing.append(target)
                continue
            answer, end = found
        settled = end
    return Kept(answer, tuple(missing))


def _with_term(
    tokens: list[int], place: Place, keeping: Keeping, settled: int
) -> tuple[Answer, int] | None:
    """The best answer with a term behind what is settled, and where the term ends in it."""
    codec, target, candidates = keeping.codec, place.term.target, list[Candidate]()
    for k in range(settled, len(tokens) + 1):
        if _may_begin(tokens, k, codec):
            ids = _ids_behind(tokens[:k], target, codec)
            candidates.append(Candidate([*tokens[:k], *ids], len(ids)))
    candidates = [
        one
        for one in candidates
        if len(one.begun) <= keeping.most and codec.unknown not in one.begun[-one.size :]
    ]  # a placeholder may be unknown
    if not candidates:
        return None
    answers = keeping.rewrite([one.begun for one in candidates])
    weights = keeping.weigh(answers, candidates, place)
    found = []
    for answer, weight in zip(answers, weights, strict=True):
        end = _end_of(target, answer.tokens, codec, settled)
        if end is not None:
            value = answer.value + math.log(max(weight, 1e-9))
            found.append((answer.finished, value, answer, end))
    if not found:
        return None
    _, _, answer, end = max(found, key=lambda one: one[:2])
    return answer, end


def _text_of(tokens: Sequence[int], codec: TextCodec) -> tuple[str, list[int]]:
    """What tokens write, and how many characters of it stand before each, and behind the last."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")  # what is no UTF-8 counts, too
    text, ends = "", [0]
    for token in tokens:
        text += decoder.decode(codec.spelled[token] or b"")
        ends.append(len(text))
    text += decoder.decode(b"", final=True)
    ends[-1] = len(text)
    return text, ends


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
