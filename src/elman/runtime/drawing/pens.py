"""A network that draws: what it is told, drawings taught to it, and the steps of a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from elman.decoding import SearchOptions
from elman.decoding.values import ValueState, ValueSteps
from elman.runtime.drawing.framing import Framing, Told
from elman.runtime.network import Network

__all__ = ["PenState", "Pens"]


class PenState(NamedTuple):
    """What goes on from step to step while a network draws.

    Attributes:
        network: The network's own state.
        place: `[B, 2]`, where the pen is, in the drawing's size.
        beside: `[B, C]`, what stands beside each step.
    """

    network: Any
    place: np.ndarray
    beside: np.ndarray


class Pens:
    """A network that says how a pen goes on.

    Args:
        network: It ends with a mixture over a pen's steps.
        framing: How drawings are read and said.
    """

    def __init__(self, network: Network, framing: Framing) -> None:
        self.network, self.framing = network, framing
        self.block: Any = network.blueprint.chains["body"][-1]

    def taught(self, targets: Sequence[Float[np.ndarray, "T 4"]], told: Told) -> list[np.ndarray]:
        """The raw parameters of each step of drawings, `[T_i, P]`; the longest is the first."""
        lengths = np.array([len(one) for one in targets], dtype=np.int64)
        inputs = np.zeros((len(targets), int(lengths.max()), self.framing.features), np.float32)
        for row, one in enumerate(targets):
            read = self.framing.inputs(one)
            inputs[row, : len(one), : read.shape[1]] = read
            inputs[row, : len(one), read.shape[1] :] = told.beside[row]
        raw, _ = self.network.unroll(inputs, self._first(told))
        return [raw[row, :length] for row, length in enumerate(lengths)]

    def steps(self, options: SearchOptions) -> ValueSteps:
        """A search's step function."""
        return ValueSteps.of(self._read, self.block, options)

    def state(self, told: Told, row_ids: Int[np.ndarray, "B"]) -> ValueState:
        """The state before the first step of drawings of which this is told."""
        place = np.zeros((len(told.beside), 2))
        steps = ValueSteps(self._read, self.block)
        return steps.state(PenState(self._first(told), place, told.beside), row_ids)

    def _first(self, told: Told) -> Any:
        """The network's state before it has read anything but what it is told."""
        first, *others = self.network.initial_state(len(told.beside))
        if self.framing.condition == "text":
            first = first._replace(text=told.texts)
        return (first, *others)

    def _read(self, values: np.ndarray, state: PenState) -> tuple[np.ndarray, PenState]:
        read, place = self.framing.read(values, state.place)
        inputs = np.concatenate([read, state.beside], axis=1).astype(np.float32)
        raw, network = self.network.step_inputs(inputs, state.network)
        return raw, PenState(network, place, state.beside)
