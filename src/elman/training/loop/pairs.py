"""Pairs of sequences, held in memory: a network reads the source and writes the target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Int, Num
from torch import Tensor

from elman.errors import ShapeError
from elman.parameters import whole_number
from elman.targets import Target
from elman.training.loop.batches import checksum
from elman.training.loop.lesson import Lesson

__all__ = ["PairExamples"]


@dataclass(frozen=True, eq=False)
class PairExamples:
    """Sources and what is to be written for each, by teacher forcing; a batch is one, too.

    >>> source, target = torch.tensor([[3, 4]]), torch.tensor([[5, 6, 1]])
    >>> pairs = PairExamples(source, target, None, torch.tensor([3]), go=0)
    >>> pairs.arguments[1].tolist()  # the target one step late
    [[0, 5, 6]]

    Attributes:
        source: Token ids `[N, S]`, features `[N, S, I]`, or vectors `[N, I]` that have no lengths.
        targets: Token ids `[N, U]` int64, each row's end token included.
        source_lengths: Real steps of each source `[N]`; None: all, or vectors.
        target_lengths: Real steps of each target `[N]`; None: all.
        go: The token id before each target's first.
        weights: `[N]` > 0, how much each pair counts; None for alike.
    """

    source: Num[Tensor, "N S *I"]
    targets: Int[Tensor, "N U"]
    source_lengths: Int[Tensor, "N"] | None
    target_lengths: Int[Tensor, "N"] | None
    go: int
    weights: Tensor | None = None

    kind: ClassVar = Target.TOKENS
    lesson: ClassVar = Lesson

    def __post_init__(self) -> None:
        if self.targets.ndim != 2 or self.targets.dtype != torch.int64:
            found = f"{self.targets.dtype} of shape {list(self.targets.shape)}"
            raise ShapeError("targets", found, "token ids [N, U], int64")
        for name, tensor in self._tensors().items():
            if tensor is not None and len(tensor) != len(self.source):
                raise ShapeError(name, f"{len(tensor)} rows", f"{len(self.source)}, as source has")
        object.__setattr__(self, "go", whole_number("go", self.go, 0))

    def __len__(self) -> int:
        return len(self.source)

    @property
    def arguments(self) -> tuple[Any, ...]:
        """What a network is called with: source, target one step late, and the lengths of both."""
        first = torch.full_like(self.targets[:, :1], self.go)
        target_in = torch.cat([first, self.targets[:, :-1]], dim=1)
        return self.source, target_in, self.source_lengths, self.target_lengths

    @property
    def lengths(self) -> Int[Tensor, "N"] | None:
        """Real steps of each target; None where all are alike."""
        return self.target_lengths

    def steps(self) -> Int[np.ndarray, "N"]:
        """Real steps of each target: what a loss is summed over."""
        if self.target_lengths is None:
            return np.full(len(self), self.targets.shape[1])
        return self.target_lengths.cpu().numpy()

    @property
    def images(self) -> bool:
        """Whether the sources may be images, which are all of one size."""
        return self.source.dim() == 3 and self.source_lengths is None

    @property
    def numeric(self) -> bool:
        """Whether the sources are numbers `[N, S, I]`, and no ids."""
        return self.source.dim() == 3

    def distorted(self, change: Callable[..., Tensor]) -> PairExamples:
        """The same with `change(source, lengths=lengths)` for the sources, as float32."""
        numbers = self.source.to(torch.float32)
        return replace(self, source=change(numbers, lengths=self.source_lengths))

    def token_counts(self, size: int) -> Int[np.ndarray, "V"]:
        """How often each of so many tokens stands in the targets."""
        targets = self.targets.cpu().numpy()
        real = np.arange(targets.shape[1]) < self.steps()[:, None]
        return np.bincount(targets[real], minlength=size)

    def drawn(self, draws: np.random.Generator) -> Int[np.ndarray, "N"]:
        """All rows, shuffled."""
        return draws.permutation(len(self))

    def to(self, device: torch.device) -> PairExamples:
        """The same on another device."""
        tensors: Any = {k: None if t is None else t.to(device) for k, t in self._tensors().items()}
        return replace(self, **tensors)

    def select(self, rows: Int[np.ndarray, "B"]) -> PairExamples:
        """The rows given, sources and targets cut to the longest of theirs."""
        chosen = torch.as_tensor(rows, device=self.targets.device)
        found: Any = {k: None if t is None else t[chosen] for k, t in self._tensors().items()}
        for name in ("source", "target"):
            lengths = found[f"{name}_lengths"]
            if lengths is not None:
                whole = "source" if name == "source" else "targets"
                found[whole] = found[whole][:, : max(1, int(lengths.max()))]
        return replace(self, **found)

    def fingerprint(self) -> str:
        """A checksum that tells whether a run goes on with the data it began with."""
        return checksum(self._tensors().values())

    def _tensors(self) -> dict[str, Tensor | None]:
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name != "go"}
