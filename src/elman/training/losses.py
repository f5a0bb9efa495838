"""What training makes small, and what it reports: measures of a network's outputs for a batch.

A measure gives a weighted sum and the sum of the weights. Its mean over a data set is the sum
of the totals divided by the sum of the counts, however the set was cut into batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from elman.errors import ArgumentError
from elman.metrics.features import check_chosen, chosen_steps
from elman.training.batches import Examples

__all__ = [
    "BinaryCrossEntropy",
    "CrossEntropy",
    "MeanSquaredError",
    "Measure",
    "WeightedSum",
    "accuracy",
    "label_accuracy",
]


class WeightedSum(NamedTuple):
    """A weighted sum over a batch, and the sum of the weights; scalars."""

    total: Tensor
    count: Tensor

    def mean(self) -> Tensor:
        """Total over count; 0 where nothing counts, as in a batch without a single step."""
        return self.total / self.count.clamp_min(torch.finfo(self.count.dtype).tiny)


class Measure(Protocol):
    """A loss, or a score."""

    def __call__(self, outputs: Tensor, batch: Any, /) -> WeightedSum:
        """The measure of a network's outputs for a batch: `Examples`, or alike."""
        ...


def _weighted(losses: Float[Tensor, "B"], batch: Examples) -> WeightedSum:
    if batch.weights is None:
        return WeightedSum(losses.sum(), losses.new_full((), len(losses)))
    return WeightedSum((losses * batch.weights).sum(), batch.weights.sum())


@dataclass(frozen=True)
class CrossEntropy:
    """-log(probability of the true class), in nats, for logits `[B, K]` and class indices `[B]`.

    Attributes:
        label_smoothing: Share of the target that is spread evenly over all K classes, in
            [0, 1). Szegedy et al. 2016 (arXiv 1512.00567v3).

    Class weights are weights of the rows: give each row its class's weight in `Examples`.
    """

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        check_label_smoothing(self.label_smoothing)

    def __call__(self, outputs: Float[Tensor, "B K"], batch: Examples) -> WeightedSum:
        """Sum over the rows."""
        losses = F.cross_entropy(
            outputs, batch.targets, reduction="none", label_smoothing=self.label_smoothing
        )
        return _weighted(losses, batch)


@dataclass(frozen=True)
class BinaryCrossEntropy:
    """Several labels a row: the mean over labels of -log(probability of 0 or 1), in nats.

    For logits and targets `[B, K]`.

    Attributes:
        label_smoothing: Targets become this much closer to one half, in [0, 1).
    """

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        check_label_smoothing(self.label_smoothing)

    def __call__(self, outputs: Float[Tensor, "B K"], batch: Examples) -> WeightedSum:
        """Sum over the rows."""
        targets = torch.lerp(
            batch.targets, torch.full_like(batch.targets, 0.5), self.label_smoothing
        )
        losses = F.binary_cross_entropy_with_logits(outputs, targets, reduction="none")
        return _weighted(losses.mean(dim=1), batch)


@dataclass(frozen=True)
class MeanSquaredError:
    """The squared error, averaged over the K values of a row or of a step.

    For outputs and targets `[B, K]`, or `[B, T, K]`, where only the steps before each row's
    length count, each with its row's weight.

    Attributes:
        steps: Of `[B, T, K]`, those that count: "100:200" (from 0, the end excluded) or "last";
            gradients flow through exactly these outputs. None: all.
    """

    steps: str | None = None

    def __post_init__(self) -> None:
        if self.steps is not None:
            check_chosen(self.steps)

    def __call__(self, outputs: Float[Tensor, "B ... K"], batch: Examples) -> WeightedSum:
        """Sum over the rows, or over their real steps."""
        if not batch.per_step:
            return _weighted((outputs - batch.targets).square().mean(dim=-1), batch)
        rows, steps = outputs.shape[:2]
        weights = outputs.new_ones(rows) if batch.weights is None else batch.weights
        mask = chosen_steps(self.steps, batch.steps(), steps)
        real = torch.from_numpy(mask).to(outputs.device)
        errors = (outputs[real] - batch.targets[real]).square().mean(dim=-1)
        counts = weights[:, None].expand(rows, steps)[real]
        return WeightedSum((errors * counts).sum(), counts.sum())


def accuracy(outputs: Float[Tensor, "B K"], batch: Examples) -> WeightedSum:
    """Share of rows whose largest logit is the true class's."""
    return _weighted((outputs.argmax(dim=1) == batch.targets).to(outputs.dtype), batch)


def label_accuracy(outputs: Float[Tensor, "B K"], batch: Examples) -> WeightedSum:
    """Share of rows all of whose labels are right: a positive logit means the label is there."""
    right = ((outputs > 0) == (batch.targets > 0.5)).all(dim=1)
    return _weighted(right.to(outputs.dtype), batch)


def check_label_smoothing(value: float) -> None:
    """`ArgumentError` unless `value` is in [0, 1)."""
    if not 0 <= value < 1:
        raise ArgumentError("label_smoothing", f"found {value!r}", "a share in [0, 1)")
