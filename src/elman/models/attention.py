"""What a decoder sees of its source, in torch; twin of `elman.runtime.network.attention`."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from elman import blueprint as plan
from elman.models.flow import Flow, Memory
from elman.operators.loop import real_steps

__all__ = ["PART", "Attend", "Seen"]

PART = 2**24
"""Bytes: so much at most of what additive scores compare is held at once, or one query's."""


class Seen:
    """A memory as one decoder attends to it: what is the same for all steps, computed once.

    Attributes:
        values: `[B, S, M]`, what is averaged.
        keys: `[B, S, K]`, what is compared.
        padding: `[B, 1, S]`, true where no step is real; None: all are.
    """

    def __init__(self, memory: Memory, keys: Float[Tensor, "B S K"]) -> None:
        self.values, self.keys = memory.values, keys
        self.padding: Tensor | None = None
        if memory.lengths is not None:
            self.padding = ~real_steps(memory.lengths, keys.shape[1])[:, None]


class Attend(nn.Module):
    """Hidden vectors to attentional ones; see the blueprint's `Attend`.

    Its weights start Glorot uniform.

    Attributes:
        feeding: Whether the result stands beside the next step's input; then who calls sees to it.
        units: Features of the result.
    """

    weight: nn.Parameter
    key: nn.Parameter | None
    query: nn.Parameter | None
    energy: nn.Parameter | None

    def __init__(self, block: plan.Attend, features: int) -> None:
        super().__init__()
        self.score, self.feeding, self.units = block.score, block.feeding, block.units
        shapes = block.shapes(features)
        for name in ("weight", "key", "query", "energy"):
            weight = None
            if name in shapes:
                weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(shapes[name])))
            self.register_parameter(name, weight)

    def forward(self, flow: Flow) -> Flow:
        """Steps to steps, all at once."""
        assert flow.memory is not None  # the blueprint puts it into a decoder
        seen = self.see(flow.memory)
        context, weights = self.look(flow.values, seen)
        if flow.lengths is None:
            values = self.combine(context, flow.values)
        else:  # of what stands past a length nobody asks
            real = real_steps(flow.lengths, flow.values.shape[1])
            found = self.combine(context[real], flow.values[real])
            values = found.new_zeros(*real.shape, self.units).masked_scatter(real[..., None], found)
        return flow._replace(values=values, attention=weights)

    def see(self, memory: Memory) -> Seen:
        """The memory, with what is compared."""
        values = memory.values
        return Seen(memory, values if self.key is None else F.linear(values, self.key))

    def look(
        self, hidden: Float[Tensor, "B U H"], seen: Seen
    ) -> tuple[Float[Tensor, "B U M"], Float[Tensor, "B U S"]]:
        """The contexts, and the weights: at padding 0, else in sum 1."""
        weights = _shares(self._scores(hidden, seen.keys), seen.padding)
        return weights @ seen.values, weights

    def combine(
        self, context: Float[Tensor, "*N M"], hidden: Float[Tensor, "*N H"]
    ) -> Float[Tensor, "*N A"]:
        """The attentional vectors."""
        split = context.shape[-1]
        mixed = F.linear(context, self.weight[:, :split]) + F.linear(hidden, self.weight[:, split:])
        return torch.tanh(mixed)

    def _scores(self, hidden: Tensor, keys: Tensor) -> Float[Tensor, "B U S"]:
        if self.query is None or self.energy is None:
            return hidden @ keys.mT
        return _additive(F.linear(hidden, self.query), keys, self.energy[0])


def _additive(
    queries: Float[Tensor, "B U K"], keys: Float[Tensor, "B S K"], energy: Float[Tensor, "K"]
) -> Float[Tensor, "B U S"]:
    """Additive scores; where `[B, U, S, K]` is more than `PART`, of some queries after others.

    Each such part is computed again on the way back, so that no more than one is ever held.
    """
    size = len(keys) * keys.shape[1] * keys.shape[2] * keys.element_size()
    queries_at_once = max(PART // max(size, 1), 1)
    if queries.shape[1] <= queries_at_once:
        return _energies(queries, keys, energy)
    parts = queries.split(queries_at_once, dim=1)
    if not torch.is_grad_enabled():
        return torch.cat([_energies(part, keys, energy) for part in parts], dim=1)
    again: dict[str, Any] = {"use_reentrant": False, "preserve_rng_state": False}  # draws nothing
    return torch.cat([checkpoint(_energies, part, keys, energy, **again) for part in parts], dim=1)


def _energies(queries: Tensor, keys: Tensor, energy: Tensor) -> Tensor:
    return torch.tanh(queries[:, :, None] + keys[:, None]) @ energy


def _shares(scores: Float[Tensor, "B U S"], padding: Tensor | None) -> Float[Tensor, "B U S"]:
    """Softmax over real steps; zeros for a row without any."""
    if padding is None:
        return scores.softmax(dim=2) if scores.shape[2] else scores
    lowest = torch.finfo(scores.dtype).min
    return scores.masked_fill(padding, lowest).softmax(dim=2).masked_fill(padding, 0.0)
