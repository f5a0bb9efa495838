"""The compiled twin of `elman.kernels.reference`.

The kernels exist for several instruction sets, the levels; the most capable one that this machine
has runs. The environment variable `ELMAN_ISA` (portable, avx2, avx512 or neon) asks for another
one. Levels differ in their last bits; `portable`, which every machine has, gives the same bits on
every processor. (Of a NaN only that it is one.)

A row's sums are taken in an order that depends on its sizes only. So `forward`, `step` and
`Stepper` give a row the same bits alone, in any batch, padded, on any number of threads, and
however its sequence was cut.

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

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from elman.errors import ArgumentError
from elman.kernels.attention import Memory
from elman.kernels.check import (
    Call,
    check_call,
    check_gradients,
    check_noise,
    check_step,
    check_weights,
)
from elman.kernels.compiled import (
    available_isas,
    described,
    isa,
    kernels_of,
    missing,
    ordered,
    pack,
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
from elman.kernels.threads import thread_count
from elman.state import LSTMState

__all__ = [
    "Layer",
    "Stepper",
    "available_isas",
    "backward",
    "dense",
    "forward",
    "isa",
    "look",
    "prepare",
    "step",
    "supports",
]


class Tape(NamedTuple):
    """What `backward` needs. The arrays are the caller's own where they were fit: not copies."""

    recurrence: Recurrence
    weights: Weights
    given: np.ndarray | Tokens
    inputs: np.ndarray
    call: Call
    reverse: bool
    noise: Noise | None
    kept: Any  # memory of the compiled module
    outputs: np.ndarray
    final_state: State


def supports(recurrence: Recurrence, weights: Weights) -> str | None:
    """None if the compiled kernels can run these weights, else the reason why not.

    Raises:
        ShapeError, ArgumentError: The weights fit no implementation.
    """
    check_weights(recurrence, weights)
    return missing(recurrence)


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
    prepared: Any = None,
) -> Forward:
    """Run whole sequences; arguments and errors as `elman.kernels.reference.forward`.

    Beside those, `prepared` takes what `prepare` made of the same recurrence and weights, to save
    its work.

    Raises:
        ArgumentError: Also where `supports` gives a reason.
    """
    checked = prepared is not None
    call = check_call(recurrence, weights, inputs, initial_state, lengths, resets, checked)
    noise = check_noise(recurrence, noise, len(call.lengths))
    return _forward(recurrence, weights, inputs, call, reverse, noise, keep, prepared)


def _forward(
    recurrence: Recurrence,
    weights: Weights,
    inputs: np.ndarray | Tokens,
    call: Call,
    reverse: bool = False,
    noise: Noise | None = None,
    keep: bool = False,
    prepared: Any = None,
) -> Forward:
    """As `forward`, of what was checked."""
    state = call.initial_state
    batch, time = inputs.ids.shape if isinstance(inputs, Tokens) else inputs.shape[:2]
    tokens, array = None, inputs
    if isinstance(inputs, Tokens):
        made = prepared is not None and prepared.vocabulary > 0
        # The way back asks for the inputs themselves; and a few words need no table of them all.
        if keep or (inputs.ids.size < len(inputs.embedding) and not made):
            array = _embed(inputs, call.lengths)
        else:
            ids = np.ascontiguousarray(inputs.ids, np.int64)
            tokens = (ids, len(inputs.embedding), _fit(inputs.embedding))
    kernels = kernels_of(weights.weight_ih.dtype.name)
    what = described(recurrence, weights, noise, _fit)
    outputs = np.empty((batch, time, call.sizes.recurrent), state.hidden.dtype)
    final_state = type(state)(*map(np.empty_like, map(_fit, state)))
    kept = kernels.keep(what, batch, time) if keep else None
    given = (
        what,
        (batch, time, call.lengths, _maybe(call.resets), reverse),
        None if isinstance(array, Tokens) else _fit_steps(array),
        tokens,
        _fit(state.hidden),
        _cell(state, _fit),
        outputs,
        final_state.hidden,
        _cell(final_state),
        None if kept is None else kept.address,
        prepared,
    )
    kernels.forward(given, thread_count())
    tape = None
    if kept is not None and not isinstance(array, Tokens):
        tape = Tape(
            recurrence, weights, inputs, array, call, reverse, noise, kept, outputs, final_state
        )
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
    weights, call, state = tape.weights, tape.call, tape.call.initial_state
    batch, time = tape.outputs.shape[:2]
    grad_inputs = np.empty(tape.inputs.shape, tape.inputs.dtype)
    grad_state = type(state)(*map(np.empty_like, map(_fit, state)))
    grad_weights = type(weights)(
        *(None if w is None else np.empty(w.shape, w.dtype) for w in weights)
    )
    given = (
        described(tape.recurrence, weights, tape.noise, _fit),
        (batch, time, call.lengths, _maybe(call.resets), tape.reverse),
        _fit_steps(tape.inputs),
        _fit(state.hidden),
        _cell(state, _fit),
        tape.outputs,
        tape.kept.address,
        _fit_steps(grad_outputs),
        None if grad_final_state is None else _fit(grad_final_state.hidden),
        None if grad_final_state is None else _cell(grad_final_state, _fit),
        grad_inputs,
        grad_state.hidden,
        _cell(grad_state),
        ordered(grad_weights),
    )
    kernels_of(weights.weight_ih.dtype.name).backward(given, thread_count())
    if isinstance(tape.given, Tokens):
        grad_inputs = _unembed(tape.given, call.lengths, grad_inputs)
    return Gradients(grad_inputs, grad_state, grad_weights)


def step(
    recurrence: Recurrence,
    weights: Weights,
    inputs: Float[np.ndarray, "B I"] | Tokens,
    state: Any,
) -> tuple[Float[np.ndarray, "B R"], Any]:
    """One step: the outputs and the new state, with the bits of `forward`. Errors as there.

    `Stepper` takes many steps with much less work for each.
    """
    sizes = check_step(recurrence, weights, inputs, state)
    if isinstance(inputs, Tokens):
        sequence: Any = inputs._replace(ids=inputs.ids[:, None])
    else:
        sequence = inputs[:, None]
    call = Call(sizes, state, np.ones(len(state.hidden), np.int64), None)
    after = _forward(recurrence, weights, sequence, call).final_state
    return after.hidden, after


def prepare(
    recurrence: Recurrence,
    weights: Weights,
    embedding: Float[np.ndarray, "V I"] | None = None,
) -> Any:
    """Pack weights once, for many calls of `forward`.

    They are copied: what happens to the arrays afterwards has no effect. With the embedding of
    tokens that will be read, its product with the weights is taken once, too.

    Raises:
        ShapeError, ArgumentError: As `forward`.
    """
    check_weights(recurrence, weights)
    what = described(recurrence, weights, None, _fit)
    return pack(what, weights.weight_ih.dtype.name, _maybe(embedding))


class Stepper:
    """A recurrence that is fed step by step: for streams. A step allocates nothing.

    >>> from elman.kernels.contract import RNNWeights, Simple
    >>> one = np.ones((1, 1), np.float32)
    >>> stepper = Stepper(Simple("relu"), RNNWeights(one, one, one[0]))
    >>> float(stepper.step(one)[0, 0]), float(stepper.step(one)[0, 0])
    (2.0, 4.0)

    Args:
        recurrence: What a step computes.
        weights: Packed here, once: what happens to the arrays afterwards has no effect.
        batch: Rows B of a step.

    Attributes:
        state: The state after the last step, zeros at first. The arrays are written to at each
            step, and may be written to between two.
        outputs: `[B, R]`, what `step` returns: written to at each step. Copy what must stay.
        compiled: The compiled module's object, which a whole network's steps are made of.
        step: Takes inputs `[B, I]`, dense and of the weights' dtype; returns `outputs`.

    Raises:
        ShapeError, ArgumentError: As `forward`.
    """

    def __init__(self, recurrence: Recurrence, weights: Weights, batch: int = 1) -> None:
        sizes = check_weights(recurrence, weights)
        dtype = weights.weight_ih.dtype
        self.state: Any = recurrence.zero_state(sizes, lambda size: np.zeros((batch, size), dtype))
        self.outputs = np.zeros((batch, sizes.recurrent), dtype)
        arrays = (self.state.hidden, _cell(self.state), self.outputs)
        what = described(recurrence, weights, None, _fit)
        self.compiled = kernels_of(dtype.name).Stepper(what, batch, arrays)
        self.step: Callable[[np.ndarray], np.ndarray] = self.compiled.step

    def reset(self, state: State | None = None) -> None:
        """Begin again, from `state` or from zeros."""
        for k, leaf in enumerate(self.state):
            leaf[...] = 0 if state is None else state[k]


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
    kernels_of(inputs.dtype.name).dense(
        (*inputs.shape, len(weight)),
        _fit(inputs),
        _fit(weight),
        _maybe(bias),
        outputs,
        thread_count(),
    )
    return outputs


class Layer:
    """A dense layer that is packed once, for many calls; bits and arguments as of `dense`.

    >>> Layer(np.array([[3.0, 4.0]]), np.array([0.5]))(np.array([[1.0, 2.0]]))
    array([[11.5]])
    """

    def __init__(
        self, weight: Float[np.ndarray, "M K"], bias: Float[np.ndarray, "M"] | None = None
    ) -> None:
        self.columns, depth = weight.shape
        kernels = kernels_of(weight.dtype.name)
        self.compiled = kernels.Layer((depth, self.columns), _fit(weight), _maybe(bias))

    def __call__(self, inputs: Float[np.ndarray, "N K"]) -> Float[np.ndarray, "N M"]:
        """Each row times weightᵀ, plus bias."""
        outputs = np.empty((len(inputs), self.columns), inputs.dtype)
        self.compiled.apply(len(inputs), _fit(inputs), outputs, thread_count())
        return outputs


def look(
    queries: Float[np.ndarray, "Q K"],
    memory: Memory,
    sources: Int[np.ndarray, "Q"],
    energy: Float[np.ndarray, "K"] | None = None,
) -> tuple[Float[np.ndarray, "Q M"], Float[np.ndarray, "Q S"]]:
    """What each query finds in its source; arguments and result as `elman.kernels.attention.look`.

    A query has the same bits alone, in any batch, and however its source is padded.
    """
    count, depth = queries.shape
    held, steps, features = memory.values.shape
    contexts = np.empty((count, features), queries.dtype)
    weights = np.empty((count, steps), queries.dtype)
    kernels_of(queries.dtype.name).attention(
        (count, held, steps, depth, features),
        _fit(queries),
        (_fit(memory.keys), _fit(memory.values), _fit(memory.lengths)),
        _fit(sources),
        _maybe(energy),
        contexts,
        weights,
        thread_count(),
    )
    return contexts, weights


def _fit(array: np.ndarray) -> np.ndarray:
    """The array itself if it is dense, row-major and aligned, else such a copy."""
    return np.ascontiguousarray(array) if array.flags.aligned else array.copy()


def _maybe(array: np.ndarray | None) -> np.ndarray | None:
    return None if array is None else _fit(array)


def _fit_steps(sequence: np.ndarray) -> np.ndarray:
    """The array itself if what stands at one step is dense and aligned, else a dense copy."""
    dense = sequence.flags.aligned and sequence.strides[-1] == sequence.itemsize
    return sequence if dense else _fit(sequence)


def _cell(state: State, fit: Callable[[np.ndarray], np.ndarray] = lambda leaf: leaf) -> Any:
    return fit(state.cell) if isinstance(state, LSTMState) else None


def _embed(tokens: Tokens, lengths: np.ndarray) -> np.ndarray:
    return tokens.embedding[_read_ids(tokens, lengths)]


def _unembed(tokens: Tokens, lengths: np.ndarray, grad_inputs: np.ndarray) -> np.ndarray:
    grad = np.zeros_like(tokens.embedding)
    np.add.at(grad, _read_ids(tokens, lengths), grad_inputs)
    return grad


def _read_ids(tokens: Tokens, lengths: np.ndarray) -> np.ndarray:
    """The ids; 0 where none is read."""
    return np.where(np.arange(tokens.ids.shape[1]) < lengths[:, None], tokens.ids, 0)
