"""What is remembered of one file's columns, as far as another file can have them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from elman.data.readers.conll import NAMES, holds_tags, is_conllu
from elman.data.readers.text import is_plain_text
from elman.data.tables.unpacking import open_unpacked, reading

__all__ = ["fitting", "fitting_tags"]

_OF_COLUMNS = ("text", "label", "series", "group")
_HEADER = 2**16  # bytes of a first line that may hold names
_BETWEEN = re.compile(r"[\t,;|]")


def fitting(
    source: str | os.PathLike[str], remembered: Mapping[str, Any], told: Mapping[str, Any]
) -> dict[str, Any]:
    """Of what is remembered of a file that which can hold of another one, read for the same model.

    A folder and a file with a text a line have no columns; a file of words and tags has its own.

    Args:
        source: The other file.
        remembered: Options of `elman.data.read` or `read_texts`.
        told: What is told of this very file: it is not looked at whether that fits.
    """
    path = Path(source)
    if holds_tags(path):
        return fitting_tags(path, remembered)
    if remembered.get("texts") and "text" not in told and _lacks_columns(path, remembered):
        return {name: value for name, value in remembered.items() if name not in _OF_COLUMNS}
    return dict(remembered)


def fitting_tags(source: str | os.PathLike[str], remembered: Mapping[str, Any]) -> dict[str, Any]:
    """The same of a file of words and tags: names are CoNLL-U's, numbers those of columns."""
    conllu = is_conllu(source)

    def fits(name: str, value: Any) -> bool:
        if name not in _OF_COLUMNS or value is None:
            return True
        told = str(value)
        number = told.isascii() and told.isdigit()
        return told in NAMES or ":" in told or number if conllu else number

    return {name: value for name, value in remembered.items() if fits(name, value)}


def _lacks_columns(path: Path, remembered: Mapping[str, Any]) -> bool:
    """Whether texts stand in a folder, or line by line below no header."""
    with reading(str(path)):
        if path.is_dir():
            return True
        if not path.is_file() or not is_plain_text(path) or remembered.get("text") is None:
            return False
        with open_unpacked(path, str(path)) as stream:
            first = stream.readline(_HEADER).decode("utf-8-sig", "replace")
    names = [part.strip().strip('"') for part in _BETWEEN.split(first)]
    return remembered["text"] not in names
