"""The parameters of a generator that only some kinds of what it writes have, by group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from elman.parameters import number, one_of, parameter, whole
from elman.transforms.melody import PITCHES

__all__ = ["DrawingParameters", "MusicParameters"]


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
        0.04,
        number(),
        "How far a point may be left out, in the drawing's size (Ramer 1972, Douglas and Peucker "
        "1973); 0: none off the line.",
    )
    deform: float = parameter(
        0.0,
        number(),
        "How much drawings are turned, slanted and stretched in training: a deviation, as 0.1.",
    )


@dataclass(kw_only=True, eq=False, repr=False)
class MusicParameters:
    """What concerns tunes and chorales."""

    _group: ClassVar = "Music"
    _table: ClassVar = "task"

    pitch: str = parameter(
        "key",
        one_of(*PITCHES),
        "What a tune's pitches are counted from: the key's tonic, so that all keys are learnt as "
        "one, or as they are.",
    )
    transpose: int = parameter(
        0,
        whole(0),
        "In each epoch move each piece by so many semitones at most, up or down, its key with it.",
        "Of tunes whose pitches are counted from the key only the key moves.",
    )
    chord: str = parameter(
        "joint",
        one_of("joint", "independent"),
        "How the notes of a step of several voices are said: one after the other, each knowing "
        "those above it, or each by itself.",
    )
    chord_units: int = parameter(100, whole(1), "Units of what says the notes of a step jointly.")
