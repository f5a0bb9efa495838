"""The parameters of a generator that only some kinds of what it writes have, by group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from elman.parameters import one_of, parameter, whole
from elman.transforms.melody import PITCHES

__all__ = ["MusicParameters"]


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
