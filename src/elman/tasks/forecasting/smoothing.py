"""How a network learns together with the smoothing of its series (ES-RNN)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import nn

from elman.data.series.panel import Panel, ranges
from elman.models.blocks import Dense
from elman.runtime.forecasting import (
    Companions,
    ForecastPlan,
    SmoothedForecasting,
    Smoothing,
    check_values,
    further_features,
    padded,
    started,
    suitable_form,
)
from elman.training import Examples
from elman.training.likelihoods import ForecastLoss
from elman.training.smoothing import SmoothedLoss, SmoothedNetwork, series_examples

__all__ = ["SmoothingLesson", "smoothing_lesson", "with_start"]

_BEGINNING = 0.1  # of the last layer's usual weights: first answers are nearly the smoothing's own


@dataclass(frozen=True, eq=False)
class SmoothingLesson:
    """What is trained, and on what.

    Attributes:
        panel: The series.
        plan: How they are read.
        start: The smoothing that training begins with.
        train: Whole series, up to what may be learnt from.
        validation: Whole series, with targets in what is held out; or None.
    """

    panel: Panel
    plan: ForecastPlan
    start: Smoothing
    train: Examples
    validation: Examples | None

    def module(self, network: nn.Module, fresh: bool) -> SmoothedNetwork:
        """The network with the smoothing's coefficients; a fresh one begins with small answers."""
        if fresh:
            last = [part for part in network.modules() if isinstance(part, Dense)][-1]
            with torch.no_grad():
                last.weight.mul_(_BEGINNING)
        return SmoothedNetwork(network, self.start, self.plan.input_steps, self.plan.horizon)

    def loss(self, loss: ForecastLoss) -> SmoothedLoss:
        """What is made small, with a price for levels that vary."""
        return SmoothedLoss(loss, self.start.form)

    def learnt(self, companions: Companions, module: SmoothedNetwork) -> Companions:
        """What travels with the network once the module is trained."""
        begins = self.panel.steps[self.panel.offsets[:-1]]
        return replace(companions, smoothing=module.smoothing(), begins=begins)


def smoothing_lesson(
    panel: Panel,
    plan: ForecastPlan,
    work: SmoothedForecasting,
    trained: Int[np.ndarray, "N"],
    validate: bool,
) -> SmoothingLesson:
    """Series as examples: each step of one has the H steps after it as targets.

    A series counts by the root of its spread: half way between its own unit, as of the scaled
    error, and a share of its values, as of the percentage error.

    Args:
        panel: The series.
        plan: How they are read.
        work: The panel with the smoothing to begin with.
        trained: Rows of each series that may be learnt from.
        validate: Whether the rows after those choose the epoch.

    Raises:
        DataError: A value does not suit the smoothing.
    """
    start = work.smoothing(trained)
    check_values(panel.names, padded(panel.target[:, 0], panel.offsets), start.form)
    weights = np.sqrt(start.spread)
    weights = torch.from_numpy((weights / weights.mean()).astype(np.float32))
    features = further_features(work.prepared, plan)

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

    validation = examples(panel.history, trained - 1) if validate else None
    return SmoothingLesson(panel, plan, start, examples(trained, 0), validation)


def with_start(companions: Companions, panel: Panel, trained: Int[np.ndarray, "N"]) -> Companions:
    """Companions with the smoothing that training begins with, of the first `trained` rows.

    Only whether the series are positive is read off all of their history.
    """
    values = padded(panel.target[:, 0], panel.offsets)
    values[np.arange(values.shape[1]) >= trained[:, None]] = np.nan
    form = suitable_form(panel.target)
    smoothing = started(panel.names, values, companions.plan.seasons, form)
    return replace(companions, smoothing=smoothing, begins=panel.steps[panel.offsets[:-1]])
