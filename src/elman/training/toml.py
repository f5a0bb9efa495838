"""Writing settings as TOML that a person can read; `tomllib` of the standard library reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from elman.errors import ArgumentError

__all__ = ["toml_text"]


def toml_text(settings: Mapping[str, Any]) -> str:
    """Strings, numbers, booleans, lists and nested mappings as TOML. None is left out.

    >>> print(toml_text({"epochs": 5, "clip_norm": None, "augment": {"shift": 2.0}}), end="")
    epochs = 5
    <BLANKLINE>
    [augment]
    shift = 2.0

    Raises:
        ArgumentError: A value is of another kind.
    """
    return "\n".join(_table(settings, ())).lstrip("\n") + "\n"


def _table(settings: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    plain = {k: v for k, v in settings.items() if v is not None and not isinstance(v, Mapping)}
    if path and (plain or not settings):
        yield f"\n[{'.'.join(_key(part) for part in path)}]"
    for name, value in plain.items():
        yield f"{_key(name)} = {_value(value, '.'.join((*path, name)))}"
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _table(value, (*path, name))


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else _string(name)


def _string(text: str) -> str:
    # JSON's strings are TOML's, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any, where: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Sequence):
        return f"[{', '.join(_value(item, where) for item in value)}]"
    raise ArgumentError(where, f"found a {type(value).__name__}", "text, numbers, lists or tables")
