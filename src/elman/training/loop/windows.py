"""Windows of time series as what is trained on: a batch is cut when it is asked for."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from elman.data.series.windows import WindowReader
from elman.parameters import whole_number
from elman.targets import Target
from elman.training.loop.lesson import Lesson

__all__ = ["ForecastBatch", "WindowExamples"]

_CPU = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class ForecastBatch:
    """Windows and what comes after each; a measure of `Examples` reads it, too.

    Attributes:
        inputs: `[B, T, D]`.
        targets: `[B, S, K]`, normalised, not a number where missing: the horizon's S steps, or
            for each of S input steps the next one.
        level: `[B, K]`.
        spread: `[B, K]`, positive. Scaled value = normalised value * spread + level.
        lengths: None: all windows are of one length.
        weights: `[B]`, how much each window counts; None for alike.
    """

    inputs: Float[Tensor, "B T D"]
    targets: Float[Tensor, "B S K"]
    level: Float[Tensor, "B K"]
    spread: Float[Tensor, "B K"]
    lengths: None = None
    weights: Float[Tensor, "B"] | None = None
    kind = Target.NUMBERS_PER_STEP

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def arguments(self) -> tuple[Any, ...]:
        """What a network is called with: inputs, and no lengths."""
        return self.inputs, None

    def steps(self) -> Int[np.ndarray, "B"]:
        """How many steps with a target each row has."""
        return np.full(len(self), self.targets.shape[1])


@dataclass(frozen=True, eq=False)
class WindowExamples:
    """The windows of a reader, for `Trainer` to train on or to validate with.

    Attributes:
        reader: Cuts them.
        per_epoch: At most so many windows an epoch, ≥ 1, another choice each time: a function of
            seed and epoch, as their order. None: all. Who reads them in order reads all.
        device: Where batches are wanted.
        lengths: None: all windows are of one length.

    Raises:
        ArgumentError: `per_epoch` is outside its range.
    """

    reader: WindowReader
    per_epoch: int | None = None
    device: torch.device = _CPU
    lengths = None
    lesson: ClassVar = Lesson

    def __post_init__(self) -> None:
        if self.per_epoch is not None:
            whole_number("per_epoch", self.per_epoch, 1)

    def __len__(self) -> int:
        return len(self.reader)

    def steps(self) -> Int[np.ndarray, "W"]:
        """How many steps each window's inputs have; one number in memory, for there may be many."""
        return np.broadcast_to(np.int64(self.reader.steps), len(self))

    def drawn(self, draws: np.random.Generator) -> Int[np.ndarray, "M"]:
        """The windows of one epoch, in its order."""
        if self.per_epoch is None or self.per_epoch >= len(self):
            return draws.permutation(len(self))
        return draws.choice(len(self), self.per_epoch, replace=False)

    def select(self, rows: Int[np.ndarray, "B"]) -> ForecastBatch:
        """The windows of these indices; on a CPU the tensors are the reader's arrays."""
        batch = self.reader.batch(rows)
        return ForecastBatch(
            inputs=self._tensor(batch.inputs),
            targets=self._tensor(batch.targets),
            level=self._tensor(batch.level),
            spread=self._tensor(batch.spread),
        )

    def to(self, device: torch.device) -> WindowExamples:
        """The same, with batches on another device; the series stay where they are."""
        return replace(self, device=device)

    def fingerprint(self) -> str:
        """A checksum of the series, of where the windows begin and of how they are read."""
        reader, windows = self.reader, self.reader.windows
        told = (
            reader.ahead,
            reader.shift_known,
            reader.window_scaling,
            reader.season,
            reader.traits,
        )
        told += (windows.input_steps, windows.horizon, self.per_epoch)
        code = zlib.crc32(repr(told).encode())
        for array in (reader.prepared.values, reader.prepared.targets, windows.starts):
            code = zlib.crc32(np.ascontiguousarray(array).data, code)
        return f"{code:08x}"

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self.device)
