"""The recurrences over time in plain NumPy: the specification.

Every other implementation is held against this one. It walks one step at a time, on the rows
that are read at that step; `equations` says what a step computes, `contract` what lengths,
resets and direction mean.

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

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from elman.errors import ArgumentError
from elman.kernels import equations
from elman.kernels.check import (
    check_call,
    check_gradients,
    check_noise,
    check_step,
    check_weights,
)
from elman.kernels.contract import (
    Forward,
    Gradients,
    Noise,
    Recurrence,
    State,
    Tokens,
    Weights,
)
from elman.kernels.noise import Masks, draw, enter, mix, mix_backward
from elman.state import leaves, map_leaves

__all__ = ["backward", "forward", "step", "step_backward", "supports"]


class Read(NamedTuple):
    """One step of reading: row `rows[k]` was read at its step `times[k]`."""

    rows: np.ndarray
    times: np.ndarray
    resets: np.ndarray | None  # [rows] the row's state became zero just before
    masks: Masks
    tape: Any


class Tape(NamedTuple):
    """What `backward` needs; weights and inputs are the caller's own arrays, not copies."""

    recurrence: Recurrence
    weights: Weights
    inputs: np.ndarray | Tokens
    outputs: np.ndarray
    final_state: State
    reads: list[Read]


def supports(recurrence: Recurrence, weights: Weights) -> str | None:
    """None: the specification runs every recurrence. Unfit weights raise as in `forward`."""
    check_weights(recurrence, weights)
    return None


def forward(
    recurrence: Recurrence,
    weights: Weights,
    inputs: Float[np.ndarray, "B T I"] | Tokens,
    initial_state: Any = None,
    *,
    lengths: Int[np.ndarray, "B"] | None = None,
    resets: Bool[np.ndarray, "B T"] | None = None,
    reverse: bool = False,
    noise: Noise | None = None,
    keep: bool = True,
) -> Forward:
    """Run whole sequences.

    Args:
        recurrence: What a step computes.
        weights: The contract's NamedTuple for it, float32 or float64.
        inputs: In the weights' dtype, or tokens; what stands past a row's length is never read.
        initial_state: `RNNState` or `LSTMState`; None means zeros.
        lengths: Steps to read of each row, in 0…T; None means all T.
        resets: Where a row's state becomes zero just before the step is read; None: nowhere.
        reverse: Read each row from its last step to its first.
        noise: Zoneout and recurrent dropout; None: none.
        keep: Whether to keep the tape that `backward` needs.

    Raises:
        ShapeError: An array has another rank, size or dtype than the weights imply.
        ArgumentError: The weights' type or the set of given ones does not fit the recurrence, a
            length is outside 0…T, an id that is read outside 0…V-1, or a rate outside [0, 1).
    """
    sizes, initial_state, lengths, resets = check_call(
        recurrence, weights, inputs, initial_state, lengths, resets
    )
    batch, time = inputs.ids.shape if isinstance(inputs, Tokens) else inputs.shape[:2]
    state = map_leaves(np.copy, initial_state)
    outputs = np.zeros((batch, time, sizes.recurrent), state.hidden.dtype)
    positions = np.broadcast_to(np.arange(time), (batch, time))
    all_masks = draw(check_noise(recurrence, noise, batch), positions, state)
    reads = []
    for k in range(lengths.max(initial=0)):
        rows = np.flatnonzero(k < lengths)
        times = lengths[rows] - 1 - k if reverse else np.full(len(rows), k)
        reset = None if resets is None else resets[rows, times]
        before = _zero_where(reset, _take(state, rows))
        masks = all_masks.at(rows, k)
        array, place = _places(inputs, rows, times)
        entering = enter(masks, before)
        new, tape = equations.step_forward(recurrence, weights, array[place], entering)
        after = mix(masks, before, new)
        outputs[rows, times] = after.hidden
        _put(state, rows, after)
        if keep:
            reads.append(Read(rows, times, reset, masks, tape))
    tape = Tape(recurrence, weights, inputs, outputs, state, reads) if keep else None
    return Forward(outputs, state, tape)


def backward(
    tape: Tape, grad_outputs: Float[np.ndarray, "B T R"], grad_final_state: Any = None
) -> Gradients:
    """Gradients of a loss by inputs, initial state and weights: backpropagation through time.

    Args:
        tape: From `forward`; it can be used several times.
        grad_outputs: The loss's gradient by the outputs; not read past a row's length.
        grad_final_state: The loss's gradient by the final state; None means zeros.

    Raises:
        ShapeError: A gradient has another shape or dtype than what it belongs to.
        ArgumentError: There is no tape.
    """
    if not isinstance(tape, Tape):
        raise ArgumentError("tape", f"found {type(tape).__name__}", "run forward with keep=True")
    recurrence, weights, inputs, outputs, final_state, reads = tape
    check_gradients(outputs, final_state, grad_outputs, grad_final_state)

    d_inputs = np.zeros_like(_places(inputs)[0])
    d_state = map_leaves(
        np.zeros_like if grad_final_state is None else np.copy,
        grad_final_state or final_state,
    )
    d_weights = _map_given(np.zeros_like, weights)
    for rows, times, reset, masks, step_tape in reversed(reads):
        d_after = _with_outputs(_take(d_state, rows), grad_outputs[rows, times])
        d_kept, d_new = mix_backward(masks, d_after)
        d_x, d_entering, d_step = equations.step_backward(recurrence, weights, step_tape, d_new)
        d_before = map_leaves(np.add, enter(masks, d_entering), d_kept)
        np.add.at(d_inputs, _places(inputs, rows, times)[1], d_x)
        _put(d_state, rows, _zero_where(reset, d_before))
        d_weights = _map_given(np.add, d_weights, d_step)
    return Gradients(d_inputs, d_state, d_weights)


def step(
    recurrence: Recurrence,
    weights: Weights,
    inputs: Float[np.ndarray, "B I"] | Tokens,
    state: Any,
) -> tuple[Float[np.ndarray, "B R"], Any]:
    """One step: the outputs and the new state. Errors as `forward`.

    >>> from elman.kernels.contract import RNNWeights, Simple
    >>> from elman.state import RNNState
    >>> weights = RNNWeights(np.array([[2.0]]), np.array([[1.0]]), np.array([0.5]))
    >>> step(Simple("relu"), weights, np.array([[3.0]]), RNNState(np.array([[4.0]])))[0]
    array([[10.5]])
    """
    check_step(recurrence, weights, inputs, state)
    array, place = _places(inputs, ...)
    after, _ = equations.step_forward(recurrence, weights, array[place], state)
    return after.hidden, after


def step_backward(
    recurrence: Recurrence,
    weights: Weights,
    inputs: Float[np.ndarray, "B I"] | Tokens,
    state: Any,
    grad_outputs: Float[np.ndarray, "B R"],
    grad_state: Any = None,
) -> Gradients:
    """Gradients of a loss through one `step` with the same arguments, which it recomputes.

    Args:
        recurrence: As for `step`.
        weights: As for `step`.
        inputs: As for `step`.
        state: As for `step`.
        grad_outputs: The loss's gradient by the step's outputs.
        grad_state: The loss's gradient by the step's new state; None means zeros.

    Raises:
        ShapeError: As `step`; or a gradient has another shape or dtype than what it belongs to.
    """
    check_step(recurrence, weights, inputs, state)
    array, place = _places(inputs, ...)
    after, tape = equations.step_forward(recurrence, weights, array[place], state)
    check_gradients(after.hidden, after, grad_outputs, grad_state)
    if grad_state is None:
        grad_state = map_leaves(np.zeros_like, after)
    d_after = _with_outputs(grad_state, grad_outputs)
    d_x, d_before, d_weights = equations.step_backward(recurrence, weights, tape, d_after)
    d_inputs = np.zeros_like(array)
    np.add.at(d_inputs, place, d_x)
    return Gradients(d_inputs, d_before, d_weights)


def _places(inputs: np.ndarray | Tokens, *index: Any) -> tuple[np.ndarray, Any]:
    """The array that is read at these rows and steps, and where in it."""
    if isinstance(inputs, Tokens):
        return inputs.embedding, inputs.ids[index]
    return inputs, index


def _with_outputs(d_state: State, d_outputs: np.ndarray) -> State:
    """Gradient by a state, its hidden part having been put out too."""
    return d_state._replace(hidden=d_state.hidden + d_outputs)


def _take(state: State, rows: np.ndarray) -> State:
    return map_leaves(lambda leaf: leaf[rows], state)


def _put(state: State, rows: np.ndarray, values: State) -> None:
    for leaf, value in zip(leaves(state), leaves(values), strict=True):
        leaf[rows] = value


def _zero_where(rows: np.ndarray | None, state: State) -> State:
    """Zeros rather than a product with zero: a state that is reset may hold NaN."""
    if rows is None:
        return state
    return map_leaves(lambda leaf: np.where(rows[:, None], leaf.dtype.type(0), leaf), state)


def _map_given(function: Any, weights: Weights, *others: Weights) -> Weights:
    """`function` on each weight that is given."""
    fields = zip(weights, *others, strict=True)
    return type(weights)(*(None if f[0] is None else function(*f) for f in fields))
