"""What a network with a mixture at its end is trained for: the likelihood of what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from elman.blueprint import Mixture
from elman.models.flow import zero_past
from elman.models.mixture import log_probability
from elman.operators.loop import real_steps
from elman.training.loop.losses import WeightedSum

__all__ = ["MixtureLoss"]


@dataclass(frozen=True)
class MixtureLoss:
    """-log(probability of each step's values), in nats a step.

    For raw parameters `[B, T, P]` and a batch with `targets [B, T, D]`, `lengths` and `weights`
    (of rows `[B]`, of steps `[B, T]`, or None): over the steps before each row's length. A step
    that is not counted needs no values: what is not finite there is read as 0.

    Attributes:
        block: What a step has.
    """

    block: Mixture

    def __call__(self, outputs: Float[Tensor, "B T P"], batch: Any) -> WeightedSum:
        """Sum over the real steps."""
        weights = outputs.new_ones(outputs.shape[:2])
        if batch.lengths is not None:
            weights = real_steps(batch.lengths, outputs.shape[1]).to(outputs.dtype)
        if batch.weights is not None:
            given = batch.weights.to(outputs.dtype)
            weights = weights * (given[:, None] if given.dim() == 1 else given)
        targets = (
            batch.targets if batch.lengths is None else zero_past(batch.targets, batch.lengths)
        )
        targets = torch.where((weights > 0)[..., None], targets, torch.zeros_like(targets))
        losses = -log_probability(self.block, outputs, targets.to(outputs.dtype))
        return WeightedSum((losses * weights).sum(), weights.sum())
