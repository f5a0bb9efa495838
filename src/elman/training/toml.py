"""Settings as TOML that a person can read, and back. TOML has no None: here it is `"None"`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from elman.errors import ArgumentError

__all__ = ["read_toml", "toml_text"]

_NONE = "None"


def toml_text(settings: Mapping[str, Any]) -> str:
    """Strings, numbers, booleans, None, lists and nested mappings as TOML.

    >>> print(toml_text({"epochs": 5, "clip_norm": None, "augment": {"shift": 2.0}}), end="")
    epochs = 5
    clip_norm = "None"
    <BLANKLINE>
    [augment]
    shift = 2.0

    Raises:
        ArgumentError: A value is of another kind, or the text `None`, which stands for None.
    """
    return "\n".join(_table(settings, ())).lstrip("\n") + "\n"


def read_toml(text: str) -> dict[str, Any]:
    """The settings that `toml_text` wrote.

    >>> read_toml('epochs = 5\\nclip_norm = "None"')
    {'epochs': 5, 'clip_norm': None}

    Raises:
        ValueError: The text is not TOML.
    """
    return _with_none(tomllib.loads(text))


def _with_none(table: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _with_none(value) if isinstance(value, dict) else None if value == _NONE else value
        for name, value in table.items()
    }


def _table(settings: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    plain = {k: v for k, v in settings.items() if not isinstance(v, Mapping)}
    if path and (plain or not settings):
        yield f"\n[{'.'.join(_key(part) for part in path)}]"
    for name, value in plain.items():
        where = ".".join((*path, name))
        if value == _NONE:
            raise ArgumentError(where, "the text 'None'", "another text: this one stands for None")
        yield f"{_key(name)} = {_value(_NONE if value is None else value, where)}"
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
