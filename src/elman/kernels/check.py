"""The checks that every implementation of a recurrence makes before it computes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from elman.errors import ArgumentError, ShapeError
from elman.kernels.contract import Noise, Recurrence, State, Tokens, Weights
from elman.recurrences import Shapes, Sizes
from elman.state import describe

__all__ = [
    "Call",
    "check_call",
    "check_gradients",
    "check_noise",
    "check_placed",
    "check_rates",
    "check_step",
    "check_weights",
]

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


class Call(NamedTuple):
    """A checked call: nothing in it is None but `resets`."""

    sizes: Sizes
    initial_state: State
    lengths: np.ndarray  # [B] int64
    resets: np.ndarray | None  # [B, T] bool


def check_call(
    recurrence: Recurrence,
    weights: Any,
    inputs: np.ndarray | Tokens,
    initial_state: Any = None,
    lengths: np.ndarray | None = None,
    resets: np.ndarray | None = None,
    checked: bool = False,
) -> Call:
    """Check a whole sequence's arguments; None becomes zeros (state) or "all T" (lengths).

    The weights are left out if they were `checked` before.

    Raises:
        ShapeError: An array has another rank, size or dtype than the weights imply.
        ArgumentError: The weights' type or the set of given ones does not fit the recurrence, a
            length is outside 0…T, or an id that is read outside 0…V-1.
    """
    sizes = recurrence.sizes(weights) if checked else check_weights(recurrence, weights)
    dtype = weights.weight_ih.dtype
    batch, time = _sizes_of(inputs, ("B", "T"), sizes.inputs, dtype)
    lengths = _check_lengths(lengths, batch, time)
    if isinstance(inputs, Tokens):
        _check_ids(inputs, np.arange(time) < lengths[:, None])
    if initial_state is None:
        initial_state = recurrence.zero_state(sizes, lambda size: np.zeros((batch, size), dtype))
    else:
        _check_state("initial_state", recurrence, sizes, initial_state, batch, dtype)
    return Call(
        sizes,
        initial_state,
        lengths,
        _check_resets(resets, batch, time),
    )


def check_step(
    recurrence: Recurrence, weights: Any, inputs: np.ndarray | Tokens, state: Any
) -> Sizes:
    """Check one step's arguments; errors as `check_call`."""
    sizes = check_weights(recurrence, weights)
    dtype = weights.weight_ih.dtype
    (batch,) = _sizes_of(inputs, ("B",), sizes.inputs, dtype)
    if isinstance(inputs, Tokens):
        _check_ids(inputs, np.ones(batch, bool))
    _check_state("state", recurrence, sizes, state, batch, dtype)
    return sizes


def check_noise(recurrence: Recurrence, noise: Noise | None, batch: int) -> Noise | None:
    """Check the noise of a call with `batch` rows.

    Returns:
        None where it would change nothing.

    Raises:
        ShapeError: Keys or steps are not `[B]` int64.
        ArgumentError: As `check_rates`; or there are keys without steps or steps without keys.
    """
    if noise is None:
        return None
    check_rates(recurrence, noise)
    if noise.keys is not None:
        _check_array("noise.keys", noise.keys, (batch,), np.dtype(np.int64))
        _check_array("noise.steps", noise.steps, (batch,), np.dtype(np.int64))
    return noise if noise.acts else None


def check_rates(recurrence: Recurrence, noise: Noise) -> None:
    """Check what does not depend on the library that the arrays are of.

    Raises:
        ArgumentError: A rate is outside [0, 1), zoneout of a cell is asked of what has none, or
            one of keys and steps is missing.
    """
    for name in ("zoneout_hidden", "zoneout_cell", "recurrent_dropout"):
        rate = getattr(noise, name)
        if not 0 <= rate < 1:
            raise ArgumentError(f"noise.{name}", f"found {rate!r}", "give a probability in [0, 1)")
    if noise.zoneout_cell and not recurrence.has_cell:
        raise ArgumentError(
            "noise.zoneout_cell",
            f"found {noise.zoneout_cell} for {recurrence}",
            "give 0: only an LSTM has a cell",
        )
    if (noise.keys is None) != (noise.steps is None):
        missing = "keys" if noise.keys is None else "steps"
        raise ArgumentError(f"noise.{missing}", "found None", "give keys and steps, or neither")


def check_gradients(outputs: np.ndarray, state: State, grad_outputs: Any, grad_state: Any) -> None:
    """Check that gradients have the shapes and dtype of what they belong to.

    Raises:
        ShapeError: They have not.
    """
    _check_array("grad_outputs", grad_outputs, outputs.shape, outputs.dtype)
    if grad_state is None:
        return
    if type(grad_state) is not type(state):
        raise ShapeError(
            "grad_state",
            f"found {describe(grad_state)}",
            f"gradients of {describe(state)}",
        )
    for name, leaf, of in zip(state._fields, grad_state, state, strict=True):
        _check_array(f"grad_state.{name}", leaf, of.shape, of.dtype)


def check_weights(recurrence: Recurrence, weights: Any) -> Sizes:
    """Check the weights against the recurrence and each other.

    Raises:
        ShapeError: A weight has another rank, size or dtype.
        ArgumentError: Weights of another recurrence, or one too many or too few of them.
    """
    if not isinstance(recurrence, Recurrence):
        raise ArgumentError(
            "recurrence",
            f"found {recurrence!r}",
            "use one of elman.recurrences",
        )
    kind = recurrence.weights_type
    if not isinstance(weights, kind):
        raise ArgumentError(
            "weights",
            f"found {type(weights).__name__} for {recurrence}",
            f"use {kind.__name__}",
        )
    _check_given(recurrence, weights)
    sizes = _sizes(recurrence, weights)
    dtype: np.dtype = weights.weight_ih.dtype
    if dtype not in _FLOATS:
        raise ShapeError("weights.weight_ih", f"found dtype {dtype}", "use float32 or float64")
    shapes = recurrence.weight_shapes(sizes)
    for name, weight in zip(weights._fields, weights, strict=True):
        if weight is not None:
            check_placed(recurrence, name, shapes)
            _check_array(f"weights.{name}", weight, shapes[name], dtype)
    return sizes


def check_placed(recurrence: Recurrence, name: str, shapes: Shapes) -> None:
    """Check that a weight that is given has a place in the equations.

    Raises:
        ArgumentError: It has none.
    """
    if name not in shapes:
        raise ArgumentError(
            f"weights.{name}", f"found an array for {recurrence}", "give None: it has none"
        )


def _check_given(recurrence: Recurrence, weights: Weights) -> None:
    for name in weights._fields:
        if name not in weights._field_defaults and getattr(weights, name) is None:
            raise ArgumentError(f"weights.{name}", "found None", "give an array")
    norms = recurrence.optional.get("layer_norm", ())
    given = [name for name in norms if getattr(weights, name) is not None]
    if given and len(given) < len(norms):
        raise ArgumentError(
            "weights",
            f"found only {', '.join(given)}",
            f"give all of {', '.join(norms)} or none",
        )


def _sizes(recurrence: Recurrence, weights: Weights) -> Sizes:
    for name in ("weight_ih", "weight_hh"):
        if np.ndim(getattr(weights, name)) != 2:
            raise ShapeError(
                f"weights.{name}",
                f"found {_found(getattr(weights, name))}",
                "give a matrix",
            )
    rows = weights.weight_ih.shape[0]
    if rows == 0 or rows % recurrence.gates:
        raise ShapeError(
            "weights.weight_ih",
            f"found {rows} rows",
            f"a positive multiple of the {recurrence.gates} gates",
        )
    return recurrence.sizes(weights)


def _sizes_of(
    inputs: Any, axes: tuple[str, ...], features: int, dtype: np.dtype
) -> tuple[int, ...]:
    """The sizes of the inputs' leading axes, whatever they are; the last must be `features`."""
    if isinstance(inputs, Tokens):
        return _sizes_of_tokens(inputs, axes, features, dtype)
    if not isinstance(inputs, np.ndarray) or inputs.ndim != len(axes) + 1:
        wanted = ", ".join([*axes, str(features)])
        raise ShapeError("inputs", f"found {_found(inputs)}", f"give an array [{wanted}]")
    _check_array("inputs", inputs, (*inputs.shape[:-1], features), dtype)
    return inputs.shape[:-1]


def _sizes_of_tokens(
    tokens: Tokens, axes: tuple[str, ...], features: int, dtype: np.dtype
) -> tuple[int, ...]:
    ids, embedding = tokens
    integers = isinstance(ids, np.ndarray) and np.issubdtype(ids.dtype, np.integer)
    if not integers or ids.ndim != len(axes):
        wanted = f"give integers [{', '.join(axes)}]"
        raise ShapeError("inputs.ids", f"found {_found(ids)}", wanted)
    if not isinstance(embedding, np.ndarray) or embedding.ndim != 2:
        wanted = f"give a matrix [V, {features}]"
        raise ShapeError("inputs.embedding", f"found {_found(embedding)}", wanted)
    _check_array("inputs.embedding", embedding, (embedding.shape[0], features), dtype)
    return ids.shape


def _check_ids(tokens: Tokens, read: np.ndarray) -> None:
    """Raise if an id where `read` is true is no row of the embedding."""
    ids, rows = tokens.ids, tokens.embedding.shape[0]
    wrong = np.argwhere(read & ((ids < 0) | (ids >= rows)))
    if len(wrong):
        place = tuple(wrong[0].tolist())
        raise ArgumentError(
            f"inputs.ids[{', '.join(map(str, place))}]",
            f"found {ids[place]}",
            f"give ids from 0 to {rows - 1}",
        )


def _check_state(
    where: str, recurrence: Recurrence, sizes: Sizes, state: Any, batch: int, dtype: np.dtype
) -> None:
    kind = recurrence.state_type
    if not isinstance(state, kind):
        raise ShapeError(
            where, f"found {describe(state)}", f"give {kind.__name__} for {recurrence}"
        )
    for name, size in recurrence.state_sizes(sizes).items():
        _check_array(f"{where}.{name}", getattr(state, name), (batch, size), dtype)


def _check_lengths(lengths: Any, batch: int, time: int) -> np.ndarray:
    if lengths is None:
        return np.full(batch, time, np.int64)
    found = np.asarray(lengths)
    if found.shape != (batch,) or not np.issubdtype(found.dtype, np.integer):
        raise ShapeError("lengths", f"found {_found(found)}", f"give integers of shape ({batch},)")
    if batch and (found.min() < 0 or found.max() > time):
        row = int(np.argmax((found < 0) | (found > time)))
        raise ArgumentError(
            f"lengths[{row}]", f"found {found[row]}", f"give steps from 0 to {time}"
        )
    return found.astype(np.int64, copy=False)


def _check_resets(resets: Any, batch: int, time: int) -> np.ndarray | None:
    if resets is None:
        return None
    found = np.asarray(resets)
    if found.shape != (batch, time) or found.dtype != bool:
        raise ShapeError(
            "resets",
            f"found {_found(found)}",
            f"give booleans of shape ({batch}, {time})",
        )
    return found


def _check_array(where: str, array: Any, shape: tuple[int, ...], dtype: np.dtype) -> None:
    if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != dtype:
        raise ShapeError(where, f"found {_found(array)}", f"give {dtype} of shape {shape}")


def _found(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    return type(value).__name__
