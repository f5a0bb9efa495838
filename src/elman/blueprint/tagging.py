"""The blocks of a tagger: words as numbers, and a chain of tags."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from elman.blueprint.cells import MAX_UNITS, CellConfig
from elman.blueprint.checks import check_fields, integer, rate
from elman.blueprint.layers import MAX_VOCABULARY, Recurrent, stack
from elman.errors import BlueprintError
from elman.recurrences import Shapes

__all__ = ["MAX_CHARACTERS", "MAX_LETTERS", "Crf", "Words"]

MAX_CHARACTERS = 200_000
MAX_LETTERS = 256


@dataclass(frozen=True)
class Words:
    """Numbers for each word: a vector of its own, and what cells say that read its letters.

    A word is read as codes `[1 + letters]`: its id (0: unknown), then its characters' ids (1:
    unknown), zeros past the last. `cells` read the letters in both directions; their final hidden
    states stand behind the word's vector. Without letters there are no cells.

    In training each word's id is 0 with probability `dropout`, so that the vector of unknown words
    is learnt, and what letters say.
    """

    kind: ClassVar[str] = "words"
    turns: ClassVar[dict[str, str]] = {"words": "steps"}

    vocabulary: int = field(metadata=integer(1, MAX_VOCABULARY))
    size: int = field(metadata=integer(1, MAX_UNITS))
    letters: int = field(default=0, metadata=integer(0, MAX_LETTERS))
    characters: int = field(default=2, metadata=integer(2, MAX_CHARACTERS))
    character_size: int = field(default=1, metadata=integer(1, MAX_UNITS))
    cells: tuple[CellConfig, ...] = ()
    dropout: float = field(default=0.0, metadata=rate())

    def __post_init__(self) -> None:
        check_fields(self)
        cells = stack(self.cells) if self.letters else tuple(self.cells)
        object.__setattr__(self, "cells", cells)
        if cells and not self.letters:
            raise BlueprintError("cells", "given without letters", "letters of 1 or more, or none")
        for option in ("residual", "output_projection"):
            if cells and getattr(cells[-1], option):
                where = f"cells[{len(cells) - 1}].{option}"
                raise BlueprintError(where, "set where a final state is read", "leave it out")

    @property
    def reader(self) -> Recurrent | None:
        """What reads the letters of a word; None where nothing does."""
        return Recurrent(self.cells, bidirectional=True) if self.letters else None

    def output_features(self, features: int) -> int:
        """Features of the result."""
        return self.size + (2 * self.cells[-1].state_sizes["hidden"] if self.letters else 0)

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name."""
        found: Shapes = {"weight": (self.vocabulary, self.size)}
        if self.reader is None:
            return found
        found["character_weight"] = (self.characters, self.character_size)
        read = self.reader.shapes(self.character_size)
        return found | {f"reader.{name}": shape for name, shape in read.items()}

    def describe(self) -> str:
        """One line."""
        said = f"words: {self.vocabulary} words as {self.size} numbers each"
        if self.letters:
            cells = ", ".join(cell.describe() for cell in self.cells)
            said += f", and letters of {self.characters} characters, both directions, {cells}"
        return said + (f", {self.dropout:g} unknown in training" if self.dropout else "")


@dataclass(frozen=True)
class Crf:
    """Scores of pairs of tags beside those of each step: a chain, read as a whole.

    The steps' features are the scores of K tags; they pass through. What follows decides on paths
    of tags, by these and the block's weights: see `elman.kernels.crf`.
    """

    kind: ClassVar[str] = "crf"
    turns: ClassVar[dict[str, str]] = {"steps": "steps"}

    def output_features(self, features: int) -> int:
        """Features of the result."""
        return features

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name."""
        return {"pairs": (features, features), "start": (features,), "end": (features,)}

    def describe(self) -> str:
        """One line."""
        return "crf: paths of tags, scored by their pairs too"
