"""The checks that the torch operators make before they compute."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from elman.errors import ArgumentError, ShapeError
from elman.kernels.check import check_placed, check_rates
from elman.kernels.contract import Noise, Recurrence, Tokens, Weights
from elman.operators.loop import real_steps
from elman.state import describe

__all__ = ["check_arrays", "check_noise", "check_range", "check_time", "check_tokens"]


def check_arrays(
    recurrence: Recurrence,
    weights: Any,
    inputs: Any,
    state: Any,
    axes: tuple[str, ...],
    second_bias: Any = None,
    checked: bool = False,
) -> None:
    """Check inputs (with the leading `axes`), state (None is fine) and weights against each other.

    The weights are not compared among themselves if they were `checked` before.

    Raises:
        ShapeError: One has another rank, size, dtype or device.
        ArgumentError: The weights' type does not fit the recurrence.
    """
    if not isinstance(recurrence, Recurrence):
        raise ArgumentError("recurrence", f"found {recurrence!r}", "use one of elman.recurrences")
    kind = recurrence.weights_type
    if not isinstance(weights, kind):
        raise ArgumentError(
            "weights", f"found {type(weights).__name__} for {recurrence}", f"use {kind.__name__}"
        )
    features = weights.weight_ih.shape[1]
    if not isinstance(inputs, Tensor) or inputs.ndim != len(axes) + 1:
        wanted = ", ".join([*axes, str(features)])
        raise ShapeError("inputs", f"found {_found(inputs)}", f"give a tensor [{wanted}]")
    _check(inputs, "inputs", inputs, (*inputs.shape[:-1], features))
    if checked:
        _check(inputs, "weights.weight_ih", weights.weight_ih, weights.weight_ih.shape)
    else:
        _check_weights(recurrence, weights, inputs, second_bias)
    if state is not None:
        _check_state(recurrence, weights, inputs, state, inputs.shape[axes.index("B")])


def check_time(inputs: Tensor, lengths: Any, resets: Any, time_first: bool = False) -> None:
    """Check `lengths` and `resets` against the inputs `[B, T, ...]`, or `[T, B, ...]`.

    The lengths' values are left to `check_range`, or to who reads them.

    Raises:
        ShapeError: They have another shape, dtype or device.
    """
    if lengths is None and resets is None:
        return
    steps, batch = inputs.shape[:2] if time_first else inputs.shape[1::-1]
    if resets is not None:
        fits = resets.shape == (batch, steps) and resets.device == inputs.device
        if not fits or resets.dtype != torch.bool:
            wanted = f"give booleans of shape ({batch}, {steps}) on {inputs.device}"
            raise ShapeError("resets", f"found {_found(resets)}", wanted)
    if lengths is None:
        return
    if lengths.shape != (batch,) or lengths.is_floating_point() or lengths.dtype == torch.bool:
        raise ShapeError(
            "lengths", f"found {_found(lengths)}", f"give integers of shape ({batch},)"
        )


def check_range(lengths: Tensor | None, steps: int) -> None:
    """Check that each of the `lengths [B]` is in 0…steps.

    Not where torch compiles: reading the values would break the graph.

    Raises:
        ArgumentError: One is not.
    """
    if lengths is None or torch.compiler.is_compiling():
        return
    wrong = ((lengths < 0) | (lengths > steps)).nonzero().flatten().tolist()
    if wrong:
        raise ArgumentError(
            f"lengths[{wrong[0]}]",
            f"found {int(lengths[wrong[0]])}",
            f"give steps from 0 to {steps}",
        )


def check_noise(
    recurrence: Recurrence, inputs: Tensor, noise: Noise | None, time_first: bool = False
) -> Noise | None:
    """Check the noise of a call with inputs `[B, T, I]`, or `[T, B, I]`.

    Returns:
        None where it would change nothing.

    Raises:
        ShapeError: Keys or steps are not `[B]` int64 on the inputs' device.
        ArgumentError: As `elman.kernels.check.check_rates`.
    """
    if noise is None:
        return None
    check_rates(recurrence, noise)
    batch = inputs.shape[1 if time_first else 0]
    wanted = f"give int64 of shape ({batch},) on {inputs.device}"
    for name in ("keys", "steps"):
        array = getattr(noise, name)
        if array is None:
            continue
        fits = array.shape == (batch,) and array.device == inputs.device
        if not fits or array.dtype != torch.int64:
            raise ShapeError(f"noise.{name}", f"found {_found(array)}", wanted)
    return noise if noise.acts else None


def check_tokens(tokens: Tokens, lengths: Any) -> Tensor:
    """Check ids `[B, T]` against the embedding; errors of the lengths as `check_time`.

    Returns:
        The ids as int64, 0 where they are not read.

    Raises:
        ShapeError: Ids or embedding have another rank, dtype or device.
        ArgumentError: An id that is read is no row of the embedding.
    """
    ids, embedding = tokens
    if ids.ndim != 2 or ids.is_floating_point() or ids.dtype == torch.bool:
        raise ShapeError("inputs.ids", f"found {_found(ids)}", "give integers [B, T]")
    if embedding.ndim != 2 or embedding.device != ids.device:
        wanted = f"give a matrix [V, I] on {ids.device}"
        raise ShapeError("inputs.embedding", f"found {_found(embedding)}", wanted)
    check_time(ids, lengths, None)
    check_range(lengths, ids.shape[1])
    if lengths is not None:
        lengths = lengths.to(ids.device, torch.int64)
        ids = ids.masked_fill(~real_steps(lengths, ids.shape[1]), 0)
    if not torch.compiler.is_compiling():
        wrong = ((ids < 0) | (ids >= len(embedding))).nonzero().tolist()
        if wrong:
            row, step = wrong[0]
            raise ArgumentError(
                f"inputs.ids[{row}, {step}]",
                f"found {int(ids[row, step])}",
                f"give ids from 0 to {len(embedding) - 1}",
            )
    return ids.to(torch.int64)


def _check_weights(
    recurrence: Recurrence, weights: Weights, inputs: Tensor, second_bias: Any
) -> None:
    shapes = recurrence.weight_shapes(recurrence.sizes(weights))
    for name, weight in zip(weights._fields, weights, strict=True):
        if weight is not None:
            check_placed(recurrence, name, shapes)
            _check(inputs, f"weights.{name}", weight, shapes[name])
    if second_bias is not None:
        _check(inputs, "second_bias", second_bias, weights.bias.shape)
        if getattr(weights, "recurrent_bias", None) is not None:
            raise ArgumentError("second_bias", "found one beside a recurrent bias", "give either")


def _check_state(
    recurrence: Recurrence, weights: Weights, inputs: Tensor, state: Any, batch: int
) -> None:
    kind = recurrence.state_type
    if not isinstance(state, kind):
        raise ShapeError("state", f"found {describe(state)}", f"give {kind.__name__}")
    for name, size in recurrence.state_sizes(recurrence.sizes(weights)).items():
        _check(inputs, f"state.{name}", getattr(state, name), (batch, size))


def _check(inputs: Tensor, where: str, tensor: Tensor, shape: tuple[int, ...]) -> None:
    """Raise unless `tensor` has this shape and the dtype and device of the inputs."""
    if tensor.shape != shape or tensor.device != inputs.device:
        raise ShapeError(where, f"found {_found(tensor)}", f"give {shape} on {inputs.device}")
    if tensor.dtype != inputs.dtype and not torch.is_autocast_enabled(inputs.device.type):
        raise ShapeError(where, f"found {_found(tensor)}", f"give {inputs.dtype}, as the inputs")


def _found(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"{value.dtype} of shape {tuple(value.shape)} on {value.device}"
    return type(value).__name__
