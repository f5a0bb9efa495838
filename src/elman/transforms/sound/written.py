"""Parameters as a text, "mfcc,deltas=2", as a command line and a file of settings have them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from elman.errors import ArgumentError
from elman.printable import closest

__all__ = ["values_of"]


def values_of(text: str, cls: type, first: str | None = None) -> dict[str, Any]:
    """The values that a text has for the fields of a dataclass.

    Args:
        text: name=value between commas.
        cls: Of each field the default tells what its values are: numbers, words, True and False.
        first: The field whose value may stand at the beginning, without its name.

    Raises:
        ArgumentError: A name is unknown, or a value cannot be read.
    """
    known = {one.name: one.default for one in fields(cls)}
    found: dict[str, Any] = {}
    for n, part in enumerate(text.split(",")):
        name, equals, value = (one.strip() for one in part.partition("="))
        if not equals and n == 0 and first is not None:
            name, value = first, name
        elif not equals:
            raise ArgumentError(text, f"found {part.strip()!r}", "name=value between commas")
        if name not in known:
            raise ArgumentError(f"{text}, {name!r}", "unknown", closest(name, list(known)))
        found[name] = _value(name, value, known[name])
    return found


def _value(name: str, text: str, default: Any) -> Any:
    """A value of the kind of a default: one without is a number, and "none" is None."""
    if isinstance(default, bool):
        if text.lower() not in ("true", "false"):
            raise ArgumentError(name, f"found {text!r}", "true or false")
        return text.lower() == "true"
    if isinstance(default, str):
        return text
    if text.lower() == "none" and default is None:
        return None
    try:
        return int(text) if isinstance(default, int) else float(text)
    except ValueError as error:
        kind = "a whole number" if isinstance(default, int) else "a number"
        raise ArgumentError(name, f"found {text!r}", kind) from error
