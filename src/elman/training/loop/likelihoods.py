"""What a forecasting network is trained for: the heads of `elman.metrics.forecasts` as losses.

Outputs are raw, as the heads state them; targets are normalised, not a number where missing.
A missing target counts nothing and gets no gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log, pi
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from elman.errors import ArgumentError
from elman.metrics.forecasts import DEVIATION_FLOOR, FREEDOM_FLOOR, make_head
from elman.training.loop.losses import WeightedSum

__all__ = ["POINT_LOSSES", "ForecastLoss"]

POINT_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": lambda found, wanted: (found - wanted).square(),
    "mae": lambda found, wanted: (found - wanted).abs(),
    "huber": lambda found, wanted: F.huber_loss(found, wanted, reduction="none"),
}
"""Of a point head: squared, absolute, or squared up to 1 and absolute beyond (Huber 1964)."""


@dataclass(frozen=True)
class ForecastLoss:
    """The mean loss of the values that a forecast is held against.

    For outputs `[B, H·K·P]`, `[B, H, K·P]` or `[B, L, K·P]`, in that order, and a batch with
    `targets [B, S, K]` of as many values and, for counts, `spread [B, K]`: counts a unit.

    Attributes:
        output: The head's name. A distribution's loss is minus the log of the likelihood, in
            nats; of quantiles it is the pinball loss, averaged over the levels (Koenker and
            Bassett 1978).
        levels: Of the head `quantiles`.
        loss: Of the head `point`; one of `POINT_LOSSES`.

    Raises:
        ArgumentError: A name is unknown, or levels are missing or out of place.
    """

    output: str = "point"
    levels: tuple[float, ...] = ()
    loss: str = "mae"

    def __post_init__(self) -> None:
        make_head(self.output, self.levels)
        if self.loss not in POINT_LOSSES:
            known = ", ".join(POINT_LOSSES)
            raise ArgumentError("loss", f"found {self.loss!r}", f"one of {known}")

    @property
    def squared(self) -> bool:
        """Whether it asks for the mean, rather than for the median or a distribution."""
        return self.output == "point" and self.loss == "mse"

    def __call__(self, outputs: Float[Tensor, "B ..."], batch: Any) -> WeightedSum:
        """Sum over the observed values."""
        targets = batch.targets
        observed = torch.isfinite(targets)
        wanted = torch.where(observed, targets, torch.zeros_like(targets))
        raw = outputs.reshape(*targets.shape, -1)
        if self.output == "negative_binomial":
            scale = batch.spread[:, None].expand_as(targets)
            losses = _count_loss(raw, wanted, scale)
        else:
            losses = self._losses(raw, wanted)
        return _counted(losses, observed, batch.weights)

    def _losses(self, raw: Float[Tensor, "B S K P"], wanted: Float[Tensor, "B S K"]) -> Tensor:
        if self.output == "point":
            return POINT_LOSSES[self.loss](raw[..., 0], wanted)
        if self.output == "quantiles":
            error = wanted[..., None] - raw
            levels = raw.new_tensor(self.levels)
            return torch.maximum(levels * error, (levels - 1) * error).mean(dim=-1)
        deviation = F.softplus(raw[..., 1]) + DEVIATION_FLOOR
        distance = (wanted - raw[..., 0]) / deviation
        if self.output == "gaussian":
            return 0.5 * (distance.square() + log(2 * pi)) + deviation.log()
        freedom = FREEDOM_FLOOR + F.softplus(raw[..., 2])
        return _student_loss(distance, freedom) + deviation.log()


def _student_loss(distance: Tensor, freedom: Tensor) -> Tensor:
    """-log of the density of Student's t at a distance in scales from its location."""
    half = (freedom + 1) / 2
    constant = torch.lgamma(freedom / 2) - torch.lgamma(half) + 0.5 * (freedom * pi).log()
    return constant + half * torch.log1p(distance.square() / freedom)


def _count_loss(raw: Tensor, wanted: Tensor, scale: Tensor) -> Tensor:
    """-log of a negative binomial's probability of the count `wanted * scale`."""
    mean = F.softplus(raw[..., 0]) * scale
    dispersion = F.softplus(raw[..., 1]) + DEVIATION_FLOOR
    count = wanted * scale
    shape = 1 / dispersion
    spread = torch.log1p(dispersion * mean)  # -log of the chance of no further count, by shape
    ways = torch.lgamma(count + 1) + torch.lgamma(shape) - torch.lgamma(count + shape)
    seen = (dispersion * mean).clamp_min(torch.finfo(mean.dtype).tiny).log() - spread
    return ways + shape * spread - count * seen


def _counted(
    losses: Float[Tensor, "B S K"],
    observed: Bool[Tensor, "B S K"],
    weights: Float[Tensor, "B"] | None,
) -> WeightedSum:
    counts = observed.to(losses.dtype)
    if weights is not None:
        counts = counts * weights[:, None, None]
    return WeightedSum((losses * counts).sum(), counts.sum())
