"""The blocks of a blueprint on NumPy arrays, in chains: a whole sequence at once, or one step."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from elman import blueprint as plan
from elman.kernels.attention import Memory
from elman.runtime.network.attention import Attend
from elman.runtime.network.cells import Arrays, real_steps, under
from elman.runtime.network.convolution import Convolution
from elman.runtime.network.dense import ACTIVATIONS, Linear
from elman.runtime.network.flow import Flow
from elman.runtime.network.heads import Adaptive, Tied
from elman.runtime.network.horizon import Recall, flatten, parallel, segments, tail
from elman.runtime.network.layers import (
    Attention,
    Embedding,
    Given,
    LastState,
    MeanAndMax,
    Pointwise,
    Recurrent,
    RunningPool,
    Through,
)
from elman.runtime.network.soft_window import SoftWindow
from elman.runtime.network.tagging import Words
from elman.state import where

__all__ = ["BLOCKS", "Chain", "given_to"]


class Chain:
    """Blocks in a row; the state is a tuple with that of each block.

    Attributes:
        fed: The places of a recurrent block and of the `attend` block behind it, whose result
            stands beside the next step's input; None: there is no such.
    """

    def __init__(self, blueprint: plan.Blueprint, name: str, weights: Arrays) -> None:
        self.blocks = [
            BLOCKS[block.kind](block, features, given_to(block, weights, name, index))
            for index, (block, features) in enumerate(blueprint.fed_blocks(name))
        ]
        self.plan = blueprint.chains[name]
        self.fed: tuple[int, int] | None = None
        for k, block in enumerate(self.blocks):
            if isinstance(block, Attend) and block.feeding:
                self.fed = (k - 1, k)
        for k, (block, after) in enumerate(pairwise(self.blocks)):
            joins = isinstance(block, Embedding) and isinstance(after, Recurrent)
            plain = self.fed is None and blueprint.conditioning == "state"
            if joins and plain and after.read_tokens(block.weight):
                self.blocks[k] = Through()

        recurrent = (k for k, block in enumerate(self.blocks) if isinstance(block, Recurrent))
        self._first = next(recurrent, None)

    @property
    def attend(self) -> Attend | None:
        """The block that looks at sources, where there is one."""
        return next((block for block in self.blocks if isinstance(block, Attend)), None)

    def initial_state(self, batch: int) -> tuple[Any, ...]:
        """Each block's own."""
        return tuple(block.initial_state(batch) for block in self.blocks)

    def run(self, flow: Flow, state: Any = None, reverse: bool = False) -> tuple[Flow, Any]:
        """A whole sequence, from `state` (None: the initial one)."""
        before = self.initial_state(len(flow.values)) if state is None else state
        after: list[Any] = []
        for k, (block, part) in enumerate(zip(self.blocks, before, strict=True)):
            if flow.beside is not None and k == self._first:
                shape = (*flow.values.shape[:2], flow.beside.shape[1])
                beside = np.broadcast_to(flow.beside[:, None], shape)
                flow = flow._replace(values=np.concatenate([flow.values, beside], axis=2))
            if self.fed is not None and k == self.fed[0]:
                flow, parts = self._feed(flow, before)
                after += parts
            elif self.fed is None or k != self.fed[1]:
                flow, part = block.run(flow, part, reverse)
                after.append(part)
        return flow, tuple(after)

    def step(
        self,
        values: np.ndarray,
        state: Any,
        memory: Memory | None = None,
        sources: np.ndarray | None = None,
        beside: np.ndarray | None = None,
    ) -> tuple[np.ndarray, Any]:
        """One step of every block.

        Args:
            values: What the first block reads.
            state: That of each block.
            memory: Sources, where the chain looks at such.
            sources: Which of them is each row's.
            beside: `[B, ·]`, what stands behind the lowest cell's inputs; None: nothing.
        """
        flow, after = Flow(values, memory=memory, sources=sources), []
        for k, (block, part) in enumerate(zip(self.blocks, state, strict=True)):
            if self.fed is not None and k == self.fed[0]:
                flow = _beside(flow, state[self.fed[1]])
            if beside is not None and k == self._first:
                flow = _beside(flow, [beside])
            flow, part = block.step(flow, part)
            after.append(part)
        return flow.values, tuple(after)

    def after(self, vectors: np.ndarray) -> tuple[Any, ...]:
        """The state after a step that reads these in place of what the first block gives."""
        first, *others = self.initial_state(len(vectors))
        flow, after = Flow(vectors), [first]
        for block, part in zip(self.blocks[1:], others, strict=True):
            flow, part = block.step(flow, part)
            after.append(part)
        return tuple(after)

    def _feed(self, flow: Flow, before: Any) -> tuple[Flow, tuple[Any, Any]]:
        """A whole sequence of the two blocks of which one feeds the other, step by step."""
        assert self.fed is not None and flow.lengths is not None  # noqa: PT018
        recurrent, attend = (self.blocks[k] for k in self.fed)
        state = tuple(before[k] for k in self.fed)
        batch, steps = flow.values.shape[:2]
        real = real_steps(flow.lengths, steps)
        values = np.zeros((batch, steps, attend.units), np.float32)
        sizes = 0 if flow.memory is None else flow.memory.values.shape[1]
        attention = np.zeros((batch, steps, sizes), np.float32)
        for t in range(steps):
            one = _beside(flow._replace(values=flow.values[:, t], lengths=None), state[1])
            one, cells = recurrent.step(one, state[0])
            one, fed = attend.step(one, state[1])
            state = where(real[:, t], (cells, fed), state)
            values[:, t] = np.where(real[:, t, None], one.values, np.float32(0))
            attention[:, t] = np.where(real[:, t, None], one.attention, np.float32(0))
        return flow._replace(values=values, attention=attention), state

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


def given_to(block: plan.Block, weights: Arrays, chain: str, index: int) -> Arrays:
    """A block's weights by its own names.

    To a tied one its chain's embedding is its `table`; to a shared embedding the encoder's is its
    own, and then that is the chain's.
    """
    found = under(weights, f"{chain}.{index}.")
    if isinstance(block, plan.Tied):
        table = weights.get(f"{chain}.0.weight")
        found = {**found, "table": weights["encoder.0.weight"] if table is None else table}
    if isinstance(block, plan.Embedding) and block.shared:
        found = {"weight": weights["encoder.0.weight"]}
    return found


def _beside(flow: Flow, fed: Any) -> Flow:
    """The values of a step with what is fed back behind them."""
    return flow._replace(values=np.concatenate([flow.values, *fed], axis=1))


def _embedding(block: plan.Embedding, features: int, weights: Arrays) -> Embedding:
    return Embedding(weights["weight"])


def _dense(block: plan.Dense, features: int, weights: Arrays) -> Pointwise:
    product = Linear(weights["weight"], weights["bias"])
    activation = ACTIVATIONS[block.activation]
    return Pointwise(lambda values: activation(product(values)))


def _linear(block: Any, features: int, weights: Arrays) -> Pointwise:
    return Pointwise(Linear(weights["weight"], weights["bias"]))


def _pool(block: plan.Pool, features: int, weights: Arrays) -> Any:
    if block.how == "last":
        return LastState()
    if block.how == "mean_max":
        return MeanAndMax(features)
    if block.how == "attention":
        return Attention(weights, features)
    if block.how == "mean":
        return RunningPool(np.add, 0.0, True, features)
    return RunningPool(np.maximum, -np.inf, False, features)


def _dropout(block: plan.Dropout, features: int, weights: Arrays) -> Pointwise:
    return Pointwise(lambda values: values)  # it acts in training only


BLOCKS: dict[str, Callable[..., Any]] = {
    "embedding": _embedding,
    "words": Words,
    "given": lambda block, features, weights: Given(),
    "convolution": Convolution,
    "recurrent": Recurrent,
    "pool": _pool,
    "dense": _dense,
    "tied": Tied,
    "adaptive": Adaptive,
    "mixture": _linear,
    "chord": _linear,  # its other weights are for who names notes
    "soft_window": SoftWindow,
    "dropout": _dropout,
    "crf": lambda block, features, weights: Through(),  # its weights are for who decides on paths
    "attend": Attend,
    "segments": segments,
    "tail": tail,
    "flatten": flatten,
    "parallel": parallel,
    "recall": Recall,
}
"""What builds each kind of block: (block, features that it is fed, its weights)."""
