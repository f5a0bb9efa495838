"""Vectors of words from files of other tools: word2vec (text and binary) and GloVe (text).

A text has a line for each word: the word, then its numbers. In word2vec's form a line with the
number of words and of numbers stands before them; its binary form has float32 numbers (little
endian) behind each word and a space. A file is read once from its beginning to its end, and only
the vectors that are asked for are kept. Packed files are read as they are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from elman.blueprint.cells import MAX_UNITS
from elman.data.tables.unpacking import open_unpacked, reading
from elman.errors import FormatError

__all__ = ["WordVectors", "read_vectors"]

_LONGEST_WORD = 2**16  # bytes
_LONGEST_LINE = _LONGEST_WORD + 32 * MAX_UNITS
_MOST_WORDS = 2**40
_PEEK = 2**14
_ENDS = b" \t\r\n"
_FRACTION = re.compile(
    rb"[+-]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][+-]?[0-9]+)?|nan|-?inf"
)
_MARK = b"\xef\xbb\xbf"
_UNDERSTOOD = "word2vec's text or binary form, or GloVe's text"


class WordVectors(NamedTuple):
    """What was found in a file of vectors.

    Attributes:
        found: The vector of each word that was asked for and stands there: float32 `[E]`.
        width: E, numbers of a vector.
        words: How many vectors the file holds.
    """

    found: dict[str, np.ndarray]
    width: int
    words: int


def read_vectors(path: str | os.PathLike[str], wanted: Collection[str]) -> WordVectors:
    """The vectors of some words; of a word that stands there twice the first.

    Args:
        path: A file of word2vec or GloVe, packed or not.
        wanted: The words that are kept.

    Raises:
        FormatError: It is of another form, ends too early, holds more or fewer vectors than its
            header tells, a vector of another width, or numbers that are not finite: the message
            names the line, or in a binary file the vector.
        DataError: It cannot be opened.
    """
    where, wanted = str(path), frozenset(wanted)
    with reading(where), open_unpacked(Path(path), where) as stream:
        stream = _Peeked(stream)
        stream.skip(_MARK)
        first = stream.line(_LONGEST_LINE)
        header = _header(first, where)
        if header is None:
            width = _width(first, where)
            rows = _text_rows(stream, first, width, where, wanted)
            return _kept(rows, width, None, where)
        count, width = header
        if _is_text(stream.peek(_PEEK)):
            rows = _text_rows(stream, None, width, where, wanted)
        else:
            rows = _binary_rows(stream, count, width, where, wanted)
        return _kept(rows, width, count, where)


class _Peeked:
    """A stream whose next bytes can be looked at."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._ahead = stream, b""

    def peek(self, size: int) -> bytes:
        self._fill(size)
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        self._fill(size)
        found, self._ahead = self._ahead[:size], self._ahead[size:]
        return found

    def skip(self, mark: bytes) -> None:
        """Read over what a file may begin with."""
        if self.peek(len(mark)) == mark:
            self.read(len(mark))

    def line(self, most: int) -> bytes:
        """Up to the next line's end, with it; longer ones in parts."""
        if b"\n" in self._ahead:
            return self.read(self._ahead.index(b"\n") + 1)
        found, self._ahead = self._ahead, b""
        return found + self._stream.readline(most - len(found))

    def _fill(self, size: int) -> None:
        while len(self._ahead) < size and (more := self._stream.read(size - len(self._ahead))):
            self._ahead += more


def _header(line: bytes, where: str) -> tuple[int, int] | None:
    """How many vectors of how many numbers a first line tells of; None where it is no header."""
    parts = line.split()
    if len(parts) != 2 or not all(part.isdigit() and len(part) < 20 for part in parts):
        return None
    count, width = map(int, parts)
    if not 1 <= width <= MAX_UNITS or not 1 <= count <= _MOST_WORDS:
        found = f"its header tells of {count:,} vectors of {width:,} numbers"
        raise FormatError(f"{where}, line 1", found, f"at least one, of 1 to {MAX_UNITS:,} numbers")
    return count, width


def _width(line: bytes, where: str) -> int:
    """How many numbers follow the first word of a file without a header."""
    parts = line.split()
    width = len(parts) - 1
    while width and not _numbers(parts[-width:]):  # a word may hold spaces
        width -= 1
    if not 1 <= width <= MAX_UNITS or not line.endswith(b"\n"):
        found = "its first line is none of a word and its numbers" if line else "it is empty"
        raise FormatError(where, found, _UNDERSTOOD)
    return width


def _numbers(parts: list[bytes]) -> bool:
    try:
        return bool(np.isfinite(np.array(parts, dtype=bytes).astype(np.float64)).all())
    except ValueError:
        return False


def _is_text(start: bytes) -> bool:
    """Whether vectors that begin so are written as text: the numbers behind the first word are."""
    line = start.partition(b"\n")[0]
    numbers = line.split()[1:]
    if len(start) > len(line) or len(start) < _PEEK:
        return bool(numbers) and _numbers(numbers[-1:]) and line.isascii() | _numbers(numbers)
    return _numbers(numbers[1:-1])  # the last may be cut


Rows = Iterator[tuple[str | None, np.ndarray | None]]
"""Each vector of a file: with its word where that is wanted, else None for both."""


def _text_rows(
    stream: _Peeked, first: bytes | None, width: int, where: str, wanted: frozenset[str]
) -> Rows:
    number = 1
    line = first if first is not None else stream.line(_LONGEST_LINE)
    number += first is None
    _check_width(line, width, f"{where}, line {number}")
    between = b"\t" if line.rstrip(_ENDS).count(b"\t") >= width else b" "
    while line:
        if len(line) >= _LONGEST_LINE:
            found = f"found a line of more than {_LONGEST_LINE:,} bytes"
            raise FormatError(f"{where}, line {number}", found, f"a word and {width} numbers")
        place = f"{where}, line {number}"
        parts = line.rstrip(_ENDS).rsplit(between, width)
        if len(parts) != width + 1:
            found = f"found {max(0, len(parts) - 1)} numbers behind a word"
            raise FormatError(place, found, f"{width}, as the lines before")
        before = parts[0].rstrip(_ENDS)
        _check_first(before, between, width, place)
        word = _word(before)
        if word in wanted:
            yield word, _vector(parts[1:], place)
        else:
            yield None, None
        line, number = stream.line(_LONGEST_LINE), number + 1


def _check_width(line: bytes, width: int, where: str) -> None:
    """`FormatError` where a first word has more numbers behind it than a header tells."""
    parts = line.split()
    more = len(parts) - 1
    if more > width and _numbers(parts[1:]):
        found = f"found {more} numbers behind a word"
        raise FormatError(where, found, f"{width}, as its header tells")


def _check_first(word: bytes, between: bytes, width: int, where: str) -> None:
    """`FormatError` where what stands before the numbers of a row ends in one more of them.

    A word may hold blanks (`New York`, `. . .`), and end in a whole number that is no vector's
    (`Apollo 11`): told apart by the point that a vector's numbers have, or by several of them.
    """
    if between not in word:
        return
    before = word.split(between)
    if _FRACTION.fullmatch(before[-1]) or (len(before) > 3 and _numbers(before[-3:])):
        found = f"found more than {width} numbers behind a word"
        raise FormatError(where, found, f"{width}, as its header tells or the first line has")


def _vector(parts: list[bytes], where: str) -> np.ndarray:
    try:
        found = np.array(parts, dtype=bytes).astype(np.float32)
    except ValueError as error:
        raise FormatError(where, f"found no number ({error})", "numbers behind the word") from error
    return _finite(found, where)


def _finite(vector: np.ndarray, where: str) -> np.ndarray:
    if not np.isfinite(vector).all():
        raise FormatError(where, "found a number that is not finite", "finite float32 numbers")
    return vector


def _binary_rows(
    stream: _Peeked, count: int, width: int, where: str, wanted: frozenset[str]
) -> Rows:
    size = 4 * width
    for number in range(1, count + 1):
        place = f"{where}, vector {number:,} of {count:,}"
        word = bytearray()
        while (one := stream.read(1)) not in (b" ", b""):
            word += one if word or one != b"\n" else b""
            if len(word) > _LONGEST_WORD:
                found = f"found a word of more than {_LONGEST_WORD:,} bytes"
                raise FormatError(place, found, _UNDERSTOOD)
        values = stream.read(size)
        if len(values) < size:
            found = "the file ends here"
            raise FormatError(place, found, f"{width} float32 numbers, as its header tells")
        text = _word(bytes(word))
        if text not in wanted:
            yield None, None
        else:
            yield text, _finite(np.frombuffer(values, "<f4").astype(np.float32), place)
    if stream.read(_PEEK).strip():
        found = f"there is more behind the {count:,} vectors that its header tells of"
        raise FormatError(where, found, f"{count:,} vectors of {width} numbers")


def _word(found: bytes) -> str:
    return found.decode("utf-8", "surrogateescape")


def _kept(rows: Rows, width: int, count: int | None, where: str) -> WordVectors:
    found: dict[str, np.ndarray] = {}
    words = 0
    for word, vector in rows:
        words += 1
        if word is not None and vector is not None:
            found.setdefault(word, vector)
    if count is not None and words != count:
        said = f"its header tells of {count:,} vectors, and there are {words:,}"
        raise FormatError(where, said, "a whole file")
    return WordVectors(found, width, words)
