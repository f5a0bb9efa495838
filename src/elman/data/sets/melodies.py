"""Tunes and chorales by name, or from files."""

from __future__ import annotations

import os
from typing import Any

from elman.data.melodies import Chorales, Melodies
from elman.data.readers.chorales import chorales_of_json, read_chorales
from elman.data.readers.melodies import read_melodies, tunes_of_abc
from elman.data.sets import catalogue
from elman.data.sets.tunes import made_up_tunes
from elman.errors import ArgumentError

__all__ = ["CHORALES", "MELODIES", "load_chorales", "load_melodies"]

MELODIES = ("nottingham", "tunes")
CHORALES = ("chorales",)

_MADE_UP = 600  # tunes
_FILE = "jsb-chorales-quarter.json"


def load_melodies(source: Any, **told: Any) -> Melodies:
    """Tunes by name, or from files.

    `nottingham` are 1,034 folk tunes; `tunes` are 600 that are made up by rule on the spot: every
    machine has them.

    Args:
        source: A name from `MELODIES`, or what `elman.data.read_melodies` takes.
        told: Options of that.

    Raises:
        ArgumentError, DataError, FormatError, MissingExtraError: As of `read_melodies`.
        ChecksumError: A file of the set is not the one that its manifest describes.
    """
    if source == "tunes" and not os.path.exists(source):
        given = [name for name, value in told.items() if value]
        if given:
            raise ArgumentError(", ".join(given), f"does not apply to {source}", "leave it out")
        return made_up_tunes(_MADE_UP)
    if source == "nottingham" and not os.path.exists(source):
        members = catalogue.manifest("nottingham_abc").files[0].members
        paths = [one.path for one in members if one.path.endswith(".abc")]
        found = catalogue.contents("nottingham_abc", paths)
        return tunes_of_abc(sorted(found.items()), source, **told)
    if isinstance(source, str) and not os.path.exists(source) and _a_name(source):
        raise catalogue.unknown(source, MELODIES)
    return read_melodies(source, **told)


def load_chorales(source: Any, part: str | None = None, *, per_quarter: int = 1) -> Chorales:
    """Chorales by name, or from files.

    `chorales` are J. S. Bach's in quarter notes, with the usual parts `train`, `valid`, `test`.

    Args:
        source: A name from `CHORALES`, or what `elman.data.read_chorales` takes.
        part: Of pieces that have parts; None: all.
        per_quarter: As of `read_chorales`.

    Raises:
        ArgumentError, DataError, FormatError, MissingExtraError: As of `read_chorales`.
        ChecksumError: A file of the set is not the one that its manifest describes.
    """
    if source == "chorales" and not os.path.exists(source):
        if per_quarter != 1:
            raise ArgumentError("per_quarter", f"{per_quarter} of {source}", "1: quarter notes")
        content = catalogue.contents("jsb_chorales", [_FILE])[_FILE]
        rolls, parts, _ = chorales_of_json(content, source)
        found = Chorales(tuple(rolls), name=source, parts=tuple(parts))
    elif isinstance(source, str) and not os.path.exists(source) and _a_name(source):
        raise catalogue.unknown(source, CHORALES)
    else:
        found = read_chorales(source, per_quarter=per_quarter)
    if part is None:
        return found
    if found.parts is None:
        raise ArgumentError("part", f"found {part!r}", f"None: {found.name} has no parts")
    return found.part(part)


def _a_name(source: str) -> bool:
    """Whether no path and no ABC can have been meant."""
    return "\n" not in source and os.sep not in source and not os.path.splitext(source)[1]
