"""Cells that answer: the protocol of `elman.cells` on NumPy arrays, as they are in `eval()`.

Every kind of cell and every wrapper of a blueprint has its twin here. Dropout changes nothing
when a network answers, so its twin is the wrapped cell itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float, Int

from elman.blueprint import CellConfig, cell_kinds
from elman.errors import BlueprintError
from elman.kernels import native, reference
from elman.kernels.compiled import missing
from elman.kernels.contract import Noise, Recurrence, Tokens, Weights
from elman.kernels.dilation import interleave
from elman.kernels.tapes import native as tapes
from elman.kernels.tapes import reference as tape_reference
from elman.kernels.tapes.reference import Call
from elman.recurrences import RECURRENCES
from elman.runtime.network.dense import linear
from elman.state import (
    DilatedState,
    LSTMState,
    RNNState,
    WrittenState,
    leaves,
    map_leaves,
    where,
    written_parts,
    written_state,
)
from elman.tapes import INPUTS, Tape, zoned

__all__ = [
    "CELLS",
    "WRAPPERS",
    "Arrays",
    "Dilated",
    "KernelCell",
    "NumpyCell",
    "TapeCell",
    "build_cell",
    "hidden",
    "real_steps",
    "under",
    "unroll",
]

Arrays = Mapping[str, np.ndarray]
_LARGEST_TABLE = 2**22  # entries: 16 MiB


class NumpyCell(Protocol):
    """One step of a recurrent network on NumPy arrays; `unroll` is optional, as in torch."""

    def initial_state(self, batch: int) -> Any:
        """The state before the first step for `batch` rows."""
        ...

    def __call__(self, inputs: Float[np.ndarray, "B I"], state: Any) -> tuple[np.ndarray, Any]:
        """Outputs `[B, O]` and the next state."""
        ...


class KernelCell:
    """A built-in recurrence, run by the compiled kernels, or by the reference without them.

    Args:
        recurrence: What a step computes.
        weights: Its weights, packed here for the kernels.
        zoneout: Its rate, for hidden state and cell; it gives the expectation here.
    """

    def __init__(self, recurrence: Recurrence, weights: Weights, zoneout: float = 0.0) -> None:
        self.recurrence = recurrence
        self.weights = weights
        self.embedding: np.ndarray | None = None
        self.noise = Noise(None, None, zoneout, zoneout if recurrence.has_cell else 0.0)
        self.kernel, self.more = reference, {}
        if missing(recurrence) is None:
            self.kernel, self.more = native, {"prepared": native.prepare(recurrence, weights)}

    def read_tokens(self, embedding: Float[np.ndarray, "V I"]) -> None:
        """From now on inputs are ids of the embedding's rows, without a feature axis.

        What each row adds to the gates is computed here, once, unless that would be large.
        """
        self.embedding = embedding
        entries = len(embedding) * len(self.weights.weight_ih)
        if self.kernel is native and entries <= _LARGEST_TABLE:
            prepared = native.prepare(self.recurrence, self.weights, embedding)
            self.more = {"prepared": prepared}

    def initial_state(self, batch: int) -> RNNState | LSTMState:
        """Zeros."""
        sizes = self.recurrence.sizes(self.weights)
        return self.recurrence.zero_state(sizes, lambda size: np.zeros((batch, size), np.float32))

    def __call__(
        self, inputs: Float[np.ndarray, "B I"] | Int[np.ndarray, "B"], state: Any
    ) -> tuple[Float[np.ndarray, "B R"], Any]:
        """One step."""
        lengths = np.ones(len(inputs), np.int64)
        outputs, state = self.unroll(inputs[:, None], state, lengths, False)
        return outputs[:, 0], state

    def unroll(
        self,
        inputs: Float[np.ndarray, "B T I"] | Int[np.ndarray, "B T"],
        state: Any,
        lengths: Int[np.ndarray, "B"],
        reverse: bool,
    ) -> tuple[Float[np.ndarray, "B T R"], Any]:
        """A whole sequence."""
        done = self.kernel.forward(
            self.recurrence,
            self.weights,
            inputs if self.embedding is None else Tokens(inputs, self.embedding),
            state,
            lengths=lengths,
            reverse=reverse,
            noise=self.noise,
            keep=False,
            **self.more,
        )
        return done.outputs, done.final_state


class TapeCell:
    """A written cell, run by the compiled engine, or by the reference without it.

    Args:
        tape: What its step computes, with all sizes known.
        weights: By name.
        name: What it is called.
    """

    def __init__(self, tape: Tape, weights: Arrays, name: str) -> None:
        self.tape, self.name = tape, name
        self.weights = tuple(weights[each] for each, _ in tape.weights)
        self.prepared = None
        if tapes.missing() is None:
            self.prepared = tapes.prepare(Call(tape, self.weights, self.weights[0], ()))

    def initial_state(self, batch: int) -> Any:
        """Zeros, and the steps that each row made where the step asks for them."""
        parts = [np.zeros((batch, size), np.float32) for _, size in self.tape.states]
        counted = ()
        if self.tape.counts:
            counted = (np.zeros(batch, np.int64), np.zeros(batch, np.int64))
        return written_state([name for name, _ in self.tape.states], parts, counted)

    def __call__(self, inputs: Float[np.ndarray, "B I"], state: Any) -> tuple[np.ndarray, Any]:
        """One step."""
        lengths = np.ones(len(inputs), np.int64)
        outputs, state = self.unroll(inputs[:, None], state, lengths, False)
        return outputs[:, 0], state

    def stepper(self, batch: int) -> tapes.Stepper:
        """The same step by step, without allocating."""
        return tapes.Stepper(self.tape, self.prepared, batch)

    def unroll(
        self, inputs: np.ndarray, state: Any, lengths: Int[np.ndarray, "B"], reverse: bool
    ) -> tuple[np.ndarray, Any]:
        """A whole sequence."""
        counted = state.counted if isinstance(state, WrittenState) else ()
        steps = counted[1] if counted else None
        states = written_parts(state)
        call = Call(self.tape, self.weights, inputs, states, lengths, None, reverse, None, steps)
        if self.prepared is None or 0 in inputs.shape:
            done = tape_reference.forward(call)
        else:
            done = tapes.forward(call, False, self.prepared)
        if counted:
            counted = (counted[0], counted[1] + lengths)
        return done.outputs, written_state([n for n, _ in self.tape.states], done.states, counted)

    def named(self, inputs: Float[np.ndarray, "T I"], before: Any) -> dict[str, np.ndarray]:
        """Each named value `[T, ·]` of steps whose states before them are known."""
        counted = before.counted if isinstance(before, WrittenState) else ()
        states = written_parts(before)
        read = np.ascontiguousarray(inputs[:, None])
        call = Call(self.tape, self.weights, read, states, steps=counted[1] if counted else None)
        values, _ = tape_reference.step(call)
        return {
            name: np.array(np.broadcast_to(values[k], (len(inputs), self.tape.ops[k].size)))
            for name, k in self.tape.named
        }


class Zoneout:
    """A state that moves only part of the way: rate·previous + (1 - rate)·new.

    For cells without a kernel: a `KernelCell` does it itself, and a tape has it in its step.
    """

    def __init__(self, cell: NumpyCell, rate: float) -> None:
        self.cell = cell
        self.rate = np.float32(rate)
        self.initial_state = cell.initial_state

    def __call__(self, inputs: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """One step; where the outputs are a part of the state, they are that part mixed."""
        outputs, new = self.cell(inputs, state)
        mixed = map_leaves(self._mix, state, new)
        pairs = zip(leaves(new), leaves(mixed), strict=True)
        return next((after for before, after in pairs if before is outputs), outputs), mixed

    def _mix(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        if not np.issubdtype(after.dtype, np.floating):
            return after  # a counter moves on
        return self.rate * before + (np.float32(1) - self.rate) * after


class Residual:
    """Outputs are inputs plus the cell's outputs."""

    def __init__(self, cell: NumpyCell) -> None:
        self.cell = cell
        self.initial_state = cell.initial_state

    def __call__(self, inputs: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """One step."""
        outputs, state = self.cell(inputs, state)
        return inputs + outputs, state

    def unroll(
        self, inputs: np.ndarray, state: Any, lengths: np.ndarray, reverse: bool
    ) -> tuple[np.ndarray, Any]:
        """A whole sequence; `inputs` are zero past each length."""
        outputs, state = unroll(self.cell, inputs, state, lengths, reverse)
        return inputs + outputs, state


class Projected:
    """A dense layer on the cell's outputs, the same at every step."""

    def __init__(self, cell: NumpyCell, weight: np.ndarray, bias: np.ndarray) -> None:
        self.cell = cell
        self.weight = weight
        self.bias = bias
        self.initial_state = cell.initial_state

    def __call__(self, inputs: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """One step."""
        outputs, state = self.cell(inputs, state)
        return linear(outputs, self.weight, self.bias), state

    def unroll(
        self, inputs: np.ndarray, state: Any, lengths: np.ndarray, reverse: bool
    ) -> tuple[np.ndarray, Any]:
        """A whole sequence."""
        outputs, state = unroll(self.cell, inputs, state, lengths, reverse)
        real = real_steps(lengths, inputs.shape[1])[..., None]
        return np.where(real, linear(outputs, self.weight, self.bias), np.float32(0)), state


class LearnedInitialState:
    """A cell whose rows start from trained values."""

    def __init__(self, cell: NumpyCell, initial: list[np.ndarray]) -> None:
        self.cell = cell
        self.initial = initial

    def initial_state(self, batch: int) -> Any:
        """The trained state, the same in every row."""
        values = iter(self.initial)

        def learned(leaf: np.ndarray) -> np.ndarray:
            if not np.issubdtype(leaf.dtype, np.floating):
                return leaf
            return np.tile(next(values), (batch, 1))

        return map_leaves(learned, self.cell.initial_state(batch))

    def __call__(self, inputs: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """One step."""
        return self.cell(inputs, state)

    def unroll(
        self, inputs: np.ndarray, state: Any, lengths: np.ndarray, reverse: bool
    ) -> tuple[np.ndarray, Any]:
        """A whole sequence."""
        return unroll(self.cell, inputs, state, lengths, reverse)


class Dilated:
    """A cell whose step t goes on from the state of step t - d."""

    def __init__(self, cell: NumpyCell, dilation: int) -> None:
        self.cell = cell
        self.dilation = dilation

    def initial_state(self, batch: int) -> DilatedState:
        """The cell's, d times for each row."""
        return DilatedState(self._by_row(self.cell.initial_state(batch * self.dilation), batch))

    def __call__(self, inputs: np.ndarray, state: DilatedState) -> tuple[np.ndarray, Any]:
        """One step."""
        outputs, new = self.cell(inputs, map_leaves(np.ascontiguousarray, state.at(0)))
        return outputs, state.followed_by(new)

    def unroll(
        self, inputs: np.ndarray, state: DilatedState, lengths: np.ndarray, reverse: bool
    ) -> tuple[np.ndarray, Any]:
        """A whole sequence, as d interleaved ones; see `elman.kernels.dilation`."""
        batch, time = inputs.shape[:2]
        rows = np.arange(batch)[:, None]
        parts = interleave(lengths, np.arange(self.dilation), reverse)
        outputs, final = unroll(
            self.cell,
            self._interleaved(inputs),
            map_leaves(lambda leaf: _joined(leaf[rows, parts.first]), state.states),
            parts.lengths.ravel(),
            reverse,
        )
        in_order = _joined(self._by_row(outputs, batch).swapaxes(1, 2), 1)[:, :time]
        final = map_leaves(lambda leaf: leaf[rows, parts.last], self._by_row(final, batch))
        return np.ascontiguousarray(in_order), DilatedState(final)

    def _interleaved(self, inputs: np.ndarray) -> np.ndarray:
        """`[B, T, ...]` as `[B·d, ⌈T/d⌉, ...]`, with zeros past the end."""
        batch, time, *rest = inputs.shape
        steps = -(-time // self.dilation)
        padded = np.zeros((batch, steps * self.dilation, *rest), inputs.dtype)
        padded[:, :time] = inputs
        return _joined(padded.reshape(batch, steps, self.dilation, *rest).swapaxes(1, 2))

    def _by_row(self, tree: Any, batch: int) -> Any:
        """Arrays `[B·d, ...]` as `[B, d, ...]`."""
        return map_leaves(lambda leaf: leaf.reshape(batch, self.dilation, *leaf.shape[1:]), tree)


def _joined(array: np.ndarray, axis: int = 0) -> np.ndarray:
    """Two axes, the first being `axis`, as one."""
    size = array.shape[axis] * array.shape[axis + 1]
    return array.reshape(*array.shape[:axis], size, *array.shape[axis + 2 :])


def unroll(
    cell: Any,
    inputs: Float[np.ndarray, "B T I"],
    state: Any,
    lengths: Int[np.ndarray, "B"],
    reverse: bool = False,
) -> tuple[Float[np.ndarray, "B T O"], Any]:
    """Run a cell over a sequence, by its own `unroll` if it has one, else step by step.

    Args:
        cell: A `NumpyCell`.
        inputs: `[B, T, I]`, zero past each length.
        state: The state before the first step.
        lengths: Real steps of each row, 0…T.
        reverse: Read each row from its last step to its first.

    Returns:
        Outputs `[B, T, O]` at the steps that were read, zero past each length, and the state
        after each row's last step.
    """
    if hasattr(cell, "unroll"):
        return cell.unroll(inputs, state, lengths, reverse)
    real = real_steps(lengths, inputs.shape[1])
    outputs = np.zeros((*inputs.shape[:2], hidden(state).shape[1]), np.float32)
    steps = range(int(lengths.max(initial=0)))
    for t in reversed(steps) if reverse else steps:
        output, new_state = cell(inputs[:, t], state)
        state = where(real[:, t], new_state, state)
        outputs[:, t] = np.where(real[:, t, None], output, np.float32(0))
    return outputs, state


def real_steps(lengths: Int[np.ndarray, "B"], steps: int) -> np.ndarray:
    """True `[B, T]` at the steps before each row's length."""
    return np.arange(steps) < lengths[:, None]


def hidden(state: Any) -> Float[np.ndarray, "B R"]:
    """The hidden part of a cell's (newest) state: its first floating-point array."""
    if isinstance(state, DilatedState):
        state = state.at(-1)
    return next(leaf for leaf in leaves(state) if np.issubdtype(leaf.dtype, np.floating))


def _kernel_cell(config: CellConfig, weights: Arrays) -> KernelCell:
    recurrence = config.recurrence
    return KernelCell(recurrence, recurrence.weights_type(**weights), config.zoneout)


def _tape_cell(config: CellConfig, weights: Arrays) -> TapeCell:
    assert config.tape is not None  # else it is no written cell
    # One axis of some weight is the number of inputs, unless the tape knows it.
    tape, inputs = config.tape, config.tape.inputs
    for name, shape in tape.weights:
        for size, found in zip(shape, weights[name].shape, strict=True):
            if size == INPUTS:
                inputs = found
    return TapeCell(zoned(tape.sized(inputs), config.zoneout), weights, config.kind)


CELLS: dict[str, Callable[[CellConfig, Arrays], NumpyCell]] = dict.fromkeys(
    RECURRENCES, _kernel_cell
)
"""The built-in kinds; a user's own brings its `numpy_cell` with its `CellKind`."""

WRAPPERS: dict[str, Callable[[NumpyCell, CellConfig, Arrays], NumpyCell]] = {
    "zoneout": lambda cell, config, weights: (
        cell if isinstance(cell, KernelCell | TapeCell) else Zoneout(cell, config.zoneout)
    ),
    "dropout": lambda cell, config, weights: cell,
    "residual": lambda cell, config, weights: Residual(cell),
    "projected": lambda cell, config, weights: Projected(cell, weights["weight"], weights["bias"]),
    "learned_state": lambda cell, config, weights: LearnedInitialState(
        cell, [weights[f"initial.{k}"] for k in range(len(config.state_sizes))]
    ),
    "dilated": lambda cell, config, weights: Dilated(cell, config.dilation),
}
"""The wrappers by their name in `CellConfig.wrappers`."""


def build_cell(config: CellConfig, weights: Arrays) -> NumpyCell:
    """A cell with its wrappers.

    Args:
        config: Its description.
        weights: float32 arrays by the names of `config.shapes`.

    Raises:
        BlueprintError: A user's kind of cell has no `numpy_cell`.
    """
    make = CELLS.get(config.kind)
    if config.tape is not None:
        make = _tape_cell
    elif make is None:
        make = cell_kinds()[config.kind].numpy_cell
    if make is None:
        raise BlueprintError(
            "kind", f"{config.kind!r} has no NumPy step", "register it with a numpy_cell"
        )
    prefix = "cell." * len(config.wrappers)
    cell = make(config, under(weights, prefix))
    for wrapper in reversed(config.wrappers):
        prefix = prefix.removeprefix("cell.")
        cell = WRAPPERS[wrapper](cell, config, under(weights, prefix))
    return cell


def under(weights: Arrays, prefix: str) -> dict[str, np.ndarray]:
    """The weights below a name's prefix, by the rest of their names."""
    return {
        name.removeprefix(prefix): array
        for name, array in weights.items()
        if name.startswith(prefix)
    }
