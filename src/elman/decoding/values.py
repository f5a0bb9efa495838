"""Steps that have numbers beside what is chosen: a search over a network with a mixture at its end.

The search chooses a token at each step: the mixture's component and all that is discrete. The
numbers are drawn when the next step reads the token, as a pure function of seed, row id, step and
token (`elman.kernels.mixture.draw_values`). So a search over drawings is the search over texts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from elman.blueprint.mixture import Mixture
from elman.decoding.options import SearchOptions
from elman.kernels.mixture import draw_values, token_logits
from elman.parameters import whole_number
from elman.state import batch_size, select

__all__ = ["Read", "ValueState", "ValueSteps"]

Read = Callable[[np.ndarray, Any], tuple[np.ndarray, Any]]
"""`read(values [B, D], state) -> (raw [B, P], state)`: the network's step; at first zeros."""


_COLDEST = 1e-3  # a temperature next to 0, by which tokens that are likelier come first


class ValueState(NamedTuple):
    """What a search over such steps carries.

    Attributes:
        network: The network's own state.
        raw: `[B, P]`, what it said last: parameters of the step whose token is chosen next.
        row_ids: `[B]` int64, of which the draws are a function.
        steps: `[B]` int64, how many tokens were read.
    """

    network: Any
    raw: np.ndarray
    row_ids: np.ndarray
    steps: np.ndarray


class ValueSteps:
    """A search's step function over a network whose last block is a mixture.

    A branch of a search goes on with the same steps: another seed chooses other tokens, and the
    numbers that were drawn stay as they are.

    Args:
        read: The network.
        block: Its last block.
        seed: Of the numbers, ≥ 0.
        temperature: Of tokens and numbers: as of `token_logits` and `draw_values`, ≥ 0. The search
            has none of its own then: see `options`.
    """

    def __init__(self, read: Read, block: Mixture, seed: int = 0, temperature: float = 1.0) -> None:
        self.block, self._read = block, read
        self.seed, self.temperature = whole_number("seed", seed, 0), float(temperature)

    @classmethod
    def of(cls, read: Read, block: Mixture, options: SearchOptions) -> ValueSteps:
        """Steps by the seed and temperature of options."""
        temperature = 1.0 if options.temperature is None else options.temperature
        return cls(read, block, options.seed, temperature)

    @property
    def eos(self) -> int | None:
        """The token that ends a row, where the block has one."""
        return 0 if self.block.ends else None

    def state(self, network: Any, row_ids: Int[np.ndarray, "B"]) -> ValueState:
        """The state before the first step.

        Args:
            network: The network's, of B rows.
            row_ids: As `Search` is given them.
        """
        ids = np.asarray(row_ids, np.int64)
        raw = np.zeros((len(ids), self.block.output_features(0)), np.float32)
        return ValueState(network, raw, ids, np.zeros(len(ids), np.int64))

    def __call__(self, tokens: np.ndarray, state: ValueState) -> tuple[np.ndarray, ValueState]:
        """See `elman.decoding.Step`; the first token of a row (its `go`) is not looked at."""
        raw, network = self._read(self.values(tokens, state), state.network)
        after = ValueState(network, raw, state.row_ids, state.steps + 1)
        return token_logits(self.block, raw, max(self.temperature, _COLDEST)), after

    def options(self, options: SearchOptions) -> SearchOptions:
        """Those of a search that these steps are for: its temperature is in the steps."""
        return replace(options, temperature=min(1.0, float(self.temperature > 0)))

    def values(self, tokens: np.ndarray, state: ValueState) -> Float[np.ndarray, "B D"]:
        """The values of tokens that were chosen after this state; zeros before the first step."""
        begun = state.steps > 0
        known = np.where(begun, tokens, 0)
        told = (self.block, state.raw, known, self.seed, state.row_ids, state.steps)
        drawn = draw_values(*told, temperature=self.temperature)
        return np.where(begun[:, None], drawn, 0.0)

    def written(
        self, rows: Sequence[Int[np.ndarray, "T"]], state: ValueState
    ) -> list[Float[np.ndarray, "T D"]]:
        """The values of all tokens of each row, by reading them again from the first state.

        Args:
            rows: Of each row the tokens that a search chose.
            state: The one that the search began with, of as many rows.
        """
        assert batch_size(state) == len(rows)
        found = [np.zeros((len(tokens), self.block.values)) for tokens in rows]
        lengths = np.array([len(tokens) for tokens in rows], dtype=np.int64)
        left = np.flatnonzero(lengths)
        state = select(state, left)
        before = np.zeros(len(left), np.int64)
        for step in range(int(lengths.max(initial=0))):
            going = np.flatnonzero(lengths[left] > step)
            left, state, before = left[going], select(state, going), before[going]
            _, state = self(before, state)
            before = np.array([rows[n][step] for n in left], dtype=np.int64)
            for n, values in zip(left, self.values(before, state), strict=True):
                found[n][step] = values
        return found
