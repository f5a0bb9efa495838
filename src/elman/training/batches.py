"""What is trained on, cut into batches in an order that depends on seed and epoch only."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from elman.errors import ShapeError
from elman.training.randomness import generator

__all__ = ["Examples", "batch_count", "batches", "epoch_order"]


@dataclass(frozen=True, eq=False)
class Examples:
    """Sequences with what is to be learnt about each; a batch is one, and so is a data set.

    Attributes:
        inputs: `[N, T, I]`; what stands past a length is never read.
        targets: Class indices `[N]` int64; labels or values `[N, K]`; or values for each step
            `[N, T, K]`.
        lengths: `[N]` int64 in 0…T, or None where all are T.
        weights: `[N]` > 0, how much each sequence counts; None for alike.
    """

    inputs: Float[Tensor, "N T I"]
    targets: Shaped[Tensor, "N ..."]
    lengths: Int[Tensor, "N"] | None = None
    weights: Float[Tensor, "N"] | None = None

    def __post_init__(self) -> None:
        for name in ("targets", "lengths", "weights"):
            tensor = getattr(self, name)
            if tensor is not None and len(tensor) != len(self.inputs):
                raise ShapeError(name, f"{len(tensor)} rows", f"{len(self.inputs)}, as inputs has")

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def per_step(self) -> bool:
        """Whether a target belongs to each step."""
        return self.targets.ndim == 3

    def to(self, device: torch.device) -> Examples:
        """The same on another device."""
        return Examples(*(None if t is None else t.to(device) for t in self._tensors()))  # pyright: ignore

    def select(self, rows: Int[Tensor, "B"]) -> Examples:
        """The rows given, cut to the longest of them."""
        inputs, targets = self.inputs[rows], self.targets[rows]
        lengths = None if self.lengths is None else self.lengths[rows]
        weights = None if self.weights is None else self.weights[rows]
        if lengths is not None:
            longest = max(1, int(lengths.max()))
            inputs = inputs[:, :longest]
            targets = targets[:, :longest] if self.per_step else targets
        return Examples(inputs, targets, lengths, weights)

    def fingerprint(self) -> str:
        """A checksum that tells whether a run goes on with the data it began with."""
        code = 0
        for tensor in self._tensors():
            if tensor is not None:
                array = np.ascontiguousarray(tensor.cpu().numpy())
                code = zlib.crc32(array.data, zlib.crc32(repr(array.shape).encode(), code))
        return f"{code:08x}"

    def _tensors(self) -> tuple[Tensor | None, ...]:
        return self.inputs, self.targets, self.lengths, self.weights


def batch_count(examples: int, batch_size: int) -> int:
    """Batches in an epoch; the last may be short.

    >>> batch_count(10, 4)
    3
    """
    return -(-examples // batch_size)


def epoch_order(examples: int, seed: int, epoch: int) -> Int[np.ndarray, "N"]:
    """The order in which an epoch visits the rows: a pure function of seed and epoch."""
    return generator(seed, "order", epoch).permutation(examples)


def batches(
    examples: Examples, batch_size: int, order: np.ndarray | None = None, first: int = 0
) -> Iterator[Examples]:
    """The examples in batches, the last perhaps short.

    Args:
        examples: What is cut.
        batch_size: Rows of a batch.
        order: `[N]` row indices; None for the rows as they stand.
        first: Number of batches to leave out at the beginning.
    """
    rows = torch.arange(len(examples)) if order is None else torch.from_numpy(order)
    rows = rows.to(examples.inputs.device)
    for start in range(first * batch_size, len(rows), batch_size):
        yield examples.select(rows[start : start + batch_size])
