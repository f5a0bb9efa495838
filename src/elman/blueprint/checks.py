"""The ranges that a blueprint's values keep, stated beside each field and checked in one place.

A dataclass names the check of each field in its metadata and calls `check_fields` when it is
made; reading JSON makes the same dataclasses, so both ways obey the same schema:

>>> from dataclasses import dataclass, field
>>> @dataclass(frozen=True)
... class Layer:
...     units: int = field(metadata=integer(1, 100))
...     def __post_init__(self):
...         check_fields(self)
>>> Layer(0)
Traceback (most recent call last):
elman.errors.BlueprintError: units: found 0; give an integer from 1 to 100
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from numbers import Integral, Real
from typing import Any

from elman.errors import BlueprintError

__all__ = [
    "boolean",
    "check_fields",
    "choice",
    "integer",
    "number",
    "optional",
    "rate",
    "shown",
    "within",
]

_CHECK = "check"


def shown(value: Any) -> str:
    """A value as a message quotes it: in full if short, else its beginning."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def check_fields(instance: Any) -> None:
    """Check every field of a dataclass; `BlueprintError` names the first that does not fit."""
    for each in fields(instance):
        check = each.metadata.get(_CHECK)
        if check is not None:
            value = check(each.name, getattr(instance, each.name))
            object.__setattr__(instance, each.name, value)  # e.g. an int given for a float


@contextmanager
def within(path: str) -> Iterator[None]:
    """Prefix what a `BlueprintError` from inside names with `path`."""
    try:
        yield
    except BlueprintError as error:
        separator = "" if error.where.startswith("[") else "."
        where = f"{path}{separator}{error.where}"
        raise BlueprintError(where, error.found, error.expected) from error.__cause__


def integer(low: int, high: int) -> dict[str, Any]:
    """An integer in low…high."""

    def check(name: str, value: Any) -> int:
        whole = isinstance(value, Integral) and not isinstance(value, bool)
        if not whole or not low <= int(value) <= high:
            raise BlueprintError(
                name, f"found {shown(value)}", f"give an integer from {low} to {high}"
            )
        return int(value)

    return {_CHECK: check}


def number(low: float, high: float) -> dict[str, Any]:
    """A finite number in [low, high]."""

    def check(name: str, value: Any) -> float:
        if not _is_number(value) or not low <= value <= high:
            raise BlueprintError(
                name, f"found {shown(value)}", f"give a number from {low:g} to {high:g}"
            )
        return float(value)

    return {_CHECK: check}


def rate() -> dict[str, Any]:
    """A probability in [0, 1)."""

    def check(name: str, value: Any) -> float:
        if not _is_number(value) or not 0 <= value < 1:
            raise BlueprintError(name, f"found {shown(value)}", "give a rate in [0, 1)")
        return float(value)

    return {_CHECK: check}


def _is_number(value: Any) -> bool:
    """Whether it is a real number, NumPy's scalars included."""
    return isinstance(value, Real) and not isinstance(value, bool)


def boolean() -> dict[str, Any]:
    """True or false."""

    def check(name: str, value: Any) -> bool:
        # By name, for NumPy's are no subclass of bool, and nothing here loads NumPy.
        if type(value).__name__ not in ("bool", "bool_"):
            raise BlueprintError(name, f"found {shown(value)}", "give true or false")
        return bool(value)

    return {_CHECK: check}


def choice(*known: str | None) -> dict[str, Any]:
    """One of the known names (or None where that is among them)."""

    def check(name: str, value: Any) -> str | None:
        if not (value is None or isinstance(value, str)) or value not in known:
            names = ", ".join(repr(each) for each in known)
            raise BlueprintError(name, f"found {shown(value)}", f"use one of {names}")
        return value

    return {_CHECK: check}


def optional(inner: dict[str, Any]) -> dict[str, Any]:
    """None, or what `inner` accepts."""

    def check(name: str, value: Any) -> Any:
        return None if value is None else inner[_CHECK](name, value)

    return {_CHECK: check}
