"""How a network learns together with the smoothing of its series (ES-RNN)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from elman.data.series.panel import ranges
from elman.models.layers import Dense
from elman.runtime.forecasting import Companions, check_values, padded
from elman.runtime.forecasting.strategies.smoothing import (
    Followed,
    further_features,
    smoothing_of,
)
from elman.tasks.forecasting.stage import Learning, Stage
from elman.training import Examples
from elman.training.loop.likelihoods import ForecastLoss
from elman.training.loop.smoothing import SmoothedLoss, SmoothedNetwork, series_examples

__all__ = ["smoothing_learning"]

_BEGINNING = 0.1  # of the last layer's usual weights: first answers are nearly the smoothing's own


def smoothing_learning(
    stage: Stage,
    network: nn.Module,
    loss: ForecastLoss,
    per_epoch: int | None,
    validate: bool,
    fresh: bool,
) -> Learning:
    """Series as examples: each step of one has the H steps after it as targets.

    A series counts by the root of its spread: half way between its own unit, as of the scaled
    error, and a share of its values, as of the percentage error. Arguments as of `Learner`.

    Raises:
        DataError: A value does not suit the smoothing.
    """
    panel, plan, trained = stage.panel, stage.plan, stage.trained
    start = smoothing_of(stage.companions, panel, trained)
    check_values(panel.names, padded(panel.target[:, 0], panel.offsets), start.form)
    weights = np.sqrt(start.spread)
    weights = torch.from_numpy((weights / weights.mean()).astype(np.float32))
    features = further_features(stage.work.prepared, plan)

    def examples(rows: np.ndarray, first: Any) -> Examples:
        chosen = ranges(panel.offsets[:-1], rows)
        made = series_examples(
            panel.target[chosen, 0].astype(np.float64),
            np.concatenate([[0], np.cumsum(rows)]),
            plan.horizon,
            np.broadcast_to(np.maximum(first, plan.input_steps - 1), rows.shape),
            rows - plan.horizon,
            features[chosen],
        )
        return replace(made, weights=weights)

    if fresh:
        last = [part for part in network.modules() if isinstance(part, Dense)][-1]
        with torch.no_grad():
            last.weight.mul_(_BEGINNING)
    module = SmoothedNetwork(network, start, plan.input_steps, plan.horizon)

    def learnt(companions: Companions) -> Companions:
        begins = panel.steps[panel.offsets[:-1]]
        return replace(companions, own=Followed(module.smoothing(), begins))

    validation = examples(panel.history, trained - 1) if validate else None
    measure = SmoothedLoss(loss, start.form)
    return Learning(module, measure, examples(trained, 0), validation, learnt)
