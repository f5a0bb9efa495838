"""What training makes small, and what it reports: measures of a network's outputs for a batch.

A measure gives a weighted sum and the sum of the weights. Its mean over a data set is the sum
of the totals divided by the sum of the counts, however the set was cut into batches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from elman.errors import ArgumentError, ElmanError
from elman.metrics.features import check_chosen, chosen_steps
from elman.models.heads import Unscored
from elman.targets import Target

__all__ = [
    "BinaryCrossEntropy",
    "CrossEntropy",
    "MeanSquaredError",
    "Measure",
    "OwnLoss",
    "WeightedSum",
    "WholeScore",
    "accuracy",
    "first_line",
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


@runtime_checkable
class WholeScore(Protocol):
    """A score of a whole part that is no sum over rows: BLEU of what is written for it, say."""

    def whole(self, module: nn.Module) -> float:
        """The score with the weights that a module has; larger is better."""
        ...


class _Counted(NamedTuple):
    """What counts of a batch: rows, or their real steps one after the other.

    Attributes:
        outputs: `[M, K]`.
        targets: `[M, ...]`.
        weights: `[M]`, or None for alike.
    """

    outputs: Any
    targets: Tensor
    weights: Tensor | None

    def sum(self, losses: Float[Tensor, "M"]) -> WeightedSum:
        """Of one loss each."""
        if self.weights is None:
            return WeightedSum(losses.sum(), losses.new_full((), len(losses)))
        return WeightedSum((losses * self.weights).sum(), self.weights.sum())


def _counted(outputs: Tensor | Unscored, batch: Any, chosen: str | None = None) -> _Counted:
    """What counts of a batch: its rows; per step the real steps, or those `chosen` of them."""
    if not (batch.kind.per_step or batch.kind is Target.TOKENS):
        return _Counted(outputs, batch.targets, batch.weights)
    rows, steps = outputs.shape[:2]
    mask = chosen_steps(chosen, batch.steps(), steps)
    weights = outputs.new_ones(rows) if batch.weights is None else batch.weights
    if weights.dim() == 1:
        weights = weights[:, None].expand(rows, steps)
    if mask.all():  # to choose would copy the scores, and their gradients
        return _Counted(outputs.flatten(0, 1), batch.targets.flatten(0, 1), weights.flatten())
    real = torch.from_numpy(mask).to(outputs.device)
    return _Counted(outputs[real], batch.targets[real], weights[real])


@dataclass(frozen=True)
class CrossEntropy:
    """-log(probability of the true class), in nats, for logits `[B, K]` and class indices `[B]`.

    Where there is a class for each step, or a sequence of tokens: for logits `[B, T, K]` and
    indices `[B, T]`, over the steps before each row's length, each with its row's weight. Of scores
    that are not all made (`elman.models.heads.Unscored`), as few as the network needs.

    Attributes:
        label_smoothing: Share of the target that is spread evenly over all K classes, in
            [0, 1). Szegedy et al. 2016 (arXiv 1512.00567v3).

    Class weights are weights of the rows: give each row its class's weight in `Examples`.
    """

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        check_label_smoothing(self.label_smoothing)

    def __call__(self, outputs: Float[Tensor, "B ... K"] | Unscored, batch: Any) -> WeightedSum:
        """Sum over the rows, or over their real steps."""
        counted = _counted(outputs, batch)
        if not isinstance(counted.outputs, Unscored):
            losses = F.cross_entropy(
                counted.outputs,
                counted.targets,
                reduction="none",
                label_smoothing=self.label_smoothing,
            )
        elif self.label_smoothing and not counted.outputs.head.smooths:
            found = f"{self.label_smoothing:g}, which all scores are needed for"
            raise ArgumentError("label_smoothing", found, "0 beside scores that are not all made")
        else:
            losses = counted.outputs.losses(counted.targets, self.label_smoothing)
        return counted.sum(losses)


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

    def __call__(self, outputs: Float[Tensor, "B K"], batch: Any) -> WeightedSum:
        """Sum over the rows."""
        targets = torch.lerp(
            batch.targets, torch.full_like(batch.targets, 0.5), self.label_smoothing
        )
        losses = F.binary_cross_entropy_with_logits(outputs, targets, reduction="none")
        return _counted(outputs, batch).sum(losses.mean(dim=1))


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

    def __call__(self, outputs: Float[Tensor, "B ... K"], batch: Any) -> WeightedSum:
        """Sum over the rows, or over their real steps."""
        counted = _counted(outputs, batch, self.steps)
        return counted.sum((counted.outputs - counted.targets).square().mean(dim=-1))


@dataclass(frozen=True, eq=False)
class OwnLoss:
    """A loss of one's own, over the rows that count or their real steps.

    Attributes:
        function: Called with outputs `[M, K]` and targets (class indices `[M]`, 0 and 1 `[M, L]`,
            numbers `[M, K]`), M rows or real steps; gives a loss for each, `[M]` or `[M, ...]` (the
            mean over the further axes counts), or one number, their mean.
        steps: As `MeanSquaredError.steps`.

    Raises:
        ArgumentError: In the call: it gives something else, or nothing that can be learnt from, or
            one number where examples have weights.
    """

    function: Callable[[Tensor, Tensor], Tensor]
    steps: str | None = None

    advice: ClassVar[str] = "see first that your loss is finite wherever outputs are; "
    """What to do where a loss is not finite, before all else."""

    def __call__(self, outputs: Float[Tensor, "B ... K"], batch: Any) -> WeightedSum:
        """Sum over the rows, or over their real steps."""
        counted = _counted(outputs, batch, self.steps)
        rows = len(counted.outputs)
        if not rows:
            return WeightedSum(outputs.sum() * 0.0, outputs.new_zeros(()))
        found = self._asked(counted.outputs, counted.targets)
        if not isinstance(found, Tensor) or not found.is_floating_point():
            raise _no_loss(f"it gives {found!r:.80}")
        if torch.is_grad_enabled() and outputs.requires_grad and not found.requires_grad:
            raise _no_loss("it gives a number without a gradient")
        if found.dim() == 0:
            if counted.weights is not None:
                raise _no_loss("it gives one number, and the examples have weights")
            return WeightedSum(found * rows, found.new_full((), rows))
        if len(found) != rows:
            raise _no_loss(f"it gives shape {list(found.shape)} for {rows} examples")
        return counted.sum(found.flatten(1).mean(dim=1) if found.dim() > 1 else found)

    def _asked(self, outputs: Tensor, targets: Tensor) -> Any:
        """What the function says, its own errors with what it was asked."""
        try:
            return self.function(outputs, targets)
        except (ElmanError, torch.OutOfMemoryError):
            raise
        except (TypeError, ValueError, LookupError, RuntimeError) as error:
            given = [f"{list(one.shape)} {str(one.dtype)[6:]}" for one in (outputs, targets)]
            asked = f"outputs {given[0]} and targets {given[1]}"
            raise _no_loss(f"it fails on {asked}: {first_line(error)}") from error


def first_line(error: BaseException) -> str:
    """What an error of code that is not ours says, shortened: torch adds advice of its own."""
    return f"{str(error).strip().partition(chr(10))[0]:.120}" or type(error).__name__


def _no_loss(found: str) -> ArgumentError:
    return ArgumentError(
        "loss", found, "a tensor of a loss for each example (reduction='none'), or of their mean"
    )


def accuracy(outputs: Float[Tensor, "B ... K"] | Unscored, batch: Any) -> WeightedSum:
    """Share of rows, or of their real steps, whose largest logit is the true class's."""
    counted = _counted(outputs, batch)
    right = counted.outputs.argmax(dim=-1) == counted.targets
    return counted.sum(right.to(outputs.dtype))


def label_accuracy(outputs: Float[Tensor, "B K"], batch: Any) -> WeightedSum:
    """Share of rows all of whose labels are right: a positive logit means the label is there."""
    right = ((outputs > 0) == (batch.targets > 0.5)).all(dim=1)
    return _counted(outputs, batch).sum(right.to(outputs.dtype))


def check_label_smoothing(value: float) -> None:
    """`ArgumentError` unless `value` is in [0, 1)."""
    if not isinstance(value, Real) or not 0 <= value < 1:
        raise ArgumentError("label_smoothing", f"found {value!r}", "a share in [0, 1)")
