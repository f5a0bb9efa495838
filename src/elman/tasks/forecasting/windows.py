"""How a network learns from windows of its series."""

from __future__ import annotations

from typing import Any

from torch import nn

from elman.data.series.windows import WindowReader
from elman.runtime.forecasting import Companions
from elman.tasks.forecasting.stage import Stage
from elman.training import Measure
from elman.training.likelihoods import ForecastLoss
from elman.training.windows import WindowExamples

__all__ = ["WindowLesson"]


class WindowLesson:
    """Windows, and what came after each: the horizon, or after each step the next one.

    Args:
        stage: What the training needs.
        per_epoch: At most so many windows an epoch; None: all.
        validate: Whether the windows that are held out choose the epoch.

    Attributes:
        train: Windows whose targets may be learnt.
        validation: Windows that begin where those end; or None.
    """

    def __init__(self, stage: Stage, per_epoch: int | None, validate: bool) -> None:
        ahead = 1 if stage.plan.shift_known else stage.plan.horizon

        def reader(**bounds: Any) -> WindowReader:
            return stage.work.reader(stage.cut(ahead, **bounds), lesson=True)

        self.train = WindowExamples(reader(stride=stage.stride, last=stage.trained), per_epoch)
        self.validation = WindowExamples(reader(first=stage.trained)) if validate else None

    def module(self, network: nn.Module, fresh: bool) -> nn.Module:
        """The network itself."""
        return network

    def loss(self, loss: ForecastLoss) -> Measure:
        """The loss itself."""
        return loss

    def learnt(self, companions: Companions, module: nn.Module) -> Companions:
        """As before: nothing is trained along."""
        return companions
