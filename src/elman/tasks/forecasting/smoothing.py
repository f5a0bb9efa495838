"""How a network learns together with the smoothing of its series (ES-RNN)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from elman.data.series.panel import ranges
from elman.models.blocks import Dense
from elman.runtime.forecasting import Companions, check_values, padded
from elman.runtime.forecasting.strategies.smoothing import (
    Followed,
    further_features,
    smoothing_of,
)
from elman.tasks.forecasting.stage import Stage
from elman.training import Examples
from elman.training.likelihoods import ForecastLoss
from elman.training.smoothing import SmoothedLoss, SmoothedNetwork, series_examples

__all__ = ["SmoothingLesson"]

_BEGINNING = 0.1  # of the last layer's usual weights: first answers are nearly the smoothing's own


class SmoothingLesson:
    """Series as examples: each step of one has the H steps after it as targets.

    A series counts by the root of its spread: half way between its own unit, as of the scaled
    error, and a share of its values, as of the percentage error.

    Args:
        stage: What the training needs.
        per_epoch: None: each series is read as a whole.
        validate: Whether what is held out chooses the epoch.

    Attributes:
        train: Whole series, up to what may be learnt from.
        validation: Whole series, with targets in what is held out; or None.

    Raises:
        DataError: A value does not suit the smoothing.
    """

    def __init__(self, stage: Stage, per_epoch: None, validate: bool) -> None:
        panel, trained = stage.panel, stage.trained
        self._panel, self._plan = panel, stage.plan
        self._start = smoothing_of(stage.companions, panel, trained)
        values = padded(panel.target[:, 0], panel.offsets)
        check_values(panel.names, values, self._start.form)
        weights = np.sqrt(self._start.spread)
        self._weights = torch.from_numpy((weights / weights.mean()).astype(np.float32))
        self._features = further_features(stage.work.prepared, stage.plan)
        self.train = self._examples(trained, 0)
        self.validation = self._examples(panel.history, trained - 1) if validate else None

    def module(self, network: nn.Module, fresh: bool) -> SmoothedNetwork:
        """The network with the smoothing's coefficients; a fresh one begins with small answers."""
        if fresh:
            last = [part for part in network.modules() if isinstance(part, Dense)][-1]
            with torch.no_grad():
                last.weight.mul_(_BEGINNING)
        return SmoothedNetwork(network, self._start, self._plan.input_steps, self._plan.horizon)

    def loss(self, loss: ForecastLoss) -> SmoothedLoss:
        """What is made small, with a price for levels that vary."""
        return SmoothedLoss(loss, self._start.form)

    def learnt(self, companions: Companions, module: SmoothedNetwork) -> Companions:
        """The coefficients are trained along."""
        begins = self._panel.steps[self._panel.offsets[:-1]]
        return replace(companions, own=Followed(module.smoothing(), begins))

    def _examples(self, rows: np.ndarray, first: Any) -> Examples:
        """The first rows of each series, with targets after each step from `first` on."""
        panel, plan = self._panel, self._plan
        chosen = ranges(panel.offsets[:-1], rows)
        made = series_examples(
            panel.target[chosen, 0].astype(np.float64),
            np.concatenate([[0], np.cumsum(rows)]),
            plan.horizon,
            np.broadcast_to(np.maximum(first, plan.input_steps - 1), rows.shape),
            rows - plan.horizon,
            self._features[chosen],
        )
        return replace(made, weights=self._weights)
