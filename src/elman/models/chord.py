"""Which notes sound together, in torch; twin of `elman.kernels.chord`."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from elman import blueprint as plan
from elman.models.flow import Flow, only_real

__all__ = ["Chord"]


class Chord(nn.Module):
    """A dense layer to what says a step's notes; see the blueprint's `Chord`.

    Weights start Glorot uniform, biases at zero. What it gives is read by losses as
    `elman.models.heads.Unscored`: of values and the notes that sound.
    """

    smooths = False

    weight: nn.Parameter
    bias: nn.Parameter
    above: nn.Parameter
    last: nn.Parameter
    output: nn.Parameter

    def __init__(self, block: plan.Chord, features: int) -> None:
        super().__init__()
        self.block = block
        for name, shape in block.shapes(features).items():
            start = torch.empty(shape)
            start = nn.init.xavier_uniform_(start) if len(shape) == 2 else start.zero_()
            self.register_parameter(name, nn.Parameter(start))

    @property
    def width(self) -> int:
        """P, how many features it has."""
        return self.block.output_features(0)

    def forward(self, flow: Flow) -> Flow:
        """Steps to steps, or a vector to a vector, with this head beside it."""
        values = F.linear(flow.values, self.weight, self.bias)
        return only_real(flow._replace(values=values))._replace(head=self)

    def scores(self, values: Float[Tensor, "*N P"]) -> Float[Tensor, "*N P"]:
        """The features themselves: there are too many sets of notes to score each."""
        return values

    def losses(
        self, values: Float[Tensor, "M P"], targets: Float[Tensor, "M K"], smoothing: float = 0.0
    ) -> Float[Tensor, "M"]:
        """-log(probability of each step's notes) in nats.

        Args:
            values: The block's features.
            targets: 1 for each note that sounds, else 0.
            smoothing: 0.
        """
        if not self.block.joint:
            losses = F.binary_cross_entropy_with_logits(values, targets, reduction="none")
            return losses.sum(dim=-1)
        notes, units = self.block.notes, self.block.units
        chosen = _named(targets > 0.5)  # [M, J]: the notes from the highest down, then K
        before = torch.cat([chosen.new_full((len(chosen), 1), notes), chosen[:, :-1]], dim=1)
        inner = values[:, None, :units] + self._vectors(before)
        inner = F.dropout(torch.tanh(inner), self.block.dropout, self.training)
        scores = F.linear(inner, self.output) + values[:, None, units:]
        first = torch.zeros_like(before, dtype=torch.bool)
        first[:, 0] = True
        ended = (before == notes) & ~first
        able = torch.arange(notes + 1, device=values.device) < before[..., None]
        able[..., notes] = True
        said = scores.masked_fill(~able, -torch.inf).log_softmax(dim=-1)
        said = said.gather(-1, chosen[..., None])[..., 0]
        return -said.masked_fill(ended, 0.0).sum(dim=1)

    def _vectors(self, before: Int[Tensor, "M J"]) -> Float[Tensor, "M J U"]:
        """What the notes so far add: the sum of their vectors, and the last one's own."""
        above = F.pad(self.above, (0, 0, 0, 1))[before].cumsum(dim=1)
        return above + F.pad(self.last, (0, 0, 0, 1))[before]


def _named(chords: Bool[Tensor, "M K"]) -> Int[Tensor, "M J"]:
    """A step's notes from the highest down, then K, its end; see `elman.kernels.chord.named`."""
    notes = chords.shape[1]
    most = int(chords.sum(dim=1).max()) if len(chords) else 0
    places = torch.where(chords, torch.arange(notes, device=chords.device), -1)
    listed = places.sort(dim=1, descending=True).values[:, :most]
    listed = torch.where(listed < 0, notes, listed)
    return torch.cat([listed, listed.new_full((len(chords), 1), notes)], dim=1)
