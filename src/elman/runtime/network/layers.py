"""The usual blocks on NumPy arrays: a whole sequence at once, or one step.

A block passes on what it makes of a `Flow` and keeps nothing between calls: its state goes in
and comes out. Blocks without one have the empty tuple.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from elman import blueprint as plan
from elman.runtime.network.cells import (
    Arrays,
    KernelCell,
    build_cell,
    hidden,
    real_steps,
    under,
    unroll,
)
from elman.runtime.network.flow import Flow

__all__ = ["Embedding", "LastState", "Pointwise", "Recurrent", "RunningPool", "Through"]


class Pointwise:
    """A block that treats each step alone: embedding, dense, dropout."""

    def __init__(self, function: Callable[[np.ndarray], np.ndarray]) -> None:
        self.function = function

    def initial_state(self, batch: int) -> tuple[()]:
        """None is needed."""
        return ()

    def run(self, flow: Flow, state: tuple[()], reverse: bool) -> tuple[Flow, tuple[()]]:
        """Every step of a sequence, or a vector."""
        values = self.function(flow.values)
        if flow.lengths is not None:  # a bias would stand past a length
            real = real_steps(flow.lengths, values.shape[1])[..., None]
            values = np.where(real, values, np.float32(0))
        return flow._replace(values=values), state

    def step(self, flow: Flow, state: tuple[()]) -> tuple[Flow, tuple[()]]:
        """One step."""
        return flow._replace(values=self.function(flow.values)), state


class Embedding(Pointwise):
    """Each id becomes its row."""

    def __init__(self, weight: np.ndarray) -> None:
        super().__init__(lambda ids: weight[ids])
        self.weight = weight


class Through:
    """Passes on what it gets: an embedding whose work the next block does, or a `crf`."""

    def initial_state(self, batch: int) -> tuple[()]:
        """None is needed."""
        return ()

    def run(self, flow: Flow, state: tuple[()], reverse: bool) -> tuple[Flow, tuple[()]]:
        """A whole sequence."""
        return flow, state

    def step(self, flow: Flow, state: tuple[()]) -> tuple[Flow, tuple[()]]:
        """One step."""
        return flow, state


class Recurrent:
    """Layers of cells; the state is a tuple with that of each cell, from the bottom up.

    In a bidirectional block a layer's backward cell follows its forward cell.
    """

    def __init__(self, block: plan.Recurrent, features: int, weights: Arrays) -> None:
        self.layers = [
            [
                build_cell(config, under(weights, f"{direction}.{index}."))
                for direction in ("cells", "backward_cells")[: block.directions]
            ]
            for index, config in enumerate(block.cells)
        ]

    def read_tokens(self, embedding: np.ndarray) -> bool:
        """Whether the first layer reads ids of the embedding's rows itself from now on.

        A kernel gathers what a row adds to its gates, where others would multiply it again.
        """
        readers = [cell for cell in self.layers[0] if isinstance(cell, KernelCell)]
        if len(readers) < len(self.layers[0]):
            return False
        for cell in readers:
            cell.read_tokens(embedding)
        return True

    def initial_state(self, batch: int) -> tuple[Any, ...]:
        """Each cell's own."""
        return tuple(cell.initial_state(batch) for layer in self.layers for cell in layer)

    def run(self, flow: Flow, state: tuple[Any, ...], reverse: bool) -> tuple[Flow, Any]:
        """A whole sequence, layer by layer."""
        assert flow.lengths is not None  # only steps are read
        values, before, after = flow.values, iter(state), []
        for layer in self.layers:
            outputs = []
            for direction, cell in enumerate(layer):
                backward = reverse or direction == 1
                done, final = unroll(cell, values, next(before), flow.lengths, backward)
                outputs.append(done)
                after.append(final)
            values = np.concatenate(outputs, axis=2) if len(layer) > 1 else outputs[0]
        return flow._replace(values=values, hidden=self._hidden(after)), tuple(after)

    def step(self, flow: Flow, state: tuple[Any, ...]) -> tuple[Flow, Any]:
        """One step of every layer; there is no backward direction."""
        values, after = flow.values, []
        for (cell,), before in zip(self.layers, state, strict=True):
            values, new = cell(values, before)
            after.append(new)
        return flow._replace(values=values, hidden=self._hidden(after)), tuple(after)

    def _hidden(self, states: list[Any]) -> np.ndarray:
        return np.concatenate([hidden(state) for state in states[-len(self.layers[-1]) :]], axis=1)


class LastState:
    """`Pool('last')`: the hidden state after the last step that was read."""

    def initial_state(self, batch: int) -> tuple[()]:
        """None is needed."""
        return ()

    def run(self, flow: Flow, state: tuple[()], reverse: bool) -> tuple[Flow, tuple[()]]:
        """A whole sequence."""
        return self.step(flow, state)

    def step(self, flow: Flow, state: tuple[()]) -> tuple[Flow, tuple[()]]:
        """One step."""
        assert flow.hidden is not None  # the blueprint puts a Recurrent before it
        return Flow(flow.hidden), state


class RunningPool:
    """`Pool('mean')` and `Pool('max')`: what is known of all steps that were read.

    The state is the running total `[B, F]` and the number of steps `[B, 1]`. Steps are taken
    in their order one by one, so a sequence gives the same bits whole or in parts.
    """

    def __init__(self, accumulate: np.ufunc, start: float, mean: bool, features: int) -> None:
        self.accumulate = accumulate
        self.start = np.float32(start)
        self.mean = mean
        self.features = features

    def initial_state(self, batch: int) -> tuple[np.ndarray, np.ndarray]:
        """No step was read."""
        total = np.full((batch, self.features), self.start, np.float32)
        return total, np.zeros((batch, 1), np.float32)

    def run(self, flow: Flow, state: tuple[Any, ...], reverse: bool) -> tuple[Flow, Any]:
        """A whole sequence."""
        assert flow.lengths is not None  # only steps are pooled
        total, count = state
        totals = self.accumulate.accumulate(
            np.concatenate([total[:, None], flow.values], axis=1), axis=1
        )
        after = totals[np.arange(len(total)), flow.lengths]
        return self._give(after, count + flow.lengths[:, None].astype(np.float32))

    def step(self, flow: Flow, state: tuple[Any, ...]) -> tuple[Flow, Any]:
        """One step."""
        total, count = state
        return self._give(self.accumulate(total, flow.values), count + np.float32(1))

    def _give(self, total: np.ndarray, count: np.ndarray) -> tuple[Flow, Any]:
        value = total / np.maximum(count, 1) if self.mean else total
        return Flow(np.where(count > 0, value, np.float32(0))), (total, count)
