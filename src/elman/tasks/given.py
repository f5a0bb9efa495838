"""What a training is given: as it is, or read from a table with what stands beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from elman.data import Drawings, Recordings
from elman.data.readers import (
    beside_table,
    check_told,
    columns_for,
    is_given_as_table,
    label_told,
    labelled_table,
    read_given,
)
from elman.data.readers.drawing_sequences import pen_sequences
from elman.errors import ArgumentError

__all__ = ["Given", "given_to", "validation_given_to"]

_OF_ONE = ("features", "ignore", "labels", "grouped", "each", "drop_empty", "numbers_as_text")
_OF_ONE += ("rate", "channels", "path", "said")
"""What is told of one table alone: a model knows its features by name."""


class Given(NamedTuple):
    """What a training is given.

    Attributes:
        X: Sequences, or what else `fit` takes that is no table.
        y: As of `fit`, as what follows.
        weight: Likewise.
        groups: Likewise.
        reading: How a table was read, for the model file; see `Estimator.reading`.
        notes: What was inferred, in sentences.
    """

    X: Any
    y: Any
    weight: Any
    groups: Any
    reading: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def given_to(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    groups: Any,
    told: Mapping[str, Any],
    warm: Any,
) -> Given:
    """What a training is given; of a table the sequences, and what stands beside them.

    Args:
        estimator: What is trained.
        X: As of `fit`, as what follows.
        y: Likewise.
        sample_weight: Likewise.
        groups: Likewise.
        told: How a table is read.
        warm: The model that goes on, or None.

    Raises:
        ArgumentError: Something is told of a table, and X is none; or a table has no labels.
        ShapeError, DataError: As `fit`.
    """
    told = {name: value for name, value in told.items() if value is not None}
    if not is_given_as_table(X):
        if told:
            raise ArgumentError(", ".join(told), "given, and X is no table", "leave it out")
        if isinstance(groups, str):
            raise ArgumentError("groups", f"{groups!r}, and X is no table", "labels [N]")
        return _known_of(X, Given(X, y, sample_weight, groups, estimator.reading))
    check_told(X, told)
    if isinstance(groups, str):
        told["group"] = groups
    told = told if warm is None else {**warm.reading, **told}
    if not isinstance(groups, str):
        told["grouped"] = False
    if warm is not None and warm.feature_names is not None:
        told.setdefault("features", list(warm.feature_names))
    y = y if warm is None else warm.label_columns(y)
    columns = columns_for(estimator)
    data = labelled_table(X, y, told, **columns)
    if data.labels is None:
        raise ArgumentError("y", "not given, and X has no labels", "the name of their column")
    beside = {"sample_weight": sample_weight, "groups": groups}
    for where, values in beside.items():
        if values is not None and not isinstance(values, str):
            beside[where] = beside_table(X, values, data, where, {**told, **columns})
    if isinstance(groups, str):
        beside["groups"] = data.groups
    kept = {k: v for k, v in told.items() if k not in (*_OF_ONE, *columns)}
    reading = {**data.written, **kept, **label_told(y)}
    weight, groups = beside["sample_weight"], beside["groups"]
    return Given(data.sequences, data.targets, weight, groups, reading, data.notes)


def _known_of(X: Any, given: Given) -> Given:
    """With what recordings and drawings know themselves, where it is not given beside them."""
    if not isinstance(X, Recordings | Drawings):
        return given
    given = given._replace(y=X.labels if given.y is None else given.y, notes=X.notes)
    if isinstance(X, Recordings):
        return given
    groups = X.groups if given.groups is None else given.groups
    return given._replace(X=pen_sequences(X), groups=groups)


def validation_given_to(
    estimator: Any, X: Any, y: Any, reading: Mapping[str, Any], names: tuple[str, ...] | None
) -> tuple[Any, Any]:
    """X and y of a validation part of one's own; of a table the sequences and labels.

    Args:
        estimator: What is trained.
        X: As of `fit`, as what follows.
        y: Likewise.
        reading: How the training part was read.
        names: Of its features, where they have some.
    """
    if isinstance(X, Drawings):
        return pen_sequences(X), X.labels if y is None else y
    told: dict[str, Any] = {**columns_for(estimator), "grouped": False}
    if names is not None:
        told["features"] = list(names)
    return read_given(X, y, reading, **told)
