r"""The tokens that a codec knows, and their file: a token a line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from elman.bundle import pack_strings, unpack_strings
from elman.errors import ArgumentError, BundleError, FormatError
from elman.files import read_text, replace_file
from elman.printable import escape_of
from elman.transforms.text.codec import SPECIALS, UNKNOWN, hash_of

__all__ = ["PLACEHOLDERS", "Vocabulary", "escaped", "most_frequent", "write_tokens"]

PLACEHOLDERS = ("[NUM]", "[URL]")
"""What numbers and addresses may be replaced by."""
MAX_FILE = 2**28
"""Bytes of a vocabulary's file."""

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_MEANT = {"\\": "\\", "n": "\n", "r": "\r", "t": "\t"}
_ESCAPE = re.compile(r"\\(?:([\\nrt])|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.?))", re.S)


@dataclass(frozen=True, repr=False)
class Vocabulary:
    r"""The tokens that a codec knows; a token's id is its place.

    `<unk>` stands for every token that is not in the list, `<go>` is read before the first token
    of an answer, and `<eos>` ends one. After them come the placeholders, if there are any: what
    numbers and addresses are replaced by. A text that spells one of these out is looked up among
    the other tokens only.

    Attributes:
        tokens: All V tokens: the three special ones, the placeholders, the others.
        placeholders: Some of "[NUM]" and "[URL]", in this order.

    >>> counts = {"to": 2, "be": 2, "or": 1, "not": 1}
    >>> vocabulary = Vocabulary.from_counts(counts, size=6)
    >>> vocabulary.tokens
    ('<unk>', '<go>', '<eos>', 'be', 'to', 'not')
    >>> vocabulary.ids(["to", "be", "or"]).tolist()
    [4, 3, 0]
    """

    tokens: tuple[str, ...]
    placeholders: tuple[str, ...] = ()
    by_token: dict[str, int] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        wanted = tuple(one for one in PLACEHOLDERS if one in self.placeholders)
        if self.placeholders != wanted:
            raise ArgumentError("placeholders", f"found {self.placeholders}", f"of {PLACEHOLDERS}")
        head = (*SPECIALS, *self.placeholders)
        if self.tokens[: len(head)] != head:
            found = self.tokens[: len(head)]
            raise ArgumentError("tokens", f"they begin with {found!r:.200}", f"begin with {head}")
        ids: dict[str, int] = {}
        for place, token in enumerate(self.tokens[len(head) :], start=len(head)):
            if not token or ids.setdefault(token, place) != place:
                found = f"{token!r:.200}, as at {ids[token]}" if token else "an empty one"
                raise ArgumentError(f"tokens[{place}]", f"found {found}", "each token once")
        object.__setattr__(self, "by_token", ids)

    def __reduce__(self) -> Any:
        return type(self), (self.tokens, self.placeholders)

    def __repr__(self) -> str:
        return f"<vocabulary of {len(self):,} tokens>"

    def __len__(self) -> int:
        return len(self.tokens)

    @classmethod
    def from_counts(
        cls,
        counts: Mapping[str, int],
        *,
        size: int | None = None,
        min_count: int = 1,
        placeholders: tuple[str, ...] = (),
    ) -> Vocabulary:
        """The most frequent tokens; of equally frequent ones the first by alphabet.

        Args:
            counts: How often each token occurs.
            size: Most tokens V, the special ones and placeholders included; None: no limit.
            min_count: Times that a token must occur, ≥ 1.
            placeholders: As the attribute.

        Raises:
            ArgumentError: A limit is out of range.
        """
        head = (*SPECIALS, *placeholders)
        if size is not None and size <= len(head):
            raise ArgumentError("size", f"found {size}", f"more than {len(head)}: {head}")
        own = most_frequent(counts, None if size is None else size - len(head), min_count)
        return cls((*head, *own), placeholders)

    def ids(self, tokens: Iterable[str]) -> np.ndarray:
        """The ids of tokens, int64; `<unk>`'s for one that is not among the vocabulary's own."""
        return np.array([self.by_token.get(token, UNKNOWN) for token in tokens], dtype=np.int64)

    def id_of(self, special: str) -> int:
        """The id of a special token or placeholder."""
        return (*SPECIALS, *self.placeholders).index(special)

    @property
    def hash(self) -> str:
        """SHA-256 of the tokens and of what they are, in hexadecimal."""
        return hash_of({**self.tensors(), "placeholders": np.array([len(self.placeholders)])})

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the tokens as a text file, which `read` reads: a token a line, in UTF-8.

        A token's id is its line's place, from 0. What could not be seen or would end a line is
        written as `\\n`, `\\t`, `\\x20`, `\\u00a0`; a backslash as two. A token that spells a
        special one has its first character so: the specials are the lines that are not.

        Raises:
            BundleError: The disk refused.
        """
        head = len(SPECIALS) + len(self.placeholders)
        write_tokens(path, self.tokens, head)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Vocabulary:
        """Read a file of `write`.

        Raises:
            FormatError: It is missing, no UTF-8, too large, has an unknown escape, a token twice
                or none on a line, or other special tokens; with the line.
        """
        lines = _lines(path)
        head = lines[len(SPECIALS) : len(SPECIALS) + len(PLACEHOLDERS)]
        placeholders = tuple(one for one in head if one in PLACEHOLDERS)
        tokens = [_unescaped(path, place, line) for place, line in enumerate(lines, start=1)]
        spelled = (*SPECIALS, *PLACEHOLDERS)
        for place, line in enumerate(lines):
            special = place < len(SPECIALS) + len(placeholders)
            if line in spelled and not special:
                found = f"the special token {line!r}"
                raise FormatError(_at(path, place + 1), found, "special tokens come first, once")
        try:
            return cls(tuple(tokens), placeholders)
        except ArgumentError as error:
            digits = re.findall(r"\d+", error.where)
            line = int(digits[0]) + 1 if digits else 1
            raise FormatError(_at(path, line), error.found, error.expected) from error

    def tensors(self) -> dict[str, np.ndarray]:
        """The tokens as arrays for a model file."""
        return pack_strings(self.tokens)

    @classmethod
    def from_tensors(
        cls, tensors: Mapping[str, np.ndarray], placeholders: Sequence[str] = ()
    ) -> Vocabulary:
        """The vocabulary that `tensors` described; `BundleError` if it is damaged."""
        tokens = unpack_strings(dict(tensors), "vocabulary")
        try:
            return cls(tuple(tokens), tuple(placeholders))
        except ArgumentError as error:
            raise BundleError("vocabulary", error.found, "save it again") from error


def most_frequent(counts: Mapping[str, int], size: int | None, min_count: int = 1) -> list[str]:
    """The `size` most frequent of what was counted at least so often; ties by alphabet.

    >>> most_frequent({"a": 1, "b": 3, "c": 3}, size=2)
    ['b', 'c']
    """
    if min_count < 1:
        raise ArgumentError("min_count", f"found {min_count}", "at least 1")
    frequent = [token for token, count in counts.items() if count >= min_count]
    frequent.sort(key=lambda token: (-counts[token], token))
    return frequent[:size]


def write_tokens(path: str | os.PathLike[str], tokens: Sequence[str], head: int = 0) -> None:
    """Write tokens, a line each; the first `head` are special ones. See `Vocabulary.write`."""
    spelled = (*SPECIALS, *PLACEHOLDERS)
    lines = []
    for place, token in enumerate(tokens):
        plain = place < head or token not in spelled
        lines.append(escaped(token) if plain else escape_of(ord(token[0])) + escaped(token[1:]))
    replace_file(Path(path), "".join(f"{line}\n" for line in lines).encode())


def escaped(token: str) -> str:
    r"""A token for a line of a file: without spaces, line ends and what cannot be seen.

    >>> print(escaped("a b"), escaped("naïve\u00a0"))
    a\x20b naïve\xa0
    """
    return "".join(
        _ESCAPES.get(one) or (one if one.isprintable() and one != " " else escape_of(ord(one)))
        for one in token
    )


def _lines(path: str | os.PathLike[str]) -> list[str]:
    try:
        text = read_text(path, MAX_FILE)
    except OSError as error:
        raise FormatError(str(path), f"cannot be read ({error.strerror})", "a text file") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise FormatError(_at(path, line), f"is no UTF-8 ({error.reason})", "UTF-8") from error
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines[:-1] if lines[-1] == "" else lines


def _unescaped(path: str | os.PathLike[str], place: int, line: str) -> str:
    def meant(found: re.Match[str]) -> str:
        if found[5] is not None:
            column = found.start() + 1
            expected = r"\\, \n, \r, \t, \x and 2, \u and 4, or \U and 8 hexadecimal digits"
            raise FormatError(
                f"{_at(path, place)}, column {column}", f"found {found[0]!r}", expected
            )
        if found[1]:
            return _MEANT[found[1]]
        code = int(found[2] or found[3] or found[4], 16)
        if code > 0x10FFFF:
            raise FormatError(_at(path, place), f"found {found[0]!r}", r"at most \U0010ffff")
        return chr(code)

    if not line:
        raise FormatError(_at(path, place), "found an empty line", "a token on each line")
    return _ESCAPE.sub(meant, line)


def _at(path: str | os.PathLike[str], line: int) -> str:
    return f"{path}, line {line}"
