"""Sequences held in memory, with what is to be learnt about each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int, Num, Shaped
from torch import Tensor

from elman.errors import ShapeError
from elman.targets import Target
from elman.training.loop.batches import checksum
from elman.training.loop.lesson import Lesson

__all__ = ["Examples"]


@dataclass(frozen=True, eq=False)
class Examples:
    """Sequences with what is to be learnt about each; a batch is one, and so is a data set.

    Attributes:
        inputs: Features `[N, T, I]`, or token ids `[N, T]` int64; what stands past a length is
            never read.
        targets: As their kind has them, `[N, ...]`.
        lengths: `[N]` int64 in 0…T, or None where all are T.
        weights: `[N]` > 0, how much each sequence counts; or, where a target belongs to each step,
            how much each step does, `[N, T]` ≥ 0. None for alike.
        kind: Of the targets.
    """

    lesson: ClassVar = Lesson

    inputs: Num[Tensor, "N T *I"]
    targets: Shaped[Tensor, "N ..."]
    lengths: Int[Tensor, "N"] | None = None
    weights: Float[Tensor, "N *T"] | None = None
    kind: Target = field(kw_only=True)

    def __post_init__(self) -> None:
        for name in ("targets", "lengths", "weights"):
            tensor = getattr(self, name)
            if tensor is not None and len(tensor) != len(self.inputs):
                raise ShapeError(name, f"{len(tensor)} rows", f"{len(self.inputs)}, as inputs has")

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def arguments(self) -> tuple[Any, ...]:
        """What a network is called with: inputs and lengths."""
        return self.inputs, self.lengths

    def steps(self) -> Int[np.ndarray, "N"]:
        """How many steps each row has."""
        if self.lengths is None:
            return np.full(len(self), self.inputs.shape[1])
        return self.lengths.cpu().numpy()

    def drawn(self, draws: np.random.Generator) -> Int[np.ndarray, "N"]:
        """All rows, shuffled."""
        return draws.permutation(len(self))

    def to(self, device: torch.device) -> Examples:
        """The same on another device."""
        tensors = {name: None if t is None else t.to(device) for name, t in self._tensors().items()}
        return replace(self, **tensors)

    @property
    def images(self) -> bool:
        """Whether the inputs may be images, which are all of one size."""
        return self.lengths is None

    @property
    def numeric(self) -> bool:
        """Whether the inputs are numbers `[N, T, I]`, and neither ids nor codes."""
        return self.inputs.dim() == 3 and self.inputs.is_floating_point()

    def distorted(self, change: Callable[..., Tensor]) -> Examples:
        """The same with `change(inputs, lengths=lengths)` for the inputs `[N, T, I]`."""
        return replace(self, inputs=change(self.inputs, lengths=self.lengths))

    def select(self, rows: Int[np.ndarray, "B"] | Int[Tensor, "B"]) -> Examples:
        """The rows given, cut to the longest of them."""
        rows = torch.as_tensor(rows, device=self.inputs.device)
        inputs, targets = self.inputs[rows], self.targets[rows]
        lengths = None if self.lengths is None else self.lengths[rows]
        weights = None if self.weights is None else self.weights[rows]
        if lengths is not None:
            longest = max(1, int(lengths.max()))
            inputs = inputs[:, :longest]
            targets = targets[:, :longest] if self.kind.per_step else targets
            weights = weights if weights is None or weights.dim() == 1 else weights[:, :longest]
        return Examples(inputs, targets, lengths, weights, kind=self.kind)

    def fingerprint(self) -> str:
        """A checksum that tells whether a run goes on with the data it began with."""
        return checksum(self._tensors().values())

    def _tensors(self) -> dict[str, Tensor | None]:
        names = ("inputs", "targets", "lengths", "weights")
        return {name: getattr(self, name) for name in names}
