"""Unicode's general categories, of one version: a text's ids do not depend on Python's."""

from __future__ import annotations

from functools import cache
from importlib import resources

from elman.errors import ArgumentError
from elman.printable import escape_of

__all__ = ["character_class"]


@cache
def character_class(name: str) -> str:
    r"""The characters of a category, as they are written between the brackets of `re`.

    Args:
        name: As in Unicode 16: "Lu", or "L" for all that begin with it. What is not assigned
            and surrogates ("Cn", "Cs", so "C", too) are not known.

    Raises:
        ArgumentError: There is no such category.

    >>> print(character_class("Zl"), character_class("Pi")[:10])
    \u2028 \xab\u2018
    """
    found = [ranges for category, ranges in _table().items() if category.startswith(name)]
    if not found or name in ("", "C"):
        raise ArgumentError("category", f"found {name!r}", f"one of {', '.join(_table())}")
    return "".join(found)


@cache
def _table() -> dict[str, str]:
    text = (
        resources.files("elman.transforms.text")
        .joinpath("categories.txt")
        .read_text(encoding="ascii")
    )
    lines = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return {category: "".join(map(_written, ranges)) for category, *ranges in lines}


def _written(span: str) -> str:
    span, every, _ = span.partition("/")
    first, _, last = span.partition("-")
    start, end = int(first, 16), int(last or first, 16)
    if every:
        return "".join(map(escape_of, range(start, end + 1, 2)))
    return escape_of(start) if start == end else f"{escape_of(start)}-{escape_of(end)}"
