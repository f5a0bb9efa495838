"""Small windows of time series that the tests of training share."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from elman.data.series.windows import Prepared, WindowReader, cut
from elman.training import MeanSquaredError, WeightedSum
from elman.training.loop.windows import ForecastBatch, WindowExamples


class Forecaster(nn.Module):
    """A GRU that tells the next two steps of one target."""

    def __init__(self, features: int = 2) -> None:
        super().__init__()
        self.recurrent = nn.GRU(features, 5, batch_first=True)
        self.head = nn.Linear(5, 2)

    def forward(self, inputs: Tensor, lengths: None) -> Tensor:
        assert lengths is None
        return self.head(self.recurrent(inputs)[0][:, -1])[..., None]


def forecaster() -> Forecaster:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Forecaster()


def closeness(outputs: Tensor, batch: ForecastBatch) -> WeightedSum:
    """The larger, the better."""
    error = MeanSquaredError()(outputs, batch)
    return WeightedSum(-error.total, error.count)


def waves(rows: int = 30, seed: int = 0) -> Prepared:
    """A noisy wave, and what it will be as a covariate known ahead."""
    draws = np.random.default_rng(seed)
    wave = np.sin(np.arange(rows + 1) / 2) + 0.1 * draws.normal(size=rows + 1)
    values = np.stack([wave[:-1], wave[1:]], axis=1).astype(np.float32)
    return Prepared(values, values[:, :1].copy(), np.zeros(rows, np.int32), 1, 1)


def window_examples(rows: int = 30, seed: int = 0, per_epoch: int | None = None) -> WindowExamples:
    """Windows of 6 steps and a horizon of 2: seven fewer than rows."""
    windows = cut(
        np.array([0, rows]), np.array([rows]), np.zeros(rows, bool), input_steps=6, horizon=2
    )
    reader = WindowReader(
        waves(rows, seed), windows, ahead=False, shift_known=False, window_scaling="last"
    )
    return WindowExamples(reader, per_epoch)
