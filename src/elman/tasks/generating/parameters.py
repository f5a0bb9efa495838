"""The parameters that generators of some kinds of data have, by group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from elman.parameters import number, one_of, parameter, whole

__all__ = ["DrawingParameters"]


@dataclass(kw_only=True, eq=False, repr=False)
class DrawingParameters:
    """The parameters of a generator of drawings; of texts they have no use."""

    _group: ClassVar = "Drawings"
    _table: ClassVar = "task"

    condition: str = parameter(
        "auto",
        one_of("auto", "none", "class", "text"),
        "What is told of a drawing: none, class, text; auto: what is known of the data.",
        "A text is written through a soft window (Graves 2013, arXiv 1308.0850v5).",
    )
    components: int = parameter(
        20, whole(1), "Of the mixture of Gaussians that says where a pen goes."
    )
    tolerance: float = parameter(
        0.02,
        number(),
        "How far a point may be left out, in the drawing's size (Ramer 1972, Douglas and Peucker "
        "1973); 0: none off the line.",
    )
    deform: float = parameter(
        0.0,
        number(),
        "How much drawings are turned, slanted and stretched in training: a deviation, as 0.1.",
    )
