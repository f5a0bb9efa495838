"""Windows of paths and how each went on, and by what a network learns them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from elman.blueprint import Mixture
from elman.kernels.mixture import numbers_of
from elman.models.mixture import log_probability
from elman.targets import Target
from elman.training.loop.batches import checksum
from elman.training.loop.lesson import Lesson
from elman.training.loop.losses import WeightedSum
from elman.transforms.path_frames import Framed, PathFrames

__all__ = ["FutureBatch", "FutureExamples", "FutureLoss", "FutureScore"]

_CPU = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class FutureBatch:
    """Windows and how each went on.

    Attributes:
        inputs: What is read, `[B, S, F]`.
        targets: The deviation from constant velocity in uncorrelated coordinates, `[B, 2H]`.
        future: The same as places, in typical steps, `[B, H, 2]`.
        lengths: None: all windows are of one length.
        weights: How much each window counts, `[B]`; None for alike.
    """

    inputs: Float[Tensor, "B S F"]
    targets: Float[Tensor, "B D"]
    future: Float[Tensor, "B H 2"]
    lengths: None = None
    weights: Float[Tensor, "B"] | None = None
    kind: ClassVar = Target.NUMBERS

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def arguments(self) -> tuple[Tensor, None]:
        """What a network is called with: inputs, and no lengths."""
        return self.inputs, None

    def steps(self) -> Int[np.ndarray, "B"]:
        """How many steps each row is read for."""
        return np.full(len(self), self.inputs.shape[1])


@dataclass(frozen=True, eq=False)
class FutureExamples:
    """Framed windows, for `Trainer` to train on or to validate with.

    An epoch's rows are drawn with how each is seen: in a mirror or not, and, of an agent without
    a heading, turned by a number of quarters. That is a function of seed and epoch, as their order.

    Attributes:
        framed: The windows, with what came.
        frames: How they are told.
        weights: How much each counts, `[N]` float32; None for alike.
        augmented: Whether an epoch's windows are seen otherwise; those in order never are.
        device: Where batches are wanted.
    """

    framed: Framed
    frames: PathFrames
    weights: Float[np.ndarray, "N"] | None = None
    augmented: bool = True
    device: torch.device = _CPU
    lengths = None
    lesson: ClassVar = Lesson

    def __len__(self) -> int:
        return len(self.framed)

    def steps(self) -> Int[np.ndarray, "N"]:
        """How many steps each window is read for."""
        return np.full(len(self), self.framed.seen.shape[1])

    def drawn(self, draws: np.random.Generator) -> Int[np.ndarray, "N"]:
        """All windows in the order of an epoch: row plus N times one of eight ways to see it."""
        rows = draws.permutation(len(self))
        return rows + len(self) * draws.integers(8, size=len(self)) if self.augmented else rows

    def select(self, rows: Int[np.ndarray, "B"]) -> FutureBatch:
        """The windows of these rows, seen as they say."""
        way, row = np.divmod(np.asarray(rows), len(self))
        framed = self.framed.select(row).seen_otherwise(way % 2 == 1, way // 2)
        assert framed.future is not None
        weights = None if self.weights is None else self._tensor(self.weights[row])
        return FutureBatch(
            self._tensor(self.frames.inputs(framed)),
            self._tensor(self.frames.coded(framed.future)),
            self._tensor(framed.future.astype(np.float32)),
            weights=weights,
        )

    def to(self, device: torch.device) -> FutureExamples:
        """The same, with batches on another device; the windows stay where they are."""
        return replace(self, device=device)

    def fingerprint(self) -> str:
        """A checksum of the windows and of how they are told."""
        arrays = [self.framed.seen, self.framed.others, self.framed.extra, self.framed.future]
        arrays += [self.frames.basis, np.array([self.frames.scale, self.augmented])]
        arrays += [] if self.weights is None else [self.weights]
        return checksum(None if one is None else torch.from_numpy(one) for one in arrays)

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self.device)


@dataclass(frozen=True)
class FutureLoss:
    """What is made small: how unlikely what came is, and how far the mixture's mean is from it.

    -log(density) in nats for each of the 2H coordinates, plus `point` times the mean distance of
    the mixture's mean from the places that came, in typical steps. The density alone would choose
    its means for all coordinates alike, of which the least matter nothing to a place.

    Attributes:
        block: The mixture over whole futures.
        basis: As of `PathFrames`.
        point: What a distance of one typical step counts, ≥ 0.
    """

    block: Mixture
    basis: Float[np.ndarray, "2 H H"]
    point: float = 1.0

    def __call__(self, outputs: Float[Tensor, "B P"], batch: FutureBatch) -> WeightedSum:
        """Sum over the windows."""
        unlikely = -log_probability(self.block, outputs, batch.targets) / batch.targets.shape[1]
        far = _distances(self.block, self.basis, outputs, batch).mean(dim=1)
        return _summed(unlikely + self.point * far, batch)


@dataclass(frozen=True)
class FutureScore:
    """What chooses the epoch: minus the average displacement of the mixture's mean.

    In typical steps; the average and the final error count alike. Attributes as of `FutureLoss`.
    """

    block: Mixture
    basis: Float[np.ndarray, "2 H H"]

    def __call__(self, outputs: Float[Tensor, "B P"], batch: FutureBatch) -> WeightedSum:
        """Sum over the windows."""
        far = _distances(self.block, self.basis, outputs, batch)
        return _summed(-0.5 * (far.mean(dim=1) + far[:, -1]), batch)


def _distances(
    block: Mixture, basis: np.ndarray, outputs: Tensor, batch: FutureBatch
) -> Float[Tensor, "B H"]:
    """How far the mixture's mean is from what came, at each step."""
    part = next(block.layout())
    locations = numbers_of(block, part.family, part.size, outputs[..., part.raw])[0]
    weights = outputs[..., block.weights].softmax(dim=-1)
    mean = (weights[..., None] * locations).sum(dim=1)
    axes = torch.from_numpy(basis).to(mean)
    halves = mean.reshape(len(mean), 2, -1)
    places = torch.einsum("bak,ahk->bha", halves, axes)
    # A root's gradient is infinite at zero.
    return ((places - batch.future).square().sum(dim=-1) + 1e-6).sqrt()


def _summed(each: Float[Tensor, "B"], batch: FutureBatch) -> WeightedSum:
    weights = torch.ones_like(each) if batch.weights is None else batch.weights.to(each)
    return WeightedSum((each * weights).sum(), weights.sum())
