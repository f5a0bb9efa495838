"""The blocks of a blueprint on NumPy arrays: a whole sequence at once, or one step.

A block passes on what it makes of a `Flow` and keeps nothing between calls: its state goes in
and comes out. Blocks without one have the empty tuple.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
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
from elman.runtime.network.dense import ACTIVATIONS, linear
from elman.runtime.network.flow import Flow
from elman.runtime.network.horizon import Recall, flatten, parallel, segments, tail

__all__ = ["BLOCKS", "Chain"]


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
    """Passes on what it gets: an embedding whose work the next block does."""

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


class Chain:
    """Blocks in a row; the state is a tuple with that of each block."""

    def __init__(self, blueprint: plan.Blueprint, name: str, weights: Arrays) -> None:
        self.blocks = [
            BLOCKS[block.kind](block, features, under(weights, f"{name}.{index}."))
            for index, (block, features) in enumerate(blueprint.fed_blocks(name))
        ]
        self.plan = blueprint.chains[name]
        for k, (block, after) in enumerate(pairwise(self.blocks)):
            joins = isinstance(block, Embedding) and isinstance(after, Recurrent)
            if joins and after.read_tokens(block.weight):
                self.blocks[k] = Through()

    def initial_state(self, batch: int) -> tuple[Any, ...]:
        """Each block's own."""
        return tuple(block.initial_state(batch) for block in self.blocks)

    def run(self, flow: Flow, state: Any = None, reverse: bool = False) -> tuple[Flow, Any]:
        """A whole sequence, from `state` (None: the initial one)."""
        before = self.initial_state(len(flow.values)) if state is None else state
        after = []
        for block, part in zip(self.blocks, before, strict=True):
            flow, part = block.run(flow, part, reverse)
            after.append(part)
        return flow, tuple(after)

    def step(self, values: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """One step of every block."""
        flow, after = Flow(values), []
        for block, part in zip(self.blocks, state, strict=True):
            flow, part = block.step(flow, part)
            after.append(part)
        return flow.values, tuple(after)

    def recurrent_states(self, state: Any) -> list[Any]:
        """The states of the chain's recurrent blocks."""
        pairs = zip(self.blocks, state, strict=True)
        return [part for block, part in pairs if isinstance(block, Recurrent)]

    def with_recurrent_states(self, states: list[Any], batch: int) -> tuple[Any, ...]:
        """The initial state, but `states` for the recurrent blocks."""
        given = iter(states)
        return tuple(
            next(given) if isinstance(block, Recurrent) else block.initial_state(batch)
            for block in self.blocks
        )


def _embedding(block: plan.Embedding, features: int, weights: Arrays) -> Embedding:
    return Embedding(weights["weight"])


def _dense(block: plan.Dense, features: int, weights: Arrays) -> Pointwise:
    product = partial(linear, weight=weights["weight"], bias=weights["bias"])
    activation = ACTIVATIONS[block.activation]
    return Pointwise(lambda values: activation(product(values)))


def _pool(block: plan.Pool, features: int, weights: Arrays) -> LastState | RunningPool:
    if block.how == "last":
        return LastState()
    if block.how == "mean":
        return RunningPool(np.add, 0.0, True, features)
    return RunningPool(np.maximum, -np.inf, False, features)


def _dropout(block: plan.Dropout, features: int, weights: Arrays) -> Pointwise:
    return Pointwise(lambda values: values)  # it acts in training only


BLOCKS: dict[str, Callable[..., Any]] = {
    "embedding": _embedding,
    "recurrent": Recurrent,
    "pool": _pool,
    "dense": _dense,
    "dropout": _dropout,
    "segments": segments,
    "tail": tail,
    "flatten": flatten,
    "parallel": parallel,
    "recall": Recall,
}
"""What builds each kind of block: (block, features that it is fed, its weights)."""
