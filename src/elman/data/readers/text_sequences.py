"""Texts of a file or a frame as sequences, where those are what a model reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.labelled_sequences import LabelledSequences
from elman.data.readers.roles import usual
from elman.data.readers.text import TextOptions, holds_texts, read_texts, text_options
from elman.data.tables import columns as kinds
from elman.data.tables import reader
from elman.data.tables.columns import as_table, is_frame
from elman.data.text_sequences import as_texts
from elman.data.texts import LabelledTexts
from elman.errors import ArgumentError, DataError
from elman.printable import closest

__all__ = ["TEXTS", "read_text_sequences", "texts_as_sequences", "texts_asked"]

TEXTS = ("perhaps", "always")
"""Whether what is read are texts: where they are told or found, or always."""
_OF_TEXTS = tuple(one.name for one in fields(TextOptions))
_OF_MODELS = ("texts", "per_step", "classes", "ids", "rate")  # what texts have none of


def texts_asked(source: Any, told: Mapping[str, Any]) -> bool:
    """Whether a source is read as texts.

    Args:
        source: A path or a frame.
        told: What is told of it; its `texts` is one of `TEXTS`, or there is none. Texts are asked
            for by an option of theirs; else a frame with a column of a usual name holds them, and
            so does a file that is no table.
    """
    if told.get("texts") != "perhaps":
        return told.get("texts") == "always"
    if any(told.get(name) for name in _OF_TEXTS):
        return True
    if is_frame(source):
        table = as_table(source, "frame")
        name = usual(list(table.columns), "text")
        return name is not None and kinds.kind(table.columns[name]) == "text"
    path = Path(source)
    if path.is_file() and reader.is_table(path):
        return False  # it is read once, and `text` says so
    return path.exists() and holds_texts(path)


def read_text_sequences(
    source: Any, part: str | None, told: Mapping[str, Any], y: Any = None
) -> LabelledSequences:
    """Texts, with their labels; arguments and errors as of `read_texts`.

    Args:
        source: A path or a frame.
        part: Likewise.
        told: Likewise; what concerns no texts is left out, or an error where it was asked for.
        y: Labels in place of those that stand there; None: those.

    Raises:
        DataError: Labels are needed (`labelled`), and there are none.
    """
    known = text_options()
    given = {name: value for name, value in told.items() if name not in _OF_MODELS}
    for name in given:
        if name not in known:
            found = "does not apply to texts"
            raise ArgumentError(name, found, closest(name, known))
    found = texts_as_sequences(read_texts(source, part=part, **given))
    labels = found.labels if y is None else np.asarray(y)
    if labels is None and told.get("labelled"):
        raise DataError(found.name, "holds no labels", "name their column: label='...'")
    return found if y is None else replace(found, labels=labels, label_names=())


def texts_as_sequences(data: LabelledTexts) -> LabelledSequences:
    """Texts as sequences, with all that is known of each."""
    labels = None if data.labels is None else np.asarray(data.labels)
    texts = as_texts(list(data.texts))
    names = data.label_names if data.listed else ()
    found = (texts, labels, (), data.ids, data.name, data.notes, data.groups)
    return LabelledSequences(*found, label_names=names)
