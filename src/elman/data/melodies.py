"""Tunes and chorales, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool

from elman.errors import DataError, ShapeError
from elman.music import Melody, written

__all__ = ["NOTES", "Chorales", "Melodies", "pitches_of", "roll_of"]

NOTES = 128
"""MIDI's pitches."""


@dataclass(frozen=True, eq=False)
class Melodies:
    """Tunes.

    Attributes:
        tunes: N of them.
        ids: N names.
        name: Where they come from: the name of a set or a path.
        notes: What was inferred or left out when they were read, in sentences.
        failed: What could not be read, a sentence each.
    """

    input: ClassVar[str] = "melodies"

    tunes: tuple[Melody, ...]
    ids: tuple[str, ...]
    name: str = "tunes"
    notes: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.ids) != len(self.tunes):
            raise ShapeError("ids", f"{len(self.ids)} of them", f"{len(self.tunes)}, one a tune")

    def __len__(self) -> int:
        return len(self.tunes)

    @property
    def texts(self) -> tuple[str, ...]:
        """The tunes in ABC."""
        return tuple(written(tune) for tune in self.tunes)

    def select(self, rows: Any) -> Melodies:
        """The tunes at `rows` (indices, a slice or a mask `[N]`)."""
        chosen = np.arange(len(self))[rows]
        tunes, ids = ([given[k] for k in chosen] for given in (self.tunes, self.ids))
        return replace(self, tunes=tuple(tunes), ids=tuple(ids))


@dataclass(frozen=True, eq=False)
class Chorales:
    """Pieces of several voices: which pitches sound at each step.

    A step says what sounds, not what is struck: a note that is held and one that is struck again
    are the same.

    Attributes:
        pieces: N of them, bool `[T, 128]` each: whether a pitch by MIDI's number sounds at a step.
        ids: N names; None: numbers.
        name: Where they come from: the name of a set or a path.
        notes: What was inferred or left out when they were read, in sentences.
        per_quarter: Steps of a quarter note.
        parts: The part of each piece, as the set has it (train, valid, test); or None.
        failed: What could not be read, a sentence each.
    """

    input: ClassVar[str] = "chorales"

    pieces: tuple[Bool[np.ndarray, "T 128"], ...]
    ids: tuple[str, ...] | None = None
    name: str = "chorales"
    notes: tuple[str, ...] = ()
    per_quarter: int = 1
    parts: tuple[str, ...] | None = None
    failed: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        for k, piece in enumerate(self.pieces):
            if piece.dtype != bool or piece.ndim != 2 or piece.shape[1] != NOTES:
                found = f"found {piece.dtype} {list(piece.shape)}"
                raise ShapeError(f"pieces[{k}]", found, f"bool [T, {NOTES}]")
        ids = tuple(map(str, range(len(self.pieces)))) if self.ids is None else self.ids
        object.__setattr__(self, "ids", ids)
        for name in ("ids", "parts"):
            given = getattr(self, name)
            if given is not None and len(given) != len(self.pieces):
                raise ShapeError(name, f"{len(given)} of them", f"{len(self.pieces)}")

    def __len__(self) -> int:
        return len(self.pieces)

    @property
    def steps(self) -> int:
        """Of all pieces."""
        return sum(map(len, self.pieces))

    @classmethod
    def of(cls, pieces: Sequence[Sequence[Sequence[int]]], **more: Any) -> Chorales:
        """Pieces whose steps list the pitches that sound.

        >>> Chorales.of([[[60, 64, 67], [], [62]]]).steps
        3

        Args:
            pieces: Of each its steps, of each of these MIDI's numbers.
            more: Attributes.

        Raises:
            DataError: A pitch is none.
        """
        made = tuple(roll_of(steps, f"piece {k}") for k, steps in enumerate(pieces))
        return cls(made, **more)

    def select(self, rows: Any) -> Chorales:
        """The pieces at `rows` (indices, a slice or a mask `[N]`)."""
        chosen = np.arange(len(self))[rows]
        ids: Any = self.ids
        return replace(
            self,
            pieces=tuple(self.pieces[k] for k in chosen),
            ids=tuple(ids[k] for k in chosen),
            parts=None if self.parts is None else tuple(self.parts[k] for k in chosen),
        )

    def part(self, name: str) -> Chorales:
        """The pieces of a part; all where they have none.

        Raises:
            DataError: None is of that part.
        """
        if self.parts is None:
            return self
        found = self.select(np.array([one == name for one in self.parts], dtype=bool))
        if not len(found):
            raise DataError(
                self.name, f"has no part {name!r}", f"{', '.join(sorted({*self.parts}))}"
            )
        return found


def roll_of(steps: Sequence[Sequence[int]], where: str = "steps") -> Bool[np.ndarray, "T 128"]:
    """Steps that list pitches as `[T, 128]`.

    Raises:
        DataError: A step is no list, or a pitch no whole number in 0…127.
    """
    roll = np.zeros((len(steps), NOTES), dtype=bool)
    for t, step in enumerate(steps):
        if not isinstance(step, list | tuple | np.ndarray):
            raise DataError(f"{where}, step {t}", f"found {step!r:.40}", "a list of pitches")
        for pitch in step:
            whole = isinstance(pitch, int | np.integer) and not isinstance(pitch, bool)
            if not whole or not 0 <= pitch < NOTES:
                raise DataError(
                    f"{where}, step {t}", f"found {pitch!r:.40}", "MIDI's numbers 0…127"
                )
            roll[t, pitch] = True
    return roll


def pitches_of(roll: Bool[np.ndarray, "T 128"]) -> list[list[int]]:
    """The pitches of each step, lowest first."""
    return [np.flatnonzero(step).tolist() for step in roll]
