"""A batch of sequences as one padded array and its lengths, and the checker that makes it.

Letters: N sequences, T steps of the longest one, I features, V token ids.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from elman.errors import ArgumentError, DataError, ShapeError
from elman.parameters import whole_number
from elman.printable import quoted

__all__ = ["Sequences", "arranged", "as_sequences", "check_ids", "padded", "warn_of_axes"]


@dataclass(frozen=True, eq=False)
class Sequences:
    """Sequences of any lengths: of the same features, or of token ids.

    Attributes:
        values: Features float32 `[N, T, I]`, finite; or token ids int64 `[N, T]`, none negative.
            Zero past each sequence's length.
        lengths: int64 `[N]`, each in 0…T.
        names: Of the I features, where they have some: columns of a table or of frames.
    """

    holds: ClassVar[str] = "token ids"
    """What sequences of no features hold, in words."""
    instead: ClassVar[str] = "features, or ids where ids are asked for"
    """What is said where features are needed."""

    values: np.ndarray
    lengths: np.ndarray
    names: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def features(self) -> int | None:
        """Number of features I; None of token ids."""
        return None if self.values.ndim == 2 else self.values.shape[2]

    @property
    def ragged(self) -> bool:
        """Whether some sequence is shorter than T."""
        return bool((self.lengths != self.values.shape[1]).any())

    @property
    def unit(self) -> str:
        """What `sizes` counts."""
        return "step"

    @property
    def sizes(self) -> np.ndarray:
        """How long each is, for a report: int64 `[N]`."""
        return self.lengths

    @property
    def real(self) -> np.ndarray:
        """Which steps are no padding: bool `[N, T]`."""
        return np.arange(self.values.shape[1]) < self.lengths[:, None]

    def by_step(self) -> Sequences:
        """Every real step as a sequence of its own."""
        values = self.values[self.real][:, None]
        return replace(self, values=values, lengths=np.ones(len(values), dtype=np.int64))

    def select(self, rows: Any) -> Sequences:
        """The sequences at `rows` (indices, a slice or a mask `[N]`), padded to the same T."""
        return replace(self, values=self.values[rows], lengths=self.lengths[rows])

    def named(self, names: tuple[str, ...] | None, where: str = "X") -> Sequences:
        """The same with the features of these names in this order.

        Where either side has no names, everything stays as it is: order is all there is then.

        Raises:
            DataError: There are other features: the message names them.
        """
        if names is None or self.names is None or self.names == names:
            return self
        missing = [name for name in names if name not in self.names]
        foreign = [name for name in self.names if name not in names]
        if missing or foreign:
            parts = (("no", missing), ("besides", foreign))
            found = ", ".join(f"{word} {quoted(some)}" for word, some in parts if some)
            raise DataError(f"{where}, features", found, f"those that were learnt: {quoted(names)}")
        order = [self.names.index(name) for name in names]
        return replace(self, values=self.values[:, :, order], names=names)

    def rows(self) -> list[np.ndarray]:
        """Each sequence without its padding, `[T_i, I]` or ids `[T_i]`: views, not copies."""
        return [row[:length] for row, length in zip(self.values, self.lengths, strict=True)]

    def one(self, index: int) -> Any:
        """A single sequence, as a model takes it."""
        return self.values[index, : self.lengths[index]]

    def contents(self) -> Iterator[bytes]:
        """What is in each sequence, wherever it lies: alike for those that are alike."""
        for row in self.rows():
            content = np.ascontiguousarray(row, dtype=row.dtype.newbyteorder("<"))
            yield content.tobytes()

    def in_columns(self, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        """What the real steps hold, one sequence after the other, in columns by name.

        Args:
            names: Of the features; of token ids the column is `token`.
        """
        values = self.values[self.real]
        names = names if values.ndim == 2 else ("token",)
        found = zip(names, np.atleast_2d(values.T), strict=True)
        # The shortest text of a float32, not that of the float64 beside it.
        return {k: v.astype(str).astype(float) if v.dtype == np.float32 else v for k, v in found}

    def in_rows(self) -> dict[str, np.ndarray] | None:
        """What the sequences hold where each is a row of a table; None: a row is a step."""
        return None


def as_sequences(
    X: Any,
    *,
    features: int | None = None,
    ids: bool = False,
    vocabulary: int | None = None,
    where: str = "X",
) -> Sequences:
    """Check sequences in any accepted form and pad them to one array.

    A float32 array `[N, T, I]`, or one of int64 `[N, T]` for ids, is used as it is, not copied.

    >>> as_sequences([[1.0, 2.0, 3.0], [4.0]]).values[:, :, 0].tolist()
    [[1.0, 2.0, 3.0], [4.0, 0.0, 0.0]]
    >>> as_sequences([[5, 2], [7]], ids=True, vocabulary=8).values.tolist()
    [[5, 2], [7, 0]]

    Args:
        X: An array `[N, T, I]`; or a list (tuple, object array) of arrays `[T_i, I]`, where a
            flat `[T_i]` is a sequence of one feature and T_i may be 0; or a list of frames, whose
            columns are the features, matched by name; or `Sequences`. Of ids an array `[N, T]`, a
            list of `[T_i]`, or `Sequences`. Tensors of torch stand for arrays, and a
            `PackedSequence` for a list, in the order that it was packed in.
        features: The number of features that is needed; None takes what is found.
        ids: Whether X holds token ids instead of features; they are never guessed from a dtype.
        vocabulary: V: ids must be in 0…V - 1; None: 0 or more.
        where: What messages call X.

    Raises:
        ArgumentError: `features` is given for ids, or `vocabulary` for features.
        ShapeError: X is empty or not made of numbers, its rank is wrong, or the number of
            features is not the same everywhere or not `features`; or ids are no integers.
        DataError: A value is NaN, infinite or beyond float32, or an id outside the vocabulary:
            the message names its sequence, step and feature.
    """
    X = _without_torch(X, where)
    if ids or vocabulary is not None:
        _check_asked(features, ids, vocabulary)
        return _token_ids(X, vocabulary, where)
    if isinstance(X, Sequences):
        if X.features is None:
            raise ShapeError(where, f"found {X.holds}", X.instead)
        _check_features(X.features, features, where)
        return X
    if isinstance(X, list | tuple) or (isinstance(X, np.ndarray) and X.dtype == object and X.ndim):
        return _pad(list(X), features, where)
    array = _numbers(X, where)
    if array.ndim != 3:
        raise ShapeError(where, f"found an array of shape {array.shape}", _reshape_advice(array))
    _check_any(array, where)
    if features not in (None, array.shape[2]) and array.shape[1] == features:
        expected = (
            f"{features} features are needed; or, of [sequences, features, steps], axes='NIT'"
        )
        raise ShapeError(where, f"found {array.shape[2]} features", expected)
    _check_features(array.shape[2], features, where)
    values = _float32(array)
    if not np.isfinite(values).all():
        sequence, step, feature = np.argwhere(~np.isfinite(values))[0]
        raise _not_finite(where, sequence, step, feature, array[sequence, step, feature])
    return _whole(values)


def arranged(X: Any, axes: str | None, where: str = "X") -> Any:
    """An array X with its axes as `as_sequences` has them.

    >>> arranged(np.zeros((5, 3, 20)), "NIT").shape
    (5, 20, 3)

    Args:
        X: Sequences in any form: an array with three axes, or a list of arrays with two, is
            arranged.
        axes: "NTI" as it is, "NIT" with features before steps; None: as it is.
        where: What messages call X.

    Raises:
        ArgumentError: `axes` is something else; or None, and each sequence would be a single step
            of several features: more likely a single feature of several steps.
    """
    if axes is not None and (not isinstance(axes, str) or axes not in ("NTI", "NIT")):
        raise ArgumentError("axes", f"found {axes!r}", "'NTI' (steps before features) or 'NIT'")
    X = X if isinstance(X, Sequences) else _without_torch(X, where)
    if isinstance(X, list | tuple) and axes == "NIT":
        return [row.T if isinstance(row, np.ndarray) and row.ndim == 2 else row for row in X]
    if not isinstance(X, np.ndarray) or X.ndim != 3:
        return X
    if axes == "NIT":
        return X.transpose(0, 2, 1)
    if axes is None and X.shape[1] == 1 < X.shape[2]:
        raise ArgumentError(
            "axes",
            f"not told, and X has the shape {X.shape}",
            f"'NIT' for one feature of {X.shape[2]} steps, 'NTI' for one step of "
            f"{X.shape[2]} features",
        )
    return X


def warn_of_axes(X: Any, axes: str | None) -> None:
    """Warn of an array X with fewer steps than features where nobody said which are which."""
    if axes is None and isinstance(X, np.ndarray) and X.ndim == 3 and 1 < X.shape[1] < X.shape[2]:
        steps, features = X.shape[1:]
        warnings.warn(
            f"X of shape {X.shape} is read as sequences of {steps} steps with {features} features "
            f"each. If they are {steps} features over {features} steps, say axes='NIT'; "
            "axes='NTI' says that it is right.",
            UserWarning,
            stacklevel=2,
        )


def _without_torch(X: Any, where: str) -> Any:
    """X with arrays for tensors; torch is not loaded for it."""
    if hasattr(X, "batch_sizes") and hasattr(X, "unsorted_indices"):
        return _unpacked(X, where)
    if isinstance(X, list | tuple):
        return [_array_of(row, where) if hasattr(row, "detach") else row for row in X]
    return _array_of(X, where) if hasattr(X, "detach") else X


def _array_of(tensor: Any, where: str) -> np.ndarray:
    """A tensor of torch as an array, wherever it is."""
    tensor = tensor.detach().cpu()
    if tensor.is_floating_point() and tensor.element_size() < 4:
        tensor = tensor.float()
    try:
        return tensor.numpy()
    except (TypeError, RuntimeError) as error:
        found = f"found a tensor that is no array ({error})"
        raise ShapeError(where, found, "a dense one") from error


def _unpacked(packed: Any, where: str) -> list[np.ndarray]:
    """The sequences of torch's `PackedSequence`, in the order that they were packed in."""
    data = _array_of(packed.data, where)
    sizes = _array_of(packed.batch_sizes, where)
    begins = np.cumsum(sizes) - sizes
    rows = [data[begins[: int((sizes > n).sum())] + n] for n in range(int(sizes[0]))]
    if packed.unsorted_indices is None:
        return rows
    return [rows[n] for n in _array_of(packed.unsorted_indices, where)]


def _pad(X: list[Any], features: int | None, where: str) -> Sequences:
    """A list of sequences as `Sequences`; see `as_sequences`."""
    _check_any(X, where)
    names = _columns_of(X[0])
    if names is not None:
        X = [_in_order(frame, names, f"{where}[{n}]") for n, frame in enumerate(X)]
    rows = [_row(row, f"{where}[{n}]") for n, row in enumerate(X)]
    # An empty list has no features of its own: it fits whatever the others have.
    widths = {row.shape[1]: n for n, row in reversed([*enumerate(rows)]) if row.shape[1]}
    if len(widths) > 1:
        (width, first), (other, second) = sorted(widths.items(), key=lambda item: item[1])[:2]
        raise ShapeError(
            where,
            f"sequence {first} has {width} features and sequence {second} has {other}",
            "the same features in every sequence",
        )
    width = next(iter(widths), features or 1)
    _check_features(width, features, where)
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    steps = np.concatenate([row.reshape(len(row), width) for row in rows])
    flat = _float32(steps)
    if not np.isfinite(flat).all():
        step, feature = np.argwhere(~np.isfinite(flat))[0]
        ends = np.cumsum(lengths)
        sequence = int(np.searchsorted(ends, step, side="right"))
        inside = step - (ends[sequence] - lengths[sequence])
        raise _not_finite(where, sequence, inside, feature, steps[step, feature])
    return replace(padded(flat, lengths), names=names)


def _columns_of(row: Any) -> tuple[str, ...] | None:
    """The names of a frame's columns; None of what is no frame."""
    columns = getattr(row, "columns", None)
    return None if columns is None else tuple(str(name) for name in columns)


def _in_order(frame: Any, names: tuple[str, ...], where: str) -> Any:
    """A frame's values with its columns in the order of these names."""
    found = _columns_of(frame)
    if found is None or sorted(found) != sorted(names) or len(set(found)) != len(found):
        shown = "no columns" if found is None else f"the columns {quoted(found)}"
        raise DataError(where, f"found {shown}", f"those of the first frame: {quoted(names)}")
    values = np.asarray(frame)
    return values[:, [found.index(name) for name in names]]


def padded(steps: np.ndarray, lengths: np.ndarray) -> Sequences:
    """All steps `[R, I]` or ids `[R]`, one sequence after the other, as `Sequences`."""
    inside = np.arange(int(lengths.max())) < lengths[:, None]
    values = np.zeros((*inside.shape, *steps.shape[1:]), dtype=steps.dtype)
    values[inside] = steps
    return Sequences(values, lengths)


def _whole(values: np.ndarray) -> Sequences:
    """An array in which every sequence has all steps, as `Sequences`."""
    return Sequences(values, np.full(len(values), values.shape[1], dtype=np.int64))


def _row(row: Any, where: str) -> np.ndarray:
    """One sequence as `[T_i, I]`; an empty list has I = 0."""
    if isinstance(row, np.ndarray) and row.dtype == object:
        row = row.tolist()
    array = _numbers(row, where)
    if array.ndim == 1:
        array = array[:, None] if len(array) else array.reshape(0, 0)
    if array.ndim != 2 or (len(array) and array.shape[1] == 0):
        raise ShapeError(
            where,
            f"found a sequence of shape {array.shape}",
            "each sequence as an array [steps, features], or [steps] for one feature",
        )
    return array


def _numbers(X: Any, where: str) -> np.ndarray:
    """`X` as an array of real numbers; None among them becomes NaN, which is an error later."""
    if X is None:
        raise ShapeError(where, "found None", "numbers; leave out what is missing")
    if hasattr(X, "toarray") and hasattr(X, "nnz"):
        found = f"found a sparse {type(X).__name__} of shape {tuple(X.shape)}"
        raise ShapeError(where, found, f"a dense array, as {where}.toarray() gives")
    if isinstance(X, np.ma.MaskedArray) and np.ma.getmaskarray(X).any():
        raise DataError(where, "found masked values", "fill or leave out what is missing")
    try:
        array = np.asarray(X)
        if (
            array.dtype == object
            and array.ndim
            and not any(isinstance(one, str | bytes) for one in array.flat)
        ):
            array = array.astype(np.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ShapeError(
            where,
            f"found a {type(X).__name__} that does not form an array ({error})",
            "rows of numbers, all of one length",
        ) from error
    if array.dtype.kind not in "fiub":
        raise ShapeError(
            where,
            f"found {array.dtype} of shape {array.shape}",
            "real numbers: an array [sequences, steps, features] or a list of arrays "
            "[steps, features]",
        )
    return array


def _float32(array: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):  # becomes inf, which the caller reports with its place
        return array.astype(np.float32, copy=False)


def _check_any(X: Any, where: str) -> None:
    if len(X) == 0:
        raise ShapeError(where, "found no sequences", "at least one")


def _check_asked(features: int | None, ids: bool, vocabulary: int | None) -> None:
    if features is not None:
        raise ArgumentError("features", "given for token ids", "leave it out")
    if not ids:
        raise ArgumentError("vocabulary", "given for features", "ids=True, or leave it out")
    if vocabulary is not None:
        whole_number("vocabulary", vocabulary, 1)


def _token_ids(X: Any, vocabulary: int | None, where: str) -> Sequences:
    """Token ids as `Sequences`; see `as_sequences`."""
    if isinstance(X, Sequences):
        if X.features is not None:
            raise ShapeError(where, f"found {X.features} features a step", "token ids")
        sequences = X
    elif isinstance(X, list | tuple) or (isinstance(X, np.ndarray) and X.dtype == object):
        _check_any(X, where)
        rows = [_ids(row, 1, f"{where}[{n}]") for n, row in enumerate(X)]
        sequences = padded(np.concatenate(rows), np.array([len(row) for row in rows]))
    else:
        values = _ids(X, 2, where)
        _check_any(values, where)
        sequences = _whole(values)
    check_ids(sequences, vocabulary, where)
    return sequences


def _ids(values: Any, rank: int, where: str) -> np.ndarray:
    """Whole numbers of this rank as int64; an empty list is a sequence without a step."""
    if isinstance(values, np.ndarray) and values.dtype == object:
        values = values.tolist()
    array = _numbers(values, where)
    if array.size == 0 and array.ndim == rank == 1:
        return np.zeros(0, dtype=np.int64)
    if array.ndim != rank or array.dtype.kind not in "iu":
        wanted = (
            "an array [sequences, steps], or a list of arrays [steps]," if rank == 2 else "[steps]"
        )
        raise ShapeError(
            where, f"found {array.dtype} of shape {array.shape}", f"token ids: {wanted} of integers"
        )
    if array.dtype.kind == "u" and array.size and array.max() > np.iinfo(np.int64).max:
        raise DataError(where, f"found token id {array.max()}", "ids below 2**63")
    return array.astype(np.int64, copy=False)


def check_ids(sequences: Sequences, vocabulary: int | None, where: str = "X") -> None:
    """Check token ids against a vocabulary of so many; None: only that none is negative.

    Raises:
        DataError: One is outside: the message names its sequence and step.
    """
    values = sequences.values
    wrong = values < 0 if vocabulary is None else (values < 0) | (values >= vocabulary)
    if wrong.any():
        sequence, step = np.argwhere(wrong)[0]
        raise DataError(
            f"{where}, sequence {sequence}, step {step}",
            f"found token id {values[sequence, step]}",
            "ids of 0 or more" if vocabulary is None else f"ids from 0 to {vocabulary - 1}",
        )


def _check_features(found: int, expected: int | None, where: str) -> None:
    if found == 0:
        raise ShapeError(where, "found 0 features", "at least one feature")
    if expected is not None and found != expected:
        raise ShapeError(where, f"found {found} features", f"{expected} features are needed")


def _reshape_advice(array: np.ndarray) -> str:
    expected = "an array [sequences, steps, features] or a list of arrays [steps, features]"
    if array.ndim == 2:
        return f"{expected}; for one feature pass X[:, :, None], for one sequence X[None]"
    if array.ndim == 1:
        return f"{expected}; for one sequence of one feature pass X[None, :, None]"
    return expected


def _not_finite(where: str, sequence: Any, step: Any, feature: Any, value: Any) -> DataError:
    return DataError(
        f"{where}, sequence {sequence}, step {step}, feature {feature}",
        f"found {value}",
        "finite float32 numbers; fill or remove what is missing, and give shorter sequences as "
        "a list of arrays instead of padding them",
    )
