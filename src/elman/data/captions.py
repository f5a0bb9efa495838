"""Things that were seen, as vectors, sequences or images, with sentences about each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from elman.errors import ArgumentError, DataError, ShapeError

__all__ = ["Captions", "as_captions"]

_GREATEST = np.finfo(np.float32).max
_RANKS = {2: "vectors", 3: "sequences", 4: "images"}


def _numbered(row: int) -> str:
    return f"item {row}"


@dataclass(frozen=True, eq=False)
class Captions:
    """N things, and for each one or several captions that are right.

    Attributes:
        items: Numbers: vectors `[N, I]`; sequences `[N, S, I]`, as the rows of images are; or
            images with colours `[N, H, W, C]`. Bytes are pixels, 0…255.
        references: For each its captions, at least one; None where nothing is known.
        lengths: Real steps of sequences, int64 `[N]`; None: all S.
        name: Where they come from: the name of a set or a path.
        notes: What was inferred or left out when they were read, in sentences.
        place: What messages call a row of the source: "features.npy, row 17".
        rows: int64 `[N]`, the row of the source that each is.

    Raises:
        ShapeError: The items are none of these, or there are not as many of all.
        DataError: A number is not finite: the message names the item.
    """

    items: np.ndarray
    references: Sequence[Sequence[str]] | None
    lengths: np.ndarray | None = None
    name: str = "captions"
    notes: tuple[str, ...] = ()
    place: Callable[[int], str] = field(default=_numbered, repr=False)
    rows: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        items = np.asarray(self.items)
        if items.ndim not in _RANKS or items.dtype.kind not in "uifb" or not items.size:
            found = f"{items.dtype} of shape {items.shape}"
            raise ShapeError("items", found, "numbers [N, I], [N, S, I] or [N, H, W, C], N ≥ 1")
        object.__setattr__(self, "items", items)
        if self.rows is None:
            object.__setattr__(self, "rows", np.arange(len(items)))
        if (right := self.references) is not None:
            listed = tuple(tuple(one) if isinstance(one, list | tuple) else () for one in right)
            object.__setattr__(self, "references", listed)
        for name in ("references", "lengths", "rows"):
            found = getattr(self, name)
            if found is not None and len(found) != len(items):
                raise ShapeError(name, f"{len(found)} of them", f"{len(items)}, one an item")
        for row, right in enumerate(self.references or ()):
            if not right or not all(isinstance(one, str) for one in right):
                raise DataError(self.where(row), f"found {right!r:.80}", "one or more captions")
        self._check_numbers()

    def _check_numbers(self) -> None:
        items, lengths = self.items, self.lengths
        if lengths is not None and items.ndim != 3:
            raise ShapeError("lengths", f"given for {_RANKS[items.ndim]}", "None")
        if lengths is not None and not all(0 < n <= items.shape[1] for n in lengths.tolist()):
            raise ShapeError("lengths", f"outside 1…{items.shape[1]}", "real steps of each item")
        if items.dtype.kind != "f":
            return
        for row, item in enumerate(items):
            real = item if lengths is None else item[: lengths[row]]
            if not (np.abs(real) <= _GREATEST).all():  # as float32, in which they are learnt
                raise DataError(self.where(row), "a number that is not finite", "finite numbers")

    def __len__(self) -> int:
        return len(self.items)

    @property
    def kind(self) -> str:
        """What the items are: "vectors", "sequences" or "images"."""
        return _RANKS[self.items.ndim]

    @property
    def target(self) -> tuple[str, ...]:
        """Of each the first of its captions."""
        return tuple(right[0] for right in self.checked_references())

    def checked_references(self) -> Sequence[Sequence[str]]:
        """The captions; `DataError` where nothing is known."""
        if self.references is None:
            raise DataError(self.name, "has no captions", "a file of captions beside it")
        return self.references

    def where(self, row: int) -> str:
        """What a message calls an item."""
        return self.place(int(self.rows[row]))

    def select(self, rows: Any) -> Captions:
        """The items at `rows` (indices, a slice or a mask `[N]`)."""
        chosen = np.arange(len(self))[rows]
        right = self.references
        return replace(
            self,
            items=self.items[chosen],
            references=None if right is None else tuple(right[k] for k in chosen),
            lengths=None if self.lengths is None else self.lengths[chosen],
            rows=self.rows[chosen],
        )


def as_captions(X: Any, y: Any = None, where: str = "X") -> Captions:
    """Check items, and perhaps captions, that a program gives.

    Args:
        X: N items, as `Captions.items` are; or `Captions`.
        y: For each a caption, or a list of several that are right; None: beside `Captions`, or
            where nothing is known.
        where: What messages call the items.

    Raises:
        ShapeError: The items are none, or there are not as many of both.
        DataError: A number is not finite, or a caption is no text.
        ArgumentError: y is given beside `Captions`.
    """
    if isinstance(X, Captions):
        if y is not None:
            raise ArgumentError("y", f"given beside the captions {X.name}", "None")
        return X
    try:
        items = np.asarray(X)
    except ValueError as error:  # rows of different lengths
        found = "items of different shapes"
        raise ShapeError(where, found, "as many numbers each, or Captions with lengths") from error
    if y is not None and (isinstance(y, str) or not hasattr(y, "__len__")):
        raise ShapeError("y", f"found {y!r:.60}", "a list of captions")
    if y is not None and items.ndim and len(y) != len(items):
        raise ShapeError("y", f"{len(y):,} of them for {len(items):,} items", "as many")
    several = None if y is None else [[one] if isinstance(one, str) else one for one in y]
    return Captions(items, several, name=where, place=lambda row: f"{where}[{row}]")
