"""Whole texts to read on and on: files, folders, rows of tables, and some by name."""

from __future__ import annotations

import gzip
import os
import platform
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

from elman.data.readers.text import read_texts
from elman.data.sets import catalogue
from elman.data.sets.texts import load_texts, text_names
from elman.data.tables.reader import is_table
from elman.data.texts import LabelledTexts
from elman.errors import ArgumentError, DataError
from elman.parameters import given_of
from elman.printable import many

__all__ = ["STANDARD_LIBRARY", "document_names", "load_documents"]

STANDARD_LIBRARY = "python"
"""The name of what every machine has: the modules of Python's own standard library."""

_ENOUGH = 1_000_000  # characters of the standard library
_STEP = 7  # modules are taken so many apart, so that they are of all letters


def document_names() -> tuple[str, ...]:
    """The names that `load_documents` takes, sorted."""
    return tuple(sorted({*_LOADERS, *text_names()}))


def load_documents(source: str | os.PathLike[str], **told: Any) -> LabelledTexts:
    """Texts to learn a language from: a file as a whole, or each row of a table, or a set by name.

    `python` are modules of this Python's standard library, some 1 million characters;
    `tiny_shakespeare` is one text of plays, `enwiki_mini` one of an encyclopedia in small letters;
    sets of reviews and names are texts without their labels.

    Args:
        source: A name from `document_names()`, a file (one text, unless `each="line"`), a folder of
            such, or a table with a column of texts.
        told: Options of `elman.data.read_texts`.

    Raises:
        ArgumentError, DataError, FormatError: As of `read_texts`; or there is no such set.
        ChecksumError: A file of the set is not the one that its manifest describes.
    """
    name = os.fspath(source)
    if name in _LOADERS and not os.path.exists(name):
        given = given_of(told)
        if given:
            raise ArgumentError(", ".join(given), f"does not apply to {name}", "leave it out")
        return _LOADERS[name](name)
    if name in text_names() or not os.path.exists(name):
        return load_texts(name, "all" if name in text_names() else None, **told)
    path = Path(name)
    plain = not is_table(path) or (".txt" in path.name.lower() and told.get("text") is None)
    if plain or path.is_dir():
        told.setdefault("each", "file")
    return read_texts(path, **told)


def _of(name: str, texts: list[str], ids: list[str], *notes: str) -> LabelledTexts:
    return LabelledTexts(tuple(texts), None, tuple(ids), name, notes)


def _modules(name: str) -> LabelledTexts:
    """Modules of the standard library, without its tests and packages."""
    folder = Path(sysconfig.get_path("stdlib"))
    paths = sorted(path for path in folder.glob("*.py") if path.is_file())
    texts, ids, size = [], [], 0
    for path in (path for start in range(_STEP) for path in paths[start::_STEP]):
        if size >= _ENOUGH:
            break
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if text.strip():
            texts.append(text)
            ids.append(path.name)
            size += len(text)
    if not texts:
        raise DataError(name, f"{folder} holds no modules as text", "a file of your own")
    version = platform.python_version()
    note = f"{name}: {many(len(texts), 'module')} of the standard library of Python {version}"
    return _of(name, texts, ids, f"{note}, {size:,} characters")


def _shakespeare(name: str) -> LabelledTexts:
    content = catalogue.contents(name, ["input.txt"])["input.txt"]
    return _of(name, [content.decode("utf-8")], [name])


def _encyclopedia(name: str) -> LabelledTexts:
    path = "enwiki_mini.text8.gz"
    content = catalogue.contents(name, [path])[path]
    return _of(name, [gzip.decompress(content).decode("utf-8")], [name])


_LOADERS: dict[str, Callable[[str], LabelledTexts]] = {
    STANDARD_LIBRARY: _modules,
    "tiny_shakespeare": _shakespeare,
    "enwiki_mini": _encyclopedia,
}
