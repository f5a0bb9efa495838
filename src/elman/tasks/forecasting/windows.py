"""How a network learns from windows of its series."""

from __future__ import annotations

from typing import Any

from torch import nn

from elman.data.series.windows import WindowReader
from elman.tasks.forecasting.stage import Learning, Stage
from elman.training.loop.likelihoods import ForecastLoss
from elman.training.loop.windows import WindowExamples

__all__ = ["window_learning"]


def window_learning(
    stage: Stage,
    network: nn.Module,
    loss: ForecastLoss,
    per_epoch: int | None,
    validate: bool,
    fresh: bool,
) -> Learning:
    """Windows, and what came after each: the horizon, or after each step the next one.

    Arguments as of `Learner`.
    """
    ahead = 1 if stage.plan.shift_known else stage.plan.horizon

    def reader(**bounds: Any) -> WindowReader:
        return stage.work.reader(stage.cut(ahead, **bounds), lesson=True)

    train = WindowExamples(reader(stride=stage.stride, last=stage.trained), per_epoch)
    validation = WindowExamples(reader(first=stage.trained)) if validate else None
    return Learning(network, loss, train, validation, lambda companions: companions)
