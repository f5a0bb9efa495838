"""The lesson's reader of digits in torch, around any layer that is called as torch.nn's are."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.digits import NEURONS, RATE, draw_batches, draw_weights
from benchmarks.peers.layers import load
from benchmarks.work import Run

__all__ = ["Reader", "epoch_run", "weighted_reader"]

CHECKED = 3  # losses of so many batches are compared


class Reader(nn.Module):
    """Digits read row by row; the layer after the last row is read out. Without lengths."""

    def __init__(self, recurrent: nn.Module) -> None:
        super().__init__()
        self.recurrent = recurrent
        self.read_out = nn.Linear(NEURONS, 10)

    def forward(self, images: Tensor, lengths: None = None) -> Tensor:
        outputs, _ = self.recurrent(images)
        return self.read_out(outputs[:, -1])


def epoch_run(layer_type: Any) -> Run:
    """A call trains on one batch, Adam's step included."""
    images, digits = map(torch.from_numpy, draw_batches())
    batches = list(zip(images, digits, strict=True))
    train = _trainer(layer_type)
    going_round = itertools.cycle(batches)

    def results() -> dict[str, np.ndarray]:
        fresh = _trainer(layer_type)
        return {"losses": np.array([fresh(*batch) for batch in batches[:CHECKED]])}

    return Run(lambda: train(*next(going_round)), results)


def _trainer(layer_type: Any) -> Callable[[Tensor, Tensor], float]:
    reader = weighted_reader(layer_type)
    optimizer = torch.optim.Adam(reader.parameters(), lr=RATE)

    def train(images: Tensor, digits: Tensor) -> float:
        loss = F.cross_entropy(reader(images), digits)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return train


def weighted_reader(layer_type: Any) -> Reader:
    """A reader with the first weights that everybody has."""
    weights = draw_weights(layer_type.__name__)
    recurrent = {n: w for n, w in weights.items() if n.endswith("_l0")}
    reader = Reader(load(layer_type(28, NEURONS, batch_first=True), recurrent))
    load(reader.read_out, {name: weights[name] for name in ("weight", "bias")})
    return reader
