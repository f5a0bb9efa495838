"""One drawing as a reader of files finds it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from elman.errors import DataError, FormatError

__all__ = ["MAX_BYTES", "MAX_POINTS", "Inked", "number"]

MAX_BYTES = 2**26
"""Of a file of drawings, or of one inside an archive."""
MAX_POINTS = 5_000_000
"""Of a file: curves are flattened, so a small file could ask for any number of them."""


@dataclass
class Inked:
    """A drawing that is being read.

    Attributes:
        strokes: Of points x, y, and perhaps seconds.
        label: Its class, or None.
        text: What is written in it, or None.
        group: Who drew it, or None.
        id: Its name within the file; empty where the file holds one.
        down: Whether y grows downwards.
        left_out: What of the file is no stroke, by kind.
    """

    strokes: list[np.ndarray] = field(default_factory=list)
    label: str | None = None
    text: str | None = None
    group: str | None = None
    id: str = ""
    down: bool = True
    left_out: dict[str, int] = field(default_factory=dict)


def number(text: str, where: str) -> float:
    """A finite number.

    Raises:
        FormatError: It is none.
        DataError: It is not finite.
    """
    try:
        found = float(text)
    except ValueError:
        raise FormatError(where, f"found {text!r:.60}", "a number") from None
    if not math.isfinite(found):
        raise DataError(where, f"found {text!r:.60}", "a finite number")
    return found
