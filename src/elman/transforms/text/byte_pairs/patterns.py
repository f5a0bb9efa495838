"""Regular expressions of `tokenizers` (Oniguruma's) as Python's, with Unicode's categories."""

from __future__ import annotations

import re
from functools import cache

from elman.errors import FormatError
from elman.transforms.text.categories import character_class

__all__ = ["GPT2", "SPACE", "translated"]

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""How GPT-2 cuts a text, and byte-level pre-tokenizers that do not say otherwise."""
SPACE = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""White space as Unicode has it: Python's `\\s` has four more."""

_LONGEST = 10_000  # characters of a pattern
_AGAIN = re.compile(r"\{1,\d+\}\+")
_KNOWN = "nrtfv"  # escapes that mean the same in both


@cache
def translated(pattern: str, where: str = "pattern") -> re.Pattern[str]:
    """The pattern for Python's `re`.

    Args:
        pattern: With `\\p{L}`, `\\s`, classes, groups, look-ahead and `(?i:…)`.
        where: What an error calls it.

    Raises:
        FormatError: It has what is not understood, and might mean something else in Python.

    >>> [found[0] for found in translated(GPT2).finditer("we'll go  2x")]
    ['we', "'ll", ' go', ' ', ' 2', 'x']
    """
    if len(pattern) > _LONGEST:
        raise FormatError(where, f"a pattern of {len(pattern)} characters", f"at most {_LONGEST}")
    written: list[str] = []
    place, inside = 0, False
    while place < len(pattern):
        one, following = pattern[place], pattern[place + 1 : place + 2]
        if one == "\\":
            piece, place = _escape(pattern, place, inside, where)
            written.append(piece)
            continue
        if inside:
            if one == "[" or pattern[place : place + 2] in ("&&", "--", "~~", "||"):
                raise _unknown(pattern, place, where)
            inside = one != "]"
        elif one == "[":
            if pattern[place + 1 : place + 3].lstrip("^")[:1] == "]":
                raise _unknown(pattern, place, where)
            inside = True
        elif one in "^$":
            one = r"(?<![^\n])" if one == "^" else r"(?![^\n])"
        elif (
            again := _AGAIN.match(pattern, place)
        ) is not None:  # once or more of 1 to N: 1 or more
            one, place = "+", again.end() - 1
        elif (one == "}" and following == "+") or (one == ")" and following in "*+{" and following):
            raise _unknown(pattern, place, where)  # of other meaning; or without end in Python
        written.append(one)
        place += 1
    try:
        return re.compile("".join(written))
    except (re.error, RecursionError, OverflowError) as error:
        raise FormatError(where, f"{pattern!r:.200} ({error})", "a known pattern") from error


def _escape(pattern: str, place: int, inside: bool, where: str) -> tuple[str, int]:
    """What stands at a backslash, translated, and where it ends."""
    kind = pattern[place + 1 : place + 2]
    end = place + 2
    if kind in ("p", "P"):
        found = re.compile(r"\{(\^?)([A-Z][a-z]?)\}").match(pattern, end)
        if found is None:
            raise _unknown(pattern, place, where)
        members, end = _category(found[2], pattern, place, where), found.end()
        negated = (kind == "P") != bool(found[1])
    elif kind in ("s", "S"):
        members, negated = SPACE, kind == "S"
    elif kind in ("d", "D"):
        members, negated = character_class("Nd"), kind == "D"
    else:
        known = kind in _KNOWN or (kind and not kind.isalnum())
        code = re.compile(r"u[0-9a-fA-F]{4}|x\{[0-9a-fA-F]{1,6}\}").match(pattern, place + 1)
        if code is not None:
            value = int(code[0].strip("ux{}"), 16)
            return re.escape(chr(value)) if value <= 0x10FFFF else "", code.end()
        if not known:
            raise _unknown(pattern, place, where)
        return pattern[place:end], end
    if inside and negated:
        raise _unknown(pattern, place, where)
    return members if inside else f"[{'^' * negated}{members}]", end


def _category(name: str, pattern: str, place: int, where: str) -> str:
    try:
        return character_class(name)
    except ValueError as error:
        raise _unknown(pattern, place, where) from error


def _unknown(pattern: str, place: int, where: str) -> FormatError:
    found = f"{pattern[place : place + 12]!r} in the pattern {pattern!r:.200}"
    return FormatError(where, found, "a pattern of categories, classes, groups and look-ahead")
