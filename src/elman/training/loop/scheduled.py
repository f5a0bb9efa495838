"""Scheduled sampling in two parallel passes: some tokens that a decoder reads are its own."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int, Num
from torch import Tensor, nn

from elman.training.events import EpochStart, Event

__all__ = ["SCHEDULES", "Forcing", "OwnOutputs"]

SCHEDULES = ("constant", "linear")
"""How the share of the targets' own tokens comes to its last value."""


class OwnOutputs(nn.Module):
    """A network that reads, while it trains, some of its own outputs in place of a target's tokens.

    A first pass reads the target as it is, without gradients; the likeliest token after each step
    is what the decoder would have written there. A second pass reads these at a share of the
    places, drawn for each row and step, and is learnt from. So no step waits for the one before it:
    scheduled sampling with two passes, of the likeliest tokens (Mihaylova and Martins 2019, arXiv
    1906.07651v1, section 3; Duckworth et al. 2019, arXiv 1906.04331v2, who take several passes).
    Not in training, or at a share of 0, it is the network.

    Args:
        network: Called with source, target one step late, and the lengths of both; it gives the
            scores `[B, T, V]`.

    Attributes:
        share: Of the places, in [0, 1]; `go` always stays.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.share = 0.0

    def forward(
        self,
        source: Num[Tensor, "B S *I"],
        target_in: Int[Tensor, "B T"],
        source_lengths: Any = None,
        target_lengths: Any = None,
    ) -> Float[Tensor, "B T V"]:
        """The network's scores."""
        if self.training and self.share:
            with torch.no_grad():
                scores = self.network(source, target_in, source_lengths, target_lengths)
                own = torch.cat([target_in[:, :1], scores[:, :-1].argmax(dim=2)], dim=1)
            drawn = torch.rand(target_in.shape, device=target_in.device) < self.share
            target_in = torch.where(drawn, own, target_in)
        return self.network(source, target_in, source_lengths, target_lengths)


class Forcing:
    """Sets the share of own outputs where an epoch begins, told of the training.

    >>> network = OwnOutputs(nn.Identity())
    >>> forcing = Forcing(network, least=0.5, schedule="linear", epochs=3)
    >>> for epoch in (1, 2, 3):
    ...     forcing(EpochStart(epoch, 0))
    ...     print(network.share)
    0.0
    0.25
    0.5

    Args:
        network: Whose share it is.
        least: Share of the target's own tokens at last, in [0, 1].
        schedule: "constant": from the first epoch on; "linear": from 1 in the first epoch to
            `least` in the last.
        epochs: Of the training.
    """

    everywhere: ClassVar = True  # each process of a training has the network

    def __init__(self, network: OwnOutputs, least: float, schedule: str, epochs: int) -> None:
        self._network, self._own = network, 1.0 - least
        self._schedule, self._epochs = schedule, epochs

    def __call__(self, event: Event) -> None:
        """Set the share for an epoch that begins."""
        if isinstance(event, EpochStart):
            done = 1.0
            if self._schedule == "linear":
                done = min(1.0, (event.epoch - 1) / max(1, self._epochs - 1))
            self._network.share = self._own * done
