"""Which learning rate suits a network and its data: a short training tries many."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from elman.errors import ArgumentError, DataError
from elman.parameters import real, whole_number

__all__ = ["LearningRates", "learning_rate_range"]

_WIDTH = 4.0  # steps, the deviation of the weights of a mean around a step
_FALL = 0.02  # share of the loss that it must fall by, for there to be anything to suggest
_ENOUGH = 50  # steps; in fewer a fall is hardly told from the noise
_SURE = 4.0  # and how many times the noise of such a mean, besides


@dataclass(frozen=True, eq=False)
class LearningRates:
    """What the loss did while the learning rate grew.

    Attributes:
        rates: Of each step `[S]`, increasing.
        losses: Of each step, before its update `[S]`.
        smoothed: The mean around each of these `[S]`.
        begins: The rate at which the loss begins to fall; None: it does not.
        suggested: The rate at which it falls fastest; likewise.
        lowest: The rate at which it is lowest: beyond it the training gets worse; likewise.
        optimizer: By which the steps were taken: a rate suits one optimiser.
        enough: Whether the steps are enough to say that the loss does not fall.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    begins: float | None
    suggested: float | None
    lowest: float | None
    optimizer: str
    enough: bool

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain data, for JSON and for `elman.plots.learning_rates`."""
        return asdict(self)

    def __str__(self) -> str:
        if self.suggested is None and not self.enough:
            return f"Too few steps to tell where the loss falls ({self.optimizer}): take steps=100"
        if self.suggested is None:
            span = f"{self.rates[0]:.2g} to {self.rates[-1]:.2g}"
            return f"The loss falls at no learning rate from {span} ({self.optimizer})"
        return (
            f"learning_rate={self.suggested:.2g}: there the loss falls fastest ({self.optimizer}); "
            f"it begins to fall at {self.begins:.2g} and is lowest at {self.lowest:.2g}"
        )


def learning_rate_range(
    estimator: Any,
    X: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 100,
    **table: Any,
) -> LearningRates:
    """Try learning rates: each step of a short training has a larger one than the step before.

    The learning-rate range test of Smith 2017 (arXiv 1506.01186v6, section 3.3), with rates that
    grow by a factor. It ends where the loss has grown to four times its least. A copy is trained:
    the estimator stays as it is. Where that goes on from a fitted model (`warm_start`), the copy
    does, too.

    >>> import elman
    >>> X = np.random.default_rng(0).normal(size=(64, 6, 1))
    >>> model = elman.Regressor(cell="gru", units=8)
    >>> found = learning_rate_range(model, X, X.sum((1, 2)))
    >>> 1e-3 < found.suggested < 0.3
    True

    Args:
        estimator: A `Classifier`, a `Regressor` or a `Tagger`, fitted or not.
        X: As its `fit` takes it, as what follows.
        y: Likewise.
        sample_weight: Likewise.
        lowest: The first step's learning rate, > 0.
        highest: The last step's, larger.
        steps: How many, ≥ 10; in fewer than 50 a fall may not stand out, which is said.
        table: How a table is read, as `fit` takes it.

    Raises:
        ArgumentError: The estimator is another, a range is empty, or as `fit`.
        ShapeError, DataError: As `fit`; or the loss is not finite from the first steps on.
    """
    if not callable(getattr(estimator, "losses_at", None)):
        found = f"found {type(estimator).__name__}"
        raise ArgumentError("estimator", found, "a Classifier, a Regressor or a Tagger")
    first, last = real("lowest", lowest), real("highest", highest)
    if first >= last:
        raise ArgumentError("lowest", f"{first:g}, and highest is {last:g}", "a smaller one")
    rates = np.geomspace(first, last, whole_number("steps", steps, 10))
    losses = estimator.losses_at(X, y, rates.tolist(), sample_weight, **table)
    if len(losses) < 3:
        raise DataError("X", "the loss is not finite", "smaller numbers, or a smaller lowest")
    rates, smoothed = rates[: len(losses)], _smoothed(losses)
    begins, suggested, least = _read(rates, losses)
    return LearningRates(
        rates=tuple(rates.tolist()),
        losses=tuple(losses.tolist()),
        smoothed=tuple(smoothed.tolist()),
        begins=begins,
        suggested=suggested,
        lowest=least,
        optimizer=estimator.optimizer,
        enough=steps >= _ENOUGH,
    )


def _smoothed(losses: Float[np.ndarray, "S"]) -> Float[np.ndarray, "S"]:
    """The mean around each step: one of those before it only would come too late."""
    away = np.arange(len(losses))[:, None] - np.arange(len(losses))
    weight = np.exp(-0.5 * (away / _WIDTH) ** 2)
    return weight @ losses / weight.sum(axis=1)


def _read(
    rates: Float[np.ndarray, "S"], losses: Float[np.ndarray, "S"]
) -> tuple[float | None, float | None, float | None]:
    """Where the loss begins to fall, falls fastest, is lowest."""
    smoothed = _smoothed(losses)
    lowest = int(smoothed.argmin())
    start = float(losses[: max(3, lowest // 4)].mean())
    fall = start - smoothed[lowest]
    noise = np.std((losses - smoothed)[: lowest + 1]) / np.sqrt(3.5 * _WIDTH)  # of such a mean
    if lowest < 2 or fall < _FALL * abs(start) + _SURE * noise:
        return None, None, None
    above = np.flatnonzero(start - smoothed[:lowest] < 0.1 * fall)
    begins = int(above[-1]) + 1 if len(above) else 0  # what went up and down before is passed over
    slopes = np.gradient(smoothed, np.log(rates))
    fastest = begins + int(slopes[begins : lowest + 1].argmin())
    return float(rates[begins]), float(rates[fastest]), float(rates[lowest])
