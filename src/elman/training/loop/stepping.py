"""One update of the weights, or none if it would spoil them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import nn

from elman.training.config import TrainingConfig
from elman.training.distributed import Ranks, SharedCost
from elman.training.loop.losses import Measure, WeightedSum
from elman.training.loop.optimizers import clip_gradients
from elman.training.loop.rows import tables_of

__all__ = ["Cost", "Stepper", "Taken", "whole_cost"]

Cost = Callable[[Any], WeightedSum]
"""The loss of a batch, from its inputs on."""


def whole_cost(module: nn.Module, loss: Measure) -> Cost:
    """The loss of what a module says of whole batches: `module(*batch.arguments)`."""

    def cost(batch: Any) -> WeightedSum:
        return loss(module(*batch.arguments), batch)

    return cost


class Taken(NamedTuple):
    """What a step found.

    Attributes:
        total: Of the loss, over the step's batches on all ranks, before the update.
        count: Of what the loss was summed over.
        gradient_norm: Joint norm of all gradients before clipping; not a number without them.
        fault: What was not finite, in words; the step was skipped then. None: it was taken.
    """

    total: float
    count: float
    gradient_norm: float
    fault: str | None


class Stepper:
    """Takes steps of a training.

    Args:
        module: Trained in place.
        cost: What is made small.
        config: How gradients are clipped.
        optimizer: Of the module's parameters.
        ranks: The processes that take the same steps, each with its share of the rows.
    """

    def __init__(
        self,
        module: nn.Module,
        cost: Cost,
        config: TrainingConfig,
        optimizer: torch.optim.Optimizer,
        ranks: Ranks,
    ) -> None:
        self._module, self._ranks = module, ranks
        tables = tables_of(module)
        self._tables = tuple(tables.values())
        self._cost = SharedCost(module, cost, ranks, tables)
        self._config, self._optimizer = config, optimizer
        self._parameters = [p for p in module.parameters() if p.requires_grad]

    def step(self, batches: Sequence[Any], rate: float) -> Taken:
        """One update from the batches as if they were one.

        Where loss or gradients are not finite, weights, optimiser and buffers stay as they
        were.

        Args:
            batches: At least one.
            rate: Learning rate.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        buffers = [buffer.clone() for buffer in self._module.buffers()]
        taken = self._gradients(batches)
        if taken.fault is None:
            self._optimizer.step()
        else:
            with torch.no_grad():
                for buffer, kept in zip(self._module.buffers(), buffers, strict=True):
                    buffer.copy_(kept)
        return taken

    def _gradients(self, batches: Sequence[Any]) -> Taken:
        """The gradients of the loss's mean over all the batches, clipped."""
        self._optimizer.zero_grad()
        total = count = unit = 0.0
        for k, batch in enumerate(batches):
            with self._cost.summed_later(k + 1 < len(batches)):
                loss = self._cost(batch)
                sums = self._ranks.sum([loss.total.item(), loss.count.item()])
                total, count = total + sums[0], count + sums[1]
                if not math.isfinite(total):
                    return Taken(total, count, math.nan, f"the loss is {total}")
                unit = unit or count or 1.0  # the first batch's count: right if it is the only one
                # The ranks' gradients are averaged, their losses are to be summed.
                (loss.total * (self._ranks.size / unit)).backward()
        if len(batches) > 1:
            for parameter in self._parameters:
                if parameter.grad is not None:
                    parameter.grad.mul_(unit / (count or 1.0))
        for table in self._tables:
            if table.grad is not None:
                table.grad = self._ranks.mean_of_rows(table.grad)
        norm = clip_gradients(self._parameters, self._config)
        fault = None if math.isfinite(norm) else f"the norm of the gradients is {norm}"
        return Taken(total, count, norm, fault)
