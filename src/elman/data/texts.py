"""Texts with what is to be learnt about each, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from elman.errors import ShapeError

__all__ = ["LabelledTexts"]


def _numbered(row: int) -> str:
    return f"text {row}"


@dataclass(frozen=True, eq=False)
class LabelledTexts:
    """Texts with what is to be learnt about each.

    Attributes:
        texts: N texts, as they stand in the file: nothing is stripped, folded or joined.
        labels: Classes `[N]` (strings or whole numbers), numbers `[N]` or `[N, L]`, several labels
            0 or 1 `[N, L]`; or None where nothing is known.
        ids: N names of the texts.
        name: Where they come from: the name of a set or a path.
        notes: What was inferred or left out when they were read, in sentences.
        label_names: Of L labels or numbers: what each is called; else empty.
        listed: Whether each row lists the labels that it has: then other rows may list others.
        groups: What each belongs to `[N]`, as an author; or None.
        place: What messages call a row of the source: "reviews.csv, line 17".
        rows: int64 `[N]`, the row of the source that each text is.
        empty: How many texts were left out because they are empty.
    """

    texts: tuple[str, ...]
    labels: np.ndarray | None
    ids: tuple[str, ...]
    name: str
    notes: tuple[str, ...] = ()
    label_names: tuple[str, ...] = ()
    groups: np.ndarray | None = None
    place: Callable[[int], str] = field(default=_numbered, repr=False)
    rows: Any = field(default=None, repr=False)
    empty: int = 0
    listed: bool = False

    def __post_init__(self) -> None:
        if self.rows is None:
            object.__setattr__(self, "rows", np.arange(len(self.texts)))
        for name in ("labels", "ids", "groups", "rows"):
            found = getattr(self, name)
            if found is not None and len(found) != len(self.texts):
                raise ShapeError(name, f"{len(found)} of them", f"{len(self.texts)}, one a text")

    def __len__(self) -> int:
        return len(self.texts)

    def where(self, row: int) -> str:
        """What a message calls a text."""
        return self.place(int(self.rows[row]))

    def select(self, rows: Any) -> LabelledTexts:
        """The texts at `rows` (indices, a slice or a mask `[N]`)."""
        chosen = np.arange(len(self))[rows]
        return replace(
            self,
            texts=tuple(self.texts[k] for k in chosen),
            labels=None if self.labels is None else self.labels[chosen],
            ids=tuple(self.ids[k] for k in chosen),
            groups=None if self.groups is None else self.groups[chosen],
            rows=self.rows[chosen],
        )

    def to_columns(self) -> dict[str, np.ndarray]:
        """The same for writing out: columns `id`, `text`, perhaps `group` and `label`.

        Of several labels a column each, by its name.
        """
        table = {"id": _objects(self.ids), "text": _objects(self.texts)}
        if self.groups is not None:
            table["group"] = self.groups
        if self.labels is None:
            return table
        if self.labels.ndim == 1:
            return {**table, "label": self.labels}
        return table | dict(zip(self.label_names, self.labels.T, strict=True))


def _objects(values: Sequence[Any]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
