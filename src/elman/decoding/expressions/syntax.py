"""A regular expression as a tree."""

from __future__ import annotations

from typing import NamedTuple, NoReturn

from elman.decoding.expressions.characters import DOT, Ranges, complement, escaped, union
from elman.errors import ArgumentError

__all__ = ["Characters", "Choice", "Node", "Repeat", "Sequence", "parse"]

MAX_LENGTH = 10_000  # characters of an expression
MAX_DEPTH = 50  # groups in groups
MAX_TIMES = 10_000
_SINGLE = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a", "0": "\0"}
_HEXADECIMAL = {"x": 2, "u": 4, "U": 8}
_SUPPORTED = r"write literals, [classes], ., \d \w \s, (groups), |, *, +, ?, {m,n}"


class Characters(NamedTuple):
    """One character of a set."""

    ranges: Ranges


class Sequence(NamedTuple):
    """One after the other."""

    parts: tuple[Node, ...]


class Choice(NamedTuple):
    """One of several."""

    options: tuple[Node, ...]


class Repeat(NamedTuple):
    """The same `least` to `most` times; None: any number of times."""

    part: Node
    least: int
    most: int | None


Node = Characters | Sequence | Choice | Repeat


def parse(expression: str, where: str = "expression") -> Node:
    """The tree of an expression, which a text matches as a whole.

    Known are literals, classes, `.`, the escapes of Python's `re` for characters and for the sets
    d, w, s, groups that capture nothing, `|`, `*`, `+`, `?`, `{m}`, `{m,}`, `{,n}`, `{m,n}`. They
    mean what they mean in Python's `re` (`re.fullmatch`, without flags).

    Raises:
        ArgumentError: It is no text, no expression, or uses what is not known here; the message
            names the column.
    """
    if not isinstance(expression, str):
        raise ArgumentError(where, f"found {expression!r}", "a regular expression, a text")
    if len(expression) > MAX_LENGTH:
        found = f"has {len(expression)} characters"
        raise ArgumentError(where, found, f"at most {MAX_LENGTH}")
    parser = _Parser(expression, where)
    tree = parser.choice(0)
    if not parser.at_end:
        parser.fail("found ')' that closes nothing", r"write \)")
    return tree


class _Parser:
    """Reads an expression from left to right."""

    def __init__(self, text: str, where: str) -> None:
        self.text, self.where, self.place = text, where, 0

    @property
    def at_end(self) -> bool:
        return self.place >= len(self.text)

    @property
    def next(self) -> str:
        return self.text[self.place : self.place + 1]

    def take(self) -> str:
        taken = self.next
        self.place += 1
        return taken

    def fail(self, found: str, expected: str = _SUPPORTED) -> NoReturn:
        place = min(self.place, len(self.text)) + 1
        raise ArgumentError(f"{self.where}, column {place}", found, expected)

    def choice(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            self.fail(f"more than {MAX_DEPTH} groups in each other", "fewer of them")
        options = [self.sequence(depth)]
        while self.next == "|":
            self.take()
            options.append(self.sequence(depth))
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def sequence(self, depth: int) -> Node:
        parts = []
        while not self.at_end and self.next not in "|)":
            parts.append(self.repeated(self.atom(depth)))
        return Sequence(tuple(parts))

    def atom(self, depth: int) -> Node:
        sign = self.next
        if sign == "(":
            return self.group(depth)
        if sign in "*+?{":
            self.fail(f"found {sign!r} with nothing to repeat", f"write \\{sign}")
        if sign in "^$":
            self.fail(f"found {sign!r}", f"a text matches as a whole: leave it out, or \\{sign}")
        self.take()
        if sign == "[":
            return Characters(self.class_())
        if sign == ".":
            return Characters(DOT)
        return Characters(self.escape() if sign == "\\" else ((ord(sign), ord(sign)),))

    def group(self, depth: int) -> Node:
        start = self.place
        self.take()
        if self.next == "?":
            if self.text[self.place : self.place + 2] != "?:":
                self.fail("a group of a kind that is not known here", "( or (?:")
            self.place += 2
        inner = self.choice(depth + 1)
        if self.take() != ")":
            self.place = start
            self.fail("found '(' that is not closed", r"add ), or write \(")
        return inner

    def repeated(self, part: Node) -> Node:
        sign = self.next
        if not sign or sign not in "*+?{":
            return part
        start = self.place
        self.take()
        least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(sign, (0, 0))
        if sign == "{":
            least, most = self.times(start)
        if self.next and self.next in "*+?{":
            self.fail("a repetition of a repetition", "put the first one into a group: (a*)?")
        return Repeat(part, least, most)

    def times(self, start: int) -> tuple[int, int | None]:
        end = self.text.find("}", self.place)
        low, comma, high = self.text[self.place : max(end, self.place)].partition(",")
        numbers = [part for part in (low, high) if part]
        if end < 0 or not (low or comma) or not all(_is_number(part) for part in numbers):
            self.place = start
            self.fail("found '{' without numbers of times", r"{m,n}, or write \{")
        least = int(low or 0)
        most = (int(high) if high else None) if comma else least
        if max(least, most or 0) > MAX_TIMES:
            self.fail(f"found {max(least, most or 0)} times", f"at most {MAX_TIMES}")
        if most is not None and least > most:
            self.fail(f"found at least {least} and at most {most} times", "{m,n} with m ≤ n")
        self.place = end + 1
        return least, most

    def class_(self) -> Ranges:
        start = self.place - 1
        negated = self.next == "^"
        self.place += negated
        found: list[Ranges] = []
        while self.next != "]" or not found:
            if self.at_end:
                self.place = start
                self.fail("found '[' that is not closed", r"add ], or write \[")
            low = self.member()
            after = self.text[self.place + 1 : self.place + 2]
            if self.next == "-" and after not in ("", "]"):
                self.take()
                low = self.range(low, self.member())
            found.append(low)
        self.take()
        return complement(union(*found)) if negated else union(*found)

    def member(self) -> Ranges:
        sign = self.take()
        return self.escape() if sign == "\\" else ((ord(sign), ord(sign)),)

    def range(self, low: Ranges, high: Ranges) -> Ranges:
        (first, same), (last, end) = low[0], high[0]
        if len(low) + len(high) > 2 or first != same or last != end:
            self.fail("a range from or to a set of characters", "[a-z]: from and to a character")
        if first > last:
            self.fail(f"a range from {chr(first)!r} back to {chr(last)!r}", "the lower one first")
        return ((first, last),)

    def escape(self) -> Ranges:
        letter = self.take()
        if letter and letter in "dwsDWS":
            return escaped(letter)
        if letter in _HEXADECIMAL:
            digits = self.text[self.place : self.place + _HEXADECIMAL[letter]]
            whole = len(digits) == _HEXADECIMAL[letter]
            if not whole or not set(digits) <= set("0123456789abcdefABCDEF"):
                self.fail(f"found \\{letter}{digits}", f"{_HEXADECIMAL[letter]} hexadecimal digits")
            if int(digits, 16) > 0x10FFFF:
                self.fail(f"found \\{letter}{digits}", "a code point up to 10FFFF")
            self.place += len(digits)
            return ((int(digits, 16), int(digits, 16)),)
        if letter in _SINGLE and not (letter == "0" and self.next.isdigit()):
            return ((ord(_SINGLE[letter]), ord(_SINGLE[letter])),)
        if not letter or (letter.isascii() and letter.isalnum()):
            self.fail(f"found \\{letter}", _SUPPORTED)
        return ((ord(letter), ord(letter)),)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
