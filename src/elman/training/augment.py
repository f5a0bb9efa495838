"""Random affine distortion of sequences that are images read row by row."""

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

__all__ = ["Augmentation", "augment"]


@dataclass(frozen=True)
class Augmentation:
    """How far an image may be distorted; each amount is drawn evenly from [-bound, bound].

    The image has a row a step and a pixel a feature. It is scaled, sheared, turned about its
    centre and shifted; what comes in from outside repeats the edge.

    Attributes:
        shift: Steps down or up and features right or left, ≥ 0.
        rotate: Radians, in [0, π].
        scale: Relative change of size, in [0, 1).
        shear: Features sideways per step down, ≥ 0.

    Raises:
        ArgumentError: A bound is outside its range.
    """

    shift: float = 0.0
    rotate: float = 0.0
    scale: float = 0.0
    shear: float = 0.0

    def __post_init__(self) -> None:
        largest = {"rotate": math.pi, "scale": math.nextafter(1.0, 0.0)}
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


def augment(
    inputs: Tensor,
    bounds: Augmentation,
    draws: np.random.Generator,
    share: tuple[Int[np.ndarray, "B"], int] | None = None,
) -> Tensor:
    """Each image of a batch distorted by amounts of its own.

    Args:
        inputs: `[B, T, I]`, all rows of full length.
        bounds: How far.
        draws: Where the amounts come from: five for each image.
        share: Which of how many images of a larger batch these are, so that each has the amounts
            that it has there; None: all.

    Returns:
        `[B, T, I]`, bilinear between pixels.
    """
    batch, steps, features = inputs.shape
    mine, whole = (np.arange(batch), batch) if share is None else share
    amount = draws.uniform(-1.0, 1.0, size=(5, whole))[:, mine]
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
