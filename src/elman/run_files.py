"""A run's folder: its model, what it was told, as TOML, and its epochs, as lines of JSON.

TOML has no None: here it is `"None"`.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from elman.errors import ArgumentError, BundleError
from elman.files import read_text

__all__ = ["EPOCH_FACTS", "load_toml", "model_file", "read_epochs", "read_toml", "toml_text"]

EPOCH_FACTS = {
    **dict.fromkeys(("epoch", "train_loss", "learning_rate", "seconds"), True),
    **dict.fromkeys(("validation_loss", "validation_score"), False),
}
"""The numbers that are known of an epoch, and whether they always are."""

_NONE = "None"
_MAX_BYTES = 2**20
_MAX_EPOCHS_BYTES = 2**26
_MAX_COUNT = 2**53  # up to it whole numbers are floats
_MAX_DEPTH = 8
_MAX_WHOLE = 2**128  # of a seed, say


def model_file(path: str | os.PathLike[str]) -> Path:
    """The model file at `path`, which may be a run's folder.

    Raises:
        BundleError: It is the folder of a run that has not come to its end.
    """
    folder = Path(path)
    if not folder.is_dir():
        return folder
    if not (folder / "model.elman").exists() and (folder / "config.toml").exists():
        found = "its training has not come to the end, and there is no model.elman yet"
        raise BundleError(os.fspath(path), found, "its elman train again, with --resume")
    return folder / "model.elman"


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
        ValueError: The text is not TOML, longer than 1 MiB or deeply nested, or holds what no
            setting is.
    """
    if len(text) > _MAX_BYTES:
        raise ValueError(f"found {len(text)} characters, more than {_MAX_BYTES}")
    try:
        return _checked(tomllib.loads(text), _MAX_DEPTH)
    except RecursionError as error:
        raise _endless() from error


def load_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The settings in a file; errors as of `read_toml` and `elman.files.read_text`."""
    return read_toml(read_text(path, _MAX_BYTES))


def read_epochs(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The epochs in a file of JSON lines, one a line: `EPOCH_FACTS` of each.

    Raises:
        OSError: The file cannot be read.
        ValueError: A line is something else; the message names it.
    """
    lines = read_text(path, _MAX_EPOCHS_BYTES).splitlines()
    return [_epoch(line, f"line {number}") for number, line in enumerate(lines, start=1)]


def _epoch(line: str, where: str) -> dict[str, Any]:
    try:
        facts = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where} is no JSON: {error}") from error
    always = {name for name, needed in EPOCH_FACTS.items() if needed}
    if not isinstance(facts, dict) or not always <= facts.keys() <= EPOCH_FACTS.keys():
        raise ValueError(f"{where} is no epoch: {line[:80]}")
    for name, value in facts.items():
        whole = type(value) is int and abs(value) < _MAX_COUNT
        if not (whole if name == "epoch" else whole or type(value) is float):
            raise ValueError(f"{where}, {name}: found {repr(value)[:80]}")
    return facts


def _checked(value: Any, left: int, where: str = "") -> Any:
    """A value, None where its name stands in a table; `left` levels may be below it."""
    if isinstance(value, dict | list) and left == 0:
        raise _endless()
    if isinstance(value, dict):
        inner = f"{where}." if where else ""
        checked = {k: _checked(each, left - 1, f"{inner}{k}") for k, each in value.items()}
        return {k: None if each == _NONE else each for k, each in checked.items()}
    if isinstance(value, list):
        return [_checked(each, left - 1, where) for each in value]
    if isinstance(value, int) and not -_MAX_WHOLE < value < _MAX_WHOLE:
        raise ValueError(f"{where}: found a number of {value.bit_length()} bits")
    if not isinstance(value, str | int | float | bool):
        raise ValueError(f"{where}: found {value}, which is neither text, number, true nor false")
    return value


def _endless() -> ValueError:
    return ValueError(f"found more than {_MAX_DEPTH} tables and lists inside each other")


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
