"""How a network learns from windows of its series."""

from __future__ import annotations

from typing import Any

from torch import nn

from elman.data.series.windows import WindowReader
from elman.tasks.forecasting.stage import Learning, Stage, some
from elman.training.loop.likelihoods import ForecastLoss
from elman.training.loop.windows import WindowExamples

__all__ = ["window_learning"]

_VALIDATED = 10_000  # windows that an epoch is judged by, at most


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

    def reader(most: int | None = None, **bounds: Any) -> WindowReader:
        windows = stage.cut(ahead, **bounds)
        return stage.work.reader(some(windows, most) if most else windows, lesson=True)

    train = WindowExamples(reader(stride=stage.stride, last=stage.trained), per_epoch)
    validation = WindowExamples(reader(_VALIDATED, first=stage.trained)) if validate else None
    return Learning(network, loss, train, validation, lambda companions: companions)
