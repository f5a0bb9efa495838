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
from elman.runtime.network.dense import linear
from elman.runtime.network.flow import Flow

__all__ = [
    "Attention",
    "Embedding",
    "Given",
    "LastState",
    "MeanAndMax",
    "Pointwise",
    "Recurrent",
    "RunningPool",
    "Through",
]


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


class Given:
    """Further numbers behind each step's features; such a network answers whole sequences only."""

    def initial_state(self, batch: int) -> tuple[()]:
        """None is needed."""
        return ()

    def run(self, flow: Flow, state: tuple[()], reverse: bool) -> tuple[Flow, tuple[()]]:
        """A whole sequence; zero past each length."""
        assert flow.lengths is not None and flow.given is not None  # noqa: PT018 (of the inputs)
        values = np.concatenate([flow.values, flow.given], axis=2)
        real = real_steps(flow.lengths, values.shape[1])[..., None]
        values = np.where(real, values, np.float32(0))
        return flow._replace(values=values, given=None), state


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
        self.beside = block.beside
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
        if self.beside or len(readers) < len(self.layers[0]):
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
        values = self.joined(values, flow.values)
        return flow._replace(values=values, hidden=self._hidden(after)), tuple(after)

    def step(self, flow: Flow, state: tuple[Any, ...]) -> tuple[Flow, Any]:
        """One step of every layer; there is no backward direction."""
        values, after = flow.values, []
        for (cell,), before in zip(self.layers, state, strict=True):
            values, new = cell(values, before)
            after.append(new)
        values = self.joined(values, flow.values)
        return flow._replace(values=values, hidden=self._hidden(after)), tuple(after)

    def joined(self, outputs: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        """What the block gives: its top layer's outputs, and what it read beside them."""
        return np.concatenate([outputs, inputs], axis=-1) if self.beside else outputs

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


class MeanAndMax:
    """`Pool('mean_max')`: both, side by side; the state is that of each."""

    def __init__(self, features: int) -> None:
        self.pools = (
            RunningPool(np.add, 0.0, True, features),
            RunningPool(np.maximum, -np.inf, False, features),
        )

    def initial_state(self, batch: int) -> tuple[Any, ...]:
        """No step was read."""
        return tuple(pool.initial_state(batch) for pool in self.pools)

    def run(self, flow: Flow, state: tuple[Any, ...], reverse: bool) -> tuple[Flow, Any]:
        """A whole sequence."""
        pairs = zip(self.pools, state, strict=True)
        return self._give([pool.run(flow, part, reverse) for pool, part in pairs])

    def step(self, flow: Flow, state: tuple[Any, ...]) -> tuple[Flow, Any]:
        """One step."""
        pairs = zip(self.pools, state, strict=True)
        return self._give([pool.step(flow, part) for pool, part in pairs])

    def _give(self, found: list[tuple[Flow, Any]]) -> tuple[Flow, Any]:
        flows, states = zip(*found, strict=True)
        return Flow(np.concatenate([flow.values for flow in flows], axis=1)), states


class Attention:
    """`Pool('attention')`: the mean of all steps that were read, each with a weight of its own.

    The state is the highest score `[B, 1]`, the running total of the steps `[B, F]` and that of
    their weights `[B, 1]`, both as if the highest score were zero. Steps are taken in their order
    one by one, so a sequence gives the same bits whole or in parts.
    """

    def __init__(self, weights: Arrays, features: int) -> None:
        self.weight, self.bias = weights["weight"], weights["bias"]
        self.query = weights["query"]
        self.features = features

    def initial_state(self, batch: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """No step was read."""
        highest = np.full((batch, 1), -np.inf, np.float32)
        total = np.zeros((batch, self.features), np.float32)
        return highest, total, np.zeros((batch, 1), np.float32)

    def run(self, flow: Flow, state: tuple[Any, ...], reverse: bool) -> tuple[Flow, Any]:
        """A whole sequence."""
        assert flow.lengths is not None  # only steps are pooled
        scores = self._scores(flow.values)
        for t in range(flow.values.shape[1]):
            after = self._with(state, flow.values[:, t], scores[:, t])
            real = (t < flow.lengths)[:, None]
            state = tuple(np.where(real, new, old) for new, old in zip(after, state, strict=True))
        return self._give(state)

    def step(self, flow: Flow, state: tuple[Any, ...]) -> tuple[Flow, Any]:
        """One step."""
        return self._give(self._with(state, flow.values, self._scores(flow.values)))

    def _scores(self, values: np.ndarray) -> np.ndarray:
        """Of each step one, `[..., 1]`."""
        said = np.tanh(linear(values, self.weight, self.bias))
        return linear(said, self.query, np.zeros(1, np.float32))

    def _with(
        self, state: tuple[Any, ...], values: np.ndarray, scores: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The state after another step."""
        before, total, weights = state
        highest = np.maximum(before, scores)
        kept, weight = np.exp(before - highest), np.exp(scores - highest)
        return highest, total * kept + values * weight, weights * kept + weight

    def _give(self, state: tuple[Any, ...]) -> tuple[Flow, Any]:
        _, total, weights = state
        return Flow(np.where(weights > 0, total / np.where(weights > 0, weights, 1), 0)), state
