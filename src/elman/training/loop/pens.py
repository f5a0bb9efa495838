"""Drawings held in memory, as steps of a pen that are to be said one after the other."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from elman.blueprint import Mixture
from elman.errors import ArgumentError
from elman.runtime.drawing.framing import PLACE, Framing, Told
from elman.targets import Target
from elman.training.loop.batches import checksum
from elman.training.loop.lesson import Lesson
from elman.training.loop.losses import WeightedSum
from elman.training.loop.mixtures import MixtureLoss

__all__ = ["PenExamples", "PenLoss", "PenNetwork"]


_RUN, _AMONG = 32, 1024  # drawings of like lengths together, found among so many


@dataclass(frozen=True, eq=False)
class PenExamples:
    """Drawings as what is said of them; a batch is one, too.

    Attributes:
        targets: `[N, T, 4]`, as of `Framing.targets`; zeros past each length.
        lengths: `[N]` int64.
        beside: `[N, C]`, what stands beside each step.
        texts: `[N, S]` int64, ids of texts; -1 past the end.
        framing: How drawings are read.
        deform: How much a batch's drawings are deformed: see `drawn_anew`.
        weights: `[N]`, how much each counts; None for alike.
    """

    targets: Float[Tensor, "N T 4"]
    lengths: Int[Tensor, "N"]
    beside: Float[Tensor, "N C"]
    texts: Int[Tensor, "N S"]
    framing: Framing
    deform: float = 0.0
    weights: Tensor | None = None

    kind: ClassVar = Target.NUMBERS_PER_STEP
    lesson: ClassVar = Lesson
    images: ClassVar = False

    @classmethod
    def of(
        cls, drawings: list[np.ndarray], told: Told, framing: Framing, deform: float = 0.0
    ) -> PenExamples:
        """Of the targets of drawings, `[T_i, 4]` each, and what is told of them."""
        lengths = np.array([len(one) for one in drawings], dtype=np.int64)
        targets = np.zeros((len(drawings), int(lengths.max(initial=1)), 4), np.float32)
        for row, one in enumerate(drawings):
            targets[row, : len(one)] = one
        beside = torch.from_numpy(told.beside.astype(np.float32))
        parts = (torch.from_numpy(targets), torch.from_numpy(lengths), beside)
        return cls(*parts, torch.from_numpy(told.texts), framing, deform)

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def arguments(self) -> tuple[Any, ...]:
        """What a `PenNetwork` is called with: inputs, lengths, texts."""
        before = torch.cat([torch.zeros_like(self.targets[:, :1]), self.targets[:, :-1]], dim=1)
        places = PLACE * self.framing.scale * before[..., 1:3].cumsum(dim=1)
        beside = self.beside[:, None].expand(-1, before.shape[1], -1)
        return torch.cat([before[..., 1:], places, beside], dim=2), self.lengths, self.texts

    def steps(self) -> Int[np.ndarray, "N"]:
        """Real steps of each."""
        return self.lengths.cpu().numpy()

    def drawn(self, draws: np.random.Generator) -> Int[np.ndarray, "N"]:
        """All rows, shuffled; those of like lengths in runs, so batches have little padding."""
        order, steps = draws.permutation(len(self)), self.steps()
        runs: list[np.ndarray] = []
        for start in range(0, len(order), _AMONG):
            some = order[start : start + _AMONG]
            some = some[np.argsort(steps[some], kind="stable")]
            cut = [some[k : k + _RUN] for k in range(0, len(some), _RUN)]
            runs += [cut[k] for k in draws.permutation(len(cut))]
        # A run that is short stands last: the others then fill batches of their size.
        return np.concatenate(sorted(runs, key=lambda one: len(one) < _RUN))

    def drawn_anew(self, draws: np.random.Generator) -> PenExamples:
        """The same, each drawing turned, slanted and stretched by amounts of its own.

        Each entry of the map of a drawing's moves is away from the identity's by a normal number of
        the deviation `deform`.
        """
        if not self.deform:
            return self
        amounts = np.eye(2) + self.deform * draws.normal(size=(len(self), 2, 2))
        change = torch.from_numpy(amounts).to(self.targets)
        moves = torch.einsum("ntk,nck->ntc", self.targets[..., 1:3], change)
        parts = (self.targets[..., :1], moves, self.targets[..., 3:])
        return replace(self, targets=torch.cat(parts, dim=2))

    def to(self, device: torch.device) -> PenExamples:
        """The same on another device."""
        return replace(self, **{k: None if t is None else t.to(device)
                                for k, t in self._tensors().items()})  # fmt: skip

    def select(self, rows: Int[np.ndarray, "B"]) -> PenExamples:
        """The drawings at these rows, cut to the longest."""
        chosen = torch.as_tensor(rows, device=self.targets.device)
        found: Any = {k: None if t is None else t[chosen] for k, t in self._tensors().items()}
        longest = max(1, int(found["lengths"].max()))
        found["targets"] = found["targets"][:, :longest]
        return replace(self, **found)

    def fingerprint(self) -> str:
        """A checksum that tells whether a run goes on with the data it began with."""
        return checksum(self._tensors().values())

    def _tensors(self) -> dict[str, Tensor | None]:
        names = ("targets", "lengths", "beside", "texts", "weights")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class PenLoss:
    """-log(probability of drawings) in nats a point: densities are of moves in a drawing's size.

    Attributes:
        block: What the network ends with.
        scale: As of `Framing`.
    """

    block: Mixture
    scale: float

    def __call__(self, outputs: Tensor, batch: PenExamples) -> WeightedSum:
        """Sum over steps and ends, and the count of the points."""
        total, steps = MixtureLoss(self.block)(outputs, batch)
        ends = float(len(batch)) if batch.weights is None else batch.weights.sum()
        points = steps - ends
        return WeightedSum(total + 2 * math.log(self.scale) * points, points)


class PenNetwork(nn.Module):
    """A network that is told texts, where it reads such.

    Args:
        network: Of a sequence_to_sequence blueprint.
        reads_texts: Whether its first block looks at a text.
    """

    def __init__(self, network: Any, reads_texts: bool) -> None:
        super().__init__()
        self.network, self._reads_texts = network, reads_texts

    def forward(self, inputs: Tensor, lengths: Tensor, texts: Tensor) -> Tensor:
        """Raw parameters `[B, T, P]` for inputs `[B, T, I]`, and texts `[B, S]`.

        Raises:
            ArgumentError: A text is longer than the network reads.
        """
        if not self._reads_texts:
            return self.network(inputs, lengths)
        window, *others = self.network.body
        before = window.initial_state(len(inputs))
        if texts.shape != before.text.shape:
            found = f"{texts.shape[1]} characters"
            raise ArgumentError("texts", found, f"{before.text.shape[1]}, padded with -1")
        states = [block.initial_state(len(inputs)) for block in others
                  if hasattr(block, "initial_state")]  # fmt: skip
        told = (before._replace(text=texts), *states)
        return self.network.unroll(inputs, lengths=lengths, initial_state=told)[0]
