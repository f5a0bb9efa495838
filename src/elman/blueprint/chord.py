"""The block that says which notes sound together at a step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from elman.blueprint.cells import MAX_UNITS
from elman.blueprint.checks import check_fields, integer, rate
from elman.recurrences import Shapes

__all__ = ["MAX_NOTES", "Chord"]

MAX_NOTES = 1024


@dataclass(frozen=True)
class Chord:
    """The log-probability of a set of notes: jointly, one after the other, or each by itself.

    The joint one names a set's notes from the highest down, then says that the step is done: each
    time by a softmax of the lower notes and of that end. So every set has one way to be named, and
    the probabilities of all sets sum to one. What is scored at each of them are a layer's
    `units` of the features, of the sum of the vectors of the notes so far, and of the last one's;
    after Larochelle and Murray 2011 (NADE), Boulanger-Lewandowski et al. 2012 (arXiv 1206.6392v1),
    who ask of each note in turn whether it sounds. What the features mean says
    `elman.kernels.chord`.

    >>> Chord(88, units=100).output_features(200)
    189

    Attributes:
        notes: K of them, 1…1024.
        units: U of the layer; 0: each note by itself, as if nothing else sounded.
        dropout: Rate of the layer's units that training leaves out, in [0, 1).
    """

    kind: ClassVar[str] = "chord"
    turns: ClassVar[dict[str, str]] = {"steps": "steps", "vector": "vector"}

    notes: int = field(metadata=integer(1, MAX_NOTES))
    units: int = field(default=0, metadata=integer(0, MAX_UNITS))
    dropout: float = field(default=0.0, metadata=rate())

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def joint(self) -> bool:
        """Whether a step's notes depend on each other."""
        return self.units > 0

    def output_features(self, features: int) -> int:
        """Features of the result: of a joint one U and K + 1, else K."""
        return self.units + self.notes + 1 if self.joint else self.notes

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name."""
        size = self.output_features(features)
        found: Shapes = {"weight": (size, features), "bias": (size,)}
        if self.joint:
            found |= {"above": (self.notes, self.units), "last": (self.notes, self.units)}
            found |= {"output": (self.notes + 1, self.units)}
        return found

    def describe(self) -> str:
        """One line."""
        how = f"jointly by {self.units} units" if self.joint else "each by itself"
        return f"chord: {self.notes} notes, {how}"
