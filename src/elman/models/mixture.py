"""A mixture of distributions over the values of a step, in torch; twin of `kernels.mixture`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from elman import blueprint as plan
from elman.blueprint.mixture import CONTINUOUS
from elman.kernels.mixture import (
    CONCENTRATION,
    CORRELATION,
    FREEDOM,
    LARGEST,
    SCALE,
    numbers_of,
)
from elman.models.flow import Flow, only_real

__all__ = ["Mixture", "log_probability"]

_HALF = 0.5 * math.log(2 * math.pi)


class Mixture(nn.Module):
    """A dense layer to the raw parameters; see the blueprint's `Mixture`.

    Locations start normal with deviation 1, so that components differ from the first; all other
    biases start at zero, weights Glorot uniform.
    """

    def __init__(self, block: plan.Mixture, features: int) -> None:
        super().__init__()
        units = block.output_features(features)
        self.block = block
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(units, features)))
        self.bias = nn.Parameter(torch.zeros(units))
        for part in block.layout():
            if part.family in CONTINUOUS:
                first = numbers_of(block, part.family, part.size, self.bias.data[part.raw])[0]
                first.normal_()

    def forward(self, flow: Flow) -> Flow:
        """Steps to steps, or a vector to a vector."""
        return only_real(flow._replace(values=F.linear(flow.values, self.weight, self.bias)))


def log_probability(
    block: plan.Mixture, raw: Float[Tensor, "*N P"], targets: Float[Tensor, "*N D"]
) -> Float[Tensor, "*N"]:
    """The log of the probability (density) of each step's values, in nats; see the kernel."""
    raw = raw.clamp(-LARGEST, LARGEST)
    total = raw.new_zeros(raw.shape[:-1])
    if block.numbers:
        total = total + _densities(block, raw, targets).logsumexp(dim=-1)
    for part in block.layout():
        if part.family == "bernoulli":
            logits, wanted = raw[..., part.raw], targets[..., part.columns]
            signed = torch.where(wanted > 0.5, logits, -logits)
            total = total + F.logsigmoid(signed).sum(dim=-1)
        elif part.family == "categorical":
            logits = raw[..., part.raw].log_softmax(dim=-1)
            chosen = targets[..., part.columns].long()
            total = total + logits.gather(-1, chosen)[..., 0]
    if not block.ends:
        return total
    end = raw[..., 0]
    return torch.where(targets[..., 0] > 0.5, F.logsigmoid(end), F.logsigmoid(-end) + total)


def _densities(block: plan.Mixture, raw: Tensor, targets: Tensor) -> Tensor:
    """Of each component, its weight included, the log-density of a step's numbers `[*N, K]`."""
    total = raw[..., block.weights].log_softmax(dim=-1)
    for part in block.layout():
        if part.family in CONTINUOUS:
            values = targets[..., None, part.columns]
            parts = numbers_of(block, part.family, part.size, raw[..., part.raw])
            total = total + _DENSITIES[part.family](values, *parts)
    return total


def _log_scale(raw: Tensor) -> Tensor:
    return SCALE * torch.tanh(raw / SCALE)


def _gaussian(values: Tensor, mean: Tensor, raw: Tensor) -> Tensor:
    log_scale = _log_scale(raw)
    distance = (values - mean) * torch.exp(-log_scale)
    return (-0.5 * distance.square() - log_scale - _HALF).sum(dim=-1)


def _gaussian_full(values: Tensor, mean: Tensor, raw: Tensor, correlation: Tensor) -> Tensor:
    log_scale, r = _log_scale(raw), CORRELATION * torch.tanh(correlation)
    distance = (values - mean) * torch.exp(-log_scale)
    x, y = distance[..., 0], distance[..., 1]
    rest = 1 - r.square()
    far = (x.square() - 2 * r * x * y + y.square()) / rest
    return -0.5 * far - 0.5 * rest.log() - log_scale.sum(dim=-1) - 2 * _HALF


def _student(values: Tensor, location: Tensor, raw: Tensor, free: Tensor) -> Tensor:
    log_scale, freedom = _log_scale(raw), FREEDOM[0] + FREEDOM[1] * torch.sigmoid(free)
    distance = (values - location) * torch.exp(-log_scale)
    half = (freedom + 1) / 2
    constant = torch.lgamma(half) - torch.lgamma(freedom / 2) - 0.5 * (freedom * math.pi).log()
    each = constant - half * torch.log1p(distance.square() / freedom) - log_scale
    return each.sum(dim=-1)


def _logistic(values: Tensor, location: Tensor, raw: Tensor) -> Tensor:
    log_scale = _log_scale(raw)
    distance = (values - location).abs() * torch.exp(-log_scale)
    return (-distance - 2 * F.softplus(-distance) - log_scale).sum(dim=-1)


def _von_mises(values: Tensor, along: Tensor, across: Tensor) -> Tensor:
    square = along.square() + across.square()
    short = torch.rsqrt(1 + square / CONCENTRATION**2)
    # Its own gradient at no concentration is 0; the root's would be infinite.
    concentration = (square + torch.finfo(square.dtype).tiny).sqrt() * short
    said = short * (along * torch.cos(values) + across * torch.sin(values))
    log_bessel = torch.special.i0e(concentration).log() + concentration
    return (said - log_bessel - 2 * _HALF).sum(dim=-1)


_DENSITIES: dict[str, Callable[..., Any]] = {
    "gaussian": _gaussian,
    "gaussian_full": _gaussian_full,
    "student_t": _student,
    "logistic": _logistic,
    "von_mises": _von_mises,
}
"""Of values and the raw parameters of each component: the log-density `[*N, K]`."""
