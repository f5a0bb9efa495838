"""The compiled twin of `elman.kernels.reference`; so far for the simple cell.

The kernels exist for several instruction sets; the most capable one that this machine has runs.
The environment variable `ELMAN_ISA` (generic, avx2 or avx512) asks for another one.

A row's sums are taken in an order that depends on its sizes only. So `forward` and `step` give
a row the same bits alone, in any batch, padded, and however its sequence was cut.

>>> import numpy as np
>>> from elman.kernels.contract import RNNWeights, Simple
>>> weights = RNNWeights(np.array([[1.0]]), np.array([[1.0]]), np.array([0.0]))
>>> sums = forward(Simple("relu"), weights, np.array([[[1.0], [2.0], [3.0]]]))
>>> sums.outputs.ravel().tolist()
[1.0, 3.0, 6.0]
>>> backward(sums.tape, np.array([[[0.0], [0.0], [1.0]]])).inputs.ravel().tolist()
[1.0, 1.0, 1.0]
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from elman.errors import ArgumentError
from elman.kernels.check import Call, check_call, check_gradients, check_step, check_weights
from elman.kernels.contract import Forward, Gradients, Recurrence, RNNWeights, Simple, Weights
from elman.state import RNNState

try:
    from elman import _native
except ImportError:  # a source tree that was not installed
    _native = None

__all__ = [
    "available_isas",
    "backward",
    "dense",
    "forward",
    "isa",
    "lacks",
    "simple_backward",
    "simple_forward",
    "step",
    "supports",
]

_MISSING = "the compiled module elman._native is missing (install Elman: pip install .)"


def isa() -> str | None:
    """The instruction set that runs: generic, avx2 or avx512; None without a compiled module."""
    return None if _native is None else _native.isa()


def available_isas() -> tuple[str, ...]:
    """The instruction sets that this machine can run, the most capable last."""
    return () if _native is None else _native.available_isas()


def _choose_isa(name: str | None) -> None:
    """Follow the environment variable `ELMAN_ISA`, if it is set."""
    if not name or _native is None:
        return
    if name not in available_isas():
        raise ArgumentError(
            "environment variable ELMAN_ISA",
            f"found {name!r}",
            f"this machine has {', '.join(available_isas())}; unset it to let Elman choose",
        )
    _native.use_isa(name)


_choose_isa(os.environ.get("ELMAN_ISA"))


class Tape(NamedTuple):
    """What `backward` needs. The arrays are the caller's own where they were fit: not copies."""

    recurrence: Simple
    weights: RNNWeights
    inputs: np.ndarray
    call: Call
    reverse: bool
    outputs: np.ndarray
    final_state: RNNState


def supports(recurrence: Recurrence, weights: Weights) -> str | None:
    """None if the compiled kernels can run these weights, else the reason why not.

    Raises:
        ShapeError, ArgumentError: The weights fit no implementation.
    """
    check_weights(recurrence, weights)
    return lacks(recurrence, weights)


def lacks(recurrence: Recurrence, weights: Weights) -> str | None:
    """As `supports`, for weights of any array library, which are not checked."""
    if _native is None:
        return _MISSING
    if not isinstance(recurrence, Simple):
        return f"the compiled kernels run the simple cell, not {type(recurrence).__name__}"
    if getattr(weights, "norm_ih", None) is not None:
        return "the compiled kernels have no layer normalisation"
    return None


def forward(
    recurrence: Recurrence,
    weights: Weights,
    inputs: Float[np.ndarray, "B T I"],
    initial_state: Any = None,
    *,
    lengths: Int[np.ndarray, "B"] | None = None,
    resets: Bool[np.ndarray, "B T"] | None = None,
    reverse: bool = False,
    keep: bool = True,
) -> Forward:
    """Run whole sequences; arguments and errors as `elman.kernels.reference.forward`.

    Raises:
        ArgumentError: Also where `supports` gives a reason.
    """
    call = check_call(recurrence, weights, inputs, initial_state, lengths, resets)
    simple, given = _supported(recurrence, weights)
    outputs, final = simple_forward(
        _project(given, inputs),
        given.weight_hh,
        call.initial_state.hidden,
        lengths=call.lengths,
        resets=call.resets,
        reverse=reverse,
        activation=simple.activation,
    )
    final_state = RNNState(final)
    tape = Tape(simple, given, inputs, call, reverse, outputs, final_state) if keep else None
    return Forward(outputs, final_state, tape)


def backward(
    tape: Any, grad_outputs: Float[np.ndarray, "B T R"], grad_final_state: Any = None
) -> Gradients:
    """Gradients by inputs, initial state and weights; as `elman.kernels.reference.backward`.

    Raises:
        ShapeError: A gradient has another shape or dtype than what it belongs to.
        ArgumentError: There is no tape.
    """
    if not isinstance(tape, Tape):
        raise ArgumentError("tape", f"found {type(tape).__name__}", "run forward with keep=True")
    check_gradients(tape.outputs, tape.final_state, grad_outputs, grad_final_state)
    weights, call = tape.weights, tape.call
    grad_final = (
        np.zeros_like(tape.final_state.hidden)
        if grad_final_state is None
        else grad_final_state.hidden
    )
    grad_projected, grad_initial, previous = simple_backward(
        tape.outputs,
        weights.weight_hh,
        call.initial_state.hidden,
        grad_outputs,
        grad_final,
        lengths=call.lengths,
        resets=call.resets,
        reverse=tape.reverse,
        activation=tape.recurrence.activation,
    )
    deltas = _by_rows(grad_projected)
    grad_weights = RNNWeights(
        deltas.T @ _by_rows(_zero_past(tape.inputs, call.lengths)),
        deltas.T @ _by_rows(previous),
        deltas.sum(0),
    )
    return Gradients(grad_projected @ weights.weight_ih, RNNState(grad_initial), grad_weights)


def step(
    recurrence: Recurrence, weights: Weights, inputs: Float[np.ndarray, "B I"], state: Any
) -> tuple[Float[np.ndarray, "B R"], Any]:
    """One step: the outputs and the new state, with the bits of `forward`. Errors as there."""
    check_step(recurrence, weights, inputs, state)
    simple, given = _supported(recurrence, weights)
    _, hidden = simple_forward(
        _project(given, inputs[:, None]),
        given.weight_hh,
        state.hidden,
        activation=simple.activation,
    )
    return hidden, RNNState(hidden)


def dense(
    inputs: Float[np.ndarray, "N K"],
    weight: Float[np.ndarray, "M K"],
    bias: Float[np.ndarray, "M"] | None = None,
) -> Float[np.ndarray, "N M"]:
    """Each row times weightᵀ, plus bias; a row has the same bits alone and in any batch.

    The arrays are of one dtype, float32 or float64.

    >>> dense(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), np.array([0.5]))
    array([[11.5]])
    """
    outputs = np.empty((inputs.shape[0], weight.shape[0]), inputs.dtype)
    _module().dense(_fit(inputs), _fit(weight), None if bias is None else _fit(bias), outputs)
    return outputs


def simple_forward(
    projected: Float[np.ndarray, "B T H"],
    weight_hh: Float[np.ndarray, "H H"],
    initial: Float[np.ndarray, "B H"],
    *,
    lengths: Int[np.ndarray, "B"] | None = None,
    resets: Bool[np.ndarray, "B T"] | None = None,
    reverse: bool = False,
    activation: str = "tanh",
) -> tuple[Float[np.ndarray, "B T H"], Float[np.ndarray, "B H"]]:
    """Outputs and final state of h(t) = activation(projected(t) + W_hh h(t-1)).

    The sequential part of the simple cell alone, without checks for people; for operators that
    take the products over all steps at once elsewhere.
    """
    outputs = np.empty(projected.shape, projected.dtype)
    final = np.empty(initial.shape, initial.dtype)
    _module().simple_forward(
        _fit(projected),
        _fit(weight_hh),
        _fit(initial),
        _fit_lengths(lengths),
        _fit_resets(resets),
        reverse,
        activation == "relu",
        outputs,
        final,
    )
    return outputs, final


def simple_backward(
    outputs: Float[np.ndarray, "B T H"],
    weight_hh: Float[np.ndarray, "H H"],
    initial: Float[np.ndarray, "B H"],
    grad_outputs: Float[np.ndarray, "B T H"],
    grad_final: Float[np.ndarray, "B H"],
    *,
    lengths: Int[np.ndarray, "B"] | None = None,
    resets: Bool[np.ndarray, "B T"] | None = None,
    reverse: bool = False,
    activation: str = "tanh",
) -> tuple[Float[np.ndarray, "B T H"], Float[np.ndarray, "B H"], Float[np.ndarray, "B T H"]]:
    """What `simple_forward` with the same arguments leaves to do on the way back.

    Returns:
        The gradient by `projected`, the gradient by `initial`, and the state before each step:
        W_hh's gradient is the product of the first and the last over all rows and steps. Both
        are zero past a row's length.
    """
    grad_projected = np.empty(outputs.shape, outputs.dtype)
    grad_initial = np.empty(initial.shape, initial.dtype)
    previous = np.empty(outputs.shape, outputs.dtype)
    _module().simple_backward(
        _fit(outputs),
        _fit(weight_hh),
        _fit(initial),
        _fit_lengths(lengths),
        _fit_resets(resets),
        reverse,
        activation == "relu",
        _fit(grad_outputs),
        _fit(grad_final),
        grad_projected,
        grad_initial,
        previous,
    )
    return grad_projected, grad_initial, previous


def _supported(recurrence: Recurrence, weights: Weights) -> tuple[Simple, RNNWeights]:
    reason = lacks(recurrence, weights)
    if reason is not None:
        raise ArgumentError("recurrence", reason, "use elman.kernels.reference")
    return recurrence, weights  # pyright: ignore[reportReturnType]


def _module() -> Any:
    if _native is None:
        raise ArgumentError("elman.kernels.native", _MISSING, "use elman.kernels.reference")
    return _native


def _project(weights: RNNWeights, inputs: np.ndarray) -> np.ndarray:
    """W_ih x + b for all rows and steps."""
    batch, time, _ = inputs.shape
    rows = dense(_by_rows(inputs), weights.weight_ih, weights.bias)
    return rows.reshape(batch, time, rows.shape[1])


def _by_rows(array: np.ndarray) -> np.ndarray:
    """`[B, T, N]` as a matrix `[B·T, N]`."""
    batch, time, features = array.shape
    return array.reshape(batch * time, features)


def _zero_past(inputs: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Zeros past each length: NaN there would spread through a product with zero."""
    time = inputs.shape[1]
    if (lengths == time).all():
        return inputs
    read = np.arange(time) < lengths[:, None]
    return np.where(read[..., None], inputs, inputs.dtype.type(0))


def _fit(array: np.ndarray) -> np.ndarray:
    """The array itself if it is dense and row-major, else such a copy."""
    return np.ascontiguousarray(array)


def _fit_lengths(lengths: np.ndarray | None) -> np.ndarray | None:
    return None if lengths is None else np.ascontiguousarray(lengths, np.int64)


def _fit_resets(resets: np.ndarray | None) -> np.ndarray | None:
    return None if resets is None else np.ascontiguousarray(resets)
