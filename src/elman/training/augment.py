"""Random distortion of sequences in training: of any of features, and of images read by rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor
from torch.nn import functional as F

from elman.errors import ArgumentError
from elman.operators.loop import real_steps

__all__ = ["Augmentation", "augment"]

_IMAGES = ("shift", "rotate", "scale", "shear")
_BENDS = 3  # sine waves that a warp is made of


@dataclass(frozen=True)
class Augmentation:
    """How far a sequence may be distorted; each amount is drawn evenly from [-bound, bound].

    The first four are of images that have a row a step and a pixel a feature: such a one is scaled,
    sheared, turned about its centre and shifted; what comes in from outside repeats the edge. The
    others are of all sequences of numbers, of different lengths too; lengths stay as they are.

    Attributes:
        shift: Steps down or up and features right or left, ≥ 0.
        rotate: Radians, in [0, π].
        scale: Relative change of size, in [0, 1).
        shear: Features sideways per step down, ≥ 0.
        crop: Share of the steps that may be left out at both ends together, in [0, 1): what stays
            is stretched to the whole length.
        warp: How unevenly time may pass, in [0, 0.5]: about the largest relative change of its
            speed, in three bends.
        mix: What each feature may have of each other one and may lose or gain of its own, in
            [0, 1], about its mean and in units of its deviation, both over the sequence. Of one
            feature that is its amplitude; of x and y small turns, shears and changes of size.
        noise: Normal noise at each step, of so many of the feature's deviations, ≥ 0.

    Raises:
        ArgumentError: A bound is outside its range.
    """

    shift: float = 0.0
    rotate: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    crop: float = 0.0
    warp: float = 0.0
    mix: float = 0.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        below_one = math.nextafter(1.0, 0.0)
        largest = {"rotate": math.pi, "scale": below_one, "crop": below_one, "warp": 0.5}
        largest["mix"] = 1.0
        for field in fields(self):
            value, most = getattr(self, field.name), largest.get(field.name, 1e6)
            if not isinstance(value, Real) or not 0 <= float(value) <= most:
                raise ArgumentError(
                    f"augment.{field.name}", f"found {value!r}", f"a number from 0 to {most:.4g}"
                )
            object.__setattr__(self, field.name, float(value))

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Augmentation:
        """The bounds in a mapping; one left out is 0. `ArgumentError` for an unknown name."""
        known = [field.name for field in fields(cls)]
        for name in settings:
            if name not in known:
                raise ArgumentError("augment", f"unknown field {name!r}", f"some of {known}")
        return cls(**settings)

    @property
    def of_images(self) -> bool:
        """Whether a bound is set that only images have."""
        return any(getattr(self, name) > 0 for name in _IMAGES)


def augment(
    inputs: Tensor,
    bounds: Augmentation,
    draws: np.random.Generator,
    share: tuple[Int[np.ndarray, "B"], int] | None = None,
    lengths: Int[Tensor, "B"] | None = None,
) -> Tensor:
    """Each sequence of a batch distorted by amounts of its own.

    Args:
        inputs: `[B, T, I]`; images all of full length.
        bounds: How far.
        draws: Where the amounts come from: as many for each sequence.
        share: Which of how many sequences of a larger batch these are, so that each has the amounts
            that it has there; None: all.
        lengths: Real steps of each, 0…T; None: all. What stands past a length is zero in the
            result where anything but an image is distorted.

    Returns:
        `[B, T, I]`, linear between steps, bilinear between pixels.
    """
    mine, whole = (np.arange(len(inputs)), len(inputs)) if share is None else share
    if bounds.of_images:
        inputs = _distorted_images(inputs, bounds, draws.uniform(-1.0, 1.0, (5, whole))[:, mine])
    if bounds.crop or bounds.warp:
        amounts = draws.uniform(-1.0, 1.0, (2 + _BENDS, whole))[:, mine]
        inputs = _at(inputs, _times(inputs, bounds, amounts, lengths))
    if bounds.mix or bounds.noise:
        inputs = _moved(inputs, bounds, draws, (mine, whole), lengths)
    return inputs


def _distorted_images(inputs: Tensor, bounds: Augmentation, amount: np.ndarray) -> Tensor:
    batch, steps, features = inputs.shape
    angle, shear = bounds.rotate * amount[0], bounds.shear * amount[1]
    size = 1.0 + bounds.scale * amount[2]
    right, down = bounds.shift * amount[3], bounds.shift * amount[4]
    # Where each target pixel comes from, so the inverse: first turn back, then shear back.
    cos, sin = np.cos(angle) / size, np.sin(angle) / size
    source = np.array(
        [
            [cos - shear * sin, (sin + shear * cos) * steps / features, -2 * right / features],
            [-sin * features / steps, cos, -2 * down / steps],
        ]
    )  # in grid_sample's coordinates, -1 to 1 across the image
    theta = torch.from_numpy(source.transpose(2, 0, 1)).to(inputs)
    grid = F.affine_grid(theta, [batch, 1, steps, features], align_corners=False)
    images = inputs.unsqueeze(1)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False).squeeze(1)


def _times(
    inputs: Tensor, bounds: Augmentation, amount: np.ndarray, lengths: Tensor | None
) -> Tensor:
    """At which step `[B, T]` of a sequence, perhaps between two, each step's values stand."""
    batch, steps, _ = inputs.shape
    drawn = torch.from_numpy(amount).to(inputs)[..., None]
    last = torch.full((batch, 1), float(steps - 1)).to(inputs)
    if lengths is not None:
        last = (lengths[:, None].to(inputs) - 1).clamp(min=0)
    time = (torch.arange(steps).to(inputs) / last.clamp(min=1)).clamp(max=1)  # 0 to 1
    kept = 1 - bounds.crop * (drawn[0] + 1) / 2
    moved = (1 - kept) * (drawn[1] + 1) / 2 + kept * time
    for k in range(1, _BENDS + 1):
        bend = torch.sin(math.pi * k * time) / (math.pi * k)  # its slope is at most 1
        moved = moved + bounds.warp / _BENDS * drawn[1 + k] * bend
    return moved.clamp(0, 1) * last


def _at(inputs: Tensor, times: Tensor) -> Tensor:
    """The values at these times, linear between steps."""
    low = times.floor()
    high = times.ceil()
    between = (times - low)[..., None]
    wide = (-1, -1, inputs.shape[2])
    earlier = inputs.gather(1, low.long()[..., None].expand(wide))
    later = inputs.gather(1, high.long()[..., None].expand(wide))
    return torch.lerp(earlier, later, between)


def _moved(
    inputs: Tensor,
    bounds: Augmentation,
    draws: np.random.Generator,
    share: tuple[np.ndarray, int],
    lengths: Tensor | None,
) -> Tensor:
    """Values about their means: mixed among the features, and with noise."""
    (mine, whole), (batch, steps, features) = share, inputs.shape
    real = torch.ones(batch, steps, dtype=torch.bool, device=inputs.device)
    if lengths is not None:
        real = real_steps(lengths, steps)
    real = real[..., None]
    count = real.sum(dim=1, keepdim=True).clamp(min=1)
    values = torch.where(real, inputs, 0.0)
    mean = values.sum(dim=1, keepdim=True) / count
    about = torch.where(real, values - mean, 0.0)
    deviation = (about.square().sum(dim=1, keepdim=True) / count).sqrt()
    normal = about / torch.where(deviation > 0, deviation, 1.0)
    if bounds.mix:
        amounts = draws.uniform(-bounds.mix, bounds.mix, (whole, features, features))[mine]
        matrix = torch.from_numpy(amounts).to(inputs) + torch.eye(features).to(inputs)
        normal = normal @ matrix
    if bounds.noise:
        noise = draws.standard_normal((whole, steps, features), np.float32)[mine]
        normal = normal + bounds.noise * torch.from_numpy(noise).to(inputs)
    return torch.where(real, mean + deviation * normal, 0.0)
