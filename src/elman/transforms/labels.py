"""Class labels as the indices that a network works with, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.bundle import check_widths, pack_strings, unpack_strings
from elman.errors import ArgumentError, BundleError, ShapeError

__all__ = ["Labels"]


@dataclass(frozen=True, eq=False)
class Labels:
    """The classes of a classifier in the order of its outputs.

    Attributes:
        classes: `[K]`, sorted, each once: int64, strings, bools, or float64 of whole numbers.

    >>> labels = Labels.fit(["no", "yes", "no"])
    >>> labels.encode(["yes", "no"]).tolist()
    [1, 0]
    >>> labels.decode([0, 1]).tolist()
    ['no', 'yes']
    """

    classes: np.ndarray

    def __len__(self) -> int:
        return len(self.classes)

    @classmethod
    def fit(cls, labels: Any) -> Labels:
        """The classes that occur in `labels [N]`.

        Raises:
            ShapeError: `labels` is not one-dimensional, or empty.
            ArgumentError: They are of mixed kinds, missing, or no classes (fractions).
        """
        return cls(np.unique(_as_labels(labels)))

    def encode(self, labels: Any) -> np.ndarray:
        """The index of each label `[N]`, int64 in 0…K-1.

        Raises:
            ShapeError, ArgumentError: As `fit`, or a label is none of the classes.
        """
        labels = _as_labels(labels)
        if (labels.dtype.kind == "U") != (self.classes.dtype.kind == "U"):
            raise ArgumentError("labels", f"found {labels.dtype}", f"pass {self.classes.dtype}")
        index = np.searchsorted(self.classes, labels).clip(max=len(self.classes) - 1)
        strange = self.classes[index] != labels
        if strange.any():
            row = int(np.flatnonzero(strange)[0])
            raise ArgumentError(
                "labels",
                f"row {row} is {labels[row].item()!r}, one of {int(strange.sum())} unknown",
                f"the {len(self.classes)} classes are {_shortened(self.classes)}",
            )
        return index.astype(np.int64)

    def decode(self, indices: Any) -> np.ndarray:
        """The label of each index in 0…K-1, any shape."""
        indices = np.asarray(indices)
        if indices.size and (indices.min() < 0 or indices.max() >= len(self.classes)):
            raise ArgumentError("indices", "one out of range", f"0…{len(self.classes) - 1}")
        return self.classes[indices]

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `from_tensors` needs, as arrays for a model file."""
        if self.classes.dtype.kind == "U":
            return pack_strings(self.classes.tolist())
        return {"classes": self.classes}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> Labels:
        """The labels that `tensors` described; `BundleError` if they are damaged."""
        if "classes" in tensors:
            classes = np.asarray(tensors["classes"])
        else:
            strings = unpack_strings(dict(tensors), "labels")
            check_widths(strings, "labels")
            classes = np.array(strings, dtype=np.str_)
        if not len(classes) or not np.array_equal(np.unique(classes), classes):
            raise BundleError("labels", "classes that repeat or are not sorted", "save it again")
        return cls(classes)


def _as_labels(labels: Any) -> np.ndarray:
    """An array `[N]` of integers, strings, bools or whole floats."""
    array = np.asarray(labels, dtype=None if isinstance(labels, np.ndarray) else object)
    if array.ndim != 1 or not len(array):
        raise ShapeError("labels", f"shape {array.shape}", "pass one label a sequence, [N]")
    if array.dtype == object:
        kinds = {_kind(label) for label in array.tolist()}
        if len(kinds) > 1:
            raise ArgumentError("labels", f"found {' and '.join(sorted(kinds))}", "use one kind")
        array = np.array(array.tolist())
    kind = array.dtype.kind
    if kind not in "iubUf":
        raise ArgumentError("labels", f"found {array.dtype}", "pass integers, strings or bools")
    if kind == "f" and not (np.isfinite(array) & (array == np.floor(array))).all():
        raise ArgumentError(
            "labels", "found numbers that are no classes", "whole numbers, or use a Regressor"
        )
    return array.astype({"i": np.int64, "u": np.int64, "f": np.float64}.get(kind, array.dtype))


def _kind(label: Any) -> str:
    if label is None:
        return "None"
    for kind, types in (("bool", (bool, np.bool_)), ("str", (str,)), ("number", (int, float))):
        if isinstance(label, types):
            return kind
    return "number" if isinstance(label, np.number) else type(label).__name__


def _shortened(classes: np.ndarray, most: int = 10) -> str:
    shown = ", ".join(repr(label) for label in classes[:most].tolist())
    return shown if len(classes) <= most else f"{shown}, …"
