"""How a network learns from windows of its series."""

from __future__ import annotations

from typing import Any

from torch import nn

from elman.data.series.windows import WindowReader
from elman.tasks.forecasting.stage import ForecastLesson, Stage
from elman.training.likelihoods import ForecastLoss
from elman.training.windows import WindowExamples

__all__ = ["window_lesson"]


def window_lesson(
    stage: Stage,
    network: nn.Module,
    loss: ForecastLoss,
    per_epoch: int | None,
    validate: bool,
    fresh: bool,
) -> ForecastLesson:
    """Windows, and what came after each: the horizon, or after each step the next one.

    Arguments as of `Taught`.
    """
    ahead = 1 if stage.plan.shift_known else stage.plan.horizon

    def reader(**bounds: Any) -> WindowReader:
        return stage.work.reader(stage.cut(ahead, **bounds), lesson=True)

    train = WindowExamples(reader(stride=stage.stride, last=stage.trained), per_epoch)
    validation = WindowExamples(reader(first=stage.trained)) if validate else None
    return ForecastLesson(network, loss, train, validation, lambda companions: companions)
