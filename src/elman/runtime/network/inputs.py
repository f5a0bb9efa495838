"""What a network is given, checked against its blueprint."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from elman.blueprint import Blueprint, Embedding, Words
from elman.errors import ArgumentError, ShapeError
from elman.runtime.network.cells import real_steps
from elman.runtime.network.flow import Flow
from elman.state import batch_size, describe, map_leaves

__all__ = ["check_state", "fitting_given", "sequences", "vectors"]


def sequences(blueprint: Blueprint, chain: str, inputs: Any, lengths: Any) -> Flow:
    """What a chain reads step by step, zero where no step is real.

    Raises:
        ShapeError: Rank, dtype or number of features do not fit, or a length is outside 0…T.
        ArgumentError: A token id is outside its range.
    """
    first = blueprint.chains[chain][0]
    values = np.asarray(inputs)
    if isinstance(first, Embedding):
        _check_layout(values, "token ids [B, T]", 2, "iu")
    elif isinstance(first, Words):
        wide = 1 + first.letters
        _check_layout(values, f"words as codes [B, T, {wide}]", 3, "iu", wide)
    else:
        size = blueprint.input_size
        _check_layout(values, f"numbers [B, T, {size}]", 3, "iufb", size)
        values = values.astype(np.float32, copy=False)
    lengths = _lengths(lengths, *values.shape[:2])
    real = real_steps(lengths, values.shape[1])
    values = np.where(
        real.reshape(real.shape + (1,) * (values.ndim - 2)), values, values.dtype.type(0)
    )
    if isinstance(first, Embedding):
        _check_ids(values, first.vocabulary)
    if isinstance(first, Words):
        _check_ids(values[..., 0], first.vocabulary)
        if first.letters:
            _check_ids(values[..., 1:].max(axis=-1), first.characters)
    return Flow(values, lengths)


def vectors(features: int | None, source: Any) -> Float[np.ndarray, "B I"]:
    """Vectors that a network writes from; `ShapeError` if they are none."""
    values = np.asarray(source)
    _check_layout(values, f"numbers [B, {features}]", 2, "iufb", features)
    return values.astype(np.float32, copy=False)


def fitting_given(blueprint: Blueprint, flow: Flow, given: Any) -> np.ndarray | None:
    """What is given for the steps, if it is what the network needs."""
    size, found = blueprint.given, None if given is None else np.asarray(given)
    if not size and found is None:
        return None
    wanted = (*flow.values.shape[:2], size)
    if found is None or not size or found.shape != wanted or found.dtype.kind not in "iuf":
        said = None if found is None else f"{found.dtype} of shape {found.shape}"
        raise ShapeError("given", f"found {said}", f"{wanted if size else 'None'}")
    return found.astype(np.float32, copy=False)


def check_state(state: Any, like: Any, batch: int) -> Any:
    """`state` if it is made as `like` is (of any number of rows), with a row for each input."""
    if _layout(state) != _layout(like):
        wanted = map_leaves(lambda leaf: np.zeros((batch, *leaf.shape[1:]), leaf.dtype), like)
        raise ShapeError("state", f"found {describe(state)}", f"give {describe(wanted)}")
    rows = batch_size(state)
    if rows != batch:
        raise ShapeError("state", f"found {rows} rows for {batch} inputs", "as many of both")
    return state


def _check_layout(
    values: np.ndarray, layout: str, rank: int, kinds: str, features: int | None = None
) -> None:
    fits = values.ndim == rank and values.dtype.kind in kinds
    if not fits or (features is not None and values.shape[-1] != features):
        raise ShapeError(
            "inputs", f"found {values.dtype} of shape {values.shape}", f"give {layout}"
        )


def _check_ids(ids: np.ndarray, vocabulary: int) -> None:
    wrong = (ids < 0) | (ids >= vocabulary)
    if wrong.any():
        row, step = np.argwhere(wrong)[0]
        raise ArgumentError(
            f"inputs[{row}, {step}]",
            f"found token id {ids[row, step]}",
            f"give ids from 0 to {vocabulary - 1}",
        )


def _lengths(lengths: Any, batch: int, steps: int) -> np.ndarray:
    if lengths is None:
        return np.full(batch, steps, np.int64)
    found = np.asarray(lengths)
    if found.shape != (batch,) or found.dtype.kind not in "iu":
        raise ShapeError(
            "lengths", f"found {found.dtype} of shape {found.shape}", f"give integers [{batch}]"
        )
    if batch and (found.min() < 0 or found.max() > steps):
        row = int(np.argmax((found < 0) | (found > steps)))
        raise ShapeError(
            f"lengths[{row}]", f"found {found[row]}", f"give lengths from 0 to {steps}"
        )
    return found.astype(np.int64, copy=False)


def _layout(state: Any) -> Any:
    """A state's structure and sizes, without its rows."""
    if isinstance(state, tuple):
        return type(state).__name__, *map(_layout, state)
    return getattr(state, "shape", None) and state.shape[1:]
