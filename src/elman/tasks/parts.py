"""What is learnt from, and what the best epoch is chosen on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from elman.data import Sequences
from elman.errors import ArgumentError
from elman.printable import many
from elman.targets import Target
from elman.tasks.split import split
from elman.training import Examples

__all__ = ["Part", "Parts", "choose_validation", "validation_of"]


@dataclass(frozen=True, eq=False)
class Part:
    """Sequences, what is to be learnt about each, and how much each counts.

    Attributes:
        sequences: N of them, unscaled.
        targets: As their kind has them.
        weight: `[N]`, or of each step `[N, T]`, or None.
        kind: Of the targets.
        rows: Which these are of those that were given; None: all.
    """

    sequences: Sequences
    targets: np.ndarray
    weight: np.ndarray | None
    kind: Target
    rows: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.sequences)

    def select(self, rows: np.ndarray) -> Part:
        """The rows at these indices."""
        weight = None if self.weight is None else self.weight[rows]
        return replace(
            self, sequences=self.sequences.select(rows), targets=self.targets[rows], weight=weight
        )

    def named(self, names: tuple[str, ...] | None) -> Part:
        """With the features of these names in this order; errors as `Sequences.named`."""
        return replace(self, sequences=self.sequences.named(names))

    def counted(self) -> Part:
        """Without the rows of weight zero."""
        if self.weight is None or self.weight.all():
            return self
        rows = np.flatnonzero(self.weight.reshape(len(self), -1).any(axis=1))
        return replace(self.select(rows), rows=rows)

    def examples(self, weight: np.ndarray | None) -> Examples:
        """As tensors, with these weights."""
        targets = self.targets.astype(np.int64 if self.kind.whole else np.float32, copy=False)
        # torch warns of arrays that it could write to though it must not; those are copied.
        arrays = [np.require(a, requirements=["C", "W"]) for a in (self.sequences.values, targets)]
        inputs, wanted = map(torch.from_numpy, arrays)
        lengths = torch.from_numpy(self.sequences.lengths) if self.sequences.ragged else None
        weights = None if weight is None else torch.from_numpy(weight.astype(np.float32))
        return Examples(inputs, wanted, lengths, weights, kind=self.kind)


@dataclass(frozen=True, eq=False)
class Parts:
    """What is learnt, what chooses the best epoch, and in words where that comes from."""

    train: Part
    validation: Part | None
    how: str


def choose_validation(
    part: Part, validation: Part | float | None, seed: int, groups: np.ndarray | None = None
) -> Parts:
    """Set a validation part aside, or take the one given.

    Args:
        part: All that may be learnt.
        validation: The part itself, or a share in (0, 1), or None for no validation.
        seed: Of the drawing. Where there is a class for each sequence, every class gives its share.
        groups: Labels `[N]` of what stays together, or None.

    Raises:
        ArgumentError: The share is outside its range, or too small for a single sequence.
    """
    if validation is None:
        return Parts(part, None, "none: the last epoch is kept")
    if isinstance(validation, Part):
        return Parts(part, validation, f"{len(validation)} sequences that were given")
    classes = part.targets if part.kind is Target.CLASS else None
    mixed = part.kind in (Target.LABELS, Target.CLASS_PER_STEP)
    drawn = split(len(part), validation, seed, classes, groups, mixed)
    if not len(drawn.held_out):
        found = f"{validation:g} of {len(part)} sequences is not one"
        expected = "validation=None, which keeps the last epoch"
        if drawn.groups is not None:  # of which one is, where one can be: no other share helps
            found = f"of {many(sum(drawn.groups), 'group')} none can be set aside"
        else:
            expected = f"a larger share, or {expected}"
        raise ArgumentError("validation", found, expected)
    return Parts(part.select(drawn.train), part.select(drawn.held_out), drawn.how)


def validation_of(value: Any) -> float | tuple[Any, Any] | None:
    """The parameter `validation`, checked.

    Raises:
        ArgumentError: It is neither a share, nor a pair, nor None.
    """
    if value is None or (isinstance(value, float | np.floating) and 0 < value < 1):
        return value if value is None else float(value)
    if isinstance(value, tuple) and len(value) == 2:
        return value
    found = f"found {value!r:.80}"
    if isinstance(value, list | tuple):
        found = f"found a {type(value).__name__} of {len(value)}"
    expected = "a share between 0 and 1, a pair (X, y) as a tuple, or None"
    raise ArgumentError("validation", found, expected)
