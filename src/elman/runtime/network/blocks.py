"""The blocks of a blueprint on NumPy arrays, in chains: a whole sequence at once, or one step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from elman import blueprint as plan
from elman.runtime.network.cells import Arrays, under
from elman.runtime.network.dense import ACTIVATIONS, linear
from elman.runtime.network.flow import Flow
from elman.runtime.network.heads import Adaptive, Tied
from elman.runtime.network.horizon import Recall, flatten, parallel, segments, tail
from elman.runtime.network.layers import (
    Attention,
    Embedding,
    Given,
    LastState,
    Pointwise,
    Recurrent,
    RunningPool,
    Through,
)
from elman.runtime.network.tagging import Words

__all__ = ["BLOCKS", "Chain", "given_to"]


class Chain:
    """Blocks in a row; the state is a tuple with that of each block."""

    def __init__(self, blueprint: plan.Blueprint, name: str, weights: Arrays) -> None:
        self.blocks = [
            BLOCKS[block.kind](block, features, given_to(block, weights, name, index))
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


def given_to(block: plan.Block, weights: Arrays, chain: str, index: int) -> Arrays:
    """A block's weights by its own names; to a tied one the first block's are its `table`."""
    found = under(weights, f"{chain}.{index}.")
    if isinstance(block, plan.Tied):
        found = {**found, "table": weights[f"{chain}.0.weight"]}
    return found


def _embedding(block: plan.Embedding, features: int, weights: Arrays) -> Embedding:
    return Embedding(weights["weight"])


def _dense(block: plan.Dense, features: int, weights: Arrays) -> Pointwise:
    product = partial(linear, weight=weights["weight"], bias=weights["bias"])
    activation = ACTIVATIONS[block.activation]
    return Pointwise(lambda values: activation(product(values)))


def _pool(block: plan.Pool, features: int, weights: Arrays) -> LastState | RunningPool | Attention:
    if block.how == "last":
        return LastState()
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
    "recurrent": Recurrent,
    "pool": _pool,
    "dense": _dense,
    "tied": Tied,
    "adaptive": Adaptive,
    "dropout": _dropout,
    "crf": lambda block, features, weights: Through(),  # its weights are for who decides on paths
    "segments": segments,
    "tail": tail,
    "flatten": flatten,
    "parallel": parallel,
    "recall": Recall,
}
"""What builds each kind of block: (block, features that it is fed, its weights)."""
