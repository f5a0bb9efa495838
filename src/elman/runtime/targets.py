"""What is known about sequences, checked: labels, numbers, and how much each sequence counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from elman.bundle import check_widths, pack_strings, unpack_strings
from elman.data import Sequences
from elman.data.listed_labels import ListedLabels
from elman.errors import ArgumentError, BundleError, DataError, ShapeError
from elman.printable import quoted

__all__ = [
    "check_labels",
    "check_numbers",
    "check_step_labels",
    "check_weight",
    "class_tensors",
    "classes_from",
    "column_names",
    "in_order_of",
    "is_column",
    "label_indices",
    "plain_rows",
]


def check_labels(
    y: Any, sequences: int, where: str = "y", counted: np.ndarray | None = None
) -> np.ndarray:
    """Class labels, one a sequence, or several labels a sequence as 0 and 1.

    >>> check_labels(["a", "b"], 2).tolist()
    ['a', 'b']

    Args:
        y: `[N]` (or a column `[N, 1]`) strings, whole numbers or booleans; or `[N, L]`, L ≥ 2, of
            0 and 1.
        sequences: N, as X has it.
        where: What messages call y.
        counted: Which sequences count `[N]`; None: all. The label of one that does not is not
            read, and another's takes its place.

    Returns:
        `[N]` of kind str, int64, float64 (whole numbers) or bool; or `[N, L]` int64.

    Raises:
        ShapeError: Another number of labels, or another rank.
        DataError: A label is missing, labels of several kinds, or they are no labels.
    """
    y = plain_rows(y, where)
    labels = _array(y, where)
    if labels.dtype.kind == "U" and not isinstance(y, np.ndarray):
        labels = np.asarray(y, dtype=object)  # NumPy made strings of numbers among strings
    _check_count(labels, sequences, where, "labels")
    if is_column(labels):  # several labels are two or more
        labels = labels[:, 0]
    if labels.ndim not in (1, 2):
        raise ShapeError(
            where, f"shape {labels.shape}", "labels [N], or several a sequence as 0 and 1 [N, L]"
        )
    if counted is not None and counted.any():
        labels = labels.copy()
        labels[~counted] = labels[counted][0]
    labels = _of_one_kind(labels, where)
    if labels.ndim == 2:
        if labels.dtype.kind not in "iufb" or not np.isin(labels, (0, 1)).all():
            raise DataError(where, "two axes, and values besides 0 and 1", "labels [N], or 0 and 1")
        return labels.astype(np.int64)
    if labels.dtype.kind == "f" and (labels != np.round(labels)).any():
        row = int(np.argmax(labels != np.round(labels)))
        raise DataError(
            f"{where}[{row}]", f"found {labels[row]}", "classes; for numbers train a Regressor"
        )
    if labels.dtype.kind == "u" and labels.size and labels.max() > np.iinfo(np.int64).max:
        raise DataError(where, f"found {labels.max()}", "whole numbers below 2**63")
    return labels.astype(np.int64) if labels.dtype.kind in "iu" else labels


def _of_one_kind(labels: np.ndarray, where: str) -> np.ndarray:
    """Labels as strings, numbers or booleans; a missing one is an error."""
    if labels.dtype == object:
        kinds = [_kind(label) for label in labels.flat]
        if "missing" in kinds:
            raise DataError(
                f"{where}[{kinds.index('missing')}]", "no label", "leave such sequences out"
            )
        if len(set(kinds)) > 1:
            names = ", ".join(sorted(set(kinds)))
            raise DataError(where, f"labels of several kinds: {names}", "one kind for all")
        labels = np.array(labels.tolist())
    if labels.dtype.kind not in "iufbU":
        raise DataError(where, f"labels of kind {labels.dtype}", "strings, whole numbers, booleans")
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        row = int(np.argwhere(~np.isfinite(labels))[0][0])
        raise DataError(f"{where}[{row}]", "found no finite label", "leave such sequences out")
    return labels


def _kind(label: Any) -> str:
    """What kind of label this is, in a word."""
    if label is None or (isinstance(label, float) and label != label):
        return "missing"
    if isinstance(label, str):
        return "text"
    if isinstance(label, bool | np.bool_):
        return "boolean"
    return "number" if isinstance(label, Real) else type(label).__name__


def check_step_labels(
    y: Any,
    sequences: Sequences,
    classes: np.ndarray | None = None,
    where: str = "y",
    counted: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """A class label for each step, as indices.

    Args:
        y: `[N, T]`, or N rows of `[T_i]`: strings, whole numbers or booleans.
        sequences: X, which tells how many steps each row has.
        classes: The sorted labels that there are; None: those of y.
        where: What messages call y.
        counted: Which sequences count `[N]`, or which steps `[N, T]`; None: all. The label of a
            step that does not is not read.

    Returns:
        Indices `[N, T]` int64, zero past each length and where nothing counts; and the
        classes, sorted.

    Raises:
        ShapeError: Another number of rows or steps.
        DataError: A label is missing, is none of the classes, or they are of several kinds.
    """
    y = plain_rows(y, where)
    _check_count(y, len(sequences), where, "rows of labels")
    whole = isinstance(y, np.ndarray) and y.ndim >= 2
    read = sequences.real
    if counted is not None:
        read &= counted if counted.ndim == 2 else counted[:, None]
    if whole and y.shape[1:] != sequences.values.shape[1:2]:
        raise ShapeError(
            where, f"shape {y.shape}", f"[N, T] of {sequences.values.shape[1]} steps, or a list"
        )
    rows = []
    for n, (row, steps) in enumerate(zip(y, sequences.lengths, strict=True)):
        row = row[:steps] if whole else row
        if not hasattr(row, "__len__") or isinstance(row, str | dict):
            raise ShapeError(f"{where}[{n}]", f"found {row!r}", "a label for each step")
        if len(row) != steps:
            raise ShapeError(f"{where}[{n}]", f"{len(row)} labels for {steps} steps", "one each")
        if not read[n, :steps].all():
            row = [label for label, known in zip(row, read[n], strict=False) if known]
        rows.append(check_labels(row, len(row), f"{where}[{n}]"))
        if rows[-1].ndim != 1:
            raise ShapeError(f"{where}[{n}]", f"shape {rows[-1].shape}", "one label for each step")
    kinds = {_KINDS[row.dtype.kind] for row in rows if len(row)}
    if len(kinds) != 1:
        found = f"labels of several kinds: {', '.join(sorted(kinds))}" if kinds else "no label"
        raise DataError(where, found, "one kind for all")
    flat = np.concatenate([row for row in rows if len(row)])
    known = np.unique(flat) if classes is None else classes
    index = label_indices(flat, known)
    if (index < 0).any():
        strange = flat[index < 0][0].item()
        raise DataError(where, f"label {strange!r}", f"one of the classes {known.tolist()}")
    found = np.zeros(read.shape, np.int64)
    found[read] = index
    return found, known


_KINDS = {"U": "text", "b": "boolean", "i": "number", "u": "number", "f": "number"}


def label_indices(labels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Where each label stands in the sorted `classes`; -1 where it is none of them."""
    if (labels.dtype.kind == "U") != (classes.dtype.kind == "U"):
        return np.full(len(labels), -1)
    index = np.searchsorted(classes, labels).clip(max=len(classes) - 1)
    return np.where(classes[index] == labels, index, -1)


def class_tensors(classes: np.ndarray) -> dict[str, np.ndarray]:
    """Class labels as arrays for a model file."""
    if classes.dtype.kind == "U":
        packed = pack_strings(classes.tolist())
        return {f"classes.{name}": array for name, array in packed.items()}
    return {"classes.values": classes}


def classes_from(tensors: Mapping[str, np.ndarray]) -> np.ndarray:
    """The class labels that `class_tensors` packed; `BundleError` if they are missing."""
    if "classes.values" in tensors:
        classes = tensors["classes.values"]
    else:
        packed = {name: tensors[f"classes.{name}"] for name in ("bytes", "offsets")
                  if f"classes.{name}" in tensors}  # fmt: skip
        strings = unpack_strings(packed, "class labels")
        check_widths(strings, "class labels")
        classes = np.array(strings, dtype=str)
    if classes.ndim != 1 or len(classes) == 0:
        raise BundleError("class labels", f"shape {classes.shape}", "save the model again")
    return classes


def check_numbers(
    y: Any,
    sequences: Sequences,
    per_step: bool = False,
    where: str = "y",
    counted: np.ndarray | None = None,
) -> np.ndarray:
    """Numbers to be predicted, for each sequence or for each step.

    Args:
        y: `[N]` or `[N, K]`. With `per_step`: `[N, T]` or `[N, T, K]`, or a list of `[T_i]` or
            `[T_i, K]`; nothing past a sequence's length is read.
        sequences: X, checked.
        per_step: Whether a target belongs to each step.
        where: What messages call y.
        counted: Which sequences count `[N]`, or which steps `[N, T]`; None: all. Nothing that does
            not count is read: it may be NaN, and zero takes its place.

    Returns:
        float64 of y's rank; per step `[N, T]` or `[N, T, K]`, zero past each length.

    Raises:
        ShapeError: Another number of targets or steps, or another rank.
        DataError: A value is NaN, infinite, or beyond float32's range.
    """
    if per_step:
        return _check_steps(y, sequences, where, counted=counted)
    y = plain_rows(y, where)
    numbers = _floats(y, where, "one target a sequence; for one a step set per_step=True")
    _check_count(numbers, len(sequences), where, "targets")
    if numbers.ndim not in (1, 2) or 0 in numbers.shape[1:]:
        raise ShapeError(
            where, f"shape {numbers.shape}", "targets [N] or [N, K]; for steps set per_step=True"
        )
    if counted is not None:
        numbers[~counted] = 0
    _check_finite(numbers, where)
    return numbers


def _check_steps(
    y: Any,
    sequences: Sequences,
    where: str,
    what: str = "target",
    counted: np.ndarray | None = None,
) -> np.ndarray:
    y = plain_rows(y, where)
    _check_count(y, len(sequences), where, f"{what}s")
    length = sequences.values.shape[1]
    full = isinstance(y, np.ndarray) and y.dtype != object
    padded: np.ndarray | None = None
    for n, steps in enumerate(sequences.lengths):
        row = _floats(y[n], f"{where}[{n}]", f"a {what} for each step")
        if row.ndim not in (1, 2) or len(row) != (length if full else steps):
            raise ShapeError(
                f"{where}[{n}]",
                f"shape {row.shape} for a sequence of {length if full else steps} steps",
                f"one {what} for each step: [T_i]" + (" or [T_i, K]" if what == "target" else ""),
            )
        row = row[:steps]
        if counted is not None:
            row[~np.broadcast_to(counted[n], length)[:steps]] = 0
        _check_finite(row, f"{where}[{n}]")
        if padded is None:
            padded = np.zeros((len(sequences), length, *row.shape[1:]))
        if row.shape[1:] != padded.shape[2:]:
            raise ShapeError(
                f"{where}[{n}]", f"shape {row.shape}", f"as {where}[0]: {padded.shape[2:]} a step"
            )
        padded[n, :steps] = row
    assert padded is not None  # there is at least one sequence
    return padded


def check_weight(
    sample_weight: Any, sequences: Sequences, per_step: bool = False
) -> np.ndarray | None:
    """How much each sequence counts; or each step of each, where a target belongs to each.

    Args:
        sample_weight: `[N]`; with `per_step` also `[N, T]`, or a list of `[T_i]`; finite, ≥ 0 and
            not all zero. Nothing past a sequence's length is read.
        sequences: X, checked.
        per_step: Whether a target belongs to each step.

    Returns:
        float64 `[N]`, or `[N, T]` with zeros past each length; None stays None.

    Raises:
        ShapeError: Another number of weights.
        DataError, ArgumentError: A weight is outside its range.
    """
    if sample_weight is None:
        return None
    rows, where = len(sequences), "sample_weight"
    given = plain_rows(sample_weight, where)
    if per_step and _has_rows(given):
        weight = _check_steps(given, sequences, where, "weight")
        if weight.ndim != 2:
            raise ShapeError(where, f"shape {weight.shape}", "one weight for each step: [N, T]")
    else:
        expected = f"[{rows}], one for each sequence"
        if per_step:
            expected += "; or one for each step: [N, T], or a list of [T_i]"
        weight = _floats(given, where, expected)
        if weight.shape != (rows,):
            only = "" if per_step or weight.ndim != 2 else " (weights of steps need per_step=True)"
            raise ShapeError(where, f"shape {weight.shape}{only}", expected)
    if not np.isfinite(weight).all() or (weight < 0).any() or not weight.any():
        raise ArgumentError(
            where, "a negative or non-finite value, or zeros only", "finite numbers ≥ 0"
        )
    return weight


def plain_rows(y: Any, where: str = "y") -> Any:
    """Frames, series, tensors and sparse arrays as arrays, so that rows are taken by their place.

    Raises:
        ShapeError: Nothing is given, or what can be read only once.
    """
    if y is None:
        raise ShapeError(where, "is not given", "something for each sequence")
    if hasattr(y, "__next__"):
        raise ShapeError(where, f"found a {type(y).__name__}", f"a list: list({where})")
    if hasattr(y, "toarray"):
        return y.toarray()
    if isinstance(y, list | tuple | np.ndarray) or not hasattr(y, "__array__"):
        return y
    return _array(y, where)


def column_names(y: Any) -> tuple[str, ...] | None:
    """The columns of a frame of labels or numbers; None of anything else, or where they have none.

    >>> column_names([[0, 1]]) is None
    True
    """
    columns = getattr(y, "columns", None)
    if columns is None or callable(columns) or len(getattr(y, "shape", ())) != 2:
        return None
    names = list(columns)
    named = names and all(isinstance(name, str) for name in names)
    return tuple(names) if named else None


def in_order_of(names: Sequence[str] | None, y: Any, where: str = "y") -> Any:
    """A frame of several labels or numbers with its columns in this order; all else as it is.

    Args:
        names: What the columns are called; None: nobody knows.
        y: The targets.
        where: What messages call y.

    Raises:
        DataError: The columns have other names, or one has two.
    """
    if isinstance(y, ListedLabels):
        return y if names is None else y.of(names, where)
    found = column_names(y)
    if names is None or found is None or found == tuple(names) or len(found) < 2:
        return y
    if sorted(found) != sorted(names):
        raise DataError(
            where,
            f"found the columns {quoted(found)}",
            f"{quoted(names)}, as were learnt; without names columns go by their place",
        )
    return y[list(names)]


def is_column(y: Any) -> bool:
    """Whether y is `[N, 1]`: one label a sequence, written as a column."""
    try:
        return np.shape(y)[1:] == (1,)
    except ValueError:  # rows of several lengths
        return False


def _has_rows(given: Any) -> bool:
    """Whether this is no flat list of numbers, but has something for each sequence."""
    if isinstance(given, np.ndarray) and given.dtype != object:
        return given.ndim > 1
    return hasattr(given, "__len__") and any(hasattr(row, "__len__") for row in given)


def _array(y: Any, where: str) -> np.ndarray:
    try:
        return np.asarray(y)
    except ValueError as error:  # lists of several lengths
        found = "rows of several lengths" if "inhomogeneous" in str(error) else str(error)
        expected = "one label each, or several labels as 0 and 1 [N, L]"
        raise ShapeError(where, found, expected) from error
    except (TypeError, RuntimeError) as error:
        raise ShapeError(where, f"does not form an array ({error})", "one label each") from error


def _floats(y: Any, where: str, expected: str) -> np.ndarray:
    """As float64; what only looks like numbers (text, times, complex ones) is an error."""
    try:
        array = np.asarray(y)
        if array.dtype.kind in "fiub":
            return array.astype(np.float64, order="C")  # a copy: sums have the same bits
        if array.dtype == object and not any(isinstance(one, str | bytes) for one in array.flat):
            return array.astype(np.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ShapeError(where, f"does not form numbers ({error})", expected) from error
    kind = "text" if array.dtype.kind in "OUS" else str(array.dtype)
    raise ShapeError(where, f"found {kind}, no numbers", expected)


def _check_count(y: Any, sequences: int, where: str, what: str) -> None:
    try:
        found = len(y)
    except TypeError as error:
        raise ShapeError(where, f"found {y!r}", f"{what}, one for each sequence") from error
    if found != sequences:
        raise ShapeError(
            where, f"y has {found} {what}, X {sequences} sequences", "one for each sequence"
        )


def _check_finite(numbers: np.ndarray, where: str) -> None:
    usable = np.abs(numbers) <= np.finfo(np.float32).max
    if not usable.all():
        place = np.argwhere(~usable)[0]
        raise DataError(
            f"{where}[{', '.join(map(str, place))}]",
            f"found {numbers[tuple(place)]}",
            "finite float32 numbers; leave out or fill what is missing",
        )
