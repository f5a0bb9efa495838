"""A tape over time in NumPy, forward and backward: the specification of the compiled engine.

What lengths, resets and direction mean says `elman.kernels.contract`; a reset sets every part of
the state to zero. The number of a row's step counts on through resets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from elman.kernels.philox import keep_mask
from elman.kernels.tapes.evaluation import evaluate
from elman.tapes import Op, Tape, reverse

__all__ = ["Call", "Gradients", "Run", "backward", "forward", "step"]


class Call(NamedTuple):
    """What a tape is run with; arrays of one dtype.

    Attributes:
        tape: With all sizes known.
        weights: In its order.
        inputs: `[B, T, I]`.
        states: `[B, size]` each, in its order.
        lengths: `[B]` int64, or None.
        resets: `[B, T]` bool, or None.
        reverse: Whether each row is read from its last step to its first.
        keys: `[B]` int64; None: masks are what they are on average.
        steps: `[B]` int64, the steps that each row made before; None: 0.
    """

    tape: Tape
    weights: tuple[np.ndarray, ...]
    inputs: np.ndarray
    states: tuple[np.ndarray, ...]
    lengths: np.ndarray | None = None
    resets: np.ndarray | None = None
    reverse: bool = False
    keys: np.ndarray | None = None
    steps: np.ndarray | None = None

    def order(self) -> np.ndarray:
        """`[B, T]`: at which step of its sequence a row reads next; -1 past its end."""
        batch, time = self.inputs.shape[:2]
        lengths = np.full(batch, time) if self.lengths is None else self.lengths
        steps = np.broadcast_to(np.arange(time), (batch, time))
        order = lengths[:, None] - 1 - steps if self.reverse else steps
        return np.where(steps < lengths[:, None], order, -1)


class Run(NamedTuple):
    """What a pass forward gives.

    Attributes:
        outputs: `[B, T, O]`, zero past each length.
        states: After each row's last step.
        record: For `backward`.
        named: `[B, T, size]` of each named value, zero past each length; if asked for.
    """

    outputs: np.ndarray
    states: tuple[np.ndarray, ...]
    record: Any
    named: dict[str, np.ndarray]


class Gradients(NamedTuple):
    """In the shapes of what they belong to."""

    inputs: np.ndarray
    states: tuple[np.ndarray, ...]
    weights: tuple[np.ndarray, ...]


def leaves(
    tape: Tape,
    weights: Sequence[np.ndarray],
    inputs: np.ndarray,
    states: Sequence[np.ndarray],
    steps: np.ndarray,
    keys: np.ndarray | None,
) -> Callable[[Op], np.ndarray]:
    """The leaves of one step of some rows."""
    dtype = inputs.dtype

    def leaf(op: Op) -> np.ndarray:
        if op.name == "input":
            return inputs
        if op.name == "state":
            return states[int(op.given[0])]
        if op.name == "vector":
            first = int(op.given[1])
            return weights[int(op.given[0])].reshape(1, -1)[:, first : first + op.size]
        if op.name == "constant":
            return np.array([op.given], dtype)
        if op.name == "time":
            return steps[:, None].astype(dtype)
        stream, rate = int(op.given[0]), op.given[1]
        if keys is None:
            return np.full((len(inputs), op.size), 1 - rate, dtype)
        return keep_mask(keys, steps, op.size, rate, stream).astype(dtype)

    return leaf


def step(call: Call) -> tuple[list[np.ndarray], tuple[np.ndarray, ...]]:
    """Every value of the first step of all rows, and the state after it."""
    steps = np.zeros(len(call.inputs), np.int64) if call.steps is None else call.steps
    leaf = leaves(call.tape, call.weights, call.inputs[:, 0], call.states, steps, call.keys)
    values = evaluate(call.tape.ops, leaf, call.weights)
    batch = len(call.inputs)
    after = (np.broadcast_to(values[k], (batch, call.tape.ops[k].size)) for k in call.tape.after)
    return values, tuple(np.array(each) for each in after)


def forward(call: Call, named: bool = False) -> Run:
    """Whole sequences.

    Args:
        call: What is run.
        named: Whether named values are wanted.
    """
    tape, order = call.tape, call.order()
    batch, time = order.shape
    states = [np.array(state) for state in call.states]
    outputs = np.zeros((batch, time, tape.output_size), call.inputs.dtype)
    gates = {
        name: np.zeros((batch, time, tape.ops[value].size), call.inputs.dtype)
        for name, value in (tape.named if named else ())
    }
    record = []
    for t in range(time):
        rows = np.flatnonzero(order[:, t] >= 0)
        at = order[rows, t]
        before = [state[rows] for state in states]
        if call.resets is not None:
            keep = ~call.resets[rows, at][:, None]
            before = [np.where(keep, state, 0).astype(state.dtype) for state in before]
        steps = np.full(len(rows), t) if call.steps is None else call.steps[rows] + t
        keys = None if call.keys is None else call.keys[rows]
        leaf = leaves(tape, call.weights, call.inputs[rows, at], before, steps, keys)
        values = evaluate(tape.ops, leaf, call.weights)
        for state, value in zip(states, tape.after, strict=True):
            state[rows] = values[value]
        outputs[rows, at] = values[tape.output]
        for name, value in tape.named if named else ():
            gates[name][rows, at] = values[value]
        record.append((rows, at, before, leaf, values))
    return Run(outputs, tuple(states), (call, record), gates)


def backward(
    run: Run, by_outputs: np.ndarray, by_states: Sequence[np.ndarray | None] | None = None
) -> Gradients:
    """Gradients of a loss by inputs, states and weights.

    Args:
        run: Of `forward`.
        by_outputs: Its gradient by the outputs.
        by_states: Its gradients by the states after the last steps; None: zeros.
    """
    call, record = run.record
    tape, back = call.tape, reverse(call.tape)
    weights = tuple(np.zeros_like(weight) for weight in call.weights)
    inputs = np.zeros_like(call.inputs)
    given = [None] * len(tape.states) if by_states is None else by_states
    carry = [
        np.zeros_like(state) if by is None else np.array(by)
        for state, by in zip(run.states, given, strict=True)
    ]
    for rows, at, _, leaf, values in reversed(record):

        def of(op: Op, rows=rows, at=at, leaf=leaf, values=values) -> np.ndarray:
            if op.name == "by_output":
                return by_outputs[rows, at]
            if op.name == "by_after":
                return carry[int(op.given[0])][rows]
            if op.name == "kept":
                kept = values[back.kept[int(op.given[0])]]
                return np.broadcast_to(kept, (len(rows), op.size))
            return leaf(op)

        found = evaluate(back.ops, of, call.weights)
        count = len(rows)
        for outer in back.outers:
            delta = np.broadcast_to(found[outer.delta], (count, back.ops[outer.delta].size))
            value = np.broadcast_to(found[outer.value], (count, back.ops[outer.value].size))
            weights[outer.weight][outer.row : outer.row + delta.shape[1]] += delta.T @ value
        for total in back.sums:
            size = back.ops[total.delta].size
            delta = np.broadcast_to(found[total.delta], (count, size)).sum(axis=0)
            weights[total.weight].reshape(-1)[total.first : total.first + size] += delta
        for through in back.through:
            size = back.ops[through.delta].size
            weight = call.weights[through.weight][through.row : through.row + size]
            inputs[rows, at] += found[through.delta] @ weight
        if back.by_input is not None:
            inputs[rows, at] += found[back.by_input]
        for k, value in enumerate(back.by_states):
            by = 0.0 if value is None else found[value]
            if call.resets is not None:
                by = np.where(call.resets[rows, at][:, None], 0, by)
            carry[k][rows] = by
    return Gradients(inputs, tuple(carry), weights)
