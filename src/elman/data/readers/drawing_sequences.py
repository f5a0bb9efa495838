"""Drawings as sequences: what a classifier of written characters reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.drawings import Drawings
from elman.data.labelled_sequences import LabelledSequences
from elman.data.readers.drawings import read_drawings
from elman.data.sequences import Sequences, as_sequences
from elman.errors import DataError, ShapeError

__all__ = ["FEATURES", "drawings_as_sequences", "pen_sequences", "read_drawing_sequences"]

FEATURES = ("x", "y", "dx", "dy", "up")
"""Of a step: where the pen is, how it came there, whether it is lifted there."""
_STEP = 0.08  # of a drawing's size, between two points


def pen_sequences(data: Drawings) -> Sequences:
    """Drawings as `[T_i, 5]` of `FEATURES`: around their centre, of size 1, at equal distances.

    Raises:
        ShapeError: There are none.
    """
    if not len(data):
        raise ShapeError("X", "found no drawings", "at least one")
    even = data.normalised().resampled(_STEP)
    rows = [
        np.column_stack([points, steps]).astype(np.float32)
        for points, steps in zip(even.points, even.steps(), strict=True)
    ]
    return replace(as_sequences(rows), names=FEATURES)


def drawings_as_sequences(data: Drawings) -> LabelledSequences:
    """Drawings as sequences, with all that is known of each."""
    return LabelledSequences(
        pen_sequences(data),
        data.labels,
        FEATURES,
        data.ids,
        data.name,
        data.notes,
        data.groups,
        failed=data.failed,
    )


def read_drawing_sequences(path: Path, part: str | None, told: dict[str, Any]) -> LabelledSequences:
    """Drawings of files as sequences; see `read_drawings`.

    Raises:
        DataError: Labels are needed (`labelled`), and there are none.
    """
    told = {name: value for name, value in told.items() if value is not None}
    needed = told.pop("labelled", False)
    if part == "test":
        raise DataError(str(path), "has no parts", "the files of the test, or a name of a set")
    found = drawings_as_sequences(read_drawings(path, **told))
    if needed and found.labels is None:
        raise DataError(found.name, "holds no labels", "files that tell them, or a folder a class")
    return found
