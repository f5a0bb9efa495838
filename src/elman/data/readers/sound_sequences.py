"""Recordings of files as sequences with what is known of each."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.labelled_sequences import LabelledSequences
from elman.data.readers.sound import (
    SoundOptions,
    holds_sounds,
    is_sound,
    names_sounds,
    read_recordings,
)
from elman.data.recordings import Recordings
from elman.data.sound_sequences import as_sounds
from elman.data.tables.reader import is_table
from elman.errors import DataError

__all__ = ["read_sound_sequences", "sounds_as_sequences", "sounds_asked"]

_OWN = {*SoundOptions.__dataclass_fields__, "labelled"}


def sounds_asked(path: Path, told: Collection[str] = ()) -> bool:
    """Whether a path is read as sound.

    A file or a folder of it is, and a table whose column of files (`path`) is among the `told`; or
    which has one of a usual name where files of sound stand, unless it is told what else it is.

    Raises:
        DataError, FormatError: Such a table cannot be read.
    """
    if is_sound(path.name) or ("path" in told and is_table(path)) or holds_sounds(path):
        return True
    return path.is_file() and _OWN.issuperset(told) and names_sounds(path)


def read_sound_sequences(path: Path, part: str | None, told: dict[str, Any]) -> LabelledSequences:
    """Recordings with their classes, or with their texts as labels where they have no classes.

    Arguments and errors as of `read_recordings`; besides:

    Raises:
        DataError: Labels are needed (`labelled`), and there are none.
    """
    told = {name: value for name, value in told.items() if value is not None}
    needed = told.pop("labelled", False)
    found = sounds_as_sequences(read_recordings(path, part=part, **told))
    if needed and found.labels is None:
        wanted = "a folder for each class, or a table that names files and labels"
        raise DataError(found.name, "holds no labels", wanted)
    return found


def sounds_as_sequences(data: Recordings) -> LabelledSequences:
    """Recordings as sequences, with all that is known of each."""
    labels = data.labels
    if labels is None and data.texts is not None:
        labels = np.array(data.texts, dtype=object).astype(str)
    found = (as_sounds(data), labels, (), data.ids, data.name, data.notes, data.groups)
    return LabelledSequences(*found, failed=data.failed)
