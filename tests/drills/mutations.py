"""Files changed at random, as accident and malice change them: bytes, JSON, numbers in headers."""

from __future__ import annotations

import json
import random
import re
from typing import Any

NUMBERS = (
    *("0", "-1", "1", "65536", "2147483648", "4294967295", "9223372036854775807"),
    *("18446744073709551616", "-9223372036854775809", "1e308", "1e400", "-0.0", "NaN", "Infinity"),
    *("9" * 40, "9" * 4300, "9" * 5000, "0x10", "1_000", "1.5", "01"),
)
VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        2,
        3.5,
        2**16,
        2**20,
        2**31,
        2**62,
        2**64,
        10**39,
        1e308,
        5e-324,
    ),
    *("", "x", "last", "None", "1:2", "\x1b[31mred", "\u202e", "\ud800", "a\0b", "x" * 5000),
    *([], {}, [1, 2], ["a"], [[]], [None], {"a": 1}, [0] * 5000, list(range(2, 3000))),
    *({"kind": "lstm", "units": 3}, {"a": {"b": {}}}),
)
_INTEGERS = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)


def deep(levels: int) -> Any:
    """Lists inside each other."""
    found: Any = []
    for _ in range(levels):
        found = [found]
    return found


def bytes_changed(draws: random.Random, content: bytes, others: list[bytes]) -> bytes:
    """Some bytes changed, cut, repeated or exchanged."""
    for _ in range(draws.randint(1, 4)):
        content = draws.choice(_CHANGES)(draws, content, others)
    return content


def _flipped(draws: random.Random, content: bytes, others: list[bytes]) -> bytes:
    changed = bytearray(content or b"\0")
    changed[draws.randrange(len(changed))] ^= 1 << draws.randrange(8)
    return bytes(changed)


def _stamped(draws: random.Random, content: bytes, others: list[bytes]) -> bytes:
    size = draws.choice((1, 2, 4, 8))
    number = draws.choice(_INTEGERS) % (1 << 8 * size)
    place = draws.randrange(len(content) + 1)
    order: Any = draws.choice(("little", "big"))
    return content[:place] + number.to_bytes(size, order) + content[place + size :]


def _number(draws: random.Random, content: bytes, others: list[bytes]) -> bytes:
    """One of the numbers that stand in it as text is another."""
    found = list(re.finditer(rb"-?\d+(\.\d+)?", content[:1_000_000]))
    if not found:
        return _stamped(draws, content, others)
    start, end = draws.choice(found).span()
    return content[:start] + draws.choice(NUMBERS).encode() + content[end:]


def _cut(draws: random.Random, content: bytes, others: list[bytes]) -> bytes:
    start, end = sorted(draws.randrange(len(content) + 1) for _ in range(2))
    return content[:start] + content[end:]


def _truncated(draws: random.Random, content: bytes, others: list[bytes]) -> bytes:
    return content[: draws.randrange(len(content) + 1)]


def _repeated(draws: random.Random, content: bytes, others: list[bytes]) -> bytes:
    start = draws.randrange(len(content) + 1)
    piece = content[start : start + draws.randint(1, 200)]
    return content[:start] + piece * draws.choice((2, 3, 500)) + content[start:]


def _inserted(draws: random.Random, content: bytes, others: list[bytes]) -> bytes:
    place = draws.randrange(len(content) + 1)
    return content[:place] + draws.randbytes(draws.randint(1, 20)) + content[place:]


def _spliced(draws: random.Random, content: bytes, others: list[bytes]) -> bytes:
    other = draws.choice(others)
    return content[: draws.randrange(len(content) + 1)] + other[draws.randrange(len(other) + 1) :]


_CHANGES = (
    *(_flipped, _flipped, _stamped, _stamped, _number, _number, _cut),
    *(_truncated, _repeated, _inserted, _spliced),
)


def value_changed(draws: random.Random, value: Any) -> Any:
    """A copy of plain data of which one value or key, somewhere, is another."""
    changed = json.loads(json.dumps(value))
    for _ in range(draws.randint(1, 2)):
        place = _place(draws, changed)
        if place is None:
            return draws.choice(VALUES)
        holder, key = place
        kind = draws.randrange(10)
        if kind == 0 and isinstance(holder, dict):
            holder[draws.choice(("x", "season", "__class__", "\x1b]0;x\x07"))] = holder.pop(key)
        elif kind == 1:
            del holder[key]
        elif kind == 2:
            holder[key] = deep(draws.choice((10, 40, 3000)))
        else:
            holder[key] = draws.choice(VALUES)
    return changed


def _place(draws: random.Random, value: Any) -> tuple[Any, Any] | None:
    """A container inside the data, and one of its keys."""
    found = []
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict | list):
            keys = list(each) if isinstance(each, dict) else list(range(min(len(each), 20)))
            found += [(each, key) for key in keys]
            waiting += [each[key] for key in keys]
    return draws.choice(found) if found else None
