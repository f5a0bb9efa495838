"""What a network holds at each step of one sequence: gates, states, answers.

The states are the runtime's own; the gates are recomputed from them by the equations, because
the compiled kernels keep none when a network answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Num

from elman.kernels import equations
from elman.runtime.network.blocks import Chain
from elman.runtime.network.cells import (
    Dilated,
    KernelCell,
    LearnedInitialState,
    NumpyCell,
    Projected,
    Residual,
    TapeCell,
    Zoneout,
    hidden,
)
from elman.runtime.network.flow import Flow
from elman.runtime.network.layers import Recurrent
from elman.state import DilatedState, LSTMState, join

__all__ = ["LayerRecording", "Recording", "record_layers"]


@dataclass(frozen=True, eq=False)
class LayerRecording:
    """One layer in one direction over T steps.

    Attributes:
        number: The layer's place among the recurrent ones, from 1 at the bottom.
        reverse: Whether it read from the last step to the first. Arrays are in the order of the
            steps all the same.
        kind: What the recurrence is called ("simple cell", "LSTM", "GRU"), or the name of a user's
            own class.
        inputs: `[T, I]` what the layer was fed, or token ids `[T]`.
        gates: Each gate `[T, H]` by its name in the contract; of a written cell what its step
            names, of any size. Empty for a simple cell and for a user's own.
        hidden: `[T, R]` h(t) after each step.
        cell: `[T, H]` c(t) after each step of an LSTM, else None.
    """

    number: int
    reverse: bool
    kind: str
    inputs: Num[np.ndarray, "T *I"]
    gates: Mapping[str, Float[np.ndarray, "T H"]]
    hidden: Float[np.ndarray, "T R"]
    cell: Float[np.ndarray, "T H"] | None


@dataclass(frozen=True, eq=False)
class Recording:
    """One sequence on its way through a network.

    Attributes:
        inputs: `[T, I]`, or token ids `[T]`.
        layers: From the bottom up; a layer's backward direction follows its forward one.
        answers: `[T, K]` the answer at each step; NaN where the network gives none. One that
            reads in both directions and gives one vector answers at the last step only.
    """

    inputs: Num[np.ndarray, "T *I"]
    layers: tuple[LayerRecording, ...]
    answers: Float[np.ndarray, "T K"]


def record_layers(
    chain: Chain, inputs: Num[np.ndarray, "T *I"], given: np.ndarray | None = None
) -> tuple[LayerRecording, ...]:
    """What the recurrent layers of a chain hold at each step of one sequence.

    Args:
        chain: Of the network.
        inputs: Of the sequence.
        given: `[1, T, G]`, its further numbers, or None.
    """
    flow = Flow(inputs[None], np.array([len(inputs)]), given=given)
    found: list[LayerRecording] = []
    recurrent = [k for k, block in enumerate(chain.blocks) if isinstance(block, Recurrent)]
    for block in chain.blocks[: max(recurrent, default=-1) + 1]:
        if not isinstance(block, Recurrent):
            flow, _ = block.run(flow, block.initial_state(1), False)
            continue
        values, below = flow.values[0], found[-1].number if found else 0
        for number, cells in enumerate(block.layers, start=below + 1):
            read = [_read(cell, values, number, bool(k)) for k, cell in enumerate(cells)]
            found += [layer for layer, _ in read]
            values = np.concatenate([outputs for _, outputs in read], axis=1)
        flow = flow._replace(values=block.joined(values, flow.values[0])[None])
    return tuple(found)


def _read(
    cell: NumpyCell, inputs: np.ndarray, number: int, reverse: bool
) -> tuple[LayerRecording, np.ndarray]:
    """One cell step by step: what it held, and its outputs `[T, O]`."""
    order = slice(None, None, -1 if reverse else 1)
    read = np.ascontiguousarray(inputs[order])
    state, befores, afters, outputs = cell.initial_state(1), [], [], []
    for t in range(len(read)):
        befores.append(_one(state, 0))
        output, state = cell(read[t : t + 1], state)
        afters.append(_one(state, -1))
        outputs.append(output)
    before, after = join(befores), join(afters)
    inner = _unwrapped(cell)
    gates = {}
    if isinstance(inner, KernelCell):
        gates = _gates(inner, read, before)
    elif isinstance(inner, TapeCell) and len(read):
        gates = inner.named(read, before)
    layer = LayerRecording(
        number,
        reverse,
        _kind(inner),
        inputs,
        {name: gate[order] for name, gate in gates.items()},
        hidden(after)[order],
        after.cell[order] if isinstance(after, LSTMState) else None,
    )
    return layer, np.concatenate(outputs)[order]


def _one(state: Any, index: int) -> Any:
    """Of a dilated cell's states the oldest (0) or the newest (-1); any other cell has one."""
    return state.at(index) if isinstance(state, DilatedState) else state


def _unwrapped(cell: NumpyCell) -> NumpyCell:
    """The cell inside its wrappers, none of which adds to a single state."""
    while isinstance(cell, Dilated | Zoneout | Residual | Projected | LearnedInitialState):
        cell = cell.cell
    return cell


def _kind(cell: NumpyCell) -> str:
    if isinstance(cell, KernelCell):
        return cell.recurrence.title
    return cell.name if isinstance(cell, TapeCell) else type(cell).__name__


def _gates(cell: KernelCell, inputs: np.ndarray, before: Any) -> dict[str, np.ndarray]:
    """Each gate `[T, H]`: the steps are independent once the state before each is known."""
    read = inputs if cell.embedding is None else cell.embedding[inputs]
    _, tape = equations.step_forward(cell.recurrence, cell.weights, read, before)
    return {name: getattr(tape, name) for name in cell.recurrence.gate_names}
