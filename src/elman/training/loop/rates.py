"""What the loss does while the learning rate grows from step to step."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from elman.training.config import TrainingConfig
from elman.training.distributed import Ranks
from elman.training.loop.batches import ExampleSet
from elman.training.loop.losses import Measure
from elman.training.loop.optimizers import build_optimizer
from elman.training.loop.stepping import Stepper
from elman.training.loop.streams import Streams

__all__ = ["losses_at"]

_RECENT = 5  # losses whose mean says more than one, which chance makes large or small
_LOST = 4.0  # times the lowest mean: from there on nothing more is learnt of the rate


def losses_at(
    module: nn.Module,
    loss: Measure,
    train: ExampleSet | Streams,
    config: TrainingConfig,
    rates: Sequence[float],
) -> Float[np.ndarray, "S"]:
    """The loss of each step, before its update, where each has a learning rate of its own.

    Args:
        module: Trained in place.
        loss: What is made small.
        train: What is learnt, epoch after epoch.
        config: How; its learning rate, schedule and warm-up are not used.
        rates: In the order of the steps.

    Returns:
        Of the steps up to the one at which the loss (of some steps) has grown to four times its
        least, or is not finite: as many as rates, or fewer.

    Raises:
        ArgumentError: As `Trainer`.
    """
    device, ranks = next(module.parameters()).device, Ranks()
    lesson = train.lesson(module, loss, train.to(device), None, None, config, 0, ranks)
    stepper = Stepper(module, lesson.cost, config, build_optimizer(module, config), ranks)
    steps = itertools.chain.from_iterable(lesson.epoch(k, 0) for k in itertools.count(1))
    found: list[float] = []
    least = math.inf
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(config.seed)
        module.train()
        for rate, step in zip(rates, steps, strict=False):
            taken = stepper.step(step.batches, rate)
            value = taken.total / taken.count if taken.count else math.nan
            if taken.fault is not None or not math.isfinite(value):
                break
            found.append(value)
            recent = sum(found[-_RECENT:]) / _RECENT
            if len(found) >= _RECENT and recent > _LOST * (least := min(least, recent)):
                break
    return np.array(found)
