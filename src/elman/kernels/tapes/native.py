"""The compiled twin of `elman.kernels.tapes.reference`, on NumPy arrays.

A row's bits do not depend on batch, chunk, threads or block; levels differ in their last ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from elman.kernels.compiled import kernels_of, memory
from elman.kernels.tapes.compiled import engine, missing
from elman.kernels.tapes.reference import Call, Gradients, Run
from elman.kernels.threads import thread_count
from elman.state import leaves, written_state
from elman.tapes import Tape

__all__ = ["Stepper", "backward", "forward", "missing", "prepare"]


def prepare(call: Call) -> Any:
    """The weights packed once, for `forward` without keeping; of the call only tape and weights."""
    made = engine(call.tape, False, False)
    return made, made.pack(call.weights[0].dtype.name, list(map(_dense, call.weights)))


def forward(call: Call, keep: bool = True, prepared: Any = None) -> Run:
    """Whole sequences; see `elman.kernels.tapes.reference.forward`.

    Args:
        call: What is run.
        keep: Whether `backward` follows.
        prepared: What `prepare` made of the same tape and weights.
    """
    tape, inputs = call.tape, _sequence(call.inputs)
    batch, time = inputs.shape[:2]
    made, packed = prepared or (engine(tape, keep, call.resets is not None), None)
    name = inputs.dtype.name
    outputs = np.empty((batch, time, tape.output_size), inputs.dtype)
    finals = tuple(np.empty(state.shape, state.dtype) for state in call.states)
    size = made.kept_size(name, batch, time) * inputs.itemsize if keep else 0
    kept = memory(size) if keep else None
    weights, states = tuple(map(_dense, call.weights)), tuple(map(_dense, call.states))
    given = (
        _reading(call),
        inputs,
        weights,
        states,
        _maybe(call.keys, np.int64),
        _maybe(call.steps, np.int64),
        outputs,
        finals,
        None if kept is None else kept.address,
        packed,
    )
    made.forward(name, given, thread_count())
    return Run(outputs, finals, (call, made, kept) if keep else None, {})


def backward(
    run: Run, by_outputs: np.ndarray | None, by_states: Sequence[np.ndarray | None] | None = None
) -> Gradients:
    """Gradients by inputs, states and weights; see `elman.kernels.tapes.reference.backward`."""
    call, made, kept = run.record
    given = [None] * len(call.states) if by_states is None else by_states
    inputs = np.empty(call.inputs.shape, call.inputs.dtype)
    states = tuple(np.empty(state.shape, state.dtype) for state in call.states)
    weights = tuple(np.empty(weight.shape, weight.dtype) for weight in call.weights)
    arguments = (
        _reading(call),
        _sequence(call.inputs),
        tuple(map(_dense, call.weights)),
        _maybe(call.steps, np.int64),
        kept.address,
        None if by_outputs is None else _sequence(by_outputs),
        tuple(None if by is None else _dense(by) for by in given),
        inputs,
        states,
        weights,
    )
    made.backward(inputs.dtype.name, arguments, thread_count())
    return Gradients(inputs, states, weights)


class Stepper:
    """A tape that is fed step by step: for streams. A step allocates nothing; masks are averages.

    Args:
        tape: With all sizes known.
        prepared: What `prepare` made of it.
        batch: Rows B of a step.
        dtype: Of the weights that were prepared.

    Attributes:
        state: The state after the last step, zeros at first. The arrays are written to at each
            step, and may be written to between two.
        outputs: `[B, O]`, what `step` returns: written to at each step. Copy what must stay.
        compiled: The compiled module's object, which a whole network's steps are made of.
        step: Takes inputs `[B, I]`, dense and of the same dtype; returns `outputs`.
    """

    def __init__(self, tape: Tape, prepared: Any, batch: int = 1, dtype: Any = np.float32) -> None:
        made, packed = prepared
        parts = tuple(np.zeros((batch, size), dtype) for _, size in tape.states)
        counted = ()
        if tape.counts:
            counted = (np.zeros(batch, np.int64), np.zeros(batch, np.int64))
        self.state: Any = written_state([name for name, _ in tape.states], parts, counted)
        self.outputs = np.zeros((batch, tape.output_size), dtype)
        arrays = (parts, counted[1] if counted else None, self.outputs)
        kernels = kernels_of(np.dtype(dtype).name)
        self.compiled = kernels.TapeStepper(made.there, packed, batch, arrays)
        self.step: Callable[[np.ndarray], np.ndarray] = self.compiled.step

    def reset(self, state: Any = None) -> None:
        """Begin again, from `state` or from zeros."""
        given = leaves(self.state) if state is None else leaves(state)
        for leaf, value in zip(leaves(self.state), given, strict=True):
            leaf[...] = 0 if state is None else value


def _reading(call: Call) -> tuple:
    batch, time = call.inputs.shape[:2]
    resets = None if call.resets is None else np.ascontiguousarray(call.resets, np.bool_)
    return batch, time, _maybe(call.lengths, np.int64), resets, call.reverse


def _maybe(array: np.ndarray | None, dtype: Any) -> np.ndarray | None:
    return None if array is None else np.ascontiguousarray(array, dtype)


def _dense(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array)


def _sequence(array: np.ndarray) -> np.ndarray:
    """Copied only where the features of a step do not follow each other."""
    dense = array.shape[2] <= 1 or array.strides[2] == array.itemsize
    return array if dense and array.flags.aligned else np.ascontiguousarray(array)
