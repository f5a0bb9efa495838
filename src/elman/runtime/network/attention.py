"""What a decoder sees of its source, on NumPy arrays; twin of `elman.models.attention`."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman import blueprint as plan
from elman.kernels import attention, native
from elman.kernels.attention import Memory
from elman.runtime.network.cells import Arrays, real_steps
from elman.runtime.network.dense import Linear
from elman.runtime.network.flow import Flow

__all__ = ["Attend"]


class Attend:
    """Hidden vectors to attentional ones.

    The state is the last one where it is fed back, else nothing.
    """

    def __init__(self, block: plan.Attend, features: int, weights: Arrays) -> None:
        self.feeding, self.units = block.feeding, block.units
        self.mixed = Linear(weights["weight"])
        self.key = Linear(weights["key"]) if "key" in weights else None
        self.query = Linear(weights["query"]) if "query" in weights else None
        self.energy = weights["energy"][0] if "energy" in weights else None
        self.look = attention.look if native.isa() is None else native.look

    def see(self, values: np.ndarray, lengths: np.ndarray) -> Memory:
        """What an encoder gave, `[N, S, M]`, with what is compared, computed once."""
        keys = values if self.key is None else self.key(values)
        return Memory(keys, np.ascontiguousarray(values), lengths)

    def initial_state(self, batch: int) -> Any:
        """Zeros, where the next step is fed with it."""
        return (np.zeros((batch, self.units), np.float32),) if self.feeding else ()

    def run(self, flow: Flow, state: Any, reverse: bool) -> tuple[Flow, Any]:
        """Every step of a sequence; without feeding."""
        assert flow.lengths is not None and flow.sources is not None  # noqa: PT018 (of the rows)
        batch, steps, features = flow.values.shape
        rows = flow.values.reshape(batch * steps, features)
        values, weights = self._looked(rows, flow, np.repeat(flow.sources, steps))
        real = real_steps(flow.lengths, steps)[..., None]
        values = np.where(real, values.reshape(batch, steps, self.units), np.float32(0))
        weights = np.where(real, weights.reshape(batch, steps, weights.shape[1]), np.float32(0))
        return flow._replace(values=values, attention=weights), state

    def step(self, flow: Flow, state: Any) -> tuple[Flow, Any]:
        """One step."""
        values, weights = self._looked(flow.values, flow, flow.sources)
        after = (values,) if self.feeding else ()
        return flow._replace(values=values, attention=weights), after

    def _looked(
        self, hidden: np.ndarray, flow: Flow, sources: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        assert flow.memory is not None  # a decoder has it
        queries = hidden if self.query is None else self.query(hidden)
        context, weights = self.look(queries, flow.memory, sources, self.energy)
        return np.tanh(self.mixed(np.concatenate([context, hidden], axis=1))), weights
